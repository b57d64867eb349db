"""The committed reference numbers of attention are what PyTorch computes today."""

import json

import numpy as np
import pytest

from tests.peers.torch_attention import CASES, FILE, numbers

COMMITTED = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_pytorch_computes_the_committed_numbers(name):
    now, then = numbers(name), COMMITTED[name]
    assert set(now) == set(then)
    for part in ("params", "gradients"):
        for key, value in now[part].items():
            np.testing.assert_allclose(value, then[part][key], rtol=1e-12, atol=1e-14)
    for key in ("x", "out", "x gradient"):
        np.testing.assert_allclose(now[key], then[key], rtol=1e-12, atol=1e-14)
