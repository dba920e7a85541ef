"""Relationship, transactional and employee answers are different measures: where one is wanted, one is chosen."""

from __future__ import annotations

from dataclasses import replace

from touchstone.core.metric import Metric, Score
from touchstone.core.where import Condition
from touchstone.engine.data import Data
from touchstone.engine.rows import Question, measured_rows


def of_one_kind(data: Data, metric: Metric, question: Question) -> tuple[Question, str]:
    """`question` about the kind with most answers to `metric`, and a remark on what that leaves out (or nothing)."""
    if not isinstance(metric.form, Score) or any(condition.column == "kind" for condition in question.where):
        return question, ""
    rows = measured_rows(data, metric, replace(question, by=(), weight=None))
    found = data.fetch(rows.group_by("kind").aggregate(n=rows.count())).rows
    counts = sorted(((int(row["n"]), str(row["kind"])) for row in found), reverse=True)
    if len(counts) < 2:
        return question, ""
    chosen = counts[0][1]
    others = ", ".join(f"{n:,} {kind}" for n, kind in counts[1:])
    kept = Condition("kind", "is null") if chosen == "unstated" else Condition("kind", "=", (chosen,))
    remark = f"{chosen} answers only; kinds are never pooled ({others} left out: --where 'kind = {counts[1][1]}')"
    return replace(question, where=(*question.where, kept)), remark
