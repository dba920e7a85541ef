"""Forecasts widened by how wrong such forecasts were before, on the same customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, log, sqrt

from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.stats.moments import critical

FEWEST = 2  # one past error does not tell how errors spread
NOT_TESTED = "too little history to test the forecast on itself: a change of season or habits is not in the interval"


def log_error(forecast: Measured, actual: float) -> float | None:
    """ln(actual / forecast): how far a past forecast was off; None where there was none, or nothing came."""
    if isinstance(forecast, NoEstimate) or forecast.value <= 0 or actual <= 0:
        return None
    return log(actual / forecast.value)


def widened(forecast: Measured, errors: Sequence[float]) -> Measured:
    """A positive total f with the interval f · exp(± t_k √(s² + v²)), from k past errors e_i of such forecasts.

    s² = Σ e_i² / k is the mean squared log error of the back-tests (about nought: a bias is an error too), v = se / f
    the model's own, t_k Student's t with k degrees of freedom. The model's interval knows chance and its parameters;
    seasons and changes of habit it does not, and past errors are what tells of them. Windows must not overlap. With
    fewer than two errors the forecast keeps its own interval and says so.
    """
    if isinstance(forecast, NoEstimate) or forecast.value <= 0:
        return forecast
    if len(errors) < FEWEST:
        return replace(forecast, flags=(*forecast.flags, NOT_TESTED))
    spread = sqrt(sum(error**2 for error in errors) / len(errors) + (forecast.se / forecast.value) ** 2)
    reach = critical(forecast.level, len(errors)) * spread
    low, high = forecast.value * exp(-reach), forecast.value * exp(reach)
    return Estimate(
        value=forecast.value,
        low=min(low, forecast.low),
        high=max(high, forecast.high),
        se=forecast.value * spread,
        n=forecast.n,
        effective_n=forecast.effective_n,
        unit=forecast.unit,
        level=forecast.level,
        method=f"{forecast.method}, widened by {len(errors)} back-tests",
        currency=forecast.currency,
        flags=forecast.flags,
    )
