"""Engines: the array facade `xp` that every rule is written against, and what runs it."""

from chainrule.engine.blocks import SHORT, chunk_of, swept
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
from chainrule.engine.prepared import collected, given
from chainrule.engine.spelling import UnspelledError, is_filled, spelled
from chainrule.engine.threads import threads_at_most
from chainrule.engine.windows import (
    columns,
    columns_below,
    convolve_padded,
    depthwise,
    for_filters,
    interleaved,
    merged,
    padded,
    taps,
    thin,
    window_counts,
)

__all__ = [
    "NUMPY",
    "SHORT",
    "Array",
    "Engine",
    "Namespace",
    "UnspelledError",
    "choose_engine",
    "chunk_of",
    "collected",
    "columns",
    "columns_below",
    "convolve_padded",
    "depthwise",
    "engine_by_name",
    "for_filters",
    "given",
    "gpu_is_there",
    "interleaved",
    "is_filled",
    "keep_programs_on_disk",
    "merged",
    "namespace_of",
    "padded",
    "spelled",
    "swept",
    "taps",
    "thin",
    "threads_at_most",
    "window_counts",
]
