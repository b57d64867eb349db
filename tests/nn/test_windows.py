"""Layers with windows: what they refuse, He's fan-in, and that padding changes no result."""

import jax
import numpy as np
import pytest

from chainrule import nn, ops
from chainrule.autodiff import leaves, value_and_grad
from chainrule.errors import SettingError, ShapeError

REFUSED_SHAPES = {
    "no channels": (nn.Conv2D(4, 3), (28, 28), r"\(batch, 28, 28\).*X\[\.\.\., None\]"),
    "no features": (nn.Conv1D(4, 3), (28,), r"\(batch, 28\).*X\[\.\.\., None\]"),
    "rows": (nn.MaxPool(2), (5,), r"MaxPool takes sequences .* or images .*\(batch, 5\)"),
    "too small": (nn.Conv2D(4, 5), (4, 6, 1), "window of 5×5 does not fit into an input of 4×6"),
    "dilated": (nn.Conv1D(4, 3, dilation=4), (8, 1), "window of 9 .* an input of 8"),
    "pooled away": (nn.AveragePool(3), (2, 2, 1), 'input of 2×2.*padding="same"'),
    "stride beyond": (nn.Conv2D(4, 2, stride=9), (8, 8, 1), "stride of 9×9 leads beyond .* 8×8"),
    "pool beyond": (nn.MaxPool(2, stride=9), (8, 1), "stride of 9 leads beyond .* of 8"),
    "groups": (nn.Conv2D(4, 3, groups=2), (8, 8, 3), "3 channels .* 2 groups"),
    "transposed groups": (nn.TransposedConv2D(4, 3, groups=4), (8, 8, 6), "6 channels .* 4 groups"),
    "cut off": (nn.TransposedConv2D(4, 3, padding=4), (1, 1, 1), "cuts off all"),
    "crop": (nn.RandomCrop(9), (8, 8, 1), "part of 9×9 is larger than an image of 8×8"),
    "flat": (nn.RandomFlip(), (8,), r"RandomFlip takes images .*\(batch, 8\)"),
}
REFUSED_SETTINGS = {
    "filters": (lambda: nn.Conv2D(0, 3), "filters is 0"),
    "kernel": (lambda: nn.Conv2D(4, (3, 3, 3)), r"kernel \(3, 3, 3\) must be"),
    "half a kernel": (lambda: nn.Conv1D(4, 2.5), r"kernel 2\.5 must be"),
    "padding": (lambda: nn.Conv2D(4, 3, padding="full"), "padding 'full' must be .*same"),
    "negative padding": (lambda: nn.MaxPool(3, padding=-1), "padding -1 must be"),
    "groups": (lambda: nn.Conv2D(5, 3, groups=2), "5 filters cannot be divided into 2 groups"),
    "kind": (lambda: nn.GlobalPool("min"), 'is "average" or "max"'),
    "mode": (lambda: nn.Upsample(2, "cubic"), 'must be "nearest" or "bilinear"'),
    "no flip": (lambda: nn.RandomFlip(False), "horizontally, vertically"),
    "cutout": (lambda: nn.Cutout(0), "whole number above 0"),
    "wide padding": (
        lambda: nn.MaxPool(2, padding=2).init(None, (8, 8, 1)),
        "as wide as the window",
    ),
}


@pytest.mark.parametrize("name", REFUSED_SHAPES)
def test_inputs_that_do_not_fit_are_refused_with_the_cure(name):
    layer, shape, said = REFUSED_SHAPES[name]
    with pytest.raises(ShapeError, match=said):
        layer.init(ops.key_from_seed(0), shape)


@pytest.mark.parametrize("name", REFUSED_SETTINGS)
def test_settings_that_are_not_possible_are_refused(name):
    make, said = REFUSED_SETTINGS[name]
    with pytest.raises(SettingError, match=said):
        make()


def test_other_channels_than_it_was_made_for_are_refused():
    layer = nn.Conv2D(4, 3)
    params, state, _ = layer.init(ops.key_from_seed(0), (8, 8, 3))
    with pytest.raises(ShapeError, match=r"3 channels .* \(2, 8, 8, 1\)"):
        layer.apply(params, state, np.zeros((2, 8, 8, 1), "float32"), nn.Context())


def test_he_counts_what_a_filter_sees():
    """Uniform up to √(6 / fan-in), the fan-in being kernel · channels / groups."""
    for layer, fan_in in (
        (nn.Conv2D(64, 5), 25 * 8),
        (nn.Conv2D(64, 5, groups=4), 25 * 2),
        (nn.Conv1D(64, 5), 5 * 8),
    ):
        network = nn.Network([layer, nn.BatchNorm(), nn.MaxPool(2), nn.ReLU(), nn.Flatten(), DENSE])
        weight = network.init(ops.key_from_seed(0), (16, 16, 8)[-layer.rank - 1 :])[0][0]["weight"]
        limit = (6 / fan_in) ** 0.5
        assert 0.98 * limit < np.abs(weight).max() <= limit


DENSE = nn.Dense(1)
OVER_TIME = {
    "conv": nn.Conv1D(3, 3),
    "conv same": nn.Conv1D(3, 4, padding="same"),
    "conv same strided": nn.Conv1D(3, 3, stride=2, padding="same", dilation=2),
    "conv padded": nn.Conv1D(3, 2, stride=2, padding=((1, 2),)),
    "max": nn.MaxPool(2),
    "max same": nn.MaxPool(3, stride=2, padding="same"),
    "average": nn.AveragePool(2),
    "average same": nn.AveragePool(3, stride=2, padding="same"),
    "global": nn.GlobalPool(),
    "global max": nn.GlobalPool("max"),
    "norm": nn.BatchNorm(),
}
LENGTHS = np.array([9, 4, 6], "int32")


@pytest.mark.parametrize("compiled", [False, True], ids=["numpy", "xla"])
@pytest.mark.parametrize("name", OVER_TIME)
def test_padding_changes_neither_a_result_nor_a_gradient(name, compiled):
    """Whatever stands beyond the lengths, and however much of it there is."""
    layer = nn.Network(
        [OVER_TIME[name], nn.GlobalPool()] if "global" not in name else OVER_TIME[name]
    )
    random = np.random.default_rng(0)
    values = random.normal(size=(3, 9, 2))
    for row, length in enumerate(LENGTHS):
        values[row, length:] = 0
    params, state, _ = layer.init(ops.key_from_seed(0), {"values": (9, 2), "lengths": ()})
    double = jax.tree.map(lambda a: a.astype("float64"), (params, state))

    def total(params, values):
        x = {"values": values, "lengths": LENGTHS}
        return ops.sum(ops.square(layer.apply(params, double[1], x, nn.Context(True))[0]))

    derive = value_and_grad(lambda point: total(point["p"], point["x"]))
    with jax.enable_x64(True):
        derive = jax.jit(derive) if compiled else derive
        value, grads = derive({"p": double[0], "x": values})
        for further in (0, 1, 4):
            other = np.concatenate([values, np.zeros((3, further, 2))], axis=1)
            for row, length in enumerate(LENGTHS):
                other[row, length:] = 1e6
            again, found = derive({"p": double[0], "x": other})
            np.testing.assert_allclose(again, value, rtol=1e-12)
            for one, two in zip(leaves(found["p"]), leaves(grads["p"]), strict=True):
                np.testing.assert_allclose(one, two, rtol=1e-10, atol=1e-12)
            np.testing.assert_allclose(found["x"][:, :9], grads["x"], rtol=1e-10, atol=1e-12)
            assert not np.asarray(found["x"][:, 9:]).any()


@pytest.mark.parametrize("name", [n for n in OVER_TIME if n != "norm" and "strided" not in n])
def test_a_sequence_with_a_length_is_treated_as_it_would_be_alone(name):
    layer = OVER_TIME[name]
    if "same" in name and "conv" not in name:
        layer = type(layer)(3, padding="same", stride=1)
    values = np.random.default_rng(0).normal(size=(3, 9, 2))
    params, state, _ = layer.init(ops.key_from_seed(0), {"values": (9, 2), "lengths": ()})
    x = {"values": values, "lengths": LENGTHS}
    out = layer.apply(params, state, x, nn.Context())[0]
    for row, length in enumerate(LENGTHS):
        alone = layer.apply(params, state, values[row : row + 1, :length], nn.Context())[0]
        mine = out[row] if "global" in name else out["values"][row, : out["lengths"][row]]
        np.testing.assert_allclose(mine, alone[0], rtol=1e-12)


def test_a_sequence_shorter_than_the_window_still_gives_one():
    x = {"values": np.ones((1, 6, 1)), "lengths": np.array([2], "int32")}
    layer = nn.Conv1D(1, 4, weight_init=nn.Constant(1.0))
    params, state, _ = layer.init(ops.key_from_seed(0), {"values": (6, 1), "lengths": ()})
    out = layer.apply(params, state, x, nn.Context())[0]
    assert out["lengths"].tolist() == [1]
    assert out["values"][0, 0].tolist() == [2.0]


def test_batch_norm_of_images_counts_examples_by_their_weights():
    """An example of weight 2 counts as two, one of weight 0 not at all."""
    random = np.random.default_rng(0)
    x = random.normal(size=(3, 2, 4, 5))
    layer = nn.BatchNorm()
    params, state, _ = layer.init(ops.key_from_seed(0), (2, 4, 5))
    weighted = nn.Context(training=True, weight=np.array([1.0, 0.0, 2.0]))
    out, after = layer.apply(params, state, x, weighted)
    twice = x[[0, 2, 2]]
    expected, alike = layer.apply(params, state, twice, nn.Context(training=True))
    np.testing.assert_allclose(out[[0, 2]], expected[:2], rtol=1e-12)
    np.testing.assert_allclose(after["mean"], alike["mean"], rtol=1e-12)
    np.testing.assert_allclose(after["variance"], alike["variance"], rtol=1e-12)
    np.testing.assert_allclose(after["mean"], 0.1 * twice.mean((0, 1, 2)), rtol=1e-12)
