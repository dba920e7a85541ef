"""What customers wrote, newest first: a few texts for people to read, never a table of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from touchstone.core.metric import Metric, Score
from touchstone.core.period import Period
from touchstone.engine.data import Data
from touchstone.engine.rows import Question, answers_with_points


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One comment, the points that its writer's score earned, and when it was written."""

    text: str
    points: float
    at: datetime | None


def voices(data: Data, metric: Metric, period: Period | None, *, points: float, most: int = 40) -> list[Voice]:
    """The newest comments beside scores that earned these `points` (100 promoters, -100 detractors)."""
    assert isinstance(metric.form, Score)  # noqa: S101  only answers come with comments
    scored = answers_with_points(data, metric, metric.form, Question(period=period))
    wanted = scored.filter(scored.x == points).select("submission_id", "x").distinct()
    answers = data.table("answers")
    texts = answers.filter(answers.text.notnull() & (answers.text.length() > 20) & (answers.text.length() < 240))
    joined = texts.inner_join(wanted, "submission_id").select("text", "answered_at", "x", "answer_id")
    newest = joined.order_by([joined.answered_at.desc(), joined.answer_id]).limit(most)
    rows: list[dict[str, Any]] = data.fetch(newest).rows
    return [Voice(text=row["text"], points=row["x"], at=row["answered_at"]) for row in rows]


def score_counts(data: Data, metric: Metric, period: Period | None) -> dict[float, int]:
    """How many answers gave each score of the scale."""
    assert isinstance(metric.form, Score)  # noqa: S101  as above
    scored = answers_with_points(data, metric, metric.form, Question(period=period))
    rows = data.fetch(scored.group_by("score").aggregate(n=scored.count())).rows
    return {float(row["score"]): int(row["n"]) for row in rows}


def newest_answer(data: Data) -> datetime | None:
    """When the newest answer was given; None where no answer has a date."""
    answers = data.table("answers")
    newest: datetime | None = data.fetch(answers.aggregate(newest=answers.answered_at.max())).rows[0]["newest"]
    return newest


def rows_of(data: Data, table: str) -> int:
    """How many rows a table has."""
    rows = data.table(table)
    return int(data.fetch(rows.aggregate(n=rows.count())).rows[0]["n"])
