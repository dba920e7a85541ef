"""Manglings of size, each run in a process of its own whose memory is measured."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.mangling.case import Case, Effect, Row
from tests.mangling.catalogue import family, mangling, plain, with_text

MB = 1_000_000


def _streamed(write: Callable[[Case], Iterator[bytes]], name: str, case: Case) -> None:
    """A file written part by part, so that making it takes no memory."""

    def pack(one: Case, folder: Path) -> Path:
        with (folder / name).open("wb") as file:
            for part in write(one):
                file.write(part)
        return folder / name

    case.pack = pack


@mangling("sizes", needs=with_text, heavy=True)
def a_cell_of_10_megabytes(case: Case) -> None:
    row = case.rng.choice(case.rows)
    row.cells[case.column(case.good.text)] = "x" * 10 * MB
    row.touch()


@mangling("sizes", needs=with_text, heavy=True)
def a_quoted_cell_of_10_megabytes_in_lines(case: Case) -> None:
    row = case.rng.choice(case.rows[1:])
    row.cells[case.column(case.good.text)] = "some words\n" * 1_000_000
    row.touch()
    case.may_refuse = case.unknowable = True  # every line of it is a row that does not fit
    for other in case.rows:
        other.touch(Effect.SAME)


@mangling("sizes", needs=plain, heavy=True)
def one_line_of_300_megabytes(case: Case) -> None:
    """The whole file in one line."""
    case.must_refuse = True
    _streamed(lambda one: (b"x" * MB for _ in range(300)), "line.csv", case)


@mangling("sizes", needs=plain, heavy=True)
def one_line_of_commas(case: Case) -> None:
    case.must_refuse = True
    _streamed(lambda one: (b"," * MB for _ in range(100)), "commas.csv", case)


@mangling("sizes", needs=plain, heavy=True)
def a_line_of_100_megabytes_between_rows(case: Case) -> None:
    case.rows.insert(5, Row(["x"], effect=Effect.FREE))

    def write(one: Case) -> Iterator[bytes]:
        lines = one.data().splitlines(keepends=True)
        yield b"".join(lines[:6])
        for _ in range(100):
            yield b"y" * MB
        yield b"\n" + b"".join(lines[7:])

    _streamed(write, case.good.name, case)


@mangling("sizes", needs=plain, heavy=True)
def a_quote_never_closed_in_20_megabytes(case: Case) -> None:
    case.rows.insert(5, Row(["x"], effect=Effect.FREE))
    case.unknowable = True
    case.touch(Effect.SAME)

    def write(one: Case) -> Iterator[bytes]:
        lines = one.data().splitlines(keepends=True)
        yield b"".join(lines[:6]) + b'"'
        for _ in range(20):
            yield b"some words, some more\n" * (MB // 22)
        yield b"\n" + b"".join(lines[7:])

    _streamed(write, case.good.name, case)


def _wide(columns: int, case: Case) -> None:
    """A table far wider than any."""
    case.may_refuse = True
    extra = [f"field_{number}" for number in range(columns)]
    case.heads[0] += extra
    for row in case.rows:
        row.cells += ["1"] * columns
        row.touch(Effect.SAME)


family(
    "sizes",
    {"a_thousand_columns": 1_000, "ten_thousand_columns": 10_000, "a_hundred_thousand_columns": 100_000},
    _wide,
    needs=plain,
    heavy=True,
)


@mangling("sizes", needs=plain, heavy=True)
def a_hundred_thousand_columns_in_one_row(case: Case) -> None:
    row = case.rng.choice(case.rows[1:])
    row.cells += ["1"] * 100_000
    row.touch()


@mangling("sizes", needs=plain, heavy=True)
def a_hundred_thousand_names_in_json(case: Case) -> None:
    case.must_refuse = True
    _streamed(
        lambda one: (
            json.dumps({f"n{line}-{number}": 1 for number in range(1_000)}).encode() + b"\n" for line in range(100)
        ),
        "names.jsonl",
        case,
    )


def _gzip_bomb(case: Case) -> None:
    """A gigabyte of the same row in a megabyte."""
    case.must_refuse = True

    def write(one: Case) -> Iterator[bytes]:
        compressor = zlib.compressobj(9, wbits=31)
        yield compressor.compress(b"order_id,amount,paid_at\n")
        block = b"1,2.00,2024-01-01\n" * 50_000
        for _ in range(1_100):
            yield compressor.compress(block)
        yield compressor.flush()

    _streamed(write, "bomb.csv.gz", case)


@mangling("sizes", needs=plain, heavy=True)
def a_gzip_that_unpacks_to_a_gigabyte(case: Case) -> None:
    _gzip_bomb(case)


def _bomb(size: int) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("bomb.csv", "w", force_zip64=True) as file,
    ):
        file.write(b"order_id,amount,paid_at\n")
        for _ in range(size // MB):
            file.write(b"1,2.00,2024-01-01\n" * (MB // 18))
    return out.getvalue()


@mangling("sizes", needs=plain, heavy=True)
def a_zip_that_unpacks_to_600_megabytes(case: Case) -> None:
    case.must_refuse = True
    _streamed(lambda one: iter([_bomb(600 * MB)]), "bomb.zip", case)


@mangling("sizes", needs=plain, heavy=True)
def a_zip_that_says_less_than_it_unpacks_to(case: Case) -> None:
    """The sizes in its directory are a lie."""
    case.must_refuse = True

    def write(one: Case) -> Iterator[bytes]:
        content = bytearray(_bomb(600 * MB))
        at = content.rfind(b"PK\x01\x02") + 24
        content[at : at + 4] = (1000).to_bytes(4, "little")
        yield bytes(content)

    _streamed(write, "bomb.zip", case)


@mangling("sizes", needs=plain, heavy=True)
def a_zip_of_many_files_on_the_same_bytes(case: Case) -> None:
    """Every entry of the directory names the same bytes: a small file that unpacks to gigabytes."""
    case.must_refuse = True

    def write(one: Case) -> Iterator[bytes]:
        content = _bomb(20 * MB)
        at = content.rfind(b"PK\x01\x02")
        end = content.rfind(b"PK\x05\x06")
        entry, tail = content[at:end], bytearray(content[end:])
        n = 500
        tail[8:12] = n.to_bytes(2, "little") * 2
        tail[12:16] = (len(entry) * n).to_bytes(4, "little")
        yield content[:at] + entry * n + bytes(tail)

    _streamed(write, "overlap.zip", case)


@mangling("sizes", needs=plain, heavy=True)
def a_zip_of_zips_of_zips(case: Case) -> None:
    case.must_refuse = True

    def write(one: Case) -> Iterator[bytes]:
        content = _bomb(50 * MB)
        for _ in range(5):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                for number in range(10):
                    archive.writestr(f"{number}.zip", content)
            content = out.getvalue()
        yield content

    _streamed(write, "nested.zip", case)


@mangling("sizes", needs=plain, heavy=True)
def a_zip_of_ten_thousand_files(case: Case) -> None:
    """All of them empty."""
    case.must_refuse = True

    def write(one: Case) -> Iterator[bytes]:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for number in range(10_000):
                archive.writestr(f"{number}.csv", b"")
        yield out.getvalue()

    _streamed(write, "many.zip", case)


_FORMATS = "http://schemas.openxmlformats.org"
_MAIN = f"{_FORMATS}/spreadsheetml/2006/main"
_SHEETS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_CONTENT_TYPES = (
    f'<Types xmlns="{_FORMATS}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEETS}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEETS}.worksheet+xml"/></Types>'
).encode()
_BOOK = (
    f'<workbook xmlns="{_MAIN}" xmlns:r="{_FORMATS}/officeDocument/2006/relationships">'
    '<sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>'
).encode()


def _relation(kind: str, target: str) -> bytes:
    named = f"{_FORMATS}/officeDocument/2006/relationships/{kind}"
    return (
        f'<Relationships xmlns="{_FORMATS}/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{named}" Target="{target}"/></Relationships>'
    ).encode()


def _workbook(sheet: bytes, case: Case) -> None:
    """A workbook whose one sheet is mostly nothing."""
    case.may_refuse = case.unknowable = True
    case.touch()
    parts = {
        "[Content_Types].xml": _CONTENT_TYPES,
        "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": _BOOK,
        "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>'.encode()
        + sheet
        + b"</sheetData></worksheet>",
    }

    def write(one: Case) -> Iterator[bytes]:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        yield out.getvalue()

    _streamed(write, "book.xlsx", case)


def _at(place: str, text: str) -> bytes:
    row = "".join(letter for letter in place if letter.isdigit())
    return f'<row r="{row}"><c r="{place}" t="inlineStr"><is><t>{text}</t></is></c></row>'.encode()


family(
    "sizes",
    {
        "a_workbook_with_a_cell_in_its_last_corner": _at("A1", "a") + _at("XFD1048576", "b"),
        "a_workbook_with_a_cell_in_its_last_row": _at("A1", "order_id") + _at("A1048576", "b"),
        "a_workbook_with_a_cell_in_its_last_column": _at("A1", "a") + _at("XFD1", "b"),
    },
    _workbook,
    needs=plain,
    heavy=True,
)


@mangling("sizes", needs=plain, heavy=True)
def a_million_rows_that_do_not_fit(case: Case) -> None:
    """Every row has a cell too few: all are set aside, and counted."""
    n = 1_000_000
    case.rows = [Row(["1", "2"], effect=Effect.FREE, counted=n)]
    case.may_refuse = True
    _streamed(
        lambda one: iter([one.line(one.heads[0]).encode() + b"\n", *(b"1,2\n" * 10_000 for _ in range(n // 10_000))]),
        case.good.name,
        case,
    )


@mangling("sizes", needs=plain, heavy=True)
def a_million_clean_rows(case: Case) -> None:
    """Nothing wrong but their number: each row again under a new id."""
    first = [row.cells for row in case.rows]
    place = case.column(case.good.key)
    times = 1_000_000 // len(first)
    case.rows = [Row([], effect=Effect.FREE, counted=times * len(first))]

    def write(one: Case) -> Iterator[bytes]:
        yield one.line(one.heads[0]).encode() + b"\n"
        for number in range(times):
            lines = [one.line([*cells[:place], f"{number}-{cells[place]}", *cells[place + 1 :]]) for cells in first]
            yield ("\n".join(lines) + "\n").encode()

    _streamed(write, case.good.name, case)


@mangling("sizes", needs=plain, heavy=True)
def two_million_blank_lines(case: Case) -> None:
    def write(one: Case) -> Iterator[bytes]:
        lines = one.data().splitlines(keepends=True)
        yield b"".join(lines[:3])
        for _ in range(20):
            yield b"\n" * 100_000
        yield b"".join(lines[3:])

    _streamed(write, case.good.name, case)


@mangling("sizes", needs=plain, heavy=True)
def an_array_of_json_with_one_huge_element(case: Case) -> None:
    case.may_refuse = case.unknowable = True
    case.touch()
    _streamed(
        lambda one: iter([b'[{"order_id": "1", "text": "', *(b"x" * MB for _ in range(100)), b'"}]']), "huge.json", case
    )


@mangling("sizes", needs=plain, heavy=True)
def a_gzip_of_many_empty_parts(case: Case) -> None:
    case.must_refuse = True
    _streamed(lambda one: iter([gzip.compress(b"", mtime=0) * 200_000]), "parts.csv.gz", case)
