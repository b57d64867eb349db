"""Mean squared, mean absolute and Huber loss on a line with outliers."""

import sys
from typing import Any

import numpy as np
from _figure import BLACK, BLUE, GRAY, GREEN, ORANGE, panels, save

import chainrule as cr

SLOPE, CUT = 2.0, 1.0
LOSSES = {
    "mean squared": (cr.losses.MeanSquaredError(), ORANGE, "-"),
    "mean absolute": (cr.losses.MeanAbsoluteError(), BLUE, "--"),
    "Huber": (cr.losses.Huber(1.0), GREEN, "-"),
}


def rows() -> tuple[Any, Any]:
    """A hundred rows of a line; the last ten of the right half went wrong by 15."""
    rng = np.random.default_rng(1)
    x = np.sort(rng.uniform(-2, 2, 100))
    y = SLOPE * x + CUT + rng.normal(0, 0.5, 100)
    y[rng.choice(np.arange(60, 100), 10, replace=False)] -= 15
    return x[:, None], y


def draw(folder: str, lines: dict[str, tuple[float, float]]) -> None:
    figure, (left, right) = panels(2)
    x, y = rows()
    ends = np.array([-2.0, 2.0])
    left.scatter(x, y, s=10, color=GRAY, label="rows")
    left.plot(ends, SLOPE * ends + CUT, color=BLACK, lw=1, label="true line")
    r = np.linspace(-3, 3, 301)
    for name, (slope, cut) in lines.items():
        loss, color, style = LOSSES[name]
        left.plot(ends, slope * ends + cut, color=color, ls=style, label=name)
        right.plot(r, loss(np.zeros((301, 1)), r[:, None]), color=color, ls=style, label=name)
    left.set(title="Ten outliers in a hundred rows", xlabel="x", ylabel="y")
    left.legend(loc="lower left")
    right.set(title="What an error costs", xlabel="output - target", ylabel="loss", ylim=(0, 5))
    right.legend(loc="upper center")
    save(figure, folder, "outliers")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    x, y = rows()
    lines = {}
    for name, (loss, _, _) in LOSSES.items():
        model = cr.fit(
            cr.Network([cr.nn.Dense(1)]), x, y, loss=loss, batch_size=None,
            optimizer=cr.optim.Adam(cr.optim.Cosine(0.1)), epochs=400 if quick else 1000,
        )  # fmt: skip
        layer = model.params[0]
        lines[name] = (float(layer["weight"][0, 0]), float(layer["bias"][0]))
    print("loss            slope      cut")
    print(f"truth         {SLOPE:7.3f}  {CUT:7.3f}")
    for name, (slope, cut) in lines.items():
        print(f"{name:<14}{slope:7.3f}  {cut:7.3f}")
    print("Squares let ten rows turn the line over; absolute and Huber loss bound their pull.")
    draw(folder, lines)
    return lines


if __name__ == "__main__":
    main(*sys.argv[1:2])
