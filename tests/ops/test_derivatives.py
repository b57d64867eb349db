"""Every primitive of the registry has a right derivative: three oracles, and what must hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.autodiff import PRIMITIVES
from tests.ops.oracles import (
    DIFFERENTIABLE,
    FLAT,
    by_jax,
    check_derivative,
    compiled,
    cotangents,
    fixed_cases,
    floats,
    gradient,
    outputs_of,
)
from tests.ops.samples import SAMPLES, Case

WITH_FORMULA = [name for name in PRIMITIVES if name in SAMPLES and SAMPLES[name].reference]
NO_FORMULA = {"fold_in", "random_uniform", "random_normal", "random_part"}


def test_every_primitive_has_a_sample_and_a_formula_to_compare_with():
    assert set(PRIMITIVES) == set(SAMPLES)
    assert set(SAMPLES) - set(WITH_FORMULA) == NO_FORMULA


@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_primitive_says_what_it_computes_and_how_it_changes(name):
    primitive = PRIMITIVES[name]
    assert primitive.__doc__
    assert primitive.formula
    assert (primitive.vjp is None) == (primitive.derivative in {"none", "0"})


def differences_agree(name, r):
    check_derivative(name, SAMPLES[name].make(r))


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(r=st.randoms(use_true_random=False))
def test_rules_agree_with_differences(name, r):
    differences_agree(name, r)


@pytest.mark.long
@pytest.mark.parametrize("name", DIFFERENTIABLE)
@settings(max_examples=1000, deadline=None)
@given(r=st.randoms(use_true_random=False))
def test_rules_agree_with_differences_on_many_shapes(name, r):
    differences_agree(name, r)


@pytest.mark.parametrize("name", FLAT)
def test_primitives_without_a_rule_pass_nothing_back(name):
    for case in fixed_cases(name):
        for grad, x in zip(gradient(name, case), floats(case), strict=True):
            assert grad.shape == x.shape
            assert not grad.any()


@pytest.mark.parametrize("name", WITH_FORMULA)
def test_values_and_rules_agree_with_another_formula_and_jax_grad(name):
    cases = fixed_cases(name)
    expected = compiled([by_jax(name, case) for case in cases], [floats(case) for case in cases])
    for case, (outputs, grads) in zip(cases, expected, strict=True):
        ours = outputs_of(SAMPLES[name].run(name), case, floats(case))
        compare(ours, outputs, rtol=1e-12)
        compare(gradient(name, case), grads, rtol=1e-10)


def compare(ours, theirs, rtol):
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol / 100)


def single(case: Case) -> Case:
    arrays = tuple(x.astype("float32") if x.dtype == "float64" else x for x in case.arrays)
    static = {k: "float32" if k == "dtype" else v for k, v in case.static.items()}
    return Case(arrays, static)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_float32_stays_float32_forward_and_back(name):
    for case in fixed_cases(name):
        small = single(case)
        outputs = outputs_of(SAMPLES[name].run(name), small, floats(small))
        assert all(out.dtype != "float64" for out in outputs)
        for grad, exact in zip(gradient(name, small), gradient(name, case), strict=True):
            assert grad.dtype == "float32"
            np.testing.assert_allclose(grad, exact, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_rules_are_linear_in_the_cotangent(name):
    """The gradient for c1 + 2·c2 is the gradient for c1 plus twice that for c2."""
    for case in fixed_cases(name, 5):
        outputs = outputs_of(SAMPLES[name].run(name), case, floats(case))
        first, second = cotangents(outputs, seed=1), cotangents(outputs, seed=2)
        both = [a + 2 * b for a, b in zip(first, second, strict=True)]
        parts = [gradient(name, case, c) for c in (first, second, both)]
        for one, two, three in zip(*parts, strict=True):
            np.testing.assert_allclose(three, one + 2 * two, rtol=1e-12, atol=1e-12)
