"""Times without a zone: the wall clock of the workspace or the mapping, through nights when the clocks change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from touchstone.core.mapping import Take
from touchstone.core.nouns import Column
from touchstone.engine.casting import change_days, shifted, value, wall_clock
from touchstone.engine.connect import DuckDB, literal

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    engine = DuckDB(tmp_path_factory.mktemp("engine"))
    yield engine
    engine.close()


def moments(engine: DuckDB, texts: list[str], zone: str, *formats: str) -> list[tuple[datetime | None, bool]]:
    """Each text as a moment in UTC, and whether a clock change made it doubtful."""
    take = Take(format=formats)
    wall = wall_clock("t", take) or "NULL"
    rows = ", ".join(f"({number}, {literal(text)})" for number, text in enumerate(texts))
    query = f"SELECT *, {wall} AS w FROM (VALUES {rows}) AS given(n, t)"
    query = f"SELECT *, {value('t', Column('at', 'time'), take, wall='w', zone=zone)} AS v FROM ({query})"
    doubtful = shifted("v", wall="w", zone=zone) or "false"
    found = engine.run(f"SELECT epoch_us(v), coalesce({doubtful}, false) FROM ({query}) ORDER BY n")
    start = datetime(1970, 1, 1, tzinfo=UTC)
    return [(None if us is None else start + timedelta(microseconds=us), moved) for us, moved in found]


def first_reading(wall: datetime, zone: str) -> datetime:
    """What Python says: in a gap and in a doubled hour the offset from before the change."""
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def is_doubtful(wall: datetime, zone: str) -> bool:
    here = ZoneInfo(zone)
    return wall.replace(tzinfo=here, fold=0).utcoffset() != wall.replace(tzinfo=here, fold=1).utcoffset()


@pytest.mark.parametrize("zone", ZONES)
def test_every_quarter_hour_around_every_change_takes_the_first_reading_and_is_counted(
    engine: DuckDB, zone: str
) -> None:
    days = [day for day in change_days(zone) if 2009 <= day.year <= 2026] or [datetime(2024, 3, 31).date()]
    nights = [datetime(day.year, day.month, day.day) + timedelta(hours=hour) for day in days for hour in range(-2, 27)]
    walls = sorted({night + timedelta(minutes=minute) for night in nights for minute in (0, 15, 29, 45)})
    found = moments(engine, [str(wall) for wall in walls], zone)
    wrong = [(wall, got) for wall, got in zip(walls, found, strict=True) if got[0] != first_reading(wall, zone)]
    assert wrong == []
    miscounted = [wall for wall, got in zip(walls, found, strict=True) if got[1] != is_doubtful(wall, zone)]
    assert miscounted == []


@pytest.mark.parametrize("zone", ZONES[1:])
def test_days_between_changes_are_read_like_python_reads_them(engine: DuckDB, zone: str) -> None:
    walls = [datetime(1972, 1, 1, 5) + timedelta(days=13 * n, hours=7 * n) for n in range(1400)]
    found = moments(engine, [str(wall) for wall in walls], zone)
    assert [moment for moment, _ in found] == [first_reading(wall, zone) for wall in walls]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-07-01 12:00:00Z", "2024-07-01 12:00"),
        ("2024-07-01T12:00:00z", "2024-07-01 12:00"),
        ("2024-07-01 12:00:00 UTC", "2024-07-01 12:00"),
        ("2024-07-01 12:00:00+02:00", "2024-07-01 10:00"),
        ("2024-07-01 12:00:00 +0530", "2024-07-01 06:30"),
        ("2024-07-01T12:00:00.250-05", "2024-07-01 17:00:00.25"),
        ("2024-10-27 02:30:00+01:00", "2024-10-27 01:30"),
        (" 2024-07-01 12:00:00Z ", "2024-07-01 12:00"),
        ("2024-07-01 12:00", "2024-07-01 10:00"),
        ("2024-07-01", "2024-06-30 22:00"),
        ("2024-01-05", "2024-01-04 23:00"),
    ],
)
def test_a_zone_in_the_text_wins_and_a_date_alone_is_a_day_here(engine: DuckDB, text: str, utc: str) -> None:
    ((moment, doubtful),) = moments(engine, [text], "Europe/Berlin")
    assert moment == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert not doubtful


def test_formats_may_carry_a_zone_as_an_offset_or_as_a_word(engine: DuckDB) -> None:
    texts = ["31/03/2024 12:00 +0200", "31/03/2024 12:00 UTC", "31/03/2024 12:00", "2024-03-31 12:00"]
    formats = ("%d/%m/%Y %H:%M %z", "%d/%m/%Y %H:%M UTC", "%d/%m/%Y %H:%M")
    found = [moment for moment, _ in moments(engine, texts, "Europe/Berlin", *formats)]
    assert [moment.hour for moment in found if moment] == [10, 12, 10, 10]


def test_times_in_a_doubled_or_skipped_hour_are_counted_in_the_summary(desk_in: Callable[[str], Any]) -> None:
    desk = desk_in("Europe/Berlin")
    walls = ["2024-10-27 02:30", "2024-03-31 02:30", "2024-10-27 02:30Z", "2024-10-27 04:30"]
    body = "".join(f"{n},{wall},1\n" for n, wall in enumerate(walls))
    file = desk.take("order_id,paid_at,amount\n" + body)
    assert file.notes == ("times that fell into a clock change: 2; the first reading counts",)
    assert [at.strftime("%H:%M") for at in desk.rows("orders", "paid_at")] == ["00:30", "01:30", "02:30", "03:30"]


def test_zones_whose_clocks_never_change_have_no_such_days() -> None:
    assert change_days("UTC") == ()
    assert change_days("Asia/Kolkata") == ()
    assert datetime(2024, 3, 31).date() in change_days("Europe/Berlin")
