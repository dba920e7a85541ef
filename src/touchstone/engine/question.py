"""What is asked of a metric, and the rows it is asked of: filtered, in one currency, weighed, belonging to somebody."""

from __future__ import annotations

import math
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import ibis

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.metric import Metric, Score
from touchstone.core.nouns import NOUNS
from touchstone.core.period import Period
from touchstone.core.where import Condition
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.moments import points
from touchstone.engine.where import number_in

_MONEY = "decimal(18, 4)"
_SCORING = ("answer_id", "score", "scale_low", "scale_high", "polarity", "kind")
_TELLING = ("submission_id", "customer_id", "account_id")  # whom a row belongs to
# names that queries give to what they compute; an attribute called so is read as attr_…
_SUMS = ("x", "y", "w", "n", "clusters", "ww", "wx", "wxx", "aa", "ab", "ba", "bb", "a", "b", "q", "a0", "b0")
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


def prepared(data: Data, table: str, question: Question, extra: Sequence[Condition] = ()) -> Table:
    """The rows of `table` that the question is about, with every column it names."""
    rows = data.prepared(table, question.columns, (*question.where, *extra))
    return data.during(rows, table, question.period) if question.period else rows


def slim(rows: Table, columns: Sequence[str]) -> Table:
    """Only what is needed from here on: queries stay short enough to read."""
    return rows.select(*dict.fromkeys(column for column in columns if column in rows.columns))


def asked(data: Data, metric: Metric, form: Score, question: Question) -> Table:
    """The answers to the metric's question, whatever their scale."""
    answers = prepared(data, "answers", question)
    answers = answers.filter(answers.metric == (form.answers or metric.name))
    if not form.kind:
        return answers
    answers = answers.mutate(kind=ibis.coalesce(answers.kind, ibis.literal(form.kind)))
    return answers.filter(answers.kind == form.kind)


def other_scale(answers: Table, form: Score) -> Any:
    """Whether an answer was given on another scale than the form's."""
    if form.stated_scale:
        return ~ibis.coalesce((answers.scale_low == form.lowest) & (answers.scale_high == form.highest), False)
    known = answers.scale_low.notnull() & answers.scale_high.notnull()
    return known & ((answers.scale_low != form.lowest) | (answers.scale_high != form.highest))


def answers_with_points(
    data: Data, metric: Metric, form: Score, question: Question, *, only: Sequence[str] | None = None
) -> Table:
    """The answers that count, with x = what each scores, w = its weight, and `kind` never empty.

    `only` leaves out every column but these and those that scores and clusters are made of.
    """
    answers = asked(data, metric, form, question)
    if only is not None:
        answers = slim(answers, (*only, *_SCORING, *_TELLING))
    return with_points(answers, form, question)


def with_points(answers: Table, form: Score, question: Question) -> Table:
    """Those of `answers` that lie on the scale of `form`, with x, w and kind."""
    # a turned answer lies inside the scale just when the answer does, so the scan itself can leave the others out
    answers = answers.filter(answers.score.between(form.lowest, form.highest) & ~other_scale(answers, form))
    turned = ibis.coalesce(answers.polarity, ibis.literal(form.polarity)) != form.polarity
    score = turned.ifelse(form.lowest + form.highest - answers.score, answers.score)
    rows = answers.mutate(x=points(score, form), w=weight_of(answers, question))
    return rows.mutate(kind=kind_of(rows))


def real(number: float) -> Any:
    """A number as a double: written bare into a query it would be a decimal, whose products overflow."""
    return ibis.literal(repr(float(number))).cast("float64")


def kind_of(answers: Table) -> Any:
    """The kind of an answer, `unstated` where it has none."""
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
    """x, w, cluster and the columns `by` of the rows that weigh something."""
    rows = slim(rows.filter(rows.w > 0), ("x", "w", *by, NOUNS[table].key, *_TELLING))
    return data.clustered(rows, table).select("x", "w", "cluster", *dict.fromkeys(by))


def purchases(data: Data, question: Question, kinds: Sequence[str]) -> Table:
    """Orders that count, with `amount` in the workspace's currency; orders without a kind are purchases."""
    orders = orders_of(data, question, kinds)
    return orders.mutate(amount=in_one_currency(data, orders))


def orders_of(data: Data, question: Question, kinds: Sequence[str]) -> Table:
    """Orders of these kinds; those without a kind are purchases."""
    orders = prepared(data, "orders", question)
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
