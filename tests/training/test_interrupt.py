"""Ctrl-C from outside: the run returns its model within a second, with the best weights."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn


def run(engine, size):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.training.interrupted", engine, size],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_ctrl_c_returns_the_model_with_the_best_weights_within_a_second(engine, size):
    process = run(engine, size)
    assert process.stdout.readline() == "training\n", process.stderr.read()
    time.sleep(0.3)
    sent = time.time()
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    result = json.loads(out)
    assert result["stop_reason"] == "interrupted"
    assert result["returned"] - sent < 1.0
    assert result["best_epoch"] == 1 + int(np.argmin(result["losses"]))
    assert np.isfinite(result["loss"])


def test_after_training_ctrl_c_is_pythons_own_again():
    process = run("numpy", "twice")
    assert process.stdout.readline() == "training\n"
    os.kill(process.pid, signal.SIGINT)
    json.loads(process.stdout.readline())
    assert process.stdout.readline() == "again\n"
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in err


def interrupt_from_callback(signals):
    sent = []

    def callback(progress):
        while len(sent) < signals:
            sent.append(1)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)

    return callback


def small_fit(**settings):
    X = np.random.default_rng(0).normal(size=(30, 2))
    return cr.fit(
        cr.Network([nn.Dense(1)]), X, X[:, 0], loss="mse", epochs=20, engine="numpy",
        batch_size=None, **settings,
    )  # fmt: skip


def test_the_first_ctrl_c_lets_the_epoch_end():
    before = signal.getsignal(signal.SIGINT)
    model = small_fit(callbacks=[interrupt_from_callback(1)])
    assert model.stop_reason == "interrupted"
    assert model.card["epochs"] == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_the_second_ctrl_c_is_pythons_own():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        small_fit(callbacks=[interrupt_from_callback(2)])
    assert signal.getsignal(signal.SIGINT) is before


def test_training_works_in_a_thread_where_no_signal_arrives():
    models = []
    thread = threading.Thread(target=lambda: models.append(small_fit()))
    thread.start()
    thread.join()
    assert models[0].stop_reason == "epochs"


def test_a_job_that_ignores_ctrl_c_goes_on_ignoring_it():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert small_fit(callbacks=[interrupt_from_callback(2)]).stop_reason == "epochs"
    finally:
        signal.signal(signal.SIGINT, before)
