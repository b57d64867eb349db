"""Two hidden units solve XOR: they move the corners to where one line divides them."""

import sys
from typing import Any

import numpy as np
from _figure import BLACK, BLUE, FROM_ORANGE_TO_BLUE, ORANGE, panels, save

import chainrule as cr

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
XOR = np.array([0, 1, 1, 0])


def draw(folder: str, model: Any) -> None:
    figure, (left, right) = panels(2)
    side = np.linspace(-0.5, 1.5, 101)
    grid = np.stack(np.meshgrid(side, side), axis=-1)
    chance = model.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(101, 101)
    surface = left.contourf(
        side, side, chance, levels=np.linspace(0, 1, 21), cmap=FROM_ORANGE_TO_BLUE
    )
    left.contour(side, side, chance, levels=[0.5], colors=BLACK, linewidths=1.5)
    figure.colorbar(surface, ax=left, label="probability of 1", ticks=[0, 0.5, 1])
    left.set(title="What the network answers", xlabel="first input", ylabel="second input")
    left.set(xticks=[0, 1], yticks=[0, 1], aspect="equal")

    hidden = hidden_values(model, CORNERS)
    weight, bias = model.params[2]["weight"][:, 0], model.params[2]["bias"][0]
    reach = np.array([-1.3, 1.3])
    right.plot(reach, -(weight[0] * reach + bias) / weight[1], color=BLACK, label="boundary")
    right.set(title="What the hidden units see", xlabel="hidden unit 1", ylabel="hidden unit 2")
    right.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
    for axes, points in (left, CORNERS), (right, hidden):
        for answer, color, mark in (0, ORANGE, "o"), (1, BLUE, "^"):
            x, y = points[answer == XOR].T
            axes.scatter(x, y, s=70, c=color, marker=mark, ec=BLACK, zorder=3, label=str(answer))
    for text, point in zip(("0, 0 and 1, 1", "0, 1", "1, 0"), hidden, strict=False):
        right.annotate(text, point, (-8, 9), textcoords="offset points")
    right.legend(loc="upper right", title="wanted answer")
    save(figure, folder, "xor")


def hidden_values(model: Any, X: Any) -> Any:
    """What the two hidden units give for inputs X."""
    return np.tanh(X @ model.params[0]["weight"] + model.params[0]["bias"])


def learn(hidden: int, seed: int) -> Any:
    network = cr.Network([cr.nn.Dense(hidden), cr.nn.Tanh(), cr.nn.Dense(1)])
    adam = cr.optim.Adam(learning_rate=0.05)
    return cr.fit(
        network, CORNERS, XOR, loss="binary_cross_entropy", optimizer=adam,
        batch_size=None, epochs=600, seed=seed,
    )  # fmt: skip


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    model = learn(hidden=2, seed=1)
    chance, hidden = model.predict_proba(CORNERS)[:, 1], hidden_values(model, CORNERS)
    print(" inputs  hidden units  probability of 1  wanted")
    for row, (a, b) in enumerate(CORNERS):
        print(f"   {a}, {b}  {hidden[row, 0]:5.2f}  {hidden[row, 1]:5.2f}", end="")
        print(f"{chance[row]:18.4f}{XOR[row]:8}")
    print("The hidden layer has made XOR a problem that a straight line can solve.")

    starts = range(3 if quick else 10)
    solved = {
        units: sum(all(learn(units, seed).predict(CORNERS) == XOR) for seed in starts)
        for units in (2, 8)
    }
    for units, count in solved.items():
        print(f"{units} hidden units: solved from {count} of {len(starts)} starts")
    print("Some starts get stuck where two corners look alike; spare units are the way out.")
    draw(folder, model)
    return {"chance": chance, "hidden": hidden, "solved": solved, "starts": len(starts)}


if __name__ == "__main__":
    main(*sys.argv[1:2])
