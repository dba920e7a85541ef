"""A wide survey file made long: one row per answered question."""

from __future__ import annotations

from dataclasses import dataclass

from touchstone.core.mapping import PERSON_COLUMNS, Mapping, Question, Take
from touchstone.engine.casting import among, coded, identifier_text, number
from touchstone.engine.connect import DuckDB, identifier, literal
from touchstone.engine.scan import Scan

OF_A_QUESTION = ("question_id", "metric", "score", "scale_low", "scale_high", "polarity", "choice", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Queries for the answers and for those set aside (`_row`, `_wrong`), and how many cells went where.

    Rows times questions = `taken` + `n_aside` + `blank`.
    """

    rows: str
    aside: str
    taken: int
    n_aside: int
    blank: int


def unpivot(engine: DuckDB, rows: str, mapping: Mapping, scan: Scan) -> Answers:
    """The answers in the keyed `rows`: blanks are none, "not applicable" is one without a score."""
    shared = _shared(mapping)
    packed = ", ".join(_packed(place, question) for place, question in enumerate(mapping.unpivot))
    wide = f"SELECT {', '.join(map(identifier, shared))}, _row, unnest([{packed}]) AS q FROM ({rows})"
    given = f"SELECT * EXCLUDE (q), q.n, q.cell, q.skipped, q.meaning FROM ({wide}) WHERE q.cell IS NOT NULL"
    score = f"CASE WHEN a_scored AND NOT skipped THEN {number('meaning', Take())} END"
    scored = f"SELECT *, {score} AS a_score FROM ({given}) JOIN ({_questions(mapping, scan)}) asked USING (n)"
    table = engine.set_down(f"SELECT {', '.join(_columns(shared))} FROM ({scored})")
    found, aside = engine.run(f"SELECT count(*), count(_wrong) FROM {table}")[0]
    empty = " + ".join(
        f"count(*) FILTER (WHERE {_cell(place, asked)} IS NULL)" for place, asked in enumerate(mapping.unpivot)
    )
    n_rows, blank = engine.run(f"SELECT count(*), {empty} FROM ({rows})")[0]
    if n_rows * len(mapping.unpivot) != found + blank:
        raise AssertionError(f"{n_rows} rows of {len(mapping.unpivot)} questions gave {found} answers, {blank} blanks")
    return Answers(
        rows=f"SELECT * FROM {table} WHERE _wrong IS NULL",
        aside=f"SELECT _row, _wrong FROM {table} WHERE _wrong IS NOT NULL",
        taken=found - aside,
        n_aside=aside,
        blank=blank,
    )


def _shared(mapping: Mapping) -> list[str]:
    """The columns that every answer of a submission has in common."""
    names = [*mapping.columns, *mapping.attributes, "submission_id", *(["source"] if mapping.source.headers else [])]
    if mapping.contacts:
        names.append("customer_id")
    own = {*OF_A_QUESTION, *PERSON_COLUMNS, "answer_id"}
    return [name for name in dict.fromkeys(names) if name not in own]


def _cell(place: int, question: Question) -> str:
    cell = f"_q{place}"
    if not question.blank:
        return cell
    return f"CASE WHEN {among(identifier_text(cell), question.blank)} THEN NULL ELSE {cell} END"


def _packed(place: int, question: Question) -> str:
    """One question's cell as a struct: its number, the text, whether it says "not applicable", and what it means."""
    cell = f"_q{place}"
    code = identifier_text(cell)
    skipped = among(code, question.not_applicable) if question.not_applicable else "false"
    meaning = coded(cell, tuple(question.codes.items()), code)
    return f"{{'n': {place}, 'cell': {_cell(place, question)}, 'skipped': {skipped}, 'meaning': {meaning}}}"


def _questions(mapping: Mapping, scan: Scan) -> str:
    """What is the same for all answers to a question, as a small table."""
    rows = []
    for place, asked in enumerate(mapping.unpivot):
        low, high = asked.scale or (None, None)
        values = (
            str(place),
            literal(asked.question_id),
            literal(asked.header(scan.headers) or ""),
            _optional(asked.metric),
            _optional(asked.touchpoint),
            "NULL" if low is None else repr(low),
            "NULL" if high is None else repr(high),
            _optional(asked.polarity if asked.scale else None),
            str(asked.text).lower(),
            str(not asked.text and bool(asked.metric or asked.scale)).lower(),
            literal(f"lies outside the scale {low:g} to {high:g}" if low is not None else ""),
        )
        rows.append(f"({', '.join(values)})")
    names = "n, a_id, a_header, a_metric, a_touchpoint, a_low, a_high, a_polarity, a_text, a_scored, a_outside"
    return f"SELECT * FROM (VALUES {', '.join(rows)}) AS questions({names})"


def _optional(text: str | None) -> str:
    return "CAST(NULL AS VARCHAR)" if text is None else literal(text)


def _columns(shared: list[str]) -> list[str]:
    """The columns of an answer; `_wrong` as for rows."""
    where = "coalesce(a_touchpoint, touchpoint)" if "touchpoint" in shared else "a_touchpoint"
    broken = "a_scored AND NOT skipped AND (a_score IS NULL OR NOT isfinite(a_score))"
    wrong = (
        f"CASE WHEN {broken} THEN [a_header, left(cell, 200), 'is not a number', NULL] "
        "WHEN a_score < a_low OR a_score > a_high THEN [a_header, left(cell, 200), a_outside, NULL] END"
    )
    made = {
        "touchpoint": where,
        "answer_id": "submission_id || '/' || a_id",
        "question_id": "a_id",
        "metric": "a_metric",
        "score": "a_score",
        "scale_low": "a_low",
        "scale_high": "a_high",
        "polarity": "a_polarity",
        "choice": "CASE WHEN a_text THEN NULL WHEN skipped THEN 'not applicable' WHEN NOT a_scored THEN meaning END",
        "text": "CASE WHEN a_text THEN cell END",
        "_wrong": wrong,
    }
    kept = [identifier(name) for name in shared if name != "touchpoint"]
    return [*kept, "_row", *(f"{sql} AS {identifier(name)}" for name, sql in made.items())]
