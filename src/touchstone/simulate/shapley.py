"""Shares of explained variance by exact enumeration: the slow, plain oracle that the fast estimators are held to."""

from __future__ import annotations

from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_ITEMS: Final = 12


def lmg(correlation: Floats) -> tuple[Floats, float]:
    """LMG shares of p items (first rows and columns) in an outcome (the last), and R².

    LMG_j = Σ_{S not containing j} |S|!(p-|S|-1)!/p! (R²(S ∪ j) - R²(S)), R²(S) = r_S' R_SS⁻¹ r_S
    (Lindeman, Merenda and Gold 1980). The shares sum to R². Takes 2^p small solves, so p <= 12.
    """
    p = len(correlation) - 1
    if not 1 <= p <= MOST_ITEMS:
        raise ValueError(f"between 1 and {MOST_ITEMS} items can be enumerated, not {p}")
    explained = np.array([_r_squared(correlation, subset) for subset in range(2**p)])
    subsets = np.arange(2**p)
    size = sum((subsets >> item) & 1 for item in range(p))
    weight = np.array([1 / (p * comb(p - 1, k)) if k < p else 0.0 for k in range(p + 1)])[size]
    shares = np.empty(p)
    for item in range(p):
        without = subsets[(subsets >> item) & 1 == 0]
        shares[item] = (weight[without] * (explained[without | 1 << item] - explained[without])).sum()
    return shares, float(explained[-1])


def _r_squared(correlation: Floats, subset: int) -> float:
    items = [item for item in range(len(correlation) - 1) if subset >> item & 1]
    if not items:
        return 0.0
    r = correlation[items, -1]
    return float(r @ np.linalg.solve(correlation[np.ix_(items, items)], r))
