"""Sums of products of many columns per replicate group: what importances and regressions are read from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from touchstone.core.errors import BadDefinition
from touchstone.engine.connect import Engine, Table
from touchstone.engine.people import replicate
from touchstone.stats.gram import Array, Grams, Integers
from touchstone.stats.missing import PatternMoments

GROUPS = 64
_MOST_COLUMNS = 60  # a pattern is one bit per column of a 64-bit integer


def replicate_grams(engine: Engine, rows: Table, columns: Sequence[str], *, groups: int = GROUPS) -> Grams:
    """Moments of `columns` per replicate group, over the rows that hold all of them.

    `rows` has the columns and `cluster`, and may have `w` (else each row weighs one; rows of weight 0 say nothing).
    Two queries: means of the columns, then the products of what is left when these are taken off, so that large
    values do not cancel. For rows that hold only some of the columns see `pattern_moments`.
    """
    weighed = _weighed(rows, columns)
    whole = weighed.filter(*(weighed[column].notnull() for column in columns))
    centre = _centre(engine, whole, columns)
    table = engine.to_arrow(gram_sums(whole, columns, centre=centre, groups=groups))
    place = _integers(table, "replicate")
    return Grams.from_sums(
        columns,
        n=_spread(_integers(table, "n"), place, groups),
        w=_spread(_floats(table, "w"), place, groups),
        sums=_spread(_sums(table, len(columns)), place, groups),
        products=_spread(_products(table, len(columns)), place, groups),
        centre=centre,
    )


def pattern_moments(engine: Engine, rows: Table, columns: Sequence[str], *, groups: int = GROUPS) -> PatternMoments:
    """Moments of `columns` per pattern of answered columns and replicate group, over the rows that hold any.

    Arguments are those of `replicate_grams`; there are at most 60 columns. Cells come only where rows do, but with
    much missing there may be 2^q patterns times `groups`: fewer `groups` keep them few.
    """
    if len(columns) > _MOST_COLUMNS:
        raise BadDefinition(f"{len(columns)} items are more than {_MOST_COLUMNS}.", hint="leave some of them out.")
    weighed = _weighed(rows, columns)
    some = weighed.filter(ibis.or_(*(weighed[column].notnull() for column in columns)))
    centre = _centre(engine, some, columns)
    table = engine.to_arrow(gram_sums(some, columns, centre=centre, groups=groups, patterns=True))
    bits = _integers(table, "pattern")
    patterns, place = np.unique(bits, return_inverse=True)
    return PatternMoments(
        columns=tuple(columns),
        groups=groups,
        centre=centre,
        seen=(patterns[:, None] >> np.arange(len(columns)) & 1).astype(bool),
        pattern=place.ravel().astype(np.int64),
        group=_integers(table, "replicate"),
        n=_integers(table, "n"),
        w=_floats(table, "w"),
        sums=_sums(table, len(columns)),
        products=_products(table, len(columns)),
    )


def gram_sums(
    rows: Table, columns: Sequence[str], *, centre: Sequence[float] | Array, groups: int, patterns: bool = False
) -> Table:
    """The query: per `replicate` (and `pattern`, bit j set where column j holds something) n, w and the sums.

    `s_j` = Σw(z_j − c_j) and, for j ≤ k, `p_j_k` = Σw(z_j − c_j)(z_k − c_k); what is missing counts nothing.
    """
    bits = [rows[column].notnull().cast("int64") * (1 << j) for j, column in enumerate(columns)]
    shifted = {
        f"_z{j}": ibis.coalesce(rows[column].cast("float64") - float(centre[j]), 0.0)
        for j, column in enumerate(columns)
    }
    keys = {"replicate": replicate(rows.cluster, groups)}
    if patterns:
        keys["pattern"] = _total(bits)
    centred = rows.select(**keys, **shifted, _w=rows.w)
    lifted = centred.mutate(**{f"_v{j}": centred[f"_z{j}"] * centred._w for j in range(len(columns))})
    sums = {f"s_{j}": lifted[f"_v{j}"].sum() for j in range(len(columns))}
    products = {f"p_{j}_{k}": (lifted[f"_v{j}"] * lifted[f"_z{k}"]).sum() for j, k in _pairs(len(columns))}
    return lifted.group_by(list(keys)).aggregate(n=lifted.count(), w=lifted._w.sum(), **sums, **products)


def _weighed(rows: Table, columns: Sequence[str]) -> Table:
    weight = rows.w.cast("float64") if "w" in rows.columns else ibis.literal(1.0)
    weighed = rows.select("cluster", *columns, w=weight)
    return weighed.filter(weighed.w > 0)


def _centre(engine: Engine, rows: Table, columns: Sequence[str]) -> Array:
    means = {f"m_{j}": rows[column].cast("float64").mean() for j, column in enumerate(columns)}
    found = engine.fetch(rows.aggregate(**means)).rows[0]
    return np.array([found[f"m_{j}"] or 0.0 for j in range(len(columns))])


def _pairs(q: int) -> list[tuple[int, int]]:
    return list(combinations_with_replacement(range(q), 2))


def _total(parts: Sequence[Any]) -> Any:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _floats(table: pa.Table, name: str) -> Array:
    return np.asarray(table[name].to_numpy(), dtype=np.float64)


def _integers(table: pa.Table, name: str) -> Integers:
    return np.asarray(table[name].to_numpy(), dtype=np.int64)


def _sums(table: pa.Table, q: int) -> Array:
    return np.stack([_floats(table, f"s_{j}") for j in range(q)], axis=1)


def _products(table: pa.Table, q: int) -> Array:
    products = np.zeros((len(table), q, q))
    for j, k in _pairs(q):
        products[:, j, k] = products[:, k, j] = _floats(table, f"p_{j}_{k}")
    return products


def _spread(values: Array | Integers, place: Integers, groups: int) -> Array:
    """Each group's values in its place, 0 for groups that hold nothing."""
    spread = np.zeros((groups, *values.shape[1:]))
    spread[place] = values
    return spread
