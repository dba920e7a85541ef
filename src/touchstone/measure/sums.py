"""Fetched sums as `Moments`."""

from __future__ import annotations

from typing import Any

from touchstone.core.metric import Index, Metric, Retention
from touchstone.core.metric import Score as ScoreForm
from touchstone.engine.moments import SUMS
from touchstone.stats.moments import Moments


def to_moments(row: dict[str, Any], centre: float) -> Moments:
    """The sums of one fetched row."""
    values = {name: row[name] or 0 for name in SUMS}
    values |= {name: float(values[name]) for name in SUMS[2:]}
    return Moments(centre=centre, **values)


def centre_of(metric: Metric) -> float:
    """The pilot value that sums are centred at: the middle of a scale, 0 for points around nought."""
    match metric.form:
        case ScoreForm(bands=()) as form:
            return (form.lowest + form.highest) / 2
        case Index():
            return 50.0
        case Retention(of="money", growth=True, lost=False, less=0.0):
            return 100.0
        case _:
            return 0.0
