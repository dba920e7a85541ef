"""Score a metric: in total, by group, by period, against a baseline; with clustered intervals throughout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.estimate import Estimate, Measured, NoEstimate, Result, Total
from touchstone.core.metric import Amount, Duration, Metric
from touchstone.core.metric import Score as ScoreForm
from touchstone.core.period import GRAINS, Period
from touchstone.core.where import parse_where
from touchstone.engine.connect import Fetched
from touchstone.engine.data import Data
from touchstone.engine.durations import GROUPS, duration_counts
from touchstone.engine.moments import SUMS, cross_sums, moments
from touchstone.engine.rows import Question, left_out, measured_rows, total
from touchstone.measure.scores import Change, Score, Scores
from touchstone.measure.suppress import suppressed
from touchstone.stats.differences import difference, paired_difference, verdict
from touchstone.stats.means import mean
from touchstone.stats.moments import Moments, PairMoments
from touchstone.stats.nps import net_score
from touchstone.stats.rates import share
from touchstone.stats.survival import KaplanMeier, survival_quantile


def score(
    data: Data,
    metric: Metric,
    *,
    by: Sequence[str] = (),
    where: str = "",
    weight: str | None = None,
    level: float = 0.95,
    period: str | None = None,
    baseline: str | None = None,
) -> Scores:
    """Score `metric` over `data`, once per combination of the `by` columns (attributes, periods, `customer.X`).

    `where` filters rows (`COLUMN OP VALUE and …`), `weight` names the column of weights (answers and cases weigh one
    otherwise), `period` keeps what happened in 2017, 2017-Q3, 2017-03…, and `baseline` is the value of the period among
    `by` that every other is compared with. Relationship, transactional and employee answers are never pooled.
    Raises UnknownName for a column that is not there, Refused where nothing was imported.
    """
    if not data.has(metric.table):
        raise Refused(f"There are no {metric.table} yet.", hint=f"import them: touchstone add {metric.table}.csv")
    if not 0 < level < 1:
        raise BadDefinition(f"A level lies between 0 and 1, not at {level:g}.", hint="write 0.95 for 95 %.")
    if weight is None and data.default_weight and isinstance(metric.form, ScoreForm):
        weight = "weight"
    question = Question(
        by=tuple(by), where=parse_where(where), weight=weight, period=Period.parse(period) if period else None
    )
    if isinstance(metric.form, Duration):
        scores = _durations(data, metric, metric.form, question, level)
    elif isinstance(metric.form, Amount) and metric.form.per == "total":
        scores = _totals(data, metric, metric.form, question)
    else:
        scores = _means(data, metric, question, level)
    scores = replace(scores, where=where, weight=weight)
    if baseline is not None:
        scores = _against(data, scores, question, baseline, level)
    return suppressed(scores)


def measured(metric: Metric, sums: Moments, *, level: float, currency: str | None = None) -> Result:
    """The estimate that fits the metric's form, from its sums."""
    form = metric.form
    if isinstance(form, ScoreForm):
        if form.form == "net":
            return net_score(sums, level=level)
        if form.form == "mean":
            lowest = min((band.points for band in form.bands), default=form.lowest)
            highest = max((band.points for band in form.bands), default=form.highest)
            return mean(sums, unit=metric.unit, level=level, lowest=lowest, highest=highest)
    if isinstance(form, Amount):
        result = mean(sums, unit=currency or metric.unit, level=level, lowest=0.0)
        return replace(result, currency=currency) if isinstance(result, Estimate) else result
    return share(sums, unit=metric.unit, level=level)


def centre_of(metric: Metric) -> float:
    """The pilot value that sums are centred at: the middle of a scale, 0 for points around nought."""
    form = metric.form
    return (form.lowest + form.highest) / 2 if isinstance(form, ScoreForm) and not form.bands else 0.0


def to_moments(row: dict[str, Any], centre: float) -> Moments:
    """The sums of one fetched row."""
    values = {name: row[name] or 0 for name in SUMS}
    values |= {name: float(values[name]) for name in SUMS[2:]}
    return Moments(centre=centre, **values)


def _means(data: Data, metric: Metric, question: Question, level: float) -> Scores:
    rows = measured_rows(data, metric, question)
    by = question.by
    if isinstance(metric.form, ScoreForm):
        kinds = data.fetch(rows.select("kind").distinct()).rows
        by = (*by, "kind") if len(kinds) > 1 and "kind" not in by else by
    centre = _pilot(data, rows) if isinstance(metric.form, Amount) else centre_of(metric)
    fetched = data.fetch(moments(rows, by, centre=centre))
    found = []
    for row in _in_order(fetched, by):
        sums = to_moments(row, centre)
        result = measured(metric, sums, level=level, currency=data.currency)
        found.append(Score(group=_group(row, by), result=result, moments=sums))
    if not found and not by:
        found = [Score(group=(), result=NoEstimate(f"no {metric.table} fit the question", 0))]
    return _scores(data, metric, by, found, fetched.sql, _remarks(data, metric, question))


def _pilot(data: Data, rows: Any) -> float:
    """A value near the mean, so that the squares of amounts do not cancel."""
    value = data.fetch(rows.aggregate(pilot=rows.x.mean())).rows[0]["pilot"]
    return 0.0 if value is None else float(value)


def _remarks(data: Data, metric: Metric, question: Question) -> tuple[str, ...]:
    if not isinstance(metric.form, ScoreForm):
        return ()
    out = left_out(data, metric, metric.form, question)
    words = {
        "skipped": "answers say that the question does not apply",
        "another scale": "answers were given on another scale and are left out",
        "outside the scale": "answers lie outside the scale and are left out",
        "without a weight": "answers have no weight and are left out",
    }
    return tuple(f"{n:,} {words[reason]}" for reason, n in out.items())


def _durations(data: Data, metric: Metric, form: Duration, question: Question, level: float) -> Scores:
    fetched = data.fetch(duration_counts(data, metric, form, question))
    groups: dict[tuple[str | None, ...], list[dict[str, Any]]] = {}
    for row in _in_order(fetched, question.by):
        groups.setdefault(_group(row, question.by), []).append(row)
    if not groups and not question.by:
        groups[()] = []
    found = [Score(group=group, result=_quantile(metric, form, rows, level)) for group, rows in groups.items()]
    return _scores(data, metric, question.by, found, fetched.sql, ())


def _quantile(metric: Metric, form: Duration, rows: Sequence[dict[str, Any]], level: float) -> Result:
    if sum(row["n"] for row in rows) < 2:
        return NoEstimate("at least two cases are needed", sum(row["n"] for row in rows))
    times = np.unique(np.array([row["minutes"] for row in rows], dtype=float))
    places = np.searchsorted(times, [row["minutes"] for row in rows])
    ended, still_open = np.zeros((GROUPS, times.size)), np.zeros((GROUPS, times.size))
    for row, place in zip(rows, places, strict=True):
        (ended if row["ended"] else still_open)[row["replicate"], place] += row["n"]
    held = np.count_nonzero((ended + still_open).sum(axis=1))
    hours = times / 60
    if held < GROUPS // 2:  # too few customers for groups to tell: take the cases as independent
        curve = KaplanMeier.of_counts(hours, ended.sum(axis=0), still_open.sum(axis=0))
    else:
        curve = KaplanMeier.of_replicates(hours, ended, still_open)
    return survival_quantile(curve, form.quantile, unit=metric.unit, level=level)


def _totals(data: Data, metric: Metric, form: Amount, question: Question) -> Scores:
    fetched = data.fetch(total(data, form, question))
    found = []
    for row in _in_order(fetched, question.by):
        result: Result = NoEstimate("no orders fit the question", 0)
        if row["n"]:
            value = Decimal(row["total"])
            result = Total(value=value, unit=data.currency, currency=data.currency, n=row["n"])
        found.append(Score(group=_group(row, question.by), result=result))
    return _scores(data, metric, question.by, found, fetched.sql, ())


def _scores(
    data: Data, metric: Metric, by: Sequence[str], rows: Sequence[Score], sql: str, notes: tuple[str, ...]
) -> Scores:
    return Scores(metric=metric, by=tuple(by), rows=tuple(rows), sql=sql, data_number=data.number, notes=notes)


def _group(row: dict[str, Any], by: Sequence[str]) -> tuple[str | None, ...]:
    return tuple(None if row[name] is None else _name(row[name]) for name in by)


def _name(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _in_order(fetched: Fetched, by: Sequence[str]) -> Iterable[dict[str, Any]]:
    return sorted(fetched.rows, key=lambda row: [(row[name] is None, _name(row[name])) for name in by])


def _against(data: Data, scores: Scores, question: Question, baseline: str, level: float) -> Scores:
    """Every group's change since the baseline, its customers counted once where they are in both."""
    across = next((name for name in scores.by if name in (*GRAINS, "period")), None)
    if across is None:
        raise BadDefinition("A baseline is one of the periods.", hint="add --by year, quarter, month, week or day.")
    place = scores.by.index(across)
    base = {_without(row.group, place): row for row in scores.rows if row.group[place] == baseline}
    if not base:
        periods = ", ".join(sorted({row.group[place] or "none" for row in scores.rows})[-12:])
        raise BadDefinition(f"There is no {across} '{baseline}' in the data.", hint=f"there are {periods}.")
    crossed = _crossed(data, scores, question, across, baseline)
    rows = [
        row
        if row.group[place] == baseline
        else _changed(row, base.get(_without(row.group, place)), crossed, scores, baseline, level)
        for row in scores.rows
    ]
    return replace(scores, rows=tuple(rows))


def _without(group: tuple[str | None, ...], place: int) -> tuple[str | None, ...]:
    return (*group[:place], *group[place + 1 :])


def _crossed(
    data: Data, scores: Scores, question: Question, across: str, baseline: str
) -> dict[tuple[str | None, ...], dict[str, Any]]:
    if isinstance(scores.metric.form, Duration) or any(row.moments is None for row in scores.rows):
        return {}
    rows = measured_rows(data, scores.metric, question)
    others = [name for name in scores.by if name != across]
    centre = next(row.moments.centre for row in scores.rows if row.moments)
    found = data.fetch(cross_sums(rows, others, across, baseline, centre=centre)).rows
    return {_group(row, scores.by): row for row in found}


def _changed(
    row: Score,
    base: Score | None,
    crossed: dict[tuple[str | None, ...], dict[str, Any]],
    scores: Scores,
    baseline: str,
    level: float,
) -> Score:
    if base is None or isinstance(base.result, Total) or isinstance(row.result, Total):
        return row
    shared = crossed.get(row.group)
    if shared and base.moments is not None and row.moments is not None:
        clusters = base.moments.clusters + row.moments.clusters - shared["shared"]
        products = {name: float(shared[name]) for name in ("aa", "ab", "ba", "bb")}
        pair = PairMoments(first=base.moments, second=row.moments, clusters=clusters, **products)
        change: Measured = paired_difference(pair, unit=_unit(base.result, row.result), level=level)
    else:
        change = difference(base.result, row.result)
    return replace(row, change=Change(against=baseline, difference=change, verdict=verdict(change)))


def _unit(*results: Result) -> str:
    return next((result.unit for result in results if isinstance(result, Estimate)), "")
