from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from touchstone.simulate import Company
from touchstone.simulate.clock import NEVER, Clock, by_day, iso, local, months_later, wall

MOMENTS = st.datetimes(datetime(1996, 1, 1), datetime(2080, 12, 31), timezones=st.just(UTC))


@given(st.lists(MOMENTS, min_size=1, max_size=20))
def test_the_office_clock_is_that_of_berlin(moments: list[datetime]) -> None:
    seconds = np.array([int(moment.timestamp()) for moment in moments])
    berlin = ZoneInfo("Europe/Berlin")
    expected = [moment.replace(microsecond=0).astimezone(berlin).strftime("%Y-%m-%d %H:%M:%S") for moment in moments]
    assert wall(seconds) == expected


def test_the_clock_turns_at_one_o_clock_utc_of_the_last_sundays() -> None:
    march, october = (int(datetime(2024, *day, 1, tzinfo=UTC).timestamp()) for day in ((3, 31), (10, 27)))
    turned = local(np.array([march - 1, march, october - 1, october])) - [march - 1, march, october - 1, october]
    assert turned.tolist() == [3600, 7200, 7200, 3600]


def test_what_never_happened_is_written_as_nothing() -> None:
    never = np.array([NEVER, 0])
    assert iso(never) == ["", "1970-01-01T00:00:00Z"]
    assert wall(never, 60) == ["", "1970-01-01 01:01:00"]
    assert wall(np.array([NEVER])) == [""]


def test_months_are_those_of_the_calendar() -> None:
    clock = Clock.of(Company(start=date(2024, 11, 1), months=24))
    assert iso(np.array([clock.start, clock.end])) == ["2024-11-01T00:00:00Z", "2026-11-01T00:00:00Z"]
    assert months_later(date(2024, 11, 1), 2) == date(2025, 1, 1)


def test_hours_of_the_day_keep_the_day() -> None:
    rng = np.random.default_rng(1)
    moments = rng.integers(0, 10**9, 1_000)
    moved = by_day(rng, moments)
    assert (moved // 86_400 == moments // 86_400).all()
    assert 7 <= (moved % 86_400).min() / 3_600 <= (moved % 86_400).max() / 3_600 <= 20
