"""Rows that were refused before the engine saw them: the sidecar file of a `RawFile`, read back."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime

from touchstone.engine.beside import given_rows
from touchstone.engine.connect import DuckDB
from touchstone.listen.rawfile import RawFile


def sidecar_rows(file: RawFile) -> Iterator[tuple[int, str, str]]:
    """Line number, reason and text of every refused row."""
    if file.aside is None:
        return
    with file.aside.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield int(row["row"]), row["reason"], row["line"]


def sidecar_table(engine: DuckDB, file: RawFile, *, table: str, number: int, at: datetime) -> str:
    """The refused rows as rows of the table `set_aside`, as a query."""
    rows = [
        {
            "set_aside_id": f"{number}/{file.name}/line {line}",
            "file": file.name,
            "row": line,
            "table_name": table,
            "reason": reason,
            "line": text,
            "set_aside_at": at,
        }
        for line, reason, text in sidecar_rows(file)
    ]
    return given_rows(engine, "set_aside", rows, number=number, source=file.name)
