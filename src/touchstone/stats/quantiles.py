"""Medians and other quantiles from counts by value, with intervals by order statistics or by Woodruff's method."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.stats.means import few
from touchstone.stats.moments import Floats, critical

# Cumulated weights closer than this to a quantile lie on it; survey weights rarely add up to the last bit.
TIE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Distinct values, ascending, with the total weight and n, the number of answers behind them."""

    values: Floats
    weights: Floats
    n: int

    @classmethod
    def of(cls, values: ArrayLike, weights: ArrayLike | None = None, n: int | None = None) -> Self:
        """From values with repeats, or from distinct ones with their counts as `weights` (then n defaults to the sum).

        Raises ValueError for values or weights that are not finite, and for negative weights.
        """
        x = np.asarray(values, dtype=float)
        w = np.ones(x.size) if weights is None else np.asarray(weights, dtype=float)
        if x.shape != w.shape or x.ndim != 1:
            raise ValueError("values and weights are flat arrays of one length")
        if not (np.isfinite(x).all() and np.isfinite(w).all() and (w >= 0).all()):
            raise ValueError("values and weights are finite, weights not negative")
        x, w = x[w > 0], w[w > 0]
        distinct, index = np.unique(x, return_inverse=True)
        summed = np.asarray(np.bincount(index, w, distinct.size), dtype=np.float64)
        return cls(distinct, summed, round(float(w.sum())) if n is None else n)

    @property
    def cumulative(self) -> Floats:
        """F̂ at each value: the share of weight at or below it."""
        return np.asarray(np.cumsum(self.weights) / self.weights.sum())

    def quantile(self, q: float) -> float:
        """Smallest value with F̂ ≥ q; where F̂ equals q there, midway to the next value (the "school" rule)."""
        place = self._place(q)
        value = float(self.values[place])
        if abs(self.cumulative[place] - q) <= TIE and place + 1 < self.values.size:
            return (value + float(self.values[place + 1])) / 2
        return value

    def at(self, q: float) -> float:
        """Smallest value with F̂ ≥ q: always one that was recorded."""
        return float(self.values[self._place(q)])

    def around(self, low: float, high: float, value: float) -> tuple[float, float]:
        """The same limits, moved to the neighbouring recorded values where ties closed the interval on one value."""
        if low < high:
            return low, high
        below, above = self.values[self.values < value], self.values[self.values > value]
        return (float(below[-1]) if below.size else low), (float(above[0]) if above.size else high)

    def _place(self, q: float) -> int:
        return min(int(np.searchsorted(self.cumulative, q - TIE)), self.values.size - 1)


def quantile(h: Histogram, q: float, *, unit: str, level: float = 0.95, effective_n: float | None = None) -> Measured:
    """The q-quantile with an interval between two order statistics (Conover 1999, section 3.2).

    With n* effective answers (n unless given; not rounded up) the ranks l and u are the closest with
    P(B < l) ≤ α/2 and P(B ≥ u) ≤ α/2 for B ~ Binomial(n*, q), so independent answers are covered at least at `level`,
    whatever the distribution. Where answers repeat per customer pass the effective n of the share at or below the
    quantile (`rates.share`). Ties that close the interval move its limits to the neighbouring recorded values.
    """
    if (refused := _refused(h, q)) is not None:
        return refused
    n = float(h.n) if effective_n is None else min(effective_n, h.n)
    ranks = _ranks(floor(n + TIE), q, (1 - level) / 2)
    if ranks is None:
        needed = ceil(log((1 - level) / 2) / log(max(q, 1 - q)))
        return NoEstimate(
            f"{h.n} answers are too few to say how far this may be off; it takes about {ceil(needed * h.n / n)}", h.n
        )
    lower, upper = ranks
    low, high = h.at(lower / floor(n + TIE)), h.at(upper / floor(n + TIE))
    return _estimate(h, q, low, high, n, unit, level, "order statistics")


def woodruff(
    h: Histogram, q: float, *, se: float, df: float, effective_n: float, unit: str, level: float = 0.95
) -> Measured:
    """The q-quantile with Woodruff's (1952) interval, for weights, strata and clusters.

    `se` (0 to 1) is the design-based standard error of F̂(q̂), the weighted share of answers at or below the quantile,
    and `df` its degrees of freedom. The limits are the quantiles at F̂(q̂) ± t se; where these leave 0 to 1, there is no
    estimate.
    """
    if (refused := _refused(h, q)) is not None:
        return refused
    share = float(h.cumulative[np.searchsorted(h.values, h.quantile(q), side="right") - 1])
    half = critical(level, df) * se
    if share - half <= 0 or share + half >= 1:
        return NoEstimate(f"{h.n} answers are too few, or too much alike, to bound this; it takes more customers", h.n)
    low, high = h.quantile(share - half), h.quantile(share + half)
    return _estimate(h, q, low, high, effective_n, unit, level, "Woodruff")


def _ranks(n: int, q: float, tail: float) -> tuple[int, int] | None:
    """The ranks (l, u), 1 to n, of the limits; None where n is too small."""
    ranks = np.arange(1, n + 1)
    below = bdtr(ranks - 1.0, n, q)  # P(B ≤ r−1) = P(B < r)
    low, high = ranks[below <= tail], ranks[1 - below <= tail]  # 1 − below = P(B ≥ r)
    return (int(low[-1]), int(high[0])) if low.size and high.size else None


def _refused(h: Histogram, q: float) -> NoEstimate | None:
    if not 0 < q < 1:
        raise BadDefinition("A quantile lies between 0 and 1.", hint="write 0.5 for the median.")
    if h.values.size == 0:
        return NoEstimate("nothing has been recorded", 0)
    if h.values.size == 1:
        return NoEstimate(f"all {h.n} values are equal, so their spread is unknown; it takes one that differs", h.n)
    return None


def _estimate(
    h: Histogram, q: float, low: float, high: float, effective_n: float, unit: str, level: float, method: str
) -> Measured:
    value = h.quantile(q)
    low, high = min(low, value), max(high, value)
    tied = low == high
    low, high = h.around(low, high, value)
    return Estimate(
        value=value,
        low=low,
        high=high,
        se=(high - low) / (2 * critical(level)),
        n=h.n,
        effective_n=effective_n,
        unit=unit,
        level=level,
        method=f"quantile, {method}",
        flags=(
            *few(effective_n),
            *(("many equal values: the interval is as fine as they are recorded",) if tied else ()),
        ),
    )
