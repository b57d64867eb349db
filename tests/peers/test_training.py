"""The committed numbers of layers, losses and optimizers are what PyTorch computes today."""

import json

import numpy as np
import pytest

from tests.peers.torch_training import FILE, computed


def numbers_in(case):
    """All numbers of a case with their paths."""
    if isinstance(case, dict):
        return {
            f"{key}/{path}": value
            for key, part in case.items()
            for path, value in numbers_in(part).items()
        }
    return {} if case is None else {"": np.asarray(case, "float64")}


@pytest.mark.parametrize("kind", ["layers", "losses", "optimizers", "networks"])
def test_pytorch_computes_the_committed_numbers(kind):
    committed = numbers_in(json.loads(FILE.read_text(encoding="utf-8"))[kind])
    today = numbers_in(computed()[kind])
    assert set(committed) == set(today)
    for path, value in today.items():
        np.testing.assert_allclose(value, committed[path], rtol=1e-12, atol=1e-14, err_msg=path)
