"""One import's writes: parts appended, rows changed, and the commit that makes them visible together."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from touchstone.core.errors import Refused
from touchstone.core.nouns import Column
from touchstone.lake.columns import from_schema, to_field, to_schema
from touchstone.lake.imports import KEEP_ALL, ImportRecord, compact_imports, write_import
from touchstone.lake.leftovers import mark_begun

_MANY_FILES = 64  # beyond this a table is compacted while the import commits
_CHANGES_AT_ONCE = 200_000  # a merge of five million rows took 4.9 GB


@dataclass(frozen=True, slots=True)
class Part:
    """A Parquet file that was written into a table's folder and is not yet part of the table."""

    path: Path
    rows: int


class Writer:
    """Writes that belong to one import; nothing is visible to readers before `commit` has returned.

    `imports` are the finished imports before this one, oldest first.
    """

    def __init__(self, folder: Path, imports: Sequence[ImportRecord]) -> None:
        newest = imports[-1] if imports else None
        self.folder = folder
        self.imports = tuple(imports)
        self.number = newest.number + 1 if newest else 1
        self._versions: dict[str, int] = dict(newest.tables) if newest else {}
        self._begun = False

    @property
    def versions(self) -> dict[str, int]:
        """The version of each table as this import leaves it."""
        return dict(self._versions)

    def part_path(self, table: str) -> Path:
        """A fresh file name inside `table`'s folder, carrying this import's number so that leftovers are known."""
        self._begin()
        folder = self.folder / table
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"part-import-{self.number}-{uuid4().hex}.parquet"

    def append(self, table: str, parts: Sequence[Part], columns: Sequence[Column]) -> None:
        """Add Parquet `parts` to `table`; columns it does not have yet are added to it.

        Parts without rows are thrown away, and no column is added for them.
        """
        actions: list[AddAction | RemoveAction] = [_add_action(part) for part in parts if part.rows]
        for part in parts:
            if not part.rows:
                part.path.unlink(missing_ok=True)
        if not actions and table in self._versions:
            return
        delta = self._table(table, columns)
        if actions:
            delta.create_write_transaction(actions, "append", delta.schema())
        self._versions[table] = DeltaTable(str(self.folder / table)).version()

    def change(self, table: str, key: str, rows: Path, columns: Sequence[Column]) -> None:
        """Give the rows of `table` the values that the Parquet file `rows` has for their key; other columns stay."""
        delta = self._table(table, columns)
        file = pq.ParquetFile(rows)
        updates = {f'"{name}"': f'new."{name}"' for name in file.schema_arrow.names if name != key}
        for batch in file.iter_batches(batch_size=_CHANGES_AT_ONCE):
            merge = delta.merge(
                pa.Table.from_batches([batch]),
                predicate=f'old."{key}" = new."{key}"',
                source_alias="new",
                target_alias="old",
            )
            merge.when_matched_update(updates).execute()
        self._versions[table] = DeltaTable(str(self.folder / table)).version()

    def commit(self, *, content: str, files: Sequence[str], summary: dict[str, Any]) -> ImportRecord:
        """Make everything written visible, as one import."""
        self._compact()
        record = ImportRecord(
            number=self.number,
            imported_at=datetime.now(UTC),
            content=content,
            files=tuple(files),
            tables=self._versions,
            summary=summary,
        )
        self._begin()
        write_import(self.folder, record)
        compact_imports(self.folder)
        return record

    def _begin(self) -> None:
        if not self._begun:
            mark_begun(self.folder, self.number)
            self._begun = True

    def _table(self, table: str, columns: Sequence[Column]) -> DeltaTable:
        self._begin()
        path = str(self.folder / table)
        if not DeltaTable.is_deltatable(path):
            return DeltaTable.create(path, to_schema(columns), configuration=KEEP_ALL)
        delta = DeltaTable(path)
        known = {column.name.casefold(): column for column in from_schema(delta.schema())}
        for column in columns:
            _check_fits(table, known.get(column.name.casefold(), column), column)
        fresh = [to_field(column) for column in columns if column.name.casefold() not in known]
        if fresh:
            delta.alter.add_columns(fresh)
            delta = DeltaTable(path)
        return delta

    def _compact(self) -> None:
        for table in self._versions:
            delta = DeltaTable(str(self.folder / table))
            if len(delta.file_uris()) > _MANY_FILES:
                delta.optimize.compact()
                self._versions[table] = DeltaTable(str(self.folder / table)).version()


def _check_fits(table: str, held: Column, brought: Column) -> None:
    if held.type != brought.type:
        raise Refused(
            f"Column '{held.name}' of {table} holds {held.type}, and this file brings {brought.type}.",
            hint="give the column another name in the mapping.",
        )
    if held.name != brought.name:
        raise Refused(
            f"{table} has a column '{held.name}', and this file brings '{brought.name}'.",
            hint="write both alike in the mapping: queries do not tell capitals apart.",
        )


def _add_action(part: Part) -> AddAction:
    stats = json.dumps({"numRecords": part.rows})
    return AddAction(part.path.name, part.path.stat().st_size, {}, int(time.time() * 1000), True, stats)
