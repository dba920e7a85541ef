"""Every file a person may hold, opened as plainly described tables of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from touchstone.listen.rawfile import RawFile
from touchstone.listen.textfiles import read_text, repaired, silent

__all__ = ["RawFile", "open_files", "repaired"]


def open_files(paths: Sequence[Path], *, scratch: Path, report: Callable[[str], None] = silent) -> Iterator[RawFile]:
    """Every table in `paths`, which may be files, folders and patterns, one after the other."""
    for path in paths:
        yield read_text(
            Path(path), name=Path(path).name, suffix=Path(path).suffix.lower(), scratch=scratch, report=report
        )
