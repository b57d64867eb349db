"""Same bits: whatever the number of threads, and wherever a run was cut."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from chainrule import optim
from chainrule.errors import NonFiniteError
from chainrule.training import loop, tables
from tests.training.bits import CASES, fingerprint
from tests.training.problems import PROBLEMS, BreaksAt

THREADS = (1, 2, 4)
THREAD_VARIABLES = ("NPROC", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
FEW = (
    "toy", "small", "images", "few images", "gray images", "predicted images",
    "problem tanh batch_norm momentum", "layer LSTM", "layer GRU",
)  # fmt: skip


def start(engine, threads, names):
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.training.bits", engine, *names],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def fingerprints(process):
    out, _ = process.communicate()
    assert process.returncode == 0
    return dict(json.loads(line) for line in out.splitlines())


def compare(engine, names, at_once):
    """Run the cases at every number of threads; return those whose bits differ."""
    found = []
    waiting = [start(engine, threads, names) for threads in THREADS] if at_once else []
    for i, threads in enumerate(THREADS):
        found.append(fingerprints(waiting[i] if at_once else start(engine, threads, names)))
    assert len(found[0]) == len(names)
    return [name for name in names if len({one[name] for one in found}) > 1]


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_few_runs_have_the_same_bits_at_1_2_and_4_threads(engine):
    assert compare(engine, FEW, at_once=True) == []


@pytest.mark.long
@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_every_case_layer_and_loss_has_the_same_bits_at_1_2_and_4_threads(engine):
    assert compare(engine, list(CASES), at_once=False) == []


def uncut_and_cut(monkeypatch, name, engine, limits, **settings):
    """Fingerprints of a run as it is, and cut into calls of so many steps."""
    problem = PROBLEMS[name]
    uncut = problem.fit(engine=engine, **settings)
    waiting = iter(limits * 100)
    monkeypatch.setattr(loop.Pace, "limit", lambda *_: next(waiting))
    calls = []
    advance = loop._Run._advance
    monkeypatch.setattr(
        loop._Run, "_advance", lambda *args: calls.append(args[-1]) or advance(*args)
    )
    cut = problem.fit(engine=engine, **settings)
    assert len(calls) > 5
    return fingerprint(uncut), fingerprint(cut)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
@pytest.mark.parametrize(
    "name", ["gelu layer_norm nesterov", "branches nested plateau", "tanh batch_norm momentum"]
)
def test_a_run_cut_into_other_calls_has_the_same_bits(monkeypatch, name, engine):
    one, other = uncut_and_cut(monkeypatch, name, engine, [1, 3, 7, 2])
    assert one == other


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_callbacks_change_no_bit(engine):
    problem = PROBLEMS["gelu layer_norm nesterov"]
    seen = []
    watched = problem.fit(engine=engine, callbacks=[lambda p: seen.append(p.epoch)])
    assert fingerprint(watched) == fingerprint(problem.fit(engine=engine))
    assert seen == list(range(1, 11))


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_tables_of_few_epochs_change_no_bit(monkeypatch, engine):
    problem = PROBLEMS["branches nested plateau"]
    one = problem.fit(engine=engine)
    monkeypatch.setattr(tables, "MOST_EPOCHS", 3)
    assert fingerprint(problem.fit(engine=engine)) == fingerprint(one)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
@pytest.mark.parametrize("huge", [1e38, float("inf")])
@pytest.mark.parametrize("broken", [0, 1, 13, 14])
def test_a_run_rolled_back_has_the_bits_of_one_that_stopped_there(engine, huge, broken):
    """Two steps an epoch: it breaks in the first step of epoch `broken`, counted from 0."""
    problem = PROBLEMS["relu dropout adam"]
    settings = {"engine": engine, "batch_size": 11}
    with pytest.raises(NonFiniteError) as caught:
        problem.fit(optimizer=optim.GradientDescent(BreaksAt(broken, huge)), epochs=20, **settings)
    model = caught.value.model
    assert caught.value.step >= 2 * broken + 1
    assert all(np.isfinite(x).all() for layer in model.params for x in layer.values())
    if caught.value.step == 2 * broken + 1 and broken:
        good = problem.fit(optimizer=optim.GradientDescent(0.05), epochs=broken, **settings)
        assert fingerprint(good) == fingerprint(model)
