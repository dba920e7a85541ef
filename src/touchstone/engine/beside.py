"""The tables that an import fills beside its own: what was set aside, the questions of a survey, and names."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from touchstone.core.errors import Refused
from touchstone.core.mapping import Mapping
from touchstone.core.nouns import NOUNS
from touchstone.engine.connect import DuckDB, identifier, literal
from touchstone.engine.contacts import HASHED, Privacy
from touchstone.engine.data import TableSource
from touchstone.engine.intake import SQL_TYPES, SYSTEM
from touchstone.engine.landing import source_of


def set_aside_rows(aside: str, *, file: str, table: str, number: int, at: datetime) -> str:
    """The query `aside` (row, column, value, reason, line) as rows of the table `set_aside`."""
    values = {
        "set_aside_id": f"{literal(f'{number}/{file}/{table}/')} || row || '/' || coalesce(\"column\", '')",
        "file": literal(file),
        "row": "CAST(row AS BIGINT)",
        "table_name": literal(table),
        "column_name": '"column"',
        "value": '"value"',
        "reason": "reason",
        "line": "line",
        "set_aside_at": f"TIMESTAMPTZ {literal(at.isoformat())}",
        "source": literal(file),
        "import_number": f"CAST({number} AS BIGINT)",
    }
    return f"SELECT {', '.join(f'{sql} AS {identifier(name)}' for name, sql in values.items())} FROM ({aside})"


def refused_rows(sidecar: Path, *, file: str, table: str, number: int, at: datetime) -> str:
    """The rows in the CSV file `sidecar` (row, reason, line), refused before the engine saw them, for `set_aside`."""
    columns = "columns = {row: 'BIGINT', reason: 'VARCHAR', line: 'VARCHAR'}"
    dialect = "header = true, delim = ',', quote = '\"', escape = '\"', auto_detect = false, new_line = '\\r\\n'"
    rows = f"SELECT * FROM read_csv({literal(str(sidecar))}, {columns}, hive_partitioning = false, {dialect})"
    aside = f'SELECT row, NULL AS "column", NULL AS "value", reason, line FROM ({rows})'
    refused = set_aside_rows(aside, file=file, table=table, number=number, at=at)
    return f"SELECT * REPLACE ({literal(f'{number}/{file}/line ')} || row AS set_aside_id) FROM ({refused})"


def question_rows(
    mapping: Mapping, *, headers: tuple[str, ...], number: int, source: str, held: str | None
) -> str | None:
    """The questions of an unpivoted survey as new rows of the table `questions`; None where there are none.

    A question that `held` (the query of what the table has) knows in the same words brings no row; in other words it
    brings its next version. Capitals, punctuation and spaces make no other words. The words are those in which `source`
    asked last, else those in which anybody did.
    """
    if not mapping.unpivot:
        return None
    survey = mapping.columns["survey_id"].constant if "survey_id" in mapping.columns else None
    rows = []
    for question in mapping.unpivot:
        low, high = question.scale or (None, None)
        known: dict[str, object] = {
            "question_id": question.question_id,
            "survey_id": survey,
            "wording": question.label or question.header(headers),
            "label": question.label or question.headers[0],
            "metric": question.metric,
            "scale_low": low,
            "scale_high": high,
            "polarity": question.polarity,
            "version": 1,
            "source": source,
            "import_number": number,
        }
        columns = (*NOUNS["questions"].columns, *SYSTEM)
        values = (f"CAST({_value(known.get(c.name))} AS {SQL_TYPES[c.type]}) AS {identifier(c.name)}" for c in columns)
        rows.append(f"SELECT {', '.join(values)}")
    asked = " UNION ALL ".join(rows)
    return asked if held is None else _reworded(asked, held)


def _reworded(asked: str, held: str) -> str:
    """The rows of `asked` that are new or in other words than before, as the next version of their question."""
    known = f"SELECT question_id, source, coalesce(wording, label) AS words, coalesce(version, 1) AS v FROM ({held})"
    newest = "arg_max(words, v) AS words, max(v) AS v"
    anybody = f"SELECT question_id, {newest} FROM ({known}) GROUP BY question_id"
    own = f"SELECT question_id, source, {newest} FROM ({known}) GROUP BY question_id, source"
    before, now = (_plain(words) for words in ("coalesce(own.words, anybody.words)", "asked.wording"))
    return (
        f"SELECT asked.* REPLACE (CAST(coalesce(anybody.v, 0) + 1 AS BIGINT) AS version) FROM ({asked}) asked "
        f"LEFT JOIN ({anybody}) anybody ON anybody.question_id = asked.question_id "
        f"LEFT JOIN ({own}) own ON own.question_id = asked.question_id AND own.source = asked.source "
        f"WHERE anybody.question_id IS NULL OR {before} <> {now}"
    )


def _plain(words: str) -> str:
    return f"trim(regexp_replace(lower({words}), '[^\\p{{L}}\\p{{N}}]+', ' ', 'g'))"


def _value(value: object) -> str:
    if value is None:
        return "NULL"
    return literal(value) if isinstance(value, str) else repr(value)


def decision_row(customer: str, other: str, kind: str, reason: str, author: str, number: int, at: datetime) -> str:
    """A decision that two customers are, or are not, one person, as a row of the table `merges`."""
    known: dict[str, object] = {
        "merge_id": f"decision:{number}",
        "customer_id": customer,
        "other_id": other,
        "kind": kind,
        "reason": reason or None,
        "author": author,
        "decided_at": at.isoformat(),
        "source": "decision",
        "import_number": number,
    }
    columns = (*NOUNS["merges"].columns, *SYSTEM)
    values = (f"CAST({_value(known[c.name])} AS {SQL_TYPES[c.type]}) AS {identifier(c.name)}" for c in columns)
    return f"SELECT {', '.join(values)}"


def check_kept_alike(engine: DuckDB, held: TableSource | None, privacy: Privacy) -> None:
    """Refused where addresses were stored in another way than `privacy` says: the two would never meet."""
    if held is None:
        return
    one = engine.run(
        f"SELECT value FROM ({source_of(engine, held, ['kind', 'value'])}) WHERE kind <> 'external' LIMIT 1"
    )
    if one and str(one[0][0]).startswith(HASHED) != bool(privacy.salt):
        now, before = ("hashed", "as they are") if privacy.salt else ("as they are", "hashed")
        raise Refused(
            f"Addresses would be kept {now} from now on, and are kept {before} until now: they would never meet.",
            hint=f"set [identities] hash = {'false' if privacy.salt else 'true'} again, or import all files into a "
            "new workspace.",
        )
