"""The command as people run it, and a very small workspace that the tests of this folder read and never write."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.company import write_files

from touchstone.cli.main import main


@dataclass(frozen=True, slots=True)
class Run:
    """What one command left behind: its exit status, and what it printed where."""

    status: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.out)
        return found


Touchstone = Callable[..., Run]


@pytest.fixture
def touchstone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Touchstone:
    """Run `touchstone ARGS…` in folder `here`, as its entry point does."""
    monkeypatch.delenv("TOUCHSTONE_WORKSPACE", raising=False)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*args: object, here: Path | None = None) -> Run:
        if here is not None:
            monkeypatch.chdir(here)
        monkeypatch.setattr("sys.argv", ["touchstone", *map(str, args)])
        capsys.readouterr()
        status = 0
        try:
            main()
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        out, err = capsys.readouterr()
        return Run(status, out, err)

    return run


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company's files."""
    folder = tmp_path_factory.mktemp("exports")
    write_files(folder)
    return folder


@pytest.fixture(scope="session")
def company(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace into which the company's files were imported, through the function behind the command."""
    from touchstone.listen.add import add
    from touchstone.workspace import Workspace

    workspace = Workspace.create(
        tmp_path_factory.mktemp("work") / "company", name="Small & Co", timezone="Europe/Berlin"
    )
    add(workspace, [exports])
    return workspace.folder


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A workspace without data."""
    from touchstone.workspace import Workspace

    return Workspace.create(tmp_path / "fresh").folder
