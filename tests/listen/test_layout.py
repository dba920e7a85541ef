"""Where the table is in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.core.errors import BadFile
from touchstone.listen.layout import clean_names, layout, table


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def test_the_separator_is_the_one_that_makes_a_table() -> None:
    assert layout(lines("a;b\n1,5;2,5\n3,5;4,5\n"), name="x").dialect.delimiter == ";"
    assert layout(lines("a\tb\nx, y, z\t1\nu, v\t2\n"), name="x").dialect.delimiter == "\t"
    assert layout(lines("a|b\n1|2\n"), name="x").dialect.delimiter == "|"


def test_years_may_be_column_names() -> None:
    assert layout(lines("region,2016,2017\nnorth,1,2\n"), name="x").headers == ("region", "2016", "2017")


def test_a_header_shorter_than_its_rows_is_filled_up_and_said() -> None:
    found = layout(lines("a,b\n1,2,3\n4,5,6\n"), name="x")
    assert found.headers == ("a", "b", "column_3")
    assert found.notes == ("The header names 2 columns, the rows have 3; the others are numbered.",)


def test_title_rows_of_a_spreadsheet_are_not_the_header() -> None:
    found = table([["Report", "", ""], ["", "", ""], ["id", "score", "text"], ["1", "9", "a"]], name="x")
    assert (found.headers, found.skip) == (("id", "score", "text"), 3)


def test_values_in_the_first_row_are_no_names() -> None:
    with pytest.raises(BadFile, match=r"its first row is 'ada@example\.com, 9, 2017-03-01'"):
        layout(lines("ada@example.com,9,2017-03-01\nbob@example.com,8,2017-03-02\n"), name="x")


def test_an_ordinary_first_data_row_is_not_taken_for_a_second_header() -> None:
    found = layout(lines("id,question,comment\n,Response,fine\n2,no,x\n"), name="x")
    assert found.skip == 2
    assert layout(lines("id,question,comment\n1,Response,fine\n2,no,x\n"), name="x").skip == 1


@given(st.lists(st.text(st.sampled_from("aA b_2\u200f\0"), max_size=5), min_size=1, max_size=12))
def test_clean_names_can_be_told_apart_without_their_case(names: list[str]) -> None:
    cleaned = clean_names(names)
    assert len({name.casefold() for name in cleaned}) == len(names)
    assert all(name and name == name.strip() for name in cleaned)
