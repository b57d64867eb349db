"""Data: tables and their encoding, arrays, targets, splits."""

from chainrule.data.chunks import Chunk, table_chunks
from chainrule.data.codes import EmbeddedCode
from chainrule.data.encoder import CODES, Encoder, TargetCode, fit_encoder
from chainrule.data.features import (
    Features,
    as_features,
    check_finite,
    column_names,
    in_order,
    names_of,
)
from chainrule.data.head_targets import HeadTargets, check_names
from chainrule.data.kinds import CATEGORY, COLUMN_KINDS, DATE, IDENTIFIER, MISSING, NUMBER
from chainrule.data.read import as_table, is_table_like
from chainrule.data.reading import Reading
from chainrule.data.sequences import is_uneven, step_targets
from chainrule.data.splitting import joined_units, split_folds, split_rows, split_time
from chainrule.data.strange import Strange, strange_cells, together, warn_of
from chainrule.data.table import Column, Table, no_column
from chainrule.data.targets import KINDS, Targets, make_targets
from chainrule.data.text import csv_text

__all__ = [
    "CATEGORY",
    "CODES",
    "COLUMN_KINDS",
    "DATE",
    "IDENTIFIER",
    "KINDS",
    "MISSING",
    "NUMBER",
    "Chunk",
    "Column",
    "EmbeddedCode",
    "Encoder",
    "Features",
    "HeadTargets",
    "Reading",
    "Strange",
    "Table",
    "TargetCode",
    "Targets",
    "as_features",
    "as_table",
    "check_finite",
    "check_names",
    "column_names",
    "csv_text",
    "fit_encoder",
    "in_order",
    "is_table_like",
    "is_uneven",
    "joined_units",
    "make_targets",
    "names_of",
    "no_column",
    "split_folds",
    "split_rows",
    "split_time",
    "step_targets",
    "strange_cells",
    "table_chunks",
    "together",
    "warn_of",
]
