"""The net score (share of promoters minus share of detractors) with intervals that hold for few answers too.

An answer is worth 100, 0 or −100. s = p_P − p_D, and for independent answers its variance is v/n, v = p_P + p_D − s².
"""

from __future__ import annotations

from math import sqrt
from typing import Literal

import numpy as np

from touchstone.core.estimate import Estimate, Measured
from touchstone.stats.means import few, lacking, standard_error
from touchstone.stats.moments import Floats, Moments, critical

WIDE = 30.0  # points; an interval wider than this is marked


def net_score(m: Moments, *, level: float = 0.95) -> Measured:
    """Net score in points with an adjusted Wald interval (¾, 1½, ¾) on effective counts, cut at ±100.

    Adds ¾ promoter, 1½ passives and ¾ detractor to the n* = n/deff answers the sample is worth, then takes
    s̃ ± q √(ṽ/(n*+3)). q is normal where the answers are independent and weigh the same (its exact coverage is
    enumerated in the tests), else Student's t with G−1 degrees of freedom. `value` is the plain weighted score.
    After Agresti and Min (2005), who add pseudo-counts to paired shares.
    """
    if (nothing := lacking(m)) is not None:
        return nothing
    promoters, detractors = shares(m)
    n = m.effective_n
    low, high = adjusted_wald(n * promoters, n * detractors, n, _quantile(m, level))
    return _estimate(m, float(low), float(high), level, "adjusted Wald (3/4, 3/2, 3/4)")


def net_score_score_interval(m: Moments, *, level: float = 0.95) -> Measured:
    """Net score in points with Tango's (1998) score interval on effective counts; the alternative to `net_score`.

    A score θ is inside while |P−D−nθ| / √(n(2q+θ(1−θ))) stays below the quantile, q being the share of detractors
    most likely under θ.
    """
    if (nothing := lacking(m)) is not None:
        return nothing
    promoters, detractors = shares(m)
    n = m.effective_n
    low, high = score_limits(n * promoters, n * detractors, n, _quantile(m, level))
    return _estimate(m, low, high, level, "score interval (Tango)")


def net_score_of_counts(
    promoters: int,
    passives: int,
    detractors: int,
    *,
    level: float = 0.95,
    interval: Literal["adjusted Wald", "score"] = "adjusted Wald",
) -> Measured:
    """Net score in points of independent, equally weighted answers."""
    m = Moments.of_counts({100.0: promoters, 0.0: passives, -100.0: detractors})
    return net_score(m, level=level) if interval == "adjusted Wald" else net_score_score_interval(m, level=level)


def shares(m: Moments) -> tuple[float, float]:
    """Weighted shares (0 to 1) of promoters and of detractors. ValueError if the values were not −100, 0 and 100."""
    score = m.mean / 100
    away = m.variance / 10_000 + score**2  # p_P + p_D, as x² is 100² for both
    if not abs(score) - 1e-9 <= away <= 1 + 1e-9:
        raise ValueError("a net score takes answers worth -100, 0 or 100")
    return min(max((away + score) / 2, 0.0), 1.0), min(max((away - score) / 2, 0.0), 1.0)


def adjusted_wald(
    promoters: float | Floats, detractors: float | Floats, n: float | Floats, quantile: float
) -> tuple[Floats, Floats]:
    """Limits in points, cut at ±100, from (effective) counts; elementwise for arrays."""
    total = np.asarray(n) + 3
    score = (np.asarray(promoters) - np.asarray(detractors)) / total
    away = (np.asarray(promoters) + np.asarray(detractors) + 1.5) / total
    half = quantile * np.sqrt((away - score**2) / total)
    return 100 * np.maximum(score - half, -1), 100 * np.minimum(score + half, 1)


def score_statistic(promoters: float | Floats, detractors: float | Floats, n: float | Floats, theta: float) -> Floats:
    """Tango's (1998) statistic for a net score of theta (−1 to 1), standard normal where theta is true; elementwise."""
    P, D, N = np.asarray(promoters, dtype=float), np.asarray(detractors, dtype=float), np.asarray(n, dtype=float)
    B = -D - P + (2 * N - P + D) * theta
    C = -D * theta * (1 - theta)
    q = (np.sqrt(np.maximum(B * B - 8 * N * C, 0)) - B) / (4 * N)
    variance = N * (2 * q + theta * (1 - theta))
    gap = P - D - N * theta
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = gap / np.sqrt(np.maximum(variance, 0))
    return np.where(gap == 0, 0.0, statistic)


def score_limits(promoters: float, detractors: float, n: float, quantile: float) -> tuple[float, float]:
    """Limits in points of Tango's score interval from (effective) counts."""

    score = (promoters - detractors) / n

    def furthest(edge: float) -> float:
        # halving needs no scipy.optimize, whose import would cost every command a third of a second
        inside, outside = score, edge
        for _ in range(60):
            middle = (inside + outside) / 2
            if abs(float(score_statistic(promoters, detractors, n, middle))) < quantile:
                inside = middle
            else:
                outside = middle
        return outside

    return 100 * furthest(-1.0), 100 * furthest(1.0)


def _quantile(m: Moments, level: float) -> float:
    # independent answers of equal weight: the variance follows from the counts and costs no degrees of freedom
    return critical(level, None if m.simple else m.df)


def _estimate(m: Moments, low: float, high: float, level: float, method: str) -> Estimate:
    value = min(max(m.mean, -100.0), 100.0)
    low, high = min(low, value), max(high, value)
    n = m.effective_n
    pseudo = 100 * sqrt((n + 1.5) / (n + 3) - (value / 100 * n / (n + 3)) ** 2) / sqrt(n + 3)
    return Estimate(
        value=value,
        low=low,
        high=high,
        se=standard_error(m) if m.variance > 0 else pseudo,
        n=m.n,
        effective_n=n,
        unit="points",
        level=level,
        method=method if m.simple else f"{method}, clustered",
        flags=(*few(n), *((f"interval wider than {WIDE:.0f} points",) if high - low > WIDE else ())),
    )
