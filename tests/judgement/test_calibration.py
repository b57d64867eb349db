"""Temperatures bring probabilities to what comes true, and few rows do not make them certain."""

import numpy as np
import pytest

from chainrule.judgement import fit_temperature


def drawn(rows, scale, classes=3, seed=0):
    random = np.random.default_rng(seed)
    logits = random.normal(size=(rows, classes)) * 2
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([random.choice(classes, p=share) for share in shares])
    return logits * scale, truth


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_logits_that_are_too_large_or_small_are_brought_back(scale):
    logits, truth = drawn(5_000, scale)
    assert fit_temperature(logits, truth) == pytest.approx(scale, rel=0.1)


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_a_sigmoid_is_the_softmax_of_two_and_several_are_taken_together(scale):
    logits, truth = drawn(5_000, scale, classes=2)
    single = logits[:, 1] - logits[:, 0]
    one = fit_temperature(single, truth)
    assert one == pytest.approx(fit_temperature(logits, truth), rel=1e-6)
    assert one == pytest.approx(fit_temperature(single[:, None], truth))
    both = fit_temperature(np.stack([single, single], axis=1), np.stack([truth, truth], axis=1))
    assert both == pytest.approx(one, rel=1e-3)


def test_few_rows_all_right_do_not_make_it_certain():
    truth = np.arange(20) % 2
    for size in (1.0, 8.0):
        temperature = fit_temperature(size * (2 * truth - 1), truth)
        sure = 1 / (1 + np.exp(-size / temperature))
        assert sure == pytest.approx(21 / 22, rel=1e-3)


def test_the_temperature_stays_within_its_bounds():
    random = np.random.default_rng(0)
    noise = fit_temperature(1e3 * random.normal(size=400), random.integers(0, 2, 400))
    assert noise == pytest.approx(10, rel=1e-6)
    truth = np.arange(400) % 2
    assert fit_temperature(1e-3 * (2 * truth - 1), truth) == pytest.approx(0.1, rel=1e-6)
