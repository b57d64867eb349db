"""Rosenblatt's perceptron (1958) learns to tell lemons from apples, and never learns XOR."""

import sys
from typing import Any

import numpy as np
from _figure import BLACK, BLUE, ORANGE, panels, save

import chainrule as cr


def pick_fruit(count: int) -> tuple[Any, Any]:
    """Weight in grams and length in centimeters of lemons (kind 0) and apples (kind 1)."""
    rng = np.random.default_rng(3)
    lemon_length, apple_length = rng.uniform(7, 10, count), rng.uniform(6, 9, count)
    lemon_weight = 110 + 25 * (lemon_length - 8) + rng.normal(0, 12, count)
    apple_weight = 170 + 40 * (apple_length - 8) + rng.normal(0, 12, count)
    lemons = np.column_stack([lemon_weight, lemon_length])
    apples = np.column_stack([apple_weight, apple_length])
    return np.concatenate([lemons, apples]), np.repeat([0, 1], count)


def learn(X: Any, y: Any, epochs: int) -> tuple[Any, list[int]]:
    """Start from zero weights, look at one row at a time, correct the weights where it is wrong."""
    mistakes = []

    def count_mistakes(progress: cr.Progress) -> bool:
        layer = progress.params()[0]
        answers = (X @ layer["weight"] + layer["bias"])[:, 0] > 0
        mistakes.append(int((answers != y).sum()))
        return mistakes[-1] == 0  # True ends the training: nothing is left to correct

    perceptron = cr.Network([cr.nn.Dense(1, weight_init=cr.nn.Zeros())])
    rule = cr.optim.GradientDescent(learning_rate=1.0)
    model = cr.fit(
        perceptron, X, y, loss="perceptron", optimizer=rule,
        batch_size=1, epochs=epochs, callbacks=[count_mistakes],
    )  # fmt: skip
    return model, mistakes


def draw(folder: str, fruit: Any, kind: Any, model: Any, mistakes: dict[str, list[int]]) -> None:
    figure, (left, right) = panels(2)
    for number, name, color, mark in (0, "lemons", ORANGE, "o"), (1, "apples", BLUE, "^"):
        left.scatter(*fruit[kind == number].T, s=22, color=color, marker=mark, label=name)
    weight, bias = model.params[0]["weight"][:, 0], model.params[0]["bias"][0]
    grams = np.array([fruit[:, 0].min(), fruit[:, 0].max()])
    scaled = (grams - fruit[:, 0].mean()) / fruit[:, 0].std()
    boundary = -(weight[0] * scaled + bias) / weight[1]
    length = boundary * fruit[:, 1].std() + fruit[:, 1].mean()
    left.plot(grams, length, color=BLACK, label="perceptron: z = 0")
    left.set(title="Two kinds of fruit", xlabel="weight (g)", ylabel="length (cm)")
    left.set(ylim=(5.5, 11.6))
    left.legend(loc="upper left", ncols=2)
    for (name, found), color, mark in zip(mistakes.items(), (BLUE, ORANGE), "os", strict=True):
        right.plot(range(1, len(found) + 1), found, color=color, marker=mark, ms=4, label=name)
    right.set(title="Learning ends, or never ends", xlabel="epoch", ylabel="mistakes (rows)")
    right.legend(loc="upper right")
    save(figure, folder, "perceptron")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    fruit, kind = pick_fruit(50)
    scaled = (fruit - fruit.mean(axis=0)) / fruit.std(axis=0)
    model, found = learn(scaled, kind, epochs=100)
    corners, xor = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    mistakes = {"100 fruits": found, "4 rows of XOR": learn(corners, xor, 15 if quick else 40)[1]}

    print("mistakes after epoch    1    2    3    4    5  …  last")
    for name, found in mistakes.items():
        print(f"{name:<18}" + "".join(f"{m:5}" for m in [*found[:5], found[-1]]))
    fruits, never = mistakes.values()
    print(
        f"After {len(fruits)} epochs every fruit is told apart. On XOR the perceptron still makes "
        f"mistakes after {len(never)}: no straight line divides it."
    )
    draw(folder, fruit, kind, model, mistakes)
    return mistakes


if __name__ == "__main__":
    main(*sys.argv[1:2])
