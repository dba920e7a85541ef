"""The counts behind `check` on every engine, against a recount of the same rows in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from tests.engines import world as made
from tests.engines.world import World

from touchstone.engine import quality
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.leakage import churned_rows, leaks

NOW = datetime(2018, 1, 1, tzinfo=UTC)
TABLES = ("customers", "answers", "orders", "subscriptions", "tickets")


@pytest.fixture(scope="module")
def people(world: World) -> dict[str, str]:
    """Whom every id stands for, accounts left aside."""
    return made.clusters(World(world.tables | {"customers": {"customer_id": [], "account_id": []}}))


@pytest.fixture(scope="module")
def found(data: Data) -> Iterator[Table]:
    with quality.presence(data, TABLES) as table:
        yield table


def test_a_table_is_profiled_in_one_scan(data: Data, world: World) -> None:
    found = quality.profile(data, "tickets", NOW)
    rows = world.tables["tickets"]
    pairs = list(world.rows("tickets", "opened_at", "resolved_at", "closed_at"))
    assert found.rows == len(pairs)
    assert {name: found.filled[name] for name in rows} == {
        name: sum(value is not None for value in values) for name, values in rows.items()
    }
    assert found.odd["resolved_at before opened_at"] == sum(r is not None and r < o for o, r, _ in pairs)
    assert found.odd["closed_at before opened_at"] == 0
    assert found.odd["opened_at in the future"] == sum(o > NOW for o, *_ in pairs) > 0
    assert found.newest == max(o for o, *_ in pairs if o <= NOW)
    assert found.oldest == min(o for o, *_ in pairs)


def test_months_are_counted_on_the_wall(data: Data, world: World) -> None:
    found = quality.months(data, ["tickets", "orders"])
    for name, time in (("tickets", "opened_at"), ("orders", "paid_at")):
        expected = Counter(made.label(made.wall(at).date(), "month") for (at,) in world.rows(name, time))
        assert found[name] == expected


def test_the_same_question_within_a_day_is_counted_per_customer(data: Data, world: World) -> None:
    last: dict[tuple[str, str], datetime] = {}
    again = []
    names = ("customer_id", "question_id", "answered_at", "submission_id")
    rows = [row for row in world.rows("answers", *names) if row[0] is not None and row[2] is not None]
    for customer, question, at, submission in sorted(rows, key=lambda row: row[2]):
        before = last.get((customer, question))
        if before is not None and at < before + timedelta(days=1):
            again.append((customer, submission))
        last[customer, question] = at
    found = quality.answered_twice(data)
    assert found["answers"] == len(again) > 100
    assert found["customers"] == len({customer for customer, _ in again})


def test_who_is_in_which_table_and_under_how_many_numbers(
    data: Data, world: World, people: dict[str, str], found: Table
) -> None:
    ids = {name: {i for (i,) in world.rows(name, "customer_id") if i is not None} for name in TABLES}
    accounts = dict(world.rows("customers", "customer_id", "account_id"))
    owners = set(world.tables["subscriptions"]["account_id"]) - {None}
    ids["subscriptions"] |= {customer for customer, account in accounts.items() if account in owners}
    of = {name: Counter(people.get(i, i) for i in found) for name, found in ids.items()}
    answers = [customer for (customer,) in world.rows("answers", "customer_id")]
    named = [customer for customer in answers if customer is not None]
    counts = quality.matches(data, found, "answers", ("customers", "orders", "subscriptions", "tickets"))
    shared = quality.shared_names(data, found)
    assert (counts["rows"], counts["nameless"]) == (len(answers), len(answers) - len(named))
    for name in ("customers", "orders", "subscriptions", "tickets"):
        whose = [(customer, of[name][people.get(customer, customer)]) for customer in named]
        assert counts[f"matched_{name}"] == sum(n > 0 for _, n in whose)
        assert counts[f"ambiguous_{name}"] == sum(n > 1 and customer not in ids[name] for customer, n in whose)
    assert counts["ambiguous_orders"] > 0
    several = [customer for customer in ids["customers"] if of["customers"][people.get(customer, customer)] > 1]
    assert shared["customers"] == len(several) > 0
    assert shared["people"] == len({people.get(customer, customer) for customer in several})
    assert shared["largest"] == max(of["customers"].values())


def test_attributes_that_follow_from_leaving_are_found_and_no_others(data: Data, found: Table) -> None:
    rows, columns = churned_rows(data, found)
    place = len(columns)
    word, number = rows.outcome.ifelse("gone", "here"), rows.outcome.ifelse("12", "7")
    told = rows.mutate(**{f"c{place}": word, f"c{place + 1}": number})
    with data.engine.kept(told) as kept:
        leaking = leaks(data, kept, [*columns, "word", "number"])
    assert "segment" in columns
    assert [(leak.column, leak.area) for leak in leaking] == [("word", 1.0), ("number", 1.0)]
