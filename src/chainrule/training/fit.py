"""`fit`: from arrays and settings to a trained model. It checks and converts; the loop trains."""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.autodiff import leaves
from chainrule.data import as_features, in_order, names_of
from chainrule.engine import Engine, choose_engine, engine_by_name
from chainrule.errors import SettingError
from chainrule.losses import LossFunction
from chainrule.model import (
    Model,
    check_channels_last,
    check_embeddings,
    check_in_shape,
    check_scale,
    forward_cost,
    index_flags,
    pieces_for,
    score_network,
    score_tree,
    shape_of,
    whole_tree,
    with_expected_lengths,
)
from chainrule.nn import Network, holds_pictures
from chainrule.ops import fold_in, key_from_seed
from chainrule.optim import Optimizer, as_optimizer
from chainrule.training.checkpoint import Keeper, as_path
from chainrule.training.faults import not_finite
from chainrule.training.identity import identity_of, processor_name, versions_of
from chainrule.training.loop import run
from chainrule.training.outputs import check_heads, loss_for, targets_for
from chainrule.training.prepare import (
    DEFAULT_BATCH,
    as_pair,
    batch_rows,
    cast,
    check_training_weights,
    chunked,
    hold_out,
    own_validation,
    row_count,
    row_weights,
    targets_of,
)
from chainrule.training.progress import as_listener
from chainrule.training.records import Plan, Progress
from chainrule.training.settings import check_settings, check_steps
from chainrule.training.step import Task
from chainrule.training.streams import streams_for

PICTURES = (
    "X holds uint8 pictures: they stay uint8 in memory and are divided by 255 where they enter the "
    "network, here and in predict. To scale them otherwise, give floats."
)
BACK_AND_FORTH = 3
"""A step in forward passes: the way back computes two products for every one of the way there."""

INIT, SHUFFLE, SPLIT = 0, 1, 2
"""Which use of the seed's key is which."""


def fit(
    network: Network | Model,
    X: Any,
    y: Any,
    *,
    loss: str | LossFunction | Mapping[str, str | LossFunction] | None = None,
    loss_weights: Mapping[str, float] | None = None,
    optimizer: str | Optimizer = "adam",
    epochs: int = 100,
    batch_size: int | None = DEFAULT_BATCH,
    validation: float | tuple[Any, Any] | None = None,
    patience: int | None = None,
    tol: float = 0.0,
    sample_weight: Any = None,
    class_weight: Mapping[Any, float] | str | None = None,
    seed: int = 0,
    engine: str = "auto",
    dtype: str | None = None,
    shuffle: bool = True,
    max_time: float | None = None,
    max_steps: int | None = None,
    callbacks: Sequence[Callable[[Progress], Any]] = (),
    progress: bool | Callable[[Progress], Any] = False,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: str | int = "30s",
    resume: bool = False,
) -> Model:
    """Train a network.

    Args:
        network: a description to start from new parameters, or a model to continue from its own
            (the optimizer starts anew). A model that was trained on a table takes raw rows as X and
            targets in their own units.
        X: inputs (rows, …): an array, a DataFrame, lists, or a dict of them for named inputs. The
            model keeps the column names of a DataFrame and takes those of others by them.
            Sequences of different lengths: a list of arrays (time, features), or the dict
            `{"values": (rows, time, features), "lengths": (rows,)}`; padding changes no result.
        y: targets, one per row: numbers, labels of any type, or probabilities; what is allowed
            follows from the loss. Where the network has an output at every step of a sequence:
            (rows, time), or (rows, time, outputs), and the loss is the mean over the steps. A dict
            of them for a network that ends in `Heads`.
        loss: a name ("mse", "mae", "huber", "cross_entropy", "binary_cross_entropy", "hinge",
            "perceptron"), a loss, or a function `(targets, outputs) -> one value per example`;
            a dict of them for a network that ends in `Heads`: their sum is minimized, and the
            history has each one of them too, before its weight.
        loss_weights: what the loss of each head counts in the sum, 1 where it is not named; a head
            that counts 0 does not learn, nor does anything in front of it learn from it.
        optimizer: a name ("sgd", "adam", "adamw", "rmsprop", "adagrad") or an optimizer.
        epochs: the most passes over the rows.
        batch_size: rows per step; None is all of them (batch gradient descent), 1 is stochastic
            gradient descent.
        validation: a share of the rows to hold out (stratified by class, of several
            heads by the first one with classes), or a pair (X, y). Its
            loss is measured after every epoch, and the weights of the best epoch are returned.
        patience: stop after so many epochs without a better loss (of validation, else training).
        tol: a loss must fall by more than this to count as better. Without `patience` it sets 10.
        sample_weight: weight of every row, (rows,), at least 0.
        class_weight: weight of every label, or "balanced".
        seed: an integer from 0 to 2⁶⁴ - 1; it decides initialization, shuffling, dropout, split.
        engine: "numpy", "xla", or "auto": the one expected to be done first.
        dtype: "float32" or "float64"; None: that of the model to continue from, else "float32".
        shuffle: whether every epoch has an order of its own.
        max_time: seconds of training (those before a resume included) after which it stops, at the
            end of a step. max_steps: steps after which it stops, e.g. to do again what a time limit
            had cut off.
        callbacks: functions called with a `Progress` after every epoch; one that returns True
            stops training. They see every epoch, which on small networks costs speed.
        progress: True prints a line that keeps changing; a function gets a `Progress` about five
            times a second.
        checkpoint: a file that the run is kept in, so that nothing is lost; written whole or not
            at all, at the end too. checkpoint_every: a time ("30s", "5m") or a number of epochs.
        resume: go on from that file, to the very bits of a run that was never interrupted. Without
            the file training starts anew; a finished run is returned as it is, or goes on where
            `epochs` is larger now. A run that ended within a second is not kept: done again it has
            the same bits, and sooner.

    Returns:
        The trained model. The first Ctrl-C stops training and returns it too, with
        `stop_reason="interrupted"`. With a checkpoint, SIGTERM writes it and then ends the process,
        or where the program handles that signal itself returns with `stop_reason="terminated"`.

    Raises:
        ShapeError, DataError, SettingError: with what was expected and what to write.
            A checkpoint of another run (data, seed, settings, versions) is refused.
        NonFiniteError: a number stopped being finite; its `.model` has the last finite weights.
        ModelFileError: a checkpoint to go on from that is damaged. One that cannot be written is a
            warning: training goes on.

    Example:
        >>> from chainrule.nn import Dense, Tanh
        >>> from chainrule.optim import Adam
        >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> model = fit(
        ...     Network([Dense(4), Tanh(), Dense(1)]),
        ...     X,
        ...     [0, 1, 1, 0],
        ...     loss="binary_cross_entropy",
        ...     optimizer=Adam(0.05),
        ...     epochs=500,
        ...     batch_size=None,
        ... )
        >>> model.predict(X).tolist()
        [0, 1, 1, 0]
    """
    start = network if isinstance(network, Model) else None
    net = start.network if start is not None else _as_network(network)
    if start is not None:
        X, y = _encoded(start, X, y)
        X = in_order(X, start.input_names)
    names = names_of(X) or (start.input_names if start is not None else None)
    loss_function = loss_for(loss, loss_weights, start)
    algorithm = as_optimizer(optimizer)
    dtype = dtype or ("float32" if start is None else start.dtype)
    check_settings(
        epochs=epochs,
        batch_size=batch_size,
        patience=patience,
        tol=tol,
        max_time=max_time,
        max_steps=max_steps,
        dtype=dtype,
        seed=seed,
        callbacks=callbacks,
    )
    key = key_from_seed(seed)

    features = as_features(X, dtype=dtype, indices=index_flags(net, X))
    if start is not None:
        features = with_expected_lengths(features, start.in_shape)
    check_embeddings(net, features)
    check_channels_last(net, features)
    pictures = holds_pictures(features)
    if start is not None:
        check_scale(features, bool(start.card.get("pictures")))
    elif pictures:
        warnings.warn(PICTURES, stacklevel=2)
    in_shape = shape_of(features)
    if start is not None:
        check_in_shape(features, start.in_shape)
        params, state = (cast(tree, dtype) for tree in (start.params, start.state))
        out_shape = _output_shape(net, in_shape)
    else:
        made = net.init(fold_in(key, INIT), in_shape)
        params, state = cast(made[0], dtype), cast(made[1], dtype)
        out_shape = made[2]
    kind = getattr(loss_function, "targets", "numbers")
    check_heads(loss_function, out_shape)
    y = targets_of(y, features, out_shape)
    targets = targets_for(start, loss_function, y, out_shape)
    encoded = targets.encode(y, dtype)
    rows = row_count(features, encoded)
    weights = row_weights(sample_weight, class_weight, encoded, targets, rows)

    data = {"x": features, "y": encoded}
    held: Any = None
    if isinstance(validation, tuple | list):
        pair = as_pair(validation)
        pair = pair if start is None else _encoded(start, *pair)
        pair = in_order(pair[0], names, "validation X"), pair[1]
        held = own_validation(pair, net, targets, dtype, in_shape)
    elif validation is not None:
        data, weights, held = hold_out(data, weights, validation, targets, fold_in(key, SPLIT))
    check_training_weights(weights)
    rows = len(leaves(data)[0])
    size = batch_rows(batch_size, rows)

    task, begin = Task(score_network(net, kind), loss_function, algorithm), (params, state)
    steps = -(-rows // size)
    check_steps(epochs, steps)
    cost = functools.cache(lambda: forward_cost(task.network, *begin, in_shape, dtype))
    if engine == "auto":
        engine = choose_engine(epochs * steps, BACK_AND_FORTH * size * cost().operations)
    chosen = engine_by_name(engine)
    streams = streams_for(task, size, chosen)
    plan = Plan(
        epochs=epochs,
        batch_size=size,
        key=fold_in(key, SHUFFLE),
        dtype=dtype,
        shuffle=shuffle,
        patience=10 if patience is None and tol > 0 else patience,
        tolerance=tol,
        max_time=max_time,
        max_steps=max_steps,
        callbacks=tuple(callbacks),
        on_progress=as_listener(progress),
        whole=lambda tree: whole_tree(net, task.network, tree),
        streams=streams,
        pieces=pieces_for(task.network, size // streams, cost().largest, whole_batch=True)
        if streams > 1
        else 1,
    )
    params = score_tree(net, task.network, params)
    state = score_tree(net, task.network, state)
    held = chunked(held, dtype, plan.streams)
    keeper = None
    if checkpoint is not None:
        arrays = {"first parameters": (params, state), "data": data, "weights": weights}
        arrays["validation data"] = held or {}
        identity = identity_of(task, plan, chosen, seed, arrays)
        keeper = Keeper(as_path(checkpoint), checkpoint_every, identity, resume)
    elif resume:
        raise SettingError("resume needs a checkpoint: the path of the file to go on from.")
    outcome = run(task, params, state, data, weights, held, plan, chosen, keeper)
    if progress is True:
        sys.stderr.write("\n")
    model = Model(
        network=net,
        params=whole_tree(net, task.network, outcome.params),
        state=whole_tree(net, task.network, outcome.state),
        loss=loss_function,
        targets=targets,
        in_shape=in_shape,
        dtype=dtype,
        history=outcome.history,
        card=_card(outcome, chosen, seed, plan, rows)
        | ({"pictures": True} if pictures else {})
        | ({"input_names": names} if names else {}),
        encoder=start.encoder if start is not None else None,
    )
    if outcome.bad is not None:
        raise not_finite(model, task, data, outcome)
    _warn_of_validation(outcome.history)
    return model


def _as_network(network: Any) -> Network:
    if isinstance(network, Network):
        return network
    if isinstance(network, list | tuple) or hasattr(network, "apply"):
        return Network(network)
    raise SettingError(
        f"fit got {type(network).__name__} as the network; it takes cr.Network([…]) or a Model."
    )


def _encoded(start: Model, X: Any, y: Any) -> tuple[Any, Any]:
    """Raw rows and targets as the network of a model sees them."""
    if start.encoder is None:
        return X, y
    return start.encoded(X), start.encoder.encode_target(y)


def _output_shape(net: Network, in_shape: Any) -> Any:
    return net.init(key_from_seed(0), in_shape)[2]


def _card(outcome: Any, engine: Engine, seed: int, plan: Plan, rows: int) -> dict[str, Any]:
    return {
        "made_with": versions_of(engine)
        | {"processor": processor_name(), "threads": os.cpu_count() or 1},
        "engine": engine.name,
        "streams": plan.streams,
        "seed": seed,
        "rows": rows,
        "batch_size": plan.batch_size,
        "epochs": outcome.epochs,
        "steps": outcome.steps,
        "best_epoch": outcome.best_epoch,
        "stop_reason": outcome.stop_reason,
        "seconds": round(outcome.seconds, 3),
    }


def _warn_of_validation(history: Mapping[str, Sequence[float]]) -> None:
    losses = history.get("validation_loss", ())
    bad = [epoch for epoch, loss in enumerate(losses, 1) if not np.isfinite(loss)]
    if bad:
        warnings.warn(
            f"The validation loss was not finite in {len(bad)} of {len(losses)} epochs, first in "
            f"epoch {bad[0]}. Such an epoch is never the best; look for extreme validation rows, "
            "or for a loss that is undefined on some.",
            stacklevel=3,
        )
