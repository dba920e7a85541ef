"""Periods of the calendar."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.core.errors import BadDefinition
from touchstone.core.period import GRAINS, Grain, Period


@pytest.mark.parametrize(
    ("text", "start", "end", "label"),
    [
        ("2017", date(2017, 1, 1), date(2018, 1, 1), "2017"),
        ("2017-Q4", date(2017, 10, 1), date(2018, 1, 1), "2017-Q4"),
        ("2017q2", date(2017, 4, 1), date(2017, 7, 1), "2017-Q2"),
        (" 2016-02 ", date(2016, 2, 1), date(2016, 3, 1), "2016-02"),
        ("2020-W53", date(2020, 12, 28), date(2021, 1, 4), "2020-W53"),
        ("2016W01", date(2016, 1, 4), date(2016, 1, 11), "2016-W01"),
        ("2016-02-29", date(2016, 2, 29), date(2016, 3, 1), "2016-02-29"),
        ("2016-12..2017-Q1", date(2016, 12, 1), date(2017, 4, 1), "2016-12..2017-Q1"),
    ],
)
def test_a_period_is_read_as_people_write_it(text: str, start: date, end: date, label: str) -> None:
    period = Period.parse(text)
    assert (period.start, period.end, str(period)) == (start, end, label)


@pytest.mark.parametrize(
    "text", ["", "17", "2017-13", "2017-Q5", "2017-W54", "2015-02-29", "March", "2017-1", "2017/03"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(BadDefinition, match=r"no period|not a period"):
        Period.parse(text)


def test_a_span_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadDefinition, match=r"'2017\.\.2016' ends before it begins"):
        Period.parse("2017..2016")


days = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@given(day=days, grain=st.sampled_from(GRAINS))
def test_every_day_lies_in_one_period_of_each_grain_which_is_read_back(day: date, grain: Grain) -> None:
    period = Period.containing(day, grain)
    assert period.start <= day < period.end
    assert Period.parse(period.label) == period
    assert Period.containing(period.end - timedelta(days=1), grain) == period
    assert Period.containing(period.end, grain).start == period.end


@given(day=days)
def test_weeks_are_those_of_iso_8601(day: date) -> None:
    year, week, _ = day.isocalendar()
    assert Period.containing(day, "week").label == f"{year}-W{week:02d}"


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(BadDefinition):
        assert isinstance(Period.parse(text), Period)
