"""Rows out: a table of the workspace, or the records of a result, as a file that other programs read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from touchstone.core.errors import BadDefinition, Refused, UnknownName
from touchstone.core.mapping import ORIGIN
from touchstone.core.nouns import noun_named
from touchstone.core.where import parse_where
from touchstone.engine.data import Data
from touchstone.engine.promises import promised_answers

Progress = Callable[[str], None]
Write = Callable[[Path, Any, Iterable[Any], str], None]


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: the endings that stand for it, and where its writer is."""

    name: str
    endings: tuple[str, ...]
    module: str
    function: str

    def writer(self) -> Write:
        """The function that writes such files; its libraries are loaded now."""
        from importlib import import_module

        write: Write = getattr(import_module(f"touchstone.listen.writers.{self.module}"), self.function)
        return write


FEEDBACK = "feedback-records"  # answers in the open schema of survey tools, as JSON lines or by the path's ending
FORMATS = {
    one.name: one
    for one in (
        Format("csv", (".csv",), "plain", "write_csv"),
        Format("xlsx", (".xlsx",), "workbook", "write_workbook"),
        Format("parquet", (".parquet", ".pq"), "plain", "write_parquet"),
        Format("jsonl", (".jsonl", ".ndjson"), "plain", "write_json_lines"),
        Format("sav", (".sav",), "spss", "write_spss"),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A file that was written: what it holds and how much."""

    path: Path
    format: str
    table: str
    rows: int
    columns: tuple[str, ...]
    data_number: int

    def record(self) -> dict[str, object]:
        """One flat record."""
        return {
            "path": str(self.path),
            "format": self.format,
            "table": self.table,
            "rows": self.rows,
            "columns": list(self.columns),
            "data_number": self.data_number,
        }


def export(
    data: Data,
    table: str,
    path: Path,
    *,
    format: str | None = None,  # noqa: A002
    where: str = "",
    columns: Sequence[str] = (),
    force: bool = False,
    for_release: bool = False,
    progress: Progress = lambda sentence: None,
) -> Exported:
    """Write the rows of `table` to `path`: all columns, or `columns` beside the key; the rows that `where` keeps.

    The format is the named one or that of the path's ending (`FORMATS`). Rows stream from the engine, so that memory
    does not grow with them (an SPSS file excepted). The file appears when it is complete; one that is there is replaced
    only with `force`. Raises UnknownName, BadDefinition, and Refused where there is nothing to export, the format
    cannot hold it, or a row is a person who was promised anonymity, or, `for_release`, a person at all.
    """
    _keep_promises(data, table, where, for_release)
    if format == FEEDBACK:
        return _feedback(data, table, path, where=where, force=force, progress=progress)
    chosen = format_of(path, format)
    noun = noun_named(table)
    if not data.has(table):
        raise Refused(f"There are no {table} yet.", hint=f"import them: touchstone add {table}.csv")
    names = tuple(dict.fromkeys((noun.key, *columns))) if columns else _all_columns(data, table)
    rows = data.prepared(table, names, parse_where(where)).select(*names)
    counted = _Counted(data.engine.batches(rows), _count(data, rows), progress)
    with _complete(path, force=force) as part:
        chosen.writer()(part, rows.schema().to_pyarrow(), counted, table)
    return Exported(
        path=path, format=chosen.name, table=table, rows=counted.done, columns=names, data_number=data.number
    )


def _keep_promises(data: Data, table: str, where: str, for_release: bool) -> None:
    """Refused where rows are persons and must not be: promised anonymity, or on their way out of the organisation."""
    noun = noun_named(table)
    if for_release and {"customer_id", "submission_id", "line"} & set(noun.column_names):  # a line is a person's row
        raise Refused(
            f"Every row of {noun.name} is a person, so none of them leaves the organisation.",
            hint="give out numbers instead: touchstone score or banner, with --for-release.",
        )
    if noun.name != "answers" or not data.has("answers"):
        return
    if _count(data, promised_answers(data.prepared("answers", (), parse_where(where)))):
        raise Refused(
            "Some of these answers were promised anonymity, and every row is a person.",
            hint="give out numbers instead (touchstone score or banner, with --for-release), or keep only others with "
            "--where, such as kind = relationship or anonymous is null.",
        )


def _feedback(data: Data, table: str, path: Path, *, where: str, force: bool, progress: Progress) -> Exported:
    """The answers as feedback records: JSON lines, unless the ending of the path says otherwise."""
    from touchstone.listen.feedback import SCHEMA, feedback_records

    if table != "answers":
        raise BadDefinition(f"Feedback records are answers, and {table} are none.", hint="export the table answers.")
    if not data.has(table):
        raise Refused("There are no answers yet.", hint="import them: touchstone add answers.csv")
    known = any(path.suffix.lower() in one.endings for one in FORMATS.values())
    chosen = format_of(path, None) if known else FORMATS["jsonl"]
    rows = data.prepared(table, (), parse_where(where))
    counted = _Counted(data.engine.batches(rows), _count(data, rows), progress)
    with _complete(path, force=force) as part:
        chosen.writer()(part, SCHEMA, feedback_records(counted, labels=_labels(data)), table)
    return Exported(
        path=path,
        format=FEEDBACK,
        table=table,
        rows=counted.done,
        columns=tuple(SCHEMA.names),
        data_number=data.number,
    )


def _labels(data: Data) -> dict[str, str]:
    """The question texts by the questions' ids."""
    questions = data.table("questions")
    found = data.fetch(questions.select("question_id", "wording", "label")).rows
    texts = {str(row["question_id"]): row["wording"] or row["label"] for row in found}
    return {question: text for question, text in texts.items() if text}


def _count(data: Data, rows: Any) -> int:
    return int(data.fetch(rows.aggregate(n=rows.count())).rows[0]["n"])


def write_records(records: Any, path: Path, *, title: str, force: bool = False) -> None:
    """Write the Arrow table `records` of a result to `path`, in the format of its ending, as `export` does."""
    chosen = format_of(path, None)
    with _complete(path, force=force) as part:
        chosen.writer()(part, records.schema, records.to_batches(), title)


def format_of(path: Path, name: str | None) -> Format:
    """The format called `name`, or the one that the ending of `path` stands for."""
    if name is not None:
        if name not in FORMATS:
            raise UnknownName.among("format", name, (*FORMATS, FEEDBACK))
        return FORMATS[name]
    for one in FORMATS.values():
        if path.suffix.lower() in one.endings:
            return one
    raise BadDefinition(
        f"The ending of '{path.name}' does not say what kind of file to write.",
        hint=f"end it with {', '.join(one.endings[0] for one in FORMATS.values())}, or name the --format.",
    )


def _all_columns(data: Data, table: str) -> tuple[str, ...]:
    """The table's own columns, then the attributes, then where the rows came from."""
    held = data.table(table).columns
    own = [name for name in noun_named(table).column_names if name in held]
    attributes = [name for name in held if name not in own and name not in ORIGIN]
    return (*own, *attributes, *(name for name in ORIGIN if name in held and name not in own))


class _Counted:
    """Batches on their way to a writer, counted and told."""

    def __init__(self, batches: Iterable[Any], total: int, progress: Progress) -> None:
        self.done = 0
        self._batches = batches
        self._total = total
        self._progress = progress

    def __iter__(self) -> Iterator[Any]:
        for batch in self._batches:
            yield batch
            self.done += batch.num_rows
            self._progress(f"Writing {self.done:,} of {self._total:,} rows")


@contextmanager
def _complete(path: Path, *, force: bool) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the place of `path` when the block ends well, and goes otherwise."""
    if path.exists() and not force:
        raise Refused(f"'{path}' is there already.", hint="choose another name, or replace it with --force.")
    if path.is_dir() or not path.parent.is_dir():
        raise Refused(
            f"'{path}' cannot be written: there is no such folder, or it is one.", hint="make the folder first."
        )
    part = path.with_name(f".{uuid4().hex}{path.suffix}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise Refused(
            f"'{path}' cannot be written: {error.strerror or error}.", hint="choose another place."
        ) from error
    finally:
        part.unlink(missing_ok=True)
