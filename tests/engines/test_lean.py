"""Sums for millions of rows, taken in two lean scans, are those of the one query."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines.conftest import opened
from tests.engines.world import World

from touchstone.engine.connect import DuckDB
from touchstone.engine.data import Data, TableSource
from touchstone.engine.moments import SUMS, lean_moments, moments
from touchstone.measure.metrics import built_in
from touchstone.measure.score import score

NAMES = st.sampled_from(["a", "b", "0=a", "", None])
ROWS = st.lists(
    st.tuples(
        NAMES, NAMES, st.sampled_from(["c1", "c2", "c3"]), st.sampled_from([-100.0, 0.0, 100.0]), st.integers(1, 3)
    ),
    min_size=1,
    max_size=30,
)


@given(rows=ROWS, weighted=st.booleans())
@settings(max_examples=40, deadline=None)
def test_two_lean_scans_give_the_sums_of_the_one_query(
    duckdb: DuckDB, rows: list[tuple[str | None, str | None, str, float, int]], weighted: bool
) -> None:
    one, other, cluster, x, w = zip(*rows, strict=True)
    columns = {"one": pa.array(one, pa.string()), "other": pa.array(other, pa.string()), "cluster": cluster, "x": x}
    table = duckdb.given(pa.table(columns | {"w": [float(v) if weighted else 1.0 for v in w]}))
    by = ["one", "other"]
    usual = {
        (row["one"], row["other"]): [row[name] for name in SUMS]
        for row in duckdb.fetch(moments(table, by, centre=7.0, weighted=weighted)).rows
    }
    flat, products = (duckdb.fetch(query).rows for query in lean_moments(table, by, centre=7.0, weighted=weighted))
    pairs = {row["_group"]: row for row in products}
    lean = {(row["one"], row["other"]): [(row | pairs[row["_group"]])[name] for name in SUMS] for row in flat}
    assert lean.keys() == usual.keys()
    assert all(found == pytest.approx(usual[key], rel=1e-9, abs=1e-9) for key, found in lean.items())
    assert len(pairs) == len(flat)


@pytest.fixture
def large(duckdb: DuckDB, local: Data, world: World, monkeypatch: pytest.MonkeyPatch) -> Data:
    assert not local.is_large("answers")
    monkeypatch.setattr("touchstone.engine.data.LARGE", 1_000)
    return opened(duckdb, world)


@pytest.mark.parametrize("by", [(), ("region",), ("region", "month")])
@pytest.mark.parametrize("weight", [None, "weight"])
def test_a_large_table_gives_the_scores_of_a_small_one(
    local: Data, large: Data, by: tuple[str, ...], weight: str | None
) -> None:
    asked, usual = (score(data, built_in()["nps"], by=by, weight=weight) for data in (large, local))
    assert large.is_large("answers") and not local.is_large("answers")
    assert re.search(r"COALESCE\(\s*\S*customer_id", asked.sql)  # some answers have no person
    assert [row.group for row in asked.rows] == [row.group for row in usual.rows]
    for one, other in zip(asked.rows, usual.rows, strict=True):
        assert type(one.result) is type(other.result)
        if one.moments is None or other.moments is None:  # too few to be shown
            assert one.moments is other.moments
            continue
        assert [getattr(one.moments, name) for name in SUMS] == pytest.approx(
            [getattr(other.moments, name) for name in SUMS], rel=1e-9, abs=1e-9
        )
    assert asked.sql.count("SELECT") > 3 and ";\n\n" in asked.sql


def test_where_everybody_is_known_the_widest_columns_are_not_read(large: Data, local: Data, tmp_path: Path) -> None:
    known = local.table("answers").filter(lambda t: t.customer_id.notnull())
    pq.write_table(local.engine.to_arrow(known), tmp_path / "known.parquet")
    answers = TableSource((str(tmp_path / "known.parquet"),), large.tables["answers"].columns)
    tables = {**large.tables, "answers": answers}
    everybody = Data(engine=large.engine, tables=tables, number=2, zone=large.zone)
    asked = score(everybody, built_in()["nps"])
    usual = score(local, built_in()["nps"], where="customer_id is not null")
    assert not re.search(r"COALESCE\(\s*\S*customer_id", asked.sql)
    assert [row.moments for row in asked.rows] == [row.moments for row in usual.rows]
