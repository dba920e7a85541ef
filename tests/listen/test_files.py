"""Files of every make, opened and then really read by the engine."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from touchstone.core.errors import BadFile, TouchstoneError, UnknownName
from touchstone.listen.files import Limits, RawFile, open_files, repaired

Cells = list[tuple[str | None, ...]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def opened(*paths: Path, **settings: Any) -> list[RawFile]:
    return list(open_files(paths, scratch=paths[0].parent.parent / "scratch", **settings))


def written(folder: Path, data: str | bytes, name: str = "answers.csv") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def one(folder: Path, data: str | bytes, name: str = "answers.csv") -> RawFile:
    [raw] = opened(written(folder, data, name))
    return raw


def literal(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in value.items()) + "}"
        case int():
            return str(value)
        case _:
            return "'" + str(value).replace("'", "''") + "'"


def rows(raw: RawFile) -> Cells:
    """What the engine reads with exactly the options that the file gives."""
    reader = "read_parquet" if raw.format == "parquet" else "read_csv"
    options = "".join(f", {name} = {literal(value)}" for name, value in raw.scan_options().items())
    return duckdb.sql(f"from {reader}({literal(str(raw.path))}{options})").fetchall()


def counted(raw: RawFile) -> int:
    options = "".join(f", {name} = {literal(value)}" for name, value in raw.scan_options().items())
    [(number,)] = duckdb.sql(f"select count(*) from read_csv({literal(str(raw.path))}{options})").fetchall()
    return int(number)


def aside(raw: RawFile) -> list[dict[str, str]]:
    if raw.aside is None:
        return []
    with raw.aside.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_clean_file_is_read_in_place(folder: Path) -> None:
    raw = one(folder, "id,score\n1,9\n2,\n")
    assert raw.path == folder / "answers.csv"
    assert raw.in_place
    assert raw.lines == 2
    assert rows(raw) == [("1", "9"), ("2", None)]


def test_text_that_looks_like_a_formula_stays_text(folder: Path) -> None:
    text = '=HYPERLINK("http://x";"y")'
    raw = one(folder, f'id,comment\n1,"{text.replace(chr(34), chr(34) * 2)}"\n2,@SUM(A1)\n3,-1+1|cmd\n')
    assert [comment for _, comment in rows(raw)] == [text, "@SUM(A1)", "-1+1|cmd"]


def test_the_word_none_stays_a_word(folder: Path) -> None:
    assert rows(one(folder, "id,comment\n1,None\n2,NULL\n3,nan\n")) == [("1", "None"), ("2", "NULL"), ("3", "nan")]


def test_nul_bytes_are_removed_and_counted(folder: Path) -> None:
    raw = one(folder, b"id,comment\n1,fi\0ne\0\n2,ok\n")
    assert rows(raw) == [("1", "fine"), ("2", "ok")]
    assert "2 NUL bytes were removed." in raw.notes


def test_a_cell_of_ten_megabytes_is_set_aside_and_its_neighbours_are_read(folder: Path) -> None:
    raw = one(folder, "id,comment\n1,a\n2," + "x" * 10_000_000 + "\n3,c\n")
    assert rows(raw) == [("1", "a"), ("3", "c")]
    [refused] = aside(raw)
    assert (refused["row"], len(refused["line"])) == ("3", 1_000)
    assert "longer than" in refused["reason"]


def test_a_cell_over_a_megabyte_is_refused_with_the_reason(folder: Path) -> None:
    raw = one(folder, 'id,comment\n1,"' + "x" * 1_000_001 + '"\n2,b\n')
    assert rows(raw) == [("2", "b")]
    assert aside(raw)[0]["reason"] == "A cell holds more than 1,000,000 characters."


def test_one_huge_line_of_small_enough_cells_is_read(folder: Path) -> None:
    cells = ["é" * 900_000] * 4
    raw = one(folder, "a,b,c,d\n" + ",".join(cells) + "\n1,2,3,4\n")
    assert rows(raw) == [tuple(cells), ("1", "2", "3", "4")]
    assert raw.scan_options()["max_line_size"] > 7_000_000


def test_rows_of_the_wrong_width_are_set_aside_with_their_line_numbers(folder: Path) -> None:
    good = "".join(f"{number},x,y\n" for number in range(20))
    raw = one(folder, "a,b,c\n" + good + "1,2\n" + "1,2,3,4\n" + "5,6,7\n")
    assert len(rows(raw)) == 21
    assert [(row["row"], row["reason"], row["line"]) for row in aside(raw)] == [
        ("22", "The row has 2 cells, the header 3.", "1,2"),
        ("23", "The row has 4 cells, the header 3.", "1,2,3,4"),
    ]
    assert "2 rows do not fit the table and were set aside." in raw.notes


def test_surplus_empty_cells_are_no_damage(folder: Path) -> None:
    assert rows(one(folder, "a,b\n1,2\n3,4,,\n")) == [("1", "2"), ("3", "4")]


def test_a_quote_that_is_never_closed_costs_its_own_line_only(folder: Path) -> None:
    raw = one(folder, 'id,comment\n1,"fine"\n2,"never closed\n3,c\n4,d\n')
    assert rows(raw) == [("1", "fine"), ("3", "c"), ("4", "d")]
    assert aside(raw)[0]["reason"] == "A quote is opened and never closed."


def test_text_after_a_closing_quote_is_set_aside(folder: Path) -> None:
    raw = one(folder, 'id,comment\n1,"a"b\n2,c\n3,d\n')
    assert rows(raw) == [("2", "c"), ("3", "d")]
    assert aside(raw)[0]["reason"] == "A quoted cell goes on after its closing quote."


def test_habitually_missing_last_cells_are_padded_and_said(folder: Path) -> None:
    raw = one(folder, "a,b,c\n" + "1,2,3\n" * 6 + "4\n4,5\n4,5\n")
    assert rows(raw)[-3:] == [("4", None, None), ("4", "5", None), ("4", "5", None)]
    assert "Rows that end early are taken as having nothing in their last columns." in raw.notes


def test_dirt_below_the_head_of_a_large_file_raises_and_is_then_repaired(folder: Path) -> None:
    clean = "".join(f"{number},some words here\n" for number in range(80_000))
    raw = one(folder, "id,comment\n" + clean + "1,2,3\n" + 'x,"open\n' + clean)
    assert raw.in_place
    with pytest.raises(duckdb.Error):
        rows(raw)
    better = repaired(raw, scratch=folder.parent / "scratch")
    assert len(rows(better)) == better.lines == 160_000
    assert [row["row"] for row in aside(better)] == ["80002", "80003"]
    assert better.headers == raw.headers
    assert repaired(better, scratch=folder) is better


def test_a_latin_1_letter_in_the_last_row_of_a_large_file_is_found(folder: Path) -> None:
    raw = one(folder, b"id,comment\n" + b"1,plain text of some length\n" * 90_000 + b"2,caf\xe9\n")
    assert rows(raw)[-1] == ("2", "café")
    assert raw.encoding == "Latin-1 (Windows-1252)"


def test_duplicate_headers_are_numbered(folder: Path) -> None:
    raw = one(folder, "category,Category ,category_2,,\ufeff x \n1,2,3,4,5\n")
    assert raw.headers == ("category", "Category_2", "category_2_2", "column_4", "x")
    assert raw.original_headers == ("category", "Category ", "category_2", "", "\ufeff x ")
    assert rows(raw) == [("1", "2", "3", "4", "5")]


def test_right_to_left_marks_in_headers_vanish_and_the_letters_stay(folder: Path) -> None:
    assert one(folder, "\u200fמזהה\u200f,\u202bתגובה\u202c\n1,טוב\n").headers == ("מזהה", "תגובה")


@pytest.mark.parametrize("mark", [b"\xff\xfe", b""])
def test_utf_16_little_endian_is_read_with_and_without_its_mark(folder: Path, mark: bytes) -> None:
    raw = one(folder, mark + "id,comment\r\n1,gut ☃\r\n2,schön\r\n".encode("utf-16-le"))
    assert rows(raw) == [("1", "gut ☃"), ("2", "schön")]
    assert raw.headers == ("id", "comment")
    assert "Read as UTF-16 (little endian)." in raw.notes


@pytest.mark.parametrize("mark", [b"\xfe\xff", b""])
def test_utf_16_big_endian_is_read_with_and_without_its_mark(folder: Path, mark: bytes) -> None:
    raw = one(folder, mark + "id,comment\n1,gut ☃\n2,schön\n".encode("utf-16-be"))
    assert rows(raw) == [("1", "gut ☃"), ("2", "schön")]


def test_latin_1_and_windows_1252_are_read_with_a_note(folder: Path) -> None:
    raw = one(folder, "id;Bemerkung\n1;schöner “Tag” für 5 €\n2;ja\n".encode("cp1252"))
    assert rows(raw)[0] == ("1", "schöner “Tag” für 5 €")
    assert raw.notes == ("Read as Latin-1 (Windows-1252).", "Columns are separated by semicolons.")


def test_an_encoding_that_cannot_be_guessed_can_be_named(folder: Path) -> None:
    path = written(folder, "id,отзыв\n1,хорошо\n".encode("cp1251"))
    [raw] = opened(path, encoding="windows-1251")
    assert (raw.headers, rows(raw)) == (("id", "отзыв"), [("1", "хорошо")])
    with pytest.raises(UnknownName, match="no encoding called 'cp125l'"):
        opened(path, encoding="cp125l")


def test_a_stray_latin_1_byte_does_not_spoil_utf_8_text(folder: Path) -> None:
    raw = one(folder, "id,comment\n1,schön\n2,größer\n".encode() + b"3,caf\xe9\n")
    assert [comment for _, comment in rows(raw)] == ["schön", "größer", "café"]


def test_semicolons_with_decimal_commas_are_told_from_commas(folder: Path) -> None:
    raw = one(folder, "id;score;amount\n1;9,5;1.200,50\n2;8,0;3,10\n")
    assert rows(raw) == [("1", "9,5", "1.200,50"), ("2", "8,0", "3,10")]
    assert "Numbers are written with a decimal comma." in raw.notes


@pytest.mark.parametrize("mark", ["\t", "|"])
def test_tabs_and_vertical_bars_separate_too(folder: Path, mark: str) -> None:
    raw = one(folder, f"id{mark}comment\n1{mark}well, fine\n2{mark}not, really\n")
    assert rows(raw) == [("1", "well, fine"), ("2", "not, really")]


def test_a_tab_file_with_bare_inch_marks_loses_nothing(folder: Path) -> None:
    raw = one(folder, 'id\titem\n1\t"5 inch\n2\t12"\n3\t"7" wide\n', "items.tsv")
    assert rows(raw) == [("1", '"5 inch'), ("2", '12"'), ("3", '"7" wide')]


def test_quotes_escaped_by_backslashes_are_understood(folder: Path) -> None:
    raw = one(folder, 'id,comment\n1,"she said \\"no\\", twice"\n2,"b"\n')
    assert rows(raw) == [("1", 'she said "no", twice'), ("2", "b")]


def test_spaces_before_quotes_do_not_cut_a_cell(folder: Path) -> None:
    assert rows(one(folder, 'id, comment\n1, "a, b"\n2, "c, d"\n')) == [("1", "a, b"), ("2", "c, d")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("inner", ["\n", "\r\n"])
def test_quoted_newlines_stay_inside_their_cell_under_every_line_end(folder: Path, end: str, inner: str) -> None:
    raw = one(folder, f'id,"long{inner}header"{end}1,"two{inner}lines"{end}2,b{end}')
    assert rows(raw) == [("1", f"two{inner}lines"), ("2", "b")]
    assert raw.headers == ("id", "long header")


def test_mixed_line_ends_are_read(folder: Path) -> None:
    assert rows(one(folder, "id,b\r\n1,2\n3,4\r\n5,6\n")) == [("1", "2"), ("3", "4"), ("5", "6")]


def test_a_byte_order_mark_before_a_quoted_header_disappears(folder: Path) -> None:
    raw = one(folder, b'\xef\xbb\xbf"id","comment, long"\n"1","a"\n')
    assert raw.headers == ("id", "comment, long")
    assert rows(raw) == [("1", "a")]


def test_title_lines_before_the_header_are_left_out_and_said(folder: Path) -> None:
    raw = one(folder, 'Report of "March\n\nid,score,comment\n1,9,a\n2,8,b\n')
    assert raw.headers == ("id", "score", "comment")
    assert len(rows(raw)) == 2
    assert "2 lines before the header were left out." in raw.notes


def test_a_file_of_one_column_skips_its_blank_lines(folder: Path) -> None:
    assert rows(one(folder, "comment\nfine\n\nHello, you\nbye\n")) == [("fine",), ("Hello, you",), ("bye",)]


def test_a_file_without_a_header_is_refused_with_a_hint(folder: Path) -> None:
    with pytest.raises(BadFile, match="no row with column names") as error:
        one(folder, "1,9,2017-03-01\n2,8,2017-03-02\n")
    assert "names the columns" in error.value.hint


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n \n"])
def test_an_empty_file_is_refused_in_a_sentence(folder: Path, data: bytes) -> None:
    with pytest.raises(BadFile, match=r"answers\.csv (is empty|holds nothing but blank lines)"):
        one(folder, data)


def test_a_header_alone_is_a_table_of_no_rows(folder: Path) -> None:
    raw = one(folder, "id,score\n")
    assert (raw.lines, rows(raw), raw.samples) == (0, [], ())


def test_the_header_rows_of_qualtrics_are_taken_as_one_with_question_texts(folder: Path) -> None:
    third = '"{""ImportId"":""startDate"",""timeZone"":""Z""}","{""ImportId"":""QID1""}"'
    raw = one(folder, f'StartDate,Q1\nStart Date,"How likely,\nreally?"\n{third}\n2024-01-01 10:00:00,9\n')
    assert raw.headers == ("StartDate", "Q1")
    assert raw.labels == ("Start Date", "How likely,\nreally?")
    assert rows(raw) == [("2024-01-01 10:00:00", "9")]


def test_the_second_header_row_of_surveymonkey_is_added_to_the_first(folder: Path) -> None:
    head = "Respondent ID,Start Date,How likely?,Rate these,\n,,Response,Speed,Price\n"
    raw = one(folder, head + "118,03/14/2024 10:00:00 AM,9,4,5\n")
    assert raw.headers == ("Respondent ID", "Start Date", "How likely?", "Rate these - Speed", "Rate these - Price")
    assert raw.lines == len(rows(raw)) == 1
    assert "2 header rows: the second was added to the first." in raw.notes


def test_ids_that_a_spreadsheet_turned_into_numbers_keep_their_text(folder: Path) -> None:
    assert rows(one(folder, "id,n\n17850.0,1\n00042,2\n")) == [("17850.0", "1"), ("00042", "2")]


def test_a_workbook_gives_one_table_per_visible_sheet_with_something_in_it(folder: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Answers"
    for row in (["Report"], [], ["id", "when", "comment"], [17850, None, "None"], ["00042", None, '=1+"x"']):
        sheet.append(row)
    sheet["B4"] = datetime(2017, 3, 1, 10, 5)
    book.create_sheet("Empty")
    hidden = book.create_sheet("Hidden")
    hidden.append(["a"])
    hidden.sheet_state = "hidden"
    more = book.create_sheet("More")
    for row in (["id", "n"], [1, 0.5]):
        more.append(row)
    book.save(folder / "book.xlsx")
    first, second = opened(folder / "book.xlsx")
    assert (first.name, second.name) == ("book.xlsx/Answers", "book.xlsx/More")
    assert rows(first) == [("17850", "2017-03-01 10:05:00", "None"), ("00042", None, None)]
    assert rows(second) == [("1", "0.5")]
    assert first.sha256 != second.sha256
    assert [note for note in second.notes if "hidden" in note] == [
        "book.xlsx/Hidden was left out: the sheet is hidden."
    ]


def test_a_damaged_workbook_is_a_sentence(folder: Path) -> None:
    with pytest.raises(BadFile, match=r"book\.xlsx"):
        one(folder, b"PK\x03\x04 this is no workbook", "book.xlsx")


def test_json_lines_are_flattened_and_broken_ones_set_aside(folder: Path) -> None:
    text = (
        '{"id": 1, "person": {"name": "Ada"}, "score": 9.50, "tags": ["a"]}\nnot json\n[1]\n\n{"id": 2, "ok": null}\n'
    )
    raw = one(folder, text, "events.jsonl")
    assert raw.headers == ("id", "person.name", "score", "tags", "ok")
    assert rows(raw) == [("1", "Ada", "9.50", '["a"]', None), ("2", None, None, None, None)]
    assert [row["row"] for row in aside(raw)] == ["2", "3"]


def test_a_json_array_is_read_element_by_element(folder: Path) -> None:
    items = [{"id": number, "text": "x" * 300, "on": True} for number in range(9_000)]
    raw = one(folder, json.dumps(items), "events.json")
    assert (raw.lines, rows(raw)[-1]) == (9_000, ("8999", "x" * 300, "true"))


def test_a_json_array_that_breaks_off_is_refused(folder: Path) -> None:
    with pytest.raises(BadFile, match="breaks off or goes wrong at element 2"):
        one(folder, '[{"id": 1}, {"id": 2', "events.json")


def test_json_without_objects_is_refused(folder: Path) -> None:
    with pytest.raises(BadFile, match="holds no JSON objects"):
        one(folder, "[1, 2, 3]", "numbers.json")


def test_parquet_passes_through_with_its_own_column_names(folder: Path) -> None:
    pq.write_table(pa.table({"id ": [1, 2], "text": ["a", None]}), folder / "answers.parquet")
    [raw] = opened(folder / "answers.parquet")
    assert (raw.format, raw.headers, raw.original_headers) == ("parquet", ("id", "text"), ("id ", "text"))
    assert (raw.lines, raw.samples, raw.scan_options()) == (2, (("1", "a"), ("2", "")), {})
    assert len(rows(raw)) == 2


def test_a_broken_parquet_file_is_a_sentence(folder: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read as Parquet"):
        one(folder, b"PAR1 and then nothing", "answers.parquet")


def test_gzip_and_plain_text_have_the_same_hash(folder: Path) -> None:
    data = b"id,score\n1,9\n"
    plain, packed = one(folder, data, "a.csv"), one(folder, gzip.compress(data), "b.csv.gz")
    assert plain.sha256 == packed.sha256
    assert rows(packed) == [("1", "9")]


def test_a_truncated_gzip_is_refused(folder: Path) -> None:
    data = gzip.compress(b"id,score\n" + os.urandom(3_000).hex().encode() + b",9\n")
    with pytest.raises(BadFile, match="it ends in the middle"):
        one(folder, data[:-900], "a.csv.gz")


def zipped(folder: Path, members: dict[str, bytes], name: str = "exports.zip") -> Path:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return folder / name


def test_every_member_of_a_zip_is_read_and_the_rest_is_named(folder: Path) -> None:
    data = b"id,score\n1,9\n"
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x.csv", data)
    members = {"b.csv": data, "a.csv": data, "__MACOSX/._a.csv": b"\0\5", "c.zip": inner.getvalue(), "d.png": PNG}
    tables = opened(zipped(folder, members))
    assert [raw.name for raw in tables] == ["exports.zip/a.csv", "exports.zip/b.csv"]
    heard: list[str] = []
    opened(folder / "exports.zip", report=heard.append)
    assert [sentence.split(" was left out")[0] for sentence in heard] == [
        "exports.zip/__MACOSX/._a.csv",
        "exports.zip/c.zip",
        "exports.zip/d.png",
    ]


def test_a_member_whose_name_climbs_out_stays_in_scratch(folder: Path) -> None:
    [raw] = opened(zipped(folder, {"../../../evil.csv": b"id,score\n1,9\n"}))
    assert raw.name == "exports.zip/evil.csv"
    assert raw.path.parent == folder.parent / "scratch"


def test_a_zip_bomb_is_refused_before_it_fills_the_disk(folder: Path) -> None:
    path = zipped(folder, {"a.csv": b"id,score\n" + b"1,9\n" * 2_000_000})
    with pytest.raises(BadFile, match="unpacks to more than 1 MB"):
        opened(path, limits=Limits(grace=1_000_000, ratio=50))
    with pytest.raises(BadFile, match="says that it unpacks to more than"):
        opened(path, limits=Limits(total=1_000_000))
    assert sum(file.stat().st_size for file in (folder.parent / "scratch").iterdir()) <= 1_000_000


def test_a_gzip_bomb_is_refused(folder: Path) -> None:
    path = written(folder, gzip.compress(b"0" * 5_000_000), "a.csv.gz")
    with pytest.raises(BadFile, match="unpacks to more than"):
        opened(path, limits=Limits(grace=1_000_000))


def test_a_zip_with_a_password_is_a_sentence(folder: Path) -> None:
    data = bytearray(zipped(folder, {"a.csv": b"id\n1\n"}).read_bytes())
    for header, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(header) + offset] |= 1
    with pytest.raises(BadFile, match="protected by a password"):
        one(folder, bytes(data), "exports.zip")


def test_a_truncated_zip_is_a_sentence(folder: Path) -> None:
    data = zipped(folder, {"a.csv": os.urandom(4_000).hex().encode()}).read_bytes()
    with pytest.raises(BadFile, match="damaged or was cut short"):
        one(folder, data[:-300], "b.zip")


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


def test_a_folder_is_taken_in_order_and_a_stray_image_is_named(folder: Path) -> None:
    for name in ("b.csv", "a.csv"):
        written(folder, f"id,score\n{name},9\n", name)
    (folder / "deeper").mkdir()
    written(folder / "deeper", "id,score\n3,9\n", "c.csv")
    written(folder, PNG, "photo.png")
    written(folder, "id,score\n4,9\n", "table.export")
    tables = list(open_files([folder], scratch=folder.parent / "scratch"))
    assert [raw.name for raw in tables] == ["in/a.csv", "in/b.csv", "in/deeper/c.csv", "in/table.export"]
    assert tables[-1].notes == ("in/photo.png is not a table: it holds no text, so it was left out.",)


def test_a_folder_with_nothing_to_read_is_refused_and_says_what_it_held(folder: Path) -> None:
    written(folder, PNG, "photo.png")
    with pytest.raises(BadFile, match="There is no table to read here") as error:
        list(open_files([folder], scratch=folder.parent / "scratch"))
    assert "photo.png" in error.value.hint


def test_patterns_are_spread_and_a_file_is_read_once(folder: Path) -> None:
    for year in (2016, 2017):
        written(folder, f"id,score\n{year},9\n", f"wave_{year}.csv")
    tables = opened(folder / "wave_20??.csv", folder / "wave_2017.csv")
    assert [raw.name for raw in tables] == ["wave_2016.csv", "wave_2017.csv"]


def test_a_file_that_does_not_exist_names_its_neighbour(folder: Path) -> None:
    written(folder, "id\n1\n", "wave_2017.csv")
    with pytest.raises(UnknownName, match=r"did you mean wave_2017\.csv"):
        opened(folder / "wave_2107.csv")


def test_a_symlink_loop_is_a_sentence(folder: Path) -> None:
    (folder / "a.csv").symlink_to(folder / "b.csv")
    (folder / "b.csv").symlink_to(folder / "a.csv")
    with pytest.raises(BadFile, match=r"a\.csv cannot be opened"):
        opened(folder / "a.csv")


def test_a_folder_that_links_to_itself_is_walked_once(folder: Path) -> None:
    written(folder, "id,score\n1,9\n", "a.csv")
    (folder / "again").symlink_to(folder)
    [raw] = list(open_files([folder], scratch=folder.parent / "scratch"))
    assert raw.name == "in/a.csv"


@contextmanager
def somebody_without_rights() -> Iterator[None]:
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)  # the superuser may read everything
    try:
        yield
    finally:
        os.seteuid(mine)


def test_an_unreadable_file_is_a_sentence(folder: Path) -> None:
    path = written(folder, "id\n1\n")
    path.chmod(0)
    for part in path.parents:
        if part.owner() == Path.home().owner() and part.name.startswith(("pytest", "test", "in")):
            part.chmod(0o755)
    with somebody_without_rights(), pytest.raises(BadFile, match="cannot be opened: permission denied"):
        opened(path)


CELL = st.text(st.sampled_from("ab1,;\"\n\r é☃\t'"), max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=12), end=st.sampled_from(["\n", "\r\n"]))
def test_what_a_csv_writer_writes_is_what_the_engine_reads(folder: Path, table: list[list[str]], end: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([["first", "second", "third"], *table])
    raw = one(folder, text.getvalue())
    assert rows(raw) == [tuple(cell or None for cell in row) for row in table]
    assert raw.set_aside == 0


LINE = st.sampled_from(
    ["1,2,3", "1,2", "1,2,3,4", '1,"a\nb",3', '1,"open,3', '1,"a"b,3', "", "1,2,3,,", "\0,é,", ",,", " "]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.lists(LINE, max_size=25), end=st.sampled_from(["\n", "\r\n"]))
@example(body=["1,2", "1,2", "1,2", '1,"a\nb",3'], end="\n")
def test_rows_in_the_file_are_rows_read_plus_rows_set_aside(folder: Path, body: list[str], end: str) -> None:
    raw = one(folder, end.join(["first,second,third", *body, ""]))
    # counted by hand: a cell of two lines is one row unless a quote above it swallowed its beginning
    whole = [line for line in body if line.strip(" ")]
    swallowed = sum(1 for row in aside(raw) if row["line"] in {'b",3', '1,"a'})
    assert len(rows(raw)) + raw.set_aside - swallowed <= len(whole) <= len(rows(raw)) + raw.set_aside
    assert raw.set_aside == len(aside(raw))


def real(*parts: str) -> Path:
    root = os.environ.get("TOUCHSTONE_REAL_DATA")
    if not root or not Path(root).is_dir():
        pytest.skip("TOUCHSTONE_REAL_DATA names no folder with the real data")
    return Path(root).joinpath(*parts)


SFO = {2010: 3234, 2011: 3872, 2012: 3521, 2013: 3535, 2014: 2818, 2015: 2958, 2016: 3087, 2017: 2831}


@pytest.mark.real_data
def test_every_wave_of_the_airport_survey_is_read_whole(tmp_path: Path) -> None:
    tables = list(open_files([real("sfo_airport_survey", "*.csv")], scratch=tmp_path))
    assert {int(raw.name[:4]): counted(raw) for raw in tables} == SFO
    assert sum(SFO.values()) == 25_856
    assert all(raw.in_place and header == header.strip() for raw in tables for header in raw.headers)


@pytest.mark.real_data
def test_the_incident_log_is_read_from_its_zip(tmp_path: Path) -> None:
    [raw] = list(open_files([real("it_incidents")], scratch=tmp_path))
    assert counted(raw) == 141_712
    assert {"category", "category_2"} <= set(raw.headers)


@pytest.mark.real_data
def test_invoices_reviews_queries_and_churn_are_read_whole(tmp_path: Path) -> None:
    folders = [real(name) for name in ("online_retail", "womens_clothing_reviews", "banking77", "iranian_churn")]
    found = {raw.name.split("/")[-1]: counted(raw) for raw in open_files(folders, scratch=tmp_path)}
    assert found == {
        "online_retail.csv.gz": 541_909,
        "Womens Clothing E-Commerce Reviews.csv": 23_486,
        "test.csv": 3_080,
        "train.csv": 10_003,
        "Customer_Churn.csv": 3_150,
    }


def test_every_refusal_is_one_sentence_with_a_hint(folder: Path) -> None:
    for name, data in {"a.csv": b"", "b.csv": b"1,2\n3,4\n", "c.xlsx": b"PK\x03\x04", "d.pdf": b"%PDF-1.4"}.items():
        with pytest.raises(TouchstoneError) as error:
            one(folder, data, name)
        assert error.value.problem.endswith(".")
        assert error.value.hint
