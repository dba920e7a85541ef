"""Tables of cells over margins, answers weighted by cell, and the products of people's weights in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any

import ibis

from touchstone.engine.connect import Table

Cell = tuple[str, ...]


def names_of(margins: Sequence[str]) -> list[str]:
    """What the categories of the margins are called in the rows of queries: _m0, _m1…"""
    return [f"_m{place}" for place in range(len(margins))]


def in_cells(rows: Table, margins: Sequence[str]) -> Table:
    """`rows` with their category in each margin as text, "none" where there is none."""
    texts = {name: ibis.coalesce(rows[column].cast("string"), ibis.literal("none")) for name, column in _pairs(margins)}
    return rows.mutate(**texts)


def cell_sums(rows: Table, by: Sequence[str], margins: Sequence[str], *, centre: float) -> Table:
    """Per group of `by` and cell: n, Σw, Σw² and Σw(x−c) of the weights as they are."""
    prepared = rows.mutate(_x=(rows.x - centre).cast("float64"), _w=rows.w.cast("float64"))
    return prepared.group_by([*by, *names_of(margins)]).aggregate(
        n=prepared.count(),
        w=prepared._w.sum(),
        ww=(prepared._w * prepared._w).sum(),
        wx=(prepared._w * prepared._x).sum(),
    )


def weighted_by_cell(rows: Table, margins: Sequence[str], factors: Mapping[Cell, float]) -> Table:
    """`rows` with every weight multiplied by the factor of its cell. The factors stand in the query as numbers."""
    branches = [
        (
            reduce(and_, (rows[name] == value for name, value in zip(names_of(margins), cell, strict=True))),
            _double(factor),
        )
        for cell, factor in factors.items()
    ]
    return rows.mutate(w=rows.w.cast("float64") * ibis.cases(*branches, else_=_double(0.0)))


def _double(number: float) -> Any:
    # written as a bare number DuckDB takes it for a decimal, and sums of long decimals overflow
    return ibis.literal(repr(number)).cast("float64")


def crossed_sums(rows: Table, by: Sequence[str], margins: Sequence[str], *, centre: float) -> Table:
    """Per group of `by` and cell: a = Σ_g a_g B_gc and b = Σ_g b_g B_gc, B_gc being all that g weighs in the cell."""
    prepared = rows.mutate(_x=(rows.x - centre).cast("float64"), _w=rows.w.cast("float64"))
    people = prepared.group_by([*by, "cluster"]).aggregate(a=(prepared._w * prepared._x).sum(), b=prepared._w.sum())
    cells = _people_in_cells(rows, margins).rename(_whose="cluster")
    pairs = people.inner_join(cells, people.cluster == cells["_whose"])
    sums: dict[str, Any] = {"a": (pairs.a * pairs["_weight"]).sum(), "b": (pairs.b * pairs["_weight"]).sum()}
    return pairs.group_by([*by, *names_of(margins)]).aggregate(**sums)


def cell_products(rows: Table, margins: Sequence[str]) -> Table:
    """Σ_g B_gc B_gc' for every two cells that share people; the second cell's categories are called _m0_2, _m1_2…"""
    cells = _people_in_cells(rows, margins)
    others = cells.rename({f"{name}_2": name for name in cells.columns})
    pairs = cells.inner_join(others, cells.cluster == others["cluster_2"])
    names = names_of(margins)
    product = (pairs["_weight"] * pairs["_weight_2"]).sum()
    return pairs.group_by([*names, *(f"{name}_2" for name in names)]).aggregate(product=product)


def _people_in_cells(rows: Table, margins: Sequence[str]) -> Table:
    return rows.group_by([*names_of(margins), "cluster"]).aggregate(_weight=rows.w.cast("float64").sum())


def _pairs(margins: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(names_of(margins), margins, strict=True))
