"""Proposals: files with the nouns' own headers, vendors' exports, and a whole folder with a known truth."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from touchstone.core.errors import BadDefinition, BadFile
from touchstone.core.nouns import IMPORTABLE, NOUNS
from touchstone.listen.add import add
from touchstone.simulate.company import Company
from touchstone.simulate.files import write_company
from touchstone.workspace import Workspace

VALUES = {
    "text": "word",
    "number": "0.5",
    "integer": "3",
    "money": "12.50",
    "time": "2024-01-05T10:00:00Z",
    "boolean": "yes",
}


@pytest.mark.parametrize("name", IMPORTABLE)
def test_a_file_with_a_nouns_own_headers_needs_no_mapping(desk: Any, name: str) -> None:
    noun = NOUNS[name]
    values = [f"{column.name}-1" if column.name.endswith("_id") else VALUES[column.type] for column in noun.columns]
    file = desk.take(",".join(noun.column_names) + "\n" + ",".join(values) + "\n", name=f"{name}.csv")
    assert (file.table, file.records, file.ignored) == (name, 1, ())
    (row,) = desk.rows(name)
    assert all(row[column] is not None for column in noun.column_names)
    assert row[noun.key].endswith(f"{noun.key}-1")


@pytest.mark.parametrize(
    ("table", "headers"),
    [
        ("orders", "Order Number,Customer,Order Date,Order Total"),
        ("orders", "invoiceNo;clientId;InvoiceDate;Revenue"),
        ("tickets", "Ticket #,Requester,Created,Solved,Group"),
        ("answers", "Response ID,Email,NPS Score,Comment,Submitted At"),
        ("mentions", "review_id,stars,review_text,date"),
        ("subscriptions", "contract,customer,start_date,end_date,mrr"),
        ("customers", "Customer No,E-Mail,Tier,Signup Date"),
        ("events", "event,user_id,timestamp,outcome"),
    ],
)
def test_other_peoples_headers_are_understood(desk: Any, table: str, headers: str) -> None:
    mark = ";" if ";" in headers else ","
    cells = []
    for header in headers.split(mark):
        word = header.lower()
        if any(part in word for part in ("date", "created", "solved", "start", "end", "time", "at")):
            cells.append("2024-01-05")
        elif "mail" in word:
            cells.append("ann@x.example")
        elif any(part in word for part in ("total", "revenue", "score", "stars", "mrr")):
            cells.append("4")
        else:
            cells.append("k7")
    rows = "".join(
        mark.join(cells).replace("k7", f"k{n}").replace(f"{mark}4", f"{mark}{n % 5 + 5}") + "\n" for n in range(6)
    )
    file = desk.take(headers + "\n" + rows, name="export.csv")
    assert (file.table, file.rows_aside) == (table, 0)


def test_a_named_table_is_taken_and_a_wrong_one_refused(desk: Any) -> None:
    path = desk.write("f.csv", "id,date,value\n1,2024-01-05,3\n")
    assert desk.add(path, table="orders").files[0].table == "orders"
    with pytest.raises(BadDefinition, match="choose from"):
        desk.add(path, table="identities")
    with pytest.raises(BadFile, match="occurred_at"):
        desk.add(desk.write("g.csv", "a,b\n1,2\n"), table="events")


def test_a_file_that_fits_no_table_says_what_to_do(desk: Any) -> None:
    with pytest.raises(BadFile) as caught:
        desk.add(desk.write("f.csv", "wing,beak\n1,2\n"))
    assert "wing, beak" in caught.value.problem
    assert "--table" in caught.value.hint


def test_unknown_columns_are_kept_where_they_group_or_measure_and_named_where_not(desk: Any) -> None:
    body = "".join(f"{n},2024-01-05,1,{'ab'[n % 2]},{n / 7:.2f},note {n}\n" for n in range(20))
    file = desk.take("order_id,paid_at,amount,Shelf Row,usage,remark\n" + body)
    assert file.ignored == ("remark",)
    assert set(desk.rows("orders", "shelf_row")) == {"a", "b"}
    assert desk.rows("orders", "usage")[3] is not None


# the simulated company's exports, clean and with planted faults


def company(folder: Path, *, dirt: bool) -> tuple[Workspace, dict[str, Any], dict[str, Any]]:
    write_company(Company(customers=1_000, months=12, dirt=dirt), folder / "exports")
    workspace = Workspace.create(folder / "workspace", timezone="Europe/Berlin")
    summary = add(workspace, [folder / "exports"])
    files = {Path(file.file).name: file for file in summary.files}
    return workspace, files, json.loads((folder / "exports" / "truth.json").read_text())


@pytest.mark.parametrize("dirt", [False, True])
def test_a_folder_of_exports_lands_as_its_truth_says(tmp_path: Path, dirt: bool) -> None:
    workspace, files, truth = company(tmp_path, dirt=dirt)
    for name, facts in truth["files"].items():
        planted = facts.get("planted", {})
        file = files[name]
        assert file.rows_read == facts["lines"], name
        assert file.rows_taken == facts["rows"], name
        assert file.repeated == planted.get("rows repeated", 0), name
        assert file.rows_aside == planted.get("lines broken off", 0), name
    data = workspace.data()
    orders, answers = data.table("orders"), data.table("answers")
    money = {
        row["kind"]: row
        for row in data.fetch(orders.group_by("kind").aggregate(n=orders.count(), s=orders.amount.sum())).rows
    }
    for kind, name in (("purchase", "purchases"), ("refund", "refunds")):
        assert money[kind]["n"] == truth["money"][name]["rows"]
        assert money[kind]["s"] == Decimal(truth["money"][name]["amount"])
    scores = {
        row["metric"]: row["n"]
        for row in data.fetch(answers.group_by("metric").aggregate(n=answers.score.count())).rows
    }
    surveys = truth["surveys"]
    planted = truth["files"]["survey.csv"].get("planted", {})
    lost = planted.get("scores of 11", 0)
    assert scores["nps"] == surveys["relationship"]["completed"] - lost
    assert scores["overall_rating"] == truth["files"]["survey.csv"]["rows"]
    assert files["survey.csv"].cells_aside == lost
    texts = data.fetch(answers.aggregate(n=answers.text.count())).rows[0]["n"]
    assert texts == surveys["comments"] + planted.get("comments like formulas", 0)
    backwards = truth["files"]["tickets.csv"].get("planted", {}).get("solved before created", 0)
    assert any(
        f"rows with 'resolved_at' before 'opened_at': {backwards};" in note for note in files["tickets.csv"].notes
    ) == bool(backwards)
    known = answers.filter(answers.customer_id.notnull() & (answers.metric == "nps"))
    found = data.fetch(
        known.aggregate(n=known.count(), segments=known.segment.count(), usage=known.usage_index.count())
    ).rows[0]
    assert found["segments"] == found["usage"] == found["n"]
    data.engine.close()  # type: ignore[attr-defined]


# real files


REAL = os.environ.get("TOUCHSTONE_REAL_DATA", "")
real_data = pytest.mark.skipif(not REAL, reason="TOUCHSTONE_REAL_DATA names no folder of public data sets")


@pytest.mark.real_data
@real_data
def test_eight_waves_of_the_airport_survey_are_known_by_their_headers(desk: Any) -> None:
    summary = desk.add(Path(REAL) / "sfo_airport_survey")
    assert [file.layout for file in summary.files] == ["sfo_airport_survey"] * 8
    assert sum(file.rows_read for file in summary.files) == 25_856
    assert sum(file.rows_aside + file.repeated for file in summary.files) == 0
    data = desk.workspace.data()
    answers = data.table("answers")
    asked = answers.filter((answers.metric == "nps") & (answers.period == "2017"))
    shares = asked.aggregate(
        n=asked.score.count(), up=(asked.score >= 9).mean() * 100, down=(asked.score <= 6).mean() * 100
    )
    (row,) = data.fetch(shares).rows
    assert (row["n"], round(row["up"], 2), round(row["down"], 2)) == (2746, 52.29, 12.45)
    overall = answers.filter(answers.metric == "overall_rating").group_by("period")
    means = {
        row["period"]: round(row["mean"], 3) for row in data.fetch(overall.aggregate(mean=answers.score.mean())).rows
    }
    assert means == {
        "2010": 3.925, "2011": 3.946, "2012": 3.998, "2013": 3.982,
        "2014": 3.996, "2015": 4.048, "2016": 4.038, "2017": 4.064,
    }  # fmt: skip
    data.engine.close()


@pytest.mark.real_data
@real_data
def test_an_incident_log_becomes_tickets_by_their_last_row(desk: Any) -> None:
    (file,) = desk.add(Path(REAL) / "it_incidents" / "incident_event_log.zip").files
    assert (file.rows_read, file.records, file.merged, file.rows_aside) == (141_712, 24_918, 116_794, 0)
    data = desk.workspace.data()
    tickets = data.table("tickets")
    (row,) = data.fetch(
        tickets.aggregate(
            met=tickets.sla_met.mean() * 100,
            again=(tickets.reopened > 0).mean() * 100,
            moved=(tickets.transfers > 0).mean() * 100,
            solved=tickets.resolved_at.count(),
        )
    ).rows
    data.engine.close()
    assert (round(row["met"], 1), round(row["again"], 2), round(row["moved"], 2)) == (63.4, 1.10, 45.63)
    assert row["solved"] == 23_362


@pytest.mark.real_data
@real_data
def test_invoice_lines_of_a_shop_become_orders(desk: Any) -> None:
    (file,) = desk.add(Path(REAL) / "online_retail" / "online_retail.csv.gz").files
    assert (file.rows_read, file.records) == (541_909, 18_532)
    assert file.rows_read - file.left_out == 397_884
    orders = desk.rows("orders", "customer_id", "amount")
    assert sum(amount for _, amount in orders) == Decimal("8911407.9040")
    assert len({customer for customer, _ in orders}) == 4_338
