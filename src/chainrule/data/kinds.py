"""Kinds of columns: the rules by which the cells of a column decide what it is.

1. Missing. Spaces around a cell never count. A cell of MISSING has no value. A cell made of signs
   alone ("?", "-", ".", "--", "…") has none either, unless other signs than those of SIGNS stand
   alone in cells of that column, as in a column of "+" and "-". "None" has no value where the
   column holds numbers or dates; among labels it is one of them. `missing=` replaces these rules:
   then its markers and the empty cell are missing, and nothing else.
2. Number. Every present cell is a number in one writing that the column decides as a whole (see
   `data.numbers`: thousands separators, decimal comma, money, per cent). Whole numbers with few
   different values stay numbers: their order carries meaning, and a network can bend a number into
   steps, whereas labels cannot be put in order again.
3. Codes. A whole number with a zero in front ("01234") or with more than 15 digits makes the column
   a category: read as numbers, the zeros or the last digits would be lost.
4. Date. Every present cell is a date or a time of one form and order (see `data.dates`).
5. Typos. Where at least 90 % of the present cells are numbers (or dates) and the others are not,
   the column is refused, with the first such cell: a typo must not turn numbers into labels unseen.
   With fewer than 90 % it is a column of labels, some of which look like numbers ("A12", "12").
6. Yes/no. Two labels of which one denies the other: yes and no, true and false, y and n, t and f,
   on and off, in English, German (ja, nein), French (oui, non), Spanish and Italian (si, sí, no).
7. Constant. One value, or none at all: nothing can be learnt from it.
8. Identifier. Labels of which more than half of the rows have their own (more than 20 of them), in
   fewer than three words each; or whole numbers, different in every row (more than 20 of them), in
   a column that is called so: id, key, index, number, no, nr, row, uuid, as the name or its last
   word ("customer_id", "PassengerId"). Measured numbers are therefore never identifiers. They are
   left out.
9. Text. Labels of which more than half of the rows have their own, of three words or more on
   average. Texts are left out for now.
10. Category. All else.

`types=` (on the command line `--type column=kind`) overrules. A kind may name the writing too:
"number 1.234,5", "date day/month", "date month/day".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from chainrule.errors import DataError

NUMBER, CATEGORY, YES_NO, DATE = "number", "category", "yes/no", "date"
IDENTIFIER, CONSTANT, TEXT = "identifier", "constant", "text"

COLUMN_KINDS = (NUMBER, CATEGORY, YES_NO, DATE, IDENTIFIER, CONSTANT, TEXT)
"""All kinds, those that are learnt from first."""

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "#N/A", "<NA>")
"""Cells that say that there is no value, in every column. Spaces around a cell never count."""

SIGNS = ("?", "??", "-", "--", "---", ".", "..", "...", "…", "\N{EN DASH}", "\N{EM DASH}")
"""Cells that say so in a column where no other signs stand alone."""

PLAIN = "1234.5"
"""How programs write numbers: the writing of a column that names none."""

AMONG_NUMBERS = ("None", "none")
"""Cells that say so in a column of numbers or dates."""

MOSTLY = 0.9
"""From this share of numbers on, the cells that are none are taken for mistakes."""

FEW_LABELS = 20
"""Up to so many different values are categories, even where nearly every row has its own."""

FEW_WORDS = 3
"""From so many words a cell on, labels of their own are texts."""

LONGEST_NUMBER = 15
"""Digits of a whole number that float64 holds exactly, whatever they are."""

OPPOSITES = (
    *(("no", yes) for yes in ("yes", "si", "sí", "sì")),
    *(("n", "y"), ("false", "true"), ("f", "t"), ("off", "on"), ("nein", "ja"), ("non", "oui")),
)
"""Pairs of yes/no, that of no first."""

_KEY = re.compile(r"(^|[\s_.-])(id|uid|uuid|guid|key|index|idx|number|no|nr|row)$", re.IGNORECASE)
_CAMEL_KEY = re.compile(r"[a-z](ID|Id|Key|Index|No|Nr)$")


def is_key_name(name: str) -> bool:
    """Whether a column is called as a key is.

    >>> [is_key_name(name) for name in ("id", "PassengerId", "order no", "humid", "Unnamed: 0")]
    [True, True, True, False, True]
    """
    return bool(_KEY.search(name) or _CAMEL_KEY.search(name) or name == "Unnamed: 0")


def is_yes_no(labels: Sequence[str]) -> bool:
    """Whether two labels are yes and no in some words.

    >>> is_yes_no(["Yes", "No"]), is_yes_no(["ja", "no"]), is_yes_no(["male", "female"])
    (True, False, False)
    """
    small = {label.casefold() for label in labels}
    return len(labels) == 2 and any(small == set(pair) for pair in OPPOSITES)


def parse_kind(kind: str | None, column: str) -> tuple[str, str]:
    """A kind and how it is written: "number 1.234,5" is ("number", "1.234,5").

    Raises:
        DataError: there is no such kind; the nearest is proposed.
    """
    if kind is None:
        return "", ""
    word, _, writing = str(kind).strip().partition(" ")
    if word in COLUMN_KINDS and (not writing or word in (NUMBER, DATE)):
        return word, writing.strip()
    near = difflib.get_close_matches(str(kind), COLUMN_KINDS, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise DataError(
        f"Column {column!r} cannot be of the kind {kind!r}.{hint} Kinds: {', '.join(COLUMN_KINDS)}."
    )


def holds_numbers(kind: str | None, column: str) -> bool:
    """Whether numbers of a column in memory can be taken as they are for this kind.

    >>> holds_numbers(None, "x"), holds_numbers("number 1.234,5", "x"), holds_numbers("date", "x")
    (True, True, False)
    """
    return parse_kind(kind, column)[0] in ("", NUMBER, IDENTIFIER, CONSTANT)
