"""Counts that serve every rule of counting, on both engines and by hand."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from math import floor
from typing import Any

from tests.engines.world import World

from touchstone.core.metric import Score
from touchstone.core.where import parse_where
from touchstone.engine.data import Data
from touchstone.engine.rows import Question
from touchstone.engine.tallies import skips, tallies
from touchstone.measure.metrics import built_in

ASKED = Question(where=parse_where("region = nord"))
FORM = built_in()["csat"].form
assert isinstance(FORM, Score)


def answers(world: World) -> list[dict[str, Any]]:
    names = list(world.tables["answers"])
    rows = [dict(zip(names, values, strict=True)) for values in world.rows("answers", *names)]
    return [row for row in rows if row["region"] == "nord"]


def test_tallies_are_a_recount_in_plain_python(data: Data, world: World) -> None:
    rows = [row for row in answers(world) if row["metric"] == "csat" and row["score"] is not None]
    newest: dict[Any, Any] = {}
    for row in rows:
        person = row["customer_id"] or ("alone", row["answer_id"])
        key = (row["answered_at"] or datetime(1900, 1, 1, tzinfo=UTC), row["answer_id"])
        row["person"], row["key"] = person, key
        newest[person] = max(key, newest.get(person, key))
    counted: Counter[Any] = Counter()
    totals: Counter[Any] = Counter()
    for row in rows:
        low = 1.0 if row["scale_low"] is None else row["scale_low"]
        high = 5.0 if row["scale_high"] is None else row["scale_high"]
        said = low + high - row["score"] if row["polarity"] == "low is good" else row["score"]
        whole_part = floor(said) if low <= row["score"] <= high else None
        key = (low, high, whole_part, said == floor(said), row["key"] == newest[row["person"]])
        counted[key] += 1
        totals[key] += said
    found = data.fetch(tallies(data, built_in()["csat"], FORM, ASKED)).rows
    keys = [(row["low"], row["high"], row["floor"], row["whole"], row["latest"]) for row in found]
    assert {key: row["n"] for key, row in zip(keys, found, strict=True)} == counted
    assert {key: row["total"] for key, row in zip(keys, found, strict=True)} == totals
    assert len(counted) > 20 and any(key[2] is None for key in counted)


def test_skips_are_submissions_with_other_answers_only(data: Data, world: World) -> None:
    mine: dict[str, list[bool]] = {}
    for row in answers(world):
        mine.setdefault(row["submission_id"], [False, False])
        mine[row["submission_id"]][0] |= row["metric"] == "csat"
        mine[row["submission_id"]][1] |= row["metric"] == "csat" and row["score"] is not None
    unscored = [asked for asked, scored in mine.values() if not scored]
    (found,) = data.fetch(skips(data, built_in()["csat"], FORM, ASKED)).rows
    assert (found["passed"], found["absent"]) == (sum(unscored), len(unscored) - sum(unscored))
    assert min(found.values()) > 0
