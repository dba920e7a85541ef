"""Staged rows become records: merged where several rows are one, unpivoted, keyed, told from repetitions."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import pyarrow as pa

from touchstone.core.mapping import PERSON_COLUMNS, Mapping, Question, Take
from touchstone.core.nouns import NOUNS, Column, Type
from touchstone.engine.casting import identifier_text, number_text
from touchstone.engine.connect import DuckDB, Table, fresh_name, identifier
from touchstone.engine.intake import SYSTEM, Scan, Staged
from touchstone.engine.people import customer_id

IBIS_TYPES: dict[Type, str] = {
    "text": "string",
    "number": "float64",
    "integer": "int64",
    "money": "decimal(18, 4)",
    "time": "timestamp('UTC')",
    "boolean": "boolean",
}
ASIDE = ("row", "column", "value", "reason", "line")
_SUMMED = ("sum", "min", "max")


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What one file gives: `rows` to land (noun columns, attributes, origin), `aside` what could not be taken.

    Counts are of file rows except `records`, `blank` and `cells_aside`, which count answers when the file is unpivoted.
    """

    rows: Table
    columns: tuple[Column, ...]
    provided: tuple[str, ...]
    aside: Table
    records: int
    merged: int
    repeated: int
    rows_aside: int
    cells_aside: int
    blank: int


def make_records(engine: DuckDB, staged: Staged, mapping: Mapping, scan: Scan, *, source: str, number: int) -> Records:
    """The records of one staged file, kept as a table inside the engine."""
    columns = record_columns(mapping)
    broken = staged.rows.filter(staged.rows._reason.notnull())
    rows = _spread_reasons(staged.rows, mapping) if mapping.one_per else staged.rows
    good = rows.filter(rows._reason.isnull())
    merged_rows = _merge(good, mapping)
    keyed = _keyed(merged_rows, mapping, source)
    if mapping.unpivot:
        made = _unpivoted(keyed, mapping, scan)
    else:
        made = keyed.mutate(_column=ibis.null("string"), _value=ibis.null("string"))
    table = _materialise(engine, _complete(made, columns, mapping, source, number), "records")
    unique, repeated, conflicts = _told_apart(engine, table, mapping, columns)
    rows_aside = _count(engine, rows.filter(rows._reason.notnull())) if mapping.one_per else _count(engine, broken)
    good_count = _count(engine, good)
    merged = good_count - _count(engine, merged_rows) if mapping.one_per else 0
    cells = unique.filter(unique._reason.notnull())
    aside = _aside(rows if mapping.one_per else broken, cells, conflicts)
    kept = unique.filter(unique._reason.isnull())
    n_kept, n_cells, n_conflicts = _count(engine, kept), _count(engine, cells), _count(engine, conflicts)
    blank = (good_count * len(mapping.unpivot) - n_kept - n_cells - n_conflicts - repeated) if mapping.unpivot else 0
    return Records(
        rows=kept.select(*(column.name for column in columns), "_row"),
        columns=columns,
        provided=_provided(mapping),
        aside=aside,
        records=n_kept,
        merged=merged,
        repeated=repeated,
        rows_aside=rows_aside + (0 if mapping.unpivot else n_conflicts),
        cells_aside=n_cells + (n_conflicts if mapping.unpivot else 0),
        blank=blank,
    )


def record_columns(mapping: Mapping) -> tuple[Column, ...]:
    """Columns of the records: the noun's own, the attributes as text, and where they came from."""
    own = mapping.noun.columns
    system = tuple(column for column in SYSTEM if column.name not in mapping.noun.column_names)
    return (*own, *(Column(name) for name in mapping.attributes), *system)


def _provided(mapping: Mapping) -> tuple[str, ...]:
    """Columns whose values this file really brings; a later export with fewer columns must not empty the others."""
    given = {name for name in mapping.columns if name not in PERSON_COLUMNS} | set(mapping.attributes)
    if mapping.unpivot:
        given |= {"question_id", "metric", "score", "scale_low", "scale_high", "polarity", "choice", "text"}
        given |= {"submission_id"} | ({"touchpoint"} if any(q.touchpoint for q in mapping.unpivot) else set())
    if any(name in mapping.columns for name in PERSON_COLUMNS):
        given.add("customer_id")
    return tuple(column.name for column in record_columns(mapping) if column.name in given)


def _spread_reasons(rows: Table, mapping: Mapping) -> Table:
    """Where amounts of several rows are added up, one unreadable row sets the whole record aside."""
    if not any(take.keep == "sum" for take in mapping.columns.values()):
        return rows
    window = ibis.window(group_by=[rows[name] for name in _one_per(mapping)])
    spoiled = rows._reason.notnull().any().over(window)
    reason = "stands for the same record as a row that could not be read"
    return rows.mutate(_reason=ibis.coalesce(rows._reason, spoiled.ifelse(reason, ibis.null("string"))))


def _one_per(mapping: Mapping) -> list[str]:
    return [f"_by{i}" for i in range(len(mapping.one_per))]


def _merge(rows: Table, mapping: Mapping) -> Table:
    """One row per record: the last (or first) row's values, with sums, minima and maxima over all its rows."""
    if not mapping.one_per:
        return rows
    groups = [rows[name] for name in _one_per(mapping)]
    order = [rows["_row"]]
    if mapping.order_by:
        place = rows[f"_by{len(mapping.one_per)}"]
        order = [place.try_cast("float64"), place, rows["_row"]]
    whole = ibis.window(group_by=groups)
    takes = {**mapping.columns, **mapping.attributes}
    folded = {
        name: getattr(rows[name], take.keep)().over(whole) for name, take in takes.items() if take.keep in _SUMMED
    }
    firsts = {name for name, take in takes.items() if take.keep == "first"}
    folded |= {name: rows[name].first().over(ibis.window(group_by=groups, order_by=order)) for name in firsts}
    newest = ibis.row_number().over(ibis.window(group_by=groups, order_by=[part.desc() for part in order]))
    return rows.mutate(**folded, _place=newest).filter(lambda table: table._place == 0).drop("_place")


def _keyed(rows: Table, mapping: Mapping, source: str) -> Table:
    """Rows with their key `source:id` (a stable hash where the file has no id) and their customer."""
    key = "submission_id" if mapping.unpivot else mapping.noun.key
    prefix = ibis.literal(f"{source}:")
    if key in mapping.columns:
        identity = prefix + rows[key]
        if key == "customer_id":
            identity = customer_id(rows, mapping)
    elif mapping.one_per:
        identity = prefix + ibis.literal("/").join([identifier_text(rows[name]) for name in _one_per(mapping)])
    else:
        occurrence = ibis.row_number().over(ibis.window(group_by=rows["_content"], order_by=rows["_row"]))
        identity = prefix + (rows["_content"] + "#" + occurrence.cast("string")).hexdigest("md5")
    people = {}
    if mapping.noun.person and key != "customer_id" and _has_person(mapping):
        people["customer_id"] = customer_id(rows, mapping)
    return rows.mutate(**{key: identity}, **people)


def _has_person(mapping: Mapping) -> bool:
    return any(name in mapping.columns for name in ("customer_id", *PERSON_COLUMNS))


def _unpivoted(rows: Table, mapping: Mapping, scan: Scan) -> Table:
    """One row per answered question; blanks are no answers, "not applicable" is an answer without a score."""
    shared = [name for name in (*mapping.columns, *mapping.attributes) if name in rows.columns]
    shared = list(
        dict.fromkeys([*shared, "submission_id", *(["customer_id"] if "customer_id" in rows.columns else [])])
    )
    shared = [name for name in shared if name not in PERSON_COLUMNS]
    parts = [
        _answers(rows, shared, question, rows[f"_q{index}"], question.header(scan.headers) or "")
        for index, question in enumerate(mapping.unpivot)
    ]
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _answers(rows: Table, shared: Sequence[str], question: Question, cell: Any, header: str) -> Table:
    code = identifier_text(cell)
    given = rows.filter(cell.notnull() & ~code.isin(question.blank) if question.blank else cell.notnull())
    cell, code = (given[cell.get_name()], identifier_text(given[cell.get_name()]))
    skipped = code.isin(question.not_applicable) if question.not_applicable else ibis.literal(False)
    text, score, choice = ibis.null("string"), ibis.null("float64"), ibis.null("string")
    reason = ibis.null("string")
    if question.text:
        text = cell
    else:
        meaning = (
            ibis.cases(*((code == k, v) for k, v in question.codes.items()), else_=code) if question.codes else code
        )
        if question.metric or question.scale:
            number = number_text(meaning, Take()).try_cast("float64")
            score = skipped.ifelse(ibis.null("float64"), number)
            reason = _score_reason(number, skipped, question)
            choice = skipped.ifelse("not applicable", ibis.null("string"))
        else:
            choice = skipped.ifelse("not applicable", meaning)
    low, high = question.scale or (None, None)
    columns: dict[str, Any] = {name: given[name] for name in shared}
    if question.touchpoint or "touchpoint" not in columns:
        columns["touchpoint"] = ibis.literal(question.touchpoint, type="string")
    return given.select(
        **columns,
        answer_id=given.submission_id + "/" + question.question_id,
        question_id=ibis.literal(question.question_id),
        metric=ibis.literal(question.metric, type="string"),
        score=score,
        scale_low=ibis.literal(low, type="float64"),
        scale_high=ibis.literal(high, type="float64"),
        polarity=ibis.literal(question.polarity if question.scale else None, type="string"),
        choice=choice,
        text=text,
        _row=given["_row"],
        _column=ibis.literal(header),
        _value=cell.left(200),
        _reason=reason,
        _line=ibis.null("string"),
    )


def _score_reason(number: Any, skipped: Any, question: Question) -> Any:
    branches = [(~skipped & number.isnull(), "is not a number")]
    if question.scale:
        low, high = question.scale
        outside = f"lies outside the scale {low:g} to {high:g}"
        branches.append((~skipped & ~number.between(low, high), outside))
    return ibis.cases(*branches, else_=ibis.null("string"))


def _complete(rows: Table, columns: Sequence[Column], mapping: Mapping, source: str, number: int) -> Table:
    """All columns of the record in their types, empty where the file has nothing."""
    system: dict[str, Any] = {"source": ibis.literal(source), "import_number": ibis.literal(number, type="int64")}
    values = {}
    for column in columns:
        if column.name in system and column.name not in mapping.noun.column_names:
            values[column.name] = system[column.name]
        elif column.name in rows.columns:
            values[column.name] = rows[column.name].cast(IBIS_TYPES[column.type])
        else:
            values[column.name] = ibis.null(IBIS_TYPES[column.type])
    extra = {name: rows[name] for name in ("_row", "_column", "_value", "_reason", "_line")}
    return rows.select(**values, **extra)


def _told_apart(engine: DuckDB, table: Table, mapping: Mapping, columns: Sequence[Column]) -> tuple[Table, int, Table]:
    """Rows with a key of their own; how many repeat another exactly; and those that contradict an earlier row."""
    key = mapping.noun.key
    total, distinct = _count(engine, table), engine.fetch(table.aggregate(n=table[key].nunique())).rows[0]["n"]
    if total == distinct:
        return table, 0, table.limit(0)
    texts = [ibis.coalesce(table[c.name].cast("string"), ibis.literal("")) for c in columns]
    same = table.mutate(_same=ibis.literal("\x1f").join(texts).hexdigest("md5"))
    window = ibis.window(group_by=same[key], order_by=same["_row"])
    placed = _materialise(
        engine, same.mutate(_place=ibis.row_number().over(window), _first=same._same.first().over(window)), "placed"
    )
    first = placed.filter(placed._place == 0).drop("_same", "_place", "_first")
    again = placed.filter((placed._place > 0) & (placed._same == placed._first))
    other = placed.filter((placed._place > 0) & (placed._same != placed._first))
    conflicts = other.mutate(
        _column=ibis.literal(key),
        _value=other[key],
        _reason=ibis.literal("stands for a record that an earlier row gives other values"),
    ).drop("_same", "_place", "_first")
    return first, _count(engine, again), conflicts


def _aside(*parts: Table) -> Table:
    """What could not be taken, from rows, answers and contradictions alike."""
    chosen = [
        part.filter(part._reason.notnull()).select(
            row=part["_row"], column=part["_column"], value=part["_value"], reason=part["_reason"], line=part["_line"]
        )
        for part in parts
    ]
    return ibis.union(*chosen)


def _materialise(engine: DuckDB, query: Table, stem: str) -> Table:
    name = fresh_name(stem)
    engine.run(f"CREATE TEMPORARY TABLE {identifier(name)} AS {engine.sql(query)}")
    return engine.connection.table(name)


def _count(engine: DuckDB, query: Table) -> int:
    return int(engine.fetch(query.aggregate(n=query.count())).rows[0]["n"])


def set_aside_rows(aside: Table, *, file: str, table: str, number: int, at: Any) -> Table:
    """The set-aside rows as rows of the table `set_aside`."""
    identity = ibis.literal(f"{number}/{file}/") + aside["row"].cast("string") + "/" + aside["column"].fill_null("")
    values: Dict[str, Any] = {
        "set_aside_id": identity,
        "file": ibis.literal(file),
        "row": aside["row"].cast("int64"),
        "table_name": ibis.literal(table),
        "column_name": aside["column"],
        "value": aside["value"],
        "reason": aside["reason"],
        "line": aside["line"],
        "set_aside_at": ibis.literal(at).cast("timestamp('UTC')"),
    }
    columns = [*NOUNS["set_aside"].column_names]
    return aside.select(
        **{name: values[name] for name in columns}, source=ibis.literal(file), import_number=ibis.literal(number)
    )


def question_rows(engine: DuckDB, mapping: Mapping, *, number: int, source: str) -> Table | None:
    """The questions of an unpivoted survey as rows of the table `questions`; None where there are none."""
    if not mapping.unpivot:
        return None
    survey = mapping.columns["survey_id"].constant if "survey_id" in mapping.columns else None
    rows = [
        {
            "question_id": question.question_id,
            "survey_id": survey,
            "label": question.label or question.headers[0],
            "metric": question.metric,
            "scale_low": question.scale[0] if question.scale else None,
            "scale_high": question.scale[1] if question.scale else None,
            "polarity": question.polarity,
        }
        for question in mapping.unpivot
    ]
    return _literal_rows(engine, "questions", rows, number=number, source=source)


def aside_literal_rows(engine: DuckDB, rows: Sequence[Dict[str, Any]], *, number: int, source: str) -> Table:
    """Rows of the table `set_aside` that were refused before the engine saw them."""
    return _literal_rows(engine, "set_aside", rows, number=number, source=source)


def _literal_rows(engine: DuckDB, table: str, rows: Sequence[Dict[str, Any]], *, number: int, source: str) -> Table:
    columns = (*NOUNS[table].columns, *SYSTEM)
    schema = ibis.schema({column.name: IBIS_TYPES[column.type] for column in columns})
    system = {"source": source, "import_number": number}
    full = [{column.name: {**row, **system}.get(column.name) for column in columns} for row in rows]
    return engine.given(pa.Table.from_pylist(full, schema=schema.to_pyarrow()))
