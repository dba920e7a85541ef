"""The rows of a file that its mapping's own rule leaves in."""

from __future__ import annotations

from touchstone.core.mapping import Mapping
from touchstone.core.where import parse_where
from touchstone.engine.casting import trimmed
from touchstone.engine.connect import DuckDB, fresh_name, identifier
from touchstone.engine.deriving import PLACE
from touchstone.engine.scan import Scan
from touchstone.engine.where import holds


def filtered(engine: DuckDB, raw: str, mapping: Mapping, scan: Scan, *, numbered: bool = False) -> str:
    """The rows that the mapping's own rule leaves in; with such a rule, or on request, numbered as in the file."""
    conditions, place = parse_where(mapping.where), PLACE if mapping.fills else "row_number() OVER ()"
    if not conditions:
        return f"SELECT *, {place} AS _row FROM {raw}" if numbered else f"SELECT * FROM {raw}"
    named = fresh_name("named")
    cells = (f"{trimmed(scan.cell(header))} AS {identifier(header)}" for header in scan.headers)
    counted = f"SELECT {', '.join(cells)}, {place} AS _row FROM {raw}"
    engine.run(f"CREATE TEMPORARY VIEW {named} AS {counted}")
    rows = engine.connection.table(named)
    for one in conditions:
        blank = one.operator.startswith("not ")  # a cell without a word is unlike every word
        rows = rows.filter(holds(rows, one) | rows[one.column].isnull() if blank else holds(rows, one))
    kept = engine.sql(rows)
    back = ", ".join(f"{identifier(header)} AS {scan.cell(header)}" for header in scan.headers)
    return f"SELECT {back}, _row FROM ({kept})"
