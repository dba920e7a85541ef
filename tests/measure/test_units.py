"""Stores of very different size: who is better, who only had few answers, and how far they lie apart."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from tests.measure.company import Company, answers

from touchstone.core.errors import BadDefinition, Refused, UnknownName
from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.measure.metrics import built_in
from touchstone.measure.units import Unit, Units, units
from touchstone.stats.differences import paired_difference
from touchstone.stats.moments import Moments, PairMoments
from touchstone.stats.shrinkage import shrink, unit_variances

METRICS = built_in()
NPS = METRICS["nps"]
STORES = {
    "north": (0.8, 120),
    "south": (0.5, 90),
    "west": (0.35, 100),
    "east": (0.55, 80),
    "mall": (0.6, 70),
    "kiosk": (1.0, 2),
    "van": (0.0, 2),
    "one": (1.0, 1),
}


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for store, (happy, n) in STORES.items():
        scores = [10.0 if place < happy * n else (3.0, 7.0)[place % 2] for place in range(n)]
        found += answers(scores, start=len(found), unit=store)
    return found


def points(row: dict[str, Any]) -> float:
    return 100.0 if row["score"] >= 9 else 0.0 if row["score"] >= 7 else -100.0


def named(found: Units) -> dict[str, Unit]:
    return {row.name: row for row in found.rows}


def estimate(result: Any) -> Estimate:
    assert isinstance(result, Estimate), result
    return result


def test_units_are_those_of_a_recount(company: Company) -> None:
    everything = rows()
    found = units(company.data(answers=everything), NPS)
    x = {store: [points(row) for row in everything if row["unit"] == store] for store in STORES}
    names = sorted(STORES)
    sums = [Moments.of(x[name], centre=0.0) for name in names]
    variances = unit_variances(sums)
    assert variances is not None
    expected = shrink([m.mean for m in sums], variances)
    assert not isinstance(expected, NoEstimate)
    by_name = named(found)
    for place, name in enumerate(names):
        assert estimate(by_name[name].shrunken).value == pytest.approx(expected.values[place], rel=1e-9)
        assert estimate(by_name[name].shrunken).se == pytest.approx(expected.se[place], rel=1e-9)
        assert by_name[name].n == len(x[name])
    assert estimate(found.consistency).value == pytest.approx(expected.spread, rel=1e-9)
    assert estimate(found.average).value == pytest.approx(float(np.mean([p for values in x.values() for p in values])))
    assert [row.name for row in found.rows] == sorted(names, key=lambda n: -estimate(by_name[n].shrunken).value)


def test_a_store_of_three_happy_people_is_not_the_best(company: Company) -> None:
    found = units(company.data(answers=rows()), NPS)
    by_name = named(found)
    assert found.rows[0].name == "north" and found.rows[0].standing == "better than average"
    assert by_name["west"].standing == "worse than average"
    kiosk = by_name["kiosk"]
    assert estimate(kiosk.score).value == 100.0 and estimate(kiosk.shrunken).value < 65
    assert kiosk.ranks is not None and kiosk.ranks[1] >= 6
    assert kiosk.standing == "too few answers to tell"
    one = by_name["one"]
    assert isinstance(one.score, NoEstimate) and isinstance(one.shrunken, Estimate)
    assert "two units out of three lie within" in found.sentence()


def test_ranks_begin_with_the_good_end(company: Company) -> None:
    tickets = [
        {"ticket_id": f"t{i}", "opened_at": answers([1])[0]["answered_at"], "agent": "abcd"[i % 4], "reopened": r}
        for i, r in enumerate([0, 1, 0, 0] * 50 + [0, 1, 0, 1] * 50)
    ]
    found = units(company.data(tickets=tickets), METRICS["reopened"], by="agent")
    assert [row.name for row in found.rows][-1] == "b"
    assert found.rows[-1].ranks == (4, 4) and found.rows[-1].standing == "worse than average"


def test_the_difference_to_the_average_knows_who_answered_for_several(company: Company) -> None:
    chance = random.Random(3)
    everything = [
        row
        for person in range(80)
        for row in answers(
            [min(10, max(0, chance.gauss(5 + person % 5, 1) + 2 * (store == "d"))) for store in "abcd"],
            start=4 * person,
            customer_id=f"p{person}",
            unit=lambda place: "abcd"[place % 4],
        )
    ]
    found = units(company.data(answers=everything), NPS)
    x, who, store = ([f(row) for row in everything] for f in (points, lambda r: r["customer_id"], lambda r: r["unit"]))
    inside = [place for place, name in enumerate(store) if name == "d"]
    pair = PairMoments.of(
        [*x, *(x[place] for place in inside)],
        None,
        [*who, *(who[place] for place in inside)],
        [1] * len(x) + [2] * len(inside),
    )
    expected = estimate(paired_difference(pair, unit="points"))
    difference = estimate(named(found)["d"].difference)
    assert difference.value == pytest.approx(expected.value)
    assert difference.se == pytest.approx(expected.se, rel=0.25)
    alone = estimate(named(found)["d"].score).se
    assert difference.se < alone
    assert named(found)["d"].ranks == (1, 1)


def test_rows_without_a_unit_are_counted_and_left_out(company: Company) -> None:
    found = units(company.data(answers=[*rows(), *answers([0.0] * 30, start=900)]), NPS)
    assert len(found.rows) == len(STORES)
    assert any("30 rows name no unit" in note for note in found.notes)


def test_a_record_names_its_unit_beside_the_unit_of_its_number(company: Company) -> None:
    first, *_ = units(company.data(answers=rows()), NPS).records()["units"]  # type: ignore[misc]
    assert first["attr_unit"] in STORES and first["unit"] == "points"


def test_kinds_are_never_pooled(company: Company) -> None:
    found = units(company.data(answers=[*rows(), *answers([0.0] * 30, start=900, kind="employee", unit="north")]), NPS)
    assert named(found)["north"].n == 120
    assert any("kinds are never pooled" in note for note in found.notes)


def test_employees_of_a_small_unit_stay_hidden_everywhere(company: Company) -> None:
    found = units(company.data(answers=[row | {"kind": "employee"} for row in rows()]), NPS)
    small = [row for row in found.rows if row.name in {"kiosk", "van", "one"}]
    assert len(small) == 3
    for row in small:
        for result in (row.score, row.shrunken, row.difference):
            assert isinstance(result, NoEstimate) and result.n is None
        assert row.ranks is None and "hidden" in str(row.record("unit")["reason"])
    assert isinstance(named(found)["north"].score, Estimate)


def test_what_cannot_be_compared_says_why(company: Company) -> None:
    data = company.data(answers=answers([10.0, 0.0, 9.0, 3.0] * 5, unit=lambda place: "ab"[place % 2]))
    found = units(data, NPS)
    assert isinstance(found.consistency, NoEstimate) and "at least 4" in found.sentence()
    assert all(isinstance(row.score, Estimate) and row.ranks is None for row in found.rows)
    with pytest.raises(Refused, match="names a unit"):
        units(company.data(answers=answers([10.0] * 5)), NPS)
    with pytest.raises(UnknownName):
        units(data, NPS, by="unti")
    with pytest.raises(BadDefinition, match="not a mean"):
        units(data.__class__(engine=data.engine, tables=data.tables, number=1), METRICS["resolution_time"])
