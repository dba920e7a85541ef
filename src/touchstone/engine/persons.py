"""What there is to tell of people: which numbers are one person and by which name, and which names join nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis

from touchstone.core.nouns import NOUNS
from touchstone.engine.connect import Table
from touchstone.engine.data import Data

_MOST = 1000  # numbers of one person that are told


def merged_counts(data: Data) -> dict[str, int]:
    """How many `numbers` are one person with others, how many `people` they are, how many `names` join nobody."""
    joined = data.joined()
    if joined is None:
        return {"numbers": 0, "people": 0, "names": 0}
    people = joined.people.aggregate(others=joined.people.count(), people=joined.people.person.nunique())
    names = joined.links.aggregate(names=joined.links.why.notnull().sum())
    row = data.fetch(people.cross_join(names)).rows[0]
    return {
        "numbers": int(row["others"] + row["people"]),
        "people": int(row["people"]),
        "names": int(row["names"] or 0),
    }


def refusals(data: Data) -> dict[str, dict[str, int]]:
    """Per reason why names join nobody: how many `names` there are, and the `most` numbers that one of them has."""
    joined = data.joined()
    if joined is None:
        return {}
    links = joined.links.filter(joined.links.why.notnull())
    per = links.group_by("why").aggregate(names=links.count(), most=links.customers.max())
    return {row["why"]: {"names": row["names"], "most": row["most"]} for row in data.fetch(per.order_by("why")).rows}


def merges(data: Data, *, among: Sequence[str] = (), most: int | None = None) -> list[dict[str, Any]]:
    """The names that join: each other number beside the smallest that has the name, newest import first.

    Columns: customer_id, other_id, kind, value, import_number (in which the second of the two came with this name).
    Only numbers `among` these, where some are given; at most `most` rows.
    """
    joined = data.joined()
    if joined is None:
        return []
    links = joined.links.filter(joined.links.why.isnull()).select("link")
    named = joined.named.semi_join(links, "link")
    first = named.group_by("link").aggregate(
        other_id=named.customer_id.min(), first_import=named.import_number.argmin(named.customer_id)
    )
    rows = named.inner_join(first, "link").filter(lambda t: t.customer_id != t.other_id)
    if among:
        rows = rows.filter(rows.customer_id.isin(list(among)))
    latest = ibis.greatest(rows.import_number, rows.first_import)
    rows = rows.select("customer_id", "other_id", "kind", "value", import_number=latest)
    rows = rows.order_by(rows.import_number.desc(), rows.customer_id, rows.kind, rows.value)
    return data.fetch(rows if most is None else rows.limit(most)).rows


def refused(data: Data, *, among: Sequence[str] = (), most: int | None = None) -> list[dict[str, Any]]:
    """The names that join nobody: kind, value, customers, why, and the `first` and `last` number that have it."""
    joined = data.joined()
    if joined is None:
        return []
    links = joined.links.filter(joined.links.why.notnull())
    named = joined.named
    if among:
        theirs = named.filter(named.customer_id.isin(list(among))).select("link").distinct()
        links = links.semi_join(theirs, "link")
    ends = named.group_by("link").aggregate(first=named.customer_id.min(), last=named.customer_id.max())
    rows = links.inner_join(ends, "link").drop("link")
    rows = rows.order_by(rows.customers.desc(), rows.kind, rows.value)
    return data.fetch(rows if most is None else rows.limit(most)).rows


def numbers_of(data: Data, customer: str) -> tuple[str, ...]:
    """Every number of the person whom `customer` stands for, the one that stands for all first."""
    people = data.merged()
    if people is None:
        return (customer,)
    own = data.fetch(people.filter(people.customer_id == customer)).rows
    person = own[0]["person"] if own else customer
    others = people.filter(people.person == person).select("customer_id").order_by("customer_id").limit(_MOST)
    return (person, *(row["customer_id"] for row in data.fetch(others).rows))


def known(data: Data, numbers: Sequence[str]) -> set[str]:
    """Those of `numbers` that any table has."""
    parts: list[Table] = []
    for name, noun in NOUNS.items():
        if data.has(name) and "customer_id" in noun.column_names:
            ids = data.table(name).select("customer_id")
            parts.append(ids.filter(ids.customer_id.isin(list(numbers))).distinct())
    if not parts:
        return set()
    rows = ibis.union(*parts, distinct=True) if len(parts) > 1 else parts[0]
    return {row["customer_id"] for row in data.fetch(rows).rows}


def decisions(data: Data) -> list[dict[str, Any]]:
    """Every decision that numbers are, or are not, one person, oldest first."""
    if not data.has("merges"):
        return []
    rows = data.table("merges")
    return data.fetch(rows.order_by(rows.decided_at, rows.merge_id)).rows
