"""Hiding small groups where anonymity was promised: the group, and one more wherever it could be worked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from touchstone.core.estimate import NoEstimate
from touchstone.measure.scores import Score, Scores

FEWEST = 10
_PROMISED = "employee"


def suppressed(scores: Scores, *, fewest: int = FEWEST) -> Scores:
    """`scores` with groups of employees below `fewest` answers hidden: value, n and sums.

    If exactly one group of a set is hidden, the next smallest is hidden too, because the total would give it away.
    """
    if "kind" not in scores.by:
        return scores
    place = scores.by.index("kind")
    promised = [row for row in scores.rows if row.group[place] == _PROMISED]
    hidden = _hidden(promised, fewest)
    rows = [_hide(row, fewest) if any(row is small for small in hidden) else row for row in scores.rows]
    return replace(scores, rows=tuple(rows))


def _hidden(rows: Sequence[Score], fewest: int) -> list[Score]:
    ordered = sorted(rows, key=lambda row: row.result.n or 0)
    small = [row for row in ordered if (row.result.n or 0) < fewest]
    return ordered[:2] if len(small) == 1 and len(ordered) > 1 else small


def _hide(row: Score, fewest: int) -> Score:
    reason = f"hidden: fewer than {fewest} answers, or they could be worked out from the rest"
    return replace(row, result=NoEstimate(reason, None), moments=None, change=None)
