"""A model: a network with its numbers, and all that is needed to use it on new rows."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule import ops
from chainrule.autodiff import Tree, leaves
from chainrule.data import (
    Encoder,
    HeadTargets,
    Targets,
    as_features,
    as_table,
    in_order,
    is_table_like,
    strange_cells,
    warn_of,
)
from chainrule.errors import DataError, SettingError
from chainrule.losses import LossFunction
from chainrule.model.file import read_fields, write_fields
from chainrule.model.inputs import (
    check_embeddings,
    check_in_shape,
    check_scale,
    index_flags,
    with_expected_lengths,
)
from chainrule.model.running import Runner, runner_of
from chainrule.model.scores import score_network
from chainrule.nn import Network, split_lengths, with_lengths

MOST_NAMES = 12
"""So many layers are named where a model is printed."""


@dataclass(frozen=True, eq=False)
class Model:
    """What `fit` returns: a network, its parameters, and what they were made from.

    Attributes:
        network: the description. params, state: its numbers, trees of NumPy arrays.
        loss: the loss it was trained for; it decides what its outputs mean.
        targets: how the targets were written, e.g. the class labels; of each head, where there
            are several.
        in_shape: shape of one example, or a dict of shapes.
        dtype: "float32" or "float64".
        history: what training measured, a dict of lists with one entry an epoch: "train_loss",
            "validation_loss" (where there was a validation part), "learning_rate"; of several
            heads also each one's own loss, before its weight: "train_box_loss",
            "validation_box_loss" of a head "box" that counts.
        card: how it was made: seed, engine, versions, steps, why training stopped, and so on.
        encoder: how a table is written for the network, where it was trained on one (`train`).
        temperature: what outputs are divided by before they become probabilities; `train` finds it
            on rows that the network was not fitted to, so that probabilities come true.
    """

    network: Network
    params: Tree
    state: Tree
    loss: LossFunction
    targets: Targets | HeadTargets
    in_shape: Any
    dtype: str = "float32"
    history: dict[str, list[float]] = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=dict)
    encoder: Encoder | None = None
    temperature: float = 1.0

    @property
    def stop_reason(self) -> str:
        """Why training stopped: "epochs", "patience", "callback", "time" or "interrupted"."""
        return str(self.card.get("stop_reason", ""))

    def __repr__(self) -> str:
        """A line: what goes in, which layers, what comes out, and how it was trained."""
        names = [type(layer).__name__ for _, layer in self.network.walk()]
        layers = ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")
        epochs = self.card.get("epochs")
        trained = f"; {epochs:,} epochs" if isinstance(epochs, int) else ""
        return (
            f"Model of {self.parameters:,} parameters: {layers}; from inputs {self.in_shape} to "
            f"{self.targets.kind}{trained}"
        )

    @property
    def parameters(self) -> int:
        """How many numbers were learnt."""
        return sum(int(x.size) for x in leaves(self.params))

    @property
    def judgement(self) -> dict[str, Any] | None:
        """How good it is on rows that training never saw; None where that was not measured."""
        found: dict[str, Any] | None = self.card.get("judgement")
        return found

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one safetensors file; a file that is there is replaced.

        It holds numbers and names, no code, and none of the rows. At every moment the path has
        either the old or the new file, whole.

        Raises:
            ModelFileError: the disk refuses, or a layer or loss of your own holds more than plain
                values, or is a lambda.
        """
        write_fields(path, vars(self))

    def outputs(self, X: Any, engine: str = "auto") -> Any:
        """The network's raw outputs for inputs X, (rows, outputs): numbers, scores or logits.

        Where the network ends in the Sigmoid or Softmax that its loss contains, these are the
        logits before it. Of sequences with lengths where every step has an output, a dict like the
        inputs: "values" (rows, time, outputs), of which those beyond the "lengths" mean nothing.
        A network that ends in Heads gives a dict of all these by their names. `engine` is as in
        `predict`.
        """
        return self._runner()(self._inputs(X), engine)

    def predict_proba(self, X: Any, engine: str = "auto") -> Any:
        """Probabilities for inputs X: (rows, classes), or (rows, outputs) for yes/no questions.

        Of a network with several heads, a dict of those of the heads that have probabilities.
        `engine` is as in `predict`.

        Raises:
            SettingError: the model predicts numbers or signs, which have no probabilities.
        """
        kinds = self.targets.kind
        if not _probable(kinds.values() if isinstance(kinds, dict) else [kinds]):
            raise SettingError(
                "This model has no probabilities: it was trained with a loss for "
                f"{kinds}. Use predict, or train with 'cross_entropy' or 'binary_cross_entropy'."
            )
        outputs = self.outputs(X, engine)
        if isinstance(self.targets, HeadTargets):
            return {
                name: _probabilities(outputs[name], part)
                for name, part in self.targets.heads.items()
                if _probable([part.kind])
            }
        return _probabilities(outputs, self.targets, self.temperature)

    def predict(self, X: Any, engine: str = "auto") -> Any:
        """Predictions for inputs X in the terms of the training targets: labels or numbers.

        Args:
            X: as in `fit`: an array, a DataFrame, lists, or a dict of named inputs. Where the model
                was trained on a table: raw rows, that is the path of a CSV file, a DataFrame or a
                dict of columns; an array is taken as already encoded. Where it was fitted to a
                DataFrame, the columns of another one are taken by their names.
            engine: "numpy"; "xla", which compiles the network at the first call (up to some
                seconds, again for another power of four of rows) and is then several times faster,
                for convolutions and recurrences most of all; "auto": the one expected to be done
                first with this call, were it the only one. That follows from the number of rows and
                the operations of the network alone, so the same call has the same bits every time.
                The engines differ by rounding, and so does XLA between one number of rows and
                another: about 1e-6 of an output in float32. After the first call by XLA the arrays
                of `params` and `state` cannot be written to.

        Returns:
            (rows,), or (rows, outputs) where the training targets had several columns; where they
            had a time axis (rows, time, …), for sequences with lengths a dict with "lengths". A
            dict of these by the names of the heads, where the network ends in Heads.

        Raises:
            ShapeError: another number of columns than in training.
            DataError: missing or infinite values, or columns that are missing.
            SettingError: an engine of another name. EngineError: "xla" without JAX.
        """
        outputs = self.outputs(X, engine)
        if isinstance(self.targets, HeadTargets):
            heads = self.targets.heads.items()
            return {name: _predictions(outputs[name], part) for name, part in heads}
        predictions = _predictions(outputs, self.targets)
        return predictions if self.encoder is None else self.encoder.decode(predictions)

    def encoded(self, source: Any) -> Any:
        """Raw rows as the network sees them, where the model was trained on a table.

        Labels that it does not know and numbers far outside are a warning.
        """
        if self.encoder is not None and is_table_like(source):
            missing = self.card.get("missing")  # the markers of its own table, where it had some
            table = as_table(source, self.encoder.kinds, missing=missing)
            inputs = self.encoder.encode(table, self.dtype)
            warn_of(strange_cells(self.encoder, table), stacklevel=4)
            return inputs
        if self.encoder is not None:
            _check_encoded(source)
        return source

    @property
    def input_names(self) -> list[str] | None:
        """The columns of the DataFrame that it was fitted to, in order; None after an array."""
        names = self.card.get("input_names")
        whole = isinstance(names, list) and all(isinstance(name, str) for name in names)
        return names if whole and self.encoder is None else None

    def _inputs(self, source: Any) -> Any:
        """What `predict` is given as arrays that fit the network."""
        source = in_order(self.encoded(source), self.input_names)
        indices = index_flags(self.network, source)
        X = as_features(source, dtype=self.dtype, indices=indices)
        X = with_expected_lengths(X, self.in_shape)
        check_in_shape(X, self.in_shape)
        check_embeddings(self.network, X)
        check_scale(X, bool(self.card.get("pictures")))
        return X

    def _runner(self) -> Runner:
        """The network up to its scores, ready to run; kept, as it may hold compiled programs."""

        def make() -> Runner:
            network = score_network(self.network, self.targets.kind)
            return Runner(network, self.params, self.state, self.in_shape, self.dtype)

        return runner_of(self, make)


def _check_encoded(source: Any) -> None:
    """Refuse rows without the names of their columns; an array of numbers is encoded already."""
    row = hasattr(source, "to_frame")  # a Series of pandas or polars
    if row or _dtype_kind(source) in "OUS":
        raise DataError(
            f"{'One row' if row else 'What was given'} is no table with named columns, and this "
            "model was trained on one. Give a DataFrame (of one row df.iloc[[0]], of dicts "
            "pandas.DataFrame(rows)), a dict of columns, or the path of a file."
        )


def _dtype_kind(source: Any) -> str:
    """The kind of dtype of an array or of lists; that of objects for uneven lists."""
    try:
        return np.asarray(source).dtype.kind
    except ValueError:
        return "O"


def _probable(kinds: Iterable[str]) -> bool:
    """Whether any kind of targets has probabilities."""
    return any(kind in ("classes", "binary") for kind in kinds)


def _probabilities(outputs: Any, targets: Targets, temperature: float = 1.0) -> Any:
    """Probabilities of one output, or of every step of sequences with lengths."""
    scores, lengths = split_lengths(outputs)
    if temperature != 1:
        scores = scores / temperature
    if targets.kind == "classes":
        return with_lengths(ops.softmax(scores), lengths)
    yes = ops.sigmoid(scores)
    if targets.classes is not None:
        yes = np.concatenate([1 - yes, yes], axis=-1)
    return with_lengths(yes, lengths)


def _predictions(outputs: Any, targets: Targets) -> Any:
    """Predictions of one output in the user's terms, or of every step of sequences."""
    scores, lengths = split_lengths(outputs)
    if targets.kind == "binary":
        scores = ops.sigmoid(scores)
    return with_lengths(targets.decode(scores), lengths)


def load(path: str | os.PathLike[str]) -> Model:
    """A model from a file that `save` wrote. Nothing in the file is ever run.

    Layers and losses of your own are made known by `register` before.

    Raises:
        ModelFileError: the file is no model, is cut off, was changed, or names an unknown part.

    Example:
        >>> import tempfile
        >>> from chainrule.losses import MeanSquaredError
        >>> from chainrule.nn import Dense
        >>> network = Network([Dense(1)])
        >>> params, state, _ = network.init(ops.key_from_seed(0), (2,))
        >>> targets = Targets("numbers", 1)
        >>> model = Model(network, params, state, MeanSquaredError(), targets, (2,))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/small.safetensors")
        ...     again = load(f"{folder}/small.safetensors")
        >>> (again.predict([[1, 2]]) == model.predict([[1, 2]])).all()
        np.True_
    """
    return Model(**read_fields(path))
