"""Several rows of a file made one record: the last (or first) row's values, with sums, minima and maxima over all."""

from __future__ import annotations

from dataclasses import dataclass

from touchstone.core.mapping import FOLDS, Mapping, Take
from touchstone.engine.connect import DuckDB, fresh_name, identifier, literal

_TOO_LARGE = 10**14  # decimal(18,4) ends below


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Queries for the merged rows and for those set aside (`_row`, `_wrong`); how many were merged, and set aside."""

    rows: str
    aside: str
    merged: int
    rows_aside: int


def merge(engine: DuckDB, rows: str, mapping: Mapping) -> Merged:
    """One row per record of the typed `rows`.

    Where amounts are added up, one unreadable row (or a sum that no amount can hold) sets the whole record aside.
    """
    groups = _groups(engine, rows, mapping)
    summed = any(take.keep == "sum" for take in mapping.columns.values())
    spoiled = "(_bad > 0 OR _too_large)" if summed else "false"
    taken = f"SELECT * FROM {groups} WHERE _n > 0 AND NOT {spoiled}"
    same = " AND ".join(f"one._by{place} = spoiled._by{place}" for place in range(len(mapping.one_per)))
    why = (
        "CASE WHEN spoiled._bad > 0 THEN 'stands for the same record as a row that could not be read' "
        "ELSE 'adds up, with others, to more than an amount can be' END"
    )
    aside = (
        f"SELECT _row, _wrong FROM {rows} WHERE _wrong IS NOT NULL UNION ALL "
        f"SELECT one._row, [{literal(mapping.one_per[0])}, left(one._by0, 200), {why}, NULL] FROM {rows} one "
        f"JOIN (SELECT * FROM {groups} WHERE {spoiled}) spoiled ON {same} WHERE one._wrong IS NULL"
    )
    total = engine.run(f"SELECT count(*) FROM {rows}")[0][0]
    rows_aside = engine.run(f"SELECT count(*) FROM ({aside})")[0][0]
    records = engine.run(f"SELECT count(*) FROM ({taken})")[0][0]
    return Merged(
        rows=_gathered(rows, taken, mapping), aside=aside, merged=total - rows_aside - records, rows_aside=rows_aside
    )


def _groups(engine: DuckDB, rows: str, mapping: Mapping) -> str:
    """A table with one row per record: its first and last row's numbers, how many rows are good and bad, its sums."""
    good = "FILTER (WHERE _wrong IS NULL)"
    order = "{'order': _order, 'row': _row}" if mapping.order_by else "_row"
    folds = {name: take.keep for name, take in _takes(mapping).items() if take.keep in FOLDS}
    made = "".join(f", {fold}({identifier(name)}) {good} AS {identifier(name)}" for name, fold in folds.items())
    large = [
        f"abs({identifier(name)}) >= {_TOO_LARGE}"
        for name, take in mapping.columns.items()
        if take.keep == "sum" and mapping.noun.column(name).type == "money"
    ]
    by = ", ".join(f"_by{place}" for place in range(len(mapping.one_per)))
    table = fresh_name("groups")
    engine.run(
        f"CREATE TEMPORARY TABLE {table} AS SELECT *, coalesce({' OR '.join(large) or 'false'}, false) AS _too_large "
        f"FROM (SELECT {by}, count(*) {good} AS _n, count(_wrong) AS _bad, arg_max(_row, {order}) {good} AS _last, "
        f"arg_min(_row, {order}) {good} AS _first{made} FROM {rows} GROUP BY {by})"
    )
    return table


def _gathered(rows: str, taken: str, mapping: Mapping) -> str:
    """Each record's columns from the row that counts: its last, its first, or its group."""
    origin = {"first": "first", "last": "last", **dict.fromkeys(FOLDS, "taken")}
    takes = _takes(mapping)
    columns = [f"{origin[take.keep]}.{identifier(name)}" for name, take in takes.items()]
    columns += [f"last._q{place}" for place in range(len(mapping.unpivot))]
    columns += [f"taken._by{place}" for place in range(len(mapping.one_per))]
    query = (
        f"SELECT {', '.join([*columns, 'last._row'])} FROM ({taken}) taken JOIN {rows} last ON last._row = taken._last"
    )
    if any(take.keep == "first" for take in takes.values()):
        query += f" JOIN {rows} first ON first._row = taken._first"
    return query


def _takes(mapping: Mapping) -> dict[str, Take]:
    return {**mapping.columns, **mapping.attributes, **mapping.others}
