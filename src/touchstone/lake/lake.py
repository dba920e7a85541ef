"""The lake: a folder of Delta tables that is read at one import's versions and written by one import at a time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from deltalake import DeltaTable
from filelock import FileLock, Timeout

from touchstone.core.errors import Refused
from touchstone.core.nouns import Column
from touchstone.lake.columns import from_schema
from touchstone.lake.imports import ImportRecord, import_numbered, read_imports
from touchstone.lake.writing import Writer

_PATIENCE = (0.1, 0.5, 2.0, 8.0, 30.0)  # seconds; five tries to get the writer's place


@dataclass(frozen=True, slots=True)
class TableFiles:
    """The Parquet files that make up one table at one version, and its columns."""

    name: str
    files: tuple[str, ...]
    columns: tuple[Column, ...]


class Lake:
    """Delta tables below `folder`. Readers see what the newest import names, or an older one by its number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def imports(self) -> list[ImportRecord]:
        """Every finished import, oldest first."""
        return read_imports(self.folder)

    def newest(self) -> ImportRecord | None:
        """The newest import, or None when there is none."""
        return max(self.imports(), key=lambda record: record.number, default=None)

    def record(self, number: int | None = None) -> ImportRecord | None:
        """The import to read: the newest, or the one with this number."""
        return self.newest() if number is None else import_numbered(self.imports(), number)

    def files(self, table: str, version: int) -> TableFiles:
        """The files and columns of `table` at `version`."""
        delta = DeltaTable(str(self.folder / table), version=version)
        files = tuple(sorted(unquote(uri) for uri in delta.file_uris()))
        return TableFiles(table, files, from_schema(delta.schema()))

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """The one writer's place. What an earlier, killed import left behind is discarded first.

        Raises Refused when another import holds the place after five tries.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / ".lock")
        _acquire(lock)
        try:
            newest = self.newest()
            self._discard_leftovers(newest)
            yield Writer(self.folder, newest)
        finally:
            lock.release()

    def _discard_leftovers(self, newest: ImportRecord | None) -> None:
        committed = newest.tables if newest else {}
        number = newest.number if newest else 0
        for folder in (path for path in self.folder.iterdir() if path.is_dir() and path.name != "imports"):
            if folder.name not in committed:
                shutil.rmtree(folder)
                continue
            delta = DeltaTable(str(folder))
            if delta.version() > committed[folder.name] and not _same_files(folder, delta, committed[folder.name]):
                delta.restore(committed[folder.name])
            for part in folder.glob("part-import-*.parquet"):
                if int(part.name.split("-")[2]) > number:
                    part.unlink()


def _same_files(folder: Path, delta: DeltaTable, version: int) -> bool:
    return set(delta.file_uris()) == set(DeltaTable(str(folder), version=version).file_uris())


def _acquire(lock: FileLock) -> None:
    for seconds in _PATIENCE:
        try:
            lock.acquire(timeout=seconds)
        except Timeout:
            continue
        return
    raise Refused("Another import is running in this workspace.", hint="wait until it has finished, then try again.")
