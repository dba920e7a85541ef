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


@pytest.mark.parametrize(
    ("like", "newest", "label"),
    [
        ("2024", "2025-12-31", "2025"),
        ("2024", "2025-12-14", "2024-12..2025-11"),
        ("2024", "2026-03-15", "2025-04..2026-03"),
        ("2024-Q1", "2025-12-20", "2025-Q4"),
        ("2024-Q1", "2025-11-20", "2025-Q3"),
        ("2024-02", "2025-02-15", "2025-02"),
        ("2024-02", "2025-02-14", "2025-01"),
        ("2024-01..2024-02", "2025-02-28", "2025-01..2025-02"),
        ("2024-W10", "2025-03-06", "2025-W10"),
        ("2024-W10", "2025-03-05", "2025-W09"),
        ("2024-W10..2024-W11", "2025-03-09", "2025-W09..2025-W10"),
        ("2024-03-31", "2025-03-05", "2025-03-05"),
        ("2024-03-30..2024-03-31", "2025-03-05", "2025-03-04..2025-03-05"),
    ],
)
def test_the_last_stretch_as_long_as_another_ends_with_the_data(like: str, newest: str, label: str) -> None:
    found = Period.parse(like).again(date.fromisoformat(newest))
    assert found == Period.parse(label)
    if not like.startswith("2024-0"):
        assert found.label == label


@pytest.mark.parametrize(
    ("now", "before", "label"),
    [
        ("2025", "2024", "2025"),
        ("2024-07..2025-06", "2024", "2025-01..2025-06"),
        ("2024-03..2025-02", "2024-W05", "2024-03..2025-02"),
        ("2024-02..2025-01", "2024-W05", "2024-03..2025-01"),
        ("2024", "2024", None),
        ("2024-03-31", "2024-03", None),
    ],
)
def test_what_follows_a_period_is_in_whole_months(now: str, before: str, label: str | None) -> None:
    found = Period.parse(now).after(Period.parse(before))
    assert (None if found is None else found.label) == label
