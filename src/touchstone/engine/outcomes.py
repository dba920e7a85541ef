"""What customers did after they answered: stayed, bought again, paid; counted per score group from the answer on."""

from __future__ import annotations

from typing import Any

import ibis

from touchstone.core.errors import BadDefinition
from touchstone.core.metric import Metric, Score
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.durations import GROUPS
from touchstone.engine.histories import newest_order
from touchstone.engine.people import replicate
from touchstone.engine.rows import Question, answers_with_points, purchases

_NAMES: dict[str, dict[float, str]] = {
    "net": {100.0: "promoters", 0.0: "passives", -100.0: "detractors"},
    "share": {100.0: "satisfied", 0.0: "not satisfied"},
}


def bands(metric: Metric) -> tuple[str, ...]:
    """The score groups of a banded metric, best first; BadDefinition for a metric without bands."""
    form = metric.form
    if not isinstance(form, Score) or form.form == "mean":
        raise BadDefinition(
            f"'{metric.name}' does not sort answers into groups.", hint="use a metric with bands, such as nps or csat."
        )
    return tuple(_NAMES[form.form].values())


def landmarks(data: Data, metric: Metric, question: Question) -> Table:
    """One row per person who answered: cluster, `answered_at` of the first answer, and its `band`."""
    assert isinstance(metric.form, Score)  # noqa: S101  `bands` has refused anything else
    answers = answers_with_points(data, metric, metric.form, question)
    answers = data.clustered(answers.filter(answers.customer_id.notnull() & answers.answered_at.notnull()), "answers")
    order = ibis.window(group_by=answers.cluster, order_by=[answers.answered_at, answers.answer_id])
    first = answers.mutate(_place=ibis.row_number().over(order)).filter(lambda t: t._place == 0)
    names = _NAMES[metric.form.form]
    band = ibis.cases(*((first.x == points, name) for points, name in names.items()))
    return first.select("cluster", "answered_at", band=band)


def unmatched(data: Data, metric: Metric, question: Question) -> Table:
    """How many answers there are, and how many have no customer or no date, so that nothing can follow them."""
    assert isinstance(metric.form, Score)  # noqa: S101  as above
    answers = answers_with_points(data, metric, metric.form, question)
    lost = answers.customer_id.isnull() | answers.answered_at.isnull()
    return answers.aggregate(answers=answers.count(), unmatched=lost.sum())


def days_to_leaving(data: Data, people: Table) -> Table:
    """Per band: days from the answer to the end of the membership, for people who had one when they answered.

    Counts `n` by `days`, `ended` and replicate group; who is still there is followed to the newest time in the data.
    """
    contracts = data.clustered(data.table("subscriptions"), "subscriptions")
    newest = _newest(data, "subscriptions", "started_at", "ended_at")
    begun = contracts.filter(contracts.started_at <= newest)  # one that begins in the future is a plan or a mistake
    terms = begun.select("cluster", "started_at", "ended_at")
    joined = people.inner_join(terms, "cluster")
    present = joined.filter(
        (joined.started_at <= joined.answered_at)
        & (joined.ended_at.isnull() | (joined.ended_at > joined.answered_at))
        & (joined.answered_at <= newest)
    )
    # whoever has a later contract has not left: a change of plan ends one and begins another
    everyone = terms.group_by("cluster").aggregate(left_at=terms.ended_at.max(), staying=terms.ended_at.isnull().any())
    final = present.select("cluster", "band", "answered_at").distinct().inner_join(everyone, "cluster")
    ended = ~final.staying & final.left_at.notnull() & (final.left_at <= newest)
    stop = ended.ifelse(final.left_at, newest)
    return _counted(final, stop, ended)


def days_to_buying(data: Data, people: Table) -> Table:
    """Per band: days from the answer to the next order, counted as `days_to_leaving` counts."""
    orders = purchases(data, Question(), ("purchase", "renewal"))
    orders = data.clustered(orders.filter(orders.customer_id.notnull()), "orders").select("cluster", "paid_at")
    newest = ibis.literal(newest_order(data)).cast("timestamp('UTC')")
    followed = people.filter(people.answered_at <= newest)
    joined = followed.left_join(orders, [followed.cluster == orders.cluster, orders.paid_at > followed.answered_at])
    nearest = joined.group_by("cluster", "band", "answered_at").aggregate(next_at=joined.paid_at.min())
    ended = nearest.next_at.notnull() & (nearest.next_at <= newest)
    return _counted(nearest, ended.ifelse(nearest.next_at, newest), ended)


def spent_after(data: Data, people: Table, days: int) -> Table:
    """One row per person followed for `days` after the answer: band, x = what they paid net of refunds, w, cluster."""
    orders = purchases(data, Question(), ("purchase", "renewal", "refund"))
    orders = data.clustered(orders.filter(orders.customer_id.notnull()), "orders")
    paid = orders.select("cluster", "paid_at", amount=orders.amount.cast("float64"))
    newest = ibis.literal(newest_order(data)).cast("timestamp('UTC')")
    window = ibis.interval(days=days)
    followed = people.filter(people.answered_at + window <= newest)
    within = [
        followed.cluster == paid.cluster,
        paid.paid_at > followed.answered_at,
        paid.paid_at <= followed.answered_at + window,
    ]
    joined = followed.left_join(paid, within)
    sums = joined.group_by("cluster", "band").aggregate(x=ibis.coalesce(joined.amount.sum(), ibis.literal(0.0)))
    return sums.select("band", "x", "cluster", w=ibis.literal(1.0))


def _newest(data: Data, table: str, *columns: str) -> Any:
    newest = data.newest(data.table(table), *columns)
    return ibis.literal(newest).cast("timestamp('UTC')")


def _counted(people: Table, stop: Any, ended: Any) -> Table:
    days = (stop.epoch_seconds() - people.answered_at.epoch_seconds()) / 86_400.0
    rows = people.mutate(days=days.ceil().cast("int64"), ended=ended, replicate=replicate(people.cluster, GROUPS))
    rows = rows.filter(rows.days >= 0)
    return rows.group_by("band", "days", "ended", "replicate").aggregate(n=rows.count())
