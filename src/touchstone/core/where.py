"""Conditions people write: `COLUMN OP VALUE` joined by `and`. Parsed to data, never to SQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from touchstone.core.errors import BadDefinition

Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=", "in", "not in", "is null", "is not null", "starts with", "not starts with"
]
Value = str | float | bool

_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"[^"]*")|(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?(?![\w.:-]))"""
    r"""|(?P<op><=|>=|!=|<>|==|=|<|>)|(?P<mark>[(),])|(?P<word>[^\s(),=<>!'"]+))"""
)
_PLAIN = re.compile(r"[^\W\d]\w*")
_SYNONYMS = {"==": "=", "<>": "!="}


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a column with a value (or several, for `in`)."""

    column: str
    operator: Operator
    values: tuple[Value, ...] = ()


def parse_where(text: str) -> tuple[Condition, ...]:
    """The conditions in `text`; all must hold. An empty text has none.

    >>> parse_where("score >= 9")
    (Condition(column='score', operator='>=', values=(9.0,)),)
    """
    tokens = _tokens(text)
    conditions = []
    while tokens:
        conditions.append(_condition(tokens, text))
        if tokens and _word(tokens[0]) != "and":
            raise _bad(text, f"'{tokens[0][1]}' is not expected there")
        if tokens:
            tokens.pop(0)
            if not tokens:
                raise _bad(text, "something is missing after 'and'")
    return tuple(conditions)


def where_text(conditions: Sequence[Condition]) -> str:
    """`conditions` as people write them; `parse_where` gives them back.

    >>> where_text(parse_where('score >= 9 and "Response Type" = preview'))
    'score >= 9 and "Response Type" = \'preview\''
    """
    return " and ".join(_written(condition) for condition in conditions)


def _written(condition: Condition) -> str:
    column = condition.column if _PLAIN.fullmatch(condition.column) else f'"{condition.column}"'
    if condition.operator in ("in", "not in"):
        return f"{column} {condition.operator} ({', '.join(map(_value_text, condition.values))})"
    return " ".join((column, condition.operator, *map(_value_text, condition.values)))


def _value_text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.15g}"
    return "'" + value.replace("'", "''") + "'"


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise _bad(text, f"'{text[position : position + 12]}' cannot be read")
        tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
        position = match.end()
    return tokens


def _condition(tokens: list[tuple[str, str]], text: str) -> Condition:
    kind, name = tokens.pop(0)
    if kind not in {"word", "quoted"}:
        raise _bad(text, f"'{name}' is not the name of a column")
    column = name.strip('"')
    if not tokens:
        raise _bad(text, f"a comparison is missing after '{column}'")
    kind, operator = tokens.pop(0)
    if kind == "op":
        return Condition(column, _SYNONYMS.get(operator, operator), (_value(tokens, text),))  # type: ignore[arg-type]
    return _worded(column, operator.lower(), tokens, text)


def _worded(column: str, operator: str, tokens: list[tuple[str, str]], text: str) -> Condition:
    following = _word(tokens[0]) if tokens else ""
    if operator == "is":
        negated = following == "not"
        if negated:
            tokens.pop(0)
        if not tokens or _word(tokens.pop(0)) not in {"null", "empty", "missing"}:
            raise _bad(text, "after 'is' comes 'null' or 'not null'")
        return Condition(column, "is not null" if negated else "is null")
    if operator == "starts" and following == "with":
        tokens.pop(0)
        return Condition(column, "starts with", (_value(tokens, text),))
    if operator == "not" and following == "starts" and len(tokens) > 1 and _word(tokens[1]) == "with":
        del tokens[:2]
        return Condition(column, "not starts with", (_value(tokens, text),))
    if operator == "in" or (operator == "not" and following == "in"):
        if operator == "not":
            tokens.pop(0)
        return Condition(column, "in" if operator == "in" else "not in", _list(tokens, text))
    raise _bad(text, f"'{operator}' is not a comparison")


def _list(tokens: list[tuple[str, str]], text: str) -> tuple[Value, ...]:
    if not tokens or tokens.pop(0)[1] != "(":
        raise _bad(text, "a list stands in brackets: in (a, b)")
    values = [_value(tokens, text)]
    while tokens and tokens[0][1] == ",":
        tokens.pop(0)
        values.append(_value(tokens, text))
    if not tokens or tokens.pop(0)[1] != ")":
        raise _bad(text, "the list does not end with a bracket")
    return tuple(values)


def _value(tokens: list[tuple[str, str]], text: str) -> Value:
    if not tokens:
        raise _bad(text, "a value is missing")
    kind, value = tokens.pop(0)
    if kind == "number":
        return float(value)
    if kind == "text":
        return value[1:-1].replace("''", "'")
    if kind == "quoted":
        return value[1:-1]
    if kind == "word":
        return {"true": True, "false": False}.get(value.lower(), value)
    raise _bad(text, f"'{value}' is not a value")


def _word(token: tuple[str, str]) -> str:
    return token[1].lower() if token[0] == "word" else ""


def _bad(text: str, why: str) -> BadDefinition:
    return BadDefinition(
        f"The condition '{text}' cannot be read: {why}.",
        hint="write COLUMN OP VALUE, joined by and: segment = premium and score >= 9.",
    )
