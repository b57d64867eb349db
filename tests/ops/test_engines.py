"""Both engines give every primitive's value and derivative alike: NumPy, and XLA inside a jit."""

import jax
import numpy as np
import pytest

from chainrule.autodiff import PRIMITIVES
from chainrule.engine.device_convolution import DeviceConvolution
from chainrule.engine.jax_namespace import JAX
from tests.ops.oracles import compiled, fixed_cases, floats, gradient, outputs_of
from tests.ops.samples import SAMPLES, Case


def value_and_gradient(name, case):
    def run(arrays):
        given = Case(tuple(arrays), case.static)
        return outputs_of(SAMPLES[name].run(name), given, floats(given)), gradient(name, given)

    return run


def check_engines(name, cases):
    runs = [value_and_gradient(name, case) for case in cases]
    by_xla = compiled(runs, [case.arrays for case in cases])
    for run, case, got in zip(runs, cases, by_xla, strict=True):
        expected = run(case.arrays)
        for one, other in zip(jax.tree.leaves(expected), jax.tree.leaves(got), strict=True):
            assert (one.shape, one.dtype) == (other.shape, other.dtype)
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_engines_agree_on_values_and_derivatives(name):
    check_engines(name, fixed_cases(name, 6))


@pytest.mark.parametrize("name", ["convolve", "transposed_convolve"])
def test_a_device_with_a_convolution_of_its_own_agrees_on_values_and_derivatives(name, monkeypatch):
    calls = []

    class Watched(DeviceConvolution):
        def convolve(self, *given):
            calls.append("convolve")
            return super().convolve(*given)

        def to_weight(self, *given):
            calls.append("to_weight")
            return super().to_weight(*given)

    monkeypatch.setattr(JAX, "own_convolution", Watched)
    check_engines(name, fixed_cases(name, 40))
    assert {"convolve", "to_weight"} == set(calls)
