"""Which answers were promised that nobody learns who gave them, and how many people a question leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis

from touchstone.core.nouns import NOUNS
from touchstone.engine.connect import Table
from touchstone.engine.data import Data

EMPLOYEE = "employee"
FEWEST = 10  # people that a number must stand for, where they were promised not to be known
_NO = ("", "no", "false", "0", "0.0", "n", "f")


def says_anonymous(answers: Table) -> Any:
    """Whether an answer says itself, in the column `anonymous`, that its giver was promised not to be known.

    Any word but a no says so, in whatever language: what is not understood must not give somebody away.
    """
    return ibis.coalesce(answers["anonymous"].cast("string").strip().lower().notin(_NO), ibis.literal(False))


def promised_answers(answers: Table) -> Table:
    """Those of the answers whose givers were promised not to be known: of employees, and those that say so."""
    of_employees = ibis.coalesce(answers["kind"] == EMPLOYEE, ibis.literal(False))
    if "anonymous" not in answers.columns:
        return answers.filter(of_employees)
    return answers.filter(of_employees | says_anonymous(answers))


def people_outside(data: Data, name: str, every: Table, inside: Sequence[Table]) -> dict[str, int]:
    """How many people stand behind the rows of `every` that are in none of the tables `inside`, all of one noun.

    By the kind of the rows; under no name for nouns without kinds, and for rows that have none.
    """
    key = NOUNS[name].key
    rows = every
    for part in inside:
        rows = rows.anti_join(part.select(key), key)
    rows = data.clustered(rows, name)
    kind = ibis.coalesce(rows["kind"], "") if "kind" in rows.columns else ibis.literal("")
    found = data.fetch(rows.group_by(kind=kind).aggregate(n=rows.cluster.nunique())).rows
    return {str(row["kind"]): int(row["n"]) for row in found}
