"""Cells made of other cells before a file is typed: parts, columns put together, rows filled down from the first.

What a mapping says of them becomes a further column of the file, so that typing need not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from touchstone.core.errors import BadDefinition
from touchstone.core.mapping import FOLDS, Mapping, Take, When
from touchstone.core.where import parse_where
from touchstone.engine.casting import among, trimmed
from touchstone.engine.connect import DuckDB, fresh_name, literal

PLACE = "_place"  # where a row stands in the file, of rows that are not in its order any more
_MADE = "\x1f"  # begins the name of a column that is made; no header has it
_BETWEEN, _BETWEEN_IDS = ": ", "/"


@dataclass(frozen=True, slots=True)
class Derived:
    """A view of the file with its made columns behind the others, and the mapping that reads them there."""

    rows: str
    mapping: Mapping
    headers: tuple[str, ...]


def derived(engine: DuckDB, raw: str, mapping: Mapping, headers: Sequence[str]) -> Derived:
    """The view `raw` (columns c0, c1… under `headers`) with what `mapping` makes of several cells or of parts of them.

    Raises BadDefinition where a `part` is no regular expression of the engine.
    """
    rows = _filled_down(engine, raw, mapping, headers) if mapping.fills else raw
    cells = {header: trimmed(f"c{place}") for place, header in enumerate(headers)}
    made: dict[str, str] = {}
    columns = {name: _derived(engine, name, take, cells, made) for name, take in mapping.columns.items()}
    attributes = {name: _derived(engine, name, take, cells, made) for name, take in mapping.attributes.items()}
    known_as = {name: _derived(engine, f"{name}_id", take, cells, made) for name, take in mapping.known_as.items()}
    if made:
        further = ", ".join(f"{sql} AS c{len(headers) + place}" for place, sql in enumerate(made.values()))
        rows, base = fresh_name("derived"), rows
        engine.run(f"CREATE TEMPORARY VIEW {rows} AS SELECT *, {further} FROM {base}")
    return Derived(rows, replace(mapping, columns=columns, attributes=attributes, known_as=known_as), (*headers, *made))


def added(value: str, take: Take, minutes: str) -> str:
    """The time `value` that many `minutes` later; null where either is missing."""
    whole = f"CASE WHEN abs({minutes}) < 1e8 THEN CAST(round({minutes} * 60) AS BIGINT) END"
    return f"({value} + to_seconds({whole}))" if take.plus_minutes else value


def multiplied(value: str, take: Take, kind: str) -> str:
    """The number `value` times a constant, in its own type `kind`; null where that cannot hold it."""
    factor = f"CAST({take.times} AS DECIMAL(18,4))" if kind.startswith("DECIMAL") else take.times
    return f"TRY_CAST({value} * {factor} AS {kind})" if take.times else value


def _derived(engine: DuckDB, name: str, take: Take, cells: dict[str, str], made: dict[str, str]) -> Take:
    """`take` as it reads the column that is made for it; as it is where none is needed."""
    if not (take.part or take.joined or take.when or take.plus_minutes):
        return take
    found = _joined(name, take, cells) if take.joined else _cell(engine, take, cells)
    if found is None:
        return take  # its header is missing, and typing says so
    for given in (_said(take.when, cells), _given(take.plus_minutes, cells)):
        found = f"CASE WHEN {given} THEN {found} END" if given else found
    made[_MADE + name] = found
    return replace(take, headers=(_MADE + name,), joined=(), otherwise=(), part=None, when=None)


def _cell(engine: DuckDB, take: Take, cells: dict[str, str]) -> str | None:
    header = take.header(tuple(cells))
    if header is None:
        return None
    found = [cells[one] for one in (header, *take.otherwise) if one in cells]
    if take.part:
        found = [_part(engine, cell, take.part) for cell in found]
    return f"coalesce({', '.join(found)})"


def _joined(name: str, take: Take, cells: dict[str, str]) -> str | None:
    between = _BETWEEN_IDS if name.endswith("_id") else _BETWEEN
    found = [next((cells[one] for one in part if one in cells), None) for part in take.joined]
    present = [cell for cell in found if cell]
    return f"nullif(concat_ws({literal(between)}, {', '.join(present)}), '')" if present else None


def _part(engine: DuckDB, cell: str, pattern: str) -> str:
    try:
        engine.run(f"SELECT regexp_extract('', {literal(pattern)}, 1)")
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].rpartition(": ")[2].rstrip(".")
        raise BadDefinition(f"'{pattern}' cannot be looked for: {reason}.") from None
    return f"nullif(trim(regexp_extract({cell}, {literal(pattern)}, 1)), '')"


def said(when: When, cell: str) -> str:
    """Whether a row is one of those that `when` speaks of, by the `cell` that decides."""
    listed = among(f"lower({cell})", [value.lower() for value in when.values])
    return f"NOT ({listed})" if when.others else listed


def _said(when: When | None, cells: dict[str, str]) -> str | None:
    header = next((one for one in when.headers if one in cells), None) if when else None
    return said(when, cells[header]) if when and header else None


def _given(headers: Sequence[str], cells: dict[str, str]) -> str | None:
    header = next((one for one in headers if one in cells), None)
    return f"{cells[header]} IS NOT NULL" if header else None


def _filled_down(engine: DuckDB, raw: str, mapping: Mapping, headers: Sequence[str]) -> str:
    """The rows with their `PLACE` in the file, and with cells that only the first row of a record has in all of them.

    Columns that are added up, or of which the least or most counts, are those of single rows and stay as they are.
    """
    takes = (*mapping.columns.values(), *mapping.attributes.values(), *mapping.known_as.values())
    single = {header for take in takes if take.keep in FOLDS for header in take.read}
    used = mapping.used_headers() | {condition.column for condition in parse_where(mapping.where)}
    by = [f"c{headers.index(header)}" for header in mapping.one_per if header in headers]
    filled = [place for place, header in enumerate(headers) if header in used - single - set(mapping.one_per)]
    rows, firsts = fresh_name("filled"), fresh_name("firsts")
    numbered = f"SELECT *, row_number() OVER () AS {PLACE} FROM {raw}"
    if not by or not filled:
        engine.run(f"CREATE TEMPORARY VIEW {rows} AS {numbered}")
        return rows
    given = ", ".join(f"arg_min(c{place}, {PLACE}) FILTER (WHERE c{place} IS NOT NULL) AS c{place}" for place in filled)
    keys = ", ".join(f"{cell} AS k{number}" for number, cell in enumerate(by))
    engine.run(f"CREATE TEMPORARY TABLE {firsts} AS SELECT {keys}, {given} FROM ({numbered}) GROUP BY {', '.join(by)}")
    replaced = ", ".join(f"coalesce(one.c{place}, first.c{place}) AS c{place}" for place in filled)
    same = " AND ".join(f"one.{cell} = first.k{number}" for number, cell in enumerate(by))
    query = f"SELECT one.* REPLACE ({replaced}) FROM ({numbered}) one LEFT JOIN {firsts} first ON {same}"
    engine.run(f"CREATE TEMPORARY VIEW {rows} AS {query}")
    return rows
