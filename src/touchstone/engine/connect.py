"""The engines: DuckDB inside the process, or Spark. Everything else says `Table` and neither name."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import duckdb
import ibis
import ibis.expr.operations as ops
import pyarrow as pa
from ibis.expr.types import Table as Table

from touchstone.core.errors import Refused
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


_TYPES: dict[Type, str] = {
    "text": "string",
    "number": "float64",
    "integer": "int64",
    "money": "decimal(18, 4)",
    "time": "timestamp('UTC', 6)",
    "boolean": "boolean",
}
_QUOTES: dict[EngineName, str] = {"duckdb": '"', "pyspark": "`"}


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
        self._views: dict[tuple[str, Sequence[str], Sequence[Column]], str] = {}
        self._numbers = count(1)

    def view(self, name: str, files: Sequence[str], columns: Sequence[Column]) -> Table:
        """The rows of the Parquet `files` with exactly `columns` in their types; without files a typed, empty table.

        A column that a file does not have is null there. The table is called `name`, or by a fresh name where that
        one stands for other files: two import numbers can be read side by side.
        """
        source = (name, tuple(files), tuple(columns))
        if source not in self._views:
            taken = name in self._views.values()
            self._views[source] = fresh_name(name) if taken else name
        name = self._views[source]
        self._create_view(name, files, columns)
        return self._table(name, ibis.schema({column.name: _TYPES[column.type] for column in columns}))

    def _table(self, name: str, schema: ibis.Schema) -> Table:
        """The view or table `name`, whose columns have these types."""
        # Spark's own word for a moment has no zone, so that Ibis would take it for the clock on a wall
        return ops.DatabaseTable(name, schema=schema, source=self.connection).to_expr()

    @abstractmethod
    def _create_view(self, name: str, files: Sequence[str], columns: Sequence[Column]) -> None:
        """Make the view that `view` gives."""

    def fetch(self, query: Table) -> Fetched:
        """Run `query` and bring its (few) rows here."""
        sql = self.sql(query)  # writing it out costs more than running it on little data: once is enough
        return Fetched(self._typed(query, sql).to_pylist(), sql)

    def to_arrow(self, query: Table) -> pa.Table:
        """Run `query` and bring its rows here as one Arrow table, with the types that the query promises."""
        return self._typed(query, self.sql(query))

    def batches(self, query: Table, rows: int = 50_000) -> Iterator[pa.RecordBatch]:
        """Run `query` and bring its rows here in parts of about `rows`, with the types that the query promises.

        For rows that leave for a file: DuckDB keeps one part at a time here, Spark brings all and gives them in parts.
        """
        schema = query.schema().to_pyarrow()
        for batch in self._parts(self.sql(query), rows):
            yield batch.cast(schema)

    @abstractmethod
    def _parts(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Run SQL of this engine, its rows one part after the other."""

    def _typed(self, query: Table, sql: str) -> pa.Table:
        return self._rows(sql).cast(query.schema().to_pyarrow())

    @abstractmethod
    def _rows(self, sql: str) -> pa.Table:
        """Run SQL of this engine; its types are the engine's own (a sum of whole numbers may be a decimal)."""

    def sql(self, query: Table) -> str:
        """The SQL of `query`, as this engine reads it."""
        return str(ibis.to_sql(query, dialect=self.name))

    @abstractmethod
    def keep(self, query: Table) -> Table:
        """`query` run once, its rows kept inside the engine until the connection is closed or `drop` is called."""

    def _kept_name(self) -> str:
        """A name that no other table of this connection has, and that the next run of the program gives again."""
        return f"kept_{next(self._numbers)}"

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

    def _selected(self, columns: Sequence[Column], present: Collection[str]) -> str:
        """`columns` as a list for SELECT, each in its type; one that is not `present` as nulls."""
        types, quote = _SQL_TYPES[self.name], _QUOTES[self.name]
        parts = []
        for column in columns:
            name = quote + column.name.replace(quote, quote * 2) + quote
            parts.append(f"CAST({name if column.name in present else 'NULL'} AS {types[column.type]}) AS {name}")
        return ", ".join(parts)


class DuckDB(Engine):
    """DuckDB inside this process, with bounded memory that spills to `scratch`."""

    name: EngineName = "duckdb"

    def __init__(self, scratch: Path, *, memory: str = MEMORY, threads: int | None = None) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self._scratch, self._set_down = scratch, list[Path]()
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
        self.run("SET enable_progress_bar = false")  # commands draw their own

    def _rows(self, sql: str) -> pa.Table:
        return self.connection.con.sql(sql).to_arrow_table()

    def _parts(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        yield from self.connection.con.sql(sql).to_arrow_reader(rows)

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one statement that Ibis has no words for (reading and writing files)."""
        try:
            rows: list[tuple[Any, ...]] = self.connection.raw_sql(sql).fetchall()
        except duckdb.IOException as error:  # a full disk, a file that is gone
            raise Refused(
                f"A file could not be read or written: {str(error).splitlines()[0]}.",
                hint="make room on the disk, and do it again: nothing was half written.",
            ) from error
        return rows

    def set_down(self, query: str, *, numbered: bool = False) -> str:
        """The rows of `query`, computed once, in a file of `scratch` until the engine is closed; the name of a view.

        A file is read again in less time than a temporary table, and fills no memory. `numbered` rows bring their
        place, from 1 on, as `_row`.
        """
        name = fresh_name("set_down")
        path = self._scratch / f"{name}.parquet"
        self._set_down.append(path)
        self.run(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION lz4)")
        rows, columns = parquet(path), "*"
        if numbered:
            present = {str(row[0]).casefold() for row in self.run(f"DESCRIBE SELECT * FROM {rows}")}
            counted = "row_number() OVER ()"
            if "file_row_number" not in present:  # what a column of the file hides, the engine counts again
                rows, counted = parquet(path, numbered=True), "file_row_number + 1"
                columns = "* EXCLUDE (file_row_number)"
            columns += f", {counted} AS _row"
        self.run(f"CREATE TEMPORARY VIEW {name} AS SELECT {columns} FROM {rows}")
        return name

    def close(self) -> None:
        """Give back the memory and the files in `scratch`."""
        self.connection.disconnect()
        for path in self._set_down:
            path.unlink(missing_ok=True)

    def _create_view(self, name: str, files: Sequence[str], columns: Sequence[Column]) -> None:
        rows = f"SELECT {self._selected(columns, ())} WHERE false"
        if files:
            source = parquet(*files)
            present = {str(row[0]) for row in self.run(f"DESCRIBE SELECT * FROM {source}")}
            rows = f"SELECT {self._selected(columns, present)} FROM {source}"
        self.run(f"CREATE OR REPLACE TEMPORARY VIEW {identifier(name)} AS {rows}")

    def keep(self, query: Table) -> Table:
        name = self._kept_name()
        self.run(f"CREATE TEMPORARY TABLE {identifier(name)} AS {self.sql(query)}")
        return self.connection.table(name)

    def drop(self, kept: Table) -> None:
        self.run(f"DROP TABLE {identifier(kept.get_name())}")

    def insert(self, name: str, rows: pa.Table) -> None:
        """Add `rows` to the table `name`, whose columns are the same."""
        given = fresh_name("given")
        self.connection.con.register(given, rows)
        self.run(f"INSERT INTO {identifier(name)} SELECT * FROM {given}")
        self.connection.con.unregister(given)

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
    """A Spark session of its own beside the one given: same executors and cache, own settings and views."""

    name: EngineName = "pyspark"

    def __init__(self, session: Any) -> None:
        own = session.newSession()
        own.conf.set("spark.sql.session.timeZone", "UTC")
        super().__init__(ibis.pyspark.connect(own))
        self.session = own

    def _rows(self, sql: str) -> pa.Table:
        # Ibis goes through pandas here, which loses the zone of times and makes floats of whole numbers with gaps
        return self.session.sql(sql).toArrow()

    def _parts(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        # a session's own iterator over rows gives times without their zone
        yield from self._rows(sql).to_batches(max_chunksize=rows)

    def keep(self, query: Table) -> Table:
        name = self._kept_name()
        # a cached query brings along all it was made from, which grows without end where tables are made of tables
        rows = self.session.sql(self.sql(query)).localCheckpoint(eager=True)
        rows.createOrReplaceTempView(name)
        return self._table(name, query.schema())

    def drop(self, kept: Table) -> None:
        self.session.catalog.dropTempView(kept.get_name())

    def _create_view(self, name: str, files: Sequence[str], columns: Sequence[Column]) -> None:
        if not files:
            nothing = f"SELECT {self._selected(columns, ())} WHERE 1 = 0"
            self.connection.raw_sql(f"CREATE OR REPLACE TEMPORARY VIEW `{name}` AS {nothing}")
            return
        # the schema is told, so that no file is opened to find it; Ibis' own reader raises on a list of files
        types = _SQL_TYPES[self.name]
        schema = ", ".join(f"`{column.name.replace('`', '``')}` {types[column.type]}" for column in columns)
        rows = self.session.read.schema(schema).parquet(*map(_unglobbed, files))
        rows.createOrReplaceTempView(name)


def _unglobbed(path: str) -> str:
    """`path` with the marks that Hadoop reads as patterns escaped, so that it names one file."""
    return re.sub(r"([\\\[\]{}*?])", r"\\\1", path)


def identifier(name: str) -> str:
    """`name` quoted as DuckDB quotes names."""
    return '"' + name.replace('"', '""') + '"'


def parquet(first: str | Path, *more: str | Path, numbered: bool = False) -> str:
    """Parquet files as a table of DuckDB, their columns by name.

    Folders called `year=2024` above a workspace say nothing of its rows: the engine would put that into every one.
    """
    listed = ", ".join(literal(str(file)) for file in (first, *more))
    place = ", file_row_number = true" if numbered else ""
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false{place})"


def literal(text: str) -> str:
    """`text` quoted as SQL quotes text."""
    return "'" + text.replace("'", "''") + "'"


def fresh_name(stem: str) -> str:
    """A table name nobody else in this connection has."""
    return f"{stem}_{uuid4().hex[:12]}"
