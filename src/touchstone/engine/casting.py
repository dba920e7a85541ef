"""Text from a file as typed values, with the reason wherever a text is not one. DuckDB only: files are read there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from touchstone.core.mapping import Take
from touchstone.core.nouns import Column
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
_SPREADSHEET_NUMBER = r"^([A-Za-z]{0,3}-?\d+)\.0+$"


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed expression, the text it came from, and the reason (null where there is none) it could not be taken."""

    value: Any
    text: Any
    reason: Any
    shifted: Any  # true where a clock change made the wall time ambiguous or skipped; None where that cannot be


@ibis.udf.scalar.builtin(name="try_strptime", signature=(("string", "array<string>"), "timestamp"))
def _try_strptime(text: Any, formats: Any) -> Any:
    """DuckDB's try_strptime(text, [formats])."""


@ibis.udf.scalar.builtin(name="to_timestamp", signature=(("float64",), "timestamp('UTC')"))
def _to_timestamp(seconds: Any) -> Any:
    """DuckDB's to_timestamp(seconds since 1970)."""


def typed(text: ir.StringValue, column: Column, take: Take, zone: str) -> Typed:
    """`text` (trimmed, null where empty) as the type of `column`, following `take`; wall clocks are in `zone`."""
    if column.type == "text":
        return Typed(text, text, _required(text, column), None)
    text = text.lower().isin(_MISSING).ifelse(ibis.null("string"), text)
    shifted = None
    if column.type == "time":
        value, shifted = _time(text, take, zone)
        complaint = "is not a date or time"
    elif column.type == "boolean":
        value = ibis.cases((text.lower().isin(_YES), True), (text.lower().isin(_NO), False))
        complaint = "is neither yes nor no"
    elif column.type == "money":
        value, complaint = number_text(text, take).try_cast("decimal(18,4)"), "is not an amount of money"
    else:
        value, complaint = _number(number_text(text, take), column), _complaint(column)
    reason = _reason(text, value, column, complaint)
    return Typed(value, text, reason, shifted)


def number_text(text: ir.StringValue, take: Take) -> ir.StringValue:
    """`text` without currency signs, spaces and thousands marks, and with a decimal point."""
    bare = text.re_replace(r"[\s\x{A0}€$£¥%']", "")
    if take.decimal == ",":
        return bare.replace(".", "").replace(",", ".")
    grouped = bare.re_search(r"^-?\d{1,3}(,\d{3})+(\.\d+)?$")
    return grouped.ifelse(bare.replace(",", ""), bare)


def identifier_text(text: ir.StringValue) -> ir.StringValue:
    """An id without the `.0` that a spreadsheet gave it."""
    return text.re_replace(_SPREADSHEET_NUMBER, r"\1")


def _complaint(column: Column) -> str:
    return "is not a whole number" if column.type == "integer" else "is not a number"


def _number(text: ir.StringValue, column: Column) -> Any:
    plain = text.re_search(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$").ifelse(text, ibis.null("string"))
    value = plain.try_cast("float64")
    value = value.isinf().ifelse(ibis.null("float64"), value)
    if column.type == "integer":
        return (value == value.floor()).ifelse(value, ibis.null("float64")).try_cast("int64")
    return value


def _time(text: ir.StringValue, take: Take, zone: str) -> tuple[Any, Any]:
    if take.format[:1] in (("epoch",), ("epoch_ms",)):
        seconds = text.try_cast("float64")
        return _to_timestamp(seconds / 1000 if take.format[0] == "epoch_ms" else seconds), None
    if zone == "UTC" and not take.format:
        return text.try_cast("timestamp('UTC')"), None
    wall = text.try_cast("timestamp")
    if take.format:
        wall = ibis.coalesce(_try_strptime(text, ibis.array(list(take.format))), wall)
    zoned = text.re_search(_ZONED)
    later = utc(wall, zone)
    earlier = later - ibis.interval(hours=1)
    # in the doubled hour the engine takes the second reading; we take the first, always and everywhere
    doubled = local(earlier, zone, "duckdb") == wall
    skipped = local(later, zone, "duckdb") != wall
    moment = doubled.ifelse(earlier, later)
    value = zoned.ifelse(text.try_cast("timestamp('UTC')"), moment)
    return value, ~zoned & (doubled | skipped)


def _reason(text: Any, value: Any, column: Column, complaint: str) -> Any:
    unreadable = text.notnull() & value.isnull()
    branches = [(unreadable, complaint)]
    if column.lowest is not None:
        branches.append((value < column.lowest, f"is below {column.lowest:g}, which cannot be"))
    if column.required:
        branches.append((value.isnull(), "is missing"))
    return ibis.cases(*branches, else_=ibis.null("string"))


def _required(text: Any, column: Column) -> Any:
    if not column.required:
        return None
    return text.isnull().ifelse(ibis.literal("is missing"), ibis.null("string"))
