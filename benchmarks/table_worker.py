"""The tasks of benchmarks.table that need a process of their own; each prints one line of JSON."""

import json
import statistics
import sys
import time
import warnings
from typing import Any

import numpy as np

ROWS, COPIES = 50_000, 20
TIMES = 300
"""One row is predicted so often."""

LABELS = ("cut", "color", "clarity")


def read(path: str) -> dict[str, float]:
    """Seconds from the file to the typed table, the first time in a process."""
    import polars  # noqa: F401

    from chainrule.data import as_table

    began = time.perf_counter()
    as_table(path)
    return {"seconds": time.perf_counter() - began}


def warm(path: str) -> dict[str, float]:
    """Seconds of predicting one row, given as a dict, by a model that is loaded."""
    import chainrule as cr

    model = cr.load(path)
    row: dict[str, Any] = {"carat": [0.31], "cut": ["Ideal"], "color": ["E"], "clarity": ["SI2"]}
    row |= {"depth": [61.0], "table": [55.0], "x": [3.95], "y": [3.98], "z": [2.43]}
    return {"seconds": often(lambda: model.predict(row))}


def often(task: Any) -> float:
    """The median of many times."""
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        task()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def arrays() -> dict[str, float]:
    """Trains on a large array of numbers; the process's peak of memory is what counts."""
    import chainrule as cr

    random = np.random.default_rng(0)
    x = random.standard_normal((1_000_000, 32), dtype="float32")
    y = x[:, 0] - x[:, 1]
    network = cr.Network([cr.nn.Dense(32), cr.nn.ReLU(), cr.nn.Dense(1)])
    began = time.perf_counter()
    cr.fit(network, x, y, loss="mse", epochs=2, batch_size=256, validation=0.1)
    return {"seconds": time.perf_counter() - began}


def scikit(small: str, large: str) -> dict[str, float]:
    """scikit-learn's pipeline: fitting, predicting a million rows from CSV to CSV, one row."""
    import polars
    from sklearn.compose import ColumnTransformer
    from sklearn.neural_network import MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    frame = polars.read_csv(small)
    y = frame["price"].to_numpy().astype("float64")
    mean, scale = y.mean(), y.std()
    numbers = [name for name in frame.columns if name not in (*LABELS, "price")]
    steps = [("labels", OneHotEncoder(), list(LABELS)), ("numbers", StandardScaler(), numbers)]
    network = MLPRegressor(hidden_layer_sizes=(128, 64), batch_size=256, early_stopping=True,
                           n_iter_no_change=20, validation_fraction=0.2, max_iter=200,
                           random_state=0)  # fmt: skip
    pipeline = make_pipeline(ColumnTransformer(steps), network)
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline.fit(frame.drop("price"), (y - mean) / scale)
    fitted = time.perf_counter() - began
    began = time.perf_counter()
    said = pipeline.predict(polars.read_csv(large).drop("price")) * scale + mean
    polars.DataFrame({"price": said}).write_csv(large + ".answers")
    predicted = time.perf_counter() - began
    one = frame.drop("price").head(1)
    return {"fit": fitted, "predict": predicted, "one": often(lambda: pipeline.predict(one))}


def main() -> None:
    task, *arguments = sys.argv[1:]
    tasks: dict[str, Any] = {"read": read, "warm": warm, "arrays": arrays, "scikit": scikit}
    print(json.dumps(tasks[task](*arguments)))


if __name__ == "__main__":
    main()
