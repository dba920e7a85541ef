"""Attributes that tell an outcome too well to have been known beforehand, from grouped counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
from scipy.special import bdtrc

from touchstone.core.metric import Metric, Score
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.quality import attributes
from touchstone.engine.rows import Question, answers_with_points
from touchstone.engine.where import number_in

FEWEST = 50  # rows that an attribute, or one value of it, must have to be judged
LARGEST_AREA = 0.97
LARGEST_PURITY = 0.98
_BY_CHANCE = 1e-6  # a value as pure as this by luck is not reported
_BOTH = 10  # rows with and without the outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """An attribute that separates an outcome: how (`way`), how well (`area` under the curve, or `purity`), of how many.

    `way` is "values", "filled" (having a value says it all), "order" (numbers), or "value" for one pure `value`.
    """

    column: str
    way: str
    area: float | None
    purity: float | None
    value: str | None
    n: int


def churned_rows(data: Data, people: Table) -> tuple[Table, list[str]]:
    """One row per customer with a subscription: `outcome` is whether none is open, and c0, c1… are their attributes."""
    contracts, customers = data.table("subscriptions"), data.table("customers")
    own = contracts.select("customer_id", "account_id", open=contracts.ended_at.isnull())
    by_customer = own.filter(own.customer_id.notnull()).select("customer_id", "open")
    whole = own.filter(own.customer_id.isnull() & own.account_id.notnull()).select("account_id", "open")
    members = customers.filter(customers.account_id.notnull()).select("customer_id", "account_id")
    held = by_customer.union(members.inner_join(whole, "account_id").select("customer_id", "open"))
    known = held.inner_join(people.select("customer_id", "known_as"), "customer_id")
    gone = known.group_by("known_as").aggregate(open=known.open.sum())
    columns = attributes(data, "customers")
    described = customers.select(known_as="customer_id", **_numbered(customers, columns))
    joined = described.inner_join(gone, "known_as")
    return joined.select(*_places(columns), outcome=joined.open == 0), columns


def scored_rows(data: Data, people: Table | None, metric: Metric, kind: str) -> tuple[Table, list[str]]:
    """One row per answer of a kind: `points`, and c0, c1… its attributes, then the customer's that it lacks."""
    if not isinstance(metric.form, Score):
        raise TypeError(f"{metric.name} scores no answers")
    rows = answers_with_points(data, metric, metric.form, Question())
    rows = rows.filter(rows.kind == kind)
    own = [name for name in attributes(data, "answers") if name not in ("x", "w")]
    if people is None:
        return rows.select(points="x", **_numbered(rows, own)), own
    customers = data.table("customers")
    theirs = [name for name in attributes(data, "customers") if name not in own]
    if not theirs:
        return rows.select(points="x", **_numbered(rows, own)), own
    now = customers.select(known_as="customer_id", **_numbered(customers, theirs, len(own)))
    now = people.select("customer_id", "known_as").inner_join(now, "known_as").drop("known_as")
    slim = rows.select("customer_id", points="x", **_numbered(rows, own))
    return slim.left_join(now, "customer_id"), [*own, *(f"customer.{name}" for name in theirs)]


def _places(columns: Sequence[str], start: int = 0) -> list[str]:
    return [f"c{place}" for place in range(start, start + len(columns))]


def _numbered(table: Table, columns: Sequence[str], start: int = 0) -> dict[str, Any]:
    """The columns under names that no attribute can take."""
    return {place: table[name] for place, name in zip(_places(columns, start), columns, strict=True)}


def leaks(data: Data, rows: Table, columns: Sequence[str]) -> list[Leak]:
    """The attributes among `columns` (c0, c1… of `rows`) that tell `outcome`, each once, by its clearest way.

    Values are judged by leaving each row out of its own group: a column of unique ids tells nothing. The area under
    the curve is the chance that a row with the outcome ranks above one without (Hanley and McNeil 1982).
    """
    if not columns:
        return []
    with data.engine.kept(_values(rows, len(columns))) as values:
        prints = data.fetch(_fingerprints(values)).rows
        ordered = {row["place"]: row for row in data.fetch(_in_order(values)).rows}
    grouped: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in prints:
        grouped[row["place"]].append(row)
    found = (_leak(columns[place], grouped[place], ordered.get(place)) for place in sorted(grouped))
    return [leak for leak in found if leak is not None]


def _values(rows: Table, n_columns: int) -> Table:
    """Per column and value (a missing one too): rows `n`, and `e` of them with the outcome."""
    parts = [
        rows.select(place=ibis.literal(place, "int64"), value=rows[f"c{place}"], outcome=rows.outcome)
        for place in range(n_columns)
    ]
    long = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return long.group_by(["place", "value"]).aggregate(n=long.count(), e=long.outcome.sum())


def _fingerprints(values: Table) -> Table:
    """How many values of a column have the same n and e: as much as an area needs, however many values there are."""
    marked = values.mutate(missing=values.value.isnull())
    return marked.group_by(["place", "missing", "n", "e"]).aggregate(values=marked.count(), example=marked.value.min())


def _in_order(values: Table) -> Table:
    """Sums of ranks per column of numbers: enough for the area when larger numbers mean the outcome, or smaller."""
    numbers = values.mutate(number=number_in(values.value)).filter(lambda t: t.number.notnull())
    numbers = numbers.group_by(["place", "number"]).aggregate(n=numbers.n.sum(), e=numbers.e.sum())
    upto = ibis.window(group_by="place", order_by="number", preceding=None, following=0)
    ranked = numbers.mutate(rank=(numbers.n.sum().over(upto) - numbers.n / 2).cast("float64"))
    return ranked.group_by("place").aggregate(n=ranked.n.sum(), e=ranked.e.sum(), ranks=(ranked.rank * ranked.e).sum())


def _leak(column: str, prints: Sequence[dict[str, Any]], ordered: dict[str, Any] | None) -> Leak | None:
    counts = np.array([[row["n"], row["e"], row["values"]] for row in prints], dtype=float)
    n, e = int(counts[:, 0] @ counts[:, 2]), int(counts[:, 1] @ counts[:, 2])
    if n < FEWEST or not _BOTH <= e <= n - _BOTH:
        return None
    ways = [("filled", _filled(prints, n, e)), ("values", area_leaving_out(counts))]
    if ordered and _BOTH <= ordered["e"] <= ordered["n"] - _BOTH and ordered["n"] >= FEWEST:
        ways.append(("order", _area_of_ranks(ordered["n"], ordered["e"], ordered["ranks"])))
    way, area = max(ways, key=lambda pair: pair[1])
    if area > LARGEST_AREA:
        return Leak(column=column, way=way, area=area, purity=None, value=None, n=n)
    return _pure(column, prints, e / n)


def _filled(prints: Sequence[dict[str, Any]], n: int, e: int) -> float:
    """The area when all that is known is whether there is a value."""
    missing = sum(row["n"] * row["values"] for row in prints if row["missing"])
    with_outcome = sum(row["e"] * row["values"] for row in prints if row["missing"])
    apart = float(with_outcome / e - (missing - with_outcome) / (n - e))
    return 0.5 + abs(apart) / 2


def _area_of_ranks(n: int, e: int, ranks: float) -> float:
    area = (ranks - e * e / 2) / (e * (n - e))
    return max(area, 1 - area)


def area_leaving_out(counts: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """Area under the curve when each row's risk is that of the other rows of its value; rows alone have the mean risk.

    `counts` has one row (n, e, k) for k values with n rows each, e of them with the outcome.
    """
    n, e, k = counts.T
    total, ended = float(n @ k), float(e @ k)
    others = np.maximum(n - 1, 1)
    alone = n == 1
    risk_with = np.where(alone, ended / total, (e - 1) / others)
    risk_without = np.where(alone, ended / total, e / others)
    risks = np.concatenate([risk_with, risk_without])
    weight_with = np.concatenate([e * k, np.zeros_like(k)])
    weight_without = np.concatenate([np.zeros_like(k), (n - e) * k])
    levels, place = np.unique(np.round(risks, 12), return_inverse=True)
    with_outcome = np.bincount(place, weight_with, levels.size)
    without = np.bincount(place, weight_without, levels.size)
    below = np.cumsum(without) - without / 2
    return float(with_outcome @ below / (ended * (total - ended)))


def _pure(column: str, prints: Sequence[dict[str, Any]], rate: float) -> Leak | None:
    """The largest value of which nearly all have the outcome, where that is no luck."""
    for row in sorted(prints, key=lambda row: -row["n"]):
        n, e = int(row["n"]), int(row["e"])
        if n >= FEWEST and e > LARGEST_PURITY * n and bdtrc(e - 1, n, rate) < _BY_CHANCE:
            return Leak(column=column, way="value", area=None, purity=e / n, value=row["example"], n=n)
    return None
