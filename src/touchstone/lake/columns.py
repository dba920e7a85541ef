"""How our column types are written in Delta tables."""

from __future__ import annotations

from collections.abc import Iterable

from deltalake import Field, Schema
from deltalake.schema import PrimitiveType

from touchstone.core.nouns import Column, Type

_DELTA: dict[Type, str] = {
    "text": "string",
    "number": "double",
    "integer": "long",
    "money": "decimal(18,4)",
    "time": "timestamp",
    "boolean": "boolean",
}
_OURS: dict[str, Type] = {delta: ours for ours, delta in _DELTA.items()}


def to_schema(columns: Iterable[Column]) -> Schema:
    """The Delta schema of `columns`; every column may be empty, because attributes come and go between files."""
    return Schema([to_field(column) for column in columns])


def to_field(column: Column) -> Field:
    """One nullable Delta field."""
    return Field(column.name, PrimitiveType(_DELTA[column.type]), nullable=True)


def from_schema(schema: Schema) -> tuple[Column, ...]:
    """Our columns from a Delta schema that `to_schema` wrote."""
    return tuple(Column(field.name, _OURS[field.type.type]) for field in schema.fields)
