"""Local time, periods of the calendar, waves and conditions on both engines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import ibis
import pytest
from tests.engines import world as made
from tests.engines.conftest import opened
from tests.engines.world import World

from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.period import GRAINS, Period
from touchstone.core.where import Condition, parse_where
from touchstone.engine.connect import DuckDB
from touchstone.engine.data import Data
from touchstone.engine.where import holds


def test_every_moment_lies_in_the_periods_of_the_wall_clock(data: Data, world: World) -> None:
    """Half past ten in the evening of 31 March in London is April in Berlin."""
    events = data.prepared("events", GRAINS)
    march = data.during(events, "events", Period.parse("2017-03")).mutate(march=ibis.literal(True))
    both = events.mutate(march=ibis.literal(False)).union(march).select("event_id", "occurred_at", "march", *GRAINS)
    rows = data.fetch(both).rows
    times = dict(world.rows("events", "event_id", "occurred_at"))
    for row in rows:
        assert row["occurred_at"] == times[row["event_id"]]
        day = made.wall(times[row["event_id"]]).date()
        assert {grain: row[grain] for grain in GRAINS} == {grain: made.label(day, grain) for grain in GRAINS}
    assert sorted(row["event_id"] for row in rows if not row["march"]) == sorted(times)
    inside = {name for name, time in times.items() if made.wall(time).strftime("%Y-%m") == "2017-03"}
    assert {row["event_id"] for row in rows if row["march"]} == inside
    found = {row["occurred_at"]: row["month"] for row in rows}
    assert found[datetime(2017, 3, 31, 21, 59, 59, 999_999, tzinfo=UTC)] == "2017-03"
    assert found[datetime(2017, 3, 31, 22, 30, tzinfo=UTC)] == "2017-04"


def test_waves_without_a_date_lie_in_the_periods_that_hold_them(data: Data) -> None:
    waves = data.prepared("answers", GRAINS).filter(lambda t: t.answered_at.isnull())
    periods = ("2017", "2017-Q1", "2017-02", "2017-01..2017-03", "2017-W13", "2016-12..2017-12")
    within = {text: data.during(waves, "answers", Period.parse(text)) for text in periods}
    found: dict[str, set[Any]] = {}
    labels = waves.select("period", *GRAINS).distinct().mutate(asked=ibis.literal(""))
    for text, rows in within.items():
        labels = labels.union(rows.select("period", *GRAINS).distinct().mutate(asked=ibis.literal(text)))
    for row in data.fetch(labels).rows:
        found.setdefault(row["asked"], set()).add(tuple(row[name] for name in ("period", *GRAINS)))
    nothing = (None,) * 5
    assert found.pop("") == {
        ("2016", "2016", *nothing[1:]),
        ("2017", "2017", *nothing[1:]),
        ("2017-Q1", "2017", "2017-Q1", None, None, None),
        ("2017-02", "2017", "2017-Q1", "2017-02", None, None),
        ("2017-W13", "2017", None, None, "2017-W13", None),
        ("2017-03-31", "2017", "2017-Q1", "2017-03", None, "2017-03-31"),
        ("Welle 3", *nothing),
        (None, *nothing),
    }
    assert {text: {row[0] for row in rows} for text, rows in found.items()} == {
        "2017": {"2017", "2017-Q1", "2017-02", "2017-W13", "2017-03-31"},
        "2017-Q1": {"2017-Q1", "2017-02", "2017-03-31"},
        "2017-02": {"2017-02"},
        "2017-01..2017-03": {"2017-Q1", "2017-02", "2017-03-31"},
        "2017-W13": {"2017-W13", "2017-03-31"},
        "2016-12..2017-12": {"2017", "2017-Q1", "2017-02", "2017-W13", "2017-03-31"},
    }


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=made.ZONE).astimezone(UTC)


def number(text: str | None) -> float | None:
    return {"12": 12.0, " 7 ": 7.0, "1e2": 100.0, "-3.5": -3.5}.get(text or "")


def at(row: dict[str, Any]) -> datetime:
    return row["answered_at"] or datetime(1, 1, 1, tzinfo=UTC)


CONDITIONS: dict[str, Any] = {
    "region = nord": lambda r: r["region"] == "nord",
    "region = 'o''west'": lambda r: r["region"] == "o'west",
    "region != süd": lambda r: r["region"] not in ("süd", None),
    'region in (süd, "o\'west")': lambda r: r["region"] in ("süd", "o'west"),
    "region not in (süd, nord)": lambda r: r["region"] == "o'west",
    "region is null": lambda r: r["region"] is None,
    "region is not null": lambda r: r["region"] is not None,
    "region starts with s": lambda r: (r["region"] or "").startswith("s"),
    "region not starts with s": lambda r: r["region"] is not None and not r["region"].startswith("s"),
    "region >= o": lambda r: (r["region"] or "") >= "o",
    "region starts with '%'": lambda r: False,
    "tier = a": lambda r: r["tier"] == "a",
    "n = zwei and region = nord": lambda r: r["n"] == "zwei" and r["region"] == "nord",
    "size = 12": lambda r: number(r["size"]) == 12,
    "size > 7": lambda r: (number(r["size"]) or 0) > 7,
    "size < 100": lambda r: number(r["size"]) is not None and number(r["size"]) < 100,  # type: ignore[operator]
    "size in (7, 100)": lambda r: number(r["size"]) in (7.0, 100.0),
    "size not in (7, 100)": lambda r: number(r["size"]) in (12.0, -3.5),
    "size = '12'": lambda r: r["size"] == "12",
    "size = true": lambda r: r["size"] == "True",
    "score = 8.5": lambda r: r["score"] == 8.5,
    "score >= 9": lambda r: (r["score"] or 0) >= 9,
    "score != 11": lambda r: r["score"] not in (11, None),
    "score <= 3 and score > 1": lambda r: r["score"] in (2, 3),
    "weight is null": lambda r: r["weight"] is None,
    "answered_at = 2017-03-31": lambda r: berlin("2017-03-31") <= at(r) < berlin("2017-04-01"),
    "answered_at != 2017": lambda r: r["answered_at"] and not berlin("2017-01-01") <= at(r) < berlin("2018-01-01"),
    "answered_at > 2017-03": lambda r: at(r) >= berlin("2017-04-01"),
    "answered_at >= 2017-03": lambda r: at(r) >= berlin("2017-03-01"),
    "answered_at < 2017-Q2": lambda r: r["answered_at"] and at(r) < berlin("2017-04-01"),
    "answered_at <= 2017-Q2": lambda r: r["answered_at"] and at(r) < berlin("2017-07-01"),
    "answered_at >= 2017-03-26T03:00:00": lambda r: at(r) >= berlin("2017-03-26T03:00"),
    "answered_at = 2017-03-31T22:30:00+00:00": lambda r: at(r) == datetime(2017, 3, 31, 22, 30, tzinfo=UTC),
    "answered_at in (2017-02, 2017-04)": lambda r: (
        made.wall(at(r)).strftime("%Y-%m") in ("2017-02", "2017-04") if r["answered_at"] else False
    ),
}


def test_every_condition_keeps_the_rows_that_a_reader_would_keep(data: Data, world: World) -> None:
    answers = data.table("answers").filter(lambda t: t.metric == "ces")
    sums = {}
    for place, text in enumerate(CONDITIONS):
        parts = [holds(answers, condition, zone=data.zone) for condition in parse_where(text)]
        both = parts[0]
        for part in parts[1:]:
            both &= part
        sums[f"c{place}"] = both.sum()
    found = data.fetch(answers.aggregate(**sums)).rows[0]
    names = list(world.tables["answers"])
    every = (dict(zip(names, values, strict=True)) for values in world.rows("answers", *names))
    rows = [row for row in every if row["metric"] == "ces"]
    for place, (text, keeps) in enumerate(CONDITIONS.items()):
        expected = sum(1 for row in rows if keeps(row))
        assert (found[f"c{place}"] or 0) == expected, text
        assert expected or "%" in text, f"{text} is no test"


def test_conditions_reach_periods_booleans_and_the_customers_latest(local: Data, world: World) -> None:
    where = parse_where("customer.segment = süd and month = 2017-04 and year >= 2017")
    answers = local.prepared("answers", (), where)
    tickets = local.prepared("tickets", (), parse_where("sla_met = true and reopened > 0 and team in (a)"))
    counts = answers.aggregate(n=answers.count()).union(tickets.aggregate(n=tickets.count()))
    latest = made.latest(world, "segment")
    april = sum(
        latest.get(who) == "süd" and time is not None and made.wall(time).strftime("%Y-%m") == "2017-04"
        for who, time in world.rows("answers", "customer_id", "answered_at")
    )
    met = sum(
        s is True and (r or 0) > 0 and t == "a" for s, r, t in world.rows("tickets", "sla_met", "reopened", "team")
    )
    assert sorted(row["n"] for row in local.fetch(counts).rows) == sorted([april, met]) and april


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sla_met = perhaps", "is true or false, not 'perhaps'"),
        ("reopened = often", "holds numbers, and 'often' is not one"),
        ("reopened = true", "holds numbers, and 'true' is not one"),
        ("opened_at > lately", "holds times, and 'lately' is not one"),
        ("reopened starts with 1", "is no text"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_refused_in_a_sentence(
    duckdb: DuckDB, world: World, text: str, message: str
) -> None:
    with pytest.raises(BadDefinition, match=message):
        opened(duckdb, world).prepared("tickets", (), parse_where(text))


def test_a_column_that_is_not_there_is_refused_with_its_neighbours(duckdb: DuckDB, world: World) -> None:
    data = opened(duckdb, world)
    with pytest.raises(UnknownName, match="did you mean region"):
        data.prepared("answers", ("regio",))
    with pytest.raises(UnknownName, match="column of customers called 'segmnt'"):
        data.prepared("answers", ("customer.segmnt",))
    with pytest.raises(UnknownName):
        holds(data.table("answers"), Condition("regio", "=", ("x",)))
