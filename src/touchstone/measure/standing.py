"""The plan as it stands: seven steps with what is missing at each, every moment, every metric from baseline to now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from touchstone.core.estimate import Estimate, NoEstimate, Result, Total, record
from touchstone.core.metric import Metric
from touchstone.core.period import Period
from touchstone.core.plan import Entered, Plan, Use
from touchstone.definitions import PLAN, Definitions
from touchstone.engine.data import Data
from touchstone.engine.recency import newest_days
from touchstone.engine.touchpoints import touchpoints
from touchstone.measure.baselines import baselines
from touchstone.measure.listening import Gap, Heard, Listened, listened
from touchstone.measure.plans import checked, resolved, usual
from touchstone.measure.progress import Progress, progress

StepName = Literal["goals", "journey", "tools", "KPIs", "collection", "analysis", "revenue"]
STEPS: tuple[StepName, ...] = ("goals", "journey", "tools", "KPIs", "collection", "analysis", "revenue")
_MOST = 6  # metrics that a goal brings, told when nothing measures them


@dataclass(frozen=True, slots=True)
class Step:
    """One of the seven steps, what it has come to, and what is missing (nothing when it is done)."""

    name: StepName
    has: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The plan, at which of its versions, and how it stands on the data of one import.

    `unplanned` are touchpoints of the data that no moment names, with how many rows they have.
    """

    plan: Plan
    version: int
    steps: tuple[Step, ...]
    moments: tuple[Listened, ...]
    metrics: tuple[Progress, ...]
    unplanned: Mapping[str, int]
    data_number: int

    @property
    def sql(self) -> str:
        """The queries behind the numbers, each under a comment that says of which moment or metric, and what it gives.

        Changes between two periods are computed from the sums of both, and from those of the people in both.
        """
        told = [(one.moment.name, one.queries) for one in self.moments]
        told += [(one.followed.name, one.queries) for one in self.metrics]
        return "\n\n".join(f"-- {name}: {what}\n{sql};" for name, each in told for what, sql in each.items())

    def records(self) -> dict[str, object]:
        """Everything as flat records: `steps`, `moments` and `metrics`."""
        return {
            "version": self.version,
            "data_number": self.data_number,
            "goals": list(self.plan.goals),
            "steps": [{"step": one.name, "has": one.has, "missing": list(one.missing)} for one in self.steps],
            "moments": [_moment_record(one) for one in self.moments],
            "metrics": [_metric_record(one) for one in self.metrics],
            "unplanned": dict(self.unplanned),
        }


def standing(
    definitions: Definitions, data: Data, metrics: Mapping[str, Metric], *, now: datetime, period: Period | None = None
) -> Standing | None:
    """How the workspace's plan stands at `now`, None where there is no plan.

    Metrics are looked at in `period`, or in the last stretch of the data as long as their baseline.
    """
    found = definitions.current(PLAN, check=lambda name, text: checked(text, metrics))
    if PLAN not in found:
        return None
    plan = checked(found[PLAN].body, metrics)
    known = touchpoints(data)
    newest = newest_days(data, _tables(plan, metrics), now=now)
    moments = tuple(listened(data, plan, one, metrics, known=known, newest=newest) for one in plan.moments)
    followed = _followed(definitions, data, plan, metrics, now, newest, period)
    named = {name for moment in plan.moments for name in moment.touchpoints}
    unplanned = {name: sum(rows.values()) for name, rows in known.items() if name not in named}
    return Standing(
        plan=plan,
        version=found[PLAN].version,
        steps=tuple(_steps(data, plan, metrics, moments, followed, unplanned)),
        moments=moments,
        metrics=followed,
        unplanned=unplanned,
        data_number=data.number,
    )


def goals(
    definitions: Definitions, data: Data, metrics: Mapping[str, Metric], *, among: Collection[str], now: datetime
) -> dict[str, Progress]:
    """Those `among` the metrics that the plan follows towards a target, all their rows, by the metric's name."""
    found = definitions.current(PLAN, check=lambda name, text: checked(text, metrics))
    if PLAN not in found:
        return {}
    plan = checked(found[PLAN].body, metrics)
    aimed = tuple(one for one in plan.metrics if one.target and not one.use.where and one.use.metric in among)
    plan = replace(plan, metrics=aimed, moments=())
    newest = newest_days(data, _tables(plan, metrics), now=now)
    states = _followed(definitions, data, plan, metrics, now, newest, None)
    return {one.metric.name: one for one in states}


def _tables(plan: Plan, metrics: Mapping[str, Metric]) -> set[str]:
    """The tables that the plan's metrics are made of."""
    uses = [use for one in plan.moments for use in (one.feeling, one.behaviour, one.money) if isinstance(use, Use)]
    known = [resolved(use, plan, metrics)[0] for use in uses]
    return {metric.table for metric in (*known, *(metrics[one.use.metric] for one in plan.metrics))}


def _followed(
    definitions: Definitions,
    data: Data,
    plan: Plan,
    metrics: Mapping[str, Metric],
    now: datetime,
    newest: Mapping[str, date],
    period: Period | None,
) -> tuple[Progress, ...]:
    frozen = baselines(definitions)
    return tuple(
        progress(
            data, one, metrics[one.use.metric], frozen.get(one.name, ()), today=now.date(), newest=newest, period=period
        )
        for one in plan.metrics
    )


def _steps(
    data: Data,
    plan: Plan,
    metrics: Mapping[str, Metric],
    moments: tuple[Listened, ...],
    followed: tuple[Progress, ...],
    unplanned: Mapping[str, int],
) -> Iterator[Step]:
    """The seven steps in their order; the gaps of the moments lie in the step that they belong to."""
    has = {
        "goals": _words(plan.goals) or "none named",
        "journey": f"{len(plan.stages)} stages, {len(plan.moments)} moments",
        "tools": _words(sorted({name for one in plan.moments for name in one.instruments})) or "none chosen",
        "KPIs": f"{len(followed)} followed, {sum(one.baseline is not None for one in followed)} with a frozen baseline",
        "collection": f"{sum(bool(one.cadence) for one in plan.moments)} of {len(plan.moments)} moments have a cadence",
        "analysis": f"{sum(_compared(one) for one in followed)} of {len(followed)} compared with their baseline",
        "revenue": f"{sum(one.money is not None for one in moments)} of {len(moments)} moments have money beside them",
    }
    own = {
        "goals": _goal_gaps(plan, metrics),
        "journey": _journey_gaps(plan, unplanned),
        "KPIs": _metric_gaps(followed),
        "analysis": _analysis_gaps(followed),
        "revenue": [] if data.has("orders") or data.has("subscriptions") else [_NO_MONEY],
    }
    for name in STEPS:
        gaps = [gap for one in moments for gap in one.gaps if gap.step == name]
        yield Step(name, has[name], (*own.get(name, []), *_together(gaps)))


def _together(gaps: Iterable[Gap]) -> list[str]:
    """One sentence per thing that is missing, naming all that lack it."""
    found: dict[str, list[str]] = {}
    for gap in gaps:
        found.setdefault(gap.what, []).append(gap.of)
    return [f"{', '.join(names)}: {what}" for what, names in found.items()]


_NO_MONEY = "nothing in the data is money: touchstone add orders.csv"


def _compared(one: Progress) -> bool:
    return isinstance(one.change, Estimate) or one.exact is not None


def _goal_gaps(plan: Plan, metrics: Mapping[str, Metric]) -> list[str]:
    if not plan.goals:
        return ["no goal is named: goals = ['retention'], for instance"]
    used = {
        resolved(use, plan, metrics)[0].name
        for moment in plan.moments
        for use in (moment.feeling, moment.behaviour)
        if use
    }
    used |= {one.use.metric for one in plan.metrics}
    gaps = []
    for goal in plan.goals:
        brought = [metric.name for metric in usual((goal,), metrics)][:_MOST]
        if not used & {metric.name for metric in metrics.values() if goal in metric.goals}:
            gaps.append(f"nothing measures {goal}: {_words(brought)} usually do")
    return gaps


def _journey_gaps(plan: Plan, unplanned: Mapping[str, int]) -> list[str]:
    if not plan.moments:
        return ["no moment is named: [moments.delivery], for instance"]
    gaps = [] if plan.stages else ['the journey has no stages: journey = "five-es", or your own']
    empty = [stage for stage in plan.stages if not any(one.stage == stage for one in plan.moments)]
    gaps += [f"no moment lies in {_words(empty)}"] if empty else []
    if unplanned:
        shown = [f"{name} ({n:,} rows)" for name, n in list(unplanned.items())[:_MOST]]
        gaps.append(f"no moment names these touchpoints of the data: {_words(shown)}")
    return gaps


def _metric_gaps(followed: tuple[Progress, ...]) -> list[str]:
    gaps = []
    for one in followed:
        name, planned = one.followed.name, one.followed.baseline
        if one.baseline is None:
            aim = "its target has no baseline" if one.followed.target else "no baseline"
            gaps.append(Gap("KPIs", name, f"{aim}: touchstone plan freeze {name} --period {planned or 'P'}"))
        for value, word in ((one.followed.target, "target"), (one.followed.review, "review date")):
            if value is None:
                gaps.append(Gap("KPIs", name, f"no {word}"))
        if not one.followed.owner:
            gaps.append(Gap("KPIs", name, "nobody owns it"))
    return _together(gaps) if followed else ["no metric is followed: [metrics.nps], for instance"]


def _analysis_gaps(followed: tuple[Progress, ...]) -> list[str]:
    gaps = []
    for one in followed:
        name, sight = one.followed.name, one.sight
        if one.overdue:
            gaps.append(Gap("analysis", name, f"the review was due on {one.followed.review}"))
        if one.baseline is None:
            gaps.append(Gap("analysis", name, "nothing to compare with before a baseline is frozen"))
        elif one.broken:
            gaps.append(Gap("analysis", name, f"the line is broken: touchstone plan re-evaluate {name} --period P"))
        elif isinstance(one.now, NoEstimate):
            gaps.append(Gap("analysis", name, f"nothing to compare: {one.now.reason}"))
        elif one.followed.target and sight and (sight.more or sight.hopeless):
            gaps.append(Gap("analysis", name, sight.sentence(f"the target is {sight.distance} away")))
    return _together(gaps)


def _words(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(names)


def _moment_record(one: Listened) -> dict[str, object]:
    moment = one.moment
    money: dict[str, object] | None = None
    if isinstance(one.money, Entered):
        money = {"value": one.money.amount, "currency": one.money.currency, "source": one.money.source, "entered": True}
    elif one.money is not None:
        money = record(one.money) | {"entered": False}
    return {
        "moment": moment.name,
        "label": moment.label,
        "stage": moment.stage,
        "touchpoints": list(moment.touchpoints),
        "instruments": list(moment.instruments),
        "feeling": _heard_record(one.feeling),
        "behaviour": _heard_record(one.behaviour),
        "cadence": moment.cadence,
        "sample": moment.sample,
        "asked": one.asked,
        "owner": moment.owner,
        "money": money,
        "missing": [gap.what for gap in one.gaps],
    }


def _heard_record(one: Heard | None) -> dict[str, object] | None:
    if one is None:
        return None
    return {"metric": one.metric.name, "where": one.where, "period": _label(one.period)} | record(one.result)


def _metric_record(one: Progress) -> dict[str, object]:
    followed, sight = one.followed, one.sight
    return {
        "name": followed.name,
        "metric": one.metric.name,
        "metric_version": one.metric.version,
        "where": followed.use.where,
        "kind": one.kind,
        "baselines": [
            {"period": held.period.label, "version": held.version, "frozen_on": held.frozen_on, "by_hand": held.by_hand}
            | {"metric_version": held.metric_version, "wordings": [each.words for each in held.wordings]}
            | record(held.result)
            for held in one.history
        ],
        "drift": _maybe(one.drift),
        "period": _label(one.period),
        "now": record(one.now),
        "broken": one.broken,
        "change": _maybe(one.change if one.change is not None else _exact(one)),
        "verdict": None if one.verdict is None else one.verdict.words,
        "target": None if followed.target is None else str(followed.target),
        "target_value": one.target,
        "reached": one.reached,
        "sees": None if sight is None else sight.sees,
        "more": None if sight is None else sight.more,
        "review": followed.review,
        "overdue": one.overdue,
        "owner": followed.owner,
        "benchmarks": [
            {"value": each.value, "source": each.source, "date": each.on, "n": each.n} for each in followed.benchmarks
        ],
    }


def _exact(one: Progress) -> Result | None:
    if one.exact is None or not isinstance(one.now, Total):
        return None
    return Total(value=one.exact, unit=one.now.unit, currency=one.now.currency, n=one.now.n)


def _label(period: Period | None) -> str | None:
    return None if period is None else period.label


def _maybe(result: Result | None) -> dict[str, object] | None:
    return None if result is None else record(result)
