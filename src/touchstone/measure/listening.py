"""What each moment of the journey is listened to by: its two metrics now, its money, and what nothing measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from touchstone.core.errors import BadDefinition, Refused, UnknownName
from touchstone.core.estimate import NoEstimate, Result
from touchstone.core.metric import Metric
from touchstone.core.period import Period
from touchstone.core.plan import CADENCES, INSTRUMENTS, Entered, Moment, Plan, Use
from touchstone.core.where import parse_where
from touchstone.engine.data import Data
from touchstone.engine.rows import Question, measured_rows
from touchstone.measure.kinds import rows_of_one_kind
from touchstone.measure.plans import resolved
from touchstone.measure.progress import YEAR
from touchstone.measure.score import score


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One metric at one moment: its result in `period`, of which rows and which kind of answers, and the query."""

    metric: Metric
    where: str
    kind: str
    period: Period | None
    result: Result
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something missing: at which step of the plan, to which moment or metric, and what."""

    step: str
    of: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listened:
    """A moment as it is listened to. `asked` counts the answers of the last whole cadence.

    `queries` are those behind its numbers, by what they give.
    """

    moment: Moment
    feeling: Heard | None
    behaviour: Heard | None
    money: Result | Entered | None
    asked: int | None
    gaps: tuple[Gap, ...]
    queries: Mapping[str, str] = field(default_factory=dict)


def listened(
    data: Data,
    plan: Plan,
    moment: Moment,
    metrics: Mapping[str, Metric],
    *,
    known: Mapping[str, Mapping[str, int]],
    newest: Mapping[str, date],
) -> Listened:
    """`moment` as the data hears it; `known` are the touchpoints of the data, `newest` the last day of each table."""
    heard = {
        word: _heard(data, plan, use, moment, metrics, newest) if use else None
        for word, use in (("feeling", moment.feeling), ("behaviour", moment.behaviour))
    }
    queries = {f"{word} {one.metric.name}": one.sql for word, one in heard.items() if one and one.sql}
    money: Result | Entered | None = None
    if isinstance(moment.money, Use):
        paid = _heard(data, plan, moment.money, moment, metrics, newest)
        money = paid.result
        queries |= {f"money {paid.metric.name}": paid.sql} if paid.sql else {}
    elif moment.money is not None:
        money = moment.money
    asked, counting = _asked(data, heard["feeling"], moment, newest)
    queries |= {"answers in the last cadence": counting} if counting else {}
    gaps = (
        *_unplaced(plan, moment, known),
        *_untooled(data, moment),
        *_unmeasured(moment, heard),
        *_uncollected(moment, asked),
        *_unvalued(moment, money),
    )
    return Listened(
        moment=moment,
        feeling=heard["feeling"],
        behaviour=heard["behaviour"],
        money=money,
        asked=asked,
        gaps=gaps,
        queries=queries,
    )


def _heard(
    data: Data, plan: Plan, use: Use, moment: Moment, metrics: Mapping[str, Metric], newest: Mapping[str, date]
) -> Heard:
    metric, where = resolved(use, plan, metrics, moment.touchpoints)
    if not data.has(metric.table):
        reason = NoEstimate(f"there are no {metric.table} yet; it takes them: touchstone add {metric.table}.csv", 0)
        return Heard(metric=metric, where=where, kind="", period=None, result=reason)
    period = YEAR.again(newest[metric.table]) if metric.table in newest else None
    try:
        kind, rows = rows_of_one_kind(data, metric, where)
        scores = score(data, metric, where=rows, period=period.label if period else None)
    except (Refused, UnknownName, BadDefinition) as error:
        return Heard(metric=metric, where=where, kind="", period=period, result=NoEstimate(error.problem, None))
    several = NoEstimate("there are answers of several kinds, which are never pooled", None)
    result = scores.rows[0].result if len(scores.rows) == 1 else several
    return Heard(metric=metric, where=rows, kind=kind, period=period, result=result, sql=scores.sql)


def _asked(data: Data, feeling: Heard | None, moment: Moment, newest: Mapping[str, date]) -> tuple[int | None, str]:
    """Answers in the last whole stretch of the cadence, and the query; None where none was planned, or has a date."""
    if feeling is None or not moment.sample or feeling.metric.table not in newest:
        return None, ""
    day = newest[feeling.metric.table]
    like = Period.containing(day, CADENCES[moment.cadence or "continuous"])
    question = Question(where=parse_where(feeling.where), period=like.again(day))
    rows = measured_rows(data, feeling.metric, question)
    fetched = data.fetch(rows.aggregate(n=rows.count()))
    return int(fetched.rows[0]["n"]), fetched.sql


def _unplaced(plan: Plan, moment: Moment, known: Mapping[str, Mapping[str, int]]) -> list[Gap]:
    gaps = [Gap("journey", moment.label, "has no stage")] if plan.stages and not moment.stage else []
    for name in moment.touchpoints:
        if name not in known and known:
            hint = UnknownName.among("touchpoint", name, known).hint.rstrip(".")
            gaps.append(Gap("journey", moment.label, f"nothing in the data is called '{name}'; {hint}"))
    return gaps


def _untooled(data: Data, moment: Moment) -> list[Gap]:
    if not moment.instruments:
        return [Gap("tools", moment.label, f"listened to by nothing: choose from {', '.join(INSTRUMENTS)}")]
    silent = [name for name in moment.instruments if not any(data.has(table) for table in INSTRUMENTS[name])]
    return [
        Gap("tools", moment.label, f"{name} has brought nothing yet (touchstone add {INSTRUMENTS[name][0]}.csv)")
        for name in silent
    ]


def _unmeasured(moment: Moment, heard: Mapping[str, Heard | None]) -> list[Gap]:
    gaps = []
    for word, one in heard.items():
        if one is None:
            gaps.append(Gap("KPIs", moment.label, f"nothing measures {word}"))
        elif isinstance(one.result, NoEstimate):
            gaps.append(Gap("collection", moment.label, f"{one.metric.name} cannot be told: {one.result.reason}"))
    return gaps


def _uncollected(moment: Moment, asked: int | None) -> list[Gap]:
    gaps = []
    if not moment.cadence:
        gaps.append(Gap("collection", moment.label, f"no cadence: choose from {', '.join(CADENCES)}"))
    if moment.feeling and not moment.sample:
        gaps.append(Gap("collection", moment.label, "no sample: how many answers are wanted"))
    elif moment.sample and asked is not None and asked < moment.sample:
        grain = CADENCES[moment.cadence or "continuous"]
        gaps.append(Gap("collection", moment.label, f"{asked:,} answers in the last {grain}, {moment.sample:,} wanted"))
    return gaps


def _unvalued(moment: Moment, money: Result | Entered | None) -> list[Gap]:
    if money is None:
        return [Gap("revenue", moment.label, "no money stands beside it")]
    if isinstance(money, NoEstimate):
        return [Gap("revenue", moment.label, f"its money cannot be told: {money.reason}")]
    return []
