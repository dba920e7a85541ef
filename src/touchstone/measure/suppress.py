"""Hiding small groups where anonymity was promised: the group, and more wherever it could be worked out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from touchstone.core.estimate import NoEstimate
from touchstone.measure.scores import Group, Score, Scores
from touchstone.stats.differences import verdict

FEWEST = 10
PROMISED = "employee"
_KIND = "kind"


def suppressed(scores: Scores, *, fewest: int = FEWEST) -> Scores:
    """`scores` with groups of fewer than `fewest` employees hidden: value, n, sums and whatever was made of them.

    Wherever exactly one group of a row, a column or the whole of the table is hidden, the next smallest is hidden too,
    because the total would give it away. The change of a group whose baseline is hidden is hidden as well.
    """
    sizes = {row.group: _size(row) for row in scores.rows if _kind(scores, row) == PROMISED}
    if not sizes:
        return scores
    hidden = hidden_groups(sizes, fewest=fewest)
    reason = why_hidden(fewest)
    rows = [_hide(row, reason) if row.group in hidden else _unlinked(row, hidden, reason) for row in scores.rows]
    return replace(scores, rows=tuple(rows))


def why_hidden(fewest: int = FEWEST) -> str:
    """The reason that stands in place of a hidden number."""
    return f"hidden: fewer than {fewest} answers, or they could be worked out from the rest"


def hidden_groups(sizes: Mapping[Group, int], *, fewest: int = FEWEST) -> set[Group]:
    """The groups to hide, from how many people each stands for: small ones, and those that would give them away."""
    hidden = {group for group, size in sizes.items() if size < fewest}
    while more := _given_away(sizes, hidden):
        hidden |= more
    return hidden


def _kind(scores: Scores, row: Score) -> str | None:
    if row.kind is None and _KIND in scores.by:
        return row.group[scores.by.index(_KIND)]
    return row.kind


def _size(row: Score) -> int:
    """How many people a group stands for, as far as they can be told apart."""
    n = row.result.n or 0
    if row.people is not None:
        return min(n, row.people)
    return min(n, row.moments.clusters) if row.moments else n


def _given_away(sizes: Mapping[Group, int], hidden: set[Group]) -> set[Group]:
    """The groups that have to be hidden beside the only one hidden of a line or of the whole."""
    more = set()
    for line in _lines(sizes):
        inside = [group for group in line if group in hidden]
        shown = [group for group in line if group not in hidden]
        if len(inside) == 1 and shown:
            more.add(min(shown, key=lambda group: (sizes[group], str(group))))
    return more


def _lines(groups: Iterable[Group]) -> list[list[Group]]:
    """The groups that differ in one column only, for every column; and all of them."""
    every = list(groups)
    lines: dict[tuple[int, Group], list[Group]] = defaultdict(list)
    for group in every:
        for place in range(len(group)):
            lines[place, (*group[:place], *group[place + 1 :])].append(group)
    return [*lines.values(), every]


def _hide(row: Score, reason: str) -> Score:
    return replace(row, result=NoEstimate(reason, None), moments=None, change=None, adjusted=None)


def _unlinked(row: Score, hidden: set[Group], reason: str) -> Score:
    """`row` without the changes that would lead back to a hidden baseline."""
    if row.change is None or not any(_is_baseline(group, row) for group in hidden):
        return row
    nothing = NoEstimate(reason, None)
    change = replace(row.change, difference=nothing, verdict=verdict(nothing))
    beside = replace(row.adjusted, change=nothing) if row.adjusted else None
    return replace(row, change=change, adjusted=beside)


def _is_baseline(group: Group, row: Score) -> bool:
    different = [(one, other) for one, other in zip(group, row.group, strict=True) if one != other]
    return len(different) == 1 and row.change is not None and different[0][0] == row.change.against
