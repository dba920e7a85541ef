"""Writes the company as files: block by block, each file whole or not at all."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TextIO

from touchstone.core.errors import BadFile
from touchstone.simulate import exports
from touchstone.simulate.clock import Clock
from touchstone.simulate.company import BLOCK, Company
from touchstone.simulate.dirt import DELIMITERS, ENCODINGS, Soiled, soil
from touchstone.simulate.exports import Source, Table
from touchstone.simulate.people import random
from touchstone.simulate.scene import scene
from touchstone.simulate.studies import COUNTED, FULLER, STUDIES, sizes
from touchstone.simulate.truth import Tally, truth

Progress = Callable[[str, int, int], None]

EXPORTS: Final[dict[str, Callable[[Source], Table]]] = {
    "customers.csv": exports.customers,
    "orders.csv": exports.orders,
    "subscriptions.csv": exports.subscriptions,
    "tickets.csv": exports.tickets,
    "events.csv": exports.events,
    "invitations.csv": exports.invitations,
    "survey.csv": exports.survey,
    "reviews.csv": exports.reviews,
}


def exports_of(company: Company) -> dict[str, Callable[[Source], Table]]:
    """The files of a company and what makes each."""
    return EXPORTS | (STUDIES if company.studies else {})


FIRST_ORDER: Final = 500_001
FIRST_TICKET: Final = 20_001
_UNFINISHED: Final = ".unfinished"


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: where each file is, how many data lines it has, and the truth (also in `truth.json`)."""

    paths: dict[str, Path]
    counts: dict[str, int]
    truth: dict[str, Any]


@dataclass(slots=True)
class _File:
    """One file being written, and what has gone into it."""

    stream: TextIO
    delimiter: str
    rows: int = 0
    lines: int = 0
    repeated_amount: Decimal = Decimal(0)
    planted: Counter[str] = field(default_factory=Counter)

    def write(self, table: Table, soiled: Soiled | None) -> None:
        """A block: the header before the first one, the rows, and what dirt adds below them."""
        if not self.rows and not self.lines:
            self.stream.write(self.delimiter.join(_quoted(list(table.columns), self.delimiter)) + "\n")
        lines = _lines(table, self.delimiter)
        self.rows += len(lines)
        if soiled is not None:
            lines += self._soiled(table, lines, soiled)
        self.lines += len(lines)
        if lines:
            self.stream.write("\n".join(lines) + "\n")

    def _soiled(self, table: Table, lines: list[str], soiled: Soiled) -> list[str]:
        self.planted += soiled.planted
        repeated = soiled.repeated.tolist()
        if "amount" in table.columns:
            self.repeated_amount += sum((Decimal(table.columns["amount"][row]) for row in repeated), Decimal(0))
        broken = [self.delimiter.join(lines[0].split(self.delimiter)[:3])] if soiled.broken_line else []
        return [lines[row] for row in repeated] + broken

    def record(self) -> dict[str, Any]:
        """The counts for the truth file."""
        facts: dict[str, Any] = {"rows": self.rows, "lines": self.lines}
        if self.planted:
            facts["planted"] = dict(sorted(self.planted.items()))
        if self.repeated_amount:
            facts["amount_of_repeated_rows"] = str(self.repeated_amount)
        return facts


def write_company(company: Company, folder: Path, *, progress: Progress | None = None) -> Written:
    """Simulate `company` and write its exports and `truth.json` into `folder` (made if missing).

    The same company gives the same bytes. Customers are made in blocks of 20,000 that do not hang on each other, so
    memory stays bounded. `progress` is told (step, done, of). Files of an earlier run are replaced only by whole ones.
    """
    if folder.exists() and not folder.is_dir():
        raise BadFile(f"'{folder}' is a file, so the company cannot be written there.", hint="name a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = {name: folder / (name + _UNFINISHED) for name in (*exports_of(company), "truth.json")}
    try:
        tally, files = _simulate(company, unfinished, progress or _silent)
        facts = truth(tally, {name: file.record() for name, file in files.items()})
        text = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False)
        unfinished["truth.json"].write_text(text + "\n", encoding="utf-8")
        paths = {name: path.replace(folder / name) for name, path in unfinished.items()}
    finally:
        for path in unfinished.values():
            path.unlink(missing_ok=True)
    return Written(paths, {name: file.lines for name, file in files.items()}, facts)


def _silent(_step: str, _done: int, _of: int) -> None: ...


def _simulate(company: Company, paths: dict[str, Path], progress: Progress) -> tuple[Tally, dict[str, _File]]:
    """Make block after block, append each to the files and add it to the truth."""
    tally, clock = Tally(company), Clock.of(company)
    first = Counter({"orders": FIRST_ORDER, "tickets": FIRST_TICKET, **dict.fromkeys(_NUMBERED, 1)})
    with ExitStack() as stack:
        files = {name: _open(stack, name, paths[name], dirt=company.dirt) for name in exports_of(company)}
        for block in range(company.blocks):
            progress("customers", block * BLOCK, company.customers)
            now = scene(company, block, clock)
            tally.add(now)
            source = Source.of(company, block, now, dict(first))
            for name, export in exports_of(company).items():
                table = export(source)
                if company.studies and name in FULLER:
                    table = FULLER[name](source, table)
                rng = random(company, block, f"dirt {name}")
                soiled = soil(name, table, rng, first_block=not block) if company.dirt else None
                files[name].write(table, soiled)
            first.update(now.sizes() | sizes(company, now))
        progress("customers", company.customers, company.customers)
    return tally, files


_NUMBERED: Final = ("refunds", "subscriptions", "events", "sessions", "invitations", "survey", "reviews", *COUNTED)


def _open(stack: ExitStack, name: str, path: Path, *, dirt: bool) -> _File:
    encoding = ENCODINGS.get(name, "utf-8") if dirt else "utf-8"
    stream = stack.enter_context(path.open("w", encoding=encoding, newline=""))
    return _File(stream, DELIMITERS.get(name, ",") if dirt else ",")


def _lines(table: Table, delimiter: str) -> list[str]:
    columns = [
        _quoted(column, delimiter) if header in table.free_text else column for header, column in table.columns.items()
    ]
    return list(map(delimiter.join, zip(*columns, strict=True)))


def _quoted(column: Sequence[str], delimiter: str) -> list[str]:
    """As CSV wants it: text with a delimiter or a quotation mark in quotation marks, those inside doubled."""
    return ['"' + text.replace('"', '""') + '"' if delimiter in text or '"' in text else text for text in column]
