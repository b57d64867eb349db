"""The benchmark of single layers: its cases are what they say, and ours computes what it times."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import layers
from benchmarks.layer_cases import ACTIVITIES, BATCHES, FORWARD, LAYERS, TRAINING
from benchmarks.layers import Timed, lines, page, race, times_table
from benchmarks.network_worker import EAGER, LAST, OURS
from benchmarks.peers import layers_ours

MACHINE = {"processors used by others": "0%"}


@pytest.mark.parametrize("case", LAYERS.values(), ids=list(LAYERS))
def test_every_case_has_its_layer_and_two_batches_for_it(case):
    inputs = case.inputs()
    values = inputs["values"] if case.kind == "lengths" else inputs
    assert values.shape == (BATCHES * case.batch, *case.shape)
    alone = layers_ours.Alone(case)
    assert all(case.batch % (alone.streams * pieces) == 0 for pieces in alone.pieces.values())
    assert list(layers_ours.LAYERS) == list(LAYERS)


def test_a_layer_runs_in_the_streams_and_pieces_of_its_network():
    pool, dense = layers_ours.Alone(LAYERS["maxpool"]), layers_ours.Alone(LAYERS["dense"])
    assert (pool.streams, pool.pieces) == (2, dict.fromkeys(ACTIVITIES, 4))
    assert (dense.streams, dense.pieces) == (1, dict.fromkeys(ACTIVITIES, 1))
    assert layers_ours.Alone(LAYERS["batchnorm"]).pieces[TRAINING] == 1


def test_ours_computes_outputs_and_gradients_of_the_batch_whose_turn_it_is():
    case = replace(LAYERS["pointwise"], shape=(2, 2, 3), batch=16)
    alone = layers_ours.Alone(case)
    weight, bias = alone.params[0]["weight"][0, 0], alone.params[0]["bias"]
    parts = case.inputs().reshape(BATCHES, 2, 8, 2, 2, 3)  # by batch, then by stream
    for batches in (1, 2, 3):
        x = parts[(batches - 1) % BATCHES]
        assert alone.pieces == dict.fromkeys(ACTIVITIES, 1)
        out = np.asarray(alone.trainer(FORWARD).run(batches)["out"])
        np.testing.assert_allclose(out, x @ weight + bias, atol=1e-5)
        made = alone.trainer(TRAINING).run(batches)
        np.testing.assert_allclose(np.asarray(made["out"]), out, atol=1e-6)
        grads = made["grads"]
        assert grads["x"].shape == x.shape
        c = np.random.default_rng(1).normal(size=(BATCHES, 2, 8, 2, 2, 128)).astype("float32")
        c = c[(batches - 1) % BATCHES]
        np.testing.assert_allclose(np.asarray(grads["x"]), c @ weight.T, atol=1e-4)
        to_weight = np.asarray(grads["params"][0]["weight"]).sum(0)[0, 0]
        np.testing.assert_allclose(
            to_weight, x.reshape(-1, 3).T @ c.reshape(-1, 128), rtol=1e-4, atol=1e-4
        )


def test_ours_is_set_beside_the_best_of_pytorch():
    entry = Timed("relu", FORWARD, {OURS: [2.0, 1.0, 4.0], EAGER: [3.0, 9.0, 9.0], LAST: [1.0] * 3})
    verdict = entry.verdict()
    assert (verdict.value, verdict.low, verdict.high) == (0.5, 0.25, 1.0)
    assert (verdict.limit, verdict.word) == (0.5, "passed")
    assert Timed("relu", FORWARD, {OURS: [1.0], EAGER: [0.25]}).verdict().word == "short"
    assert Timed("relu", FORWARD, {OURS: [1.0]}).verdict() is None
    assert Timed("relu", FORWARD, {EAGER: [1.0]}).verdict() is None


def test_the_page_and_the_lines_hold_all_that_was_measured():
    found = [
        Timed("relu", FORWARD, {OURS: [0.002], EAGER: [0.0005], LAST: [0.001]}),
        Timed("dense", TRAINING, {OURS: [0.001], EAGER: [0.002]}),
    ]
    rows = [[cell.strip() for cell in row.split("|")] for row in times_table(found).split("\n")]
    assert rows[2][3:-1] == ["2", "0.5", "1", "0.25", "0.25 to 0.25", "short"]
    assert rows[3][3:-1] == ["1", "2", "", "2.00", "2.00 to 2.00", "passed"]
    said = page(found, MACHINE, "a command")
    assert said.startswith("# How fast every layer is alone\n")
    assert "`a command`" in said
    assert "asked: ReLU, 64 of 32×32×32, forward." in said
    kinds = [json.loads(line)["kind"] for line in lines(found, MACHINE).split("\n")]
    assert kinds == ["environment", "time", "time", "verdict", "verdict"]


def test_a_layer_is_timed_in_a_process_of_its_own():
    forward, training = race(["embedding"], [OURS], 1, 0.001)
    assert (forward.what, training.what) == ACTIVITIES
    assert forward.seconds[OURS][0] > 0


def test_what_cannot_be_asked_is_refused(capsys):
    with pytest.raises(SystemExit):
        layers.options(["--cases", "lstm50"])
    assert "'lstm50' is not one of" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        layers.options(["--rounds", "0"])
