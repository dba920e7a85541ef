"""Fetched sums as `Moments`."""

from __future__ import annotations

from typing import Any

from touchstone.engine.moments import SUMS
from touchstone.stats.moments import Moments


def to_moments(row: dict[str, Any], centre: float) -> Moments:
    """The sums of one fetched row."""
    values = {name: row[name] or 0 for name in SUMS}
    values |= {name: float(values[name]) for name in SUMS[2:]}
    return Moments(centre=centre, **values)
