"""Answers of different kinds are different measures."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from touchstone.core.errors import Refused
from touchstone.core.where import parse_where
from touchstone.engine.data import Data
from touchstone.engine.rows import Question
from touchstone.measure.kinds import named_kind, of_one_kind
from touchstone.measure.metrics import metric_named
from touchstone.measure.score import score

NPS = metric_named("nps")


def survey(kinds: dict[str, int], *, column: bool = True) -> str:
    lines = ["ResponseId,customer_id,Date,NPS" + (",Survey" if column else "")]
    number = 0
    for kind, n in kinds.items():
        for _ in range(n):
            number += 1
            lines.append(
                f"R{number},C{number},2024-03-{1 + number % 28:02d},{number % 11}" + (f",{kind}" if column else "")
            )
    return "\n".join(lines) + "\n"


def test_the_kind_with_most_answers_is_taken_and_the_others_are_named(imported: Callable[..., Data]) -> None:
    data = imported({"survey.csv": survey({"after delivery": 30, "relationship": 50})})
    one = of_one_kind(data, NPS, Question())
    assert one.kind == "relationship"
    assert one.remark == (
        "relationship answers only; kinds are never pooled (30 transactional left out: --where 'kind = transactional')"
    )
    assert [(c.column, c.operator, c.values) for c in one.question.where] == [("kind", "=", ("relationship",))]
    rows = score(data, NPS).rows
    assert {(row.group, row.result.n) for row in rows} == {(("relationship",), 50), (("transactional",), 30)}


def test_one_kind_alone_is_named_without_a_remark(imported: Callable[..., Data]) -> None:
    one = of_one_kind(imported({"survey.csv": survey({"after delivery": 30})}), NPS, Question())
    assert (one.kind, one.remark, one.question.where) == ("transactional", "", ())


def test_answers_of_unstated_kind_are_a_kind_of_their_own(imported: Callable[..., Data]) -> None:
    alone = of_one_kind(imported({"survey.csv": survey({"": 30}, column=False)}), NPS, Question())
    assert (alone.kind, alone.remark) == ("unstated", "")
    data = imported({"a.csv": survey({"relationship": 20}), "b.csv": survey({"": 30}, column=False).replace("R", "S")})
    one = of_one_kind(data, NPS, Question())
    assert one.kind == "unstated"
    assert one.question.where[0].operator == "is null"
    other = of_one_kind(data, NPS, Question(where=parse_where("kind is null")))
    assert (other.kind, other.remark) == ("", "")


def test_the_remark_tells_a_condition_that_works(imported: Callable[..., Data]) -> None:
    data = imported({"a.csv": survey({"relationship": 40}), "b.csv": survey({"": 30}, column=False).replace("R", "S")})
    one = of_one_kind(data, NPS, Question())
    condition = one.remark.split("--where '")[1].rstrip("')")
    assert condition == "kind is null"
    assert score(data, NPS, where=condition).rows[0].result.n == 30


def test_two_kinds_with_as_many_answers_are_chosen_by_name_every_time(imported: Callable[..., Data]) -> None:
    data = imported({"survey.csv": survey({"relationship": 20, "after delivery": 20, "employee": 20})})
    assert of_one_kind(data, NPS, Question()).kind == "employee"


def test_whoever_names_a_kind_gets_that_kind(imported: Callable[..., Data]) -> None:
    data = imported({"survey.csv": survey({"after delivery": 30, "relationship": 50})})
    question = Question(where=parse_where("kind = transactional"))
    assert of_one_kind(data, NPS, question).question is question


@pytest.mark.parametrize("name", ["sales", "nps"])
def test_without_answers_there_is_no_kind(imported: Callable[..., Data], name: str) -> None:
    data = imported({"orders.csv": "order_id,customer_id,paid_at,amount\n1,C1,2024-01-05,10\n"})
    assert of_one_kind(data, metric_named(name), Question()).kind == ""


def test_a_kind_that_is_asked_for_by_name_is_that_kind() -> None:
    asked = {
        text: named_kind(Question(where=parse_where(text)))
        for text in (
            "kind = employee",
            "kind = transactional",
            "kind in (employee, relationship)",
            "kind in (transactional, relationship)",
            "kind != employee",
            "region = north",
        )
    }
    assert list(asked.values()) == ["employee", "transactional", "", "", "", ""]


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("kind = employee", "employee"),
        ("kind in (employee)", "employee"),
        ("kind != transactional and kind != relationship", "employee"),
        ("kind != employee", "employee"),
        ("kind not in (employee, transactional)", "employee"),
        ("kind starts with trans", "employee"),
        ("kind = transactional", "transactional"),
        ("kind in (transactional, relationship)", ""),
    ],
)
def test_a_condition_that_is_about_employees_or_leaves_them_out_is_theirs(
    imported: Callable[..., Data], condition: str, kind: str
) -> None:
    data = imported({"survey.csv": survey({"after delivery": 30, "relationship": 50, "employee": 20})})
    assert of_one_kind(data, NPS, Question(where=parse_where(condition))).kind == kind
    others = imported({"survey.csv": survey({"after delivery": 30, "relationship": 50})})
    assert of_one_kind(others, NPS, Question(where=parse_where("kind != employee"))).kind == ""


@pytest.mark.parametrize("condition", ["kind in (employee, relationship)", "kind != transactional", "kind is not null"])
def test_employees_are_never_pooled_with_others(imported: Callable[..., Data], condition: str) -> None:
    data = imported({"survey.csv": survey({"after delivery": 30, "relationship": 50, "employee": 20})})
    with pytest.raises(Refused, match="not pooled"):
        of_one_kind(data, NPS, Question(where=parse_where(condition)))


def test_the_remark_does_not_tell_how_few_of_another_kind_there_are(imported: Callable[..., Data]) -> None:
    data = imported({"survey.csv": survey({"relationship": 50, "employee": 7})})
    assert "(fewer than 10 employee left out" in of_one_kind(data, NPS, Question()).remark
