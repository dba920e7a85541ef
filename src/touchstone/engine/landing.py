"""Records told apart from what is in the table already: new ones go to a Parquet file, changed ones to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from touchstone.core.errors import Refused
from touchstone.core.nouns import Column
from touchstone.engine.connect import DuckDB, fresh_name, identifier, literal, parquet
from touchstone.engine.data import TableSource
from touchstone.engine.intake import SQL_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """What one file brings to one table: a Parquet file of new rows, one of changed rows, and how many of each."""

    table: str
    key: str
    columns: tuple[Column, ...]
    new: Path
    n_new: int
    changed: Path | None
    n_changed: int
    n_unchanged: int


def land(
    engine: DuckDB,
    rows: str,
    *,
    table: str,
    key: str,
    columns: Sequence[Column],
    provided: Sequence[str],
    existing: TableSource | None,
    number: int,
    new: Path,
    changed: Path,
) -> Landing:
    """Write rows of the query whose key `existing` lacks to `new`, and those with other `provided` values to `changed`.

    Refused when rows of the same import contradict each other: ids that start again in every file need a source each.
    """
    landing = Landing(
        table=table, key=key, columns=tuple(columns), new=new, n_new=0, changed=None, n_changed=0, n_unchanged=0
    )
    if existing is None or not existing.files:
        return replace(landing, n_new=write_rows(engine, rows, new))
    held = {column.name for column in existing.columns}
    compared = [name for name in provided if name != key]
    matched = _matched(engine, rows, key, existing, [name for name in compared if name in held])
    name = identifier(key)
    n_new = write_rows(engine, f"SELECT * FROM ({rows}) ANTI JOIN {matched} USING ({name})", new)
    differs = [f"{identifier(c)} IS DISTINCT FROM {identifier('old ' + c)}" for c in compared if c in held]
    differs += [f"{identifier(c)} IS NOT NULL" for c in compared if c not in held]
    flagged = f"SELECT * FROM ({rows}) JOIN {matched} USING ({name}) WHERE {' OR '.join(differs) or 'false'}"
    within, n_changed = engine.run(
        f'SELECT count(*) FILTER (WHERE "old import_number" = {number}), count(*) FROM ({flagged})'
    )[0]
    if within:
        raise Refused(
            f"{within:,} rows of {table} contradict rows of another file of this import with the same ids.",
            hint="where ids start again in every file, give each a source: source = { from_filename = '(\\d{4})' }.",
        )
    if n_changed:
        brought = ", ".join(identifier(c) for c in [key, *compared, "import_number"])
        write_rows(engine, f"SELECT {brought} FROM ({flagged})", changed)
    n_matched = engine.run(f"SELECT count(*) FROM {matched}")[0][0]
    return replace(
        landing,
        n_new=n_new,
        changed=changed if n_changed else None,
        n_changed=n_changed,
        n_unchanged=n_matched - n_changed,
    )


def write_rows(engine: DuckDB, query: str, path: Path) -> int:
    """Write the rows of `query` to a new Parquet file and say how many they were."""
    # half the size and time of the first version of the format; every reader of the last years knows the second
    options = "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 1"
    return int(engine.run(f"COPY ({query}) TO {literal(str(path))} ({options})")[0][0])


def backwards(engine: DuckDB, landing: Landing) -> list[tuple[str, str, int]]:
    """(earlier, later, how many): new rows in which what comes later by its meaning has the earlier time."""
    if landing.table not in _ORDERS or not landing.n_new:
        return []
    described = engine.run(f"DESCRIBE SELECT * FROM {parquet(landing.new)}")
    pairs = [pair for pair in _ORDERS[landing.table] if set(pair) <= {str(row[0]) for row in described}]
    if not pairs:
        return []
    counts = ", ".join(f"count(*) FILTER (WHERE {later} < {earlier})" for earlier, later in pairs)
    found = engine.run(f"SELECT {counts} FROM {parquet(landing.new)}")[0]
    return [(*pair, n) for pair, n in zip(pairs, found, strict=True) if n]


_ORDERS = {
    "tickets": (("opened_at", "first_reply_at"), ("opened_at", "resolved_at"), ("opened_at", "closed_at")),
    "subscriptions": (("started_at", "ended_at"),),
    "invitations": (("sent_at", "completed_at"),),
}


def source_of(engine: DuckDB, existing: TableSource, columns: Sequence[str]) -> str:
    """The rows that are in a table already, with `columns`, as a query; a column that no file has is null."""
    files = parquet(*existing.files)
    present = {str(row[0]) for row in engine.run(f"DESCRIBE SELECT * FROM {files}")}
    types = {column.name: SQL_TYPES[column.type] for column in existing.columns}
    empty = {name: f"CAST(NULL AS {types[name]}) AS {identifier(name)}" for name in columns if name not in present}
    return f"SELECT {', '.join(empty.get(name, identifier(name)) for name in columns)} FROM {files}"


def _matched(engine: DuckDB, rows: str, key: str, existing: TableSource, compared: Sequence[str]) -> str:
    """A table of what is held already under the keys of `rows`: the key, and the old values."""
    columns = [*compared, "import_number"]
    old = ", ".join(f"{identifier(name)} AS {identifier('old ' + name)}" for name in columns)
    name, matched = identifier(key), fresh_name("matched")
    held = f"SELECT {name}, {old} FROM ({source_of(engine, existing, [key, *columns])})"
    engine.run(f"CREATE TEMPORARY TABLE {matched} AS {held} SEMI JOIN ({rows}) new USING ({name})")
    return matched
