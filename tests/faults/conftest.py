"""A fork server for the campaign of kills, and a look at all tables before and after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.parquet as pq
import pytest

from touchstone.core.nouns import NOUNS
from touchstone.workspace import Workspace

SERVER = Path(__file__).parent / "forkserver.py"
KILLED = -signal.SIGKILL


@dataclass
class ForkServer:
    process: subprocess.Popen[str]

    def start(self, workspace: Path, files: list[Path], **order: Any) -> int:
        """Start a trial and give its process number."""
        return self._told({"workspace": str(workspace), "files": [str(file) for file in files], **order})

    def ended(self, child: int) -> int:
        """How a trial ended: 0 imported, 1 nothing new, 3 refused, -9 killed."""
        return self._told({"ended": child})

    def run(self, workspace: Path, files: list[Path], **order: Any) -> int:
        return self.ended(self.start(workspace, files, **order))

    def _told(self, order: dict[str, Any]) -> int:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def killed_after(self, seconds: float, workspace: Path, files: list[Path]) -> int:
        """A trial that is killed so long after the first byte was written below data/."""
        child = self.start(workspace, files)
        begun = workspace / "data" / ".importing"
        while not begun.exists() and alive(child):
            time.sleep(0.0005)
        time.sleep(seconds)
        with suppress(ProcessLookupError):  # it had ended
            os.kill(child, signal.SIGKILL)
        return self.ended(child)


def alive(child: int) -> bool:
    try:
        return Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture(scope="session")
def forks() -> Iterator[ForkServer]:
    server = [sys.executable, str(SERVER)]
    with subprocess.Popen(server, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield ForkServer(process)
        assert process.stdin
        process.stdin.close()


Tables = dict[str, list[dict[str, Any]]]


def current(workspace: Path) -> Tables:
    """Every row of every table, as readers see them now; no key comes twice."""
    lake = Workspace.open(workspace).lake
    record = lake.record()
    tables: Tables = {}
    for name, version in (record.tables if record else {}).items():
        held = lake.files(name, version)
        parts = [pq.read_table(file).to_pylist() for file in held.files]
        empty = dict.fromkeys((column.name for column in held.columns), None)
        rows = [empty | row | {"set_aside_at": None} for part in parts for row in part]
        key = NOUNS[name].key
        assert len({row[key] for row in rows}) == len(rows), f"{name} has doubles"
        tables[name] = sorted(rows, key=lambda row: str(row[key]))
    return tables


def unknown_files(workspace: Path) -> set[str]:
    """What lies in the workspace and belongs to no finished import."""
    data = workspace / "data"
    found = {path for path in data.rglob("*") if path.is_file() and path.name != ".lock"}
    known = set()
    for log in data.glob("*/_delta_log"):
        for entry in log.glob("*.json"):
            known.add(entry)
            actions = [json.loads(line) for line in entry.read_text().splitlines()]
            known |= {log.parent / unquote(action["add"]["path"]) for action in actions if "add" in action}
    scratch = workspace / ".touchstone" / "scratch"
    return {str(path.relative_to(workspace)) for path in (found - known) | set(scratch.glob("*"))}
