"""The benchmarks of sequences and images: their cases are what they say, their sums are right."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import convolution, networks, recurrent
from benchmarks.network_cases import ACTIVITIES, IMAGES, MANY, NETWORKS, ONE, SEQUENCES, TRAINING
from benchmarks.network_page import Taken, lines, page, times_table
from benchmarks.network_worker import COMPILED, EAGER, KERAS, OURS, timed
from benchmarks.networks import verdicts
from benchmarks.peers import networks_ours
from benchmarks.report import Results, verdict_table

FROM_DISK = {what: [0.125, 0.25, 0.5] for what in ACTIVITIES}


def taken(contender, training, one, many, case="lstm50"):
    return Taken(
        case, contender, {TRAINING: training, ONE: one, MANY: many}, dict.fromkeys(ACTIVITIES, 2.0)
    )


@pytest.mark.parametrize("case", NETWORKS.values(), ids=list(NETWORKS))
def test_every_case_has_whole_batches_and_a_network_that_takes_them(case):
    x, y = case.data()
    assert x.shape == (case.rows, *case.shape)
    assert x.dtype == np.float32
    assert len(y) == case.rows
    assert case.rows % case.batch == 0
    assert [len(case.inputs(what)) for what in (ONE, MANY)] == [1, 256]
    *_, out_shape = networks_ours.network(case).init(np.zeros(2, "uint32"), case.shape)
    assert out_shape == ((1,) if case.recurrent else (10,))


@pytest.mark.parametrize("benchmark", [recurrent, convolution])
def test_a_benchmark_names_itself_its_cases_and_us_first(benchmark):
    assert benchmark.SUITE.module == benchmark.__name__
    assert benchmark.SUITE.contenders[0] == OURS
    assert f"python -m {benchmark.__name__}" in benchmark.SUITE.summary
    chosen = networks.options(benchmark.SUITE, [])
    assert chosen.cases == list(benchmark.SUITE.cases)
    assert NETWORKS == {**SEQUENCES, **IMAGES}


def test_ours_is_set_beside_the_best_of_pytorch_in_each_activity():
    entries = [
        taken(OURS, [1.0, 1.0, 2.0], [0.1], [1.0]),
        taken(EAGER, [3.0, 2.0, 2.0], [0.3], [0.5]),
        taken(COMPILED, [4.0, 4.0, 4.0], [0.2], [2.0]),
    ]
    training, one, many, first = verdicts(entries, SEQUENCES)
    assert (training.value, training.low, training.high) == (2.0, 1.0, 3.0)
    assert (training.limit, training.aim, training.word) == (1.8, 2.2, "passed")
    assert (one.value, one.word) == (2.0, "aim reached")
    assert one.what.endswith(COMPILED)
    assert (many.value, many.word) == (0.5, "short")
    assert (first.value, first.limit, first.at_most) == (2.0, 5.0, True)
    assert verdicts(entries[1:], SEQUENCES) == []
    assert verdicts(entries, IMAGES) == []


def test_keras_is_shown_and_nothing_is_asked_beside_it():
    entries = [
        taken(OURS, [1.0], [0.125], [1.0], "cnn"),
        taken(EAGER, [3.0], [0.5], [0.5], "cnn"),
        taken(KERAS, [0.5], [0.25], [0.25], "cnn"),
    ]
    found = verdicts(entries, IMAGES)
    assert [v.what.rsplit(" of ")[-1] for v in found[:6]] == ["PyTorch eager", "Keras"] * 3
    assert [(v.limit, v.word) for v in found[1:6:2]] == [(None, "")] * 3
    assert [v.value for v in found[:6]] == [3.0, 0.5, 4.0, 2.0, 0.5, 0.25]
    beside_keras = verdict_table(found).split("\n")[3]
    assert [cell.strip() for cell in beside_keras.split("|")][3:8] == [
        "0.50", "0.50 to 0.50", "", "", ""
    ]  # fmt: skip


def test_later_processes_have_half_a_second():
    ours = taken(OURS, [1.0], [0.1], [1.0])
    ours.from_disk.update({**FROM_DISK, TRAINING: [0.5, 0.75, 0.875]})
    *_, first, second = verdicts([ours], SEQUENCES)
    assert (first.value, first.word) == (2.0, "passed")
    assert (second.value, second.limit, second.word) == (0.75, 0.5, "short")
    assert (second.low, second.high) == (0.5, 0.875)
    assert "a later process" in second.what


def test_the_page_and_the_lines_hold_all_that_was_measured():
    entries = [taken(OURS, [0.001], [0.1], [1.0]), taken(EAGER, [0.002], [0.3], [0.5])]
    entries[0].from_disk.update(FROM_DISK)
    machine = {"processors used by others": "0%"}
    results = Results(machine, {}, [], {}, [], verdicts(entries, SEQUENCES))
    rows = times_table(entries).split("\n")
    assert len(rows) == 2 + 6
    assert rows[2].endswith(" 0.25 |")
    assert rows[3].endswith("  |")
    said = page(results, entries, "The title", "The notes.", "a command")
    assert said.startswith("# The title\n")
    assert "`a command`" in said
    assert "The notes." in said
    assert "training: times the speed of PyTorch eager" in said
    kinds = [json.loads(line)["kind"] for line in lines(results, entries).split("\n")]
    assert kinds == ["environment", "time", "time", *["verdict"] * 5]


def test_a_call_that_counts_its_own_seconds_is_believed():
    assert timed(lambda: 3.5, 0.0) == 3.5
    assert 0 <= timed(lambda: None, 0.0) < 1


def test_what_cannot_be_asked_is_refused(capsys):
    for suite, wrong in ((recurrent.SUITE, "cnn"), (convolution.SUITE, "lstm50")):
        with pytest.raises(SystemExit):
            networks.options(suite, ["--cases", wrong])
        assert f"{wrong!r} is not one of" in capsys.readouterr().err


KEPT = """
import jax
compiled = []
jax.monitoring.register_event_listener(lambda name, **_: compiled.append(name))
from dataclasses import replace
from benchmarks.network_cases import IMAGES, TRAINING
from benchmarks.peers.networks_ours import make
case = replace(IMAGES["cnn"], shape=(4, 4, 1), widths=(2, 2, 3), batch=4, rows=8)
for run in make(case).values():
    run()
    run()
print(*(compiled.count(f"/jax/compilation_cache/cache_{kind}") for kind in ("hits", "misses")))
"""


def test_the_second_process_of_ours_finds_every_program_of_the_first(tmp_path):
    def hits_and_misses():
        made = subprocess.run(
            [sys.executable, "-c", KEPT],
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
            check=True,
            capture_output=True,
            text=True,
        )
        return tuple(map(int, made.stdout.split()))

    hits, misses = hits_and_misses()
    assert hits == 0 < misses
    assert hits_and_misses() == (misses, 0)
