"""Which rows are learnt from, say when to stop, and judge; before anything is fitted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data import Table, joined_units, split_folds, split_rows, split_time
from chainrule.errors import DataError, SettingError
from chainrule.judgement import equal_rows
from chainrule.ops import fold_in
from chainrule.workflow.question import MAIN, TEST, VALIDATION, Question

TEST_SHARE, VALIDATION_SHARE = 0.2, 0.2
"""Of all rows for the test part; of the rest for the validation part."""

FOLDS, FOLDED_ROWS = 5, 2_000
"""Below so many rows a test part would be too small to decide anything: folds judge instead."""

TEST_KEY, VALIDATION_KEY, FOLD_KEY = 3, 4, 5
"""Which use of the seed's key is which; 0 to 2 are those of `fit`."""


@dataclass(frozen=True, eq=False)
class Part:
    """One way to learn and judge: row numbers, each in ascending order.

    Attributes:
        training: learnt from. validation: says when to stop. judged: seen by neither.
    """

    training: Any
    validation: Any
    judged: Any

    @property
    def known(self) -> Any:
        """Training and validation rows together."""
        return np.union1d(self.training, self.validation)


@dataclass(frozen=True, eq=False)
class Plan:
    """The split.

    Attributes:
        parts: one, or as many as there are folds. folds: how many; 0 where a test part judges.
        whole: what the saved network of folds is fitted on; None without folds.
        duplicates: rows that are equal to an earlier one. removed: those of them that were left out
            because the test or validation table has them.
        words: how it was split, for the page.
    """

    parts: tuple[Part, ...]
    folds: int
    whole: Any
    duplicates: int
    removed: int
    words: tuple[str, ...]


def plan_parts(
    question: Question, key: Any, *, folds: int | None = None, validation: float | None = None
) -> Plan:
    """Split the rows of a question.

    Args:
        key: random key. folds: how many, 0 for a test part, None: decided by the rows.
        validation: share of the rows that are not judged; None: a fifth.

    Raises:
        DataError, SettingError: the split asked for cannot be.
    """
    share = VALIDATION_SHARE if validation is None else _share(validation)
    given = bool((question.origin == TEST).any())
    main = np.flatnonzero(question.origin == MAIN)
    count = _fold_count(folds, len(main), given, question.time is not None)
    telling = _telling(question)
    only_targets = len(telling.columns) == len(question.names)
    units, duplicates = (np.arange(telling.rows), 0) if only_targets else equal_rows(telling)
    removed = _in_other_tables(units, question.origin) if duplicates else np.array([], "int64")
    main = np.setdiff1d(main, removed)
    if question.group is not None:
        units = joined_units(units, question.group.values)
    splitter = _Splitter(question, units if _matter(units) else None, key, share)
    if count:
        parts = tuple(splitter.folded(main, count))
    else:
        parts = (splitter.held_out(main),)
    whole = np.flatnonzero(np.isin(question.origin, [MAIN, VALIDATION])) if count else None
    if whole is not None:
        whole = np.setdiff1d(whole, removed)
    return Plan(parts, count, whole, duplicates, len(removed), tuple(_words(question)))


@dataclass(frozen=True, eq=False)
class _Splitter:
    """What every split of a question has in common."""

    question: Question
    units: Any
    key: Any
    share: float

    def folded(self, main: Any, count: int) -> Iterator[Part]:
        """One part for every fold."""
        strata, units = self._of(main)
        fold = split_folds(fold_in(self.key, FOLD_KEY), len(main), count, strata, units)
        for number in range(count):
            inner = fold_in(fold_in(self.key, VALIDATION_KEY), number)
            training, validation = self.with_validation(main[fold != number], inner)
            yield Part(training, validation, main[fold == number])

    def held_out(self, main: Any) -> Part:
        """One part with a test part, given or drawn."""
        judged = np.flatnonzero(self.question.origin == TEST)
        if not len(judged):
            main, judged = self.divided(main, fold_in(self.key, TEST_KEY), TEST_SHARE)
        training, validation = self.with_validation(main, fold_in(self.key, VALIDATION_KEY))
        return Part(training, validation, judged)

    def with_validation(self, rows: Any, key: Any) -> tuple[Any, Any]:
        """Training and validation rows; a table of its own is taken whole."""
        given = np.flatnonzero(self.question.origin == VALIDATION)
        return (rows, given) if len(given) else self.divided(rows, key, self.share)

    def divided(self, rows: Any, key: Any, share: float) -> tuple[Any, Any]:
        """Rows as a large and a small part."""
        if self.question.time is not None:
            large, small = split_time(_times(self.question)[rows], share)
        else:
            large, small = split_rows(key, len(rows), share, *self._of(rows))
        return rows[large], rows[small]

    def _of(self, rows: Any) -> tuple[Any, Any]:
        strata = self.question.strata
        return (
            None if strata is None else strata[rows],
            None if self.units is None else self.units[rows],
        )


def _telling(question: Question) -> Table:
    """The columns that make rows equal: not those that number rows, or have another role."""
    columns = tuple(
        column
        for column in question.table.columns
        if column.name in question.names
        or not (question.roles.get(column.name) or column.useless())
    )
    return Table(columns, question.table.rows, question.table.name)


def _share(validation: Any) -> float:
    number = isinstance(validation, int | float) and not isinstance(validation, bool)
    if not number or not 0 < validation < 1:
        raise SettingError(
            f"validation is {validation!r}; it must be a share above 0 and below 1, or a table."
        )
    return float(validation)


def _fold_count(folds: int | None, rows: int, given: bool, timed: bool) -> int:
    """How many folds judge; 0 where a test part does."""
    if folds is None:
        return FOLDS if rows < FOLDED_ROWS and not given and not timed else 0
    if isinstance(folds, bool) or not hasattr(folds, "__index__") or folds < 0 or folds == 1:
        raise SettingError(
            f"folds is {folds!r}; it must be a whole number of 2 or more, or 0 for a test part."
        )
    if folds == 0:
        return 0
    if given:
        raise SettingError("A test table and folds exclude each other: leave one of them out.")
    if timed:
        raise SettingError(
            "Time and folds exclude each other: with time the latest rows are the test part."
        )
    if folds > rows // 2:
        raise DataError(f"{folds} folds of {rows} rows: at least two rows a fold are needed.")
    return int(folds)


def _matter(units: Any) -> bool:
    """Whether any rows belong together at all."""
    return len(np.unique(units)) < len(units)


def _in_other_tables(units: Any, origin: Any) -> Any:
    """Rows of the first table, or of the validation table, that a later table has too."""
    last = np.zeros(int(units.max()) + 1, "int64")
    np.maximum.at(last, units, origin)
    return np.flatnonzero(origin < last[units])


def _times(question: Question) -> Any:
    """Times as numbers; text is in its own order, as dates like 2026-11-24 are."""
    assert question.time is not None
    return question.time.values


def _words(question: Question) -> Iterator[str]:
    if question.time is not None:
        yield f"the latest rows by {question.time.name} judge"
    elif question.strata is not None:
        yield f"stratified by {', '.join(question.names)}"
    if question.group is not None:
        kind = "value" if question.group.labels else "number"
        yield f"rows with one {kind} of {question.group.name} together"
