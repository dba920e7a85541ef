"""What an answer is about: its reference to an order, a ticket or an event, found among their ids.

A survey names the order as the shop prints it (1001), and the key in the lake carries its source (orders:1001). A
reference is found by the whole key, else by the id without its source, where exactly one row of all tables has that.
"""

from __future__ import annotations

from typing import Any

import ibis

from touchstone.core.nouns import NOUNS
from touchstone.engine.connect import Table
from touchstone.engine.data import Data

TABLES = ("orders", "tickets", "events")


def references(data: Data) -> Table | None:
    """(about, table_name, key, fits): every reference that fits some row, and how many it fits; one of them is named.

    None where no answer refers to anything, or there is nothing to refer to.
    """
    present = [name for name in TABLES if data.has(name)]
    if not data.has("answers") or not present:
        return None
    answers = data.table("answers")
    asked = answers.filter(answers.about.notnull()).select("about").distinct()
    parts = []
    for name in present:
        rows = data.table(name)
        key = rows[NOUNS[name].key]
        before = ibis.coalesce(rows.source, "") + ":" if "source" in rows.columns else ibis.literal(":")
        bare = key.startswith(before).ifelse(key.substr(before.length()), key)
        named = rows.select(key=key, bare=bare, table_name=ibis.literal(name))
        whole = named.select("key", "table_name", about="key", rank=ibis.literal(0))
        parts.append(whole.semi_join(asked, "about"))
        parts.append(named.select("key", "table_name", about="bare", rank=ibis.literal(1)).semi_join(asked, "about"))
    fits = ibis.union(*parts)
    best = fits.mutate(best=fits["rank"].min().over(group_by="about"))
    best = best.filter(best["rank"] == best.best)
    place = best.table_name + "/" + best.key
    return best.group_by("about").aggregate(
        table_name=best.table_name.argmin(place), key=best.key.argmin(place), fits=place.nunique()
    )


def with_reference(data: Data, answers: Table, name: str) -> Table:
    """`answers` with `about_key`: the key of the row in the table `name` that each is about; null where not one is."""
    found = references(data)
    if found is None:
        return answers.mutate(about_key=ibis.null("string"))
    one = found.filter((found.fits == 1) & (found.table_name == name)).select(_about="about", about_key="key")
    return answers.left_join(one, answers.about == one["_about"]).drop("_about")


def reference_counts(data: Data) -> dict[str, int]:
    """Answers that refer to something: `rows`, `ambiguous` (fit several rows), and those found per table."""
    answers = data.table("answers")
    asked = answers.filter(answers.about.notnull())
    per = asked.group_by("about").aggregate(k=asked.count())
    found = references(data)
    if found is None:
        sums: dict[str, Any] = {"rows": per.k.sum()}
        return {"rows": int(data.fetch(per.aggregate(**sums)).rows[0]["rows"] or 0), "ambiguous": 0}
    known = found.select("table_name", "fits", _about="about")
    joined = per.left_join(known, per.about == known["_about"])
    sums = {"rows": joined.k.sum(), "ambiguous": joined.k.sum(where=joined.fits > 1)}
    for name in TABLES:
        if data.has(name):
            sums[name] = joined.k.sum(where=(joined.fits == 1) & (joined.table_name == name))
    return {name: int(n or 0) for name, n in data.fetch(joined.aggregate(**sums)).rows[0].items()}
