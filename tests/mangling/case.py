"""A good file on its way to being mangled: its rows and what is still true of each, and how it will be written."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from io import StringIO
from pathlib import Path
from random import Random

from tests.mangling.good import Good


class Effect(IntEnum):
    """What must become of a row: arrive as it was; mean the same or be spoken of; anything that is accounted for."""

    INTACT = 0
    SAME = 1
    FREE = 2


@dataclass
class Row:
    """A row of the mangled file. `origin` is the id it has in the good file, `key` the id it should arrive under."""

    cells: list[str]
    origin: str = ""
    key: str = ""
    effect: Effect = Effect.INTACT
    counted: int = 1
    """How many rows of the file this is: 0 for what is no row of data."""
    raw: str | None = None
    """The line as it is written, where it is not made of the cells."""
    expected: dict[str, str] = field(default_factory=dict)
    """Landed columns that must hold another text than in the good file."""

    def touch(self, effect: Effect = Effect.FREE) -> None:
        self.effect = max(self.effect, effect)


Pack = Callable[["Case", Path], Path]


READ_AS = "Read as "  # how an import says what encoding it took


@dataclass
class Case:
    """One mangled file in the making."""

    good: Good
    rng: Random
    heads: list[list[str]]
    rows: list[Row]
    delimiter: str = ","
    quote: str = '"'
    line_end: str = "\n"
    quote_all: bool = False
    final_line_end: bool = True
    codec: str = "utf-8"
    mark: bytes = b""
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    edits: list[Callable[[bytes], bytes]] = field(default_factory=list)
    pack: Pack | None = None
    wrap: Callable[[Path], Path] | None = None
    name: str = ""
    may_refuse: bool = False
    must_refuse: bool = False
    absent: list[str] = field(default_factory=list)
    """Ids under which nothing may arrive."""
    unknowable: bool = False
    """Whether nobody can say how many rows the mangled file has."""
    says: list[str] = field(default_factory=list)
    """Words that must be found in what an import says."""

    @property
    def plain(self) -> bool:
        """Whether no cell has a letter by which encodings of a byte a letter differ: others may have taken them out."""
        wide = self.codec.startswith(("utf-16", "utf-32"))
        texts = ("".join(row.cells) if row.raw is None else row.raw for row in self.rows)
        return not wide and all(map(str.isascii, texts))

    @property
    def rows_in(self) -> int | None:
        """How many rows of data go in."""
        return None if self.unknowable else sum(row.counted for row in self.rows)

    def column(self, header: str) -> int:
        """Where the cells below `header` are, also if it was renamed."""
        head = self.heads[0] if self.heads else []
        if header in head:
            return head.index(header)
        return min([self.good.heads[0].index(header), *(len(row.cells) - 1 for row in self.rows if row.cells)])

    def some(self, at_most: int = 5) -> list[Row]:
        """A few rows, by chance."""
        return self.rng.sample(self.rows, min(len(self.rows), self.rng.randint(1, at_most)))

    def touch(self, effect: Effect = Effect.FREE) -> None:
        """Every row is touched."""
        for row in self.rows:
            row.touch(effect)

    def text(self) -> str:
        """The rows as a delimited text."""
        lines = [*self.before, *(self.line(head) for head in self.heads)]
        lines += [row.raw if row.raw is not None else self.line(row.cells) for row in self.rows]
        lines += self.after
        end = self.line_end if self.final_line_end else ""
        return self.line_end.join(lines) + end

    def line(self, cells: list[str]) -> str:
        """`cells` as one line in the dialect of the file."""
        out = StringIO()
        quoting = csv.QUOTE_ALL if self.quote_all else csv.QUOTE_MINIMAL
        # with \r\n as its line end the writer also quotes lone line ends
        writer = csv.writer(out, delimiter=self.delimiter, quotechar=self.quote, quoting=quoting, lineterminator="\r\n")
        writer.writerow(cells)
        return out.getvalue()[:-2]

    def data(self) -> bytes:
        """The bytes of the delimited text."""
        content = self.mark + self.text().encode(self.codec, "replace")
        for edit in self.edits:
            content = edit(content)
        return content

    def write(self, folder: Path) -> Path:
        """The mangled file, in `folder`; the path to import."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.pack is not None:
            path = self.pack(self, folder)
        else:
            path = folder / (self.name or self.good.name)
            path.write_bytes(self.data())
        return self.wrap(path) if self.wrap else path


def begun(good: Good, rng: Random) -> Case:
    """The good file as a case with nothing mangled yet."""
    place = good.heads[0].index(good.key) if good.key else None
    ids = [cells[place].strip() if place is not None else "" for cells in good.rows]
    rows = [Row(list(cells), key, key) for cells, key in zip(good.rows, ids, strict=True)]
    return Case(good, rng, [list(head) for head in good.heads], rows)


def packed(data: bytes) -> bytes:
    """`data` as a gzip file, the same every time."""
    return gzip.compress(data, mtime=0)
