"""The lake: a folder of Delta tables that is read at one import's versions and written by one import at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from touchstone.lake.leftovers import begun, discard, mark_ended
from touchstone.lake.writing import Writer

PATIENCE = (0.1, 0.5, 2.0, 8.0, 30.0)  # seconds; five tries to get the writer's place


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
    def writing(self, *, patience: Sequence[float] = PATIENCE) -> Iterator[Writer]:
        """The one writer's place. What an earlier, killed import left behind is discarded first; so is what this one
        wrote when it ends by an error.

        `patience` are the seconds that each try for the place waits. Raises Refused when another import holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / ".lock")
        _acquire(lock, patience)
        try:
            self._discard_leftovers()
            yield Writer(self.folder, self.imports())
        except BaseException:
            self._discard_leftovers()
            raise
        else:
            mark_ended(self.folder)
        finally:
            lock.release()

    def _discard_leftovers(self) -> None:
        number = begun(self.folder)
        if number is None:
            return
        newest = self.newest()
        if number - (newest.number if newest else 0) not in (0, 1):
            raise Refused(
                f"The list of imports in '{self.folder}' does not belong to the data beside it.",
                hint="restore the whole folder from a backup; nothing was changed.",
            )
        discard(self.folder, newest.tables if newest else {})
        mark_ended(self.folder)


def _acquire(lock: FileLock, patience: Sequence[float]) -> None:
    for seconds in patience:
        try:
            lock.acquire(timeout=seconds)
        except Timeout:
            continue
        return
    raise Refused("Another import is running in this workspace.", hint="wait until it has finished, then try again.")
