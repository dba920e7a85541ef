"""A made-up company as columns of plain Python, written to Parquet for the engines and recounted without them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from touchstone.core.nouns import NOUNS, Column
from touchstone.engine.data import TableSource

ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2016, 12, 25, tzinfo=UTC)
DAYS = 380
_ARROW = {
    "text": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "money": pa.decimal128(18, 4),
    "time": pa.timestamp("us", tz="UTC"),
    "boolean": pa.bool_(),
}
# the hour before, in and after both changes of the clock, the turn of a month and of years with 52 and 53 weeks
EDGES = [
    datetime.fromisoformat(f"{text}+00:00")
    for text in (
        "2017-03-31T21:59:59.999999",
        "2017-03-31T22:00:00",
        "2017-03-31T22:30:00",
        "2017-03-26T00:59:59",
        "2017-03-26T01:00:00",
        "2017-10-28T22:00:00",
        "2017-10-29T00:30:00",
        "2017-10-29T01:30:00",
        "2017-10-29T22:59:59",
        "2016-12-31T22:59:59",
        "2016-12-31T23:00:00",
        "2017-01-01T22:59:59",
        "2017-01-01T23:00:00",
        "2015-12-31T12:00:00",
        "2020-12-31T12:00:00",
        "2021-01-03T12:00:00",
        "2021-01-04T12:00:00",
        "2019-12-30T12:00:00",
        "2018-12-31T12:00:00",
    )
]
Rows = dict[str, list[Any]]


@dataclass
class World:
    """Columns per table; `sources` say where the engines find the same rows."""

    tables: dict[str, Rows]
    sources: dict[str, TableSource] = field(default_factory=dict)

    def rows(self, table: str, *columns: str) -> Iterator[tuple[Any, ...]]:
        return zip(*(self.tables[table][column] for column in columns), strict=True)


def make(answers: int = 200_000) -> World:
    rng = np.random.default_rng(7)
    people = _customers(rng)
    ids = [*people["customer_id"], *(f"web:{i}" for i in range(3_000))]  # the last are in no list of customers
    return World(
        {
            "customers": people,
            "identities": _identities(ids),
            "answers": _answers(rng, ids, answers),
            "orders": _orders(rng, ids),
            "tickets": _tickets(rng, ids),
            "subscriptions": _subscriptions(rng, ids),
            "events": _events(),
        }
    )


def _pick(rng: np.random.Generator, values: Sequence[Any], n: int, p: Sequence[float] | None = None) -> list[Any]:
    return [values[i] for i in rng.choice(len(values), n, p=p)]


def _customers(rng: np.random.Generator, n: int = 12_000) -> Rows:
    names = ["müller", "日本", "Ωmega", "o'brien", 'o"brien', "smith", "ñandú", "back\\slash"]
    return {
        "customer_id": [f"crm:{names[i % len(names)]}-{i}" for i in range(n)],
        "account_id": [f"k{i // 5}" if i % 4 == 0 or i < 600 else None for i in range(n)],
        "segment": _pick(rng, ["premium", "standard", "süd", None], n),
    }


def _identities(ids: Sequence[str]) -> Rows:
    """Pairs, a chain of three, and one number with an account that belongs to one without."""
    rows: Rows = {"identity_id": [], "customer_id": [], "kind": [], "value": []}
    for place, name in enumerate(ids):
        shared = place // 2 if place % 20 < 2 else None  # two numbers of one person, every now and then
        for kind, value in (
            ("email", f"p{place}@example.org"),
            ("phone", f"+49{shared}" if shared is not None else None),
        ):
            if value is not None:
                for column, given in zip(rows, (f"i{len(rows['kind'])}", name, kind, value), strict=True):
                    rows[column].append(given)
    for name, kind, value in [
        (ids[700], "external", "chain-a"),
        (ids[701], "external", "chain-a"),
        (ids[701], "external", "chain-b"),
        (ids[11_999], "external", "chain-b"),
        (ids[12_100], "email", "p3@example.org"),
        (ids[0], "email", "p0@example.org"),
    ]:
        for column, given in zip(rows, (f"i{len(rows['kind'])}", name, kind, value), strict=True):
            rows[column].append(given)
    return rows


def _moments(rng: np.random.Generator, n: int) -> list[datetime]:
    seconds = rng.integers(0, DAYS * 86_400, n)
    return [START + timedelta(seconds=int(s), microseconds=int(s) % 3 * 250_000) for s in seconds]


def _answers(rng: np.random.Generator, ids: Sequence[str], n: int) -> Rows:
    metric = _pick(rng, ["nps", "csat", "ces"], n, [0.7, 0.2, 0.1])
    top = {"nps": (0.0, 10.0), "csat": (1.0, 5.0), "ces": (1.0, 7.0)}
    scores = rng.choice([*map(float, range(12)), 8.5, np.nan], n)
    anonymous = rng.random(n) < 0.1
    who = rng.integers(0, len(ids), n)
    times: list[datetime | None] = list(_moments(rng, n))
    waves: list[str | None] = [None] * n
    labels = ["2016", "2017", "2017-Q1", "2017-02", "2017-W13", "2017-03-31", "Welle 3", None]
    for place in range(0, n, 50):
        times[place], waves[place] = None, labels[place // 50 % len(labels)]
    for place, edge in enumerate(EDGES * 20):
        times[place * 7 + 1] = edge
    weight = rng.choice([0.5, 1.0, 1.7, 0.0, -1.0, np.nan], n, p=[0.3, 0.3, 0.3, 0.05, 0.02, 0.03])
    return {
        "answer_id": [f"a{i}" for i in range(n)],
        "submission_id": [f"s{i // 2}" for i in range(n)],
        "question_id": metric,
        "customer_id": [None if a else ids[w] for a, w in zip(anonymous, who, strict=True)],
        "kind": _pick(rng, ["relationship", "transactional", "employee", None], n, [0.5, 0.3, 0.1, 0.1]),
        "metric": metric,
        "score": [None if np.isnan(s) else float(s) for s in scores],
        "scale_low": [top[m][0] if i % 3 else None for i, m in enumerate(metric)],
        "scale_high": [(100.0 if i % 97 == 0 else top[m][1]) if i % 3 else None for i, m in enumerate(metric)],
        "polarity": [("low is good" if i % 41 == 0 else "high is good") if i % 2 else None for i in range(n)],
        "answered_at": times,
        "period": waves,
        "weight": [None if np.isnan(w) else float(w) for w in weight],
        "region": _pick(rng, ["nord", "süd", "o'west", None], n),
        "size": _pick(rng, ["12", " 7 ", "1_000", "12d", "nan", "1e2", "-3.5", "0x10", "", "groß", "True", None], n),
        "n": _pick(rng, ["eins", "zwei"], n),  # called like a sum; in the newest file only
        "tier": _pick(rng, ["a", "b", None], n),  # in the later two files only
    }


def _orders(rng: np.random.Generator, ids: Sequence[str], n: int = 20_000) -> Rows:
    cents = rng.integers(-500, 10_000_000, n)
    return {
        "order_id": [f"o{i}" for i in range(n)],
        "customer_id": [None if i % 30 == 0 else ids[w] for i, w in enumerate(rng.integers(0, len(ids), n))],
        "paid_at": [t.replace(minute=0, second=0, microsecond=0) for t in _moments(rng, n)],
        "amount": [Decimal(int(c)) / 10_000 for c in cents],
        "currency": _pick(rng, ["EUR", "USD", "usd", "JPY", None], n),
        "kind": _pick(rng, ["purchase", "renewal", "refund", "fee", None], n),
        "unit": _pick(rng, ["shop 1", "shop 2", None], n),
    }


def _tickets(rng: np.random.Generator, ids: Sequence[str], n: int = 6_000) -> Rows:
    opened = [EDGES[i % 9] if i < 90 else t for i, t in enumerate(_moments(rng, n))]
    after = rng.exponential(2.5 * 86_400, n)
    after[:40] = -90.0  # ends before it starts
    after[40:60] = 0.4
    resolved = [
        t + timedelta(seconds=float(a)) if i % 5 else None for i, (t, a) in enumerate(zip(opened, after, strict=True))
    ]
    return {
        "ticket_id": [f"t{i}" for i in range(n)],
        "customer_id": [None if i % 7 == 0 else ids[w] for i, w in enumerate(rng.integers(0, len(ids), n))],
        "opened_at": opened,
        "resolved_at": resolved,
        "closed_at": [t + timedelta(days=3) if i % 10 == 0 else None for i, t in enumerate(opened)],
        "reopened": [None if r == 3 else int(r) for r in rng.integers(0, 4, n)],
        "sla_met": _pick(rng, [True, False, None], n),
        "team": _pick(rng, ["a", "b"], n),
    }


def _subscriptions(rng: np.random.Generator, ids: Sequence[str], n: int = 4_000) -> Rows:
    started = _moments(rng, n)
    lasted = rng.exponential(150 * 86_400, n)
    ended = [t + timedelta(seconds=int(s)) for t, s in zip(started, lasted, strict=True)]
    return {
        "subscription_id": [f"c{i}" for i in range(n)],
        "customer_id": [None if i % 9 == 0 else ids[w] for i, w in enumerate(rng.integers(0, len(ids), n))],
        "account_id": [f"k{i}" if i % 9 == 0 else None for i in range(n)],
        "started_at": started,
        "ended_at": [t if t < START + timedelta(days=DAYS) else None for t in ended],
    }


def _events() -> Rows:
    times = EDGES + [START + timedelta(hours=7 * i) for i in range(1_300)]
    return {"event_id": [f"e{i}" for i in range(len(times))], "occurred_at": times}


def write(world: World, folder: Path) -> None:
    """Parquet files as imports leave them: three for answers, later ones with more columns, in awkward folders."""
    for name, rows in world.tables.items():
        columns = _columns(name, rows)
        place = folder / "Über 100% [neu] {a}" / name
        place.mkdir(parents=True)
        if name != "answers":
            files = [_write(place / f"part%20{name}.parquet", rows, columns)]
        else:
            n = len(rows["answer_id"])
            cuts, later = (0, n // 3, 2 * n // 3, n), ({"tier", "n"}, {"n"}, set())
            for i in range(3):
                for column in later[i]:
                    rows[column][cuts[i] : cuts[i + 1]] = [None] * (cuts[i + 1] - cuts[i])
            files = [
                _write(
                    place / f"teil {i} ü.parquet",
                    {column: values[cuts[i] : cuts[i + 1]] for column, values in rows.items()},
                    [column for column in columns if column.name not in later[i]],
                )
                for i in range(3)
            ]
        world.sources[name] = TableSource(tuple(files), tuple(columns))


def _columns(name: str, rows: Mapping[str, Any]) -> list[Column]:
    known = {column.name: column for column in NOUNS[name].columns}
    return [known.get(column, Column(column)) for column in rows]


def _write(path: Path, rows: Rows, columns: Sequence[Column]) -> str:
    arrays = {column.name: pa.array(rows[column.name], _ARROW[column.type]) for column in columns}
    pq.write_table(pa.table(arrays), path)
    return str(path)


# What follows recounts without any engine.


def wall(time: datetime) -> datetime:
    return time.astimezone(ZONE).replace(tzinfo=None)


def label(day: date, grain: str) -> str:
    year, week, _ = day.isocalendar()
    return {
        "year": f"{day.year}",
        "quarter": f"{day.year}-Q{(day.month + 2) // 3}",
        "month": f"{day:%Y-%m}",
        "week": f"{year}-W{week:02d}",
        "day": f"{day:%Y-%m-%d}",
    }[grain]


def persons(world: World) -> dict[str, str]:
    """The person behind every number that shares a name with another: the first of the chain."""
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    first: dict[tuple[str, str], str] = {}
    for name, kind, value in world.rows("identities", "customer_id", "kind", "value"):
        other = find(first.setdefault((kind, value), name))
        low, high = sorted((other, find(name)), key=lambda text: text.encode())
        parent[high] = low
    return {name: find(name) for name in parent}


def latest(world: World, column: str) -> dict[str, Any]:
    """A customer's own value of `column`, else the largest among all numbers of the same person."""
    own = {name: value for name, value in world.rows("customers", "customer_id", column) if value is not None}
    person = persons(world)
    shared: dict[str, Any] = {}
    for name, value in own.items():
        whole = person.get(name, name)
        shared[whole] = max(shared.get(whole, value), value, key=lambda text: text.encode())
    names = {*person, *own}
    found = {name: own.get(name, shared.get(person.get(name, name))) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def clusters(world: World) -> dict[str, str]:
    """Whom a customer counts as one with: the account, else the person, else the customer alone."""
    whole = persons(world)

    def find(name: str) -> str:
        return whole.get(name, name)

    accounts = {name: account for name, account in world.rows("customers", "customer_id", "account_id") if account}
    owned: dict[str, str] = {}
    for name, account in accounts.items():
        person = find(name)
        owned[person] = min(owned.get(person, account), account)
    every = {*whole, *accounts}
    return {name: f"account:{owned[find(name)]}" if find(name) in owned else find(name) for name in every}


def scored(world: World, metric: str, points: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The answers that count for a metric, as the documentation says it, with x and cluster."""
    names = list(world.tables["answers"])
    whom = clusters(world)
    kept = []
    for values in world.rows("answers", *names):
        row = dict(zip(names, values, strict=True))
        score, low, high = row["score"], row["scale_low"], row["scale_high"]
        known = low is not None and high is not None
        if row["metric"] != metric or score is None or (known and (low, high) != points["scale"]):
            continue
        if row["polarity"] == "low is good":
            score = sum(points["scale"]) - score
        if not points["scale"][0] <= score <= points["scale"][1]:
            continue
        row["x"] = points["of"](score)
        row["cluster"] = whom.get(row["customer_id"], row["customer_id"]) or row["submission_id"]
        row["kind"] = row["kind"] or "unstated"
        row["day"] = None if row["answered_at"] is None else wall(row["answered_at"]).date()
        kept.append(row)
    return kept


def nps_points(score: float) -> float:
    return 100.0 if score >= 9 else 0.0 if score >= 7 else -100.0


NPS = {"scale": (0.0, 10.0), "of": nps_points}


def replicate(cluster: str, groups: int = 256) -> int:
    return int(hashlib.md5(cluster.encode()).hexdigest()[:2], 16) % groups


def grouped(rows: Iterable[Mapping[str, Any]], *by: str) -> dict[tuple[Any, ...], list[Mapping[str, Any]]]:
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in by)].append(row)
    return groups


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
