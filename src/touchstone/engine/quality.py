"""Counts that tell what the data can carry: filled columns, impossible values, repetitions, and who is in which table.

Every function runs one aggregate query (or makes a table inside the engine) and brings a few rows here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis

from touchstone.core.metric import Metric
from touchstone.core.nouns import NOUNS
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.moments import moments
from touchstone.engine.rows import Question, measured_rows, purchases
from touchstone.engine.times import local, period_label

_SYSTEM = ("source", "import_number")
_NOT_ATTRIBUTES = (*_SYSTEM, "language", "referred_by")  # an answer's language is not its customer's
# what comes later by its meaning, and what it follows
_FOLLOWS = {
    "answers": (("answered_at", "asked_at"),),
    "invitations": (
        ("delivered_at", "sent_at"),
        ("opened_at", "delivered_at"),
        ("started_at", "sent_at"),
        ("completed_at", "started_at"),
        ("completed_at", "sent_at"),
    ),
    "subscriptions": (("ended_at", "started_at"),),
    "tickets": (("first_reply_at", "opened_at"), ("resolved_at", "opened_at"), ("closed_at", "opened_at")),
    "mentions": (("replied_at", "posted_at"),),
}
_PURCHASES = ("purchase", "renewal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One table in numbers: its rows, how many have each column, its time from and to, and its impossible values.

    `newest` looks at the past only. `odd` counts rows per kind of impossible value ("resolved_at before opened_at").
    """

    rows: int
    filled: dict[str, int]
    oldest: datetime | None
    newest: datetime | None
    wave: str | None
    odd: dict[str, int]


def profile(data: Data, name: str, now: datetime) -> Profile:
    """The profile of one table, in one scan."""
    table = data.table(name)
    columns = [column for column in table.columns if column not in _SYSTEM]
    odd = _impossible(table, name, now)
    sums = {"rows": table.count()}
    sums |= {f"filled_{place}": table[column].count() for place, column in enumerate(columns)}
    sums |= {f"odd_{place}": condition.sum() for place, condition in enumerate(odd.values())}
    if (time := NOUNS[name].time) is not None:
        at = table[time].cast("timestamp('UTC')")  # Spark forgets the zone
        sums |= {"oldest": at.min(), "newest": at.max(where=at <= _moment(now))}
    if "period" in table.columns:
        sums["wave"] = table["period"].max()
    found = data.fetch(table.aggregate(**sums)).rows[0]
    return Profile(
        rows=found["rows"],
        filled={column: found[f"filled_{place}"] for place, column in enumerate(columns)},
        oldest=found.get("oldest"),
        newest=found.get("newest"),
        wave=found.get("wave"),
        odd={what: found[f"odd_{place}"] or 0 for place, what in enumerate(odd)},
    )


def filled(data: Data, name: str, columns: Sequence[str]) -> dict[str, int]:
    """How many rows of the table have a value in each of `columns`."""
    if not columns:
        return {}
    table = data.table(name)
    sums = {f"filled_{place}": table[column].count() for place, column in enumerate(columns)}
    found = data.fetch(table.aggregate(**sums)).rows[0]
    return {column: int(found[f"filled_{place}"]) for place, column in enumerate(columns)}


def _moment(now: datetime) -> Any:
    return ibis.literal(now).cast("timestamp('UTC')")


def _impossible(table: Table, name: str, now: datetime) -> dict[str, Any]:
    """What cannot be, or hardly, as conditions on the rows of a table."""
    noun = NOUNS[name]
    odd = {f"{later} before {earlier}": table[later] < table[earlier] for later, earlier in _FOLLOWS.get(name, ())}
    odd |= {f"{c.name} below zero": table[c.name] < 0 for c in noun.columns if c.lowest == 0}
    if noun.time is not None:
        odd[f"{noun.time} in the future"] = table[noun.time] > _moment(now)
    if name == "answers":
        odd["score outside its scale"] = (table.score < table.scale_low) | (table.score > table.scale_high)
    if name == "mentions":
        odd["rating above its scale"] = table.rating > table.rating_high
    if name == "orders":
        odd["amount of zero"] = table.amount == 0
        odd["amount below zero in a purchase"] = (table.amount < 0) & (
            ibis.coalesce(table.kind, ibis.literal("purchase")).isin(_PURCHASES)
        )
    if name == "subscriptions":
        odd["monthly_amount below zero"] = table.monthly_amount < 0
        odd["monthly_amount of zero"] = table.monthly_amount == 0
    return odd


def months(data: Data, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Per table, how many rows each local month has."""
    parts = []
    for name in names:
        table, time = data.table(name), NOUNS[name].time
        month = period_label(local(table[time], data.zone, data.engine.name), "month")
        timed = table.filter(table[time].notnull()).select(month=month)
        parts.append(timed.group_by("month").aggregate(n=timed.count()).mutate(name=ibis.literal(name)))
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    for row in data.fetch(_stacked(parts)).rows if parts else ():
        found[row["name"]][row["month"]] = row["n"]
    return found


def currencies(data: Data, names: Sequence[str]) -> list[dict[str, Any]]:
    """Rows per table and currency (`name`, `currency`, `n`)."""
    tables = [(name, data.table(name)) for name in names]
    parts = [
        table.group_by(currency=table.currency.upper()).aggregate(n=table.count()).mutate(name=ibis.literal(name))
        for name, table in tables
    ]
    return data.fetch(_stacked(parts)).rows if parts else []


def _stacked(parts: Sequence[Table]) -> Table:
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def set_aside(data: Data) -> list[dict[str, Any]]:
    """Rows that could not be taken, per file, table, column and reason, the most frequent first."""
    aside = data.table("set_aside")
    rows = aside.group_by(["file", "table_name", "column_name", "reason"]).aggregate(n=aside.count())
    return data.fetch(rows.order_by(rows.file, rows.n.desc(), rows.column_name, rows.reason)).rows


def answered_twice(data: Data) -> dict[str, int]:
    """Answers by a customer who answered the same question about the same thing less than a day before.

    `answers` counts them, `submissions` and `customers` those they belong to.
    """
    answers = data.table("answers")
    known = answers.filter(answers.customer_id.notnull() & answers.answered_at.notnull())
    same = ibis.window(group_by=["customer_id", "question_id", "about"], order_by=["answered_at", "answer_id"])
    known = known.select("customer_id", "submission_id", "answered_at", before=known.answered_at.lag().over(same))
    again = known.filter(known.answered_at < known.before + ibis.interval(days=1))
    counts = {"answers": again.count(), "submissions": again.submission_id.nunique()}
    counts["customers"] = again.customer_id.nunique()
    return data.fetch(again.aggregate(**counts)).rows[0]


def same_orders(data: Data) -> dict[str, int]:
    """Orders of known customers that equal another in everything but the id: `orders`, beyond the first of each."""
    orders = data.table("orders")
    content = [column for column in orders.columns if column not in ("order_id", *_SYSTEM)]
    groups = orders.filter(orders.customer_id.notnull()).group_by(content).aggregate(n=lambda t: t.count())
    extra = groups.filter(groups.n > 1)
    found = data.fetch(extra.aggregate(orders=(extra.n - 1).sum(), groups=extra.count())).rows[0]
    return {name: int(n or 0) for name, n in found.items()}


@contextmanager
def presence(data: Data, names: Sequence[str]) -> Iterator[Table]:
    """Every customer id found in the tables `names`: whose it is, and where else this person is found.

    Columns: customer_id, person, known_as (the number in `customers` that describes it, where there is exactly one),
    and per table T: in_T (the id itself is there) and of_T (how many ids of the person are there).
    """
    ids = [_ids(data, name) for name in names]
    listed = _stacked(ids)
    merged = data.merged()
    if merged is None:
        listed = listed.mutate(person=listed.customer_id)
    else:
        joined = listed.left_join(merged, "customer_id")
        listed = joined.select("customer_id", "name", person=ibis.coalesce(joined.person, joined.customer_id))
    of = {f"of_{name}": (listed.name == name).sum() for name in names}
    first = listed.customer_id.min(where=listed.name == "customers")
    people = listed.group_by("person").aggregate(first=first, **of)
    own = {f"in_{name}": (listed.name == name).sum() > 0 for name in names}
    each = listed.group_by(["customer_id", "person"]).aggregate(**own)
    found = each.inner_join(people, "person")
    known = ibis.null("string")
    if "customers" in names:
        known = ibis.cases((found.in_customers, found.customer_id), (found.of_customers == 1, found.first), else_=known)
    with data.engine.kept(found.mutate(known_as=known).drop("first")) as table:
        yield table


def _ids(data: Data, name: str) -> Table:
    """The distinct customer ids of a table; where a contract is an account's, those of everybody in the account."""
    table = data.table(name)
    ids = table.filter(table.customer_id.notnull()).select("customer_id")
    if name == "subscriptions" and data.has("customers"):
        customers = data.table("customers")
        members = customers.filter(customers.account_id.notnull()).select("customer_id", "account_id")
        owners = table.filter(table.account_id.notnull()).select("account_id").distinct()
        ids = ids.union(members.semi_join(owners, "account_id").select("customer_id"))
    return ids.distinct().mutate(name=ibis.literal(name))


def shared_names(data: Data, people: Table) -> dict[str, int]:
    """Customers whose e-mail or phone belongs to other customers too: `customers`, `people` they make, the `largest`.

    `merged` counts the people known under several ids of any kind.
    """
    each = people.group_by("person").aggregate(ids=people.count(), k=people.of_customers.max())
    several = each.k > 1
    sums = {"customers": each.k.sum(where=several), "people": several.sum(), "largest": each.k.max()}
    found = data.fetch(each.aggregate(merged=(each.ids > 1).sum(), **sums)).rows[0]
    return {name: int(n or 0) for name, n in found.items()}


def matches(data: Data, people: Table, left: str, rights: Sequence[str]) -> dict[str, int]:
    """How many rows of `left` there are, how many name nobody, and per right table how many are matched, ambiguous.

    Keys: rows, nameless, and matched_T, ambiguous_T. Ambiguous: matched by a name that several ids of T share.
    """
    rows = data.table(left).select("customer_id")
    per = rows.group_by("customer_id").aggregate(k=rows.count())
    joined = per.left_join(people, "customer_id")
    sums = {"rows": joined.k.sum(), "nameless": joined.k.sum(where=joined.customer_id.isnull())}
    for name in rights:
        sums[f"matched_{name}"] = joined.k.sum(where=joined[f"of_{name}"] > 0)
        sums[f"ambiguous_{name}"] = joined.k.sum(where=(joined[f"of_{name}"] > 1) & ~joined[f"in_{name}"])
    return {name: int(n or 0) for name, n in data.fetch(joined.aggregate(**sums)).rows[0].items()}


def matched_sums(data: Data, people: Table, right: str, rows: Table, *, centre: float) -> list[dict[str, Any]]:
    """Two-level sums of `rows` (x, w, cluster, customer_id), apart for those matched in the table `right` or not."""
    found = people.filter(people[f"of_{right}"] > 0).select("customer_id", found=ibis.literal(True))
    joined = rows.left_join(found, "customer_id")
    marked = joined.select("x", "w", "cluster", matched=joined.found.notnull())
    return data.fetch(moments(marked, ["matched"], centre=centre)).rows


def scored(data: Data, metric: Metric, kind: str) -> Table:
    """The answers of one kind to a metric as x, w, cluster and customer_id."""
    rows = measured_rows(data, metric, Question(by=("customer_id",)))
    return rows.filter(rows.kind == kind).drop("kind")


def bought(data: Data) -> Table:
    """What each purchase brought, as x, w, cluster and customer_id; Refused when a currency has no rate."""
    orders = purchases(data, Question(), _PURCHASES)
    rows = orders.mutate(x=orders.amount.cast("float64"), w=ibis.literal(1.0))
    rows = rows.select("x", "w", "order_id", "customer_id")
    return data.clustered(rows, "orders")


def metric_sums(data: Data, metric: Metric, centre: float) -> list[dict[str, Any]]:
    """Two-level sums of what a metric is the mean of, apart for each kind of answers."""
    rows = measured_rows(data, metric, Question())
    return data.fetch(moments(rows, ["kind"] if "kind" in rows.columns else [], centre=centre)).rows


def attributes(data: Data, name: str) -> list[str]:
    """What describes a customer in the table: texts that are no ids and not the answer itself."""
    own = {"answers": ("question_id", "metric", "kind", "polarity", "choice", "text", "about", "period")}
    left = (*_NOT_ATTRIBUTES, *own.get(name, ()))
    table = data.table(name)
    return [c for c in table.columns if table[c].type().is_string() and c not in left and not c.endswith("_id")]


def then_and_now(data: Data, people: Table, columns: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Per column: how many answers have it as their customer also has, and on how many the two differ."""
    answers, customers = data.table("answers"), data.table("customers")
    then = answers.select("customer_id", **{f"then_{place}": answers[name] for place, name in enumerate(columns)})
    now = customers.select(known_as="customer_id", **{f"now_{place}": customers[n] for place, n in enumerate(columns)})
    found = people.filter(people.known_as.notnull()).select("customer_id", "known_as").inner_join(now, "known_as")
    joined = then.inner_join(found, "customer_id")
    sums = {}
    for place in range(len(columns)):
        before, after = joined[f"then_{place}"], joined[f"now_{place}"]
        sums[f"both_{place}"] = (before.notnull() & after.notnull()).sum()
        sums[f"differ_{place}"] = (before != after).sum()
    row = data.fetch(joined.aggregate(**sums)).rows[0]
    return {name: (int(row[f"both_{p}"] or 0), int(row[f"differ_{p}"] or 0)) for p, name in enumerate(columns)}
