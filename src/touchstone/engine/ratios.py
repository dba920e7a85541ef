"""Rows of a ratio: what counts above as y, what counts below as w, for every customer of either side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ibis

from touchstone.core.metric import Part, Ratio
from touchstone.core.nouns import NOUNS, Noun
from touchstone.core.where import parse_where
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.question import Question, in_one_currency, prepared, real
from touchstone.engine.where import keep


def ratio_rows(data: Data, form: Ratio, question: Question) -> Table:
    """The rows of both sides, one below the other: y, w, cluster and the columns `by`, which both tables must have."""
    above, below = (_side(data, part, question) for part in (form.top, form.bottom))
    nothing = real(0.0)
    top = above.mutate(y=above._amount * real(form.times), w=nothing)
    bottom = below.mutate(y=nothing, w=below._amount)
    columns = ("y", "w", "cluster", *question.by)
    return top.select(*columns).union(bottom.select(*columns))


def _side(data: Data, part: Part, question: Question) -> Table:
    rows = _kept(data, part, question)
    if part.customers:
        known = rows.filter(rows.customer_id.notnull())
        each = known.group_by(list(dict.fromkeys([*question.by, "customer_id"]))).aggregate(_amount=real(1.0))
        return data.clustered(each, "customers")
    counted = rows.mutate(_amount=amount_of(data, rows, part.table, part.sum) if part.sum else real(1.0))
    return data.clustered(counted.filter(counted._amount.notnull()), part.table)


def _kept(data: Data, part: Part, question: Question) -> Table:
    """The rows of one side; orders without a kind are purchases here as everywhere."""
    conditions = parse_where(part.where)
    if part.table != "orders":
        return prepared(data, part.table, question, conditions)
    columns = (*question.by, *(condition.column for condition in conditions))
    orders = prepared(data, part.table, replace(question, by=columns))
    orders = orders.mutate(kind=ibis.coalesce(orders.kind, ibis.literal("purchase")))
    return keep(orders, conditions, zone=data.zone)


def amount_of(data: Data, rows: Table, table: str, column: str) -> Any:
    """A column as a number; money in the workspace's currency."""
    value = in_one_currency(data, rows, column) if is_money(NOUNS[table], column) else rows[column]
    return value.cast("float64")


def is_money(noun: Noun, column: str) -> bool:
    """Whether a column of the table holds amounts of money."""
    return any(known.name == column and known.type == "money" for known in noun.columns)
