"""Which people stand behind one set of groups and not behind another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis

from touchstone.core.nouns import NOUNS
from touchstone.engine.connect import Table
from touchstone.engine.data import Data

_BETWEEN, _NOTHING = "\x1f", "\x1e"


def group_key(values: Sequence[str | None]) -> str:
    """A group as one text, as `members` writes it."""
    return _BETWEEN.join(_NOTHING if value is None else value for value in values)


def members(data: Data, name: str, rows: Table, by: Sequence[str]) -> Table:
    """The rows of a noun as (row, person, part): their key, whom they belong to, and which group by `by`."""
    rows = data.clustered(rows, name)
    part: Any = ibis.literal("")
    for place, column in enumerate(by):
        value = ibis.coalesce(rows[column].cast("string"), "unstated" if column == "kind" else _NOTHING)
        part = part + _BETWEEN + value if place else value
    return rows.select(row=rows[NOUNS[name].key], person="cluster", part=part)


def inside(data: Data, ones: Table, others: Table) -> list[dict[str, Any]]:
    """How many people `n` each `part` of the members `ones` has, by the part of `others` that all their rows are in.

    `only` is null for people with a row that is in none of the others, or whose rows are in several of their parts.
    """
    others = others.select(_row="row", _part="part")
    beside = ones.left_join(others, ones.row == others._row)
    each = beside.group_by("part", "person").aggregate(
        parts=beside._part.nunique(), some=beside._part.min(), outside=beside._row.isnull().any()
    )
    alone = (each.parts == 1) & ~each.outside
    each = each.mutate(only=alone.ifelse(each.some, ibis.null("string")))
    return data.fetch(each.group_by("part", "only").aggregate(n=each.count())).rows
