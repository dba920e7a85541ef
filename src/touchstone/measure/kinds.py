"""Relationship, transactional and employee answers are different measures: where one is wanted, one is chosen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from touchstone.core.errors import Refused
from touchstone.core.metric import Form, Gap, Index, Metric, Score
from touchstone.core.where import Condition, parse_where
from touchstone.engine.data import Data
from touchstone.engine.promises import EMPLOYEE, FEWEST
from touchstone.engine.rows import Question, measured_rows

UNSTATED = "unstated"


@dataclass(frozen=True, slots=True)
class OneKind:
    """A question narrowed to one kind of answers, that kind, and a remark on what is left out (or nothing).

    `kind` is empty where the metric is not one of answers, nothing was answered, or the question names several kinds;
    it is that of employees where the question is about them, or leaves them out: then their promise decides.
    """

    question: Question
    kind: str = ""
    remark: str = ""


def _is_asked(form: Form) -> bool:
    return isinstance(form, Score | Index) or (isinstance(form, Gap) and form.among == "submissions")


def of_one_kind(data: Data, metric: Metric, question: Question) -> OneKind:
    """`question` about the kind with most answers to `metric`; of two with as many, the one of the earlier name.

    A question that names kinds itself is about those; Refused where it pools employees with others.
    """
    if not _is_asked(metric.form):
        return OneKind(question)
    if any(condition.column == "kind" for condition in question.where):
        return OneKind(question, _named(data, metric, question))
    return narrowed(question, _counts(data, metric, question))


def _counts(data: Data, metric: Metric, question: Question) -> list[dict[str, Any]]:
    rows = measured_rows(data, metric, replace(question, by=(), weight=None))
    return data.fetch(rows.group_by("kind").aggregate(n=rows.count())).rows


def _named(data: Data, metric: Metric, question: Question) -> str:
    """The kind of a question that names kinds: that of employees where it is about them or leaves them out."""
    if not may_concern_employees(question):
        return named_kind(question)
    inside = {str(row["kind"]) for row in _counts(data, metric, question)}
    refuse_pooling(inside)
    return EMPLOYEE if EMPLOYEE in inside or leaves_employees_out(data, metric, question) else named_kind(question)


def refuse_pooling(kinds: Collection[str]) -> None:
    """Refused where employees are among others: what the others say is told, so the rest would be theirs."""
    if EMPLOYEE in kinds and len(kinds) > 1:
        raise Refused(
            "Answers of employees are not pooled with others, which would give them away.",
            hint="ask for one kind: --where 'kind = employee'.",
        )


def may_concern_employees(question: Question) -> bool:
    """Whether a condition on kinds is about employees, or leaves them out without naming only others."""
    asked = [condition for condition in question.where if condition.column == "kind"]
    return any(one.operator not in ("=", "in", "is null") or EMPLOYEE in one.values for one in asked)


def leaves_employees_out(data: Data, metric: Metric, question: Question) -> bool:
    """Whether a condition such as `kind != employee` leaves out what employees answered to `metric`."""
    if not _is_asked(metric.form) or not may_concern_employees(question):
        return False
    others = tuple(condition for condition in question.where if condition.column != "kind")
    every = {str(row["kind"]) for row in _counts(data, metric, replace(question, where=others))}
    return EMPLOYEE in every and EMPLOYEE not in {str(row["kind"]) for row in _counts(data, metric, question)}


def named_kind(question: Question) -> str:
    """The kind that a question names itself; empty where it names none, or several."""
    asked = [condition for condition in question.where if condition.column == "kind"]
    named = {str(value) for one in asked if one.operator in ("=", "in") for value in one.values}
    return named.pop() if len(named) == 1 else ""


def narrowed(question: Question, found: Sequence[Mapping[str, Any]]) -> OneKind:
    """`question` about the kind with most answers, from how many (`n`) each `kind` has."""
    counts = sorted((-int(row["n"]), str(row["kind"])) for row in found)
    if not counts:
        return OneKind(question)
    chosen = counts[0][1]
    if len(counts) == 1:
        return OneKind(question, chosen)
    others = ", ".join(f"{-n:,} {kind}" if -n >= FEWEST else f"fewer than {FEWEST} {kind}" for n, kind in counts[1:])
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
