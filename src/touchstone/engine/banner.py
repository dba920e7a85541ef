"""Sums for banner tables: per column, of every answer category at once; and of the people two columns share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import ibis

from touchstone.core.errors import UnknownName
from touchstone.core.metric import Metric, Score
from touchstone.core.where import Condition
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.moments import points
from touchstone.engine.rows import Question, answers_with_points, clustered_rows, weight_of

Category = float | str


def metric_answers(data: Data, metric: Metric, form: Score, question: Question) -> Table:
    """The answers to a metric with x = what each scores, `_category` = the answer itself (turned to the good end)."""
    rows = answers_with_points(data, metric, replace(form, bands=()), question, only=question.columns)
    rows = rows.mutate(_category=rows.x.cast("float64"), x=points(rows.x, form))
    return clustered_rows(data, rows, "answers", (*question.by, "kind", "_category"))


def question_answers(data: Data, name: str, question: Question) -> Table:
    """The answers to the question called `name`: its score as x and `category`, or its choice where it has choices."""
    about = Condition("question_id", "=", (name,))
    rows = data.prepared("answers", question.columns, (*question.where, about))
    rows = data.during(rows, "answers", question.period) if question.period else rows
    if not _any(data, rows):
        asked = data.table("answers")
        known = data.fetch(asked.select("question_id").distinct()).rows
        raise UnknownName.among("metric or question", name, sorted(str(row["question_id"]) for row in known))
    rows = rows.mutate(w=weight_of(rows, question), kind=ibis.coalesce(rows.kind, ibis.literal("unstated")))
    has_choices = data.fetch(rows.aggregate(n=rows.choice.count())).rows[0]["n"] > 0
    score = rows.score.cast("float64")
    rows = (
        rows.mutate(_category=rows.choice, x=ibis.null("float64"))
        if has_choices
        else rows.mutate(_category=score, x=score)
    )
    given = rows.filter(rows["_category"].notnull())
    kept = (*question.by, "kind", "_category", "scale_low", "scale_high")
    return clustered_rows(data, given, "answers", tuple(dict.fromkeys(kept)))


def _any(data: Data, rows: Table) -> bool:
    return bool(data.fetch(rows.aggregate(n=rows.count())).rows[0]["n"])


def categories(data: Data, rows: Table, *, most: int) -> list[Category]:
    """The different answers in order, at most one more than `most`."""
    found = data.fetch(rows.select("_category").distinct().order_by("_category").limit(most + 1)).rows
    return [row["_category"] for row in found]


def scale_ends(data: Data, rows: Table) -> tuple[float | None, float | None]:
    """The lowest and the highest end of the scales that the answers were given on; None where none is known."""
    ends = data.fetch(rows.aggregate(low=rows.scale_low.min(), high=rows.scale_high.max())).rows[0]
    return ends["low"], ends["high"]


def banner_sums(rows: Table, by: str | None, shown: Sequence[Sequence[Category]]) -> Table:
    """One row per value of `by` (or one for all): the sums of x, and of each line of `shown`.

    A line is the categories that count together; its sums are hits_k = Σw, aa_k = Σ_g c², ab_k = Σ_g c b over
    the people g, with c the weight of a person's answers in the line and b that of all their answers.
    """
    people = _people(rows, by, shown)
    sums: dict[str, Any] = {
        "n": people.n.sum(),
        "clusters": people.count(),
        "w": people.b.sum(),
        "ww": people.ww.sum(),
        "wx": people.a.sum(),
        "wxx": people.q.sum(),
        "aa": (people.a * people.a).sum(),
        "ab": (people.a * people.b).sum(),
        "bb": (people.b * people.b).sum(),
    }
    for k in range(len(shown)):
        c = people[f"c{k}"]
        sums |= {f"hits_{k}": c.sum(), f"aa_{k}": (c * c).sum(), f"ab_{k}": (c * people.b).sum()}
    return people.aggregate(**sums) if by is None else people.group_by("_column").aggregate(**sums)


def shared_sums(rows: Table, by: str, shown: Sequence[Sequence[Category]]) -> Table:
    """Products of the sums of people who are in two columns: one row per pair (`first` before `second`) that share any.

    aa, ab, ba, bb as in `stats.moments.PairMoments` for x, and aa_k, ab_k, ba_k for each line of `shown`.
    """
    people = _people(rows.filter(rows[by].notnull()), by, shown)
    mine = people.rename({f"{name}_1": name for name in people.columns})
    yours = people.rename({f"{name}_2": name for name in people.columns})
    earlier = mine["_column_1"] < yours["_column_2"]
    pairs = mine.inner_join(yours, [mine["cluster_1"] == yours["cluster_2"], earlier])
    pairs = pairs.rename(first="_column_1", second="_column_2")
    sums: dict[str, Any] = {"shared": pairs.count(), **_products(pairs, "a", "")}
    for k in range(len(shown)):
        sums |= _products(pairs, f"c{k}", f"_{k}")
    return pairs.group_by(["first", "second"]).aggregate(**sums)


def _products(pairs: Table, name: str, suffix: str) -> dict[str, Any]:
    one, two, b1, b2 = pairs[f"{name}_1"], pairs[f"{name}_2"], pairs.b_1, pairs.b_2
    products = {"aa": (one * two).sum(), "ab": (one * b2).sum(), "ba": (b1 * two).sum(), "bb": (b1 * b2).sum()}
    return {f"{key}{suffix}": value for key, value in products.items()}


def _people(rows: Table, by: str | None, shown: Sequence[Sequence[Category]]) -> Table:
    rows = rows if by is None else rows.mutate(_column=rows[by])
    x = ibis.coalesce(rows.x, ibis.literal(0.0)).cast("float64")
    sums: dict[str, Any] = {
        "n": rows.count(),
        "a": (rows.w * x).sum(),
        "b": rows.w.sum(),
        "q": (rows.w * x * x).sum(),
        "ww": (rows.w * rows.w).sum(),
    }
    for k, line in enumerate(shown):
        inside = rows["_category"].isin(list(line))
        sums[f"c{k}"] = inside.ifelse(rows.w, 0.0).sum()
    return rows.group_by(["cluster"] if by is None else ["_column", "cluster"]).aggregate(**sums)
