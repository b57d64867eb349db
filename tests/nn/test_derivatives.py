"""Every layer under every loss: gradients by the tape against differences and against jax.grad."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import losses, nn, ops
from chainrule.autodiff import check_gradients, leaves, value_and_grad
from tests import loss_samples
from tests.nn.samples import LAYERS, SAMPLES, Case, cases, dense, shapes_of

PAIRS = [(layer, loss) for layer in LAYERS for loss in loss_samples.CLASSES]
OUTPUTS = 2


def test_every_layer_has_a_sample():
    assert set(LAYERS) == set(SAMPLES)


def test_every_loss_has_a_sample_and_a_name():
    assert set(loss_samples.CLASSES) == set(loss_samples.SAMPLES)
    assert set(losses.LOSSES.values()) == set(loss_samples.CLASSES.values())


class Problem:
    """The loss of a layer with a Dense layer behind it, which gives it two outputs."""

    def __init__(self, case: Case, loss, make_targets):
        random = np.random.default_rng(1)
        self.case, self.loss = case, loss
        self.batch = len(leaves(case.x)[0])
        features = sum(int(np.prod(shape)) for shape in shapes_of(case.out_shape))
        self.head = {
            "weight": random.normal(size=(features, OUTPUTS)) * min(1, (6 / features) ** 0.5),
            "bias": random.normal(size=OUTPUTS),
        }
        self.targets = make_targets(random, self.batch, OUTPUTS)
        self.share = random.dirichlet(np.ones(self.batch))
        floats = isinstance(case.x, np.ndarray) and case.x.dtype.kind == "f"
        self.point = {"own": case.params, "head": self.head, **({"x": case.x} if floats else {})}

    def value(self, point, targets, share):
        """Written with chainrule's layers."""
        x = point.get("x", self.case.x)
        out, _ = self.case.layer.apply(point["own"], self.case.state, x, self.case.context)
        flat = ops.concatenate([ops.reshape(one, shape=(self.batch, -1)) for one in leaves(out)])
        outputs, _ = nn.Dense(OUTPUTS).apply(point["head"], {}, flat, nn.Context())
        return ops.dot(self.loss(targets, outputs), share)

    def formula(self, point):
        """Written in jax.numpy, with nothing of chainrule in it."""
        hidden = self.case.formula(point["own"], point.get("x", self.case.x))
        flat = jnp.concatenate([one.reshape(self.batch, -1) for one in leaves(hidden)], -1)
        outputs = dense(nn.Dense(OUTPUTS), point["head"], flat)
        sample = loss_samples.SAMPLES[type(self.loss).__name__]
        return jnp.dot(sample.formula(self.loss, jnp.asarray(self.targets), outputs), self.share)


def problems(layer, loss):
    """Every case of the layer and every case of the loss at least once."""
    of_layer, of_loss = cases(layer), loss_samples.SAMPLES[loss].cases()
    count = max(len(of_layer), len(of_loss))
    return [
        Problem(of_layer[i % len(of_layer)], *of_loss[(i + i // len(of_layer)) % len(of_loss)])
        for i in range(count)
    ]


@pytest.mark.parametrize(("layer", "loss"), PAIRS)
def test_gradients_agree_with_differences(layer, loss):
    for problem in problems(layer, loss):
        check_gradients(
            problem.value, problem.point, problem.targets, problem.share, tolerance=1e-6
        )


def jax_grad_agrees(every):
    """All problems in one compiled program: compiling is what the time goes into."""
    with jax.enable_x64(True):
        derive = jax.jit(
            lambda points: [
                jax.value_and_grad(p.formula)(x) for p, x in zip(every, points, strict=True)
            ]
        )
        expected = derive([p.point for p in every])
    for problem, (value, grads) in zip(every, expected, strict=True):
        ours = value_and_grad(problem.value)(problem.point, problem.targets, problem.share)
        np.testing.assert_allclose(ours[0], value, rtol=1e-12, err_msg=problem.case.name)
        for one, other in zip(leaves(ours[1]), jax.tree.leaves(grads), strict=True):
            np.testing.assert_allclose(
                one, other, rtol=1e-10, atol=1e-12, err_msg=f"{problem.case.name} {problem.loss}"
            )


@pytest.mark.parametrize("layer", LAYERS)
def test_gradients_agree_with_jax_grad(layer):
    """Each loss once, on cases that are as different as the layer has them."""
    every = [problems(layer, loss) for loss in loss_samples.CLASSES]
    jax_grad_agrees([found[5 * i % len(found)] for i, found in enumerate(every)])


@pytest.mark.long
@pytest.mark.parametrize(("layer", "loss"), PAIRS)
def test_gradients_agree_with_jax_grad_everywhere(layer, loss):
    jax_grad_agrees(problems(layer, loss))
