"""Local time: what day, week and month it was where the company is. Ibis' own cast ignores the zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

from touchstone.core.period import Grain
from touchstone.engine.connect import EngineName

_SECOND = 1_000_000  # microseconds
_MOST_STEPS = 60  # a span of more changes of the clock is some wrong date
_FORMATS: dict[Grain, str] = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d"}


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp('UTC')"), "timestamp"))
def _duckdb_local(zone: Any, time: Any) -> Any:
    """DuckDB's timezone(zone, time): the wall clock in `zone`."""


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp"), "timestamp('UTC')"))
def _duckdb_utc(zone: Any, wall: Any) -> Any:
    """DuckDB's timezone(zone, wall clock): the moment in UTC; in the doubled hour of autumn the first of the two."""


@ibis.udf.scalar.builtin(name="from_utc_timestamp", signature=(("timestamp('UTC')", "string"), "timestamp"))
def _spark_local(time: Any, zone: Any) -> Any:
    """Spark's from_utc_timestamp(time, zone): the wall clock in `zone`."""


@ibis.udf.scalar.builtin(name="epoch_us", signature=(("timestamp('UTC')",), "int64"))
def _duckdb_microseconds(time: Any) -> Any:
    """DuckDB's epoch_us(time): microseconds since 1970."""


@ibis.udf.scalar.builtin(name="make_timestamp", signature=(("int64",), "timestamp"))
def _duckdb_timestamp(microseconds: Any) -> Any:
    """DuckDB's make_timestamp(microseconds): a wall clock."""


def local(time: ir.TimestampValue, zone: str, engine: EngineName) -> ir.TimestampValue:
    """The wall clock in `zone` at `time`, as a timestamp without a zone."""
    moment = time.cast("timestamp('UTC')")
    return _duckdb_local(zone, moment) if engine == "duckdb" else _spark_local(moment, zone)


def local_month(time: ir.TimestampValue, zone: str, span: tuple[datetime, datetime] | None, engine: EngineName) -> Any:
    """The first day of the local month that `time` lies in; on DuckDB quicker than `local` for times within `span`.

    Which hour it was only matters to a month near its ends. So every time is moved by the offset that holds at the
    nearest beginning of a month, and plain numbers are added instead of asking a calendar for every row.
    """
    steps = month_offsets(zone, *span) if span and engine == "duckdb" else []
    if not steps or len(steps) > _MOST_STEPS:
        return local(time, zone, engine).truncate("M")
    moment = _duckdb_microseconds(time.cast("timestamp('UTC')"))
    branches = [(moment < int(until.timestamp()) * _SECOND, offset * _SECOND) for until, offset in steps[:-1]]
    last = ibis.literal(steps[-1][1] * _SECOND)
    return _duckdb_timestamp(moment + (ibis.cases(*branches, else_=last) if branches else last)).truncate("M")


def month_offsets(zone: str, first: datetime, last: datetime) -> list[tuple[datetime, int]]:
    """Offsets from UTC in seconds at the beginnings of the local months around `first` to `last`.

    Each with the moment, in the middle of a month, until when it is the nearest; that of the last means nothing.
    Nothing where a clock is changed at the midnight that begins a month, so that one offset does not tell.
    """
    place, steps = ZoneInfo(zone), list[tuple[datetime, int]]()
    for month in range(first.year * 12 + first.month - 2, last.year * 12 + last.month + 1):
        beginning = datetime(month // 12, month % 12 + 1, 1, tzinfo=place)
        if beginning.utcoffset() != beginning.replace(fold=1).utcoffset():
            return []
        offset = round((beginning.utcoffset() or timedelta()).total_seconds())
        middle = beginning.astimezone(UTC) + timedelta(days=15)
        if steps and steps[-1][1] == offset:
            steps[-1] = (middle, offset)
        else:
            steps.append((middle, offset))
    return steps


def utc(wall: ir.TimestampValue, zone: str) -> ir.TimestampValue:
    """The moment (UTC) of a wall clock in `zone`; DuckDB only, because files are read there."""
    return _duckdb_utc(zone, wall)


def period_label(wall: ir.TimestampValue, grain: Grain) -> ir.StringValue:
    """The label of the period a wall clock lies in: 2017, 2017-Q3, 2017-03, 2017-W09, 2017-03-31."""
    if grain == "quarter":
        return wall.strftime("%Y") + "-Q" + wall.quarter().cast("string")
    if grain == "week":
        thursday = wall.truncate("W") + ibis.interval(days=3)  # an ISO week belongs to the year its Thursday lies in
        return thursday.strftime("%Y") + "-W" + wall.week_of_year().cast("string").lpad(2, "0")
    return wall.strftime(_FORMATS[grain])
