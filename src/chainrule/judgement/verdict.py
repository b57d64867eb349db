"""The verdict: what a comparison on so many rows means, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chainrule.judgement.draws import Drawn, Measure
from chainrule.judgement.leaks import Leak

UNSEEN = 3.0
"""What never happened in n rows happens in less than 3/n of them, with 95 % certainty."""


@dataclass(frozen=True, eq=False)
class Rival:
    """Another predictor beside the network, by the score that decides.

    Attributes:
        name, role: as of a Contender. network, other: the score of either.
    """

    name: str
    role: str
    network: Drawn
    other: Drawn

    @property
    def percent(self) -> bool:
        """Whether errors are compared, as a share of the other's; scores are compared in points."""
        return self.network.lower_is_better

    @property
    def gain(self) -> Measure:
        """What the network is better by: a share of the other's error, or of all rows."""
        if self.percent:
            return self.network.share_saved(self.other).measure()
        return self.network.minus(self.other).measure()

    @property
    def lead(self) -> Measure:
        """What the other is better by: a share of the network's error, or of all rows."""
        if self.percent:
            return self.other.share_saved(self.network).measure()
        return self.other.minus(self.network).measure()


@dataclass(frozen=True)
class Line:
    """What the linear rival is, and whether the network could be more than one.

    Attributes:
        name: of the method, e.g. "ridge regression". penalty: what holds its weights back.
        hidden: whether the network has hidden layers; without them it is linear itself.
    """

    name: str
    penalty: str
    hidden: bool = True


def smallest_difference(rivals: Sequence[Rival], rows: int) -> float | None:
    """How large a gain must be for so many rows to show it; None without a rival.

    Half the interval of the gain over the closest rival; where both are right in the very same
    rows, what so many rows could hide.
    """
    others = [rival for rival in rivals if rival.role != "trivial"] or list(rivals)
    if not others:
        return None
    closest = min((rival.gain for rival in others), key=lambda gain: abs(gain.value))
    return max((closest.high - closest.low) / 2, UNSEEN / rows)


def verdict(
    rivals: Sequence[Rival], rows: int, leaks: Sequence[Leak], *, line: Line
) -> Iterator[str]:
    """Sentences: what gives the target away, then the comparisons, then what rows can show.

    Args:
        line: what the linear rival is, for a network that is linear itself.
    """
    for leak in leaks:
        yield (
            f"Not to be trusted: {leak.column} gives {leak.target} away ({leak.reason}). Leave it "
            f"out with --drop {leak.column}; if it is known before {leak.target} is, type "
            "--allow-leak."
        )
    by_role = {rival.role: rival for rival in rivals}
    if "trivial" in by_role:
        yield _guessing(by_role["trivial"])
    if "linear" in by_role:
        yield _linear(by_role["linear"], by_role.get("trivial"), line)
        if by_role["linear"].gain.low > 0 and "shallow" in by_role:
            yield from _shallow(by_role["shallow"])
    if "trees" in by_role:
        yield _trees(by_role["trees"])
    least = smallest_difference(rivals, rows)
    if least is not None:
        yield f"{rows:,} rows cannot show a difference under {_amount(least, rivals[0].percent)}."


def _guessing(rival: Rival) -> str:
    gain = rival.gain
    if gain.low > 0:
        return f"Better than guessing ({rival.name}) by {_range(gain, rival.percent)}."
    if gain.high < 0:
        return f"Worse than guessing ({rival.name}) by {_range(rival.lead, rival.percent)}."
    return f"No better than guessing ({rival.name})."


def _linear(rival: Rival, trivial: Rival | None, line: Line) -> str:
    gain, lead = rival.gain, _range(rival.lead, rival.percent)
    name = "a linear model" if line.hidden else line.name
    if gain.low > 0:
        return f"Better than {name} by {_range(gain, rival.percent)}."
    capital = name[0].upper() + name[1:]
    if trivial is not None and Rival("", "", rival.other, trivial.other).gain.low <= 0:
        return f"{capital} is no better than guessing either."
    advice = "use that (--hidden none)." if line.hidden else "this network is linear too."
    if gain.high >= 0:
        return f"{capital} does as well: {advice}"
    if line.hidden:
        return f"{capital} is better by {lead}: try --hidden none, or {line.name}."
    return f"{capital} is better by {lead}: a linear model as well, held back by {line.penalty}."


def _shallow(rival: Rival) -> Iterator[str]:
    if rival.gain.high < 0:
        lead = _range(rival.lead, rival.percent)
        yield f"One hidden layer is better by {lead}: use that (--hidden 32)."
    elif rival.gain.low <= 0:
        yield "One hidden layer of 32 units does as well."


def _trees(rival: Rival) -> str:
    gain = rival.gain
    if gain.low > 0:
        return f"Better than boosted trees by {_range(gain, rival.percent)}."
    if gain.high < 0:
        return f"Boosted trees are better by {_range(rival.lead, rival.percent)}."
    return "Boosted trees do as well."


def _range(gain: Measure, percent: bool) -> str:
    low, high = (_digits(100 * end) for end in (gain.low, gain.high))
    return f"{low} to {high} {'%' if percent else 'points'}"


def _amount(share: float, percent: bool) -> str:
    return f"{_digits(100 * share)} {'%' if percent else 'points'}"


def _digits(number: float) -> str:
    return f"{number:.0f}" if abs(number) >= 10 else f"{number:.1f}"
