"""A small model with every layer, for round trips through a file."""

from typing import Any

import numpy as np

from chainrule import losses, nn, ops
from chainrule.autodiff import tree_map
from chainrule.data import HeadTargets, Targets
from chainrule.model import Model

RESIDUAL = nn.Residual(nn.Network([nn.Dense(3), nn.Tanh()]))
BRANCHES = nn.Branches({"city": nn.Embedding(5, 2), "numbers": nn.Network([nn.Dense(2)])})

HEADS = nn.Heads({"class": nn.Network([nn.Dense(3), nn.Tanh()]), "box": nn.Dense(2)})

LAYERS: dict[str, tuple[Any, Any]] = {
    **{activation.__name__: (activation(), (3,)) for activation in nn.ACTIVATIONS.values()},
    "LeakyReLU": (nn.LeakyReLU(1.5), (3,)),
    "ELU": (nn.ELU(0.3), (3,)),
    "Dense": (nn.Dense(4, nn.RandomUniform(0.3), nn.Constant(0.1)), (3,)),
    "Conv2D": (
        nn.Conv2D(4, (3, 2), 2, ((1, 0), 1), groups=2, weight_init=nn.HeNormal()),
        (4, 5, 2),
    ),
    "Conv1D": (nn.Conv1D(3, 3, padding="same", dilation=2, bias=False), (5, 2)),
    "TransposedConv2D": (nn.TransposedConv2D(2, 3, stride=2, padding="same"), (3, 2, 2)),
    "MaxPool": (nn.MaxPool(3, stride=2, padding="same"), (4, 5, 2)),
    "AveragePool": (nn.AveragePool((2, 3)), (4, 5, 2)),
    "GlobalPool": (nn.GlobalPool("max"), (5, 2)),
    "Upsample": (nn.Upsample((2, 3), "bilinear"), (2, 3, 2)),
    "RandomShift": (nn.RandomShift((1, 2)), (4, 5, 2)),
    "RandomFlip": (nn.RandomFlip(False, True), (4, 5, 2)),
    "RandomCrop": (nn.RandomCrop((3, 2)), (4, 5, 2)),
    "Cutout": (nn.Cutout(3), (4, 5, 2)),
    "BatchNorm": (nn.BatchNorm(0.7), (3,)),
    "LayerNorm": (nn.LayerNorm(1e-3), (3,)),
    "Dropout": (nn.Dropout(0.25), (3,)),
    "Flatten": (nn.Flatten(), (2, 3)),
    "Embedding": (nn.Embedding(7, 4, nn.HeNormal()), ()),
    "EmbedColumns": (nn.EmbedColumns((0, 2), (5, 6), (3, 2), nn.HeNormal()), (3,)),
    "Residual": (RESIDUAL, (3,)),
    "Branches": (BRANCHES, {"city": (), "numbers": (3,)}),
    "Heads": (HEADS, (3,)),
    "SimpleRNN": (nn.SimpleRNN(2, sequences=True), (3, 2)),
    "LSTM": (nn.LSTM(2, reverse=True, bias_init=nn.ForgetBias(0.5)), (3, 2)),
    "GRU": (nn.GRU(2, recurrent_init=nn.Orthogonal(0.9)), (3, 2)),
    "Bidirectional": (nn.Bidirectional(nn.LSTM(2)), {"values": (3, 2), "lengths": ()}),
    "MultiHeadAttention": (nn.MultiHeadAttention(2, causal=True, bias=False), (3, 4)),
    "PositionalEncoding": (nn.PositionalEncoding(learned=True), (3, 4)),
    "TransformerBlock": (nn.TransformerBlock(2, 3, causal=True, dropout=0.1), (3, 4)),
    "Network": (nn.Network([nn.Dense(2, bias=False), nn.Network([nn.ReLU()])]), (3,)),
}
"""Every layer with settings of its own, and the shape of one example."""


def model_with(layer: Any, in_shape: Any, dtype: str = "float32", **fields: Any) -> Model:
    """A model of one layer with random numbers everywhere, state included."""
    network = nn.Network([layer])
    params, state, out_shape = network.init(ops.key_from_seed(1), in_shape)
    generator = np.random.default_rng(0)
    params, state = (
        tree_map(lambda x: generator.uniform(0.1, 1, x.shape).astype(dtype), tree)
        for tree in (params, state)
    )
    made = {
        "loss": losses.MeanSquaredError(),
        "targets": numbers(out_shape),
        "history": {"train_loss": [0.5, 0.25], "learning_rate": [0.1, 0.1]},
        "card": {"seed": 3, "note": "naïve", "parts": [1, 2], "scores": {"a": 0.1}},
    }
    if isinstance(out_shape, dict):
        made["loss"] = losses.head_losses(dict.fromkeys(out_shape, "mse"))
    return Model(network, params, state, in_shape=in_shape, dtype=dtype, **(made | fields))


def numbers(out_shape: Any) -> Any:
    """Targets that are numbers, of one output or of every head."""
    if isinstance(out_shape, dict):
        return HeadTargets({name: numbers(shape) for name, shape in out_shape.items()})
    outputs = out_shape[0] if len(out_shape) == 1 else 0
    return Targets("numbers" if outputs else "any", outputs, None, False)


def rows_for(in_shape: Any, rows: int = 6) -> Any:
    """Inputs that fit every sample: whole numbers from 0 to 4, so that embeddings take them too."""
    if ops.is_sequence(in_shape):
        lengths = np.arange(rows) % in_shape["values"][0] + 1
        return {"values": rows_for(in_shape["values"], rows), "lengths": lengths}
    if isinstance(in_shape, dict):
        return {name: rows_for(shape, rows) for name, shape in in_shape.items()}
    return np.random.default_rng(2).integers(0, 5, (rows, *in_shape)).astype("float32")
