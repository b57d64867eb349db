"""Recurrent layers: lengths, directions, where they start, and what they refuse."""

import re
from dataclasses import replace

import numpy as np
import pytest

from chainrule import nn, ops
from chainrule.autodiff import check_gradients, leaves, tree_map, value_and_grad
from chainrule.errors import ChainruleError, SettingError, ShapeError

KEY = ops.key_from_seed(0)
BATCH, TIME, FEATURES, UNITS = 4, 5, 3, 2
LENGTHS = np.array([5, 1, 3, 4], "int32")
KINDS = [nn.SimpleRNN, nn.LSTM, nn.GRU]
LAYERS = [
    *(kind(UNITS, **s) for kind in KINDS for s in ({}, {"reverse": True}, {"sequences": True})),
    nn.Bidirectional(nn.LSTM(UNITS)),
    nn.Bidirectional(nn.GRU(UNITS, sequences=True)),
]
NAMES = [repr(layer)[:70] for layer in LAYERS]


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def made(layer, dtype="float64"):
    params, _, _ = layer.init(KEY, (TIME, FEATURES))
    return tree_map(lambda p: (p + 0.3 * drawn(*p.shape, seed=p.size)).astype(dtype), params)


def applied(layer, params, values, lengths=None):
    x = values if lengths is None else {"values": values, "lengths": lengths}
    return layer.apply(params, {}, x, nn.Context())[0]


@pytest.mark.parametrize("layer", LAYERS, ids=NAMES)
def test_an_example_with_a_length_is_the_example_cut_there(layer):
    params, values = made(layer), drawn(BATCH, TIME, FEATURES)
    out = applied(layer, params, values, LENGTHS)
    for row, length in enumerate(LENGTHS):
        alone = applied(layer, params, values[row : row + 1, :length])
        ours = out["values"][row, :length] if isinstance(out, dict) else out[row]
        np.testing.assert_allclose(ours, alone[0], rtol=1e-12)


def gradients(layer, params, values, lengths=LENGTHS):
    def loss(p):
        out = applied(layer, p["own"], p["x"], lengths)
        if isinstance(out, dict):
            valid = ops.expand_dims(ops.valid_steps(out["lengths"], TIME), axis=-1)
            out = ops.where(valid, out["values"], 0.0)
        return ops.sum(out * np.cos(np.arange(out.size).reshape(out.shape)))

    return loss, {"own": params, "x": values}


@pytest.mark.parametrize("layer", LAYERS, ids=NAMES)
def test_padding_changes_no_bit_of_results_and_gradients(layer):
    params, values = made(layer), drawn(BATCH, TIME, FEATURES)
    beyond = np.arange(TIME) >= LENGTHS[:, None]
    found = []
    for fill in (0.0, 7.0):
        values[beyond] = fill
        loss, point = gradients(layer, params, values)
        found.append([np.asarray(x).tobytes() for x in leaves(value_and_grad(loss)(point))])
        to_x = value_and_grad(loss)(point)[1]["x"]
        assert not to_x[beyond].any()
    assert found[0] == found[1]


@pytest.mark.parametrize("layer", LAYERS, ids=NAMES)
def test_gradients_with_lengths_agree_with_differences(layer):
    check_gradients(*gradients(layer, made(layer), drawn(BATCH, TIME, FEATURES)), tolerance=1e-6)


@pytest.mark.parametrize("layer", LAYERS, ids=NAMES)
def test_lengths_that_are_all_full_change_nothing(layer):
    params, values = made(layer), drawn(BATCH, TIME, FEATURES)
    out = applied(layer, params, values, np.full(BATCH, TIME, "int32"))
    out = out["values"] if isinstance(out, dict) else out
    assert out.tobytes() == applied(layer, params, values).tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_reverse_is_the_sequence_turned_around(kind):
    forward, values = kind(UNITS, sequences=True), drawn(BATCH, TIME, FEATURES)
    params = made(forward)
    backward = applied(replace(forward, reverse=True), params, values)
    turned = applied(forward, params, values[:, ::-1])
    np.testing.assert_allclose(backward, turned[:, ::-1], rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_state_is_the_last_of_all_states(kind):
    layer, values = kind(UNITS), drawn(BATCH, TIME, FEATURES)
    params = made(layer)
    states = applied(replace(layer, sequences=True), params, values)
    assert applied(layer, params, values).tobytes() == states[:, -1].tobytes()


def test_layers_are_stacked_by_listing_them():
    network = nn.Network([nn.LSTM(3, sequences=True), nn.Bidirectional(nn.GRU(2)), nn.Dense(1)])
    shape = {"values": (TIME, FEATURES), "lengths": ()}
    params, state, out_shape = network.init(KEY, shape)
    assert out_shape == (1,)
    x = {"values": drawn(BATCH, TIME, FEATURES), "lengths": LENGTHS}
    assert network.apply(params, state, x)[0].shape == (BATCH, 1)


def by_scan(kind, params, x):
    """The layer written with `ops.scan`, whose derivative nobody wrote by hand."""

    def lstm(carry, at):
        h, c = carry
        sums = at @ params["weight"] + h @ params["recurrent_weight"] + params["bias"]
        i, f, g, o = (sums[:, k * UNITS : (k + 1) * UNITS] for k in range(4))
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        h = ops.sigmoid(o) * ops.tanh(c)
        return (h, c), h

    def gru(carry, at):
        h = carry[0]
        ours, theirs = at @ params["weight"] + params["bias"], h @ params["recurrent_weight"]
        one, two = slice(0, UNITS), slice(UNITS, 2 * UNITS)
        r = ops.sigmoid(ours[:, one] + theirs[:, one])
        z = ops.sigmoid(ours[:, two] + theirs[:, two])
        inner = theirs[:, 2 * UNITS :] + params["recurrent_bias"]
        n = ops.tanh(ours[:, 2 * UNITS :] + r * inner)
        h = (1 - z) * n + z * h
        return (h,), h

    def simple(carry, at):
        sums = at @ params["weight"] + carry[0] @ params["recurrent_weight"] + params["bias"]
        return (ops.tanh(sums),), ops.tanh(sums)

    step = {nn.LSTM: lstm, nn.GRU: gru, nn.SimpleRNN: simple}[kind]
    start = (np.zeros((BATCH, UNITS)),) * (2 if kind is nn.LSTM else 1)
    return ops.transpose(ops.scan(step, start, ops.transpose(x, axes=(1, 0, 2)))[1], axes=(1, 0, 2))


@pytest.mark.parametrize("kind", KINDS)
def test_the_rule_by_hand_equals_the_derivative_of_scan(kind):
    layer = kind(UNITS, sequences=True)
    point = {"own": made(layer), "x": drawn(BATCH, TIME, FEATURES)}
    share = drawn(BATCH, TIME, UNITS, seed=3)
    ways = [
        lambda p: ops.sum(applied(layer, p["own"], p["x"]) * share),
        lambda p: ops.sum(by_scan(kind, p["own"], p["x"]) * share),
    ]
    one, other = (leaves(value_and_grad(way)(point)) for way in ways)
    for ours, theirs in zip(one, other, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("steps", [13, 15])
def test_the_weight_gradient_of_long_sequences_is_added_up_in_chunks(steps, reverse, monkeypatch):
    layer = nn.LSTM(UNITS, reverse=reverse)
    params, values = made(layer), drawn(BATCH, steps, FEATURES)
    derive = value_and_grad(lambda p: ops.sum(applied(layer, p, values)))
    whole = derive(params)[1]
    monkeypatch.setattr("chainrule.ops.recurrent.CHUNK", 3 * BATCH)
    chunks = derive(params)[1]
    for name, grad in whole.items():
        np.testing.assert_allclose(chunks[name], grad, rtol=1e-12)


def test_parameters_start_as_they_should():
    params, _, _ = nn.LSTM(6).init(KEY, (TIME, FEATURES))
    assert params["bias"].tolist() == [0] * 6 + [1] * 6 + [0] * 12
    for block in np.split(params["recurrent_weight"].astype("float64"), 4, axis=1):
        np.testing.assert_allclose(block @ block.T, np.eye(6), atol=1e-6)
    limit = np.sqrt(6 / (FEATURES + 6))
    assert 0.8 * limit < np.abs(params["weight"]).max() <= limit
    wide = nn.Orthogonal(2.0)(KEY, (5, 3), 5, 3).astype("float64")
    np.testing.assert_allclose(wide.T @ wide, 4 * np.eye(3), atol=1e-5)


def started(layer, shape):
    return lambda: nn.Network([layer]).init(KEY, shape)


BAD = {
    "no features": (
        started(nn.LSTM(4), (7,)), ShapeError, ["Layer 0, LSTM", "(batch, 7)", "[:, :, None]"]
    ),
    "an image": (started(nn.GRU(4), (7, 7, 3)), ShapeError, ["GRU(4)", "(batch, 7, 7, 3)"]),
    "named inputs": (started(nn.LSTM(4), {"a": (3, 2)}), ShapeError, ["['a']"]),
    "stacked on a last state": (
        lambda: nn.Network([nn.LSTM(4), nn.LSTM(4)]).init(KEY, (5, 3)),
        ShapeError,
        ["Layer 1, LSTM", "(batch, 4)", "sequences=True"],
    ),
    "other features": (
        lambda: applied(nn.LSTM(UNITS), made(nn.LSTM(UNITS)), drawn(2, 5, 4)),
        ShapeError,
        ["LSTM(2)", "(batch, time, 3)", "(2, 5, 4)"],
    ),
    "lengths of another batch": (
        lambda: applied(nn.GRU(UNITS), made(nn.GRU(UNITS)), drawn(2, 5, 3), LENGTHS),
        ShapeError,
        ["(2, 5, 3)", "(4,)", "(2,)"],
    ),
    "no units": (lambda: nn.GRU(0), SettingError, ["GRU(0)", "GRU(64)"]),
    "broken units": (lambda: nn.LSTM(2.5), SettingError, ["LSTM(2.5)"]),
    "bidirectional dense": (lambda: nn.Bidirectional(nn.Dense(2)), SettingError, ["LSTM(64)"]),
    "bidirectional backwards": (
        lambda: nn.Bidirectional(nn.LSTM(2, reverse=True)), SettingError, ["forwards"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_fit_is_refused(name):
    call, error, words = BAD[name]
    with pytest.raises(ChainruleError) as caught:
        call()
    assert type(caught.value) is error
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_the_primitive_names_all_shapes_that_do_not_fit():
    with pytest.raises(ShapeError, match=re.escape("lstm of (2, 3, 4)")):
        ops.lstm(np.ones((2, 3, 4)), np.ones((4, 7)), np.ones((2, 8)), np.ones(8))
