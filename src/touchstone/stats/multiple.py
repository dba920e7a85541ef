"""Many tests at once: p-values adjusted so that few of the findings are false."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from touchstone.stats.moments import Floats


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjusted p-values, in the order given: p̃_(i) = min over j ≥ i of min(1, m p_(j)/j) (Benjamini, Hochberg 1995).

    Calling everything with p̃ ≤ q a finding keeps the expected share of false ones at or below q, for independent
    (and positively dependent) tests. Raises ValueError for anything that is not a probability.
    """
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values are a flat array of numbers from 0 to 1")
    order = np.argsort(p)
    ranks = np.arange(1, p.size + 1)
    stepped = np.minimum.accumulate((p[order] * p.size / ranks)[::-1])[::-1]
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
