"""The local month found with plain numbers is the month on the wall, in every zone and at every change of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from touchstone.engine.connect import DuckDB
from touchstone.engine.times import local_month, month_offsets

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo", "Australia/Lord_Howe")
SPAN = (datetime(2008, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC))


@given(zone=st.sampled_from((*ZONES, "Canada/Newfoundland")), near=st.data())
@example(zone="Europe/Berlin", near=None)
@settings(max_examples=40, deadline=None)
def test_months_are_those_of_the_wall_clock(duckdb: DuckDB, zone: str, near: st.DataObject | None) -> None:
    ends = [datetime(year, month, 1, tzinfo=ZoneInfo(zone)) for year in range(2008, 2027) for month in (1, 4, 11)]
    minutes = near.draw(st.lists(st.integers(-1500, 1500), min_size=1, max_size=5)) if near else [-121, -1, 0, 119]
    times = [end.astimezone(UTC) + timedelta(minutes=by) for end in ends for by in minutes]
    span = (min(times), max(times))
    given_rows = duckdb.given(pa.table({"at": pa.array(times, pa.timestamp("us", "UTC")), "place": range(len(times))}))
    months = given_rows.mutate(month=local_month(given_rows["at"], zone, span, "duckdb")).order_by("place")
    found = [row["month"] for row in duckdb.fetch(months).rows]
    walls = [time.astimezone(ZoneInfo(zone)) for time in times]
    assert [(month.year, month.month, month.day) for month in found] == [(wall.year, wall.month, 1) for wall in walls]


def test_a_clock_changed_twice_a_year_gives_two_offsets_a_year() -> None:
    steps = month_offsets("Europe/Berlin", *SPAN)
    assert [offset for _, offset in steps[:3]] == [3600, 7200, 3600]
    assert len(steps) == 2 * 19 + 1
    assert [offset for _, offset in month_offsets("Asia/Kathmandu", *SPAN)] == [20_700]


@pytest.mark.parametrize("zone", ["Canada/Newfoundland", "Asia/Karachi"])
def test_a_clock_changed_at_a_months_midnight_is_left_to_the_engine(zone: str) -> None:
    first = datetime(2000, 1, 1, tzinfo=UTC)
    assert month_offsets(zone, first, SPAN[1]) == []
