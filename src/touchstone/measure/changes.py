"""Every group's change since its baseline, tested: customers who answered in both periods count once."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import replace
from typing import Any

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, Measured, NoEstimate, Total
from touchstone.core.metric import Amount, Duration, Gap, Mean, Metric, Ratio, Retention
from touchstone.core.metric import Score as ScoreForm
from touchstone.core.period import GRAINS
from touchstone.engine.data import Data
from touchstone.engine.moments import cross_sums
from touchstone.engine.rows import Question, group_name, measured_rows
from touchstone.measure.scores import Change, Group, Score, Scores, group_of
from touchstone.stats.differences import difference, paired_difference, verdict
from touchstone.stats.moments import Moments, PairMoments


def against(data: Data, scores: Scores, question: Question, baseline: str, level: float) -> Scores:
    """`scores` with the change of every group since `baseline`, the value of the period among `by`.

    Raises BadDefinition where no period is among `by`, or none is called so.
    """
    across = period_among(scores)
    place = scores.by.index(across)
    base = {without(row.group, place): row for row in scores.rows if row.group[place] == baseline}
    if not base:
        periods = ", ".join(sorted({row.group[place] or "none" for row in scores.rows})[-12:])
        raise BadDefinition(f"There is no {across} '{baseline}' in the data.", hint=f"there are {periods}.")
    crossed = _crossed(data, scores, question, across, baseline)
    rows = []
    for row in scores.rows:
        if row.group[place] == baseline:
            rows.append(row)
            continue
        before = base.get(without(row.group, place))
        change = _change(scores.metric, before, row, crossed.get(row.group), baseline, level)
        changed = Change(against=baseline, difference=change, verdict=verdict(change)) if change is not None else None
        rows.append(replace(row, change=changed))
    return replace(scores, rows=tuple(rows), baseline=baseline)


def period_among(scores: Scores) -> str:
    """The period among the columns of `by`; BadDefinition where there is none."""
    across = next((name for name in scores.by if name in (*GRAINS, "period")), None)
    if across is None:
        raise BadDefinition("A baseline is one of the periods.", hint="add --by year, quarter, month, week or day.")
    return across


def without(group: Group, place: int) -> Group:
    """`group` without the value at `place`."""
    return (*group[:place], *group[place + 1 :])


def ends_of(metric: Metric) -> tuple[float | None, float | None]:
    """The lowest and highest value that one row can have; None where there is none (money has no highest)."""
    match metric.form:
        case ScoreForm() as form:
            points = [band.points for band in form.bands] or [form.lowest, form.highest]
            return min(points), max(points)
        case Amount(kinds=kinds):
            return (0.0 if set(kinds) <= {"purchase", "renewal"} else None), None  # what is given back is below nought
        case Mean() as form:
            return form.lowest, form.highest
        case Gap() as form:
            return form.lowest - form.highest, form.highest - form.lowest
        case Ratio():
            return 0.0, None
        case Retention(of="money") as form:
            falls = form.less or (form.growth and form.lost)
            return (None if falls else 0.0), (None if form.growth else 100.0)
        case _:
            return 0.0, 100.0


def unit_of_change(unit: str) -> str:
    """Shares change by points: 40 % after 30 % is 10 points more, not 10 %."""
    return "points" if unit.startswith("%") else unit


def _change(
    metric: Metric, before: Score | None, after: Score, shared: Dict[str, Any] | None, baseline: str, level: float
) -> Measured | None:
    if isinstance(after.result, Total):
        return None
    if before is None or isinstance(before.result, Total):
        return NoEstimate(f"there is no {baseline} to compare with", None)
    if shared is None or before.moments is None or after.moments is None:
        return difference(before.result, after.result)
    pair = _pair(before.moments, after.moments, shared)
    lowest, highest = ends_of(metric)
    known = next((r for r in (after.result, before.result) if isinstance(r, Estimate)), None)
    unit, currency = (unit_of_change(known.unit), known.currency) if known else (unit_of_change(metric.unit), None)
    change = paired_difference(pair, unit=unit, level=level, lowest=lowest, highest=highest)
    return replace(change, currency=currency) if isinstance(change, Estimate) else change


def _pair(before: Moments, after: Moments, shared: Dict[str, Any]) -> PairMoments:
    products = {name: float(shared[name]) for name in ("aa", "ab", "ba", "bb")}
    clusters = before.clusters + after.clusters - shared["shared"]
    return PairMoments(first=before, second=after, clusters=clusters, **products)


def _crossed(data: Data, scores: Scores, question: Question, across: str, baseline: str) -> dict[Group, dict[str, Any]]:
    """Products of the sums of customers that a group shares with its baseline, for the groups that share any."""
    centre = next((row.moments.centre for row in scores.rows if row.moments), None)
    if isinstance(scores.metric.form, Duration) or centre is None:
        return {}
    rows = measured_rows(data, scores.metric, question)
    others = [group_name(name) for name in scores.by if name != across]
    found = data.fetch(cross_sums(rows, others, across, baseline, centre=centre)).rows
    return {group_of(row, scores.by): row for row in found}
