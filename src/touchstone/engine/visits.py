"""Visits, and how far they came: rows of a table that share a session, a customer, or another column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis

from touchstone.core.metric import Metric, Reach
from touchstone.core.nouns import NOUNS
from touchstone.core.where import Condition, parse_where
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.question import Question, prepared
from touchstone.engine.where import holds


def reach_rows(data: Data, metric: Metric, form: Reach, question: Question) -> Table:
    """One row per visit (in each group): 100 when it got there, or, where the form asks for those that missed, not."""
    counts, among = parse_where(form.counts), parse_where(form.among)
    named = (*question.by, form.per, *(condition.column for condition in (*counts, *among)))
    rows = prepared(data, metric.table, Question(by=named, where=question.where, period=question.period))
    rows = rows.filter(rows[form.per].notnull())
    rows = rows.mutate(_hit=all_hold(data, rows, counts), _told=all_hold(data, rows, among))
    keys = list(dict.fromkeys([form.per, *question.by]))
    key = NOUNS[metric.table].key
    whose = {name: rows[name].min() for name in (key, "customer_id") if name in rows.columns and name not in keys}
    visits = rows.group_by(keys).aggregate(_hits=rows._hit.sum(), _in=rows._told.sum(), **whose)
    visits = visits.filter(visits._in > 0)
    there = visits._hits >= form.fewest
    visits = visits.mutate(x=(~there if form.missed else there).ifelse(100.0, 0.0), w=ibis.literal(1.0))
    return data.clustered(visits, metric.table).select("x", "w", "cluster", *question.by)


def all_hold(data: Data, rows: Table, conditions: Sequence[Condition]) -> Any:
    """Whether every condition holds for a row; a comparison with a missing value does not."""
    found: Any = ibis.literal(True)
    for condition in conditions:
        found = found & ibis.coalesce(holds(rows, condition, zone=data.zone), ibis.literal(False))
    return found
