"""Files in, rows landed together behind one commit point, and a summary that accounts for every row."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from touchstone.core.errors import BadFile, Refused
from touchstone.core.mapping import Mapping
from touchstone.core.nouns import NOUNS, Column
from touchstone.engine.attributes import with_attributes
from touchstone.engine.beside import check_kept_alike, question_rows, refused_rows, set_aside_rows
from touchstone.engine.connect import DuckDB
from touchstone.engine.data import TableSource
from touchstone.engine.intake import SYSTEM, Irregular, Staged, stage
from touchstone.engine.landing import Landing, backwards, land, source_of
from touchstone.engine.people import identities
from touchstone.engine.records import Records, make_records
from touchstone.engine.scan import Scan, read
from touchstone.engine.straight import land_straight
from touchstone.lake.lake import PATIENCE
from touchstone.lake.writing import Part, Writer
from touchstone.listen.aside import sidecar_rows
from touchstone.listen.mappings import mapping_words
from touchstone.listen.plan import Plan, Progress, plan
from touchstone.listen.rawfile import RawFile
from touchstone.listen.scratch import own_folder
from touchstone.listen.textfiles import repaired
from touchstone.workspace import Workspace

MEMORY = "800MB"  # with what reading takes beside it, an import of any size stays below a gigabyte
_FIRST = ("accounts", "customers")  # landed before what refers to them


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSummary:
    """Where every row of one file went. `rows_read` = `rows_taken` + `repeated` + `merged` + `left_out` + `rows_aside`.

    For a survey file that is unpivoted, `records` are answers, and `cells_aside` and `blank` count single answers.
    """

    file: str
    table: str
    layout: str
    source: str = ""
    called: str = ""
    read_as: str = ""
    mapped: tuple[str, ...] = ()
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


def add(
    workspace: Workspace,
    paths: Sequence[Path],
    *,
    table: str | None = None,
    mapping: Mapping | None = None,
    strict: bool = False,
    progress: Progress = lambda sentence: None,
    patience: Sequence[float] = PATIENCE,
) -> ImportSummary:
    """Import files as one import: wholly there when this returns, wholly absent if it is stopped before.

    Files that were imported before, read the same way, are left as they are. With `strict` a file with a row that
    cannot be taken is refused and nothing is imported. `patience` says how long to wait for another import (see
    `Lake.writing`). Raises TouchstoneError with the reason otherwise.
    """
    with own_folder(workspace.scratch) as scratch:
        plans = plan(paths, scratch, table=table, mapping=mapping, progress=progress)
        plans = [_placed(one, workspace.settings.country) for one in plans]
        plans.sort(key=lambda one: one.mapping.table not in _FIRST)
        with workspace.lake.writing(patience=patience) as writer:
            known = {file["content"] for record in writer.imports for file in record.summary.get("files", ())}
            summaries = []
            for one in plans:
                if one.content in known:
                    summaries.append(_known(one))
                    continue
                known.add(one.content)
                progress(f"Reading {one.file.name}")
                account = _import(workspace, writer, one, scratch, strict=strict, progress=progress)
                summaries.append(_described(account, one, workspace.settings.timezone))
            return _committed(writer, plans, summaries)


def _placed(one: Plan, country: str) -> Plan:
    """The plan with the country that phone numbers are of: that of the mapping, else that of the workspace."""
    if "phone" not in one.mapping.columns or one.mapping.country or not country:
        return one
    return replace(one, mapping=replace(one.mapping, country=country))


def _committed(writer: Writer, plans: Sequence[Plan], summaries: Sequence[FileSummary]) -> ImportSummary:
    """The commit point, unless every file was known."""
    if all(summary.known for summary in summaries):
        return ImportSummary(number=None, files=tuple(summaries))
    weighted = {source for record in writer.imports[-1:] for source in record.summary.get("weighted", ())}
    weighted |= {one.source for one in plans if one.mapping.default_weight}
    fresh = [one for one, summary in zip(plans, summaries, strict=True) if not summary.known]
    record = writer.commit(
        content=hashlib.sha256("".join(one.content for one in fresh).encode()).hexdigest(),
        files=[one.file.name for one in fresh],
        summary={
            "files": [{"name": one.file.name, "content": one.content} for one in fresh],
            "weighted": sorted(weighted),
            "account": [asdict(summary) for summary in summaries],
        },
    )
    return ImportSummary(number=record.number, files=tuple(summaries))


def _described(summary: FileSummary, one: Plan, zone: str) -> FileSummary:
    """The account with how the file was read and which column became what, for people to check."""
    file = one.file
    marks = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
    kind = "Parquet" if file.format == "parquet" else f"{marks.get(file.delimiter, file.delimiter)}, {file.encoding}"
    noun = one.mapping.noun
    if any(noun.column(name).type == "time" for name in one.mapping.columns if name in noun.column_names):
        kind += f", times without a zone are those of {one.mapping.timezone or zone}"
    return replace(
        summary, read_as=kind, mapped=mapping_words(one.mapping), source=one.source, called=one.mapping.called
    )


def _known(one: Plan) -> FileSummary:
    note = "imported before, nothing to do"
    return FileSummary(
        file=one.file.name,
        table=one.mapping.table,
        layout=one.layout,
        source=one.source,
        known=True,
        notes=(*one.notes, note),
    )


def _import(
    workspace: Workspace, writer: Writer, one: Plan, scratch: Path, *, strict: bool, progress: Progress
) -> FileSummary:
    """Read, type and land one file on an engine of its own, whose memory is given back afterwards."""
    engine = DuckDB(scratch, memory=MEMORY)
    try:
        landings, summary = _landed(_Work(workspace, writer, engine, one, scratch), strict=strict, progress=progress)
    finally:
        engine.close()
    for landing in landings:
        writer.append(landing.table, [Part(landing.new, landing.n_new)], landing.columns)
        if landing.changed is not None:
            writer.change(landing.table, landing.key, landing.changed, landing.columns)
    return summary


@dataclass(frozen=True, slots=True)
class _Work:
    """One file on its way into the lake."""

    workspace: Workspace
    writer: Writer
    engine: DuckDB
    plan: Plan
    scratch: Path

    @property
    def mapping(self) -> Mapping:
        return self.plan.mapping

    @property
    def zone(self) -> str:
        return self.workspace.settings.timezone

    @property
    def source(self) -> str:
        return self.plan.source

    def existing(self, table: str) -> TableSource | None:
        """What the table holds already, this import's earlier files included; None where that is nothing."""
        if table not in self.writer.versions:
            return None
        held = self.workspace.lake.files(table, self.writer.versions[table])
        return TableSource(held.files, held.columns) if held.files else None

    def land(
        self, table: str, rows: str, columns: Sequence[Column], provided: Sequence[str] = (), *, known_new: bool = False
    ) -> Landing:
        """`rows` on their way to `table`; told apart from what it holds, unless they are known to be new."""
        return land(
            self.engine,
            rows,
            table=table,
            key=NOUNS[table].key,
            columns=columns,
            provided=provided,
            existing=None if known_new else self.existing(table),
            number=self.writer.number,
            new=self.writer.part_path(table),
            changed=self.scratch / f"changed-{uuid4().hex}.parquet",
        )


def _landed(work: _Work, *, strict: bool, progress: Progress) -> tuple[list[Landing], FileSummary]:
    """What the file brings to each table, as Parquet files, and its account."""
    one = work.plan
    if work.existing(one.mapping.table) is None and one.mapping.table != "answers" and not one.file.set_aside:
        new = work.writer.part_path(one.mapping.table)
        straight = land_straight(
            work.engine,
            one.mapping,
            _scan(one.file),
            zone=work.zone,
            source=work.source,
            number=work.writer.number,
            new=new,
        )
        if straight:
            return [straight[0]], _straight_summary(work, *straight)
    file, staged = _staged(work)
    records = make_records(work.engine, staged, one.mapping, _scan(file), source=work.source, number=work.writer.number)
    reasons = _reasons(work.engine, records, file)
    if strict and reasons:
        raise Refused(
            f"'{file.name}' has rows that cannot be taken: {_told(reasons)}.",
            hint="leave --strict out to import the rest and keep these aside.",
        )
    progress(f"Writing {records.records:,} rows of {one.mapping.table}")
    landings = _landings(work, staged, records, file)
    return landings, _summary(work, file, staged, records, landings[0], reasons)


def _staged(work: _Work) -> tuple[RawFile, Staged]:
    """The typed rows; a file that turns out to be irregular further down is repaired and read again."""
    file, engine, mapping = work.plan.file, work.engine, work.mapping
    privacy = work.workspace.privacy()
    if mapping.contacts:
        check_kept_alike(engine, work.existing("identities"), privacy)
    try:
        return file, stage(engine, read(engine, _scan(file)), mapping, _scan(file), zone=work.zone, privacy=privacy)
    except Irregular:
        file = repaired(file, scratch=work.scratch)
        if work.plan.part:
            file = replace(file, aside=None, set_aside=0)
    try:
        return file, stage(engine, read(engine, _scan(file)), mapping, _scan(file), zone=work.zone, privacy=privacy)
    except Irregular as error:
        raise BadFile(f"{file.name} cannot be read: {str(error).splitlines()[0].rstrip('.')}.") from error


def _scan(file: RawFile) -> Scan:
    return Scan(
        path=file.path,
        format=file.format,
        headers=file.headers,
        written=file.original_headers if file.format == "parquet" else (),
        name=file.name,
        plain=file.plain,
        options=file.scan_options(),
    )


def _reasons(engine: DuckDB, records: Records, file: RawFile) -> tuple[tuple[str, int], ...]:
    """Why rows and answers were set aside, the most frequent first."""
    counted = engine.run(
        f'SELECT "column", reason, count(*) FROM ({records.aside}) GROUP BY ALL ORDER BY count(*) DESC, 1, 2'
    )
    named = [(f"'{column}' {reason}" if column else reason, n) for column, reason, n in counted]
    return (*named, *Counter(reason for _, reason, _ in sidecar_rows(file)).most_common())


def _told(reasons: Sequence[tuple[str, int]]) -> str:
    return "; ".join(f"{reason} ({n:,})" for reason, n in reasons[:3])


def _landings(work: _Work, staged: Staged, records: Records, file: RawFile) -> list[Landing]:
    """What goes to each table: the noun's own first, then identities, questions and what is set aside."""
    engine, mapping, number, source = work.engine, work.mapping, work.writer.number, work.source
    names = identities(staged.rows, mapping, source=source, number=number)
    rows, columns = records.rows, records.columns
    customers = work.existing("customers")
    if mapping.table == "answers" and customers and "customer_id" in records.provided:
        held = work.existing("identities")
        known = [source_of(engine, held, ["customer_id", "kind", "value"])] if held else []
        rows, columns = with_attributes(
            engine, rows, columns, customers=customers, names=[*known, *([names] if names else [])]
        )
    landings = [work.land(mapping.table, rows, columns, records.provided)]
    at = datetime.now(UTC)
    beside = {
        "identities": [names],
        "questions": [_asked(work)],
        "set_aside": [
            set_aside_rows(records.aside, file=file.name, table=mapping.table, number=number, at=at)
            if records.rows_aside or records.cells_aside
            else None,
            refused_rows(file.aside, file=file.name, table=mapping.table, number=number, at=at) if file.aside else None,
        ],
    }
    for table, queries in beside.items():
        given = [query for query in queries if query is not None]
        if given:
            rows, columns = " UNION ALL ".join(given), (*NOUNS[table].columns, *SYSTEM)
            landings.append(work.land(table, rows, columns, known_new=table == "questions"))
    return landings


def _asked(work: _Work) -> str | None:
    """The questions of the file that are new, or asked in other words than before."""
    held = work.existing("questions")
    columns = ["question_id", "source", "wording", "label", "version"]
    return question_rows(
        work.mapping,
        headers=work.plan.file.headers,
        number=work.writer.number,
        source=work.source,
        held=source_of(work.engine, held, columns) if held else None,
    )


def _straight_summary(work: _Work, landing: Landing, shifted: int) -> FileSummary:
    """The account of a file whose every row was taken."""
    one = work.plan
    return FileSummary(
        file=one.file.name,
        table=one.mapping.table,
        layout=one.layout,
        rows_read=landing.n_new,
        rows_taken=landing.n_new,
        records=landing.n_new,
        new=landing.n_new,
        ignored=one.ignored,
        notes=(*one.notes, *_remarks(work.engine, landing, shifted, 0)),
    )


def _summary(
    work: _Work,
    file: RawFile,
    staged: Staged,
    records: Records,
    landing: Landing,
    reasons: tuple[tuple[str, int], ...],
) -> FileSummary:
    one = work.plan
    read_rows = staged.read + file.set_aside
    rows_aside = records.rows_aside + file.set_aside
    if read_rows != records.taken + records.repeated + records.merged + staged.left_out + rows_aside:
        raise AssertionError(f"{file.name}: {read_rows} rows read, and not as many accounted for: {records}")
    return FileSummary(
        file=file.name,
        table=one.mapping.table,
        layout=one.layout,
        rows_read=read_rows,
        rows_taken=records.taken,
        records=records.records,
        new=landing.n_new,
        changed=landing.n_changed,
        unchanged=landing.n_unchanged,
        repeated=records.repeated,
        merged=records.merged,
        left_out=staged.left_out,
        rows_aside=rows_aside,
        cells_aside=records.cells_aside,
        blank=records.blank,
        reasons=reasons,
        ignored=one.ignored,
        notes=(*one.notes, *staged.told, *_remarks(work.engine, landing, staged.shifted, staged.rounded)),
    )


def _remarks(engine: DuckDB, landing: Landing, shifted: int, rounded: int) -> list[str]:
    """What a person should know of values that were taken."""
    remarks = [f"times that fell into a clock change: {shifted:,}; the first reading counts"] if shifted else []
    if rounded:
        remarks.append(f"rows with amounts of more than four decimals: {rounded:,}; rounded to four")
    # nothing says which of two times in the wrong order is wrong, so such rows are taken
    return remarks + [
        f"rows with '{later}' before '{earlier}': {n:,}; both are kept as they are"
        for earlier, later, n in backwards(engine, landing)
    ]
