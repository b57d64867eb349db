"""Convolution the minimal way: the same numbers as the definition gives."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from chainrule import ops
from chainrule.autodiff import value_and_grad
from chainrule.engine import namespace_of
from chainrule.ops import winograd

PLAIN = {"stride": (1, 1), "dilation": (1, 1), "groups": 1}
CASES = {
    "whole tiles": (2, (4, 8), (3, 3), ((1, 1), (1, 1))),
    "parts of tiles": (3, (5, 7), (3, 3), ((1, 1), (1, 1))),
    "padding of its own": (1, (4, 6), (3, 3), ((0, 0), (2, 1))),
    "one window": (2, (3, 3), (3, 3), ((0, 0), (0, 0))),
    "cut off": (2, (7, 6), (3, 3), ((-1, 1), (0, -1))),
    "5×5": (2, (6, 7), (5, 5), ((2, 2), (2, 2))),
    "3 steps": (3, (9,), (3,), ((1, 1),)),
    "4 steps": (3, (10,), (4,), ((2, 1),)),
    "5 steps": (3, (11,), (5,), ((0, -1),)),
}


def arrays(batch, sizes, kernel, padding, channels=16, filters=18, dtype="float64"):
    random = np.random.default_rng(batch + sum(sizes))
    counts = [
        n + low + high - k + 1 for n, (low, high), k in zip(sizes, padding, kernel, strict=True)
    ]
    shapes = (batch, *sizes, channels), (*kernel, channels, filters), (batch, *counts, filters)
    return [random.normal(size=shape).astype(dtype) for shape in shapes]


def plain(kernel, groups=1):
    """Steps of 1 along as many axes as the window has."""
    one = (1,) * len(kernel)
    return {"stride": one, "dilation": one, "groups": groups}


def definition(x, weight, padding):
    """XLA's own convolution of float64, which no engine of ours uses on a processor."""
    order = ("NHWC", "HWIO", "NHWC") if x.ndim == 4 else ("NWC", "WIO", "NWC")
    one = (1,) * len(padding)
    groups = x.shape[-1] // weight.shape[-2]
    return lax.conv_general_dilated(
        x, weight, one, padding, dimension_numbers=order, feature_group_count=groups
    )


def value_and_gradients(x, weight, arriving, padding):
    """What goes out of our convolution, and what arrives at x and at the weights."""

    def loss(params):
        settings = plain(padding, x.shape[-1] // weight.shape[-2])
        out = ops.convolve(params["x"], params["weight"], padding=padding, **settings)
        return ops.sum(out * arriving), out

    def run(x, weight):
        (_, out), grads = value_and_grad(loss, aux=True)({"x": x, "weight": weight})
        return out, grads["x"], grads["weight"]

    return run(x, weight) if isinstance(x, np.ndarray) else jax.jit(run)(x, weight)


def exact(x, weight, arriving, padding):
    out, back = jax.vjp(lambda *two: definition(*two, padding), x, weight)
    return (out, *back(jnp.asarray(arriving)))


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


@pytest.fixture(params=["numpy", "xla"])
def own(request):
    """Arrays of one engine out of NumPy's."""
    return {"numpy": np.asarray, "xla": jnp.asarray}[request.param]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("chunk", "few"), [(10**9, 0), (1, 0), (10**9, 10**9)])
def test_value_and_gradients_are_those_of_the_definition(case, chunk, few, own, monkeypatch):
    monkeypatch.setattr(winograd, "TILE_NUMBERS", chunk)
    monkeypatch.setattr(winograd, "FEW_TILES", few)
    batch, sizes, kernel, padding = CASES[case]
    assert winograd.suits((*kernel, 16, 18), **plain(kernel))
    x, weight, arriving = arrays(batch, sizes, kernel, padding)
    wanted = exact(x, weight, arriving, padding)
    found = value_and_gradients(own(x), own(weight), own(arriving), padding)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)


@pytest.mark.parametrize("groups", [2, 3])
@pytest.mark.parametrize("case", ["parts of tiles", "4 steps"])
def test_groups_do_not_see_each_other(case, groups, own, monkeypatch):
    monkeypatch.setattr(winograd, "FEWEST", {1: 8, 2: 8})
    batch, sizes, kernel, padding = CASES[case]
    x, weight, arriving = arrays(batch, sizes, kernel, padding, 8 * groups, 9 * groups)
    weight = weight[..., :8, :]
    assert winograd.suits(weight.shape, **plain(kernel, groups))
    found = value_and_gradients(own(x), own(weight), own(arriving), padding)
    for one, other in zip(found, exact(x, weight, arriving, padding), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)


def test_no_images_give_no_results_and_no_gradient(own):
    x, weight, arriving = map(own, arrays(0, (4, 4), (3, 3), ((1, 1), (1, 1))))
    found = winograd.convolve(namespace_of(x), x, weight, ((1, 1), (1, 1)))
    assert found.shape == (0, 4, 4, 18)
    back = winograd.to_weight(namespace_of(x), x, arriving, (3, 3), ((1, 1), (1, 1)))
    np.testing.assert_array_equal(back, np.zeros(weight.shape))


@pytest.mark.parametrize(
    ("sizes", "kernel"), [((14, 14), (3, 3)), ((14, 14), (5, 5)), ((60,), (3,)), ((60,), (5,))]
)
def test_float32_rounds_little_more_than_the_definition(sizes, kernel, own):
    padding = tuple((k // 2, k // 2) for k in kernel)
    x, weight, arriving = arrays(4, sizes, kernel, padding, 64, 64)
    wanted = exact(x, weight, arriving, padding)
    short = [own(array.astype("float32")) for array in (x, weight, arriving)]
    for one, other in zip(value_and_gradients(*short, padding), wanted, strict=True):
        assert str(one.dtype) == "float32"
        assert np.abs(one - other).max() < 1e-5 * np.abs(other).max()


@pytest.mark.parametrize(
    ("weight", "settings"),
    [
        ((3, 3, 15, 64), {}),
        ((3, 3, 64, 15), {}),
        ((3, 1, 64, 64), {}),
        ((7, 7, 64, 64), {}),
        ((3, 7, 64), {"stride": (1,), "dilation": (1,)}),
        ((2, 64, 64), {"stride": (1,), "dilation": (1,)}),
        ((5, 64, 64), {"stride": (1,), "dilation": (2,)}),
        ((3, 3, 64, 64), {"stride": (2, 1)}),
        ((3, 3, 64, 64), {"dilation": (1, 2)}),
        ((3, 3, 16, 64), {"groups": 8}),
    ],
)
def test_other_convolutions_go_their_own_way(weight, settings):
    settings = PLAIN | settings
    assert winograd.suits((3, 3, 16, 16), **PLAIN)
    assert not winograd.suits(weight, **settings)


BITS = """
import hashlib, jax, numpy as np
from chainrule.engine.jax_namespace import JAX
from chainrule.ops import winograd
found = hashlib.sha256()
for sizes, window, channels, filters, groups in (
    ((4, 32, 32), 3, 32, 32, 1), ((9, 14, 14), 3, 32, 64, 1), ((8, 16, 16), 3, 64, 64, 1),
    ((12, 8, 8), 3, 128, 128, 1), ((4, 14, 14), 5, 32, 32, 1), ((8, 500), 5, 64, 64, 1),
    ((3, 251), 5, 64, 64, 1), ((2, 100), 3, 256, 256, 1), ((8, 16, 16), 3, 64, 64, 4),
):
    random = np.random.default_rng(sizes[0])
    kernel = (window,) * (len(sizes) - 1)
    around = tuple((k // 2, k // 2) for k in kernel)
    shapes = (*sizes, channels), (*kernel, channels // groups, filters), (*sizes, filters)
    x, w, c = (random.normal(size=shape).astype("float32") for shape in shapes)
    out = jax.jit(lambda a, b: winograd.convolve(JAX, a, b, around, groups))(x, w)
    back = jax.jit(lambda a, b: winograd.to_weight(JAX, a, b, kernel, around, groups))(x, c)
    found.update(np.asarray(out).tobytes() + np.asarray(back).tobytes())
print(found.hexdigest())
"""


def test_bits_do_not_depend_on_the_number_of_threads():
    found = set()
    for threads in ("1", "2", "4"):
        env = dict(os.environ, NPROC=threads, OPENBLAS_NUM_THREADS=threads)
        run = [sys.executable, "-c", BITS]
        found.add(subprocess.run(run, env=env, check=True, capture_output=True).stdout)
    assert len(found) == 1
