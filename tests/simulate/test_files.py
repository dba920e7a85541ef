from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from touchstone.core.errors import BadFile
from touchstone.core.nouns import NOUNS
from touchstone.simulate import Company, write_company
from touchstone.simulate.dirt import COMMENT, FORMULAS, RECOMMEND
from touchstone.simulate.files import EXPORTS

KEYS = {
    "customers.csv": "customer_id",
    "orders.csv": "order_id",
    "subscriptions.csv": "subscription_id",
    "tickets.csv": "Ticket #",
    "events.csv": "event_id",
    "invitations.csv": "invitation_id",
    "survey.csv": "ResponseId",
    "reviews.csv": "mention_id",
}
NIGHTS = {"2024-03-31", "2024-10-27", "2025-03-30", "2025-10-26"}


def distinct(rows: list[dict[str, str]], key: str) -> list[dict[str, str]]:
    """Rows that are whole, once per key."""
    whole = [row for row in rows if "<missing>" not in row.values()]
    return list({row[key]: row for row in reversed(whole)}.values())


def test_the_same_company_gives_the_same_bytes(dirty: Any, tmp_path: Path) -> None:
    again = write_company(Company(customers=4_000, dirt=True), tmp_path)
    assert again.counts == dirty.written.counts
    for name, path in again.paths.items():
        assert path.read_bytes() == dirty.written.paths[name].read_bytes(), name


def test_another_seed_gives_another_company(clean: Any, tmp_path: Path) -> None:
    other = write_company(Company(customers=4_000, seed=8), tmp_path)
    assert all(other.paths[name].read_bytes() != clean.written.paths[name].read_bytes() for name in EXPORTS)


def test_a_block_does_not_depend_on_how_many_follow(large: Any, tmp_path: Path) -> None:
    smaller = write_company(Company(customers=20_000), tmp_path)
    for name in EXPORTS:
        assert large.written.paths[name].read_bytes().startswith(smaller.paths[name].read_bytes()), name


def test_numbers_go_on_from_block_to_block(large: Any) -> None:
    for name in KEYS:
        with large.written.paths[name].open(encoding="utf-8") as stream:
            ids = [line.partition(",")[0] for line in stream]
        assert len(set(ids)) == len(ids) == large.written.counts[name] + 1, name
    orders = {row["order_id"] for row in large.rows("orders.csv")}
    assert all(row["refund_of"] in orders for row in large.rows("orders.csv") if row["kind"] == "refund")


@pytest.mark.parametrize("which", ["clean", "dirty"])
def test_the_truth_counts_what_the_files_hold(which: str, request: pytest.FixtureRequest) -> None:
    export = request.getfixturevalue(which)
    for name, key in KEYS.items():
        rows, stated = export.rows(name), export.truth["files"][name]
        assert len(rows) == stated["lines"] == export.written.counts[name], name
        assert len(distinct(rows, key)) == stated["rows"], name


@pytest.mark.parametrize("which", ["clean", "dirty", "large"])
def test_the_truth_knows_the_money_to_the_cent(which: str, request: pytest.FixtureRequest) -> None:
    export = request.getfixturevalue(which)
    rows = export.rows("orders.csv")
    once = distinct(rows, "order_id")
    for kind, name in (("purchase", "purchases"), ("refund", "refunds")):
        of_kind = [row for row in once if row["kind"] == kind]
        stated = export.truth["money"][name]
        assert len(of_kind) == stated["rows"]
        assert sum(Decimal(row["amount"]) for row in of_kind) == Decimal(stated["amount"])
        assert sum(Decimal(row["margin"]) for row in of_kind) == Decimal(stated["margin"])
    total = sum(Decimal(row["amount"]) for row in once)
    assert total == Decimal(export.truth["money"]["net_amount"])
    repeated = Decimal(export.truth["files"]["orders.csv"].get("amount_of_repeated_rows", "0"))
    assert sum(Decimal(row["amount"]) for row in rows) == total + repeated


def test_money_is_written_with_two_decimals_and_refunds_never_exceed_their_order(clean: Any) -> None:
    paid = {row["order_id"]: Decimal(row["amount"]) for row in clean.rows("orders.csv")}
    for row in clean.rows("orders.csv"):
        assert len(row["amount"].rpartition(".")[2]) == 2
        assert (row["kind"] == "refund") == row["amount"].startswith("-")
        if row["refund_of"]:
            assert -paid[row["order_id"]] <= paid[row["refund_of"]]


def test_every_planted_fault_is_found_as_often_as_stated(dirty: Any) -> None:
    survey = distinct(dirty.rows("survey.csv"), "ResponseId")
    planted = dirty.truth["files"]["survey.csv"]["planted"]
    assert sum(row[RECOMMEND] == "11" for row in survey) == planted["scores of 11"] > 0
    assert sum(row[COMMENT] in FORMULAS for row in survey) == planted["comments like formulas"] > 0
    assert sum(row["RecordedDate"].endswith("-05:00") for row in survey) == planted["times in another zone"] > 0
    mails = [row["RecipientEmail"] for row in survey]
    assert sum(mail != mail.strip().lower() for mail in mails) == planted["e-mail variants"] > 0
    assert sum(value in ("N/A", "-") for row in survey for value in row.values()) == planted["blanks in words"] > 0
    whole = [tuple(row.values()) for row in dirty.rows("survey.csv") if "<missing>" not in row.values()]
    assert len(whole) - len(set(whole)) == planted["rows repeated"] > 0
    assert len(dirty.rows("survey.csv")) - len(whole) == planted["lines broken off"] == 1

    orders = distinct(dirty.rows("orders.csv"), "order_id")
    planted = dirty.truth["files"]["orders.csv"]["planted"]
    assert sum(row["customer_id"].endswith(".0") for row in orders) == planted["ids with .0"] > 0


def test_the_help_desk_exports_as_a_european_spreadsheet_would(dirty: Any) -> None:
    raw = dirty.written.paths["tickets.csv"].read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    rows = distinct(dirty.rows("tickets.csv"), "Ticket #")
    planted = dirty.truth["files"]["tickets.csv"]["planted"]
    assert all("," in row["Waiting time (min)"] for row in rows)
    assert planted["decimal commas"] == len(rows)
    assert (
        sum(row["Solved"] not in ("", "-", "N/A") and row["Solved"] < row["Created"] for row in rows)
        == (planted["solved before created"])
    )
    nights = [row["Created"] for row in rows if row["Created"][:10] in NIGHTS and row["Created"].endswith("02:30:00")]
    assert len(nights) == dirty.truth["tickets"]["moved_into_nights_of_changing_clocks"] > 0


def test_without_dirt_nothing_is_planted(clean: Any) -> None:
    assert all(set(facts) == {"rows", "lines"} for facts in clean.truth["files"].values())
    assert clean.truth["tickets"]["moved_into_nights_of_changing_clocks"] == 0
    for name in EXPORTS:
        cells = Counter(cell for row in clean.rows(name) for cell in row.values())
        assert cells["N/A"] == cells["-"] == cells["<missing>"] == 0
        clean.written.paths[name].read_bytes().decode("utf-8")


def test_dirt_changes_the_files_and_not_the_company(clean: Any, dirty: Any) -> None:
    for part in ("scores", "drivers", "satisfaction_effect", "initiative", "members", "surveys", "themes", "money"):
        assert clean.truth[part] == dirty.truth[part]


@pytest.mark.parametrize("which", ["clean", "dirty"])
def test_survey_times_are_those_of_the_invitations_in_any_zone(which: str, request: pytest.FixtureRequest) -> None:
    export = request.getfixturevalue(which)
    completed = [row["completed_at"] for row in export.rows("invitations.csv") if row["completed_at"]]
    assert sorted(utc(row["RecordedDate"]) for row in distinct(export.rows("survey.csv"), "ResponseId")) == sorted(
        completed
    )


def utc(text: str) -> str:
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("Europe/Berlin"))
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_steps_of_an_invitation_follow_each_other(clean: Any) -> None:
    steps = ("decided_at", "sent_at", "delivered_at", "opened_at", "started_at", "completed_at")
    for row in clean.rows("invitations.csv"):
        times = [row[step] for step in steps]
        reached = [time for time in times if time]
        assert times[: len(reached)] == reached == sorted(reached)
        assert (row["reason"] == "") == bool(row["sent_at"])
        assert row["eligible"] == ("false" if row["reason"] in ("no consent", "asked recently") else "true")


def test_everybody_in_a_file_is_a_known_customer_within_the_time_of_the_data(clean: Any) -> None:
    customers = clean.rows("customers.csv")
    numbers, mails = ({row[key] for row in customers} for key in ("customer_id", "email"))
    for name, moment in (("orders.csv", "paid_at"), ("events.csv", "occurred_at"), ("invitations.csv", "decided_at")):
        for row in clean.rows(name):
            assert row["customer_id"] in numbers
            assert "2024-01-01T00:00:00Z" <= row[moment] < "2026-01-01T00:00:00Z"
    assert all(row["Requester"] in mails for row in clean.rows("tickets.csv"))
    assert all(row["RecipientEmail"] in mails | {""} for row in clean.rows("survey.csv"))


def test_nobody_buys_before_joining_or_long_after_leaving(clean: Any) -> None:
    joined, left = {}, {}
    for row in clean.rows("subscriptions.csv"):
        joined.setdefault(row["customer_id"], row["started_at"])
        left[row["customer_id"]] = row["ended_at"] or "9999"
        assert not row["ended_at"] or row["started_at"] < row["ended_at"]
        assert bool(row["ended_at"]) == bool(row["end_reason"])
    for row in clean.rows("orders.csv"):
        if row["kind"] == "purchase":
            day = row["paid_at"][:10]
            assert joined[row["customer_id"]][:10] <= day <= left[row["customer_id"]][:10]


def test_references_lead_to_the_order_or_ticket(clean: Any) -> None:
    orders = {row["order_id"]: row["customer_id"] for row in clean.rows("orders.csv")}
    tickets = {row["Ticket #"]: row["Requester"] for row in clean.rows("tickets.csv")}
    mail = {row["customer_id"]: row["email"] for row in clean.rows("customers.csv")}
    kinds: Counter[str] = Counter()
    for row in clean.rows("survey.csv"):
        kinds[row["Survey"]] += 1
        who = {"relationship": lambda _: "", "after delivery": lambda key: mail[orders[key]]}.get(
            row["Survey"], tickets.__getitem__
        )(row["Reference"])
        assert row["RecipientEmail"] in (who, "") or not who
    assert all(kinds[name] > 100 for name in ("relationship", "after delivery", "after contact"))


def test_colleagues_share_an_account_and_a_depot(clean: Any) -> None:
    depots: dict[str, set[str]] = {}
    sizes: Counter[str] = Counter()
    for row in clean.rows("customers.csv"):
        if row["account_id"]:
            depots.setdefault(row["account_id"], set()).add(row["depot"])
            sizes[row["account_id"]] += 1
    assert set(sizes.values()) == {4}
    assert all(len(places) == 1 for places in depots.values())


@pytest.mark.parametrize("name", ["customers", "orders", "subscriptions", "events", "invitations"])
def test_the_company_s_own_systems_use_the_words_of_the_tables(name: str, clean: Any) -> None:
    own = {"customers": {"email", "region", "depot", "usage_index"}, "orders": {"refund_of"}}
    header = set(clean.rows(f"{name}.csv")[0])
    assert header - own.get(name, set()) <= set(NOUNS[name].column_names)
    assert set(NOUNS[name].required) <= header


def test_the_truth_file_is_what_was_returned(clean: Any) -> None:
    assert json.loads(clean.written.paths["truth.json"].read_text(encoding="utf-8")) == clean.truth


def test_progress_is_told_from_nothing_to_all(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    write_company(Company(customers=20_004), tmp_path, progress=lambda *step: seen.append(step))
    assert seen == [("customers", 0, 20_004), ("customers", 20_000, 20_004), ("customers", 20_004, 20_004)]


def test_an_interrupted_run_leaves_what_was_there(tmp_path: Path) -> None:
    before = write_company(Company(customers=1_000), tmp_path)
    kept = {name: path.read_bytes() for name, path in before.paths.items()}

    def stop(_step: str, done: int, _of: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_company(Company(customers=1_000, seed=8), tmp_path, progress=stop)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept


@pytest.mark.parametrize(
    "knobs",
    [
        {"months": 12},
        {"months": 120, "initiative_month": 1},
        {"start": date(1980, 1, 1), "dirt": True},
        {"start": date(2080, 12, 1), "months": 13},
        {"b_h": 1.0, "b_s": 0.5, "m": 0.5, "hidden": 1.0},
        {"b_h": -1.0, "b_s": -0.5, "m": -0.5, "hidden": -1.0, "weak_touchpoint": "website", "weak_gap": 2.0},
        {"initiative_effect": -2.0, "weak_gap": 0.0},
    ],
    ids=str,
)
def test_every_allowed_company_can_be_written(knobs: dict[str, Any], tmp_path: Path) -> None:
    written = write_company(Company(customers=1_000, **knobs), tmp_path)
    assert all(count > 0 for count in written.counts.values())
    assert "NaN" not in written.paths["truth.json"].read_text(encoding="utf-8")


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "taken"
    place.write_text("mine")
    with pytest.raises(BadFile, match="taken"):
        write_company(Company(customers=1_000), place)
    assert place.read_text() == "mine"


def test_comments_with_commas_and_quotes_survive_the_file(dirty: Any) -> None:
    comments = {row[COMMENT] for row in dirty.rows("survey.csv")}
    assert '=HYPERLINK("http://prize.example","Click here")' in comments
    assert any(", but " in comment for comment in comments)
    with dirty.written.paths["survey.csv"].open(encoding="utf-8", newline="") as stream:
        assert {len(row) for row in csv.reader(stream)} == {20, 3}


def test_the_demo_is_written_within_three_seconds(tmp_path: Path) -> None:
    began = time.process_time()
    write_company(Company(), tmp_path)
    assert timedelta(seconds=time.process_time() - began) < timedelta(seconds=3)


@pytest.mark.truth
def test_a_hundred_thousand_customers_take_no_more_memory_than_a_few_blocks(tmp_path: Path) -> None:
    code = (
        "import resource, sys; from pathlib import Path; from touchstone.simulate import Company, write_company\n"
        "write_company(Company(customers=int(sys.argv[1]), dirt=True), Path(sys.argv[2]))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )

    def megabytes(customers: int) -> float:
        run = [sys.executable, "-c", code, str(customers), str(tmp_path / str(customers))]
        return int(subprocess.run(run, check=True, capture_output=True, text=True).stdout) / 1024

    few, many = megabytes(20_000), megabytes(100_000)
    assert many < 500
    assert many < few + 80
