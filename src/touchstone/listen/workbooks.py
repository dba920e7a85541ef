"""Spreadsheets (XLSX, XLSM, XLSB, XLS, ODS): each visible sheet with something in it is a table."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from touchstone.core.errors import BadFile
from touchstone.listen.archives import declared_size
from touchstone.listen.footers import Footers
from touchstone.listen.grids import check_reach
from touchstone.listen.layout import HEAD_RECORDS, table
from touchstone.listen.rawfile import RawFile
from touchstone.listen.records import Record
from touchstone.listen.textfiles import rewritten

MOST_UNPACKED = 4 * 1024**3  # bytes of XML; a full sheet of a million rows has about one tenth of it
_EXACT = 10**15  # a spreadsheet keeps 15 digits

Cell = int | float | str | bool | time | date | datetime | timedelta


def read_workbook(path: Path, *, name: str, scratch: Path, skip: Callable[[str], None]) -> Iterator[RawFile]:
    """Every visible sheet that is not empty, as a CSV in `scratch`; the others are named to `skip`.

    The reader holds one sheet in memory at a time. Raises `BadFile` for a damaged or password-protected workbook.
    """
    if zipfile.is_zipfile(path) and declared_size(path) > MOST_UNPACKED:
        raise BadFile(f"{name} unpacks to more than {MOST_UNPACKED / 1e9:.0f} GB.", hint="export it as CSV instead.")
    if zipfile.is_zipfile(path):
        check_reach(path, name)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    workbook = _opened(path, name)
    for sheet in workbook.sheets_metadata:
        shown = f"{name}/{sheet.name}"
        if "WorkSheet" not in str(sheet.typ):
            skip(f"{shown} was left out: it is not a table.")
        elif "Hidden" in str(sheet.visible):
            skip(f"{shown} was left out: the sheet is hidden.")
        else:
            own = digest.copy()
            own.update(b"\0" + sheet.name.encode("utf-8", "replace"))
            yield from _sheet(workbook, sheet.name, shown, own.hexdigest(), scratch, skip)


def text(value: Cell) -> str:
    """A cell as text: dates in ISO form, whole numbers without the `.0` that a spreadsheet keeps them with."""
    match value:
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)
        case datetime():
            return value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
        case _:
            return str(value)


def _opened(path: Path, name: str) -> Any:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError  # loads a native library

    try:
        return CalamineWorkbook.from_path(path)
    except PasswordError:
        raise BadFile(f"{name} is protected by a password.", hint="save it without one, and try again.") from None
    except (CalamineError, OSError) as error:
        reason = str(error).rstrip(".")
        raise BadFile(f"{name} cannot be read as a spreadsheet: {reason}.", hint="save it again, or as CSV.") from None


def _sheet(
    workbook: Any, sheet: str, shown: str, sha256: str, scratch: Path, skip: Callable[[str], None]
) -> Iterator[RawFile]:
    from python_calamine import CalamineError

    try:
        contents = workbook.get_sheet_by_name(sheet)
        head = [[text(cell) for cell in row] for row in islice(contents.iter_rows(), HEAD_RECORDS)]
    except CalamineError as error:
        raise BadFile(f"{shown} cannot be read: {str(error).rstrip('.')}.", hint="save it again, or as CSV.") from None
    if not any(any(row) for row in head):
        skip(f"{shown} was left out: the sheet is empty.")
        return
    lost = _LostDigits()
    first = (contents.start or (0, 0))[0] + 1
    rows = (Record(number, lost.watched(row)) for number, row in enumerate(contents.iter_rows(), first))
    found = table(head, name=shown)
    footers = Footers(found.width)
    raw = rewritten(rows, found, name=shown, sha256=sha256, encoding="spreadsheet", scratch=scratch, footers=footers)
    yield replace(raw, notes=(*raw.notes, *lost.notes()))


class _LostDigits:
    """Turns rows into text and counts the numbers that were longer than a spreadsheet can keep."""

    def __init__(self) -> None:
        self._count = 0

    def watched(self, row: Sequence[Cell]) -> list[str]:
        self._count += sum(1 for cell in row if type(cell) is float and abs(cell) >= _EXACT and cell.is_integer())
        cells = [text(cell) for cell in row]
        return cells if any(cells) else []

    def notes(self) -> list[str]:
        if not self._count:
            return []
        return [
            f"{self._count:,} numbers have more than 15 digits: the spreadsheet has lost the rest; store ids as text."
        ]
