"""Two-level sums of one number: enough for a mean, its clustered variance and its worth in answers, and they merge.

Notation (Särndal, Swensson and Wretman 1992, section 5.7): answer i has value x and weight w and belongs to cluster g
(its customer or account). For a pilot value c, a_g = Σ_{i∈g} w(x−c) and b_g = Σ_{i∈g} w.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from touchstone.core.errors import BadDefinition

# Below this share of the raw second moment a variance is rounding, not spread.
ROUNDING = 1e-12

Floats = NDArray[np.float64]


def critical(level: float, df: float | None = None) -> float:
    """How many standard errors an interval at `level` reaches to each side: normal, or Student's t with `df`."""
    if not 0 < level < 1:
        raise BadDefinition(f"A level lies between 0 and 1, not at {level:g}.", hint="write 0.95 for 95%.")
    upper = (1 + level) / 2
    return float(ndtri(upper) if df is None else stdtrit(df, upper))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Sums over answers, and over the clusters they belong to, of x centred at a fixed pilot value `centre`.

    Centring before squaring keeps the digits of large numbers (money, seconds since 1970).
    """

    n: int  # answers
    clusters: int  # distinct clusters G
    centre: float  # c
    w: float  # Σw
    ww: float  # Σw²
    wx: float  # Σw(x−c)
    wxx: float  # Σw(x−c)²
    aa: float  # Σ_g a_g²
    ab: float  # Σ_g a_g b_g
    bb: float  # Σ_g b_g²

    @classmethod
    def of(
        cls, x: ArrayLike, w: ArrayLike | None = None, cluster: ArrayLike | None = None, centre: float | None = None
    ) -> Self:
        """Sum arrays of one length. Without `w` each answer weighs one; without `cluster` each stands alone.

        Answers of weight zero are left out: they say nothing. Raises ValueError for a value or weight that is not
        finite, or a negative weight.
        """
        values, weights, labels = _rows(x, w, cluster)
        c = centre if centre is not None else (float(values.mean()) if values.size else 0.0)
        a, b = _cluster_sums(values - c, weights, labels)
        return cls(
            n=values.size,
            clusters=b.size,
            centre=c,
            w=float(weights.sum()),
            ww=float(weights @ weights),
            wx=float(weights @ (values - c)),
            wxx=float(weights @ (values - c) ** 2),
            aa=float(a @ a),
            ab=float(a @ b),
            bb=float(b @ b),
        )

    @classmethod
    def of_counts(cls, counts: Mapping[float, int]) -> Self:
        """Sums of independent answers of weight one: {100: 50, 0: 30, −100: 20} says how often each value was given."""
        if any(count < 0 for count in counts.values()):
            raise ValueError("a count cannot be negative")
        n = sum(counts.values())
        total = float(sum(value * count for value, count in counts.items()))
        c = total / n if n else 0.0
        wx = float(sum((value - c) * count for value, count in counts.items()))
        wxx = float(sum((value - c) ** 2 * count for value, count in counts.items()))
        return cls(n=n, clusters=n, centre=c, w=n, ww=n, wx=wx, wxx=wxx, aa=wxx, ab=wx, bb=n)

    def __add__(self, other: Moments) -> Moments:
        """Merge with sums of *other clusters*; a customer in both would be counted as two (see `PairMoments`)."""
        if self.n == 0 or other.n == 0:
            return other if self.n == 0 else self
        moved = other.centred(self.centre)
        sums = {f.name: getattr(self, f.name) + getattr(moved, f.name) for f in fields(self) if f.name != "centre"}
        return replace(self, **sums)

    def centred(self, centre: float) -> Moments:
        """The same sums about another pilot value, exactly: x−c' = (x−c) + d with d = c−c'."""
        d = self.centre - centre
        return replace(
            self,
            centre=centre,
            wx=self.wx + d * self.w,
            wxx=self.wxx + 2 * d * self.wx + d * d * self.w,
            aa=self.aa + 2 * d * self.ab + d * d * self.bb,
            ab=self.ab + d * self.bb,
        )

    @property
    def mean(self) -> float:
        """Σwx/Σw; ZeroDivisionError where nothing has weight."""
        return self.centre + self.wx / self.w

    @property
    def variance(self) -> float:
        """Weighted population variance of x: Σw(x−x̄)²/Σw. Exactly 0 where the answers differ only by rounding."""
        raw = self.wxx / self.w
        variance = raw - (self.wx / self.w) ** 2
        # away from zero the values themselves carry rounding of their own size, wherever they are centred
        return variance if variance > ROUNDING * raw and variance > (ROUNDING * self.mean) ** 2 else 0.0

    @property
    def mean_variance(self) -> float:
        """Linearised variance of the mean over clusters: V = G/(G−1) Σ(a_g − δ b_g)²/W² with δ = x̄−c.

        Clusters are taken as drawn independently. Raises ValueError with fewer than two clusters.
        """
        if self.clusters < 2:
            raise ValueError("a variance between clusters needs two of them")
        delta = self.wx / self.w
        squares = self.aa - 2 * delta * self.ab + delta * delta * self.bb
        if squares <= ROUNDING * self.aa:
            return 0.0
        return self.clusters / (self.clusters - 1) * squares / self.w**2

    @property
    def independent_variance(self) -> float:
        """What the variance of the mean would be for n independent answers of equal weight: S²/n = variance/(n−1)."""
        return self.variance / (self.n - 1)

    @property
    def design_effect(self) -> float:
        """How many times the variance exceeds that of independent, equally weighted answers: V / (S²/n).

        Where all answers are equal no spread can tell; then every cluster is taken for one answer: n Σb²/W².
        """
        if self.variance == 0.0:
            return self.n * self.bb / self.w**2
        return self.mean_variance / self.independent_variance

    @property
    def effective_n(self) -> float:
        """What the answers are worth: n / design effect, at most n (luck does not add answers)."""
        effect = self.design_effect
        return self.n / effect if effect > 1 else float(self.n)

    @property
    def df(self) -> int:
        """Degrees of freedom of the clustered variance: G−1."""
        return self.clusters - 1

    @property
    def simple(self) -> bool:
        """Whether each answer is a cluster of its own and all weigh the same, so that counts say everything."""
        return self.clusters == self.n and self.n * self.ww <= self.w**2 * (1 + 1e-9)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairMoments:
    """Sums for the difference of two groups that may share clusters: each group's own, and their products.

    A cluster found in only one group has a = b = 0 in the other. `clusters` counts the union.
    """

    first: Moments
    second: Moments
    clusters: int
    aa: float  # Σ_g a_g1 a_g2
    ab: float  # Σ_g a_g1 b_g2
    ba: float  # Σ_g b_g1 a_g2
    bb: float  # Σ_g b_g1 b_g2

    @classmethod
    def of(cls, x: ArrayLike, w: ArrayLike | None, cluster: ArrayLike, group: ArrayLike) -> Self:
        """Sum arrays of one length; `group` holds 1 and 2. An answer that is in both groups is passed twice."""
        which = np.asarray(group)
        if not np.isin(which, (1, 2)).all():
            raise ValueError("group holds 1 and 2 only")
        values = np.asarray(x, dtype=float)
        weights = np.ones(values.size) if w is None else np.asarray(w, dtype=float)
        values, weights, labels, which = _present(values, weights, cluster, which)
        names, index = np.unique(labels, return_inverse=True)
        one, two = which == 1, which == 2
        first = Moments.of(values[one], weights[one], index[one])
        second = Moments.of(values[two], weights[two], index[two])
        a1, b1 = _cluster_sums(values[one] - first.centre, weights[one], index[one], names.size)
        a2, b2 = _cluster_sums(values[two] - second.centre, weights[two], index[two], names.size)
        products = {"aa": float(a1 @ a2), "ab": float(a1 @ b2), "ba": float(b1 @ a2), "bb": float(b1 @ b2)}
        return cls(first=first, second=second, clusters=names.size, **products)

    def __add__(self, other: PairMoments) -> PairMoments:
        """Merge with sums over other clusters."""
        moved = other.centred(self.first.centre, self.second.centre)
        return PairMoments(
            first=self.first + moved.first,
            second=self.second + moved.second,
            clusters=self.clusters + other.clusters,
            aa=self.aa + moved.aa,
            ab=self.ab + moved.ab,
            ba=self.ba + moved.ba,
            bb=self.bb + moved.bb,
        )

    def centred(self, first: float, second: float) -> PairMoments:
        """The same sums about other pilot values, one per group."""
        d1, d2 = self.first.centre - first, self.second.centre - second
        return replace(
            self,
            first=self.first.centred(first),
            second=self.second.centred(second),
            aa=self.aa + d1 * self.ba + d2 * self.ab + d1 * d2 * self.bb,
            ab=self.ab + d1 * self.bb,
            ba=self.ba + d2 * self.bb,
        )

    @property
    def difference(self) -> float:
        """Mean of the second group minus mean of the first."""
        return self.second.mean - self.first.mean

    @property
    def covariance(self) -> float:
        """Linearised covariance of the two means, √(f₁f₂) Σ(a₁−δ₁b₁)(a₂−δ₂b₂)/(W₁W₂), f = G/(G−1) of each group."""
        one, two = self.first, self.second
        d1, d2 = one.wx / one.w, two.wx / two.w
        products = self.aa - d2 * self.ab - d1 * self.ba + d1 * d2 * self.bb
        factor = np.sqrt(one.clusters / (one.clusters - 1) * two.clusters / (two.clusters - 1))
        return float(factor * products / (one.w * two.w))

    @property
    def difference_variance(self) -> float:
        """V₁ + V₂ − 2 Cov: the sum of both where no cluster is shared, that of the paired changes where all are."""
        parts = self.first.mean_variance + self.second.mean_variance
        variance = parts - 2 * self.covariance
        return variance if variance > ROUNDING * parts else 0.0

    @property
    def df(self) -> float:
        """Satterthwaite's degrees of freedom of V₁+V₂, at most (clusters in the union) − 1.

        A small group beside a large one has little more than its own; fully paired groups have G−1.
        """
        v1, v2 = self.first.mean_variance, self.second.mean_variance
        cap = float(self.clusters - 1)
        if v1 + v2 == 0.0:
            return cap
        return min((v1 + v2) ** 2 / (v1**2 / self.first.df + v2**2 / self.second.df), cap)


def _rows(x: ArrayLike, w: ArrayLike | None, cluster: ArrayLike | None) -> tuple[Floats, Floats, NDArray[np.intp]]:
    values = np.asarray(x, dtype=float)
    weights = np.ones(values.size) if w is None else np.asarray(w, dtype=float)
    given = np.arange(values.size) if cluster is None else cluster
    values, weights, labels, _ = _present(values, weights, given, np.ones(values.size))
    return values, weights, np.unique(labels, return_inverse=True)[1]


def _present(
    values: Floats, weights: Floats, cluster: ArrayLike, group: NDArray[np.generic]
) -> tuple[Floats, Floats, NDArray[np.generic], NDArray[np.generic]]:
    labels = np.asarray(cluster)
    if not values.shape == weights.shape == labels.shape == group.shape or values.ndim != 1:
        raise ValueError("values, weights, clusters and groups are flat arrays of one length")
    if not (np.isfinite(values).all() and np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError("values and weights are finite, weights not negative")
    kept = weights > 0
    return values[kept], weights[kept], labels[kept], group[kept]


def _cluster_sums(
    centred: Floats, weights: Floats, index: NDArray[np.intp], clusters: int = 0
) -> tuple[Floats, Floats]:
    a = np.bincount(index, weights * centred, clusters)
    b = np.bincount(index, weights, clusters)
    return np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
