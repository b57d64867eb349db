"""Marked anomalies of a space shuttle and of sensors, found without their marks.

    python -m examples.clustering.anomalies

ROC AUC, and the precision among as many rows as there are anomalies, beside scikit-learn's
IsolationForest and LocalOutlierFactor as they come.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor

from benchmarks.data import load
from chainrule.estimators import AnomalyDetector


def shuttle() -> tuple[Any, Any]:
    """49,097 rows, 9 columns; 7.2 % are marked."""
    table = load("shuttle")
    x = np.stack([table[f"f{i}"].astype(float) for i in range(1, 10)], axis=1)
    return x, table["anomaly"].astype(int)


def sensors() -> tuple[Any, Any]:
    """18,914 readings of four sensors, humidity and temperature; 149 are marked.

    A sensor's readings are made comparable by its own median and quartiles.
    """
    table = load("sensors")
    x = np.stack([table[name].astype(float) for name in ("humidity", "temperature")], axis=1)
    for sensor in np.unique(table["mote_id"]):
        mine = table["mote_id"] == sensor
        low, middle, high = np.quantile(x[mine], [0.25, 0.5, 0.75], axis=0)
        x[mine] = (x[mine] - middle) / (high - low)
    return x, table["label"].astype(int)


def outliers(x: Any) -> Any:
    factor = LocalOutlierFactor().fit(x)
    return factor.negative_outlier_factor_


DETECTORS: dict[str, Callable[[Any], Any]] = {
    "distance to clusters": lambda x: AnomalyDetector(random_state=0).fit(x).scores_,
    "autoencoder": lambda x: AnomalyDetector("autoencoder", random_state=0).fit(x).scores_,
    "IsolationForest": lambda x: IsolationForest(random_state=0).fit(x).score_samples(x),
    "LocalOutlierFactor": outliers,
}


def main() -> dict[str, dict[str, tuple[float, float]]]:
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for name, read in (("shuttle", shuttle), ("sensors", sensors)):
        x, marked = read()
        found[name] = {}
        print(f"{name}: {len(x):,} rows, {marked.sum():,} anomalies")
        for detector, scores in DETECTORS.items():
            odd = -scores(x)
            first = np.argsort(-odd, kind="stable")[: marked.sum()]
            area, precision = roc_auc_score(marked, odd), marked[first].mean()
            found[name][detector] = (float(area), float(precision))
            print(f"  {detector:<22} ROC AUC {area:.3f}  precision {precision:.3f}", flush=True)
    return found


if __name__ == "__main__":
    main()
