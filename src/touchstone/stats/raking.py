"""Raking from a table of cells instead of rows, and the error of what is then estimated; exact, whatever the size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from touchstone.stats.moments import Floats, Moments
from touchstone.stats.weights import Margin, MarginLine, median_weight, rake

TRIM = 5.0  # times the median weight


@dataclass(frozen=True, slots=True, eq=False)
class CellWeights:
    """By how much the weight of every answer in each cell is multiplied (`factors`), with the diagnosis.

    `base` is the sum of the weights in a cell beforehand, `controls` one 0/1 column per category of every margin.
    `largest` is the largest average weight of a cell in multiples of the median, `design_effect` Kish's figure,
    `trimmed` how many answers had their weight cut.
    """

    factors: Floats
    base: Floats
    controls: Floats
    margins: tuple[MarginLine, ...]
    largest: float
    design_effect: float
    trimmed: int


def rake_cells(
    counts: ArrayLike, base: ArrayLike, squares: ArrayLike, margins: Sequence[Margin], *, trim: float | None = TRIM
) -> CellWeights:
    """Rake cells with `counts` answers, weights adding up to `base` and their squares to `squares`.

    The categories of each margin have one entry per cell. Errors as for `weights.rake`.
    """
    n, d, dd = (np.asarray(values, dtype=float) for values in (counts, base, squares))
    weighting = rake(d, margins, trim=trim, counts=n)
    factors = weighting.weights / d
    return CellWeights(
        factors=factors,
        base=d,
        controls=weighting.controls,
        margins=weighting.margins,
        largest=float((weighting.weights / n).max() / median_weight(weighting.weights / n, n)),
        design_effect=float(n.sum() * (factors**2 @ dd) / weighting.weights.sum() ** 2),
        trimmed=weighting.trimmed,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Crossed:
    """Sums over people g of products with the final weight B_gc that g has in cell c (arrays over cells).

    `a` = Σ_g a_g B_gc and `b` = Σ_g b_g B_gc for the people's sums in one group of answers; `cells` = Σ_g B_gc B_gc'
    over all of them, and `people` how many they are.
    """

    a: Floats
    b: Floats
    cells: Floats
    people: int


def calibrated(m: Moments, wx: ArrayLike, w: ArrayLike, weights: CellWeights, crossed: Crossed) -> Moments:
    """The sums of one group under final weights, with the variance that knows the margins (Deville and Särndal 1992).

    Answer i counts for z_i = w_i e_i / W with e the residual of 1_D (x − μ_D) from a regression on the controls with
    the *design* weights, so that people outside the group D count too. `wx` and `w` are the group's sums of d(x−c) and
    d per cell. With h_c what the regression predicts in cell c and δ = μ_D − c,

    Σ_g t_g² = Σ_g (a_g − δ b_g)² − 2 Σ_c h_c Σ_g (a_g − δ b_g) B_gc + h'Σ_g B_g B_g' h, and Σ_g t_g = −Σ_c h_c W_c.

    The sums that come back are centred at their mean, so that their `mean_variance` is G/(G−1) Σ (t − t̄)² / W².
    """
    delta = m.wx / m.w
    root = np.sqrt(weights.base)
    wanted = (np.asarray(wx, dtype=float) - delta * np.asarray(w, dtype=float)) / root
    # margins are collinear (each sums to one), so by the pseudo-inverse
    coefficients = np.linalg.lstsq(weights.controls * root[:, None], wanted, rcond=None)[0]
    h = weights.controls @ coefficients
    own = m.aa - 2 * delta * m.ab + delta**2 * m.bb
    squares = own - 2 * float(h @ (crossed.a - delta * crossed.b)) + float(h @ crossed.cells @ h)
    squares -= float(h @ (weights.base * weights.factors)) ** 2 / crossed.people
    centred = m.centred(m.mean)
    if m.clusters > 1:  # the group's own G/(G−1) is put on later; that of all people is meant
        squares *= crossed.people / (crossed.people - 1) * (m.clusters - 1) / m.clusters
    return replace(centred, wx=0.0, aa=max(squares, 0.0), ab=0.0)
