"""A JSON text walked from a moving window, one value at a time: arrays of any length in bounded memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecodeError

from touchstone.listen.encodings import LONGEST_LINE
from touchstone.listen.records import LONGEST_CELL

# numbers keep the digits they were written with
DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=lambda word: "")

_BLANKS = re.compile(r"[ \t\r\n\ufeff]*")


class NotJson(Exception):
    """The text is not JSON from here on, or breaks off; `element` is the array's element that it happened in."""

    def __init__(self, element: int = 0) -> None:
        super().__init__(element)
        self.element = element


class Window:
    """The rest of a JSON text: looks at what comes next and takes it, value by value."""

    def __init__(self, parts: Iterator[str]) -> None:
        self._parts = parts
        self._text = ""
        self._place = 0
        self._taken = ""

    @property
    def taken(self) -> str:
        """The beginning of the value that was taken last, as written."""
        return self._taken

    def next(self) -> str:
        """The next letter that is no blank, still to be taken; empty at the end of the text."""
        while True:
            match = _BLANKS.match(self._text, self._place)
            self._place = match.end() if match else self._place
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._more():
                return ""

    def sign(self, *expected: str) -> str:
        """Take the next letter, which must be one of `expected`."""
        found = self.next()
        if found not in expected or not found:
            raise NotJson
        self._place += 1
        return found

    def value(self) -> object:
        """Take the next value whole: a text, a number, an object, an array."""
        self.next()
        while True:
            try:
                item, end = DECODER.raw_decode(self._text, self._place)
            except (JSONDecodeError, RecursionError):
                item, end = None, -1
            # a number may go on behind the window
            if end >= 0 and (end < len(self._text) or self._text[end - 1] in '"]}' or not self._more()):
                self._taken = self._text[self._place : min(end, self._place + LONGEST_CELL)]
                self._place = end
                return item
            if end < 0 and (len(self._text) - self._place > 2 * LONGEST_LINE or not self._more()):
                raise NotJson

    def elements(self) -> Iterator[object]:
        """Take the next value, an array, element by element."""
        self.sign("[")
        number = 0
        while True:
            while self.next() == ",":
                self._place += 1
            if self.next() == "]":
                break
            number += 1
            try:
                item = self.value()
            except NotJson:
                raise NotJson(number) from None
            yield item
        self.sign("]")

    def members(self) -> Iterator[str]:
        """Take the next value, an object, name by name; whoever asks takes each value before the next name."""
        self.sign("{")
        if self.next() == "}":
            self.sign("}")
            return
        while True:
            name = self.value()
            if not isinstance(name, str) or not self.taken.startswith('"'):
                raise NotJson
            self.sign(":")
            yield name
            if self.sign(",", "}") == "}":
                return

    def _more(self) -> bool:
        part = next(self._parts, None)
        if part is None:
            return False
        self._text, self._place = self._text[self._place :] + part, 0
        return True


@dataclass(frozen=True, slots=True)
class Document:
    """One object as a whole file: its arrays that hold objects, its empty arrays, its other members.

    Not `alone` if something follows it: then it is the first of several, one per line.
    """

    arrays: tuple[str, ...]
    empty: tuple[str, ...]
    others: tuple[str, ...]
    alone: bool


def document(window: Window) -> Document:
    """What the object that comes next holds; raises NotJson where it is not valid."""
    found: dict[str, list[str]] = {"arrays": [], "empty": [], "others": []}
    for name in window.members():
        kind = "others"
        if window.next() == "[":
            kinds = {isinstance(item, dict) for item in window.elements()}
            kind = "arrays" if True in kinds else "others" if kinds else "empty"
        else:
            window.value()
        found[kind].append(name)
    return Document(tuple(found["arrays"]), tuple(found["empty"]), tuple(found["others"]), alone=not window.next())


def elements_under(window: Window, wanted: str) -> Iterator[object]:
    """The elements of the array under the name `wanted` of the object that comes next."""
    for name in window.members():
        if name == wanted:
            yield from window.elements()
            return
        if window.next() == "[":
            for _ in window.elements():
                pass
        else:
            window.value()
