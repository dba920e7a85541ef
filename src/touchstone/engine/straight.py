"""The short way into the lake: a clean file with ids is typed, checked and written as Parquet in one pass."""

from __future__ import annotations

from pathlib import Path

import duckdb

from touchstone.core.mapping import Mapping
from touchstone.engine.connect import DuckDB, parquet
from touchstone.engine.intake import made, needs_content, typed_rows
from touchstone.engine.landing import Landing, write_rows
from touchstone.engine.records import all_different, finished, record_columns
from touchstone.engine.scan import Scan, read


def land_straight(
    engine: DuckDB, mapping: Mapping, scan: Scan, *, zone: str, source: str, number: int, new: Path
) -> tuple[Landing, int] | None:
    """Write all rows of the file to `new`, for a table that is empty so far; and say how many times clocks shifted.

    None, with nothing left behind, where the file needs more than one look: a row that cannot be taken or asks for a
    remark, a key that comes twice, rows to merge, to leave out or to unpivot, names of people.
    """
    if mapping.one_per or mapping.unpivot or mapping.where or mapping.contacts or needs_content(mapping):
        return None
    typed = typed_rows(engine, *made(engine, read(engine, scan), mapping, scan), zone=zone, explained=False)
    # the first row that is not plain stops the query
    plain = "CASE WHEN _wrong OR _rounded THEN error('not plain') ELSE true END"
    columns = record_columns(mapping)
    rows = f"SELECT *, 0 AS _row FROM ({typed}) WHERE {plain}"
    query = finished(engine, rows, mapping, source=source, number=number)
    try:
        n = write_rows(engine, query, new)
    except duckdb.InvalidInputException:
        new.unlink(missing_ok=True)
        return None
    key = mapping.noun.key
    if not all_different(engine, parquet(new), key):
        new.unlink()
        return None
    moved = (
        0
        if (mapping.timezone or zone) == "UTC"
        else engine.run(f"SELECT count(*) FILTER (WHERE _shifted) FROM ({typed})")[0][0]
    )
    landing = Landing(
        table=mapping.table, key=key, columns=columns, new=new, n_new=n, changed=None, n_changed=0, n_unchanged=0
    )
    return landing, moved
