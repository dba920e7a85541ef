"""Many units, few answers each: scores drawn towards their average, how sure their order is, how far they spread.

Notation (Morris 1983): unit j of k has the mean Y_j with sampling variance V_j around its own θ_j, and the θ_j spread
around their average μ with variance A = τ². The precision of a unit is W_j = 1/(V_j + A).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincinv

from touchstone.core.estimate import Estimate, Measured
from touchstone.stats.means import few
from touchstone.stats.moments import ROUNDING, Floats, Moments, PairMoments, critical

FEWEST_UNITS = 4  # James and Stein's factor (k−3)/(k−1) takes four
DRAWS = 4000
_CELLS = 20_000_000  # units × draws held at once


@dataclass(frozen=True, slots=True, eq=False)
class Shrinkage:
    """Units drawn towards their average: `values` θ̂_j and `se` s_j, in the order given (shape (k,)).

    `factor` B̂_j says how far each went (0 stays, 1 becomes the average). `common` is the variance that all units share
    because the same people answer for several: it moves them all alike, so it is in `se` and not in their order.
    """

    values: Floats
    se: Floats
    factor: Floats
    average: float
    spread: float  # τ̂
    raw: Floats
    variances: Floats
    common: float = 0.0

    @property
    def units(self) -> int:
        """k."""
        return int(self.values.size)

    def limits(self, *, level: float = 0.95) -> tuple[Floats, Floats]:
        """θ̂_j ± z s_j (Morris 1983, eq. 1.15): as many of the *units* lie inside as the level says."""
        half = critical(level) * self.se
        return self.values - half, self.values + half

    def ranks(
        self, *, high_is_first: bool = True, level: float = 0.95, draws: int = DRAWS, seed: int = 1
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Between which ranks each unit lies (1 is the first), by `draws` of all θ_j ~ N(θ̂_j, s_j² − common).

        Each draw ranks every unit; the interval holds the middle `level` of its ranks. The same `seed` gives the same
        ranks.
        """
        generator = np.random.default_rng(seed)
        own = np.sqrt(np.maximum(self.se**2 - self.common, 0.0))
        drawn = max(min(draws, _CELLS // self.units), 400)
        theta = self.values + own * generator.standard_normal((drawn, self.units))
        places = np.argsort(np.argsort(-theta if high_is_first else theta, axis=1), axis=1) + 1
        tail = (1 - level) / 2
        low = np.quantile(places, tail, axis=0, method="lower")
        high = np.quantile(places, 1 - tail, axis=0, method="higher")
        return low.astype(np.intp), high.astype(np.intp)

    def consistency(self, *, n: int, unit: str, level: float = 0.95) -> Measured:
        """τ, the standard deviation of the units' own scores once the noise of few answers is taken off.

        The value solves Q(τ²) = k−1 with Q(τ²) = Σ W_j (Y_j − μ̂)²; its limits solve Q = χ²_{k−1} quantiles (Q-profile,
        Viechtbauer 2007). Where the units differ no more than chance would make them τ is 0, and the upper limit is
        that of units which differ just as chance makes them. Two units out of three lie within τ of the average.
        """
        tail = (1 - level) / 2
        low = _solved(self.raw, self.variances, chi_square(1 - tail, self.units - 1))
        high = _solved(self.raw, self.variances, chi_square(tail, self.units - 1))
        if self.spread == 0.0:
            high = _unseen(self.variances, chi_square(tail, self.units - 1))
        return Estimate(
            value=self.spread,
            low=min(sqrt(low), self.spread),
            high=max(sqrt(high), self.spread),
            se=(sqrt(high) - sqrt(low)) / (2 * critical(level)),
            n=n,
            effective_n=float(self.units),
            unit=unit,
            level=level,
            method=f"spread between {self.units} units, Q-profile",
            flags=(f"fewer than {_MANY} units",) if self.units < _MANY else (),
        )


_MANY = 10


def shrink(values: ArrayLike, variances: ArrayLike, *, common: float = 0.0) -> Shrinkage:
    """Empirical Bayes scores of k units from their means and sampling variances (Morris 1983, section 5).

    Â solves Σ W_j (Y_j − μ̂)² = k−1 with μ̂ = ΣW_jY_j/ΣW_j, and is 0 where that takes a negative one. Then
    B̂_j = (k−3)/(k−1) V_j/(V_j+Â), θ̂_j = Y_j − B̂_j (Y_j − μ̂), and

    s_j² = V_j (1 − (1 − W_j/ΣW) B̂_j) + 2/(k−3) B̂_j² (V̄+Â)/(V_j+Â) (Y_j − μ̂)²,

    where V̄ = ΣW_jV_j/ΣW_j: the second term is what not knowing Â costs. With equal variances this is James and Stein's
    estimator. Leans on means that are about normal and on units that are of one sort; a unit that is unlike the others
    is drawn towards them too. `common` is the part of every V_j that all units share (see `common_variance`).

    ValueError for fewer than four units, and for variances that are not positive.
    """
    y, v = np.asarray(values, dtype=float), np.asarray(variances, dtype=float)
    if y.shape != v.shape or y.ndim != 1 or not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0).all()):
        raise ValueError("units have a finite mean and a positive variance each")
    if y.size < FEWEST_UNITS:
        raise ValueError(f"it takes {FEWEST_UNITS} units")
    shared = min(max(common, 0.0), 0.9 * float(v.min()))
    own = v - shared
    k, a = y.size, _solved(y, own, y.size - 1.0)
    w = 1 / (own + a)
    mu = float(w @ y / w.sum())
    factor = (k - 3) / (k - 1) * own * w
    unsure = 2 / (k - 3) * factor**2 * (float(w @ own / w.sum()) + a) * w
    variance = own * (1 - (1 - w / w.sum()) * factor) + unsure * (y - mu) ** 2
    return Shrinkage(
        values=y - factor * (y - mu),
        se=np.sqrt(variance + shared),
        factor=factor,
        average=mu,
        spread=sqrt(a),
        raw=y,
        variances=own,
        common=shared,
    )


def unit_variances(units: Sequence[Moments]) -> Floats | None:
    """Sampling variance of each unit's mean, steady enough for units of one or two customers; None if none is seen.

    The variance of one answer σ² and the correlation ρ of two answers of one customer are pooled over the units, which
    makes V⁰_j = σ² (Σw² + ρ (Σ_g b_g² − Σw²)) / W². A unit's own clustered variance V_j counts with the credibility
    z_j = A/(A + 2/d_j), d_j its customers less one and A how much the ratios V_j/V⁰_j vary beyond luck (Bühlmann 1967):
    V⁰_j (1 + z_j (V_j/V⁰_j − 1)).
    """
    told = [m for m in units if m.clusters >= 2]
    if not told:
        return None
    w = np.array([m.w for m in told])
    own = np.array([m.mean_variance for m in told])
    sigma = float(np.sum([m.w * m.variance for m in told] + w * own) / w.sum())
    if sigma <= 0:
        return None
    flat = np.array([[m.ww, m.bb, m.w] for m in units])
    kept = np.array([m.clusters >= 2 for m in units])
    ww, bb, total = flat.T
    together = float(np.sum((bb - ww)[kept]))
    seen = float(np.sum(own * w**2)) / sigma - float(np.sum(ww[kept]))
    rho = min(max(seen / together, 0.0), 1.0) if together > ROUNDING * float(bb.sum()) else 0.0
    pooled = sigma * (ww + rho * (bb - ww)) / total**2
    ratio, df = own / pooled[kept], np.array([m.df for m in told], dtype=float)
    credible = np.zeros(len(units))
    credible[kept] = _credibility(ratio, df)
    ratios = np.ones(len(units))
    ratios[kept] = ratio
    return np.asarray(pooled * (1 + credible * (ratios - 1)))


def _credibility(ratio: Floats, df: Floats) -> Floats:
    room = float(df.sum() - (df @ df) / df.sum())
    if room <= 0:
        return np.zeros(df.size)
    gaps = float(df @ (ratio - float(df @ ratio / df.sum())) ** 2)
    between = max((gaps - 2 * (df.size - 1)) / room, 0.0)
    return np.asarray(between / (between + 2 / df))


def common_variance(crossed: float, units: Sequence[Moments]) -> float:
    """The average covariance of two units' means that comes of people who answer for both.

    `crossed` is Σ_g ((Σ_j r_gj)² − Σ_j r_gj²) over the people g, with r_gj = a_gj − δ_j b_gj the sum of what g's
    answers for unit j lie above that unit's mean. Divided by W² (1 − Σ_j (W_j/W)²); never negative.
    """
    w = np.array([m.w for m in units])
    pairs = float(w.sum() ** 2 - w @ w)
    return max(crossed / pairs, 0.0) if pairs > 0 else 0.0


def against_all(pair: PairMoments, variance: float, *, unit: str, level: float = 0.95) -> Estimate:
    """A unit's mean less that of all units together (`pair.first`), where `variance` is the unit's steady V_j.

    d ± t √(V_j + V − 2 Cov), clustered by the people who answered for several units: a unit of two who agree is not
    taken for sure. Student's t has the people of all units less one as degrees of freedom, as V_j is pooled.
    """
    own = pair.second.mean_variance if pair.second.clusters > 1 else 0.0
    shared = pair.covariance * sqrt(variance / own) if own > 0 else 0.0  # the correlation that was seen
    found = max(variance + pair.first.mean_variance - 2 * shared, 0.1 * variance)
    half, d = critical(level, pair.first.df) * sqrt(found), pair.difference
    worth = pair.second.effective_n if pair.second.clusters > 1 else 1.0
    return Estimate(
        value=d,
        low=d - half,
        high=d + half,
        se=sqrt(found),
        n=pair.second.n,
        effective_n=worth,
        unit=unit,
        level=level,
        method="difference to all units together",
        flags=few(worth),
    )


def chi_square(probability: float, df: float) -> float:
    """The quantile of χ² with `df` degrees of freedom."""
    return float(2 * gammaincinv(df / 2, probability))


def _excess(y: Floats, v: Floats, a: float) -> float:
    w = 1 / (v + a)
    return float(w @ (y - w @ y / w.sum()) ** 2)


def _solved(y: Floats, v: Floats, wanted: float) -> float:
    """The A at which Q(A) is `wanted`; 0 where Q(0) is less."""
    return _falling(lambda a: _excess(y, v, a), wanted, float(v.max()))


def _unseen(v: Floats, wanted: float) -> float:
    """The A at which Q would be `wanted` if the units differed just as chance makes them: (Y_j−μ)² = V_j (k−1)/k."""
    return _falling(lambda a: (v.size - 1) / v.size * float(np.sum(v / (v + a))), wanted, float(v.max()))


def _falling(q: Callable[[float], float], wanted: float, scale: float) -> float:
    """Where the falling function q reaches `wanted`, by halving; 0 where it begins below."""
    if q(0.0) <= wanted:
        return 0.0
    low, high = 0.0, scale
    while q(high) > wanted:
        low, high = high, 4 * high
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if q(middle) > wanted else (low, middle)
        if high - low <= 1e-14 * high:
            break
    return (low + high) / 2
