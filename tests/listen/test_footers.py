"""Last lines that are no rows are left out and named; whatever might be a row stays one."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from tests.listen.conftest import Desk

from touchstone.listen.files import RawFile, open_files

HEADER = "id,day,amount,shop,remark"
ROWS = "".join(f"A{n},2024-03-{n:02d},{n}.50,north,fine and well\n" for n in range(1, 13))
PERIOD = "Reporting period 2024-03-01 to 2024-03-31"


def raw(folder: Path, text: str | bytes, name: str = "f.csv") -> RawFile:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    [found] = open_files([folder / name], scratch=folder / "scratch")
    return found


@pytest.mark.parametrize(
    "footer",
    [
        f"{PERIOD}\n",
        f"\n\n{PERIOD}\n\n",
        f"{PERIOD},,,,\n",
        "Total,,78.00,,\n",
        "Summe:,,,,\n",
        f"Total,,78.00,,\n{PERIOD}\n",
    ],
)
def test_a_footer_is_left_out_and_named(tmp_path: Path, footer: str) -> None:
    found = raw(tmp_path, f"{HEADER}\n{ROWS}{footer}")
    assert (found.lines, found.set_aside) == (12, 0)
    (note,) = found.notes
    assert "no row" in note
    assert footer.strip().splitlines()[-1].split(",")[0] in note


@pytest.mark.parametrize("last", ["A13,2024-03-13", "A13,2024-03-13,13.50,north,x", "word,,,,", ",,13.50,,", "A13"])
def test_what_may_be_a_row_stays_one(tmp_path: Path, last: str) -> None:
    found = raw(tmp_path, f"{HEADER}\n{ROWS}{last}\n")
    assert (found.lines or 0) + found.set_aside == 13
    assert not any("no row" in note for note in found.notes)


def test_a_last_line_cut_off_is_set_aside_and_no_footer(tmp_path: Path) -> None:
    text = f"{HEADER}\n{ROWS}".replace("A1", "Anna Berg 1")
    found = raw(tmp_path, text + "Anna Berg 13")
    assert (found.lines, found.set_aside) == (12, 1)


def test_where_rows_in_the_middle_look_alike_the_last_is_a_row_too(tmp_path: Path) -> None:
    lonely = "only a remark,,,,\n"
    found = raw(tmp_path, f"{HEADER}\n{ROWS}{lonely}{ROWS.replace('A', 'B')}{lonely}")
    assert (found.lines, found.set_aside, found.notes) == (26, 0, ())


def test_a_row_that_cannot_be_read_ends_the_hope_for_a_footer(tmp_path: Path) -> None:
    found = raw(tmp_path, f'{HEADER}\n{ROWS}{PERIOD}\nA14,"open\n')
    assert found.set_aside == 2


def test_a_long_file_is_looked_at_from_its_end(tmp_path: Path) -> None:
    many = "".join(f"A{n},2024-03-01,1.50,north,{'x' * 300}\n" for n in range(8_000))
    assert raw(tmp_path / "a", f"{HEADER}\n{many}").in_place
    found = raw(tmp_path / "b", f"{HEADER}\n{many}Total,,12000.00,,\n")
    assert (found.lines, found.set_aside, len(found.notes)) == (8_000, 0, 1)


def test_a_footer_in_utf_16_and_in_a_workbook_is_one_too(tmp_path: Path) -> None:
    found = raw(tmp_path, f"{HEADER}\n{ROWS}{PERIOD}\n".encode("utf-16"))
    assert (found.lines, found.set_aside) == (12, 0)
    book = openpyxl.Workbook()
    for line in [HEADER, *ROWS.splitlines(), PERIOD]:
        book.active.append(line.split(","))
    book.save(tmp_path / "book.xlsx")
    [sheet] = open_files([tmp_path / "book.xlsx"], scratch=tmp_path / "scratch")
    assert (sheet.lines, sheet.set_aside, "no row" in sheet.notes[0]) == (12, 0, True)


def test_the_account_of_a_file_with_a_footer_counts_its_rows_only(desk: Desk) -> None:
    text = f"order_id,paid_at,amount,unit,remark\n{ROWS}Total,,78.00,,\n"
    summary = desk.take(text)
    assert (summary.rows_read, summary.rows_taken, summary.rows_aside) == (12, 12, 0)
    assert any("left out: 'Total 78.00'" in note for note in summary.notes)
    assert sum(desk.rows("orders", "amount")) == 84
