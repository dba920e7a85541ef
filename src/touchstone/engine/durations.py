"""How long cases took: counts per minute of duration, ended or still open, and per replicate group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis

from touchstone.core.metric import Duration, Metric
from touchstone.core.nouns import NOUNS
from touchstone.core.where import parse_where
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.people import replicate
from touchstone.engine.question import Question, prepared
from touchstone.engine.times import local

GROUPS = 64
_MINUTES_A_DAY = 24 * 60


def duration_counts(data: Data, metric: Metric, form: Duration, question: Question) -> Table:
    """Per group, whole minutes from start to end, whether the case ended, and replicate group: how many (`n`).

    Open cases run to `open_until`, or to the newest time in the table that is not in the future; so do those whose end
    is in the future, which `later` counts (where only closed ones are asked for, `n` leaves them out and may be 0).
    Cases that end before they start are left out. Times count in whole seconds.
    Business hours are read off the clock on the wall, also in nights when it is changed.
    """
    rows = prepared(data, metric.table, question, parse_where(form.among))
    if form.seconds:
        return _lengths(data, metric, form, question, rows)
    rows = rows.filter(rows[form.start].notnull())
    if form.closed_only:
        rows = rows.filter(rows[form.end].notnull())
    until = ibis.literal(_newest(data, metric.table)).cast("timestamp('UTC')")
    end = rows[form.end].cast("timestamp('UTC')")  # Spark forgets the zone
    later = end.notnull() & (end > data.moment())
    stop = ibis.ifelse(later, ibis.null("timestamp('UTC')"), end)
    ended = stop.notnull()
    if form.open_until:
        until = ibis.least(ibis.coalesce(rows[form.open_until].cast("timestamp('UTC')"), until), until)
    rows = rows.mutate(_start=rows[form.start], _stop=ibis.coalesce(stop, until), ended=ended, later=later)
    rows = rows.filter(rows._start <= rows._stop)
    rows = _owned(data, metric, question, rows, ("_start", "_stop", "ended", "later"))
    rows = rows.mutate(minutes=_minutes(data, rows._start, rows._stop, form))
    return _per_minute(rows, question, closed_only=form.closed_only)


def _lengths(data: Data, metric: Metric, form: Duration, question: Question, rows: Table) -> Table:
    """As `duration_counts`, of a column of seconds: every case has ended."""
    known = rows.filter(rows[form.seconds] >= 0)
    always, never = ibis.literal(True), ibis.literal(False)
    known = known.mutate(minutes=(known[form.seconds] / 60).floor().cast("int64"), ended=always, later=never)
    return _per_minute(_owned(data, metric, question, known, ("minutes", "ended", "later")), question)


def _owned(data: Data, metric: Metric, question: Question, rows: Table, columns: Sequence[str]) -> Table:
    told = (NOUNS[metric.table].key, "customer_id", "account_id")
    wanted = dict.fromkeys((*columns, *question.by, *told))
    return data.clustered(rows.select(*(name for name in wanted if name in rows.columns)), metric.table)


def _per_minute(rows: Table, question: Question, *, closed_only: bool = False) -> Table:
    counted = rows.mutate(replicate=replicate(rows.cluster, GROUPS))
    keys = [*question.by, "minutes", "ended", "replicate"]
    n = counted.ended.cast("int64").sum() if closed_only else counted.count()
    return counted.group_by(keys).aggregate(n=n, later=counted.later.cast("int64").sum())


def _newest(data: Data, table: str) -> Any:
    rows = data.table(table)
    times = [column.name for column in NOUNS[table].columns if column.type == "time" and column.name != "due_at"]
    return data.newest(rows, *times)


def _minutes(data: Data, start: Any, stop: Any, form: Duration) -> Any:
    if form.hours == "calendar":
        return ((_epoch(stop) - _epoch(start)) / 60).floor().cast("int64")
    first, second = (_business_minutes(data, time) for time in (start, stop))
    # a clock set back between start and stop would count backwards
    return ibis.greatest(second - first, 0).cast("int64")


def _epoch(time: Any) -> Any:
    # DuckDB counts seconds with a fraction, Spark whole ones
    return time.truncate("s").epoch_seconds()


def _business_minutes(data: Data, time: Any) -> Any:
    """Minutes of business hours from a Monday long ago up to `time`: weeks, days and the part of the day, no loop."""
    first, last, opening, closing = data.business_hours
    days, minutes = last - first + 1, closing - opening
    wall = local(time, data.zone, data.engine.name)
    monday = wall.truncate("W")
    weeks = (_epoch(monday.cast("timestamp('UTC')")) / (7 * 86_400)).floor()
    weekday = wall.day_of_week.index()
    of_day = wall.hour() * 60 + wall.minute()
    whole = ibis.least(ibis.greatest(weekday - first, 0), days)
    open_today = (weekday >= first) & (weekday <= last)
    part = ibis.least(ibis.greatest(of_day - opening, 0), minutes)
    return weeks * (days * minutes) + whole * minutes + open_today.ifelse(part, 0)
