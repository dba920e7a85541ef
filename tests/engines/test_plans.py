"""What a plan asks of the data, on every engine, against a recount of the same rows in plain Python."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from tests.engines import world as made
from tests.engines.world import World

from touchstone.engine.data import Data
from touchstone.engine.recency import newest_days
from touchstone.engine.rows import Question
from touchstone.engine.touchpoints import touchpoints
from touchstone.engine.wordings import asked
from touchstone.measure.metrics import metric_named

NOW = datetime(2018, 1, 1, tzinfo=UTC)


def test_the_newest_day_is_that_of_the_wall_and_no_later_than_now(data: Data, world: World) -> None:
    days = [made.wall(at).date() for (at,) in world.rows("tickets", "opened_at") if at is not None and at <= NOW]
    found: dict[str, date] = newest_days(data, ["tickets"], now=NOW)
    assert found == {"tickets": max(days)}


def test_answers_are_counted_by_their_question_with_the_first_of_them(data: Data, nps: list[dict[str, Any]]) -> None:
    (found,) = asked(data, metric_named("nps"), Question())
    times = [row["answered_at"] for row in nps if row["answered_at"] is not None]
    assert (found.question_id, found.n) == ("nps", len(nps))
    assert found.first_at == min(times)


def test_touchpoints_are_counted_per_table(data: Data, world: World) -> None:
    expected: dict[str, dict[str, int]] = {}
    for name in ("answers", "events", "tickets"):
        if "touchpoint" in world.tables[name]:
            for (touchpoint,) in world.rows(name, "touchpoint"):
                if touchpoint is not None:
                    of = expected.setdefault(touchpoint, {})
                    of[name] = of.get(name, 0) + 1
    assert touchpoints(data) == expected
