"""Who is who: customer ids from files, the identities that join them, and the derived table of who counts as one."""

from __future__ import annotations

from typing import Any

import ibis

from touchstone.core.mapping import Mapping
from touchstone.engine.connect import Engine, Table

_SHARED = r"^(info|office|contact|kontakt|support|sales|hello|admin|mail|team|service|help|no-?reply)@"
_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
REPLICATES = 256
_ROUNDS = 50  # chains of merges longer than this do not occur in life


def email(text: Any) -> Any:
    """A normalised e-mail address; null for what is none, and for a shared one (info@), which never joins people."""
    plain = text.strip().lower()
    return (plain.re_search(_EMAIL) & ~plain.re_search(_SHARED)).ifelse(plain, ibis.null("string"))


def phone(text: Any) -> Any:
    """A phone number in E.164; null without a country code, because a local number may be somebody else's."""
    digits = text.re_replace(r"[\s().\-/]", "").re_replace("^00", "+")
    return digits.re_search(r"^\+[1-9]\d{6,14}$").ifelse(digits, ibis.null("string"))


def customer_id(rows: Table, mapping: Mapping) -> Any:
    """Each row's customer: the number in the file (with the system that gave it), else the e-mail, else the phone."""
    candidates = []
    if "customer_id" in mapping.columns:
        prefix = ibis.literal(f"{mapping.customers}:" if mapping.customers else "")
        candidates.append(prefix + rows["customer_id"])
    if "email" in mapping.columns:
        candidates.append("email:" + email(rows["email"]))
    if "phone" in mapping.columns:
        candidates.append("phone:" + phone(rows["phone"]))
    return ibis.coalesce(*candidates)


def identities(rows: Table, mapping: Mapping, *, source: str, number: int) -> Table | None:
    """The names that the rows' customers have: one row per customer, kind and value; None where the file has none."""
    parts = []
    for kind, normal in (("email", email), ("phone", phone)):
        if kind in mapping.columns:
            value = normal(rows[kind])
            named = rows.select(customer_id=customer_id(rows, mapping), kind=ibis.literal(kind), value=value)
            parts.append(named.filter(named.customer_id.notnull() & named.value.notnull()))
    if not parts:
        return None
    names = (ibis.union(*parts) if len(parts) > 1 else parts[0]).distinct()
    joined = names.customer_id + "\x1f" + names.kind + "\x1f" + names.value
    return names.mutate(
        identity_id=joined.hexdigest("md5"), source=ibis.literal(source), import_number=ibis.literal(number)
    ).select("identity_id", "customer_id", "kind", "value", "source", "import_number")


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
