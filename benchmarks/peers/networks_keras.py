"""Keras 3 on JAX, on sequences and images: `fit` and `predict_on_batch`, compiled by XLA.

`benchmarks.networks` names the backend in the environment, before Keras is imported.
"""

import time
from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from benchmarks.cases import LEARNING_RATE, Array
from benchmarks.network_cases import (
    CLASSES,
    EPOCHS,
    HEADS,
    IMAGE_KERNEL,
    KERNEL,
    MANY,
    ONE,
    TRAINING,
    NetworkCase,
)


def network(case: NetworkCase) -> keras.Model:
    """The case's network with Keras's own initialization."""
    given = keras.Input(case.shape)
    if case.recurrent:
        state = getattr(layers, case.kind)(*case.widths)(given)
        return keras.Model(given, layers.Dense(1)(state))
    body = {"Conv1D": _along_time, "transformer": _transformer, "CNN": _cnn, "deep CNN": _deep}
    return keras.Model(given, layers.Dense(CLASSES)(body[case.kind](case, given)))


def _along_time(case: NetworkCase, x: keras.KerasTensor) -> keras.KerasTensor:
    for filters in case.widths:
        x = layers.Conv1D(filters, KERNEL, padding="same", activation="relu")(x)
    return layers.GlobalAveragePooling1D()(x)


def _transformer(case: NetworkCase, x: keras.KerasTensor) -> keras.KerasTensor:
    x = layers.Dense(case.widths[0])(x) + _sinusoids(case.shape[0], case.widths[0])
    for width in case.widths:
        normal = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.MultiHeadAttention(HEADS, width // HEADS)(normal, normal)
        normal = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.Dense(width)(layers.Dense(4 * width, activation="gelu")(normal))
    return layers.GlobalAveragePooling1D()(layers.LayerNormalization(epsilon=1e-5)(x))


def _sinusoids(time: int, width: int) -> Array:
    """The places of the steps, (time, width): Keras has no layer that adds them."""
    angles = np.arange(time)[:, None] / 10000 ** (np.arange(0, width, 2) / width)
    places = np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(time, width)
    return places.astype("float32")


def _cnn(case: NetworkCase, x: keras.KerasTensor) -> keras.KerasTensor:
    *filters, units = case.widths
    for count in filters:
        x = layers.Conv2D(count, IMAGE_KERNEL, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    return layers.Dense(units, activation="relu")(layers.Flatten()(x))


def _deep(case: NetworkCase, x: keras.KerasTensor) -> keras.KerasTensor:
    for index, filters in enumerate(case.widths):
        x = layers.Conv2D(filters, IMAGE_KERNEL, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.MaxPooling2D(2)(x) if index % 2 else x
    return layers.GlobalAveragePooling2D()(x)


def make(case: NetworkCase) -> dict[str, Callable[[], float | None]]:
    """What to call for each activity; training says its own seconds a step."""
    keras.utils.set_random_seed(0)
    model, (x, y) = network(case), case.data()
    classes = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss=keras.losses.MeanSquaredError() if case.recurrent else classes,
        jit_compile=True,
    )

    def train() -> float:
        began = time.perf_counter()
        model.fit(x, y, batch_size=case.batch, epochs=EPOCHS, verbose=0)
        return (time.perf_counter() - began) / (EPOCHS * (case.rows // case.batch))

    def predict(activity: str) -> Callable[[], None]:
        rows = case.inputs(activity)

        def run() -> None:
            model.predict_on_batch(rows)

        return run

    return {TRAINING: train, **{name: predict(name) for name in (ONE, MANY)}}
