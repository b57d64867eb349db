"""Values and gradients of every primitive are PyTorch's; `make test-peers` computes them again."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from chainrule.autodiff import PRIMITIVES
from tests.ops.oracles import floats, gradient, outputs_of
from tests.ops.samples import SAMPLES, Case

FILE = Path(__file__).parent.parent / "reference" / "ops.json"
REFERENCE = json.loads(FILE.read_text(encoding="utf-8"))


def test_every_primitive_has_reference_numbers():
    assert set(REFERENCE) == set(PRIMITIVES) - {
        "fold_in",
        "random_uniform",
        "random_normal",
        "random_part",
    } - {"sum_over_streams"}
    assert all(len(cases) == 3 for cases in REFERENCE.values())


@pytest.mark.parametrize("name", REFERENCE)
def test_values_and_gradients_are_those_of_pytorch(name):
    for seed, expected in REFERENCE[name].items():
        case = SAMPLES[name].make(random.Random(int(seed)))
        compare(case.arrays, expected["inputs"])
        compare(outputs_of(SAMPLES[name].run(name), case, floats(case)), expected["outputs"])
        compare(gradient(name, case), expected["gradients"])


@pytest.mark.parametrize("name", ["simple_rnn", "lstm", "gru"])
def test_recurrence_in_float32_is_that_of_pytorch(name):
    for seed, expected in REFERENCE[name].items():
        case = SAMPLES[name].make(random.Random(int(seed)))
        arrays = [x.astype("float32") if x.dtype == "float64" else x for x in case.arrays]
        case = Case(tuple(arrays), case.static)
        for ours, theirs in zip(gradient(name, case), expected["gradients"], strict=True):
            assert ours.dtype == "float32"
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def compare(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == np.shape(other)
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
