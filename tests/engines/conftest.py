from __future__ import annotations

import gc
import logging
import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.engines import world as made
from tests.engines.world import World

from touchstone.engine.connect import DuckDB, Engine, Spark
from touchstone.engine.data import Data

MOST_QUERIES = 100


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = made.make()
    made.write(world, tmp_path_factory.mktemp("world"))
    return world


@pytest.fixture(scope="session")
def clusters(world: World) -> dict[str, str]:
    return made.clusters(world)


@pytest.fixture(scope="session")
def nps(world: World) -> list[dict[str, Any]]:
    return made.scored(world, "nps", made.NPS)


class Counting(Spark):
    """Spark that says how often it was asked."""

    asked = 0

    def _rows(self, sql: str) -> Any:
        self.asked += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # PySpark leaves a socket to the collector
            return super()._rows(sql)


@pytest.fixture(scope="session")
def spark() -> Iterator[Spark]:
    """One Spark with two executors of their own for the whole run: starting it takes as long as all its tests."""
    if shutil.which("java") is None and not os.environ.get("CI"):
        pytest.skip("needs Java")
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    from pyspark.sql import SparkSession

    logging.getLogger("py4j").setLevel(logging.ERROR)
    short_lived = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # compiling well takes longer than these queries
    settings = {
        "spark.driver.extraJavaOptions": short_lived,
        "spark.executor.extraJavaOptions": short_lived,
        "spark.sql.adaptive.enabled": "false",
        "spark.ui.enabled": "false",
        "spark.log.level": "OFF",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.host": "127.0.0.1",
        "spark.executor.memory": "768m",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("touchstone tests")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = builder.config(map=settings).getOrCreate()
    engine = Counting(session)
    yield engine
    asked = engine.asked
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session.stop()
        gc.collect()
    assert asked <= MOST_QUERIES, f"Spark was asked {asked} times; it takes its time, so ask for more at once"


@pytest.fixture(scope="session")
def duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    engine = DuckDB(tmp_path_factory.mktemp("spilled"))
    yield engine
    engine.close()


def opened(engine: Engine, world: World, **settings: Any) -> Data:
    given: dict[str, Any] = {
        "zone": "Europe/Berlin",
        "currency": "EUR",
        "rates": {"USD": Decimal("0.9187"), "JPY": Decimal("0.00611234")},
    }
    return Data(engine=engine, tables=world.sources, number=1, **(given | settings))


@pytest.fixture(scope="session", params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def data(request: pytest.FixtureRequest, world: World) -> Data:
    """The same files, opened on each engine."""
    return opened(request.getfixturevalue(request.param), world)


@pytest.fixture(scope="session")
def local(duckdb: DuckDB, world: World) -> Data:
    """The same files on DuckDB alone: for what differs in no word that only one engine has."""
    return opened(duckdb, world)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own")
