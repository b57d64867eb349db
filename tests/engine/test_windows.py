"""Convolutions out of columns and of places: the numbers of XLA's own, which no CPU engine uses."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from chainrule.engine import NUMPY, convolve_padded, interleaved, windows
from chainrule.engine.jax_namespace import JAX

XPS = {"numpy": NUMPY, "xla": JAX}
CASES = {
    "one channel": ((2, 7, 6, 1), (3, 3, 1, 5), {}),
    "thin": ((2, 7, 6, 4), (3, 2, 4, 5), {"stride": (2, 1)}),
    "columns": ((2, 7, 6, 7), (3, 2, 7, 5), {"dilation": (1, 2)}),
    "1×1": ((2, 5, 6, 3), (1, 1, 3, 4), {}),
    "groups": ((2, 7, 6, 6), (2, 3, 3, 4), {"groups": 2}),
    "depthwise": ((2, 7, 6, 5), (3, 3, 1, 5), {"groups": 5, "stride": (1, 2)}),
    "several filters for each channel": ((2, 7, 6, 4), (3, 3, 1, 12), {"groups": 4}),
    "sequence": ((3, 9, 2), (4, 2, 3), {"stride": (2,)}),
    "sequence, depthwise": ((3, 9, 4), (4, 1, 8), {"groups": 4, "dilation": (2,)}),
    "no examples": ((0, 7, 6, 2), (3, 3, 2, 4), {}),
}


def settings(kernel, given):
    one = (1,) * (len(kernel) - 2)
    return {"stride": one, "dilation": one, "groups": 1} | given


@pytest.mark.parametrize("name", XPS)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("fused", [0, 36])
def test_both_ways_give_what_xla_gives(name, case, fused, monkeypatch):
    monkeypatch.setattr(windows, "FUSED", fused)
    shape, kernel, given = CASES[case]
    given = settings(kernel, given)
    random = np.random.default_rng(0)
    x, weight = random.normal(size=shape), random.normal(size=kernel)
    with jax.enable_x64(True):
        own = {"numpy": np.asarray, "xla": jnp.asarray}[name]
        found = convolve_padded(XPS[name], own(x), own(weight), **given)
        order = ("NHWC", "HWIO", "NHWC") if len(kernel) == 4 else ("NWC", "WIO", "NWC")
        wanted = lax.conv_general_dilated(
            x, weight, given["stride"], "VALID", rhs_dilation=given["dilation"],
            dimension_numbers=order, feature_group_count=given["groups"],
        )  # fmt: skip
        np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize("name", XPS)
@pytest.mark.parametrize(
    "case", [case for case, (*_, given) in CASES.items() if "groups" not in given]
)
def test_windows_below_each_other_are_the_rows_turned(name, case):
    shape, kernel, given = CASES[case]
    given = settings(kernel, given)
    x, steps = np.random.default_rng(0).normal(size=shape), (given["stride"], given["dilation"])
    rows = windows.columns(NUMPY, x, kernel[:-2], *steps)[0]
    with jax.enable_x64(True):
        found = windows.columns_below(XPS[name], XPS[name].asarray(x), kernel[:-2], *steps)
        np.testing.assert_array_equal(found, rows.T)


@pytest.mark.parametrize("name", XPS)
def test_padding_may_cut_off_more_than_there_is(name):
    xp = XPS[name]
    for n, low, high in itertools.product([1, 2, 3], range(-6, 7), range(-6, 7)):
        if n + low + high < 0:
            continue
        x = np.arange(1.0, n + 1)
        far = np.pad(x, (9, 9), constant_values=7)
        wanted = far[9 - low : 9 + n + high]
        for shape, widths in (((1, n, 1), ((low, high),)), ((1, n, 1, 1), ((low, high), (0, 0)))):
            found = windows.padded(xp, xp.asarray(x.reshape(shape)), widths, 7.0)
            assert np.ravel(found).tolist() == wanted.tolist(), (n, low, high)


@pytest.mark.parametrize("name", XPS)
def test_interleaved_puts_every_piece_into_its_place(name):
    tile = np.arange(2 * 3 * 4 * 6).reshape(2, 3 * 2, 4 * 3 // 2, 2)
    pieces = [XPS[name].asarray(tile[:, i::2, j::3]) for i in range(2) for j in range(3)]
    np.testing.assert_array_equal(interleaved(XPS[name], pieces, (2, 3)), tile)
