"""`value_and_grad`: gradients as trees, and a plain refusal of everything that has none."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import ops
from chainrule.autodiff import value_and_grad
from chainrule.errors import GradientError

ENGINES = pytest.mark.parametrize("engine", [np.asarray, jnp.asarray], ids=["numpy", "xla"])
ONES = np.ones(3, "float32")


def test_the_gradient_is_a_tree_like_the_parameters():
    params = ({"weight": np.ones((2, 1)), "bias": np.zeros(1)}, (np.float64(2),))

    def loss(p, x):
        return ops.sum((x @ p[0]["weight"] + p[0]["bias"]) * p[1][0])

    value, grads = value_and_grad(loss)(params, np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert value == 20
    assert grads[0]["weight"].tolist() == [[8], [12]]
    assert grads[0]["bias"].tolist() == [4]
    assert grads[1] == (10,)


@ENGINES
def test_a_value_used_several_times_adds_its_contributions(engine):
    _, grad = value_and_grad(lambda x: ops.sum(x * x * x + x + x))(engine(2 * ONES))
    assert np.asarray(grad).tolist() == [14, 14, 14]


@ENGINES
def test_a_parameter_that_is_not_used_has_a_zero_gradient(engine):
    _, grads = value_and_grad(lambda p: ops.sum(p["a"]))({"a": engine(ONES), "b": engine(ONES)})
    assert np.asarray(grads["b"]).tolist() == [0, 0, 0]
    assert grads["b"].dtype == "float32"


def test_gradients_may_be_written_into_and_are_nobody_elses():
    a, b = np.ones(3), np.ones(3)
    _, grads = value_and_grad(lambda p: ops.sum(p["a"] + p["b"]))({"a": a, "b": b})
    grads["a"] *= 2
    assert grads["b"].tolist() == [1, 1, 1]
    assert a.tolist() == [1, 1, 1]


def test_aux_comes_back_as_plain_arrays():
    def loss(w):
        return ops.sum(w), {"twice": w * 2, "name": "kept", "number": 3}

    (value, more), _ = value_and_grad(loss, aux=True)(ONES)
    assert value == 3
    assert type(more["twice"]) is np.ndarray
    assert (more["name"], more["number"]) == ("kept", 3)


def test_a_constant_function_has_zero_gradient():
    value, grad = value_and_grad(lambda w: np.float32(3))(ONES)
    assert (value, grad.tolist()) == (3, [0, 0, 0])


def test_jit_and_eager_agree():
    step = value_and_grad(lambda w, x: ops.mean(ops.tanh(x @ w) ** 2))
    x = np.arange(6, dtype="float32").reshape(2, 3) / 6
    for one, other in zip(step(ONES, x), jax.jit(step)(ONES, x), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


@pytest.mark.parametrize("params", [np.ones(3, "int32"), np.ones(3, bool), 2.0, [1.0], None])
def test_a_parameter_that_is_no_float_array_is_named(params):
    with pytest.raises(GradientError, match=r"'1\.w' is .*needs float32 or float64"):
        value_and_grad(lambda p: ops.sum(p[0]["w"]))(({"w": ONES}, {"w": params}))


@pytest.mark.parametrize(
    ("result", "got"),
    [
        (lambda w: w * 2, r"float32 \(3,\)"),
        (lambda w: ops.argmax(w), r"int32 \(\)"),
        (lambda w: 3.0, "float;"),
        (lambda w: None, "NoneType"),
        (lambda w: np.int64(3), "int64"),
        (lambda w: (ops.sum(w), w), "tuple"),
    ],
)
def test_a_result_that_is_no_number_is_refused(result, got):
    with pytest.raises(GradientError, match=f"returned {got}"):
        value_and_grad(result)(ONES)


NESTED = "derivative of a derivative"


@ENGINES
def test_a_derivative_of_a_derivative_is_refused_for_arguments(engine):
    inner = value_and_grad(lambda w: ops.sum(w * w))
    with pytest.raises(GradientError, match=NESTED):
        value_and_grad(lambda w: ops.sum(inner(w)[1]))(engine(ONES))


@ENGINES
def test_a_derivative_of_a_derivative_is_refused_for_values_from_outside(engine):
    def outer(w):
        return value_and_grad(lambda v: ops.sum(v * w))(engine(ONES))[0]

    with pytest.raises(GradientError, match=NESTED):
        value_and_grad(outer)(engine(ONES))


def test_a_derivative_of_a_derivative_is_refused_for_a_result_from_outside():
    def outer(w):
        total = ops.sum(w)
        return value_and_grad(lambda v: total)(ONES)[0]

    with pytest.raises(GradientError, match=NESTED):
        value_and_grad(outer)(ONES)


def test_a_derivative_inside_another_is_right_where_it_is_a_constant():
    def outer(w):
        _, direction = value_and_grad(lambda v: ops.sum(v * v))(ONES)
        return ops.sum(w * direction)

    assert value_and_grad(outer)(ONES)[1].tolist() == [2, 2, 2]


def test_a_value_that_escaped_is_refused():
    kept = []
    value_and_grad(lambda w: (kept.append(w * 1), ops.sum(w))[1])(ONES)
    with pytest.raises(GradientError, match="after its function had returned"):
        kept[0] + 1
    with pytest.raises(GradientError, match="after its function had returned"):
        value_and_grad(lambda w: ops.sum(w * kept[0]))(ONES)


def test_an_exception_in_the_middle_leaves_no_trace():
    kept = []

    def fails(w):
        kept.append(w)
        raise KeyError("mine")

    before = value_and_grad(lambda w: ops.sum(w * w))(ONES)
    with pytest.raises(KeyError, match="mine"):
        value_and_grad(fails)(ONES)
    with pytest.raises(GradientError, match="after its function had returned"):
        kept[0] * 2
    after = value_and_grad(lambda w: ops.sum(w * w))(ONES)
    assert before[0] == after[0]
    assert type(ops.exp(ONES)) is np.ndarray


def test_only_the_gradients_that_are_asked_for_are_computed():
    """The derivative by the data costs as much as that by the weights: it is left out."""
    calls = []
    x = np.ones((4, 3), "float32")
    original = ops.matmul.vjp

    def counting(xp, cotangent, out, a, b):
        given = original(xp, cotangent, out, a, b)
        return tuple(
            (lambda name=name, rule=rule: (calls.append(name), rule())[1])
            for name, rule in zip("ab", given, strict=True)
        )

    ops.matmul.vjp = counting
    try:
        value_and_grad(lambda w: ops.sum(x @ w))(ONES)
    finally:
        ops.matmul.vjp = original
    assert calls == ["b"]


def test_a_shared_result_is_walked_once():
    """Back-propagation is linear in the number of steps, also where paths double at each."""
    calls = []
    original = ops.add.vjp

    def counting(*arguments):
        calls.append(1)
        return original(*arguments)

    def doubled(w):
        for _ in range(30):
            w = w + w
        return ops.sum(w)

    ops.add.vjp = counting
    try:
        _, grad = value_and_grad(doubled)(np.ones(1))
    finally:
        ops.add.vjp = original
    assert grad.tolist() == [2.0**30]
    assert len(calls) == 30


def test_a_rounded_value_has_no_derivative():
    """Through an integer nothing flows back: no straight-through surprise."""
    _, grad = value_and_grad(lambda w: ops.sum((w * 2.7).astype("int32").astype("float32")))(ONES)
    assert grad.tolist() == [0, 0, 0]
