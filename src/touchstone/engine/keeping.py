"""Who and what was kept over a window: contracts, customers, and the money they pay."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import ibis

from touchstone.core.errors import Refused
from touchstone.core.metric import Metric, Retention
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.question import Question, clustered_rows, in_one_currency, prepared, purchases, real, weight_of

BY_RECOMMENDATION = ("recommendation", "referral", "word of mouth", "friend")
_KINDS = ("purchase", "renewal")
_UNKNOWN = 0.02  # of the window before may lie ahead of the first order: a week of a year
_STRAYS = 5  # days with orders that may be mistaken dates
_APART = 10  # times the usual gap between days with orders that sets such a day apart
_ACCOUNT = ibis.literal("account:")


def retained(data: Data, metric: Metric, form: Retention, question: Question) -> Table:
    """Rows with x and w (contracts, customers: 100 when still active, for churn when lost) or with y and w (money)."""
    if metric.table == "orders":
        return _figures(form, _buyers(data, form, question), question)
    if form.of == "contracts":
        return _contracts(data, form, question)
    return _figures(form, _owners(data, form, question), question)


def _contracts(data: Data, form: Retention, question: Question) -> Table:
    """One row per subscription active when the window opens: 100 when still active (for churn: lost) at its end."""
    contracts = _all_time(data, question)
    opening, closing = _window(data, contracts, form, question)
    active = contracts.filter(_runs(contracts, opening))
    lost = active.ended_at.notnull() & (active.ended_at <= closing)
    rows = active.mutate(x=(lost if form.lost else ~lost).ifelse(100.0, 0.0), w=weight_of(active, question))
    return clustered_rows(data, rows, "subscriptions", question.by)


def _all_time(data: Data, question: Question) -> Table:
    return prepared(data, "subscriptions", Question(by=question.by, where=question.where, weight=question.weight))


def _runs(contracts: Table, moment: Any) -> Any:
    return (contracts.started_at <= moment) & (contracts.ended_at.isnull() | (contracts.ended_at > moment))


def _window(data: Data, contracts: Table, form: Retention, question: Question) -> tuple[Any, Any]:
    if question.period:
        return data.midnight(question.period.start), ibis.least(data.midnight(question.period.end), data.moment())
    last = data.newest(contracts, "started_at", "ended_at")  # a contract that will end is still active
    if last is None:
        raise Refused("There are no subscriptions yet.", hint="import them: touchstone add subscriptions.csv")
    end = ibis.literal(last).cast("timestamp('UTC')")
    return end - ibis.interval(days=form.window_days), end


def _owners(data: Data, form: Retention, question: Question) -> Table:
    """One row per account or customer with contracts: what they pay (_then, _now) when the window opens and closes."""
    contracts = _all_time(data, question)
    opening, closing = _window(data, contracts, form, question)
    owner = ibis.coalesce(_ACCOUNT + contracts.account_id, contracts.customer_id, contracts.subscription_id)
    paid = in_one_currency(data, contracts, "monthly_amount").cast("float64") if form.of == "money" else real(1.0)
    contracts = contracts.mutate(_owner=owner, _paid=paid, _before=_runs(contracts, opening))
    contracts = contracts.mutate(_after=_runs(contracts, closing))
    owners = contracts.group_by(["_owner", *question.by]).aggregate(
        subscription_id=contracts.subscription_id.min(),
        customer_id=contracts.customer_id.min(),
        account_id=contracts.account_id.min(),
        _then=_sum_where(contracts, "_before"),
        _now=_sum_where(contracts, "_after"),
        _new=ibis.literal(False),
    )
    return data.clustered(owners, "subscriptions")


def _sum_where(rows: Table, condition: str) -> Any:
    return ibis.coalesce(rows._paid.sum(where=rows[condition]), 0.0)


def _buyers(data: Data, form: Retention, question: Question) -> Table:
    """One row per customer who ever bought: what they paid in the window (_now) and in the one before (_then).

    `_new` are those whose first order lies in the window and who came by recommendation.
    """
    source = ("customer.referred_by", "customer.acquired_through") if form.referred else ()
    orders = purchases(data, Question(by=(*question.by, *source), where=question.where), _KINDS)
    orders = orders.filter(orders.customer_id.notnull())
    before, opening, closing = _two_windows(data, orders, form, question)
    at, paid = orders.paid_at, orders.amount.cast("float64") if form.of == "money" else real(1.0)
    orders = orders.mutate(_paid=paid, _before=(at >= before) & (at < opening), _after=(at >= opening) & (at < closing))
    orders = orders.mutate(_told=_recommended(orders) if form.referred else ibis.literal(False))
    buyers = orders.group_by(list(dict.fromkeys(["customer_id", *question.by]))).aggregate(
        _then=_sum_where(orders, "_before"),
        _now=_sum_where(orders, "_after"),
        _new=orders._told.max() & (orders.paid_at.min() >= opening),
    )
    return data.clustered(buyers, "customers")


def _recommended(orders: Table) -> Any:
    how = ibis.coalesce(orders["customer.acquired_through"], ibis.literal("")).lower()
    return orders["customer.referred_by"].notnull() | how.isin(BY_RECOMMENDATION)


def _two_windows(data: Data, orders: Table, form: Retention, question: Question) -> tuple[Any, Any, Any]:
    if question.period:
        first, last = question.period.start, question.period.end
        _reaching_back(data, first - (last - first), last - first)
        closing = ibis.least(data.midnight(last), data.moment())  # later orders are plans or mistakes
        return data.midnight(first - (last - first)), data.midnight(first), closing
    newest = data.newest(orders, "paid_at")
    if newest is None:
        raise Refused("No order has a customer, so nobody's buying can be followed.", hint="add a customer_id column.")
    closing = newest + timedelta(microseconds=1)
    length = timedelta(days=form.window_days)
    _reaching_back(data, (closing - 2 * length).astimezone(ZoneInfo(data.zone)).date(), length)
    before, opening, end = (
        ibis.literal(time).cast("timestamp('UTC')") for time in (closing - 2 * length, closing - length, closing)
    )
    return before, opening, end


def _reaching_back(data: Data, before: date, length: timedelta) -> None:
    """Refuse where the orders begin after the window before: whoever bought then would be missing, or bought less.

    The first order of a small shop may come some days after its records begin.
    """
    days = _oldest_days(data, longest=length * _UNKNOWN)
    if days and days[-1] - before > length * _UNKNOWN:
        *strays, first = days
        dates = f"a stray date ({strays[0]})" if len(strays) == 1 else f"{len(strays)} stray dates"
        raise Refused(
            f"The orders begin on {first}{f', but for {dates}' if strays else ''}; comparing {length.days} days with "
            f"the {length.days} before takes orders from {before} on.",
            hint="import older orders, or ask for a shorter and later --period.",
        )


def _oldest_days(data: Data, *, longest: timedelta) -> list[date]:
    """The day from which on orders follow each other, and ahead of it the days that stand apart, as mistakes do.

    A day d is apart from the next, e, when e - d is more than `longest` and than ten times (l - e) / (n - 1), the usual
    gap between the n days with orders from e to the last, l.
    """
    orders = data.table("orders")
    orders = orders.filter(orders.paid_at.cast("timestamp('UTC')") <= data.moment())
    days = orders.select(day=data.local_day(orders.paid_at)).distinct()
    oldest = [row["day"] for row in data.fetch(days.order_by("day").limit(_STRAYS + 1)).rows]
    held = data.fetch(days.aggregate(n=days.count(), last=days.day.max())).rows[0]
    apart = 0
    for place, (day, following) in enumerate(pairwise(oldest)):
        gaps = held["n"] - place - 2
        if gaps and following - day > max(longest, _APART * (held["last"] - following) / gaps):
            apart = place + 1
    return [day.date() for day in oldest[: apart + 1]]


def _figures(form: Retention, owners: Table, question: Question) -> Table:
    if form.of != "money":
        active = owners.filter(owners._then > 0)
        kept = active._now > 0
        rows = active.mutate(x=(~kept if form.lost else kept).ifelse(100.0, 0.0), w=real(1.0))
        return rows.select("x", "w", "cluster", *question.by)
    known = owners._then > 0
    kept = owners._now if form.growth else ibis.least(owners._now, owners._then)
    held = (owners._then - kept) if form.lost else kept - real(form.less / 100) * owners._then
    above = ibis.cases((known, held), (owners._new, owners._now), else_=real(0.0))
    rows = owners.mutate(y=real(100.0) * above, w=known.ifelse(owners._then, 0.0))
    return rows.filter(known | owners._new).select("y", "w", "cluster", *question.by)
