"""The same people in two years: who moved between bands, and who was there only once."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from tests.measure.company import Company, answers, at

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.core.period import Period
from touchstone.measure.metrics import built_in
from touchstone.measure.transitions import Transitions, transitions
from touchstone.stats.differences import would_tell
from touchstone.stats.rates import share_of_counts

METRICS = built_in()
NPS = METRICS["nps"]
FIRST, SECOND = Period.parse("2016"), Period.parse("2017")


def band(score: float) -> str:
    return "promoters" if score >= 9 else "passives" if score >= 7 else "detractors"


def points(score: float) -> float:
    return {"promoters": 100.0, "passives": 0.0, "detractors": -100.0}[band(score)]


def panel() -> tuple[list[dict[str, Any]], dict[str, float], dict[str, float]]:
    """Rows, and what each person said last in each year; some answer twice in a year, some only once at all."""
    chance = random.Random(4)
    rows: list[dict[str, Any]] = []
    years: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for person in range(240):
        mood = chance.gauss(7.5, 1.5)
        for place, year in enumerate((2016, 2017)):
            if chance.random() < 0.25:
                continue
            for month in range(chance.choice([1, 1, 2])):
                said = float(min(10, max(0, round(mood + 0.3 * place + chance.gauss(0, 1)))))
                rows += answers(
                    [said], start=len(rows), customer_id=f"c{person}", answered_at=at(f"{year}-0{3 + 3 * month}-10")
                )
                years[place][f"c{person}"] = said
    chance.shuffle(rows)
    return rows, *years


def estimate(result: Any) -> Estimate:
    assert isinstance(result, Estimate), result
    return result


def follow(company: Company, rows: list[dict[str, Any]], **options: Any) -> Transitions:
    return transitions(company.data(answers=rows), NPS, FIRST, SECOND, **options)


def test_the_table_and_the_movement_are_a_recount(company: Company) -> None:
    rows, before, after = panel()
    found = follow(company, rows)
    both = sorted(before.keys() & after.keys())
    moves = Counter((band(before[who]), band(after[who])) for who in both)
    started = Counter(band(before[who]) for who in both)
    for move in found.moves:
        assert move.n == moves[move.before, move.after]
        expected = estimate(share_of_counts(moves[move.before, move.after], started[move.before]))
        share = estimate(move.share)
        assert (share.value, share.low, share.high) == pytest.approx((expected.value, expected.low, expected.high))
    changes = np.array([points(after[who]) - points(before[who]) for who in both])
    movement = estimate(found.movement)
    assert (movement.value, movement.n) == (pytest.approx(changes.mean()), len(both))
    assert movement.se == pytest.approx(changes.std(ddof=1) / np.sqrt(changes.size))
    assert estimate(found.up).value == pytest.approx(100 * np.mean(changes > 0))
    assert estimate(found.down).value == pytest.approx(100 * np.mean(changes < 0))


def test_those_who_were_there_once_are_counted_with_their_score(company: Company) -> None:
    rows, before, after = panel()
    parts = {(part.period, part.presence): part for part in follow(company, rows).parts}
    for period, own, other in (("2016", before, after), ("2017", after, before)):
        for presence, people in (
            ("both periods", own.keys() & other.keys()),
            ("this period only", own.keys() - other.keys()),
        ):
            part = parts[period, presence]
            assert part.n == len(people)
            assert estimate(part.score).value == pytest.approx(np.mean([points(own[who]) for who in people]))


def test_with_two_bands_the_movement_is_mcnemars(company: Company) -> None:
    """15 of 100 moved up and 5 down: 10 points, with the standard error of paired shares."""
    said = [(2, 5)] * 15 + [(5, 2)] * 5 + [(5, 5)] * 50 + [(1, 1)] * 30
    rows = [
        row
        for year, place in ((2016, 0), (2017, 1))
        for row in answers(
            [float(s[place]) for s in said],
            metric="csat",
            start=100 * place,
            answered_at=at(f"{year}-05-05"),
            customer_id=lambda i: f"c{i % 100}",
        )
    ]
    found = transitions(company.data(answers=rows), METRICS["csat"], FIRST, SECOND)
    movement = estimate(found.movement)
    assert movement.value == pytest.approx(10)
    assert movement.se == pytest.approx(100 * np.sqrt(((15 + 5) / 100 - 0.1**2) / 99))
    assert found.bands == ("4 to 5", "1 to 3")


def test_people_under_two_numbers_are_one(company: Company) -> None:
    old = answers([10.0] * 20, customer_id=lambda i: f"old{i}", answered_at=at("2016-03-03"))
    new = answers([3.0] * 20, start=20, customer_id=lambda i: f"new{i - 20}", answered_at=at("2017-03-03"))
    names = [
        {"identity_id": f"{kind}{i}", "customer_id": f"{kind}{i}", "kind": "email", "value": f"p{i}@example.org"}
        for i in range(20)
        for kind in ("old", "new")
    ]
    found = transitions(company.data(answers=[*old, *new], identities=names), NPS, FIRST, SECOND)
    assert [move.n for move in found.moves if (move.before, move.after) == ("promoters", "detractors")] == [20]


def test_answers_of_nobody_known_are_counted_and_left_out(company: Company) -> None:
    rows, *_ = panel()
    found = follow(company, [*rows, *answers([5.0] * 7, start=5000, customer_id=None, answered_at=at("2016-04-04"))])
    assert any("7 answers without a known person" in note for note in found.notes)


def test_few_movers_are_hidden_where_the_result_leaves(company: Company) -> None:
    rows, *_ = panel()
    shown, hidden = follow(company, rows), follow(company, rows, for_release=True)
    small = {(move.before, move.after) for move in shown.moves if (move.n or 0) < 10}
    assert small
    gone = {(move.before, move.after) for move in hidden.moves if move.n is None}
    assert gone > small
    assert all(isinstance(move.share, NoEstimate) for move in hidden.moves if move.n is None)


def test_of_few_people_who_were_promised_anonymity_nothing_is_told(company: Company) -> None:
    rows, *_ = panel()
    few = [
        row
        for place, year in enumerate((2016, 2017))
        for row in answers(
            [9.0, 3.0, 7.0],
            start=7000 + 10 * place,
            customer_id=lambda i: f"t{i % 10}",
            answered_at=at(f"{year}-05-05"),
        )
    ]
    teams = [row | {"team": "C", "kind": "employee"} for row in few]
    everybody = [*(row | {"team": "AB"[n % 2], "kind": "employee"} for n, row in enumerate(rows)), *teams]
    found = follow(company, everybody, where="team = C")
    for result in (found.movement, found.up, found.down, *(part.score for part in found.parts)):
        assert isinstance(result, NoEstimate) and result.n is None and result.reason.startswith("hidden: fewer than 10")
    assert all(move.n is None for move in found.moves) and all(part.n is None for part in found.parts)
    assert not would_tell(found.verdict, found.movement) and not found.notes
    with pytest.raises(Refused, match="give them away"):
        follow(company, everybody, where="team != C")
    assert isinstance(follow(company, everybody).movement, Estimate)


def test_what_cannot_be_followed_says_why(company: Company) -> None:
    rows, *_ = panel()
    data = company.data(answers=rows)
    with pytest.raises(BadDefinition, match="no bands"):
        transitions(data, METRICS["overall_rating"], FIRST, SECOND)
    with pytest.raises(BadDefinition, match="overlap"):
        transitions(data, NPS, Period.parse("2016"), Period.parse("2016-Q2"))
    with pytest.raises(Refused, match="answered in both 2016 and 2019"):
        transitions(data, NPS, FIRST, Period.parse("2019"))
    assert "moved up" in follow(company, rows).sentence()
    assert set(follow(company, rows).records()) == {"metric", "from", "to", "movement", "up", "down", "moves", "people"}
