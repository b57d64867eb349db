"""The committed reference numbers are what PyTorch computes today."""

import json

import numpy as np
import pytest

from chainrule.autodiff import PRIMITIVES
from tests.peers.torch_ops import FILE, FORMULAS, computed, small_cases

COMMITTED = json.loads(FILE.read_text(encoding="utf-8"))
RANDOM = {"fold_in", "random_uniform", "random_normal", "random_part", "sum_over_streams"}


def test_every_primitive_is_there():
    assert set(COMMITTED) == set(FORMULAS) == set(PRIMITIVES) - RANDOM


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_pytorch_computes_the_committed_numbers(name):
    cases = small_cases(name)
    assert [str(seed) for seed in cases] == list(COMMITTED[name])
    for seed, case in cases.items():
        now, then = computed(name, case), COMMITTED[name][str(seed)]
        for part in ("inputs", "outputs", "gradients"):
            for one, other in zip(now[part], then[part], strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-15)
