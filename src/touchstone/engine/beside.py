"""The tables that an import fills beside its own: what was set aside, and the questions of a survey."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from touchstone.core.mapping import Mapping
from touchstone.core.nouns import NOUNS, Type
from touchstone.engine.connect import DuckDB, fresh_name, identifier, literal
from touchstone.engine.intake import SYSTEM

_ARROW: dict[Type, pa.DataType] = {
    "text": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "time": pa.timestamp("us", tz="UTC"),
}


def set_aside_rows(aside: str, *, file: str, table: str, number: int, at: datetime) -> str:
    """The query `aside` (row, column, value, reason, line) as rows of the table `set_aside`."""
    values = {
        "set_aside_id": f"{literal(f'{number}/{file}/')} || row || '/' || coalesce(\"column\", '')",
        "file": literal(file),
        "row": "CAST(row AS BIGINT)",
        "table_name": literal(table),
        "column_name": '"column"',
        "value": '"value"',
        "reason": "reason",
        "line": "line",
        "set_aside_at": f"TIMESTAMPTZ {literal(at.isoformat())}",
        "source": literal(file),
        "import_number": f"CAST({number} AS BIGINT)",
    }
    return f"SELECT {', '.join(f'{sql} AS {identifier(name)}' for name, sql in values.items())} FROM ({aside})"


def question_rows(engine: DuckDB, mapping: Mapping, *, number: int, source: str) -> str | None:
    """The questions of an unpivoted survey as rows of the table `questions`; None where there are none."""
    if not mapping.unpivot:
        return None
    survey = mapping.columns["survey_id"].constant if "survey_id" in mapping.columns else None
    rows = [
        {
            "question_id": question.question_id,
            "survey_id": survey,
            "label": question.label or question.headers[0],
            "metric": question.metric,
            "scale_low": question.scale[0] if question.scale else None,
            "scale_high": question.scale[1] if question.scale else None,
            "polarity": question.polarity,
        }
        for question in mapping.unpivot
    ]
    return given_rows(engine, "questions", rows, number=number, source=source)


def given_rows(engine: DuckDB, table: str, rows: Sequence[Dict[str, Any]], *, number: int, source: str) -> str:
    """A few rows that were made here, as a query with all columns of `table`."""
    columns = (*NOUNS[table].columns, *SYSTEM)
    schema = pa.schema([(column.name, _ARROW[column.type]) for column in columns])
    system = {"source": source, "import_number": number}
    full = [{column.name: {**row, **system}.get(column.name) for column in columns} for row in rows]
    name = fresh_name("given")
    engine.connection.con.register(name, pa.Table.from_pylist(full, schema=schema))
    return f"SELECT * FROM {name}"
