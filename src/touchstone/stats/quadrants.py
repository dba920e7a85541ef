"""Importance against performance: which quadrant an item lies in, said only when the data agree with themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import NoEstimate
from touchstone.stats.gram import Array

Quadrant = Literal["fix first", "keep up", "low priority", "possible overkill"]

# indexed by 2·(importance above its cut) + (performance above its cut)
QUADRANTS: tuple[Quadrant, ...] = ("low priority", "possible overkill", "fix first", "keep up")
FEWEST_GROUPS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """An item's `quadrant`, or "undetermined"; `agreement` is the share of draws in its likeliest quadrant."""

    name: str
    quadrant: Quadrant | Literal["undetermined"]
    agreement: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quadrants:
    """All items, and where the map is cut: at the means of the items' performance and importance."""

    items: tuple[Placement, ...]
    performance_cut: float
    importance_cut: float
    method: str


def place(
    names: Sequence[str],
    performance: npt.ArrayLike,
    importance: npt.ArrayLike,
    performance_without: npt.ArrayLike,
    importance_without: npt.ArrayLike,
    *,
    agreement: float = 0.8,
    draws: int = 4000,
    seed: int = 1,
) -> Quadrants | NoEstimate:
    """Place p items by performance (more is better, one scale for all) and importance (shares of R²).

    `performance`, `importance`, shape (p,), are the estimates; `…_without`, shape (R, p), the same with each replicate
    group of customers left out, so that the covariance between the two, which come from the same answers, is in it.
    A draw is θ + √((R−1)/R) Σ_r g_r (θ_(r) − θ̄), g_r ~ N(0, 1), times √(ν/χ²_ν) with ν = R − 1: multivariate t with
    the jackknife covariance. Each draw has its own cuts at its means. An item is labelled when at least `agreement`
    of the draws put it into one quadrant. The labels depend on which items are asked: the cuts are relative.
    """
    p, groups = len(names), len(np.asarray(importance_without))
    values = [np.asarray(one, dtype=float) for one in (performance, importance)]
    without = [np.asarray(one, dtype=float) for one in (performance_without, importance_without)]
    shapes = {one.shape for one in values} | {one.shape for one in without}
    if shapes != {(p,), (groups, p)} or not 0.5 < agreement <= 1:
        raise BadDefinition("Every item needs a performance and an importance, and agreement is above one half.")
    theta, left = np.stack(values), np.stack(without, axis=1)
    if p < 2:
        return NoEstimate("one item has no others to be compared with", None)
    if groups < FEWEST_GROUPS:
        return NoEstimate(
            f"the customers fall into {groups} groups; a map needs at least {FEWEST_GROUPS}, so more customers", None
        )
    high = _draws(theta, left, draws, seed) > 0
    index = 2 * high[:, 1] + high[:, 0]
    shares = np.stack([(index == quadrant).mean(axis=0) for quadrant in range(4)])
    best = shares.argmax(axis=0)
    items = tuple(
        Placement(
            name=name,
            quadrant=QUADRANTS[best[j]] if shares[best[j], j] >= agreement else "undetermined",
            agreement=float(shares[best[j], j]),
        )
        for j, name in enumerate(names)
    )
    cuts = theta.mean(axis=1)
    method = f"{draws} draws from the jackknife covariance of {groups} groups, {agreement:.0%} agreement"
    return Quadrants(items=items, performance_cut=float(cuts[0]), importance_cut=float(cuts[1]), method=method)


def _draws(theta: Array, left: Array, draws: int, seed: int) -> Array:
    """Draws of performance and importance less their means over the items, shape (draws, 2, p)."""
    rng = np.random.default_rng(seed)
    groups = len(left)
    gaps = np.sqrt((groups - 1) / groups) * (left - left.mean(axis=0)).reshape(groups, -1)
    noise = rng.standard_normal((draws, groups)) @ gaps
    noise *= np.sqrt((groups - 1) / rng.chisquare(groups - 1, draws))[:, None]
    drawn = theta + noise.reshape(draws, *theta.shape)
    above: Array = drawn - drawn.mean(axis=2, keepdims=True)
    return above
