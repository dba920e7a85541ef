"""Answers of companies rolled up: who speaks for an account, how much it counts, and what its annual value is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import ibis

from touchstone.engine.companies import rolled
from touchstone.engine.connect import Table
from touchstone.engine.data import ACCOUNT, Data
from touchstone.engine.question import in_one_currency

RollUp = Literal["contacts", "accounts", "decision-makers", "revenue"]
ROLE = "customer.role"


def of_accounts(rows: Table) -> Table:
    """The rows of people who belong to an account, with `account` = its id."""
    inside = rows.filter(rows.cluster.startswith(ACCOUNT))
    return inside.mutate(account=inside.cluster.substr(len(ACCOUNT)))


def rolled_up(rows: Table, by: Sequence[str], how: RollUp, *, roles: Sequence[str], values: Table | None) -> Table:
    """Rows of accounts (see `of_accounts`) with the weight that each has in a roll-up, per group of `by`.

    contacts: as it is. accounts: every account weighs one, shared among its contacts by their own weights.
    decision-makers: so too, but where one of `roles` answered only they speak. revenue: every account weighs its value
    in `values` (account_id, value); those without one are left out.
    """
    if how == "contacts":
        return rows
    window = ibis.window(group_by=[*by, "account"])
    if how == "decision-makers":
        decides = ibis.coalesce(rows[ROLE].strip().lower().isin(list(roles)), ibis.literal(False)).cast("int8")
        rows = rows.mutate(_decides=decides)
        rows = rows.mutate(_led=rows["_decides"].max().over(window))
        rows = rows.filter(rows["_decides"] == rows["_led"])
    shared = rows.mutate(w=rows.w.cast("float64") / rows.w.cast("float64").sum().over(window))
    if how != "revenue" or values is None:
        return shared
    joined = shared.inner_join(values, shared.account == values.account_id)
    return joined.mutate(w=joined.w * joined["value"].cast("float64")).drop("account_id", "value")


def annual_values(data: Data) -> Table:
    """(account_id, value) of the accounts with an annual value above nought, in the workspace's currency.

    An account brings what its parts bring, too.
    """
    accounts = data.table("accounts")
    priced = accounts.filter(accounts.annual_value > 0)
    each = priced.select("account_id", value=in_one_currency(data, priced, "annual_value"))
    parts = data.parents()
    if parts is None:
        return each
    whole = rolled(each, each.account_id, parts)
    summed = whole.group_by(account_id="_whole").aggregate(value=whole["value"].sum())
    return summed.mutate(value=summed["value"].cast("decimal(18, 4)"))


def coverage(data: Data, rows: Table) -> dict[str, Any]:
    """How many accounts there are and answered, and what both bring a year: n, answered, total, answered_total."""
    accounts, values = _every_account(data), annual_values(data)
    answered = rows.select(_answered="account").distinct()
    known = accounts.left_join(values.rename(_priced="account_id"), accounts.account_id == values.account_id)
    joined = known.left_join(answered, known.account_id == answered["_answered"])
    told = joined["_answered"].notnull()
    nothing = ibis.null("decimal(18, 4)")
    return data.fetch(
        joined.aggregate(
            n=joined.count(),
            answered=told.sum(),
            priced=joined["value"].count(),
            priced_answered=told.ifelse(joined["value"], nothing).count(),
            total=joined["value"].sum(),
            answered_total=told.ifelse(joined["value"], nothing).sum(),
        )
    ).rows[0]


def _every_account(data: Data) -> Table:
    """The id of every account that is in the list of accounts, or that a customer or an answer belongs to.

    Those that are a part of another are counted with it.
    """
    parts = [data.table("accounts").select("account_id")]
    for name in ("customers", "answers"):
        table = data.table(name)
        if "account_id" in table.columns:
            parts.append(table.filter(table.account_id.notnull()).select("account_id"))
    every = ibis.union(*parts, distinct=True)
    return rolled(every, every.account_id, data.parents()).select(account_id="_whole").distinct()


def heaviest(data: Data, rows: Table) -> float:
    """The largest share of all weight that one account has."""
    per = rows.group_by("account").aggregate(held=rows.w.cast("float64").sum())
    row = data.fetch(per.aggregate(largest=per.held.max(), every=per.held.sum())).rows[0]
    return float(row["largest"] / row["every"]) if row["every"] else 0.0
