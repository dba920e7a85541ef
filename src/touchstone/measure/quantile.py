"""Quantiles of durations, from counts per minute: open cases are censored, repeat customers known by groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import NoEstimate, Result
from touchstone.core.metric import Duration, Metric
from touchstone.engine.durations import GROUPS
from touchstone.stats.survival import KaplanMeier, survival_quantile

_MINUTES = {"minutes": 1, "hours": 60, "days": 24 * 60}


def quantile(metric: Metric, form: Duration, rows: Sequence[dict[str, Any]], level: float) -> Result:
    """The quantile in the metric's unit, from rows of minutes, ended, replicate and n."""
    if metric.unit not in _MINUTES:
        raise BadDefinition(
            f"Durations are not told in '{metric.unit}'.", hint=f"choose the unit {', '.join(_MINUTES)}."
        )
    if sum(row["n"] for row in rows) < 2:
        return NoEstimate("at least two cases are needed", sum(row["n"] for row in rows))
    times = np.unique(np.array([row["minutes"] for row in rows], dtype=float))
    places = np.searchsorted(times, [row["minutes"] for row in rows])
    ended, still_open = np.zeros((GROUPS, times.size)), np.zeros((GROUPS, times.size))
    for row, place in zip(rows, places, strict=True):
        (ended if row["ended"] else still_open)[row["replicate"], place] += row["n"]
    held = np.count_nonzero((ended + still_open).sum(axis=1))
    told = times / _MINUTES[metric.unit]
    if held < GROUPS // 2:  # too few customers for groups to tell: take the cases as independent
        curve = KaplanMeier.of_counts(told, ended.sum(axis=0), still_open.sum(axis=0))
    else:
        curve = KaplanMeier.of_replicates(told, ended, still_open)
    return survival_quantile(curve, form.quantile, unit=metric.unit, level=level)
