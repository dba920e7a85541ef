"""Scores of companies: contacts rolled up to accounts by a named rule, with the revenue that answered beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.estimate import Total, plain
from touchstone.core.metric import Metric
from touchstone.core.metric import Score as ScoreForm
from touchstone.engine.accounts import (
    ROLE,
    RollUp,
    annual_values,
    coverage,
    heaviest,
    of_accounts,
    rolled_up,
)
from touchstone.engine.connect import Fetched, Table
from touchstone.engine.data import Data
from touchstone.engine.moments import moments
from touchstone.engine.rows import Question, group_name, measured_rows

ROLL_UPS: tuple[RollUp, ...] = ("contacts", "accounts", "decision-makers", "revenue")
DECISION_MAKERS = ("decision maker", "decision-maker", "decision_maker", "decider", "buyer", "owner")
_WORDS: dict[RollUp, str] = {
    "contacts": "every contact counts one",
    "accounts": "every account counts one",
    "decision-makers": "every account counts one, and its decision makers speak where they answered",
    "revenue": "every account counts what it pays a year",
}
_HEAVY = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Which accounts answered: how many of how many, and what they bring a year of what all bring.

    The amounts are exact sums, None where no account has an annual value.
    """

    accounts: int
    answered: int
    total: Total | None
    answered_total: Total | None

    @property
    def revenue_percent(self) -> float | None:
        """Share of the annual value that answered, in percent."""
        if self.total is None or self.answered_total is None or not self.total.value:
            return None
        return float(100 * self.answered_total.value / self.total.value)

    def record(self) -> dict[str, object]:
        """Keys of a flat record; the amounts are exact."""
        return {
            "accounts": self.accounts,
            "accounts_answered": self.answered,
            "revenue": self.total.value if self.total else None,
            "revenue_answered": self.answered_total.value if self.answered_total else None,
            "revenue_currency": self.total.currency if self.total else None,
            "revenue_answered_percent": self.revenue_percent,
        }

    def sentence(self) -> str:
        """Response and revenue coverage in words."""
        rate = f" ({100 * self.answered / self.accounts:.1f} %)" if self.accounts else ""
        head = f"{self.answered:,} of {self.accounts:,} accounts answered{rate}"
        if self.total is None or self.answered_total is None or self.revenue_percent is None:
            return f"{head}; what they bring a year is not known: add annual_value to accounts."
        amounts = [plain(float(one.value), 0) for one in (self.answered_total, self.total)]
        return (
            f"{head}; they bring {amounts[0]} of {amounts[1]} {self.total.unit} a year ({self.revenue_percent:.1f} %)."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledUp:
    """The sums per group under a roll-up, in words how it counts, the coverage, and notes for the reader."""

    how: RollUp
    fetched: Fetched
    coverage: Coverage
    notes: tuple[str, ...]

    @property
    def words(self) -> str:
        """How the roll-up counts."""
        return _WORDS[self.how]


def roll_up(
    data: Data,
    metric: Metric,
    question: Question,
    by: Sequence[str],
    how: RollUp,
    *,
    centre: float,
    roles: Sequence[str] = DECISION_MAKERS,
) -> RolledUp:
    """The sums of `metric` per group of `by`, contacts rolled up to their accounts.

    Raises BadDefinition for a metric that scores no answers, Refused where no answer belongs to an account, where
    nobody has one of `roles`, and where no account has an annual value to weigh by.
    """
    if not isinstance(metric.form, ScoreForm):
        raise BadDefinition(f"'{metric.name}' scores no answers, so it is not rolled up.", hint="choose a score.")
    led = how == "decision-makers"
    asked = replace(question, by=(*question.by, *((ROLE,) if led and ROLE not in question.by else ())))
    every = measured_rows(data, metric, asked)
    rows = of_accounts(every)
    counts = (
        data.fetch(every.aggregate(n=every.count())).rows[0]["n"],
        data.fetch(rows.aggregate(n=rows.count())).rows[0]["n"],
    )
    if not counts[1]:
        raise Refused(
            "No answer belongs to an account.", hint="import customers with an account_id: touchstone add customers.csv"
        )
    names = tuple(role.strip().lower() for role in roles)
    if led:
        _check_roles(data, rows, names)
    values = annual_values(data) if how == "revenue" else None
    if values is not None and not data.fetch(values.aggregate(n=values.count())).rows[0]["n"]:
        raise Refused(
            "No account has an annual value to weigh by.",
            hint="import accounts with annual_value: touchstone add accounts.csv",
        )
    weighed = rolled_up(rows, tuple(map(group_name, by)), how, roles=names, values=values)
    covered = _coverage(data, rows)
    notes = _notes(data, weighed, counts, covered, how)
    keys = tuple(map(group_name, by))
    return RolledUp(how=how, fetched=data.fetch(moments(weighed, keys, centre=centre)), coverage=covered, notes=notes)


def _check_roles(data: Data, rows: Table, names: Sequence[str]) -> None:
    found = data.fetch(rows.group_by(ROLE).aggregate(n=rows.count())).rows
    roles = sorted({str(row[ROLE]).strip() for row in found if row[ROLE]})
    if not any(role.lower() in names for role in roles):
        known = f"there are {', '.join(roles[:8])}" if roles else "customers have no role: add it to customers"
        raise Refused(f"Nobody who answered is called {' or '.join(names)}.", hint=f"{known}; name one with --role.")


def _coverage(data: Data, rows: Table) -> Coverage:
    row = coverage(data, rows)

    def total(amount: Any, n: int) -> Total | None:
        if not row["priced"]:
            return None
        return Total(value=Decimal(amount or 0), unit=data.currency, currency=data.currency, n=n)

    return Coverage(
        accounts=int(row["n"] or 0),
        answered=int(row["answered"] or 0),
        total=total(row["total"], int(row["priced"])),
        answered_total=total(row["answered_total"], int(row["priced_answered"])),
    )


def _notes(data: Data, weighed: Table, counts: tuple[int, int], covered: Coverage, how: RollUp) -> tuple[str, ...]:
    notes = []
    if counts[0] > counts[1]:
        notes.append(f"{counts[0] - counts[1]:,} answers belong to no account and are left out")
    unpriced = covered.answered - covered.answered_total.n if covered.answered_total else 0
    if how == "revenue" and unpriced > 0:
        notes.append(f"{unpriced:,} accounts that answered have no annual value and are left out")
    if how == "revenue" and (share := heaviest(data, weighed)) > _HEAVY:
        notes.append(f"one account alone has {share:.0%} of the weight")
    return tuple(notes)
