"""The value table: per score group how many, who stays, who buys again, what they paid and what is forecast.

Amounts observed and forecast for a group, nothing more: the groups differ in more than their score, so no difference
between them is multiplied into money here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from touchstone.core.errors import Refused
from touchstone.core.estimate import Estimate, Measured, NoEstimate, record
from touchstone.core.metric import Metric
from touchstone.core.period import Period
from touchstone.core.where import parse_where
from touchstone.engine.data import Data
from touchstone.engine.durations import GROUPS
from touchstone.engine.histories import first_purchase, histories
from touchstone.engine.moments import moments
from touchstone.engine.outcomes import bands, days_to_buying, days_to_leaving, landmarks, spent_after, unmatched
from touchstone.engine.promises import FEWEST
from touchstone.engine.rows import Question
from touchstone.measure.forecast import MONTHS, NOBODY, Models, tested_models, to_customers
from touchstone.measure.kinds import of_one_kind
from touchstone.measure.released import clashes, given_out
from touchstone.measure.sums import to_moments
from touchstone.measure.suppress import protects
from touchstone.stats.means import mean
from touchstone.stats.survival import KaplanMeier, survival_at
from touchstone.value.groups import Curve, Group, all_hidden, without_few

RETAINED_AFTER, AGAIN_WITHIN, SPENT_WITHIN = 365, 90, 365  # days
STRANGERS = "none of the customers who answered has an order: it takes the same customer number or e-mail in both files"
NO_PEOPLE = "nobody who can be followed gave such an answer: it takes a customer and a date"


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
    kind: str = ""  # of the answers, see `measure.kinds`

    def records(self) -> list[dict[str, object]]:
        """One flat record per group and amount."""
        rows: list[dict[str, object]] = []
        for group in self.groups:
            for name in ("retained", "again", "spent", "forecast"):
                flat = record(getattr(group, name))
                rows.append({"band": group.band, "people": group.people, "metric": name} | flat)
        return [*rows, {"band": "all", "people": None, "metric": "forecast"} | record(self.everyone)]


def value_table(
    data: Data,
    metric: Metric,
    *,
    where: str = "",
    period: str | None = None,
    level: float = 0.95,
    for_release: bool = False,
) -> ValueTable:
    """What the customers of each score group did after their first answer, and what they are forecast to pay.

    Refused when there are no answers; amounts that need orders or memberships say what is missing. Where anonymity was
    promised, or `for_release`, groups and amounts of fewer than ten people are hidden, and what would give them away.
    """
    names = bands(metric)
    if not data.has("answers"):
        raise Refused("There are no answers yet.", hint="import a survey: touchstone add survey.csv")
    question = Question(where=parse_where(where), period=Period.parse(period) if period else None)
    one = of_one_kind(data, metric, question)
    protected = protects(data, metric, question, one.kind, for_release=for_release)
    question = one.question
    everybody = landmarks(data, metric, question)
    with data.engine.kept(everybody) as people:
        counted = data.fetch(people.group_by("band").aggregate(n=people.count())).rows
        sizes = {row["band"]: int(row["n"]) for row in counted}
        staying = _curves(data.fetch(days_to_leaving(data, people)).rows) if data.has("subscriptions") else {}
        models = _models(data)
        bought = _Bought.by(data, people, models, level)
    groups = tuple(_group(data, name, sizes.get(name, 0), staying.get(name), bought, level) for name in names)
    everyone = (
        models
        if isinstance(models, NoEstimate)
        else models.worth(models.customers, months=MONTHS, currency=data.currency, level=level)
    )
    kept: tuple[str, ...] = ()
    if protected and (clash := clashes(data, metric, question).groups):
        groups, everyone = all_hidden(groups, clash[()])
    elif protected:
        groups, everyone = without_few(groups, everyone)
        kept = given_out(data, metric, question)
    return ValueTable(
        metric=metric,
        groups=groups,
        everyone=everyone,
        currency=data.currency,
        level=level,
        sql=_sql(data, everybody),
        data_number=data.number,
        notes=(*_notes(data, metric, question, protected), *([one.remark] if one.remark else []), *kept),
        kind=one.kind,
    )


def _models(data: Data) -> Models | NoEstimate:
    if not data.has("orders"):
        return _needs("orders", 0)
    return NoEstimate(NOBODY, 0) if first_purchase(data) is None else tested_models(data)


@dataclass(frozen=True, slots=True)
class _Bought:
    """Per band what its people bought after they answered, or for all of them why that cannot be told."""

    why_not: NoEstimate | None
    buying: dict[str, KaplanMeier]
    spent: dict[str, Measured]
    forecasts: dict[str, Measured]

    @classmethod
    def by(cls, data: Data, people: Any, models: Models | NoEstimate, level: float) -> _Bought:
        """Counted for `people`, one row each; without an order of any of them nothing is counted as nought."""
        if isinstance(models, NoEstimate):
            return cls(models, {}, {}, {})
        rows = data.fetch(histories(data, groups=people)).rows
        if not rows:
            return cls(NoEstimate(STRANGERS, 0), {}, {}, {})
        buying = _curves(data.fetch(days_to_buying(data, people)).rows)
        return cls(None, buying, _spent(data, people, level), _forecasts(data, rows, models, level))


def _group(data: Data, band: str, people: int, staying: KaplanMeier | None, bought: _Bought, level: float) -> Group:
    def told(amount: Measured | None, otherwise: str) -> Measured:
        if amount is not None:
            return amount
        if bought.why_not is not None:
            return replace(bought.why_not, n=people)
        return NoEstimate(otherwise if people else NO_PEOPLE, people)

    buying = bought.buying.get(band)
    again = _share(buying, AGAIN_WITHIN, level, gone=True) if buying else None
    return Group(
        band=band,
        people=people,
        retained=_retained(data, staying, people, level),
        again=told(again, "no order is newer than their answers"),
        spent=told(bought.spent.get(band), "none of them was followed for a year after the answer yet"),
        forecast=told(bought.forecasts.get(band), "none of them has an order"),
        staying=_drawn(staying, level, gone=False),
        buying=_drawn(buying, level, gone=True),
    )


def _retained(data: Data, staying: KaplanMeier | None, people: int, level: float) -> Measured:
    if staying is not None:
        return _share(staying, RETAINED_AFTER, level, gone=False)
    if not data.has("subscriptions"):
        return _needs("subscriptions", people)
    return NoEstimate("none of them had a membership when they answered" if people else NO_PEOPLE, people)


def _notes(data: Data, metric: Metric, question: Question, protected: bool) -> tuple[str, ...]:
    row = data.fetch(unmatched(data, metric, question)).rows[0]
    notes = ["differences between groups are correlation only: the groups differ in more than their score"]
    if protected and 0 < row["unmatched"] < FEWEST:
        notes.append(f"fewer than {FEWEST} answers have no customer or no date and are left out")
    elif row["unmatched"]:
        notes.append(f"{row['unmatched']:,} of {row['answers']:,} answers have no customer or no date and are left out")
    return tuple(notes)


def _curves(rows: Sequence[dict[str, Any]]) -> dict[str, KaplanMeier]:
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


def _share(curve: KaplanMeier, days: int, level: float, *, gone: bool) -> Measured:
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


def _forecasts(data: Data, rows: Sequence[dict[str, Any]], models: Models, level: float) -> dict[str, Measured]:
    forecasts = {}
    for band in {row["band"] for row in rows}:
        mine = to_customers([row for row in rows if row["band"] == band])
        forecasts[band] = models.worth(mine, months=MONTHS, currency=data.currency, level=level)
    return forecasts


def _sql(data: Data, people: Any) -> str:
    """What the people of each band paid, as a query on the imported tables; without orders, how many they are."""
    if not data.has("orders"):
        return data.engine.sql(people.group_by("band").aggregate(n=people.count()))
    rows = spent_after(data, people, SPENT_WITHIN)
    return data.engine.sql(rows.group_by("band").aggregate(n=rows.count(), mean=rows.x.mean()))


def _needs(table: str, n: int) -> NoEstimate:
    return NoEstimate(f"needs {table} of customers who answered: touchstone add {table}.csv", n)
