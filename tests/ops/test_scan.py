"""`scan` is the loop it replaces: values, derivatives, carries and sequences of any kind."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import ops
from chainrule.autodiff import Recording, check_gradients, leaves, value_and_grad
from chainrule.errors import GradientError, ShapeError


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def params():
    return {"start": numbers(3), "recurrent": numbers(3, 3, seed=1) / 2, "input": numbers(2, 3)}


def network(scan, tanh):
    """A small recurrent network: the loss is made of its last state and of all its outputs."""

    def loss(p, xs):
        def body(h, x):
            h = tanh(h @ p["recurrent"] + x @ p["input"])
            return h, h * h

        last, ys = scan(body, p["start"], xs)
        return (last * last).sum() + (ys * ys).sum()

    return loss


def unrolled(body, carry, xs):
    ys = []
    for x in xs:
        carry, y = body(carry, x)
        ys.append(y)
    return carry, ops.stack(ys)


@pytest.mark.parametrize("length", [1, 2, 7])
def test_equals_the_unrolled_loop(length):
    xs = numbers(length, 2, seed=2)
    looped = value_and_grad(network(ops.scan, ops.tanh))(params(), xs)
    by_hand = value_and_grad(network(unrolled, ops.tanh))(params(), xs)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), looped, by_hand)


def test_equals_jax_grad_of_lax_scan():
    xs = numbers(5, 2, seed=2)
    with jax.enable_x64(True):
        p = jax.tree.map(jnp.asarray, params())
        expected = jax.value_and_grad(network(jax.lax.scan, jnp.tanh))(p, jnp.asarray(xs))
    ours = value_and_grad(network(ops.scan, ops.tanh))(params(), xs)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10), ours, expected)


def test_runs_inside_jit_with_the_same_numbers():
    xs = numbers(5, 2, seed=2)
    step = value_and_grad(network(ops.scan, ops.tanh))
    with jax.enable_x64(True):
        compiled = jax.jit(step)(params(), xs)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), compiled, step(params(), xs)
    )


def test_gradients_agree_with_differences_also_by_the_sequence():
    check_gradients(
        lambda p: network(ops.scan, ops.tanh)(p["net"], p["xs"]),
        {"net": params(), "xs": numbers(4, 2)},
    )


def test_a_loop_over_nothing_returns_its_carry_and_passes_its_cotangent_on():
    value, grads = value_and_grad(network(ops.scan, ops.tanh))(params(), np.zeros((0, 2)))
    np.testing.assert_allclose(value, (params()["start"] ** 2).sum())
    np.testing.assert_allclose(grads["start"], 2 * params()["start"])
    assert not grads["recurrent"].any()
    _, ys = ops.scan(lambda c, x: (c, {"a": x, "b": c}), np.zeros(3), np.zeros((0, 2)))
    assert (ys["a"].shape, ys["b"].shape) == ((0, 2), (0, 3))


def test_an_empty_integer_sequence_has_no_derivative_and_makes_no_trouble():
    def loss(w):
        last, _ = ops.scan(lambda c, i: (c * w, i), w, np.zeros(0, "int32"))
        return last

    assert value_and_grad(loss)(np.float64(3.0)) == (3.0, 1.0)


def test_carries_and_sequences_may_be_trees():
    def loss(p):
        def body(carry, x):
            left, (right, count) = carry["l"], carry["r"]
            new = {"l": left * x[0]["a"], "r": (right + x[1] * left, count + 1)}
            return new, {"product": left * right}

        carry = {"l": p["l"], "r": (p["r"], np.int32(0))}
        last, ys = ops.scan(body, carry, ({"a": p["a"]}, p["b"]))
        return last["l"].sum() + last["r"][0].sum() + ys["product"].sum() + last["r"][1]

    p = {"l": numbers(2), "r": numbers(2, seed=1), "a": numbers(4), "b": numbers(4, 2, seed=2)}
    check_gradients(loss, p)


def test_an_integer_carry_counts_without_a_derivative():
    def loss(w):
        def body(carry, x):
            total, step = carry
            return (total + x * step, step + 1), step

        (total, steps), seen = ops.scan(body, (w[0] * 0, 0), w)
        return total + 0 * steps + 0 * ops.sum(seen)

    value, grad = value_and_grad(loss)(np.array([5.0, 6.0, 7.0]))
    assert value == 20
    assert grad.tolist() == [0, 1, 2]


def test_a_carry_may_also_be_the_output():
    def body(carry, x):
        after = carry * x
        return after, after

    def loss(w):
        last, ys = ops.scan(body, w[0] * 1, w)
        return last * last + (ys * ys).sum()

    check_gradients(loss, numbers(4))


def test_without_a_carry_or_without_outputs():
    w = numbers(4)
    _, grad = value_and_grad(lambda w: ops.scan(lambda c, x: ((), x * x), (), w)[1].sum())(w)
    np.testing.assert_allclose(grad, 2 * w)
    _, grad = value_and_grad(lambda w: ops.scan(lambda c, x: (c + x * x, ()), 0.0, w)[0])(w)
    np.testing.assert_allclose(grad, 2 * w)


def test_an_output_that_nobody_uses_costs_nothing_and_changes_nothing():
    w = numbers(4)
    _, grad = value_and_grad(lambda w: ops.scan(lambda c, x: (c + x, w * x), 0.0, w)[0])(w)
    np.testing.assert_allclose(grad, np.ones(4))


def nested(scan, multiply_all):
    """The inner loop uses a value of the outer loop and one from outside both."""

    def loss(p):
        def outer(carry, row):
            def inner(c, x):
                return multiply_all(c, x, p["w"], carry), c

            last, seen = scan(inner, carry * 0 + 1, row)
            return carry + last, seen

        total, seen = scan(outer, p["start"], p["rows"])
        return total + seen.sum()

    return loss


def test_loops_inside_loops():
    p = {"w": np.float64(0.7), "start": np.float64(0.3), "rows": numbers(3, 4)}

    def product(c, x, w, carry):
        return c * x * w + carry

    check_gradients(nested(ops.scan, product), p)
    with jax.enable_x64(True):
        expected = jax.grad(nested(jax.lax.scan, product))(jax.tree.map(jnp.asarray, p))
        compiled = jax.jit(value_and_grad(nested(ops.scan, product)))(p)[1]
    _, grads = value_and_grad(nested(ops.scan, product))(p)
    for name in p:
        np.testing.assert_allclose(grads[name], expected[name], rtol=1e-10)
        np.testing.assert_allclose(compiled[name], expected[name], rtol=1e-10)


def test_a_recording_is_replayed_with_other_numbers():
    loss = network(ops.scan, ops.tanh)
    recording = Recording(loss, params(), (numbers(4, 2),), aux=False, trace_arguments=True)
    other = {name: x + 0.5 for name, x in params().items()}
    (value, _), grads = recording(other, numbers(4, 2, seed=9))
    expected = value_and_grad(loss)(other, numbers(4, 2, seed=9))
    np.testing.assert_allclose(value, expected[0], rtol=1e-14)
    for grad, want in zip(grads, leaves(expected[1]), strict=True):
        np.testing.assert_allclose(grad, want, rtol=1e-14)


@pytest.mark.parametrize("engine", [np.asarray, jnp.asarray], ids=["numpy", "xla"])
@pytest.mark.parametrize("start", [0.0, 0, np.float64(0), np.zeros(())], ids=repr)
def test_a_constant_start_takes_the_precision_of_the_rest(engine, start):
    w = engine(np.ones(3, "float32"))
    value, grad = value_and_grad(lambda w: ops.scan(lambda c, x: (c + x, c), start * 1.0, w)[0])(w)
    assert (value.dtype, grad.dtype) == ("float32", "float32")


def test_a_carry_that_changes_is_refused():
    w = numbers(3)
    changes = {
        "shape": lambda c, x: (c + ops.stack([x, x]), x),
        "dtype": lambda c, x: (c > 0, x),
        "structure": lambda c, x: ((c, c), x),
        "names": lambda c, x: ({"c": c}, x),
    }
    for body in changes.values():
        with pytest.raises(ShapeError, match="carry of a scan must keep"):
            ops.scan(body, 0.0, w)


def test_sequences_of_different_lengths_are_refused():
    with pytest.raises(ShapeError, match=r"one length; theirs are 2, 3"):
        ops.scan(lambda c, x: (c, x[0]), 0.0, (np.zeros(2), np.zeros(3)))
    with pytest.raises(ShapeError, match="missing"):
        ops.scan(lambda c, x: (c, c), 0.0, ())
    with pytest.raises(ShapeError, match="none"):
        ops.scan(lambda c, x: (c, c), 0.0, np.float64(3))


def test_a_value_that_escapes_from_the_body_is_refused():
    kept = []

    def body(carry, x):
        kept.append(carry * x)
        return carry, x

    ops.scan(body, 1.0, np.ones(2))
    with pytest.raises(GradientError, match="after its function had returned"):
        kept[0] + 1


def test_without_tracing_it_just_computes():
    last, ys = ops.scan(lambda c, x: (c + x, c * x), np.float64(1), np.arange(3.0))
    assert (float(last), ys.tolist()) == (4.0, [0.0, 1.0, 4.0])
