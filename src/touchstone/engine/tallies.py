"""Answers counted by what they say, so that one set of counts serves every rule of counting."""

from __future__ import annotations

from typing import Any

import ibis

from touchstone.core.metric import Metric, Score
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.rows import Question, asked

_NEVER = ibis.literal("1900-01-01 00:00:00").cast("timestamp('UTC')")


def tallies(data: Data, metric: Metric, form: Score, question: Question) -> Table:
    """How many answers to `metric` say what: one row per scale, whole number, and whether it is a person's latest.

    Columns: `low` and `high` of the scale that the answer was given on (the metric's own, where the answer names
    none), `floor` (the answer, or the whole number below it; null outside the scale), `whole` (whether it is one),
    `latest` (whether its person gave no later one; everybody unknown is a person of their own), `n` and `total` (the
    sum of the answers). Answers from a scale whose other end is the good one are turned. Those without a score are
    left out.
    """
    answers = asked(data, metric, form, question)
    answers = answers.filter(answers.score.notnull())
    low = ibis.coalesce(answers.scale_low, ibis.literal(form.lowest, type="float64"))
    high = ibis.coalesce(answers.scale_high, ibis.literal(form.highest, type="float64"))
    turned = ibis.coalesce(answers.polarity, ibis.literal(form.polarity)) != form.polarity
    said = turned.ifelse(low + high - answers.score, answers.score)
    inside = answers.score.between(low, high)
    rows = answers.select(
        "answer_id",
        low=low,
        high=high,
        said=said,
        floor=inside.ifelse(said.floor().cast("int64"), ibis.null("int64")),
        whole=said == said.floor(),
        person=ibis.coalesce("person:" + answers.customer_id, "answer:" + answers.answer_id),
        given=ibis.coalesce(answers.answered_at, _NEVER),
    )
    newest = ibis.window(group_by=rows.person, order_by=[ibis.desc(rows.given), ibis.desc(rows.answer_id)])
    placed = rows.mutate(latest=ibis.row_number().over(newest) == 0)
    keys = ["low", "high", "floor", "whole", "latest"]
    return placed.group_by(keys).aggregate(n=placed.count(), total=placed.said.sum())


_OF_A_QUESTION = ("question_id", "metric", "score", "scale_low", "scale_high", "polarity", "touchpoint")


def skips(data: Data, metric: Metric, form: Score, question: Question) -> Table:
    """How many submissions answered something else of a survey that asks for `metric`, and not that.

    One row: `passed` of them with an answer that says "not applicable", `absent` without any. Submissions that answered
    nothing at all leave no row, so they cannot be counted.
    """
    # what is asked of single questions must not hide that a submission answered others
    where = [condition for condition in question.where if condition.column not in _OF_A_QUESTION]
    answers = data.prepared("answers", question.columns, where)
    answers = data.during(answers, "answers", question.period) if question.period else answers
    mine = answers.metric == (form.answers or metric.name)
    rows = answers.select(
        "submission_id",
        survey=ibis.coalesce(answers.survey_id, ibis.literal("")),
        mine=_number(mine),
        scored=_number(mine & answers.score.notnull()),
    )
    asking = rows.filter(rows.mine == 1).select("survey").distinct()
    each = rows.semi_join(asking, "survey").group_by("submission_id")
    each = each.aggregate(mine=lambda t: t.mine.max(), scored=lambda t: t.scored.max())
    unscored = each.filter(each.scored == 0)
    return unscored.aggregate(
        passed=ibis.coalesce(unscored.mine.sum(), 0), absent=ibis.coalesce((1 - unscored.mine).sum(), 0)
    )


def questions(data: Data, metric: Metric, form: Score, question: Question) -> Table:
    """Which questions the answers to `metric` answer, and how many answers each has, the most first."""
    answers = asked(data, metric, form, question)
    counted = answers.filter(answers.score.notnull()).group_by("question_id").aggregate(n=lambda t: t.count())
    return counted.order_by([ibis.desc("n"), "question_id"]).limit(20)


def answering(data: Data, metric: Metric, form: Score, question: Question) -> Table:
    """The sources that have answers to `metric`, and how many, the most first."""
    answers = asked(data, metric, form, question)
    counted = answers.filter(answers.score.notnull()).group_by("source").aggregate(n=lambda t: t.count())
    return counted.order_by([ibis.desc("n"), "source"])


def sources(data: Data) -> Table:
    """Where answers come from: each source and how many answers, the most first."""
    answers = data.table("answers")
    counted = answers.group_by("source").aggregate(n=answers.count())
    return counted.order_by([ibis.desc("n"), "source"]).limit(20)


def _number(holds: Any) -> Any:
    return ibis.coalesce(holds, ibis.literal(False)).ifelse(1, 0)
