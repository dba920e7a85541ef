"""Importing: dirt, repetition, change, accounts, and what a person is told."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from touchstone.core.errors import BadFile, Refused
from touchstone.core.mapping import Mapping, Question, Take
from touchstone.engine.connect import DuckDB
from touchstone.engine.intake import stage
from touchstone.engine.records import make_records
from touchstone.engine.scan import read
from touchstone.listen.add import _scan
from touchstone.listen.plan import plan

HEAD = "order_id,customer_id,paid_at,amount,currency\n"
SAME = {name: name for name in ("order_id", "paid_at", "amount")}
THREE = HEAD + "1,7,2024-01-05,10.50,EUR\n2,8,2024-01-06,20,EUR\n3,,2024-01-07,5,EUR\n"


# dirt


IMPOSSIBLE = [
    ("amount", "NaN", "is missing"),
    ("amount", "inf", "is not an amount of money"),
    ("amount", "1e400", "is not an amount of money"),
    ("amount", "123456789012345", "is not an amount of money"),
    ("amount", "ten", "is not an amount of money"),
    ("amount", "", "is missing"),
    ("amount", " N/A ", "is missing"),
    ("lines", "1.5", "is not a whole number"),
    ("lines", "0x1F", "is not a whole number"),
    ("lines", "inf", "is not a whole number"),
    ("paid_at", "32/01/2024", "is not a date or time"),
    ("paid_at", "0024-01-05", "is not a date or time"),
    ("paid_at", "infinity", "is not a date or time"),
    ("paid_at", "9999-12-31", "is not a date or time"),
    ("paid_at", "1900-01-01", "is not a date or time"),
    ("paid_at", "", "is missing"),
    ("order_id", "  ", "is missing"),
    ("order_id", "N/A", "is missing"),
]


def test_a_value_that_cannot_be_sets_its_row_aside_with_the_reason(desk: Any) -> None:
    good = {"order_id": "1", "paid_at": "2024-01-05", "amount": "1", "lines": "1"}
    text = io.StringIO()
    writer = csv.DictWriter(text, good)
    writer.writeheader()
    writer.writerows(
        [good, *(good | {"order_id": f"x{n}"} | {column: value} for n, (column, value, _) in enumerate(IMPOSSIBLE))]
    )
    mapping = {"table": "orders", "columns": {name: name for name in good}}
    file = desk.take(text.getvalue(), mapping)
    assert (file.records, file.rows_aside) == (1, len(IMPOSSIBLE))
    said = sorted(desk.rows("set_aside", "row", "column_name", "reason", "value"))
    assert [(column, reason) for _, column, reason, _ in said] == [(column, reason) for column, _, reason in IMPOSSIBLE]
    unread = [value for _, value, reason in IMPOSSIBLE if reason != "is missing"]
    assert [value for *_, reason, value in said if reason != "is missing"] == unread


def test_negative_durations_weights_and_counts_cannot_be(desk: Any) -> None:
    text = "event_id,customer_id,occurred_at,duration_seconds\n1,7,2024-01-01,-1\n2,7,2024-01-01,0\n"
    assert desk.take(text).reasons == (("'duration_seconds' is below 0, which cannot be", 1),)


def test_a_row_set_aside_keeps_its_line_and_file(desk: Any) -> None:
    desk.take(HEAD + "1,7,never,10,EUR\n", name="may.csv")
    (kept,) = desk.rows("set_aside", "file", "table_name", "line")
    assert kept == ("may.csv", "orders", "1 | 7 | never | 10 | EUR")


def test_infinite_and_missing_numbers_are_told_apart(desk: Any) -> None:
    text = "event_id,customer_id,occurred_at,duration_seconds\n" + "".join(
        f"{place},7,2024-01-01,{value}\n" for place, value in enumerate(("NaN", "inf", "1e400", "-inf", "1e3", " 7 "))
    )
    file = desk.take(text)
    assert desk.rows("events", "duration_seconds") == [None, 1000.0, 7.0]
    assert file.reasons == (("'duration_seconds' is not a number", 3),)


def test_formulas_and_the_word_none_stay_text(desk: Any) -> None:
    cells = ['=HYPERLINK("http://x.example")', "+1 family", "-10 for it", "@support", "None", "null", "nan"]
    body = "".join(f'{n},"{cell.replace(chr(34), chr(34) * 2)}",5\n' for n, cell in enumerate(cells))
    desk.take("mention_id,text,rating\n" + body)
    assert desk.rows("mentions", "text") == cells


def test_ids_lose_what_a_spreadsheet_added_and_nothing_else(desk: Any) -> None:
    ids = ["17850.0", " 17851 ", "INV12.00", "007", "1.5", "2024.10.0", "a.0"]
    desk.take("order_id,customer_id,paid_at,amount\n" + "".join(f"{i},7.0,2024-01-01,1\n" for i in ids))
    assert [one.removeprefix("orders:") for one in desk.rows("orders", "order_id")] == [
        "007", "1.5", "17850", "17851", "2024.10.0", "INV12", "a.0",
    ]  # fmt: skip
    assert set(desk.rows("orders", "customer_id")) == {"7"}


def test_decimal_commas_thousands_and_currency_signs_are_read(desk: Any) -> None:
    head = "order_id;customer_id;paid_at;amount\n"
    desk.take(head + "1;7;2024-01-01;1.234,50\n2;7;2024-01-01;12,5 €\n3;7;2024-01-01;-3,00\n", name="de.csv")
    assert desk.rows("orders", "amount") == [Decimal("1234.5"), Decimal("12.5"), Decimal(-3)]
    desk.take(HEAD + '4,7,2024-01-01,"$1,234.50",\n5,7,2024-01-01,"1,234,567",\n6,7,2024-01-01,€ 3.2,\n', name="us.csv")
    assert desk.rows("orders", "amount")[3:] == [Decimal("1234.5"), Decimal(1234567), Decimal("3.2")]


def test_amounts_are_exact_and_rounding_is_said(desk: Any) -> None:
    file = desk.take(HEAD + "1,7,2024-01-01,0.12345,\n2,7,2024-01-01,0.1,\n3,7,2024-01-01,0.120000,\n")
    assert desk.rows("orders", "amount") == [Decimal("0.1235"), Decimal("0.1"), Decimal("0.12")]
    assert file.notes == ("rows with amounts of more than four decimals: 1; rounded to four",)


def test_nul_bytes_blanks_and_marks_nobody_sees_are_no_part_of_a_value(desk: Any) -> None:
    path = desk.write("x.csv", "")
    path.write_bytes((HEAD + "1\0,\u00a07 ,2024-01-01 ,\t5,EUR\n").encode())
    desk.add(path)
    assert desk.rows("orders", "order_id", "customer_id", "amount") == [("orders:1", "7", Decimal(5))]


def test_ragged_rows_are_set_aside_with_their_text(desk: Any) -> None:
    file = desk.take(THREE + "4,7,2024-01-08\n5,7,2024-01-08,1,EUR,extra\n")
    assert (file.rows_read, file.records, file.rows_aside) == (5, 3, 2)
    assert desk.rows("set_aside", "line") == ["4,7,2024-01-08", "5,7,2024-01-08,1,EUR,extra"]


def test_a_row_that_is_ragged_far_below_the_head_is_found(desk: Any) -> None:
    body = "".join(f"{n},7,2024-01-08,1,EUR\n" for n in range(60_000))
    file = desk.take(HEAD + body + "x,7\n" + "y,7,2024-01-08,1,EUR\n")
    assert (file.rows_read, file.records, file.rows_aside) == (60_002, 60_001, 1)


def test_duplicate_headers_are_numbered_and_the_first_is_taken(desk: Any) -> None:
    desk.take("order_id,paid_at,amount,amount\n1,2024-01-01,5,6\n")
    assert desk.rows("orders", "amount") == [Decimal(5)]


def test_dates_in_two_orders_are_not_guessed(desk: Any) -> None:
    file = desk.take(HEAD + "1,7,13/01/2024,1,\n2,7,01/13/2024,1,\n3,7,2024-01-14,1,\n")
    assert desk.rows("orders", "paid_at") == [datetime(2024, 1, 14, tzinfo=UTC)]
    assert any("two orders" in note for note in file.notes)
    assert file.reasons == (("'paid_at' is not a date or time", 2),)


def test_a_date_of_another_order_than_its_column_is_set_aside(desk: Any) -> None:
    body = "".join(f"{n},7,{n}/01/2024,1,\n" for n in range(1, 20))
    mapping = {"table": "orders", "columns": {"order_id": "order_id", "amount": "amount"}}
    mapping["columns"]["paid_at"] = {"from": "paid_at", "format": ["%d/%m/%Y"]}
    file = desk.take(HEAD + body + "99,7,01/20/2024,1,\n", mapping)
    assert (file.records, file.rows_aside) == (19, 1)


def test_epochs_are_seconds_or_milliseconds(desk: Any) -> None:
    columns = {"order_id": "order_id", "amount": "amount", "paid_at": {"from": "paid_at", "format": "epoch"}}
    file = desk.take(HEAD + "1,7,1700000000,1,\n2,7,1e30,1,\n3,7,x,1,\n", {"table": "orders", "columns": columns})
    assert desk.rows("orders", "paid_at") == [datetime.fromtimestamp(1700000000, UTC)]
    assert file.rows_aside == 2
    columns["paid_at"] = {"from": "paid_at", "format": "epoch_ms"}
    desk.take(HEAD + "4,7,1700000000500,1,\n", {"table": "orders", "columns": columns}, name="ms.csv")
    assert desk.rows("orders", "paid_at")[1] == datetime.fromtimestamp(1700000000.5, UTC)


def test_yes_and_no_are_read_in_the_usual_spellings(desk: Any) -> None:
    words = ["yes", "No", "TRUE", "0", "x", "", "maybe"]
    body = "".join(f"{n},7,2024-01-01,{word}\n" for n, word in enumerate(words))
    file = desk.take("invitation_id,customer_id,sent_at,eligible\n" + body)
    assert desk.rows("invitations", "eligible") == [True, False, True, False, True, None]
    assert file.reasons == (("'eligible' is neither yes nor no", 1),)


def test_times_that_run_backwards_are_kept_and_said(desk: Any) -> None:
    text = "ticket_id,customer_id,opened_at,resolved_at\n1,7,2024-01-02,2024-01-01\n2,7,2024-01-02,2024-01-03\n"
    file = desk.take(text)
    assert file.records == 2
    assert file.notes == ("rows with 'resolved_at' before 'opened_at': 1; both are kept as they are",)


# repetition and change


def test_the_same_file_again_changes_nothing_under_any_name(desk: Any) -> None:
    desk.take(THREE)
    again = desk.add(desk.write("copy of f.csv", THREE))
    assert again.number is None
    assert again.files[0].known
    assert len(desk.workspace.lake.imports()) == 1


def test_an_overlapping_export_lands_only_what_is_new(desk: Any) -> None:
    desk.take(THREE)
    file = desk.take(THREE + "4,9,2024-01-08,1,EUR\n", name="later.csv")
    assert (file.unchanged, file.new, file.changed) == (3, 1, 0)
    assert len(desk.rows("orders")) == 4


def test_changed_values_are_merged_and_what_was_not_brought_stays(desk: Any) -> None:
    mapping = {
        "table": "orders",
        "source": "orders",
        "columns": SAME | {"unit": "unit"},
        "attributes": {"shelf": "shelf"},
    }
    desk.take("order_id,paid_at,amount,unit,shelf\n1,2024-01-05,10,north,a\n2,2024-01-05,20,south,b\n", mapping)
    file = desk.take("order_id,paid_at,amount\n1,2024-01-05,11\n2,2024-01-05,20\n", name="later.csv")
    assert (file.changed, file.unchanged, file.new) == (1, 1, 0)
    assert desk.rows("orders", "amount", "unit", "shelf", "import_number") == [
        (Decimal(11), "north", "a", 2),
        (Decimal(20), "south", "b", 1),
    ]


def test_a_value_that_the_new_export_leaves_empty_is_emptied(desk: Any) -> None:
    desk.take("order_id,paid_at,amount,unit\n1,2024-01-05,10,north\n")
    assert desk.take("order_id,paid_at,amount,unit\n1,2024-01-05,10,\n", name="later.csv").changed == 1
    assert desk.rows("orders", "unit") == [None]


def test_an_older_import_still_gives_the_old_numbers(desk: Any) -> None:
    desk.take(THREE)
    desk.take(THREE.replace("10.50", "99").replace("3,,", "4,,"), name="later.csv")
    assert desk.rows("orders", "amount", as_of=1) == [Decimal("10.5"), Decimal(20), Decimal(5)]
    assert desk.rows("orders", "amount", as_of=2) == [Decimal(99), Decimal(20), Decimal(5), Decimal(5)]


def test_an_attribute_that_comes_later_is_empty_before(desk: Any) -> None:
    desk.take(HEAD + "1,7,2024-01-05,10,EUR\n")
    mapping = {"table": "orders", "source": "orders", "columns": SAME, "attributes": {"shelf": "shelf"}}
    desk.take("order_id,paid_at,amount,shelf\n2,2024-01-05,1,a\n3,2024-01-05,1,b\n", mapping, name="b.csv")
    assert desk.rows("orders", "shelf") == [None, "a", "b"]
    later = desk.take("order_id,paid_at,amount,shelf\n1,2024-01-05,10,c\n5,2024-01-05,1,c\n", mapping, name="c.csv")
    assert (later.changed, later.new) == (1, 1)
    assert desk.rows("orders", "shelf") == ["c", "a", "b", "c"]


def test_a_column_of_another_type_or_spelling_is_refused_and_nothing_is_left(desk: Any) -> None:
    desk.take(THREE, {"table": "orders", "columns": SAME, "attributes": {"Region": "currency"}})
    with pytest.raises(Refused, match="Region"):
        desk.take(
            THREE.replace("1,7", "9,7"), {"table": "orders", "columns": SAME, "attributes": {"region": "currency"}}
        )
    assert len(desk.workspace.lake.imports()) == 1
    assert len(list((desk.workspace.folder / "data" / "orders").glob("*.parquet"))) == 1


def test_exact_repetitions_within_a_file_count_once(desk: Any) -> None:
    file = desk.take(THREE + "2,8,2024-01-06,20,EUR\n")
    assert (file.rows_read, file.records, file.repeated) == (4, 3, 1)


def test_a_row_that_contradicts_an_earlier_one_is_set_aside(desk: Any) -> None:
    file = desk.take(THREE + "2,8,2024-01-06,21,EUR\n")
    assert (file.records, file.rows_aside) == (3, 1)
    assert desk.rows("set_aside", "row", "column_name", "value", "reason") == [
        (4, "order_id", "orders:2", "stands for a record that an earlier row gives other values")
    ]
    assert desk.rows("orders", "amount")[1] == Decimal(20)


def test_a_submission_that_comes_twice_counts_once_and_a_contradiction_is_set_aside(desk: Any) -> None:
    text = "response_id,nps,submitted_at\n" + "1,9,2024-01-01\n2,7,2024-01-01\n1,9,2024-01-01\n2,8,2024-01-01\n"
    file = desk.take(text)
    assert (file.rows_read, file.rows_taken, file.repeated, file.rows_aside) == (4, 2, 1, 1)
    assert desk.rows("answers", "score") == [9.0, 7.0]


def test_rows_without_an_id_that_are_alike_are_all_kept_and_known_again(desk: Any) -> None:
    text = "customer_id,paid_at,amount\n" + "7,2024-01-01,5\n" * 3 + "8,2024-01-01,5\n"
    assert desk.take(text).records == 4
    assert desk.take(text + "7,2024-01-01,5\n", name="later.csv").unchanged == 4
    assert len(desk.rows("orders")) == 5


def test_files_of_one_import_that_contradict_each_other_are_refused_and_nothing_lands(desk: Any) -> None:
    with pytest.raises(Refused, match="contradict"):
        desk.add(desk.write("a.csv", THREE), desk.write("b.csv", THREE.replace("10.50", "11")))
    assert desk.workspace.lake.newest() is None
    assert not list((desk.workspace.folder / "data").rglob("*.parquet"))
    assert desk.take(THREE).records == 3


def test_strict_refuses_a_file_with_a_row_that_cannot_be_taken(desk: Any) -> None:
    with pytest.raises(Refused, match=r"'amount' is not an amount of money \(1\)"):
        desk.take(HEAD + "1,7,2024-01-05,ten,EUR\n", strict=True)
    assert desk.workspace.lake.newest() is None
    assert desk.add(desk.write("f.csv", THREE), strict=True).number == 1


def test_many_imports_are_compacted_and_keep_their_rows_and_their_past(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("touchstone.lake.writing._MANY_FILES", 3)
    monkeypatch.setattr("touchstone.lake.imports._MANY_FILES", 3)
    for n in range(6):
        desk.add(desk.write(f"{n}.csv", HEAD + f"{n},7,2024-01-05,{n},EUR\n"))
    assert desk.rows("orders", "amount") == [Decimal(n) for n in range(6)]
    newest = desk.workspace.lake.newest()
    assert len(desk.workspace.lake.files("orders", newest.tables["orders"]).files) <= 3
    assert desk.rows("orders", "amount", as_of=3) == [Decimal(n) for n in range(3)]
    assert [record.number for record in desk.workspace.lake.imports()] == list(range(1, 7))


def test_nothing_to_import_is_said(desk: Any) -> None:
    desk.folder.mkdir()
    with pytest.raises(BadFile):
        desk.add(desk.folder)


def test_working_files_of_a_finished_or_refused_import_are_gone(desk: Any) -> None:
    desk.take(THREE)
    with pytest.raises(Refused):
        desk.take(HEAD + "1,7,never,1,\n", name="x.csv", strict=True)
    assert list(desk.workspace.scratch.iterdir()) == []


# attributes of customers, copied onto answers

CUSTOMERS = (
    "customer_id,email,segment,language,tier\n"
    "1,ann@x.example,gold,en,A\n2,bob@x.example,blue,de,B\n5,,blue,de,A\n6,,gold,de,B\n7,,gold,de,B\n"
)
SURVEY = (
    "response_id,customer_id,nps,region,submitted_at\n"
    "10,1,9,N,2024-01-01\n11,3,7,S,2024-01-01\n12,,7,S,2024-01-01\n13,,7,N,2024-01-01\n15,,7,N,2024-01-01\n"
)


def test_answers_get_what_is_known_of_their_customer_then(desk: Any) -> None:
    desk.add(desk.write("b survey.csv", SURVEY), desk.write("c customers.csv", CUSTOMERS))
    assert desk.rows("answers", "customer_id", "segment", "tier", "region", "language") == [
        ("1", "gold", "A", "N", None),
        ("3", None, None, "S", None),
        (None, None, None, "S", None),
        (None, None, None, "N", None),
        (None, None, None, "N", None),
    ]


def test_the_value_then_stays_when_the_customer_changes(desk: Any) -> None:
    desk.add(desk.write("customers.csv", CUSTOMERS), desk.write("survey.csv", SURVEY))
    desk.take(CUSTOMERS.replace("e,gold", "e,silver"), name="later.csv")
    desk.take(SURVEY + "14,1,8,N,2024-02-01\n", name="survey later.csv")
    assert desk.rows("answers", "segment") == ["gold", None, None, None, "silver", None]
    assert desk.rows("customers", "segment")[:2] == ["silver", "blue"]


def test_what_the_answers_bring_themselves_is_not_overwritten(desk: Any) -> None:
    desk.add(desk.write("customers.csv", CUSTOMERS), desk.write("s.csv", SURVEY.replace("region", "segment")))
    assert desk.rows("answers", "segment", "tier") == [("N", "A"), ("S", None), ("S", None), ("N", None), ("N", None)]


def test_a_customer_known_by_address_only_is_found_through_it(desk: Any) -> None:
    survey = "response_id,email,nps,submitted_at\n10, ANN@X.example ,9,2024-01-01\n11,who@x.example,7,2024-01-01\n"
    desk.add(desk.write("customers.csv", CUSTOMERS), desk.write("s.csv", survey))
    assert desk.rows("answers", "customer_id", "segment") == [
        ("email:ann@x.example", "gold"),
        ("email:who@x.example", None),
    ]


def test_an_address_that_two_customers_have_gives_neither_ones_attributes(desk: Any) -> None:
    shared = CUSTOMERS.replace("bob@x", "ann@x")
    survey = "response_id,email,nps,submitted_at\n10,ann@x.example,9,2024-01-01\n"
    desk.add(desk.write("customers.csv", shared), desk.write("s.csv", survey))
    assert desk.rows("answers", "segment") == [None]


# every row is accounted for

_CELLS = st.one_of(
    st.sampled_from(
        ["", " ", "1", "2", "2.0", "3", "-1", "N/A", "x", "=1+1", "1e400", "2024-01-05", "05/01/2024", "9"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=6),
)
_ROWS = st.lists(st.tuples(*[_CELLS] * 5), min_size=1, max_size=25)
_COLUMNS = {"order_id": "a", "paid_at": "b", "amount": "c", "customer_id": "d"}


def _orders(**changes: Any) -> Mapping:
    takes = {name: Take(headers=(header,)) for name, header in _COLUMNS.items() if name != changes.get("without")}
    changes.pop("without", None)
    if changes.get("one_per"):
        takes["amount"] = Take(headers=("c",), keep="sum")
    return Mapping(table="orders", source=Take(constant="s"), columns=takes, **changes)


_SURVEY = Mapping(
    table="answers",
    source=Take(constant="s"),
    columns={"submission_id": Take(headers=("a",)), "email": Take(headers=("b",))},
    unpivot=(
        Question(headers=("c",), question_id="q1", metric="nps", scale=(0, 10), blank=("9",)),
        Question(headers=("d",), question_id="q2", scale=(1, 5), not_applicable=("x", "N/A")),
        Question(headers=("e",), question_id="q3", text=True),
    ),
)
_MAPPINGS = [
    _orders(),
    _orders(without="order_id"),
    _orders(where="e != x"),
    _orders(one_per=("a",)),
    _orders(one_per=("a", "d"), order_by="b", where="d is not null"),
    _SURVEY,
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    engine = DuckDB(tmp_path_factory.mktemp("engine"))
    yield engine
    engine.close()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_ROWS, which=st.sampled_from(_MAPPINGS), zone=st.sampled_from(["UTC", "Europe/Berlin"]))
def test_every_row_of_any_file_ends_in_exactly_one_place(
    engine: DuckDB, tmp_path: Path, rows: list[tuple[str, ...]], which: Mapping, zone: str
) -> None:
    path = tmp_path / "f.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow("abcde")
        writer.writerows(rows)
    (one,) = plan([path], tmp_path, mapping=which)
    staged = stage(engine, read(engine, _scan(one.file)), which, _scan(one.file), zone=zone)
    records = make_records(engine, staged, which, _scan(one.file), source="s", number=1)
    assert staged.read == len(rows)
    assert staged.read == records.taken + records.repeated + records.merged + staged.left_out + records.rows_aside
    landed = engine.run(f"SELECT count(*) FROM ({records.rows})")[0][0]
    assert landed == records.records
    keys = engine.run(f'SELECT count(DISTINCT "{which.noun.key}") FROM ({records.rows})')[0][0]
    assert keys == landed
    aside = engine.run(f"SELECT count(*), count(reason) FROM ({records.aside})")[0]
    assert aside == (records.rows_aside + records.cells_aside,) * 2
    if which.unpivot:
        assert records.taken * len(which.unpivot) == records.records + records.blank + records.cells_aside


# clocks and progress


def test_progress_is_told_in_sentences(desk: Any) -> None:
    told: list[str] = []
    desk.take(THREE, progress=told.append)
    assert "Reading f.csv" in told


def test_the_zone_of_the_workspace_reads_times_without_one(desk_in: Callable[[str], Any]) -> None:
    desk = desk_in("Europe/Berlin")
    desk.take(HEAD + "1,7,2024-07-01 12:00,1,\n2,7,2024-07-01T12:00:00Z,1,\n3,7,2024-07-01 12:00+05:00,1,\n")
    assert [at.hour for at in desk.rows("orders", "paid_at")] == [10, 12, 7]
