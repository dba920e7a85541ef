"""From a file to typed rows: read, type, and say why a row cannot be taken. DuckDB only: files are read there.

Every row of the file ends in exactly one place: taken, repeated (an exact duplicate), merged into another row's
record, left out by the mapping's own rule, or set aside with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.mapping import PERSON_COLUMNS, Mapping, Question, Take
from touchstone.core.nouns import Column, Type
from touchstone.engine.casting import (
    MONEY,
    among,
    cleaned,
    coded,
    identifier_text,
    meant,
    money,
    number,
    reasons,
    rounded,
    says_zone,
    shifted,
    trimmed,
    unmarked,
    value,
    wall_clock,
)
from touchstone.engine.connect import DuckDB, identifier, literal
from touchstone.engine.contacts import Privacy, look_up, normal
from touchstone.engine.deriving import added, derived, multiplied, said
from touchstone.engine.filtering import filtered
from touchstone.engine.people import customer
from touchstone.engine.scan import Scan
from touchstone.engine.widening import widened


class Irregular(Exception):
    """A file that was thought regular has rows that are not; reading it again with repairs takes the rest."""


SYSTEM = (Column("source"), Column("import_number", "integer"))
SQL_TYPES: dict[Type, str] = {
    "text": "VARCHAR",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "money": "DECIMAL(18,4)",
    "time": "TIMESTAMPTZ",
    "boolean": "BOOLEAN",
}
_SHOWN = 40  # columns of a row that is set aside
_OPEN = Privacy()
_NOTHING: Dict[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """The typed rows of one file in the engine's table `rows`, whether they can be taken or not.

    Beside the mapped columns a row has `_row` (its number in the file), `_wrong` (null, or column, value, reason and
    line), `_by0`… and `_order` for merging, `_q0`… for questions, `_content` where it has no id.
    """

    rows: str
    read: int
    left_out: int
    aside: int
    shifted: int
    rounded: int
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Field:
    """One mapped column: `place` numbers the steps' columns t, w and v that lead from its text to its value."""

    place: int
    name: str
    column: Column
    take: Take
    needed: bool

    @property
    def is_id(self) -> bool:
        """Whether a spreadsheet may have put `.0` behind it."""
        return self.column.name.endswith("_id") and self.column.type == "text"

    @property
    def is_contact(self) -> bool:
        """Whether it is an address of a person."""
        return self.name in PERSON_COLUMNS

    @property
    def result(self) -> str:
        """The step's column that holds what is kept."""
        return f"{'z' if self.is_contact else 'v'}{self.place}"

    @property
    def is_bare(self) -> bool:
        """Whether its text is only read as a number, a time or a yes: blanks around that do not matter."""
        return self.column.type != "text" and not (self.take.blank or self.take.codes)

    @property
    def text(self) -> str:
        """What the file says, to show to people."""
        return f"t{self.place} || ' x ' || u{self.place}" if self.take.product else f"t{self.place}"


def stage(engine: DuckDB, raw: str, mapping: Mapping, scan: Scan, *, zone: str, privacy: Privacy = _OPEN) -> Staged:
    """Type every row of the view `raw` by `mapping` into a table, with the reason where it cannot be taken.

    Addresses are normalised, and kept as `privacy` says.

    Raises Irregular where the file is not as regular as it seemed, BadDefinition or UnknownName where the mapping
    does not fit it.
    """
    given, mapping, scan = made(engine, raw, mapping, scan)
    found = _looked_up(engine, given, mapping, scan)
    typed = typed_rows(engine, given, mapping, scan, zone=zone, found=found, privacy=privacy)
    try:
        rows = engine.set_down(typed, numbered=not (mapping.where or found or mapping.fills))
    except duckdb.InvalidInputException as error:
        raise Irregular(str(error)) from error
    rows, told = widened(engine, rows, mapping)
    counts = "count(*), count(_wrong), count(*) FILTER (WHERE _shifted), count(*) FILTER (WHERE _rounded)"
    kept, aside, moved, cut = engine.run(f"SELECT {counts} FROM {rows}")[0]
    total = engine.run(f"SELECT count(*) FROM {raw}")[0][0] if mapping.where else kept
    return Staged(rows=rows, read=total, left_out=total - kept, aside=aside, shifted=moved, rounded=cut, told=told)


def made(engine: DuckDB, raw: str, mapping: Mapping, scan: Scan) -> tuple[str, Mapping, Scan]:
    """The rows with cells made of others (`deriving`), and how they are read then."""
    with_made = derived(engine, raw, mapping, scan.headers)
    n = len(with_made.headers) - len(scan.headers)
    return with_made.rows, with_made.mapping, replace(scan, headers=with_made.headers, made=n)


def typed_rows(
    engine: DuckDB,
    raw: str,
    mapping: Mapping,
    scan: Scan,
    *,
    zone: str,
    explained: bool = True,
    found: Dict[str, str] = _NOTHING,
    privacy: Privacy = _OPEN,
) -> str:
    """The query that types the rows: steps one inside the other, each computing a column once.

    Where it need not be `explained` what is wrong with a row, `_wrong` only says whether something is. `found` are the
    tables of addresses that were looked up, by column; with any, rows bring their number in the file.
    """
    zone = mapping.timezone or zone
    fields = _fields(mapping)
    _check_formats(engine, fields)
    timed = [field for field in fields if field.column.type == "time"]
    heads = _heads(mapping, fields, scan)
    walls = {field.name: wall_clock(f"t{field.place}", field.take, zoned=f"o{field.place}") for field in timed}
    steps = [
        {f"i{one.place}": identifier_text(f"t{one.place}") for one in fields if one.is_id}
        | {f"o{one.place}": says_zone(f"t{one.place}") for one in timed if walls[one.name]},
        {f"w{field.place}": wall for field in timed if (wall := walls[field.name])},
        {f"v{field.place}": _value(field, zone, scan) for field in fields},
        {one.result: privacy.kept(f"v{one.place}") for one in fields if one.is_contact},
    ]
    query = _with_found(_texts_query(engine, raw, mapping, scan, numbered=bool(found) or mapping.fills), fields, found)
    for step in steps:
        query = _stepped(query, step)
    told = [f for f in timed if walls[f.name] and not f.take.plus_minutes]
    shifts = [shifted(f"v{f.place}", wall=f"w{f.place}", zone=zone) for f in told]
    result = {field.name: field.result for field in fields}
    result |= {f"_q{place}": sql for place, sql in enumerate(_question_cells(mapping, scan, heads))}
    result |= {f"_by{place}": identifier_text(heads[name]) for place, name in enumerate(mapping.one_per)}
    result |= {"_order": _order(mapping, fields, heads)} if mapping.order_by else {}
    result |= {"_content": _content(scan)} if needs_content(mapping) else {}
    result |= {"_row": "_row"} if mapping.where or found or mapping.fills else {}
    result |= {
        "_wrong": _wrong(_faults(fields, mapping, heads, scan), scan, explained=explained),
        "_shifted": _any([sql for sql in shifts if sql]),
        "_rounded": _any([part for field in fields for part in _roundings(field)]),
    }
    return f"SELECT {', '.join(f'{sql} AS {identifier(name)}' for name, sql in result.items())} FROM ({query})"


def _stepped(query: str, step: Dict[str, str]) -> str:
    columns = "".join(f", {sql} AS {name}" for name, sql in step.items())
    return f"SELECT *{columns} FROM ({query})" if columns else query


def _texts_query(engine: DuckDB, raw: str, mapping: Mapping, scan: Scan, *, numbered: bool = False) -> str:
    """The rows with the text of every column beside the cells."""
    fields = _fields(mapping)
    heads = _heads(mapping, fields, scan)
    query = filtered(engine, raw, mapping, scan, numbered=numbered)
    query = _stepped(query, {head: _bare(scan.cell(header), mapping, scan) for header, head in heads.items()})
    return _stepped(query, _texts(fields, heads, scan))


def _bare(cell: str, mapping: Mapping, scan: Scan) -> str:
    """The text of a cell, without what was put around it."""
    text = trimmed(cell, plain=scan.plain)
    return unmarked(text) if mapping.neutralised else text


def _looked_up(engine: DuckDB, raw: str, mapping: Mapping, scan: Scan) -> dict[str, str]:
    """Tables of the addresses of the file that SQL cannot read, by column."""
    tables: dict[str, str] = {}
    for one in _fields(mapping):
        if one.is_contact:
            texts = f"SELECT t{one.place} AS text FROM ({_texts_query(engine, raw, mapping, scan)})"
            table = _asked(engine, one, texts, mapping)
            tables |= {one.name: table} if table else {}
    return tables


def _asked(engine: DuckDB, one: _Field, texts: str, mapping: Mapping) -> str | None:
    try:
        return look_up(engine, one.name, texts, country=mapping.country)
    except duckdb.InvalidInputException as error:
        raise Irregular(str(error)) from error


def _with_found(query: str, fields: Sequence[_Field], found: Dict[str, str]) -> str:
    """The rows with the address that was looked up for each column of addresses, null where there is none."""
    for one in (one for one in fields if one.name in found):
        known = f"SELECT text AS asked, value AS j{one.place} FROM {found[one.name]}"
        query = f"SELECT * EXCLUDE (asked) FROM ({query}) LEFT JOIN ({known}) ON t{one.place} = asked"
    nothing = {f"j{one.place}": "CAST(NULL AS VARCHAR)" for one in fields if one.is_contact and one.name not in found}
    return _stepped(query, nothing)


def needs_content(mapping: Mapping) -> bool:
    """Whether rows of the file, or some of them, have nothing but their content to be known by."""
    keys, takes = key_columns(mapping), {**mapping.columns, **mapping.others}
    return (not keys and not mapping.one_per) or any(takes[name].missing for name in keys)


def key_columns(mapping: Mapping) -> tuple[str, ...]:
    """The mapped columns that a row's key is made of; none where the file has no id."""
    key = "submission_id" if mapping.unpivot else mapping.noun.key
    if key == "customer_id":
        return mapping.people
    if key in mapping.columns:
        return (key,)
    parts = ("submission_id", "question_id")
    return parts if key == "answer_id" and set(parts) <= set(mapping.columns) else ()


def from_filename(pattern: str, name: str, column: str) -> str:
    """The first group of `pattern` in the file's name."""
    match = re.search(pattern, name)
    if not match:
        raise BadDefinition(
            f"The name '{name}' does not fit '{pattern}', which gives '{column}'.",
            hint="correct from_filename in the mapping, or rename the file.",
        )
    return match.group(1)


def _fields(mapping: Mapping) -> list[_Field]:
    keys = key_columns(mapping)
    origin = {"source": mapping.source} if mapping.source.headers else {}
    takes = (*mapping.columns.items(), *mapping.attributes.items(), *mapping.others.items(), *origin.items())
    fields = []
    for place, (name, take) in enumerate(takes):
        own = name in mapping.noun.column_names and name in mapping.columns
        column = mapping.noun.column(name) if own else Column(f"{name}_id" if name in mapping.others else name)
        anyone = _by_any_name(mapping) and name in keys
        needed = not anyone and not take.missing and (column.required or name in keys)
        fields.append(_Field(place, name, column, take, needed))
    return fields


def _by_any_name(mapping: Mapping) -> bool:
    """Whether the rows are people who may be known by their number, their e-mail or their phone."""
    return mapping.noun.key == "customer_id" and bool(mapping.contacts)


def _check_formats(engine: DuckDB, fields: Sequence[_Field]) -> None:
    for one in fields:
        for form in (form for form in one.take.format if wall_clock("", one.take)):
            try:
                engine.run(f"SELECT try_strptime('', {literal(form)})")
            except duckdb.Error:
                raise BadDefinition(
                    f"'{form}' of '{one.name}' is not a date format.", hint="write it like %d/%m/%Y %H:%M."
                ) from None


def _heads(mapping: Mapping, fields: Sequence[_Field], scan: Scan) -> dict[str, str]:
    return {header: f"h{place}" for place, header in enumerate(_headers(mapping, fields, scan))}


def _headers(mapping: Mapping, fields: Sequence[_Field], scan: Scan) -> list[str]:
    """The headers whose texts are compared or kept, so that blanks around them matter, each once."""
    taken = [header for one in fields if not one.is_bare for header in _field_headers(one, scan)]
    ordered = [mapping.order_by] if mapping.order_by else []
    return list(dict.fromkeys([*taken, *_question_headers(mapping, scan), *mapping.one_per, *ordered]))


def _field_headers(field: _Field, scan: Scan) -> tuple[str, ...]:
    take = field.take
    if take.product:
        return take.product
    if take.constant is not None or take.from_filename is not None:
        return ()
    header = take.header(scan.headers)
    if header is None:
        wanted = " or ".join(take.headers)
        raise UnknownName.among(f"column for '{field.name}' in {scan.name}", wanted, scan.headers)
    return (header, *(name for name in take.otherwise if name in scan.headers))


def _question_headers(mapping: Mapping, scan: Scan) -> list[str]:
    found = [name for question in mapping.unpivot for name in _places(question, scan)]
    return found + [name for question in mapping.unpivot if (name := _deciding(question, scan))]


def _places(question: Question, scan: Scan) -> tuple[str, ...]:
    """The columns in which a question's answer is looked for."""
    return (question.header(scan.headers) or "", *(name for name in question.otherwise if name in scan.headers))


def _deciding(question: Question, scan: Scan) -> str | None:
    """The column that says whether a question was asked."""
    return next((name for name in question.when.headers if name in scan.headers), None) if question.when else None


def _question_cells(mapping: Mapping, scan: Scan, heads: Dict[str, str]) -> list[str]:
    """The cell of every question, null where the row says that another question was asked."""
    asked = {
        place: said(question.when, heads[name])
        for place, question in enumerate(mapping.unpivot)
        if question.when and (name := _deciding(question, scan))
    }
    cells = []
    for place, question in enumerate(mapping.unpivot):
        names = _places(question, scan)
        cell = f"coalesce({', '.join(heads[name] for name in names)})" if names[1:] else heads[names[0]]
        others = [asked[other] for other in asked if _places(mapping.unpivot[other], scan)[0] == names[0]]
        if place in asked:
            cell = f"CASE WHEN {asked[place]} THEN {cell} END"
        elif others:
            cell = f"CASE {' '.join(f'WHEN {one} THEN NULL' for one in others)} ELSE {cell} END"
        cells.append(cell)
    return cells


def _texts(fields: Sequence[_Field], heads: Dict[str, str], scan: Scan) -> dict[str, str]:
    """The text of every column by its rule: blanks empty, codes translated."""
    texts: dict[str, str] = {}
    for one in fields:
        take, name = one.take, f"t{one.place}"
        heads_here = [scan.cell(header) if one.is_bare else heads[header] for header in _field_headers(one, scan)]
        if take.product:
            texts[name], texts[f"u{one.place}"] = (_text(head, one) for head in heads_here)
        elif take.constant is not None:
            texts[name] = f"CAST({literal(take.constant)} AS VARCHAR)"
        elif take.from_filename is not None:
            texts[name] = literal(from_filename(take.from_filename, scan.name, one.name))
        else:
            texts[name] = _text(heads_here[0] if len(heads_here) == 1 else f"coalesce({', '.join(heads_here)})", one)
    return texts


def _text(head: str, field: _Field) -> str:
    take, text = field.take, head
    if take.blank:
        text = f"CASE WHEN {among(identifier_text(head), take.blank)} THEN NULL ELSE {head} END"
    return cleaned(_decoded(text, take), field.column)


def _decoded(text: str, take: Take) -> str:
    """`text` by the code list, in which "*" is any other value and "" an empty cell."""
    codes = tuple((code, meaning) for code, meaning in take.codes.items() if code not in ("", "*"))
    rest = f"CASE WHEN {text} IS NOT NULL THEN {meant(take.codes['*'])} END" if "*" in take.codes else text
    decoded = coded(text, codes, rest)
    return f"coalesce({decoded}, {literal(take.codes[''])})" if "" in take.codes else decoded


def _value(field: _Field, zone: str, scan: Scan) -> str:
    place, take = field.place, field.take
    if field.is_contact:
        return normal(field.name, f"t{place}", f"j{place}")
    if not take.product:
        found = value(
            f"{'i' if field.is_id else 't'}{place}", field.column, take, wall=f"w{place}", zone=zone, zoned=f"o{place}"
        )
        if field.column.name == "currency":
            return f"upper({found})"
        if take.plus_minutes:
            return added(found, take, _minutes(field, scan))
        return multiplied(found, take, SQL_TYPES[field.column.type])
    left, right = (f"CAST({money(side + str(place), take)} AS DECIMAL(38,4))" for side in "tu")
    # eight decimals are exact; what no amount can hold is left to the reasons
    fits = f"abs(CAST({left} AS DOUBLE) * CAST({right} AS DOUBLE)) < 1e14"
    return f"CASE WHEN {fits} THEN {left} * {right} END"


def _minutes(field: _Field, scan: Scan) -> str:
    return number(_minutes_cell(field, scan), Take())


def _minutes_cell(field: _Field, scan: Scan) -> str:
    return scan.cell(next((one for one in field.take.plus_minutes if one in scan.headers), field.take.plus_minutes[0]))


def _roundings(field: _Field) -> list[str]:
    if field.take.product:
        exact = f"v{field.place} <> CAST(v{field.place} AS {MONEY})"
        return [rounded(f"{side}{field.place}", field.take) for side in "tu"] + [exact]
    return [rounded(f"t{field.place}", field.take)] if field.column.type == "money" else []


def _order(mapping: Mapping, fields: Sequence[_Field], heads: Dict[str, str]) -> str:
    """What the rows of one record are ordered by: a time or number as such, anything else as a number, then as text."""
    head = heads[mapping.order_by]
    typed = [field for field in fields if mapping.order_by in field.take.headers and field.column.type != "text"]
    first = (
        f"epoch_us(v{typed[0].place})" if typed and typed[0].column.type == "time" else f"TRY_CAST({head} AS DOUBLE)"
    )
    return f"{{'a': coalesce({first}, '-inf'::DOUBLE), 'b': coalesce({head}, '')}}"


def _content(scan: Scan) -> str:
    cells = ", ".join(f"coalesce(c{place}, '')" for place in range(scan.own))
    return f"md5(concat_ws(chr(31), {cells}))"


def _faults(
    fields: Sequence[_Field], mapping: Mapping, heads: Dict[str, str], scan: Scan
) -> list[tuple[str, str, str, str]]:
    """Everything that can be wrong with a row: the condition, the column, what it says, and the reason."""
    later = [(one.name, _minutes_cell(one, scan), _minutes(one, scan)) for one in fields if one.take.plus_minutes]
    # of no minutes and no number of minutes only the second is wrong; a wrong time is found below
    found = [
        (f"CASE WHEN {trimmed(cell)} IS NOT NULL THEN {minutes} IS NULL ELSE false END", name, cell, "is not minutes")
        for name, cell, minutes in later
    ]
    found += [
        (condition, one.name, one.text, reason)
        for one in fields
        for condition, reason in reasons(one.text, f"v{one.place}", one.column, needed=one.needed)
    ]
    found += [(f"{heads[header]} IS NULL", header, "NULL", "is missing") for header in mapping.one_per]
    if _by_any_name(mapping):
        nobody = customer({one.name: one.result for one in fields}, mapping)
        found.append(
            (f"{nobody} IS NULL", "customer_id", "NULL", "is missing, and so is an address of the person's own")
        )
    return found


def _wrong(faults: Sequence[tuple[str, str, str, str]], scan: Scan, *, explained: bool) -> str:
    """The first thing wrong with a row: its column, its value, the reason, and the line; or whether there is one."""
    if not explained:
        return _any([condition for condition, *_ in faults])
    if not faults:
        return "CAST(NULL AS VARCHAR[])"
    shown = ", ".join(f"left(coalesce(c{place}, ''), 200)" for place in range(min(_SHOWN, scan.own)))
    line = f"left(concat_ws(' | ', {shown}), 1000)"
    branches = " ".join(
        f"WHEN {condition} THEN [{literal(name)}, left({text}, 200), {literal(reason)}, {line}]"
        for condition, name, text, reason in faults
    )
    return f"CASE {branches} END"


def _any(conditions: Sequence[str]) -> str:
    return f"CASE {' '.join(f'WHEN {one} THEN true' for one in conditions)} ELSE false END" if conditions else "false"
