"""Dropout and the normalizations: what they do in training, and what they leave for prediction."""

import numpy as np
import pytest

from chainrule import nn, ops
from chainrule.autodiff import value_and_grad
from chainrule.errors import SettingError

KEY = ops.key_from_seed(11)


def training(path=(0,), weight=None, key=KEY):
    return nn.Context(training=True, key=key, path=path, weight=weight)


def drop(rate, context, size=20_000):
    return nn.Dropout(rate).apply({}, {}, np.ones((size // 10, 10)), context)[0]


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_its_share_and_the_mean(rate):
    out = drop(rate, training())
    kept = 1 / (1 - rate)
    assert np.allclose(out[out != 0], kept)
    spread = np.sqrt(rate * (1 - rate) / out.size)
    assert abs((out == 0).mean() - rate) < 4 * spread
    assert abs(out.mean() - 1) < 4 * spread * kept


def test_dropout_leaves_prediction_alone():
    assert (drop(0.5, nn.Context()) == 1).all()
    assert (drop(0.0, training()) == 1).all()


def test_dropout_draws_anew_at_every_place_and_step():
    masks = [drop(0.5, training(path)) != 0 for path in ((0, 1), (0, 2), (1, 1), (1, 2))]
    for i, one in enumerate(masks):
        for other in masks[:i]:
            assert abs((one == other).mean() - 0.5) < 0.02
    assert (drop(0.5, training((3,))) == drop(0.5, training((3,)))).all()


def test_what_dropout_drops_gets_no_gradient():
    x = np.full((4, 5), 2.0)
    layer = nn.Dropout(0.5)
    out = layer.apply({}, {}, x, training())[0]
    grad = value_and_grad(lambda x: ops.sum(layer.apply({}, {}, x, training())[0]))(x)[1]
    assert ((grad == 0) == (out == 0)).all()
    assert (grad[out != 0] == 2).all()


def normalize(x, weight=None, state=None, **settings):
    layer = nn.BatchNorm(**settings)
    params, first, _ = layer.init(KEY, x.shape[1:])
    return layer.apply(params, state or first, x, training(weight=weight))


@pytest.mark.parametrize("shape", [(50, 3), (20, 4, 3)])
def test_batch_norm_brings_each_feature_to_mean_0_and_variance_1(shape):
    x = np.random.default_rng(0).normal(5, 3, shape)
    out, state = normalize(x, epsilon=0.0)
    axes = tuple(range(len(shape) - 1))
    np.testing.assert_allclose(out.mean(axes), 0, atol=1e-12)
    np.testing.assert_allclose(out.var(axes), 1, rtol=1e-12)
    np.testing.assert_allclose(state["mean"], 0.1 * x.mean(axes))
    np.testing.assert_allclose(state["variance"], 0.9 + 0.1 * x.var(axes))


@pytest.mark.parametrize("shape", [(6, 2), (6, 3, 2)])
def test_batch_norm_does_not_see_examples_of_weight_0(shape):
    x = np.random.default_rng(1).normal(size=shape)
    weight = np.array([0.25, 0.25, 0.25, 0.25, 0, 0])
    padded, state = normalize(x, weight)
    real, real_state = normalize(x[:4])
    np.testing.assert_allclose(padded[:4], real, rtol=1e-12)
    for name in state:
        np.testing.assert_allclose(state[name], real_state[name], rtol=1e-12)


def test_batch_norm_counts_a_row_of_double_weight_twice():
    x = np.random.default_rng(2).normal(size=(3, 2))
    weighted, state = normalize(x, np.array([0.5, 0.25, 0.25]))
    twice, twice_state = normalize(x[[0, 0, 1, 2]])
    np.testing.assert_allclose(weighted, twice[1:], rtol=1e-12)
    np.testing.assert_allclose(state["variance"], twice_state["variance"], rtol=1e-12)


def test_batch_norm_learns_no_statistics_from_a_batch_of_weight_0():
    x = np.random.default_rng(3).normal(4, 2, (5, 2))
    before = {"mean": np.array([4.0, 4.0]), "variance": np.array([4.0, 4.0])}
    out, state = normalize(x, np.zeros(5), before)
    assert np.isfinite(out).all()
    for name in before:
        np.testing.assert_array_equal(state[name], before[name])


def test_batch_norm_predicts_with_its_running_statistics():
    layer = nn.BatchNorm(epsilon=0.0)
    params, _, _ = layer.init(KEY, (2,))
    state = {"mean": np.array([1.0, 2.0]), "variance": np.array([4.0, 9.0])}
    out, after = layer.apply(params, state, np.array([[3.0, 8.0]]), nn.Context())
    assert out.tolist() == [[1.0, 2.0]]
    assert after is state


@pytest.mark.parametrize("shape", [(4, 5), (4, 3, 5)])
def test_layer_norm_looks_at_one_example_alone(shape):
    x = np.random.default_rng(4).normal(3, 2, shape)
    layer = nn.LayerNorm(epsilon=0.0)
    params, state, _ = layer.init(KEY, shape[1:])
    out = layer.apply(params, state, x, nn.Context())[0]
    np.testing.assert_allclose(out.mean(-1), 0, atol=1e-12)
    np.testing.assert_allclose(out.var(-1), 1, rtol=1e-12)
    alone = layer.apply(params, state, x[:1], nn.Context())[0]
    np.testing.assert_array_equal(out[:1], alone)


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, float("nan")])
def test_impossible_rates_are_refused(rate):
    with pytest.raises(SettingError, match=r"Dropout.*rate"):
        nn.Dropout(rate)
    with pytest.raises(SettingError, match=r"momentum"):
        nn.BatchNorm(momentum=rate)
