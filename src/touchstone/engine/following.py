"""What came after: rows that the same customer followed with another one within some days, or did not."""

from __future__ import annotations

from typing import Any

import ibis

from touchstone.core.metric import Followed, Metric
from touchstone.core.nouns import NOUNS
from touchstone.core.where import parse_where
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.question import Question, clustered_rows, weight_of
from touchstone.engine.where import keep


def followed_rows(data: Data, metric: Metric, form: Followed, question: Question) -> Table:
    """One row per case with a full window: 100 when followed (or not), else 0.

    The next row may be any of the customer's, also one that the question leaves out: who asks about one agent's
    tickets is told of the call that another one took.
    """
    conditions = (*question.where, *parse_where(form.among))
    named = (*question.columns, *(condition.column for condition in conditions))
    rows = data.prepared(metric.table, named)
    rows = rows.mutate(_person=_person(rows)).filter(rows[form.next].notnull())
    known = rows._person.notnull()
    for column in form.same:
        known = known & rows[column].notnull()
    rows = rows.filter(known)
    key = NOUNS[metric.table].key
    order = ibis.window(group_by=["_person", *form.same], order_by=[form.next, key])
    rows = rows.mutate(_following=rows[form.next].lead().over(order))
    rows = keep(rows, conditions, zone=data.zone)
    rows = data.during(rows, metric.table, question.period) if question.period else rows
    closes = rows[form.after] + ibis.interval(days=form.within_days)
    rows = rows.filter(closes <= _newest(data, metric.table, form))
    came = rows._following.notnull() & (rows._following <= rows[form.after] + ibis.interval(days=form.within_days))
    rows = rows.mutate(x=(~came if form.not_followed else came).ifelse(100.0, 0.0), w=weight_of(rows, question))
    return clustered_rows(data, rows, metric.table, question.by)


def _person(rows: Table) -> Any:
    if "account_id" not in rows.columns:
        return rows.customer_id
    return ibis.coalesce(rows.customer_id, ibis.literal("account:") + rows.account_id)


def _newest(data: Data, table: str, form: Followed) -> Any:
    """Up to when customers were followed: the newest time of the table, whoever's it is, that is not in the future."""
    newest = data.newest(data.table(table), form.after, form.next)
    return ibis.literal(newest).cast("timestamp('UTC')")
