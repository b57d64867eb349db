"""Schedules: rates worked by hand, ends and turning points."""

import numpy as np
import pytest

from chainrule import optim
from chainrule.errors import SettingError
from tests.nn.samples import offered

half = np.sqrt(0.5)

# The schedule, the progress in epochs, and the rate there, in a run of 10 epochs.
EXPECTED = {
    "Constant": [(optim.Constant(0.3), [0, 4.5, 10], [0.3, 0.3, 0.3])],
    "StepDecay": [
        (optim.StepDecay(1.0, every=2, factor=0.5), [0, 1.9, 2, 3.5, 9], [1, 1, 0.5, 0.5, 1 / 16]),
    ],
    "Exponential": [(optim.Exponential(2.0, 0.25), [0, 0.5, 1, 2], [2, 1, 0.5, 0.125])],
    "Cosine": [
        (optim.Cosine(1.0), [0, 2.5, 5, 10, 11], [1, (1 + half) / 2, 0.5, 0, 0]),
        (optim.Cosine(1.0, final=0.2), [0, 5, 10], [1, 0.6, 0.2]),
    ],
    "WarmUp": [
        (optim.WarmUp(0.8, epochs=2), [0.5, 1, 2, 9], [0.2, 0.4, 0.8, 0.8]),
        (optim.WarmUp(optim.Exponential(1.0, 0.5), epochs=2), [1, 2, 3], [0.25, 0.25, 0.125]),
    ],
    "OneCycle": [
        (
            optim.OneCycle(1.0, rise=0.4, start=10, end=100),
            [0, 2, 4, 7, 10],
            [0.1, 0.55, 1, 0.505, 0.01],
        ),
    ],
    "ReduceOnPlateau": [
        (optim.ReduceOnPlateau(0.3), [0, 9], [0.3, 0.3]),
        (optim.ReduceOnPlateau(optim.Cosine(1.0)), [0, 5], [1, 0.5]),
    ],
}  # fmt: skip


def test_every_schedule_is_tested():
    assert set(offered(optim, "rates")) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_rates_worked_by_hand(name):
    for schedule, progress, expected in EXPECTED[name]:
        assert isinstance(schedule, optim.Schedule)
        rates = schedule.rates(np.array(progress, "float64"), 10)
        assert rates.dtype == "float64"
        np.testing.assert_allclose(rates, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", EXPECTED)
def test_rates_do_not_depend_on_how_many_are_asked_for_at_once(name):
    for schedule, _, _ in EXPECTED[name]:
        progress = np.linspace(0, 10, 21)
        table = schedule.rates(progress.reshape(3, 7), 10)
        assert table.shape == (3, 7)
        alone = [float(schedule.rates(p, 10)) for p in progress]
        np.testing.assert_array_equal(table.reshape(-1), alone)


def test_a_number_is_a_constant_schedule():
    assert optim.schedule_of(optim.Adam(0.5)) == optim.Constant(0.5)
    assert optim.schedule_of(optim.Adam(optim.Cosine(0.5))) == optim.Cosine(0.5)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: optim.Constant(-0.1), ["Constant", "rate", "-0.1", "at least 0"]),
        (lambda: optim.StepDecay(float("nan")), ["StepDecay", "rate", "nan"]),
        (lambda: optim.StepDecay(0.1, every=0), ["StepDecay", "every", "above 0"]),
        (lambda: optim.Exponential(0.1, -1), ["Exponential", "factor", "-1"]),
        (lambda: optim.Cosine(float("inf")), ["Cosine", "rate", "inf"]),
        (lambda: optim.Cosine(0.1, final=-1), ["Cosine", "final", "-1"]),
        (lambda: optim.WarmUp(0.1, epochs=0), ["WarmUp", "epochs", "above 0"]),
        (lambda: optim.WarmUp(-0.1), ["-0.1", "at least 0"]),
        (lambda: optim.WarmUp(optim.ReduceOnPlateau(0.1)), ["ReduceOnPlateau(WarmUp"]),
        (lambda: optim.OneCycle(0.1, rise=1.0), ["OneCycle", "rise"]),
        (lambda: optim.OneCycle(-1), ["OneCycle", "rate", "-1"]),
        (lambda: optim.ReduceOnPlateau(0.1, factor=1.0), ["ReduceOnPlateau", "factor"]),
        (lambda: optim.ReduceOnPlateau(0.1, patience=0), ["ReduceOnPlateau", "patience"]),
        (lambda: optim.ReduceOnPlateau(-0.1), ["-0.1", "at least 0"]),
    ],
)
def test_schedules_that_cannot_be_are_refused(make, words):
    with pytest.raises(SettingError) as caught:
        make()
    assert all(word in str(caught.value) for word in words), caught.value
