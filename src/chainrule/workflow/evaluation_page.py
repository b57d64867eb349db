"""What `evaluate` found, as lines of a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chainrule.judgement import Measure, aligned, number_text, wrapped


def evaluation_lines(found: Any) -> Iterator[str]:
    """The page of an `Evaluation`."""
    never = " that it never saw" if found.unseen else ""
    yield f"Judged on {found.rows:,} {'row' if found.rows == 1 else 'rows'} of {found.table}{never}"
    if found.left_out:
        yield f"Left out {found.left_out:,} rows that have no {found.target}"
    card = found.card or {}
    rows: list[tuple[str, ...]] = [
        ("", "this network", "95 % interval", found.trivial, "its card says")
    ]
    for name, measure in found.scores.items():
        said = card.get("score") if card.get("metric") == name else None
        rows.append(
            (
                name,
                number_text(name, measure.value),
                _interval(name, measure),
                number_text(name, found.trivial_scores[name]),
                "" if said is None else number_text(name, said),
            )
        )
    if not any(row[-1] for row in rows[1:]):
        rows = [row[:-1] for row in rows]
    yield from aligned(rows, left=1)
    for sentence in found.verdict:
        yield from wrapped(sentence, 2)


def _interval(name: str, measure: Measure) -> str:
    return f"{number_text(name, measure.low)} to {number_text(name, measure.high)}"
