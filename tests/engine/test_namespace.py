"""The two facades offer the same closed list of functions, and each gives the same numbers."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule.engine import NUMPY, Namespace, namespace_of
from chainrule.engine.jax_namespace import JAX

LISTED = {name for name in (*Namespace.__annotations__, *vars(Namespace)) if name[0] != "_"}


@pytest.mark.parametrize("xp", [NUMPY, JAX], ids=["numpy", "xla"])
def test_a_facade_offers_the_list_and_nothing_else(xp):
    assert set(vars(xp)) == LISTED


def test_the_facade_follows_from_the_arrays():
    assert namespace_of(np.zeros(2), 1, 2.0, True, np.float32(1)) is NUMPY
    assert namespace_of(jnp.zeros(2)) is JAX
    assert namespace_of(np.zeros(2), jnp.zeros(2)) is JAX
    assert namespace_of() is NUMPY


def test_a_traced_array_belongs_to_xla():
    seen = []
    jax.jit(lambda x: (seen.append(namespace_of(x)), x)[1])(np.zeros(2))
    assert seen == [JAX]


R = np.random.default_rng(0)
A, B = R.normal(size=(3, 4)), R.normal(size=(3, 4))
POSITIVE = np.abs(A) + 0.5
ROWS = R.normal(size=(2, 3, 4))
IMAGES = R.normal(size=(3, 6, 8, 30))
LONG = np.abs(R.normal(size=(3, 300)))  # longer than the blocks in which a summed axis is cut
BITS = R.integers(0, 2**32, (3, 4)).astype("uint32")
IMAGE, KERNEL = R.integers(-3, 4, (2, 4, 5, 2)) * 1.0, R.integers(-3, 4, (2, 3, 2, 4)) * 1.0
F = ("float32", "float64")
TRUE = A > 0
ONE = {
    "abs",
    "cos",
    "exp",
    "expm1",
    "floor",
    "isfinite",
    "negative",
    "sign",
    "sin",
    "square",
    "tanh",
}
TWO = {"add", "divide", "maximum", "minimum", "multiply", "subtract"}
COMPARE = {"equal", "greater", "greater_equal", "less", "less_equal", "not_equal"}

# function: the calls to compare; arrays inside are moved to the engine
CALLS = {
    **{name: [(A,)] for name in ONE},
    **{name: [(A, B), (A, B[0])] for name in TWO},
    **{name: [(A, B), (A, A)] for name in COMPARE},
    "all": [(TRUE,), (TRUE[:0],)],
    "any": [(TRUE,), (TRUE[:0],)],
    "add_at": [
        ((5, 4), np.array([0, 0, 4]), A),
        ((3, 4), (slice(None), np.array([1, 1])), A[:, :2]),
    ],
    "arange": [(5, {"dtype": "int32"})],
    "argmax": [(A, {"axis": 1})],
    "asarray": [([1, 2], {"dtype": "float32"})],
    "astype": [(A, "int32"), (BITS, "float32"), (TRUE, "float32"), (A, "float64")],
    "bitwise_xor": [(BITS, BITS[::-1])],
    "broadcast_to": [(A[0], (2, 4))],
    "concatenate": [([A, B], {"axis": 0})],
    "copy": [(A,)],
    "erf": [(A,)],
    "expand_dims": [(A, 1)],
    "flip": [(A, {"axis": 1})],
    "full": [((2, 2), 3.0, {"dtype": "float32"})],
    "left_shift": [(BITS, np.uint32(3))],
    "log": [(POSITIVE,)],
    "log1p": [(POSITIVE,)],
    "logical_and": [(TRUE, ~TRUE)],
    "logical_not": [(TRUE,)],
    "logical_or": [(TRUE, ~TRUE)],
    "alone": [(A,)],
    "matmul": [(A, B.T), (ROWS, B.T), (A[0], B[0]), (LONG, LONG.T), (LONG, LONG[0])],
    "matmul_nt": [(A, B), (ROWS, B), (ROWS, ROWS), (LONG, LONG)],
    "matmul_tn": [(A, B), (ROWS, B), (ROWS, ROWS), (LONG.T, LONG.T)],
    "max": [(A, {"axis": 0, "keepdims": True})],
    "min": [(A, {"axis": (0, 1)})],
    "ones": [((2, 3), {"dtype": "float32"})],
    "ones_like": [(A,)],
    "pad": [(A, ((1, 0), (0, 2)))],
    "power": [(POSITIVE, A)],
    "reshape": [(A, (2, -1))],
    "right_shift": [(BITS, np.uint32(3))],
    "set_at": [(A, 1, B[1]), (A, (slice(None), 0), B[:, 0])],
    "sqrt": [(POSITIVE,)],
    "squeeze": [(A[:, :1], 1)],
    "stack": [([A, B],)],
    "sum": [
        *[(A, axes, keep) for axes in [(), (0,), (1,), (-1,), (0, 1)] for keep in (False, True)],
        *[(IMAGES, (1, 2), keep) for keep in (False, True)],
        *[(ROWS, (0, 2)), (ROWS, (-1, 0)), (A[:0], (0,)), (A[:0], (0, 1)), (A[:, :0], (0,))],
        *[
            (TRUE, (0,)),
            (A.astype("int32"), (1,)),
            (BITS, (0,)),
            (A.astype("float32"), (0,)),
            (LONG, (1,)),
            (LONG, (0, 1)),
        ],
    ],
    "swapaxes": [(ROWS, -1, -2)],
    "part_at": [
        (A, (1, 2), (2, 2)),
        (A, (np.uint32(0), 3), (3, 1)),
        (ROWS, (np.array(1), np.array(0), np.uint32(2)), (1, 2, 2)),
    ],
    "take": [(A, np.array([2, 0, 2])), (A, np.array([[0], [1]])), (A, np.array(1))],
    "transpose": [(ROWS,), (ROWS, (1, 2, 0))],
    "where": [(TRUE, A, B)],
    "zeros": [((0, 3), {"dtype": "float64"})],
    "zeros_like": [(A,)],
}
LOOPS = {"while_loop", "cond", "scan", "scan_in_place", "traced_once", "apart"}
STREAMS = {"stream", "in_streams", "sum_streams", "stack_streams", "cut"}
"""Tested in test_streams.py, test_layout.py and tests/model/test_steps.py, in programs."""
PREPARED = {"once"}
"""Tested in test_prepared.py."""


def test_every_function_of_the_list_is_compared():
    assert set(CALLS) | LOOPS | STREAMS | PREPARED | {"name", "own_convolution"} == LISTED


def called(xp, name, call, move):
    def moved(x):
        if isinstance(x, list) and isinstance(x[0], np.ndarray):
            return [move(part) for part in x]
        return move(x.copy()) if isinstance(x, np.ndarray) else x

    settings = call[-1] if isinstance(call[-1], dict) else {}
    inputs = [moved(x) for x in call if not isinstance(x, dict)]
    return np.asarray(getattr(xp, name)(*inputs, **settings))


@pytest.mark.parametrize("name", sorted(CALLS))
def test_facades_agree(name):
    for call in CALLS[name]:
        expected = called(NUMPY, name, call, np.asarray)
        with jax.enable_x64(True):
            got = called(JAX, name, call, jnp.asarray)
        assert got.shape == expected.shape
        if name != "argmax":  # whose width a rule never keeps
            assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint32", "bool", "float32"])
def test_a_sum_keeps_its_dtype_also_in_single_precision(dtype):
    expected = "int32" if dtype == "bool" else dtype
    assert NUMPY.sum(np.ones((2, 2), dtype), (0,)).dtype == expected
    assert JAX.sum(jnp.ones((2, 2), dtype), (0,)).dtype == expected


def test_infinities_stay_in_their_column():
    """XLA's sum is a product with ones: 0 · ∞ must not occur in it."""
    x = np.array([[1.0, np.inf, np.nan], [2.0, 1.0, 1.0]], "float32")
    np.testing.assert_array_equal(JAX.sum(jnp.asarray(x), (0,)), NUMPY.sum(x, (0,)))


@pytest.mark.parametrize("xp", [NUMPY, JAX], ids=["numpy", "xla"])
def test_loops_and_branches(xp):
    start = (xp.asarray(0, dtype="int32"), xp.asarray(1.0, dtype="float32"))
    count, value = xp.while_loop(lambda c: c[0] < 5, lambda c: (c[0] + 1, c[1] * 2), start)
    assert (int(count), float(value)) == (5, 32.0)
    for condition, expected in ((True, 2.0), (False, 0.0)):
        chosen = xp.cond(xp.asarray(condition), lambda x: x + 1, lambda x: x - 1, start[1])
        assert float(chosen) == expected


@pytest.mark.parametrize("xp", [NUMPY, JAX], ids=["numpy", "xla"])
@pytest.mark.parametrize("reverse", [False, True])
def test_scan_stacks_in_the_order_of_the_sequence(xp, reverse):
    xs = (xp.asarray([1.0, 2.0, 3.0], dtype="float32"), (xp.asarray([0, 1, 2], dtype="int32"),))

    def body(total, x):
        return total + x[0], (total, x[1][0])

    total, (before, seen) = xp.scan(body, xp.asarray(0.0, dtype="float32"), xs, 3, reverse)
    assert float(total) == 6
    assert np.asarray(before).tolist() == ([5.0, 3.0, 0.0] if reverse else [0.0, 1.0, 3.0])
    assert np.asarray(seen).tolist() == [0, 1, 2]


@pytest.mark.parametrize("xp", [NUMPY, JAX], ids=["numpy", "xla"])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_in_place_gives_what_a_scan_gives_and_leaves_its_input_as_it_was(xp, reverse):
    first, second = (xp.asarray(x, dtype="float32") for x in ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]))

    def body(total, x):
        return total + x[0] * x[1], (total, x[0] + x[1], x[1])

    start = xp.asarray(0.0, dtype="float32")
    found = xp.scan_in_place(body, start, (first, second), 3, reverse)
    expected = xp.scan(body, start, (first, second), 3, reverse)
    jax.tree.map(np.testing.assert_array_equal, found, expected)
    assert np.asarray(first).tolist() == [1.0, 2.0, 3.0]


def test_a_function_is_traced_once_for_all_arrays_of_one_shape():
    seen = []

    def halved(x, rest):
        seen.append(x.shape)
        return x * 0.5, rest

    def program(a, b, c):
        once = JAX.traced_once(halved)
        return [once(x, {"y": x})[0] for x in (a, b, c)]

    a, b, c = (np.arange(n, dtype="float32") for n in (3, 3, 2))
    written = jax.make_jaxpr(program)(a, b, c)
    assert seen == [(3,), (2,)]
    assert [str(equation.primitive) for equation in written.eqns] == ["mul"] * 3
    assert [x.tolist() for x in jax.jit(program)(a, b, c)] == [[0, 0.5, 1], [0, 0.5, 1], [0, 0.5]]
    assert NUMPY.traced_once(halved) is halved


def test_work_after_a_loop_that_never_runs():
    assert NUMPY.while_loop(lambda c: c < 0, lambda c: c + 1, 3) == 3


@pytest.mark.parametrize("xp", [NUMPY, JAX], ids=["numpy", "xla"])
def test_a_vector_is_cut_into_arrays(xp):
    parts = xp.cut(xp.asarray(np.arange(9.0)), [(2, 2), (), (1, 4)])
    assert [part.tolist() for part in parts] == [[[0, 1], [2, 3]], 4, [[5, 6, 7, 8]]]
    assert [part.shape for part in parts] == [(2, 2), (), (1, 4)]


LONG_SUMS = [
    ((100_000,), (0,)), ((100_003, 1), (0,)), ((5_003, 7), (0,)), ((27_139, 184), (0,)),
    ((16, 1, 29_738), (0, 1)), ((6, 13, 65_536), (1,)), ((5, 100_003), (0,)), ((36, 2_777), (0,)),
    ((2, 600_000), (1,)), ((4, 221_110), (1,)), ((2, 103, 48, 10), (1, 2)), ((37, 101, 23), (0, 2)),
    ((256, 128), (0,)), ((255, 128), (0,)), ((255, 64, 2), (0,)), ((5, 16, 1_025), (1,)),
    ((128, 256), (0,)), ((3, 128, 250), (1,)), ((64, 300), (0,)),
    ((131, 128), (0,)), ((4_099, 1_500), (0,)),
]  # fmt: skip
"""Among them rows that no small number divides, and sums that XLA itself shares out."""


@pytest.mark.parametrize(("dtype", "share"), [("float32", 1e-6), ("float64", 1e-14)])
@pytest.mark.parametrize(("shape", "axes"), LONG_SUMS)
def test_a_long_sum_is_exact_to_its_rounding(shape, axes, dtype, share):
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    with jax.enable_x64(dtype == "float64"):
        found = np.asarray(jax.jit(lambda x: JAX.sum(x, axes))(x))
    wanted = x.astype("longdouble").sum(axes)
    assert found.shape == wanted.shape
    assert found.dtype == dtype
    assert np.abs(found - wanted).max() <= share * np.abs(x).sum(axes).max()


BITS_OF_SUMS = f"""
import hashlib, jax, numpy as np
from chainrule.engine.jax_namespace import JAX
found = hashlib.sha256()
with jax.enable_x64(True):
    for dtype in ("float32", "float64"):
        for shape, axes in {LONG_SUMS}:
            x = np.random.default_rng(0).normal(size=shape).astype(dtype)
            found.update(np.asarray(jax.jit(lambda x: JAX.sum(x, axes))(x)).tobytes())
print(found.hexdigest())
"""


def test_a_long_sum_has_the_same_bits_on_any_number_of_threads():
    found = set()
    for threads in ("1", "2", "4"):
        run = [sys.executable, "-c", BITS_OF_SUMS]
        environment = dict(os.environ, NPROC=threads)
        found.add(subprocess.run(run, env=environment, check=True, capture_output=True).stdout)
    assert len(found) == 1
