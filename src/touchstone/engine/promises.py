"""Which answers were promised that nobody learns who gave them."""

from __future__ import annotations

from typing import Any

import ibis

from touchstone.engine.connect import Table

EMPLOYEE = "employee"
_YES = ("yes", "true", "1", "y")


def says_anonymous(answers: Table) -> Any:
    """Whether an answer says itself, in the column `anonymous`, that its giver was promised not to be known."""
    return ibis.coalesce(answers["anonymous"].cast("string").lower().isin(_YES), ibis.literal(False))


def promised_answers(answers: Table) -> Table:
    """Those of the answers whose givers were promised not to be known: of employees, and those that say so."""
    of_employees = ibis.coalesce(answers["kind"] == EMPLOYEE, ibis.literal(False))
    if "anonymous" not in answers.columns:
        return answers.filter(of_employees)
    return answers.filter(of_employees | says_anonymous(answers))
