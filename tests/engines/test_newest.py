"""What lies in the future counts nowhere: the made company, looked at in its midst, as if the rest were not there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import ibis
import pytest
from tests.engines import world as made
from tests.engines.conftest import opened
from tests.engines.world import World

from touchstone.core.metric import Duration, Metric, Retention
from touchstone.core.period import Period
from touchstone.core.where import parse_where
from touchstone.engine.connect import DuckDB, Table
from touchstone.engine.data import Data
from touchstone.engine.durations import duration_counts
from touchstone.engine.histories import histories
from touchstone.engine.outcomes import days_to_buying, days_to_leaving, landmarks, spent_after
from touchstone.engine.rows import Question, measured_rows
from touchstone.measure.metrics import built_in

NOW = datetime(2017, 9, 15, 10, tzinfo=UTC)
METRICS = built_in()
RETURNING = METRICS["returning_revenue"]
TIMES = {"orders": ("paid_at",), "subscriptions": ("started_at", "ended_at"), "tickets": ("opened_at", "resolved_at")}


@pytest.fixture(scope="module")
def past(world: World, duckdb: DuckDB, tmp_path_factory: pytest.TempPathFactory) -> Data:
    """The company of which nothing is known that happens after NOW."""
    tables = {name: cut(rows, *TIMES[name]) if name in TIMES else rows for name, rows in world.tables.items()}
    whole = World(tables | {"answers": {name: list(rows) for name, rows in world.tables["answers"].items()}})
    made.write(whole, tmp_path_factory.mktemp("past"))
    return opened(duckdb, whole)


@pytest.fixture(scope="module")
def now(data: Data) -> Data:
    """The whole company, as it is known at NOW, on each engine."""
    return replace(data, now=NOW)  # who is who was found before


@pytest.fixture(scope="module")
def local_now(local: Data) -> Data:
    return replace(local, now=NOW)


def cut(rows: made.Rows, begins: str, ends: str = "") -> made.Rows:
    kept = [place for place, time in enumerate(rows[begins]) if time <= NOW]
    found = {name: [values[place] for place in kept] for name, values in rows.items()}
    for name in (ends, "closed_at"):
        if name in found:
            found[name] = [time if time and time <= NOW else None for time in found[name]]
    return found


def followed(data: Data) -> Table:
    """Days to leaving and to buying, told apart, in one query."""
    asked = Question(where=parse_where("region = nord"))  # Spark takes its time over all
    people = data.engine.keep(landmarks(data, METRICS["nps"], asked))
    parts = {"leaving": days_to_leaving(data, people), "buying": days_to_buying(data, people)}
    first, second = (rows.mutate(what=ibis.literal(what)) for what, rows in parts.items())
    return first.union(second)


def spent(data: Data) -> Table:
    rows = spent_after(data, landmarks(data, METRICS["nps"], Question()), 90)
    return rows.group_by("band").aggregate(n=rows.count(), x=rows.x.sum().round(2))


def returning(data: Data, period: str | None) -> Table:
    assert isinstance(RETURNING.form, Retention)
    metric = replace(RETURNING, form=replace(RETURNING.form, window_days=60))
    question = Question(period=Period.parse(period) if period else None)
    rows = measured_rows(data, metric, question)
    return rows.aggregate(n=rows.count(), y=rows.y.sum().round(2), w=rows.w.sum().round(2))


def same(data: Data, found: Table, past: Data, expected: Table) -> bool:
    return counted(data.fetch(found).rows) == counted(past.fetch(expected).rows)


def counted(rows: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    assert rows
    return Counter(tuple(round(v, 6) if isinstance(v, float) else v for v in values(row)) for row in rows)


def values(row: Mapping[str, Any]) -> list[Any]:
    return [row[name] for name in sorted(row) if name != "later"]


def test_what_people_did_later_is_not_known_yet(now: Data, past: Data) -> None:
    assert same(now, followed(now), past, followed(past))


@pytest.mark.parametrize("told", [spent, histories])
def test_what_they_paid_later_is_not_known_yet(local_now: Data, past: Data, told: Callable[[Data], Table]) -> None:
    assert same(local_now, told(local_now), past, told(past))


@pytest.mark.parametrize("period", [None, "2017-08-01..2017-10-31"])
def test_windows_of_buying_end_now(local: Data, local_now: Data, past: Data, period: str | None) -> None:
    assert same(local_now, returning(local_now, period), past, returning(past, period))
    assert not same(local, returning(local, period), past, returning(past, period))


def test_windows_of_buying_end_now_on_each_engine(now: Data, past: Data) -> None:
    assert same(now, returning(now, "2017-08..2017-09"), past, returning(past, "2017-08..2017-09"))


def test_a_case_that_ends_later_is_open(now: Data, world: World, past: Data) -> None:
    ending_later(now, world, past, closed_only=False)


def test_a_case_that_ends_later_is_no_closed_one(local_now: Data, world: World, past: Data) -> None:
    ending_later(local_now, world, past, closed_only=True)


def ending_later(now: Data, world: World, past: Data, *, closed_only: bool) -> None:
    form = Duration(start="opened_at", end="resolved_at", open_until="closed_at", closed_only=closed_only)
    metric = Metric(name="resolution", label="", table="tickets", unit="hours", form=form)
    found = now.fetch(duration_counts(now, metric, form, Question())).rows
    expected = past.fetch(duration_counts(past, metric, form, Question())).rows
    assert counted([row for row in found if row["n"]]) == counted([row for row in expected if row["n"]])
    times = world.rows("tickets", "opened_at", "resolved_at")
    later = sum(opened_at <= NOW and resolved is not None and resolved > NOW for opened_at, resolved in times)
    assert sum(row["later"] for row in found) == later > 0
