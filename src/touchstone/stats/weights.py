"""Weights that make a sample look like its population: raking, post-stratification, regression; and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchstone.core.errors import BadDefinition
from touchstone.stats.design import Calibration
from touchstone.stats.moments import Floats

TOLERANCE = 1e-10  # largest relative miss of a margin
ROUNDS = 500
SMALLEST_CELL = 20  # answers a cell needs to be weighted on its own
TRIM_ROUNDS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Margin:
    """A known distribution: the category of each row, and how many of the population (or which part) are in each."""

    name: str
    categories: ArrayLike
    population: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class MarginLine:
    """One category of a margin: what the sample held, what it should, and what it holds after weighting (weights)."""

    margin: str
    category: str
    n: int
    before: float
    target: float
    after: float


@dataclass(frozen=True, slots=True, eq=False)
class Weighting:
    """Final weights with their diagnosis. `trimmed` counts rows whose weight was cut."""

    weights: Floats
    controls: Floats
    margins: tuple[MarginLine, ...]
    trimmed: int = 0

    @property
    def design_effect(self) -> float:
        """Kish's planning figure for what unequal weights cost (see `kish`)."""
        return kish(self.weights)

    @property
    def largest(self) -> float:
        """The largest weight in multiples of the median one."""
        return float(self.weights.max() / np.median(self.weights))

    @property
    def calibration(self) -> Calibration:
        """What `design.survey_mean` needs for a standard error that knows the margins."""
        return Calibration(self.weights, self.controls)


def kish(weights: ArrayLike) -> float:
    """n Σw² / (Σw)²: the variance lost to unequal weights if they had nothing to do with the answers (Kish 1965)."""
    w = np.asarray(weights, dtype=float)
    return float(w.size * (w @ w) / w.sum() ** 2)


def rake(
    base: ArrayLike, margins: Sequence[Margin], *, trim: float | None = None, counts: ArrayLike | None = None
) -> Weighting:
    """Scale `base` weights to each margin in turn until all hold (Deming and Stephan 1940).

    With `trim`, weights above `trim` times the median are cut and the rest raked again, until none is above. Rows may
    be cells of a table: then `counts` says how many answers each holds, `base` the sum of their weights, and the weight
    that is cut is that of a cell's average answer. Stops at a relative miss of 1e-10. Raises `BadDefinition`, naming
    the margin, for a category without answers or without a population, for margins of different totals, and where 500
    rounds (or 50 cuts) are not enough.
    """
    start = _weights(base)
    held = np.ones(start.size) if counts is None else np.asarray(counts, dtype=float)
    checked = [_coded(margin, start) for margin in margins]
    _same_total(margins)
    weights, cut = _raked(start, checked), np.zeros(start.size, dtype=bool)
    for _ in range(TRIM_ROUNDS if trim is not None else 0):
        cap = (trim or 0.0) * median_weight(weights / held, held)
        above = weights / held > cap * (1 + 1e-9)
        if not above.any():
            break
        cut |= above
        weights = _raked(np.minimum(weights, cap * held), checked)
    else:
        if trim is not None:
            raise BadDefinition(
                f"No weights within {trim:g} times the median meet these margins.",
                hint="merge small categories, drop a margin or allow larger weights.",
            )
    return _weighting(start, weights, margins, checked, int(held[cut].sum()), held)


def median_weight(weights: Floats, counts: Floats) -> float:
    """The median of weights of which `counts` says how many answers have each."""
    order = np.argsort(weights)
    upto = np.cumsum(counts[order])
    middle = np.searchsorted(upto, [upto[-1] / 2, upto[-1] / 2 + 0.5])
    return float(weights[order[np.minimum(middle, weights.size - 1)]].mean())


def post_stratify(base: ArrayLike, cells: Margin, *, least: int = SMALLEST_CELL) -> Weighting:
    """Scale `base` weights so that each cell of one (joint) margin has its population total.

    Raises `BadDefinition` for a cell with fewer than `least` answers: its weight would be mostly luck.
    """
    start = _weights(base)
    coded = _coded(cells, start)
    counts = np.bincount(coded.codes, minlength=coded.targets.size)
    if (counts < least).any():
        small = ", ".join(f"{coded.names[i]} ({counts[i]})" for i in np.flatnonzero(counts < least))
        raise BadDefinition(
            f"Cells of '{cells.name}' have fewer than {least} answers: {small}.",
            hint="merge them with similar cells, or rake to the margins instead.",
        )
    return _weighting(start, _raked(start, [coded]), [cells], [coded], 0)


def regression_weights(base: ArrayLike, controls: ArrayLike, totals: ArrayLike) -> Weighting:
    """Weights w = d(1 + x'λ) that meet the totals of any variables x (linear calibration; Deville and Särndal 1992).

    λ = (Σ d x x')⁻¹ (totals − Σ d x). `controls` is rows × k and should hold a column of ones. Raises `BadDefinition`
    where the controls are collinear, or a weight would be negative.
    """
    d, x, wanted = _weights(base), np.asarray(controls, dtype=float), np.asarray(totals, dtype=float)
    scaled = x / np.abs(x).max(axis=0)
    gram = scaled.T @ (scaled * d[:, None])
    if np.linalg.matrix_rank(gram) < gram.shape[0]:
        raise BadDefinition("One of the controls follows from the others.", hint="leave it out.")
    gap = wanted / np.abs(x).max(axis=0) - scaled.T @ d
    weights = d * (1 + scaled @ np.linalg.solve(gram, gap))
    if (weights < 0).any():
        raise BadDefinition(
            "The totals are so far from the sample that some weights would be negative.",
            hint="check the totals, or rake to margins instead.",
        )
    lines = tuple(
        MarginLine(f"control {k + 1}", "total", d.size, float(d @ x[:, k]), float(wanted[k]), float(weights @ x[:, k]))
        for k in range(x.shape[1])
    )
    return Weighting(weights, x, lines)


@dataclass(frozen=True, slots=True, eq=False)
class _Coded:
    name: str
    names: list[str]
    codes: NDArray[np.intp]
    targets: Floats


def _coded(margin: Margin, base: Floats) -> _Coded:
    rows = np.asarray(margin.categories).astype(str)
    if rows.shape != base.shape:
        raise ValueError(f"margin '{margin.name}' has {rows.size} categories for {base.size} weights")
    names = sorted(margin.population)
    targets = np.array([margin.population[name] for name in names], dtype=float)
    if unknown := sorted(set(rows.tolist()) - set(names)):
        raise BadDefinition(
            f"Margin '{margin.name}' gives no population for {', '.join(unknown)}.",
            hint="add it to the margin, or set these rows aside.",
        )
    if not (np.isfinite(targets).all() and (targets > 0).all()):
        raise BadDefinition(f"Margin '{margin.name}' has a category without a population.", hint="leave it out.")
    codes = np.searchsorted(names, rows)
    weighed = np.bincount(codes, base, len(names))
    if (weighed <= 0).any():
        empty = ", ".join(names[i] for i in np.flatnonzero(weighed <= 0))
        raise BadDefinition(
            f"Nobody answered in {empty} of margin '{margin.name}', so no weight can make up for them.",
            hint="merge the category with a similar one.",
        )
    return _Coded(margin.name, names, codes, targets)


def _same_total(margins: Sequence[Margin]) -> None:
    totals = [sum(margin.population.values()) for margin in margins]
    for margin, total in zip(margins[1:], totals[1:], strict=True):
        if abs(total - totals[0]) > 1e-6 * totals[0]:
            raise BadDefinition(
                f"Margin '{margins[0].name}' counts {totals[0]:,.10g} and '{margin.name}' counts {total:,.10g}.",
                hint="margins describe one population; scale them to the same total.",
            )


def _raked(base: Floats, margins: Sequence[_Coded]) -> Floats:
    weights = base.copy()
    for _ in range(ROUNDS):
        for margin in margins:
            weights = weights * (margin.targets / np.bincount(margin.codes, weights, margin.targets.size))[margin.codes]
        misses = [_miss(weights, margin) for margin in margins]
        if max(misses, default=0.0) < TOLERANCE:
            return weights
    worst = margins[int(np.argmax(misses))]
    raise BadDefinition(
        f"Raking does not settle: after {ROUNDS} rounds margin '{worst.name}' is still off by {max(misses):.2g}.",
        hint="some combinations of categories have no answers; merge categories or drop a margin.",
    )


def _miss(weights: Floats, margin: _Coded) -> float:
    held = np.bincount(margin.codes, weights, margin.targets.size)
    return float(np.max(np.abs(held / margin.targets - 1)))


def _weighting(
    base: Floats,
    weights: Floats,
    margins: Sequence[Margin],
    checked: Sequence[_Coded],
    trimmed: int,
    counts: Floats | None = None,
) -> Weighting:
    held = np.ones(base.size) if counts is None else counts
    lines = []
    for margin, coded in zip(margins, checked, strict=True):
        size = coded.targets.size
        sums = [np.bincount(coded.codes, w, size) for w in (held, base, weights)]
        for i, name in enumerate(coded.names):
            n, before, after = (float(s[i]) for s in sums)
            lines.append(MarginLine(margin.name, name, int(n), before, float(coded.targets[i]), after))
    controls = np.hstack([np.eye(coded.targets.size)[coded.codes] for coded in checked])
    return Weighting(weights, controls, tuple(lines), trimmed)


def _weights(base: ArrayLike) -> Floats:
    weights = np.asarray(base, dtype=float)
    if weights.ndim != 1 or not (np.isfinite(weights).all() and (weights > 0).all()):
        raise ValueError("base weights are a flat array of positive numbers")
    return weights
