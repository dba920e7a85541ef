"""SPSS data files (.sav, .zsav): variable labels are question texts, value labels say what codes stand for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from touchstone.core.errors import BadFile
from touchstone.listen.layout import Layout, check_width, clean_names
from touchstone.listen.rawfile import RawFile
from touchstone.listen.records import Dialect, Record
from touchstone.listen.textfiles import rewritten
from touchstone.listen.workbooks import text

SIGN = "(SPSS)"
_CELLS = 3_000_000  # values that are in memory at a time


def read_sav(path: Path, *, name: str, scratch: Path) -> RawFile:
    """The cases of an SPSS file as a CSV in `scratch`, some thousand at a time.

    Values that the file declares as missing are empty. Codes stay as they are; what they stand for is in `choices`.
    Raises `BadFile` for a damaged or encrypted file.
    """
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    about = _read(path, name, metadataonly=True, user_missing=True, output_format="dict")[1]
    names = tuple(about.column_names)
    if not names:
        raise BadFile(f"{name} has no variables.", hint="save it again, or export it as CSV.")
    check_width(len(names), name)
    headers = clean_names(names)
    missing = "Values that the file declares as missing are no answers."
    found = Layout(
        dialect=Dialect(),
        skip=0,
        headers=headers,
        original_headers=names,
        labels=tuple(label or "" for label in about.column_labels),
        signs=(SIGN,),
        notes=(missing,) if about.missing_ranges else (),
    )
    rows = _rows(path, name, columns=len(names))
    raw = rewritten(rows, found, name=name, sha256=sha256, encoding="SPSS", scratch=scratch)
    return replace(raw, choices=_choices(about, dict(zip(names, headers, strict=True))))


def _choices(about: Any, headers: dict[str, str]) -> dict[str, dict[str, str]]:
    """What the codes of each variable stand for, without those that are declared missing."""
    choices = {}
    for variable, labels in about.variable_value_labels.items():
        ranges = about.missing_ranges.get(variable, ())
        kept = {
            _text(code): str(label).strip()
            for code, label in labels.items()
            if str(label).strip() and not any(_within(code, one) for one in ranges)
        }
        if kept:
            choices[headers[variable]] = kept
    return choices


def _within(code: Any, declared: Any) -> bool:
    """Whether a code lies in a range declared as missing; some files declare words."""
    try:
        return bool(declared["lo"] <= code <= declared["hi"])
    except TypeError:
        return bool(code == declared["lo"])


def _rows(path: Path, name: str, *, columns: int) -> Iterator[Record]:
    size = max(1, _CELLS // columns)
    start = 0
    while True:
        data = _read(path, name, row_offset=start, row_limit=size, output_format="dict")[0]
        cells = list(data.values())
        n = len(cells[0])
        for place in range(n):
            yield Record(start + place + 1, [_text(column[place]) for column in cells])
        if n < size:
            return
        start += n


def _read(path: Path, name: str, **options: Any) -> tuple[Any, Any]:
    from pyreadstat import PyreadstatError, ReadstatError, read_sav  # loads a native library

    try:
        return read_sav(str(path), **options)
    except (PyreadstatError, ReadstatError, OverflowError, UnicodeDecodeError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else "it is damaged"
        raise BadFile(f"{name} cannot be read as an SPSS file: {reason}.", hint="save it again, or as CSV.") from None


def _text(value: Any) -> str:
    """A value as text; nothing for a missing one."""
    if value is None or value != value:  # NaN is the only value that differs from itself
        return ""
    plain = value.item() if hasattr(value, "item") else value
    return text(plain).strip(" ")  # SPSS pads with blanks; a line separator is part of what was said
