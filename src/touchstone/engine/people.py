"""Who is who: customer ids from files, the identities that join them, and the derived table of who counts as one."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import Any

import ibis

from touchstone.core.mapping import PERSON_COLUMNS, Mapping
from touchstone.engine.connect import Engine, Table, identifier, literal

_SHARED = r"^(info|office|contact|kontakt|support|sales|hello|admin|mail|team|service|help|no-?reply)@"
_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
REPLICATES = 256
_ROUNDS = 50  # chains of merges longer than this do not occur in life


def email(text: str) -> str:
    """SQL of a normalised e-mail address; null for what is none, and for a shared one (info@), which joins nobody."""
    plain = f"lower(trim({text}))"
    valid = f"regexp_matches({plain}, {literal(_EMAIL)}) AND NOT regexp_matches({plain}, {literal(_SHARED)})"
    return f"CASE WHEN {valid} THEN {plain} END"


def phone(text: str) -> str:
    """SQL of a phone number in E.164; null without a country code, because a local number may be somebody else's."""
    digits = f"regexp_replace(regexp_replace({text}, '[\\s().\\-/]', '', 'g'), '^00', '+')"
    return f"CASE WHEN regexp_matches({digits}, '^\\+[1-9]\\d{{6,14}}$') THEN {digits} END"


def customer(columns: Dict[str, str], mapping: Mapping) -> str:
    """SQL of a row's customer: the number in the file (with the system that gave it), else the e-mail, else the phone.

    `columns` says under which name the row has customer_id, email and phone, as far as they are mapped.
    """
    candidates = []
    if "customer_id" in columns:
        number = columns["customer_id"]
        candidates.append(f"{literal(mapping.customers + ':')} || {number}" if mapping.customers else number)
    if "email" in columns:
        candidates.append(f"'email:' || {email(columns['email'])}")
    if "phone" in columns:
        candidates.append(f"'phone:' || {phone(columns['phone'])}")
    return f"coalesce({', '.join(candidates)})"


def identities(rows: str, mapping: Mapping, *, source: str, number: int) -> str | None:
    """The names that the customers of the typed `rows` have, as a query: one row per customer, kind and value.

    None where the file has none. Rows that could not be taken give no names.
    """
    own = {name: identifier(name) for name in ("customer_id", *PERSON_COLUMNS) if name in mapping.columns}
    parts = [
        f"SELECT {customer(own, mapping)} AS customer_id, '{kind}' AS kind, {normal(own[kind])} AS value "
        f"FROM {rows} WHERE _wrong IS NULL"
        for kind, normal in (("email", email), ("phone", phone))
        if kind in own
    ]
    if not parts:
        return None
    names = f"SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)}) WHERE customer_id IS NOT NULL AND value IS NOT NULL"
    key = "md5(concat_ws(chr(31), customer_id, kind, value))"
    return (
        f"SELECT {key} AS identity_id, customer_id, kind, value, {literal(source)} AS source, "
        f"CAST({number} AS BIGINT) AS import_number FROM ({names})"
    )


def same_people(engine: Engine, names: Table) -> Table | None:
    """Customers who are somebody else under another number: (customer_id, person), only where the two differ.

    Two numbers are one person when they share a normalised name; so are all that are linked in a chain. The smallest
    number of a chain stands for the person. None when nobody has two numbers.
    """
    pairs = names.select("customer_id", link=names.kind + ":" + names.value).distinct()
    sharing = pairs.group_by("link").aggregate(k=pairs.count()).filter(lambda t: t.k > 1)
    edges = engine.keep(pairs.semi_join(sharing, "link"))
    if engine.fetch(edges.aggregate(n=edges.count())).rows[0]["n"] == 0:
        return None
    labels = engine.keep(edges.select("customer_id").distinct().mutate(person=lambda t: t.customer_id))
    for _ in range(_ROUNDS):
        by_link = edges.join(labels, "customer_id").group_by("link").aggregate(person=lambda t: t.person.min())
        linked = edges.join(by_link, "link")
        nearer = engine.keep(linked.group_by("customer_id").aggregate(person=lambda t: t.person.min()))
        moved = nearer.join(labels, "customer_id", rname="was_{name}").filter(lambda t: t.person != t.was_person)
        labels = nearer
        if engine.fetch(moved.aggregate(n=moved.count())).rows[0]["n"] == 0:
            break
    return labels.filter(labels.customer_id != labels.person)


def replicate(cluster: Any, groups: int = REPLICATES) -> Any:
    """The replicate group of a cluster: two hexadecimal digits of its MD5, the same on every engine (0 to groups-1)."""
    digest = cluster.hexdigest("md5")
    digits = ibis.literal("0123456789abcdef")
    number = digits.find(digest.substr(0, 1)) * 16 + digits.find(digest.substr(1, 1))
    return (number % groups).cast("int16")
