"""Archives unpacked member by member, within bounds, into the scratch folder."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from touchstone.core.errors import BadFile

_CHUNK = 1 << 20
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
_ENCRYPTED = 0x1
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile, NotImplementedError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much an archive may unpack to: `total` bytes, and `ratio` times its own size once past `grace` bytes."""

    total: int = 20 * 1024**3
    ratio: int = 50
    grace: int = 256 * 1024**2


@dataclass(frozen=True, slots=True)
class Member:
    """One unpacked file: its name inside the archive, as plain text, and where it lies now."""

    name: str
    path: Path


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Meter:
    """Counts what an archive has unpacked to, and refuses more than its limits."""

    def __init__(self, name: str, packed: int, limits: Limits) -> None:
        self._name = name
        self._most = min(limits.total, max(limits.grace, limits.ratio * packed))
        self._so_far = 0

    def copy(self, source: _Readable, target: BinaryIO) -> None:
        while chunk := source.read(_CHUNK):
            self._so_far += len(chunk)
            if self._so_far > self._most:
                raise BadFile(
                    f"{self._name} unpacks to more than {self._most / 1e6:,.0f} MB, far more than it should.",
                    hint="if it can be trusted, unpack it yourself and import the files.",
                )
            target.write(chunk)


def gunzipped(path: Path, *, name: str, scratch: Path, number: int, limits: Limits) -> Path:
    """The contents of a gzip file as a file in `scratch`. Raises `BadFile` if it is damaged, cut short or a bomb."""
    target = _place(scratch, number, path.with_suffix("").name)
    meter = _Meter(name, path.stat().st_size, limits)
    try:
        with gzip.open(path) as source, target.open("wb") as file:
            meter.copy(source, file)
    except _DAMAGED as error:
        raise BadFile(
            f"{name} is damaged or was cut short: {_why(error)}.", hint="copy or download it again."
        ) from None
    return target


def unzipped(
    path: Path, *, name: str, scratch: Path, number: int, limits: Limits, skip: Callable[[str], None]
) -> Iterator[Member]:
    """Every file in a zip archive, one after the other, in the order of their names.

    Where a member is unpacked to does not depend on its name, so a name that climbs out of its folder is harmless.
    Archives inside the archive and the leftovers of file managers are named to `skip`. Raises `BadFile` if the
    archive is damaged, protected by a password, or unpacks to more than `limits`.
    """
    meter = _Meter(name, path.stat().st_size, limits)
    try:
        with zipfile.ZipFile(path) as archive:
            members = sorted((info for info in archive.infolist() if not info.is_dir()), key=lambda info: info.filename)
            if sum(info.file_size for info in members) > limits.total:
                raise BadFile(f"{name} says that it unpacks to more than {limits.total / 1e9:,.0f} GB.")
            for place, info in enumerate(members):
                shown = f"{name}/{_plain(info.filename)}"
                if _leftover(info.filename):
                    skip(f"{shown} was left out: it belongs to a file manager.")
                    continue
                if info.flag_bits & _ENCRYPTED:
                    raise BadFile(f"{shown} is protected by a password.", hint="unpack it and import the files.")
                target = _place(scratch, number, f"{place}-{_plain(info.filename)}")
                with archive.open(info) as source, target.open("wb") as file:
                    meter.copy(source, file)
                if _is_archive(target):
                    target.unlink()
                    skip(f"{shown} was left out: it is an archive inside an archive.")
                    continue
                yield Member(shown, target)
    except _DAMAGED as error:
        raise BadFile(
            f"{name} is damaged or was cut short: {_why(error)}.", hint="copy or download it again."
        ) from None


def is_workbook(path: Path) -> bool:
    """Whether a zip archive is a spreadsheet: Office Open XML or OpenDocument."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except _DAMAGED:
        return False
    return "[Content_Types].xml" in names or {"mimetype", "content.xml"} <= names


def declared_size(path: Path) -> int:
    """Bytes that a zip archive says it unpacks to."""
    with zipfile.ZipFile(path) as archive:
        return sum(info.file_size for info in archive.infolist())


def _place(scratch: Path, number: int, name: str) -> Path:
    scratch.mkdir(parents=True, exist_ok=True)
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)[-80:]
    return scratch / f"unpacked-{number}-{safe}"


def _plain(filename: str) -> str:
    parts = [part for part in PurePosixPath(filename.replace("\\", "/")).parts if part not in {"..", "/", "."}]
    return "/".join("".join(letter for letter in part if letter.isprintable()) for part in parts)


def _leftover(filename: str) -> bool:
    path = PurePosixPath(filename.replace("\\", "/"))
    return "__MACOSX" in path.parts or path.name.startswith(".") or path.name in {"Thumbs.db", "desktop.ini"}


def _is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(8)
    return start.startswith(_ARCHIVES) and not is_workbook(path)


def _why(error: BaseException) -> str:
    if isinstance(error, EOFError):
        return "it ends in the middle"
    if "crc" in str(error).lower():
        return "its contents are not what was packed"
    return str(error).rstrip(".").lower() or type(error).__name__
