"""Up to which day a table tells."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import ibis

from touchstone.core.errors import BadDefinition
from touchstone.core.nouns import NOUNS
from touchstone.core.period import Period
from touchstone.engine.data import Data


def newest_days(data: Data, names: Iterable[str], *, now: datetime) -> dict[str, date]:
    """The newest day of each of the tables, where the company is; of rows without a time that of their wave.

    Times after `now` are mistakes, and do not count.
    """
    found = {name: _newest(data, name, now) for name in dict.fromkeys(names) if NOUNS[name].time and data.has(name)}
    return {name: day for name, day in found.items() if day is not None}


def _newest(data: Data, name: str, now: datetime) -> date | None:
    table, last = data.table(name), ibis.literal(now.astimezone(UTC)).cast("timestamp('UTC')")
    times = [NOUNS[name].time, *(column for column in ("ended_at",) if column in NOUNS[name].column_names)]
    moments = [table[time].cast("timestamp('UTC')") for time in times]  # Spark forgets the zone
    sums = {f"newest_{place}": at.max(where=at <= last) for place, at in enumerate(moments)}
    if "period" in table.columns:
        sums["wave"] = table["period"].max()
    row = data.fetch(table.aggregate(**sums)).rows[0]
    known = [value for key, value in row.items() if key != "wave" and value is not None]
    if known:
        day: datetime = max(known)
        return day.astimezone(ZoneInfo(data.zone)).date()
    try:
        return Period.parse(row.get("wave") or "").end - timedelta(days=1)
    except BadDefinition:
        return None
