"""The benchmark of dense networks: it runs, its sums are right, and it says what is missing."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import dense, document, report, rounds
from benchmarks.bars import Verdict, verdicts
from benchmarks.cases import CASES
from benchmarks.clock import ClockError, Trainer, epochs_for, seconds_an_epoch
from benchmarks.environment import Neighbors, describe
from benchmarks.peers import BARE, CONTENDERS, OURS, OURS_NUMPY, SCIKIT, TORCH
from benchmarks.rounds import ContenderError, Times, race
from benchmarks.sgemm import rates


def times(contender: str, steps: list[float], case: str = "digits") -> Times:
    return Times(case, contender, "a way", steps, first=1.0, loading=0.5)


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_every_case_has_whole_batches_of_what_it_says(case):
    x, y = case.data()
    held, _ = case.validation()
    assert x.shape == (case.rows, case.widths[0])
    assert x.dtype == np.float32
    assert len(y) == case.rows == case.steps * case.batch
    assert len(held) == case.rows // 10
    if case.loss == "cross_entropy":
        assert np.unique(y).tolist() == list(range(case.widths[-1]))
    elif case.loss == "binary_cross_entropy":
        assert np.unique(y).tolist() == [0, 1]


def test_the_fixed_part_of_a_call_is_taken_off(monkeypatch):
    clock = [0.0]

    def run(epochs: int) -> None:
        clock[0] += 5 + 2 * epochs

    monkeypatch.setattr("benchmarks.clock.time.perf_counter", lambda: clock[0])
    assert seconds_an_epoch(Trainer(run), 3) == pytest.approx(2)
    assert seconds_an_epoch(Trainer(run, fixed=False), 5) == pytest.approx(3)
    assert epochs_for(Trainer(run), 40) == 20
    assert epochs_for(Trainer(run), 0.5) == 4, "as long as a call of one epoch, 7 seconds"
    assert epochs_for(Trainer(run, unit=6), 40) % 6 == 0


def test_a_time_below_zero_is_measured_again_and_never_given(monkeypatch):
    lengths = iter([9.0, 1.0, 9.0, 1.0, 9.0, 1.0] + [5.0, 1.0, 5.0] * 5)
    clock = [0.0]

    def run(epochs: int) -> None:
        clock[0] += next(lengths)

    monkeypatch.setattr("benchmarks.clock.time.perf_counter", lambda: clock[0])
    assert seconds_an_epoch(Trainer(run), 2) == pytest.approx(4)
    with pytest.raises(ClockError, match="is the machine busy"):
        seconds_an_epoch(Trainer(run), 2)


def test_a_change_of_pace_between_two_calls_is_seen_and_timed_again(monkeypatch):
    """Calls of 5 + 2 seconds an epoch; the first short one falls into a slow time."""
    paces = iter([4.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    clock = [0.0]

    def run(epochs: int) -> None:
        clock[0] += (5 + 2 * epochs) * next(paces)

    monkeypatch.setattr("benchmarks.clock.time.perf_counter", lambda: clock[0])
    assert seconds_an_epoch(Trainer(run), 20) == pytest.approx(2)


def test_where_the_pace_never_holds_the_steadiest_try_counts(monkeypatch):
    lengths = iter([5.0, 10.0, 7.0, 5.0, 10.0, 6.0, *[9.0, 10.0, 5.0] * 3])
    clock = [0.0]

    def run(epochs: int) -> None:
        clock[0] += next(lengths)

    monkeypatch.setattr("benchmarks.clock.time.perf_counter", lambda: clock[0])
    assert seconds_an_epoch(Trainer(run), 2) == pytest.approx((10 - 5.5) / 2)
    assert list(lengths) == []


def test_a_time_in_which_the_machine_cannot_have_done_the_work_is_not_counted():
    """116 ms for 64 GFLOP on a machine that does 212 a second: found in a record of this page."""
    measured = [times(OURS, [282_236.0], "wide"), times(OURS_NUMPY, [116_460.0], "wide")]
    results = report.Results({}, {}, measured, {"jax 512x4096x4096": 212.0}, [], [])
    rates_of = {
        line.split("|")[1].strip(): line for line in report.sgemm_table(results).split("\n")
    }
    assert "108% (101%)" in rates_of[f"{OURS} wide"]
    assert "not counted" in rates_of[f"{OURS_NUMPY} wide"]
    assert "%" not in rates_of[f"{OURS_NUMPY} wide"]
    (line,) = [line for line in report.times_table(results).split("\n") if OURS_NUMPY in line]
    assert [cell.strip() for cell in line.split("|")][4:7] == [
        "not counted", "116,460 to 116,460", "",
    ]  # fmt: skip
    slow = times(SCIKIT, [554_732.0], "wide")
    assert len(verdicts([measured[0], slow], 212.0)) == 2
    impossible = times(SCIKIT, [116_460.0], "wide")
    assert len(verdicts([measured[0], impossible], 212.0)) == 1


@pytest.mark.parametrize(("others", "counts"), [(0.0, True), (30.0, False)])
def test_a_run_beside_others_is_said_not_to_count(monkeypatch, others, counts):
    used = {"wall": 0.0, "all": 100.0, "us": 0.0}
    monkeypatch.setattr("benchmarks.environment.time.perf_counter", lambda: used["wall"])
    monkeypatch.setattr("benchmarks.environment.used_by_all", lambda: used["all"])
    monkeypatch.setattr("benchmarks.environment.used_by_us", lambda: used["us"])
    monkeypatch.setattr("benchmarks.environment.os.cpu_count", lambda: 2)
    neighbors = Neighbors()
    used.update({"wall": 50.0, "all": 140.0 + others, "us": 40.0})
    assert neighbors.share() == pytest.approx(others / 100)
    said = describe(neighbors.share())
    assert ("do not count" in said) is not counts
    results = report.Results({"processors used by others": said}, {}, [], {}, [], [])
    assert ("**Processors used by others" in document.page(results, "command")) is not counts


def test_bars_compare_with_the_fastest_usual_way_of_pytorch_and_judge_the_median():
    measured = [
        times(OURS, [2000.0, 1000.0, 1010.0]),
        times(BARE, [1000.0, 1000.0, 1000.0]),
        times(SCIKIT, [3000.0, 3000.0, 3000.0]),
        times(OURS_NUMPY, [2000.0, 2000.0, 2000.0]),
        *(times(name, [1300.0 + i] * 3) for i, name in enumerate(TORCH)),
    ]
    found = {entry.what: entry for entry in verdicts(measured, rate=500.0)}
    torch = found[f"times the speed of {TORCH[0]}"]
    assert torch.value == pytest.approx(1300 / 1010)
    assert (torch.low, torch.high) == (pytest.approx(0.65), pytest.approx(1.3))
    assert torch.word == "passed"
    assert f"times the speed of {TORCH[1]}" not in found
    assert found[f"times the speed of {TORCH[2]}"].value == pytest.approx(1302 / 1010)
    assert found[f"times the speed of {SCIKIT}"].word == "short"
    assert found[f"times the step of {BARE}"].word == "passed"
    assert found[f"NumPy engine: times the speed of {SCIKIT}"].word == "passed"
    share = found["of the machine's sgemm rate"]
    assert share.value == pytest.approx(CASES["digits"].operations / 1010e-6 / 1e9 / 500)


@pytest.mark.parametrize(
    ("value", "at_most", "word"),
    [
        (1.5, False, "aim reached"),
        (1.2, False, "passed"),
        (0.9, False, "short"),
        (1.0, True, "passed"),
        (1.1, True, "short"),
    ],
)
def test_a_verdict_in_a_word(value, at_most, word):
    aim = None if at_most else 1.5
    assert Verdict("toy", "", value, value, value, 1.0, aim, at_most).word == word


def test_rates_of_products_come_from_every_size_and_installed_library(monkeypatch):
    monkeypatch.setattr("benchmarks.sgemm.SECONDS", 0.001)
    found = rates([(4, 5, 6), (8, 8, 8)])
    assert {"numpy 4x5x6", "numpy 8x8x8", "jax 4x5x6", "jax 8x8x8"} <= set(found)
    assert all(rate > 0 for rate in found.values())


def test_the_smallest_run_measures_both_engines_and_writes_the_page(tmp_path: Path, capsys):
    page = tmp_path / "benchmarks.md"
    arguments = ["--cases", "toy", "--contenders", f"{OURS},{OURS_NUMPY}"]
    arguments += ["--repeats", "2", "--seconds", "0.01", "--no-starts"]
    assert dense.main([*arguments, "--json", "--write", str(page)]) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    measured = {entry["contender"]: entry for entry in printed if entry["kind"] == "time"}
    assert set(measured) == {OURS, OURS_NUMPY}
    assert all(len(entry["steps"]) == 2 for entry in measured.values())
    written = page.read_text(encoding="utf-8")
    assert "2-8-8-1 tanh, batch 10" in written
    assert document.NOTES.read_text(encoding="utf-8").strip() in written


def test_the_way_with_the_lowest_median_stands_for_its_contender(monkeypatch):
    class Fixed(rounds.Worker):
        def answer(self) -> dict[str, object]:
            return {"loading": 0.0, "first": {"a": 1.0, "b": 2.0}, "epochs": {"a": 1, "b": 1}}

        def steps(self) -> dict[str, float]:
            return {"a": next(slow), "b": 5.0}

    slow = iter([9.0, 1.0, 9.0])
    monkeypatch.setattr("benchmarks.rounds.Worker", Fixed)
    monkeypatch.setattr("benchmarks.rounds.sys.executable", "true")
    (found,) = race("toy", ["PyTorch eager"], 3, 0.01)
    assert (found.way, found.steps, found.first) == ("b", [5.0] * 3, 2.0)
    assert found.ways == {"a": 9.0, "b": 5.0}


def test_a_contender_without_its_package_is_left_out_and_said(monkeypatch, capsys):
    class Absent(rounds.Worker):
        def answer(self) -> dict[str, object]:
            return {"missing": "torch"}

    monkeypatch.setattr("benchmarks.rounds.Worker", Absent)
    monkeypatch.setattr("benchmarks.rounds.sys.executable", "true")
    assert race("toy", ["PyTorch eager"], 1, 0.01) == []
    assert "PyTorch eager is left out: no torch here" in capsys.readouterr().err


def test_a_contender_that_fails_ends_the_run_with_what_it_wrote(monkeypatch):
    monkeypatch.setattr("benchmarks.rounds.sys.executable", "false")
    with pytest.raises(ContenderError, match="chainrule, toy: the process ended"):
        race("toy", [OURS], 1, 0.01)


@pytest.mark.parametrize("arguments", [["--cases", "huge"], ["--contenders", "Keras"]])
def test_unknown_names_are_refused_with_the_known_ones(arguments, capsys):
    with pytest.raises(SystemExit):
        dense.options(arguments)
    said = capsys.readouterr().err
    assert "is not one of" in said
    assert (next(iter(CASES)) if "huge" in arguments else CONTENDERS[0]) in said


def test_quick_leaves_out_the_widest_network_unless_it_is_named():
    assert "wide" not in dense.options(["--quick"]).cases
    assert dense.options(["--quick", "--cases", "wide"]).cases == ["wide"]


def test_columns_of_a_table_line_up():
    text = report.table(("who", "µs"), [("a", "1"), ("longer", "1,000")], 1)
    assert len({len(line) for line in text.splitlines()}) == 1
