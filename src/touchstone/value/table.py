"""The value table: per score group how many, who stays, who buys again, what they paid and what is forecast.

Amounts observed and forecast for a group, nothing more: the groups differ in more than their score, so no difference
between them is multiplied into money here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from touchstone.core.errors import Refused
from touchstone.core.estimate import Estimate, Measured, NoEstimate, record
from touchstone.core.metric import Metric
from touchstone.core.period import Period
from touchstone.core.where import parse_where
from touchstone.engine.data import Data
from touchstone.engine.durations import GROUPS
from touchstone.engine.histories import histories
from touchstone.engine.moments import moments
from touchstone.engine.outcomes import bands, days_to_buying, days_to_leaving, landmarks, spent_after, unmatched
from touchstone.engine.rows import Question
from touchstone.measure.kinds import of_one_kind
from touchstone.measure.score import to_moments
from touchstone.stats.means import mean
from touchstone.stats.survival import KaplanMeier, survival_at
from touchstone.value.forecast import MONTHS, Models, tested_models, to_customers

RETAINED_AFTER, AGAIN_WITHIN, SPENT_WITHIN = 365, 90, 365  # days


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A share over time since the answer: `days`, `percent` and its limits, all of one length."""

    days: tuple[float, ...]
    percent: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One score group. `retained`: still a member a year after the answer; `again`: bought within 90 days of it;
    `spent`: paid per person in the year after it; `forecast`: what the group is expected to pay in the next 12 months.
    """

    band: str
    people: int
    retained: Measured
    again: Measured
    spent: Measured
    forecast: Measured
    staying: Curve | None
    buying: Curve | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueTable:
    """The groups of a metric, best first, what everybody is forecast to pay, and remarks on what could be matched."""

    metric: Metric
    groups: tuple[Group, ...]
    everyone: Measured
    currency: str
    level: float
    sql: str
    data_number: int
    notes: tuple[str, ...]

    def records(self) -> list[dict[str, object]]:
        """One flat record per group and amount."""
        rows: list[dict[str, object]] = []
        for group in self.groups:
            for name in ("retained", "again", "spent", "forecast"):
                flat = record(getattr(group, name))
                rows.append({"band": group.band, "people": group.people, "metric": name} | flat)
        return [*rows, {"band": "all", "people": None, "metric": "forecast"} | record(self.everyone)]


def value_table(
    data: Data, metric: Metric, *, where: str = "", period: str | None = None, level: float = 0.95
) -> ValueTable:
    """What the customers of each score group did after their first answer, and what they are forecast to pay.

    Refused when there are no answers; amounts that need orders or memberships say what is missing.
    """
    names = bands(metric)
    if not data.has("answers"):
        raise Refused("There are no answers yet.", hint="import a survey: touchstone add survey.csv")
    question = Question(where=parse_where(where), period=Period.parse(period) if period else None)
    question, remark = of_one_kind(data, metric, question)
    with data.engine.kept(landmarks(data, metric, question)) as people:
        counted = data.fetch(people.group_by("band").aggregate(n=people.count()))
        sizes = {row["band"]: int(row["n"]) for row in counted.rows}
        staying = _curves(data, data.fetch(days_to_leaving(data, people)).rows) if data.has("subscriptions") else {}
        buying = _curves(data, data.fetch(days_to_buying(data, people)).rows) if data.has("orders") else {}
        spent = _spent(data, people, level) if data.has("orders") else {}
        models = tested_models(data) if data.has("orders") else None
        forecasts = _forecasts(data, people, models, level)
    groups = tuple(
        Group(
            band=name,
            people=sizes.get(name, 0),
            retained=_share(staying.get(name), RETAINED_AFTER, level, "subscriptions", gone=False),
            again=_share(buying.get(name), AGAIN_WITHIN, level, "orders", gone=True),
            spent=spent.get(name, _missing("orders", sizes.get(name, 0))),
            forecast=forecasts.get(name, _missing("orders", sizes.get(name, 0))),
            staying=_drawn(staying.get(name), level, gone=False),
            buying=_drawn(buying.get(name), level, gone=True),
        )
        for name in names
    )
    everyone = (
        models.worth(models.customers, months=MONTHS, currency=data.currency, level=level)
        if models
        else _missing("orders", 0)
    )
    return ValueTable(
        metric=metric,
        groups=groups,
        everyone=everyone,
        currency=data.currency,
        level=level,
        sql=counted.sql,
        data_number=data.number,
        notes=(*_notes(data, metric, question), *([remark] if remark else [])),
    )


def _notes(data: Data, metric: Metric, question: Question) -> tuple[str, ...]:
    row = data.fetch(unmatched(data, metric, question)).rows[0]
    notes = ["differences between groups are correlation only: the groups differ in more than their score"]
    if row["unmatched"]:
        notes.append(f"{row['unmatched']:,} of {row['answers']:,} answers have no customer or no date and are left out")
    return tuple(notes)


def _curves(data: Data, rows: Sequence[dict[str, Any]]) -> dict[str, KaplanMeier]:
    """A Kaplan-Meier curve per band from counts by day, ended or not, and replicate group."""
    curves = {}
    for band in {row["band"] for row in rows}:
        mine = [row for row in rows if row["band"] == band]
        times = np.unique(np.array([row["days"] for row in mine], dtype=float))
        places = np.searchsorted(times, [row["days"] for row in mine])
        ended, still = np.zeros((GROUPS, times.size)), np.zeros((GROUPS, times.size))
        for row, place in zip(mine, places, strict=True):
            (ended if row["ended"] else still)[row["replicate"], place] += row["n"]
        curves[band] = KaplanMeier.of_counts(times, ended.sum(axis=0), still.sum(axis=0))
    return curves


def _share(curve: KaplanMeier | None, days: int, level: float, table: str, *, gone: bool) -> Measured:
    if curve is None:
        return _missing(table, 0)
    lasting = survival_at(curve, days, level=level)
    if isinstance(lasting, NoEstimate) or not gone:
        return lasting
    return Estimate(
        value=100 - lasting.value,
        low=100 - lasting.high,
        high=100 - lasting.low,
        se=lasting.se,
        n=lasting.n,
        effective_n=lasting.effective_n,
        unit=lasting.unit,
        level=lasting.level,
        method=lasting.method,
        flags=lasting.flags,
    )


def _drawn(curve: KaplanMeier | None, level: float, *, gone: bool) -> Curve | None:
    if curve is None or curve.times.size == 0:
        return None
    low, high = curve.limits(level)
    middle = curve.survival
    if gone:
        middle, low, high = 1 - middle, 1 - high, 1 - low
    return Curve(
        days=tuple(curve.times.tolist()),
        percent=tuple((100 * middle).tolist()),
        low=tuple((100 * low).tolist()),
        high=tuple((100 * high).tolist()),
    )


def _spent(data: Data, people: Any, level: float) -> dict[str, Measured]:
    rows = spent_after(data, people, SPENT_WITHIN)
    pilot = data.fetch(rows.aggregate(pilot=rows.x.mean())).rows[0]["pilot"] or 0.0
    found = data.fetch(moments(rows, ["band"], centre=float(pilot))).rows
    return {row["band"]: mean(to_moments(row, float(pilot)), unit=data.currency, level=level) for row in found}


def _forecasts(data: Data, people: Any, models: Models | None, level: float) -> dict[str, Measured]:
    if models is None:
        return {}
    rows = data.fetch(histories(data, groups=people)).rows
    forecasts = {}
    for band in {row["band"] for row in rows}:
        mine = to_customers([row for row in rows if row["band"] == band])
        forecasts[band] = models.worth(mine, months=MONTHS, currency=data.currency, level=level)
    return forecasts


def _missing(table: str, n: int) -> NoEstimate:
    return NoEstimate(f"needs {table} of customers who answered: touchstone add {table}.csv", n)
