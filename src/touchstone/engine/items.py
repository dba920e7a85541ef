"""Answers to several items of one submission side by side: gaps between two of them, and indices of many."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import ibis

from touchstone.core.metric import Gap, Index, Score
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.people import replicate
from touchstone.engine.question import Question, kind_of, prepared, with_points

_COLUMNS = ("x", "w", "cluster", "kind")


def gap_rows(data: Data, form: Gap, question: Question) -> Table:
    """One row per submission that answers both: x = what was answered to `of` less what was answered to `less`."""
    rows = side_by_side(data, (form.of, form.less), form.lowest, form.highest, question)
    return rows.mutate(x=rows._item0 - rows._item1).select(*dict.fromkeys((*_COLUMNS, *question.by)))


def index_rows(data: Data, form: Index, question: Question) -> Table:
    """One row per submission that answers every item: x = their mean, from 0 for the lowest answer to 100."""
    rows = side_by_side(data, form.items, form.lowest, form.highest, question)
    mean = _total(rows, len(form.items)) / len(form.items)
    x = 100 * (mean - form.lowest) / (form.highest - form.lowest)
    return rows.mutate(x=x).select(*dict.fromkeys((*_COLUMNS, *question.by)))


def index_sums(data: Data, form: Index, question: Question, groups: int) -> Table:
    """Per kind, group of `by` and replicate group: n, w, and sums of every item, of their total, and of the squares.

    Columns: s0… and q0… per item, st and qt of the total, all weighed and less the middle of the scale.
    """
    rows = side_by_side(data, form.items, form.lowest, form.highest, question)
    k, middle = len(form.items), (form.lowest + form.highest) / 2
    centred = {f"_item{place}": rows[f"_item{place}"] - middle for place in range(k)}
    rows = rows.mutate(**centred, replicate=replicate(rows.cluster, groups))
    rows = rows.mutate(_total=_total(rows, k))
    names = {**{str(place): f"_item{place}" for place in range(k)}, "t": "_total"}
    sums = {f"s{short}": (rows.w * rows[name]).sum() for short, name in names.items()}
    sums |= {f"q{short}": (rows.w * rows[name] * rows[name]).sum() for short, name in names.items()}
    keys = list(dict.fromkeys(("kind", *question.by, "replicate")))
    return rows.group_by(keys).aggregate(n=rows.count(), w=rows.w.sum(), **sums)


def side_by_side(data: Data, items: Sequence[str], lowest: float, highest: float, question: Question) -> Table:
    """One row per submission that answers all `items` (_item0, _item1…), with w, cluster, kind and the columns `by`.

    An item answered twice in a submission counts with the mean; the weight is the largest of the answers' weights.
    """
    answers = prepared(data, "answers", question)
    answers = with_points(answers.filter(answers.metric.isin(items)), Score(lowest=lowest, highest=highest), question)
    answers = answers.filter(answers.w > 0)
    given = {f"_item{place}": answers.x.mean(where=answers.metric == item) for place, item in enumerate(items)}
    keys = list(dict.fromkeys(("submission_id", "kind", *question.by)))
    whose = {name: answers[name].min() for name in ("customer_id", "answer_id") if name not in keys}
    each = answers.mutate(kind=kind_of(answers)).group_by(keys).aggregate(w=answers.w.max(), **whose, **given)
    complete = reduce(lambda one, other: one & other, (each[name].notnull() for name in given))
    return data.clustered(each.filter(complete), "answers")


def _total(rows: Table, k: int) -> Any:
    return reduce(lambda one, other: one + other, (rows[f"_item{place}"] for place in range(k)), ibis.literal(0.0))
