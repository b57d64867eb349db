"""Overfitting, and what dropout, weight decay, early stopping and more rows do about it."""

import sys
from typing import Any

import numpy as np
from _figure import BLACK, BLUE, GREEN, ORANGE, PURPLE, RED, panels, save

import chainrule as cr

COLORS = [RED, BLUE, GREEN, ORANGE, PURPLE]


def rows(count: int, seed: int) -> tuple[Any, Any]:
    """Two classes in twenty features of which two matter, with one label in seven wrong."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, 20))
    y = X[:, 0] * X[:, 1] + 0.5 * X[:, 0] > 0
    wrong = rng.random(count) < 0.15
    return X, np.where(wrong, ~y, y).astype(int)


def wide(dropout: float = 0.0) -> cr.Network:
    hidden = [
        layer
        for _ in range(2)
        for layer in (cr.nn.Dense(128), cr.nn.ReLU(), cr.nn.Dropout(dropout))
    ]
    return cr.Network([*hidden, cr.nn.Dense(1)])


def learn(count: int, epochs: int, network: cr.Network, decay: float = 0.0, **settings: Any) -> Any:
    """A model, trained on so many rows and watched on 2,000 others after every epoch."""
    return cr.fit(
        network, *rows(count, seed=0), loss="binary_cross_entropy", batch_size=50,
        optimizer=cr.optim.AdamW(0.001, weight_decay=decay), epochs=epochs,
        validation=rows(2000, seed=1), **settings,
    )  # fmt: skip


def draw(folder: str, models: dict[str, Any], scores: dict[str, float]) -> None:
    figure, (left, right) = panels(2, width=4.6)
    first = next(iter(models.values()))
    left.plot(
        first.history["train_loss"], color=BLACK, ls="--", lw=1.2, label="plain, its own rows"
    )
    for (name, model), color in zip(models.items(), COLORS, strict=True):
        left.plot(model.history["validation_loss"], color=color, label=name)
    left.set(title="Loss on new rows", xlabel="epoch", ylabel="cross-entropy", ylim=(0, 2.3))
    left.legend(loc="upper right")
    places = range(len(scores))
    right.barh(places, list(scores.values()), color=COLORS, height=0.6)
    for place, score in zip(places, scores.values(), strict=True):
        right.text(score + 0.01, place, f"{score:.2f}", va="center", fontsize=9)
    right.set_yticks(places, list(scores))
    right.invert_yaxis()
    right.set(title="After the last epoch", xlabel="cross-entropy on new rows")
    right.grid(axis="y", visible=False)
    save(figure, folder, "overfitting")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    epochs = 60 if quick else 150
    models = {
        "plain": learn(300, epochs, wide()),
        "dropout 0.5": learn(300, epochs, wide(0.5)),
        "weight decay 3": learn(300, epochs, wide(), decay=3.0),
        "early stopping": learn(300, epochs, wide(), patience=5),
        "3,000 rows": learn(3000, epochs // 10, wide()),
    }
    print("cure              epochs  loss on its own rows  on new rows: last epoch  best epoch")
    scores = {}
    for name, model in models.items():
        judged = model.history["validation_loss"]
        stopped = model.stop_reason == "patience"
        scores[name] = min(judged) if stopped else judged[-1]
        own = model.history["train_loss"][-1]
        print(f"{name:<18}{len(judged):6}{own:22.3f}{scores[name]:25.3f}{min(judged):12.3f}")
    print("Left alone, the network learns its rows by heart and gets worse on others.")
    draw(folder, models, scores)
    own = {name: model.history["train_loss"][-1] for name, model in models.items()}
    return {"new": scores, "own": own}


if __name__ == "__main__":
    main(*sys.argv[1:2])
