"""Scores at the baseline's mix: what a period would have scored had the same groups answered in the same shares.

Direct standardisation: θ_p = Σ_c π_c μ_pc, with π_c the share of group c in the baseline and μ_pc the mean of its
answers in period p. The baseline's shares are taken as given; the error is that of the means, from replicate groups of
customers, so that one who answers in several groups and periods counts once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.core.metric import Amount, Count, Duration, Forecast, Form, Gap, Index, Metric, Ratio, Retention, Spread
from touchstone.engine.data import Data
from touchstone.engine.moments import FLAT_SUMS, replicate_sums
from touchstone.engine.people import REPLICATES
from touchstone.engine.rows import Question, group_name, measured_rows
from touchstone.measure.changes import ends_of, period_among, unit_of_change
from touchstone.measure.scores import Adjusted, Group, Scores, group_of, named
from touchstone.stats.replicates import jackknife

_N, _W, _WX, _WXX = (FLAT_SUMS.index(name) for name in ("n", "w", "wx", "wxx"))
_MOST_NAMED = 3

Sums = NDArray[np.float64]  # (replicates, flat sums)
Cells = dict[str | None, Sums]  # by the value of the column that is adjusted for


def adjusted(data: Data, scores: Scores, question: Question, *, adjust: str, baseline: str, level: float) -> Scores:
    """`scores` of periods with, beside each, what it would be at the mix of `adjust` that `baseline` had.

    The baseline itself stays as it is. Where a group of the baseline has nobody in a period there is no estimate, and
    the reason names the group. Raises BadDefinition for a column that is in `by` already, and for metrics that are no
    mean of rows which each belong to one group (durations, amounts).
    """
    metric = scores.metric
    if adjust in scores.by:
        raise BadDefinition(f"Groups by {adjust} have one {adjust} each.", hint="adjust for another column.")
    if not _is_mean(metric.form):
        raise BadDefinition(f"'{metric.name}' cannot be adjusted for its mix.", hint="adjust a score or a share.")
    place = scores.by.index(period_among(scores))
    cells = _cells(data, metric, question, scores, adjust)
    rows = []
    for row in scores.rows:
        if row.group[place] == baseline:
            beside = Adjusted(value=row.result) if isinstance(row.result, Estimate | NoEstimate) else None
        else:
            line = (*row.group[:place], baseline, *row.group[place + 1 :])
            standard = Standard(adjust, baseline, cells.get(line, {}))
            beside = standard.applied(cells.get(row.group, {}), row.group[place], metric, level)
        rows.append(replace(row, adjusted=beside))
    return replace(scores, rows=tuple(rows), adjust=adjust)


def _is_mean(form: Form) -> bool:
    """Whether the metric is one mean of rows that each belong to one group."""
    match form:
        case Duration() | Amount() | Count() | Ratio() | Spread() | Forecast() | Retention(of="money"):
            return False
        case Gap(among="people") | Index(tells="alpha"):
            return False
        case _:
            return True


@dataclass(frozen=True, slots=True)
class Standard:
    """The mix of `column` in the baseline that other periods are brought to."""

    column: str
    baseline: str
    cells: Cells

    @property
    def shares(self) -> dict[str | None, float]:
        """Share of the baseline's weight per group, for groups that have any."""
        weights = {name: float(sums[:, _W].sum()) for name, sums in self.cells.items()}
        total = sum(weights.values())
        return {name: weight / total for name, weight in weights.items() if weight > 0}

    def applied(self, cells: Cells, label: str | None, metric: Metric, level: float) -> Adjusted:
        """A period's value at this mix, and its change since the baseline at the same mix."""
        shares = self.shares
        if (nothing := self._lacking(cells, label, shares)) is not None:
            return Adjusted(value=nothing, change=nothing)
        names, mix = list(shares), np.array(list(shares.values()))
        now, then = ([group[name] for name in names] for group in (cells, self.cells))
        n = int(sum(sums[:, _N].sum() for sums in now))
        left_out = int(sum(sums[:, _N].sum() for name, sums in cells.items() if name not in shares))
        lowest, highest = ends_of(metric)
        reach = None if lowest is None or highest is None else highest - lowest
        folded = jackknife(np.hstack([*_ratios(now), *_ratios(then)]), lambda sums: _standardised(sums, mix))
        value = folded.estimate(0, n=n, unit=metric.unit, level=level, lowest=lowest, highest=highest)
        both = n + int(sum(sums[:, _N].sum() for sums in then))
        change = folded.estimate(
            1,
            n=both,
            unit=unit_of_change(metric.unit),
            level=level,
            lowest=None if reach is None else -reach,
            highest=reach,
        )
        return Adjusted(value=self._told(value, _spread(now, mix), left_out), change=self._told(change, None, left_out))

    def _lacking(self, cells: Cells, label: str | None, shares: dict[str | None, float]) -> NoEstimate | None:
        when = label or "the answers without a period"
        n = int(sum(sums[:, _N].sum() for sums in cells.values()))
        if not shares:
            return NoEstimate(f"there is no {self.baseline} whose mix could be taken", n)
        for few, words in ((0, "nobody"), (1, "one group of customers only")):
            held = {name: np.count_nonzero(cells[name][:, _W]) if name in cells else 0 for name in shares}
            empty = [name for name in shares if held[name] <= few]
            if empty:
                listed = ", ".join(named((name,)) for name in empty[:_MOST_NAMED])
                more = f" and {len(empty) - _MOST_NAMED} more" if len(empty) > _MOST_NAMED else ""
                share = sum(shares[name] for name in empty)
                return NoEstimate(
                    f"{words} with {self.column} {listed}{more} answered in {when}, and {share:.0%} of "
                    f"{self.baseline} were such; it takes answers from them",
                    n,
                )
        return None

    def _told(self, result: Measured, spread: float | None, left_out: int) -> Measured:
        if isinstance(result, NoEstimate):
            return result
        flags = result.flags
        if left_out:
            flags = (*flags, f"{left_out:,} answers of groups that {self.baseline} does not have are left out")
        worth = result.effective_n if spread is None else min(result.n, spread / result.se**2)
        method = f"at the mix of {self.column} in {self.baseline}, {result.method}"
        return replace(result, effective_n=worth, flags=flags, method=method)


def _ratios(cells: Sequence[Sums]) -> list[Sums]:
    return [sums[:, [_W, _WX]] for sums in cells]


def _standardised(sums: Sums, mix: NDArray[np.float64]) -> Sums:
    """θ of the period, and θ minus that of the baseline, from w and wx per group: (…, 4 groups) to (…, 2)."""
    pairs = sums.reshape(*sums.shape[:-1], 2, mix.size, 2)
    now, then = np.moveaxis((pairs[..., 1] / pairs[..., 0]) @ mix, -1, 0)
    return np.stack([now, now - then], axis=-1)


def _spread(cells: Sequence[Sums], mix: NDArray[np.float64]) -> float:
    """The variance of an answer at this mix."""
    w, wx, wxx = (np.array([sums[:, column].sum() for sums in cells]) for column in (_W, _WX, _WXX))
    return float(mix @ (wxx / w) - (mix @ (wx / w)) ** 2)


def _cells(data: Data, metric: Metric, question: Question, scores: Scores, adjust: str) -> dict[Group, Cells]:
    """Flat sums per group of `scores`, value of `adjust` and replicate group. Points lie near nought: no centring."""
    column = group_name(adjust)
    rows = measured_rows(data, metric, replace(question, by=tuple(dict.fromkeys((*question.by, column)))))
    names = [group_name(name) for name in scores.by]
    fetched = data.fetch(replicate_sums(rows, [*names, column], centre=0.0, groups=REPLICATES)).rows
    cells: dict[Group, Cells] = defaultdict(dict)
    for row in fetched:
        (value,) = group_of(row, (adjust,))
        held = cells[group_of(row, scores.by)].setdefault(value, np.zeros((REPLICATES, len(FLAT_SUMS))))
        held[row["replicate"]] = [float(row[name]) for name in FLAT_SUMS]
    return cells
