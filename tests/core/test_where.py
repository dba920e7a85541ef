"""Conditions: what people write becomes data, and what cannot be read is quoted back."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.core.errors import BadDefinition
from touchstone.core.where import Condition, parse_where


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("score >= 9", Condition("score", ">=", (9.0,))),
        ("score == -1.5", Condition("score", "=", (-1.5,))),
        ("segment <> premium", Condition("segment", "!=", ("premium",))),
        ('"Order total" < 3', Condition("Order total", "<", (3.0,))),
        ("name = 'O''Hara'", Condition("name", "=", ("O'Hara",))),
        ("on = 2017-03-31", Condition("on", "=", ("2017-03-31",))),
        ("eligible = true", Condition("eligible", "=", (True,))),
        ("x is null", Condition("x", "is null")),
        ("x is not missing", Condition("x", "is not null")),
        ("no starts with C", Condition("no", "starts with", ("C",))),
        ("no not starts with C", Condition("no", "not starts with", ("C",))),
        ("k in (a, 2, 'b c')", Condition("k", "in", ("a", 2.0, "b c"))),
        ("k not in (a)", Condition("k", "not in", ("a",))),
    ],
)
def test_a_condition_is_read_as_it_is_written(text: str, condition: Condition) -> None:
    assert parse_where(text) == (condition,)


def test_conditions_are_joined_by_and() -> None:
    assert [one.column for one in parse_where("a = 1 and b is null AND c in (x)")] == ["a", "b", "c"]
    assert parse_where("  ") == ()


@pytest.mark.parametrize(
    "text",
    ["score", "score >", "= 3", "a = 1 or b = 2", "a = 1 and", "a in 3", "a in (1", "a is 3", "a like 3", "a ; b"],
)
def test_what_cannot_be_read_is_quoted_with_what_to_write(text: str) -> None:
    with pytest.raises(BadDefinition) as caught:
        parse_where(text)
    assert f"'{text}'" in caught.value.problem
    assert "COLUMN OP VALUE" in caught.value.hint


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_but_never_crashes(text: str) -> None:
    with suppress(BadDefinition):
        assert isinstance(parse_where(text), tuple)
