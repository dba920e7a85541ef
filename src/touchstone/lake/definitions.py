"""The table `definitions`: every version of what people define, oldest first; nothing is ever taken out of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake
from filelock import FileLock, Timeout

from touchstone.core.errors import Refused
from touchstone.lake.imports import KEEP_ALL

DEFINITIONS = "definitions"
_PATIENCE = 20.0  # seconds; a writer holds the place for milliseconds
_MANY_FILES = 64  # every version adds a small one


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a definition: its text, who wrote it and when.

    `hash` is the SHA-256 of `body`; `by_hand` says that it was found in its file and not saved by a command.
    """

    kind: str
    name: str
    version: int
    saved_at: datetime
    author: str
    by_hand: bool
    hash: str
    body: str


def read_versions(folder: Path) -> list[Version]:
    """Every version below the lake's `folder`, oldest first; none when nothing was defined yet."""
    path = folder / DEFINITIONS
    if not DeltaTable.is_deltatable(str(path)):
        return []
    files = [unquote(uri) for uri in DeltaTable(str(path)).file_uris()]
    rows = [row for file in files for row in pq.read_table(file, schema=_SCHEMA).to_pylist()]
    found = [Version(**row | {"saved_at": row["saved_at"].astimezone(UTC)}) for row in rows]
    return sorted(found, key=lambda one: (one.kind, one.name, one.version))


def append_versions(folder: Path, versions: list[Version]) -> None:
    """Add versions in one commit: all are there when this returns, none if it is stopped before."""
    rows = pa.Table.from_pylist([asdict(one) for one in versions], schema=_SCHEMA)
    path = str(folder / DEFINITIONS)
    write_deltalake(path, rows, mode="append", configuration=KEEP_ALL)
    delta = DeltaTable(path)
    if len(delta.file_uris()) > _MANY_FILES:
        delta.optimize.compact()


@contextmanager
def defining(folder: Path) -> Iterator[None]:
    """The one place of who writes definitions; imports have another, so neither waits for the other.

    Raises Refused when somebody else holds it for too long.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".definitions.lock")
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout:
        raise Refused(
            "Somebody else is saving a definition in this workspace.", hint="wait a moment, then try again."
        ) from None
    try:
        yield
    finally:
        lock.release()


_SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("name", pa.string()),
        ("version", pa.int64()),
        ("saved_at", pa.timestamp("us", tz="UTC")),
        ("author", pa.string()),
        ("by_hand", pa.bool_()),
        ("hash", pa.string()),
        ("body", pa.string()),
    ]
)
