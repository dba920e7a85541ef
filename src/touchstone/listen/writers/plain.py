"""Rows as CSV, as JSON lines and as Parquet: formats that take any number of rows, batch after batch."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from touchstone.listen.neutral import neutral, neutral_column

_BOM = b"\xef\xbb\xbf"  # without it Excel reads UTF-8 as the code page of the country
_LISTED = "; "


def write_csv(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], title: str) -> None:
    """Comma-separated UTF-8 with a header; times in UTC, texts that begin like formulas with a leading apostrophe."""
    written = pa.schema([(neutral(field.name), _csv_type(field.type)) for field in schema])
    with path.open("wb") as file:
        file.write(_BOM)
        with csv.CSVWriter(file, written) as writer:
            for batch in batches:
                columns = [_csv_column(column) for column in batch.columns]
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=written))


def write_json_lines(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], title: str) -> None:
    """One JSON object per line, all with the same keys; times in UTC, money as text so that no digit is lost."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for batch in batches:
            file.writelines(
                json.dumps(row, ensure_ascii=False, default=json_value, allow_nan=False) + "\n"
                for row in batch.to_pylist()
            )


def write_parquet(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], title: str) -> None:
    """Parquet with the types of the table."""
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)


def as_text(column: pa.Array) -> pa.Array:
    """A column of texts without NULs, which no reader of such files keeps; the parts of a list are joined."""
    texts = pc.binary_join(column, _LISTED) if pa.types.is_list(column.type) else column
    return pc.replace_substring(texts, "\0", "") if pa.types.is_string(texts.type) else texts


def moment(time: datetime) -> str:
    """A time in UTC as ISO text, with as many digits of the second as it has."""
    return time.isoformat().replace("+00:00", "Z")


def json_value(value: Any) -> str:
    """What JSON has no form for."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _csv_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_list(kind) else kind


def _csv_column(column: pa.Array) -> pa.Array:
    texts = as_text(column)
    return neutral_column(texts) if pa.types.is_string(texts.type) else texts
