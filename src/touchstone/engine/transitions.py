"""The same people in two periods: what each scored first and then, and who was in one period only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import ibis

from touchstone.core.metric import Metric, Score
from touchstone.core.period import Period
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.moments import moments
from touchstone.engine.question import answers_with_points
from touchstone.engine.rows import Question


def people_of_periods(
    data: Data, metric: Metric, form: Score, question: Question, first: Period, second: Period
) -> Table:
    """One row per person who answered in either period: `cluster`, x1 and x2 (null where they did not answer).

    Of several answers within a period the last counts. Answers without a person are left out.
    """
    before = _last(data, metric, form, replace(question, period=first))
    after = _last(data, metric, form, replace(question, period=second))
    after = after.rename(person_2="person", cluster_2="cluster", x2="x")
    joined = before.rename(x1="x").outer_join(after, [before.person == after.person_2])
    return joined.select("x1", "x2", cluster=ibis.coalesce(joined.cluster, joined.cluster_2))


def answers_without_person(data: Data, metric: Metric, form: Score, question: Question, period: Period) -> int:
    """How many answers of the period belong to nobody known."""
    answers = answers_with_points(data, metric, form, replace(question, period=period), only=())
    return int(data.fetch(answers.aggregate(n=answers.customer_id.isnull().sum())).rows[0]["n"] or 0)


def move_sums(people: Table, points: Sequence[float]) -> Table:
    """Sums over people in both periods, one row per `what` and `place`, in one query.

    `change` is x2 − x1; `up` and `down` are 100 for those who moved so; `to0`, `to1`… are 100 for those who scored
    points[0], points[1]… in the second period, with `place` = which of the points they scored in the first.
    """
    both = people.filter(people.x1.notnull() & people.x2.notnull())

    def rows(what: str, x: Any, place: Any) -> Table:
        return both.select("cluster", x=x.cast("float64"), w=ibis.literal(1.0), what=ibis.literal(what), place=place)

    nought = ibis.literal(0, type="int64")
    start = ibis.cases(*((both.x1 == value, i) for i, value in enumerate(points)), else_=0).cast("int64")
    parts = [
        rows("change", both.x2 - both.x1, nought),
        rows("up", (both.x2 > both.x1).ifelse(100.0, 0.0), nought),
        rows("down", (both.x2 < both.x1).ifelse(100.0, 0.0), nought),
        *(rows(f"to{j}", (both.x2 == value).ifelse(100.0, 0.0), start) for j, value in enumerate(points)),
    ]
    return moments(ibis.union(*parts), ["what", "place"], centre=0.0)


def presence_sums(people: Table) -> Table:
    """Sums of what people scored in each `period` (1 and 2), by `presence`: in both periods, or in this one only."""
    parts = []
    for period, (own, other) in enumerate((("x1", "x2"), ("x2", "x1")), 1):
        inside = people.filter(people[own].notnull())
        presence = inside[other].notnull().ifelse("both periods", "this period only")
        parts.append(
            inside.select(
                "cluster",
                x=inside[own].cast("float64"),
                w=ibis.literal(1.0),
                period=ibis.literal(period, type="int64"),
                presence=presence,
            )
        )
    return moments(ibis.union(*parts), ["period", "presence"], centre=0.0)


def _last(data: Data, metric: Metric, form: Score, question: Question) -> Table:
    answers = answers_with_points(data, metric, form, question, only=("answered_at",))
    known = data.with_person(data.clustered(answers.filter(answers.customer_id.notnull()), "answers"))
    order = [known.answered_at.desc(nulls_first=False), known.answer_id.desc()]
    place = ibis.row_number().over(ibis.window(group_by=known.person, order_by=order))
    placed = known.mutate(_place=place)
    return placed.filter(placed["_place"] == 0).select("person", "cluster", "x")
