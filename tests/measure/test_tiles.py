"""Scores from the cube are the scores of the answers, and say where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.core.nouns import NOUNS, Column
from touchstone.engine.connect import DuckDB
from touchstone.engine.cube import Cube
from touchstone.engine.data import Data, TableSource
from touchstone.measure.metrics import metric_named
from touchstone.measure.score import score
from touchstone.measure.tiles import cube_of, tile

NPS, CSAT = metric_named("nps"), metric_named("csat_mean")
CUSTOMERS, EACH = 8_000, 6


def answers(kinds: tuple[str, ...] = ("relationship",)) -> pa.Table:
    """Six answers per customer whose own mood weighs three times as much as the day's."""
    rng = np.random.default_rng(3)
    n = CUSTOMERS * EACH
    who = rng.integers(0, CUSTOMERS, n)
    mood = rng.normal(0, 3, CUSTOMERS)[who] + rng.normal(0, 1, n)
    day = rng.integers(0, 365, n)
    text = {
        "answer_id": [f"a{i}" for i in range(n)],
        "submission_id": [f"s{i}" for i in range(n)],
        "customer_id": [f"c{i}" for i in who],
        "kind": rng.choice(kinds, n),
        "metric": np.where(np.arange(n) % 4 == 0, "csat", "nps"),
        "touchpoint": rng.choice(["web", "shop", "phone"], n),
        "channel": rng.choice(["mail", "sms"], n),
        "segment": rng.choice(["gold", "new"], n),
        "rare": np.where(np.arange(n) < 80, "few", "many"),
    }
    score = np.where(
        text["metric"] == "csat", np.clip(np.round(3 + mood / 3), 1, 5), np.clip(np.round(7.5 + mood), 0, 10)
    )
    times = np.datetime64("2025-01-01T12:00:00", "us") + day.astype("timedelta64[D]").astype("timedelta64[us]")
    return pa.table(
        {name: pa.array(list(values), pa.string()) for name, values in text.items()}
        | {"score": pa.array(score), "answered_at": pa.array(times, pa.timestamp("us", tz="UTC"))}
    )


def opened(folder: Path, rows: pa.Table) -> Data:
    pq.write_table(rows, folder / "answers.parquet")
    columns = (*NOUNS["answers"].columns, Column("segment"), Column("rare"))
    return Data(
        engine=DuckDB(folder / "scratch"),
        tables={"answers": TableSource((str(folder / "answers.parquet"),), columns)},
        number=1,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Data]:
    data = opened(tmp_path_factory.mktemp("answers"), answers())
    yield data
    data.engine.close()


@pytest.fixture(scope="module")
def cube(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Cube:
    return cube_of(data, [NPS, CSAT, metric_named("churn")], tmp_path_factory.mktemp("derived"))


@pytest.mark.parametrize("metric", [NPS, CSAT], ids=lambda metric: metric.name)
@pytest.mark.parametrize("by", [(), ("segment",), ("touchpoint", "channel"), ("month",), ("rare", "quarter")])
def test_values_equal_those_of_the_answers_and_intervals_nearly(
    data: Data, cube: Cube, metric: object, by: tuple[str, ...]
) -> None:
    found, exact = tile(data, cube, metric, by=by), score(data, metric, by=by)
    assert [row.group for row in found.rows] == [row.group for row in exact.rows]
    ratios = []
    for mine, theirs in zip(found.rows, exact.rows, strict=True):
        assert mine.result.n == theirs.result.n
        if isinstance(mine.result, Estimate) and isinstance(theirs.result, Estimate) and theirs.result.n > 500:
            assert mine.moments.mean == pytest.approx(theirs.moments.mean, rel=1e-12)
            ratios.append(mine.result.se / theirs.result.se)
    assert all(0.6 < ratio < 1.5 for ratio in ratios)
    assert 0.85 < np.mean(ratios) < 1.2 or len(ratios) < 4


def test_the_interval_knows_that_customers_answer_often(data: Data, cube: Cube) -> None:
    found = tile(data, cube, NPS).rows[0]
    assert found.moments.design_effect > 2
    assert found.result.effective_n < found.result.n / 2


def test_a_tile_says_that_it_rests_on_replicate_groups(data: Data, cube: Cube) -> None:
    assert "by 64 replicate groups" in tile(data, cube, NPS, by=("segment",)).rows[0].result.method


@pytest.mark.parametrize(
    "question",
    [
        {"by": ("segment", "channel")},
        {"by": ("week",)},
        {"by": ("segment",), "where": "score >= 9"},
        {"period": "2025-W03"},
    ],
)
def test_what_no_tile_holds_comes_from_the_answers_and_says_so(data: Data, cube: Cube, question: dict) -> None:
    found, exact = tile(data, cube, NPS, **question), score(data, NPS, **question)
    assert [row.moments for row in found.rows] == [row.moments for row in exact.rows]
    methods = {row.result.method for row in found.rows if isinstance(row.result, Estimate)}
    assert all(method.endswith("; from the answers, not the cube") for method in methods)
    assert methods or "score" in question.get("where", "")


def test_a_cube_of_another_import_is_not_read(data: Data, cube: Cube) -> None:
    assert "not the cube" in tile(replace(data, number=2), cube, NPS).rows[0].result.method


def test_metrics_that_score_no_answers_are_left_to_the_tables(data: Data, cube: Cube) -> None:
    assert "churn" not in cube.measures


def test_unknown_columns_are_refused_as_ever(data: Data, cube: Cube) -> None:
    with pytest.raises(UnknownName):
        tile(data, cube, NPS, by=("segmnet",))
    with pytest.raises(BadDefinition):
        tile(data, cube, NPS, level=1.5)


def test_nothing_that_fits_gives_a_reason(data: Data, cube: Cube) -> None:
    (row,) = tile(data, cube, NPS, where="segment = 'silver'").rows
    assert row.result == NoEstimate("no answers fit the question", 0)


def test_kinds_are_never_pooled_and_few_employees_are_hidden(tmp_path: Path) -> None:
    rows = answers(("relationship",))
    kind = pa.array(["employee" if i < 12 else "relationship" for i in range(len(rows))])
    data = opened(tmp_path, rows.set_column(rows.schema.get_field_index("kind"), "kind", kind))
    cube = cube_of(data, [NPS], tmp_path / "derived")
    found = tile(data, cube, NPS)
    assert found.by == ("kind",)
    hidden = {row.group: row.result for row in found.rows}["employee",]
    assert isinstance(hidden, NoEstimate)
    assert "hidden" in hidden.reason
    data.engine.close()


def test_customers_of_one_replicate_group_give_a_reason(tmp_path: Path) -> None:
    rows = answers().slice(0, 8)
    one = pa.array(["c1"] * 8)
    data = opened(tmp_path, rows.set_column(rows.schema.get_field_index("customer_id"), "customer_id", one))
    cube = cube_of(data, [NPS], tmp_path / "derived")
    result = tile(data, cube, NPS).rows[0].result
    assert isinstance(result, NoEstimate)
    assert "more customers" in result.reason
    data.engine.close()


def test_the_query_of_a_tile_gives_its_sums(data: Data, cube: Cube) -> None:
    found = tile(data, cube, NPS, by=("segment",))
    rows = data.engine.run(f"SELECT sum(n) FROM ({found.sql})")
    assert rows[0][0] == sum(row.result.n for row in found.rows)
