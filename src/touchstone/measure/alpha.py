"""The reliability of an index: Cronbach's alpha of its items, per group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from touchstone.core.metric import Index, Metric
from touchstone.engine.data import Data
from touchstone.engine.items import index_sums
from touchstone.engine.question import Question
from touchstone.measure.scores import Group, Score, Scores, group_of
from touchstone.stats.reliability import cronbach_alpha

GROUPS = 64


def alphas(data: Data, metric: Metric, form: Index, by: Sequence[str], question: Question, level: float) -> Scores:
    """Alpha per group of `by`, and per kind of answers where there are several."""
    fetched = data.fetch(index_sums(data, form, question, GROUPS))
    if len({row["kind"] for row in fetched.rows}) > 1 and "kind" not in by:
        by = (*by, "kind")
    groups: dict[tuple[Group, str], list[dict[str, Any]]] = {}
    for row in fetched.rows:
        groups.setdefault((group_of(row, by), row["kind"]), []).append(row)
    k = len(form.items)
    names = ["w", *(f"s{i}" for i in range(k)), *(f"q{i}" for i in range(k)), "st", "qt"]
    found = []
    for (group, kind), rows in sorted(groups.items(), key=lambda one: [value or "" for value in one[0][0]]):
        sums = np.array([[float(row[name]) for name in names] for row in rows])
        n = sum(int(row["n"]) for row in rows)
        result = cronbach_alpha(sums, k, n=n, level=level)
        found.append(Score(group=group, result=result, kind=kind, people=n))
    return Scores(metric=metric, by=tuple(by), rows=tuple(found), sql=fetched.sql, data_number=data.number)
