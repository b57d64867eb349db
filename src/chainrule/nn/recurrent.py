"""Recurrent layers: a state is carried along a sequence, so that a step knows those before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from chainrule import ops
from chainrule.autodiff import Tree
from chainrule.errors import SettingError, ShapeError
from chainrule.nn.dense import check_units
from chainrule.nn.initializers import ForgetBias, GlorotUniform, Initializer, Orthogonal, Zeros
from chainrule.nn.layer import Context, Shape
from chainrule.nn.sequences import split_lengths, with_lengths


@dataclass(frozen=True)
class SimpleRNN:
    """h_t = tanh(x_t · weight + h_(t-1) · recurrent_weight + bias) along a sequence.

    Takes (batch, time, features), with or without lengths (see `fit`), and gives the last state
    (batch, units), or with `sequences` all states (batch, time, units). Stack layers by listing
    them, all but the last with `sequences=True`.

    Args:
        units: how many numbers the state has.
        sequences: whether the output is the state at every step, not the last one alone.
        reverse: whether time runs from the last step, of each example's own, to the first.
        weight_init, recurrent_init, bias_init: where the parameters start; the recurrent weight is
            orthogonal, so that signals neither grow nor fade along a sequence (Saxe, McClelland,
            Ganguli 2014).

    Parameters: weight (features, units), recurrent_weight (units, units), bias (units,), float32.

    Raises:
        SettingError: `units` is not a positive whole number.

    Source: Elman (1990).

    Example:
        >>> params, state, shape = SimpleRNN(4).init(ops.key_from_seed(0), (10, 3))
        >>> params["weight"].shape, shape
        ((3, 4), (4,))
    """

    units: int
    sequences: bool = False
    reverse: bool = False
    weight_init: Initializer = GlorotUniform()
    recurrent_init: Initializer = Orthogonal()
    bias_init: Initializer = Zeros()
    one_thread: ClassVar[bool] = True
    takes_lengths: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_units(self)

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        return _parameters(self, key, in_shape, 1), {}, _out_shape(self, in_shape)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return _applied(self, ops.simple_rnn, params, x), state


@dataclass(frozen=True)
class LSTM:
    """Long short-term memory: gates decide what a cell keeps, takes in and shows.

    With a_t = x_t · weight + h_(t-1) · recurrent_weight + bias cut in four: i, f, o = sigmoid of
    the first, second and last part (input, forget, output gate), g = tanh of the third; then
    c_t = f · c_(t-1) + i · g and h_t = o · tanh(c_t).

    Args:
        units, sequences, reverse, weight_init, recurrent_init: as in `SimpleRNN`; each gate has an
            orthogonal recurrent weight of its own.
        bias_init: by default 0, and 1 for the forget gate, so that a cell remembers at first
            (Jozefowicz, Zaremba, Sutskever 2015).

    Parameters: weight (features, 4 · units), recurrent_weight (units, 4 · units), bias
    (4 · units,), float32, the gates in the order input, forget, cell, output.

    Differs from: PyTorch, which has two biases whose sum is ours, draws all parameters uniformly,
    and keeps its weights transposed. Keras starts all four gates from one orthogonal matrix.
    Sources: Hochreiter and Schmidhuber (1997); forget gate: Gers, Schmidhuber, Cummins (2000).

    Example:
        >>> params, state, shape = LSTM(4, sequences=True).init(ops.key_from_seed(0), (10, 3))
        >>> params["weight"].shape, shape
        ((3, 16), (10, 4))
    """

    units: int
    sequences: bool = False
    reverse: bool = False
    weight_init: Initializer = GlorotUniform()
    recurrent_init: Initializer = Orthogonal()
    bias_init: Initializer = ForgetBias()
    one_thread: ClassVar[bool] = True
    takes_lengths: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_units(self)

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        return _parameters(self, key, in_shape, 4), {}, _out_shape(self, in_shape)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return _applied(self, ops.lstm, params, x), state


@dataclass(frozen=True)
class GRU:
    """Gated recurrent unit: a reset and an update gate decide what of the state is new.

    With a_t = x_t · weight + bias and b_t = h_(t-1) · recurrent_weight cut in three:
    r, z = sigmoid of the sums of the first and second parts (reset, update gate),
    n = tanh(a + r · (b + recurrent_bias)) of the third; then h_t = (1 - z) · n + z · h_(t-1).

    The reset gate acts behind the product with the recurrent weight, as in cuDNN, PyTorch and Keras
    (reset_after=True), not before it as in the first paper.

    Args:
        units, sequences, reverse, weight_init, recurrent_init, bias_init: as in `SimpleRNN`; each
            gate has an orthogonal recurrent weight of its own.

    Parameters: weight (features, 3 · units), recurrent_weight (units, 3 · units), bias
    (3 · units,), recurrent_bias (units,), float32, the gates in the order reset, update, new.

    Differs from: PyTorch and Keras, which have a second bias for the reset and update gates too,
    where only its sum with the first acts; Keras has the update gate first.
    Source: Cho, van Merriënboer, Gulcehre, Bahdanau, Bougares, Schwenk, Bengio (2014).

    Example:
        >>> params, state, shape = GRU(4).init(ops.key_from_seed(0), (10, 3))
        >>> params["weight"].shape, shape
        ((3, 12), (4,))
    """

    units: int
    sequences: bool = False
    reverse: bool = False
    weight_init: Initializer = GlorotUniform()
    recurrent_init: Initializer = Orthogonal()
    bias_init: Initializer = Zeros()
    one_thread: ClassVar[bool] = True
    takes_lengths: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_units(self)

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        params = _parameters(self, key, in_shape, 3)
        units = self.units
        params["recurrent_bias"] = self.bias_init(ops.fold_in(key, 3), (units,), units, units)
        return params, {}, _out_shape(self, in_shape)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return _applied(self, ops.gru, params, x), state


@dataclass(frozen=True)
class Bidirectional:
    """A recurrent layer forwards and one of its kind backwards, their outputs side by side.

    Backwards starts at each example's own end, so padding is never seen.

    Args:
        layer: `SimpleRNN`, `LSTM` or `GRU`; the output has twice its units.

    Parameters: those of the layer under "forward" and, its own, under "backward".

    Raises:
        SettingError: the layer is not one of these, or runs backwards itself.

    Source: Schuster and Paliwal (1997).

    Example:
        >>> params, state, shape = Bidirectional(LSTM(4)).init(ops.key_from_seed(0), (10, 3))
        >>> sorted(params), shape
        (['backward', 'forward'], (8,))
    """

    layer: Any
    takes_lengths: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not isinstance(self.layer, SimpleRNN | LSTM | GRU) or self.layer.reverse:
            raise SettingError(
                f"Bidirectional({self.layer!r:.80}): it takes a SimpleRNN, LSTM or GRU that runs "
                "forwards, e.g. Bidirectional(LSTM(64))."
            )

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        forward, _, shape = self.layer.init(ops.fold_in(key, 0), in_shape)
        backward, _, _ = self.layer.init(ops.fold_in(key, 1), in_shape)
        values, lengths = split_lengths(shape)
        both = with_lengths((*values[:-1], 2 * values[-1]), lengths)
        return {"forward": forward, "backward": backward}, {}, both

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        backwards = replace(self.layer, reverse=True)
        one, _ = self.layer.apply(params["forward"], {}, x, context.child(0))
        other, _ = backwards.apply(params["backward"], {}, x, context.child(1))
        outs = [split_lengths(out)[0] for out in (one, other)]
        return with_lengths(ops.concatenate(outs, axis=-1), split_lengths(one)[1]), state


def _parameters(layer: Any, key: Any, in_shape: Shape, gates: int) -> Tree:
    shape = _step_shape(layer, in_shape)
    units, features = layer.units, shape[1]
    return {
        "weight": layer.weight_init(
            ops.fold_in(key, 0), (features, gates * units), features, units
        ),
        "recurrent_weight": layer.recurrent_init(
            ops.fold_in(key, 1), (units, gates * units), units, units
        ),
        "bias": layer.bias_init(ops.fold_in(key, 2), (gates * units,), features, units),
    }


def _step_shape(layer: Any, in_shape: Shape) -> tuple[int, ...]:
    """The shape (time, features) of one example."""
    shape = split_lengths(in_shape)[0]
    if isinstance(shape, tuple) and len(shape) == 2:
        return shape
    name = f"{type(layer).__name__}({layer.units})"
    cure = "Give one number a step as x[:, :, None]." if len(shape) == 1 else ""
    raise ShapeError(
        f"{name} takes sequences, (batch, time, features); its input has shape (batch, "
        f"{', '.join(map(str, shape))}). {cure or 'Bring it to that shape by a layer before it.'} "
        "Where another recurrent layer is before it, write sequences=True there."
    )


def _out_shape(layer: Any, in_shape: Shape) -> Shape:
    shape, lengths = split_lengths(in_shape)
    if not layer.sequences:
        return (layer.units,)
    return with_lengths((shape[0], layer.units), lengths)


def _applied(layer: Any, recurrence: Any, params: Tree, x: Any) -> Any:
    values, lengths = split_lengths(x)
    weight = params["weight"]
    if values.ndim != 3 or values.shape[2] != weight.shape[0]:
        raise ShapeError(
            f"{type(layer).__name__}({layer.units}) was made for (batch, time, {weight.shape[0]}) "
            f"and got inputs of shape {tuple(values.shape)}."
        )
    names = ("weight", "recurrent_weight", "bias", "recurrent_bias")
    given = [params[name] for name in names if name in params]
    counts = () if lengths is None else (lengths,)
    out = recurrence(values, *given, *counts, reverse=layer.reverse, sequences=layer.sequences)[0]
    return with_lengths(out, lengths) if layer.sequences else out
