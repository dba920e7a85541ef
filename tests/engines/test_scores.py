"""A whole score, with its changes and at the baseline's mix, on both engines and by hand."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engines import world as made

from touchstone.core.estimate import Estimate
from touchstone.engine.data import Data
from touchstone.measure.metrics import built_in
from touchstone.measure.score import score
from touchstone.measure.scores import Scores
from touchstone.stats.differences import paired_difference
from touchstone.stats.moments import Moments, PairMoments

WHERE = "kind = relationship and answered_at >= 2017 and answered_at <= 2017"


def asked(data: Data) -> Scores:
    return score(
        data, built_in()["nps"], by=["quarter"], where=WHERE, weight="weight", baseline="2017-Q1", adjust="region"
    )


def test_scores_changes_and_mixes_are_the_same_numbers(data: Data, local: Data, nps: list[dict[str, Any]]) -> None:
    scores = asked(data)
    kept = [row for row in nps if row["kind"] == "relationship" and row["day"] and row["day"].year == 2017]
    kept = [row | {"quarter": made.label(row["day"], "quarter")} for row in kept if (row["weight"] or 0) > 0]
    groups = made.grouped(kept, "quarter")
    base = groups[("2017-Q1",)]
    assert [row.group for row in scores.rows] == sorted(groups)
    for row in scores.rows:
        rows = groups[row.group]
        sums = Moments.of(*columns(rows), centre=0.0)
        assert isinstance(row.result, Estimate)
        assert (row.result.n, row.result.value) == (len(rows), pytest.approx(sums.mean, rel=1e-9))
        assert row.result.effective_n == pytest.approx(sums.effective_n, rel=1e-9)
        if row.change is None or row.adjusted is None:
            continue
        which = [1] * len(base) + [2] * len(rows)
        expected = paired_difference(PairMoments.of(*columns([*base, *rows]), which), unit="points")
        for name in ("value", "low", "high", "se"):
            assert getattr(row.change.difference, name) == pytest.approx(getattr(expected, name), rel=1e-9)
        assert isinstance(row.adjusted.value, Estimate)
        assert row.adjusted.value.value == pytest.approx(at_the_mix_of(base, rows), rel=1e-9)
    assert {note.split(" ", 1)[1] for note in scores.notes} >= {"answers have no weight and are left out"}
    for record, other in zip(scores.records(), asked(local).records(), strict=True):
        for key, value in record.items():
            assert value == (pytest.approx(other[key], rel=1e-9) if isinstance(value, float) else other[key]), key


def columns(rows: list[Any]) -> tuple[list[float], list[float], list[str]]:
    return [row["x"] for row in rows], [row["weight"] for row in rows], [row["cluster"] for row in rows]


def at_the_mix_of(base: list[Any], rows: list[Any]) -> float:
    now, then = made.grouped(rows, "region"), made.grouped(base, "region")
    total = sum(row["weight"] for row in base)
    value = 0.0
    for region, group in then.items():
        mean = sum(row["weight"] * row["x"] for row in now[region]) / sum(row["weight"] for row in now[region])
        value += sum(row["weight"] for row in group) / total * mean
    return value
