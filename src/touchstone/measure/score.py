"""Score a metric: in total, by group, by period, against a baseline; with clustered intervals throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, NoEstimate, Result, Total
from touchstone.core.metric import (
    Amount,
    Count,
    Duration,
    Followed,
    Forecast,
    Form,
    Gap,
    Index,
    Mean,
    Metric,
    Ratio,
    Response,
    Retention,
    Share,
    Spread,
)
from touchstone.core.metric import Score as ScoreForm
from touchstone.core.period import Period
from touchstone.core.where import parse_where
from touchstone.engine.accounts import RollUp
from touchstone.engine.connect import Fetched
from touchstone.engine.data import Data
from touchstone.engine.durations import duration_counts
from touchstone.engine.moments import fetched_moments
from touchstone.engine.responses import eligible_share
from touchstone.engine.rows import Question, counted, group_name, left_out, measured_rows, of_nobody, total
from touchstone.measure.accounts import DECISION_MAKERS
from touchstone.measure.accounts import roll_up as rolled_up
from touchstone.measure.alpha import alphas
from touchstone.measure.changes import against, ends_of
from touchstone.measure.expected import expected
from touchstone.measure.kinds import of_one_kind
from touchstone.measure.margins import Margins
from touchstone.measure.mix import adjusted
from touchstone.measure.needs import demand
from touchstone.measure.perception import perceived
from touchstone.measure.quantile import quantile
from touchstone.measure.raking import raked
from touchstone.measure.scores import Group, Score, Scores, group_of, written
from touchstone.measure.spread import spreads
from touchstone.measure.sums import centre_of, to_moments
from touchstone.measure.suppress import safe
from touchstone.stats.means import mean
from touchstone.stats.moments import Moments
from touchstone.stats.nps import net_score
from touchstone.stats.raking import TRIM
from touchstone.stats.rates import share
from touchstone.stats.ratios import ratio


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
    for_release: bool = False,
    roll_up: RollUp | None = None,
    roles: Sequence[str] = DECISION_MAKERS,
) -> Scores:
    """Score `metric` over `data`, once per combination of the `by` columns (attributes, periods, `customer.X`).

    `where` filters rows (`COLUMN OP VALUE and …`), `weight` names the column of weights (answers and cases weigh one
    otherwise), `period` keeps what happened in 2017, 2017-Q3, 2017-03…, and `baseline` is the value of the period among
    `by` that every other is compared with. `adjust` names a column whose mix may shift (channel, region): beside each
    result then stands what it would be at that mix. `rake` weights the answers to known margins, as one sample, with
    weights cut at `trim` times the median (None: not at all); the errors then know the margins. `for_release`
    hides small groups, and what would give them away, whoever answered. `roll_up` lets accounts speak
    instead of contacts (see `measure.accounts`; `roles` are the decision makers). Relationship, transactional and
    employee answers are never pooled. Raises UnknownName for a column that is not there, Refused where nothing was
    imported.
    """
    if not 0 < level < 1:
        raise BadDefinition(f"A level lies between 0 and 1, not at {level:g}.", hint="write 0.95 for 95 %.")
    _check_together(baseline, adjust, rake, roll_up)
    demand(data, metric)
    by = tuple(dict.fromkeys(by))
    if weight is None and isinstance(metric.form, ScoreForm | Gap | Index):
        weight = data.default_weight
    if weight is not None and not _is_weighed(metric.form):
        raise BadDefinition(f"'{metric.name}' counts every row once.", hint="leave the weight out.")
    question = Question(
        by=tuple(map(group_name, by)),
        where=parse_where(where),
        weight=weight,
        period=Period.parse(period) if period else None,
    )
    if rake is not None:
        scores = _raked(data, metric, by, question, level, rake, trim)
    elif roll_up is not None:
        scores = _of_accounts(data, metric, by, question, level, roll_up, roles)
    else:
        scores = _told(data, metric, by, question, level)
    scores = replace(scores, where=where, weight=weight)
    if baseline is not None:
        scores = against(data, scores, question, baseline, level)
        if adjust is not None:
            scores = adjusted(data, scores, question, adjust=adjust, baseline=baseline, level=level)
    return safe(data, scores, question, for_release=for_release)


def _check_together(baseline: str | None, adjust: str | None, rake: Margins | None, roll_up: RollUp | None) -> None:
    if adjust is not None and baseline is None:
        raise BadDefinition(
            "A mix is adjusted to that of a baseline.", hint="add --by month --baseline 2017-01, for instance."
        )
    if baseline is not None and (rake is not None or roll_up is not None):
        raise BadDefinition(
            f"Changes are not tested {'under raked weights' if rake is not None else 'between roll-ups'}.",
            hint="leave out --baseline, and see each period: --by year.",
        )
    if rake is not None and roll_up is not None:
        raise BadDefinition("Answers are either raked or rolled up to accounts.", hint="leave one of the two out.")


def _told(data: Data, metric: Metric, by: Sequence[str], question: Question, level: float) -> Scores:
    match metric.form:
        case Duration() as form:
            return _durations(data, metric, form, by, question, level)
        case Amount(per="total") | Count():
            return _totals(data, metric, by, question)
        case Index(tells="alpha") as form:
            return alphas(data, metric, form, by, question, level)
        case Gap(among="people") as form:
            return perceived(data, metric, form, by, question, level)
        case Spread() as form:
            return spreads(data, metric, form, by, question, level)
        case Forecast() as form:
            return expected(data, metric, form, by, question, level)
        case _:
            return _means(data, metric, by, question, level)


def _is_weighed(form: Form) -> bool:
    """Whether rows of such a metric can weigh more or less than one."""
    if isinstance(form, Retention):
        return form.of == "contracts"
    return isinstance(form, ScoreForm | Share | Mean | Gap | Index | Response | Followed)


def measured(metric: Metric, sums: Moments, *, level: float, currency: str | None = None) -> Result:
    """The estimate that fits the metric's form, from its sums."""
    form, (lowest, highest) = metric.form, ends_of(metric)
    money = currency if metric.unit == "currency" else None
    unit = money or metric.unit
    match form:
        case ScoreForm(form="net"):
            return net_score(sums, level=level)
        case ScoreForm(form="mean") | Amount() | Mean() | Gap() | Index():
            result: Result = mean(sums, unit=unit, level=level, lowest=lowest, highest=highest)
        case Ratio(times=times):
            result = ratio(sums, unit=unit, times=times, level=level, lowest=lowest)
        case Retention(of="money"):
            result = ratio(sums, unit=unit, times=100.0, level=level, lowest=lowest, highest=highest)
        case _:
            return share(sums, unit=unit, level=level)
    return replace(result, currency=money) if isinstance(result, Estimate) else result


def _means(data: Data, metric: Metric, by: Sequence[str], question: Question, level: float) -> Scores:
    rows = measured_rows(data, metric, question)
    keys = tuple(dict.fromkeys((*question.by, *(("kind",) if "kind" in rows.columns else ()))))
    centre = pilot_of(data, rows) if isinstance(metric.form, Amount | Mean) else centre_of(metric)
    weighted = question.weight is not None or isinstance(metric.form, Response)
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
        found = [Score(group=(), result=NoEstimate(_nothing(metric), 0))]
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


def _of_accounts(
    data: Data,
    metric: Metric,
    by: Sequence[str],
    question: Question,
    level: float,
    how: RollUp,
    roles: Sequence[str],
) -> Scores:
    one, centre = of_one_kind(data, metric, question), centre_of(metric)
    found = rolled_up(data, metric, one.question, by, how, centre=centre, roles=roles)
    rows = []
    for row in _in_order(found.fetched, by):
        sums = to_moments(row, centre)
        if sums.n:
            result = measured(metric, sums, level=level)
            rows.append(Score(group=group_of(row, by), result=result, moments=sums, kind=one.kind or None))
    notes = (*((one.remark,) if one.remark else ()), *found.notes, *_remarks(data, metric, question))
    return replace(_scores(data, metric, by, rows, found.fetched.sql, notes), accounts=found)


def _told_raked(result: Result) -> Result:
    return replace(result, method=f"{result.method}, raked") if isinstance(result, Estimate) else result


def _nothing(metric: Metric) -> str:
    return f"no {metric.table} fit the question"


def pilot_of(data: Data, rows: Any) -> float:
    """A value near the mean, so that the squares of amounts do not cancel."""
    value = data.fetch(rows.aggregate(pilot=rows.x.mean())).rows[0]["pilot"]
    return 0.0 if value is None else float(value)


def _remarks(data: Data, metric: Metric, question: Question) -> tuple[str, ...]:
    if isinstance(metric.form, Response) and metric.form.unknown == "estimated":
        e = eligible_share(data, question)
        return (f"of those who could not be reached, {e:.1%} count as eligible (e)",)
    if not isinstance(metric.form, ScoreForm):
        return ()
    out = left_out(data, metric, metric.form, question)
    words = {
        "skipped": "answers say that the question does not apply",
        "another scale": "answers were given on another scale and are left out",
        "outside the scale": "answers lie outside the scale and are left out",
        "without a weight": "answers have no weight and are left out",
    }
    told = tuple(f"{n:,} {words[reason]}" for reason, n in out.items())
    nameless, n = of_nobody(data, metric, metric.form, question)
    if 2 * nameless < n or not n:
        return told
    who = "no answer names a customer" if nameless == n else f"{nameless:,} of {n:,} answers name no customer"
    return (*told, f"{who}, so each submission counts as one person; who answered twice counts twice")


def _durations(
    data: Data, metric: Metric, form: Duration, by: Sequence[str], question: Question, level: float
) -> Scores:
    fetched = data.fetch(duration_counts(data, metric, form, question))
    groups: dict[Group, list[dict[str, Any]]] = {}
    for row in _in_order(fetched, by):
        if row["n"]:
            groups.setdefault(group_of(row, by), []).append(row)
    if not groups and not by:
        groups[()] = []
    found = [Score(group=group, result=quantile(metric, form, rows, level)) for group, rows in groups.items()]
    later = sum(int(row["later"]) for row in fetched.rows)
    so = "are left out" if form.closed_only else "count as open"
    notes = (f"{later:,} {metric.table} have a {form.end} in the future and {so}",) if later else ()
    return _scores(data, metric, by, found, fetched.sql, notes)


def _totals(data: Data, metric: Metric, by: Sequence[str], question: Question) -> Scores:
    form = metric.form
    if isinstance(form, Amount):
        fetched, unit, currency = data.fetch(total(data, form, question)), data.currency, data.currency
    else:
        assert isinstance(form, Count)  # noqa: S101  there is no other exact form
        fetched, unit, currency = data.fetch(counted(data, metric, form, question)), metric.unit, None
    found = []
    for row in _in_order(fetched, by):
        result: Result = NoEstimate(_nothing(metric), 0)
        if row["n"]:
            value = Decimal(row["total"] if isinstance(form, Amount) else row["n"])
            result = Total(value=value, unit=unit, currency=currency, n=row["n"])
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
