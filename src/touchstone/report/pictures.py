"""Each figure of the story as a picture in the widths it may be given, with its meaning in words for who cannot see it.

A style sheet shows the one that fits (`fits-narrow`, `fits-wide`, `fits-map`), so words in a chart keep their size on a
phone and no script is needed.
"""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from touchstone.core.estimate import Estimate, Measured
from touchstone.report import charts
from touchstone.report.draw import draw
from touchstone.report.rows import MAP, NARROW, WIDE, Chart
from touchstone.report.sentences import amount, spread
from touchstone.report.story import (
    DistributionFigure,
    DriverFigure,
    GroupFigure,
    JourneyFigure,
    TrendFigure,
    ValueTable,
)
from touchstone.report.text import clean

Figure = TrendFigure | GroupFigure | JourneyFigure | DriverFigure | ValueTable | DistributionFigure


def picture(figure: Figure, name: str) -> Markup:
    """The figure as inline SVG, once per width; ids begin with `name`, which is unique on the page."""
    title, description = clean(figure.title), clean(describe(figure))
    drawn = [
        f'<div class="fits-{fit}">{draw(chart, name=f"{name}-{fit}", title=title, description=description)}</div>'
        for fit, chart in _widths(figure)
    ]
    return Markup("".join(drawn))  # noqa: S704 - every part was rebuilt by `svg.tidy`


def _widths(figure: Figure) -> Iterator[tuple[str, Chart]]:
    match figure:
        case TrendFigure():
            made = charts.trend(figure, width=NARROW), charts.trend(figure, width=WIDE)
            yield "map", charts.trend(figure, width=MAP)
        case GroupFigure():
            made = charts.forest(figure, width=NARROW), charts.forest(figure, width=WIDE)
        case DriverFigure():
            made = charts.importance_performance(figure, width=NARROW), charts.importance_performance(figure)
        case ValueTable():
            made = charts.value_bars(figure, width=NARROW), charts.value_bars(figure, width=WIDE)
        case DistributionFigure():
            made = charts.distribution(figure, width=NARROW), charts.distribution(figure, width=WIDE)
        case JourneyFigure():
            made = charts.journey_rows(figure, width=NARROW), charts.journey_rows(figure, width=WIDE)
            # more moments than a map has room for are told downwards at every width
            if len(figure.moments) <= MOST_ON_A_MAP:
                yield "map", charts.journey_map(figure)
    yield from zip(("narrow", "wide"), made, strict=True)


MOST_ON_A_MAP = 14


def describe(figure: Figure) -> str:
    """What the picture shows, in words."""
    match figure:
        case TrendFigure():
            return _sequence([(point.label, point.measured) for point in figure.points])
        case GroupFigure():
            return _sequence([(row.label, row.measured) for row in figure.rows])
        case JourneyFigure():
            return _sequence([(moment.label, moment.measured) for moment in figure.moments])
        case DriverFigure():
            return _sequence([(row.label, row.importance) for row in figure.rows])
        case ValueTable():
            return _sequence([(row.group, row.observed) for row in figure.rows])
        case DistributionFigure():
            return "; ".join(f"{band.score}: {band.count:,}" for band in figure.bands) + "."


def _sequence(pairs: list[tuple[str, Measured]]) -> str:
    return "; ".join(f"{label}: {_in_words(measured)}" for label, measured in pairs) + "."


def _in_words(measured: Measured) -> str:
    return f"{amount(measured)} ({spread(measured)})" if isinstance(measured, Estimate) else "no number"
