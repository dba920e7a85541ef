"""Which items of a questionnaire go with its outcome, and how strongly: shares of R², with signs and intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import factorial
from typing import Literal

import numpy as np
from scipy.special import stdtrit

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.stats.gram import Array, Gram, Grams

Method = Literal["LMG", "Johnson"]
Items = Mapping[str, tuple[str, ...]] | Sequence[str]

MOST_PLAYERS = 15  # 2^15 subsets; above that Johnson's weights stand in for LMG
ANSWERS_PER_COLUMN = 5
FEWEST_GROUPS = 10
HIGH_VIF = 5.0
_CELLS = 1 << 21  # subsets times replicates held in memory at once


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Importance:
    """What one Gram says about the items; every array has shape (p,), in the order of `items`.

    `share`: part of R² that goes to the item (LMG, else Johnson); sums to `r2`. Has no sign and proves no cause.
    `coefficient`: change of the outcome per unit of the item, the others held equal. `standardised`: both in standard
    deviations. `effect`: change of the outcome per standard deviation of the item. `correlation`: with the outcome,
    alone; a foil, not an importance. `vif`: variance inflation, [R⁻¹]_jj; for an item of several columns the
    generalised one, det(R_gg) det([R⁻¹]_gg) (Fox and Monette 1992). `condition`: √(λ_max/λ_min) of the items'
    correlations. `dropped`: columns that repeat others or never vary. An item of several columns is one player of the
    game, and its coefficient that of its first column.
    """

    outcome: str
    items: tuple[str, ...]
    method: Method
    n: int
    r2: float
    share: Array
    coefficient: Array
    standardised: Array
    effect: Array
    correlation: Array
    vif: Array
    condition: float
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One item: its `share` of R² (0 to 1) and `percent` of R², signed effects (see `Importance`), and rank.

    `rank` 1 is the largest share; the true rank lies in `rank_low` … `rank_high` at the level asked for.
    """

    name: str
    share: Measured
    percent: Measured
    coefficient: Measured
    standardised: Measured
    effect: Measured
    rank: int
    rank_low: int
    rank_high: int
    vif: float
    correlation: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Drivers:
    """All items with intervals. `replicates`, shape (R, p): the shares with each group of customers left out."""

    outcome: str
    r2: Measured
    items: tuple[Driver, ...]
    method: Method
    n: int
    effective_n: float
    condition: float
    dropped: tuple[str, ...]
    replicates: Array


def importances(gram: Gram, outcome: str, items: Items) -> Importance | NoEstimate:
    """LMG of Lindeman, Merenda and Gold (1980), the Shapley value of R², and all that should stand beside it.

    LMG_j = Σ_{S ⊆ −j} |S|! (p−|S|−1)! / p! · [R²(S ∪ j) − R²(S)], exact over all subsets for p ≤ 15 items.
    Above that Johnson's (2000) relative weights: R = UΛU', L = UΛ^½U', b = L⁻¹r, ε_j = Σ_k L_jk² b_k².
    R² of a sample is too high by about (1 − R²)p/n, and the shares with it.
    """
    chosen = _choose([gram], outcome, _players(items))
    if isinstance(chosen, NoEstimate):
        return chosen
    players, dropped = chosen
    return _importance(gram, _measure(_stack(gram), outcome, players), outcome, players, dropped)


def importances_with_intervals(
    grams: Grams, outcome: str, items: Items, *, level: float = 0.95, unit: str = "points"
) -> Drivers | NoEstimate:
    """`importances` with intervals by the delete-a-group jackknife over replicate groups of whole customers.

    V = (R−1)/R Σ_r (θ_(r) − θ̄)², t with R − 1 degrees of freedom (Kott 2001). `unit` is that of the outcome.
    """
    filled = grams.filled()
    if len(filled.w) < FEWEST_GROUPS:
        return _too_few_groups(len(filled.w), int(filled.n.sum()))
    return importances_from(filled.total(), filled.without_each(), outcome, items, level=level, unit=unit)


def importances_from(
    whole: Gram,
    without: Grams,
    outcome: str,
    items: Items,
    *,
    level: float = 0.95,
    unit: str = "points",
    moments: str = "",
) -> Drivers | NoEstimate:
    """As `importances_with_intervals`, from the moments of everyone and, stacked, those with each group left out.

    For moments that do not subtract, as those that `missing.fit` gives; `moments` names their kind in `method`.
    """
    if len(without.w) < FEWEST_GROUPS:
        return _too_few_groups(len(without.w), whole.n)
    chosen = _choose([whole, *_each(without)], outcome, _players(items))
    if isinstance(chosen, NoEstimate):
        return chosen
    players, dropped = chosen
    full = _importance(whole, _measure(_stack(whole), outcome, players), outcome, players, dropped)
    jackknife = _Jackknife(
        left=_measure(without, outcome, players),
        level=level,
        n=whole.n,
        effective_n=_effective_n(whole, without, outcome),
        method=", ".join(filter(None, [full.method, moments, f"delete-a-group jackknife ({len(without.w)} groups)"])),
    )
    return _drivers(full, jackknife, unit)


def _too_few_groups(groups: int, n: int) -> NoEstimate:
    return NoEstimate(
        f"the customers fall into {groups} groups; an interval needs at least {FEWEST_GROUPS}, so more customers", n
    )


# --- choosing columns -----------------------------------------------------------------------------------------------


def _players(items: Items) -> dict[str, tuple[str, ...]]:
    players: dict[str, tuple[str, ...]] = (
        dict(items) if isinstance(items, Mapping) else {name: (name,) for name in items}
    )
    columns = [column for group in players.values() for column in group]
    if not all(players.values()) or len(set(columns)) != len(columns):
        raise BadDefinition("Every item needs columns of its own.", hint="list each column under one item.")
    return players


def _choose(
    grams: Sequence[Gram], outcome: str, players: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]] | NoEstimate:
    """The items as they can be told apart in every one of `grams`, and the columns that cannot."""
    columns = [column for group in players.values() for column in group]
    whole = grams[0]
    needed = ANSWERS_PER_COLUMN * max(len(columns), 2)
    if whole.n < needed:
        return NoEstimate(f"{len(players)} items need at least {needed} answers; there are {whole.n}", whole.n)
    if any(gram.rank([outcome]).dropped for gram in grams):
        return NoEstimate(f"'{outcome}' hardly varies, so nothing can go with it", whole.n)
    lost = {name for gram in grams for name in gram.rank(columns).dropped}
    # without its first column an item has no coefficient of its own, so it leaves as a whole
    kept = {
        name: tuple(column for column in group if column not in lost)
        for name, group in players.items()
        if group[0] not in lost
    }
    if not kept:
        return NoEstimate("none of the items varies between answers", whole.n)
    used = {column for group in kept.values() for column in group}
    return kept, tuple(column for column in columns if column not in used)


def _stack(gram: Gram) -> Grams:
    return Grams(
        columns=gram.columns, n=np.array([gram.n]), w=np.array([gram.w]), mean=gram.mean[None], cross=gram.cross[None]
    )


def _each(grams: Grams) -> list[Gram]:
    return [
        Gram(columns=grams.columns, n=int(n), w=float(w), mean=mean, cross=cross)
        for n, w, mean, cross in zip(grams.n, grams.w, grams.mean, grams.cross, strict=True)
    ]


# --- the numbers, for a whole stack of Grams at once ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Measures:
    """For B Grams at once: `r2` (B,), all else (B, p)."""

    r2: Array
    share: Array
    coefficient: Array
    standardised: Array
    effect: Array


def _measure(grams: Grams, outcome: str, players: Mapping[str, tuple[str, ...]]) -> _Measures:
    columns = [column for group in players.values() for column in group]
    sizes = [len(group) for group in players.values()]
    part = grams.submatrix([*columns, outcome])
    deviation = np.sqrt(np.diagonal(part.cross, axis1=1, axis2=2))
    correlation = part.cross / (deviation[:, :, None] * deviation[:, None, :])
    spread = deviation / np.sqrt(part.w)[:, None]
    beta = np.linalg.solve(correlation[:, :-1, :-1], correlation[:, :-1, -1:])[..., 0]
    first = np.cumsum([0, *sizes[:-1]])
    share = lmg(correlation, sizes) if len(sizes) <= MOST_PLAYERS else johnson(correlation, sizes)
    effect = beta * spread[:, -1:]
    return _Measures(
        r2=(beta * correlation[:, :-1, -1]).sum(axis=1),
        share=share,
        coefficient=(effect / spread[:, :-1])[:, first],
        standardised=beta[:, first],
        effect=effect[:, first],
    )


def lmg(correlation: Array, sizes: Sequence[int]) -> Array:
    """Shapley shares of R², shape (B, p), of correlations (B, c+1, c+1) whose last column is the outcome.

    `sizes` gives how many consecutive columns each of the p players owns (sums to c).
    """
    p = len(sizes)
    weights = np.array([factorial(s) * factorial(p - s - 1) / factorial(p) for s in range(p)])
    members = np.array([index.bit_count() for index in range(1 << p >> 1)])
    step = max(1, _CELLS >> p)
    shares = []
    for start in range(0, len(correlation), step):
        explained = 1.0 - _unexplained(correlation[start : start + step], sizes)
        gains = []
        for j in range(p):
            # subsets are numbered with the first player as the highest bit
            pairs = explained.reshape(len(explained), 1 << j, 2, 1 << (p - 1 - j))
            gain = (pairs[:, :, 1] - pairs[:, :, 0]).reshape(len(explained), -1)
            gains.append(gain @ weights[members])
        shares.append(np.stack(gains, axis=1))
    return np.concatenate(shares)


def _unexplained(correlation: Array, sizes: Sequence[int]) -> Array:
    """1 − R² of the outcome on every subset of players, shape (B, 2^p).

    One player at a time every matrix becomes two: without the player (its rows and columns go) and with it (they are
    swept out, a Schur complement). So each subset costs one small update and not a regression of its own.
    """
    matrices = correlation[:, None]
    for size in sizes:
        swept = matrices
        for _ in range(size):
            pivot = swept[..., :1, :1]
            # a column that the subset already contains adds nothing
            inverse = np.where(pivot > 1e-12, 1.0 / np.where(pivot > 1e-12, pivot, 1.0), 0.0)
            swept = swept[..., 1:, 1:] - swept[..., 1:, :1] * (swept[..., :1, 1:] * inverse)
        both = np.stack([matrices[..., size:, size:], swept], axis=2)
        matrices = both.reshape(len(both), -1, *both.shape[3:])
    unexplained: Array = matrices[..., 0, 0]
    return unexplained


def johnson(correlation: Array, sizes: Sequence[int]) -> Array:
    """Johnson's (2000) relative weights, shape (B, p); arguments as for `lmg`. A player's columns are added up."""
    values, vectors = np.linalg.eigh(correlation[:, :-1, :-1])
    root = np.sqrt(np.clip(values, 1e-300, None))
    loadings = (vectors * root[:, None, :]) @ vectors.transpose(0, 2, 1)
    inward = (vectors / root[:, None, :]) @ vectors.transpose(0, 2, 1)
    b = inward @ correlation[:, :-1, -1:]
    weights = (loadings**2 @ b**2)[..., 0]
    shares: Array = np.add.reduceat(weights, np.cumsum([0, *sizes[:-1]]), axis=1)
    return shares


def _importance(
    gram: Gram, measures: _Measures, outcome: str, players: Mapping[str, tuple[str, ...]], dropped: tuple[str, ...]
) -> Importance:
    columns = [column for group in players.values() for column in group]
    correlation = gram.submatrix([*columns, outcome]).correlation
    within = correlation[:-1, :-1]
    inverse = np.linalg.inv(within)
    ends = np.cumsum([len(group) for group in players.values()])
    blocks = [slice(end - len(group), end) for end, group in zip(ends, players.values(), strict=True)]
    eigenvalues = np.linalg.eigvalsh(within)
    return Importance(
        outcome=outcome,
        items=tuple(players),
        method="LMG" if len(players) <= MOST_PLAYERS else "Johnson",
        n=gram.n,
        r2=float(measures.r2[0]),
        share=measures.share[0],
        coefficient=measures.coefficient[0],
        standardised=measures.standardised[0],
        effect=measures.effect[0],
        correlation=correlation[[block.start for block in blocks], -1],
        vif=np.array([np.linalg.det(within[b, b]) * np.linalg.det(inverse[b, b]) for b in blocks]),
        condition=float(np.sqrt(eigenvalues[-1] / eigenvalues[0])),
        dropped=dropped,
    )


# --- intervals ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Jackknife:
    """The measures with each group left out, and what all intervals share."""

    left: _Measures
    level: float
    n: int
    effective_n: float
    method: str

    @property
    def quantile(self) -> float:
        return float(stdtrit(len(self.left.r2) - 1, 0.5 + self.level / 2))

    def measured(
        self,
        value: float,
        left: Array,
        unit: str,
        *,
        lowest: float = -np.inf,
        highest: float = np.inf,
        flags: tuple[str, ...] = (),
    ) -> Measured:
        se = float(np.sqrt(_variance(left)))
        if se <= 1e-12 * max(1.0, abs(value)):
            return NoEstimate("it is the same in every group of customers, so its uncertainty cannot be told", self.n)
        half = self.quantile * se
        held = min(max(value, lowest), highest)
        return Estimate(
            value=held,
            low=max(value - half, lowest),
            high=min(value + half, highest),
            se=se,
            n=self.n,
            effective_n=self.effective_n,
            unit=unit,
            level=self.level,
            method=self.method,
            grade="correlation only",
            flags=flags,
        )


def _variance(left: Array) -> Array:
    """(R−1)/R Σ_r (θ_(r) − θ̄)² over the first axis."""
    groups = len(left)
    variance: Array = (groups - 1) / groups * ((left - left.mean(axis=0)) ** 2).sum(axis=0)
    return variance


def _effective_n(whole: Gram, without: Grams, outcome: str) -> float:
    """What the answers are worth for the mean of the outcome: n over its design effect, at most n."""
    single = whole.submatrix([outcome])
    clustered = float(_variance(without.submatrix([outcome]).mean)[0])
    plain = float(single.covariance[0, 0]) / whole.n
    return whole.n * min(1.0, plain / clustered) if clustered > 0 else float(whole.n)


def _drivers(full: Importance, jackknife: _Jackknife, unit: str) -> Drivers:
    left = jackknife.left
    r2 = jackknife.measured(full.r2, left.r2, "R²", lowest=0.0, highest=1.0)
    low, high = _rank_intervals(full.share, left.share, jackknife.level)
    order = np.argsort(np.argsort(-full.share, kind="stable"), kind="stable") + 1
    items = tuple(
        _driver(full, jackknife, j, unit=unit, r2=r2, ranks=(int(order[j]), int(low[j]), int(high[j])))
        for j in range(len(full.items))
    )
    return Drivers(
        outcome=full.outcome,
        r2=r2,
        items=items,
        method=full.method,
        n=full.n,
        effective_n=jackknife.effective_n,
        condition=full.condition,
        dropped=full.dropped,
        replicates=left.share,
    )


def _driver(
    full: Importance, jackknife: _Jackknife, j: int, *, unit: str, r2: Measured, ranks: tuple[int, int, int]
) -> Driver:
    left = jackknife.left
    flags = (f"hard to tell apart from other items (VIF {full.vif[j]:.1f})",) if full.vif[j] > HIGH_VIF else ()
    percent: Measured = NoEstimate("the items together explain no more than chance would", full.n)
    if isinstance(r2, Estimate) and r2.low > 0:
        percent = jackknife.measured(
            100 * full.share[j] / full.r2, 100 * left.share[:, j] / left.r2, "%", lowest=0.0, highest=100.0
        )
    return Driver(
        name=full.items[j],
        share=jackknife.measured(full.share[j], left.share[:, j], "R²", lowest=0.0, highest=1.0),
        percent=percent,
        coefficient=jackknife.measured(full.coefficient[j], left.coefficient[:, j], f"{unit} per unit", flags=flags),
        standardised=jackknife.measured(full.standardised[j], left.standardised[:, j], "", flags=flags),
        effect=jackknife.measured(full.effect[j], left.effect[:, j], f"{unit} per standard deviation", flags=flags),
        rank=ranks[0],
        rank_low=ranks[1],
        rank_high=ranks[2],
        vif=float(full.vif[j]),
        correlation=float(full.correlation[j]),
    )


def _rank_intervals(share: Array, left: Array, level: float) -> tuple[Array, Array]:
    """Lowest and highest rank each item may have, from its differences to the other p − 1 items.

    Item k is surely above j when the interval of their difference excludes 0; the differences of one item hold
    together (Bonferroni over p − 1), so its rank is covered (Mogstad, Romano, Shaikh and Wilhelm 2024).
    """
    p, groups = len(share), len(left)
    if p == 1:
        return np.ones(1), np.ones(1)
    gap = share[None, :] - share[:, None]
    spread = np.sqrt(_variance(left[:, None, :] - left[:, :, None]))
    critical = float(stdtrit(groups - 1, 1 - (1 - level) / (2 * (p - 1))))
    above = (gap > critical * spread).sum(axis=1)
    below = (gap < -critical * spread).sum(axis=1)
    return 1.0 + above, p - 1.0 * below
