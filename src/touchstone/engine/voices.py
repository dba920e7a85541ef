"""What customers wrote, newest first: a few texts for people to read, never a table of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import ibis

from touchstone.core.metric import Metric, Score
from touchstone.core.nouns import NOUNS
from touchstone.engine.data import Data
from touchstone.engine.rows import Question, answers_with_points


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One comment, the points that its writer's score earned, and when it was written."""

    text: str
    points: float
    at: datetime | None


def voices(data: Data, metric: Metric, question: Question, *, points: float, most: int = 40) -> list[Voice]:
    """The newest comments beside scores that earned these `points` (100 promoters, -100 detractors)."""
    assert isinstance(metric.form, Score)  # noqa: S101  only answers come with comments
    scored = answers_with_points(data, metric, metric.form, question)
    wanted = scored.filter(scored.x == points).select("submission_id", "x").distinct()
    answers = data.table("answers")
    texts = answers.filter(answers.text.notnull() & (answers.text.length() > 20) & (answers.text.length() < 240))
    joined = texts.inner_join(wanted, "submission_id").select("text", "answered_at", "x", "answer_id")
    newest = joined.order_by([joined.answered_at.desc(), joined.answer_id]).limit(most)
    rows: list[dict[str, Any]] = data.fetch(newest).rows
    return [Voice(text=row["text"], points=row["x"], at=row["answered_at"]) for row in rows]


def score_counts(data: Data, metric: Metric, question: Question) -> dict[float, int]:
    """How many answers gave each score of the scale."""
    assert isinstance(metric.form, Score)  # noqa: S101  as above
    scored = answers_with_points(data, metric, metric.form, question)
    rows = data.fetch(scored.group_by("score").aggregate(n=scored.count())).rows
    return {float(row["score"]): int(row["n"]) for row in rows}


def fewest_people(data: Data, metric: Metric, question: Question) -> int:
    """How many people gave the score that the fewest gave; 0 where nobody answered."""
    assert isinstance(metric.form, Score)  # noqa: S101  as above
    scored = data.clustered(answers_with_points(data, metric, metric.form, question), "answers")
    people = scored.group_by("score").aggregate(n=scored.cluster.nunique())
    return int(data.fetch(people.aggregate(n=people.n.min())).rows[0]["n"] or 0)


def answered_between(data: Data) -> tuple[date, date] | None:
    """The days of the oldest and the newest answer, where the company is; None where no answer has a date."""
    answers = data.table("answers")
    row = data.fetch(answers.aggregate(oldest=answers.answered_at.min(), newest=answers.answered_at.max())).rows[0]
    if row["newest"] is None:
        return None
    zone = ZoneInfo(data.zone)
    return row["oldest"].astimezone(zone).date(), row["newest"].astimezone(zone).date()


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of one table there is: its rows, those that were set aside, and the day of its newest row."""

    rows: int
    set_aside: int
    newest: date | None


def extent(data: Data, table: str) -> Extent:
    """What a report says of a table that it rests on."""
    rows, time = data.table(table), NOUNS[table].time
    newest = rows[time].max() if time else ibis.null("timestamp('UTC')")
    found = data.fetch(rows.aggregate(n=rows.count(), newest=newest)).rows[0]
    when = found["newest"]
    return Extent(
        rows=int(found["n"]),
        set_aside=set_aside(data, table),
        newest=when.astimezone(ZoneInfo(data.zone)).date() if when else None,
    )


def set_aside(data: Data, table: str | None = None) -> int:
    """How many rows and cells were set aside, of all tables or of one."""
    if not data.has("set_aside"):
        return 0
    aside = data.table("set_aside")
    aside = aside.filter(aside.table_name == table) if table else aside
    return int(data.fetch(aside.aggregate(n=aside.count())).rows[0]["n"])
