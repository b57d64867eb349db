"""Convolution by 3×3 windows the minimal way: the same numbers as the definition gives."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import ops
from chainrule.autodiff import value_and_grad
from chainrule.engine import NUMPY, namespace_of
from chainrule.ops import winograd
from tests.ops.samples import convolved

PLAIN = {"stride": (1, 1), "dilation": (1, 1), "groups": 1}
CASES = {
    "even": (2, (6, 8), ((1, 1), (1, 1))),
    "odd": (3, (5, 7), ((1, 1), (1, 1))),
    "odd and even": (1, (4, 5), ((0, 0), (2, 1))),
    "one window": (2, (3, 3), ((0, 0), (0, 0))),
    "cut off": (2, (7, 6), ((-1, 1), (0, -1))),
}


def arrays(batch, sizes, padding, channels=16, filters=18, dtype="float64"):
    random = np.random.default_rng(batch + sum(sizes))
    counts = [n + low + high - 2 for n, (low, high) in zip(sizes, padding, strict=True)]
    shapes = (batch, *sizes, channels), (3, 3, channels, filters), (batch, *counts, filters)
    return [random.normal(size=shape).astype(dtype) for shape in shapes]


def definition(x, weight, padding):
    kept = [slice(max(0, -low), n - max(0, -high))
            for n, (low, high) in zip(x.shape[1:3], padding, strict=True)]  # fmt: skip
    grown = tuple((max(0, low), max(0, high)) for low, high in padding)
    return convolved(x[:, kept[0], kept[1]], weight, padding=grown, **PLAIN)


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


@pytest.fixture(params=["numpy", "xla"])
def own(request):
    """Arrays of one engine out of NumPy's."""
    return {"numpy": np.asarray, "xla": jnp.asarray}[request.param]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("chunk", [10**9, 1])
def test_value_and_gradients_are_those_of_the_definition(case, chunk, own, monkeypatch):
    monkeypatch.setattr(winograd, "TILE_NUMBERS", chunk)
    batch, sizes, padding = CASES[case]
    x, weight, arriving = arrays(batch, sizes, padding)
    expected, back = jax.vjp(lambda *a: definition(*a, padding), x, weight)

    def loss(params):
        out = ops.convolve(params["x"], params["weight"], padding=padding, **PLAIN)
        return ops.sum(out * own(arriving)), out

    (_, out), grads = value_and_grad(loss, aux=True)({"x": own(x), "weight": own(weight)})
    np.testing.assert_allclose(out, expected, atol=1e-12)
    for name, wanted in zip(("x", "weight"), back(jnp.asarray(arriving)), strict=True):
        np.testing.assert_allclose(grads[name], wanted, atol=1e-11)


def test_no_images_give_no_results_and_no_gradient(own):
    x, weight, arriving = map(own, arrays(0, (4, 4), ((1, 1), (1, 1))))
    found = winograd.convolve(namespace_of(x), x, weight, ((1, 1), (1, 1)))
    assert found.shape == (0, 4, 4, 18)
    back = winograd.to_weight(namespace_of(x), x, arriving, ((1, 1), (1, 1)))
    np.testing.assert_array_equal(back, np.zeros(weight.shape))


def test_float32_rounds_hardly_more_than_the_definition(own):
    x, weight, _ = arrays(4, (14, 14), ((1, 1), (1, 1)), 64, 64)
    exact = np.asarray(definition(x, weight, ((1, 1), (1, 1))))
    x, weight = own(x.astype("float32")), own(weight.astype("float32"))
    found = ops.convolve(x, weight, padding=((1, 1), (1, 1)), **PLAIN)
    assert str(found.dtype) == "float32"
    assert np.abs(found - exact).max() < 4e-6 * np.abs(exact).max()


@pytest.mark.parametrize(
    ("weight", "settings"),
    [
        ((3, 3, 15, 64), {}),
        ((3, 3, 64, 15), {}),
        ((3, 1, 64, 64), {}),
        ((5, 5, 64, 64), {}),
        ((3, 64, 64), {"stride": (1,), "dilation": (1,)}),
        ((3, 3, 64, 64), {"stride": (2, 1)}),
        ((3, 3, 64, 64), {"dilation": (1, 2)}),
        ((3, 3, 64, 64), {"groups": 2}),
    ],
)
def test_other_convolutions_go_their_own_way(weight, settings):
    settings = PLAIN | settings
    assert winograd.suits(NUMPY, (3, 3, 16, 16), **PLAIN)
    assert not winograd.suits(NUMPY, weight, **settings)


BITS = """
import hashlib, jax, numpy as np
from chainrule.engine.jax_namespace import JAX
from chainrule.ops import winograd
found = hashlib.sha256()
for batch, size, channels, filters in (
    (4, 32, 32, 32), (9, 14, 32, 64), (8, 16, 64, 64), (12, 8, 128, 128)
):
    random = np.random.default_rng(size)
    shapes = (batch, size, size, channels), (3, 3, channels, filters), (batch, size, size, filters)
    x, w, c = (random.normal(size=shape).astype("float32") for shape in shapes)
    for two, way in ((w, winograd.convolve), (c, winograd.to_weight)):
        out = jax.jit(lambda a, b: way(JAX, a, b, ((1, 1), (1, 1))))(x, two)
        found.update(np.asarray(out).tobytes())
print(found.hexdigest())
"""


def test_bits_do_not_depend_on_the_number_of_threads():
    found = set()
    for threads in ("1", "2", "4"):
        env = dict(os.environ, NPROC=threads, OPENBLAS_NUM_THREADS=threads)
        run = [sys.executable, "-c", BITS]
        found.add(subprocess.run(run, env=env, check=True, capture_output=True).stdout)
    assert len(found) == 1
