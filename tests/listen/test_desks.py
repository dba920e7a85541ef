"""Help desks, shops, payments, reviews and feedback records: each fixture against numbers counted by hand."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.listen.conftest import Desk, accounted

import touchstone.listen
from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, Total
from touchstone.engine.data import Data
from touchstone.listen.add import FileSummary, add
from touchstone.listen.export import export
from touchstone.listen.feedback import feedback_records
from touchstone.listen.mappings import mapping_text, read_mapping
from touchstone.listen.plan import plan
from touchstone.measure.metrics import built_in
from touchstone.measure.score import score

LAYOUTS = Path(touchstone.listen.__file__).parent / "layouts"
Cells = list[list[str]]


def fixture(desk: Desk, layout: str, name: str) -> list[FileSummary]:
    """A fixture imported with no option given: each reading accounts for every row, and none is set aside."""
    files = [accounted(file) for file in desk.add(LAYOUTS / layout / name).files]
    assert {file.layout for file in files} == {layout}
    assert all(file.rows_aside == file.cells_aside == 0 for file in files), files
    return files


def cells(layout: str, name: str, encoding: str = "utf-8-sig") -> Cells:
    with (LAYOUTS / layout / name).open(encoding=encoding, newline="") as lines:
        return [row for row in csv.reader(lines) if any(row)]


def text(rows: Cells) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()


@pytest.fixture
def measured(desk: Desk) -> Iterator[Callable[..., Any]]:
    """What `score` says of the imported data."""
    opened: list[Data] = []

    def value(metric: str, **options: Any) -> Any:
        opened.append(desk.workspace.data())
        (row,) = score(opened[-1], built_in()[metric], **options).rows
        return row.result

    yield value
    for data in opened:
        data.engine.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "reading"),
    [
        ("tickets.csv", "'Satisfaction Score' is read so: bad as 1, good as 5"),
        ("tickets_rated_1_to_5.csv", "'Satisfaction Score' is read so: numbers on a scale from 1 to 5"),
    ],
)
def test_zendesk_satisfaction_is_six_of_nine_in_words_and_in_numbers(
    desk: Desk, measured: Callable[..., Any], name: str, reading: str
) -> None:
    tickets, ratings = fixture(desk, "zendesk", name)
    assert (tickets.rows_read, tickets.records, tickets.left_out) == (14, 14, 0)
    assert (ratings.rows_read, ratings.records, ratings.left_out, ratings.called) == (14, 9, 5, "ratings")
    assert reading in ratings.notes
    found = measured("csat")
    assert isinstance(found, Estimate)
    assert (found.n, found.value) == (9, pytest.approx(600 / 9))
    assert set(desk.rows("answers", "kind")) == {"transactional"}
    assert set(desk.rows("answers", "about")) <= {str(number) for number in range(5001, 5015)}


def test_a_zendesk_file_from_the_months_of_the_change_has_both_readings(
    desk: Desk, measured: Callable[..., Any]
) -> None:
    said = ["good", "4", "bad", "2", "offered", "5", ""]
    rows = [[str(n), "Ann", f"2024-03-0{n}", f"2024-03-0{n}", score, "Closed"] for n, score in enumerate(said, 1)]
    header = ["Id", "Requester", "Created at", "Solved at", "Satisfaction Score", "Status"]
    tickets, ratings = desk.add(desk.write("t.csv", text([header, *rows]))).files
    assert (accounted(tickets).records, accounted(ratings).records, ratings.left_out) == (7, 5, 2)
    note = "'Satisfaction Score' is read so: numbers on a scale from 1 to 5, bad as 1, good as 5"
    assert note in ratings.notes
    assert measured("csat").value == pytest.approx(60)


def test_zendesk_replies_and_resolutions_are_those_of_its_own_calendar_minutes(desk: Desk) -> None:
    fixture(desk, "zendesk", "tickets.csv")
    header, *rows = cells("zendesk", "tickets.csv")
    told = [dict(zip(header, row, strict=True)) for row in rows]
    landed = desk.rows("tickets", "ticket_id", "opened_at", "first_reply_at", "resolved_at", "status")
    assert [ticket_id for ticket_id, *_ in landed] == [f"zendesk:{row['Id']}" for row in told]
    for row, (_, opened, replied, resolved, status) in zip(told, landed, strict=True):
        minutes = row["First reply time in minutes"]
        assert (replied - opened if replied else None) == (timedelta(minutes=int(minutes)) if minutes else None)
        solved = row["Full resolution time in minutes"] if status in ("Solved", "Closed") else ""
        assert (resolved - opened if resolved else None) == (timedelta(minutes=int(solved)) if solved else None)
    assert sum(resolved is None for *_, resolved, _ in landed) == 4  # one of them was solved and opened again


def test_zendesk_counts_are_the_ones_in_the_file(desk: Desk, measured: Callable[..., Any]) -> None:
    fixture(desk, "zendesk", "tickets.csv")
    tickets = desk.rows("tickets", "waited_seconds", "transfers", "reopened", "contacts", "reason")
    sums = [sum(row[place] or 0 for row in tickets) for place in range(4)]
    assert sums == [4545 * 60, 4, 4, 22]
    assert {row[4] for row in tickets} == {"delivery", "payment"}
    # half of fourteen tickets had a reply within 45 minutes; the one without counts as still waiting
    assert 0.75 <= measured("first_reply_time").value <= 1


def test_zendesk_people_have_the_companys_number_and_else_zendesks(desk: Desk) -> None:
    fixture(desk, "zendesk", "tickets.csv")
    known = {str(row) for row in desk.rows("tickets", "customer_id")}
    assert known == {"K-1001", "K-1002", "zendesk:360003", "K-1004", "zendesk:360005", "zendesk:360006", "K-1007"}
    names = desk.rows("identities", "customer_id", "kind", "value")
    assert ("K-1001", "external", "zendesk:360001") in names
    assert ("zendesk:360003", "email", "ana.ferreira@mail.example") in names


def test_minutes_are_added_across_a_night_in_which_clocks_change(desk_in: Callable[[str], Desk]) -> None:
    desk = desk_in("Europe/Berlin")
    header = "Id,Requester,Created at,First reply time in minutes,Status"
    desk.take(
        f"{header}\n1,Ann,2024-03-30 22:00,660,Open\n2,Ben,2024-10-26 22:00,660,Open\n3,Cy,2024-03-30 22:00,,Open\n"
    )
    assert desk.rows("tickets", "first_reply_at") == [
        datetime(2024, 3, 31, 8, tzinfo=UTC),
        datetime(2024, 10, 27, 7, tzinfo=UTC),
        None,
    ]


def test_minutes_that_are_none_set_the_ticket_aside(desk: Desk) -> None:
    header = "Id,Requester,Created at,First reply time in minutes,Status"
    summary = desk.take(f"{header}\n1,Ann,2024-03-30 22:00,soon,Open\n2,Ben,2024-03-30 22:00,1e300,Open\n")
    assert summary.rows_aside == 2
    assert dict(summary.reasons).keys() == {"'first_reply_at' is not minutes", "'first_reply_at' is not a date or time"}


@pytest.mark.parametrize("name", ["csat.csv", "csat_de.csv"])
def test_chatwoot_is_read_in_two_languages_and_its_footer_is_no_row(
    desk: Desk, measured: Callable[..., Any], name: str
) -> None:
    (file,) = fixture(desk, "chatwoot", name)
    assert (file.rows_read, file.rows_taken, file.records, file.blank) == (12, 12, 19, 5)
    assert any("is no row and was left out: '" in note and "2024-04-30" in note for note in file.notes)
    assert measured("csat").value == pytest.approx(800 / 12)
    rows = desk.rows("answers", "question_id", "about", "agent", "score", "text", "customer_id")
    rated = sorted((row for row in rows if row[0] == "satisfaction"), key=lambda row: row[1])
    assert [row[3] for row in rated if row[1] == "302"] == [4, 3]  # one conversation, rated twice
    assert {row[2] for row in rated} == {"Priya Raman", "Ben Okafor", "Lucía Vidal", None}
    assert {row[5] for row in rated if row[1] in ("304", "307", "309")} == {"phone:+819012345678", None}


def test_a_chatwoot_comment_added_later_changes_its_rating_and_adds_none(desk: Desk) -> None:
    fixture(desk, "chatwoot", "csat.csv")
    header, *rows = cells("chatwoot", "csat.csv")
    rows[1][2] = "In the end it was good"
    file = desk.take(text([header, *rows]), name="again.csv")
    assert (file.records, file.new, file.unchanged, file.changed) == (20, 1, 19, 0)


def test_shopify_has_one_order_per_name_and_refunds_of_their_own(desk: Desk, measured: Callable[..., Any]) -> None:
    orders, refunds = fixture(desk, "shopify", "orders_export.csv")
    assert (orders.rows_read, orders.records, orders.merged, orders.left_out) == (16, 9, 5, 2)
    assert (refunds.rows_read, refunds.records, refunds.merged, refunds.left_out) == (16, 2, 2, 12)
    assert refunds.called == "refunds"
    found = measured("sales")
    assert isinstance(found, Total)
    assert (found.value, found.n, found.currency) == (Decimal("1316.20"), 9, "EUR")
    rows = desk.rows("orders", "order_id", "amount", "kind", "lines", "paid_at", "customer_id")
    given_back = [row for row in rows if row[2] == "refund"]
    assert [(row[0], row[1]) for row in given_back] == [
        ("shopify_refunds:#1003", Decimal("-158.90")),
        ("shopify_refunds:#1005", Decimal("-25.00")),
    ]
    assert sum(row[3] for row in rows if row[2] == "purchase") == 80
    by_id = {row[0]: row for row in rows}
    assert by_id["shopify:#1009"][4] == datetime(2025, 10, 26, 1, 30, 10, tzinfo=UTC)
    assert by_id["shopify:#1004"][5] is None
    phones = {row[2] for row in desk.rows("identities", "customer_id", "kind", "value") if row[1] == "phone"}
    assert phones == {"+48221234567", "+353871234567"}


def test_older_shopify_files_end_before_refunds_and_say_so(desk: Desk, measured: Callable[..., Any]) -> None:
    (file,) = fixture(desk, "shopify", "orders_export_2017.csv")
    assert (file.rows_read, file.records, file.merged, file.left_out) == (10, 6, 2, 2)
    assert "no refunds in this file: their columns are missing" in file.notes
    assert {(row[0], row[1]) for row in desk.rows("orders", "currency", "kind")} == {("USD", "purchase")}
    assert sum(desk.rows("orders", "amount")) == Decimal("739.40")


def test_rows_of_an_order_may_lie_apart_and_in_any_column_order(desk: Desk) -> None:
    header, *rows = cells("shopify", "orders_export.csv")
    names = [row[0] for row in rows]
    first = [row for place, row in enumerate(rows) if row[0] not in names[:place]]
    later = [row for place, row in enumerate(rows) if row[0] in names[:place]]
    turned = [list(reversed(row)) for row in [header, *first, *later]]
    orders, _ = desk.add(desk.write("mixed.csv", text(turned))).files
    assert (accounted(orders).records, orders.layout) == (9, "shopify")
    assert sum(row for row in desk.rows("orders", "amount") if row > 0) == Decimal("1316.20")


@pytest.mark.parametrize(("name", "currency"), [("payments.csv", "EUR"), ("payments_older.csv", "USD")])
def test_stripe_takes_what_was_paid_and_what_went_back(desk: Desk, name: str, currency: str) -> None:
    payments, refunds = fixture(desk, "stripe", name)
    assert (payments.records, payments.left_out) == (10, payments.rows_read - 10)
    assert (refunds.records, refunds.left_out) == (3, refunds.rows_read - 3)
    rows = desk.rows("orders", "amount", "kind", "currency", "customer_id")
    assert sum(row[0] for row in rows if row[1] == "purchase") == Decimal("1776.49")
    assert sum(row[0] for row in rows if row[1] == "refund") == Decimal("-380.50")
    assert {row[2] for row in rows} == {currency}
    assert {"stripe:cus_A1", "email:haruka.sato@mail.example", None} <= {row[3] for row in rows}
    assert ("stripe:cus_A1", "mara.lindqvist@mail.example") in desk.rows("identities", "customer_id", "value")


@pytest.mark.parametrize("year", ["2024", "2014"])
def test_google_play_is_utf_16_and_its_ratings_without_text_count(desk: Desk, year: str) -> None:
    (file,) = fixture(desk, "google_play", f"reviews_com.example.lindenhof_{year}03.csv")
    assert (file.rows_read, file.records) == (14, 14)
    assert "Read as UTF-16 (little endian)." in file.notes
    rows = desk.rows("mentions", "mention_id", "rating", "rating_high", "text", "posted_at", "replied_at")
    assert (sum(row[1] for row in rows), {row[2] for row in rows}) == (49, {5})
    assert sum(row[3] is not None for row in rows) == sum(":gp:" in row[0] for row in rows) == 10
    assert sum(row[5] is not None for row in rows) == 3
    assert min(row[4] for row in rows) == datetime(2024, 3, 1, 6, 11, 54, tzinfo=UTC)
    assert "Muito bom: Prático, mas falta modo escuro" in {row[3] for row in rows}


def test_google_play_times_may_be_counted_in_milliseconds_only(desk: Desk) -> None:
    header, *rows = cells("google_play", "reviews_com.example.lindenhof_202403.csv", "utf-16")
    kept = [place for place, name in enumerate(header) if not name.endswith("Date and Time")]
    file = desk.take(text([[row[place] for place in kept] for row in [header, *rows]]))
    assert "'Review Submit Millis Since Epoch' is read as milliseconds since 1970" in file.notes
    assert min(desk.rows("mentions", "posted_at")) == datetime(2024, 3, 1, 6, 11, 54, tzinfo=UTC)


def test_a_review_that_was_answered_since_changes_and_the_others_stay(desk: Desk) -> None:
    name = "reviews_com.example.lindenhof_202403.csv"
    fixture(desk, "google_play", name)
    header, *rows = cells("google_play", name, "utf-16")
    rows[0][header.index("Developer Reply Date and Time")] = "2024-04-01T08:00:00Z"
    file = desk.take(text([header, *rows]))
    assert (file.new, file.changed, file.unchanged) == (0, 1, 13)


def test_app_store_reviews_are_read_from_their_json(desk: Desk) -> None:
    (file,) = fixture(desk, "app_store", "customer_reviews.json")
    assert (file.rows_read, file.records) == (12, 12)
    rows = desk.rows("mentions", "rating", "posted_at", "author", "text", "country")
    assert sum(row[0] for row in rows) == 41
    assert rows[1][1:] == (
        datetime(2024, 3, 3, 6, tzinfo=UTC),
        "cartless",
        "Crashes: Since 4.1 it crashes when I open my cart.",
        "USA",
    )
    assert "Top" in {row[3] for row in rows}  # a title without a text


@pytest.mark.parametrize("name", ["feedback_records.csv", "feedback_records.json"])
def test_feedback_records_are_answers_on_the_scales_that_the_summary_names(
    desk: Desk, measured: Callable[..., Any], name: str
) -> None:
    (file,) = fixture(desk, "formbricks_feedback", name)
    assert (file.rows_read, file.records) == (30, 30)
    assert any("nps is read as 0 to 10" in note for note in file.notes)
    assert (measured("nps").value, measured("nps").n) == (0, 6)
    assert measured("csat").value == pytest.approx(60)
    assert measured("ces").value == pytest.approx(400 / 6)
    rows = desk.rows("answers", "field_type", "text", "choice", "score")
    assert sorted(row[1] for row in rows if row[1]) == ["Es geht", "Fast delivery", "Nobody answers"]
    assert sorted(row[2] for row in rows if row[2]) == sorted(
        ["ads"] * 2 + ["email"] * 2 + ["friends"] + ["true"] * 4 + ["false"]
    )
    assert all(row[3] is None for row in rows if row[0] in ("text", "categorical", "boolean"))


def test_feedback_records_come_back_as_they_were(desk: Desk) -> None:
    fixture(desk, "formbricks_feedback", "feedback_records.json")
    with (LAYOUTS / "formbricks_feedback" / "feedback_records.json").open(encoding="utf-8") as file:
        told = {(record["submission_id"], record["field_id"]): record for record in json.load(file)["data"]}
    data = desk.workspace.data()
    query = data.table("answers")
    batches = data.engine.batches(query.drop("import_number"), 7)
    back = [record for batch in feedback_records(batches) for record in batch.to_pylist()]
    data.engine.close()  # type: ignore[attr-defined]
    assert len(back) == len(told) == 30
    for record in back:
        original = told[record["submission_id"], record["field_id"]]
        record["collected_at"] = record["collected_at"].isoformat().replace("+00:00", "Z")
        for name in (
            "collected_at",
            "source_type",
            "source_id",
            "source_name",
            "field_type",
            "field_label",
            "language",
        ):
            assert record[name] == original.get(name)
        for name in ("value_text", "value_number", "value_boolean", "user_id"):
            assert record[name] == original.get(name), name


@pytest.mark.parametrize("name", ["answers.csv", "answers.jsonl"])
def test_answers_of_any_tool_go_out_as_feedback_records_and_come_back(
    desk: Desk, desk_in: Callable[[str], Desk], name: str
) -> None:
    fixture(desk, "chatwoot", "csat.csv")
    fixture(desk, "zendesk", "tickets.csv")
    data = desk.workspace.data()
    export(data, "answers", desk.folder.parent / name, format="feedback-records")
    data.engine.close()  # type: ignore[attr-defined]
    other = desk_in("UTC")
    other.add(desk.folder.parent / name)
    columns = ("question_id", "metric", "score", "scale_high", "polarity", "kind", "touchpoint", "about", "answered_at")

    def told(where: Desk) -> Counter[Any]:
        return Counter(where.rows("answers", *columns))

    assert told(other) == told(desk)
    assert sum(told(desk).values()) == 28


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_scale_in_the_metadata_counts_more_than_the_usual_one(desk: Desk, kind: str) -> None:
    meta = {"scale_low": 0, "scale_high": 7.0, "metric": "csat"}
    record = {"submission_id": "a", "collected_at": "2024-06-01T08:00:00Z", "field_id": "q", "field_type": "csat"}
    plain = record | {"submission_id": "b", "field_id": "other", "value_number": 3}
    scaled = record | {"value_number": 6, "metadata": meta if kind == "json" else json.dumps(meta)}
    if kind == "json":
        desk.add(desk.write("f.json", json.dumps([scaled, plain])))
    else:
        header = [*scaled]
        desk.take(text([header, *([str(row.get(name, "")) for name in header] for row in (scaled, plain))]))
    assert desk.rows("answers", "scale_low", "scale_high") == [(0, 7), (1, 5)]


def test_choices_of_one_question_are_told_apart_and_ids_may_be_of_records(desk: Desk) -> None:
    header = ["submission_id", "collected_at", "field_id", "field_type", "value_text", "value_id"]
    rows = [["s1", "2024-06-01", "heard", "categorical", word, f"v{n}"] for n, word in enumerate(("ads", "email"))]
    file = desk.take(text([header, *rows, ["r3", "2024-06-01", "why", "text", "cheap", ""]]))
    assert (file.records, file.rows_aside) == (3, 0)
    assert desk.rows("answers", "answer_id") == [
        "formbricks:r3/why",
        "formbricks:s1/heard/v0",
        "formbricks:s1/heard/v1",
    ]


@pytest.mark.parametrize(("layout", "name"), [("zendesk", "tickets.csv"), ("shopify", "orders_export.csv")])
def test_a_mapping_that_was_shown_reads_the_file_as_the_layout_does(
    desk: Desk, tmp_path: Path, layout: str, name: str
) -> None:
    (tmp_path / "scratch").mkdir()
    first, *further = plan([LAYOUTS / layout / name], tmp_path / "scratch")
    (tmp_path / "kept.toml").write_text(mapping_text(first.mapping, *(one.mapping for one in further)), "utf-8")
    known = desk.add(LAYOUTS / layout / name)
    again = add(desk.workspace, [LAYOUTS / layout / name], mapping=read_mapping(tmp_path / "kept.toml"))
    assert [file.records for file in again.files] == [file.records for file in known.files]
    assert sum(file.new + file.changed for file in again.files) == 0


def test_a_scale_that_does_not_hold_the_answers_is_widened_and_named(desk: Desk) -> None:
    told = [
        ("five", "rating", 5),
        ("seven", "rating", 7),
        ("ten", "csat", 0),
        ("ten", "csat", 9),
        ("much", "rating", 80),
    ]
    told += [
        ("low", "rating", 0),
        ("low", "rating", 4),
        ("five", "rating", 1),
        ("seven", "rating", 2),
        ("ease", "ces", 3),
        ("nps", "nps", 3),
    ]
    rows = [[f"s{n}", "2024-06-01", name, kind, str(value)] for n, (name, kind, value) in enumerate(told)]
    file = desk.take(text([["submission_id", "collected_at", "field_id", "field_type", "value_number"], *rows]))
    assert "scales that hold the answers seen: 'low' 0 to 10, 'seven' 1 to 7, 'ten' 0 to 10" in file.notes
    scales = set(desk.rows("answers", "question_id", "scale_low", "scale_high"))
    assert scales == {
        ("low", 0, 10),
        ("five", 1, 5),
        ("seven", 1, 7),
        ("ten", 0, 10),
        ("much", 1, 5),
        ("ease", 1, 7),
        ("nps", 0, 10),
    }


def test_a_part_that_cannot_be_looked_for_is_refused_in_one_sentence(desk: Desk) -> None:
    mapping = 'table = "orders"\n[columns]\norder_id = { from = "id", part = "(?=x)(y)" }\npaid_at = "t"\namount = "n"'
    with pytest.raises(BadDefinition, match=r"cannot be looked for"):
        desk.take("id,t,n\nxy,2024-01-01,1\n", mapping)


def test_a_subject_in_the_customers_words_is_no_topic(desk: Desk) -> None:
    tickets, _ = fixture(desk, "zendesk", "tickets.csv")
    assert set(desk.rows("tickets", "topic")) == {None}
    assert any("subjects are what each customer wrote" in note for note in tickets.notes)
    assert any(desk.rows("tickets", "subject"))


def test_a_zendesk_ticket_of_many_stations_was_handed_on_once_less(desk: Desk) -> None:
    header = ["Id", "Requester", "Created at", "Assignee stations", "Group stations", "Status"]
    desk.add(desk.write("t.csv", text([header, ["1", "Ann", "2024-03-01", "12", "1", "Closed"]])))
    assert desk.rows("tickets", "transfers") == [11]
