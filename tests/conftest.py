"""What many rooms test with: a simulated company that was imported once, the real files, and small workspaces."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from touchstone.cli.main import cli
from touchstone.core.mapping import Mapping as FileMapping
from touchstone.engine.data import Data
from touchstone.listen.add import ImportSummary, add
from touchstone.measure.metrics import metrics_of
from touchstone.report.compose import compose
from touchstone.report.story import Story
from touchstone.simulate import Company, write_company
from touchstone.workspace import Workspace

Rows = list[dict[str, str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The room that waits for Spark begins."""
    items.sort(key=lambda item: room_of(item.nodeid) != "engines")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A room's tests share what they need, so where there are several processes one of them runs them all."""
    from xdist.scheduler import LoadScopeScheduling

    class Rooms(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return room_of(nodeid)

    return Rooms(config, log)


def room_of(nodeid: str) -> str:
    """The folder under `tests` that a test lies in."""
    return nodeid.split("::")[0].split("/")[1]


@dataclass(frozen=True)
class Simulated:
    """A simulated company: its workspace, what was imported, its exports, and what is true about it."""

    workspace: Workspace
    data: Data
    summary: ImportSummary
    exports: Path
    truth: dict[str, Any]
    _read: dict[str, Rows] = field(default_factory=dict)

    def rows(self, name: str) -> Rows:
        """An export as it lies on the disk, a dictionary per line."""
        if name not in self._read:
            with (self.exports / name).open(encoding="utf-8", newline="") as lines:
                self._read[name] = list(csv.DictReader(lines))
        return self._read[name]


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """Fifteen hundred customers over two years, imported from their exports by `add` alone."""
    folder = tmp_path_factory.mktemp("company")
    written = write_company(Company(customers=1_500), folder / "exports")
    workspace = Workspace.create(folder / "workspace", name="Quillmoor Home", timezone="Europe/Berlin")
    summary = add(workspace, sorted((folder / "exports").glob("*.csv")))
    data = workspace.data()
    yield Simulated(workspace, data, summary, folder / "exports", written.truth)
    data.engine.close()


@pytest.fixture(scope="session")
def company(simulated: Simulated) -> Simulated:
    """The same by the name that most rooms use; some have a company of their own."""
    return simulated


@pytest.fixture
def imported(tmp_path: Path) -> Iterator[Callable[..., Data]]:
    """Makes a workspace of small files: `imported({"survey.csv": text}, mapping=…, timezone=…)` gives its data."""
    opened: list[Data] = []

    def make(files: Mapping[str, str], *, mapping: FileMapping | None = None, **settings: object) -> Data:
        folder = tmp_path / f"workspace-{len(opened)}"
        workspace = Workspace.create(folder / "home", **settings)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        add(workspace, [folder / name for name in files], mapping=mapping)
        opened.append(workspace.data())
        return opened[-1]

    yield make
    for data in opened:
        data.engine.close()


@pytest.fixture(scope="session")
def command() -> Callable[..., str]:
    """Runs the command in this process and gives what it printed; anything but success fails the test."""

    def run(*arguments: object) -> str:
        result = CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


@pytest.fixture(scope="session")
def records(command: Callable[..., str]) -> Callable[..., list[dict[str, Any]]]:
    """The same with --json."""

    def run(*arguments: object) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(command(*arguments, "--json"))
        return found

    return run


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files; without it the test is skipped and says why."""
    named = os.environ.get("TOUCHSTONE_REAL_DATA")
    if not named or not Path(named).is_dir():
        pytest.skip("the real files are not here: name their folder in TOUCHSTONE_REAL_DATA")
    return Path(named)


@pytest.fixture(scope="session")
def airport(real_data: Path, command: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the eight waves of the airport's survey, by one `touchstone add` of their folder."""
    folder = tmp_path_factory.mktemp("airport") / "workspace"
    command("init", folder, "--timezone", "America/Los_Angeles")
    command("add", real_data / "sfo_airport_survey", "-w", folder)
    return folder


@pytest.fixture(scope="session")
def shop(real_data: Path, command: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in pounds with the invoices of the online shop."""
    folder = tmp_path_factory.mktemp("shop") / "workspace"
    command("init", folder, "--timezone", "Europe/London", "--currency", "GBP")
    command("add", real_data / "online_retail", "-w", folder)
    return folder


@pytest.fixture(scope="session")
def help_desk(real_data: Path, command: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the incidents of the help desk."""
    folder = tmp_path_factory.mktemp("help_desk") / "workspace"
    command("init", folder)
    command("add", real_data / "it_incidents", "-w", folder)
    return folder


@pytest.fixture(scope="session")
def company_report(simulated: Simulated) -> Story:
    """The report that is composed from the simulated company."""
    settings = simulated.workspace.settings
    return compose(simulated.data, metrics_of(simulated.workspace.folder), name=settings.name, made_on=date(2026, 1, 5))
