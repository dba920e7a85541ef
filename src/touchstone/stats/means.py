"""The mean of a number, with an interval that knows weights, clusters and the ends of the scale."""

from __future__ import annotations

from math import sqrt

from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.stats.moments import ROUNDING, Moments, critical

FEW = 30  # effective answers below which a number is shown with a warning (METHODS 1.10)


def mean(
    m: Moments, *, unit: str, level: float = 0.95, lowest: float | None = None, highest: float | None = None
) -> Measured:
    """Mean with a linearised standard error: x̄ ± t_{G−1} √V, cut at the ends of the scale where these are given.

    Leans on clusters drawn independently, and on the t approximation: with fewer than about 30 clusters of a very
    skewed number it is optimistic. Where all answers agree, see `unanimous`.
    """
    if (nothing := lacking(m)) is not None:
        return nothing
    if m.variance == 0.0 or (lowest is not None and lowest == highest):
        return unanimous(m, unit=unit, level=level, lowest=lowest, highest=highest)
    se = standard_error(m)
    half = critical(level, m.df) * se
    low = m.mean - half if lowest is None else min(max(m.mean - half, lowest), m.mean)
    high = m.mean + half if highest is None else max(min(m.mean + half, highest), m.mean)
    return Estimate(
        value=m.mean,
        low=low,
        high=high,
        se=se,
        n=m.n,
        effective_n=m.effective_n,
        unit=unit,
        level=level,
        method="mean, t interval" if m.simple else "mean, clustered t interval",
        flags=few(m.effective_n),
    )


def unanimous(
    m: Moments, *, unit: str, level: float = 0.95, lowest: float | None = None, highest: float | None = None
) -> Measured:
    """The interval where all answers equal x₀, on a scale with ends.

    If a share p of all customers would answer otherwise, the chance that none of n_eff did is (1−p)^n_eff; so p is at
    most 1 − (α/2)^{1/n_eff} (Clopper and Pearson 1934), and the mean lies within p of the way from x₀ to either end.
    Without ends, or with ends that are one, nothing bounds the answers not seen: `NoEstimate`.
    """
    if (nothing := lacking(m)) is not None:
        return nothing
    if lowest is None or highest is None or lowest >= highest:
        return NoEstimate(f"all {m.n} answers are equal, so their spread is unknown; it takes one that differs", m.n)
    value = min(max(m.mean, lowest), highest)
    others = 1 - ((1 - level) / 2) ** (1 / m.effective_n)
    low, high = value - (value - lowest) * others, value + (highest - value) * others
    return Estimate(
        value=value,
        low=low,
        high=high,
        se=(high - low) / (2 * critical(level)),
        n=m.n,
        effective_n=m.effective_n,
        unit=unit,
        level=level,
        method="mean, exact bound for equal answers",
        flags=("all answers are equal", *few(m.effective_n)),
    )


def lacking(m: Moments) -> NoEstimate | None:
    """Why there is no spread to measure, and what it would take; None where there is one."""
    if m.n == 0 or m.w <= 0:
        return NoEstimate("nobody has answered; it takes answers from at least two customers", m.n)
    if m.n == 1:
        return NoEstimate("there is one answer; it takes answers from at least two customers", m.n)
    if m.clusters < 2:
        return NoEstimate(f"all {m.n} answers come from one customer; it takes at least one more customer", m.n)
    return None


def standard_error(m: Moments) -> float:
    """√V; where the clusters agree to the last digit (V = 0) that of independent answers, so that it is never zero."""
    floor = m.independent_variance
    variance = m.mean_variance
    return sqrt(variance if variance > ROUNDING * floor else floor)


def few(effective_n: float) -> tuple[str, ...]:
    """The warning that an estimate on fewer than 30 effective answers carries."""
    return (f"fewer than {FEW} effective answers",) if effective_n < FEW else ()
