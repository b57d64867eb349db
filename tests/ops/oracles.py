"""What a derivative is compared with: differences of the function, jax.grad, the other engine."""

import random
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainrule.autodiff import PRIMITIVES, Primitive, check_gradients, value_and_grad
from tests.ops.samples import SAMPLES, Case

QUICK_TO_COMPILE = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}
"""Hundreds of tiny programs are compiled once and run once: five times faster with these."""

DIFFERENTIABLE = [name for name, primitive in PRIMITIVES.items() if primitive.vjp]
FLAT = [name for name, primitive in PRIMITIVES.items() if not primitive.vjp]


def fixed_cases(name: str, count: int = 20) -> list[Case]:
    """The same cases of a primitive in every run."""
    return [SAMPLES[name].make(random.Random(seed)) for seed in range(count)]


def is_float(x: Any) -> bool:
    """Whether an input takes part in derivatives."""
    return np.dtype(x.dtype).kind == "f"


def floats(case: Case) -> tuple[Any, ...]:
    """The inputs of a case that take part in derivatives."""
    return tuple(x for x in case.arrays if is_float(x))


def filled(case: Case, params: tuple[Any, ...]) -> list[Any]:
    """The inputs of a case with its floats replaced."""
    given = iter(params)
    return [next(given) if is_float(x) else x for x in case.arrays]


def outputs_of(call: Any, case: Case, params: tuple[Any, ...]) -> tuple[Any, ...]:
    """The outputs of a call, as a tuple also where there is one."""
    out = call(*filled(case, params), **case.static)
    return out if isinstance(out, tuple) else (out,)


def cotangents(outputs: tuple[Any, ...], seed: int = 0) -> list[Any]:
    """Fixed weights, one for each number of the outputs, none of them near zero."""
    draws = np.random.default_rng(seed)
    signs = [draws.choice([-1.0, 1.0], out.shape) for out in outputs]
    return [np.asarray(s * draws.uniform(0.5, 1.5, s.shape)) for s in signs]


def _inner(xp: Any, out: Any, weights: Any) -> Any:
    """Σ out·weights."""
    return xp.sum(xp.multiply(out, weights), tuple(range(out.ndim)))


INNER = Primitive(_inner, formula="Σ a·b", derivative="b", singular="", promote=True, floating=True)
"""Not in the registry: an error planted in one of the registry must not meet itself again here."""


@INNER.rule
def _(xp: Any, cotangent: Any, out: Any, x: Any, weights: Any) -> tuple[Any, ...]:
    return cotangent * weights, None


def weighted(inner: Any, outputs: tuple[Any, ...], weights: list[Any]) -> Any:
    """The sum over outputs of `inner(output, weights)`."""
    first, *others = [inner(o, w) for o, w in zip(outputs, weights, strict=True)]
    return sum(others, start=first)


def loss_of(name: str, case: Case, weights: list[Any] | None = None) -> Any:
    """The weighted sum of a primitive's outputs as a function of its float inputs."""
    call = SAMPLES[name].run(name)

    def loss(params):
        outputs = outputs_of(call, case, params)
        return weighted(INNER, outputs, cotangents(outputs) if weights is None else weights)

    return loss


def gradient(name: str, case: Case, weights: list[Any] | None = None) -> tuple[Any, ...]:
    """The gradient of `loss_of` by the rules of chainrule."""
    return value_and_grad(loss_of(name, case, weights))(floats(case))[1]


def check_derivative(name: str, case: Case) -> None:
    """Compare a primitive's rule with differences; raises GradientError where they disagree."""
    check_gradients(loss_of(name, case), floats(case), tolerance=1e-6)


def compiled(functions: list[Any], arguments: list[Any], x64: bool = True) -> list[Any]:
    """The results of many functions, each of its argument, from one compiled program."""

    def together(given):
        return [f(x) for f, x in zip(functions, given, strict=True)]

    with jax.enable_x64(x64):
        results = jax.jit(together, compiler_options=QUICK_TO_COMPILE)(arguments)
        return jax.tree.map(np.asarray, results)


def by_jax(name: str, case: Case) -> Any:
    """The outputs of a primitive's formula in jax.numpy, and their gradient by jax.grad."""

    def loss(params):
        outputs = outputs_of(SAMPLES[name].reference, case, params)
        return weighted(lambda a, b: jnp.sum(a * b), outputs, cotangents(outputs)), outputs

    def run(params):
        grads, outputs = jax.grad(loss, has_aux=True)(params)
        return outputs, grads

    return run
