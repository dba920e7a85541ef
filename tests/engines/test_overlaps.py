"""Which people stand behind one set of groups and not another, on both engines, against a recount in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict

from touchstone.core.period import Period
from touchstone.core.where import parse_where
from touchstone.engine.data import Data
from touchstone.engine.overlaps import group_key, inside, members
from touchstone.engine.promises import people_outside
from touchstone.engine.rows import Question
from touchstone.measure.asked import asked_rows
from touchstone.measure.metrics import built_in

NPS = built_in()["nps"]
QUARTER = Question(period=Period.parse("2017-Q2"))
OTHERS = Question(where=parse_where("kind != employee"))


def test_people_inside_and_outside_are_those_counted_by_hand(data: Data) -> None:
    ones = members(data, "answers", asked_rows(data, NPS, QUARTER, ("kind",)), ("kind",))
    others = members(data, "answers", asked_rows(data, NPS, OTHERS, ("quarter", "kind")), ("quarter", "kind"))
    parts = {row["row"]: row["part"] for row in data.fetch(others).rows}
    rows = data.fetch(ones).rows
    held: dict[tuple[str, str], set[str | None]] = defaultdict(set)
    for row in rows:
        held[row["part"], row["person"]].add(parts.get(row["row"]))
    expected = Counter((part, next(iter(within)) if len(within) == 1 else None) for (part, _), within in held.items())
    found = {(row["part"], row["only"]): row["n"] for row in inside(data, ones, others)}
    assert found == dict(expected) and len(found) > 3
    assert {part for part, _ in found} == {"relationship", "transactional", "employee", "unstated"}
    assert any(only == group_key(("2017-Q2", "relationship")) for _, only in found)


def test_people_left_out_are_counted_by_their_kind(data: Data) -> None:
    every = asked_rows(data, NPS, Question())
    outside = people_outside(data, "answers", every, [asked_rows(data, NPS, QUARTER)])
    kept = {row["answer_id"] for row in data.fetch(asked_rows(data, NPS, QUARTER).select("answer_id")).rows}
    people = defaultdict(set)
    for row in data.fetch(data.clustered(every, "answers").select("answer_id", "kind", "cluster")).rows:
        if row["answer_id"] not in kept:
            people[row["kind"] or ""].add(row["cluster"])
    assert outside == {kind: len(whose) for kind, whose in people.items()}
