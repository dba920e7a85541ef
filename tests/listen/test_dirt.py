"""What the campaign of manglings found: each of these lost something, or ended in a traceback, once."""

from __future__ import annotations

import csv
import os
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import xlsxwriter
from tests.listen.conftest import Desk, accounted

from touchstone import listen
from touchstone.core.errors import BadFile, TouchstoneError
from touchstone.listen.encodings import examine
from touchstone.listen.values import doubtful_decimals
from touchstone.workspace import Workspace


def orders(amounts: list[str]) -> str:
    lines = [f"O{place},C{place % 3},2024-01-{place + 10}T10:00:00Z,{one}" for place, one in enumerate(amounts)]
    return "order_id,customer_id,paid_at,amount\n" + "\n".join(lines) + "\n"


def test_half_of_a_letter_in_json_is_replaced_and_ends_nothing(desk: Desk) -> None:
    lines = [f'{{"order_id": "O{n}", "paid_at": "2024-01-02", "amount": "1", "kind": "a\\ud800b"}}\n' for n in range(3)]
    assert desk.take("".join(lines), name="f.jsonl").rows_taken == 3
    assert {row["kind"] for row in desk.rows("orders")} == {"a\ufffdb"}


def test_a_column_called_rowid_is_a_column_like_others(desk: Desk) -> None:
    text = "submission_id,nps,RowID\n" + "".join(f"S{n},{n},{n % 2}\n" for n in range(10))
    account = desk.take(text)
    assert (account.rows_taken, account.records) == (10, 10)


def test_the_names_of_folders_say_nothing_of_the_rows_in_them(tmp_path: Path) -> None:
    folder = tmp_path / "kind=employee" / "team=x" / "region=north"
    here = Desk(Workspace.create(folder / "workspace"), folder / "files")
    here.take("submission_id,kind,nps,team\n" + "".join(f"S{n},relationship,{n},t{n % 2}\n" for n in range(10)))
    rows = here.rows("answers")
    assert {row["kind"] for row in rows} == {"relationship"}
    assert {row["team"] for row in rows} == {"t0", "t1"}
    assert "region" not in rows[0]


def test_columns_called_like_those_of_the_reader_are_columns_like_others(desk: Desk) -> None:
    heads = ("file_row_number", "filename", "_wrong", "o0", "w1", "file_index")
    rows = "".join(f"S{n},{n}," + ",".join(f"{head}{n % 2}" for head in heads) + "\n" for n in range(10))
    attributes = "".join(f'a{head} = "{head}"\n' for head in heads)
    desk.take(
        f"submission_id,nps,{','.join(heads)}\n{rows}S11,x,,,,,,\n",
        f'table = "answers"\n[columns]\nsubmission_id = "submission_id"\n[attributes]\n{attributes}'
        '[[unpivot]]\nfrom = "nps"\nmetric = "nps"\nscale = [0, 10]\n',
    )
    for row in desk.rows("answers"):
        n = int(row["submission_id"].rpartition("S")[2]) % 2
        assert [row[f"a{head}"] for head in heads] == [f"{head}{n}" for head in heads]


def test_a_pipe_is_refused_and_not_waited_for(desk: Desk) -> None:
    desk.folder.mkdir()
    pipe = desk.folder / "pipe.csv"
    os.mkfifo(pipe)
    with pytest.raises(BadFile, match="is no file but a pipe or a device"):
        desk.add(pipe)


def test_a_column_that_may_hold_thousands_or_fractions_is_said_to_be_read_as_one(desk: Desk) -> None:
    account = desk.take(orders(['"1,234"', '"2,345"', '"3,456"']))
    assert any("'amount' does not tell thousands from decimals" in note for note in account.notes)
    assert sorted(row["amount"] for row in desk.rows("orders")) == [1234, 2345, 3456]


def test_a_point_among_decimal_commas_does_not_make_a_number_a_hundred_times_as_large(desk: Desk) -> None:
    mapping = """
    table = "orders"
    source = "shop"
    [columns]
    order_id = "order_id"
    paid_at = "paid_at"
    amount = { from = "amount", decimal = "," }
    """
    desk.take(orders(['"1,50"', "1.50", '"1.234,50"', "1.234"]), mapping)
    found = {row["order_id"]: float(row["amount"]) for row in desk.rows("orders")}
    assert found == {"shop:O0": 1.5, "shop:O1": 1.5, "shop:O2": 1234.5, "shop:O3": 1234.0}


def test_mixed_decimal_marks_are_named() -> None:
    assert "points are read as decimal marks" in doubtful_decimals(["1,5", "1.5"])
    assert "1.234 are read with decimals" in doubtful_decimals(["1.234", "5"])
    assert not doubtful_decimals(["1,234", "1.50"])


def test_nothing_that_rules_a_terminal_is_in_an_error(desk: Desk) -> None:
    with pytest.raises(TouchstoneError) as error:
        desk.add(desk.write("two\nlines\x1b[31m\u202e.csv", ""))
    assert error.value.problem == "two lines\ufffd[31m\ufffd.csv is empty."


def test_nul_padding_is_no_sign_of_utf_16(desk: Desk) -> None:
    account = desk.take(orders(["1", "2", "3"]) + "\0" * 4096)
    assert account.rows_taken == 3
    assert any("4,096 NUL bytes were removed" in note for note in account.notes)


def test_a_read_me_before_the_exports_is_left_out_and_named(desk: Desk) -> None:
    desk.write("box/README.md", "# Exports\n\nNightly.\n")
    desk.write("box/orders.csv", orders(["1", "2"]))
    (account,) = desk.add(desk.folder / "box").files
    assert account.rows_taken == 2
    assert any("README.md" in note and "left out" in note for note in account.notes)


def test_a_folder_of_nothing_but_a_read_me_is_refused(desk: Desk) -> None:
    desk.write("box/README.md", "# Exports\n\nNightly.\n")
    with pytest.raises(BadFile):
        desk.add(desk.folder / "box")


def test_a_name_with_backslashes_in_a_zip_is_no_leftover(desk: Desk) -> None:
    desk.folder.mkdir()
    path = desk.folder / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("..\\a\\orders.csv", orders(["1", "2"]))
    assert desk.add(path).files[0].rows_taken == 2


def test_an_id_written_as_a_formula_of_its_text_is_the_text(desk: Desk) -> None:
    desk.take('customer_id,segment\n="00123",a\n="00124",b\n')
    assert {row["customer_id"] for row in desk.rows("customers")} == {"00123", "00124"}


def test_a_name_that_reads_as_a_pattern_is_a_name(desk: Desk) -> None:
    desk.write("orders-1.csv", orders(["1"] * 5))
    (account,) = desk.add(desk.write("orders-*.csv", orders(["1", "2"]))).files
    assert (account.file, account.rows_read) == ("orders-*.csv", 2)


def test_a_folder_whose_name_reads_as_a_pattern_is_a_folder(desk: Desk) -> None:
    desk.write("a/orders.csv", orders(["1"] * 5))
    desk.write("[a]/orders.csv", orders(["1", "2"]))
    (account,) = desk.add(desk.folder / "[a]").files
    assert account.rows_read == 2


def test_a_name_that_is_no_utf_8_is_shown_with_a_mark_in_it(desk: Desk) -> None:
    path = desk.write("x.csv", orders(["1", "2"]))
    odd = path.with_name(os.fsdecode(b"caf\xe9.csv"))
    path.rename(odd)
    (account,) = desk.add(odd).files
    assert (account.file, account.rows_taken) == ("caf\ufffd.csv", 2)


def test_a_csv_that_is_called_gz_is_read_as_what_it_holds(desk: Desk) -> None:
    assert desk.take(orders(["1", "2"]), name="orders.csv.gz").rows_taken == 2


def test_a_name_that_is_too_long_is_refused(desk: Desk) -> None:
    desk.folder.mkdir()
    with pytest.raises(BadFile, match="cannot be opened: file name too long"):
        desk.add(desk.folder / ("x" * 300))


def test_a_damaged_parquet_footer_is_said_without_control_letters(desk: Desk) -> None:
    import pyarrow as pa

    desk.folder.mkdir()
    path = desk.folder / "a.parquet"
    pq.write_table(pa.table({"order_id": ["1"] * 100, "amount": ["2"] * 100}), path)
    data = path.read_bytes()
    path.write_bytes(data[:-300] + b"\xff" * 250 + data[-50:])
    with pytest.raises(BadFile) as error:
        desk.add(path)
    assert error.value.problem.isprintable()


def test_nine_digits_of_a_second_beside_other_times_are_read(desk: Desk) -> None:
    """Once a BinderException: the engine has a type of its own for them."""
    lines = ["O1,2024-01-02T10:00:00.000000000Z,1", "O2,13/01/2024 10:00:00.123456789Z,1", "O3,2024-01-02 10:00,1"]
    mapping = """
    table = "orders"
    [columns]
    order_id = "order_id"
    paid_at = { from = "paid_at", format = ["%d/%m/%Y %H:%M:%S.%nZ", "%d/%m/%Y %H:%M:%S.%n%z", "%d/%m/%Y %H:%M:%S.%n"] }
    amount = "amount"
    """
    account = desk.take("order_id,paid_at,amount\n" + "\n".join(lines) + "\n", mapping)
    assert account.rows_taken == 3


def test_a_file_of_one_enormous_line_is_refused_for_its_length(desk: Desk) -> None:
    """Once it was said to hold blank lines."""
    with pytest.raises(BadFile, match="is no table: the line is longer than 8,000,000 characters"):
        desk.add(desk.write("line.csv", "x" * 9_000_000))


def test_a_table_of_thousands_of_columns_is_refused_with_what_to_do(desk: Desk) -> None:
    """Once it took two gigabytes."""
    names, cells = ",".join(f"f{n}" for n in range(5_000)), ",".join("1" * 5_000)
    with pytest.raises(BadFile, match=r"has 5,004 columns, and a table may have 3,000\.") as error:
        desk.add(desk.write("wide.csv", f"order_id,customer_id,paid_at,amount,{names}\nO1,C1,2024-01-01,5,{cells}\n"))
    assert error.value.hint == "leave out the columns that you do not need, and try again."


def test_columns_beyond_three_hundred_that_nobody_asked_for_are_named_and_not_kept(desk: Desk) -> None:
    names, cells = ",".join(f"f{n}" for n in range(400)), ",".join("1" * 400)
    lines = [f"O{n},C1,2024-01-01,5,{cells}" for n in range(4)]
    account = desk.take("\n".join([f"order_id,customer_id,paid_at,amount,{names}", *lines]) + "\n")
    assert account.rows_taken == 4
    assert len(account.ignored) == 100


def test_a_workbook_with_a_stray_cell_in_its_last_corner_is_refused(desk: Desk) -> None:
    """Once its reader asked for four hundred gigabytes, and the process died."""
    desk.folder.mkdir()
    path = desk.folder / "stray.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["order_id", "paid_at", "amount"])
        sheet.write_string(1_048_575, 16_383, "x")
    with pytest.raises(BadFile, match="a sheet that reaches over 1,048,576 rows and 16,384 columns"):
        desk.add(path)


def test_a_workbook_with_a_stray_cell_further_down_is_read(desk: Desk) -> None:
    desk.folder.mkdir()
    path = desk.folder / "stray.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate(csv.reader(orders(["1", "2", "3"]).splitlines())):
            sheet.write_row(place, 0, row)
        sheet.write_string(5_000, 1, "checked by Ada")
    account = desk.add(path).files[0]
    assert account.rows_read == account.rows_taken + account.rows_aside
    assert account.rows_taken == 3


def test_a_separator_named_above_the_table_may_stand_within_quotes(desk: Desk) -> None:
    rows = "".join(f'"<i>M{n}</i>&amp;";shop;2024-01-{n + 10}T09:00:00Z;{n % 5 + 1};fine\n' for n in range(9))
    account = desk.take(f"sep=;\nmention_id;source;posted_at;rating;text\n{rows}")
    assert (account.rows_taken, account.rows_aside) == (9, 0)


@pytest.mark.parametrize("end", ["\r\r\n", "\n\r", "\n\n"])
def test_blank_lines_between_two_header_rows_hide_neither(desk: Desk, end: str) -> None:
    fixture = Path(listen.__file__).parent / "layouts" / "surveymonkey" / "Fjord customer survey.csv"
    whole = accounted(desk.add(fixture).files[0])
    other = Desk(Workspace.create(desk.folder / "other"), desk.folder)
    text = fixture.read_text("utf-8-sig").replace("\n", end)
    again = other.take(text, name=fixture.name)
    assert (again.rows_taken, again.records) == (whole.rows_taken, whole.records)


def test_three_bytes_of_a_letter_are_utf_8_whatever_strays_beside_them(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("id,text\n1,abc \u202egnp\n".encode() + b"2,caf\xe9\n3,na\xefve\n")
    found = examine(tmp_path / "a").encoding
    assert (found.codec, found.strays) == ("utf-8", True)
    (tmp_path / "b").write_bytes(b"id,text\n1,caf\xe9 \xc3\xa9\n2,na\xefve\n")
    assert examine(tmp_path / "b").encoding.codec == "cp1252"
