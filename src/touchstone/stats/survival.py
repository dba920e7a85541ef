"""How long things last while some are still open: Kaplan-Meier from counts, its quantiles, restricted means, log-rank.

Counts per time are all it takes: d_t that ended at t, c_t last seen open at t (censored); n_t, at risk, are those whose
time is t or later. Leans on censoring that says nothing about the time left.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.stats.means import few
from touchstone.stats.moments import Floats, critical

TIE = 1e-9  # a curve this close to a level lies on it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KaplanMeier:
    """The curve S(t), a step down at each time with an end (Kaplan and Meier 1958).

    All arrays are (T,) over ascending times; `relative_se` is √V(S)/S. From replicate groups there are also the
    curves without each group, `deleted` (R, T), and V is their jackknife; else V is Greenwood's.
    """

    times: Floats
    events: Floats
    at_risk: Floats
    survival: Floats
    relative_se: Floats
    deleted: Floats | None = None

    @classmethod
    def of_counts(cls, times: ArrayLike, events: ArrayLike, censored: ArrayLike | None = None) -> Self:
        """From how many ended, and how many were last seen open, at each time (in any order, repeats allowed).

        Greenwood's variance takes them as independent: V(S) = S² Σ d/(n(n−d)).
        """
        t, d, c = _counts(times, np.atleast_2d(events), None if censored is None else np.atleast_2d(censored))
        n = _at_risk(d, c)[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(d[0] > 0, d[0] / (n * (n - d[0])), 0.0)
            relative = np.sqrt(np.cumsum(terms))
        return cls(times=t, events=d[0], at_risk=n, survival=_curves(d, c)[0], relative_se=relative)

    @classmethod
    def of_replicates(cls, times: ArrayLike, events: ArrayLike, censored: ArrayLike) -> Self:
        """From counts (R, T) per replicate group: V(S) is a delete-a-group jackknife, so customers may repeat.

        Raises ValueError with fewer than two groups that hold anything.
        """
        t, d, c = _counts(times, np.asarray(events), np.asarray(censored))
        held = (d + c).sum(axis=1) > 0
        d, c = d[held], c[held]
        groups = d.shape[0]
        if groups < 2:
            raise ValueError("a jackknife needs two groups")
        whole_d, whole_c = d.sum(axis=0, keepdims=True), c.sum(axis=0, keepdims=True)
        survival, deleted = _curves(whole_d, whole_c)[0], _curves(whole_d - d, whole_c - c)
        variance = (groups - 1) / groups * ((deleted - deleted.mean(axis=0)) ** 2).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.where(survival > 0, np.sqrt(variance) / survival, np.inf)
        n = _at_risk(whole_d, whole_c)[0]
        return cls(times=t, events=whole_d[0], at_risk=n, survival=survival, relative_se=relative, deleted=deleted)

    @property
    def n(self) -> int:
        """Everything that was followed, ended or not."""
        return round(float(self.at_risk[0])) if self.times.size else 0

    @property
    def method(self) -> str:
        """How the variance was made, in words."""
        return "Kaplan-Meier" if self.deleted is None else f"Kaplan-Meier, {self.deleted.shape[0]} replicate groups"

    def critical(self, level: float) -> float:
        """Normal quantile, or Student's t with R−1 degrees of freedom for replicate groups."""
        return critical(level, None if self.deleted is None else self.deleted.shape[0] - 1)

    def limits(self, level: float) -> tuple[Floats, Floats]:
        """Limits of S at each time on the log-log scale, S^exp(± q √V/(S|log S|)), which stay within 0 and 1.

        Where S is 1 (nothing has ended) or 0 (everything has) the exact binomial bounds for none of n_t, or for all
        that ended, stand in: a curve without a step is no certainty.
        """
        tail = (1 - level) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.exp(self.critical(level) * self.relative_se / np.abs(np.log(self.survival)))
            low, high = self.survival**spread, self.survival ** (1 / spread)
        whole, none = self.survival == 1, self.survival == 0
        low = np.where(whole, tail ** (1 / np.maximum(self.at_risk, 1)), np.where(none, 0.0, low))
        high = np.where(whole, 1.0, np.where(none, 1 - tail ** (1 / max(self.events.sum(), 1)), high))
        return low, high

    def effective_n(self, place: int) -> float:
        """Independent, fully followed cases that would know S at this time as well: S(1−S)/V, at most n."""
        s, relative = float(self.survival[place]), float(self.relative_se[place])
        if not 0 < s < 1 or relative == 0:
            return float(self.at_risk[place]) if s == 1 else float(self.n)
        return min((1 - s) / (s * relative**2), float(self.n))


def survival_at(km: KaplanMeier, time: float, *, level: float = 0.95, unit: str = "%") -> Measured:
    """The share (0 to 100) that lasts beyond `time`, with a log-log interval."""
    if (nothing := _unfollowed(km, time)) is not None:
        return nothing
    place = int(np.searchsorted(km.times, time, side="right")) - 1
    if place < 0 or km.survival[place] == 1:
        # nothing ended yet: as good as those still followed at this time
        place = int(np.searchsorted(km.times, time, side="left"))
        s, worth = 1.0, float(km.at_risk[place])
        low, high = ((1 - level) / 2) ** (1 / worth), 1.0
    else:
        s, worth = float(km.survival[place]), km.effective_n(place)
        low, high = (float(limit[place]) for limit in km.limits(level))
    inside = 0 < s < 1 and km.relative_se[place] > 0
    if 0 < s < 1 and not inside:
        return NoEstimate("all groups of customers ended alike, so there is no spread to measure", km.n)
    return Estimate(
        value=100 * s,
        low=100 * min(low, s),
        high=100 * max(high, s),
        se=100 * (s * float(km.relative_se[place]) if inside else (high - low) / (2 * km.critical(level))),
        n=km.n,
        effective_n=worth,
        unit=unit,
        level=level,
        method=f"{km.method}, log-log",
        flags=few(worth),
    )


def survival_quantile(km: KaplanMeier, q: float, *, unit: str, level: float = 0.95) -> Measured:
    """The time by which a share q has ended: the first with S ≤ 1−q (midway to the next end where S equals it).

    The interval holds the times whose log-log limits include 1−q (Brookmeyer and Crowley 1982). Where too few have
    ended to reach 1−q, or to bound it from above, the reason says so.
    """
    if not 0 < q < 1:
        raise BadDefinition("A quantile lies between 0 and 1.", hint="write 0.5 for the median.")
    if (nothing := _unfollowed(km, 0.0)) is not None:
        return nothing
    ends = km.events > 0
    times, target = km.times[ends], 1 - q
    low, high = (limit[ends] for limit in km.limits(level))
    reached = np.flatnonzero(km.survival[ends] <= target + TIE)
    longest = f"{km.times[-1]:,.4g} {unit}, the longest follow-up"
    if reached.size == 0:
        return NoEstimate(f"fewer than {q:.0%} had ended within {longest}; it takes longer follow-up", km.n)
    first = int(reached[0])
    value = float(times[first])
    if abs(km.survival[ends][first] - target) <= TIE and first + 1 < times.size:
        value = (value + float(times[first + 1])) / 2
    upper = np.flatnonzero(high <= target)
    if upper.size == 0:
        return NoEstimate(
            f"{q:.0%} had ended at {value:,.4g} {unit}, but with {km.n} cases this may lie beyond {longest}; "
            "it takes more cases or longer follow-up",
            km.n,
        )
    lower = float(times[np.flatnonzero(low <= target)[0]])
    return _quantile_estimate(km, times, (min(lower, value), value, max(float(times[upper[0]]), value)), unit, level)


def _quantile_estimate(
    km: KaplanMeier, times: Floats, limits: tuple[float, float, float], unit: str, level: float
) -> Measured:
    if times.size == 1:
        return NoEstimate("all that ended did so at the same time; it takes times that differ", km.n)
    low, value, high = limits
    tied = low == high
    if tied:  # ends recorded at few distinct times: the neighbours bound what the recording hides
        below, above = times[times < value], times[times > value]
        low, high = float(below[-1]) if below.size else 0.0, float(above[0]) if above.size else value
    worth = km.effective_n(int(np.searchsorted(km.times, value, side="right")) - 1)
    return Estimate(
        value=value,
        low=low,
        high=high,
        se=(high - low) / (2 * km.critical(level)),
        n=km.n,
        effective_n=worth,
        unit=unit,
        level=level,
        method=f"{km.method} quantile, log-log",
        flags=(*few(worth), *(("many equal times: the interval is as fine as they are recorded",) if tied else ())),
    )


def restricted_mean(km: KaplanMeier, until: float, *, unit: str, level: float = 0.95) -> Measured:
    """Mean time within the first `until`: the area ∫₀^τ S(t) dt (Irwin 1949), ± q √V, within 0 and τ.

    V = Σ_{t≤τ} (∫_t^τ S)² d/(n(n−d)), or the jackknife over replicate groups.
    """
    if not until > 0:
        raise BadDefinition("A mean is restricted to a time after zero.")
    if (nothing := _unfollowed(km, until)) is not None:
        return nothing
    area = float(_area(km.times, km.survival[None, :], until)[0])
    if km.deleted is not None:
        areas = _area(km.times, km.deleted, until)
        variance = (areas.size - 1) / areas.size * float(((areas - areas.mean()) ** 2).sum())
    else:
        variance = _area_variance(km, until)
    half = km.critical(level) * sqrt(variance)
    low, high = max(area - half, 0.0), min(area + half, until)
    if variance == 0 and area < until:
        return NoEstimate("all that ended did so at the same time; it takes times that differ", km.n)
    if variance == 0:  # nothing ended: S(τ) is at least what none of those still followed allows
        low = until * ((1 - level) / 2) ** (1 / float(km.at_risk[np.searchsorted(km.times, until)]))
        high = until
    return Estimate(
        value=min(area, until),
        low=min(low, area),
        high=high,
        se=sqrt(variance) if variance > 0 else (high - low) / (2 * km.critical(level)),
        n=km.n,
        effective_n=float(km.n),
        unit=unit,
        level=level,
        method=f"{km.method}, mean within {until:,.4g} {unit}",
        flags=few(km.n),
    )


@dataclass(frozen=True, slots=True)
class LogRank:
    """The log-rank test of equal curves: its χ² statistic, degrees of freedom and p-value."""

    statistic: float
    df: int
    p_value: float


def log_rank(times: ArrayLike, events: ArrayLike, censored: ArrayLike) -> LogRank:
    """Compare groups (G, T) of counts on one axis of times (Mantel 1966).

    χ² = (O−E)' V⁻ (O−E) with E_j = Σ n_jt d_t/n_t and the hypergeometric V, on G−1 degrees of freedom.
    """
    _, d, c = _counts(times, np.asarray(events), np.asarray(censored))
    n = _at_risk(d, c)
    if d.shape[0] < 2 or (n[:, 0] == 0).any():
        raise ValueError("a log-rank test compares at least two groups with cases in each")
    ended, total = d.sum(axis=0), n.sum(axis=0)
    kept = (ended > 0) & (total > 0)
    part = n[:, kept] / total[kept]
    gap = (d[:, kept] - part * ended[kept]).sum(axis=1)
    factor = ended[kept] * (total[kept] - ended[kept]) / np.maximum(total[kept] - 1, 1)
    covariance = np.diag((part * factor).sum(axis=1)) - (part * factor) @ part.T
    statistic = float(gap[1:] @ np.linalg.pinv(covariance[1:, 1:]) @ gap[1:])
    df = d.shape[0] - 1
    return LogRank(statistic, df, float(chdtrc(df, statistic)))


def _counts(times: ArrayLike, events: Floats, censored: Floats | None) -> tuple[Floats, Floats, Floats]:
    t = np.asarray(times, dtype=float)
    d = np.asarray(events, dtype=float)
    c = np.zeros_like(d) if censored is None else np.asarray(censored, dtype=float)
    if d.shape != c.shape or d.ndim != 2 or d.shape[1:] != t.shape:
        raise ValueError("every time has one count of ends and one of open cases")
    if not (np.isfinite(t).all() and (t >= 0).all() and (d >= 0).all() and (c >= 0).all()):
        raise ValueError("times and counts are finite and not negative")
    distinct, index = np.unique(t, return_inverse=True)
    ended, open_still = (np.array([np.bincount(index, row, distinct.size) for row in rows], float) for rows in (d, c))
    held = (ended + open_still).sum(axis=0) > 0
    return np.asarray(distinct[held]), ended[:, held], open_still[:, held]


def _at_risk(events: Floats, censored: Floats) -> Floats:
    return np.asarray(np.cumsum((events + censored)[:, ::-1], axis=1)[:, ::-1])


def _curves(events: Floats, censored: Floats) -> Floats:
    n = _at_risk(events, censored)
    return np.asarray(np.cumprod(1 - events / np.maximum(n, 1), axis=1))


def _unfollowed(km: KaplanMeier, time: float) -> NoEstimate | None:
    if km.n == 0:
        return NoEstimate("nothing has been followed yet", 0)
    if km.n == 1:
        return NoEstimate("one case was followed; it takes at least two", 1)
    if time > km.times[-1] and km.survival[-1] > 0:
        return NoEstimate(f"nothing was followed for {time:,.4g}; the longest follow-up is {km.times[-1]:,.4g}", km.n)
    return None


def _area(times: Floats, curves: Floats, until: float) -> Floats:
    inside = times < until
    edges = np.concatenate([[0.0], times[inside], [until]])
    heights = np.hstack([np.ones((curves.shape[0], 1)), curves[:, inside]])
    return np.asarray(heights @ np.diff(edges))


def _area_variance(km: KaplanMeier, until: float) -> float:
    inside = km.times < until
    steps = np.diff(np.concatenate([km.times[inside], [until]]))
    left = np.cumsum((km.survival[inside] * steps)[::-1])[::-1]  # ∫_t^τ S at each time t
    n, d = km.at_risk[inside], km.events[inside]
    # where the last one ends (n = d) nothing is left, and 0/0 means 0
    return float(np.sum(left**2 * d / np.maximum(n * (n - d), 1)))
