"""The same people in two quarters on both engines, against a recount in plain Python."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engines import world as made
from tests.engines.world import World

from touchstone.core.metric import Score
from touchstone.core.period import Period
from touchstone.engine.data import Data
from touchstone.engine.rows import Question
from touchstone.engine.transitions import move_sums, people_of_periods
from touchstone.measure.metrics import built_in
from touchstone.stats.moments import Moments

NPS = built_in()["nps"]
POINTS = [100.0, 0.0, -100.0]


def test_moves_of_people_between_two_quarters(data: Data, world: World, nps: list[dict[str, Any]]) -> None:
    assert isinstance(NPS.form, Score)
    quarters = Period.parse("2017-Q2"), Period.parse("2017-Q3")
    people = people_of_periods(data, NPS, NPS.form, Question(), *quarters)
    found = {(row["what"], row["place"]): row for row in data.fetch(move_sums(people, POINTS)).rows}
    person = made.persons(world)
    last: list[dict[str, tuple[Any, ...]]] = [{}, {}]
    for row in nps:
        for place, quarter in enumerate(quarters):
            if row["customer_id"] and row["day"] and made.label(row["day"], "quarter") == quarter.label:
                who = person.get(row["customer_id"], row["customer_id"])
                told = (row["answered_at"], row["answer_id"], row["x"], row["cluster"])
                last[place][who] = max(last[place].get(who, told), told, key=lambda one: one[:2])
    both = [(last[0][who], last[1][who]) for who in last[0].keys() & last[1].keys()]
    groups = {
        ("change", 0): [(b[2] - a[2], a[3]) for a, b in both],
        ("up", 0): [(100.0 * (b[2] > a[2]), a[3]) for a, b in both],
        ("to2", 0): [(100.0 * (b[2] == -100), a[3]) for a, b in both if a[2] == 100],
    }
    assert len(both) > 1000
    for key, values in groups.items():
        expected = Moments.of([x for x, _ in values], None, [cluster for _, cluster in values], centre=0.0)
        for name in ("n", "clusters", "wx", "wxx", "aa", "ab", "bb"):
            assert float(found[key][name]) == pytest.approx(getattr(expected, name), rel=1e-9), (key, name)
