"""Data as arrays: inputs, targets, splits."""

from chainrule.data.features import Features, as_features, check_finite, column_names
from chainrule.data.splitting import split_rows
from chainrule.data.targets import KINDS, Targets, make_targets

__all__ = [
    "KINDS",
    "Features",
    "Targets",
    "as_features",
    "check_finite",
    "column_names",
    "make_targets",
    "split_rows",
]
