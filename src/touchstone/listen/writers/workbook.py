"""Rows as an Excel workbook: texts are text cells and never formulas, numbers numbers, times dates in UTC."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from touchstone.core.errors import Refused
from touchstone.listen.writers.plain import as_text, moment

MOST_ROWS = 1_048_575  # of a sheet, below its header
MOST_COLUMNS = 16_384
LONGEST = 32_767  # characters of a cell, as UTF-16 counts them
_DIGITS = 15  # that a spreadsheet keeps
_TITLE = 25  # characters of a sheet's name, with room for a number
_FIRST = datetime(1900, 3, 1, tzinfo=UTC)  # before it, spreadsheets count a day that never was

Write = Callable[[Any, int, int, Any], None]


def write_workbook(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], title: str) -> None:
    """A workbook with one sheet called `title`, and further ones where the rows are more than a sheet holds.

    What a spreadsheet would change is written as text: numbers of more than 15 digits, times before March 1900 or with
    parts of a millisecond. Raises Refused for a text longer than a cell, or more columns than a sheet.
    """
    import xlsxwriter  # a tenth of a second

    if len(schema) > MOST_COLUMNS:
        raise Refused(f"A sheet has {MOST_COLUMNS:,} columns, and this is {len(schema):,}.", hint="choose --columns.")
    # rows leave memory as they are written
    with xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": str(path.parent)}) as workbook:
        sheets = _Sheets(workbook, schema, title)
        for batch in batches:
            columns = [as_text(column).to_pylist() for column in batch.columns]
            for cells in zip(*columns, strict=True):
                sheets.write(cells)


class _Exact(float):
    """A number that is written with all its digits; the writer alone would round it to 16."""

    def __format__(self, form: str) -> str:
        return repr(float(self))


class _Sheets:
    """The sheets of one workbook, a new one begun where the last is full."""

    def __init__(self, workbook: Any, schema: pa.Schema, title: str) -> None:
        self._workbook = workbook
        self._names = schema.names
        self._title = title[:_TITLE]
        self._bold = workbook.add_format({"bold": True})
        self._date = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._writers = [self._writer(field.type) for field in schema]
        self._wide = [22 if pa.types.is_timestamp(field.type) else 14 for field in schema]
        self._count = 0
        self._begin()

    def write(self, cells: Sequence[Any]) -> None:
        """One row."""
        if self._row > MOST_ROWS:
            self._begin()
        for place, (cell, writer) in enumerate(zip(cells, self._writers, strict=True)):
            if cell is not None:
                writer(self._sheet, self._row, place, cell)
        self._row += 1

    def _begin(self) -> None:
        self._count += 1
        name = self._title if self._count == 1 else f"{self._title} {self._count}"
        self._sheet = self._workbook.add_worksheet(name)
        for place, (head, wide) in enumerate(zip(self._names, self._wide, strict=True)):
            self._sheet.set_column(place, place, wide)
            self._sheet.write_string(0, place, head, self._bold)
        self._sheet.freeze_panes(1, 0)
        self._row = 1

    def _writer(self, kind: pa.DataType) -> Write:
        if pa.types.is_timestamp(kind):
            return self._time
        if pa.types.is_boolean(kind):
            return _boolean
        if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
            return _number
        return self._text

    def _time(self, sheet: Any, row: int, place: int, value: datetime) -> None:
        if value >= _FIRST and value.microsecond % 1000 == 0:
            sheet.write_datetime(row, place, value.replace(tzinfo=None), self._date)
        else:
            sheet.write_string(row, place, moment(value))

    def _text(self, sheet: Any, row: int, place: int, value: str) -> None:
        if len(value) > LONGEST // 2 and len(value.encode("utf-16-le")) // 2 > LONGEST:
            raise Refused(
                f"'{self._names[place]}' of row {row:,} has more than {LONGEST:,} characters, which no cell holds.",
                hint="export as CSV or Parquet, or leave the column out with --columns.",
            )
        sheet.write_string(row, place, value)


def _boolean(sheet: Any, row: int, place: int, value: bool) -> None:
    sheet.write_boolean(row, place, value)


def _number(sheet: Any, row: int, place: int, value: float | int | Decimal) -> None:
    if isinstance(value, float) or _fits(value):
        sheet.write_number(row, place, _Exact(value))
    else:
        sheet.write_string(row, place, format(value, "f") if isinstance(value, Decimal) else str(value))


def _fits(value: int | Decimal) -> bool:
    """Whether a spreadsheet keeps every digit."""
    return abs(value) < 10**_DIGITS and (
        isinstance(value, int) or len(format(value, "f").strip("-0").replace(".", "")) <= _DIGITS
    )
