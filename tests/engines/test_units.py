"""Sums per unit and beside them, on both engines, against a recount of the same rows in plain Python."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from tests.engines import world as made

from touchstone.engine.data import Data
from touchstone.engine.moments import SUMS
from touchstone.engine.rows import Question, measured_rows
from touchstone.engine.units import BESIDE, unit_sums
from touchstone.measure.metrics import built_in
from touchstone.measure.units import whole_of
from touchstone.stats.moments import Moments


def test_sums_per_unit_and_of_all_that_its_people_answered(data: Data, nps: list[dict[str, Any]]) -> None:
    rows = measured_rows(data, built_in()["nps"], Question(by=("size",), weight="weight"))
    found = {row["size"]: row for row in data.fetch(unit_sums(rows, "size", centre=5.0)).rows}
    kept = [row for row in nps if row["size"] is not None and (row["weight"] or 0) > 0]
    groups = made.grouped(kept, "size")
    assert set(found) == {size for (size,) in groups}
    people = _people(kept, {size: _mean(rows) for (size,), rows in groups.items()})
    for (size,), rows_of_unit in groups.items():
        own = Moments.of(*_columns(rows_of_unit), centre=5.0)
        for name in SUMS:
            assert float(found[size][name]) == pytest.approx(getattr(own, name), rel=1e-9, abs=1e-6), name
        for name, value in zip(BESIDE, _beside(people, size), strict=True):
            assert float(found[size][name]) == pytest.approx(value, rel=1e-9, abs=1e-6), name
    whole, expected = whole_of(list(found.values()), 5.0), Moments.of(*_columns(kept), centre=5.0)
    for name in (*SUMS, "mean_variance"):
        assert getattr(whole, name) == pytest.approx(getattr(expected, name), rel=1e-9), name


def _columns(rows: Any) -> tuple[list[float], list[float], list[str]]:
    return [row["x"] for row in rows], [row["weight"] for row in rows], [row["cluster"] for row in rows]


def _mean(rows: Any) -> float:
    x, w, _ = _columns(rows)
    return sum(a * b for a, b in zip(x, w, strict=True)) / sum(w)


People = dict[str, dict[str, tuple[float, float, float]]]


def _people(rows: Any, means: dict[str, float]) -> People:
    """Per person and unit: Σw(x−5), Σw and what lies above the unit's mean."""
    people: People = defaultdict(lambda: defaultdict(lambda: (0.0, 0.0, 0.0)))
    for row in rows:
        a, b, r = people[row["cluster"]][row["size"]]
        w, x = row["weight"], row["x"]
        people[row["cluster"]][row["size"]] = (a + w * (x - 5), b + w, r + w * (x - means[row["size"]]))
    return people


def _beside(people: People, size: str) -> list[float]:
    sums = [0.0] * 6
    for units in people.values():
        if size not in units:
            continue
        a, b, r = units[size]
        all_a, all_b, all_r = (sum(values[i] for values in units.values()) for i in range(3))
        parts = (all_a * a, all_a * b, all_b * a, all_b * b, r * (all_r - r), 1 / len(units))
        sums = [one + other for one, other in zip(sums, parts, strict=True)]
    return sums
