"""Relationship, transactional and employee answers are different measures: where one is wanted, one is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from touchstone.core.metric import Form, Gap, Index, Metric, Score
from touchstone.core.where import Condition, parse_where
from touchstone.engine.data import Data
from touchstone.engine.rows import Question, measured_rows

EMPLOYEE = "employee"
UNSTATED = "unstated"


@dataclass(frozen=True, slots=True)
class OneKind:
    """A question narrowed to one kind of answers, that kind, and a remark on what is left out (or nothing).

    `kind` is empty where the metric is not one of answers, nothing was answered, or the question names kinds itself.
    """

    question: Question
    kind: str = ""
    remark: str = ""


def _is_asked(form: Form) -> bool:
    return isinstance(form, Score | Index) or (isinstance(form, Gap) and form.among == "submissions")


def of_one_kind(data: Data, metric: Metric, question: Question) -> OneKind:
    """`question` about the kind with most answers to `metric`; of two with as many, the one of the earlier name."""
    if not _is_asked(metric.form):
        return OneKind(question)
    if any(condition.column == "kind" for condition in question.where):
        return OneKind(question, named_kind(question))
    rows = measured_rows(data, metric, replace(question, by=(), weight=None))
    return narrowed(question, data.fetch(rows.group_by("kind").aggregate(n=rows.count())).rows)


def named_kind(question: Question) -> str:
    """The kind that a question names itself; of several, employees: what they were promised holds however one asks."""
    asked = [condition for condition in question.where if condition.column == "kind"]
    named = {str(value) for one in asked if one.operator in ("=", "in") for value in one.values}
    if EMPLOYEE in named:
        return EMPLOYEE
    return named.pop() if len(named) == 1 else ""


def narrowed(question: Question, found: Sequence[Mapping[str, Any]]) -> OneKind:
    """`question` about the kind with most answers, from how many (`n`) each `kind` has."""
    counts = sorted((-int(row["n"]), str(row["kind"])) for row in found)
    if not counts:
        return OneKind(question)
    chosen = counts[0][1]
    if len(counts) == 1:
        return OneKind(question, chosen)
    others = ", ".join(f"{-n:,} {kind}" for n, kind in counts[1:])
    kept = Condition("kind", "is null") if chosen == UNSTATED else Condition("kind", "=", (chosen,))
    other = "kind is null" if counts[1][1] == UNSTATED else f"kind = {counts[1][1]}"
    remark = f"{chosen} answers only; kinds are never pooled ({others} left out: --where '{other}')"
    return OneKind(replace(question, where=(*question.where, kept)), chosen, remark)


def rows_of_one_kind(data: Data, metric: Metric, where: str) -> tuple[str, str]:
    """The kind with most answers to `metric` (as `of_one_kind`), and `where` narrowed to it if there are others."""
    one = of_one_kind(data, metric, Question(where=parse_where(where)))
    if not one.remark:
        return one.kind, where
    quoted = one.kind.replace("'", "''")
    words = "kind is null" if one.kind == UNSTATED else f"kind = '{quoted}'"
    return one.kind, f"{where} and {words}" if where else words
