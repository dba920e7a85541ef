"""Purchase histories per customer, counted by distinct history: what the models of future buying are fitted to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import ibis

from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.rows import Question, purchases

DAYS_A_WEEK = 7.0


def histories(data: Data, *, until: datetime | None = None, groups: Table | None = None) -> Table:
    """Rows (x, last, age, spend, count): repeat days with a purchase, weeks to the last, weeks since the first.

    Purchases on one (local) day are one, as the models take them; `spend` is the mean amount of a repeat day to the
    cent, 0 where there is none. Only what happened before `until` counts (the newest order otherwise). With `groups`
    (customer_id, band) only their customers, and a column `band`.
    """
    orders = purchases(data, Question(), ("purchase", "renewal"))
    orders = orders.filter(orders.customer_id.notnull())
    end = until or newest_order(data)
    last = ibis.literal(end).cast("timestamp('UTC')")
    orders = orders.filter(orders.paid_at <= last if until is None else orders.paid_at < last)
    orders = data.clustered(orders, "orders")
    days = orders.mutate(day=data.local_day(orders.paid_at))
    per_day = days.group_by("cluster", "day").aggregate(amount=days.amount.sum())
    place = ibis.row_number().over(ibis.window(group_by=per_day.cluster, order_by=per_day.day))
    placed = per_day.mutate(_repeat=place > 0)
    people = placed.group_by("cluster").aggregate(
        first=placed.day.min(),
        latest=placed.day.max(),
        x=placed._repeat.sum(),
        spent=placed.amount.sum(where=placed._repeat).cast("float64"),  # exact before: half cents fall one way
    )
    final = data.local_day(last)
    history = people.mutate(
        last=_days(people.latest, people.first) / DAYS_A_WEEK,
        age=(_days(final, people.first) + 1) / DAYS_A_WEEK,  # to the end of the last day
        spend=(people.x > 0).ifelse((people.spent / people.x.nullif(0)).round(2), 0.0),
    )
    keys = ["x", "last", "age", "spend"]
    if groups is not None:
        history = history.inner_join(groups.select("cluster", "band"), "cluster")
        keys = ["band", *keys]
    return history.group_by(keys).aggregate(count=history.count())


def newest_order(data: Data) -> datetime | None:
    """When the newest order was paid, of those that are not in the future."""
    return data.newest(data.table("orders"), "paid_at")


def first_purchase(data: Data) -> datetime | None:
    """When the first order with a customer was paid; None where no order has one, so that nobody can be followed."""
    orders = purchases(data, Question(), ("purchase", "renewal"))
    known = orders.filter(orders.customer_id.notnull())
    first: datetime | None = data.fetch(known.aggregate(first=known.paid_at.min())).rows[0]["first"]
    return first


def buying_days(data: Data, start: datetime, end: datetime) -> Table:
    """How many (customer, day) purchases happened in [start, end) among customers who had bought before `start`."""
    orders = purchases(data, Question(), ("purchase", "renewal"))
    orders = data.clustered(orders.filter(orders.customer_id.notnull()), "orders")
    begins, ends = (ibis.literal(time).cast("timestamp('UTC')") for time in (start, end))
    known = orders.filter(orders.paid_at < begins).select("cluster").distinct()
    later = orders.filter((orders.paid_at >= begins) & (orders.paid_at < ends)).semi_join(known, "cluster")
    days = later.select("cluster", day=data.local_day(later.paid_at)).distinct()
    return days.aggregate(purchases=days.count())


def _days(later: Any, earlier: Any) -> Any:
    return (later.epoch_seconds() - earlier.epoch_seconds()) / 86_400.0
