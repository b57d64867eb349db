"""The two engines check each other: 50 steps of every layer, loss, optimizer and schedule."""

import numpy as np
import pytest

from chainrule import losses, nn, optim
from chainrule.autodiff import leaves
from tests import loss_samples
from tests.nn.samples import offered
from tests.training.problems import PROBLEMS, parts


def test_the_problems_have_everything_in_them():
    used = set()
    for problem in PROBLEMS.values():
        used |= parts(problem.layers) | parts(losses.as_loss(problem.loss))
        used |= parts(optim.as_optimizer(problem.optimizer))
    used |= {"Network"}
    assert set(offered(nn, "init", "apply")) <= used
    assert set(loss_samples.CLASSES) <= used
    assert {value.__name__ for value in optim.OPTIMIZERS.values()} <= used
    assert set(offered(optim, "rates")) <= used


def both(name, **changed):
    return [PROBLEMS[name].fit(engine=engine, **changed) for engine in ("numpy", "xla")]


@pytest.mark.parametrize("name", PROBLEMS)
def test_fifty_steps_in_double_precision_give_the_same_parameters(name):
    one, other = both(name, dtype="float64")
    assert one.card["steps"] == other.card["steps"] >= 40
    for ours, theirs in zip(
        leaves((one.params, one.state)), leaves((other.params, other.state)), strict=True
    ):
        assert ours.dtype == theirs.dtype == "float64"
        size = np.abs(ours).max(initial=1e-3)
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10 * size)
    for measure, values in one.history.items():
        np.testing.assert_allclose(values, other.history[measure], rtol=1e-10, err_msg=measure)


@pytest.mark.parametrize("name", PROBLEMS)
def test_fifty_steps_in_single_precision_give_the_same_losses(name):
    one, other = both(name)
    for measure, values in one.history.items():
        np.testing.assert_allclose(
            values, other.history[measure], rtol=1e-3, atol=1e-6, err_msg=measure
        )
    assert all(x.dtype == "float32" for x in leaves(other.params))


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_first_gradients_in_single_precision_agree(name):
    """One step so long that the parameters are the gradients, times -1024."""
    long_step = {"optimizer": optim.GradientDescent(1024), "epochs": 1, "batch_size": None}
    one, other = both(name, **long_step)
    for ours, theirs in zip(leaves(one.params), leaves(other.params), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5 * np.abs(ours).max())
