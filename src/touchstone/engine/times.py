"""Local time: what day, week and month it was where the company is. Ibis' own cast ignores the zone."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from touchstone.core.period import Grain
from touchstone.engine.connect import EngineName

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


def local(time: ir.TimestampValue, zone: str, engine: EngineName) -> ir.TimestampValue:
    """The wall clock in `zone` at `time`, as a timestamp without a zone."""
    moment = time.cast("timestamp('UTC')")
    return _duckdb_local(zone, moment) if engine == "duckdb" else _spark_local(moment, zone)


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
