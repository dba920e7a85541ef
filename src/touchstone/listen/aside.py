"""Rows that were refused before the engine saw them: the sidecar file of a `RawFile`, read back."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from touchstone.listen.rawfile import RawFile


def sidecar_rows(file: RawFile) -> Iterator[tuple[int, str, str]]:
    """Line number, reason and text of every refused row."""
    if file.aside is None:
        return
    with file.aside.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield int(row["row"]), row["reason"], row["line"]
