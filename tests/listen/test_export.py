"""Exports: what went in comes back, nothing becomes a formula, and a file is there whole or not at all."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from touchstone.core.errors import BadDefinition, Refused, UnknownName
from touchstone.listen.add import add
from touchstone.listen.export import FORMATS, export
from touchstone.listen.neutral import neutral
from touchstone.workspace import Workspace

HOSTILE = [
    "=1+1", "=cmd|' /C calc'!A0", "+49 170 1234567", "+4917012345678", "-5",
    "-3.25", "-2+3", "- a list", "@SUM(A1)",
    "'=1+1", "''=1+1", "'quoted'", "'-5", "'", "''", "a\tb", "a\rb", "a\r\nb",
    "a\nb\n\nc", 'say "no"', '"', '""', ",", ";",
    "a,b;c|d", "007", "0", "1.50", "1e5", "1_000",
    "123456789012345678901234567890", "None", "NULL", "null", "NaN", "inf",
    "\\N", "\\", "\\\"", "n/a", "-", "TRUE", "false", "2024-01-05",
    "05/01/2024", "2024-01-05T10:00:00Z", "_x0041_",
    "_x000D_", "<b>&amp;</b>", "</script>", "%PDF", "née Müller", "漢字",
    "😀 👩‍👩‍👧", "\u202egnp.exe", "a\u00a0b", "a\u200bb",
    "x\ufeffy", "\u2028", "a\x01b", "\x7f", "{\"a\": 1}", "[1, 2]",
    "long " * 900, "e\u0301", "ﬀ", "#NAME?", "1/2",
]  # fmt: skip

# a file with many control characters is no text to our reader
LETTERS = st.one_of(st.characters(exclude_categories=["Cs", "Cn", "Cc", "Co"]), st.sampled_from("\t\r\n'=+-@\"\\,;"))

MAPPING = {
    "table": "tickets",
    "source": "desk",
    "columns": {
        name: name
        for name in (
            "ticket_id", "customer_id", "topic", "opened_at", "resolved_at", "sla_met", "waited_seconds", "contacts",
        )
    },
    "attributes": {"note": "note", "Größe": "size", "all": "all", "order.ref": "ref"},
}  # fmt: skip


def ticket(number: int, text: str) -> dict[str, Any]:
    """A ticket with `text` wherever a text goes, and numbers and times that are hard to keep."""
    return {
        "ticket_id": f"{number}/{text[:60]}",
        "customer_id": text[:60] if number % 3 else None,
        "topic": text,
        "opened_at": f"20{number % 90 + 10}-0{number % 9 + 1}-0{number % 7 + 1}T0{number % 9}:59:{number % 60:02d}"
        + ("Z", ".5Z", ".000001Z", "+02:00")[number % 4],
        "resolved_at": "2199-12-31T23:59:59Z" if number % 2 else "1900-01-02T00:00:01Z",
        "sla_met": (True, False, None)[number % 3],
        "waited_seconds": (0.1 + 0.2, 1e-7, 123456789.123456789, 1 / 3, 5, None)[number % 6],
        "contacts": (0, 1, 10**15, None)[number % 4],
        "note": text,
        "size": text if number % 2 else None,
        "all": "7",
        "ref": f"{number % 5}",
    }


def with_tickets(folder: Path, texts: list[str]) -> Workspace:
    from touchstone.core.mapping import from_toml

    workspace = Workspace.create(folder / "first", timezone="Europe/Berlin")
    rows = folder / "tickets.jsonl"
    with rows.open("w", encoding="utf-8") as file:
        file.writelines(
            json.dumps(ticket(number, text), ensure_ascii=False) + "\n" for number, text in enumerate(texts)
        )
    add(workspace, [rows], mapping=from_toml(MAPPING))
    return workspace


def rows_of(workspace: Workspace, table: str) -> list[dict[str, Any]]:
    data = workspace.data()
    try:
        query = data.table(table).drop("import_number")
        found = data.fetch(query).rows
    finally:
        data.engine.close()  # type: ignore[attr-defined]
    return sorted(
        ({name: value for name, value in sorted(row.items()) if value is not None} for row in found), key=repr
    )


def exported(workspace: Workspace, table: str, path: Path, **options: Any) -> Any:
    data = workspace.data()
    try:
        return export(data, table, path, **options)
    finally:
        data.engine.close()  # type: ignore[attr-defined]


def brought_back(workspace: Workspace, table: str, path: Path) -> list[dict[str, Any]]:
    exported(workspace, table, path)
    fresh = Workspace.create(path.with_name(f"{path.name}.fresh"), timezone="America/New_York")
    (file,) = add(fresh, [path]).files
    assert (file.table, file.layout, file.rows_aside) == (table, "touchstone export", 0), file.reasons
    return rows_of(fresh, table)


@pytest.fixture(scope="module")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return with_tickets(tmp_path_factory.mktemp("tickets"), HOSTILE)


READABLE = ["csv", "xlsx", "parquet", "jsonl", "sav"]


@pytest.mark.parametrize("kind", READABLE)
def test_an_export_gives_back_what_went_in(tickets: Workspace, tmp_path: Path, kind: str) -> None:
    before = rows_of(tickets, "tickets")
    assert len(before) == len(HOSTILE)
    assert brought_back(tickets, "tickets", tmp_path / f"tickets.{kind}") == before


@settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.generate],  # each example is four imports: making it smaller takes too long
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(texts=st.lists(st.text(LETTERS, min_size=1), min_size=20, max_size=60))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("texts")
    workspace = with_tickets(folder, texts)
    before = rows_of(workspace, "tickets")
    for kind in ("csv", "xlsx", "sav"):
        assert brought_back(workspace, "tickets", folder / f"tickets.{kind}") == before


def test_every_table_that_an_import_fills_comes_back(simulated: Any, tmp_path: Path) -> None:
    for table in simulated.data.tables:
        if table != "set_aside":
            path = tmp_path / f"{table}.csv"
            assert brought_back(simulated.workspace, table, path) == rows_of(simulated.workspace, table)


def test_adding_an_export_to_its_own_workspace_changes_nothing(tickets: Workspace, tmp_path: Path) -> None:
    before = rows_of(tickets, "tickets")
    exported(tickets, "tickets", tmp_path / "again.csv")
    (file,) = add(tickets, [tmp_path / "again.csv"]).files
    assert (file.new, file.changed, file.unchanged) == (0, 0, len(HOSTILE))
    assert rows_of(tickets, "tickets") == before


# formulas


def test_no_text_of_a_csv_begins_a_formula(tickets: Workspace, tmp_path: Path) -> None:
    exported(tickets, "tickets", tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    begins = [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell]
    assert set(begins) == {"-5", "-3.25"}  # plain numbers stay numbers
    assert "'=1+1" in cells and "'+4917012345678" in cells and "'-2+3" in cells


def test_a_workbook_has_texts_and_no_formulas(tickets: Workspace, tmp_path: Path) -> None:
    import openpyxl

    exported(tickets, "tickets", tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "inlineStr", "n", "d", "b"} & {cell.data_type for cell in cells}
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert {"=1+1", "007"} <= {cell.value for cell in cells if cell.data_type != "n"}
    waited = next(cell.column for cell in sheet[1] if cell.value == "waited_seconds")
    assert {row[waited - 1].data_type for row in sheet.iter_rows(min_row=2)} <= {"n"}


@pytest.mark.parametrize("text", HOSTILE)
def test_taking_the_apostrophe_away_gives_the_text_back(text: str) -> None:
    marked = neutral(text)
    assert marked == text or marked == "'" + text
    assert neutral(marked) != marked or marked == text  # a marked text is marked once more when it leaves again


# what is asked for


def test_rows_and_columns_are_chosen_and_the_key_is_always_there(tickets: Workspace, tmp_path: Path) -> None:
    written = exported(
        tickets, "tickets", tmp_path / "t.csv", where="contacts = 1", columns=["topic", "month", "topic"]
    )
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["ticket_id", "topic", "month"] == list(written.columns)
    assert len(rows) == written.rows == len(range(1, len(HOSTILE), 4))


def test_an_older_import_is_exported_as_it_was(desk: Any) -> None:
    head = "order_id,customer_id,paid_at,amount\n"
    desk.take(head + "1,7,2024-01-05,10.50\n", name="a.csv")
    desk.take(head + "2,7,2024-01-05,20\n", name="b.csv")
    data = desk.workspace.data(as_of=1)
    export(data, "orders", desk.folder / "old.jsonl")
    (row,) = map(json.loads, (desk.folder / "old.jsonl").read_text("utf-8").splitlines())
    assert (row["order_id"], row["amount"], row["paid_at"]) == ("orders:1", "10.5000", "2024-01-05T00:00:00Z")
    data.engine.close()


def test_parquet_keeps_the_types(desk: Any) -> None:
    import pyarrow.parquet as pq

    desk.take("order_id,customer_id,paid_at,amount\n1,7,2024-01-05,12345678901234.5678\n")
    exported(desk.workspace, "orders", desk.folder / "o.parquet")
    (row,) = pq.read_table(desk.folder / "o.parquet").to_pylist()
    assert row["amount"] == Decimal("12345678901234.5678")
    assert row["paid_at"] == datetime(2024, 1, 5, tzinfo=UTC)


def test_amounts_too_long_for_a_spreadsheet_come_back_to_the_last_digit(desk: Any) -> None:
    desk.take("order_id,customer_id,paid_at,amount\n1,7,2024-01-05,12345678901234.5678\n2,7,2024-01-05,-0.0001\n")
    path = desk.folder / "o.xlsx"
    assert brought_back(desk.workspace, "orders", path) == rows_of(desk.workspace, "orders")


def test_a_nul_does_not_cut_a_text_short(desk: Any) -> None:
    row = {"ticket_id": "1", "customer_id": "7", "opened_at": "2024-01-05", "topic": "a\0b"}
    desk.add(desk.write("t.jsonl", json.dumps(row) + "\n"))
    for kind in ("csv", "xlsx"):
        (back,) = brought_back(desk.workspace, "tickets", desk.folder / f"t.{kind}")
        assert back["topic"] == "ab"


def test_answers_leave_as_feedback_records_and_come_back_with_their_scale(desk: Any) -> None:
    mapping = {
        "table": "answers",
        "source": "formbricks",
        "columns": {"submission_id": "id", "answered_at": "at"},
        "unpivot": [
            {"from": "ease", "question_id": "ease", "metric": "ces", "scale": [1, 5], "label": "How easy was it?"},
            {"from": "why", "question_id": "why", "text": True},
        ],
    }
    desk.take("id,at,ease,why\n1,2024-01-05,4,=1+1\n2,2024-01-06,2,\n", mapping)
    path = desk.folder / "records.jsonl"
    written = exported(desk.workspace, "answers", path, format="feedback-records", where="submission_id is not null")
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert (written.rows, len(records)) == (3, 3)
    assert {record["field_label"] for record in records} == {"How easy was it?", "why"}
    fresh = Workspace.create(desk.folder / "fresh")
    add(fresh, [path])
    kept = ("submission_id", "question_id", "metric", "score", "scale_low", "scale_high", "text", "source")
    both = [
        [{name: row.get(name) for name in kept} for row in rows_of(one, "answers")] for one in (desk.workspace, fresh)
    ]
    assert sorted(both[0], key=repr) == sorted(both[1], key=repr)
    with pytest.raises(BadDefinition, match="Feedback records are answers"):
        exported(desk.workspace, "questions", path, format="feedback-records")


# refusals


def test_a_file_that_is_there_stays_unless_forced(tickets: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("mine")
    with pytest.raises(Refused, match="is there already"):
        exported(tickets, "tickets", path)
    assert path.read_text() == "mine"
    exported(tickets, "tickets", path, force=True)
    assert path.read_text("utf-8-sig").startswith('"ticket_id"')


def test_a_refused_export_leaves_nothing(desk: Any) -> None:
    desk.take("ticket_id,customer_id,opened_at,topic\n1,7,2024-01-05," + "x" * 32_768 + "\n")
    with pytest.raises(Refused, match=r"'topic' of row 1 has more than 32,767 characters"):
        exported(desk.workspace, "tickets", desk.folder / "t.xlsx")
    assert [path.name for path in desk.folder.iterdir()] == ["f.csv"]


def test_an_emoji_counts_twice_in_a_cell(desk: Any) -> None:
    desk.take("ticket_id,customer_id,opened_at,topic\n1,7,2024-01-05," + "😀" * 16_384 + "\n")
    with pytest.raises(Refused):
        exported(desk.workspace, "tickets", desk.folder / "t.xlsx")


def test_what_cannot_be_exported_is_said(tickets: Workspace, tmp_path: Path) -> None:
    for problem, table, name, options in (
        ("There are no orders yet", "orders", "t.csv", {}),
        ("no table called 'ticket'", "ticket", "t.csv", {}),
        ("ending of 't.doc' does not say", "tickets", "t.doc", {}),
        ("no format called 'excel'", "tickets", "t.doc", {"format": "excel"}),
        ("no column of tickets called 'topik'", "tickets", "t.csv", {"columns": ["topik"]}),
        ("cannot be written", "tickets", "no/t.csv", {}),
    ):
        with pytest.raises((Refused, UnknownName, BadDefinition), match=problem):
            exported(tickets, table, tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_more_rows_than_a_sheet_holds_go_to_further_sheets(
    tickets: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("touchstone.listen.writers.workbook.MOST_ROWS", 30)
    before = rows_of(tickets, "tickets")
    path = tmp_path / "t.xlsx"
    exported(tickets, "tickets", path)
    fresh = Workspace.create(tmp_path / "fresh")
    summary = add(fresh, [path])
    assert [file.file for file in summary.files] == ["t.xlsx/tickets", "t.xlsx/tickets 2", "t.xlsx/tickets 3"]
    assert [file.records for file in summary.files] == [30, 30, len(HOSTILE) - 60]
    assert rows_of(fresh, "tickets") == before


def test_progress_is_told_and_every_format_has_a_writer(tickets: Workspace, tmp_path: Path) -> None:
    said: list[str] = []
    for name in FORMATS:
        exported(tickets, "tickets", tmp_path / "t.x", format=name, force=True, progress=said.append)
    assert said == [f"Writing {len(HOSTILE)} of {len(HOSTILE)} rows"] * len(FORMATS)


# mappings that say the same of other files


def test_each_row_may_say_its_source_which_its_id_then_begins_with(desk: Any) -> None:
    mapping = {
        "table": "orders",
        "source": {"from": "shop"},
        "columns": {"order_id": "no", "paid_at": "at", "amount": "sum"},
    }
    desk.take("shop,no,at,sum\nnorth,1,2024-01-05,10\nsouth,1,2024-01-05,20\n", mapping)
    assert desk.rows("orders", "order_id", "source") == [("north:1", "north"), ("south:1", "south")]


def test_an_apostrophe_is_taken_off_only_where_it_keeps_a_formula_away(desk: Any) -> None:
    mapping = {
        "table": "tickets",
        "neutralised": True,
        "columns": {"ticket_id": "no", "opened_at": "at", "topic": "what"},
    }
    desk.take("no,at,what\n1,2024-01-05,'=1+1\n2,2024-01-05,'tis\n3,2024-01-05,=1+1\n4,2024-01-05,''@x\n", mapping)
    assert desk.rows("tickets", "topic") == ["=1+1", "'tis", "=1+1", "'@x"]


# commands


def run(desk: Any, *words: str) -> str:
    from click.testing import CliRunner

    from touchstone.cli.main import cli

    return CliRunner().invoke(cli, [*words, "-w", str(desk.workspace.folder)], catch_exceptions=False).output


def test_the_command_says_what_it_wrote(desk: Any) -> None:
    desk.take("order_id,customer_id,paid_at,amount\n1,7,2024-01-05,10\n2,8,2024-01-06,20\n")
    path = desk.folder / "o.csv"
    words = ("export", "orders", "-o", str(path), "--columns", "amount, customer_id", "--where", "amount > 15")
    assert run(desk, *words) == f"1 rows of orders are in {path} (3 columns).\n"
    with pytest.raises(Refused):
        run(desk, *words)
    record = json.loads(run(desk, *words, "--force", "--json"))
    assert record["columns"] == ["order_id", "amount", "customer_id"]
    assert (record["format"], record["rows"], record["data_number"]) == ("csv", 1, 1)


def test_scores_leave_as_the_records_that_json_prints(desk: Any) -> None:
    desk.take(
        "response_id,customer_id,date,nps,segment\n" + "".join(f"{n},{n},2024-01-05,{n % 11},=1+1\n" for n in range(40))
    )
    path = desk.folder / "nps.csv"
    words = ("score", "nps", "--by", "segment", "-o", str(path))
    assert run(desk, *words) == f"The results are in {path}.\n"
    with path.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["segment"], row["metric"], row["n"]) == ("'=1+1", "nps", "40")
    with pytest.raises(Refused, match="is there already"):
        run(desk, *words)


@pytest.mark.parametrize(("column", "says"), [("kind", "employee"), ("anonymous", "yes")])
def test_answers_that_were_promised_anonymity_are_not_exported_as_rows(tmp_path: Path, column: str, says: str) -> None:
    workspace = Workspace.create(tmp_path / "workspace")
    lines = [f"a{n},s{n},q1,c{n},nps,9,{says if n < 2 else ''}" for n in range(40)]
    (tmp_path / "answers.csv").write_text(
        "\n".join([f"answer_id,submission_id,question_id,customer_id,metric,score,{column}", *lines]), encoding="utf-8"
    )
    add(workspace, [tmp_path / "answers.csv"], table="answers")
    data = workspace.data()
    for kind in ("csv", "feedback-records"):
        with pytest.raises(Refused, match="promised anonymity") as refused:
            export(data, "answers", tmp_path / "out.csv", format=kind)
        assert "--for-release" in refused.value.hint and "2" not in refused.value.problem
    with pytest.raises(Refused, match="promised anonymity"):
        export(data, "answers", tmp_path / "out.csv", where=f"{column} = {says}", columns=["score"])
    assert not list(tmp_path.glob("*out.csv*"))
    others = export(data, "answers", tmp_path / "out.csv", where=f"{column} is null")
    assert others.rows == 38


def test_no_row_that_is_a_person_leaves_the_organisation(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "workspace")
    (tmp_path / "answers.csv").write_text(
        "answer_id,submission_id,question_id,customer_id,metric,score\na1,s1,q1,c1,nps,9\n", encoding="utf-8"
    )
    add(workspace, [tmp_path / "answers.csv"], table="answers")
    with pytest.raises(Refused, match="Every row of answers is a person"):
        export(workspace.data(), "answers", tmp_path / "out.csv", for_release=True)
    assert export(workspace.data(), "answers", tmp_path / "out.csv").rows == 1
    with pytest.raises(Refused, match="no accounts yet"):
        export(workspace.data(), "accounts", tmp_path / "accounts.csv", for_release=True)
