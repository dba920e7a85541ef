"""Records of a delimited text: physical lines put together where a quoted cell spans several, broken ones set apart."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from touchstone.listen.encodings import LONGEST_LINE

LONGEST_CELL = 1_000_000  # characters
MOST_LINES = 1_000  # a quoted cell of more lines is a quote that was never closed

csv.field_size_limit(LONGEST_LINE + 1)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are told apart. Without `quote`, quotes are text; `escape` is the quote itself where it is doubled."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    spaced: bool = False

    def reader(self, source: Iterable[str]) -> Iterator[list[str]]:
        """A strict parser of this dialect over `source`."""
        doubled = self.escape == self.quote
        return csv.reader(
            source,
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            doublequote=doubled,
            escapechar=None if doubled or not self.quote else self.escape,
            skipinitialspace=self.spaced,
            strict=True,
        )


class Record(NamedTuple):  # made a million times a second: a frozen dataclass takes twice as long
    """The cells of one record; `line` is the 1-based number of the physical line where it begins."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that is no record, with the reason as a sentence."""

    line: int
    reason: str
    text: str


class _Unclosed(Exception):
    """More lines or characters than a record can have."""


class _Feed:
    """Lines for the parser, remembered until the record they belong to is complete."""

    def __init__(self, source: Iterable[str]) -> None:
        self._source = iter(source)
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self.line = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._source)
        taken = self._taken
        if taken and (len(taken) == MOST_LINES or self.size > LONGEST_LINE):
            self._again.appendleft(line)
            raise _Unclosed
        taken.append(line)
        return line

    @property
    def size(self) -> int:
        """Characters of the record that is being read."""
        taken = self._taken
        return len(taken[0]) if len(taken) == 1 else sum(map(len, taken))

    def accept(self) -> int:
        """Forget the lines of a finished record; the number of the line where it began."""
        began = self.line
        self.line = began + len(self._taken)
        self._taken.clear()
        return began

    def refuse(self) -> tuple[int, str]:
        """Give up the first line of the unfinished record only: the lines after it are read afresh."""
        first, *others = self._taken
        self._again.extendleft(reversed(others))
        self._taken.clear()
        self.line += 1
        return self.line - 1, first


def records(source: Iterable[str], dialect: Dialect) -> Iterator[Record | Broken]:
    """Every record of the lines `source`, in order, blank ones included (no cells); what cannot be parsed is `Broken`.

    Nothing is dropped: each physical line belongs to exactly one `Record` or `Broken`. A quote that is never closed
    costs its own line, not the rest of the file.
    """
    feed = _Feed(source)
    reader = dialect.reader(feed)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _Unclosed) as error:
            line, text = feed.refuse()
            yield Broken(line, _reason(error, text), text)
            reader = dialect.reader(feed)
            continue
        if feed.size > LONGEST_CELL and (reason := _too_long(feed.size, cells)):
            yield Broken(feed.accept(), reason, dialect.delimiter.join(cell[:2000] for cell in cells))
        else:
            yield Record(feed.accept(), cells)


def _too_long(size: int, cells: list[str]) -> str:
    if size > LONGEST_LINE:
        return f"The line is longer than {LONGEST_LINE:,} characters."
    return f"A cell holds more than {LONGEST_CELL:,} characters." if max(map(len, cells)) > LONGEST_CELL else ""


def _reason(error: Exception, text: str) -> str:
    if len(text) > LONGEST_LINE:
        return f"The line is longer than {LONGEST_LINE:,} characters."
    if isinstance(error, _Unclosed) or "unexpected end" in str(error):
        return "A quote is opened and never closed."
    return "A quoted cell goes on after its closing quote."
