"""Shares of answers or customers: Wilson's interval, and Newcombe's for the difference of two."""

from __future__ import annotations

from math import sqrt

import numpy as np

from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.stats.means import lacking, standard_error
from touchstone.stats.moments import Floats, Moments, critical


def share(m: Moments, *, unit: str = "%", level: float = 0.95) -> Measured:
    """Share (0 to 100) of answers worth 100 among those worth 0 or 100: Wilson's interval on the effective n.

    The quantile is normal for independent answers of equal weight, else Student's t with G−1 degrees of freedom.
    Holds at 0% and 100% too, where it is never of zero width.
    """
    if (nothing := lacking(m)) is not None:
        return nothing
    p = m.mean / 100
    if abs(m.variance / 10_000 - p * (1 - p)) > 1e-9:
        raise ValueError("a share takes answers worth 0 or 100")
    p, n = min(max(p, 0.0), 1.0), m.effective_n
    quantile = critical(level, None if m.simple else m.df)
    low, high = (float(limit) for limit in wilson(p, n, quantile))
    return Estimate(
        value=100 * p,
        low=100 * min(low, p),
        high=100 * max(high, p),
        se=standard_error(m) if m.variance > 0 else 100 * (high - low) / (2 * quantile),
        n=m.n,
        effective_n=n,
        unit=unit,
        level=level,
        method="Wilson" if m.simple else "Wilson, clustered",
        flags=_unreliable(p, low, high, n),
    )


def share_of_counts(hits: int, n: int, *, unit: str = "%", level: float = 0.95) -> Measured:
    """Share (0 to 100) of `hits` among `n` independent trials."""
    if not 0 <= hits <= n:
        raise ValueError("hits lie between 0 and n")
    return share(Moments.of_counts({100.0: hits, 0.0: n - hits}), unit=unit, level=level)


def wilson(p: float | Floats, n: float | Floats, quantile: float) -> tuple[Floats, Floats]:
    """Wilson's (1927) limits of a share (0 to 1) observed as `p` among `n`, elementwise:

    (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n).
    """
    p, n = np.asarray(p, dtype=float), np.asarray(n, dtype=float)
    zz = quantile**2 / n
    middle = p + zz / 2
    half = quantile * np.sqrt(p * (1 - p) / n + zz / (4 * n))
    return np.maximum((middle - half) / (1 + zz), 0.0), np.minimum((middle + half) / (1 + zz), 1.0)


def newcombe(before: Measured, after: Measured) -> Measured:
    """Difference of two independent shares in percent, after − before (Newcombe 1998, method 10).

    low = d − √((p₂−l₂)² + (u₁−p₁)²), high = d + √((u₂−p₂)² + (p₁−l₁)²), from the intervals (l, u) of both shares.
    Takes any share with an interval inside 0 to 100, so clustered and weighted ones too. Both at one level.
    """
    if isinstance(before, NoEstimate):
        return NoEstimate(f"nothing to compare with: {before.reason}", before.n)
    if isinstance(after, NoEstimate):
        return NoEstimate(f"nothing to compare: {after.reason}", after.n)
    if before.level != after.level or before.unit != after.unit:
        raise ValueError("shares are compared at one level and in one unit")
    d = after.value - before.value
    return Estimate(
        value=d,
        low=max(d - sqrt((after.value - after.low) ** 2 + (before.high - before.value) ** 2), -100.0),
        high=min(d + sqrt((after.high - after.value) ** 2 + (before.value - before.low) ** 2), 100.0),
        se=sqrt(before.se**2 + after.se**2),
        n=before.n + after.n,
        effective_n=before.effective_n + after.effective_n,
        unit="points",
        level=after.level,
        method="difference of shares, Newcombe",
        flags=tuple(dict.fromkeys((*before.flags, *after.flags))),
    )


def _unreliable(p: float, low: float, high: float, n: float) -> tuple[str, ...]:
    """When the United States' health statistics would not print a share (Parker and others 2017)."""
    width = high - low
    flags = [f"fewer than {10} effective answers"] if n < 10 else []
    if width > 0.30 or (width > 0.05 and width > 1.6 * p):
        flags.append("the interval is wide for a share of this size")
    return tuple(flags)
