"""The plan of a workspace, held against the metrics that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.metric import Amount, Duration, Metric, Repeat, Retention, Score
from touchstone.core.nouns import NOUNS
from touchstone.core.plan import Followed, Moment, Plan, Use, read_plan
from touchstone.definitions import PLAN, Definitions

FELT = ("answers", "mentions")  # what customers say; everything else is what they do


def plan_of(definitions: Definitions, metrics: Mapping[str, Metric]) -> Plan | None:
    """The plan in `plan.toml`, None where there is none; what does not hold is refused by name."""
    found = definitions.current(PLAN, check=lambda name, text: checked(text, metrics))
    return checked(found[PLAN].body, metrics) if PLAN in found else None


def checked(text: str, metrics: Mapping[str, Metric]) -> Plan:
    """The plan in a TOML text, every goal and metric of which is known and in its place."""
    plan = read_plan(text)
    known = goals_of(metrics)
    for goal in plan.goals:
        if goal not in known:
            raise UnknownName.among("goal", goal, known)
    for one in plan.metrics:
        _check_followed(one, metrics)
    for moment in plan.moments:
        _check_moment(moment, plan, metrics)
    return plan


def goals_of(metrics: Mapping[str, Metric]) -> tuple[str, ...]:
    """What people pursue with the metrics, as the metrics say."""
    return tuple(sorted({goal for metric in metrics.values() for goal in metric.goals}))


def usual(goals: tuple[str, ...], metrics: Mapping[str, Metric]) -> tuple[Metric, ...]:
    """The metrics that these goals bring, those that serve more of them first, then the everyday ones.

    Of several that measure the same matter (variants of each other, or made of the same rows) only the first comes.
    """
    serving = [metric for metric in metrics.values() if set(goals) & set(metric.goals)]
    serving.sort(key=lambda one: (-len(set(goals) & set(one.goals)), _place(one, goals), not one.everyday))
    chosen: list[Metric] = []
    for metric in serving:
        if not any(_alike(metric, other) for other in chosen):
            chosen.append(metric)
    return tuple(chosen)


def _place(metric: Metric, goals: tuple[str, ...]) -> int:
    """How early in the metric's own list the first of the goals stands."""
    return min(metric.goals.index(goal) for goal in goals if goal in metric.goals)


def _alike(one: Metric, other: Metric) -> bool:
    if one.name in other.variants or other.name in one.variants:
        return True
    return one.table == other.table and _matter(one) == _matter(other)


def _matter(metric: Metric) -> object:
    """What the metric is made of, whatever its scale or window."""
    form = metric.form
    if isinstance(form, Score):
        return form.answers or metric.name
    if isinstance(form, Duration):
        return form.start, form.end, form.seconds
    return type(form) if isinstance(form, (Repeat, Retention)) else metric.name


def resolved(
    use: Use, plan: Plan, metrics: Mapping[str, Metric], touchpoints: tuple[str, ...] = ()
) -> tuple[Metric, str]:
    """The metric meant, and of which rows: as the plan follows it, as written, or those of the moment's touchpoints."""
    followed = next((one for one in plan.metrics if one.name == use.metric), None)
    if followed is not None and not use.where:
        use = Use(followed.use.metric, followed.use.where, use.whole)
    metric = metrics[use.metric]
    if use.where or use.whole or not touchpoints or "touchpoint" not in NOUNS[metric.table].column_names:
        return metric, use.where
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in touchpoints)
    return metric, f"touchpoint in ({listed})"


def _check_followed(one: Followed, metrics: Mapping[str, Metric]) -> None:
    metric = _metric(one.use, (), metrics)
    if one.target is not None and (one.target.change > 0) != (metric.better == "higher"):
        raise BadDefinition(
            f"The target {one.target} of '{one.name}' makes it worse: {metric.better} is better.",
            hint=f'write target = "{"-" if one.target.change > 0 else "+"}{abs(one.target.change):g}".',
        )


def _check_moment(moment: Moment, plan: Plan, metrics: Mapping[str, Metric]) -> None:
    followed = [one.name for one in plan.metrics]
    for word, use, felt in (("feeling", moment.feeling, True), ("behaviour", moment.behaviour, False)):
        if use is None:
            continue
        metric = _metric(plan.followed(use.metric).use if use.metric in followed else use, followed, metrics)
        if (metric.table in FELT) != felt and metric.table != "mentions":  # how many say something is behaviour, too
            other = "what customers do, so it is a behaviour" if felt else "what customers say, so it is a feeling"
            raise BadDefinition(
                f"The {word} of [moments.{moment.name}] is '{metric.name}', which tells {other}.",
                hint=f"move it to {'behaviour' if felt else 'feeling'}, and name another {word}: touchstone metrics",
            )
    if isinstance(moment.money, Use):
        metric = _metric(moment.money, (), metrics)
        if not isinstance(metric.form, Amount):
            raise BadDefinition(
                f"The money of [moments.{moment.name}] is '{metric.name}', which is no amount of recorded money.",
                hint="name sales or revenue_per_customer, or enter an amount with its source.",
            )


def _metric(use: Use, followed: Sequence[str], metrics: Mapping[str, Metric]) -> Metric:
    if use.metric not in metrics:
        raise UnknownName.among("metric", use.metric, (*metrics, *followed))
    return metrics[use.metric]
