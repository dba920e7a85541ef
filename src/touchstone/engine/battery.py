"""A battery of ratings: one row per submission, with the outcome and every item beside each other."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis

from touchstone.core.metric import Metric, Score
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.rows import Question, answers_with_points

OUTCOME = "y"
FEWEST = 10  # people on either side, for "does not apply" to be told from a rating


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A rated question: how many answered it, how many said it does not apply, its mean, and its scale.

    `raters` and `skippers` are the people behind these answers.
    """

    question_id: str
    answered: int
    not_applicable: int
    raters: int
    skippers: int
    mean: float
    lowest: float | None
    highest: float | None

    @property
    def structural(self) -> bool:
        """Whether "not applicable" is common enough to be told from a rating by an indicator of its own.

        Below that one person more or less would decide what the indicator says; those few count as blank.
        """
        return min(self.skippers, self.raters) >= FEWEST


def rated_items(data: Data, metric: Metric, question: Question) -> list[Item]:
    """The ratings of single touchpoints that stand beside the answers to `metric`; without any, every other rating."""
    beside = _beside(data, metric, question)
    counted = beside.group_by("question_id").aggregate(
        answered=beside.score.count(),
        not_applicable=_skipped(beside).sum(),
        raters=_person(beside).nunique(where=beside.score.notnull()),
        skippers=_person(beside).nunique(where=_skipped(beside)),
        mean=beside.score.mean(),
        lowest=beside.scale_low.min(),
        highest=beside.scale_high.max(),
        touchpoints=beside.touchpoint.count(),
    )
    rows = [row for row in data.fetch(counted.order_by("question_id")).rows if row["answered"]]
    touchpoints = [row for row in rows if row["touchpoints"]]
    return [
        Item(
            question_id=row["question_id"],
            answered=int(row["answered"]),
            not_applicable=int(row["not_applicable"] or 0),
            raters=int(row["raters"]),
            skippers=int(row["skippers"]),
            mean=float(row["mean"]),
            lowest=row["lowest"],
            highest=row["highest"],
        )
        for row in touchpoints or rows
    ]


def battery(
    data: Data, metric: Metric, question: Question, items: Sequence[Item]
) -> tuple[Table, Dict[str, tuple[str, ...]]]:
    """Rows (y, x0, u0, x1, …, w, cluster), and the columns that belong to each item.

    y is the answer to the metric, high is good. An item that everybody could rate is one column, its score, empty where
    it was left blank. One that does not apply to some (see `Item.structural`) is two: u, 1 where it was rated and 0
    where it does not apply, and x = u · (score − mean); both are empty where it was left blank.
    """
    assert isinstance(metric.form, Score)  # noqa: S101  drivers are of scores
    outcome = answers_with_points(data, metric, metric.form, question)
    outcomes = data.clustered(outcome, "answers")
    whole = outcomes.group_by("submission_id").aggregate(
        y=_turned(outcomes).mean(), w=outcomes.w.mean(), cluster=outcomes.cluster.min()
    )
    beside = _beside(data, metric, question)
    chosen = beside.filter(beside.question_id.isin([item.question_id for item in items]))
    cells: dict[str, Any] = {}
    columns: dict[str, tuple[str, ...]] = {}
    for place, item in enumerate(items):
        here = chosen.question_id == item.question_id
        cells[f"_s{place}"] = _turned(chosen).mean(where=here)
        cells[f"_n{place}"] = (here & _skipped(chosen)).any()
        columns[item.question_id] = (f"x{place}", f"u{place}") if item.structural else (f"x{place}",)
    wide = chosen.group_by("submission_id").aggregate(**cells)
    values: dict[str, Any] = {}
    for place, item in enumerate(items):
        score, skipped = wide[f"_s{place}"], wide[f"_n{place}"] & wide[f"_s{place}"].isnull()
        if item.structural:
            values[f"x{place}"] = skipped.ifelse(0.0, score - item.mean)
            values[f"u{place}"] = ibis.cases((skipped, 0.0), (score.notnull(), 1.0))
        else:
            values[f"x{place}"] = score
    ratings = wide.select("submission_id", **values)
    return whole.left_join(ratings, "submission_id").select("y", "w", "cluster", *values), columns


def people_in(data: Data, rows: Table) -> int:
    """How many people stand behind the rows of a battery that hold an answer to the metric."""
    return int(data.fetch(rows.aggregate(n=rows.cluster.nunique(where=rows.y.notnull()))).rows[0]["n"])


def _beside(data: Data, metric: Metric, question: Question) -> Table:
    """Ratings other than the metric's own, in submissions that answered it."""
    assert isinstance(metric.form, Score)  # noqa: S101  drivers are of scores
    own = metric.form.answers or metric.name
    asked = answers_with_points(data, metric, metric.form, question).select("submission_id").distinct()
    answers = data.table("answers")
    rated = answers.filter((answers.metric != own) & (answers.score.notnull() | _skipped(answers)))
    return rated.semi_join(asked, "submission_id")


def _person(answers: Table) -> Any:
    return ibis.coalesce(answers.customer_id, answers.submission_id)


def _skipped(answers: Table) -> Any:
    return ibis.coalesce(answers.choice == "not applicable", ibis.literal(False))


def _turned(answers: Table) -> Any:
    """The score with its good end up."""
    low_is_good = ibis.coalesce(answers.polarity == "low is good", ibis.literal(False))
    return low_is_good.ifelse(answers.scale_low + answers.scale_high - answers.score, answers.score)
