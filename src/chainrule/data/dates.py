"""Dates and times as people write them, as days since 1970-01-01.

Read are, with or without a time of day behind (13:05, 13:05:30, 13:05:30.25, 1:05 PM; after a space
or T; with Z or an offset such as +02:00, which is brought to UTC):

    2024-03-31   2024/03/31   2024.03.31         year, month, day
    31.03.2024   31/03/2024   31-03-2024         day, month, year
    03/31/2024   03-31-2024                      month, day, year
    31 March 2024   31-Mar-2024   March 31, 2024     with English months

Which of day and month comes first is decided by the column as a whole: by a number above 12. Points
always stand in day.month.year. Where no cell tells, the day is taken to come first, and the column
says so; `types={"column": "date month/day"}` overrules. Years have four digits. "20240331" is a
number unless the kind is given, and so is a year alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import DataError

DAY_FIRST, MONTH_FIRST = "day/month", "month/day"
ORDERS = ("", DAY_FIRST, MONTH_FIRST)

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    "|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_TIME = (
    r"(?:[T ] ?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d+)?))?"
    r" ?(?P<half>am|pm)? ?(?P<zone>z|utc|[+-]\d{2}:?\d{2})?)?$"
)
_FORMS = (
    r"^(?P<year>\d{4})(?:-(?P<b>\d{1,2})-|/(?P<b2>\d{1,2})/|\.(?P<b3>\d{1,2})\.)(?P<c>\d{1,2})",
    r"^(?P<a>\d{1,2})(?P<mark>[./-])(?P<b>\d{1,2})[./-](?P<year>\d{4})",
    rf"^(?P<day>\d{{1,2}})[ -](?P<name>{_NAMES})[ -](?P<year>\d{{4}})",
    rf"^(?P<name>{_NAMES}) (?P<day>\d{{1,2}}),? (?P<year>\d{{4}})",
)
_COMPACT = r"^(?P<year>\d{4})(?P<b>\d{2})(?P<c>\d{2})$"


def read_dates(cells: Any, order: str = "", *, compact: bool = False) -> tuple[Any, str, bool]:
    """Cells as days since 1970-01-01, with the time of day as a fraction.

    Args:
        cells: polars text without missing markers.
        order: "day/month", "month/day", or "": the cells decide.
        compact: whether "20240331" is a date.

    Returns:
        Days, float64 (rows,), NaN where a cell is no date; the order ("" where it plays no role);
        whether the cells, and not a guess, decided it.

    Raises:
        DataError: there is no such order.

    Example:
        >>> import polars
        >>> days, order, sure = read_dates(polars.Series(["02/01/1970", "31/01/1970 12:00"]))
        >>> days.tolist(), order, sure
        ([1.0, 30.5], 'day/month', True)
    """
    if order not in ORDERS:
        raise DataError(f"{order!r} is no order of a date: write 'date day/month' or 'month/day'.")
    days = np.full(len(cells), np.nan)
    small, sure = cells.str.to_lowercase(), True
    for form in (*_FORMS, *((_COMPACT,) if compact else ())):
        rows = np.flatnonzero(small.str.contains("(?i)" + form + _TIME).fill_null(value=False))
        if not len(rows):
            continue
        groups = small.gather(rows).str.extract_groups("(?i)" + form + _TIME).struct.unnest()
        parts = {name: groups[name] for name in groups.columns}
        if "mark" in parts:
            order, sure = _order(parts, order)
        days[rows] = _days(parts, order) + _time_of_day(parts)
    return days, order, sure


def _order(parts: dict[str, Any], asked: str) -> tuple[str, bool]:
    """Which of day and month comes first in the cells where that is open."""
    if asked:
        return asked, True
    first, second = _whole(parts["a"]), _whole(parts["b"])
    before, behind = int((first > 12).sum()), int((second > 12).sum())
    if before or behind:
        return (DAY_FIRST if before >= behind else MONTH_FIRST), True
    return DAY_FIRST, bool((parts["mark"] == ".").all())


def _days(parts: dict[str, Any], order: str) -> Any:
    """Days since 1970-01-01; NaN where there is no such day."""
    year = _whole(parts["year"])
    if "name" in parts:
        month = 1 + np.array([MONTHS.index(name[:3]) for name in parts["name"]])
        day = _whole(parts["day"])
    elif "mark" in parts:
        first, second = _whole(parts["a"]), _whole(parts["b"])
        swapped = (order == MONTH_FIRST) & (parts["mark"] != ".").to_numpy()
        day, month = np.where(swapped, second, first), np.where(swapped, first, second)
    else:
        months = [parts[name] for name in ("b", "b2", "b3") if name in parts]
        month = np.max([_whole(text.fill_null("0")) for text in months], axis=0)
        day = _whole(parts["c"])
    valid = (month >= 1) & (month <= 12) & (year >= 1)
    start = _first_of_month(year, np.where(valid, month, 1))
    length = _first_of_month(year, np.where(valid, month, 1) + 1) - start
    valid &= (day >= 1) & (day <= length)
    return np.where(valid, start + day - 1, np.nan)


def _first_of_month(year: Any, month: Any) -> Any:
    """Days since 1970-01-01 of the first of a month; month 13 is January of the next year."""
    months = (year - 1970) * 12 + (month - 1)
    return months.astype("M8[M]").astype("M8[D]").astype("int64")


def _time_of_day(parts: dict[str, Any]) -> Any:
    """As a share of the day; NaN where there is no such time."""
    hour, minute = (_whole(parts[name].fill_null("0")) for name in ("hour", "minute"))
    second = parts["second"].fill_null("0").cast(float).to_numpy()
    half = parts["half"].fill_null("")
    twelve = (half != "").to_numpy()
    valid = np.where(twelve, (hour >= 1) & (hour <= 12), hour < 24) & (minute < 60) & (second < 61)
    hour = np.where(twelve, hour % 12 + 12 * (half == "pm").to_numpy(), hour)
    zone = parts["zone"].fill_null("").str.replace(":", "", literal=True)
    offset = zone.str.extract(r"^([+-]\d{4})$", 1).fill_null("0").cast(int).to_numpy()
    minutes = np.sign(offset) * (np.abs(offset) // 100 * 60 + np.abs(offset) % 100)
    seconds = hour * 3600 + (minute - minutes) * 60 + second
    return np.where(valid, seconds / 86_400, np.nan)


def _whole(texts: Any) -> Any:
    return texts.cast(int).to_numpy()
