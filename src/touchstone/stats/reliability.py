"""How reliably several items measure one thing: Cronbach's alpha with an interval that knows repeat customers."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.stats.means import few
from touchstone.stats.replicates import jackknife


def cronbach_alpha(sums: ArrayLike, items: int, *, n: int, level: float = 0.95) -> Measured:
    """α = k/(k−1) (1 − Σ_j s_j²/s_T²) of k items with variances s_j² and a total of variance s_T² (Cronbach 1951).

    `sums` has a row per group of customers: w, Σwx_1 … Σwx_k, Σwx_1² … Σwx_k², Σwt, Σwt². The interval leaves out one
    group at a time, on the scale ln(1−α), where α is nearer to normal (Feldt 1965 has the law of 1−α for normal items):
    1 − (1−α) exp(±t √V).
    """
    if n < 2:
        return NoEstimate("reliability takes at least two people who answer every item", n)
    folded = jackknife(sums, lambda each: np.log(_unreliable(each, items)))
    told = folded.estimate(0, n=n, unit="", level=level)
    if isinstance(told, NoEstimate):
        return replace(told, reason=told.reason.replace("the number", "the items do not vary, or the number"))
    left = exp(told.value)
    return Estimate(
        value=1 - left,
        low=1 - exp(told.high),
        high=1 - exp(told.low),
        se=left * told.se,
        n=n,
        effective_n=told.effective_n,
        unit="alpha",
        level=level,
        method=f"Cronbach's alpha, {told.method}",
        flags=few(told.effective_n),
    )


def _unreliable(sums: NDArray[np.float64], items: int) -> NDArray[np.float64]:
    """1 − α from sums along the last axis."""
    w = sums[..., :1]
    first, second = sums[..., 1 : items + 1], sums[..., items + 1 : 2 * items + 1]
    variances = (second / w - (first / w) ** 2).sum(axis=-1)
    total = sums[..., -1] / w[..., 0] - (sums[..., -2] / w[..., 0]) ** 2
    alpha = items / (items - 1) * (1 - variances / total)
    return np.asarray(1 - alpha)
