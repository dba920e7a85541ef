"""Rows to be averaged: every metric but durations is the mean of some x over rows, with a weight and a cluster.

A score is 100 or 0 or -100 per answer, a rate 100 or 0 per case, revenue per customer one amount per customer.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import ibis

from touchstone.core.errors import Refused
from touchstone.core.metric import Amount, Metric, Repeat, Retention, Score, Share
from touchstone.core.period import Period
from touchstone.core.where import Condition, parse_where
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.moments import points
from touchstone.engine.where import holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a metric: groups, filters, weight, period."""

    by: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
    weight: str | None = None
    period: Period | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column the question names."""
        return (*self.by, *([self.weight] if self.weight else []))


def measured_rows(data: Data, metric: Metric, question: Question) -> Table:
    """Rows with x, w, cluster and the columns of `by` (for answers also `kind`): what the metric is the mean of."""
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


def left_out(data: Data, metric: Metric, form: Score, question: Question) -> dict[str, int]:
    """Answers to the metric that cannot count: outside its scale, given on another scale, without weight or skipped."""
    answers = _asked(data, metric, form, question)
    other = _other_scale(answers, form)
    outside = answers.score.notnull() & ~other & ~answers.score.between(form.lowest, form.highest)
    sums = {"skipped": answers.score.isnull().sum(), "another scale": other.sum(), "outside the scale": outside.sum()}
    if question.weight:
        sums["without a weight"] = (answers.score.notnull() & (_weight(answers, question) == 0)).sum()
    return {name: int(n) for name, n in data.fetch(answers.aggregate(**sums)).rows[0].items() if n}


def _prepared(data: Data, table: str, question: Question, extra: Sequence[Condition] = ()) -> Table:
    rows = data.prepared(table, question.columns, (*question.where, *extra))
    return data.during(rows, table, question.period) if question.period else rows


def _asked(data: Data, metric: Metric, form: Score, question: Question) -> Table:
    answers = _prepared(data, "answers", question)
    return answers.filter(answers.metric == (form.answers or metric.name))


def _other_scale(answers: Table, form: Score) -> Any:
    known = answers.scale_low.notnull() & answers.scale_high.notnull()
    return known & ((answers.scale_low != form.lowest) | (answers.scale_high != form.highest))


def _scored(data: Data, metric: Metric, form: Score, question: Question) -> Table:
    return _rows(data, answers_with_points(data, metric, form, question), "answers", (*question.by, "kind"))


def answers_with_points(data: Data, metric: Metric, form: Score, question: Question) -> Table:
    """The answers that count, with x = what each scores, w = its weight, and `kind` never empty."""
    answers = _asked(data, metric, form, question)
    answers = answers.filter(answers.score.notnull() & ~_other_scale(answers, form))
    turned = ibis.coalesce(answers.polarity, ibis.literal(form.polarity)) != form.polarity
    score = turned.ifelse(form.lowest + form.highest - answers.score, answers.score)
    rows = answers.mutate(x=points(score, form), w=_weight(answers, question))
    rows = rows.mutate(kind=ibis.coalesce(rows.kind, ibis.literal("unstated")))
    return rows.filter(rows.x.notnull())


def _shared(data: Data, metric: Metric, form: Share, question: Question) -> Table:
    rows = _prepared(data, metric.table, question, parse_where(form.among))
    counts = ibis.literal(True)
    for condition in parse_where(form.counts):
        counts = counts & ibis.coalesce(holds(rows, condition), ibis.literal(False))
    rows = rows.mutate(x=counts.ifelse(100.0, 0.0), w=_weight(rows, question))
    return _rows(data, rows, metric.table, question.by)


def _weight(rows: Table, question: Question) -> Any:
    if not question.weight:
        return ibis.literal(1.0)
    weight = rows[question.weight]
    number = weight.try_cast("float64") if weight.type().is_string() else weight.cast("float64")
    return ibis.coalesce(number, ibis.literal(0.0))


def _rows(data: Data, rows: Table, table: str, by: Sequence[str]) -> Table:
    rows = data.clustered(rows.filter(rows.w > 0), table)
    return rows.select("x", "w", "cluster", *dict.fromkeys(by))


def purchases(data: Data, question: Question, kinds: Sequence[str]) -> Table:
    """Orders that count, with `amount` in the workspace's currency; orders without a kind are purchases."""
    orders = _prepared(data, "orders", question)
    orders = orders.filter(ibis.coalesce(orders.kind, ibis.literal("purchase")).isin(kinds))
    return orders.mutate(amount=in_one_currency(data, orders))


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
    factors = ibis.cases(*((currency == name, rate) for name, rate in sorted(rates.items())), else_=Decimal(1))
    return (rows[column] * factors).cast("decimal(18, 4)")


def _spent(data: Data, form: Amount, question: Question) -> Table:
    """One row per customer who bought: what they paid, in each group."""
    orders = purchases(data, question, form.kinds)
    orders = orders.filter(orders.customer_id.notnull())
    per = orders.group_by([*question.by, "customer_id"]).aggregate(x=orders.amount.sum().cast("float64"))
    return data.clustered(per.mutate(w=ibis.literal(1.0)), "customers").select("x", "w", "cluster", *question.by)


def _repeated(data: Data, form: Repeat, question: Question) -> Table:
    """One row per customer: 100 when a second order came (within the window, if there is one), else 0.

    Groups are those of the first order. With a window only customers count whom the data follows that long.
    """
    orders = purchases(data, question, ("purchase", "renewal"))
    orders = orders.filter(orders.customer_id.notnull())
    place = ibis.row_number().over(ibis.window(group_by=orders.customer_id, order_by=[orders.paid_at, orders.order_id]))
    placed = orders.mutate(_place=place)
    first = placed.filter(placed._place == 0).select("customer_id", *question.by, first="paid_at")
    second = placed.filter(placed._place == 1).select(second_id="customer_id", second="paid_at")
    pairs = first.left_join(second, first.customer_id == second.second_id)
    again = pairs.second.notnull()
    if form.window_days is not None:
        window = ibis.interval(days=form.window_days)
        newest = data.fetch(orders.aggregate(newest=orders.paid_at.max())).rows[0]["newest"]
        pairs = pairs.filter(pairs.first + window <= ibis.literal(newest).cast("timestamp('UTC')"))
        again = pairs.second.notnull() & (pairs.second <= pairs.first + window)
    rows = pairs.mutate(x=again.ifelse(100.0, 0.0), w=ibis.literal(1.0))
    return data.clustered(rows, "customers").select("x", "w", "cluster", *question.by)


def _retained(data: Data, form: Retention, question: Question) -> Table:
    """One row per subscription active when the window opens: 100 when still active (for churn: lost) at its end."""
    unbounded = Question(by=question.by, where=question.where, weight=question.weight)
    contracts = _prepared(data, "subscriptions", unbounded)
    opening, closing = _window(data, contracts, form, question)
    open_at = contracts.ended_at.isnull()
    active = contracts.filter((contracts.started_at <= opening) & (open_at | (contracts.ended_at > opening)))
    lost = active.ended_at.notnull() & (active.ended_at <= closing)
    rows = active.mutate(x=(lost if form.lost else ~lost).ifelse(100.0, 0.0), w=_weight(active, question))
    return _rows(data, rows, "subscriptions", question.by)


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
