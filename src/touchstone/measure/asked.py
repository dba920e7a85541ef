"""The rows of the table that a number is about."""

from __future__ import annotations

from collections.abc import Sequence

from touchstone.core.metric import Gap, Index, Metric
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.rows import Question


def table_of(subject: Metric | str) -> str:
    """The table of a metric, or of the question of that id."""
    return "answers" if isinstance(subject, str) else subject.table


def asked_rows(data: Data, subject: Metric | str, question: Question, columns: Sequence[str] = ()) -> Table:
    """The rows that the question is about, with these `columns`, whether or not they count in the end."""
    table = table_of(subject)
    rows = data.prepared(table, columns, question.where)
    rows = data.during(rows, table, question.period) if question.period else rows
    if isinstance(subject, str):
        return rows.filter(rows.question_id == subject)
    return rows.filter(rows.metric.isin(answered_metrics(subject))) if table == "answers" else rows


def answered_metrics(metric: Metric) -> tuple[str, ...]:
    """The metrics that answers are given to for `metric` to be known."""
    match metric.form:
        case Index(items=items):
            return items
        case Gap(of=of, less=less):
            return of, less
        case _:
            return (getattr(metric.form, "answers", "") or metric.name,)
