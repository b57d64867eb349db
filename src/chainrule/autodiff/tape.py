"""The tape: a computation written down once, as primitives with their inputs.

Everything that a computation touches has a *slot*: inputs, constants and results. A record says
which primitive read which slots and wrote which. A tape is therefore also a small program: it can
be run again with other inputs (`run`), and walked backwards (`autodiff.backward`), explained,
drawn and counted. Nothing is derived twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from chainrule.autodiff.primitive import PRIMITIVES, Primitive
from chainrule.autodiff.promotion import Traced
from chainrule.engine import Array, Namespace, namespace_of
from chainrule.errors import GradientError

_serials = itertools.count()


@dataclass(frozen=True, slots=True)
class Record:
    """One step: `outputs = primitive(*inputs, **static)`, where inputs and outputs are slots.

    `several` says whether the primitive returns a tuple, be it of one array.
    """

    primitive: Primitive
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    static: dict[str, Any]
    several: bool


class Tape:
    """Values by slot, and the records that made them.

    Args:
        captures: whether values of an enclosing tape may be used; they become further inputs.
            Without it such a use is an error: it would be a derivative of a derivative.
        xp: the facade that primitives compute with; None: that of their arrays.

    Attributes:
        values: the array in every slot.
        records: the steps in the order in which they were taken.
        inputs: the slots of the inputs, captured values last.
        captured: the enclosing tape's values behind the last of the inputs.
    """

    def __init__(self, *, captures: bool = False, xp: Namespace | None = None) -> None:
        self.values: list[Array] = []
        self.records: list[Record] = []
        self.inputs: list[int] = []
        self.captured: list[Variable] = []
        self.serial = next(_serials)
        self._captures = captures
        self._xp = xp
        self._closed = False

    def input(self, array: Array) -> Variable:
        """A new input of the computation."""
        if isinstance(array, Traced):
            raise GradientError(
                "A derivative of a derivative is not available: value_and_grad was called with "
                "values that another derivative is being taken of."
            )
        variable = self._new(array)
        self.inputs.append(variable.slot)
        return variable

    def close(self) -> None:
        """End the recording: a value that is used from now on has escaped from its function."""
        self._closed = True

    def record(self, primitive: Primitive, inputs: tuple[Any, ...], static: dict[str, Any]) -> Any:
        """Run a primitive and write it down. Inputs may be constants or this tape's variables."""
        if self._closed:
            raise _escaped()
        slots = tuple([self.slot_of(x) for x in inputs])
        arrays = [self.values[slot] for slot in slots]
        out = primitive.forward(self._xp or namespace_of(*arrays), *arrays, **static)
        several = isinstance(out, tuple)
        variables = tuple([self._new(array) for array in (out if several else (out,))])
        outputs = tuple([v.slot for v in variables])
        self.records.append(Record(primitive, slots, outputs, static, several))
        return variables if several else variables[0]

    def run(self, xp: Namespace, inputs: list[Array]) -> list[Array]:
        """Run the recorded program on other inputs of the same shapes: the value of every slot."""
        values = self.values.copy()
        for slot, array in zip(self.inputs, inputs, strict=True):
            values[slot] = array
        for record in self.records:
            out = record.primitive.forward(
                xp, *[values[slot] for slot in record.inputs], **record.static
            )
            if record.several:
                for slot, array in zip(record.outputs, out, strict=True):
                    values[slot] = array
            else:
                values[record.outputs[0]] = out
        return values

    def _new(self, array: Array) -> Variable:
        self.values.append(array)
        return Variable(self, len(self.values) - 1, array)

    def slot_of(self, x: Any) -> int:
        """The slot of a value: its own, or a new one for a constant or a captured value."""
        if not isinstance(x, Traced):
            return self._new(x).slot
        if x.tape is self:
            return x.slot
        return self._capture(x)

    def _capture(self, x: Any) -> int:
        if x.tape._closed:
            raise _escaped()
        if not self._captures:
            raise GradientError(
                "A derivative of a derivative is not available: the function uses a value that "
                "another derivative is being taken of. Compute that value from the arguments."
            )
        for slot, known in zip(
            self.inputs[len(self.inputs) - len(self.captured) :], self.captured, strict=True
        ):
            if known.tape is x.tape and known.slot == x.slot:
                return slot
        slot = self._new(x.array).slot
        self.inputs.append(slot)
        self.captured.append(x)
        return slot


def _escaped() -> GradientError:
    return GradientError(
        "A traced value was used after its function had returned. Return it from the function "
        "instead of keeping it elsewhere."
    )


class Variable(Traced):
    """A value on a tape. It behaves as an array; what is done with it is recorded."""

    __slots__ = ()
    __hash__ = object.__hash__

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape)

    @property
    def dtype(self) -> Any:
        return self.array.dtype

    @property
    def ndim(self) -> int:
        return int(self.array.ndim)

    @property
    def size(self) -> int:
        return int(self.array.size)

    @property
    def T(self) -> Any:
        return _op("transpose", self)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        return _op("sum", self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        return _op("mean", self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        return _op("max", self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        return _op("min", self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape: Any) -> Any:
        sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        return _op("reshape", self, shape=tuple(sizes))

    def transpose(self, *axes: int) -> Any:
        return _op("transpose", self, axes=axes or None)

    def astype(self, dtype: Any) -> Any:
        return _op("cast", self, dtype=str(dtype))

    def __repr__(self) -> str:
        return f"<traced {self.dtype} {self.shape}>"

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("A scalar has no length.")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, Traced):
            return _op("take", self, index)
        if isinstance(index, tuple) and any(isinstance(part, Traced) for part in index):
            raise GradientError(
                "A traced index must stand alone, as in x[i]: transpose x so that its axis comes "
                "first, or use ops.pick for one number out of each last axis."
            )
        return _op("getitem", self, index=index)

    def __neg__(self) -> Any:
        return _op("negative", self)

    def __abs__(self) -> Any:
        return _op("absolute", self)

    def __add__(self, other: Any) -> Any:
        return _op("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _op("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return _op("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _op("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return _op("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _op("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _op("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _op("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        if isinstance(other, int | float):
            return _op("power_of", self, exponent=other)
        return _op("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return _op("power", other, self)

    def __matmul__(self, other: Any) -> Any:
        return _op("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _op("matmul", other, self)

    def __lt__(self, other: Any) -> Any:
        return _op("less", self, other)

    def __le__(self, other: Any) -> Any:
        return _op("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return _op("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return _op("greater_equal", self, other)

    def __eq__(self, other: object) -> Any:
        return _op("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return _op("not_equal", self, other)

    def __bool__(self) -> NoReturn:
        raise GradientError(
            "A traced value has no truth of its own: `if` and `while` would freeze the branch that "
            "was taken while recording. Write ops.where(condition, a, b) instead."
        )

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise GradientError(
            "A traced value cannot leave the computation as a plain number or NumPy array: its "
            "derivative would be lost. Use the functions of chainrule.ops instead of NumPy's."
        )

    __float__ = __int__ = __index__ = __complex__ = __array__ = __array_function__ = _refuse

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **settings: Any) -> Any:
        """NumPy's operators on `array + variable`; other functions of NumPy are refused."""
        if method != "__call__" or settings or ufunc.__name__ not in _OPERATORS:
            self._refuse()
        return _op(ufunc.__name__, *inputs)


_OPERATORS = frozenset(
    [
        "add",
        "subtract",
        "multiply",
        "divide",
        "power",
        "matmul",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "equal",
        "not_equal",
    ]
)


def _op(name: str, *inputs: Any, **static: Any) -> Any:
    return PRIMITIVES[name](*inputs, **static)
