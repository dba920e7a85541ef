"""Records told apart from what is in the table already: new ones go to a Parquet file, changed ones to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis

from touchstone.core.errors import Refused
from touchstone.core.nouns import Column
from touchstone.engine.connect import DuckDB, Table, fresh_name, identifier


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
    rows: Table,
    *,
    table: str,
    key: str,
    columns: Sequence[Column],
    provided: Sequence[str],
    existing: Table | None,
    number: int,
    new: Path,
    changed: Path,
) -> Landing:
    """Write rows whose key `existing` lacks to `new`, and those with other values in `provided` columns to `changed`.

    Refused when rows of the same import contradict each other: ids that start again in every file need a source each.
    """
    rows = rows.select(*(column.name for column in columns))
    if existing is None:
        n_new = engine.write_parquet(rows, new, columns)
        return Landing(
            table=table, key=key, columns=tuple(columns), new=new, n_new=n_new, changed=None, n_changed=0, n_unchanged=0
        )
    n_new = engine.write_parquet(rows.anti_join(existing, key), new, columns)
    comparable = [name for name in provided if name in existing.columns and name != key]
    matched = rows.inner_join(existing.select(key, "import_number", *comparable), key, rname="old_{name}")
    differs = ibis.literal(False)
    for name in comparable:
        differs = differs | ~matched[name].identical_to(matched[f"old_{name}"])
    fresh = [name for name in provided if name not in existing.columns]
    for name in fresh:
        differs = differs | matched[name].notnull()
    name = fresh_name("matched")
    flagged = matched.mutate(_differs=differs).select(*rows.columns, "old_import_number", "_differs")
    engine.run(f"CREATE TEMPORARY TABLE {identifier(name)} AS {engine.sql(flagged)}")
    kept = engine.connection.table(name)
    others = kept.filter(kept._differs)
    counts = engine.fetch(
        kept.aggregate(
            matched=kept.count(),
            differing=kept._differs.sum(),
            within=(kept._differs & (kept.old_import_number == number)).sum(),
        )
    ).rows[0]
    if counts["within"]:
        raise Refused(
            f"{counts['within']:,} rows of {table} contradict rows of another file of this import with the same ids.",
            hint="where ids start again in every file, give each a source: source = { from_filename = '(\\d{4})' }.",
        )
    n_changed = int(counts["differing"] or 0)
    if n_changed:
        brought = {key, "import_number", *provided}
        engine.write_parquet(others, changed, [column for column in columns if column.name in brought])
    return Landing(
        table=table,
        key=key,
        columns=tuple(columns),
        new=new,
        n_new=n_new,
        changed=changed if n_changed else None,
        n_changed=n_changed,
        n_unchanged=int(counts["matched"]) - n_changed,
    )
