"""Cells of margins, and the products of people's weights in them, on both engines, against a recount."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from tests.engines import world as made

from touchstone.engine.data import Data
from touchstone.engine.raking import cell_products, cell_sums, crossed_sums, in_cells, weighted_by_cell
from touchstone.engine.rows import Question, measured_rows
from touchstone.measure.metrics import built_in

NAMES = ("region", "tier")


def cell(row: dict[str, Any]) -> tuple[str, str]:
    return row["region"] or "none", row["tier"] or "none"


def test_cells_and_their_products_under_factors(data: Data, nps: list[dict[str, Any]]) -> None:
    rows = in_cells(measured_rows(data, built_in()["nps"], Question(by=("attr_n", *NAMES), weight="weight")), NAMES)
    kept = [row for row in nps if (row["weight"] or 0) > 0]
    factors = {key: 0.37 + 0.11 * place for place, key in enumerate(sorted({cell(row) for row in kept}))}
    final = weighted_by_cell(rows, NAMES, factors)
    found = data.fetch(crossed_sums(final, ["attr_n"], NAMES, centre=-30.0)).rows
    beside: dict[Any, list[float]] = defaultdict(lambda: [0.0, 0.0])
    people = _people(kept, factors)
    for groups, cells in people.values():
        for name, (a, b) in groups.items():
            for key, weight in cells.items():
                beside[name, key][0] += a * weight
                beside[name, key][1] += b * weight
    assert {(row["attr_n"], (row["_m0"], row["_m1"])) for row in found} == set(beside)
    for row in found:
        a, b = beside[row["attr_n"], (row["_m0"], row["_m1"])]
        assert (row["a"], row["b"]) == (pytest.approx(a, rel=1e-9), pytest.approx(b, rel=1e-9))
    products: dict[Any, float] = defaultdict(float)
    for _, cells in people.values():
        for one, weight in cells.items():
            for other, beside_it in cells.items():
                products[one, other] += weight * beside_it
    pairs = data.fetch(cell_products(final, NAMES)).rows
    assert len(pairs) == len(products)
    for row in pairs:
        expected = products[(row["_m0"], row["_m1"]), (row["_m0_2"], row["_m1_2"])]
        assert row["product"] == pytest.approx(expected, rel=1e-9)


def test_cells_before_they_are_weighted(local: Data, nps: list[dict[str, Any]]) -> None:
    rows = in_cells(measured_rows(local, built_in()["nps"], Question(by=NAMES, weight="weight")), NAMES)
    groups = made.grouped([row for row in nps if (row["weight"] or 0) > 0], *NAMES)
    for row in local.fetch(cell_sums(rows, [], NAMES, centre=10.0)).rows:
        held = groups[tuple(None if row[name] == "none" else row[name] for name in ("_m0", "_m1"))]
        w = [one["weight"] for one in held]
        assert row["n"] == len(held) and row["w"] == pytest.approx(sum(w))
        assert row["ww"] == pytest.approx(sum(x * x for x in w))
        assert row["wx"] == pytest.approx(sum(one["weight"] * (one["x"] - 10) for one in held))


People = dict[str, tuple[dict[Any, tuple[float, float]], dict[tuple[str, str], float]]]


def _people(rows: list[dict[str, Any]], factors: dict[tuple[str, str], float]) -> People:
    """Per person the sums in every group, and the weight in every cell."""
    people: People = defaultdict(lambda: (defaultdict(lambda: (0.0, 0.0)), defaultdict(float)))
    for row in rows:
        groups, cells = people[row["cluster"]]
        w = row["weight"] * factors[cell(row)]
        a, b = groups[row["n"]]
        groups[row["n"]] = (a + w * (row["x"] + 30.0), b + w)
        cells[cell(row)] += w
    return people
