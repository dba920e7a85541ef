"""Two-level sums of a number per group: over answers, and over the clusters they belong to, in one query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis

from touchstone.core.metric import Score
from touchstone.engine.connect import Fetched, Table
from touchstone.engine.data import Data
from touchstone.engine.people import replicate

SUMS = ("n", "clusters", "w", "ww", "wx", "wxx", "aa", "ab", "bb")
FLAT_SUMS = ("n", "w", "ww", "wx", "wxx")


def points(answer: Any, form: Score) -> Any:
    """What an answer scores by the metric's bands; null outside its scale."""
    inside = answer.between(form.lowest, form.highest)
    if not form.bands:
        return inside.ifelse(answer.cast("float64"), ibis.null("float64"))
    from_the_top = [(answer >= band.low, float(band.points)) for band in reversed(form.bands)]
    return inside.ifelse(ibis.cases(*from_the_top), ibis.null("float64"))


def moments(rows: Table, by: Sequence[str], *, centre: float, weighted: bool = True) -> Table:
    """One row of sums per group of `by`, from rows with columns x, w and cluster; x is centred before squaring.

    Rows of a ratio have y for x: what counts above, beside w, what counts below; their mean is Σy/Σw, and n counts the
    rows below. One scan, one grouping by cluster, one by group. The sums are those of `stats.moments.Moments`. Where
    every w is 1 say so (not `weighted`): two sums fewer per cluster, which is what fills the memory.
    """
    return _second_level(_cluster_sums(_centred(rows, centre), [*by, "cluster"], weighted=weighted), by)


def fetched_moments(
    data: Data, table: str, rows: Table, by: Sequence[str], *, centre: float, weighted: bool = True
) -> Fetched:
    """The sums of `moments` over rows that come from `table`, fetched; from two lean scans where there are millions."""
    if "y" in rows.columns or not data.is_large(table):
        return data.fetch(moments(rows, by, centre=centre, weighted=weighted))
    sums, products = map(data.fetch, lean_moments(rows, by, centre=centre, weighted=weighted))
    found = {row.pop("_group"): row for row in products.rows}
    merged = [row | found[row.pop("_group")] for row in sums.rows]
    return Fetched(merged, f"{sums.sql};\n\n{products.sql}")


def lean_moments(rows: Table, by: Sequence[str], *, centre: float, weighted: bool = True) -> tuple[Table, Table]:
    """The sums of `moments` as two queries to be joined on `_group`; DuckDB only, for millions of rows.

    The names of the groups in the row of every cluster are what fills the memory and spills to disk. So one scan takes
    the flat sums under these names, the other the sums per cluster under two hashes of 64 bits. Of five million
    clusters two share a hash once in a million times; they then count as one.
    """
    prepared = _centred(rows, centre).mutate(_cluster=_hash(rows.cluster), _group=_hash_of_all(rows, by))
    flat = prepared.group_by(list(by)).aggregate(**flat_aggregates(prepared), _group=prepared._group.max())
    a = (prepared._w * prepared._x).sum() if weighted else prepared._x.sum()
    b = prepared._w.sum() if weighted else prepared.count()
    clusters = prepared.group_by(["_group", "_cluster"]).aggregate(a=a, b=b)
    clusters = clusters.mutate(b=clusters.b.cast("float64"))
    return flat, clusters.group_by("_group").aggregate(clusters=clusters.count(), **_products(clusters))


@ibis.udf.scalar.builtin(name="hash", signature=(("string",), "uint64"))
def _hash(text: Any) -> Any:
    """DuckDB's hash of a text."""


@ibis.udf.scalar.builtin(name="xor", signature=(("uint64", "uint64"), "uint64"))
def _xor(one: Any, other: Any) -> Any:
    """DuckDB's exclusive or, bit by bit."""


def _hash_of_all(rows: Table, by: Sequence[str]) -> Any:
    """One hash of several columns: each text begins with its place, so that two cannot change places.

    A null stays a null with a hash of its own: to replace it would cost as much again, row by row.
    """
    found = _hash(ibis.literal("groups"))
    for place, name in enumerate(by):
        found = _xor(found, _hash(ibis.literal(f"{place}=") + rows[name].cast("string")))
    return found


def _centred(rows: Table, centre: float) -> Table:
    if "y" in rows.columns:
        return rows.mutate(_w=rows.w.cast("float64"), _y=(rows.y - centre * rows.w).cast("float64"))
    return rows.mutate(_x=(rows.x - centre).cast("float64"), _w=rows.w.cast("float64"))


def _cluster_sums(rows: Table, keys: Sequence[str], *, weighted: bool = True) -> Table:
    if "_y" in rows.columns:
        sums = {"n": (rows._w != 0).sum(), "a": rows._y.sum(), "b": rows._w.sum()}
        squares = {"q": (rows._y * rows._y).sum(), "ww": (rows._w * rows._w).sum()}
        return rows.group_by(list(keys)).aggregate(**sums, **squares)
    if not weighted:
        sums = {"n": rows.count(), "a": rows._x.sum(), "q": (rows._x * rows._x).sum()}
        counted = rows.group_by(list(keys)).aggregate(**sums)
        return counted.mutate(b=counted.n.cast("float64"), ww=counted.n.cast("float64"))
    return rows.group_by(list(keys)).aggregate(
        n=rows.count(),
        a=(rows._w * rows._x).sum(),
        b=rows._w.sum(),
        q=(rows._w * rows._x * rows._x).sum(),
        ww=(rows._w * rows._w).sum(),
    )


def _second_level(clusters: Table, by: Sequence[str]) -> Table:
    sums = {
        "n": clusters.n.sum(),
        "clusters": clusters.count(),
        "w": clusters.b.sum(),
        "ww": clusters.ww.sum(),
        "wx": clusters.a.sum(),
        "wxx": clusters.q.sum(),
        **_products(clusters),
    }
    return clusters.group_by(list(by)).aggregate(**sums) if by else clusters.aggregate(**sums)


def _products(clusters: Table) -> dict[str, Any]:
    return {
        "aa": (clusters.a * clusters.a).sum(),
        "ab": (clusters.a * clusters.b).sum(),
        "bb": (clusters.b * clusters.b).sum(),
    }


def replicate_sums(rows: Table, by: Sequence[str], *, centre: float, groups: int) -> Table:
    """Flat sums per group of `by` and replicate group: enough for a clustered interval of any roll-up."""
    prepared = _centred(rows, centre).mutate(replicate=replicate(rows.cluster, groups))
    return prepared.group_by([*by, "replicate"]).aggregate(**flat_aggregates(prepared))


def flat_aggregates(rows: Table) -> dict[str, Any]:
    """The flat sums over rows with `_x` (centred) and `_w`."""
    return {
        "n": rows.count(),
        "w": rows._w.sum(),
        "ww": (rows._w * rows._w).sum(),
        "wx": (rows._w * rows._x).sum(),
        "wxx": (rows._w * rows._x * rows._x).sum(),
    }


def cross_sums(rows: Table, by: Sequence[str], across: str, baseline: str, *, centre: float) -> Table:
    """Products of each group's cluster sums with the baseline's, for differences between groups that share people.

    One row per group of `by` and value of `across` other than `baseline` (a missing one is a value too), with aa, ab,
    ba, bb = sums over the shared clusters of a_base a, a_base b, b_base a, b_base b, and `shared`, how many they are.
    """
    sums = _cluster_sums(_centred(rows, centre), [*by, across, "cluster"])
    base = sums.filter(sums[across] == baseline).select(*by, "cluster", a0="a", b0="b")
    others = sums.filter(~sums[across].identical_to(baseline))
    same = [others[name].identical_to(base[name]) for name in by]
    joined = others.inner_join(base, [others.cluster == base.cluster, *same], rname="base_{name}")
    return joined.group_by([*by, across]).aggregate(
        aa=(joined.a0 * joined.a).sum(),
        ab=(joined.a0 * joined.b).sum(),
        ba=(joined.b0 * joined.a).sum(),
        bb=(joined.b0 * joined.b).sum(),
        shared=joined.count(),
    )
