"""How each file will be read, settled before anything is written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from touchstone.core.errors import BadFile
from touchstone.core.mapping import Mapping
from touchstone.engine.intake import from_filename
from touchstone.listen.files import KNOWN, open_files
from touchstone.listen.fitting import can_be_read, fitted
from touchstone.listen.mappings import layout_of
from touchstone.listen.own import OWN, own_mapping
from touchstone.listen.propose import propose
from touchstone.listen.rawfile import RawFile

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One file and how it will be read, before anything is written."""

    file: RawFile
    mapping: Mapping
    layout: str  # how the mapping was found: "given", "proposed", or the name of a known layout
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
    part: int = 0  # a file may be read several times, for several tables; only the first sets refused rows aside

    @property
    def source(self) -> str:
        """The system or wave that the file's ids belong to."""
        rule = self.mapping.source
        if rule.headers:
            return self.mapping.table  # each row says its own; what is said of the file goes by the table
        return rule.constant or from_filename(rule.from_filename or "", self.file.name, "source")

    @property
    def content(self) -> str:
        """A hash of the file and of how it is read: the same twice means nothing new.

        The file's name counts only as far as the mapping takes something from it.
        """
        takes = {
            "source": self.mapping.source,
            **self.mapping.columns,
            **self.mapping.attributes,
            **self.mapping.known_as,
        }
        named = [
            from_filename(take.from_filename, self.file.name, column)
            for column, take in takes.items()
            if take.from_filename is not None
        ]
        return hashlib.sha256(f"{self.file.sha256}\n{self.mapping!r}\n{named}".encode()).hexdigest()


def plan(
    paths: Sequence[Path],
    scratch: Path,
    *,
    table: str | None = None,
    mapping: Mapping | None = None,
    progress: Progress = lambda sentence: None,
) -> list[Plan]:
    """How each file would be read: by `mapping` if given, else by a known layout, else by a proposal."""
    plans: list[Plan] = []
    strangers: list[BadFile] = []
    for file in open_files(paths, scratch=scratch, report=progress):
        try:
            plans += _planned(file, table, mapping)
        except BadFile as error:
            # a README in a folder of exports reads as a table of sorts, and is none of ours
            if Path(file.name).suffix.lower() in KNOWN or len(Path(file.name).parts) < 2:
                raise
            strangers.append(error)
    if strangers and not plans:
        raise strangers[0]
    if strangers:
        left_out = (f"{error.problem} It was left out." for error in strangers)
        plans[-1] = replace(plans[-1], notes=(*plans[-1].notes, *left_out))
    return plans


def _planned(file: RawFile, table: str | None, mapping: Mapping | None) -> list[Plan]:
    """The readings of one file: several where it holds several nouns."""
    if mapping is not None:
        return _read_by(file, mapping, "given", ())
    own = own_mapping(file)
    if own is not None and table in (None, own.table):
        return _read_by(file, own, OWN, ())
    layout = layout_of(file.headers, file.signs) if table is None else None
    if layout is not None:
        return _read_by(file, layout.mapping, layout.name, layout.remarks(file.headers))
    proposal = propose(file, table)
    notes = (*file.notes, *proposal.notes)
    return [Plan(file=file, mapping=proposal.mapping, layout="proposed", ignored=proposal.ignored, notes=notes)]


def _read_by(file: RawFile, mapping: Mapping, layout: str, notes: tuple[str, ...]) -> list[Plan]:
    plans: list[Plan] = []
    for part, one in enumerate((mapping, *mapping.also)):
        if part and not can_be_read(file, one):
            plans[0] = replace(
                plans[0],
                notes=(*plans[0].notes, f"no {one.called or one.table} in this file: their columns are missing"),
            )
            continue
        found = fitted(file, one, known=layout not in ("given", OWN))
        told = (*notes, *file.notes) if not part else ()
        plans.append(
            Plan(
                file=replace(file, aside=None, set_aside=0) if part else file,
                mapping=found.mapping,
                layout=layout,
                ignored=found.ignored,
                notes=(*told, *found.notes),
                part=part,
            )
        )
    used = {header for one in plans for header in one.mapping.used_headers()}
    ignored = tuple(header for header in plans[0].ignored if header not in used)
    return [replace(one, ignored=() if one.part else ignored) for one in plans]
