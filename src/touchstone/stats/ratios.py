"""Ratios of two sums over customers: so many of one thing for each of another, with a clustered interval."""

from __future__ import annotations

from math import exp, log, sqrt

from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.stats.means import few
from touchstone.stats.moments import Moments, critical


def ratio(
    m: Moments, *, unit: str, times: float = 1.0, level: float = 0.95, lowest: float | None = 0.0,
    highest: float | None = None,
) -> Measured:  # fmt: skip
    """R = Σy/Σw over customers g with sums y_g and w_g, from sums in which a_g = y_g − c w_g and b_g = w_g.

    V = G/(G−1) Σ(y_g − R w_g)²/W² (linearised; Särndal, Swensson and Wretman 1992, section 5.6). Where nothing can
    be below nought (`lowest` = 0) the interval is R exp(±t_{G−1} √V/R), which never is below it either, else R ± t √V;
    cut at `highest`. Where nothing was counted above, the number above is taken for Poisson: at most −ln(α/2) `times`
    per unit below. n counts the units below; the effective n is the number of customers, worth less where few of them
    hold most of what is below: W²/Σw_g².
    """
    if (nothing := _lacking(m)) is not None:
        return nothing
    value, variance = m.mean, m.mean_variance
    if value == 0.0 and lowest == 0.0:
        return _none_above(m, unit, times, level)
    if variance <= 0.0:
        return NoEstimate("every customer has the same ratio, so its spread is unknown; it takes one who differs", m.n)
    se = sqrt(variance)
    half = critical(level, m.df) * se
    logged = lowest == 0.0 and value > 0.0
    low, high = (value * exp(-half / value), value * exp(half / value)) if logged else (value - half, value + half)
    return Estimate(
        value=value,
        low=low,
        high=high if highest is None else max(min(high, highest), value),
        se=se,
        n=m.n,
        effective_n=worth(m),
        unit=unit,
        level=level,
        method="ratio, clustered t interval on its logarithm" if logged else "ratio, clustered t interval",
        flags=few(worth(m)),
    )


def worth(m: Moments) -> float:
    """The number of customers, worth less where few of them hold most of what is below: W²/Σw_g², at most n."""
    return min(float(m.n), m.w**2 / m.bb)


def _lacking(m: Moments) -> NoEstimate | None:
    if m.n == 0 or m.w == 0 or m.bb == 0:
        return NoEstimate("there is nothing to divide by", m.n)
    if m.w < 0:
        return NoEstimate("what it is divided by adds up to less than nought", m.n)
    if m.clusters < 2:
        return NoEstimate("all of it comes from one customer; it takes at least one more customer", m.n)
    return None


def _none_above(m: Moments, unit: str, times: float, level: float) -> Measured:
    high = -log((1 - level) / 2) * abs(times) * max(m.bb / m.w, 1.0) / m.w  # refunds have times below nought
    return Estimate(
        value=0.0,
        low=0.0,
        high=high,
        se=high / (2 * critical(level)),
        n=m.n,
        effective_n=worth(m),
        unit=unit,
        level=level,
        method="ratio, Poisson bound for nothing counted",
        flags=("nothing was counted", *few(worth(m))),
    )
