"""A company small enough to recount by hand, imported into a workspace as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from touchstone.core.nouns import NOUNS, Column
from touchstone.engine.connect import DuckDB
from touchstone.engine.data import Data, TableSource

_ARROW = {
    "text": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "money": pa.decimal128(18, 4),
    "time": pa.timestamp("us", tz="UTC"),
    "boolean": pa.bool_(),
}
Rows = Sequence[dict[str, Any]]


@dataclass
class Company:
    """Tables as lists of dictionaries; `data` opens them as an import would have left them."""

    folder: Path
    engine: DuckDB

    def data(self, **tables: Iterable[dict[str, Any]]) -> Data:
        sources = {name: self._source(name, list(rows)) for name, rows in tables.items()}
        return Data(engine=self.engine, tables=sources, number=1, zone="Europe/Berlin")

    def _source(self, name: str, rows: Rows) -> TableSource:
        noun = NOUNS[name]
        own = dict.fromkeys(key for row in rows for key in row if key not in noun.column_names)
        columns = [*noun.columns, *(Column(key) for key in own)]
        arrays = {
            column.name: pa.array([row.get(column.name) for row in rows], _ARROW[column.type]) for column in columns
        }
        path = self.folder / f"{name}-{len(list(self.folder.iterdir()))}.parquet"
        pq.write_table(pa.table(arrays), path)
        return TableSource((str(path),), tuple(columns))


def answers(
    scores: Sequence[float | None], *, metric: str = "nps", start: int = 0, **columns: Any
) -> list[dict[str, Any]]:
    """One answer per score, each of a customer of its own unless `customer_id` says otherwise.

    A column is one value for all, or a function of the place of the answer.
    """
    rows = []
    for place, score in enumerate(scores, start):
        row: dict[str, Any] = {
            "answer_id": f"{metric}{place}",
            "submission_id": f"s{place}",
            "question_id": metric,
            "customer_id": f"c{place}",
            "kind": "relationship",
            "metric": metric,
            "score": score,
            "answered_at": datetime(2017, 1, 15, 12, tzinfo=UTC),
        }
        rows.append(row | {key: value(place) if callable(value) else value for key, value in columns.items()})
    return rows


def at(text: str) -> datetime:
    """A wall clock in Berlin as a moment."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


def days(number: float) -> timedelta:
    return timedelta(days=number)
