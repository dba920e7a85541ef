"""The table `imports`: its newest row is the commit point that says which version of every table is current."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

from touchstone.core.errors import UnknownName

_MANY_FILES = 64  # each import adds a small one
# older versions stay readable (`--as-of`), so nothing that they need is ever cleaned away by itself
KEEP_ALL: dict[str, str | None] = {
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord:
    """One finished import.

    `number` is *the* version of the data (`--as-of`); `content` a hash of what was imported and how, so that the same
    files with the same mapping are known again; `tables` the version of each table that belongs to this number;
    `summary` what was told to the person.
    """

    number: int
    imported_at: datetime
    content: str
    files: tuple[str, ...]
    tables: dict[str, int]
    summary: dict[str, Any] = field(default_factory=dict)

    def sources(self, table: str, layout: str) -> tuple[str, ...]:
        """The sources of the files that went to `table`, read by a known layout."""
        files = [file for file in self.summary.get("account", ()) if (file["table"], file["layout"]) == (table, layout)]
        return tuple(dict.fromkeys(file["source"] for file in files if file.get("source")))

    def record(self) -> dict[str, object]:
        """One flat record: its number, when it was, and its files."""
        return {"number": self.number, "imported_at": self.imported_at, "files": list(self.files)}


def read_imports(folder: Path) -> list[ImportRecord]:
    """Every finished import, oldest first; none when nothing was imported yet."""
    path = folder / "imports"
    if not DeltaTable.is_deltatable(str(path)):
        return []
    files = [unquote(uri) for uri in DeltaTable(str(path)).file_uris()]
    rows = [row for file in files for row in pq.read_table(file, schema=_SCHEMA).to_pylist()]
    return sorted((_from_row(row) for row in rows), key=lambda record: record.number)


def write_import(folder: Path, record: ImportRecord) -> None:
    """Commit an import: after this returns it is wholly there, before it is wholly absent.

    The commit carries Delta's application-transaction id, so that one number can be committed once only.
    """
    row = {
        "number": [record.number],
        "imported_at": [record.imported_at],
        "content": [record.content],
        "files": [json.dumps(record.files)],
        "tables": [json.dumps(record.tables)],
        "summary": [json.dumps(record.summary, default=str)],
    }
    once = CommitProperties(app_transactions=[Transaction("touchstone-import", record.number)])
    write_deltalake(
        str(folder / "imports"),
        pa.table(row, schema=_SCHEMA),
        mode="append",
        commit_properties=once,
        configuration=KEEP_ALL,
    )


def compact_imports(folder: Path) -> None:
    """Rewrite the list of imports as one file where it has become many; the list itself stays the same."""
    delta = DeltaTable(str(folder / "imports"))
    if len(delta.file_uris()) > _MANY_FILES:
        delta.optimize.compact()


def import_numbered(records: list[ImportRecord], number: int) -> ImportRecord:
    """The import with this number; UnknownName names the nearest otherwise."""
    for record in records:
        if record.number == number:
            return record
    raise UnknownName.among("import", str(number), [str(record.number) for record in records])


_SCHEMA = pa.schema(
    [
        ("number", pa.int64()),
        ("imported_at", pa.timestamp("us", tz="UTC")),
        ("content", pa.string()),
        ("files", pa.string()),
        ("tables", pa.string()),
        ("summary", pa.string()),
    ]
)


def _from_row(row: dict[str, Any]) -> ImportRecord:
    return ImportRecord(
        number=row["number"],
        imported_at=row["imported_at"].astimezone(UTC),
        content=row["content"],
        files=tuple(json.loads(row["files"])),
        tables=json.loads(row["tables"]),
        summary=json.loads(row["summary"]),
    )
