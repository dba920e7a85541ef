"""What customers will buy and be worth: the models fitted to purchase histories, and held against what really came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from touchstone.core.errors import Refused
from touchstone.core.estimate import Estimate, Measured, NoEstimate, record
from touchstone.engine.data import Data
from touchstone.engine.histories import DAYS_A_WEEK, buying_days, first_purchase, histories, newest_order
from touchstone.engine.promises import FEWEST
from touchstone.stats import backtest
from touchstone.stats.backtest import log_error, widened
from touchstone.stats.buying import Buying, Customers, fit_buying
from touchstone.stats.clv import Plan, lifetime_value, purchases_ahead
from touchstone.stats.spend import Spend, fit_spend

WEEKS_A_MONTH = 30.4375 / DAYS_A_WEEK
MONTHS = 12
NOBODY = "no order has a customer, so nobody's buying can be followed"
FIFTHS = 5  # four windows that do not overlap, and as much again to fit the oldest one
SHORTEST = timedelta(days=28)  # a window tested must see every day of the week, and the beginning and end of a month
EXPECTED_ONLY = "the interval is that of the expected total: single amounts vary too widely to bound what comes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The fitted models of buying and spending, or why there are none, and the customers they were fitted to."""

    buying: Buying | NoEstimate
    spend: Spend | NoEstimate
    customers: Customers
    sql: str
    errors: tuple[float, ...] = ()  # how far such forecasts were off before, see `past_errors`

    def worth(self, customers: Customers, *, months: int, currency: str, level: float) -> Measured:
        """What `customers` together will pay over `months` from now, not discounted; chance is in the interval."""
        if isinstance(self.buying, NoEstimate):
            return self.buying
        if isinstance(self.spend, NoEstimate):
            return self.spend
        plan = Plan(months=months, month=WEEKS_A_MONTH, currency=currency)
        total = lifetime_value(self.buying, self.spend, customers, plan, observed=True, level=level)
        if isinstance(total, NoEstimate):  # single amounts vary too widely for the chance in them to have a size
            total = lifetime_value(self.buying, self.spend, customers, plan, level=level)
            if isinstance(total, Estimate):
                total = replace(total, flags=(*total.flags, EXPECTED_ONLY))
        return widened(total, self.errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdout:
    """A forecast held against what came: purchase days of known customers in the last `months`.

    `average` is what an average of the past would have said (purchases so far per week, times the weeks ahead).
    """

    months: int
    start: datetime
    forecast: Measured
    actual: int
    average: float
    customers: int
    sql: str

    @property
    def covered(self) -> bool | None:
        """Whether the interval held the truth; None without a forecast."""
        if isinstance(self.forecast, NoEstimate):
            return None
        return self.forecast.low <= self.actual <= self.forecast.high

    def records(self) -> list[dict[str, object]]:
        """One flat record."""
        extra = {"actual": self.actual, "average_of_the_past": self.average, "start": self.start.isoformat()}
        return [{"metric": "purchases_ahead", "months": self.months} | record(self.forecast) | extra]


def fit_models(data: Data, *, until: datetime | None = None) -> Models:
    """BG/NBD and Gamma-Gamma on everybody's purchase histories (Fader, Hardie and Lee 2005; Fader and Hardie 2013).

    Purchases of one day are one. Refused when no order (before `until`) has a customer.
    """
    if not data.has("orders"):
        raise Refused("There are no orders yet.", hint="import them: touchstone add orders.csv")
    fetched = data.fetch(histories(data, until=until))
    if not fetched.rows:
        raise Refused(f"{NOBODY[:1].upper()}{NOBODY[1:]}.", hint="add a customer_id column.")
    everyone = to_customers(fetched.rows)
    return Models(buying=fit_buying(everyone), spend=_spending(everyone), customers=everyone, sql=fetched.sql)


def tested_models(data: Data) -> Models:
    """`fit_models` on everything, with the errors of back-tests over a quarter of the history (at most a year)."""
    models = fit_models(data)
    first, last = first_purchase(data), newest_order(data)
    assert first is not None and last is not None  # noqa: S101  the models would have been refused
    window = min((last - first) / 4, timedelta(days=365))
    return replace(models, errors=tuple(past_errors(data, window, end=last)))


def _spending(customers: Customers) -> Spend | NoEstimate:
    if customers.spend is None:
        return NoEstimate("no amounts are known", customers.n)
    paid = customers.spend > 0  # the model has no place for days on which nothing was paid
    return fit_spend(customers.x[paid], customers.spend[paid], customers.count[paid])


def to_customers(rows: Sequence[dict[str, Any]]) -> Customers:
    """Fetched histories as the arrays that the models take."""
    columns = {name: np.array([row[name] for row in rows], dtype=float) for name in ("x", "last", "age", "spend")}
    return Customers.of(**columns, count=np.array([row["count"] for row in rows], dtype=float))


def hold_out(data: Data, *, months: int = 3, level: float = 0.95, for_release: bool = False) -> Holdout:
    """Fit on all but the last `months`, forecast them, and count what came.

    The interval knows only what was known then: it is widened by back-tests that end before the months held out.
    Refused `for_release` where fewer than ten customers ordered before.
    """
    newest = newest_order(data) if data.has("orders") else None
    if newest is None:
        raise Refused("There are no orders yet.", hint="import them: touchstone add orders.csv")
    window = timedelta(days=round(months * WEEKS_A_MONTH * DAYS_A_WEEK))
    start = newest - window
    first = first_purchase(data)
    if first is not None and first >= start:
        days = (newest - first).days
        raise Refused(
            f"Customers' orders span {days:,} days: holding {months} months out leaves nothing to forecast from.",
            hint="hold fewer months out.",
        )
    models = fit_models(data, until=start)
    known = models.customers
    if for_release and known.n < FEWEST:
        raise Refused(f"Fewer than {FEWEST} customers ordered before, so nothing of them leaves.")
    came = data.fetch(buying_days(data, start, newest + timedelta(seconds=1)))
    rates = (known.x + 1) / np.maximum(known.age, 1.0)
    forecast = _ahead(models, window, level)
    return Holdout(
        months=months,
        start=start,
        forecast=widened(forecast, past_errors(data, window, end=start)),
        actual=int(came.rows[0]["purchases"]),
        average=float((known.count * rates).sum() * window.days / DAYS_A_WEEK),
        customers=known.n,
        sql=came.sql,
    )


def past_errors(data: Data, window: timedelta, *, end: datetime, most: int = 4) -> list[float]:
    """How far forecasts over `window` were off, in windows before `end` that do not overlap; newest first.

    Each is fitted to what was known when its window began, so a window needs as much history before it. Where fewer
    than two such forecasts can be made, those over fifths of the history tell instead: what was off by so much over a
    shorter time (seasons do not even out in it, nor does chance) seldom is by more over a longer one.
    """
    first = first_purchase(data)
    if first is None or not window:
        return []
    errors = _errors(data, window, first, end, most)
    fifth = (end - first) / FIFTHS
    if len(errors) < backtest.FEWEST and SHORTEST <= fifth < window:
        errors = _errors(data, fifth, first, end, most)
    return errors


def _errors(data: Data, window: timedelta, first: datetime, end: datetime, most: int) -> list[float]:
    errors: list[float] = []
    start = end - window
    while len(errors) < most and start - first >= window:
        models = fit_models(data, until=start)
        came = data.fetch(buying_days(data, start, start + window)).rows[0]["purchases"]
        error = log_error(_ahead(models, window, 0.95), came)
        if error is not None:
            errors.append(error)
        start -= window
    return errors


def _ahead(models: Models, window: timedelta, level: float) -> Measured:
    if isinstance(models.buying, NoEstimate):
        return models.buying
    return purchases_ahead(models.buying, models.customers, window.days / DAYS_A_WEEK, level=level)
