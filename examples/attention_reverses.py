"""A tiny transformer reverses a sequence: its attention runs from each end to the other."""

import sys
from typing import Any

import numpy as np
from _figure import panels, save

import chainrule as cr

SYMBOLS, STEPS = 10, 8


def sequences(count: int, seed: int) -> tuple[Any, Any]:
    """Digits 0 … 9, (rows, steps), and the same read from the end."""
    X = np.random.default_rng(seed).integers(0, SYMBOLS, (count, STEPS))
    return X, X[:, ::-1].copy()


def network() -> cr.Network:
    """Attention alone knows no order: the second layer tells every step where it stands."""
    return cr.Network(
        [
            cr.nn.Embedding(SYMBOLS, 32),
            cr.nn.PositionalEncoding(learned=True),
            cr.nn.TransformerBlock(2, 32),
            cr.nn.LayerNorm(),
            cr.nn.Dense(SYMBOLS),
        ]
    )


def attention_weights(model: cr.Model, X: Any) -> Any:
    """How much every step looks at every other, (rows, heads, steps, steps)."""
    values = X
    for layer, params in zip(model.network.layers[:2], model.params[:2], strict=True):
        values, _ = layer.apply(params, {}, values, cr.nn.Context())
    block, params = model.network.layers[2], model.params[2]
    normal, _ = cr.nn.LayerNorm().apply(params["attention_norm"], {}, values, cr.nn.Context())
    return cr.nn.MultiHeadAttention(block.heads).weights(params["attention"], normal)


def draw(folder: str, weights: Any, row: Any, answer: Any) -> None:
    figure, axes = panels(weights.shape[1], width=3.6, height=3.9)
    for head, axis in enumerate(axes):
        axis.imshow(weights[0, head], cmap="Blues", vmin=0, vmax=1)
        axis.set(title=f"Head {head + 1}", xlabel="the step looked at: its digit")
        axis.set_xticks(range(STEPS), row)
        axis.set_yticks(range(STEPS), answer)
        axis.grid(False)
    axes[0].set_ylabel("the step that looks: its answer")
    save(figure, folder, "attention_reverses")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    X, y = sequences(1000 if quick else 4000, seed=0)
    model = cr.fit(
        network(), X, y, loss="cross_entropy", optimizer=cr.optim.Adam(cr.optim.Cosine(0.01)),
        epochs=8 if quick else 15, batch_size=50,
    )  # fmt: skip
    new, truth = sequences(1000, seed=1)
    found = model.predict(new)
    right = np.mean(found == truth)
    weights = attention_weights(model, new)
    mirrored = weights[:, :, range(STEPS), range(STEPS)[::-1]].max(1).mean()
    print(f"1,000 new sequences of {STEPS} digits, e.g. {new[0]} → {found[0]}")
    print(f"digits at their right place             {right:6.3f}   by chance {1 / SYMBOLS:.3f}")
    print(f"weight on the mirrored step, best head  {mirrored:6.3f}   by chance {1 / STEPS:.3f}")
    draw(folder, weights, new[0], found[0])
    return {"right": right, "mirrored": mirrored}


if __name__ == "__main__":
    main(*sys.argv[1:2])
