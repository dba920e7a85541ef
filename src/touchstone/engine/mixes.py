"""Rows that find their customer in another table beside those that do not: what they are like, as two-level sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis

from touchstone.core.nouns import NOUNS
from touchstone.engine.connect import Table
from touchstone.engine.data import Data

_COLUMNS = ("channel", "segment")


def described(data: Data, left: str) -> list[str]:
    """What the rows of `left` are compared by: those of channel and segment that it has, and the month."""
    table = data.table(left)
    columns = [name for name in _COLUMNS if name in table.columns]
    return [*columns, "month"] if NOUNS[left].time else columns


def counts(data: Data, people: Table, left: str, rights: Sequence[str], columns: Sequence[str]) -> Table:
    """Rows of `left` per column (`what`), its value (`level`), cluster, and whether matched in each right (`m_T`).

    `people` is what `quality.presence` gives. Rows without a value are left out for that column.
    """
    rows = data.clustered(data.prepared(left, columns), left)
    found = people.select(known_id="customer_id", **{f"of_{name}": people[f"of_{name}"] for name in rights})
    joined = rows.left_join(found, rows.customer_id == found.known_id)
    flags = {f"m_{name}": ibis.coalesce(joined[f"of_{name}"] > 0, ibis.literal(False)) for name in rights}
    values = {f"v{place}": joined[name].cast("string") for place, name in enumerate(columns)}
    marked = joined.select("cluster", **flags, **values)
    parts = []
    for place, name in enumerate(columns):
        known = marked.filter(marked[f"v{place}"].notnull())
        known = known.select("cluster", *flags, what=ibis.literal(name), level=known[f"v{place}"])
        parts.append(known.group_by(["what", "level", "cluster", *flags]).aggregate(n=known.count()))
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def mix_sums(data: Data, counted: Table, right: str) -> list[dict[str, Any]]:
    """Per `what`, `level` and whether `matched` in `right`, two-level sums of "has this level" (0 or 1).

    k = Σ n, aa = Σ n², ab = Σ nN over clusters with n rows of the level and N in all; and, of all rows of this `what`,
    n = Σ N, bb = Σ N² and clusters.
    """
    keys = ["what", "matched"]
    rows = counted.mutate(matched=counted[f"m_{right}"])
    per = rows.group_by([*keys, "cluster", "level"]).aggregate(k=rows.n.sum())
    whole = rows.group_by([*keys, "cluster"]).aggregate(whole=rows.n.sum())
    both = per.inner_join(whole, [*keys, "cluster"])
    levels = both.group_by([*keys, "level"]).aggregate(
        k=both.k.sum(), aa=(both.k * both.k).sum(), ab=(both.k * both.whole).sum()
    )
    totals = whole.group_by(keys).aggregate(
        n=whole.whole.sum(), bb=(whole.whole * whole.whole).sum(), clusters=whole.count()
    )
    found = levels.inner_join(totals, keys)
    return data.fetch(found.order_by("what", "level", "matched")).rows
