"""A run that was killed and goes on ends in the very bits of one that was not."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import chainrule as cr
from chainrule import losses, nn, optim
from chainrule.errors import ModelFileError, SettingError
from chainrule.training import checkpoint, loop
from chainrule.training.checkpoint import interval
from tests.training import resumed
from tests.training.bits import fingerprint
from tests.training.problems import PROBLEMS

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(60, 4))
Y = X @ [1.0, -1.0, 0.5, 2.0] + RANDOM.normal(size=60)
NETWORK = cr.Network([nn.Dense(12), nn.BatchNorm(), nn.Tanh(), nn.Dropout(0.1), nn.Dense(1)])
ENGINES = pytest.mark.parametrize("engine", ["numpy", "xla"])


def fit(net=NETWORK, X=X, y=Y, **settings):
    settings = {
        "loss": "mse", "optimizer": optim.Adam(0.02), "epochs": 6, "batch_size": 7, "seed": 1,
        "engine": "numpy", "validation": 0.2, **settings,
    }  # fmt: skip
    return cr.fit(net, X, y, **settings)


@pytest.fixture(autouse=True)
def short_runs_are_kept(monkeypatch):
    monkeypatch.setattr(checkpoint, "SHORTEST", 0.0)


class Killed(BaseException):
    """Stands for the end of the process."""


def killed_at(monkeypatch, save, train):
    """Run `train` until its so many-th checkpoint is written; whether it came so far."""
    write, count = checkpoint.write_container, []

    def once_too_often(*arguments):
        write(*arguments)
        count.append(1)
        if len(count) == save:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "write_container", once_too_often)
        try:
            train()
        except Killed:
            return True
    return False


@ENGINES
@pytest.mark.parametrize("name", PROBLEMS)
def test_a_run_killed_again_and_again_has_the_same_bits(monkeypatch, tmp_path, name, engine):
    """Checkpoints lie between any two steps: calls are cut to 1 to 4 of them."""
    train = PROBLEMS[name].fit
    whole = train(engine=engine)
    lengths = iter([1, 2, 3, 4, 2] * 1000)
    monkeypatch.setattr(loop.Pace, "limit", lambda *_: next(lengths))
    path = tmp_path / "run"
    kept = {"checkpoint": path, "checkpoint_every": "0s", "resume": True, "engine": engine}
    kills = sum(killed_at(monkeypatch, save, lambda: train(**kept)) for save in (1, 2, 5, 3))
    assert kills == 4
    assert fingerprint(train(**kept)) == fingerprint(whole)


@ENGINES
def test_a_run_stopped_by_its_time_goes_on(engine, tmp_path):
    whole = fit(engine=engine, epochs=40)
    settings = {"engine": engine, "epochs": 40, "checkpoint": tmp_path / "run", "resume": True}
    first = fit(max_time=1e-9, **settings)
    assert first.stop_reason == "time"
    assert first.card["steps"] < whole.card["steps"]
    again = fit(**settings)
    assert fingerprint(again) == fingerprint(whole)
    assert again.card["steps"] == whole.card["steps"]
    assert again.card["seconds"] >= first.card["seconds"]


@ENGINES
def test_a_finished_run_is_returned_as_it_is(monkeypatch, engine, tmp_path):
    settings = {"engine": engine, "checkpoint": tmp_path / "run", "resume": True}
    for more, reason in ({}, "epochs"), ({"patience": 2, "epochs": 500, "seed": 5}, "patience"):
        (tmp_path / "run").unlink(missing_ok=True)
        first = fit(**settings, **more)
        assert first.stop_reason == reason
        with monkeypatch.context() as patch:
            patch.setattr(loop._Run, "_call", lambda *_: pytest.fail("trains again"))
            again = fit(**settings, **more)
        assert fingerprint(again) == fingerprint(first)
        assert again.card["stop_reason"] == reason
        assert again.card["seconds"] == pytest.approx(first.card["seconds"], abs=0.2)


@ENGINES
def test_more_epochs_go_on_where_it_ended(engine, tmp_path):
    settings = {"engine": engine, "checkpoint": tmp_path / "run", "resume": True}
    fit(**settings, epochs=4)
    assert fingerprint(fit(**settings, epochs=9)) == fingerprint(fit(engine=engine, epochs=9))
    with pytest.raises(SettingError, match="has 9 epochs and epochs is now 3"):
        fit(**settings, epochs=3)


def test_more_epochs_are_refused_where_the_rates_would_have_been_others(tmp_path):
    settings = {"checkpoint": tmp_path / "run", "resume": True}
    fit(**settings, epochs=4, optimizer=optim.Adam(optim.Cosine(0.1)))
    with pytest.raises(SettingError, match=r"4 epochs.*learning rates.*now 9"):
        fit(**settings, epochs=9, optimizer=optim.Adam(optim.Cosine(0.1)))


def test_without_resume_a_run_starts_anew(tmp_path):
    settings = {"checkpoint": tmp_path / "run"}
    fit(**settings, seed=3)
    assert fingerprint(fit(**settings)) == fingerprint(fit())


def test_with_nothing_to_resume_it_starts(tmp_path):
    assert fingerprint(fit(checkpoint=tmp_path / "run", resume=True)) == fingerprint(fit())
    assert (tmp_path / "run").exists()


def half(x):
    return x / 2


CHANGES = {
    "a row of the data": ({"X": X + (np.arange(240).reshape(60, 4) == 77)}, "the data changed"),
    "a target": ({"y": Y + (np.arange(60) == 7)}, "the data changed"),
    "validation data": ({"validation": (X[:9] + 1, Y[:9])}, "the validation data changed"),
    "weights": ({"sample_weight": np.arange(60.0)}, "the weights changed"),
    "the seed": ({"seed": 2}, "the seed was 1 and is 2"),
    "the precision": ({"dtype": "float64"}, "the dtype was float32 and is float64"),
    "units": ({"net": cr.Network([nn.Dense(13), nn.Dense(1)])}, "the network changed"),
    "a dropout rate": (
        {"net": cr.Network([*NETWORK.layers[:3], nn.Dropout(0.2), nn.Dense(1)])},
        "the network changed",
    ),
    "the loss": ({"loss": losses.Huber(0.5)}, "the loss changed"),
    "a loss of one's own": ({"loss": lambda y, out: half(y - out)[:, 0] ** 2}, "the loss changed"),
    "a rate": ({"optimizer": optim.Adam(0.03)}, "the optimizer changed"),
    "the optimizer": ({"optimizer": optim.RMSProp(0.02)}, "the optimizer changed"),
    "the batch size": ({"batch_size": 8}, "the batch size was 7 and is 8"),
    "the engine": ({"engine": "xla"}, "the engine was numpy and is xla"),
    "shuffling": ({"shuffle": False}, "the shuffling was True and is False"),
    "patience": ({"patience": 3}, "the patience changed"),
    "tolerance": ({"tol": 0.1, "patience": None}, "the tol was 0.0 and is 0.1"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_no_run_goes_on_from_the_checkpoint_of_another(tmp_path, name):
    path = tmp_path / "run"
    fit(checkpoint=path, validation=(X[:9], Y[:9]))
    before = path.read_bytes()
    changed, words = CHANGES[name]
    with pytest.raises(SettingError) as caught:
        fit(**{"validation": (X[:9], Y[:9]), **changed}, checkpoint=path, resume=True)
    assert words in str(caught.value)
    assert "another run" in str(caught.value)
    assert path.read_bytes() == before


def test_nor_from_that_of_another_version(monkeypatch, tmp_path):
    fit(checkpoint=tmp_path / "run")
    monkeypatch.setattr(np, "__version__", "1.0.0")
    with pytest.raises(SettingError, match=r"version of NumPy was 2\S+ and is 1\.0\.0"):
        fit(checkpoint=tmp_path / "run", resume=True)


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", lambda b: b[:99] + b"x"])
def test_a_damaged_checkpoint_is_said(tmp_path, damage):
    path = tmp_path / "run"
    fit(checkpoint=path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ModelFileError):
        fit(checkpoint=path, resume=True)


def test_a_model_file_is_no_checkpoint_and_a_checkpoint_no_model(tmp_path):
    fit().save(tmp_path / "model")
    with pytest.raises(ModelFileError, match=r"no checkpoint.*Delete it"):
        fit(checkpoint=tmp_path / "model", resume=True)
    fit(checkpoint=tmp_path / "run")
    with pytest.raises(ModelFileError):
        cr.load(tmp_path / "run")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"resume": True}, "resume needs a checkpoint"),
        ({"checkpoint": 3}, "checkpoint is 3"),
        ({"checkpoint": "/"}, "is a folder"),
        ({"checkpoint": "no/such/file"}, "needs the folder no/such"),
        ({"checkpoint": "x", "checkpoint_every": "soon"}, "checkpoint_every is 'soon'"),
        ({"checkpoint": "x", "checkpoint_every": 0}, "checkpoint_every is 0"),
        ({"checkpoint": "x", "checkpoint_every": True}, "checkpoint_every is True"),
        ({"checkpoint": "x", "checkpoint_every": 1.5}, "checkpoint_every is 1.5"),
    ],
)
def test_impossible_settings_are_refused(settings, words):
    with pytest.raises(SettingError) as caught:
        fit(**settings)
    assert words in str(caught.value)


def test_intervals():
    assert interval("1.5h") == (5400.0, None)
    assert interval(3) == (float("inf"), 3)


def test_a_checkpoint_every_so_many_epochs(monkeypatch, tmp_path):
    epochs = []
    save = checkpoint.Keeper.save
    monkeypatch.setattr(
        checkpoint.Keeper,
        "save",
        lambda keeper, found: epochs.append(int(found.carry["epoch"])) or save(keeper, found),
    )
    monkeypatch.setattr(loop.Pace, "limit", lambda *_: 7)
    fit(checkpoint=tmp_path / "run", checkpoint_every=2, epochs=7)
    assert epochs == [2, 4, 6, 7]


def start(path, engine):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.training.resumed", str(path), engine],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def begun(path, engine):
    """The run as a process, as soon as it has written a checkpoint of its own."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    process = start(path, engine)
    while process.poll() is None and (not path.exists() or path.stat().st_mtime_ns == before):
        time.sleep(0.002)
    return process


def kill(path, engine, seconds):
    """Kill the run so long after it began to train, or, with None, while it writes."""
    process = begun(path, engine)
    if seconds is None:
        while process.poll() is None and not list(path.parent.glob(".*.part")):
            pass
    else:
        time.sleep(seconds)
    process.kill()
    process.communicate()
    checkpoint.read_container(path)  # raises where it is not whole
    return process.returncode == -signal.SIGKILL


@ENGINES
@pytest.mark.parametrize("seconds", [0, None])
def test_a_process_that_is_killed_loses_nothing(tmp_path, engine, seconds):
    path = tmp_path / "run"
    assert kill(path, engine, seconds)
    assert resumed.train(engine, checkpoint=path, resume=True) == resumed.train(engine)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.long
@ENGINES
def test_a_process_that_is_killed_a_hundred_times_loses_nothing(tmp_path, engine):
    """Every fourth kill comes while a checkpoint is being written."""
    random.seed(7)
    whole = resumed.train(engine)
    killed = 0
    for trial in range(25):
        path = tmp_path / f"{trial}" / "run"
        path.parent.mkdir()
        for number in range(4):
            killed += kill(path, engine, None if number == 2 else random.random() * 0.2)
        assert resumed.train(engine, checkpoint=path, resume=True) == whole
    assert killed > 80


@pytest.mark.long
@ENGINES
def test_fifty_signals_each_leave_a_run_that_goes_on(tmp_path, engine):
    random.seed(8)
    whole = resumed.train(engine)
    for trial in range(25):
        path = tmp_path / f"run {trial}"
        for number in (signal.SIGTERM, signal.SIGINT):
            process = begun(path, engine)
            time.sleep(random.random() * 0.2)
            sent = time.perf_counter()
            process.send_signal(number)
            _, error = process.communicate(timeout=30)
            assert time.perf_counter() - sent < 5
            assert "Traceback" not in error
        assert resumed.train(engine, checkpoint=path, resume=True) == whole


@ENGINES
def test_a_process_that_is_asked_to_end_keeps_its_run_and_ends(tmp_path, engine):
    path = tmp_path / "run"
    process = begun(path, engine)
    sent = time.perf_counter()
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM
    assert time.perf_counter() - sent < 5
    assert error == ""
    assert resumed.train(engine, checkpoint=path, resume=True) == resumed.train(engine)


def test_a_program_that_handles_the_signal_gets_its_model(tmp_path):
    """The command does: it has a best network to save."""
    received = []
    before = signal.signal(signal.SIGTERM, lambda *_: received.append(1))
    try:
        model = fit(
            checkpoint=tmp_path / "run", epochs=50,
            callbacks=[lambda p: os.kill(os.getpid(), signal.SIGTERM) if p.epoch == 3 else None],
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGTERM, before)
    assert model.stop_reason == "terminated"
    assert model.card["epochs"] == 3
    assert not received
    again = fit(checkpoint=tmp_path / "run", epochs=50, resume=True)
    assert fingerprint(again) == fingerprint(fit(epochs=50))


def test_a_finished_run_of_less_than_a_second_leaves_no_file(monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoint, "SHORTEST", 1e6)
    first = fit(checkpoint=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    fit(checkpoint=tmp_path / "run", max_time=1e-9, epochs=50)
    assert (tmp_path / "run").exists()
    assert fingerprint(fit(checkpoint=tmp_path / "run")) == fingerprint(first)


def test_a_full_disk_does_not_cost_the_run(monkeypatch, tmp_path):
    path = tmp_path / "run"
    write, count = checkpoint.write_container, []

    def full(*arguments):
        count.append(1)
        if len(count) > 1:
            raise ModelFileError("run could not be written: No space left on device.")
        write(*arguments)

    monkeypatch.setattr(checkpoint, "write_container", full)
    with pytest.warns(UserWarning, match=r"No space left on device\. Training goes on, not kept"):
        model = fit(checkpoint=path, checkpoint_every="0s", epochs=30)
    assert fingerprint(model) == fingerprint(fit(epochs=30))
    monkeypatch.undo()
    assert fingerprint(fit(checkpoint=path, epochs=30, resume=True)) == fingerprint(model)
