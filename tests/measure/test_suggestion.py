"""A first plan from any data: it always parses, and names what is there."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime

import pytest
from tests.measure.company import Company, answers

from touchstone.core.errors import UnknownName
from touchstone.measure.metrics import built_in
from touchstone.measure.plans import checked
from touchstone.measure.suggestion import suggested

NOW = datetime(2018, 1, 5, tzinfo=UTC)
HOSTILE = (
    'say "hello"', "two\nlines", "\x1b[31mred", "back\\slash", "доставка", "оплата", "🙂",
    "a b", "a-b", "]] = x #", "x" * 300
)  # fmt: skip


def test_touchpoints_of_any_name_make_a_plan_that_parses(company: Company) -> None:
    rows = answers([float(n % 5 + 1) for n in range(44)], metric="csat", touchpoint=lambda n: HOSTILE[n % len(HOSTILE)])
    text = suggested(company.data(answers=rows), built_in(), name='Quotes "&" Co\n', now=NOW)
    moments = tomllib.loads(text)["moments"]
    assert {name for moment in moments.values() for name in moment["touchpoints"]} == set(HOSTILE)
    assert len(checked(text, built_in()).moments) == len(HOSTILE)


def test_names_that_hold_another_are_suggested_as_one_moment(company: Company) -> None:
    rows = answers(
        [5.0, 2.0, 4.0, 1.0], metric="csat", touchpoint=lambda n: ("store", "our_stores", "returns", "web")[n]
    )
    plan = checked(suggested(company.data(answers=rows), built_in(), name="Co", now=NOW), built_in())
    assert {moment.touchpoints for moment in plan.moments} == {("our_stores", "store"), ("returns",), ("web",)}


def test_what_the_goals_bring_is_followed_as_far_as_the_data_tells_it(company: Company) -> None:
    rows = [*answers([9.0, 3.0, 8.0] * 20), *answers([5.0, 2.0] * 20, metric="csat", start=100)]
    text = suggested(company.data(answers=rows), built_in(), name="Co", goals=("loyalty",), now=NOW)
    plan = checked(text, built_in())
    assert {"nps"} <= {one.name for one in plan.metrics}
    assert plan.goals == ("loyalty",)
    assert all(one.baseline is not None and one.review is not None for one in plan.metrics)
    assert "# These goals usually bring" in text and "repeat_customers_ever" in text


def test_unknown_goals_and_journeys_are_refused_with_their_neighbours(company: Company) -> None:
    for wrong in ({"goals": ("loyalti",)}, {"journey": "five"}):
        with pytest.raises(UnknownName):
            suggested(company.data(), built_in(), name="Co", now=NOW, **wrong)
