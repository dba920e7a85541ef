"""The touchpoints that the data knows."""

from __future__ import annotations

import ibis

from touchstone.core.nouns import NOUNS
from touchstone.engine.data import Data

_TABLES = tuple(name for name, noun in NOUNS.items() if "touchpoint" in noun.column_names)


def touchpoints(data: Data) -> dict[str, dict[str, int]]:
    """Per touchpoint, how many rows each table has of it; those with most rows first."""
    parts = []
    for name in _TABLES:
        if data.has(name):
            table = data.table(name)
            named = table.filter(table.touchpoint.notnull()).select("touchpoint")
            parts.append(named.group_by("touchpoint").aggregate(n=named.count()).mutate(name=ibis.literal(name)))
    if not parts:
        return {}
    found: dict[str, dict[str, int]] = {}
    for row in data.fetch(ibis.union(*parts) if len(parts) > 1 else parts[0]).rows:
        found.setdefault(row["touchpoint"], {})[row["name"]] = int(row["n"])
    return dict(sorted(found.items(), key=lambda one: (-sum(one[1].values()), one[0])))


def rated(data: Data) -> dict[str, dict[str, int]]:
    """Per touchpoint, how many answers each metric has of it."""
    if not data.has("answers"):
        return {}
    answers = data.table("answers")
    named = answers.filter(answers.touchpoint.notnull() & answers.metric.notnull() & answers.score.notnull())
    found: dict[str, dict[str, int]] = {}
    for row in data.fetch(named.group_by(["touchpoint", "metric"]).aggregate(n=named.count())).rows:
        found.setdefault(row["touchpoint"], {})[row["metric"]] = int(row["n"])
    return found
