"""Parsed conditions as filters on a table."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.period import Period
from touchstone.core.where import Condition, Value
from touchstone.engine.connect import Table

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_NUMBER = r"^[ ]*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?[ ]*$"


def keep(table: Table, conditions: Sequence[Condition], *, zone: str = "UTC") -> Table:
    """The rows of `table` for which every condition holds; a comparison with a missing value does not hold."""
    for condition in conditions:
        table = table.filter(holds(table, condition, zone=zone))
    return table


def holds(table: Table, condition: Condition, *, zone: str = "UTC") -> ir.BooleanValue:
    """`condition` as an expression over `table`; null where a value is missing.

    Attributes are kept as text; compared with a number they are read as numbers. A time is compared with a period of
    the calendar (2017, 2017-Q3, 2017-03-31) as it lies in `zone`: `=` is within it, `>` after it has ended; or with a
    moment (2017-03-31T22:30), in `zone` unless it names another.
    """
    if condition.column not in table.columns:
        raise UnknownName.among("column", condition.column, table.columns)
    column = table[condition.column]
    match condition.operator:
        case "is null":
            return column.isnull()
        case "is not null":
            return column.notnull()
        case "starts with" | "not starts with":
            starts = _text(column, condition).startswith(_written(condition.values[0]))
            return starts if condition.operator == "starts with" else ~starts
        case "in" | "not in":
            either = reduce(operator.or_, (_compared(column, "=", v, condition, zone) for v in condition.values))
            return either if condition.operator == "in" else ~either
        case _:
            return _compared(column, condition.operator, condition.values[0], condition, zone)


def number_in(text: Any) -> Any:
    """The number that a text is, else null.

    Engines disagree about what else they take for one: 1_000 and nan on DuckDB, 12d on Spark.
    """
    return text.re_search(_NUMBER).ifelse(text, ibis.null("string")).try_cast("float64")


def _compared(column: ir.Column, sign: str, value: Value, condition: Condition, zone: str) -> Any:
    if column.type().is_timestamp():
        return _timed(column, sign, value, condition, zone)
    left, right = _comparable(column, value, condition)
    return _COMPARE[sign](left, right)


def _comparable(column: ir.Column, value: Value, condition: Condition) -> tuple[Any, Any]:
    kind = column.type()
    if kind.is_boolean():
        if not isinstance(value, bool):
            raise BadDefinition(f"Column '{condition.column}' is true or false, not '{_written(value)}'.")
        return column, value
    if kind.is_numeric():
        if isinstance(value, bool) or not isinstance(value, float):
            raise BadDefinition(f"Column '{condition.column}' holds numbers, and '{_written(value)}' is not one.")
        return column, value
    if isinstance(value, bool):
        return column.lower(), _written(value)
    return (number_in(column) if isinstance(value, float) else column), value


def _text(column: ir.Column, condition: Condition) -> Any:
    if not column.type().is_string():
        raise BadDefinition(
            f"Column '{condition.column}' is no text, so it starts with nothing.",
            hint=f"compare it: {condition.column} >= …",
        )
    return column


def _timed(column: ir.Column, sign: str, value: Value, condition: Condition, zone: str) -> Any:
    start, end = _span(value, condition, zone)
    if sign in {"=", "!="}:
        within = (column == start) if end is None else (column >= start) & (column < end)
        return within if sign == "=" else ~within
    if end is None:
        return _COMPARE[sign](column, start)
    # at or before a day is before its end, after a day is from its end on
    return column < (end if sign == "<=" else start) if sign[0] == "<" else column >= (end if sign == ">" else start)


def _span(value: Value, condition: Condition, zone: str) -> tuple[Any, Any]:
    """The period that `value` names, from and up to; or the moment, and None."""
    text = _written(value)
    try:
        period = Period.parse(text)
    except BadDefinition:
        return _literal(_moment(text, condition, zone)), None
    days = (period.start, period.end)
    first, last = (datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) for day in days)
    return _literal(first), _literal(last)


def _literal(moment: datetime) -> Any:
    return ibis.literal(moment.astimezone(UTC)).cast("timestamp('UTC')")


def _moment(text: str, condition: Condition, zone: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadDefinition(
            f"Column '{condition.column}' holds times, and '{text}' is not one.",
            hint="write a period (2017, 2017-03, 2017-03-31) or a moment (2017-03-31T22:30).",
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))


def _written(value: Value) -> str:
    """A value as it was written: 2017, not 2017.0."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, float) else value
