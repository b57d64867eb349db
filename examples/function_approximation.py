"""The more hidden units and the more rows, the smaller a network's largest error."""

import sys
from typing import Any

import numpy as np
from _figure import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, panels, save

import chainrule as cr

UNITS, ROWS, STARTS = [2, 4, 8, 16, 32, 64], [10, 30, 100, 300, 1000], range(4)
POINTS = np.linspace(-1, 1, 401)


def truth(x: Any) -> Any:
    """The function that the network never sees, only rows of it with noise."""
    return np.sin(2 * np.pi * x)


def learn(units: int, rows: int, start: int, epochs: int) -> tuple[Any, Any, Any]:
    """A network with so many hidden units, fitted to so many noisy rows: x, y, its curve."""
    rng = np.random.default_rng(start)
    x = rng.uniform(-1, 1, rows)
    y = truth(x) + rng.normal(0, 0.2, rows)
    # Wide first weights and biases spread the bends of the units over the whole of x.
    hidden = cr.nn.Dense(units, cr.nn.RandomNormal(3), bias_init=cr.nn.RandomUniform(3))
    model = cr.fit(
        cr.Network([hidden, cr.nn.Tanh(), cr.nn.Dense(1, cr.nn.GlorotUniform())]),
        x[:, None],
        y,
        loss="mse",
        optimizer=cr.optim.Adam(learning_rate=cr.optim.Cosine(0.05)),
        batch_size=None,
        epochs=epochs,
        seed=start,
    )
    return x, y, model.predict(POINTS[:, None])


def draw(folder: str, curves: dict[int, Any], rows: Any, tables: list[dict[int, Any]]) -> None:
    figure, (left, *others) = panels(3)
    left.scatter(*rows, s=2, color=SKY, alpha=0.5, label="1,000 rows")
    left.plot(POINTS, truth(POINTS), color=BLACK, lw=1.2, label="true function")
    for (units, curve), color, style in zip(
        curves.items(), (PURPLE, ORANGE, BLUE), (":", "--", "-"), strict=True
    ):
        left.plot(POINTS, curve, color=color, ls=style, label=f"{units} hidden units")
    left.set(title="Fitted curves", xlabel="x", ylabel="y", ylim=(-1.7, 3.4))
    left.legend(loc="upper right", ncols=2, markerscale=3)
    titles = "More units, 1,000 rows each", "More rows, 64 units each"
    labels = "hidden units", "rows"
    for axes, title, label, table in zip(others, titles, labels, tables, strict=True):
        means = [np.mean(errors) for errors in table.values()]
        axes.loglog(list(table), means, "o-", color=GREEN, ms=5, label="mean of the starts")
        for size, errors in table.items():
            axes.loglog([size] * len(errors), errors, "_", color=BLACK, ms=9)
        axes.set(title=title, xlabel=label, ylabel="largest error", ylim=(0.05, 4))
        axes.set_xticks(list(table), [f"{size:,}" for size in table], minor=False)
        axes.set_xticks([], minor=True)
        axes.set_yticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
        axes.set_yticks([], minor=True)
    others[0].plot([], "_", color=BLACK, ms=9, label="one start")
    others[0].legend(loc="upper right")
    save(figure, folder, "function_approximation")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    sizes = [(units, 1000) for units in UNITS] + [(64, rows) for rows in ROWS[:-1]]
    if quick:
        sizes = [(2, 1000), (8, 1000), (64, 1000), (64, 10), (64, 100)]
    starts, epochs = (STARTS[:1], 600) if quick else (STARTS, 800)
    runs = {size: [learn(*size, start, epochs) for start in starts] for size in sizes}
    errors = {
        size: [float(abs(curve - truth(POINTS)).max()) for _, _, curve in found]
        for size, found in runs.items()
    }
    by_units = {units: found for (units, rows), found in errors.items() if rows == 1000}
    by_rows = {rows: found for (units, rows), found in sorted(errors.items()) if units == 64}
    for name, table in ("hidden units", by_units), ("rows", by_rows):
        print(f"{name:>13}" + "".join(f"{size:8,}" for size in table))
        print("largest error" + "".join(f"{np.mean(found):8.3f}" for found in table.values()))
    tables = ([np.mean(found) for found in table.values()] for table in (by_units, by_rows))
    falls = all(means == sorted(means, reverse=True) for means in tables)
    print(
        f"The largest error {'falls' if falls else 'does not fall'} with every step to more hidden"
    )
    print("units, and to more rows.")
    curves = {units: runs[units, 1000][0][2] for units in (2, 8, 64)}
    draw(folder, curves, runs[64, 1000][0][:2], [by_units, by_rows])
    return {"by_units": by_units, "by_rows": by_rows}


if __name__ == "__main__":
    main(*sys.argv[1:2])
