"""The benchmark of sequences: its cases are what they say, and its sums are right."""

import json

import numpy as np
import pytest

from benchmarks import recurrent
from benchmarks.peers import sequences_ours
from benchmarks.recurrent import Taken, lines, page, times_table, verdicts
from benchmarks.report import Results
from benchmarks.sequence_cases import ACTIVITIES, MANY, ONE, SEQUENCE_CASES, TRAINING
from benchmarks.sequence_worker import COMPILED, EAGER, OURS, timed


def taken(contender, training, one, many, case="lstm50"):
    return Taken(
        case, contender, {TRAINING: training, ONE: one, MANY: many}, dict.fromkeys(ACTIVITIES, 2.0)
    )


@pytest.mark.parametrize("case", SEQUENCE_CASES.values(), ids=list(SEQUENCE_CASES))
def test_every_case_has_whole_batches_and_a_network_that_takes_them(case):
    x, y = case.data()
    assert x.shape == (case.rows, *case.shape)
    assert x.dtype == np.float32
    assert len(y) == case.rows
    assert case.rows % case.batch == 0
    assert [len(case.inputs(what)) for what in (ONE, MANY)] == [1, 256]
    *_, out_shape = sequences_ours.network(case).init(np.zeros(2, "uint32"), case.shape)
    assert out_shape == ((1,) if case.recurrent else (10,))


def test_ours_is_set_beside_the_best_of_pytorch_in_each_activity():
    entries = [
        taken(OURS, [1.0, 1.0, 2.0], [0.1], [1.0]),
        taken(EAGER, [3.0, 2.0, 2.0], [0.3], [0.5]),
        taken(COMPILED, [4.0, 4.0, 4.0], [0.2], [2.0]),
    ]
    training, one, many, first = verdicts(entries)
    assert (training.value, training.low, training.high) == (2.0, 1.0, 3.0)
    assert (training.limit, training.aim, training.word) == (1.8, 2.2, "passed")
    assert (one.value, one.word) == (2.0, "aim reached")
    assert one.what.endswith(COMPILED)
    assert (many.value, many.word) == (0.5, "short")
    assert (first.value, first.limit, first.at_most) == (2.0, 5.0, True)
    assert verdicts(entries[1:]) == []


def test_the_page_and_the_lines_hold_all_that_was_measured():
    entries = [taken(OURS, [0.001], [0.1], [1.0]), taken(EAGER, [0.002], [0.3], [0.5])]
    machine = {"processors used by others": "0%"}
    results = Results(machine, {}, [], {}, [], verdicts(entries))
    assert times_table(entries).count("\n") == 1 + 6
    said = page(results, entries, "a command")
    assert "`a command`" in said
    assert "training: times the speed of PyTorch eager" in said
    kinds = [json.loads(line)["kind"] for line in lines(results, entries).split("\n")]
    assert kinds == ["environment", "time", "time", *["verdict"] * 4]


def test_a_call_that_counts_its_own_seconds_is_believed():
    assert timed(lambda: 3.5, 0.0) == 3.5
    assert 0 <= timed(lambda: None, 0.0) < 1


def test_what_cannot_be_asked_is_refused(capsys):
    with pytest.raises(SystemExit):
        recurrent.options(["--cases", "lstm51"])
    assert "lstm51" in capsys.readouterr().err
