"""How well networks predict, beside scikit-learn's MLP: same data, folds, layers, batch, epochs.

    python -m benchmarks.accuracy              # a table; ten seeds, some minutes
    python -m benchmarks.accuracy --seeds 3 --data wine,digits
    python -m benchmarks.accuracy --json       # one line of JSON for every data set

Every seed shuffles the rows anew and predicts each row by a network that has not seen it (five
folds, scaled by the training part alone). The two libraries are compared seed by seed: accuracy as
a difference in points, the error of a regression as a ratio.
"""

import argparse
import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats
from sklearn import datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

import chainrule as cr

DATA: dict[str, Callable[..., Any]] = {
    "breast_cancer": datasets.load_breast_cancer,
    "wine": datasets.load_wine,
    "digits": datasets.load_digits,
    "diabetes": datasets.load_diabetes,
}
REGRESSIONS = ("diabetes",)
HIDDEN, BATCH, EPOCHS, RATE = (64, 32), 32, 40, 1e-3
SEEDS, FOLDS = 10, 5
LEAST_DIFFERENCE, LARGEST_RATIO = -0.5, 1.01
"""The bars: points of accuracy, and how many times scikit-learn's root mean squared error."""


@dataclass(frozen=True)
class Comparison:
    """What one data set gave.

    Attributes:
        ours, theirs: mean accuracy in percent, or mean RMSE in the target's own units.
        difference: mean of the paired differences in points, or geometric mean of the ratios.
        low, high: its 95 % interval over the seeds (Student's t).
        passed: whether the mean meets the bar.
    """

    data: str
    measure: str
    seeds: int
    ours: float
    theirs: float
    difference: float
    low: float
    high: float
    bar: float
    passed: bool


def ours(x: Any, y: Any, fresh: Any, seed: int, regression: bool) -> Any:
    """Predictions for fresh rows by chainrule."""
    outputs = 1 if regression else len(np.unique(y))
    layers: list[Any] = []
    for units in HIDDEN:
        layers += [cr.nn.Dense(units), cr.nn.ReLU()]
    model = cr.fit(
        cr.Network([*layers, cr.nn.Dense(outputs)]), x, y,
        loss="mse" if regression else "cross_entropy", optimizer=cr.optim.Adam(RATE),
        epochs=EPOCHS, batch_size=BATCH, seed=seed,
    )  # fmt: skip
    return model.predict(fresh)


def theirs(x: Any, y: Any, fresh: Any, seed: int, regression: bool) -> Any:
    """Predictions for fresh rows by scikit-learn, without penalty and without stopping early."""
    kind = MLPRegressor if regression else MLPClassifier
    model = kind(
        hidden_layer_sizes=HIDDEN, activation="relu", solver="adam", alpha=0.0,
        batch_size=BATCH,
        learning_rate_init=RATE, max_iter=EPOCHS, n_iter_no_change=EPOCHS + 1, tol=0.0,
        random_state=seed,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, y).predict(fresh)


def folds(x: Any, y: Any, seed: int, regression: bool) -> Iterator[tuple[Any, Any]]:
    splitter = KFold if regression else StratifiedKFold
    yield from splitter(FOLDS, shuffle=True, random_state=seed).split(x, y)


def scores_of(name: str, seed: int) -> tuple[float, float]:
    """Both libraries on one data set with one seed: percent right, or RMSE."""
    x, y = DATA[name](return_X_y=True)
    regression = name in REGRESSIONS
    predicted = [np.empty(len(y)), np.empty(len(y))]
    for kept, held in folds(x, y, seed, regression):
        inputs = StandardScaler().fit(x[kept])
        train, fresh = inputs.transform(x[kept]), inputs.transform(x[held])
        mean, std = (y[kept].mean(), y[kept].std()) if regression else (0, 1)
        target = (y[kept] - mean) / std if regression else y[kept]
        for library, found in zip((ours, theirs), predicted, strict=True):
            found[held] = library(train, target, fresh, seed, regression) * std + mean
    if regression:
        one, other = (float(np.sqrt(np.mean((p - y) ** 2))) for p in predicted)
    else:
        one, other = (float(100 * np.mean(p == y)) for p in predicted)
    return one, other


def compare(name: str, seeds: int) -> Comparison:
    """One data set over many seeds."""
    pairs = np.array([scores_of(name, seed) for seed in range(seeds)])
    regression = name in REGRESSIONS
    differences = np.log(pairs[:, 0] / pairs[:, 1]) if regression else pairs[:, 0] - pairs[:, 1]
    mean = float(differences.mean())
    reach = stats.t.ppf(0.975, seeds - 1) * differences.std(ddof=1) / np.sqrt(seeds)
    ends = [mean, mean - float(reach), mean + float(reach)]
    middle, low, high = (float(np.exp(e)) for e in ends) if regression else ends
    bar = LARGEST_RATIO if regression else LEAST_DIFFERENCE
    return Comparison(
        data=name,
        measure="RMSE" if regression else "accuracy",
        seeds=seeds,
        ours=float(pairs[:, 0].mean()),
        theirs=float(pairs[:, 1].mean()),
        difference=middle,
        low=low,
        high=high,
        bar=bar,
        passed=bool(middle <= bar if regression else middle >= bar),
    )


def row(found: Comparison) -> str:
    """A line of the table."""
    unit = "×" if found.measure == "RMSE" else " points"
    sign = "" if found.measure == "RMSE" else "+"
    digits = ".3f" if found.measure == "RMSE" else f"{sign}.2f"
    return (
        f"| {found.data} | {found.measure} | {found.ours:.2f} | {found.theirs:.2f} | "
        f"{found.difference:{digits}}{unit} | {found.low:{digits}} to {found.high:{digits}} | "
        f"{'yes' if found.passed else 'no'} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"at least 2 ({SEEDS})")
    parser.add_argument("--data", default=",".join(DATA), help="data sets, by commas")
    parser.add_argument("--json", action="store_true", help="lines of JSON instead of a table")
    chosen = parser.parse_args()
    names = chosen.data.split(",")
    if chosen.seeds < 2 or not set(names) <= set(DATA):
        parser.error(f"--seeds must be at least 2, and --data some of {', '.join(DATA)}")
    if not chosen.json:
        print("| data | measure | chainrule | scikit-learn | difference | 95 % interval | met |")
        print("|---|---|---|---|---|---|---|")
    for name in names:
        found = compare(name, chosen.seeds)
        print(json.dumps(asdict(found)) if chosen.json else row(found), flush=True)


if __name__ == "__main__":
    main()
