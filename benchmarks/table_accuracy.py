"""How well `cr.train` predicts with its default settings, beside scikit-learn's MLP with its own.

    python -m benchmarks.table_accuracy              # every table, ten seeds: takes an hour or two
    python -m benchmarks.table_accuracy --seeds 3 --data wine,digits
    python -m benchmarks.table_accuracy --json       # one line of JSON for every table

Every seed splits the rows anew, as `cr.train` does: five folds of fewer than 2,000 rows, a test
part of more. On each part scikit-learn's MLP learns from all rows that are not judged (gaps filled
with the median, numbers and their targets scaled, labels one-hot), and so do boosted trees. They
are compared seed by seed: accuracy as a difference in points, RMSE as a ratio.
"""

import argparse
import json
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from benchmarks.tables import TABLES, table
from chainrule.judgement import boosted_trees
from chainrule.ops import key_from_seed
from chainrule.recipes import columns_to_embed, tabular_recipe, usable_columns
from chainrule.workflow.fitting import Fitting
from chainrule.workflow.judging import train_and_judge
from chainrule.workflow.parts import Part, plan_parts
from chainrule.workflow.question import Question, ask
from chainrule.workflow.rivals import columns_as_numbers

SEEDS = 10
LEAST_DIFFERENCE, LARGEST_RATIO = -0.5, 1.01
"""The bars: points of accuracy, and how many times scikit-learn's root mean squared error."""


@dataclass(frozen=True)
class Comparison:
    """What one table gave.

    Attributes:
        ours, theirs, trees: mean accuracy in percent, or mean RMSE in the target's own units.
        difference: mean of the paired differences to scikit-learn's MLP in points, or geometric
            mean of the ratios. low, high: its 95 % interval over the seeds (Student's t).
        to_trees: the same to boosted trees.
        passed: whether the mean meets the bar.
    """

    data: str
    measure: str
    seeds: int
    ours: float
    theirs: float
    trees: float
    difference: float
    low: float
    high: float
    to_trees: float
    bar: float
    passed: bool


def mlp_inputs(question: Question, used: tuple[str, ...], part: Part) -> tuple[Any, Any]:
    """What scikit-learn's MLP is given: known and judged rows, float64 (rows, features)."""
    raw, labels = columns_as_numbers(question, used)
    pieces = []
    for i, is_label in enumerate(labels):
        known = raw[part.known, i]
        if is_label:
            present = np.unique(known[~np.isnan(known)])
            pieces.append((raw[:, i, None] == present).astype("float64"))
        else:
            filled = np.where(np.isnan(raw[:, i]), np.nanmedian(known), raw[:, i])[:, None]
            pieces.append(StandardScaler().fit(filled[part.known]).transform(filled))
    x = np.concatenate(pieces, axis=1)
    return x[part.known], x[part.judged]


def mlp(question: Question, used: tuple[str, ...], part: Part, seed: int, number: bool) -> Any:
    """What scikit-learn's MLP says about the judged rows."""
    x, new = mlp_inputs(question, used, part)
    y = question.values[part.known]
    mean, scale = (y.mean(), y.std()) if number else (0, 1)
    model = (MLPRegressor if number else MLPClassifier)(random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        said = model.fit(x, (y - mean) / scale if number else y).predict(new)
    return said * scale + mean if number else said


def trees(question: Question, used: tuple[str, ...], part: Part, seed: int, number: bool) -> Any:
    """What boosted trees say about the judged rows."""
    raw, labels = columns_as_numbers(question, used)
    classes = 0 if number else question.outputs
    fitted = boosted_trees(
        raw[part.known], question.values[part.known], None,
        classes=classes, categories=labels, seed=seed,
    )  # fmt: skip
    said = fitted(raw[part.judged])
    return said if number else said.argmax(axis=1)


def scores_of(name: str, seed: int) -> tuple[float, float, float]:
    """Ours, scikit-learn's MLP and boosted trees with one seed: percent right, or RMSE."""
    named = TABLES[name]
    question = ask(table(name), named.target)
    plan = plan_parts(question, key_from_seed(seed))
    learnt = plan.whole if plan.folds else plan.parts[0].training
    left_out = usable_columns(question.table.take(learnt), question.names, dict(question.roles))
    used = tuple(column for column, reason in left_out.items() if not reason)
    embedded = columns_to_embed(question.table.take(learnt), used)
    rows = len(plan.parts[0].training)
    recipe = tabular_recipe(rows, question.outputs, question.task, embedded=embedded)
    fitting = Fitting(question, used, recipe, None, seed, "auto", False)
    trained = train_and_judge(fitting, plan, baselines=False)
    assert trained.network is not None
    truth = question.values[trained.rows]
    rivals: list[Callable[..., Any]] = [mlp, trees]
    said = [trained.network.predicted] + [
        np.concatenate([r(question, used, part, seed, named.number) for part in plan.parts])
        for r in rivals
    ]
    if named.number:
        one, two, three = (float(np.sqrt(np.mean((s - truth) ** 2))) for s in said)
    else:
        one, two, three = (float(100 * np.mean(s == truth)) for s in said)
    return one, two, three


def compare(name: str, seeds: int) -> Comparison:
    """One table over many seeds."""
    found = np.array([scores_of(name, seed) for seed in range(seeds)])
    number = TABLES[name].number
    first = found[:, :1]
    differences = np.log(first / found[:, 1:]) if number else first - found[:, 1:]
    mean, to_trees = (float(m) for m in differences.mean(axis=0))
    spread = differences[:, 0].std(ddof=1) / np.sqrt(seeds) if seeds > 1 else np.inf
    reach = float(stats.t.ppf(0.975, max(1, seeds - 1)) * spread)
    ends = [mean, mean - reach, mean + reach, to_trees]
    middle, low, high, to_trees = (float(np.exp(e)) for e in ends) if number else ends
    bar = LARGEST_RATIO if number else LEAST_DIFFERENCE
    means = (float(m) for m in found.mean(axis=0))
    return Comparison(
        name, "RMSE" if number else "accuracy", seeds, *means, middle, low, high, to_trees, bar,
        bool(middle <= bar if number else middle >= bar),
    )  # fmt: skip


def row(found: Comparison) -> str:
    """A line of the table."""
    number = found.measure == "RMSE"
    digits, unit = (".3f", "×") if number else ("+.2f", " points")
    return (
        f"| {found.data} | {found.measure} | {found.ours:.2f} | {found.theirs:.2f} | "
        f"{found.difference:{digits}}{unit} | {found.low:{digits}} to {found.high:{digits}} | "
        f"{'yes' if found.passed else 'no'} | {found.trees:.2f} | "
        f"{found.to_trees:{digits}}{unit} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"so many splits ({SEEDS})")
    parser.add_argument("--data", default=",".join(TABLES), help=f"some of {', '.join(TABLES)}")
    parser.add_argument("--json", action="store_true", help="a line of JSON for every table")
    settings = parser.parse_args()
    if not settings.json:
        print("| table | score | chainrule | scikit-learn MLP | difference | 95 % | "
              "at the bar | boosted trees | difference |")  # fmt: skip
        print("|---|---|---|---|---|---|---|---|---|")
    for name in settings.data.split(","):
        found = compare(name, settings.seeds)
        print(json.dumps(asdict(found)) if settings.json else row(found), flush=True)


if __name__ == "__main__":
    main()
