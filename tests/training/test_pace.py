"""Calls of about a fifth of a second, whatever steps and ends of epochs cost."""

import pytest

from chainrule.training.pace import CALL_SECONDS, Pace


def longest_call(steps, step_seconds, end_seconds, overhead=1e-4, calls=300):
    """The longest call of a run and the mean of the last hundred, in seconds."""
    pace, position, taken_times = Pace(steps), 0, []
    for _ in range(calls):
        limit = pace.limit(position)
        ended = (position + limit) // steps
        position = (position + limit) % steps
        seconds = overhead + limit * step_seconds + ended * end_seconds
        taken_times.append(seconds)
        pace.note(limit, ended, seconds)
    return max(taken_times), sum(taken_times[-100:]) / 100


@pytest.mark.parametrize("steps", [1, 2, 7, 100, 10_000])
@pytest.mark.parametrize("step_seconds", [1e-7, 1e-5, 1e-3, 0.05])
@pytest.mark.parametrize("end_seconds", [0, 1e-4, 0.03, 1.5])
def test_no_call_is_much_longer_than_wanted(steps, step_seconds, end_seconds):
    longest, _ = longest_call(steps, step_seconds, end_seconds)
    assert longest <= 2 * CALL_SECONDS + step_seconds + end_seconds


@pytest.mark.parametrize(("steps", "end_seconds"), [(1, 0), (1, 1e-4), (100, 1e-3), (10_000, 0.01)])
def test_calls_become_as_long_as_wanted(steps, end_seconds):
    _, usual = longest_call(steps, 1e-5, end_seconds)
    assert 0.7 * CALL_SECONDS < usual < 1.3 * CALL_SECONDS


def test_a_slow_first_measure_does_not_stay():
    """The machine was busy: one call took a thousand times its time."""
    pace = Pace(steps=5)
    pace.note(taken=1, ended=0, seconds=1.0)
    for _ in range(10):
        limit = pace.limit(position=0)
        pace.note(taken=limit, ended=limit // 5, seconds=limit * 1e-5)
    assert pace.limit(position=0) == pytest.approx(CALL_SECONDS / 1e-5, rel=0.01)


def test_no_call_goes_beyond_the_time_that_is_left():
    pace = Pace(steps=100)
    pace.note(taken=1, ended=0, seconds=0.01)
    pace.note(taken=10, ended=1, seconds=0.1)
    assert pace.limit(position=0) == 50
    assert pace.limit(position=0, left=0.2) == 20
    assert pace.limit(position=0, left=0.0) == 1
