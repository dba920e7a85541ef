"""Whether an import was honest: refused with a sentence, or every row accounted for and no value lost."""

from __future__ import annotations

import re
import resource
import shutil
import signal
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from types import FrameType

import pyarrow.parquet as pq
from tests.mangling.case import READ_AS, Case, Effect, Row, begun
from tests.mangling.catalogue import Drawn
from tests.mangling.good import Good

from touchstone.core.errors import TouchstoneError
from touchstone.core.settings import Settings
from touchstone.listen.add import FileSummary, ImportSummary, add
from touchstone.workspace import Workspace

PATIENCE = 120  # seconds, after which an import hangs
Landed = dict[str, list[tuple[object, ...]]]


@dataclass
class Outcome:
    """What became of one mangled file, and everything that was wrong with it."""

    drawn: Drawn
    kind: str = "imported"
    problem: str = ""
    rows: int = 0
    aside: int = 0
    seconds: float = 0.0
    peak: float = 0.0
    """The most memory, in MB, that this process held until the import had ended: the judge's own comes after."""
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        faults = "\n".join(f"  {fault}" for fault in self.faults)
        return f"{self.drawn}\n  {self.kind} {self.problem}\n{faults}"


def tried(drawn: Drawn, folder: Path | None = None) -> Outcome:
    """Import the case of `drawn` into a fresh workspace, and judge what came of it."""
    outcome = Outcome(drawn)
    place = folder or Path(mkdtemp(prefix="mangled-"))
    try:
        workspace = Workspace(place / "workspace", Settings())
        workspace.folder.mkdir(parents=True)
        path = drawn.case.write(place / "files")
        begin = time.process_time()
        try:
            with _patient():
                try:
                    summary = add(workspace, [path])
                finally:
                    outcome.peak = peak()
        except TouchstoneError as error:
            outcome.kind, outcome.problem = "refused", error.problem
            _judge_refusal(error, drawn.case, workspace, outcome)
        else:
            outcome.rows = sum(file.rows_read for file in summary.files)
            outcome.aside = sum(file.rows_aside for file in summary.files)
            _judge_import(summary, drawn.case, workspace, outcome)
        outcome.seconds = time.process_time() - begin
    except Exception:  # a traceback is what the campaign looks for
        outcome.kind = "traceback"
        outcome.faults.append("a traceback:\n" + traceback.format_exc())
    finally:
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)
    return outcome


def peak() -> float:
    """The most memory this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def _patient() -> Iterator[None]:
    def ring(number: int, frame: FrameType | None) -> None:
        raise RuntimeError(f"no end after {PATIENCE} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _judge_refusal(error: TouchstoneError, case: Case, workspace: Workspace, outcome: Outcome) -> None:
    """A sentence that says what is wrong, another that says what to do, and nothing written."""
    fault = outcome.faults.append
    if not (case.may_refuse or case.must_refuse):
        fault(f"refused, and could be read: {error}")
    if not re.fullmatch(r"[^\n]{10,1000}[.?!]", error.problem):
        fault(f"no sentence: {error.problem[:300]!r}")
    if not error.hint:
        fault(f"does not say what to do: {error.problem[:300]!r}")
    if re.search(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]", str(error).replace("\nHint: ", " ")):
        fault(f"letters that rule a terminal: {error.problem[:300]!r}")
    if re.search(r"Traceback|0x[0-9a-f]{6}|duckdb\.|pyarrow\.|/tmp/|scratch", str(error)):
        fault(f"words of the machine: {str(error)[:500]!r}")
    if workspace.lake.record() is not None:
        fault("refused, and something was imported")
    _judge_leftovers(workspace, outcome)


def _judge_leftovers(workspace: Workspace, outcome: Outcome) -> None:
    left = list(workspace.scratch.iterdir())
    if left:
        outcome.faults.append(f"left in the scratch folder: {left}")


def _judge_import(summary: ImportSummary, case: Case, workspace: Workspace, outcome: Outcome) -> None:
    fault = outcome.faults.append
    if case.must_refuse:
        fault("imported, and is no table")
    _judge_leftovers(workspace, outcome)
    _judge_counts(summary, case, workspace, outcome)
    told = _told(summary)
    for pattern in case.says:
        if pattern.casefold() not in told and not (pattern == READ_AS and case.plain):
            fault(f"not said: {pattern!r} in {told!r}")
    _judge_values(summary, case, workspace, outcome)


def _judge_counts(summary: ImportSummary, case: Case, workspace: Workspace, outcome: Outcome) -> None:
    """Rows in = rows taken + repeated + merged + left out + set aside; all of them, and each aside with its reason."""
    fault = outcome.faults.append
    files = [file for file in summary.files if not file.known]
    for file in summary.files:
        total = file.rows_taken + file.repeated + file.merged + file.left_out + file.rows_aside
        if file.rows_read != total:
            fault(f"{file.rows_read} rows read, {total} accounted for: {file}")
    told = sum(_footers(file) for file in summary.files)
    parts: dict[str, int] = {}  # a file that fills several tables is read once for each
    for file in files:
        parts[file.file] = max(file.rows_read, parts.get(file.file, 0))
    read = sum(parts.values())
    if case.rows_in is not None and not read <= case.rows_in <= read + told:
        fault(f"{case.rows_in} rows in the file, {read} read, {told} told to be none; notes {_notes(summary)}")
    aside = sum(file.rows_aside for file in summary.files)
    kept = _aside(workspace)
    if len({(row["file"], row["row"]) for row in kept}) < aside and len(kept) < aside:
        fault(f"{aside} rows set aside, {len(kept)} kept")
    if any(not row["reason"] for row in kept):
        fault("set aside without a reason")


def _footers(file: FileSummary) -> int:
    """Rows that a note tells to be none."""
    found = [re.search(r"The last (?:(\d+) lines are|line is) no row", note) for note in file.notes]
    return sum(int(match[1] or 1) for match in found if match)


def _notes(summary: ImportSummary) -> list[str]:
    return [note for file in summary.files for note in file.notes]


def _judge_values(summary: ImportSummary, case: Case, workspace: Workspace, outcome: Outcome) -> None:
    """No value is another than in the good file, unless it is said."""
    good = case.good
    if not good.key:
        return
    landed, truth = _landed(workspace, good), known(good)
    tables = {file.table for file in summary.files}
    if good.table not in tables:
        if any(row.effect is Effect.INTACT for row in case.rows):
            outcome.faults.append(f"taken for {', '.join(tables)}, not for {good.table}")
        return
    told, aside = _told(summary), any(file.rows_aside for file in summary.files)
    outcome.faults += [f"an id that is none: {key}" for key in case.absent if key in landed]
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in case.rows:
        groups[row.key].append(row)
    found = [
        fault
        for key, rows in groups.items()
        if rows[0].origin in truth and max(row.effect for row in rows) < Effect.FREE
        if (fault := _difference(key, rows, landed, truth, good, told, aside=aside))
    ]
    outcome.faults += found[:3]


def _difference(key: str, rows: list[Row], landed: Landed, truth: Landed, good: Good, told: str, *, aside: bool) -> str:
    effect = max(row.effect for row in rows)
    wanted = [_replaced(values, rows[0], good) for values in truth[rows[0].origin]]
    arrived = landed.get(key)
    if arrived is None:
        lost = effect is Effect.INTACT or not (aside or good.key in told)
        return f"row {key!r} is lost: {wanted}; there are {list(landed)[:3]}" if lost else ""
    if Counter(map(str, arrived)) == Counter(map(str, wanted)):
        return ""
    if effect is Effect.SAME and _all_told(arrived, wanted, good, told):
        return ""
    return f"row {key!r} arrived as {arrived}, was {wanted}; told: {told[:600]}"


def _replaced(values: tuple[object, ...], row: Row, good: Good) -> tuple[object, ...]:
    changed = {name: row.expected.get(header) for name, header in good.watched.items() if header in row.expected}
    return (
        tuple(changed.get(name, value) or None for name, value in zip(good.watched, values, strict=True))
        if changed
        else values
    )


def _all_told(arrived: list[tuple[object, ...]], wanted: list[tuple[object, ...]], good: Good, told: str) -> bool:
    """Whether every column that came out otherwise is spoken of."""
    if len(arrived) != 1 or len(wanted) != 1:
        return bool(told)
    differing = [
        header for header, one, other in zip(good.watched.values(), arrived[0], wanted[0], strict=True) if one != other
    ]
    return all(header and _letters(header) in _letters(told) for header in differing)


def _letters(text: str) -> str:
    """`text` as one word: a header may have been mangled too."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _told(summary: ImportSummary) -> str:
    """Everything that the account says of single columns."""
    words: list[str] = []
    for file in summary.files:
        words += [*file.notes, *file.ignored, *(reason for reason, _ in file.reasons)]
    return " | ".join(words).casefold()


def _aside(workspace: Workspace) -> list[dict[str, object]]:
    return _rows(workspace, "set_aside", ["file", "row", "reason"])


def _rows(workspace: Workspace, table: str, columns: list[str]) -> list[dict[str, object]]:
    record = workspace.lake.record()
    if record is None or table not in record.tables:
        return []
    held = workspace.lake.files(table, record.tables[table])
    rows: list[dict[str, object]] = []
    for file in held.files:
        present = set(pq.read_schema(file).names)
        part = pq.read_table(file, columns=[name for name in columns if name in present])
        rows += [dict.fromkeys(columns) | row for row in part.to_pylist()]
    return rows


def _landed(workspace: Workspace, good: Good) -> Landed:
    """The watched values of every record, by id."""
    columns = list(good.watched)
    landed: Landed = defaultdict(list)
    for row in _rows(workspace, good.table, [good.id_column, "source", *columns]):
        key = str(row[good.id_column]).removeprefix(f"{row['source']}:")  # ids of a tool's own say which
        key = key.removeprefix(f"{good.table}:")
        landed[key].append(tuple(row[name] for name in columns))
    return dict(landed)


@cache
def known(good: Good) -> Landed:
    """What arrives of the good file itself."""
    place = Path(mkdtemp(prefix="good-"))
    try:
        workspace = Workspace(place / "workspace", Settings())
        workspace.folder.mkdir()
        summary = add(workspace, [begun(good, Random(0)).write(place / "files")])
        assert not any(file.rows_aside for file in summary.files), (good.name, summary)
        landed = _landed(workspace, good)
    finally:
        shutil.rmtree(place)
    assert not good.key or set(landed) <= {row.key for row in begun(good, Random(0)).rows}, (
        good.name,
        list(landed)[:3],
    )
    assert landed, good.name
    return landed
