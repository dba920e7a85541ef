"""Words that other tools use for our kinds and our yes and no, as codes of a proposed mapping."""

from __future__ import annotations

import re
from collections.abc import Sequence

_KINDS = (
    (re.compile(r"relation", re.IGNORECASE), "relationship"),
    (re.compile(r"employee|staff", re.IGNORECASE), "employee"),
    (re.compile(r"\b(after|post|transaction|following)", re.IGNORECASE), "transactional"),
)
_MET = {"met": "yes", "kept": "yes", "within": "yes", "achieved": "yes"}
_BREACHED = {"breached": "no", "missed": "no", "violated": "no", "overdue": "no", "not met": "no"}
_MANY = 20  # a kind has few values


def coded(column: str, values: Sequence[str]) -> dict[str, str]:
    """Codes that turn `values` into what `column` holds; empty where none are needed or known.

    Surveys "after delivery" are transactional, a "relationship" survey is what it says; a service level is met or
    breached.
    """
    distinct = sorted({value for value in values if value})
    if column == "kind":
        return {value: kind for value, kind in kinds(distinct).items() if value != kind}
    if column == "sla_met":
        words = _MET | _BREACHED
        return {value: words[value.lower()] for value in distinct if value.lower() in words}
    return {}


def kinds(values: Sequence[str]) -> dict[str, str]:
    """Which kind of survey each value means; empty unless every one of a few means some kind."""
    distinct = {value for value in values if value}
    meant = {value: kind for value in distinct for form, kind in _KINDS[::-1] if form.search(value)}
    return meant if len(meant) == len(distinct) <= _MANY else {}
