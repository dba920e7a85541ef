from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.sample import DRIVERS, JOURNEY, MONTHS, TREND, VALUE, estimate, rich

from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.report import charts
from touchstone.report.rows import MAP, NARROW, WIDE, Chart
from touchstone.report.story import DriverFigure, DriverRow, Event, GroupFigure, Point, Row, TrendFigure

STORY = rich()
ALL = {
    "trend": lambda width: charts.trend(TREND, width=width),
    "forest": lambda width: charts.forest(STORY.groups[0], width=width),
    "journey rows": lambda width: charts.journey_rows(JOURNEY, width=width),
    "journey map": lambda width: charts.journey_map(JOURNEY, width=MAP),
    "drivers": lambda width: charts.importance_performance(DRIVERS, width=width),
    "value": lambda width: charts.value_bars(VALUE, width=width),
    "distribution": lambda width: charts.distribution(STORY.distribution, width=width),
}


def leaves(part: object) -> Iterator[object]:
    if isinstance(part, dict):
        for one in part.values():
            yield from leaves(one)
    elif isinstance(part, list | tuple):
        for one in part:
            yield from leaves(one)
    else:
        yield part


def series(chart: Chart, name: str) -> dict[str, object]:
    return next(one for one in chart.options["series"] if one.get("name") == name)


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("name", ALL)
def test_options_are_plain_json_and_the_same_every_time(name: str, width: int) -> None:
    first, again = ALL[name](width), ALL[name](width)
    text = json.dumps(first.options, allow_nan=False)
    assert json.loads(text) == json.loads(json.dumps(again.options))
    assert "function" not in text
    assert all(isinstance(leaf, str | int | float | bool | None) for leaf in leaves(first.options))


@pytest.mark.parametrize("name", ALL)
def test_colours_are_names_that_the_page_fills_in(name: str) -> None:
    colours = [leaf for leaf in leaves(ALL[name](WIDE).options) if isinstance(leaf, str) and leaf.startswith("#")]
    assert colours == []


def test_the_band_is_stacked_across_zero() -> None:
    below = TrendFigure(
        title="t", note="", points=(Point("a", estimate(0, 5, 9)), Point("b", estimate(3, 5, 9))), method="m"
    )
    chart = charts.trend(below)
    low, width = series(chart, "low"), series(chart, "interval")
    assert low["stackStrategy"] == width["stackStrategy"] == "all"
    assert low["stack"] == width["stack"]
    assert [a + b for a, b in zip(low["data"], width["data"], strict=True)] == [5, 8]


def test_a_gap_stays_a_gap() -> None:
    chart = charts.trend(TREND)
    gap = [isinstance(point.measured, NoEstimate) for point in TREND.points]
    for name in ("low", "interval", TREND.title):
        assert [value is None for value in series(chart, name)["data"]] == gap
    assert series(chart, TREND.title)["connectNulls"] is False
    assert series(chart, TREND.title)["markArea"]["data"] == [[{"xAxis": 4}, {"xAxis": 6}]]


def test_a_lone_period_between_gaps_still_shows_its_interval() -> None:
    lone = estimate(10, 4, 50)
    nothing = NoEstimate("none", 0)
    figure = TrendFigure(
        title="t", note="", points=(Point("a", nothing), Point("b", lone), Point("c", nothing)), method="m"
    )
    lines = series(charts.trend(figure), "t")["markLine"]["data"]
    assert [piece["coord"] for piece in lines[0]] == [[1, 6], [1, 14]]


def test_baseline_target_and_events_are_drawn_and_named() -> None:
    text = json.dumps(charts.trend(TREND).options)
    for words in ("baseline 22", "target 35", "new checkout", "carrier switch, north"):
        assert words in text


def test_words_at_the_right_end_never_overlap() -> None:
    close = TrendFigure(
        title="t",
        note="",
        points=(Point("a", estimate(10, 3, 9)), Point("b", estimate(11, 3, 9))),
        baseline=11.1,
        target=11.2,
        method="m",
    )
    chart = charts.trend(close)
    y_axis, grid = chart.options["yAxis"], chart.options["grid"]
    pixel = (y_axis["max"] - y_axis["min"]) / (chart.height - grid["top"] - grid["bottom"])
    places = sorted(one["value"][1] for one in chart.options["series"][-1]["data"])
    assert len(places) == 3
    assert min(b - a for a, b in pairwise(places)) >= 14 * pixel


@pytest.mark.parametrize("width", [NARROW, WIDE, MAP])
def test_two_years_of_months_are_named_only_as_far_as_there_is_room(width: int) -> None:
    points = tuple(Point(f"{month} {year}", estimate(20, 5, 9)) for year in (2024, 2025) for month in MONTHS)
    chart = charts.trend(TrendFigure(title="t", note="", points=points, baseline=27.4, method="m"), width=width)
    names = chart.options["xAxis"]["data"]
    shown = [at for at, label in enumerate(names) if label]
    assert names[-1] == "Nov 2025"
    plot = width - chart.options["grid"]["left"] - chart.options["grid"]["right"]
    assert plot * (shown[-1] - shown[-2]) / (len(names) - 1) > 7 * len("Nov 2025")
    assert chart.options["grid"]["right"] > 7 * len("baseline 27.4")


@pytest.mark.parametrize("name", ["forest", "journey rows", "journey map", "drivers", "value"])
def test_every_estimate_of_a_row_chart_shows_its_interval(name: str) -> None:
    figures = {
        "forest": [row.measured for row in STORY.groups[0].rows],
        "journey rows": [moment.measured for moment in JOURNEY.moments],
        "journey map": [moment.measured for moment in JOURNEY.moments],
        "drivers": [one for row in DRIVERS.rows for one in (row.importance, row.performance)],
        "value": [one for row in VALUE.rows for one in (row.observed, row.forecast)],
    }
    pieces = [
        (start["coord"], end["coord"])
        for one in ALL[name](WIDE).options["series"]
        for start, end in one.get("markLine", {}).get("data", [])
    ]
    drawn = {(min(a, b), max(a, b)) for start, end in pieces for a, b in zip(start, end, strict=True) if a != b}
    for measured in figures[name]:
        if isinstance(measured, Estimate):
            assert (measured.low, measured.high) in drawn


def test_no_number_is_said_and_never_drawn_as_zero() -> None:
    figure = GroupFigure(title="g", note="", rows=(Row("Islands", NoEstimate("9 answers are too few", 9)),), method="m")
    chart = charts.forest(figure)
    points = [one for one in chart.options["series"] if one["symbolSize"] > 1]
    assert [one["data"] for one in points] == [[]]
    assert "no number" in json.dumps(chart.options)


def test_bars_begin_at_zero() -> None:
    for axis in charts.value_bars(VALUE).options["xAxis"]:
        assert axis["min"] == 0


def test_a_label_cannot_give_instructions_to_the_chart() -> None:
    figure = DriverFigure(
        title="d",
        note="",
        rows=(DriverRow("{a} {style|x} {b}", estimate(3, 1, 9, "%"), estimate(5, 1, 9, "")),),
        method="m",
    )
    text = json.dumps(charts.importance_performance(figure).options, ensure_ascii=False)
    assert "{a}" not in text
    assert "{style|" not in text
    events = TrendFigure(
        title="t", note="", points=(Point("a", estimate(1, 1, 9)),), events=(Event("a", "{c}"),), method="m"
    )
    assert "{c}" not in json.dumps(charts.trend(events).options, ensure_ascii=False)


@given(st.lists(st.floats(-1e7, 1e7), min_size=1, max_size=30))
def test_an_axis_holds_its_values_in_round_steps(values: list[float]) -> None:
    low, high, step = charts.nice_scale(values)
    slack = 1e-6 * max(1.0, *map(abs, values))
    assert low - slack <= min(values)
    assert max(values) <= high + slack
    assert 0 < (high - low) / step < 7
