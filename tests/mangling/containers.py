"""Manglings of what a table is packed in: gzip, zip, workbooks, Parquet, JSON, SPSS."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from tests.mangling.case import Case, Effect, Row, packed
from tests.mangling.catalogue import family, mangling, plain
from tests.mangling.good import LAYOUTS

Pairs = list[tuple[str, Any]]


def _gz(change: Callable[[bytes], bytes], case: Case) -> None:
    def pack(one: Case, folder: Path) -> Path:
        path = folder / f"{one.good.name}.gz"
        path.write_bytes(change(one.data()))
        return path

    case.pack = pack


def _gz_refused(change: Callable[[bytes], bytes], case: Case) -> None:
    _gz(change, case)
    case.must_refuse = True


family(
    "containers",
    {
        "gzip": packed,
        "gzip_in_two_parts": lambda data: packed(data[: len(data) // 2]) + packed(data[len(data) // 2 :]),
        "gzip_with_zeros_behind": lambda data: packed(data) + bytes(100),
        "gzip_uncompressed": lambda data: gzip.compress(data, 0, mtime=0),
    },
    _gz,
)
family(
    "containers",
    {
        "gzip_cut_short": lambda data: packed(data)[:-20],
        "gzip_cut_in_the_middle": lambda data: packed(data)[: len(packed(data)) // 2],
        "gzip_of_ten_bytes": lambda data: packed(data)[:10],
        "gzip_with_a_wrong_sum": lambda data: packed(data)[:-8] + b"\1\2\3\4" + packed(data)[-4:],
        "gzip_with_a_wrong_length": lambda data: packed(data)[:-4] + b"\1\2\3\4",
        "gzip_with_damage": lambda data: packed(data)[:60] + b"\xff" * 40 + packed(data)[100:],
        "gzip_with_rubbish_behind": lambda data: packed(data) + b"rubbish" * 5,
        "gzip_in_gzip": lambda data: packed(packed(data)),
        "gzip_of_nothing": lambda data: packed(b""),
        "bzip2_called_gz": bz2.compress,
    },
    _gz_refused,
)


def _zipped(entries: Pairs, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


def _zip(make: Callable[[str, bytes], bytes], case: Case) -> None:
    def pack(one: Case, folder: Path) -> Path:
        path = folder / "export.zip"
        path.write_bytes(make(one.good.name, one.data()))
        return path

    case.pack = pack


def _zip_refused(make: Callable[[str, bytes], bytes], case: Case) -> None:
    _zip(make, case)
    case.must_refuse = True


def _encrypted(name: str, data: bytes) -> bytes:
    """The flag that says a member is locked, in both places."""
    content = bytearray(_zipped([(name, data)]))
    content[6] |= 1
    content[content.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def _lying(name: str, data: bytes) -> bytes:
    """A member that says it is small."""
    content = bytearray(_zipped([(name, data)]))
    at = content.rfind(b"PK\x01\x02") + 24
    content[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(content)


def _wrong_sum(name: str, data: bytes) -> bytes:
    content = bytearray(_zipped([(name, data)]))
    at = content.rfind(b"PK\x01\x02") + 16
    content[at : at + 4] = b"\1\2\3\4"
    return bytes(content)


family(
    "containers",
    {
        "zip": lambda name, data: _zipped([(name, data)]),
        "zip_stored": lambda name, data: _zipped([(name, data)], zipfile.ZIP_STORED),
        "zip_of_bzip2": lambda name, data: _zipped([(name, data)], zipfile.ZIP_BZIP2),
        "zip_of_lzma": lambda name, data: _zipped([(name, data)], zipfile.ZIP_LZMA),
        "zip_with_a_folder": lambda name, data: _zipped([("a/", b""), (f"a/{name}", data)]),
        "zip_that_climbs_out": lambda name, data: _zipped([(f"../../../../tmp/{name}", data)]),
        "zip_with_a_root_path": lambda name, data: _zipped([(f"/etc/{name}", data)]),
        "zip_with_backslashes": lambda name, data: _zipped([(f"..\\a\\{name}", data)]),
        "zip_of_a_mac": lambda name, data: _zipped([(name, data), (f"__MACOSX/._{name}", b"\0\5\26\7")]),
        "zip_with_a_read_me": lambda name, data: _zipped([(name, data), ("zz.md", b"# Read me\n\nplease\n")]),
        "zip_with_a_picture": lambda name, data: _zipped([("a.png", b"\x89PNG\r\n\x1a\n" + bytes(99)), (name, data)]),
        "zip_with_an_empty_file": lambda name, data: _zipped([("a.csv", b""), (name, data)]),
        "zip_with_a_zip": lambda name, data: _zipped(
            [(name, data), ("inner.zip", _zipped([("x.csv", b"a,b\n1,2\n")]))]
        ),
        "zip_with_a_strange_name": lambda name, data: _zipped([(f"\u202e\n\x1b[31m'\"{name}", data)]),
        "zip_with_a_remark": lambda name, data: _zipped([(name, data)])[:-2] + (9).to_bytes(2, "little") + b"a remark.",
    },
    _zip,
)
family(
    "containers",
    {
        "zip_locked": _encrypted,
        "zip_that_lies": _lying,
        "zip_with_a_wrong_sum": _wrong_sum,
        "zip_cut_short": lambda name, data: _zipped([(name, data)])[:-30],
        "zip_cut_in_the_middle": lambda name, data: _zipped([(name, data)])[: len(data) // 8],
        "zip_of_nothing": lambda name, data: _zipped([]),
        "zip_of_a_zip": lambda name, data: _zipped([("inner.zip", _zipped([(name, data)]))]),
        "zip_of_a_gzip_of_a_zip": lambda name, data: _zipped([("x.gz", packed(_zipped([(name, data)])))]),
        "zip_with_damage": lambda name, data: (
            _zipped([(name, data)])[:80] + b"\xff" * 60 + _zipped([(name, data)])[140:]
        ),
        "zip_with_an_unknown_method": lambda name, data: _zipped([(name, data)]).replace(b"\x08\x00", b"\x63\x00"),
    },
    _zip_refused,
)


@mangling("containers")
def zip_with_the_same_file_twice(case: Case) -> None:
    """What was imported before is not imported again."""
    _zip(lambda name, data: _zipped([(f"a/{name}", data), (f"b/{name}", data)]), case)


@mangling("containers", needs=plain)
def zip_of_two_halves(case: Case) -> None:
    """Two files with half of the rows each."""

    def pack(one: Case, folder: Path) -> Path:
        rows, half = one.rows, len(one.rows) // 2
        parts = []
        for number, part in enumerate((rows[:half], rows[half:])):
            one.rows = part
            parts.append((f"{number}-{one.good.name}", one.data()))
        one.rows = rows
        (folder / "halves.zip").write_bytes(_zipped(parts))
        return folder / "halves.zip"

    case.pack = pack
    case.touch(Effect.SAME)


# Workbooks


def _book(write: Callable[[Case, Any, Any], None], case: Case, options: dict[str, Any] | None = None) -> None:
    def pack(one: Case, folder: Path) -> Path:
        path = folder / "book.xlsx"
        with xlsxwriter.Workbook(str(path), options or {}) as book:
            write(one, book, book.add_worksheet("Data"))
        return path

    case.pack = pack


def _lines(case: Case) -> list[list[str]]:
    return [*case.heads, *(row.cells for row in case.rows)]


def _texts(case: Case, book: Any, sheet: Any, top: int = 0, left: int = 0) -> None:
    for down, cells in enumerate(_lines(case)):
        for right, cell in enumerate(cells):
            sheet.write_string(top + down, left + right, cell)


def _typed(case: Case, book: Any, sheet: Any) -> None:
    """Numbers as numbers and times as serial days."""
    form = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for right, cell in enumerate(case.heads[0]):
        sheet.write_string(0, right, cell)
    for down, row in enumerate(case.rows, 1):
        for right, cell in enumerate(row.cells[: len(case.heads[0])]):
            header = case.heads[0][right]
            if cell and header in case.good.dates:
                at = datetime.fromisoformat(cell.replace("Z", "+00:00")).replace(tzinfo=None)
                sheet.write_datetime(down, right, at, form)
            elif cell and header in case.good.numbers:
                sheet.write_number(down, right, float(cell))
            elif cell:
                sheet.write_string(down, right, cell)


def _hidden(case: Case, book: Any, sheet: Any) -> None:
    _texts(case, book, sheet)
    other = book.add_worksheet("Old")
    _texts(case, book, other)
    other.hide()
    veiled = book.add_worksheet("Lists")
    veiled.write_string(0, 0, "a")
    veiled.very_hidden()


def _titled(case: Case, book: Any, sheet: Any) -> None:
    sheet.merge_range(0, 0, 0, 3, "Export of everything")
    _texts(case, book, sheet, top=2)


def _charted(case: Case, book: Any, sheet: Any) -> None:
    _texts(case, book, sheet)
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "=Data!$A$1:$A$5"})
    book.add_chartsheet("Chart").set_chart(chart)
    book.add_worksheet("Empty")


def _coloured(case: Case, book: Any, sheet: Any) -> None:
    _texts(case, book, sheet)
    sheet.autofilter(0, 0, len(case.rows), len(case.heads[0]) - 1)
    sheet.freeze_panes(1, 0)
    sheet.write_comment(1, 1, "please check")
    sheet.set_row(2, None, None, {"hidden": True})


def _blank_rows(case: Case, book: Any, sheet: Any) -> None:
    for down, cells in enumerate(_lines(case)):
        for right, cell in enumerate(cells):
            sheet.write_string(down + (2 if down >= len(case.heads) + 3 else 0), right, cell)
    sheet.write_blank(len(case.rows) + 30, 0, None, book.add_format({"bold": True}))


family(
    "containers",
    {
        "workbook_of_texts": _texts,
        "workbook_with_hidden_sheets": _hidden,
        "workbook_with_a_chart": _charted,
        "workbook_with_filters_and_notes": _coloured,
        "workbook_with_blank_rows": _blank_rows,
        "workbook_that_begins_further_down": lambda case, book, sheet: _texts(case, book, sheet, top=4, left=0),
        "workbook_that_begins_further_right": lambda case, book, sheet: _texts(case, book, sheet, top=2, left=3),
        "workbook_with_a_title": _titled,
    },
    _book,
    alone=True,
)
family("containers", {"workbook_of_types": _typed}, _book, needs=plain, alone=True)


@mangling("containers", needs=plain, alone=True)
def workbook_of_1904(case: Case) -> None:
    """The other day that serial days begin with."""
    _book(_typed, case, {"date_1904": True})


@mangling("containers", needs=plain, alone=True)
def workbook_of_formulas(case: Case) -> None:
    """Numbers that are computed, with the value that was saved."""

    def write(one: Case, book: Any, sheet: Any) -> None:
        _texts(one, book, sheet)
        for header in one.good.numbers:
            place = one.column(header)
            for down, row in enumerate(one.rows, 1):
                if row.cells[place]:
                    sheet.write_formula(down, place, f"={row.cells[place]}+0", None, float(row.cells[place]))

    _book(write, case)


@mangling("containers", needs=plain, alone=True)
def workbook_of_errors(case: Case) -> None:
    """A cell with an error in it is no number."""
    rows = case.some(3)
    for row in rows:
        row.touch()

    def write(one: Case, book: Any, sheet: Any) -> None:
        _texts(one, book, sheet)
        for header in one.good.numbers:
            for row in rows:
                sheet.write_formula(one.rows.index(row) + 1, one.column(header), "=1/0", None, "#DIV/0!")

    _book(write, case)


@mangling("containers", needs=plain, alone=True)
def workbook_of_long_numbers(case: Case) -> None:
    """Ids of 18 digits kept as numbers: their last digits are gone, and it is said."""
    place = case.column(case.good.key)
    case.touch()
    case.says.append("more than 15 digits")

    def write(one: Case, book: Any, sheet: Any) -> None:
        _texts(one, book, sheet)
        for down, _ in enumerate(one.rows, 1):
            sheet.write_number(down, place, 123456789012345600 + down * 1000)

    _book(write, case)


@mangling("containers", needs=plain, alone=True)
def workbook_of_two_sheets(case: Case) -> None:
    """Half of the rows in each."""

    def write(one: Case, book: Any, sheet: Any) -> None:
        rows, half = one.rows, len(one.rows) // 2
        for part, target in ((rows[:half], sheet), (rows[half:], book.add_worksheet("More"))):
            one.rows = part
            _texts(one, book, target)
        one.rows = rows

    _book(write, case)
    case.touch(Effect.SAME)


@mangling("containers", needs=plain, alone=True)
def workbook_with_notes_beside(case: Case) -> None:
    """A second sheet that is no table of ours."""

    def write(one: Case, book: Any, sheet: Any) -> None:
        _texts(one, book, sheet)
        other = book.add_worksheet("Notes")
        other.write_string(0, 0, "Please ask Ada before you use this.")

    _book(write, case)
    case.may_refuse = True


def _spoilt_book(change: Callable[[bytes], bytes], case: Case) -> None:
    def pack(one: Case, folder: Path) -> Path:
        path = folder / "book.xlsx"
        with xlsxwriter.Workbook(str(path)) as book:
            _texts(one, book, book.add_worksheet())
        path.write_bytes(change(path.read_bytes()))
        return path

    case.pack = pack
    case.must_refuse = True


family(
    "containers",
    {
        "workbook_cut_short": lambda data: data[:-200],
        "workbook_cut_in_the_middle": lambda data: data[: len(data) // 2],
        "workbook_with_damage": lambda data: data[:300] + b"\xff" * 2000 + data[2300:],
        "workbook_locked": lambda data: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000),
        "workbook_without_sheets": lambda data: _zipped([("[Content_Types].xml", "<Types/>")]),
        "workbook_of_broken_markup": lambda data: _rezipped(
            data, "xl/worksheets/sheet1.xml", lambda text: text[: len(text) // 2]
        ),
        "workbook_without_its_texts": lambda data: _rezipped(data, "xl/workbook.xml", lambda text: b"<oops"),
    },
    _spoilt_book,
    alone=True,
)


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _rezipped(data: bytes, member: str, change: Callable[[bytes], bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [(info.filename, archive.read(info)) for info in archive.infolist()]
    return _zipped([(name, change(content) if name == member else content) for name, content in entries])


def _old_excel(text: Callable[[Case], str], case: Case) -> None:
    """What web tools call Excel."""
    case.may_refuse = True
    case.touch()
    case.unknowable = True

    def pack(one: Case, folder: Path) -> Path:
        (folder / "export.xls").write_text(text(one), encoding="utf-8", errors="replace")
        return folder / "export.xls"

    case.pack = pack


def _page(case: Case) -> str:
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in line) + "</tr>\n" for line in _lines(case))
    return f"<html><body><table>\n{rows}</table></body></html>\n"


def _spreadsheet_ml(case: Case) -> str:
    rows = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{cell}</Data></Cell>' for cell in line) + "</Row>\n"
        for line in _lines(case)
    )
    return f'<?xml version="1.0"?>\n<Workbook><Worksheet ss:Name="a"><Table>\n{rows}</Table></Worksheet></Workbook>\n'


family("containers", {"page_called_xls": _page, "markup_called_xls": _spreadsheet_ml}, _old_excel, alone=True)


# Parquet


def _table(case: Case) -> pa.Table:
    names = case.heads[0]
    columns = [[row.cells[place] or None for row in case.rows] for place in range(len(names))]
    return pa.table([pa.array(column, pa.string()) for column in columns], names=names)


def _parquet(change: Callable[[Case, pa.Table], pa.Table], case: Case) -> None:
    def pack(one: Case, folder: Path) -> Path:
        pq.write_table(change(one, _table(one)), folder / "export.parquet")
        return folder / "export.parquet"

    case.pack = pack


def _with(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.append_column(name, values)


def _empty(table: pa.Table, name: str) -> pa.Table:
    return _with(table, name, pa.nulls(len(table), pa.string()))


def _times(table: pa.Table, place: int) -> list[datetime | None]:
    texts = table.column(place).to_pylist()
    return [datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None for text in texts]


def _types(case: Case, table: pa.Table) -> pa.Table:
    for name in case.good.numbers:
        place = case.heads[0].index(name)
        numbers = [float(value) if value else None for value in table.column(place).to_pylist()]
        table = table.set_column(place, name, pa.array(numbers, pa.float64()))
    for name in case.good.dates:
        place = case.heads[0].index(name)
        times = [
            datetime.fromisoformat(value.replace("Z", "+00:00")) if value else None
            for value in table.column(place).to_pylist()
        ]
        table = table.set_column(
            place, name, pa.array([at.replace(tzinfo=None) if at else None for at in times], pa.timestamp("us"))
        )
    return table


def _zoned(case: Case, table: pa.Table) -> pa.Table:
    for name in case.good.dates:
        place = case.heads[0].index(name)
        times = [
            datetime.fromisoformat(value.replace("Z", "+00:00")) if value else None
            for value in table.column(place).to_pylist()
        ]
        table = table.set_column(place, name, pa.array(times, pa.timestamp("us", tz="America/New_York")))
    return table


def _repeated(kind: pa.DataType, value: object) -> Callable[[Case, pa.Table], pa.Table]:
    return lambda case, table: _with(table, "zz", pa.array([value] * len(table), kind))


family(
    "containers",
    {
        "parquet_of_texts": lambda case, table: table,
        "parquet_of_types": _types,
        "parquet_of_zoned_times": _zoned,
        "parquet_of_dictionaries": lambda case, table: pa.table(
            [column.dictionary_encode() for column in table.columns], names=table.column_names
        ),
        "parquet_of_large_texts": lambda case, table: pa.table(
            [column.cast(pa.large_string()) for column in table.columns], names=table.column_names
        ),
        "parquet_with_lists": _repeated(pa.list_(pa.int64()), [1, 2]),
        "parquet_with_structs": _repeated(pa.struct([("a", pa.int64()), ("b", pa.string())]), {"a": 1, "b": "x"}),
        "parquet_with_maps": _repeated(pa.map_(pa.string(), pa.int64()), [("a", 1)]),
        "parquet_with_bytes": _repeated(pa.binary(), b"\xff\x00\xfe"),
        "parquet_with_unsigned": _repeated(pa.uint64(), 2**64 - 1),
        "parquet_with_decimals": _repeated(pa.decimal128(38, 10), None),
        "parquet_with_days": _repeated(pa.date32(), 20_000),
        "parquet_with_clocks": _repeated(pa.time64("us"), 1),
        "parquet_with_nanoseconds": _repeated(pa.timestamp("ns"), 1_700_000_000_123_456_789),
        "parquet_with_durations": _repeated(pa.duration("s"), 5),
        "parquet_with_nothing": lambda case, table: _with(table, "zz", pa.nulls(len(table))),
        "parquet_with_nan": _repeated(pa.float64(), float("nan")),
        "parquet_with_halves": _repeated(pa.float32(), 0.1),
        "parquet_with_hostile_names": lambda case, table: _empty(_empty(table, 'a"b'), "a'b;--"),
        "parquet_with_names_that_differ_in_case": lambda case, table: _empty(_empty(table, "ZZ"), "zz"),
    },
    _parquet,
    needs=plain,
    alone=True,
)


@mangling("containers", needs=plain, alone=True)
def parquet_with_the_same_name_twice(case: Case) -> None:
    _parquet(
        lambda one, table: _with(_with(table, "zz", pa.array(["1"] * len(table))), "zz", pa.array(["2"] * len(table))),
        case,
    )
    case.may_refuse = True


@mangling("containers", needs=plain, alone=True)
def parquet_without_rows(case: Case) -> None:
    case.rows = []
    _parquet(lambda one, table: table, case)
    case.may_refuse = True


@mangling("containers", needs=plain, alone=True)
def parquet_without_columns(case: Case) -> None:
    _parquet(lambda one, table: table.select([]), case)
    case.must_refuse = True


@mangling("containers", needs=plain, alone=True)
def parquet_of_bytes(case: Case) -> None:
    """Ids and texts kept as bytes that are text: they arrive as the text, or it is said."""
    _parquet(
        lambda one, table: pa.table([column.cast(pa.binary()) for column in table.columns], names=table.column_names),
        case,
    )
    case.touch(Effect.SAME)


def _spoilt_parquet(change: Callable[[bytes], bytes], case: Case) -> None:
    def pack(one: Case, folder: Path) -> Path:
        path = folder / "export.parquet"
        pq.write_table(_table(one), path)
        path.write_bytes(change(path.read_bytes()))
        return path

    case.pack = pack
    case.must_refuse = True


family(
    "containers",
    {
        "parquet_cut_short": lambda data: data[:-100],
        "parquet_of_four_letters": lambda data: b"PAR1",
        "parquet_with_a_broken_footer": lambda data: data[:-300] + b"\xff" * 250 + data[-50:],
        "parquet_with_damaged_pages": lambda data: b"PAR1" + b"\xff" * 400 + data[404:],
    },
    _spoilt_parquet,
    needs=plain,
    alone=True,
)


# JSON


def _objects(case: Case) -> list[dict[str, Any]]:
    return [dict(zip(case.heads[0], row.cells, strict=False)) for row in case.rows]


def _json(write: Callable[[list[dict[str, Any]]], str], case: Case, name: str = "export.json") -> None:
    def pack(one: Case, folder: Path) -> Path:
        (folder / name).write_bytes(write(_objects(one)).encode("utf-8", "surrogatepass"))
        return folder / name

    case.pack = pack


def _jsonl(change: Callable[[dict[str, Any]], str], case: Case) -> None:
    _json(lambda objects: "".join(change(item) + "\n" for item in objects), case, "export.jsonl")


def _filled(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if value}


_MIXED = (1, "a", None, True, 1.5)


def _shuffled(item: dict[str, Any]) -> str:
    return json.dumps({key: item[key] for key in sorted(item, key=lambda key: key[::-1])})


family(
    "containers",
    {
        "json_lines": json.dumps,
        "json_lines_of_real_letters": lambda item: json.dumps(item, ensure_ascii=False),
        "json_lines_without_blanks": lambda item: json.dumps(item, separators=(",", ":")),
        "json_lines_with_nulls": lambda item: json.dumps({key: value or None for key, value in item.items()}),
        "json_lines_without_empty_names": lambda item: json.dumps(_filled(item)),
        "json_lines_in_another_order": _shuffled,
        "json_lines_with_nesting": lambda item: json.dumps(item | {"zz": {"a": {"b": [1, {"c": None}]}}}),
        "json_lines_with_mixed_types": lambda item: json.dumps(
            item | {"zz": [1, "a", None, True, 1.5][len(str(item)) % 5]}
        ),
        "json_lines_with_long_numbers": lambda item: (
            json.dumps(item)[:-1] + ', "zz": 123456789012345678901234567890.123456789}'
        ),
        "json_lines_with_nan": lambda item: json.dumps(item)[:-1] + ', "zz": NaN, "yy": -Infinity}',
        "json_lines_with_lone_surrogates": lambda item: json.dumps(item)[:-1] + ', "zz": "a\\ud800b"}',
        "json_lines_with_nul_letters": lambda item: json.dumps(item)[:-1] + ', "zz": "a\\u0000b"}',
        "json_lines_with_a_name_twice": lambda item: json.dumps(item)[:-1] + ', "zz": 1, "zz": 2}',
        "json_lines_with_an_empty_name": lambda item: json.dumps(item)[:-1] + ', "": 1, " ": 2}',
        "json_lines_with_blank_lines": lambda item: json.dumps(item) + "\n\n",
        "json_lines_with_huge_exponents": lambda item: json.dumps(item)[:-1] + ', "zz": 1e999999999}',
    },
    _jsonl,
    needs=plain,
    alone=True,
)
family(
    "containers",
    {
        "json_array": json.dumps,
        "json_array_of_lines": lambda objects: "[\n" + ",\n".join(map(json.dumps, objects)) + "\n]\n",
        "json_array_indented": lambda objects: json.dumps(objects, indent=4),
        "json_array_marked": lambda objects: "\ufeff" + json.dumps(objects),
        "json_wrapped": lambda objects: json.dumps({"page": 1, "data": objects, "next": None}),
        "json_wrapped_indented": lambda objects: json.dumps({"meta": {"n": len(objects)}, "data": objects}, indent=1),
    },
    _json,
    needs=plain,
    alone=True,
)


def _json_refused(write: Callable[[list[dict[str, Any]]], str], case: Case) -> None:
    _json(write, case)
    case.must_refuse = True


family(
    "containers",
    {
        "json_array_cut_short": lambda objects: json.dumps(objects)[:-50],
        "json_array_never_closed": lambda objects: json.dumps(objects)[:-1],
        "json_wrapped_cut_short": lambda objects: json.dumps({"data": objects})[:-30],
        "json_of_numbers": lambda objects: json.dumps([1, 2, 3]),
        "json_of_one_word": lambda objects: '"nothing"',
        "json_of_an_empty_array": lambda objects: "[]",
        "json_of_an_empty_object": lambda objects: "{}",
        "json_of_two_lists": lambda objects: json.dumps({"a": objects, "b": objects}),
        "json_of_a_deep_hole": lambda objects: "[" * 100_000,
        "json_of_deep_objects": lambda objects: '{"a":' * 50_000 + "1" + "}" * 50_000,
        "json_of_rubbish": lambda objects: "{" + "x" * 1000,
    },
    _json_refused,
    needs=plain,
    alone=True,
)


@mangling("containers", needs=plain, alone=True)
def json_lines_with_broken_lines(case: Case) -> None:
    broken = {case.rows.index(row) for row in case.some(4)}
    for place in broken:
        case.rows[place].touch()

    def write(objects: list[dict[str, Any]]) -> str:
        lines = [json.dumps(item)[:-3] if place in broken else json.dumps(item) for place, item in enumerate(objects)]
        return "\n".join(lines) + "\n"

    _json(write, case, "export.jsonl")


@mangling("containers", needs=plain, alone=True)
def json_lines_among_other_values(case: Case) -> None:
    """Lines that are no objects are rows that are set aside."""
    case.rows += [Row([], effect=Effect.FREE) for _ in range(4)]

    def write(objects: list[dict[str, Any]]) -> str:
        return "".join(json.dumps(item) + "\n" for item in objects if item) + '17\n"word"\n[1,2]\nnull\n'

    _json(write, case, "export.jsonl")


@mangling("containers", needs=plain, alone=True)
def json_lines_cut_short(case: Case) -> None:
    case.rows[-1].touch()
    _json(lambda objects: "\n".join(map(json.dumps, objects))[:-10], case, "export.jsonl")


@mangling("containers", needs=plain, alone=True)
def json_array_among_other_values(case: Case) -> None:
    case.rows += [Row([], effect=Effect.FREE) for _ in range(3)]
    _json(lambda objects: json.dumps([*(item for item in objects if item), 17, None, [1]]), case)


# SPSS


def _sav(change: Callable[[bytes], bytes], case: Case) -> None:
    content = (LAYOUTS / "spss" / "members_2025.sav").read_bytes()

    def pack(one: Case, folder: Path) -> Path:
        (folder / "members.sav").write_bytes(change(content))
        return folder / "members.sav"

    case.pack = pack
    case.touch()
    case.unknowable = case.may_refuse = True


family(
    "containers",
    {
        "sav_cut_short": lambda data: data[:-100],
        "sav_cut_in_the_middle": lambda data: data[: len(data) // 2],
        "sav_of_its_head": lambda data: data[:176],
        "sav_of_four_letters": lambda data: b"$FL2",
        "sav_with_damage": lambda data: data[:400] + b"\xff" * 100 + data[500:],
        "sav_with_rubbish_behind": lambda data: data + b"rubbish" * 20,
        "sav_with_a_lying_number_of_cases": lambda data: data[:80] + (2**31 - 1).to_bytes(4, "little") + data[84:],
    },
    _sav,
    alone=True,
)
