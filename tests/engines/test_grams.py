"""Sums of products taken by the engine are those that numpy takes from the rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from touchstone.core.errors import BadDefinition
from touchstone.engine.connect import DuckDB
from touchstone.engine.grams import pattern_moments, replicate_grams
from touchstone.engine.people import replicate
from touchstone.stats.gram import Grams
from touchstone.stats.importance import importances
from touchstone.stats.missing import PatternMoments, fit

ITEMS = ("speed", "price", "staff", "nps")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    duckdb = DuckDB(tmp_path_factory.mktemp("scratch"))
    yield duckdb
    duckdb.close()


def battery(rows: int = 4000, *, missing: float = 0.0, offset: float = 0.0) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(11)
    z = rng.normal(size=(rows, len(ITEMS))) + offset
    z[:, -1] += z[:, :-1] @ [0.7, 0.3, 0.1]
    z[rng.random(z.shape) < missing] = np.nan
    w = rng.choice([0.0, 0.5, 1.0, 2.5], rows)
    cluster = [f"c:{g}" for g in rng.integers(0, rows // 3, rows)]
    held = {item: pa.array(z[:, j], from_pandas=True) for j, item in enumerate(ITEMS)}
    return pa.table({"cluster": cluster, "w": w, **held}), z, w


def groups_of(engine: DuckDB, rows: pa.Table, groups: int) -> np.ndarray:
    given = engine.given(rows.append_column("place", pa.array(range(len(rows)))))
    found = engine.to_arrow(given.select("place", r=replicate(given.cluster, groups)).order_by("place"))
    return found["r"].to_numpy().astype(int)


def test_grams_per_replicate_group_are_those_of_the_rows(engine: DuckDB) -> None:
    rows, z, w = battery()
    found = replicate_grams(engine, engine.given(rows), ITEMS, groups=16)
    kept = w > 0
    expected = Grams.of(z[kept], groups_of(engine, rows, 16)[kept], w[kept], columns=ITEMS, groups=16)
    assert (found.n == expected.n).all()
    np.testing.assert_allclose(found.w, expected.w)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-10)
    np.testing.assert_allclose(found.cross, expected.cross, rtol=1e-9, atol=1e-9)


def test_without_weights_every_row_weighs_one(engine: DuckDB) -> None:
    rows, z, _ = battery()
    found = replicate_grams(engine, engine.given(rows.drop_columns("w")), ITEMS).total()
    assert found.n == found.w == len(z)
    np.testing.assert_allclose(found.covariance, np.cov(z.T, bias=True), rtol=1e-9)


def test_large_values_do_not_cancel(engine: DuckDB) -> None:
    rows, z, _ = battery(offset=1e9)
    found = replicate_grams(engine, engine.given(rows.drop_columns("w")), ITEMS).total()
    np.testing.assert_allclose(found.covariance, np.cov(z.T, bias=True), rtol=1e-6)


def test_rows_that_lack_an_item_are_left_out_of_complete_grams(engine: DuckDB) -> None:
    rows, z, w = battery(missing=0.1)
    found = replicate_grams(engine, engine.given(rows), ITEMS)
    assert found.n.sum() == (~np.isnan(z).any(axis=1) & (w > 0)).sum()


def test_pattern_moments_are_those_of_the_rows(engine: DuckDB) -> None:
    rows, z, w = battery(missing=0.2)
    z[5], w[5] = np.nan, 1.0
    rows = rows.set_column(1, "w", pa.array(w))
    for j, item in enumerate(ITEMS):
        rows = rows.set_column(2 + j, item, pa.array(z[:, j], from_pandas=True))
    found = pattern_moments(engine, engine.given(rows), ITEMS, groups=8)
    kept = (w > 0) & ~np.isnan(z).all(axis=1)
    expected = PatternMoments.of(z[kept], w[kept], columns=ITEMS, replicate=groups_of(engine, rows, 8)[kept], groups=8)
    assert found.n.sum() == kept.sum()
    assert (found.together() == expected.together()).all()
    mine, theirs = fit(found), fit(expected)
    np.testing.assert_allclose(mine.gram.mean, theirs.gram.mean, rtol=1e-8)
    np.testing.assert_allclose(mine.gram.cross, theirs.gram.cross, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(mine.without.cross, theirs.without.cross, rtol=1e-6, atol=1e-6)


def test_cells_of_a_pattern_hold_nothing_for_what_is_missing(engine: DuckDB) -> None:
    rows = pa.table({"cluster": ["a", "a"], "x": [1.0, 3.0], "y": pa.array([None, 5.0], pa.float64())})
    found = pattern_moments(engine, engine.given(rows), ("x", "y"), groups=4)
    cell = int(np.flatnonzero(~found.seen[found.pattern, 1])[0])
    assert found.n[cell] == 1
    assert found.sums[cell].tolist() == [-1.0, 0.0]
    assert found.products[cell].tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_a_whole_customer_is_in_one_group(engine: DuckDB) -> None:
    rows = pa.table({"cluster": ["one"] * 50, "x": [float(i) for i in range(50)], "y": [1.0, 2.0] * 25})
    assert sorted(replicate_grams(engine, engine.given(rows), ("x", "y")).n)[-2:] == [0, 50]


def test_no_rows_give_empty_grams_and_a_reason(engine: DuckDB) -> None:
    rows, _, _ = battery()
    found = replicate_grams(engine, engine.given(rows.slice(0, 0)), ITEMS)
    assert found.n.sum() == 0
    assert "need at least" in importances(found.total(), "nps", ITEMS[:-1]).reason


def test_more_columns_than_bits_are_refused(engine: DuckDB) -> None:
    rows, _, _ = battery(10)
    with pytest.raises(BadDefinition, match="61 items"):
        pattern_moments(engine, engine.given(rows), tuple(f"i{j}" for j in range(61)))
