"""The engines: DuckDB inside the process, or Spark. Everything else says `Table` and neither name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import ibis
import pyarrow as pa
from ibis.expr.types import Table as Table

from touchstone.core.nouns import Column, Type

EngineName = Literal["duckdb", "pyspark"]

MEMORY = "1200MB"  # two-level sums over 20 million rows are no slower than with more

_SQL_TYPES: dict[EngineName, dict[Type, str]] = {
    "duckdb": {
        "text": "VARCHAR",
        "number": "DOUBLE",
        "integer": "BIGINT",
        "money": "DECIMAL(18,4)",
        "time": "TIMESTAMPTZ",
        "boolean": "BOOLEAN",
    },
    "pyspark": {
        "text": "STRING",
        "number": "DOUBLE",
        "integer": "BIGINT",
        "money": "DECIMAL(18,4)",
        "time": "TIMESTAMP",
        "boolean": "BOOLEAN",
    },
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """The rows of one query, and the SQL that gives them again by hand."""

    rows: list[dict[str, Any]]
    sql: str


class Engine(ABC):
    """One connection to an engine. Not for sharing between threads: open one in each."""

    name: EngineName

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    @abstractmethod
    def view(self, name: str, files: Sequence[str], columns: Sequence[Column]) -> Table:
        """The rows of the Parquet `files` as a table called `name`; without files a typed, empty one."""

    def fetch(self, query: Table) -> Fetched:
        """Run `query` and bring its (few) rows here."""
        return Fetched(self.to_arrow(query).to_pylist(), self.sql(query))

    def to_arrow(self, query: Table) -> pa.Table:
        """Run `query` and bring its rows here as one Arrow table."""
        return self.connection.to_pyarrow(query)

    def sql(self, query: Table) -> str:
        """The SQL of `query`, as this engine reads it."""
        return str(ibis.to_sql(query, dialect=self.name))

    @abstractmethod
    def keep(self, query: Table) -> Table:
        """`query` run once, its rows kept inside the engine until the connection is closed or `drop` is called."""

    @abstractmethod
    def drop(self, kept: Table) -> None:
        """Give back the room of a table that `keep` made."""

    @contextmanager
    def kept(self, query: Table) -> Iterator[Table]:
        """`query` run once and its rows kept inside the engine for the time of the block."""
        table = self.keep(query)
        try:
            yield table
        finally:
            self.drop(table)

    def _empty_view_sql(self, name: str, columns: Sequence[Column]) -> str:
        types = _SQL_TYPES[self.name]
        quote = '"' if self.name == "duckdb" else "`"
        nulls = ", ".join(
            f"CAST(NULL AS {types[column.type]}) AS {quote}{column.name.replace(quote, quote * 2)}{quote}"
            for column in columns
        )
        return f"CREATE OR REPLACE TEMPORARY VIEW {quote}{name}{quote} AS SELECT {nulls} WHERE 1 = 0"


class DuckDB(Engine):
    """DuckDB inside this process, with bounded memory that spills to `scratch`."""

    name: EngineName = "duckdb"

    def __init__(self, scratch: Path, *, memory: str = MEMORY, threads: int | None = None) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        settings: dict[str, Any] = {
            "memory_limit": memory,
            "temp_directory": str(scratch),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        if threads:
            settings["threads"] = threads
        super().__init__(ibis.duckdb.connect(**settings))
        self.run("SET TimeZone = 'UTC'")

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one statement that Ibis has no words for (reading and writing files)."""
        rows: list[tuple[Any, ...]] = self.connection.raw_sql(sql).fetchall()
        return rows

    def close(self) -> None:
        """Give back the memory and the files in `scratch`."""
        self.connection.disconnect()

    def view(self, name: str, files: Sequence[str], columns: Sequence[Column]) -> Table:
        if files:
            listed = ", ".join(literal(file) for file in files)
            source = f"SELECT * FROM read_parquet([{listed}], union_by_name = true)"
            self.run(f"CREATE OR REPLACE TEMPORARY VIEW {identifier(name)} AS {source}")
        else:
            self.run(self._empty_view_sql(name, columns))
        return self.connection.table(name)

    def keep(self, query: Table) -> Table:
        name = fresh_name("kept")
        self.run(f"CREATE TEMPORARY TABLE {identifier(name)} AS {self.sql(query)}")
        return self.connection.table(name)

    def drop(self, kept: Table) -> None:
        self.run(f"DROP TABLE {identifier(kept.get_name())}")

    def given(self, rows: pa.Table) -> Table:
        """A few rows that were made here, as a table inside the engine."""
        name = fresh_name("given")
        self.connection.con.register(name, rows)
        return self.connection.table(name)

    def write_parquet(self, query: Table, path: Path, columns: Sequence[Column]) -> int:
        """Write `columns` of `query` to a new Parquet file in their types and say how many rows they were.

        The types are written out because the engine gives a literal the narrowest type that holds it.
        """
        types = _SQL_TYPES[self.name]
        casts = ", ".join(f"CAST({identifier(c.name)} AS {types[c.type]}) AS {identifier(c.name)}" for c in columns)
        sql = (
            f"COPY (SELECT {casts} FROM ({self.sql(query)})) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
        )
        return int(self.run(sql)[0][0])


class Spark(Engine):
    """An existing Spark session."""

    name: EngineName = "pyspark"

    def __init__(self, session: Any) -> None:
        session.conf.set("spark.sql.session.timeZone", "UTC")
        super().__init__(ibis.pyspark.connect(session))
        self.session = session

    def keep(self, query: Table) -> Table:
        name = fresh_name("kept")
        rows = self.session.sql(self.sql(query)).persist()
        rows.count()  # persisting is lazy
        rows.createOrReplaceTempView(name)
        return self.connection.table(name)

    def drop(self, kept: Table) -> None:
        self.session.table(kept.get_name()).unpersist()
        self.session.catalog.dropTempView(kept.get_name())

    def view(self, name: str, files: Sequence[str], columns: Sequence[Column]) -> Table:
        if files:
            # Ibis' own reader raises on a list of files here
            rows = self.session.read.option("mergeSchema", True).parquet(*files)
            rows.createOrReplaceTempView(name)
        else:
            self.connection.raw_sql(self._empty_view_sql(name, columns))
        return self.connection.table(name)


def identifier(name: str) -> str:
    """`name` quoted as DuckDB quotes names."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` quoted as SQL quotes text."""
    return "'" + text.replace("'", "''") + "'"


def fresh_name(stem: str) -> str:
    """A table name nobody else in this connection has."""
    return f"{stem}_{uuid4().hex[:12]}"
