"""Clustered errors from sums per replicate group: they add up over any cells, which exact cluster sums do not.

Every customer (or account) belongs for good to one of 256 groups by a stable hash. Any set of cells is summed per
group, folded to R groups, and one group left out at a time (delete-a-group jackknife, Kott 2001; Wolter 2007,
chapter 4). Use the exact `Moments` where a number stands alone or a group would hold fewer than about 30 customers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.stats.means import few
from touchstone.stats.moments import Floats, Moments, PairMoments, critical

Statistic = Callable[[Floats], ArrayLike]


@dataclass(frozen=True, slots=True, eq=False)
class Jackknife:
    """A statistic of k sums, and what it becomes without each group: `values` (m,), `deleted` (R, m)."""

    values: Floats
    deleted: Floats

    @property
    def groups(self) -> int:
        """R, the groups that hold anything."""
        return int(self.deleted.shape[0])

    @property
    def df(self) -> int:
        """R − 1."""
        return self.groups - 1

    @property
    def covariance(self) -> Floats:
        """V = (R−1)/R Σ_r (θ_(r) − θ̄)(θ_(r) − θ̄)', shape (m, m)."""
        gaps = self.deleted - self.deleted.mean(axis=0)
        return np.asarray(self.df / self.groups * gaps.T @ gaps)

    def estimate(
        self,
        which: int = 0,
        *,
        n: int,
        unit: str,
        level: float = 0.95,
        lowest: float | None = None,
        highest: float | None = None,
        effective_n: float | None = None,
    ) -> Measured:
        """θ ± t_{R−1} √V of one of the statistics, cut at the ends of its scale where these are given."""
        theta, deleted = float(self.values[which]), self.deleted[:, which]
        if self.groups < 2:
            return NoEstimate("the answers come from one customer or one group of them; it takes more customers", n)
        if not (np.isfinite(theta) and np.isfinite(deleted).all()):
            return NoEstimate("the number rests on a single group of customers; it takes more customers", n)
        variance = self.df / self.groups * float(np.sum((deleted - deleted.mean()) ** 2))
        if variance <= (1e-12 * theta) ** 2:
            return NoEstimate("all customers agree, so there is no spread to measure", n)
        half = critical(level, self.df) * sqrt(variance)
        worth = float(n) if effective_n is None else effective_n
        return Estimate(
            value=theta,
            low=theta - half if lowest is None else min(max(theta - half, lowest), theta),
            high=theta + half if highest is None else max(min(theta + half, highest), theta),
            se=sqrt(variance),
            n=n,
            effective_n=worth,
            unit=unit,
            level=level,
            method=f"jackknife over {self.groups} replicate groups",
            flags=few(worth),
        )


def fold(sums: ArrayLike, groups: int) -> Floats:
    """Fold sums per replicate (first axis, e.g. 256) to fewer groups: replicate i goes to group i mod `groups`."""
    array = np.asarray(sums, dtype=float)
    if not 1 <= groups <= array.shape[0]:
        raise ValueError(f"{array.shape[0]} replicates cannot be folded to {groups} groups")
    folded = np.zeros((groups, *array.shape[1:]))
    np.add.at(folded, np.arange(array.shape[0]) % groups, array)
    return folded


def jackknife(sums: ArrayLike, statistic: Statistic) -> Jackknife:
    """Leave out one group at a time: `sums` is (R, k), `statistic` maps an array (…, k) to (…) or (…, m).

    The statistic must be a smooth function of sums (a ratio, a coefficient; not a quantile) and work along the last
    axis, so that all groups are left out in one call; wrap others with `numpy.apply_along_axis`. Groups that hold
    nothing are dropped: leaving them out says nothing, and counting them would overstate the degrees of freedom.
    Scale counts as they are; no rescaling by R/(R−1) is made, so use ratios rather than totals (for a total see
    `jackknife_total`).
    """
    array = _present(sums)
    whole = array.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.atleast_1d(np.asarray(statistic(whole), dtype=float))
        deleted = np.asarray(statistic(whole - array), dtype=float)
    return Jackknife(values, deleted.reshape(array.shape[0], -1))


def jackknife_total(sums: ArrayLike) -> Jackknife:
    """Totals of all columns: without a group, the others stand for it, so θ_(r) = R/(R−1) (total − group)."""
    array = _present(sums)
    whole = array.sum(axis=0)
    groups = max(array.shape[0], 2)
    return Jackknife(whole, groups / (groups - 1) * (whole - array))


def replicate_moments(
    n: ArrayLike, w: ArrayLike, ww: ArrayLike, wx: ArrayLike, wxx: ArrayLike, *, centre: float = 0.0
) -> Moments:
    """`Moments` whose clusters are replicate groups, from sums per group (each of shape (R,)) of x − centre.

    Gives `mean`, `share` and `net_score` a variance that knows repeat customers: the linearised form of the jackknife,
    with (groups that hold answers) − 1 degrees of freedom.
    """
    count, b, squares, a, xx = (np.asarray(s, dtype=float) for s in (n, w, ww, wx, wxx))
    return Moments(
        n=round(count.sum()),
        clusters=int((b > 0).sum()),
        centre=centre,
        w=float(b.sum()),
        ww=float(squares.sum()),
        wx=float(a.sum()),
        wxx=float(xx.sum()),
        aa=float(a @ a),
        ab=float(a @ b),
        bb=float(b @ b),
    )


def replicate_pair(first: ArrayLike, second: ArrayLike, *, centre: float = 0.0) -> PairMoments:
    """`PairMoments` of two sets of cells that may share customers: arrays (R, 5) of n, w, w², wx, wx² sums per group.

    Row r of both is the same replicate group, so every shared customer is in the same row.
    """
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if one.shape != two.shape or one.ndim != 2 or one.shape[1] != 5:
        raise ValueError("both groups give n, w, ww, wx and wxx for the same replicate groups")
    (_, b1, _, a1, _), (_, b2, _, a2, _) = one.T, two.T
    return PairMoments(
        first=replicate_moments(*one.T, centre=centre),
        second=replicate_moments(*two.T, centre=centre),
        clusters=int(((b1 > 0) | (b2 > 0)).sum()),
        aa=float(a1 @ a2),
        ab=float(a1 @ b2),
        ba=float(b1 @ a2),
        bb=float(b1 @ b2),
    )


def by_replicates(measured: Measured, groups: int) -> Measured:
    """Say in `method` that the variance comes from replicate groups."""
    if isinstance(measured, NoEstimate):
        return measured
    return replace(measured, method=f"{measured.method} by {groups} replicate groups")


def _present(sums: ArrayLike) -> Floats:
    array = np.asarray(sums, dtype=float)
    if array.ndim != 2 or not np.isfinite(array).all():
        raise ValueError("sums are finite and have one row per replicate group")
    return np.asarray(array[(array != 0).any(axis=1)])
