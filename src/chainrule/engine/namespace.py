"""The array facade `xp`: the closed list of functions that rules may use, on any engine.

NumPy and JAX agree on most names and differ on promotion, scatter and control flow. A rule
therefore never calls either of them: it receives `xp` and uses what is listed here. A function
that is missing is added here, once, for both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

Array: TypeAlias = Any
"""An array of some engine: `numpy.ndarray`, or a JAX array or tracer."""

Function: TypeAlias = Callable[..., Array]

SHARED = (
    "abs",
    "add",
    "all",
    "any",
    "arange",
    "argmax",
    "asarray",
    "bitwise_xor",
    "broadcast_to",
    "concatenate",
    "copy",
    "cos",
    "divide",
    "equal",
    "exp",
    "expand_dims",
    "expm1",
    "flip",
    "floor",
    "full",
    "greater",
    "greater_equal",
    "isfinite",
    "left_shift",
    "less",
    "less_equal",
    "log",
    "log1p",
    "logical_and",
    "logical_not",
    "logical_or",
    "max",
    "maximum",
    "min",
    "minimum",
    "multiply",
    "negative",
    "not_equal",
    "ones",
    "ones_like",
    "pad",
    "power",
    "reshape",
    "right_shift",
    "sign",
    "sin",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "subtract",
    "swapaxes",
    "tanh",
    "transpose",
    "where",
    "zeros",
    "zeros_like",
)
"""Functions that NumPy and JAX have under one name, with one meaning for operands of one dtype."""


class OwnConvolution(Protocol):
    """A convolution that a device has ready, and its gradient.

    x is (batch, …, channels), the weight (…, channels / groups, filters). Stride, padding (before,
    after), spread and dilation are given for every axis between; padding may be negative, which
    cuts off.
    """

    def convolve(
        self,
        x: Array,
        weight: Array,
        stride: Sequence[int],
        padding: Sequence[tuple[int, int]],
        spread: Sequence[int],
        dilation: Sequence[int],
        groups: int,
    ) -> Array:
        """(batch, …, filters); `spread` - 1 zeros stand between the numbers of x."""
        ...

    def to_weight(
        self,
        x: Array,
        arrived: Array,
        kernel: Sequence[int],
        stride: Sequence[int],
        padding: Sequence[tuple[int, int]],
        dilation: Sequence[int],
        groups: int,
    ) -> Array:
        """The gradient (*kernel, channels / groups, filters), of what arrived at its result."""
        ...


class Namespace(Protocol):
    """What a rule may call. Operands have one dtype; a dtype is always named, never inferred."""

    name: str

    abs: Function
    add: Function
    all: Function
    any: Function
    arange: Function
    argmax: Function
    asarray: Function
    bitwise_xor: Function
    broadcast_to: Function
    concatenate: Function
    copy: Function
    cos: Function
    divide: Function
    equal: Function
    exp: Function
    expand_dims: Function
    expm1: Function
    flip: Function
    floor: Function
    full: Function
    greater: Function
    greater_equal: Function
    isfinite: Function
    left_shift: Function
    less: Function
    less_equal: Function
    log: Function
    log1p: Function
    logical_and: Function
    logical_not: Function
    logical_or: Function
    max: Function
    maximum: Function
    min: Function
    minimum: Function
    multiply: Function
    negative: Function
    not_equal: Function
    ones: Function
    ones_like: Function
    pad: Function
    power: Function
    reshape: Function
    right_shift: Function
    sign: Function
    sin: Function
    sqrt: Function
    square: Function
    squeeze: Function
    stack: Function
    subtract: Function
    swapaxes: Function
    tanh: Function
    transpose: Function
    where: Function
    zeros: Function
    zeros_like: Function

    def astype(self, x: Array, dtype: str) -> Array:
        """`x` in another dtype."""
        ...

    def sum(self, x: Array, axis: Sequence[int], keepdims: bool = False) -> Array:
        """The sum over `axis`, in an order that does not depend on the number of threads."""
        ...

    def matmul(self, a: Array, b: Array) -> Array:
        """a·b as NumPy's matmul, with the same bits on any number of threads."""
        ...

    def matmul_nt(self, a: Array, b: Array) -> Array:
        """a·bᵀ over the last two axes: what arrives at the input of a linear map."""
        ...

    def matmul_tn(self, a: Array, b: Array) -> Array:
        """aᵀ·b over the last two axes: the gradient of a weight; same bits on any thread count."""
        ...

    def alone(self, x: Array) -> Array:
        """x itself, across which a compiler moves and merges nothing before it fuses loops."""
        ...

    def apart(self, body: Callable[..., Any], *arrays: Array, **settings: Any) -> Any:
        """`body(xp, *arrays, **settings)` in loops of its own: what comes before or after does not
        compute any of it again. Nothing in it is shared out among threads.

        It is traced once for every set of shapes and settings, which are hashable.
        """
        ...

    def once(self, body: Callable[..., Any], *arrays: Array) -> Any:
        """What the body makes of arrays that follow from a network's numbers, never from its rows.

        A program that is called many times with the same numbers computes it once
        (`engine/prepared.py`). Not for the body of a loop, nor inside `apart` or `traced_once`.
        """
        ...

    def own_convolution(self) -> OwnConvolution | None:
        """The device's own, as cuDNN's on a GPU; None where the ways of `ops` are to be taken."""
        ...

    def erf(self, x: Array) -> Array:
        """The error function."""
        ...

    def take(self, x: Array, index: Array) -> Array:
        """Rows `x[index]`; the indices must lie inside."""
        ...

    def part_at(self, x: Array, starts: Sequence[Array], sizes: Sequence[int]) -> Array:
        """The part of x of these sizes from `starts` on, one for every axis, not negative; told
        while a compiled program runs, so that code for one part serves all of its size."""
        ...

    def add_at(self, shape: tuple[int, ...], index: Any, values: Array) -> Array:
        """Zeros of `shape` to which `values` are added at `index`; equal indices add up."""
        ...

    def set_at(self, x: Array, index: Any, value: Array) -> Array:
        """`x` with `value` at `index`. NumPy writes into `x`: use the returned array alone."""
        ...

    def stream(self) -> Array:
        """The number of the stream that this is, int32; 0 where there is one."""
        ...

    def in_streams(self) -> bool:
        """Whether this program runs in several streams, where nothing is gained by threads."""
        ...

    def sum_streams(self, tree: Any) -> Any:
        """The sum of every array of a tree over all streams, the same bits in each of them."""
        ...

    def stack_streams(self, x: Array) -> Array:
        """x of all streams along a new first axis, in each of them; of one stream where there is
        one."""
        ...

    def cut(self, vector: Array, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
        """A vector cut into arrays of these shapes, one after the other."""
        ...

    def traced_once(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of trees of arrays that is traced once for every set of their shapes.

        It computes what it would without: what it became is written down again at each call.
        """
        ...

    def while_loop(
        self, condition: Callable[[Any], Array], body: Callable[[Any], Any], carry: Any
    ) -> Any:
        """`while condition(carry): carry = body(carry)`."""
        ...

    def cond(
        self,
        condition: Array,
        if_true: Callable[[Any], Any],
        if_false: Callable[[Any], Any],
        x: Any,
    ) -> Any:
        """`if_true(x) if condition else if_false(x)`; both give the same tree of arrays."""
        ...

    def scan(
        self,
        body: Callable[[Any, Any], tuple[Any, Any]],
        carry: Any,
        xs: Any,
        length: int,
        reverse: bool,
    ) -> tuple[Any, Any]:
        """Carry `body(carry, x) -> (carry, y)` along the first axis of `xs`; the ys are stacked.

        `xs` is a tree of tuples of arrays, y a tuple of arrays; with `reverse` from the last
        step to the first.
        """
        ...

    def scan_in_place(
        self,
        body: Callable[[Any, Any], tuple[Any, Any]],
        carry: Any,
        xs: Any,
        length: int,
        reverse: bool,
    ) -> tuple[Any, Any]:
        """What `scan` gives, for a tuple xs and a first y of the shape of the first x.

        A compiler may write the one over the other, step by step, where nobody else reads it.
        """
        ...
