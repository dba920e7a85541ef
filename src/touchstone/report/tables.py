"""The table behind each picture: the accessible form of a chart, and the numbers in their longer rounding."""

from __future__ import annotations

from dataclasses import dataclass

from touchstone.core.estimate import Estimate, Measured, NoEstimate, interval, shown
from touchstone.report.sentences import MINUS
from touchstone.report.story import (
    DistributionFigure,
    DriverFigure,
    GroupFigure,
    JourneyFigure,
    TrendFigure,
    ValueTable,
)

Figure = TrendFigure | GroupFigure | JourneyFigure | DriverFigure | ValueTable | DistributionFigure
LIKELY = "Value", "Likely", "n"


@dataclass(frozen=True, slots=True)
class Table:
    """Heads and rows of text. The first column names the row; columns in `words` hold words, the others numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[int, ...] = ()


def table(figure: Figure) -> Table:
    """Everything a picture of `figure` shows, as text."""
    match figure:
        case TrendFigure():
            return Table(("Period", *LIKELY), tuple((one.label, *_cells(one.measured)) for one in figure.points))
        case GroupFigure():
            rows = tuple((one.label, *_cells(one.measured), one.note) for one in figure.rows)
            return Table(("Group", *LIKELY, "Remark"), rows, words=(4,))
        case JourneyFigure():
            moments = tuple(
                (one.label, one.stage, *_cells(one.measured), one.passing, one.note) for one in figure.moments
            )
            return Table(("Moment", "Stage", *LIKELY, "Passing", "Remark"), moments, words=(1, 5, 6))
        case DriverFigure():
            drivers = tuple(
                (one.label, *_cells(one.importance)[:2], *_cells(one.performance), one.verdict) for one in figure.rows
            )
            names = ("Driver", "Explains", "Likely", figure.performance_label.capitalize(), "Likely", "n", "Remark")
            return Table(names, drivers, words=(6,))
        case ValueTable():
            amounts = tuple(
                (
                    one.group,
                    "hidden" if one.customers is None else f"{one.customers:,}",
                    *_cells(one.observed)[:2],
                    *_cells(one.forecast)[:2],
                )
                for one in figure.rows
            )
            heads = ("Group", "Customers", figure.observed_label, "Likely", figure.forecast_label, "Likely")
            return Table(heads, amounts)
        case DistributionFigure():
            counts = tuple((one.score, one.band, f"{one.count:,}") for one in figure.bands)
            return Table(("Score", "Group", "Answers"), counts, words=(1,))


def _cells(measured: Measured) -> tuple[str, str, str]:
    """Value, interval and n; without an estimate the reason takes the place of the value."""
    if isinstance(measured, Estimate):
        return shown(measured).replace("-", MINUS), interval(measured).replace("-", MINUS), f"{measured.n:,}"
    return f"no number: {measured.reason}", "", "" if measured.n is None else f"{measured.n:,}"


def reasons(figure: ValueTable) -> tuple[str, ...]:
    """Why amounts are missing, each reason once."""
    amounts = [amount for row in figure.rows for amount in (row.observed, row.forecast)]
    return tuple(dict.fromkeys(amount.reason for amount in amounts if isinstance(amount, NoEstimate)))
