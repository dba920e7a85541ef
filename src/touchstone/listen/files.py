"""Every file a person may hold, opened as plainly described tables of text.

What DuckDB 2.0 needs to read them is measured and written down at `RawFile.scan_options`.
"""

from __future__ import annotations

import codecs
import glob
import hashlib
import os
import re
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from touchstone.core.errors import BadFile, UnknownName
from touchstone.listen import values
from touchstone.listen.archives import Limits, gunzipped, is_workbook, unzipped
from touchstone.listen.encodings import Encoding, guess
from touchstone.listen.jsonlines import read_json
from touchstone.listen.layout import check_width, clean_names
from touchstone.listen.rawfile import RawFile
from touchstone.listen.statfiles import read_sav
from touchstone.listen.textfiles import SAMPLES, read_text, repaired, silent
from touchstone.listen.workbooks import read_workbook

__all__ = ["Limits", "RawFile", "open_files", "repaired"]

_TEXT = {".csv", ".tsv", ".tab", ".psv", ".txt", ".json", ".jsonl", ".ndjson"}
KNOWN = _TEXT | {".parquet", ".pq", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".gz", ".zip", ".sav", ".zsav"}
_MAGIC = (
    (b"PAR1", "parquet"),
    (b"\xd0\xcf\x11\xe0", "workbook"),
    (b"\x1f\x8b", "gzip"),
    (b"%PDF", "other"),
    (b"$FL2", "spss"),
    (b"$FL3", "spss"),
)
_CONTROLS = re.compile(r"[\x01-\x08\x0e-\x19\x1b-\x1f\x7f]")
_PATTERN = re.compile("[*?\\[\\]{}\ud800-\udfff]")  # the last are bytes of a name that is no UTF-8
_LEFTOVERS = {"thumbs.db", "desktop.ini"}


def open_files(
    paths: Sequence[Path],
    *,
    scratch: Path,
    report: Callable[[str], None] = silent,
    encoding: str | None = None,
    limits: Limits | None = None,
) -> Iterator[RawFile]:
    """Every table in `paths`, one after the other: files, folders (with the folders in them, sorted) and patterns.

    Copies and unpacked files are made in `scratch`, which must outlive the tables. `report` hears what takes time
    and what is left out; the latter is also a note of the next table. `encoding` overrules the guess for text.
    Raises `BadFile` for a file that cannot be read, `UnknownName` for one that does not exist; in a folder a file of
    an unknown kind that is no table is left out, and named.
    """
    opener = _Opener(scratch, report, _named(encoding) if encoding else None, limits or Limits())
    last: RawFile | None = None
    for path in paths:
        for raw in opener.tables(Path(path)):
            if last is not None:
                yield last
            left_out, opener.left_out = tuple(opener.left_out), []
            last = replace(raw, name=_shown(raw.name), notes=(*raw.notes, *left_out))
    if last is not None:
        yield replace(last, notes=(*last.notes, *opener.left_out))  # what was left out behind it
    else:
        raise BadFile(
            "There is no table to read here.",
            hint=" ".join(opener.left_out) or "name a file, or a folder that has some.",
        )


class _Opener:
    """One pass over what a person named: remembers what was opened already and what was left out."""

    def __init__(self, scratch: Path, report: Callable[[str], None], encoding: Encoding | None, limits: Limits) -> None:
        self.left_out: list[str] = []
        self._scratch = scratch
        self._report = report
        self._encoding = encoding
        self._limits = limits
        self._numbers = count(1)
        self._seen: set[tuple[int, int]] = set()

    def tables(self, path: Path) -> Iterator[RawFile]:
        if os.path.isdir(path):  # noqa: PTH112 - unlike a path's own it never raises
            yield from self._folder(path)
        elif _exists(path) or path.is_symlink():
            yield from self._file(path, path.name)
        else:
            matches = _matches(path)
            if not matches:
                near = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
                raise UnknownName.among("file", path.name, near)
            for match in matches:
                yield from self.tables(match)

    def _skip(self, sentence: str) -> None:
        self.left_out.append(sentence)
        self._report(sentence)

    def _folder(self, folder: Path) -> Iterator[RawFile]:
        for entry in sorted(folder.iterdir()):
            name = str(entry.relative_to(folder.parent))
            if entry.is_dir():
                if entry.is_symlink():
                    self._skip(f"{name} was left out: it is a link to another folder.")
                else:
                    for raw in self._folder(entry):
                        yield replace(raw, name=f"{folder.name}/{raw.name}")
            elif entry.name.startswith((".", "~$")) or entry.name.casefold() in _LEFTOVERS:
                self._skip(f"{name} was left out: it is no data of yours.")
            else:
                yield from self._known_or_tried(entry, name)

    def _known_or_tried(self, entry: Path, name: str) -> Iterator[RawFile]:
        if entry.suffix.lower() in KNOWN - {".json"}:  # many a .json holds settings, not rows
            yield from self._file(entry, name)
            return
        try:
            yield from self._file(entry, name)
        except BadFile as error:
            self._skip(f"{error.problem.removesuffix('.')}, so it was left out.")

    def _file(self, path: Path, name: str) -> Iterator[RawFile]:
        head = _head(path, name)
        status = path.stat()
        if (status.st_dev, status.st_ino) in self._seen:
            return
        self._seen.add((status.st_dev, status.st_ino))
        yield from self._opened(self._plainly_named(path), name, head)

    def _plainly_named(self, path: Path) -> Path:
        """`path`, or a link to it where the engine would take its name for a pattern or cannot read it at all."""
        if not _PATTERN.search(str(path)):
            return path
        self._scratch.mkdir(parents=True, exist_ok=True)
        ending = "".join(suffix for suffix in path.suffixes[-2:] if suffix[1:].isalnum() and suffix.isascii())
        link = self._scratch / f"named-{next(self._numbers)}{ending}"
        try:
            link.symlink_to(path.resolve())
        except OSError:  # a system without links
            shutil.copyfile(path, link)
        return link

    def _opened(self, path: Path, name: str, head: bytes) -> Iterator[RawFile]:
        match _kind(path, head):
            case "zip":
                members = unzipped(
                    path,
                    name=name,
                    scratch=self._scratch,
                    number=next(self._numbers),
                    limits=self._limits,
                    skip=self._skip,
                )
                for member in members:
                    yield from self._member(member.path, member.name)
            case "gzip":
                number = next(self._numbers)
                self._report(f"Unpacking {name}.")
                plain = gunzipped(path, name=name, scratch=self._scratch, number=number, limits=self._limits)
                inner = _head(plain, name)
                if _kind(plain, inner) in {"gzip", "zip"}:
                    raise BadFile(f"{name} holds another archive.", hint="unpack it and import the files.")
                yield from self._opened(plain, name, inner)
            case "workbook":
                yield from read_workbook(path, name=name, scratch=self._scratch, skip=self._skip)
            case "parquet":
                yield _parquet(path, name)
            case "spss":
                yield read_sav(path, name=name, scratch=self._scratch)
            case "json":
                yield read_json(path, name=name, scratch=self._scratch)
            case "text":
                yield self._text(path, name)
            case _:
                raise BadFile(f"{name} is not a table: it holds no text.", hint="choose a CSV, Excel or JSON file.")

    def _member(self, path: Path, name: str) -> Iterator[RawFile]:
        head = _head(path, name)
        if not head or (_kind(path, head) == "other" and path.suffix.lower() not in KNOWN):
            self._skip(f"{name} was left out: it is {'not a table' if head else 'empty'}.")
            return
        yield from self._opened(path, name, head)

    def _text(self, path: Path, name: str) -> RawFile:
        suffix = Path(name.removesuffix(".gz")).suffix.lower()
        raw = read_text(
            path, name=name, scratch=self._scratch, suffix=suffix, encoding=self._encoding, report=self._report
        )
        columns = list(zip(*raw.samples, strict=True))
        if any(values.decimal_mark(column) == "," for column in columns):
            return replace(raw, notes=(*raw.notes, "Numbers are written with a decimal comma."))
        return raw


def _named(encoding: str) -> Encoding:
    try:
        return Encoding(codecs.lookup(encoding).name)
    except LookupError:
        raise UnknownName.among("encoding", encoding, ("utf-8", "utf-16", "cp1252", "cp1251", "shift_jis")) from None


def _matches(pattern: Path) -> list[Path]:
    """The files and folders that a pattern such as `exports/*/wave_20??.csv` stands for, sorted."""
    parts = pattern.parts
    first = next((number for number, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return sorted(Path(*parts[:first]).glob(str(Path(*parts[first:])))) if first < len(parts) else []


def _shown(name: str) -> str:
    """`name` without bytes that are no letters."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # it is there and cannot be opened: reading it says why


def _head(path: Path, name: str) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe waits for somebody to write
            raise BadFile(f"{name} is no file but a pipe or a device.", hint="save its contents as a file first.")
        with path.open("rb") as file:
            return file.read(1 << 16)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadFile(f"{name} cannot be opened: {reason}.", hint="check that it exists and may be read.") from None


def _kind(path: Path, head: bytes) -> str:
    """By what a file holds, not by what it is called: zip, gzip, workbook, parquet, json, text or other."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")) and zipfile.is_zipfile(path):
        return "workbook" if is_workbook(path) else "zip"
    if head.startswith(b"PK\x03\x04"):
        return "zip"  # cut short: unpacking says so
    encoding = guess(head)
    text = head[encoding.mark :].decode(encoding.codec, "ignore")
    if len(_CONTROLS.findall(text)) > 0.01 * len(text):
        return "other"
    return "json" if _is_json(path, text) else "text"


def _is_json(path: Path, text: str) -> bool:
    start = text.lstrip("\ufeff\0 \t\r\n")
    suffixes = {suffix.lower() for suffix in path.suffixes}
    if suffixes & {".json", ".jsonl", ".ndjson"}:
        return True
    return re.match(r'(\[\s*)?\{\s*("[^"]*"\s*:|\})', start) is not None


def _parquet(path: Path, name: str) -> RawFile:
    import pyarrow.parquet as pq  # a quarter of a second that CSV readers do not wait for
    from pyarrow import ArrowException

    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    try:
        with pq.ParquetFile(path) as parquet:
            names = tuple(parquet.schema_arrow.names)
            rows = parquet.metadata.num_rows
            batch = next(parquet.iter_batches(batch_size=SAMPLES), None)
    except (ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise BadFile(f"{name} cannot be read as Parquet: {reason}.", hint="copy or download it again.") from None
    check_width(len(names), name)
    columns = batch.to_pydict().values() if batch is not None else ()
    samples = tuple(tuple("" if cell is None else str(cell) for cell in row) for row in zip(*columns, strict=True))
    return RawFile(
        path=path,
        format="parquet",
        name=name,
        sha256=sha256,
        headers=clean_names(names),
        original_headers=names,
        skip_lines=0,
        encoding="Parquet",
        lines=rows,
        samples=samples,
        in_place=True,
    )
