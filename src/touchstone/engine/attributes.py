"""What is known of a customer, copied onto their answers when these land: the value then stays with the answer."""

from __future__ import annotations

from collections.abc import Sequence

from touchstone.core.nouns import NOUNS, Column
from touchstone.engine.connect import DuckDB, fresh_name, identifier
from touchstone.engine.data import TableSource
from touchstone.engine.landing import source_of

_NOT_COPIED = ("referred_by", "source")  # who they are to others, and where the record came from


def with_attributes(
    engine: DuckDB,
    answers: str,
    columns: Sequence[Column],
    *,
    customers: TableSource,
    names: Sequence[str],
) -> tuple[str, tuple[Column, ...]]:
    """The query `answers` and its `columns`, with the texts that `customers` hold and the answers' file does not bring.

    A customer is found by number, or, where the number is not among the customers, by the `names` (queries of
    identities) that exactly one of them has too.
    """
    brought = {column.name for column in columns} | {column.name for column in NOUNS["answers"].columns}
    copied = [column for column in customers.columns if column.type == "text" and _describes(column.name, brought)]
    if not copied or not customers.files:
        return answers, tuple(columns)
    texts = [identifier(column.name) for column in copied]
    known = source_of(engine, customers, ["customer_id", *(column.name for column in copied)])
    asked = f"SELECT DISTINCT customer_id FROM ({answers}) WHERE customer_id IS NOT NULL"
    described = fresh_name("described")
    engine.run(
        f"CREATE TEMPORARY TABLE {described} AS WITH asked AS ({asked}), known AS ({known}), "
        f"found AS (SELECT customer_id AS answers_id, customer_id FROM known SEMI JOIN asked USING (customer_id)"
        f"{_by_name(names)}) SELECT found.answers_id, {', '.join(texts)} FROM found JOIN known USING (customer_id)"
    )
    query = (
        f"SELECT given.*, {', '.join(texts)} FROM ({answers}) given "
        f"LEFT JOIN {described} ON given.customer_id = {described}.answers_id"
    )
    return query, (*columns, *copied)


def _describes(name: str, brought: set[str]) -> bool:
    return name not in brought and name not in _NOT_COPIED and not name.endswith("_id")


def _by_name(names: Sequence[str]) -> str:
    if not names:
        return ""
    listed = " UNION ALL ".join(f"SELECT customer_id, kind, value FROM ({query})" for query in names)
    return (
        f" UNION ALL SELECT theirs.customer_id, min(ours.customer_id) FROM ({listed}) theirs "
        f"JOIN ({listed}) ours USING (kind, value) JOIN known ON known.customer_id = ours.customer_id "
        "WHERE theirs.customer_id IN (FROM asked) AND theirs.customer_id NOT IN (SELECT customer_id FROM known) "
        "GROUP BY 1 HAVING min(ours.customer_id) = max(ours.customer_id)"
    )
