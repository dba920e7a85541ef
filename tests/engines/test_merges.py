"""Who is whom on every engine, against the same rules with sets in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from touchstone.core.nouns import NOUNS, Column
from touchstone.core.settings import Joining
from touchstone.engine.connect import DuckDB, Engine
from touchstone.engine.data import Data, TableSource

Name = tuple[str, str, str]  # customer_id, kind, value
Decision = tuple[str, str, str]  # customer_id, other_id, kind; later ones are newer
World = tuple[list[Name], list[Decision]]
WORLDS = 25
RULES = Joining(shared=("desk@x", *(f"desk@x#{k}" for k in range(WORLDS))), most_per_email=2, most_per_phone=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


def components(links: Iterable[Iterable[str]]) -> dict[str, str]:
    """The smallest member of the component of each member."""
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for members in links:
        first, *others = members
        for other in [first, *others]:
            low, high = sorted((find(first), find(other)))
            parent[high] = low
    return {name: find(name) for name in parent}


def system(number: str) -> str:
    return number.split(":")[0] if ":" in number else ""


def recount(names: list[Name], decisions: list[Decision]) -> tuple[dict[str, str], dict[str, str | None]]:
    """(who is somebody else, why each name that several have joins nobody)."""
    newest = {tuple(sorted((a, b))): kind for a, b, kind in decisions}
    joins = [pair for pair, kind in newest.items() if kind == "join"]
    undone = [pair for pair, kind in newest.items() if kind == "undo"]
    owned = [(value, kind, value) for _, kind, value in names if kind == "external"]
    have: dict[tuple[str, str], set[str]] = defaultdict(set)
    for customer, kind, value in [*names, *owned]:
        have[kind, value].add(customer)
    every = {key: members for key, members in have.items() if len(members) > 1}
    why = {key: too_common(*key, members) for key, members in every.items()}

    sure = components([*(members for (kind, _), members in every.items() if kind == "external"), *joins])
    decided = components(joins)
    sure = apart(sure, undone, decided)
    unit = {name: sure.get(name, name) for name in {*sure, *(c for members in have.values() for c in members)}}

    systems = {system(value) for (kind, value) in have if kind == "external"}
    ids: dict[str, set[str]] = defaultdict(set)
    for (kind, value), members in have.items():
        for customer in members:
            ids[unit[customer]] |= {system(value)} if kind == "external" else set()
            ids[unit[customer]] |= {system(customer)} & systems
    split = [(unit.get(a, a), unit.get(b, b)) for a, b in undone]
    split = [(a, b) for a, b in split if a != b]

    def conflict(units: set[str]) -> str | None:
        if any({a, b} <= units for a, b in split):
            return "undone"
        held = [one for member in units for one in ids[member]]
        return "ids" if len(held) > len(set(held)) else None

    links = {}
    for key, members in every.items():
        meeting = {unit[one] for one in members}
        if key[0] != "external" and why[key] is None and len(meeting) > 1:
            why[key] = conflict(meeting)
            if why[key] is None:
                links[key] = meeting
    whole = components(links.values())
    groups: dict[str, set[str]] = defaultdict(set)
    for member, smallest in whole.items():
        groups[smallest].add(member)
    spoiled = {member for units in groups.values() if conflict(units) for member in units}
    why |= {key: "chain" for key, meeting in links.items() if meeting & spoiled}
    known = {one for members in every.values() for one in members} | {one for pair in joins for one in pair}
    person = {
        n: unit.get(n, n) if unit.get(n, n) in spoiled else whole.get(unit.get(n, n), unit.get(n, n)) for n in known
    }
    return {n: p for n, p in person.items() if n != p}, {f"{k}:{v}": reason for (k, v), reason in why.items()}


def too_common(kind: str, value: str, members: set[str]) -> str | None:
    if kind == "external":
        return None
    if value in RULES.shared:
        return "shared"
    per: dict[str, int] = defaultdict(int)
    for one in members:
        per[system(one)] += 1
    most = {"email": RULES.most_per_email, "phone": RULES.most_per_phone}[kind]
    return "many" if max(per.values()) > most else None


def apart(whole: dict[str, str], undone: list[tuple[str, ...]], lesser: dict[str, str] | None) -> dict[str, str]:
    """`whole` without components that hold an undone pair, whose members become what `lesser` makes of them."""
    bad = {whole[a] for a, b in undone if a in whole and whole.get(b) == whole[a]}
    fallen = {name for name, smallest in whole.items() if smallest in bad}
    kept = {name: smallest for name, smallest in whole.items() if smallest not in bad}
    if lesser is None:
        return kept
    return kept | apart({name: s for name, s in lesser.items() if name in fallen}, undone, None)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Data]]:
    folder, numbers = tmp_path_factory.mktemp("names"), count(1)

    def make(engine: Engine, names: list[Name], decisions: list[Decision]) -> Data:
        given = [{"identity_id": str(i), "customer_id": c, "kind": k, "value": v} for i, (c, k, v) in enumerate(names)]
        decided = [
            {
                "merge_id": f"m{i}",
                "customer_id": a,
                "other_id": b,
                "kind": kind,
                "decided_at": START + timedelta(minutes=i),
            }
            for i, (a, b, kind) in enumerate(decisions)
        ]
        place = folder / str(next(numbers))
        sources = {name: written(place, name, rows) for name, rows in (("identities", given), ("merges", decided))}
        return Data(engine=engine, tables=sources, number=1, joining=RULES)

    yield make


def written(folder: Path, name: str, rows: list[dict[str, Any]]) -> TableSource:
    columns = (*NOUNS[name].columns, Column("source"), Column("import_number", "integer"))
    if not rows:
        return TableSource((), columns)
    types = {"text": pa.string(), "time": pa.timestamp("us", tz="UTC"), "integer": pa.int64()}
    schema = pa.schema([(column.name, types[column.type]) for column in columns])
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / f"{name}.parquet")
    return TableSource((str(folder / f"{name}.parquet"),), columns)


def found(data: Data) -> tuple[dict[str, str], dict[str, str | None]]:
    joined = data.joined()
    if joined is None:
        return {}, {}
    people = {row["customer_id"]: row["person"] for row in data.fetch(joined.people).rows}
    return people, {row["link"]: row["why"] for row in data.fetch(joined.links).rows}


NUMBERS = st.sampled_from(["1", "2", "3", "4", "shop:1", "shop:2", "shop:3", "crm:1", "crm:2", "email:a@x"])
NAMES = st.one_of(
    st.tuples(NUMBERS, st.just("email"), st.sampled_from(["a@x", "b@x", "c@x", "desk@x"])),
    st.tuples(NUMBERS, st.just("phone"), st.sampled_from(["+1", "+2", "+3"])),
    st.tuples(NUMBERS, st.just("external"), st.sampled_from(["crm:1", "crm:2", "crm:3", "erp:1", "erp:2"])),
)
PAIRS = st.tuples(NUMBERS, NUMBERS).filter(lambda pair: pair[0] != pair[1])
DECISIONS = st.tuples(PAIRS, st.sampled_from(["join", "undo"])).map(lambda one: (*one[0], one[1]))

CHAIN: list[Name] = [("1", "email", "a@x"), ("2", "email", "a@x"), ("2", "phone", "+1"), ("shop:1", "phone", "+1")]
IDS: list[Name] = [*CHAIN, ("1", "external", "crm:1"), ("shop:1", "external", "crm:2")]


FIXED: list[World] = [
    (CHAIN, []),
    (CHAIN, [("1", "2", "undo")]),
    (CHAIN, [("1", "shop:1", "undo")]),
    (IDS, []),
    (IDS, [("1", "shop:1", "join")]),
    ([("1", "email", "a@x"), ("2", "email", "a@x"), ("3", "email", "a@x")], []),
    ([("crm:1", "email", "a@x"), ("crm:2", "email", "a@x"), ("crm:1", "external", "crm:1")], []),
    ([], [("1", "2", "join"), ("2", "3", "join"), ("1", "3", "undo")]),
    ([], [("1", "2", "join"), ("2", "1", "undo")]),
    ([], [("1", "2", "undo"), ("2", "1", "join")]),
]


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.lists(NAMES, max_size=14), st.lists(DECISIONS, max_size=4)), max_size=WORLDS))
@example(FIXED)
@example([(names, []) for names, _ in FIXED])
@example([([name for name in names if name[1] != "external"], []) for names, _ in FIXED])
@example([([], FIXED[-1][1])])
def test_numbers_are_one_person_by_the_rules_and_in_any_order(
    duckdb: DuckDB, opened: Callable[..., Data], worlds: list[World]
) -> None:
    names, decisions = side_by_side(worlds)
    assert found(opened(duckdb, names[::-1], decisions)) == recount(names, decisions)


@pytest.mark.truth  # some thirty small queries, each of which takes Spark a second
@pytest.mark.spark
def test_the_other_engine_joins_the_same_people(spark: Engine, opened: Callable[..., Data]) -> None:
    worlds = [*FIXED, ([("9", "email", "desk@x"), ("8", "email", "desk@x")], [("9", "8", "join")])]
    names, decisions = side_by_side(worlds)
    people, whys = expected = recount(names, decisions)
    assert found(opened(spark, names, decisions)) == expected
    assert set(whys.values()) == {None, "undone", "ids", "chain", "many", "shared"} and len(people) > 5


def side_by_side(worlds: list[World]) -> World:
    """Worlds that have no number and no name in common, as one."""
    names = [(f"{c}#{k}", kind, f"{value}#{k}") for k, (given, _) in enumerate(worlds) for c, kind, value in given]
    decisions = [(f"{a}#{k}", f"{b}#{k}", kind) for k, (_, decided) in enumerate(worlds) for a, b, kind in decided]
    return names, decisions
