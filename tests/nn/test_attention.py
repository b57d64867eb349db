"""Attention against PyTorch's numbers; no future leaks, no padding counts, bad shapes are told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, ops
from chainrule.autodiff import leaves, tree_map, value_and_grad
from chainrule.engine import blocks
from chainrule.errors import SettingError, ShapeError

attention_module = sys.modules["chainrule.ops.attention"]
FILE = Path(__file__).parent.parent / "reference" / "attention.json"
REFERENCE = json.loads(FILE.read_text(encoding="utf-8"))
KEY = ops.key_from_seed(0)
LENGTHS = np.array([3, 2], "int32")
FEW_QUERIES = 3 * 5


def linear(given, name):
    """PyTorch's weights are (out, in)."""
    return {"weight": np.array(given[f"{name}weight"]).T, "bias": np.array(given[f"{name}bias"])}


def attention_params(given, prefix=""):
    weights = np.split(np.array(given[f"{prefix}in_proj_weight"]), 3)
    biases = np.split(np.array(given[f"{prefix}in_proj_bias"]), 3)
    made = {
        name: {"weight": w.T, "bias": b}
        for name, w, b in zip(("query", "key", "value"), weights, biases, strict=True)
    }
    del made["key"]["bias"]  # ours has none: it changes no result, and PyTorch's gradient is 0
    return {**made, "out": linear(given, f"{prefix}out_proj.")}


def block_params(given):
    def norm(name):
        return {
            "scale": np.array(given[f"{name}.weight"]),
            "offset": np.array(given[f"{name}.bias"]),
        }

    return {
        "attention": attention_params(given, "self_attn."),
        "attention_norm": norm("norm1"),
        "forward_norm": norm("norm2"),
        "hidden": linear(given, "linear1."),
        "out": linear(given, "linear2."),
    }


def case_of(name, dtype):
    """The layer, its parameters, its input, and the gradients of PyTorch in our trees."""
    given = REFERENCE[name]
    causal = "causal" in name
    if name.startswith("block"):
        layer, copied = nn.TransformerBlock(2, hidden=6, causal=causal), block_params
    else:
        layer, copied = nn.MultiHeadAttention(2, causal=causal), attention_params
    x, grads = np.array(given["x"]), np.array(given["x gradient"])
    if "cross" in name:
        x = {"queries": x, "memory": np.array(given["memory"])}
        grads = {"queries": grads, "memory": np.array(given["memory gradient"])}
    expected = {"params": copied(given["gradients"]), "x": grads}
    point = {"params": copied(given["params"]), "x": x}
    return layer, *(tree_map(lambda a: a.astype(dtype), tree) for tree in (point, expected))


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-10), ("float32", 1e-5)])
@pytest.mark.parametrize("name", REFERENCE)
def test_values_and_gradients_are_those_of_pytorch(name, dtype, rtol):
    layer, point, expected = case_of(name, dtype)
    cotangent = np.array(REFERENCE[name]["cotangent"], dtype)

    def loss(point):
        x = {"values": point["x"], "lengths": LENGTHS} if "padded" in name else point["x"]
        out, _ = layer.apply(point["params"], {}, x, nn.Context())
        out = out["values"] if "padded" in name else out
        return ops.dot(out, cotangent), out

    (_, out), grads = value_and_grad(loss, aux=True)(point)
    valid = cotangent != 0
    theirs = np.array(REFERENCE[name]["out"])[valid]
    np.testing.assert_allclose(out[valid], theirs, rtol=rtol, atol=rtol)
    for ours, wanted in zip(leaves(grads), leaves(expected), strict=True):
        assert ours.dtype == dtype
        np.testing.assert_allclose(ours, wanted, rtol=rtol, atol=rtol * np.abs(wanted).max())


def engines(*arrays):
    import jax.numpy as jnp

    return [arrays, tuple(jnp.asarray(a) for a in arrays)]


def drawn(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape).astype("float32")


def test_the_future_changes_no_bit_of_the_past():
    before = drawn(2, 9, 8)
    after = before.copy()
    after[:, 5:] += 100.0
    for one, other in zip(engines(before), engines(after), strict=True):
        first, second = (
            np.asarray(ops.attention(*x * 3, heads=2, causal=True)) for x in (one, other)
        )
        assert first[:, :5].tobytes() == second[:, :5].tobytes()
        assert (first[:, 5:] != second[:, 5:]).any()


def test_no_gradient_reaches_the_future():
    params, _, _ = nn.TransformerBlock(2, causal=True).init(KEY, (6, 4))

    def past(x):
        return ops.sum(
            nn.TransformerBlock(2, causal=True).apply(params, {}, x, nn.Context())[0][:, :4]
        )

    _, grad = value_and_grad(past)(drawn(1, 6, 4))
    assert grad[:, :4].any()
    assert not grad[:, 4:].any()


def test_padding_changes_no_bit_of_the_result():
    valid = np.array([[True] * 4 + [False] * 2, [True] * 6])
    before = drawn(2, 6, 8)
    after = before.copy()
    after[0, 4:] = 1e6
    for (one, mask), (other, _) in zip(engines(before, valid), engines(after, valid), strict=True):
        first, second = (np.asarray(ops.attention(x, x, x, mask, heads=2)) for x in (one, other))
        assert first[0, :4].tobytes() == second[0, :4].tobytes()
        assert first[1].tobytes() == second[1].tobytes()


@pytest.mark.parametrize("engine", [0, 1])
def test_nan_in_padding_spreads_nowhere(engine):
    layer = nn.TransformerBlock(2, causal=True)
    params, _, _ = layer.init(KEY, {"values": (6, 4), "lengths": ()})
    x, broken = drawn(2, 6, 4), drawn(2, 6, 4)
    lengths = np.array([4, 6], "int32")
    broken[0, 4:] = np.nan

    def loss(point, lengths=lengths):
        given = {"values": point["x"], "lengths": lengths}
        out, _ = layer.apply(point["params"], {}, given, nn.Context())
        return ops.sum(ops.square(nn.GlobalPool().apply({}, {}, out, nn.Context())[0]))

    found = []
    for values in (x, broken):
        (values,) = engines(values)[engine]
        value, grads = value_and_grad(loss)({"params": params, "x": values})
        found.append([np.asarray(a).tobytes() for a in (value, *leaves(grads))])
    assert found[0] == found[1]


@pytest.mark.parametrize("engine", [0, 1])
def test_nan_in_keys_that_do_not_count_spreads_nowhere(engine):
    mask = np.array([[True, False, True], [True, True, True]])
    found = []
    for hole in (0.0, np.nan):
        x = drawn(2, 3, 4)
        held = x.copy()
        held[0, 1] = hole
        a, b, m = engines(x, held, mask)[engine]
        value, grads = value_and_grad(
            lambda t, m=m: ops.sum(ops.square(ops.attention(t[0], t[1], t[1], m, heads=2)))
        )((a, b))
        found.append([np.asarray(g).tobytes() for g in (value, *grads)])
    assert found[0] == found[1]


def test_padded_sequences_are_what_they_are_alone():
    layer = nn.TransformerBlock(2)
    params, state, _ = layer.init(KEY, {"values": (6, 4), "lengths": ()})
    x = drawn(1, 6, 4)
    lengths = np.array([4], "int32")
    out, _ = layer.apply(params, state, {"values": x, "lengths": lengths}, nn.Context())
    alone, _ = layer.apply(params, state, x[:, :4], nn.Context())
    np.testing.assert_allclose(out["values"][:, :4], alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("numbers", [1, FEW_QUERIES, 2 * 7 * 5, 5 * 7 * 5])
@pytest.mark.parametrize("causal", [False, True])
def test_blocks_give_what_the_whole_batch_gives(causal, numbers, monkeypatch):
    """One query, three queries of seven, two pairs and five pairs of six at a time."""
    rng = np.random.default_rng(0)
    q, k, v = (rng.normal(size=(3, steps, 4)) for steps in (7, 5, 5))
    mask = rng.random((3, 5)) > 0.3
    mask[2] = False

    def loss(t, m):
        out = ops.attention(*t, m, heads=2, causal=causal)
        return ops.sum(ops.square(out + 1)), out

    found = []
    for most in (10**6, numbers):
        monkeypatch.setattr(blocks, "CHUNK_NUMBERS", most)
        with jax.enable_x64(True):
            for arrays in engines(q, k, v, mask)[: 2 if numbers == FEW_QUERIES else 1]:
                (_, out), grads = value_and_grad(loss, aux=True)(arrays[:3], arrays[3])
                found.append([np.asarray(a) for a in (out, *grads)])
    for other in found[1:]:
        for ours, whole in zip(other, found[0], strict=True):
            assert ours.dtype == "float64"
            np.testing.assert_allclose(ours, whole, rtol=1e-12, atol=1e-12)


def test_a_long_sequence_is_worked_on_in_blocks(monkeypatch):
    """Counted: blocks of 32 queries against 64 keys, though 3 examples have no small divisor."""
    sizes = []
    parts = attention_module._softmax_parts

    def counted(xp, queries, keys, *rest):
        sizes.append((*queries.shape[:2], keys.shape[1]))
        return parts(xp, queries, keys, *rest)

    monkeypatch.setattr(attention_module, "_softmax_parts", counted)
    monkeypatch.setattr(blocks, "CHUNK_NUMBERS", 32 * 64)
    ops.attention(*[drawn(1, 64, 4)] * 3)
    assert sizes == [(1, 32, 64)] * 2
    sizes.clear()
    ops.attention(*[drawn(7, 16, 4)] * 3, heads=1)
    assert sizes == [(7, 16, 16)]
    sizes.clear()
    ops.attention(*[drawn(11, 16, 4)] * 3, heads=1)
    assert sizes == [(8, 16, 16), (3, 16, 16)]


def test_large_scores_stay_finite():
    x = 1e4 * drawn(1, 3, 4)
    value, grad = value_and_grad(lambda x: ops.sum(ops.attention(x, x, x)))(x)
    assert np.isfinite(value)
    assert np.isfinite(grad).all()


def test_weights_say_who_looks_at_whom():
    layer = nn.MultiHeadAttention(2, causal=True)
    params, _, _ = layer.init(KEY, (4, 6))
    weights = layer.weights(
        params, {"values": drawn(2, 4, 6), "lengths": np.array([4, 2], "int32")}
    )
    assert weights.shape == (2, 2, 4, 4)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-6)
    assert not np.triu(weights, 1).any()
    assert not weights[1, :, :, 2:].any()


def test_learned_positions_know_no_longer_sequences():
    layer = nn.PositionalEncoding(learned=True)
    params, _, _ = layer.init(KEY, (4, 6))
    short, _ = layer.apply(params, {}, np.zeros((1, 3, 6), "float32"), nn.Context())
    assert short[0].tobytes() == params["table"][:3].tobytes()
    with pytest.raises(ShapeError, match=r"4 steps of 6 numbers.*\(1, 5, 6\)"):
        layer.apply(params, {}, np.zeros((1, 5, 6), "float32"), nn.Context())


@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (nn.MultiHeadAttention(3), (5, 8), r"3 does not divide 8.*1, 2, 4, 8"),
        (nn.TransformerBlock(3), (5, 8), "3 does not divide 8"),
        (nn.MultiHeadAttention(2), (8,), r"\(batch, time, width\).*\(batch, 8\)"),
        (nn.TransformerBlock(2), (8,), r"\(batch, time, width\).*\(batch, 8\)"),
        (nn.PositionalEncoding(), (8,), r"\(batch, time, width\).*\(batch, 8\)"),
        (nn.MultiHeadAttention(2), {"a": (3, 4)}, "queries"),
    ],
)
def test_shapes_that_do_not_fit_are_told(layer, shape, words):
    with pytest.raises(ShapeError, match=f"Layer 0, {type(layer).__name__}: .*{words}"):
        nn.Network([layer]).init(KEY, shape)


@pytest.mark.parametrize(
    ("shapes", "mask", "words"),
    [
        (((2, 3, 4), (2, 5, 4), (2, 5, 4)), np.ones((2, 3), bool), r"bool \(2, 3\).*\(2, 5\)"),
        (((2, 3, 4), (2, 5, 4), (2, 5, 4)), np.array([5, 5]), "valid_steps"),
        (((2, 3, 4), (2, 5, 4), (2, 6, 4)), None, "every key needs one value"),
        (((2, 3, 4), (2, 5, 6), (2, 5, 4)), None, "one width"),
        (((2, 3), (2, 5, 4), (2, 5, 4)), None, r"\(batch, steps, width\)"),
    ],
)
def test_masks_and_arrays_that_do_not_fit_are_told(shapes, mask, words):
    arrays = [np.zeros(shape) for shape in shapes] + ([] if mask is None else [mask])
    with pytest.raises(ShapeError, match=words):
        ops.attention(*arrays)


def test_settings_out_of_range_are_refused():
    for made in (
        lambda: nn.MultiHeadAttention(0),
        lambda: nn.TransformerBlock(2, hidden=0),
        lambda: nn.TransformerBlock(2, dropout=1.0),
    ):
        with pytest.raises(SettingError):
            made()


def tokens(seed=0):
    x = np.random.default_rng(seed).integers(0, 5, (24, 4))
    return x, x[:, ::-1].copy()


def network(**settings):
    return cr.Network(
        [
            nn.Embedding(5, 8),
            nn.PositionalEncoding(),
            nn.TransformerBlock(2, 16, **settings),
            nn.LayerNorm(),
            nn.Dense(5),
        ]
    )


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_transformer_learns_to_reverse_and_survives_its_file(engine, tmp_path):
    x, y = tokens()
    model = cr.fit(
        network(),
        x,
        y,
        loss="cross_entropy",
        optimizer=cr.optim.Adam(1e-2),
        epochs=40,
        batch_size=8,
        seed=0,
        engine=engine,
    )
    predicted = model.predict(x)
    assert (predicted == y).mean() > 0.8
    model.save(tmp_path / "reverse.safetensors")
    again = cr.load(tmp_path / "reverse.safetensors")
    assert again.network == model.network
    assert (again.predict(x) == predicted).all()


def test_an_explanation_writes_attention_as_weights_times_values():
    x, y = tokens()
    model = cr.fit(network(), x, y, loss="cross_entropy", epochs=1, seed=0)
    page = str(cr.explain(model, x[:1], y[:1]))
    assert "a1(2,3)" in page
    assert "how much step 2 looks at step 3" in page


BITS = """
import hashlib, numpy as np, chainrule as cr
from chainrule.autodiff import leaves
x = np.random.default_rng(0).normal(size=(32, 96, 32)).astype("float32")
net = cr.Network([cr.nn.TransformerBlock(4, causal=True), cr.nn.GlobalPool(), cr.nn.Dense(3)])
y = np.arange(32) % 3
model = cr.fit(net, x, y, loss="cross_entropy", epochs=1, batch_size=16, seed=0, engine="ENGINE")
print(hashlib.sha256(b"".join(p.tobytes() for p in leaves(model.params))).hexdigest())
"""


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_bits_do_not_depend_on_the_number_of_threads(engine):
    found = set()
    for threads in ("1", "2", "4"):
        env = dict(os.environ, NPROC=threads, OPENBLAS_NUM_THREADS=threads, OMP_NUM_THREADS=threads)
        run = [sys.executable, "-c", BITS.replace("ENGINE", engine)]
        found.add(subprocess.run(run, env=env, check=True, capture_output=True).stdout)
    assert len(found) == 1
