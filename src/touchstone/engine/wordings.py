"""In which words the answers to a metric were asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis

from touchstone.core.metric import Metric, Score
from touchstone.engine.data import Data
from touchstone.engine.rows import Question, answers_with_points


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Answers to one question, of one source, that one import brought: how many, and the first of them."""

    question_id: str
    source: str
    import_number: int
    n: int
    first_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """One version of a question's words, and with which import and source it came."""

    question_id: str
    source: str
    import_number: int
    version: int
    words: str


def asked(data: Data, metric: Metric, question: Question) -> list[Asked]:
    """The answers that count, by question, source and import; none for a metric that is no score of answers."""
    if not isinstance(metric.form, Score):
        return []
    rows = answers_with_points(data, metric, metric.form, question)
    keys = ("question_id", "source", "import_number")
    kept = [key if key in rows.columns else ibis.null("string").name(key) for key in keys]
    at = rows.answered_at.cast("timestamp('UTC')")  # Spark forgets the zone
    grouped = rows.select(*kept, at=at).group_by(list(keys))
    found = data.fetch(grouped.aggregate(n=lambda t: t.count(), first_at=lambda t: t["at"].min())).rows
    return [_asked(row) for row in found]


def _asked(row: dict[str, Any]) -> Asked:
    return Asked(
        question_id=row["question_id"] or "",
        source=row["source"] or "",
        import_number=int(row["import_number"] or 0),
        n=int(row["n"]),
        first_at=row["first_at"],
    )


def worded(data: Data) -> list[Worded]:
    """Every version of every question's words."""
    if not data.has("questions"):
        return []
    columns = ("question_id", "source", "import_number", "version", "wording", "label")
    table = data.table("questions")
    return [
        Worded(
            question_id=row["question_id"],
            source=row.get("source") or "",
            import_number=int(row.get("import_number") or 0),
            version=int(row["version"] or 1),
            words=row["wording"] or row["label"] or row["question_id"],
        )
        for row in data.fetch(table.select(*(name for name in columns if name in table.columns))).rows
    ]
