"""What every layer promises: shapes told in advance, dtype kept, state like the state given."""

import numpy as np
import pytest

from chainrule import nn, ops
from chainrule.autodiff import describe, hyper_values, leaves, program_key, tree_map
from tests.nn.samples import LAYERS, SAMPLES, cases, shapes_of

POINTWISE = [
    name for name in LAYERS if name.lower() in {a.replace("_", "") for a in nn.ACTIVATIONS}
]


def run(case, dtype="float64", training=True):
    def as_float(x):
        return x.astype(dtype) if x.dtype.kind == "f" else x

    params, state, x = (tree_map(as_float, tree) for tree in (case.params, case.state, case.x))
    context = case.context if training else nn.Context()
    out, new_state = case.layer.apply(params, state, x, context)
    return out, new_state, state


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_says_what_it_does(name):
    assert LAYERS[name].__doc__
    assert not LAYERS[name].__doc__.startswith(f"{name}(")


@pytest.mark.parametrize("name", LAYERS)
def test_the_shape_told_by_init_is_the_shape_of_the_output(name):
    for case in cases(name):
        batch = len(leaves(case.x)[0])
        expected = [(batch, *shape) for shape in shapes_of(case.out_shape)]
        assert [out.shape for out in leaves(run(case)[0])] == expected, case.name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_dtype_and_state_are_kept(name, dtype, training):
    for case in cases(name):
        out, new_state, state = run(case, dtype, training)
        assert all(one.dtype == dtype for one in leaves(out)), case.name
        assert describe(new_state) == describe(state), case.name


@pytest.mark.parametrize("name", LAYERS)
def test_parameters_start_in_float32_and_depend_on_the_key_alone(name):
    sample = SAMPLES[name]
    for shape in sample.shapes:
        made = [sample.layers[0].init(ops.key_from_seed(seed), shape)[0] for seed in (1, 1, 2)]
        assert all(x.dtype == "float32" for x in leaves(made[0]))
        for one, again in zip(leaves(made[0]), leaves(made[1]), strict=True):
            assert one.tobytes() == again.tobytes()
        drawn = [len(np.unique(x)) > 2 for x in leaves(made[0])]  # ForgetBias has two numbers
        for one, other, random in zip(leaves(made[0]), leaves(made[2]), drawn, strict=True):
            assert not random or one.tobytes() != other.tobytes()


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_equal_descriptions_that_can_be_keys(name):
    for layer in SAMPLES[name].layers:
        assert hash(program_key(layer)) == hash(program_key(layer))
        assert program_key(layer) == program_key(layer)
    assert nn.Dense(3) == nn.Dense(3) != nn.Dense(4)


def test_a_rate_is_no_part_of_the_structure_unless_it_is_zero():
    assert (
        program_key(nn.Dropout(0.2)) == program_key(nn.Dropout(0.7)) != program_key(nn.Dropout(0.0))
    )
    assert program_key(nn.LeakyReLU(0.1)) == program_key(nn.LeakyReLU(1.5))
    assert hyper_values(nn.Dropout(0.0)) == {}


@pytest.mark.parametrize("name", POINTWISE)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activations_stay_finite_far_out(name, dtype):
    from chainrule.autodiff import value_and_grad

    layer = LAYERS[name]()
    x = np.array([[-1e4, -88.0, -1.0, 0.0, 1.0, 88.0, 1e4]], dtype)
    value, grad = value_and_grad(lambda x: ops.sum(layer.apply({}, {}, x, nn.Context())[0] * 1e-3))(
        x
    )
    assert np.isfinite(value)
    assert np.isfinite(grad).all()
    assert grad.dtype == dtype


def test_all_activations_are_counted():
    assert set(POINTWISE) == {layer.__name__ for layer in nn.ACTIVATIONS.values()}
    assert len(POINTWISE) == 12
