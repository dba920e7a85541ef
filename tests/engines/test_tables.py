"""Views over files: what they hold, and what they hold without files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tests.engines.conftest import opened
from tests.engines.world import World

from touchstone.core.nouns import NOUNS, Column
from touchstone.engine.connect import DuckDB
from touchstone.engine.data import Data, TableSource

TYPES = {"text": "string", "number": "double", "integer": "int64", "money": "decimal128(18, 4)", "boolean": "bool"}


def arrow_type(column: Column) -> str:
    return TYPES.get(column.type, "timestamp[us, tz=UTC]")


def test_a_view_has_the_columns_of_all_files_and_of_the_noun_in_their_types(data: Data, world: World) -> None:
    answers = data.table("answers")
    own = [column.name for column in world.sources["answers"].columns]
    assert answers.columns[: len(own)] == tuple(own)
    assert set(answers.columns) == {*NOUNS["answers"].column_names, "region", "size", "n", "tier"}
    counts = {name: answers[name].count() for name in ("answer_id", "tier", "n", "about")}
    expected = {name: sum(v is not None for v in world.tables["answers"][name]) for name in ("answer_id", "tier", "n")}
    found = data.fetch(answers.aggregate(**counts)).rows[0]
    assert found == {**expected, "about": 0} and found["n"] < found["tier"] < found["answer_id"]


def test_rows_come_back_as_they_were_written(data: Data, world: World) -> None:
    columns = ("ticket_id", "customer_id", "opened_at", "resolved_at", "reopened", "sla_met")
    rows = data.fetch(data.table("tickets").select(*columns)).rows
    given = [dict(zip(columns, row, strict=True)) for row in world.rows("tickets", *columns)]
    assert sorted(rows, key=lambda row: row["ticket_id"]) == sorted(given, key=lambda row: row["ticket_id"])
    assert {type(row["reopened"]) for row in rows} == {int, type(None)}
    assert all(row["opened_at"].utcoffset() == timedelta(0) for row in rows)


def test_a_table_without_files_is_empty_and_typed(data: Data) -> None:
    name = "orders"
    empty = Data(engine=data.engine, tables={}, number=0)
    assert not empty.has(name)
    table = data.engine.to_arrow(empty.table(name))
    assert table.num_rows == 0
    assert {column.name: str(table.schema.field(column.name).type) for column in NOUNS[name].columns} == {
        column.name: arrow_type(column) for column in NOUNS[name].columns
    }


def test_two_import_numbers_are_read_side_by_side(data: Data, world: World, folder: Path) -> None:
    file = folder / "ältere [1] 50%.parquet"
    pq.write_table(pa.table({"event_id": ["old"]}), file)
    older = Data(engine=data.engine, tables={"events": TableSource((str(file),), (Column("event_id"),))}, number=1)
    one, other = older.table("events"), data.table("events")
    assert one.get_name() != other.get_name()
    both = one.aggregate(n=one.count()).union(other.aggregate(n=other.count()))
    assert sorted(row["n"] for row in data.fetch(both).rows) == [1, len(world.tables["events"]["event_id"])]


def test_names_with_quotes_and_columns_from_outside_stay_names(duckdb: DuckDB, folder: Path) -> None:
    awkward = 'a "b"; DROP TABLE x --'
    file = folder / "it's.parquet"
    pq.write_table(pa.table({"event_id": ["1"], awkward: ["süß"]}), file)
    columns = (Column("event_id"), Column(awkward))
    data = Data(engine=duckdb, tables={"events": TableSource((str(file),), columns)}, number=1)
    assert duckdb.fetch(data.table("events").select(awkward)).rows == [{awkward: "süß"}]


def test_opening_the_same_tables_again_uses_the_same_name(duckdb: DuckDB, world: World) -> None:
    assert opened(duckdb, world).table("events").get_name() == opened(duckdb, world).table("events").get_name()
