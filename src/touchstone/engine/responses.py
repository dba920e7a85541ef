"""Who was asked and who answered, in the words of AAPOR: complete, partial, silent, unknown, not eligible."""

from __future__ import annotations

from typing import Any

import ibis

from touchstone.core.metric import Response
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.question import Question, clustered_rows, prepared, real, weight_of

_STEPS = ("delivered_at", "opened_at", "started_at", "completed_at")


def response_rows(data: Data, form: Response, question: Question) -> Table:
    """One row per invitation that was sent to somebody eligible, as far as known: 100 for a response, else 0.

    Complete (I): completed. Partial (P): started. Silent (R, NC, O): delivered. Unknown (UH, UO): sent, no more.
    """
    rows = prepared(data, "invitations", question)
    rows = rows.filter(_asked(rows) & ibis.coalesce(rows.eligible, True))
    answered = rows.completed_at.notnull()
    if not form.complete_only:
        answered = answered | rows.started_at.notnull()
    worth = {"counted": 1.0, "left out": 0.0}.get(form.unknown)
    unknown = real(eligible_share(data, question) if worth is None else worth)
    weight = _reached(rows).ifelse(real(1.0), unknown) * weight_of(rows, question)
    return clustered_rows(data, rows.mutate(x=answered.ifelse(100.0, 0.0), w=weight), "invitations", question.by)


def eligible_share(data: Data, question: Question) -> float:
    """e, the share of eligible ones among those asked whose eligibility is known (AAPOR 2023; CASRO 1982).

    Eligible: reached, and not found otherwise. Not eligible: asked, and found not to be so. 1 where nobody is known.
    """
    rows = prepared(data, "invitations", question)
    rows = rows.filter(_asked(rows))
    out = ~ibis.coalesce(rows.eligible, True)
    found = data.fetch(rows.aggregate(eligible=(_reached(rows) & ~out).sum(), ineligible=out.sum())).rows[0]
    eligible, ineligible = int(found["eligible"] or 0), int(found["ineligible"] or 0)
    return eligible / (eligible + ineligible) if eligible else 1.0


def _asked(rows: Table) -> Any:
    return ibis.coalesce(rows.sent_at, *(rows[step] for step in _STEPS)).notnull()


def _reached(rows: Table) -> Any:
    return ibis.coalesce(*(rows[step] for step in _STEPS)).notnull()
