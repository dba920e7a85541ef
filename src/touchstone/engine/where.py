"""Parsed conditions as filters on a table."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import ibis.expr.types as ir

from touchstone.core.errors import BadDefinition, UnknownName
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


def keep(table: Table, conditions: Sequence[Condition]) -> Table:
    """The rows of `table` for which every condition holds; a comparison with a missing value does not hold."""
    for condition in conditions:
        table = table.filter(holds(table, condition))
    return table


def holds(table: Table, condition: Condition) -> ir.BooleanValue:
    """`condition` as an expression over `table`.

    Attributes are kept as text; compared with a number they are read as numbers.
    """
    if condition.column not in table.columns:
        raise UnknownName.among("column", condition.column, table.columns)
    column = table[condition.column]
    match condition.operator:
        case "is null":
            return column.isnull()
        case "is not null":
            return column.notnull()
        case "starts with":
            return column.cast("string").startswith(str(condition.values[0]))
        case "not starts with":
            return ~column.cast("string").startswith(str(condition.values[0]))
        case "in" | "not in":
            values = [_comparable(column, value, condition) for value in condition.values]
            either = values[0][0] == values[0][1]
            for left, right in values[1:]:
                either |= left == right
            return either if condition.operator == "in" else ~either
        case _:
            left, right = _comparable(column, condition.values[0], condition)
            result: ir.BooleanValue = _COMPARE[condition.operator](left, right)
            return result


def _comparable(column: ir.Column, value: Value, condition: Condition) -> tuple[Any, Any]:
    if column.type().is_boolean():
        if not isinstance(value, bool):
            raise BadDefinition(f"Column '{condition.column}' is true or false, not '{value}'.")
        return column, value
    if isinstance(value, bool):
        return column.cast("string").lower(), str(value).lower()
    if column.type().is_timestamp():
        return column, _moment(value, condition)
    if isinstance(value, float):
        return (column.try_cast("float64") if column.type().is_string() else column), value
    if column.type().is_numeric():
        raise BadDefinition(f"Column '{condition.column}' holds numbers, and '{value}' is not one.")
    return column, value


def _moment(value: Value, condition: Condition) -> Any:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise BadDefinition(
            f"Column '{condition.column}' holds times, and '{value}' is not one.", hint="write 2017-03-31."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
