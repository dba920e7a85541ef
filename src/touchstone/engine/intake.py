"""From a file to rows of a noun: read, type, set aside, merge, unpivot, key. DuckDB only: files are read there.

Every row of the file ends in exactly one place: taken, repeated (an exact duplicate), merged into another row's
record, left out by the mapping's own rule, or set aside with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import ibis

from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.mapping import Mapping, Take
from touchstone.core.nouns import Column
from touchstone.core.where import parse_where
from touchstone.engine.casting import Typed, identifier_text, typed
from touchstone.engine.connect import DuckDB, Table, fresh_name, identifier, literal
from touchstone.engine.where import keep

SYSTEM = (Column("source"), Column("import_number", "integer"))
_SEPARATOR = "\x1f"  # between the values that are hashed into an id


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A file that the engine can read without guessing."""

    path: Path
    format: Literal["csv", "parquet"]
    headers: tuple[str, ...]
    name: str
    options: Dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """The typed rows of one file inside the engine: all of them, with `_reason` where one could not be taken."""

    rows: Table
    read: int
    left_out: int
    shifted: int
    notes: tuple[str, ...]


def read(engine: DuckDB, scan: Scan) -> Table:
    """The file as a table of text columns named by its headers."""
    name = fresh_name("file")
    if scan.format == "parquet":
        source = f"read_parquet({literal(str(scan.path))})"
        columns = ", ".join(f"CAST({identifier(header)} AS VARCHAR) AS {identifier(header)}" for header in scan.headers)
    else:
        columns, source = "*", _csv_source(scan)
    engine.run(f"CREATE TEMPORARY VIEW {identifier(name)} AS SELECT {columns} FROM {source}")
    return engine.connection.table(name)


def _csv_source(scan: Scan) -> str:
    types = ", ".join(f"{literal(header)}: 'VARCHAR'" for header in scan.headers)
    options = "".join(f", {name} = {_option(value)}" for name, value in scan.options.items() if name != "columns")
    return f"read_csv({literal(str(scan.path))}, columns = {{{types}}}{options})"


def _option(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else literal(str(value))


def stage(engine: DuckDB, raw: Table, mapping: Mapping, scan: Scan, *, zone: str) -> Staged:
    """Type every row of `raw` by `mapping` into a table inside the engine, with the reason where it cannot be taken."""
    kept = _filtered(raw, mapping)
    casts = _casts(kept, mapping, scan, mapping.timezone or zone)
    columns = {name: cast.value for name, cast in casts.items()}
    columns |= _problem(casts)
    columns |= {f"_q{i}": _text(kept, name) for i, name in enumerate(_question_headers(mapping, scan))}
    columns |= {f"_by{i}": _text(kept, name) for i, name in enumerate(_order_headers(mapping, scan))}
    columns["_content"] = _content(kept, scan.headers) if _needs_content(mapping) else ibis.null("string")
    columns["_line"] = columns["_reason"].notnull().ifelse(_line(kept, scan.headers), ibis.null("string"))
    shifts = [cast.shifted for cast in casts.values() if cast.shifted is not None]
    columns["_shifted"] = _any(shifts)
    if mapping.where:
        columns["_row"] = kept["_file_row"]
    name = fresh_name("staged")
    engine.run(f"CREATE TEMPORARY TABLE {identifier(name)} AS {engine.sql(kept.select(**columns))}")
    staged = engine.connection.table(name)
    if not mapping.where:
        staged = staged.mutate(_row=staged.rowid() + 1)  # a table is filled in the order of the file
    taken, shifted = engine.run(f"SELECT count(*), count(*) FILTER (WHERE _shifted) FROM {identifier(name)}")[0]
    read_rows = engine.run(f"SELECT count(*) FROM ({engine.sql(raw)})")[0][0] if mapping.where else taken
    return Staged(rows=staged, read=read_rows, left_out=read_rows - taken, shifted=shifted, notes=())


def _filtered(raw: Table, mapping: Mapping) -> Table:
    conditions = parse_where(mapping.where)
    return keep(raw.mutate(_file_row=ibis.row_number() + 1), conditions) if conditions else raw


def _casts(raw: Table, mapping: Mapping, scan: Scan, zone: str) -> dict[str, Typed]:
    casts: dict[str, Typed] = {}
    for name, take in mapping.columns.items():
        column = Column(name) if name in ("email", "phone") else mapping.noun.column(name)
        if column.name == mapping.noun.key or column.name.endswith("_id"):
            casts[name] = _identifier(raw, column, take, scan)
        elif take.product:
            casts[name] = _product(raw, column, take, scan)
        else:
            casts[name] = typed(_taken(raw, take, scan, name), column, take, zone)
    for name, take in mapping.attributes.items():
        casts[name] = typed(_taken(raw, take, scan, name), Column(name), take, zone)
    return casts


def _identifier(raw: Table, column: Column, take: Take, scan: Scan) -> Typed:
    text = identifier_text(_taken(raw, take, scan, column.name))
    return typed(text, column, take, "UTC")


def _product(raw: Table, column: Column, take: Take, scan: Scan) -> Typed:
    assert take.product is not None  # noqa: S101  the caller has looked
    factors = [typed(_named(raw, name, scan), Column(name, "money"), take, "UTC") for name in take.product]
    value = (factors[0].value * factors[1].value).cast("decimal(38,8)")
    text = factors[0].text + " x " + factors[1].text
    missing = ibis.literal("is missing") if column.required else ibis.null("string")
    reason = ibis.coalesce(factors[0].reason, factors[1].reason, value.isnull().ifelse(missing, ibis.null("string")))
    return Typed(value, text, reason, None)


def _taken(raw: Table, take: Take, scan: Scan, column: str) -> Any:
    """The text of one column by its rule: trimmed, blanks empty, codes translated."""
    if take.constant is not None:
        return ibis.literal(take.constant)
    if take.from_filename is not None:
        return ibis.literal(from_filename(take.from_filename, scan.name, column))
    header = take.header(scan.headers)
    if header is None:
        raise UnknownName.among(f"column for '{column}' in {scan.name}", " or ".join(take.headers), scan.headers)
    text = _named(raw, header, scan)
    if take.blank:
        text = identifier_text(text).isin(take.blank).ifelse(ibis.null("string"), text)
    if take.codes:
        coded = identifier_text(text)
        text = ibis.cases(*((coded == code, meaning) for code, meaning in take.codes.items()), else_=text)
    return text


def from_filename(pattern: str, name: str, column: str) -> str:
    """The first group of `pattern` in the file's name."""
    match = re.search(pattern, name)
    if not match:
        raise BadDefinition(
            f"The name '{name}' does not fit '{pattern}', which gives '{column}'.",
            hint="correct from_filename in the mapping, or rename the file.",
        )
    return match.group(1)


def _named(raw: Table, header: str, scan: Scan) -> Any:
    if header not in scan.headers:
        raise UnknownName.among(f"column in {scan.name}", header, scan.headers)
    return _text(raw, header)


def _text(raw: Table, header: str) -> Any:
    return raw[header].strip().nullif("")


def _question_headers(mapping: Mapping, scan: Scan) -> list[str]:
    return [question.header(scan.headers) or "" for question in mapping.unpivot]


def _order_headers(mapping: Mapping, scan: Scan) -> list[str]:
    named = [mapping.order_by] if mapping.order_by else []
    for header in (*mapping.one_per, *named):
        if header not in scan.headers:
            raise UnknownName.among(f"column in {scan.name}", header, scan.headers)
    return [*mapping.one_per, *named]


def _needs_content(mapping: Mapping) -> bool:
    key = "submission_id" if mapping.unpivot else mapping.noun.key
    return key not in mapping.columns and not mapping.one_per


def _content(raw: Table, headers: Sequence[str]) -> Any:
    texts = [ibis.coalesce(raw[header], ibis.literal("")) for header in headers]
    return ibis.literal(_SEPARATOR).join(texts).hexdigest("md5")


def _line(raw: Table, headers: Sequence[str]) -> Any:
    texts = [ibis.coalesce(raw[header], ibis.literal("")).left(200) for header in headers[:40]]
    return ibis.literal(" | ").join(texts).left(1000)


def _problem(casts: Dict[str, Typed]) -> dict[str, Any]:
    """The first thing wrong with a row: its column, its value and the reason."""
    null = ibis.null("string")
    wrong = [(name, cast) for name, cast in casts.items() if cast.reason is not None]
    if not wrong:
        return {"_column": null, "_value": null, "_reason": null}
    return {
        "_column": ibis.cases(*((cast.reason.notnull(), name) for name, cast in wrong), else_=null),
        "_value": ibis.cases(*((cast.reason.notnull(), cast.text.left(200)) for _, cast in wrong), else_=null),
        "_reason": ibis.coalesce(*(cast.reason for _, cast in wrong)),
    }


def _any(conditions: Sequence[Any]) -> Any:
    result = ibis.literal(False)
    for condition in conditions:
        result = result | ibis.coalesce(condition, ibis.literal(False))
    return result
