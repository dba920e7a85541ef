"""Metric definitions are checked when they are made."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.metric import Band, Duration, Metric, Score
from touchstone.measure.metrics import built_in, metric_named, read_metric

NPS = Score(lowest=0, highest=10, bands=(Band(0, -100), Band(7, 0), Band(9, 100)))


@pytest.mark.parametrize(
    ("answer", "points"),
    [(0, -100), (6, -100), (6.999, -100), (7, 0), (8.5, 0), (9, 100), (10, 100), (10.01, None), (-1, None)],
)
def test_every_answer_inside_the_scale_falls_into_one_band(answer: float, points: float | None) -> None:
    assert NPS.points(answer) == points


@given(st.floats(0, 10))
def test_bands_leave_no_gap(answer: float) -> None:
    assert NPS.points(answer) in {-100, 0, 100}


def test_the_points_say_which_interval_fits() -> None:
    assert NPS.form == "net"
    assert Score(lowest=1, highest=5, bands=(Band(1, 0), Band(4, 100))).form == "share"
    assert Score(lowest=1, highest=5).form == "mean"
    assert Score(lowest=1, highest=5, bands=(Band(1, 0), Band(4, 50))).form == "mean"
    assert Score(lowest=1, highest=5).points(3.5) == 3.5


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        ({"lowest": 5, "highest": 5}, "begins below where it ends"),
        ({"lowest": 0, "highest": 10, "bands": (Band(7, 0), Band(0, 1))}, "out of order"),
        ({"lowest": 0, "highest": 10, "bands": (Band(0, 0), Band(0, 1))}, "out of order"),
        ({"lowest": 0, "highest": 10, "bands": (Band(1, 0), Band(9, 1))}, "must begin at 0 and end by 10"),
        ({"lowest": 0, "highest": 10, "bands": (Band(0, 0), Band(11, 1))}, "must begin at 0 and end by 10"),
    ],
)
def test_a_scale_that_contradicts_itself_is_refused(scale: dict[str, Any], message: str) -> None:
    with pytest.raises(BadDefinition, match=message):
        Score(**scale)


@pytest.mark.parametrize("quantile", [0, 1, -0.1, 50])
def test_a_quantile_lies_between_nought_and_one(quantile: float) -> None:
    with pytest.raises(BadDefinition, match="between 0 and 1"):
        Duration(start="opened_at", end="resolved_at", quantile=quantile)


def test_a_metric_has_a_plain_name_and_scores_answers() -> None:
    for name in ("NPS", "n-p-s", "", "net score"):
        with pytest.raises(BadDefinition, match="cannot be the name"):
            Metric(name=name, label="", table="answers", unit="points", form=NPS)
    with pytest.raises(BadDefinition, match="its table is answers, not tickets"):
        Metric(name="nps", label="", table="tickets", unit="points", form=NPS)


HEADER = 'label = "L"\ntable = "answers"\nunit = "%"\n'


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("label = ", BadDefinition, "is not TOML"),
        (HEADER, BadDefinition, "has 0 forms"),
        (HEADER + "[score]\nlowest=0\nhighest=1\n[repeat]\n", BadDefinition, "has 2 forms"),
        (HEADER + "colour = 1\n[repeat]\n", UnknownName, "called 'colour'"),
        (HEADER + "[score]\nlowest=0\nhighst=1\n", UnknownName, "did you mean highest"),
        (HEADER + "[score]\nlowest=0\n", BadDefinition, "is incomplete"),
        ('label = "L"\n[repeat]\n', BadDefinition, "has no table"),
        (HEADER + 'goals = "retention"\n[repeat]\n', BadDefinition, "goals of the metric 'mine' are no list"),
    ],
)
def test_a_definition_that_cannot_be_used_names_what_is_wrong(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_metric("mine", text)


def test_the_catalogue_is_whole() -> None:
    metrics = built_in()
    assert {"nps", "csat", "ces", "churn", "sales"} <= set(metrics)
    assert all(m.label and m.definition and m.name == name for name, m in metrics.items())
    assert all(m.family and m.goals for m in metrics.values())
    assert "retention" in metrics["nps"].goals and metrics["nps"].everyday
    with pytest.raises(UnknownName, match="did you mean nps"):
        metric_named("npz")
