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

import duckdb
import ibis

from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.mapping import Mapping, Take
from touchstone.core.nouns import Column
from touchstone.core.where import parse_where
from touchstone.engine.casting import cleaned, identifier_text, number_text, reason, shifted, value, wall_clock
from touchstone.engine.connect import DuckDB, Table, fresh_name, identifier, literal
from touchstone.engine.where import keep


class Irregular(Exception):
    """A file that was thought regular has rows that are not; reading it again with repairs takes the rest."""


SYSTEM = (Column("source"), Column("import_number", "integer"))
_SEPARATOR = "\x1f"  # between the values that are hashed into an id


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A file that the engine can read without guessing."""

    path: Path
    format: Literal["csv", "parquet"]
    headers: tuple[str, ...]
    written: tuple[str, ...] = ()  # the headers as the file has them, where that differs (Parquet)
    name: str
    options: Dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """The typed rows of one file inside the engine: all of them, with `_reason` where one could not be taken."""

    rows: Table
    read: int
    left_out: int
    shifted: int


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
    """Type every row of `raw` by `mapping` into a table inside the engine, with the reason where it cannot be taken.

    The steps are views of their own, because one nested expression would repeat each step wherever it is used.
    """
    zone = mapping.timezone or zone
    takes = {
        name: (_column(mapping, name), take) for name, take in (*mapping.columns.items(), *mapping.attributes.items())
    }
    kept = _filtered(raw, mapping)
    table = _view(engine, kept.mutate(**_texts(kept, takes, mapping, scan)))
    times = {name: take for name, (column, take) in takes.items() if column.type == "time"}
    table = _view(
        engine, table.mutate(**{f"_w_{name}": wall_clock(table[f"_t_{name}"], t) for name, t in times.items()})
    )
    table = _view(
        engine, table.mutate(**{f"_v_{name}": _value(table, name, *take, zone) for name, take in takes.items()})
    )
    reasons = {f"_r_{name}": _reason(table, name, *take) for name, take in takes.items()}
    reasons = {name: reason for name, reason in reasons.items() if reason is not None}
    shifts = [_shifted(table, name, take, zone) for name, take in times.items()]
    table = _view(engine, table.mutate(**reasons, _shifted=_any(shifts)))
    columns = {name: table[f"_v_{name}"] for name in takes} | _problem(table, [name[3:] for name in reasons])
    columns |= {name: table[name] for name in table.columns if name == "_shifted" or re.fullmatch(r"_(q|by)\d+", name)}
    columns["_content"] = _content(table, scan.headers) if _needs_content(mapping) else ibis.null("string")
    columns["_line"] = columns["_reason"].notnull().ifelse(_line(table, scan.headers), ibis.null("string"))
    if mapping.where:
        columns["_row"] = table["_file_row"]
    return _filled(engine, raw, table.select(**columns), mapping)


def _column(mapping: Mapping, name: str) -> Column:
    own = name in mapping.noun.column_names and name in mapping.columns
    return mapping.noun.column(name) if own else Column(name)


def _filled(engine: DuckDB, raw: Table, query: Table, mapping: Mapping) -> Staged:
    name = fresh_name("staged")
    try:
        engine.run(f"CREATE TEMPORARY TABLE {identifier(name)} AS {engine.sql(query)}")
    except duckdb.InvalidInputException as error:
        raise Irregular(str(error)) from error
    staged = engine.connection.table(name)
    if not mapping.where:
        staged = staged.mutate(_row=staged.rowid() + 1)  # a table is filled in the order of the file
    taken, shifted = engine.run(f"SELECT count(*), count(*) FILTER (WHERE _shifted) FROM {identifier(name)}")[0]
    read_rows = engine.run(f"SELECT count(*) FROM ({engine.sql(raw)})")[0][0] if mapping.where else taken
    return Staged(rows=staged, read=read_rows, left_out=read_rows - taken, shifted=shifted)


def _view(engine: DuckDB, query: Table) -> Table:
    name = fresh_name("step")
    engine.run(f"CREATE TEMPORARY VIEW {identifier(name)} AS {engine.sql(query)}")
    return engine.connection.table(name)


def _filtered(raw: Table, mapping: Mapping) -> Table:
    conditions = parse_where(mapping.where)
    return keep(raw.mutate(_file_row=ibis.row_number() + 1), conditions) if conditions else raw


def _texts(raw: Table, takes: Dict[str, tuple[Column, Take]], mapping: Mapping, scan: Scan) -> dict[str, Any]:
    """The text of every column, question and merging key, trimmed and with blanks empty."""
    texts: dict[str, Any] = {}
    for name, (column, take) in takes.items():
        if take.product:
            for side, factor in enumerate(take.product):
                texts[f"_t{side}_{name}"] = cleaned(_named(raw, factor, scan), column)
            continue
        text = cleaned(_taken(raw, take, scan, name), column)
        texts[f"_t_{name}"] = identifier_text(text) if name.endswith("_id") else text
    texts |= {f"_q{i}": _text(raw, name) for i, name in enumerate(_question_headers(mapping, scan))}
    return texts | {f"_by{i}": _text(raw, name) for i, name in enumerate(_order_headers(mapping, scan))}


def _value(table: Table, name: str, column: Column, take: Take, zone: str) -> Any:
    if take.product:
        left, right = (number_text(table[f"_t{side}_{name}"], take).try_cast("decimal(18,4)") for side in (0, 1))
        return (left * right).cast("decimal(38,8)")
    wall = table[f"_w_{name}"] if column.type == "time" else None
    return value(table[f"_t_{name}"], column, take, wall=wall, zone=zone)


def _reason(table: Table, name: str, column: Column, take: Take) -> Any:
    text = _source_text(table, name)
    return reason(text, table[f"_v_{name}"], column)


def _source_text(table: Table, name: str) -> Any:
    if f"_t_{name}" in table.columns:
        return table[f"_t_{name}"]
    return table[f"_t0_{name}"] + " x " + table[f"_t1_{name}"]


def _shifted(table: Table, name: str, take: Take, zone: str) -> Any:
    return shifted(table[f"_t_{name}"], table[f"_v_{name}"], take, wall=table[f"_w_{name}"], zone=zone)


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


def _problem(table: Table, names: Sequence[str]) -> dict[str, Any]:
    """The first thing wrong with a row: its column, its value and the reason."""
    null = ibis.null("string")
    if not names:
        return {"_column": null, "_value": null, "_reason": null}
    wrong = [(table[f"_r_{name}"].notnull(), name) for name in names]
    return {
        "_column": ibis.cases(*wrong, else_=null),
        "_value": ibis.cases(*((bad, _source_text(table, name).left(200)) for bad, name in wrong), else_=null),
        "_reason": ibis.coalesce(*(table[f"_r_{name}"] for name in names)),
    }


def _any(conditions: Sequence[Any]) -> Any:
    result = ibis.literal(False)
    for condition in (known for known in conditions if known is not None):
        result = result | ibis.coalesce(condition, ibis.literal(False))
    return result
