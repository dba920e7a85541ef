"""How far the cells of a workbook reach: its reader holds every cell between the first and the last, empty or not."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from touchstone.core.errors import BadFile

MOST_CELLS = 60_000_000
_SPARSE_FROM, _SPARSE = 5_000_000, 20  # cells between the corners, and how many of them there are for each that is held
_CHUNK = 1 << 20
_OVERLAP = 32
_PLACE = re.compile(rb"""\br=["']([A-Za-z]{1,3})(\d{1,7})["']""")


def check_reach(path: Path, name: str) -> None:
    """`BadFile` where the sheets of a zipped workbook spread few cells over a plane that no memory holds.

    Damaged archives pass: opening them says what is wrong.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.filename.endswith(".xml") and "sharedStrings" not in info.filename:
                    with archive.open(info) as file:
                        _check(_Reach(_parts(file)), name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError):
        return


class _Reach:
    """The corners of all cells that the parts of a sheet name, and how many there are."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self.held = 0
        columns: set[bytes] = set()
        lines: list[int] = []
        for part in parts:
            places = _PLACE.findall(part)
            if places:
                self.held += len(places)
                columns.update(letters.upper() for letters, _ in places)
                numbers = {int(digits) for _, digits in places}
                lines += [min(numbers), max(numbers)]
        numbered = [_number(letters) for letters in columns]
        self.rows = max(lines) - min(lines) + 1 if lines else 0
        self.columns = max(numbered) - min(numbered) + 1 if numbered else 0


def _check(reach: _Reach, name: str) -> None:
    cells = reach.rows * reach.columns
    if cells > MOST_CELLS or (cells > _SPARSE_FROM and cells > _SPARSE * reach.held):
        raise BadFile(
            f"{name} has a sheet that reaches over {reach.rows:,} rows and {reach.columns:,} columns.",
            hint="delete stray cells far from the table and save it again, or export the sheet as CSV.",
        )


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    """The contents in pieces that overlap, so that no place is cut in two."""
    rest = b""
    while chunk := file.read(_CHUNK):
        yield rest + chunk
        rest = chunk[-_OVERLAP:]


def _number(letters: bytes) -> int:
    """A column's letters as its number: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
