"""Sums of banner tables on both engines, against a recount of the same rows in plain Python."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from tests.engines import world as made

from touchstone.core.metric import Score
from touchstone.engine.banner import banner_sums, categories, metric_answers, shared_sums
from touchstone.engine.data import Data
from touchstone.engine.rows import Question
from touchstone.measure.metrics import built_in
from touchstone.stats.moments import Moments, PairMoments

NPS = built_in()["nps"]
LINES = [[9.0, 10.0], [7.0, 8.0, 8.5]]


def test_columns_and_the_people_they_share(data: Data, nps: list[dict[str, Any]]) -> None:
    assert isinstance(NPS.form, Score)
    rows = metric_answers(data, NPS, NPS.form, Question(by=("region",), weight="weight"))
    kept = [_turned(row) for row in nps if (row["weight"] or 0) > 0]
    groups = made.grouped(kept, "region")
    found = {row["_column"]: row for row in data.fetch(banner_sums(rows, "region", LINES)).rows}
    assert set(found) == {region for (region,) in groups}
    for (region,), inside in groups.items():
        score = Moments.of(*_columns(inside), centre=0.0)
        for name in ("n", "clusters", "w", "ww", "wx", "wxx", "aa", "ab", "bb"):
            assert float(found[region][name]) == pytest.approx(getattr(score, name), rel=1e-9), name
        for k, line in enumerate(LINES):
            share = Moments.of(*_columns(inside, line), centre=0.0)
            expected = {"hits": share.wx, "aa": share.aa, "ab": share.ab}
            for name, value in expected.items():
                assert float(found[region][f"{name}_{k}"]) == pytest.approx(value, rel=1e-9), name
    _shared_agree(data.fetch(shared_sums(rows, "region", LINES)).rows, groups)


def _shared_agree(found: list[dict[str, Any]], groups: Any) -> None:
    regions = sorted(region for (region,) in groups if region is not None)
    pairs = [(one, other) for one in regions for other in regions if one < other]
    assert {(row["first"], row["second"]) for row in found} == set(pairs)
    for row in found:
        one, other = groups[(row["first"],)], groups[(row["second"],)]
        which = [1] * len(one) + [2] * len(other)
        for suffix, line in (("", None), ("_1", LINES[1])):
            pair = PairMoments.of(*_columns([*one, *other], line), which)
            pair = pair.centred(0.0, 0.0)
            assert row["shared"] == pair.first.clusters + pair.second.clusters - pair.clusters
            for name in ("aa", "ab", "ba", "bb"):
                assert float(row[f"{name}{suffix}"]) == pytest.approx(getattr(pair, name), rel=1e-9), name


def test_the_answers_come_in_order_and_no_more_than_asked_for(local: Data, nps: list[dict[str, Any]]) -> None:
    assert isinstance(NPS.form, Score)
    rows = metric_answers(local, NPS, NPS.form, Question())
    given = sorted({_turned(row)["answer"] for row in nps})
    assert categories(local, rows, most=50) == given
    assert categories(local, rows, most=3) == given[:4]


def _turned(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"answer": 10.0 - row["score"] if row["polarity"] == "low is good" else row["score"]}


def _columns(rows: Any, line: list[float] | None = None) -> tuple[list[float], list[float], list[str]]:
    x = [row["x"] if line is None else float(row["answer"] in line) for row in rows]
    return x, [row["weight"] for row in rows], [row["cluster"] for row in rows]


def test_people_are_shared_at_all(nps: list[dict[str, Any]]) -> None:
    regions: dict[str, set[Any]] = defaultdict(set)
    for row in nps:
        regions[row["cluster"]].add(row["region"])
    assert sum(len(found) > 1 for found in regions.values()) > 1000
