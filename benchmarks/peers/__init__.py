"""Who is timed. Each is loaded only in a process of its own, where nothing else disturbs it."""

from collections.abc import Callable

from benchmarks.cases import Case
from benchmarks.clock import Trainer

Maker = Callable[[Case], Trainer]

OURS, OURS_NUMPY, BARE = "chainrule", "chainrule numpy", "jax.grad alone"
SCIKIT = "scikit-learn"
TORCH_USUAL, TORCH_GRAPH = ("PyTorch eager", "PyTorch compiled"), ("PyTorch one graph",)
TORCH = (*TORCH_USUAL, *TORCH_GRAPH)
CONTENDERS = (OURS, BARE, OURS_NUMPY, SCIKIT, *TORCH)


def ways_of(contender: str) -> dict[str, Maker]:
    """The ways of a contender, by name; the fastest one is its time.

    Raises:
        ModuleNotFoundError: a package that it needs is not installed.
    """
    if contender in (OURS, OURS_NUMPY):
        from benchmarks.peers import chainrule_fit

        engine = "xla" if contender == OURS else "numpy"
        return {engine: lambda case: chainrule_fit.make(case, engine)}
    if contender == BARE:
        from benchmarks.peers import bare

        return {"scan": bare.make}
    if contender == SCIKIT:
        from benchmarks.peers import scikit

        return {"fit": scikit.make}
    from benchmarks.peers import pytorch

    ways = dict(zip(TORCH, (pytorch.EAGER, pytorch.COMPILED, pytorch.GRAPH), strict=True))
    return {way: lambda case, way=way: pytorch.make(case, way) for way in ways[contender]}  # type: ignore[misc]
