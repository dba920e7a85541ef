"""JSON records, one per line, in one array, or wrapped in an object: nested names joined by dots, a column each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from json import JSONDecodeError
from pathlib import Path

from touchstone.core.errors import BadFile
from touchstone.listen.documents import DECODER, Document, NotJson, Window, document, elements_under
from touchstone.listen.encodings import LONGEST_LINE, Contents, chunks, examine, lines
from touchstone.listen.layout import MOST_COLUMNS, Layout, clean_names
from touchstone.listen.rawfile import RawFile
from touchstone.listen.records import LONGEST_CELL, Broken, Dialect, Record
from touchstone.listen.textfiles import rewritten

_HALVES = re.compile("[\ud800-\udfff]")
_HINT = "save it as one object per line, or as one array of objects."


def read_json(source: Path, *, name: str, scratch: Path) -> RawFile:
    """The objects in a file of JSON lines, a JSON array, or an object that wraps one array of objects, as a CSV.

    It is read twice, names first, and never held in memory whole; the CSV is made in `scratch`. Raises `BadFile` if
    nothing in it is an object, an array is never closed, or several arrays could be the rows.
    """
    contents = examine(source)
    wrapper = _wrapper(source, contents, name)

    def items() -> Iterator[tuple[int, object, str]]:
        with source.open("rb") as stream:
            if wrapper is None:
                yield from _lines(lines(stream, contents.encoding))
            else:
                yield from _elements(Window(chunks(stream, contents.encoding)), wrapper.rows, name)

    columns: dict[str, None] = {}
    for _, item, _ in items():
        if isinstance(item, dict):
            columns.update(dict.fromkeys(flat(item)))
        if len(columns) > MOST_COLUMNS:
            raise BadFile(f"{name} uses more than {MOST_COLUMNS:,} different names; it is not a table.", hint=_HINT)
    if not columns:
        raise BadFile(f"{name} holds no JSON objects.", hint=_HINT)
    found = Layout(
        dialect=Dialect(),
        skip=0,
        headers=clean_names(tuple(columns)),
        original_headers=tuple(columns),
        notes=wrapper.notes if wrapper else (),
    )
    rows = _rows(items(), tuple(columns))
    return rewritten(rows, found, name=name, sha256=contents.sha256, encoding=contents.encoding, scratch=scratch)


@dataclass(frozen=True, slots=True)
class _Wrapper:
    """Where the rows are in a file that is one JSON value: under the name `rows`, or in the array that it is."""

    rows: str = ""
    others: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        if not self.rows:
            return ()
        left = f"; {', '.join(name[:40] for name in self.others[:8])} beside them left out" if self.others else ""
        return (f"The rows are those under '{self.rows[:40]}'{left}.",)


def _wrapper(source: Path, contents: Contents, name: str) -> _Wrapper | None:
    """How the file wraps its rows; None where they are one per line."""
    with source.open("rb") as stream:
        window = Window(chunks(stream, contents.encoding))
        first = window.next()
        if first == "[":
            return _Wrapper()
        if first != "{" or set(Path(name).suffixes) & {".jsonl", ".ndjson"}:
            return None
        try:
            found = document(window)
        except NotJson as error:
            if _mostly_lines(source, contents):
                return None
            at = f" at element {error.element:,} of a list" if error.element else ""
            raise BadFile(
                f"{name} is not valid JSON: it breaks off or goes wrong{at}.", hint="export it again, or " + _HINT
            ) from None
    if not found.alone:
        return None
    chosen = _chosen(found, name)
    if chosen is None and not _mostly_lines(source, contents):
        raise BadFile(f"{name} holds one object and no list of objects.", hint=_HINT)
    return chosen


def _chosen(found: Document, name: str) -> _Wrapper | None:
    """The array that holds the rows of a file that is one object; None where it has none."""
    rows = found.arrays if len(found.arrays) == 1 else tuple(array for array in found.arrays if array == "data")
    if rows:
        others = (*found.others, *found.empty, *(array for array in found.arrays if array not in rows))
        return _Wrapper(rows[0], others)
    if found.arrays:
        raise BadFile(f"{name} holds several lists of objects: {', '.join(found.arrays[:8])}.", hint=_HINT)
    if found.empty:
        raise BadFile(f"{name} holds no rows: its list '{found.empty[0][:40]}' is empty.", hint=_HINT)
    return None


def _mostly_lines(source: Path, contents: Contents) -> bool:
    """Whether at least half of the first lines are objects of their own."""
    with source.open("rb") as stream:
        first = list(islice(_lines(lines(stream, contents.encoding)), 20))
    return sum(isinstance(item, dict) for _, item, _ in first) >= max(1, len(first) / 2)


def flat(item: dict[str, object], prefix: str = "") -> dict[str, str]:
    """One level of names: `{"person": {"name": "Ada"}}` becomes `person.name`; a list stays JSON; null is empty."""
    values: dict[str, str] = {}
    for key, value in item.items():
        name = prefix + _whole(key)
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
    return _whole(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _whole(text: str) -> str:
    r"""`text` without halves of letters: `\ud800` alone is valid JSON and no letter."""
    return text if text.isascii() else _HALVES.sub("\ufffd", text)


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
            item = DECODER.decode(line.lstrip("\ufeff"))
        except (JSONDecodeError, RecursionError):
            yield number, "The line is not valid JSON.", line
            continue
        yield number, item if isinstance(item, dict) else None, line


def _elements(window: Window, wanted: str, name: str) -> Iterator[tuple[int, object, str]]:
    """The elements of the array, or of the array under the name `wanted`, by their position."""
    elements = elements_under(window, wanted) if wanted else window.elements()
    try:
        for number, item in enumerate(elements, 1):
            yield number, item if isinstance(item, dict) else None, window.taken
    except NotJson as error:
        raise BadFile(
            f"{name} is not a valid JSON array: it breaks off or goes wrong at element {max(error.element, 1):,}.",
            hint="export it again, or save it as one object per line.",
        ) from None
