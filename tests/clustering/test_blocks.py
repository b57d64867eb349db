"""Blocks are worked off once each and answered in their order; errors come through."""

import numpy as np
import pytest

from chainrule.clustering.blocks import THREADED_WORK, block_runner, row_blocks
from chainrule.clustering.spread import mean_variance


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("rows", [1, 1024, 1025, 300_000])
def test_every_block_is_called_once_and_answered_in_its_place(threads, rows):
    called = []

    def call(block, start, stop):
        called.append(block)
        return block, start, stop

    with block_runner(threads, THREADED_WORK) as run:
        answers = run(call, rows)
    ends = row_blocks(rows)
    assert answers == [(b, *place) for b, place in enumerate(ends)]
    assert sorted(called) == list(range(len(ends)))


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("bad", [0, 7, 63])
def test_an_error_in_any_block_reaches_the_caller(threads, bad):
    def call(block, start, stop):
        if block == bad:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), block_runner(threads, THREADED_WORK) as run:
        run(call, 64 * 1024)


@pytest.mark.parametrize("far", [0.0, 1e6])
def test_the_mean_variance_is_numpys_also_far_from_zero(far):
    rows = np.random.default_rng(0).normal(size=(5000, 3)) * [1, 2, 3] + far
    for threads in (1, 3):
        with block_runner(threads, THREADED_WORK) as run:
            assert mean_variance(rows, run) == pytest.approx(rows.var(axis=0).mean(), rel=1e-9)
