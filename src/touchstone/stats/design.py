"""Means and totals of samples drawn in strata and stages from a finite population, and calibrated to known totals.

Notation (Särndal, Swensson and Wretman 1992): weight w_i, first-stage stratum h with n_h sampled units of N_h, sampling
fraction f_h = n_h/N_h. A mean is a ratio of two totals, so its linearised value is z_i = w_i (y_i − μ̂)/Σw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.stats.means import few
from touchstone.stats.moments import Floats, critical

Labels = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of drawing: which `unit` each row came through, in which `stratum`, out of how many (`population`).

    All are arrays with one entry per row. `population` holds the number of units in the row's stratum (for a later
    stage: in the unit drawn before) and brings the finite population correction; without it units count as drawn
    with replacement, and later stages add nothing.
    """

    unit: ArrayLike
    stratum: ArrayLike | None = None
    population: ArrayLike | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Final weights, and the variables (rows × k) whose totals they meet; for margins, one 0/1 column per category."""

    weights: ArrayLike
    controls: ArrayLike


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyResult:
    """A design-based number with its variance: what an `Estimate` is made of, and the design effect beside it."""

    value: float
    variance: float
    design_effect: float | None  # None for totals
    n: int
    df: int

    def estimate(self, *, unit: str, level: float = 0.95) -> Measured:
        """value ± t_df √V. `effective_n` is n / design effect, for a total n."""
        if self.df < 1:
            return NoEstimate("the sample has one unit per stratum; it takes a second in at least one of them", self.n)
        if self.variance <= 0:
            return NoEstimate(f"all {self.n} answers are equal or known, so there is no spread to measure", self.n)
        se = sqrt(self.variance)
        half = critical(level, self.df) * se
        effective_n = self.n / (self.design_effect or 1.0)
        return Estimate(
            value=self.value,
            low=self.value - half,
            high=self.value + half,
            se=se,
            n=self.n,
            effective_n=effective_n,
            unit=unit,
            level=level,
            method="design-based, linearised",
            flags=few(effective_n),
        )


def survey_mean(
    y: ArrayLike,
    weights: ArrayLike,
    stages: Sequence[Stage],
    *,
    calibration: Calibration | None = None,
    among: ArrayLike | None = None,
) -> SurveyResult:
    """Weighted mean of y, over the rows where `among` holds, with its variance under the design.

    `weights` are the design weights (one over the chance of being drawn). With a `calibration` the mean uses its final
    weights, and each y−μ̂ is replaced by its residual from a regression on the controls *with the design weights*
    (Deville and Särndal 1992). The design effect compares with a simple random sample of the same size, drawn without
    replacement where the first stage knows its population.
    """
    values, base, final, inside = _rows(y, weights, calibration, among)
    total = float(final[inside].sum())
    if total <= 0:
        raise BadDefinition("No row with a weight is left to average.", hint="check the condition and the weights.")
    mean = float(final[inside] @ values[inside]) / total
    centred = np.where(inside, values - mean, 0.0) / total
    variance = total_variance(final * _residual(centred, base, calibration), stages)
    n = int(inside.sum())
    spread = float(final[inside] @ (values[inside] - mean) ** 2) / total * n / max(n - 1, 1)
    finite = 1 - n / total if stages[0].population is not None and total > n else 1.0
    effect = variance / (spread / n * finite) if spread > 0 else 1.0
    return SurveyResult(value=mean, variance=variance, design_effect=effect, n=n, df=_df(stages[0], inside))


def survey_total(
    y: ArrayLike,
    weights: ArrayLike,
    stages: Sequence[Stage],
    *,
    calibration: Calibration | None = None,
    among: ArrayLike | None = None,
) -> SurveyResult:
    """Estimated population total Σw y, with its variance under the design; arguments as for `survey_mean`."""
    values, base, final, inside = _rows(y, weights, calibration, among)
    counted = np.where(inside, values, 0.0)
    variance = total_variance(final * _residual(counted, base, calibration), stages)
    n = int(inside.sum())
    return SurveyResult(
        value=float(final @ counted), variance=variance, design_effect=None, n=n, df=_df(stages[0], inside)
    )


def total_variance(z: Floats, stages: Sequence[Stage]) -> float:
    """Variance of Σz over the stages: Σ_h (1−f_h) n_h/(n_h−1) Σ_g (t_hg − t̄_h)², plus f_h times that of the next stage.

    t_hg is the sum of z over unit g. A unit drawn with certainty adds nothing. Raises `BadDefinition` for a stratum
    with a single unit that was not certain, as no spread can be seen there.
    """
    return _variance(z, stages, np.ones(z.size), np.zeros(z.size, dtype=np.intp))


def _variance(z: Floats, stages: Sequence[Stage], factor: Floats, within: NDArray[np.intp]) -> float:
    stage = stages[0]
    stratum = _nested(within, np.zeros(z.size) if stage.stratum is None else np.asarray(stage.stratum))
    unit = _nested(stratum, np.asarray(stage.unit))
    sums = np.bincount(unit, z)
    first = np.unique(unit, return_index=True)[1]
    of_unit = stratum[first]  # the stratum of each unit
    n = np.bincount(of_unit)
    fraction = _fraction(stage, stratum, n)
    lonely = (n == 1) & (fraction < 1)
    if lonely.any():
        raise BadDefinition(
            f"{int(lonely.sum())} strata hold a single sampled unit, so their spread is unknown.",
            hint="merge each with a similar stratum.",
        )
    gaps = sums - (np.bincount(of_unit, sums) / n)[of_unit]
    squares = np.bincount(of_unit, gaps**2)
    # `factor` is the product of the sampling fractions of the stages before, the same within a stratum
    lead = factor[np.unique(stratum, return_index=True)[1]]
    variance = float(np.sum(lead * (1 - fraction) * n / np.maximum(n - 1, 1) * squares))
    if len(stages) == 1 or stage.population is None:
        return variance
    return variance + _variance(z, stages[1:], factor * fraction[stratum], unit)


def _fraction(stage: Stage, stratum: NDArray[np.intp], n: NDArray[np.intp]) -> Floats:
    if stage.population is None:
        return np.zeros(n.size)
    population = np.asarray(stage.population, dtype=float)
    of_stratum = population[np.unique(stratum, return_index=True)[1]]
    if (of_stratum[stratum] != population).any():
        raise BadDefinition("The population of a stratum must be the same in all its rows.")
    if (of_stratum < n).any():
        raise BadDefinition(
            "More units were sampled than their stratum holds.", hint="the population counts units, not rows."
        )
    return np.asarray(n / of_stratum, dtype=float)


def _nested(outer: NDArray[np.intp], inner: Labels) -> NDArray[np.intp]:
    codes = np.unique(inner, return_inverse=True)[1]
    return np.asarray(np.unique(outer * (codes.max() + 1) + codes, return_inverse=True)[1])


def _residual(values: Floats, base: Floats, calibration: Calibration | None) -> Floats:
    if calibration is None:
        return values
    root = np.sqrt(base)
    controls = np.asarray(calibration.controls, dtype=float)
    # least squares by the pseudo-inverse: margins are collinear (each sums to one)
    coefficients = np.linalg.lstsq(controls * root[:, None], values * root, rcond=None)[0]
    return np.asarray(values - controls @ coefficients)


def _rows(
    y: ArrayLike, weights: ArrayLike, calibration: Calibration | None, among: ArrayLike | None
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    values, base = np.asarray(y, dtype=float), np.asarray(weights, dtype=float)
    final = base if calibration is None else np.asarray(calibration.weights, dtype=float)
    inside = np.ones(values.size, dtype=bool) if among is None else np.asarray(among, dtype=bool)
    if not values.shape == base.shape == final.shape == inside.shape or values.ndim != 1:
        raise ValueError("values, weights and conditions are flat arrays of one length")
    return values, base, final, inside


def _df(stage: Stage, inside: NDArray[np.bool_]) -> int:
    """Sampled units minus strata, counted where the domain has rows."""
    strata = np.zeros(inside.size) if stage.stratum is None else np.asarray(stage.stratum)
    stratum = np.unique(strata[inside], return_inverse=True)[1]
    unit = _nested(stratum, np.asarray(stage.unit)[inside])
    return int(unit.max(initial=-1) - stratum.max(initial=-1))
