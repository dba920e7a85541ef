"""What a killed import left behind, taken away: log entries, files and folders that no finished import knows."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping as Dict
from pathlib import Path
from urllib.parse import unquote

_MARK = ".importing"
_ENTRY = re.compile(r"(\d{20})\.[^#]+")  # `…json#1` is an entry that was still being written
_NO_ENTRIES = {"_last_checkpoint"}
_LISTS = ("imports", "definitions")  # their own commits, belonging to no import


def mark_begun(folder: Path, number: int) -> None:
    """Say, before anything is written below `folder`, that import `number` has begun."""
    path = folder / _MARK
    with path.open("w", encoding="utf-8") as file:
        file.write(str(number))
        file.flush()
        os.fsync(file.fileno())


def begun(folder: Path) -> int | None:
    """The number of an import that began and did not end; None where there is none."""
    try:
        return int((folder / _MARK).read_text(encoding="utf-8") or 0)
    except FileNotFoundError:
        return None


def mark_ended(folder: Path) -> None:
    """Say that nothing unfinished is left below `folder`."""
    (folder / _MARK).unlink(missing_ok=True)


def discard(folder: Path, committed: Dict[str, int]) -> None:
    """Take every table below `folder` back to its `committed` version, and remove what no version up to it names.

    Versions are taken back from the newest, so that a kill in between leaves a shorter, whole log.
    """
    for table in (path for path in folder.iterdir() if path.is_dir() and path.name not in _LISTS):
        if table.name in committed:
            _take_back(table / "_delta_log", committed[table.name])
            _remove_unnamed(table)
        else:
            shutil.rmtree(table)
    if (folder / "imports").is_dir():
        _remove_unnamed(folder / "imports")


def _take_back(log: Path, version: int) -> None:
    newer = [(number, path) for path in log.iterdir() if (number := _version(path)) is not None and number > version]
    if any(".checkpoint" in path.name for _, path in newer):
        (log / "_last_checkpoint").unlink(missing_ok=True)  # only a hint: without it the log is listed
    for _, path in sorted(newer, reverse=True):
        path.unlink()


def _remove_unnamed(table: Path) -> None:
    """Remove files that no entry of the log names, and what is half written in the log itself."""
    log = table / "_delta_log"
    named = set()
    for entry in log.iterdir() if log.is_dir() else ():
        if _version(entry) is None:
            if entry.name not in _NO_ENTRIES:
                entry.unlink()
        elif entry.suffix == ".json":
            named |= _named(entry)
    for path in table.iterdir():
        if path.is_file() and path.name not in named:
            path.unlink()


def _named(entry: Path) -> set[str]:
    actions = (json.loads(line) for line in entry.read_text(encoding="utf-8").splitlines() if line)
    return {unquote(action["add"]["path"]) for action in actions if "add" in action}


def _version(path: Path) -> int | None:
    match = _ENTRY.fullmatch(path.name)
    return int(match[1]) if match else None
