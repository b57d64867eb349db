"""However parameters lie in memory, an optimizer does the same to them."""

from typing import Any

import numpy as np
import pytest

from chainrule import optim
from chainrule.autodiff import Tree, leaves, tree_map
from chainrule.engine import NUMPY, engine_by_name
from chainrule.training import layout as module
from chainrule.training.layout import FlatLayout, JoinedLayout, TreeLayout, layout_for

RANDOM = np.random.default_rng(0)
PARAMS = (
    {"weight": RANDOM.normal(size=(3, 4)), "bias": RANDOM.normal(size=4)},
    {},
    {"scale": RANDOM.normal(size=5), "weight": RANDOM.normal(size=(8, 8))},
    {"weight": RANDOM.normal(size=(2, 3, 4))},
)
GRADIENTS = [RANDOM.normal(size=x.shape) for x in leaves(PARAMS)]
OPTIMIZERS = [
    optim.Adam(0.1),
    optim.AdamW(0.1),
    optim.GradientDescent(0.1, momentum=0.5, l2=0.1, l1=0.1, clip_norm=1.0),
    optim.GradientDescent(0.1),
]


def updated(layout: Any, optimizer: Any) -> Tree:
    """The parameters after two steps."""
    packed = layout.pack(tree_map(np.copy, PARAMS))
    slots = optim.init_slots(optimizer, PARAMS)
    slots = {name: layout.pack(slot) for name, slot in slots.items()}
    corrections = optimizer.corrections([1, 2])
    for step in range(2):
        found = layout.gradients([g.copy() for g in GRADIENTS])
        now = 0.1, corrections[step]
        packed, slots = layout.update(optimizer, packed, found, slots, *now)
    return layout.unpack(packed)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
@pytest.mark.parametrize("small", [0, 12, 1000])
def test_every_layout_updates_alike(optimizer: Any, small: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "SMALL", small)
    wanted = updated(TreeLayout(NUMPY, PARAMS), optimizer)
    assert not all(
        np.array_equal(a, b) for a, b in zip(*map(leaves, (wanted, PARAMS)), strict=True)
    )
    for layout in (JoinedLayout(NUMPY, PARAMS), FlatLayout(NUMPY, PARAMS)):
        found = updated(layout, optimizer)
        for a, b in zip(leaves(found), leaves(wanted), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)


def test_small_arrays_are_one_vector_that_begins_with_those_that_decay(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "SMALL", 24)
    packed = JoinedLayout(NUMPY, PARAMS).pack(PARAMS)
    assert [x.shape for x in packed] == [(12 + 24 + 4 + 5,), (8, 8)]
    assert np.array_equal(packed[0][:12], PARAMS[0]["weight"].ravel())
    assert np.array_equal(packed[0][-5:], PARAMS[2]["scale"])


def test_arrays_are_joined_in_streams_of_a_compiled_program_alone() -> None:
    numpy, xla = engine_by_name("numpy"), engine_by_name("xla")
    assert type(layout_for(numpy, 1, PARAMS)) is FlatLayout
    assert type(layout_for(xla, 1, PARAMS)) is TreeLayout
    assert type(layout_for(xla, 2, PARAMS)) is JoinedLayout


def test_no_parameters_are_packed_and_unpacked() -> None:
    layout = JoinedLayout(NUMPY, ({}, {}))
    assert layout.pack(({}, {})) == ()
    assert layout.unpack(()) == ({}, {})


@pytest.mark.parametrize("streams", [1, 2])
def test_a_program_gets_the_arrays_that_were_packed(streams: int) -> None:
    engine = engine_by_name("xla")
    ones = {"empty": np.ones((0, 3)), "number": np.array(2.0), "whole": np.arange(6, dtype="int32")}
    params = tree_map(lambda x: x.astype("float32") if x.dtype == "float64" else x, (*PARAMS, ones))
    layout = JoinedLayout(engine.xp, params)
    run = engine.compile(lambda: lambda packed: layout.unpack(packed), None, streams)
    found = run(tree_map(lambda x: engine.put(x, streams), layout.pack(params)))
    for a, b in zip(leaves(found), leaves(params), strict=True):
        assert engine.get(a).dtype == b.dtype
        np.testing.assert_array_equal(engine.get(a), b)
