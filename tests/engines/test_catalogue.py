"""The catalogue's own forms on both engines, against recounts in plain Python: all of them in a few queries."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import ibis
import pytest
from tests.engines.world import World

from touchstone.core.metric import Followed, Gap, Index, Mean, Metric, Part, Ratio, Reach, Retention
from touchstone.engine.data import Data
from touchstone.engine.items import index_sums
from touchstone.engine.moments import SUMS, moments
from touchstone.engine.rows import Question, measured_rows

CALLS = Part(table="tickets", where="team = a")
FORMS: dict[str, tuple[str, Any]] = {
    "ratio": (
        "tickets",
        Ratio(top=Part(table="tickets", where="team = a"), bottom=Part(table="orders", customers=True)),
    ),
    "followed": ("tickets", Followed(within_days=30, after="opened_at", next="opened_at", not_followed=True)),
    "renewed": ("subscriptions", Followed(within_days=30, after="ended_at", next="started_at")),
    "mean": ("tickets", Mean(columns=("reopened",), among="team = b")),
    "reach": ("tickets", Reach(per="customer_id", counts="team = a", fewest=2)),
    "logos": ("subscriptions", Retention(window_days=90, lost=True, of="customers")),
    "inactive": ("orders", Retention(window_days=90, lost=True, of="customers")),
    "gap": ("answers", Gap(of="nps", less="nps", lowest=0, highest=10)),
    "index": ("answers", Index(items=("nps", "csat"), lowest=0, highest=10)),
}


_FOUND: dict[str, dict[str, dict[str, Any]]] = {}


def sums(data: Data) -> dict[str, dict[str, Any]]:
    """The sums of every form, fetched in one query, once per engine."""
    if data.engine.name not in _FOUND:
        _FOUND[data.engine.name] = _sums(data)
    return _FOUND[data.engine.name]


def _sums(data: Data) -> dict[str, dict[str, Any]]:
    parts = []
    for name, (table, form) in FORMS.items():
        rows = measured_rows(data, Metric(name=name, label=name, table=table, unit="", form=form), Question())
        told = moments(rows, [], centre=0.0)
        parts.append(told.select(name=ibis.literal(name), **{one: told[one].cast("float64") for one in SUMS}))
    return {row["name"]: row for row in data.fetch(ibis.union(*parts)).rows}


def test_both_engines_give_the_sums_of_a_plain_recount(data: Data, world: World) -> None:
    found = sums(data)
    tickets = list(world.rows("tickets", "customer_id", "opened_at", "reopened", "team"))
    ordered = {who for (who,) in world.rows("orders", "customer_id") if who}
    assert found["ratio"]["wx"] == sum(team == "a" for *_, team in tickets)
    assert found["ratio"]["w"] == found["ratio"]["n"] == len(ordered)
    reopened = [float(times) for _, _, times, team in tickets if team == "b" and times is not None]
    assert (found["mean"]["n"], found["mean"]["wx"]) == (len(reopened), pytest.approx(sum(reopened)))

    newest = max(opened for _, opened, *_ in tickets)
    calls = defaultdict(list)
    for who, opened, *_ in tickets:
        if who:
            calls[who].append(opened)
    followed = [
        place + 1 == len(times) or times[place + 1] > time + timedelta(days=30)
        for times in (sorted(times) for times in calls.values())
        for place, time in enumerate(times)
        if time + timedelta(days=30) <= newest
    ]
    assert found["followed"]["n"] == len(followed) and found["followed"]["wx"] == 100 * sum(followed)
    twice = defaultdict(int)
    for who, *_, team in tickets:
        if who:
            twice[who] += team == "a"
    assert found["reach"]["n"] == len(twice)
    assert found["reach"]["wx"] == 100 * sum(times >= 2 for times in twice.values())

    contracts = list(world.rows("subscriptions", "customer_id", "account_id", "started_at", "ended_at"))
    end = max(time for *_, start, stop in contracts for time in (start, stop) if time)
    opening = end - timedelta(days=90)

    def owners(moment: datetime) -> set[str]:
        runs = [row for row in contracts if row[2] <= moment and not (row[3] and row[3] <= moment)]
        return {f"account:{account}" if account else who for who, account, *_ in runs}

    active = {moment: owners(moment) for moment in (opening, end)}
    assert found["logos"]["n"] == len(active[opening])
    assert found["logos"]["wx"] == 100 * len(active[opening] - active[end])
    assert found["gap"]["wx"] == 0 and found["gap"]["n"] > 1_000
    assert found["index"]["n"] > 1_000


def test_both_engines_say_the_same_of_all(data: Data, local: Data) -> None:
    here, there = sums(data), sums(local)
    for name, row in there.items():
        assert here[name] == {
            one: pytest.approx(value, rel=1e-9) if one != "name" else value for one, value in row.items()
        }
    form = Index(items=("nps", "csat"), lowest=0, highest=10)
    told = [sorted(map(_rounded, one.fetch(index_sums(one, form, Question(), 4)).rows)) for one in (data, local)]
    assert told[0] == told[1]


def _rounded(row: dict[str, Any]) -> list[Any]:
    return [value if isinstance(value, str) else round(float(value), 6) for _, value in sorted(row.items())]
