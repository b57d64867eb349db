"""Engines: the array facade `xp` that every rule is written against, and what runs it."""

from chainrule.engine.devices import gpu_is_there
from chainrule.engine.engines import (
    Engine,
    choose_engine,
    engine_by_name,
    keep_programs_on_disk,
)
from chainrule.engine.lookup import namespace_of
from chainrule.engine.namespace import Array, Namespace
from chainrule.engine.numpy_namespace import NUMPY
from chainrule.engine.spelling import UnspelledError, spelled
from chainrule.engine.windows import (
    chunk_of,
    columns,
    padded,
    taps,
    window_counts,
)

__all__ = [
    "NUMPY",
    "Array",
    "Engine",
    "Namespace",
    "UnspelledError",
    "choose_engine",
    "chunk_of",
    "columns",
    "engine_by_name",
    "gpu_is_there",
    "keep_programs_on_disk",
    "namespace_of",
    "padded",
    "spelled",
    "taps",
    "window_counts",
]
