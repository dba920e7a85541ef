"""Score a metric: in total, by group, by period, against a baseline; with clustered intervals throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.estimate import Estimate, NoEstimate, Result, Total
from touchstone.core.metric import Amount, Duration, Metric
from touchstone.core.metric import Score as ScoreForm
from touchstone.core.period import Period
from touchstone.core.where import parse_where
from touchstone.engine.connect import Fetched
from touchstone.engine.data import Data
from touchstone.engine.durations import GROUPS, duration_counts
from touchstone.engine.moments import SUMS, fetched_moments
from touchstone.engine.rows import Question, group_name, left_out, measured_rows, total
from touchstone.measure.changes import against, ends_of
from touchstone.measure.kinds import of_one_kind
from touchstone.measure.margins import Margins
from touchstone.measure.mix import adjusted
from touchstone.measure.raking import raked
from touchstone.measure.scores import Group, Score, Scores, group_of, written
from touchstone.measure.suppress import suppressed
from touchstone.stats.means import mean
from touchstone.stats.moments import Moments
from touchstone.stats.nps import net_score
from touchstone.stats.raking import TRIM
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
    adjust: str | None = None,
    rake: Margins | None = None,
    trim: float | None = TRIM,
) -> Scores:
    """Score `metric` over `data`, once per combination of the `by` columns (attributes, periods, `customer.X`).

    `where` filters rows (`COLUMN OP VALUE and …`), `weight` names the column of weights (answers and cases weigh one
    otherwise), `period` keeps what happened in 2017, 2017-Q3, 2017-03…, and `baseline` is the value of the period among
    `by` that every other is compared with. `adjust` names a column whose mix may shift (channel, region): beside each
    result then stands what it would be at that mix. `rake` weights the answers to known margins, as one sample, with
    weights cut at `trim` times the median (None: not at all); the errors then know the margins. Relationship,
    transactional and employee answers are never pooled. Raises UnknownName for a column that is not there, Refused
    where nothing was imported.
    """
    _check(data, metric, level)
    if adjust is not None and baseline is None:
        raise BadDefinition(
            "A mix is adjusted to that of a baseline.", hint="add --by month --baseline 2017-01, for instance."
        )
    if rake is not None and baseline is not None:
        raise BadDefinition(
            "Changes are not tested under raked weights.", hint="leave out --baseline, and see each period: --by year."
        )
    by = tuple(dict.fromkeys(by))
    if weight is None and data.default_weight and isinstance(metric.form, ScoreForm):
        weight = "weight"
    question = Question(
        by=tuple(map(group_name, by)),
        where=parse_where(where),
        weight=weight,
        period=Period.parse(period) if period else None,
    )
    if rake is not None:
        scores = _raked(data, metric, by, question, level, rake, trim)
    else:
        scores = _scored(data, metric, by, question, level)
    scores = replace(scores, where=where, weight=weight)
    if baseline is not None:
        scores = against(data, scores, question, baseline, level)
        if adjust is not None:
            scores = adjusted(data, scores, question, adjust=adjust, baseline=baseline, level=level)
    return suppressed(scores)


def _check(data: Data, metric: Metric, level: float) -> None:
    if not data.has(metric.table):
        raise Refused(f"There are no {metric.table} yet.", hint=f"import them: touchstone add {metric.table}.csv")
    if not 0 < level < 1:
        raise BadDefinition(f"A level lies between 0 and 1, not at {level:g}.", hint="write 0.95 for 95 %.")


def _scored(data: Data, metric: Metric, by: Sequence[str], question: Question, level: float) -> Scores:
    if isinstance(metric.form, Duration):
        return _durations(data, metric, metric.form, by, question, level)
    if isinstance(metric.form, Amount) and metric.form.per == "total":
        return _totals(data, metric, metric.form, by, question)
    return _means(data, metric, by, question, level)


def measured(metric: Metric, sums: Moments, *, level: float, currency: str | None = None) -> Result:
    """The estimate that fits the metric's form, from its sums."""
    form = metric.form
    if isinstance(form, ScoreForm):
        if form.form == "net":
            return net_score(sums, level=level)
        if form.form == "mean":
            lowest, highest = ends_of(metric)
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


def _means(data: Data, metric: Metric, by: Sequence[str], question: Question, level: float) -> Scores:
    rows = measured_rows(data, metric, question)
    keys = tuple(dict.fromkeys((*question.by, *(("kind",) if "kind" in rows.columns else ()))))
    centre = pilot_of(data, rows) if isinstance(metric.form, Amount) else centre_of(metric)
    weighted = question.weight is not None
    fetched = fetched_moments(data, metric.table, rows, keys, centre=centre, weighted=weighted)
    if len({row.get("kind") for row in fetched.rows}) > 1 and "kind" not in by:
        by = (*by, "kind")
    found = []
    for row in _in_order(fetched, by):
        sums = to_moments(row, centre)
        if sums.n:
            result = measured(metric, sums, level=level, currency=data.currency)
            found.append(Score(group=group_of(row, by), result=result, moments=sums, kind=row.get("kind")))
    if not found and not by:
        found = [Score(group=(), result=NoEstimate(f"no {metric.table} fit the question", 0))]
    return _scores(data, metric, by, found, fetched.sql, _remarks(data, metric, question))


def _raked(
    data: Data,
    metric: Metric,
    by: Sequence[str],
    question: Question,
    level: float,
    margins: Margins,
    trim: float | None,
) -> Scores:
    one = of_one_kind(data, metric, question)
    found = raked(data, metric, one.question, by, margins, centre=centre_of(metric), trim=trim)
    rows = [
        Score(group=group, result=_told_raked(measured(metric, sums, level=level)), moments=sums, kind=one.kind or None)
        for group, sums in sorted(found.groups.items(), key=lambda item: [(v is None, v or "") for v in item[0]])
    ]
    notes = (one.remark,) if one.remark else ()
    scores = _scores(data, metric, by, rows, found.sql, (*notes, *_remarks(data, metric, question)))
    return replace(scores, raking=found.raking)


def _told_raked(result: Result) -> Result:
    return replace(result, method=f"{result.method}, raked") if isinstance(result, Estimate) else result


def pilot_of(data: Data, rows: Any) -> float:
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


def _durations(
    data: Data, metric: Metric, form: Duration, by: Sequence[str], question: Question, level: float
) -> Scores:
    fetched = data.fetch(duration_counts(data, metric, form, question))
    groups: dict[Group, list[dict[str, Any]]] = {}
    for row in _in_order(fetched, by):
        groups.setdefault(group_of(row, by), []).append(row)
    if not groups and not by:
        groups[()] = []
    found = [Score(group=group, result=_quantile(metric, form, rows, level)) for group, rows in groups.items()]
    return _scores(data, metric, by, found, fetched.sql, ())


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


def _totals(data: Data, metric: Metric, form: Amount, by: Sequence[str], question: Question) -> Scores:
    fetched = data.fetch(total(data, form, question))
    found = []
    for row in _in_order(fetched, by):
        result: Result = NoEstimate("no orders fit the question", 0)
        if row["n"]:
            value = Decimal(row["total"])
            result = Total(value=value, unit=data.currency, currency=data.currency, n=row["n"])
        found.append(Score(group=group_of(row, by), result=result))
    return _scores(data, metric, by, found, fetched.sql, ())


def _scores(
    data: Data, metric: Metric, by: Sequence[str], rows: Sequence[Score], sql: str, notes: tuple[str, ...]
) -> Scores:
    return Scores(metric=metric, by=tuple(by), rows=tuple(rows), sql=sql, data_number=data.number, notes=notes)


def _in_order(fetched: Fetched, by: Sequence[str]) -> list[dict[str, Any]]:
    """Rows by their groups: numbers by size, everything else by name, groups without a value last."""

    def place(row: dict[str, Any]) -> list[tuple[bool, float, str]]:
        values = [row[group_name(name)] for name in by]
        sizes = [float(v) if isinstance(v, int | float | Decimal) else 0.0 for v in values]
        return [(value is None, size, written(value)) for value, size in zip(values, sizes, strict=True)]

    return sorted(fetched.rows, key=place)
