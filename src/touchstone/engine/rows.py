"""Rows to be averaged: every metric but durations is the mean of some x over rows, with a weight and a cluster.

A score is 100 or 0 or -100 per answer, a rate 100 or 0 per case, revenue per customer one amount per customer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import ibis

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.metric import Amount, Metric, Repeat, Retention, Score, Share
from touchstone.core.nouns import NOUNS
from touchstone.core.period import Period
from touchstone.core.where import Condition, parse_where
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.moments import points
from touchstone.engine.where import holds, number_in

_MONEY = "decimal(18, 4)"
_SCORING = ("answer_id", "score", "scale_low", "scale_high", "polarity", "kind")
_TELLING = ("submission_id", "customer_id", "account_id")  # whom a row belongs to
# names that queries give to what they compute; an attribute called so is read as attr_…
_SUMS = ("x", "w", "n", "clusters", "ww", "wx", "wxx", "aa", "ab", "ba", "bb", "a", "b", "q", "a0", "b0")
_COMPUTED = {*_SUMS, "cluster", "replicate", "minutes", "ended", "total", "shared", "second_id", "second_at"}


def group_name(column: str) -> str:
    """What a column to group by is called in queries: its own name, unless a query computes something of that name."""
    return f"attr_{column}" if column in _COMPUTED else column


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a metric: groups (by their `group_name`), filters, weight, period."""

    by: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
    weight: str | None = None
    period: Period | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column the question names."""
        return (*self.by, *([self.weight] if self.weight else []))


def measured_rows(data: Data, metric: Metric, question: Question) -> Table:
    """Rows with x, w, cluster and the columns of `by` (for answers also `kind`): what the metric is the mean of.

    Rows without a positive weight say nothing and are left out.
    """
    match metric.form:
        case Score():
            return _scored(data, metric, metric.form, question)
        case Share():
            return _shared(data, metric, metric.form, question)
        case Repeat():
            return _repeated(data, metric.form, question)
        case Retention():
            return _retained(data, metric.form, question)
        case Amount():
            return _spent(data, metric.form, question)
        case _:
            raise TypeError(f"{metric.name} is not a mean of rows")


def rows_of_periods(data: Data, metric: Metric, question: Question, periods: Dict[str, Period]) -> Table:
    """`measured_rows` of several periods, one below the other, each with its name in `window`."""
    parts = [
        measured_rows(data, metric, replace(question, period=period))
        .select("x", "w", "cluster")
        .mutate(window=ibis.literal(name))
        for name, period in periods.items()
    ]
    return ibis.union(*parts)


def left_out(data: Data, metric: Metric, form: Score, question: Question) -> dict[str, int]:
    """Answers to the metric that cannot count: outside its scale, given on another scale, without weight or skipped."""
    answers = asked(data, metric, form, question)
    other = _other_scale(answers, form)
    outside = answers.score.notnull() & ~other & ~answers.score.between(form.lowest, form.highest)
    sums = {"skipped": answers.score.isnull().sum(), "another scale": other.sum(), "outside the scale": outside.sum()}
    if question.weight:
        sums["without a weight"] = (answers.score.notnull() & ~(weight_of(answers, question) > 0)).sum()
    return {name: int(n) for name, n in data.fetch(answers.aggregate(**sums)).rows[0].items() if n}


def _prepared(data: Data, table: str, question: Question, extra: Sequence[Condition] = ()) -> Table:
    rows = data.prepared(table, question.columns, (*question.where, *extra))
    return data.during(rows, table, question.period) if question.period else rows


def _slim(rows: Table, columns: Sequence[str]) -> Table:
    """Only what is needed from here on: queries stay short enough to read."""
    return rows.select(*dict.fromkeys(column for column in columns if column in rows.columns))


def asked(data: Data, metric: Metric, form: Score, question: Question) -> Table:
    """The answers to the metric, those without a score among them."""
    answers = _prepared(data, "answers", question)
    return answers.filter(answers.metric == (form.answers or metric.name))


def _other_scale(answers: Table, form: Score) -> Any:
    known = answers.scale_low.notnull() & answers.scale_high.notnull()
    return known & ((answers.scale_low != form.lowest) | (answers.scale_high != form.highest))


def _scored(data: Data, metric: Metric, form: Score, question: Question) -> Table:
    rows = answers_with_points(data, metric, form, question, only=question.columns)
    return clustered_rows(data, rows, "answers", (*question.by, "kind"))


def answers_with_points(
    data: Data, metric: Metric, form: Score, question: Question, *, only: Sequence[str] | None = None
) -> Table:
    """The answers that count, with x = what each scores, w = its weight, and `kind` never empty.

    `only` leaves out every column but these and those that scores and clusters are made of.
    """
    answers = asked(data, metric, form, question)
    if only is not None:
        answers = _slim(answers, (*only, *_SCORING, *_TELLING))
    # a turned answer lies inside the scale just when the answer does, so the scan itself can leave the others out
    answers = answers.filter(answers.score.between(form.lowest, form.highest) & ~_other_scale(answers, form))
    turned = ibis.coalesce(answers.polarity, ibis.literal(form.polarity)) != form.polarity
    score = turned.ifelse(form.lowest + form.highest - answers.score, answers.score)
    rows = answers.mutate(x=points(score, form), w=weight_of(answers, question))
    return rows.mutate(kind=_kind(rows))


def _shared(data: Data, metric: Metric, form: Share, question: Question) -> Table:
    counted = parse_where(form.counts)
    columns = Question(by=(*question.columns, *(condition.column for condition in counted)))
    rows = _prepared(
        data, metric.table, replace(columns, where=question.where, period=question.period), parse_where(form.among)
    )
    counts = ibis.literal(True)
    for condition in counted:
        counts = counts & ibis.coalesce(holds(rows, condition, zone=data.zone), ibis.literal(False))
    rows = rows.mutate(x=counts.ifelse(100.0, 0.0), w=weight_of(rows, question))
    if metric.table != "answers":
        return clustered_rows(data, rows, metric.table, question.by)
    return clustered_rows(data, rows.mutate(kind=_kind(rows)), "answers", (*question.by, "kind"))


def _kind(answers: Table) -> Any:
    return ibis.coalesce(answers.kind, ibis.literal("unstated"))


def weight_of(rows: Table, question: Question) -> Any:
    """The weight of each row, 1 without a column of weights and 0 for what is no positive number."""
    if not question.weight:
        return ibis.literal(1.0)
    weight = rows[question.weight]
    if not (weight.type().is_string() or weight.type().is_numeric()):
        raise BadDefinition(
            f"Column '{question.weight}' holds no numbers to weigh with.", hint="choose another column."
        )
    number = number_in(weight) if weight.type().is_string() else weight.cast("float64")
    return (number > 0).ifelse((number < math.inf).ifelse(number, 0.0), 0.0)


def clustered_rows(data: Data, rows: Table, table: str, by: Sequence[str]) -> Table:
    """The rows with a positive weight as x, w, cluster and the columns of `by`."""
    rows = _slim(rows.filter(rows.w > 0), ("x", "w", *by, NOUNS[table].key, *_TELLING))
    return data.clustered(rows, table).select("x", "w", "cluster", *dict.fromkeys(by))


def purchases(data: Data, question: Question, kinds: Sequence[str]) -> Table:
    """Orders that count, with `amount` in the workspace's currency; orders without a kind are purchases."""
    orders = _orders(data, question, kinds)
    return orders.mutate(amount=in_one_currency(data, orders))


def _orders(data: Data, question: Question, kinds: Sequence[str]) -> Table:
    orders = _prepared(data, "orders", question)
    return orders.filter(ibis.coalesce(orders.kind, ibis.literal("purchase")).isin(kinds))


def in_one_currency(data: Data, rows: Table, column: str = "amount") -> Any:
    """`column` in the workspace's currency; Refused when a currency has no rate. No currency means the workspace's."""
    found = data.fetch(rows.group_by("currency").aggregate(n=rows.count())).rows
    currencies = {str(row["currency"]).upper() for row in found if row["currency"]}
    unknown = sorted(currencies - {data.currency} - set(data.rates))
    if unknown:
        raise Refused(
            f"There are amounts in {', '.join(unknown)}, and no rate into {data.currency}.",
            hint=f'set currency = "{unknown[0]}" in touchstone.toml, or add a rate with its date and source.',
        )
    if not currencies - {data.currency}:
        return rows[column]
    rates: Dict[str, Decimal] = {name: data.rates[name] for name in currencies if name != data.currency}
    currency = rows["currency"].upper()
    branches = ((currency == name, _factor(rate)) for name, rate in sorted(rates.items()))
    return (rows[column] * ibis.cases(*branches, else_=_factor(Decimal(1)))).cast(_MONEY)


def _factor(rate: Decimal) -> Any:
    # one type for all rates: with 19 digits DuckDB multiplies in 128 bits, and Spark does not round the product
    return ibis.literal(rate, type="decimal(19, 12)")


def _spent(data: Data, form: Amount, question: Question) -> Table:
    """One row per customer who bought: what they paid, in each group."""
    orders = purchases(data, question, form.kinds)
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
    orders = _orders(data, unbounded, ("purchase", "renewal"))
    orders = orders.filter(orders.customer_id.notnull())
    place = ibis.row_number().over(ibis.window(group_by=orders.customer_id, order_by=[orders.paid_at, orders.order_id]))
    placed = _slim(orders.mutate(_place=place), ("customer_id", "paid_at", *question.by, "_place"))
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
    """Up to when customers were followed: the newest order, whoever's it is."""
    orders = data.table("orders")
    newest = data.fetch(orders.aggregate(newest=orders.paid_at.max())).rows[0]["newest"]
    return ibis.literal(newest).cast("timestamp('UTC')")


def _retained(data: Data, form: Retention, question: Question) -> Table:
    """One row per subscription active when the window opens: 100 when still active (for churn: lost) at its end."""
    unbounded = Question(by=question.by, where=question.where, weight=question.weight)
    contracts = _prepared(data, "subscriptions", unbounded)
    opening, closing = _window(data, contracts, form, question)
    open_at = contracts.ended_at.isnull()
    active = contracts.filter((contracts.started_at <= opening) & (open_at | (contracts.ended_at > opening)))
    lost = active.ended_at.notnull() & (active.ended_at <= closing)
    rows = active.mutate(x=(lost if form.lost else ~lost).ifelse(100.0, 0.0), w=weight_of(active, question))
    return clustered_rows(data, rows, "subscriptions", question.by)


def _window(data: Data, contracts: Table, form: Retention, question: Question) -> tuple[Any, Any]:
    if question.period:
        return data.midnight(question.period.start), data.midnight(question.period.end)
    newest = {"started": contracts.started_at.max(), "ended": contracts.ended_at.max()}
    last = max((time for time in data.fetch(contracts.aggregate(**newest)).rows[0].values() if time), default=None)
    if last is None:
        raise Refused("There are no subscriptions yet.", hint="import them: touchstone add subscriptions.csv")
    end = ibis.literal(last).cast("timestamp('UTC')")
    return end - ibis.interval(days=form.window_days), end


def total(data: Data, form: Amount, question: Question) -> Table:
    """The exact sum of the amounts that count and the number of rows, per group."""
    orders = purchases(data, question, form.kinds)
    sums = {"total": orders.amount.sum(), "n": orders.count()}
    return orders.group_by(list(question.by)).aggregate(**sums) if question.by else orders.aggregate(**sums)
