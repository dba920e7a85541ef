"""Text from a file as typed values, with the reason wherever a text is not one. DuckDB only: files are read there."""

from __future__ import annotations

from typing import Any

import ibis

from touchstone.core.mapping import Take
from touchstone.core.nouns import Column, Type
from touchstone.engine.times import local, utc

_MISSING = (
    "",
    "na",
    "n/a",
    "null",
    "nan",
    "-",
    "--",
)  # as words in a column of numbers, times or yes/no; never in text
_YES = ("true", "t", "yes", "y", "1", "1.0", "x")
_NO = ("false", "f", "no", "n", "0", "0.0")
_ZONED = r"\d(Z|z|\s?[+-]\d{2}(:?\d{2})?)$"
_EPOCHS = (("epoch",), ("epoch_ms",))
_COMPLAINTS: dict[Type, str] = {
    "number": "is not a number",
    "integer": "is not a whole number",
    "money": "is not an amount of money",
    "time": "is not a date or time",
    "boolean": "is neither yes nor no",
}
_SPREADSHEET_NUMBER = r"^([A-Za-z]{0,3}-?\d+)\.0+$"


@ibis.udf.scalar.builtin(name="try_strptime", signature=(("string", "array<string>"), "timestamp"))
def _try_strptime(text: Any, formats: Any) -> Any:
    """DuckDB's try_strptime(text, [formats])."""


@ibis.udf.scalar.builtin(name="to_timestamp", signature=(("float64",), "timestamp('UTC')"))
def _to_timestamp(seconds: Any) -> Any:
    """DuckDB's to_timestamp(seconds since 1970)."""


def cleaned(text: Any, column: Column) -> Any:
    """`text` without the words that stand for nothing in a column of numbers, times or yes/no."""
    if column.type == "text":
        return text
    return text.lower().isin(_MISSING).ifelse(ibis.null("string"), text)


def wall_clock(text: Any, take: Take) -> Any:
    """The date and time written in `text`, without a zone."""
    written = text.try_cast("timestamp")
    return ibis.coalesce(_try_strptime(text, ibis.array(list(take.format))), written) if take.format else written


def value(text: Any, column: Column, take: Take, *, wall: Any, zone: str) -> Any:
    """`text` as the type of `column`; null where it is none. `wall` is its wall clock in `zone`, for times."""
    if column.type == "text":
        return text
    if column.type == "time":
        return _moment(text, take, wall, zone)
    if column.type == "boolean":
        return ibis.cases((text.lower().isin(_YES), True), (text.lower().isin(_NO), False))
    if column.type == "money":
        return number_text(text, take).try_cast("decimal(18,4)")
    return _number(number_text(text, take), column)


def reason(text: Any, value: Any, column: Column) -> Any:
    """Why the row cannot be taken, null where it can; None for a column that takes everything."""
    branches = []
    if column.type != "text":
        branches.append((text.notnull() & value.isnull(), _COMPLAINTS[column.type]))
    if column.lowest is not None:
        branches.append((value < column.lowest, f"is below {column.lowest:g}, which cannot be"))
    if column.required:
        branches.append((value.isnull(), "is missing"))
    return ibis.cases(*branches, else_=ibis.null("string")) if branches else None


def shifted(text: Any, value: Any, take: Take, *, wall: Any, zone: str) -> Any:
    """Whether a clock change skipped this wall clock or gave it twice; None where that cannot be."""
    if zone == "UTC" or take.format[:1] in _EPOCHS:
        return None
    skipped = local(value, zone, "duckdb") != wall
    doubled = local(value + ibis.interval(hours=1), zone, "duckdb") == wall
    return ~text.re_search(_ZONED) & (skipped | doubled)


def number_text(text: Any, take: Take) -> Any:
    """`text` without currency signs, spaces and thousands marks, and with a decimal point."""
    bare = text.re_replace(r"[\s\x{A0}€$£¥%']", "")
    if take.decimal == ",":
        return bare.replace(".", "").replace(",", ".")
    grouped = bare.re_search(r"^-?\d{1,3}(,\d{3})+(\.\d+)?$")
    return grouped.ifelse(bare.replace(",", ""), bare)


def identifier_text(text: Any) -> Any:
    """An id without the `.0` that a spreadsheet gave it."""
    return text.re_replace(_SPREADSHEET_NUMBER, r"\1")


def _number(text: Any, column: Column) -> Any:
    plain = text.re_search(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$").ifelse(text, ibis.null("string"))
    value = plain.try_cast("float64")
    value = value.isinf().ifelse(ibis.null("float64"), value)
    if column.type == "integer":
        return (value == value.floor()).ifelse(value, ibis.null("float64")).try_cast("int64")
    return value


def _moment(text: Any, take: Take, wall: Any, zone: str) -> Any:
    if take.format[:1] in _EPOCHS:
        seconds = text.try_cast("float64")
        return _to_timestamp(seconds / 1000 if take.format[0] == "epoch_ms" else seconds)
    if zone == "UTC" and not take.format:
        return text.try_cast("timestamp('UTC')")
    later = utc(wall, zone)
    earlier = later - ibis.interval(hours=1)
    # in the doubled hour the engine takes the second reading; we take the first, always and everywhere
    moment = later if zone == "UTC" else (local(earlier, zone, "duckdb") == wall).ifelse(earlier, later)
    return text.re_search(_ZONED).ifelse(text.try_cast("timestamp('UTC')"), moment)
