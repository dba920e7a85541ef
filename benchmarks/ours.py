"""The work of the benchmarks, done by Touchstone."""

from __future__ import annotations

import math
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clock import main

BY = ("segment", "touchpoint", "channel")
DIMENSIONS = ("segment", "region", "touchpoint", "channel")
ZONE = "Europe/Berlin"


def _imported() -> None:
    """What the first query of a process imports late, so that no clock counts it."""
    import ibis.backends.duckdb  # noqa: F401
    import pyarrow.acero
    import pyarrow.parquet  # noqa: F401


def _data(folder: str) -> Any:
    _imported()
    from touchstone.core.nouns import NOUNS, Column
    from touchstone.engine.connect import DuckDB
    from touchstone.engine.data import Data, TableSource

    files = tuple(str(file) for file in sorted(Path(folder).glob("*.parquet")))
    columns = (*NOUNS["answers"].columns, Column("segment"), Column("region"))
    engine = DuckDB(Path(folder) / "scratch")
    return Data(engine=engine, tables={"answers": TableSource(files, columns)}, number=1, zone=ZONE)


def flat(folder: str) -> Callable[[], list[float]]:
    """Sums per cell of five dimensions: four columns and the month."""
    from touchstone.engine.cells import Measure, flat_sums
    from touchstone.measure.metrics import metric_named

    data = _data(folder)
    measure = Measure(metric=metric_named("nps"), centre=0.0)

    def run() -> list[float]:
        found = data.engine.to_arrow(flat_sums(data, measure, DIMENSIONS))
        return [len(found), sum(found["n"].to_pylist()), math.fsum(found["wx"].to_pylist())]

    return run


def nps_exact(folder: str) -> Callable[[], list[float]]:
    """NPS by three columns with clustered intervals, all that `touchstone score` does."""
    from touchstone.measure.metrics import metric_named
    from touchstone.measure.score import score

    data = _data(folder)

    def run() -> list[float]:
        rows = score(data, metric_named("nps"), by=BY).rows
        return _told([row.moments for row in rows])

    return run


def nps_replicate(folder: str) -> Callable[[], list[float]]:
    """The same from sums per replicate group."""
    import pyarrow.compute as pc

    from touchstone.engine.moments import replicate_sums
    from touchstone.engine.rows import Question, measured_rows
    from touchstone.measure.metrics import metric_named
    from touchstone.stats.nps import net_score
    from touchstone.stats.replicates import by_replicates, replicate_moments

    data = _data(folder)

    def run() -> list[float]:
        rows = measured_rows(data, metric_named("nps"), Question(by=BY))
        found = data.engine.to_arrow(replicate_sums(rows, BY, centre=0.0, groups=64))
        keys = found.select([*BY]).group_by([*BY]).aggregate([]).to_pylist()
        sums = []
        for key in keys:
            mine = found.filter(
                pc.and_(
                    pc.and_(pc.equal(found[BY[0]], key[BY[0]]), pc.equal(found[BY[1]], key[BY[1]])),
                    pc.equal(found[BY[2]], key[BY[2]]),
                )
            )
            sums.append(replicate_moments(*(mine[name].to_numpy() for name in ("n", "w", "ww", "wx", "wxx"))))
            by_replicates(net_score(sums[-1], level=0.95), 64)
        return _told(sums)

    return run


def _told(sums: list[Any]) -> list[float]:
    errors = [math.sqrt(one.mean_variance) for one in sums]
    return [sum(one.n for one in sums), statistics.fmean(one.mean for one in sums), statistics.fmean(errors)]


def cube(folder: str) -> Callable[[], list[float]]:
    """The whole cube: flat sums and every tile."""
    from touchstone.measure.metrics import metric_named
    from touchstone.measure.tiles import cube_of

    data = _data(folder)
    place = Path(folder) / "derived"
    shutil.rmtree(place, ignore_errors=True)
    return lambda: [len(cube_of(data, [metric_named("nps")], place).files)]


def tile(folder: str) -> Callable[[], list[float]]:
    """Touchpoint by segment from a cube that is built: opened, read, estimated."""
    from touchstone.measure.metrics import metric_named
    from touchstone.measure.tiles import cube_of
    from touchstone.measure.tiles import tile as read

    data = _data(folder)
    nps = metric_named("nps")
    read(data, cube_of(data, [nps], Path(folder) / "derived"), nps, by=("channel",))  # a server has answered before

    def run() -> list[float]:
        cube = cube_of(data, [nps], Path(folder) / "derived")
        return _values(read(data, cube, nps, by=("touchpoint", "segment")))

    return run


def tile_from_answers(folder: str) -> Callable[[], list[float]]:
    """The same from the answers."""
    from touchstone.measure.metrics import metric_named
    from touchstone.measure.score import score

    data = _data(folder)
    return lambda: _values(score(data, metric_named("nps"), by=("touchpoint", "segment")))


def _values(scores: Any) -> list[float]:
    return [len(scores.rows), statistics.fmean(row.moments.mean for row in scores.rows)]


def first_import(file: str, folder: str) -> Callable[[], list[float]]:
    """A CSV into a new workspace: detected, mapped, typed, checked, keys compared, set aside, committed."""
    from touchstone.listen.add import add
    from touchstone.workspace import Workspace

    _imported()
    shutil.rmtree(folder, ignore_errors=True)
    workspace = Workspace.create(Path(folder), timezone=ZONE)
    return lambda: [sum(one.rows_taken for one in add(workspace, [Path(file)], table="answers").files)]


def second_import(file: str, folder: str) -> Callable[[], list[float]]:
    """The same file again."""
    from touchstone.listen.add import add
    from touchstone.workspace import Workspace

    _imported()
    workspace = Workspace.open(Path(folder))
    return lambda: [sum(one.rows_taken for one in add(workspace, [Path(file)], table="answers").files)]


def drivers(folder: str) -> Callable[[], list[float]]:
    """LMG shares of twelve items with clustered intervals, from Parquet."""
    from data import ITEMS

    from touchstone.engine.connect import DuckDB
    from touchstone.engine.grams import replicate_grams
    from touchstone.stats.importance import importances_with_intervals

    _imported()
    engine = DuckDB(Path(folder) / "scratch")
    rows = engine.connection.read_parquet(f"{folder}/*.parquet")

    def run() -> list[float]:
        grams = replicate_grams(engine, rows, [*ITEMS, "outcome"])
        found = importances_with_intervals(grams, "outcome", ITEMS)
        shares = {driver.name: driver.share.value for driver in found.items}
        return [shares[item] for item in ITEMS]

    return run


def buying(folder: str) -> Callable[[], list[float]]:
    """BG/NBD, from Parquet: histories counted by the engine, then fitted."""
    from touchstone.engine.connect import DuckDB
    from touchstone.stats.buying import Customers, fit_buying

    _imported()
    engine = DuckDB(Path(folder) / "scratch")
    rows = engine.connection.read_parquet(f"{folder}/*.parquet")

    def run() -> list[float]:
        found = engine.to_arrow(rows.group_by(["x", "last", "age"]).aggregate(n=rows.count()))
        columns = (found[name].to_numpy() for name in ("x", "last", "age", "n"))
        fitted = fit_buying(Customers.of(*columns))
        return [fitted.log_likelihood, fitted.r, fitted.alpha, fitted.a, fitted.b]

    return run


if __name__ == "__main__":
    main(
        {
            work.__name__: work
            for work in (
                *(flat, nps_exact, nps_replicate, cube, tile, tile_from_answers),
                *(first_import, second_import, drivers, buying),
            )
        }
    )
