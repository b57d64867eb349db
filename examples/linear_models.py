"""A linear SVM and logistic regression are one Dense layer; only the loss differs."""

import sys
from typing import Any

import numpy as np
from _figure import BLACK, BLUE, GRAY, ORANGE, panels, save

import chainrule as cr

PENALTY = 0.01


def two_clouds(count: int) -> tuple[Any, Any]:
    """Rows of two groups that overlap a little, and which group each belongs to."""
    rng = np.random.default_rng(1)
    first = rng.normal([-1.1, -0.5], 0.8, (count, 2))
    second = rng.normal([1.1, 0.5], 0.8, (count, 2))
    return np.concatenate([first, second]), np.repeat([0, 1], count)


def learn(X: Any, y: Any, loss: str, epochs: int) -> Any:
    """One Dense layer with a loss and a penalty of ½ · 0.01 · ‖weight‖²."""
    descent = cr.optim.GradientDescent(learning_rate=cr.optim.Cosine(0.5), l2=PENALTY)
    layer = cr.Network([cr.nn.Dense(1)])
    return cr.fit(layer, X, y, loss=loss, optimizer=descent, batch_size=None, epochs=epochs)


def draw_lines(axes: Any, model: Any, scores: dict[float, str]) -> None:
    """The points where weight · x + bias has a given score, each with its style of line."""
    (a, b), bias = model.params[0]["weight"][:, 0], model.params[0]["bias"][0]
    across = np.array([-3.5, 3.5])
    for score, style in scores.items():
        axes.plot(across, (score - bias - a * across) / b, color=BLACK, ls=style, lw=1.3)


def draw(folder: str, X: Any, y: Any, models: dict[str, Any], close: Any) -> None:
    figure, (svm, logistic, losses) = panels(3)
    svm.scatter(*X[close].T, s=75, fc="none", ec=GRAY, label="on or inside the margin")
    for axes, name in zip((svm, logistic), models, strict=True):
        for group, color, mark in (0, ORANGE, "o"), (1, BLUE, "^"):
            axes.scatter(*X[y == group].T, s=18, c=color, marker=mark, label=f"group {group}")
        axes.set(title=name, xlabel="first feature", ylabel="second feature")
        axes.set(xlim=(-3.5, 3.5), ylim=(-2.8, 5.2))
    draw_lines(svm, models["linear SVM"], {0: "-", -1: "--", 1: "--"})
    draw_lines(logistic, models["logistic regression"], {0: "-", -2.197: ":", 2.197: ":"})
    svm.set_title("Linear SVM: score 0 and ±1")
    logistic.set_title("Logistic: p = 0.5, 0.1 and 0.9")
    svm.legend(loc="upper right")
    score = np.linspace(-3, 3, 301)[:, None]
    hinge = cr.losses.Hinge()(np.ones_like(score), score)
    logarithm = cr.losses.BinaryCrossEntropy()(np.ones_like(score), score)
    losses.plot(score, hinge, color=BLUE, label="hinge (SVM)")
    losses.plot(score, logarithm, color=ORANGE, ls="--", label="cross-entropy (logistic)")
    losses.step(score[:, 0], score[:, 0] <= 0, color=GRAY, lw=1.2, label="mistake: 0 or 1")
    losses.set(title="What a row of group 1 costs", xlabel="score", ylabel="loss")
    losses.legend(loc="upper right")
    save(figure, folder, "linear_models")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    X, y = two_clouds(60)
    names = {"linear SVM": "hinge", "logistic regression": "binary_cross_entropy"}
    models = {name: learn(X, y, loss, 600 if quick else 3000) for name, loss in names.items()}
    print("model                loss                  weight          bias  right")
    for name, model in models.items():
        (a, b), bias = model.params[0]["weight"][:, 0], model.params[0]["bias"][0]
        right = np.mean(model.predict(X) == y)
        print(f"{name:21}{names[name]:21}{a:6.3f} {b:6.3f}{bias:9.3f}{right:7.1%}")
    sign = 2 * y - 1
    close = sign * models["linear SVM"].outputs(X)[:, 0] < 1.005
    print(
        f"One layer, two losses, nearly the same line. Only {close.sum()} of {len(y)} rows hold "
        "the SVM's line; every row pulls a little at the logistic one."
    )
    draw(folder, X, y, models, close)
    return {"X": X, "y": y, "models": models, "close": close}


if __name__ == "__main__":
    main(*sys.argv[1:2])
