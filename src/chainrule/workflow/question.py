"""What is asked of which rows: tables read and joined, targets set apart, roles of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.data import CATEGORY, Column, Table, as_table, no_column
from chainrule.data.reading import Reading
from chainrule.errors import DataError, SettingError
from chainrule.judgement import ANSWERS, CLASSES, NUMBERS
from chainrule.losses import LossFunction
from chainrule.recipes import choose_task

FEWEST_ROWS = 10
MAIN, VALIDATION, TEST = 0, 1, 2
"""Which table a row comes from."""


@dataclass(frozen=True, eq=False)
class Question:
    """Rows with a target, and what is to be learnt from them.

    Attributes:
        table: all rows of all tables that have every target, those of the first table in front.
        origin: which table each row is from, (rows,).
        targets: the target columns as they are learnt: codes of labels, or numbers.
        task: "classes", "numbers" or "answers". reason: why.
        values: what is learnt: class numbers (rows,), numbers or 0/1 (rows,) or (rows, targets).
        roles: columns with another role than to be learnt from, with that role.
        weights: of the rows, or None. group, time: the columns that keep or order rows, or None.
        dropped: rows without a target. reading: how the first table was read.
    """

    table: Table
    origin: Any
    targets: tuple[Column, ...]
    task: str
    reason: str
    values: Any
    roles: Mapping[str, str]
    weights: Any
    group: Column | None
    time: Column | None
    dropped: int
    reading: Reading

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the targets."""
        return tuple(target.name for target in self.targets)

    @property
    def outputs(self) -> int:
        """How many classes, numbers or answers there are."""
        return len(self.targets[0].labels) if self.task == CLASSES else len(self.targets)

    @property
    def strata(self) -> Any:
        """Class numbers whose proportions every part keeps, (rows,), or None."""
        if self.task == CLASSES:
            return self.values
        if self.task == ANSWERS:
            return np.unique(self.values, axis=0, return_inverse=True)[1].reshape(-1)
        return None


def ask(
    source: Any,
    target: str | Sequence[str] | None,
    *,
    task: str | None = None,
    loss: str | LossFunction | None = None,
    drop: Sequence[str] = (),
    group: str | None = None,
    time: str | None = None,
    weight: str | None = None,
    validation: Any = None,
    test: Any = None,
    types: Mapping[str, str] | None = None,
    missing: Sequence[str] | None = None,
) -> Question:
    """Read the tables and set the target apart.

    Args:
        source, validation, test: whatever `as_table` takes; the last two may be None.
        target: one column or several. drop: columns to leave out.
        group: rows with one value of it stay together. time: it orders the rows. weight: of rows.
        types, missing: as for `as_table`.

    Raises:
        DataError: a column is missing, has gaps where none may be, or there are too few rows.
        SettingError: one column has two roles.
    """
    main = as_table(source, types, missing=missing)
    for name in types or {}:
        main.column(name)
    names = _target_names(main, target)
    roles = _roles(main, names, drop, group, time, weight)
    tables = [main]
    kinds = {column.name: column.reads_as for column in main.columns}
    needed = [n for n in main.names if roles.get(n) != DROPPED]
    for other in (validation, test):
        if other is not None:
            tables.append(_other_table(other, kinds, needed, missing))
    origins = [MAIN] + [n for n, t in ((VALIDATION, validation), (TEST, test)) if t is not None]
    kept, dropped = zip(*(_with_targets(one, names) for one in tables), strict=True)
    _check_rows(kept[0], names)
    table = kept[0] if len(kept) == 1 else _joined(kept, needed)
    origin = np.repeat(origins, [one.rows for one in kept])
    columns = [table.column(name) for name in names]
    decided, reason = choose_task([c.take(np.flatnonzero(origin == MAIN)) for c in columns],
                                  loss, task)  # fmt: skip
    targets = tuple(_as_labels(c, origin, reason) if decided != NUMBERS else c for c in columns)
    return Question(
        table=table,
        origin=origin,
        targets=targets,
        task=decided,
        reason=reason,
        values=_values(targets, decided),
        roles=roles,
        weights=None if weight is None else _weights(table.column(weight), table.name),
        group=None if group is None else _complete(table.column(group), table.name, "groups"),
        time=None if time is None else _complete(table.column(time), table.name, "orders"),
        dropped=int(sum(dropped)),
        reading=main.reading,
    )


DROPPED = "as asked"


def _target_names(table: Table, target: str | Sequence[str] | None) -> tuple[str, ...]:
    """The names of the targets; "a,b" is two of them where the table has no column "a,b"."""
    given = () if target is None else (target,) if isinstance(target, str) else tuple(target)
    if not given:
        raise DataError(
            f"Which column is to be predicted? {table.name} has {', '.join(table.names)}. Write, "
            f"e.g., target={table.names[-1]!r}."
        )
    names: list[str] = []
    for name in given:
        parts = [part.strip() for part in name.split(",")]
        several = name not in table.names and all(part in table.names for part in parts)
        names += parts if several else [name]
    for name in names:
        table.column(name)
    if len(set(names)) < len(names):
        raise SettingError(f"A target is named twice: {', '.join(names)}.")
    return tuple(names)


def _roles(
    table: Table,
    targets: Sequence[str],
    drop: Sequence[str],
    group: str | None,
    time: str | None,
    weight: str | None,
) -> dict[str, str]:
    """Columns that are not learnt from, with the reason."""
    wanted = [(name, DROPPED) for name in ([drop] if isinstance(drop, str) else drop)]
    wanted += [
        (name, role)
        for name, role in ((group, "groups rows"), (time, "orders rows"), (weight, "weighs rows"))
        if name is not None
    ]
    roles: dict[str, str] = {}
    for name, role in wanted:
        table.column(name)
        if name in targets or name in roles:
            raise SettingError(f"The column {name!r} has two roles: name another one.")
        roles[name] = role
    return roles


def _other_table(
    source: Any, kinds: Mapping[str, str], needed: Sequence[str], missing: Sequence[str] | None
) -> Table:
    """A second table with the kinds of the first; columns that are not needed are ignored."""
    table = as_table(source, kinds, missing=missing)
    for name in needed:
        if name not in table.names:
            raise no_column(table.name, name, table.names)
    return Table(tuple(table.column(name) for name in needed), table.rows, table.name)


def _with_targets(table: Table, names: Sequence[str]) -> tuple[Table, int]:
    """The table without the rows that lack a target, and how many these were."""
    missing = np.zeros(table.rows, bool)
    for name in names:
        gaps = table.column(name).missing
        if gaps.all():
            raise DataError(f"The target {name!r} has no values in {table.name}.")
        missing |= gaps
    if not missing.any():
        return table, 0
    return table.take(np.flatnonzero(~missing)), int(missing.sum())


def _check_rows(table: Table, names: Sequence[str]) -> None:
    if table.rows < FEWEST_ROWS:
        what = "a target" if len(names) == 1 else "all targets"
        raise DataError(
            f"{table.name} has {table.rows} rows with {what}; at least {FEWEST_ROWS} are needed "
            "to train, validate and test."
        )


def _joined(tables: Sequence[Table], needed: Sequence[str]) -> Table:
    """The rows of several tables, one below the other."""
    columns = tuple(_stacked([table.column(name) for table in tables]) for name in needed)
    return Table(columns, sum(table.rows for table in tables), tables[0].name)


def _stacked(columns: Sequence[Column]) -> Column:
    first = columns[0]
    if not any(c.labels for c in columns):
        return replace(first, values=np.concatenate([c.values for c in columns]))
    labels = tuple(sorted(set().union(*(c.labels for c in columns))))
    place = {label: i for i, label in enumerate(labels)}
    codes = [
        np.array([*(place[label] for label in c.labels), -1], "int32")[c.values]
        if c.labels
        else np.full(len(c.values), -1, "int32")
        for c in columns
    ]
    return replace(first, values=np.concatenate(codes), labels=labels)


def _as_labels(target: Column, origin: Any, reason: str) -> Column:
    """A target as labels; those of numbers are in the order of the numbers."""
    learnt = np.unique(target.values[origin != TEST])
    codes = np.searchsorted(learnt, target.values)
    known = learnt[np.minimum(codes, len(learnt) - 1)] == target.values

    def label(value: Any) -> str:
        return target.labels[value] if target.labels else f"{value:.15g}"

    if not known.all():
        odd = label(target.values[int(np.argmax(~known))])
        raise DataError(
            f"The test table has the {target.name} {odd!r}, which no row to learn from has. Leave "
            "such rows out."
        )
    labels = tuple(label(value) for value in learnt)
    if len(labels) > len(codes) // 2:
        if not target.labels:
            raise DataError(
                f"The target {target.name!r} holds numbers, {len(labels)} different ones in "
                f"{len(codes)} rows, and is to be learnt as classes, {reason}. Leave that out, and "
                "it is learnt as numbers."
            )
        raise DataError(
            f"The target {target.name!r} has {len(labels)} classes in {len(codes)} rows: too few "
            "rows a class to learn from."
        )
    return Column(target.name, CATEGORY, codes.astype("int32"), labels)


def _values(targets: Sequence[Column], task: str) -> Any:
    if len(targets) == 1:
        return targets[0].values
    together = np.stack([target.values for target in targets], axis=1)
    return together.astype("float64") if task == NUMBERS else together


def _weights(column: Column, table: str) -> Any:
    """Weights of the rows.

    Raises:
        DataError: text, gaps, or numbers below 0.
    """
    _complete(column, table, "weighs")
    if column.labels:
        raise DataError(f"{table}: the weights in {column.name!r} are text; numbers are needed.")
    if (column.values < 0).any() or not column.values.any():
        raise DataError(f"{table}: the weights in {column.name!r} must be at least 0, not all 0.")
    return column.values


def _complete(column: Column, table: str, does: str) -> Column:
    if column.missing.any():
        row = int(np.argmax(column.missing)) + 1
        raise DataError(
            f"{table}: {column.name!r} {does} the rows and has gaps, the first in row {row}. Fill "
            "them in, or leave these rows out."
        )
    return column
