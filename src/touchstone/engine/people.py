"""Customers from files: their numbers, the names they have beside these, and the replicate group they fall into."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import Any

import ibis

from touchstone.core.mapping import KNOWN_AS, PERSON_COLUMNS, Mapping
from touchstone.engine.connect import identifier, literal

REPLICATES = 256


def customer(columns: Dict[str, str], mapping: Mapping) -> str:
    """SQL of a row's customer: the number in the file (with the system that gave it), else the number that another
    system has for them, else the e-mail, else the phone.

    `columns` says under which name the row has each of `mapping.people`; addresses are normalised.
    """
    own = f"{mapping.customers}:" if mapping.customers else ""
    before = {"customer_id": own, **{name: f"{name.removeprefix(KNOWN_AS)}:" for name in mapping.others}}
    before |= {name: f"{name}:" for name in PERSON_COLUMNS}
    parts = [
        f"{literal(before[name])} || {columns[name]}" if before[name] else columns[name] for name in mapping.people
    ]
    return f"coalesce({', '.join(parts)})"


def identities(rows: str, mapping: Mapping, *, source: str, number: int) -> str | None:
    """The names that the customers of the typed `rows` have, as a query: one row per customer, kind and value.

    The id of another system is of the kind external, its value `system:id`. None where the file has no names. Rows that
    could not be taken give none.
    """
    if not mapping.contacts:
        return None
    own = {name: identifier(name) for name in mapping.people}
    named = {
        name: ("external", f"{literal(name.removeprefix(KNOWN_AS) + ':')} || {own[name]}") for name in mapping.others
    }
    named |= {name: (name, own[name]) for name in mapping.contacts if name in PERSON_COLUMNS}
    whose = customer(own, mapping)
    parts = [
        f"SELECT {whose} AS customer_id, '{kind}' AS kind, {value} AS value FROM {rows} WHERE _wrong IS NULL"
        for kind, value in named.values()
    ]
    names = f"SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)}) WHERE customer_id IS NOT NULL AND value IS NOT NULL"
    key = "md5(concat_ws(chr(31), customer_id, kind, value))"
    return (
        f"SELECT {key} AS identity_id, customer_id, kind, value, {literal(source)} AS source, "
        f"CAST({number} AS BIGINT) AS import_number FROM ({names})"
    )


def replicate(cluster: Any, groups: int = REPLICATES) -> Any:
    """The replicate group of a cluster: two hexadecimal digits of its MD5, the same on every engine (0 to groups-1)."""
    digest = cluster.hexdigest("md5")
    digits = ibis.literal("0123456789abcdef")
    number = digits.find(digest.substr(0, 1)) * 16 + digits.find(digest.substr(1, 1))
    return (number % groups).cast("int16")
