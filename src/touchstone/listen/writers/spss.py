"""Rows as an SPSS file (.sav), with names as SPSS allows them and labels that say what each column is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from touchstone.core.errors import Refused
from touchstone.listen.writers.names import spss_names
from touchstone.listen.writers.plain import as_text, moment

MOST_CELLS = 20_000_000  # the file is made in memory: about a gigabyte of it
LONGEST = 32_767  # bytes of a text
_EXACT = 2**53  # whole numbers up to it are exact in SPSS, where every number is a double
_YES_NO = {1.0: "yes", 0.0: "no"}


def write_spss(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], title: str) -> None:
    """An SPSS file; yes/no columns are 1 and 0 with value labels, times are dates in UTC where SPSS can hold them.

    The original name of a column is its label where SPSS needed another one. A missing text is an empty one, because
    SPSS knows no other. Raises Refused where the rows are more than memory should take, or a text is too long.
    """
    import pyreadstat  # these two take half a second
    from pandas import DataFrame

    names = spss_names(schema.names)
    columns = _columns(schema, batches)
    series = {name: _values(column, field) for name, column, field in zip(names, columns, schema, strict=True)}
    yes_no = [name for name, field in zip(names, schema, strict=True) if pa.types.is_boolean(field.type)]
    pyreadstat.write_sav(
        DataFrame(series, columns=list(names)),
        str(path),
        file_label=f"{title}, exported by Touchstone",
        column_labels=dict(zip(names, map(_label, names, schema), strict=True)),
        variable_value_labels=dict.fromkeys(yes_no, _YES_NO),
        row_compress=True,
    )


def _label(name: str, field: pa.Field) -> str:
    if name != field.name:
        return str(field.name)
    words = name.replace("_", " ")
    return f"{words} (UTC)" if pa.types.is_timestamp(field.type) else words


def _columns(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> list[pa.ChunkedArray]:
    kept, cells = [], 0
    for batch in batches:
        kept.append(batch)
        cells += batch.num_rows * batch.num_columns
        if cells > MOST_CELLS:
            raise Refused(
                f"An SPSS file is made in memory, and these are more than {MOST_CELLS:,} cells.",
                hint="choose rows with --where or columns with --columns, or export as Parquet or CSV.",
            )
    return list(pa.Table.from_batches(kept, schema=schema).columns)


def _values(column: pa.ChunkedArray, field: pa.Field) -> Any:
    """The values of a column as the writer takes them; numbers and times that SPSS would change become texts."""
    from pandas import Series

    kind, values = field.type, column.to_pylist()
    if pa.types.is_boolean(kind) or pa.types.is_floating(kind):
        return Series([None if value is None else float(value) for value in values], dtype="float64")
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        if all(value is None or _exact(value) for value in values):
            return Series([None if value is None else float(value) for value in values], dtype="float64")
        return _texts([None if value is None else format(value, "f") for value in values], field.name)
    if pa.types.is_timestamp(kind):
        if all(value is None or value.microsecond == 0 for value in values):
            return Series([_wall(value) for value in values], dtype="datetime64[us]")
        return _texts([None if value is None else moment(value) for value in values], field.name)
    return _texts([text for chunk in column.chunks for text in as_text(chunk).to_pylist()], field.name)


def _exact(value: Any) -> bool:
    """Whether a double is the number, to the last digit."""
    return (
        abs(value) <= _EXACT if isinstance(value, int) else len(format(value, "f").strip("-0").replace(".", "")) <= 15
    )


def _wall(value: datetime | None) -> datetime | None:
    return value.astimezone(UTC).replace(tzinfo=None) if value else None


def _texts(values: Sequence[str | None], name: str) -> Any:
    from pandas import Series

    for value in values:
        if value and len(value) > LONGEST // 4 and len(value.encode()) > LONGEST:
            raise Refused(
                f"'{name}' has a text of more than {LONGEST:,} bytes, which SPSS does not hold.",
                hint="export as CSV or Parquet, or leave the column out with --columns.",
            )
    return Series(["" if value is None else value for value in values], dtype="object")
