"""`check` on small made-up companies: every planted defect is found, and nothing is found on clean data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from touchstone.cli.check import check as command
from touchstone.core.nouns import NOUNS, Column
from touchstone.engine.connect import DuckDB
from touchstone.engine.data import Data, TableSource
from touchstone.engine.leakage import area_leaving_out
from touchstone.listen.add import add
from touchstone.measure.check import Check, check
from touchstone.measure.findings import Finding, share
from touchstone.measure.metrics import built_in
from touchstone.simulate import Company, write_company
from touchstone.workspace import Workspace

NPS = {"nps": built_in()["nps"]}
NOW = datetime(2025, 7, 10, 12, tzinfo=UTC)
START = datetime(2025, 1, 6, 9, tzinfo=UTC)
PEOPLE = 240
_ARROW = {
    "text": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "money": pa.decimal128(18, 4),
    "time": pa.timestamp("us", tz="UTC"),
    "boolean": pa.bool_(),
}
Tables = dict[str, list[dict[str, Any]]]
Defect = Callable[[Tables], None]


def company() -> Tables:
    """Half a year of a clean company: everybody answers twice, buys twice, every fourth left, every second asked."""
    tables: Tables = {name: [] for name in ("customers", "identities", "answers", "orders", "subscriptions", "tickets")}
    for i in range(PEOPLE):
        number, mail = f"crm:{i}", f"email:p{i}@example.org"
        day = START + timedelta(hours=17 * i)
        segment = ("new", "old")[i % 2]
        tables["customers"].append(
            {"customer_id": number, "first_seen_at": START - timedelta(days=i), "segment": segment, "tag": f"t{i}"}
        )
        for name in (number, mail):
            known = {"customer_id": name, "kind": "email", "value": f"p{i}@example.org"}
            tables["identities"].append({"identity_id": f"{name}/email", **known})
        for question, score, touchpoint in (("nps", 6 + i % 5, "delivery"), ("csat", 2 + i % 4, "support")):
            tables["answers"].append(
                {
                    "answer_id": f"a{i}/{question}",
                    "submission_id": f"a{i}",
                    "question_id": question,
                    "metric": question,
                    "customer_id": mail,
                    "kind": "relationship",
                    "score": float(score),
                    "scale_low": 0.0 if question == "nps" else 1.0,
                    "scale_high": 10.0 if question == "nps" else 5.0,
                    "touchpoint": touchpoint,
                    "about": None,
                    "asked_at": day - timedelta(hours=2),
                    "answered_at": day,
                    "segment": segment,
                }
            )
        for k in range(2):
            tables["orders"].append(
                {
                    "order_id": f"o{i}/{k}",
                    "customer_id": number,
                    "paid_at": day + timedelta(hours=k),
                    "amount": Decimal(20 + i % 7),
                    "margin": Decimal(5),
                    "currency": "EUR",
                    "kind": "purchase",
                }
            )
        tables["subscriptions"].append(
            {
                "subscription_id": f"s{i}",
                "customer_id": number,
                "started_at": START - timedelta(days=i),
                "ended_at": day if i % 4 == 0 else None,
                "monthly_amount": Decimal("9.9"),
                "currency": "EUR",
            }
        )
        if i % 2:
            tables["tickets"].append(
                {
                    "ticket_id": f"t{i}",
                    "customer_id": mail,
                    "touchpoint": "support",
                    "opened_at": day,
                    "first_reply_at": day + timedelta(hours=1),
                    "resolved_at": day + timedelta(hours=5),
                }
            )
    return tables


class Opened:
    """Tables as data, written where the engine can read them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = DuckDB(folder / "scratch")
        self.made = 0

    def __call__(self, tables: Tables, **settings: Any) -> Data:
        self.made += 1
        sources = {name: self._written(name, rows) for name, rows in tables.items() if rows}
        return Data(engine=self.engine, tables=sources, number=3, zone="Europe/Berlin", **settings)

    def _written(self, name: str, rows: list[dict[str, Any]]) -> TableSource:
        known = {column.name: column for column in NOUNS[name].columns}
        columns = [known.get(one, Column(one)) for one in dict.fromkeys(key for row in rows for key in row)]
        arrays = {c.name: pa.array([row.get(c.name) for row in rows], _ARROW[c.type]) for c in columns}
        path = self.folder / f"{name}-{self.made}.parquet"
        pq.write_table(pa.table(arrays), path)
        return TableSource((str(path),), tuple(columns))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    made = Opened(tmp_path_factory.mktemp("check"))
    yield made
    made.engine.close()


def remarks(found: Check) -> list[Finding]:
    """What is not good, apart from the metrics that this company does not measure."""
    return [finding for finding in found.findings if finding.verdict != "good" and finding.subject != "scores"]


def one(found: Check, subject: str, **numbers: object) -> Finding:
    fits = [f for f in found.findings if f.subject == subject and numbers.items() <= f.numbers.items()]
    assert len(fits) == 1, (subject, numbers, [f.numbers for f in found.findings if f.subject == subject])
    return fits[0]


@pytest.fixture(scope="module")
def clean(opened: Opened) -> Check:
    return check(opened(company()), now=NOW)


def test_nothing_is_found_on_clean_data(clean: Check) -> None:
    assert remarks(clean) == []
    assert {finding.subject for finding in clean.findings} == {
        "scores",
        "coverage",
        "freshness",
        "duplicates",
        "joins",
        "impossible values",
        "leakage",
        "then and now",
        "set aside",
    }
    assert clean.data_number == 3


def resolved_early(tables: Tables) -> None:
    for ticket in tables["tickets"][:3]:
        ticket["resolved_at"] = ticket["opened_at"] - timedelta(seconds=1)


def replied_early(tables: Tables) -> None:
    tables["tickets"][5]["first_reply_at"] = tables["tickets"][5]["opened_at"] - timedelta(days=1)


def ended_early(tables: Tables) -> None:
    for contract in tables["subscriptions"][:8:4]:
        contract["ended_at"] = contract["started_at"] - timedelta(days=1)


def answered_early(tables: Tables) -> None:
    tables["answers"][7]["asked_at"] = tables["answers"][7]["answered_at"] + timedelta(minutes=1)


def paid_tomorrow(tables: Tables) -> None:
    tables["orders"][9]["paid_at"] = NOW + timedelta(days=1)


def free_orders(tables: Tables) -> None:
    for order in tables["orders"][30:34:2]:
        order["amount"] = Decimal(0)


def negative_purchase(tables: Tables) -> None:
    tables["orders"][11]["amount"] = Decimal(-3)


def off_the_scale(tables: Tables) -> None:
    tables["answers"][30]["score"] = 11.0


def negative_wait(tables: Tables) -> None:
    tables["tickets"][2]["waited_seconds"] = -5.0


def foreign_money(tables: Tables) -> None:
    for order in tables["orders"][20:25]:
        order["currency"] = "chf"


def answers_again(tables: Tables) -> None:
    for answer in tables["answers"][:4]:
        later = answer["answered_at"] + timedelta(hours=23)
        tables["answers"].append(answer | {"answer_id": answer["answer_id"] + "+", "answered_at": later})


def orders_again(tables: Tables) -> None:
    for order in tables["orders"][:2]:
        tables["orders"] += [order | {"order_id": f"{order['order_id']}+{k}"} for k in range(2)]


def one_address_for_two(tables: Tables) -> None:
    for number in ("crm:0", "crm:3"):
        known = {"customer_id": number, "kind": "phone", "value": "+49123456789"}
        tables["identities"].append({"identity_id": f"{number}/phone", **known})


def moved_on(tables: Tables) -> None:
    for customer in tables["customers"][:20]:
        customer["segment"] = "moved"


DEFECTS: dict[str, tuple[Defect, dict[str, Any]]] = {
    "resolved before opened": (
        resolved_early,
        {"subject": "impossible values", "verdict": "problem", "what": "resolved_at before opened_at", "n": 3},
    ),
    "reply before opening": (
        replied_early,
        {"subject": "impossible values", "verdict": "problem", "what": "first_reply_at before opened_at", "n": 1},
    ),
    "ended before started": (
        ended_early,
        {"subject": "impossible values", "verdict": "problem", "what": "ended_at before started_at", "n": 2},
    ),
    "answered before asked": (
        answered_early,
        {"subject": "impossible values", "verdict": "problem", "what": "answered_at before asked_at", "n": 1},
    ),
    "order in the future": (
        paid_tomorrow,
        {"subject": "impossible values", "verdict": "problem", "what": "paid_at in the future", "n": 1},
    ),
    "orders of nothing": (
        free_orders,
        {"subject": "impossible values", "verdict": "note", "what": "amount of zero", "n": 2},
    ),
    "a purchase below nothing": (
        negative_purchase,
        {"subject": "impossible values", "verdict": "note", "what": "amount below zero in a purchase", "n": 1},
    ),
    "a score outside its scale": (
        off_the_scale,
        {"subject": "impossible values", "verdict": "problem", "what": "score outside its scale", "n": 1},
    ),
    "a negative duration": (
        negative_wait,
        {"subject": "impossible values", "verdict": "problem", "what": "waited_seconds below zero", "n": 1},
    ),
    "money without a rate": (
        foreign_money,
        {"subject": "impossible values", "verdict": "problem", "currency": "CHF", "n": 5},
    ),
    "answers given twice": (
        answers_again,
        {"subject": "duplicates", "verdict": "note", "table": "answers", "answers": 4, "customers": 2},
    ),
    "orders written twice": (
        orders_again,
        {"subject": "duplicates", "verdict": "note", "table": "orders", "orders": 4, "groups": 2},
    ),
    "attributes that changed": (
        moved_on,
        {"subject": "then and now", "verdict": "note", "column": "segment", "differ": 44, "both": 484},
    ),
}


@pytest.fixture(scope="module")
def planted(opened: Opened) -> Check:
    tables = company()
    for defect, _ in DEFECTS.values():
        defect(tables)
    return check(opened(tables), now=NOW, metrics=NPS)


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found(planted: Check, name: str) -> None:
    expected = DEFECTS[name][1]
    facts = [{"subject": f.subject, "verdict": f.verdict, **f.numbers} for f in remarks(planted)]
    assert sum(expected.items() <= found.items() for found in facts) == 1, facts


def test_nothing_is_found_that_was_not_planted(planted: Check) -> None:
    assert len(remarks(planted)) == len(DEFECTS)


def test_whatever_is_not_good_says_what_it_would_take(planted: Check, clean: Check) -> None:
    both = (*planted.findings, *clean.findings)
    assert all(f.takes for f in both if f.verdict != "good")
    assert not any(f.takes for f in both if f.verdict == "good")


def test_records_have_the_same_keys_and_are_json(planted: Check) -> None:
    keys = {tuple(record) for record in planted.records()}
    assert keys == {("subject", "verdict", "sentence", "takes", "numbers")}
    assert len(json.loads(json.dumps(planted.records()))) == len(planted.findings)


def test_answers_a_day_apart_or_about_another_order_are_no_duplicates(opened: Opened) -> None:
    tables = company()
    for place, (days, about) in enumerate(((1, None), (0, "order 7"))):
        answer = tables["answers"][place]
        later = answer["answered_at"] + timedelta(days=days, minutes=5)
        tables["answers"].append(answer | {"answer_id": f"+{place}", "answered_at": later, "about": about})
    assert one(check(opened(tables), now=NOW, metrics={}), "duplicates", table="answers").numbers["answers"] == 0


def test_a_rate_makes_foreign_money_good(opened: Opened) -> None:
    tables = company()
    foreign_money(tables)
    money = {name: built_in()[name] for name in ("revenue_per_customer", "sales")}
    without = check(opened(tables), now=NOW, metrics=money)
    lacking = next(f for f in without.findings if "revenue_per_customer" in str(f.numbers.get("metrics")))
    assert "no rate into EUR" in lacking.sentence
    assert one(without, "joins", table="orders").numbers["matched"] == 2 * PEOPLE
    found = check(opened(tables, rates={"CHF": Decimal("1.05")}), now=NOW, metrics=money)
    assert remarks(found) == []
    assert one(found, "scores", metric="revenue_per_customer").verdict == "good"


def test_customers_of_one_phone_count_as_one_and_their_rows_are_ambiguous(opened: Opened) -> None:
    tables = company()
    one_address_for_two(tables)
    found = check(opened(tables), now=NOW, metrics={})
    shared = one(found, "duplicates", table="customers")
    assert shared.verdict == "note"
    assert (shared.numbers["customers"], shared.numbers["people"], shared.numbers["largest"]) == (2, 1, 2)
    answers = one(found, "joins", table="answers", **{"with": "customers"})
    assert (answers.verdict, answers.numbers["ambiguous"], answers.numbers["matched"]) == ("note", 4, 2 * PEOPLE)
    assert one(found, "joins", table="orders").numbers["ambiguous"] == 0  # their own number is there


def test_one_number_for_many_customers_joins_nobody_and_is_noted(opened: Opened) -> None:
    tables = company()
    for i in range(7):
        known = {"customer_id": f"crm:{i}", "kind": "phone", "value": "+491"}
        tables["identities"].append({"identity_id": f"+{i}", **known})
    found = check(opened(tables), now=NOW, metrics={})
    assert one(found, "duplicates", table="customers").verdict == "good"
    noted = one(found, "duplicates", table="identities")
    assert (noted.verdict, noted.numbers["why"], noted.numbers["largest"]) == ("note", "many", 7)
    assert noted.sentence.startswith("1 name of several customers joins nobody: too many numbers of one system")


def test_a_chain_of_addresses_for_many_customers_is_a_problem(opened: Opened) -> None:
    tables = company()
    for i in range(7):
        for value in (f"+49{i}", f"+49{i + 1}"):
            known = {"customer_id": f"crm:{i}", "kind": "phone", "value": value}
            tables["identities"].append({"identity_id": f"{value}{i}", **known})
    shared = one(check(opened(tables), now=NOW, metrics={}), "duplicates", table="customers")
    assert (shared.verdict, shared.numbers["largest"]) == ("problem", 7)


def test_an_empty_month_is_a_gap_and_old_data_are_old(opened: Opened) -> None:
    tables = company()
    tables["orders"] = [order for order in tables["orders"] if order["paid_at"].month != 3]
    fresh = one(check(opened(tables), now=NOW, metrics={}), "freshness", table="orders")
    assert (fresh.verdict, fresh.numbers["empty_months"]) == ("note", ["2025-03"])
    later = check(opened(company()), now=NOW + timedelta(days=90), metrics={})
    stale = one(later, "freshness", table="answers")
    newest = max(answer["answered_at"] for answer in company()["answers"])
    assert (stale.verdict, stale.numbers["days"]) == ("note", (NOW + timedelta(days=90) - newest).days)
    assert stale.numbers["empty_months"] == []


def test_a_month_is_the_one_on_the_wall(opened: Opened) -> None:
    late = {"order_id": "o", "customer_id": "a", "paid_at": datetime(2025, 3, 31, 22, 30, tzinfo=UTC), "amount": 1}
    others = [
        late | {"order_id": f"{m}{k}", "paid_at": datetime(2025, m, 9, k, tzinfo=UTC)}
        for m in (3, 5)
        for k in range(12)
    ]
    found = check(opened({"orders": [late, *others]}), now=NOW, metrics={})
    assert one(found, "freshness", table="orders").numbers["empty_months"] == []  # it is April in Berlin


def test_few_rows_a_month_leave_no_gaps(opened: Opened) -> None:
    rows = [
        {"order_id": str(m), "customer_id": "a", "paid_at": datetime(2025, m, 9, tzinfo=UTC), "amount": 1}
        for m in (1, 6)
    ]
    found = check(opened({"orders": rows}), now=NOW, metrics={})
    assert one(found, "freshness", table="orders").numbers["empty_months"] == []


def test_waves_without_a_day_are_said_to_be_waves(opened: Opened) -> None:
    tables = company()
    for answer in tables["answers"]:
        answer |= {"answered_at": None, "period": "2025", "asked_at": None}
    found = check(opened(tables), now=NOW, metrics=NPS)
    assert one(found, "freshness", table="answers").numbers["wave"] == "2025"
    assert one(found, "coverage", table="answers").verdict == "good"
    assert "detectable" in one(found, "scores", metric="nps").numbers


def test_answers_without_customers_lower_coverage_and_joins(opened: Opened) -> None:
    tables = company()
    for answer in tables["answers"][:120]:
        answer["customer_id"] = None
    for answer in tables["answers"][120:124]:
        answer["customer_id"] = "crm:nobody"
    found = check(opened(tables), now=NOW, metrics=NPS)
    covered = one(found, "coverage", table="answers")
    assert (covered.verdict, covered.numbers["customer_id"]) == ("note", 360)
    joined = one(found, "joins", table="answers", **{"with": "customers"}).numbers
    assert (joined["rows"], joined["matched"], joined["unmatched"], joined["nameless"]) == (480, 356, 124, 120)
    nobody = company()
    for answer in nobody["answers"]:
        answer["customer_id"] = None
    assert one(check(opened(nobody), now=NOW, metrics=NPS), "coverage", table="answers").verdict == "problem"


def test_answers_that_fit_no_order_at_all_are_a_problem(opened: Opened) -> None:
    tables = company()
    for order in tables["orders"]:
        order["customer_id"] = "shop:" + order["customer_id"]
    found = check(opened(tables), now=NOW, metrics={})
    joined = one(found, "joins", table="answers", **{"with": "orders"})
    assert (joined.verdict, joined.numbers["matched"]) == ("problem", 0)
    assert "no customer in common" in joined.takes


def test_how_the_unmatched_differ_is_told_with_an_interval(opened: Opened) -> None:
    tables = company()
    for i, order in enumerate(tables["orders"]):
        if i % 10 == 0:
            order |= {"customer_id": f"guest:{i}", "amount": Decimal(60 + i // 10 % 5)}
    joined = one(check(opened(tables), now=NOW, metrics={}), "joins", table="orders")
    apart = joined.numbers["difference"]
    matched = [float(o["amount"]) for o in tables["orders"] if o["customer_id"].startswith("crm")]
    guests = [float(o["amount"]) for o in tables["orders"] if o["customer_id"].startswith("guest")]
    assert isinstance(apart, dict)
    expected = sum(guests) / len(guests) - sum(matched) / len(matched)
    assert apart["value"] == pytest.approx(expected)
    assert 0 < apart["low"] < expected < apart["high"]
    assert joined.verdict == "note"
    assert "higher" in joined.sentence


def test_scores_of_the_unmatched_are_compared_on_one_metric_and_kind(opened: Opened) -> None:
    tables = company()
    for answer in tables["answers"]:
        if int(answer["submission_id"][1:]) % 5 == 0:
            answer |= {"customer_id": None, "score": 1.0}
    joined = one(check(opened(tables), now=NOW, metrics=NPS), "joins", table="answers", **{"with": "customers"})
    apart = joined.numbers["difference"]
    assert isinstance(apart, dict)
    assert apart["high"] < 0
    assert "nps is lower" in joined.sentence


def test_contracts_of_accounts_are_found_through_their_members(opened: Opened) -> None:
    tables = company()
    for i, (customer, contract) in enumerate(zip(tables["customers"], tables["subscriptions"], strict=True)):
        customer["account_id"] = f"k{i}"
        contract |= {"customer_id": None, "account_id": f"k{i}"}
    tables["customers"][0]["status"] = "open"
    for i, customer in enumerate(tables["customers"]):
        customer["status"] = "closed" if i % 4 == 0 else "open"
    found = check(opened(tables), now=NOW, metrics={})
    assert one(found, "joins", table="answers", **{"with": "subscriptions"}).numbers["matched"] == 2 * PEOPLE
    assert one(found, "leakage", outcome="leaving", column="status").verdict == "problem"


LEAKS: dict[str, Callable[[int, bool], str | None]] = {
    "values": lambda i, gone: "gone" if gone else ("asleep", "awake")[i % 2],
    "filled": lambda i, gone: f"2025-03-01 {i}" if gone else None,
    "order": lambda i, gone: f"{100 + i + (1000 if gone else 0)}",
    "value": lambda i, gone: "winback list" if gone and i % 8 else ("a", "b")[i // 4 % 2],
}


def test_attributes_that_know_who_leaves_are_leaks_and_unique_ids_are_none(opened: Opened) -> None:
    tables = company()
    for i in range(PEOPLE):
        tables["subscriptions"][i]["ended_at"] = NOW - timedelta(days=30) if i % 4 < 2 else None
        tables["customers"][i] |= {f"by {way}": leak(i, i % 4 < 2) for way, leak in LEAKS.items()}
    found = remarks(check(opened(tables), now=NOW, metrics={}))
    assert {(f.subject, f.verdict, f.numbers["column"], f.numbers["way"]) for f in found} == {
        ("leakage", "problem", f"by {way}", way) for way in LEAKS
    }
    pure = next(f for f in found if f.numbers["way"] == "value")
    assert (pure.numbers["value"], pure.numbers["purity"]) == ("winback list", 1.0)


def test_an_attribute_that_is_the_score_in_words_is_a_leak(opened: Opened) -> None:
    tables = company()
    for answer in tables["answers"]:
        answer["group"] = "promoter" if answer["metric"] == "nps" and (answer["score"] or 0) >= 9 else "other"
    found = remarks(check(opened(tables), now=NOW, metrics=NPS))
    assert [(f.subject, f.numbers["column"]) for f in found] == [("leakage", "group")]
    assert found[0].numbers["outcome"] == "nps (relationship)"


def test_an_attribute_of_customers_that_answers_lack_is_looked_at_too(opened: Opened) -> None:
    tables = company()
    for i, customer in enumerate(tables["customers"]):
        customer["club"] = "unhappy" if i % 5 == 0 else None
    found = remarks(check(opened(tables), now=NOW, metrics=NPS))
    assert [(f.subject, f.numbers["column"]) for f in found] == [("leakage", "customer.club")]


def test_the_area_leaving_out_is_the_share_of_pairs_ranked_right() -> None:
    import numpy as np

    values = [(7, 2), (4, 3), (1, 1), (1, 0), (9, 1), (2, 1)]
    counts = np.array([(*pair, 1) for pair in values], dtype=float)
    rate = sum(e for _, e in values) / sum(n for n, _ in values)
    pairs, won = 0, 0.0
    for n1, e1 in values:
        for n0, e0 in values:
            risk_with = (e1 - 1) / (n1 - 1) if n1 > 1 else rate
            risk_without = e0 / (n0 - 1) if n0 > 1 else rate
            k = e1 * (n0 - e0)
            pairs += k
            won += k * ((risk_with > risk_without) + (risk_with == risk_without) / 2)
    assert area_leaving_out(counts) == pytest.approx(won / pairs)
    alone = np.array([[1.0, 1.0, 30.0], [1.0, 0.0, 70.0]])
    assert area_leaving_out(alone) == 0.5


def test_each_metric_has_its_rows_or_what_it_lacks(clean: Check) -> None:
    nps = one(clean, "scores", metric="nps")
    assert (nps.numbers["usable"], nps.numbers["kind"], nps.verdict) == (PEOPLE, "relationship", "good")
    assert one(clean, "scores", metric="sales").numbers["usable"] == 2 * PEOPLE
    assert one(clean, "scores", metric="resolution_time").numbers["usable"] == PEOPLE // 2
    lacking = {
        name: f
        for f in clean.findings
        if f.subject == "scores"
        for name in f.numbers.get("metrics", ())  # type: ignore[attr-defined]
    }
    assert "no answers to 'ces'" in lacking["ces"].sentence
    assert lacking["response_rate"].takes == "touchstone add invitations.csv"
    assert "no sla_met" in lacking["sla_met"].sentence
    assert all(f.verdict == "note" for f in lacking.values())


def test_the_change_a_month_can_see_shrinks_with_the_root_of_twelve(clean: Check) -> None:
    numbers = one(clean, "scores", metric="csat").numbers
    month, year = numbers["detectable_between_months"], numbers["detectable_between_years"]
    assert isinstance(month, float)
    assert isinstance(year, float)
    assert month == pytest.approx(year * 12**0.5)


def test_sixty_answers_a_month_see_38_points_and_a_year_of_them_11(opened: Opened) -> None:
    scores = [10.0] * 11 + [8.0] * 6 + [3.0] * 3  # 55, 30 and 15 of a hundred
    rows = [
        {
            "answer_id": str(i),
            "submission_id": str(i),
            "question_id": "q",
            "metric": "nps",
            "score": scores[i % 20],
            "answered_at": NOW - timedelta(days=365 * (1 - i / 719)),
        }
        for i in range(720)
    ]
    numbers = one(check(opened({"answers": rows}), now=NOW, metrics=NPS), "scores", metric="nps").numbers
    assert numbers["a_month"] == pytest.approx(60, abs=0.1)
    assert numbers["detectable_between_months"] == pytest.approx(38, abs=0.5)
    assert numbers["detectable_between_years"] == pytest.approx(11, abs=0.5)


def test_few_answers_are_said_to_be_few(opened: Opened) -> None:
    found = check(opened({"answers": company()["answers"][:20]}), now=NOW, metrics=NPS)
    nps = one(found, "scores", metric="nps")
    assert (nps.verdict, nps.numbers["usable"]) == ("note", 10)
    assert "at least 30" in nps.takes


def test_one_answer_gives_no_error(opened: Opened) -> None:
    found = check(opened({"answers": company()["answers"][:1]}), now=NOW, metrics=NPS)
    assert one(found, "scores", metric="nps").numbers["usable"] == 1


def test_an_empty_workspace_says_what_to_import_first(tmp_path: Path) -> None:
    found = check(Workspace.create(tmp_path / "new").data())
    assert [f.subject for f in found.findings] == ["data"]
    assert "touchstone add survey.csv" in found.findings[0].takes
    assert found.records()[0]["verdict"] == "problem"


def test_shares_are_never_rounded_to_all_or_nothing() -> None:
    assert [share(*pair) for pair in ((0, 9), (1, 999), (1, 2), (998, 999), (9, 9), (0, 0))] == [
        "0%",
        "under 1%",
        "50%",
        "over 99%",
        "100%",
        "none",
    ]


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("simulated")
    written = write_company(Company(customers=1_000, months=12, dirt=True), folder / "exports")
    workspace = Workspace.create(folder / "workspace", timezone="Europe/Berlin")
    add(workspace, [written.paths[name] for name in ("customers.csv", "survey.csv", "tickets.csv")])
    return workspace, written.truth["files"]


def test_the_faults_planted_in_a_simulated_company_are_found(dirty: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, truth = dirty
    found = check(workspace.data(), metrics=NPS)
    planted = truth["tickets.csv"]["planted"]["solved before created"]
    assert one(found, "impossible values", what="resolved_at before opened_at").numbers["n"] == planted
    aside = one(found, "set aside", file="survey.csv").numbers["reasons"]
    assert isinstance(aside, dict)
    outside = sum(n for reason, n in aside.items() if "outside the scale" in reason)
    assert outside == truth["survey.csv"]["planted"]["scores of 11"]
    assert one(found, "duplicates", table="answers").numbers["answers"] == 0  # repeated lines are no second answers
    tickets = one(found, "joins", table="tickets").numbers
    assert tickets["matched"] == tickets["rows"] == truth["tickets.csv"]["rows"]
    assert [f for f in found.findings if f.subject == "leakage" and f.verdict != "good"] == []


def test_the_command_prints_groups_in_words(dirty: tuple[Workspace, dict[str, Any]]) -> None:
    printed = CliRunner().invoke(command, ["-w", str(dirty[0].folder)], catch_exceptions=False)
    assert printed.exit_code == 0
    heads = [line for line in printed.output.splitlines() if line and not line.startswith(" ")]
    assert heads[1:4] == ["Problems", "Notes", "As it should be (--all tells)"]
    assert "It takes:" in printed.output
    assert "have resolved_at before opened_at" in printed.output
    everything = CliRunner().invoke(command, ["-w", str(dirty[0].folder), "--all"], catch_exceptions=False).output
    assert len(everything) > len(printed.output) and "(--all tells)" not in everything


def test_the_command_prints_records_as_json(tmp_path: Path) -> None:
    folder = Workspace.create(tmp_path / "new").folder
    printed = CliRunner().invoke(command, ["-w", str(folder), "--json"], catch_exceptions=False)
    records = json.loads(printed.output)
    assert [(record["subject"], record["verdict"]) for record in records] == [("data", "problem")]
    assert set(records[0]) == {"subject", "verdict", "sentence", "takes", "numbers"}
