"""Rows to be averaged: every metric but durations is the mean of some x over rows, with a weight and a cluster.

A score is 100 or 0 or -100 per answer, a rate 100 or 0 per case, revenue per customer one amount per customer.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import replace
from functools import reduce
from typing import Any

import ibis

from touchstone.core.metric import (
    Amount,
    Count,
    Followed,
    Gap,
    Index,
    Mean,
    Metric,
    Ratio,
    Reach,
    Repeat,
    Response,
    Retention,
    Score,
    Share,
)
from touchstone.core.period import Period
from touchstone.core.where import parse_where
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.following import followed_rows
from touchstone.engine.items import gap_rows, index_rows
from touchstone.engine.keeping import retained
from touchstone.engine.question import (
    Question,
    answers_with_points,
    asked,
    clustered_rows,
    group_name,
    kind_of,
    orders_of,
    other_scale,
    prepared,
    purchases,
    slim,
    weight_of,
)
from touchstone.engine.ratios import amount_of, ratio_rows
from touchstone.engine.responses import response_rows
from touchstone.engine.visits import all_hold, reach_rows

__all__ = [
    "Question",
    "answers_with_points",
    "asked",
    "clustered_rows",
    "counted",
    "group_name",
    "left_out",
    "measured_rows",
    "purchases",
    "rows_of_periods",
    "total",
    "weight_of",
]


def measured_rows(data: Data, metric: Metric, question: Question) -> Table:
    """Rows with x, w, cluster and the columns of `by` (for answers also `kind`): what the metric is the mean of.

    The rows of a ratio have y for x, and w for what y is divided by: the metric is Σy/Σw. Rows without a positive
    weight say nothing and are left out.
    """
    match metric.form:
        case Score() as form:
            return _scored(data, metric, form, question)
        case Share() as form:
            return _shared(data, metric, form, question)
        case Repeat() as form:
            return _repeated(data, form, question)
        case Retention() as form:
            return retained(data, metric, form, question)
        case Amount() as form:
            return _spent(data, form, question)
        case Mean() as form:
            return _averaged(data, metric, form, question)
        case _:
            return _other_rows(data, metric, question)


def _other_rows(data: Data, metric: Metric, question: Question) -> Table:
    match metric.form:
        case Ratio() as form:
            return ratio_rows(data, form, question)
        case Response() as form:
            return response_rows(data, form, question)
        case Followed() as form:
            return followed_rows(data, metric, form, question)
        case Reach() as form:
            return reach_rows(data, metric, form, question)
        case Gap(among="submissions") as form:
            return gap_rows(data, form, question)
        case Index() as form:
            return index_rows(data, form, question)
        case _:
            raise TypeError(f"{metric.name} is not a mean of rows")


def rows_of_periods(data: Data, metric: Metric, question: Question, periods: Dict[str, Period]) -> Table:
    """`measured_rows` of several periods, one below the other, each with its name in `window`."""
    parts = [
        measured_rows(data, metric, replace(question, period=period))
        .pipe(slim, ("x", "y", "w", "cluster"))
        .mutate(window=ibis.literal(name))
        for name, period in periods.items()
    ]
    return ibis.union(*parts)


def left_out(data: Data, metric: Metric, form: Score, question: Question) -> dict[str, int]:
    """Answers to the metric that cannot count: outside its scale, given on another scale, without weight or skipped."""
    answers = asked(data, metric, form, question)
    other = other_scale(answers, form)
    outside = answers.score.notnull() & ~other & ~answers.score.between(form.lowest, form.highest)
    sums = {"skipped": answers.score.isnull().sum(), "another scale": other.sum(), "outside the scale": outside.sum()}
    if question.weight:
        sums["without a weight"] = (answers.score.notnull() & ~(weight_of(answers, question) > 0)).sum()
    return {name: int(n) for name, n in data.fetch(answers.aggregate(**sums)).rows[0].items() if n}


def of_nobody(data: Data, metric: Metric, form: Score, question: Question) -> tuple[int, int]:
    """How many answers that count name neither a customer nor an account, and how many there are."""
    answers = asked(data, metric, form, question)
    counted = answers.filter(answers.score.between(form.lowest, form.highest) & ~other_scale(answers, form))
    nameless = counted.customer_id.isnull()
    if "account_id" in counted.columns:
        nameless = nameless & counted.account_id.isnull()
    row = data.fetch(counted.aggregate(nameless=nameless.sum(), n=counted.count())).rows[0]
    return int(row["nameless"] or 0), int(row["n"])


def _scored(data: Data, metric: Metric, form: Score, question: Question) -> Table:
    rows = answers_with_points(data, metric, form, question, only=question.columns)
    return clustered_rows(data, rows, "answers", (*question.by, "kind"))


def _shared(data: Data, metric: Metric, form: Share, question: Question) -> Table:
    counted = parse_where(form.counts)
    columns = Question(by=(*question.columns, *(condition.column for condition in counted)))
    rows = prepared(
        data, metric.table, replace(columns, where=question.where, period=question.period), parse_where(form.among)
    )
    rows = rows.mutate(x=all_hold(data, rows, counted).ifelse(100.0, 0.0), w=weight_of(rows, question))
    if metric.table != "answers":
        return clustered_rows(data, rows, metric.table, question.by)
    return clustered_rows(data, rows.mutate(kind=kind_of(rows)), "answers", (*question.by, "kind"))


def _averaged(data: Data, metric: Metric, form: Mean, question: Question) -> Table:
    rows = prepared(data, metric.table, replace(question, by=(*question.by, *form.columns)), parse_where(form.among))
    values = [amount_of(data, rows, metric.table, name) for name in form.columns]
    known = ibis.coalesce(*values).notnull()
    x = reduce(lambda one, other: one + other, (ibis.coalesce(value, 0.0) for value in values))
    rows = rows.mutate(x=x, w=weight_of(rows, question)).filter(known)
    return clustered_rows(data, rows, metric.table, question.by)


def _spent(data: Data, form: Amount, question: Question) -> Table:
    """One row per customer who bought: what they paid, in each group; or one per order."""
    orders = purchases(data, question, form.kinds)
    if form.per == "order":
        rows = orders.mutate(x=orders.amount.cast("float64"), w=ibis.literal(1.0))
        return clustered_rows(data, rows, "orders", question.by)
    orders = orders.filter(orders.customer_id.notnull())
    keys = list(dict.fromkeys([*question.by, "customer_id"]))
    per = orders.group_by(keys).aggregate(x=orders.amount.sum().cast("float64"))
    return data.clustered(per.mutate(w=ibis.literal(1.0)), "customers").select("x", "w", "cluster", *question.by)


def _repeated(data: Data, form: Repeat, question: Question) -> Table:
    """One row per customer: 100 when a second order came (within the window, if there is one), else 0.

    Groups are those of the first order, and a period keeps the customers whose first order lies in it. With a window
    only customers count whom the data follows that long.
    """
    unbounded = Question(by=question.by, where=question.where)
    orders = orders_of(data, unbounded, ("purchase", "renewal"))
    orders = orders.filter(orders.customer_id.notnull())
    place = ibis.row_number().over(ibis.window(group_by=orders.customer_id, order_by=[orders.paid_at, orders.order_id]))
    placed = slim(orders.mutate(_place=place), ("customer_id", "paid_at", *question.by, "_place"))
    first = placed.filter(placed._place == 0)
    if question.period:
        first = data.during(first, "orders", question.period)
    second = placed.filter(placed._place == 1).select(second_id="customer_id", second_at="paid_at")
    pairs = first.left_join(second, first.customer_id == second.second_id)
    again = pairs.second_at.notnull()
    if form.window_days is not None:
        window = ibis.interval(days=form.window_days)
        pairs = pairs.filter(pairs.paid_at + window <= _last_order(data))
        again = again & (pairs.second_at <= pairs.paid_at + window)
    rows = pairs.mutate(x=again.ifelse(100.0, 0.0), w=ibis.literal(1.0))
    return data.clustered(rows, "customers").select("x", "w", "cluster", *question.by)


def _last_order(data: Data) -> Any:
    """Up to when customers were followed: the newest order, whoever's it is, that is not in the future."""
    newest = data.newest(data.table("orders"), "paid_at")
    return ibis.literal(newest).cast("timestamp('UTC')")


def counted(data: Data, metric: Metric, form: Count, question: Question) -> Table:
    """How many rows count, per group."""
    rows = prepared(data, metric.table, question, parse_where(form.among))
    return rows.group_by(list(question.by)).aggregate(n=rows.count()) if question.by else rows.aggregate(n=rows.count())


def total(data: Data, form: Amount, question: Question) -> Table:
    """The exact sum of the amounts that count and the number of rows, per group."""
    orders = purchases(data, question, form.kinds)
    sums = {"total": orders.amount.sum(), "n": orders.count()}
    return orders.group_by(list(question.by)).aggregate(**sums) if question.by else orders.aggregate(**sums)
