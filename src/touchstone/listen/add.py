"""Files in, rows landed together behind one commit point, and a summary that accounts for every row."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from touchstone.core.errors import BadFile, Refused
from touchstone.core.mapping import Mapping, without_unused
from touchstone.core.nouns import NOUNS, Column
from touchstone.engine.connect import DuckDB, Table
from touchstone.engine.intake import SYSTEM, Irregular, Scan, Staged, from_filename, read, stage
from touchstone.engine.landing import Landing, land
from touchstone.engine.people import identities
from touchstone.engine.records import Records, make_records, question_rows, set_aside_rows
from touchstone.lake.writing import Part, Writer
from touchstone.listen.aside import sidecar_rows, sidecar_table
from touchstone.listen.files import open_files
from touchstone.listen.mappings import known_layouts
from touchstone.listen.propose import propose
from touchstone.listen.rawfile import RawFile
from touchstone.listen.textfiles import repaired
from touchstone.workspace import Workspace

Progress = Callable[[str], None]
_FIRST = ("accounts", "customers")  # landed before what refers to them


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One file and how it will be read, before anything is written."""

    file: RawFile
    mapping: Mapping
    layout: str  # how the mapping was found: "given", "proposed", or the name of a known layout
    ignored: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def content(self) -> str:
        """A hash of the file and of how it is read: the same twice means nothing new."""
        return hashlib.sha256(f"{self.file.sha256}\n{self.mapping!r}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSummary:
    """Where every row of one file went. `rows_read` = `rows_taken` + `repeated` + `merged` + `left_out` + `rows_aside`.

    For a survey file that is unpivoted, `records` are answers, and `cells_aside` and `blank` count single answers.
    """

    file: str
    table: str
    layout: str
    known: bool = False
    rows_read: int = 0
    rows_taken: int = 0
    records: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    repeated: int = 0
    merged: int = 0
    left_out: int = 0
    rows_aside: int = 0
    cells_aside: int = 0
    blank: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """What one `add` did: the import's number (None when there was nothing new) and each file's account."""

    number: int | None
    files: tuple[FileSummary, ...] = field(default=())

    def records(self) -> list[dict[str, object]]:
        """One flat record per file."""
        return [{"import_number": self.number} | asdict(file) for file in self.files]


def plan(
    paths: Sequence[Path],
    scratch: Path,
    *,
    table: str | None = None,
    mapping: Mapping | None = None,
    progress: Progress = lambda sentence: None,
) -> list[Plan]:
    """How each file would be read: by `mapping` if given, else by a known layout, else by a proposal."""
    plans = [_planned(file, table, mapping) for file in open_files(paths, scratch=scratch, report=progress)]
    if not plans:
        raise BadFile("There is no file to import.", hint="name files, folders or patterns such as exports/*.csv.")
    return plans


def add(
    workspace: Workspace,
    paths: Sequence[Path],
    *,
    table: str | None = None,
    mapping: Mapping | None = None,
    strict: bool = False,
    progress: Progress = lambda sentence: None,
) -> ImportSummary:
    """Import files as one import: wholly there when this returns, wholly absent if it is stopped before.

    Files that were imported before, read the same way, are left as they are. With `strict` a file with a row that
    cannot be taken is refused and nothing is imported. Raises TouchstoneError with the reason otherwise.
    """
    with TemporaryDirectory(dir=workspace.scratch) as folder:
        scratch = Path(folder)
        plans = plan(paths, scratch, table=table, mapping=mapping, progress=progress)
        plans.sort(key=lambda one: one.mapping.table not in _FIRST)
        with workspace.lake.writing() as writer:
            known = {file["content"] for record in workspace.lake.imports() for file in record.summary.get("files", ())}
            summaries = []
            for one in plans:
                if one.content in known:
                    summaries.append(_known(one))
                    continue
                known.add(one.content)
                progress(f"Reading {one.file.name}")
                summaries.append(_import(workspace, writer, one, scratch, strict=strict, progress=progress))
            return _committed(workspace, writer, plans, summaries)


def _committed(
    workspace: Workspace, writer: Writer, plans: Sequence[Plan], summaries: Sequence[FileSummary]
) -> ImportSummary:
    """The commit point, unless every file was known."""
    if all(summary.known for summary in summaries):
        return ImportSummary(number=None, files=tuple(summaries))
    newest = workspace.lake.newest()
    weighted = any(one.mapping.default_weight for one in plans)
    weighted = weighted or bool(newest and newest.summary.get("default_weight"))
    fresh = [one for one, summary in zip(plans, summaries, strict=True) if not summary.known]
    record = writer.commit(
        content=hashlib.sha256("".join(one.content for one in fresh).encode()).hexdigest(),
        files=[one.file.name for one in fresh],
        summary={
            "files": [{"name": one.file.name, "content": one.content} for one in fresh],
            "default_weight": weighted,
            "account": [asdict(summary) for summary in summaries],
        },
    )
    return ImportSummary(number=record.number, files=tuple(summaries))


def _planned(file: RawFile, table: str | None, mapping: Mapping | None) -> Plan:
    if mapping is not None:
        return _fitted(file, mapping, "given", ())
    if table is None:
        for layout in known_layouts():
            if layout.fits(file.headers):
                return _fitted(file, layout.mapping, layout.name, ())
    proposal = propose(file, table)
    return Plan(
        file=file,
        mapping=proposal.mapping,
        layout="proposed",
        ignored=proposal.ignored,
        notes=(*file.notes, *proposal.notes),
    )


def _fitted(file: RawFile, mapping: Mapping, layout: str, notes: tuple[str, ...]) -> Plan:
    fitted, missing = without_unused(mapping, file.headers)
    if fitted.unpivot == () and mapping.unpivot:
        raise BadFile(
            f"'{file.name}' has none of the questions that the mapping unpivots.",
            hint=f"its columns are {', '.join(file.headers[:12])}.",
        )
    ignored = tuple(header for header in file.headers if header not in mapping.used_headers())
    absent = [f"no column for {', '.join(missing)} in this file"] if missing else []
    return Plan(file=file, mapping=fitted, layout=layout, ignored=ignored, notes=(*file.notes, *notes, *absent))


def _known(one: Plan) -> FileSummary:
    note = "imported before, nothing to do"
    return FileSummary(
        file=one.file.name, table=one.mapping.table, layout=one.layout, known=True, notes=(*one.notes, note)
    )


def _import(
    workspace: Workspace, writer: Writer, one: Plan, scratch: Path, *, strict: bool, progress: Progress
) -> FileSummary:
    """Read, type and land one file on an engine of its own, whose memory is given back afterwards."""
    engine = DuckDB(scratch)
    try:
        file, staged = _staged(engine, one, workspace.settings.timezone, scratch)
        rule = one.mapping.source
        source = rule.constant or from_filename(rule.from_filename or "", file.name, "source")
        records = make_records(engine, staged, one.mapping, _scan(file), source=source, number=writer.number)
        reasons = _reasons(engine, records, file)
        if strict and reasons:
            raise Refused(
                f"'{file.name}' has rows that cannot be taken: {_told(reasons)}.",
                hint="leave --strict out to import the rest and keep these aside.",
            )
        progress(f"Writing {records.records:,} rows of {one.mapping.table}")
        landings = _landings(engine, workspace, writer, one, staged, records, file, source, scratch)
    finally:
        engine.close()
    for landing in landings:
        writer.append(landing.table, [Part(landing.new, landing.n_new)], landing.columns)
        if landing.changed is not None:
            writer.change(landing.table, landing.key, landing.changed, landing.columns)
    return _summary(one, file, staged, records, landings[0], reasons)


def _staged(engine: DuckDB, one: Plan, zone: str, scratch: Path) -> tuple[RawFile, Staged]:
    """The typed rows; a file that turns out to be irregular further down is repaired and read again."""
    try:
        return one.file, stage(engine, read(engine, _scan(one.file)), one.mapping, _scan(one.file), zone=zone)
    except Irregular:
        file = repaired(one.file, scratch=scratch)
        return file, stage(engine, read(engine, _scan(file)), one.mapping, _scan(file), zone=zone)


def _scan(file: RawFile) -> Scan:
    return Scan(
        path=file.path,
        format=file.format,
        headers=file.headers,
        written=file.original_headers if file.format == "parquet" else (),
        name=file.name,
        options=file.scan_options(),
    )


def _reasons(engine: DuckDB, records: Records, file: RawFile) -> tuple[tuple[str, int], ...]:
    """Why rows and answers were set aside, the most frequent first."""
    aside = records.aside
    counted = engine.fetch(
        aside.group_by("column", "reason").aggregate(n=aside.count()).order_by(lambda t: t.n.desc())
    ).rows
    named = [(f"'{row['column']}' {row['reason']}" if row["column"] else row["reason"], row["n"]) for row in counted]
    return (*named, *Counter(reason for _, reason, _ in sidecar_rows(file)).most_common())


def _told(reasons: Sequence[tuple[str, int]]) -> str:
    return "; ".join(f"{reason} ({n:,})" for reason, n in reasons[:3])


def _landings(
    engine: DuckDB,
    workspace: Workspace,
    writer: Writer,
    one: Plan,
    staged: Staged,
    records: Records,
    file: RawFile,
    source: str,
    scratch: Path,
) -> list[Landing]:
    """What goes to each table: the noun's own first, then identities, questions and what is set aside."""

    def landing(table: str, rows: Table, key: str, columns: Sequence[Column], provided: Sequence[str]) -> Landing:
        existing = None
        if table in writer.versions:
            files = workspace.lake.files(table, writer.versions[table])
            existing = engine.view(f"existing_{table}", files.files, files.columns) if files.files else None
        return land(
            engine,
            rows,
            table=table,
            key=key,
            columns=columns,
            provided=provided,
            existing=existing,
            number=writer.number,
            new=writer.part_path(table),
            changed=scratch / f"changed-{uuid4().hex}.parquet",
        )

    mapping = one.mapping
    landings = [landing(mapping.table, records.rows, mapping.noun.key, records.columns, records.provided)]
    names = identities(staged.rows, mapping, source=source, number=writer.number)
    at = datetime.now(UTC)
    aside = set_aside_rows(records.aside, file=file.name, table=mapping.table, number=writer.number, at=at)
    asked = question_rows(engine, mapping, number=writer.number, source=source)
    for table, rows in (("identities", names), ("questions", asked), ("set_aside", aside)):
        if rows is not None:
            noun = NOUNS[table]
            landings.append(landing(table, rows, noun.key, (*noun.columns, *SYSTEM), ()))
    if file.set_aside:
        rows = sidecar_table(engine, file, table=mapping.table, number=writer.number, at=at)
        landings.append(landing("set_aside", rows, "set_aside_id", (*NOUNS["set_aside"].columns, *SYSTEM), ()))
    return landings


def _summary(
    one: Plan,
    file: RawFile,
    staged: Staged,
    records: Records,
    landing: Landing,
    reasons: tuple[tuple[str, int], ...],
) -> FileSummary:
    read_rows = staged.read + file.set_aside
    rows_aside = records.rows_aside + file.set_aside
    repeated = 0 if one.mapping.unpivot else records.repeated
    taken = read_rows - rows_aside - staged.left_out - records.merged - repeated
    if not one.mapping.unpivot and taken != records.records:
        raise AssertionError(f"{file.name}: {read_rows} rows read, {taken} to be taken, {records.records} taken")
    shifted = [f"{staged.shifted:,} times fell into a clock change; the first reading counts"] if staged.shifted else []
    return FileSummary(
        file=file.name,
        table=one.mapping.table,
        layout=one.layout,
        rows_read=read_rows,
        rows_taken=taken,
        records=records.records,
        new=landing.n_new,
        changed=landing.n_changed,
        unchanged=landing.n_unchanged,
        repeated=repeated,
        merged=records.merged,
        left_out=staged.left_out,
        rows_aside=rows_aside,
        cells_aside=records.cells_aside,
        blank=records.blank,
        reasons=reasons,
        ignored=one.ignored,
        notes=(*one.notes, *shifted),
    )
