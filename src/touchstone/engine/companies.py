"""Which account a customer belongs to: by their record, else by their e-mail's domain; and whose part an account is.

A domain counts only where somebody declared it, and for one account: mail providers are everybody's.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import Any

import ibis

from touchstone.core.contact import MAILBOXES
from touchstone.engine.connect import Table


def members(customers: Table | None, names: Table | None, accounts: Table | None, domains: Dict[str, str]) -> Table:
    """(who_id, account, declared): the account of every number that has one; `declared` by the record, not the domain.

    `domains` are those of the settings; the accounts' own `domain` counts where these say nothing. At least one of
    `customers` and `names` is there.
    """
    parts = []
    if customers is not None:
        held = customers.filter(customers.account_id.notnull())
        parts.append(held.select(who_id="customer_id", account="account_id", declared=ibis.literal(True)))
    if names is not None:
        mails = names.filter(names.kind == "email")
        asked = mails.select(who_id="customer_id", domain=mails.value.split("@")[1])
        found = _by_domain(asked, accounts, domains)
        if parts:
            found = found.anti_join(parts[0], "who_id")
        parts.append(found)
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _by_domain(asked: Table, accounts: Table | None, domains: Dict[str, str]) -> Table:
    """The one account of each number's domains; none where these name two."""
    nothing = ibis.null("string")
    known = ibis.cases(*((asked.domain == name, account) for name, account in domains.items()), else_=nothing)
    found = asked.mutate(account=known if domains else nothing)
    if accounts is not None:
        own = accounts.select("account_id", owned=accounts.domain.strip().lower())
        own = own.filter(own.owned.notnull() & ~own.owned.isin(sorted(MAILBOXES)))
        once = own.group_by("owned").aggregate(owner=own.account_id.min(), n=own.account_id.nunique())
        once = once.filter(once.n == 1)
        found = found.left_join(once, found.domain == once.owned)
        found = found.mutate(account=ibis.coalesce(found.account, found.owner))
    found = found.filter(found.account.notnull())
    per = found.group_by("who_id").aggregate(account=found.account.min(), n=found.account.nunique())
    return per.filter(per.n == 1).select("who_id", "account", declared=ibis.literal(False))


def parents(accounts: Table) -> Table:
    """(account_id, parent_id) of the accounts that are a part of another; a parent's own parent is not followed."""
    return accounts.filter(accounts.parent_id.notnull()).select("account_id", "parent_id")


def rolled(table: Table, account: Any, parts: Table | None) -> Table:
    """`table` with `_whole`: the account, or the one it is a part of."""
    if parts is None:
        return table.mutate(_whole=account)
    parts = parts.rename(_part="account_id", _parent="parent_id")
    joined = table.mutate(_own=account).left_join(parts, [("_own", "_part")])
    return joined.mutate(_whole=ibis.coalesce(joined["_parent"], joined["_own"])).drop("_own", "_part", "_parent")
