"""Typed rows become records: merged where several rows are one, keyed, told from repetitions, unpivoted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from touchstone.core.mapping import PERSON_COLUMNS, Mapping
from touchstone.core.nouns import Column
from touchstone.engine.connect import DuckDB, fresh_name, identifier, literal
from touchstone.engine.intake import SQL_TYPES, SYSTEM, Staged, key_columns, needs_content
from touchstone.engine.merging import merge
from touchstone.engine.people import customer
from touchstone.engine.scan import Scan
from touchstone.engine.unpivoting import OF_A_QUESTION, unpivot

_ASIDE = ('"column"', '"value"', '"reason"', '"line"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What one file gives, as queries: `rows` to land (noun columns, attributes, origin), `aside` what cannot be taken.

    Rows read = `records` (or, unpivoted, the rows they came from) + `repeated` + `merged` + left out + `rows_aside`.
    `records`, `blank` and `cells_aside` count answers when the file is unpivoted.
    """

    rows: str
    columns: tuple[Column, ...]
    provided: tuple[str, ...]
    aside: str
    records: int
    taken: int
    merged: int
    repeated: int
    rows_aside: int
    cells_aside: int
    blank: int


def make_records(engine: DuckDB, staged: Staged, mapping: Mapping, scan: Scan, *, source: str, number: int) -> Records:
    """The records of one staged file."""
    columns = record_columns(mapping)
    good = f"SELECT * FROM {staged.rows} WHERE _wrong IS NULL"
    aside = [f"SELECT _row, _wrong FROM {staged.rows} WHERE _wrong IS NOT NULL"]
    rows_aside, n_merged = staged.aside, 0
    if mapping.one_per:
        merged = merge(engine, staged.rows, mapping)
        good, aside, rows_aside, n_merged = merged.rows, [merged.aside], merged.rows_aside, merged.merged
    keyed = _kept(engine, _keyed(engine, good, mapping, source), mapping)
    alone = _told_apart(engine, keyed, mapping, columns)
    aside += [alone.aside] if alone.conflicts else []
    answers = unpivot(engine, alone.rows, mapping, scan) if mapping.unpivot else None
    aside += [answers.aside] if answers else []
    rows = answers.rows if answers else alone.rows
    return Records(
        rows=_complete(rows, columns, mapping, source=source, number=number),
        columns=columns,
        provided=provided(mapping),
        aside=_reasons(" UNION ALL ".join(aside)),
        records=answers.taken if answers else alone.n,
        taken=alone.n,
        merged=n_merged,
        repeated=alone.repeated,
        rows_aside=rows_aside + alone.conflicts,
        cells_aside=answers.n_aside if answers else 0,
        blank=answers.blank if answers else 0,
    )


def record_columns(mapping: Mapping) -> tuple[Column, ...]:
    """Columns of the records: the noun's own, the attributes as text, and where they came from."""
    own = mapping.noun.columns
    system = tuple(column for column in SYSTEM if column.name not in mapping.noun.column_names)
    return (*own, *(Column(name) for name in mapping.attributes), *system)


def provided(mapping: Mapping) -> tuple[str, ...]:
    """Columns whose values this file really brings; a later export with fewer columns must not empty the others."""
    given = {name for name in mapping.columns if name not in PERSON_COLUMNS} | set(mapping.attributes)
    if mapping.unpivot:
        given |= {*OF_A_QUESTION, "submission_id"}
        given |= {"touchpoint"} if any(question.touchpoint for question in mapping.unpivot) else set()
    if mapping.contacts:
        given.add("customer_id")
    return tuple(column.name for column in record_columns(mapping) if column.name in given)


def _keyed(engine: DuckDB, rows: str, mapping: Mapping, source: str) -> str:
    """`rows` with their key `source:id` (a stable hash where the file has no id) and their customer."""
    own = {name: identifier(name) for name in mapping.people}
    origin = {"source": mapping.source} if mapping.source.headers else {}
    known = {**mapping.columns, **mapping.attributes, **origin}
    replaced: dict[str, str] = {}
    prefix = _prefix(mapping, source)
    if mapping.noun.person and own and "customer_id" in mapping.noun.column_names:
        replaced["customer_id"] = customer(own, mapping)
    key = "submission_id" if mapping.unpivot else mapping.noun.key
    parts = key_columns(mapping)
    if "submission_id" in mapping.columns:
        replaced["submission_id"] = f"{prefix}submission_id"
    if key != "customer_id" or not own:
        if parts:
            # an account's number is the company's own, as customers and contracts name it: no source before it
            before = "" if key == "account_id" else prefix
            replaced[key] = " || '/' || ".join([f"{before}{identifier(parts[0])}", *map(identifier, parts[1:])])
            if needs_content(mapping):
                rows = _with_occurrence(engine, rows)
                replaced[key] = f"coalesce({replaced[key]}, {prefix}md5(_content || '#' || _occurrence))"
        elif mapping.one_per:
            places = ", ".join(f"_by{place}" for place in range(len(mapping.one_per)))
            replaced[key] = f"{prefix}concat_ws('/', {places})"
        else:
            rows = _with_occurrence(engine, rows)
            replaced[key] = f"{prefix}md5(_content || '#' || _occurrence)"
    kept = [identifier(name) for name in known if name not in replaced and name not in PERSON_COLUMNS]
    kept += [f"_q{place}" for place in range(len(mapping.unpivot))]
    made = [f"{sql} AS {identifier(name)}" for name, sql in replaced.items()]
    return f"SELECT {', '.join([*made, *kept, '_row'])} FROM ({rows})"


def _prefix(mapping: Mapping, source: str) -> str:
    """What the ids of a row begin with, as SQL to put before them."""
    if mapping.whole_ids:
        return ""
    return "source || ':' || " if mapping.source.headers else f"{literal(f'{source}:')} || "


def _with_occurrence(engine: DuckDB, rows: str) -> str:
    """`rows` with the number that each has among those of the same content; usually all are the first of their kind."""
    different, total = engine.run(f"SELECT count(DISTINCT _content), count(*) FROM ({rows})")[0]
    if different == total:
        return f"SELECT *, 0 AS _occurrence FROM ({rows})"
    return f"SELECT *, row_number() OVER (PARTITION BY _content ORDER BY _row) - 1 AS _occurrence FROM ({rows})"


def all_different(engine: DuckDB, rows: str, key: str) -> bool:
    """Whether every row has a key of its own.

    Most exports are in the order of their ids: then comparing neighbours proves it, at a quarter of the cost of
    remembering them all. Else hashes are counted, which differ only where the keys do.
    """
    name = identifier(key)
    ascends = f"strlen({name}) > strlen(before) OR (strlen({name}) = strlen(before) AND {name} > before)"
    pairs = f"SELECT {name}, lag({name}) OVER () AS before FROM {rows}"
    if engine.run(f"SELECT count(*) FROM ({pairs}) WHERE NOT ({ascends})")[0][0] == 0:
        return True
    total, different = engine.run(f"SELECT count(*), count(DISTINCT hash({name})) FROM {rows}")[0]
    return bool(total == different)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alone:
    """Rows with a key of their own (how many), how many repeat another exactly, and those that contradict one."""

    rows: str
    n: int
    repeated: int
    conflicts: int
    aside: str = ""


def _told_apart(engine: DuckDB, keyed: str, mapping: Mapping, columns: Sequence[Column]) -> _Alone:
    key = "submission_id" if mapping.unpivot else mapping.noun.key
    total = engine.run(f"SELECT count(*) FROM {keyed}")[0][0]
    if all_different(engine, keyed, key):
        return _Alone(rows=f"SELECT * FROM {keyed}", n=total, repeated=0, conflicts=0)
    present = [c.name for c in columns if c.name in {**mapping.columns, **mapping.attributes}] or [key]
    content = ", ".join([*map(identifier, present), *(f"_q{place}" for place in range(len(mapping.unpivot)))])
    name, again = identifier(key), fresh_name("again")
    twice = f"SELECT {name} FROM {keyed} GROUP BY {name} HAVING count(*) > 1"
    window = f"OVER (PARTITION BY {name} ORDER BY _row)"
    placed = (
        f"SELECT _row, {name} AS key, row_number() {window} AS place, "
        f"row({content}) IS NOT DISTINCT FROM first_value(row({content})) {window} AS same "
        f"FROM {keyed} SEMI JOIN ({twice}) USING ({name})"
    )
    engine.run(f"CREATE TEMPORARY TABLE {again} AS SELECT * FROM ({placed}) WHERE place > 1")
    repeated, conflicts = engine.run(
        f"SELECT count(*) FILTER (WHERE same), count(*) FILTER (WHERE NOT same) FROM {again}"
    )[0]
    reason = literal("stands for a record that an earlier row gives other values")
    return _Alone(
        rows=f"SELECT * FROM {keyed} ANTI JOIN {again} USING (_row)",
        n=total - repeated - conflicts,
        repeated=repeated,
        conflicts=conflicts,
        aside=f"SELECT _row, [{literal(key)}, left(key, 200), {reason}, NULL] AS _wrong FROM {again} WHERE NOT same",
    )


def _reasons(rows: str) -> str:
    """(row, column, value, reason, line) of `rows` that could not be taken."""
    named = ", ".join(f"_wrong[{place}] AS {name}" for place, name in enumerate(_ASIDE, 1))
    return f"SELECT _row AS row, {named} FROM ({rows})"


def finished(engine: DuckDB, rows: str, mapping: Mapping, *, source: str, number: int) -> str:
    """Typed rows that are records as they are, with their key and all columns of the table."""
    return _complete(
        _keyed(engine, rows, mapping, source), record_columns(mapping), mapping, source=source, number=number
    )


def _complete(rows: str, columns: Sequence[Column], mapping: Mapping, *, source: str, number: int) -> str:
    """The columns of the record that the file fills, in their types; a column that a Parquet file lacks is empty."""
    present = {*mapping.columns, *mapping.attributes, mapping.noun.key, *(["source"] if mapping.source.headers else [])}
    if mapping.unpivot:
        present |= {*OF_A_QUESTION, "submission_id", "touchpoint"}
    if mapping.contacts:
        present.add("customer_id")
    values = {"source": literal(source), "import_number": str(number)} | {name: identifier(name) for name in present}
    filled = [column for column in columns if column.name in values]
    typed = (f"CAST({values[c.name]} AS {SQL_TYPES[c.type]}) AS {identifier(c.name)}" for c in filled)
    return f"SELECT {', '.join(typed)} FROM ({rows})"


def _kept(engine: DuckDB, query: str, mapping: Mapping) -> str:
    """The rows of `query` under a name: computed once where that takes more than putting columns together."""
    if mapping.one_per or needs_content(mapping):
        return engine.set_down(query)
    name = fresh_name("keyed")
    engine.run(f"CREATE TEMPORARY VIEW {name} AS {query}")
    return name
