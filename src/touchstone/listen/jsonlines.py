"""JSON records, one per line or in one array: nested names joined by dots, one column per name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json import JSONDecodeError
from pathlib import Path

from touchstone.core.errors import BadFile
from touchstone.listen.encodings import LONGEST_LINE, Contents, chunks, examine, lines
from touchstone.listen.layout import Layout, clean_names
from touchstone.listen.rawfile import RawFile
from touchstone.listen.records import LONGEST_CELL, Broken, Dialect, Record
from touchstone.listen.textfiles import rewritten

MOST_COLUMNS = 10_000
_HINT = "save it as one object per line, or as one array of objects."

# numbers keep the digits they were written with
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=lambda word: "")

_GAP = re.compile(r"[\s,]*")


def read_json(source: Path, *, name: str, scratch: Path) -> RawFile:
    """The objects in a file of JSON lines or a JSON array, as a CSV in `scratch`. It is read twice: names first.

    Raises `BadFile` if nothing in it is an object, or an array is never closed.
    """
    contents = examine(source)
    array = _first_letter(source, contents) == "["

    def items() -> Iterator[tuple[int, object, str]]:
        with source.open("rb") as stream:
            if array:
                yield from _elements(chunks(stream, contents.encoding), name)
            else:
                yield from _lines(lines(stream, contents.encoding))

    columns: dict[str, None] = {}
    for _, item, _ in items():
        if isinstance(item, dict):
            columns.update(dict.fromkeys(flat(item)))
        if len(columns) > MOST_COLUMNS:
            raise BadFile(f"{name} uses more than {MOST_COLUMNS:,} different names; it is not a table.", hint=_HINT)
    if not columns:
        raise BadFile(f"{name} holds no JSON objects.", hint=_HINT)
    found = Layout(
        dialect=Dialect(), skip=0, headers=clean_names(tuple(columns)), original_headers=tuple(columns), notes=()
    )
    rows = _rows(items(), tuple(columns))
    return rewritten(rows, found, name=name, sha256=contents.sha256, encoding=contents.encoding, scratch=scratch)


def flat(item: dict[str, object], prefix: str = "") -> dict[str, str]:
    """One level of names: `{"person": {"name": "Ada"}}` becomes `person.name`; a list stays JSON; null is empty."""
    values: dict[str, str] = {}
    for key, value in item.items():
        name = f"{prefix}{key}"
        inner = flat(value, f"{name}.") if isinstance(value, dict) else {name: _text(value)}
        for inner_name, inner_text in inner.items():
            free = inner_name
            while free in values:
                free += "_2"
            values[free] = inner_text
    return values


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _rows(items: Iterator[tuple[int, object, str]], columns: tuple[str, ...]) -> Iterator[Record | Broken]:
    for number, item, original in items:
        if not isinstance(item, dict):
            yield Broken(number, item if isinstance(item, str) else "The line is no JSON object.", original)
            continue
        values = flat(item)
        cells = [values.get(column, "") for column in columns]
        if max(map(len, cells)) > LONGEST_CELL:
            yield Broken(number, f"A cell holds more than {LONGEST_CELL:,} characters.", original)
        else:
            yield Record(number, cells)


def _lines(parts: Iterator[str]) -> Iterator[tuple[int, object, str]]:
    """Line number, object (or the reason why there is none, as text), line."""
    for number, line in enumerate(parts, 1):
        if not line.strip():
            continue
        if len(line) > LONGEST_LINE:
            yield number, f"The line is longer than {LONGEST_LINE:,} characters.", line
            continue
        try:
            item = _DECODER.decode(line.lstrip("\ufeff"))
        except (JSONDecodeError, RecursionError):
            yield number, "The line is not valid JSON.", line
            continue
        yield number, item if isinstance(item, dict) else None, line


def _elements(parts: Iterator[str], name: str) -> Iterator[tuple[int, object, str]]:
    """The elements of an array, by their position, decoded one after the other from a moving window of text."""
    window, place, number = next(parts).lstrip("\ufeff \t\r\n"), 1, 0
    while True:
        place = _GAP.match(window, place).end()  # type: ignore[union-attr]
        if window.startswith("]", place):
            return
        try:
            item, end = _DECODER.raw_decode(window, place)
        except (JSONDecodeError, RecursionError):
            part = next(parts, None)
            if part is None or len(window) - place > 2 * LONGEST_LINE:
                raise BadFile(
                    f"{name} is not a valid JSON array: it breaks off or goes wrong at element {number + 1:,}.",
                    hint="export it again, or save it as one object per line.",
                ) from None
            window, place = window[place:] + part, 0
            continue
        number += 1
        yield number, item if isinstance(item, dict) else None, window[place : min(end, place + LONGEST_CELL)]
        place = end


def _first_letter(source: Path, contents: Contents) -> str:
    with source.open("rb") as stream:
        return next((part.lstrip("\ufeff \t\r\n")[0] for part in chunks(stream, contents.encoding) if part.strip()), "")
