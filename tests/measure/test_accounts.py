"""Companies with one or many contacts: who speaks for them, what they count, and what brings the money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from tests.measure.company import Company, answers

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.estimate import Estimate
from touchstone.engine.accounts import RollUp
from touchstone.engine.data import Data
from touchstone.measure.metrics import built_in
from touchstone.measure.score import score
from touchstone.stats.moments import Moments

NPS = built_in()["nps"]
# account: annual value, and per contact the score, the role and the region
ACCOUNTS: dict[str, tuple[int | None, list[tuple[float, str | None, str]]]] = {
    "big": (900_000, [(10.0, "user", "n"), (9.0, "user", "n"), (3.0, "Decision Maker", "n"), (10.0, None, "s")]),
    "mid": (80_000, [(9.0, "decider", "n"), (2.0, "user", "s")]),
    "small": (20_000, [(7.0, "user", "s")]),
    "free": (None, [(0.0, "user", "s"), (10.0, "user", "s")]),
    "silent": (500_000, []),
}


def b2b(company: Company, **tables: Any) -> Data:
    people = [
        {"customer_id": f"{account}{place}", "account_id": account, "role": role}
        for account, (_, contacts) in ACCOUNTS.items()
        for place, (_, role, _) in enumerate(contacts)
    ]
    given = [
        answers([points], start=100 * number + place, customer_id=f"{account}{place}", region=region)[0]
        for number, (account, (_, contacts)) in enumerate(ACCOUNTS.items())
        for place, (points, _, region) in enumerate(contacts)
    ]
    firms = [
        {"account_id": account, "annual_value": None if value is None else Decimal(value), "currency": "EUR"}
        for account, (value, _) in ACCOUNTS.items()
    ]
    lonely = answers([10.0, 10.0], start=900)
    return company.data(**({"customers": people, "answers": [*given, *lonely], "accounts": firms} | tables))


def worth(points: float) -> float:
    return 100.0 if points >= 9 else 0.0 if points >= 7 else -100.0


def means(contacts: dict[str, list[float]]) -> dict[str, float]:
    return {account: float(np.mean([worth(points) for points in given])) for account, given in contacts.items()}


EVERY = {account: [points for points, _, _ in contacts] for account, (_, contacts) in ACCOUNTS.items() if contacts}
LED = EVERY | {"big": [3.0], "mid": [9.0]}
VALUES = {account: value for account, (value, _) in ACCOUNTS.items() if value and account in EVERY}


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("contacts", float(np.mean([worth(p) for given in EVERY.values() for p in given]))),
        ("accounts", float(np.mean(list(means(EVERY).values())))),
        ("decision-makers", float(np.mean(list(means(LED).values())))),
        ("revenue", sum(means(EVERY)[a] * v for a, v in VALUES.items()) / sum(VALUES.values())),
    ],
)
def test_roll_ups_are_a_recount(company: Company, how: RollUp, expected: float) -> None:
    scores = score(b2b(company), NPS, roll_up=how)
    (row,) = scores.rows
    assert isinstance(row.result, Estimate) and row.result.value == pytest.approx(expected)
    assert row.moments is not None and row.moments.clusters == (3 if how == "revenue" else 4)
    assert any("2 answers belong to no account" in note for note in scores.notes)


def test_the_error_of_a_mean_per_account_is_that_between_accounts(company: Company) -> None:
    (row,) = score(b2b(company), NPS, roll_up="accounts").rows
    assert isinstance(row.result, Estimate)
    assert row.result.se == pytest.approx(Moments.of(list(means(EVERY).values())).mean_variance ** 0.5)


def test_accounts_weigh_the_same_within_every_group(company: Company) -> None:
    scores = score(b2b(company), NPS, by=["region"], roll_up="accounts")
    found = {row.group[0]: row.result for row in scores.rows}
    for region in "ns":
        inside = {a: [p for p, _, r in contacts if r == region] for a, (_, contacts) in ACCOUNTS.items()}
        expected = float(np.mean(list(means({a: given for a, given in inside.items() if given}).values())))
        result = found[region]
        assert isinstance(result, Estimate) and result.value == pytest.approx(expected)


def test_revenue_coverage_stands_beside_the_response_rate(company: Company) -> None:
    scores = score(b2b(company), NPS, roll_up="revenue")
    assert scores.accounts is not None
    coverage = scores.accounts.coverage
    assert (coverage.accounts, coverage.answered) == (5, 4)
    assert coverage.total is not None and coverage.answered_total is not None
    assert (coverage.total.value, coverage.total.n) == (Decimal(1_500_000), 4)
    assert (coverage.answered_total.value, coverage.answered_total.n) == (Decimal(1_000_000), 3)
    assert coverage.revenue_percent == pytest.approx(100 * 2 / 3)
    assert "4 of 5 accounts answered (80.0 %); they bring 1,000,000 of 1,500,000 EUR" in coverage.sentence()
    notes = " ".join(scores.notes)
    assert "1 accounts that answered have no annual value" in notes and "one account alone has 90%" in notes
    assert coverage.record()["revenue_answered_percent"] == coverage.revenue_percent


def test_without_a_list_of_accounts_those_of_the_customers_are_counted(company: Company) -> None:
    scores = score(b2b(company, accounts=[]), NPS, roll_up="accounts")
    assert scores.accounts is not None and scores.accounts.coverage.total is None
    assert scores.accounts.coverage.accounts == scores.accounts.coverage.answered == 4
    assert "add annual_value" in scores.accounts.coverage.sentence()


def test_what_a_roll_up_lacks_is_named(company: Company) -> None:
    data = b2b(company)
    with pytest.raises(Refused, match="called boss") as caught:
        score(data, NPS, roll_up="decision-makers", roles=["boss"])
    assert "Decision Maker, decider, user" in caught.value.hint
    with pytest.raises(Refused, match="annual value"):
        score(b2b(company, accounts=[{"account_id": "big"}]), NPS, roll_up="revenue")
    with pytest.raises(Refused, match="belongs to an account"):
        score(company.data(answers=answers([10.0, 3.0])), NPS, roll_up="accounts")
    with pytest.raises(BadDefinition, match="between roll-ups"):
        score(data, NPS, roll_up="accounts", by=["year"], baseline="2016")
    with pytest.raises(BadDefinition, match="scores no answers"):
        tickets = [{"ticket_id": "t", "opened_at": answers([1])[0]["answered_at"], "reopened": 1}]
        score(company.data(tickets=tickets), built_in()["reopened"], roll_up="accounts")
