"""What the texts of one column mean."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.listen.values import (
    date_columns,
    date_formats,
    date_order,
    decimal_mark,
    looks_like,
    mixed_decimals,
)


def read(text: str, form: str) -> datetime | None:
    [(found,)] = duckdb.execute("select try_strptime(?, ?)::varchar", [text, form]).fetchall()
    return None if found is None else datetime.fromisoformat(found)


@pytest.mark.parametrize(
    ("text", "form", "moment"),
    [
        ("29/2/2016 01:16", "%d/%m/%Y %H:%M", datetime(2016, 2, 29, 1, 16)),
        ("12/31/1899 09:30:00 AM", "%m/%d/%Y %I:%M:%S %p", datetime(1899, 12, 31, 9, 30)),
        ("2017-03-31", "%Y-%m-%d", datetime(2017, 3, 31)),
        ("2017-03-31T22:30:05Z", "%Y-%m-%dT%H:%M:%SZ", datetime(2017, 3, 31, 22, 30, 5)),
        ("2017-03-31 22:30:05.25", "%Y-%m-%d %H:%M:%S.%f", datetime(2017, 3, 31, 22, 30, 5, 250_000)),
        ("2017-03-31 22:30:05.123456789", "%Y-%m-%d %H:%M:%S.%n", datetime(2017, 3, 31, 22, 30, 5, 123_456)),
        ("2017/3/31", "%Y/%m/%d", datetime(2017, 3, 31)),
        ("31.03.17", "%d.%m.%y", datetime(2017, 3, 31)),
        ("3/31/17 1:05PM", "%m/%d/%y %I:%M%p", datetime(2017, 3, 31, 13, 5)),
        ("31-Mar-2017", "%d-%b-%Y", datetime(2017, 3, 31)),
        ("31 March 2017 10:00", "%d %B %Y %H:%M", datetime(2017, 3, 31, 10)),
        ("Mar 31, 2017", "%b %d, %Y", datetime(2017, 3, 31)),
    ],
)
def test_a_format_is_found_that_the_engine_reads_the_date_with(text: str, form: str, moment: datetime) -> None:
    found = date_formats([text])
    assert (found.formats, found.verdict, found.notes) == ((form,), "certain", ())
    assert read(text, form) == moment


def test_dates_with_their_own_zone_say_so() -> None:
    assert date_formats(["2017-03-31T22:30:05Z"]).zone == "utc"
    assert date_formats(["2017-03-31 22:30:05 +0200"]).formats == ("%Y-%m-%d %H:%M:%S %z",)
    assert date_formats(["2017-03-31T22:30:05+02:00"]).zone == "offset"
    assert date_formats(["2017-03-31T22:30:05+02:00", "2017-03-31T22:30:05"]).zone == "some"
    assert date_formats(["2017-03-31"]).zone == "none"


def test_the_most_frequent_format_comes_first() -> None:
    found = date_formats(["29/2/2016", "1/3/2016 10:00", "2/3/2016 11:00"])
    assert found.formats == ("%d/%m/%Y %H:%M", "%d/%m/%Y")


def test_mixed_date_orders_in_one_column_are_reported_and_not_guessed() -> None:
    found = date_formats(["31/12/2017", "12/31/2017", "01/02/2017"])
    assert (found.order, found.verdict, found.formats) == (None, "mixed", ())
    assert found.notes == ("The dates are written in two orders: day first and month first.",)
    assert date_order(["31/12/2017", "12/31/2017"]) == "mixed"
    assert date_order(["31/12/2017", "2017-12-31"]) == "mixed"


def test_days_of_twelve_or_less_are_ambiguous_and_said() -> None:
    found = date_formats(["01/02/2017", "03/04/2017"])
    assert (found.order, found.verdict) == ("dmy", "ambiguous")
    assert "cannot be told apart; read day first" in found.notes[0]
    assert date_order(["01/02/2017"]) == "ambiguous"


def test_am_and_pm_point_to_the_month_first() -> None:
    assert date_formats(["01/02/2017 10:00 PM"]).order == "mdy"


def test_another_date_column_of_the_file_settles_an_ambiguous_one() -> None:
    found = date_columns({"opened": ["01/02/2017"], "closed": ["12/31/2017"], "score": ["9"], "born": ["1990-01-02"]})
    assert {name: dates.order for name, dates in found.items()} == {"opened": "mdy", "closed": "mdy", "born": "iso"}
    assert found["opened"].notes == ("No day is above 12; read month first, like the other dates of the file.",)


def test_dates_that_the_calendar_does_not_know_are_no_dates() -> None:
    assert date_order(["31/31/2017", "2017-02-30", "99.99.2017"]) is None
    assert date_order(["", "?", "soon"]) is None


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2069, 1, 1)))
def test_every_moment_written_in_iso_form_is_read_back(moment: datetime) -> None:
    text = moment.isoformat(sep=" ")
    [form] = date_formats([text]).formats
    assert read(text, form) == moment


@pytest.mark.parametrize(
    ("samples", "mark"),
    [
        (["1,5", "2"], ","),
        (["1.234,56"], ","),
        (["1.234.567"], ","),
        (["1 234,5"], ","),
        (["€ 3,10", "€ 4,00"], ","),
        (["1.5", "2"], "."),
        (["1,234.56"], "."),
        (["1,234"], "."),
        (["1.234"], "."),
        (["12,5 %"], ","),
        (["well, fine", "1,5"], "."),
        ([], "."),
    ],
)
def test_a_decimal_comma_is_taken_only_where_it_is_proved(samples: list[str], mark: str) -> None:
    assert decimal_mark(samples) == mark


def test_a_column_with_both_decimal_marks_is_known_as_mixed() -> None:
    assert mixed_decimals(["1,5", "1.5"])
    assert not mixed_decimals(["1.5", "1,234.5"])


@pytest.mark.parametrize(
    ("kind", "samples"),
    [
        ("integer", ["9", "10", "-3", "17850.0"]),
        ("number", ["9.5", "10", "1e3"]),
        ("number", ["1.234,50", "3,1"]),
        ("date", ["29/2/2016 01:16", "?"]),
        ("date", ["31.12.2016"]),
        ("time", ["09:30:00", "23:15"]),
        ("email", ["a@example.com", "b.c@example.co.uk"]),
        ("phone", ["+49 30 123456", "(030) 123-4567"]),
        ("boolean", ["Yes", "no", ""]),
        ("boolean", ["TRUE", "true"]),
        ("id", ["00045", "00046"]),
        ("id", ["INC0000045", "INC0000046"]),
        ("id", ["123e4567-e89b-12d3-a456-426614174000"] * 3),
        ("text", ["None", "None"]),
        ("text", ["too slow", "fine", "12 months"]),
        ("text", []),
    ],
)
def test_a_column_looks_like_what_nine_tenths_of_it_are(kind: str, samples: list[str]) -> None:
    assert looks_like(samples) == kind
