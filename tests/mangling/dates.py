"""Manglings of dates and times: orders, marks, zones, serial numbers, days that never were."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from tests.mangling.case import Case, Effect
from tests.mangling.catalogue import family, mangling, with_dates

Write = Callable[[datetime], str]


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _column(case: Case) -> int:
    return case.column(case.rng.choice(case.good.dates))


def _written(write: Write, case: Case) -> None:
    """Every time of a column written in another way: the same moment arrives, or it is said."""
    place = _column(case)
    for row in case.rows:
        if row.cells[place]:
            row.cells[place] = write(_moment(row.cells[place]))
        row.touch(Effect.SAME)


def _as(form: str) -> Write:
    return lambda at: at.strftime(form)


_GERMAN = (
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
)


family(
    "dates",
    {
        "days_first_with_slashes": _as("%d/%m/%Y %H:%M:%S"),
        "months_first_with_slashes": _as("%m/%d/%Y %H:%M:%S"),
        "years_first_with_slashes": _as("%Y/%m/%d %H:%M:%S"),
        "days_first_with_points": _as("%d.%m.%Y %H:%M:%S"),
        "days_first_with_hyphens": _as("%d-%m-%Y %H:%M:%S"),
        "years_of_two_digits": _as("%d/%m/%y %H:%M:%S"),
        "names_of_months": _as("%d %b %Y %H:%M:%S"),
        "long_names_of_months": _as("%B %d, %Y %H:%M:%S"),
        "months_in_capitals": lambda at: at.strftime("%d-%b-%Y %H:%M:%S").upper(),
        "half_days": _as("%m/%d/%Y %I:%M:%S %p"),
        "half_days_without_a_blank": _as("%m/%d/%Y %I:%M:%S%p"),
        "iso_with_an_offset": lambda at: at.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat(),
        "iso_with_a_short_offset": lambda at: at.astimezone(timezone(timedelta(hours=-8))).strftime(
            "%Y-%m-%dT%H:%M:%S%z"
        ),
        "iso_in_small_letters": lambda at: at.strftime("%Y-%m-%dt%H:%M:%Sz"),
        "iso_without_marks": _as("%Y%m%dT%H%M%SZ"),
        "iso_with_fractions": _as("%Y-%m-%dT%H:%M:%S.000000Z"),
        "iso_with_nine_digits": _as("%Y-%m-%dT%H:%M:%S.000000000Z"),
        "iso_with_comma_fractions": _as("%Y-%m-%d %H:%M:%S,000"),
        "utc_behind": _as("%Y-%m-%d %H:%M:%S UTC"),
        "gmt_behind": _as("%Y-%m-%d %H:%M:%S GMT"),
        "letters_of_mail": _as("%a, %d %b %Y %H:%M:%S +0000"),
        "seconds_since_1970": lambda at: str(int(at.timestamp())),
        "milliseconds_since_1970": lambda at: str(int(at.timestamp() * 1000)),
        "microseconds_since_1970": lambda at: str(int(at.timestamp() * 1_000_000)),
        "serial_days_of_excel": lambda at: f"{(at - datetime(1899, 12, 30, tzinfo=UTC)).total_seconds() / 86400:.6f}",
        "weeks_of_iso": _as("%G-W%V-%uT%H:%M:%S"),
        "days_of_the_year": _as("%Y-%jT%H:%M:%S"),
        "german_months": lambda at: f"{at.day}. {_GERMAN[at.month - 1]} {at.year} {at:%H:%M:%S}",
        "blanks_around_dates": lambda at: f"  {at:%Y-%m-%d %H:%M:%S}\u00a0",
        "no_break_blanks_in_dates": lambda at: f"{at:%Y-%m-%d}\u00a0{at:%H:%M:%S}",
        "quotes_around_dates": lambda at: f'"{at:%Y-%m-%d %H:%M:%S}"',
        "apostrophes_before_dates": lambda at: f"'{at:%Y-%m-%d %H:%M:%S}",
        "dates_of_one_digit": lambda at: f"{at.day}/{at.month}/{at.year} {at:%H:%M:%S}",
        "zones_by_name": lambda at: f"{at:%Y-%m-%d %H:%M:%S} Europe/Berlin",
        "zones_by_letters": lambda at: f"{at:%Y-%m-%d %H:%M:%S} EST",
    },
    _written,
    needs=with_dates,
)


@mangling("dates", needs=with_dates)
def the_order_changes_in_the_middle(case: Case) -> None:
    """Day first above, month first below: no row may come out with day and month swapped and nothing said."""
    place = _column(case)
    half = len(case.rows) // 2
    days = [_moment(row.cells[place]).day for row in case.rows]
    proved = max(days[:half], default=0) > 12 and max(days[half:]) > 12  # else nothing tells the two orders
    for number, row in enumerate(case.rows):
        at = _moment(row.cells[place])
        row.cells[place] = at.strftime("%d/%m/%Y %H:%M:%S" if number < half else "%m/%d/%Y %H:%M:%S")
        row.touch(Effect.SAME if proved else Effect.FREE)


@mangling("dates", needs=with_dates)
def one_date_in_the_other_order(case: Case) -> None:
    place = _column(case)
    odd = case.rng.randrange(len(case.rows))
    for number, row in enumerate(case.rows):
        at = _moment(row.cells[place])
        row.cells[place] = at.strftime("%m/%d/%Y %H:%M:%S" if number == odd else "%d/%m/%Y %H:%M:%S")
        row.touch(Effect.FREE if number == odd else Effect.SAME)


@mangling("dates", needs=with_dates)
def no_day_above_twelve(case: Case) -> None:
    """Nothing tells day and month apart, so it is said which was taken."""
    place = _column(case)
    for row in case.rows:
        at = _moment(row.cells[place])
        row.cells[place] = f"{1 + at.day % 12:02d}/{at.month:02d}/{at.year} {at:%H:%M:%S}"
        row.touch()
    case.says.append(case.heads[0][place])


@mangling("dates", needs=with_dates)
def dates_written_in_four_ways(case: Case) -> None:
    """All of them clear to a person."""
    place = _column(case)
    ways = ("%Y-%m-%d %H:%M:%S", "%d %b %Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ")
    for number, row in enumerate(case.rows):
        row.cells[place] = _moment(row.cells[place]).strftime(ways[number % 4])
        row.touch(Effect.SAME)


@mangling("dates", needs=with_dates)
def some_with_and_some_without_a_zone(case: Case) -> None:
    place = _column(case)
    for row in case.some(10):
        at = _moment(row.cells[place])
        row.cells[place] = at.astimezone(timezone(timedelta(hours=case.rng.randint(-11, 13)))).isoformat()
        row.touch(Effect.SAME)


def _one_bad(text: str, case: Case) -> None:
    """One cell that is no day, or none that can be."""
    row = case.rng.choice(case.rows)
    row.cells[_column(case)] = text
    row.touch()


family(
    "dates",
    {
        "day_zero": "0000-00-00 00:00:00",
        "day_30_of_february": "2024-02-30 10:00:00",
        "hour_24": "2024-01-31T24:00:00Z",
        "leap_second": "2016-12-31T23:59:60Z",
        "year_9999": "9999-12-31 23:59:59",
        "year_24": "0024-01-01 10:00:00",
        "year_1900": "1900-01-00",
        "year_294247": "294247-01-10T04:00:54Z",
        "year_before_christ": "-0044-03-15",
        "a_date_for_the_future": "2199-12-31",
        "a_word_for_a_date": "yesterday",
        "a_time_alone": "10:15",
        "a_date_of_excel_errors": "#VALUE!",
        "an_infinite_date": "infinity",
        "an_epoch": "epoch",
        "a_number_for_a_date": "45321",
        "a_missing_date": "",
        "two_dates_in_a_cell": "2024-01-01 / 2024-01-02",
        "an_offset_of_99_hours": "2024-01-01T10:00:00+99:00",
        "a_clock_of_61_minutes": "2024-01-01 10:61:00",
    },
    _one_bad,
    needs=with_dates,
)
