"""A primitive: the smallest step of a computation, with its formula and its derivative.

    @primitive(formula="tanh(x)", derivative="1 - tanh(x)²")
    def tanh(xp, x):
        return xp.tanh(x)

    @tanh.rule
    def _(xp, cotangent, out, x):
        return (cotangent * (1 - out * out),)

The forward rule receives the facade `xp` of the engine its arrays belong to, so it is written once
and runs on NumPy arrays and inside an XLA trace. The derivative rule receives the cotangent (what
arrives from the loss: dloss/dout) and returns dloss/dinput for every array input: an array, `None`
where there is no derivative, or a function of no arguments, called only if somebody needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from chainrule.autodiff.promotion import Traced, as_array, promoted
from chainrule.engine import Array, namespace_of


class Recorder(Protocol):
    """What a traced value offers to a primitive: a tape that it is on."""

    serial: int

    def record(self, primitive: Primitive, inputs: tuple[Any, ...], static: dict[str, Any]) -> Any:
        """Run the primitive and write it down."""
        ...


class Primitive:
    """One entry of the registry: call it with arrays, or with traced values to be recorded.

    Attributes:
        name: its name in the registry.
        forward: `(xp, *arrays, **static) -> array or tuple of arrays`.
        vjp: `(xp, cotangent, out, *arrays, **static) -> tuple`, or None: no derivative.
        formula: what it computes, as one would write it.
        derivative: its local derivative, as one would write it.
        singular: where the derivative is not defined, and the value chosen there.
        alone: forward rules by the name of the engine where nothing is traced; else the same one.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        formula: str,
        derivative: str,
        singular: str,
        promote: bool | tuple[int, ...],
        floating: bool,
    ) -> None:
        self.name = forward.__name__
        self.forward = forward
        self.vjp: Callable[..., tuple[Any, ...]] | None = None
        self.alone: dict[str, Callable[..., Any]] = {}
        self.formula = formula
        self.derivative = derivative
        self.singular = singular
        self.promote = promote
        self.floating = floating
        self.__doc__ = forward.__doc__
        self.__name__ = forward.__name__
        self.__module__ = forward.__module__

    def rule(self, vjp: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
        """Decorator: the function is this primitive's derivative rule."""
        self.vjp = vjp
        return vjp

    def untraced(self, engine: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator: a forward rule for the arrays of an engine where nothing is traced.

        It may leave out results behind the first, which are kept for the way back.
        """

        def keep(forward: Callable[..., Any]) -> Callable[..., Any]:
            self.alone[engine] = forward
            return forward

        return keep

    def __call__(self, *inputs: Any, **static: Any) -> Any:
        """Compute, and record where an input is traced. Array inputs first, settings by name."""
        if self.promote is False:
            inputs = tuple([as_array(x) for x in inputs])
        else:
            inputs = promoted(inputs, self.promote, self.floating, CAST)
        tape: Recorder | None = None
        for x in inputs:
            if isinstance(x, Traced) and (tape is None or x.tape.serial > tape.serial):
                tape = x.tape
        if tape is None:
            xp = namespace_of(*inputs)
            return self.alone.get(xp.name, self.forward)(xp, *inputs, **static)
        return tape.record(self, inputs, static)

    def __repr__(self) -> str:
        return f"<primitive {self.name}: {self.formula}>"


PRIMITIVES: dict[str, Primitive] = {}
"""Every primitive by name: the tests walk through it, so an untested one cannot hide."""


def primitive(
    *,
    formula: str,
    derivative: str = "none",
    singular: str = "",
    promote: bool | tuple[int, ...] = True,
    floating: bool = False,
) -> Callable[[Callable[..., Any]], Primitive]:
    """Decorator: make a primitive of a forward rule `(xp, *arrays, **static)`.

    Args:
        formula: what it computes, for `explain`.
        derivative: its local derivative, for `explain`; "none" where it has none.
        singular: points without a derivative, and the value chosen there.
        promote: bring all array inputs to one dtype first; a tuple names the inputs concerned.
        floating: integers and booleans become float32 first.

    Example:
        >>> import numpy as np
        >>> @primitive(formula="x³", derivative="3x²")
        ... def cube(xp, x):
        ...     return x * x * x
        >>> @cube.rule
        ... def _(xp, cotangent, out, x):
        ...     return (cotangent * 3 * x * x,)
        >>> float(cube(np.array(2.0)))
        8.0
        >>> _ = PRIMITIVES.pop("cube")
    """

    def register(forward: Callable[..., Any]) -> Primitive:
        made = Primitive(
            forward,
            formula=formula,
            derivative=derivative,
            singular=singular,
            promote=promote,
            floating=floating,
        )
        PRIMITIVES[made.name] = made
        return made

    return register


@primitive(
    formula="x as another dtype",
    derivative="1 between floats, else 0",
    promote=False,
)
def cast(xp: Any, x: Array, *, dtype: str) -> Array:
    """`x` in another dtype."""
    return xp.astype(x, dtype)


@cast.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array, *, dtype: str) -> tuple[Any, ...]:
    if x.dtype.kind != "f":
        return (None,)
    return (xp.astype(cotangent, str(x.dtype)),)


CAST = cast
