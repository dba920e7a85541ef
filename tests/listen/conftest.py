"""A workspace to import into, and short ways to write a file, import it, and look at what landed."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from touchstone.core.mapping import from_toml
from touchstone.core.nouns import NOUNS
from touchstone.listen.add import FileSummary, ImportSummary, add
from touchstone.workspace import Workspace


@dataclass(frozen=True)
class Desk:
    """A workspace and a folder for files beside it."""

    workspace: Workspace
    folder: Path

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return path

    def add(self, *paths: Path, mapping: str | dict[str, Any] | None = None, **options: Any) -> ImportSummary:
        data = tomllib.loads(mapping) if isinstance(mapping, str) else mapping
        return add(self.workspace, list(paths), mapping=from_toml(data) if data else None, **options)

    def take(
        self, text: str, mapping: str | dict[str, Any] | None = None, *, name: str = "f.csv", **options: Any
    ) -> FileSummary:
        """Import `text` as one file and check that every row of it is accounted for."""
        return accounted(self.add(self.write(name, text), mapping=mapping, **options).files[0])

    def rows(self, table: str, *columns: str, as_of: int | None = None) -> list[Any]:
        """The rows of a table by key: values of `columns`, bare where it is one."""
        data = self.workspace.data(as_of=as_of)
        try:
            query = data.table(table)
            found = data.fetch(query.order_by(NOUNS[table].key)).rows
        finally:
            data.engine.close()  # type: ignore[attr-defined]
        if len(columns) == 1:
            return [row[columns[0]] for row in found]
        return [tuple(row[name] for name in columns) for row in found] if columns else found


def accounted(file: FileSummary) -> FileSummary:
    assert file.rows_read == file.rows_taken + file.repeated + file.merged + file.left_out + file.rows_aside
    assert file.records == file.new + file.changed + file.unchanged
    return file


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(Workspace.create(tmp_path / "workspace", timezone="UTC"), tmp_path / "files")


@pytest.fixture
def desk_in(tmp_path: Path) -> Callable[[str], Desk]:
    """A desk in another time zone."""

    def make(zone: str) -> Desk:
        folder = tmp_path / zone.replace("/", "-")
        return Desk(Workspace.create(folder / "workspace", timezone=zone), folder / "files")

    return make
