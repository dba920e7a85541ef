"""The cube holds the same sums as the answers, on every engine, for as long as its import is the newest."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.engines.conftest import opened
from tests.engines.world import World

from touchstone.core.nouns import NOUNS
from touchstone.core.where import Condition, parse_where
from touchstone.engine import cube as cube_module
from touchstone.engine.cells import GROUPS, Measure, Shape, flat_sums, rollups, shape_of
from touchstone.engine.connect import DuckDB
from touchstone.engine.cube import Cube, open_cube
from touchstone.engine.data import Data, TableSource
from touchstone.measure.metrics import metric_named
from touchstone.measure.score import score

NPS = Measure(metric=metric_named("nps"), centre=0.0)
CSAT = Measure(metric=metric_named("csat_mean"), centre=3.0, weight="weight")
SEGMENTS = ("region", "tier")


@pytest.fixture(scope="module")
def here(duckdb: DuckDB, world: World) -> Data:
    return opened(duckdb, world)


@pytest.fixture
def few(duckdb: DuckDB, tmp_path: Path) -> Data:
    """Five answers of four customers."""
    rows = {
        "answer_id": [f"a{i}" for i in range(5)],
        "submission_id": [f"s{i}" for i in range(5)],
        "question_id": ["q"] * 5,
        "customer_id": ["c1", "c1", "c2", "c3", "c4"],
        "metric": ["nps"] * 5,
        "score": [10.0, 9.0, 7.0, 3.0, 10.0],
    }
    pq.write_table(pa.table(rows), tmp_path / "few.parquet")
    source = TableSource((str(tmp_path / "few.parquet"),), NOUNS["answers"].columns)
    return Data(engine=duckdb, tables={"answers": source}, number=1)


@pytest.fixture(scope="module")
def cube(here: Data, tmp_path_factory: pytest.TempPathFactory) -> Cube:
    return open_cube(here, [NPS, CSAT], tmp_path_factory.mktemp("derived"), segments=SEGMENTS)


@pytest.mark.parametrize(
    ("measure", "by"),
    [(NPS, ()), (NPS, ("tier", "month")), (NPS, ("quarter", "kind")), (NPS, ("year",)), (CSAT, ("region", "year"))],
)
def test_tiles_have_the_values_that_answers_have(here: Data, cube: Cube, measure: Measure, by: tuple[str, ...]) -> None:
    names = (*by, "kind") if "kind" not in by else by
    expected = {row.group: row.moments for row in score(here, measure.metric, by=names, weight=measure.weight).rows}
    tile = cube.tile(measure, by)
    found = dict(tile.cells(names, centre=measure.centre))
    assert found.keys() == expected.keys()
    for group, moments in found.items():
        exact = expected[group]
        if exact is None:  # hidden: too few employees
            continue
        assert moments.n == exact.n
        assert moments.mean == pytest.approx(exact.mean, rel=1e-9)
        assert moments.w == pytest.approx(exact.w, rel=1e-9)
        assert moments.ww == pytest.approx(exact.ww, rel=1e-9)
        assert moments.variance == pytest.approx(exact.variance, rel=1e-9)


@pytest.mark.parametrize(
    ("where", "period"),
    [("region = 'süd'", None), ("region in (nord, süd)", "2017"), ("month = '2017-03'", None), ("", "2017-Q1")],
)
def test_conditions_and_periods_keep_what_they_keep_of_the_answers(
    here: Data, cube: Cube, where: str, period: str | None
) -> None:
    asked = cube_module.Period.parse(period) if period else None
    found = dict(cube.tile(NPS, ("kind",), parse_where(where), asked).cells(("kind",), centre=0.0))
    rows = score(here, NPS.metric, by=("kind",), where=where, period=period).rows
    assert {group: cell.n for group, cell in found.items()} == {row.group: row.moments.n for row in rows}


@pytest.mark.parametrize(
    "question",
    [
        (("region", "tier"), ()),
        (("day",), ()),
        (("question_id",), ()),
        (("region", "region"), ()),
        ((), (Condition("score", ">", (8.0,)),)),
        (("region",), (Condition("region", "!=", ("süd",)),)),
        (("region",), (Condition("region", "=", (7.0,)),)),
    ],
)
def test_what_no_tile_holds_is_told_apart(cube: Cube, question: tuple) -> None:
    assert cube.tile(NPS, *question) is None


def test_weeks_and_half_months_are_no_sums_of_months(cube: Cube) -> None:
    assert cube.tile(NPS, (), (), cube_module.Period.parse("2017-W09")) is None
    assert cube.tile(NPS, (), (), cube_module.Period.parse("2017-03-05")) is None


def test_flat_sums_add_up_to_the_whole(here: Data, cube: Cube) -> None:
    flat = cube.flat(NPS)
    assert {"region", "tier", "kind", "month", "wave"} < {*flat.column_names}
    assert "replicate" not in flat.column_names
    whole = score(here, NPS.metric, by=("kind",)).rows
    assert sum(flat["n"].to_pylist()) == sum(row.moments.n for row in whole)
    assert math.fsum(flat["wx"].to_pylist()) == pytest.approx(math.fsum(row.moments.wx for row in whole))


def test_every_customer_is_in_one_replicate_group(here: Data, cube: Cube) -> None:
    tile = cube.tile(NPS, ())
    (total,) = (moments for kind, moments in tile.cells(("kind",), centre=0.0) if kind == ("relationship",))
    assert total.clusters == GROUPS
    exact = next(row for row in score(here, NPS.metric, by=("kind",)).rows if row.group == ("relationship",)).moments
    assert total.mean_variance == pytest.approx(exact.mean_variance, rel=0.5)


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # PySpark leaves sockets to the collector
def test_engines_build_the_same_cube(data: Data, here: Data) -> None:
    shape = Shape({"region": 3}, 20, frozenset({"nps"}))
    # the flat sums, and both roll-ups of the whole: more would only keep Spark busy
    mine, theirs = (islice(rollups(each, NPS, shape), 3) for each in (data, here))
    for (rollup, table), (same, expected) in zip(mine, theirs, strict=True):
        assert rollup == same
        keys = [name for name in expected.column_names if name not in ("n", "w", "ww", "wx", "wxx")]
        found, wanted = _by(table, keys), _by(expected, keys)
        assert found.keys() == wanted.keys()
        for key, row in found.items():
            assert row == pytest.approx(wanted[key], rel=1e-9)


def _by(table: pa.Table, keys: list[str]) -> dict[tuple, list[float]]:
    sums = [name for name in table.column_names if name not in keys]
    return {tuple(row[name] for name in keys): [row[name] for name in sums] for row in table.to_pylist()}


def test_a_fresh_cube_is_not_built_again(few: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_cube(few, [NPS], tmp_path / "derived", segments=())
    monkeypatch.setattr(cube_module, "_build", None)
    assert open_cube(few, [NPS], tmp_path / "derived", segments=()) == first


def test_two_that_open_at_once_build_once(few: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built, build = [], cube_module._build

    def counted(*arguments: Any) -> None:
        built.append(arguments)
        build(*arguments)

    monkeypatch.setattr(cube_module, "_build", counted)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: open_cube(few, [NPS], tmp_path / "derived", segments=()), range(2))
    assert first == second
    assert len(built) == 1


def test_a_new_import_replaces_the_cube(few: Data, tmp_path: Path) -> None:
    old = open_cube(few, [NPS], tmp_path / "derived", segments=())
    newer = replace(few, number=2)
    new = open_cube(newer, [NPS], tmp_path / "derived", segments=())
    assert (old.number, new.number) == (1, 2)
    assert [path.name for path in (tmp_path / "derived").glob("cube-*")] == [new.folder.name]
    assert old.tile(NPS, ()) is None


def test_another_zone_currency_or_set_of_segments_is_another_cube(few: Data, tmp_path: Path) -> None:
    several = [few, replace(few, zone="Asia/Tokyo"), replace(few, currency="USD")]
    places = [
        open_cube(data, [], tmp_path / "derived", segments=segments).folder
        for data in several
        for segments in ((), ("language",))
    ]
    assert len({*places}) == 6


def test_a_changed_definition_is_not_answered_from_the_old_one(cube: Cube) -> None:
    assert cube.tile(NPS, ()) is not None
    assert cube.tile(replace(NPS, metric=replace(NPS.metric, version=2)), ()) is None
    assert cube.tile(replace(NPS, weight="weight"), ()) is None


def test_a_build_that_was_killed_leaves_nothing_that_is_read(few: Data, tmp_path: Path) -> None:
    half = tmp_path / "derived" / "building-dead"
    half.mkdir(parents=True)
    (half / "0.parquet").write_bytes(b"half")
    built = open_cube(few, [NPS], tmp_path / "derived", segments=())
    assert [path.name for path in half.parent.iterdir() if path.is_dir()] == [built.folder.name]


def test_a_failing_build_leaves_the_old_cube(few: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = open_cube(few, [NPS], tmp_path / "derived", segments=())

    def fails(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(cube_module, "_build", fails)
    with pytest.raises(RuntimeError):
        open_cube(replace(few, number=2), [NPS], tmp_path / "derived", segments=())
    assert old.tile(NPS, ()) is not None


def test_an_unreadable_file_is_no_tile(few: Data, tmp_path: Path) -> None:
    built = open_cube(few, [NPS], tmp_path / "derived", segments=())
    for path in built.folder.glob("*.parquet"):
        path.write_bytes(b"")
    assert built.tile(NPS, ()) is None


def test_segments_are_the_attributes_with_few_values(here: Data) -> None:
    shape = shape_of(here)
    assert {"region", "tier"} <= {*shape.dimensions}
    assert "n" not in shape.dimensions
    assert not {"answer_id", "customer_id", "source", "question_id"} & {*shape.dimensions}


def test_many_dimensions_take_several_passes_and_each_holds_touchpoint() -> None:
    shape = Shape({"touchpoint": 10, **{f"s{i}": 20 for i in range(5)}}, 36, frozenset())
    assert shape.passes() == [("touchpoint", f"s{i}") for i in range(5)]
    assert Shape({"touchpoint": 3, "a": 2, "b": 2}, 12, frozenset()).passes() == [("touchpoint", "a", "b")]
    assert Shape({}, 12, frozenset()).passes() == [()]


def test_several_passes_hold_every_rollup_once(few: Data) -> None:
    shape = Shape({"channel": 90, "language": 90, "unit": 90}, 36, frozenset({"nps"}))
    assert len(shape.passes()) > 1
    found = [(rollup.by, rollup.months) for rollup, _ in rollups(few, NPS, shape) if not rollup.flat]
    singles = ((), ("channel",), ("language",), ("unit",))
    assert sorted(found) == sorted((by, months) for by in singles for months in (True, False))


def test_flat_sums_look_at_no_customers(here: Data) -> None:
    sql = here.engine.sql(flat_sums(here, NPS, ("region",))).upper()
    assert "JOIN" not in sql
    assert "MD5" not in sql
