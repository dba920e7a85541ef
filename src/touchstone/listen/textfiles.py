"""Delimited text: read in place where it is clean, rewritten without its dirt where it is not."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from touchstone.core.errors import BadFile
from touchstone.listen.encodings import Contents, Encoding, examine, lines
from touchstone.listen.footers import Footers, like_a_footer
from touchstone.listen.layout import Layout, is_blank, layout
from touchstone.listen.rawfile import SHORTEST_LINE_LIMIT, RawFile
from touchstone.listen.records import Broken, Dialect, Record, records

HEAD = 1_000_000  # characters that the layout is read from
HEAD_LINES = 5_000
SAMPLES = 200
_WINDOWS = 4
_WINDOW = 1 << 16  # bytes
_LINE_SHOWN = 1_000
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}

Rows = Iterable[Record | Broken]


def silent(sentence: str) -> None:
    """A report to nobody."""


def read_text(
    source: Path,
    *,
    name: str,
    scratch: Path,
    suffix: str = "",
    encoding: Encoding | None = None,
    report: Callable[[str], None] = silent,
) -> RawFile:
    """The table in a delimited text file, read in place if its bytes and its head are clean, else from a copy.

    Raises `BadFile` if it is empty, blank, or has no row of column names.
    """
    contents = examine(source, encoding)
    if contents.size <= contents.encoding.mark:
        raise BadFile(f"{name} is empty.", hint="export it again, or choose another file.")
    head, whole = _head(source, contents)
    found = layout(head, name=name, suffix=suffix)
    found = replace(found, notes=(*_oddities(contents, found), *found.notes))
    line_end = _clean(head, found, contents, whole=whole)
    if line_end is None or _ends_in_footer(source, found):
        report(f"{name} is not clean; a clean copy of it is made first.")
        return _copied(source, found, contents, name=name, scratch=scratch)
    return RawFile(
        path=source,
        format="csv",
        name=name,
        sha256=contents.sha256,
        headers=found.headers,
        original_headers=found.original_headers,
        labels=found.labels,
        stems=found.stems,
        timezone=found.timezone,
        signs=found.signs,
        delimited=True,
        delimiter=found.dialect.delimiter,
        quote=found.dialect.quote,
        escape=found.dialect.escape,
        line_end=line_end,
        skip_lines=found.skip,
        encoding=contents.encoding.label,
        lines=_counted(head, found) if whole else None,
        samples=_sampled(source, found),
        plain=contents.plain and found.dialect.quote in {'"', ""},
        in_place=True,
        notes=found.notes,
    )


def repaired(raw: RawFile, *, scratch: Path) -> RawFile:
    """The same table with the rows that made the engine raise set aside: a copy of an original that was read in place.

    A table that is a copy already is returned as it is.
    """
    if not raw.in_place or raw.format != "csv":
        return raw
    contents = examine(raw.path)
    found = Layout(
        dialect=Dialect(raw.delimiter, raw.quote, raw.escape),
        skip=raw.skip_lines,
        headers=raw.headers,
        original_headers=raw.original_headers,
        labels=raw.labels,
        stems=raw.stems,
        timezone=raw.timezone,
        signs=raw.signs,
        notes=raw.notes,
    )
    return _copied(raw.path, found, contents, name=raw.name, scratch=scratch, sha256=raw.sha256)


def _copied(
    source: Path, found: Layout, contents: Contents, *, name: str, scratch: Path, sha256: str | None = None
) -> RawFile:
    footers = Footers(found.width, cut=not _ends_with_a_line(source, contents.encoding))
    with source.open("rb") as stream:
        copy = rewritten(
            records(lines(stream, contents.encoding), found.dialect),
            found,
            name=name,
            sha256=sha256 or contents.sha256,
            encoding=contents.encoding,
            scratch=scratch,
            footers=footers,
        )
    return replace(copy, delimited=True)


def rewritten(
    rows: Rows,
    found: Layout,
    *,
    name: str,
    sha256: str,
    encoding: Encoding | str,
    scratch: Path,
    footers: Footers | None = None,
) -> RawFile:
    """A clean copy of `rows` (the header still among them) in `scratch`, and beside it the rows that do not fit.

    Last lines that are no rows are left out and named where `footers` looks for them.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    path = scratch / f"{sha256[:20]}.csv"
    sieve = _Sieve(path.with_suffix(".aside.csv"), found, footers)
    # with \r\n as its line end the writer also quotes lone carriage returns, which DuckDB refuses bare
    with path.open("w", encoding="utf-8", newline="") as file, sieve:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(found.headers)
        writer.writerows(sieve.taken(islice(rows, found.skip, None)))
    notes = [*found.notes, *(footers.notes() if footers else ())]
    if sieve.refused:
        rows_were = "row does not fit the table and was" if sieve.refused == 1 else "rows do not fit the table and were"
        notes.append(f"{sieve.refused:,} {rows_were} set aside.")
    clean = replace(found, dialect=Dialect(), skip=1)
    return RawFile(
        path=path,
        format="csv",
        name=name,
        sha256=sha256,
        headers=found.headers,
        original_headers=found.original_headers,
        labels=found.labels,
        stems=found.stems,
        timezone=found.timezone,
        signs=found.signs,
        line_end="\r\n",
        encoding=encoding if isinstance(encoding, str) else encoding.label,
        lines=sieve.accepted,
        longest_line=sieve.longest,
        samples=_sampled(path, clean),
        aside=sieve.path if sieve.refused else None,
        set_aside=sieve.refused,
        notes=tuple(notes),
    )


class _Sieve:
    """Lets the rows through that fit the table, and writes the others to the sidecar with the reason."""

    def __init__(self, path: Path, found: Layout, footers: Footers | None) -> None:
        self.path = path
        self._footers = footers
        self.accepted = 0
        self.refused = 0
        self.longest = SHORTEST_LINE_LIMIT
        self._found = found
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\r\n")
        self._writer.writerow(("row", "reason", "line"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if not self.refused:
            self.path.unlink()

    def taken(self, rows: Rows) -> Iterator[list[str]]:
        """The rows of full width; blank lines are no rows."""
        width = self._found.width
        for record in self._footers.without(rows) if self._footers else rows:
            if isinstance(record, Broken):
                self._refuse(record.line, record.reason, record.text)
                continue
            cells = record.cells
            if is_blank(cells):
                continue
            if len(cells) != width:
                fitted = self._fitted(cells)
                if fitted is None:
                    reason = f"The row has {len(cells)} {'cell' if len(cells) == 1 else 'cells'}, the header {width}."
                    self._refuse(record.line, reason, self._found.dialect.delimiter.join(cells))
                    continue
                cells = fitted
            self.accepted += 1
            self._measure(cells)
            yield cells

    def _fitted(self, cells: list[str]) -> list[str] | None:
        """Surplus empty cells cut off; missing ones added where leaving them out is the habit of the file."""
        width = self._found.width
        if len(cells) < width:
            return cells + [""] * (width - len(cells)) if self._found.pad else None
        return None if any(cells[width:]) else cells[:width]

    def _measure(self, cells: list[str]) -> None:
        characters = sum(map(len, cells))
        if characters > SHORTEST_LINE_LIMIT // 10:
            # every quote is doubled, and every cell may get two and a delimiter
            size = sum(len(cell.encode("utf-8", "replace")) + cell.count('"') + 3 for cell in cells) + 2
            self.longest = max(self.longest, size)

    def _refuse(self, line: int, reason: str, text: str) -> None:
        self.refused += 1
        self._writer.writerow((line, reason, text[:_LINE_SHOWN].rstrip("\r\n")))


def _head(source: Path, contents: Contents) -> tuple[list[str], bool]:
    """The first lines, complete ones only, and whether they are the whole file."""
    taken: list[str] = []
    size = 0
    with source.open("rb") as stream:
        for line in lines(stream, contents.encoding):
            if size >= HEAD or len(taken) >= HEAD_LINES:
                return taken, False
            taken.append(line)
            size += len(line)
    return taken, True


def _clean(head: Sequence[str], found: Layout, contents: Contents, *, whole: bool) -> str | None:
    """The line end if the file can be read in place, as far as its bytes and its head tell; None if it needs a copy."""
    plain = contents.encoding.codec == "utf-8" and not contents.encoding.strays and not contents.nuls
    # DuckDB takes a blank line in a file of one column for a row
    if not plain or found.pad or found.dialect.spaced or found.width == 1:
        return None
    if max(map(len, head)) > SHORTEST_LINE_LIMIT // 4:
        return None
    parsed = list(records(head, found.dialect))
    if not whole:
        parsed = _before_the_cut(parsed)
    if not all(_fits(record, number, found) for number, record in enumerate(parsed)):
        return None
    ends = {_line_end(head[record.line - 2]) for record in parsed[1:]} or {_line_end(head[-1])}
    return ends.pop() if len(ends) == 1 and ends <= {"\n", "\r\n"} else None


def _ends_in_footer(source: Path, found: Layout) -> bool:
    """Whether the last line of a clean file reads like a footer; then a copy is made without it."""
    with source.open("rb") as file:
        file.seek(max(0, source.stat().st_size - _WINDOW))
        end = file.read()
    rows = _last_rows(end, found)
    return bool(rows) and like_a_footer(rows[-1], found.width, cut=not end.endswith((b"\n", b"\r")))


def _last_rows(end: bytes, found: Layout) -> list[list[str]]:
    """The last line that is not blank, as cells; none where it may be part of a quoted cell."""
    last = end.rstrip(b"\r\n ").rpartition(b"\n")[2]
    rows = records(lines(BytesIO(last), Encoding("utf-8")), found.dialect)
    return [record.cells for record in rows if isinstance(record, Record)]


def _ends_with_a_line(source: Path, encoding: Encoding) -> bool:
    with source.open("rb") as file:
        file.seek(max(0, source.stat().st_size - 8))
        return file.read().decode(encoding.codec, "ignore").endswith(("\n", "\r"))


def _before_the_cut(parsed: list[Record | Broken]) -> list[Record | Broken]:
    """The records up to a quote that is not closed: the sample may end inside a quoted cell, no fault of the file."""
    last = next((number for number, record in enumerate(parsed) if isinstance(record, Broken)), len(parsed))
    return parsed[:last]


def _line_end(line: str) -> str:
    return "\r\n" if line.endswith("\r\n") else line[-1:] if line[-1:] in {"\r", "\n"} else "\n"


def _fits(record: Record | Broken, number: int, found: Layout) -> bool:
    if isinstance(record, Broken):
        return False
    surplus = len(record.cells) - found.width
    return number < found.skip or not record.cells or surplus == 0 or (surplus > 0 and not any(record.cells[-surplus:]))


def _counted(head: Sequence[str], found: Layout) -> int:
    rows = islice(records(head, found.dialect), found.skip, None)
    return sum(1 for record in rows if isinstance(record, Record) and not is_blank(record.cells))


def _sampled(path: Path, found: Layout) -> tuple[tuple[str, ...], ...]:
    """Rows from the head of a clean UTF-8 file and from windows spread over the rest of it."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = _complete_rows(file.read(_WINDOW * 4), found, skip=found.skip)
        rows = _spread(start, SAMPLES if size <= _WINDOW * 4 else SAMPLES // 2)
        if size > _WINDOW * 4:
            for window in range(1, _WINDOWS + 1):
                file.seek(_WINDOW * 3 + (size - _WINDOW * 4) * window // _WINDOWS)
                # the first line of a window is the rest of a row
                rows += _spread(_complete_rows(file.read(_WINDOW), found, skip=1), SAMPLES // 2 // _WINDOWS)
    return tuple(rows)


def _complete_rows(part: bytes, found: Layout, *, skip: int) -> list[tuple[str, ...]]:
    rows = records(lines(BytesIO(part), Encoding("utf-8")), found.dialect)
    return [
        tuple(record.cells)
        for record in islice(rows, skip, None)
        if isinstance(record, Record) and len(record.cells) == found.width
    ]


def _spread(rows: list[tuple[str, ...]], most: int) -> list[tuple[str, ...]]:
    return rows if len(rows) <= most else [rows[number * len(rows) // most] for number in range(most)]


def _oddities(contents: Contents, found: Layout) -> list[str]:
    notes = []
    if contents.encoding.codec != "utf-8" or contents.encoding.strays:
        notes.append(f"Read as {contents.encoding.label}.")
    if contents.nuls:
        notes.append(f"{contents.nuls:,} NUL {'byte was' if contents.nuls == 1 else 'bytes were'} removed.")
    if found.dialect.delimiter in _SEPARATORS:
        notes.append(f"Columns are separated by {_SEPARATORS[found.dialect.delimiter]}.")
    return notes
