"""Losses: values worked by hand, their docstrings' claims, and far ends that stay finite."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import losses, ops
from chainrule.autodiff import value_and_grad
from chainrule.errors import SettingError, ShapeError
from tests import loss_samples


def column(*values):
    return np.array(values, "float64")[:, None]


@pytest.mark.parametrize(
    ("loss", "targets", "outputs", "expected"),
    [
        (losses.MeanSquaredError(), [[1, 2]], [[3, 2.5]], [(4 + 0.25) / 2]),
        (losses.MeanAbsoluteError(), [[1, 2]], [[3, 2.5]], [(2 + 0.5) / 2]),
        (losses.Huber(), [[0], [0], [0]], [[0.5], [-1], [3]], [0.125, 0.5, 2.5]),
        (losses.Huber(2.0), [[0], [0]], [[-1], [-3]], [0.5, 2 * (3 - 1)]),
        (losses.BinaryCrossEntropy(), [[1], [0]], [[0], [0]], [np.log(2), np.log(2)]),
        (losses.BinaryCrossEntropy(), [[0.25]], [[np.log(3)]], [np.log(4) - 0.25 * np.log(3)]),
        (losses.CrossEntropy(), [[0, 1, 0]], [[0, 0, 0]], [np.log(3)]),
        (losses.CrossEntropy(), [[0.5, 0.5]], [[np.log(3), 0]], [np.log(4) - 0.5 * np.log(3)]),
        (losses.PerceptronCriterion(), [[1], [1], [-1]], [[-2], [3], [0.5]], [2, 0, 0.5]),
        (losses.Hinge(), [[1], [1], [-1]], [[0.25], [3], [0.5]], [0.75, 0, 1.5]),
    ],
)
def test_values_worked_by_hand(loss, targets, outputs, expected):
    found = loss(np.array(targets, "float64"), np.array(outputs, "float64"))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("name", loss_samples.SAMPLES)
def test_a_loss_is_one_number_an_example_and_keeps_the_dtype(name):
    random = np.random.default_rng(3)
    for loss, make in loss_samples.SAMPLES[name].cases():
        for dtype in ("float32", "float64"):
            targets = make(random, 5, 3)
            targets = targets.astype(dtype) if targets.dtype.kind == "f" else targets
            found = loss(targets, random.normal(size=(5, 3)).astype(dtype))
            assert found.shape == (5,)
            assert found.dtype == dtype
            assert loss.targets in ("numbers", "classes", "binary", "signs")


@pytest.mark.parametrize("name", loss_samples.SAMPLES)
def test_an_example_does_not_depend_on_its_neighbours(name):
    random = np.random.default_rng(4)
    for loss, make in loss_samples.SAMPLES[name].cases():
        targets, outputs = make(random, 4, 3), random.normal(size=(4, 3))
        order = [2, 0, 3, 1]
        np.testing.assert_array_equal(
            loss(targets, outputs)[order], loss(targets[order], outputs[order])
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", loss_samples.SAMPLES)
def test_losses_and_gradients_stay_finite_far_out(name, dtype):
    outputs = np.array([[-1e4, 1e4, 0.0], [1e4, 1e4, 1e4], [-1e4, -1e4, -1e4]], dtype)
    random = np.random.default_rng(5)
    for loss, make in loss_samples.SAMPLES[name].cases():
        targets = make(random, 3, 3)
        targets = targets.astype(dtype) if targets.dtype.kind == "f" else targets
        value, grad = value_and_grad(lambda z, y, loss=loss: ops.mean(loss(y, z)))(outputs, targets)
        assert np.isfinite(value)
        assert np.isfinite(grad).all()


def test_integer_one_hot_and_soft_labels_agree():
    logits = np.random.default_rng(6).normal(size=(4, 3))
    labels = np.array([0, 2, 1, 2], "int32")
    for loss in (losses.CrossEntropy(), losses.CrossEntropy(0.2)):
        np.testing.assert_allclose(loss(labels, logits), loss(np.eye(3)[labels], logits))


def test_label_smoothing_spreads_a_share_of_the_target():
    logits = np.random.default_rng(7).normal(size=(4, 3))
    hot = np.eye(3)[[0, 2, 1, 2]]
    smoothed = 0.7 * hot + 0.3 / 3
    np.testing.assert_allclose(
        losses.CrossEntropy(0.3)(hot, logits), losses.CrossEntropy()(smoothed, logits)
    )


def test_huber_meets_half_the_squared_error_inside_and_a_line_outside():
    r = np.linspace(-1, 1, 9)[:, None]
    zero = np.zeros_like(r)
    half = losses.MeanSquaredError()(zero, r) / 2
    np.testing.assert_allclose(losses.Huber(1.0)(zero, r), half)
    slope = value_and_grad(lambda z: ops.sum(losses.Huber(0.5)(column(0, 0), z)))(column(7, -9))[1]
    assert slope.tolist() == [[0.5], [-0.5]]


def test_at_zero_a_target_of_1_is_a_mistake_and_a_target_of_0_is_not():
    loss = losses.PerceptronCriterion()
    grad = value_and_grad(lambda z: ops.sum(loss(column(1, -1), z)))(column(0, 0))[1]
    assert grad.tolist() == [[-1], [0]]


def test_names_stand_for_losses_with_their_default_settings():
    for name, kind in losses.LOSSES.items():
        assert losses.as_loss(name) == kind()
    assert losses.as_loss(losses.Huber(3.0)) == losses.Huber(3.0)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_loss_of_ones_own_is_a_function(engine):
    def squared(targets, outputs):
        return (outputs[:, 0] - targets[:, 0]) ** 2

    X = np.random.default_rng(8).normal(size=(20, 2))
    fits = [
        cr.fit(cr.Network([cr.nn.Dense(1)]), X, X[:, 0], loss=loss, epochs=3, engine=engine,
               batch_size=5)
        for loss in (squared, "mse")
    ]  # fmt: skip
    for one, other in zip(fits[0].params[0].values(), fits[1].params[0].values(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: losses.as_loss("msse"), ["'msse'", "'mse'", "huber"]),
        (lambda: losses.as_loss("crossentropy"), ["'cross_entropy'"]),
        (lambda: losses.as_loss(3), ["loss=3", "'mse'", "Huber"]),
        (lambda: losses.as_loss(losses.Huber), ["Huber", "not a loss"]),
        (lambda: losses.Huber(0.0), ["Huber(0.0)", "above 0"]),
        (lambda: losses.Huber(float("nan")), ["above 0"]),
        (lambda: losses.CrossEntropy(1.0), ["label_smoothing", "1.0", "[0, 1)"]),
        (lambda: losses.CrossEntropy(-0.1), ["label_smoothing", "-0.1"]),
    ],
)
def test_losses_that_cannot_be_are_refused(make, words):
    with pytest.raises(SettingError) as caught:
        make()
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize("name", loss_samples.SAMPLES)
def test_shapes_that_do_not_fit_name_both(name):
    for loss in loss_samples.SAMPLES[name].losses:
        with pytest.raises(ShapeError) as caught:
            loss(np.zeros((4, 2)), np.zeros((4, 3)))
        assert "(4, 2)" in str(caught.value)
        assert "(4, 3)" in str(caught.value)
