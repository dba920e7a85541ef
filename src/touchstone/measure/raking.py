"""Scores of answers that are weighted to known distributions, with errors that know the margins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.metric import Metric
from touchstone.core.metric import Score as ScoreForm
from touchstone.engine.data import Data
from touchstone.engine.moments import moments
from touchstone.engine.raking import (
    Cell,
    cell_products,
    cell_sums,
    crossed_sums,
    in_cells,
    names_of,
    weighted_by_cell,
)
from touchstone.engine.rows import Question, group_name, measured_rows
from touchstone.measure.margins import Margins
from touchstone.measure.scores import Group, group_of
from touchstone.stats.moments import Floats, Moments
from touchstone.stats.raking import CellWeights, Crossed, calibrated, rake_cells
from touchstone.stats.weights import Margin, MarginLine

MOST_CELLS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Raking:
    """How answers were weighted: the margins before and after, and what it cost.

    `largest` is the largest weight in multiples of the median, `trimmed` how many were cut at `trim` times it; `kish`
    is the planning figure for unequal weights, `design_effect` what weights, clusters and margins really did to the
    score of all answers.
    """

    margins: tuple[MarginLine, ...]
    largest: float
    trim: float | None
    trimmed: int
    kish: float
    design_effect: float | None

    def record(self) -> dict[str, object]:
        """The diagnosis as keys of a flat record; every category of the margins as a line of text."""
        return {
            "margins": [
                f"{line.margin} = {line.category}: {before:.1f} % before, {after:.1f} % weighted"
                for line, before, after in self.shares()
            ],
            "largest_weight": self.largest,
            "trimmed": self.trimmed,
            "kish_design_effect": self.kish,
            "design_effect": self.design_effect,
        }

    def shares(self) -> list[tuple[MarginLine, float, float]]:
        """Every line with its percentage of the margin before and after."""
        found = []
        for line in self.margins:
            same = [other for other in self.margins if other.margin == line.margin]
            before, after = sum(other.before for other in same), sum(other.after for other in same)
            found.append((line, 100 * line.before / before, 100 * line.after / after))
        return found

    def sentence(self) -> str:
        """The diagnosis in words."""
        cut = f"; {self.trimmed:,} answers were cut to {self.trim:g} times it" if self.trimmed and self.trim else ""
        actual = (
            "" if self.design_effect is None else f", with repeat customers and the margins {self.design_effect:.2f}"
        )
        return (
            f"Largest weight {self.largest:.2f} times the median{cut}. "
            f"Design effect: of unequal weights {self.kish:.2f}{actual}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Raked:
    """The sums of every group under raked weights, the weighting, and the query behind them."""

    groups: dict[Group, Moments]
    raking: Raking
    sql: str


def raked(
    data: Data,
    metric: Metric,
    question: Question,
    by: Sequence[str],
    margins: Margins,
    *,
    centre: float,
    trim: float | None,
) -> Raked:
    """Rake the answers to `metric` to `margins` as one sample, and give the calibrated sums of each group of `by`.

    Raises BadDefinition for metrics that score no answers, for margins that the answers cannot meet, and for more than
    a thousand cells.
    """
    if not isinstance(metric.form, ScoreForm):
        raise BadDefinition(f"'{metric.name}' scores no answers, so there is nobody to weight.", hint="choose a score.")
    names = [group_name(target.column) for target in margins.targets]
    asked = replace(question, by=tuple(dict.fromkeys((*question.by, *names))))
    rows = in_cells(measured_rows(data, metric, asked), names)
    keys = tuple(map(group_name, by))
    table = _Cells(data.fetch(cell_sums(rows, keys, names, centre=centre)).rows, by, names)
    weights = table.weights(margins, trim)
    factors = dict(zip(table.cells, weights.factors.tolist(), strict=True))
    final = weighted_by_cell(rows, names, factors)
    together = table.together(data.fetch(cell_products(final, names)).rows)
    people = int(data.fetch(final.aggregate(people=final.cluster.nunique())).rows[0]["people"])

    def calibrated_sums(columns: Sequence[str]) -> tuple[dict[Group, Moments], str]:
        keys = tuple(map(group_name, columns))
        fetched = data.fetch(moments(final, keys, centre=centre))
        beside = table.beside(data.fetch(crossed_sums(final, keys, names, centre=centre)).rows, columns)
        found: dict[Group, Moments] = {}
        for row in fetched.rows:
            group = group_of(row, columns)
            (a, b), (wx, w) = beside[group], table.parts[group] if columns else table.all_parts
            crossed = Crossed(a=a, b=b, cells=together, people=people)
            found[group] = calibrated(_moments(row, centre), wx, w, weights, crossed)
        return found, fetched.sql

    groups, sql = calibrated_sums(by)
    whole = groups[()] if not by else calibrated_sums(())[0][()]
    raking = Raking(
        margins=weights.margins,
        largest=weights.largest,
        trim=trim,
        trimmed=weights.trimmed,
        kish=weights.design_effect,
        design_effect=whole.design_effect if whole.clusters > 1 else None,
    )
    return Raked(groups=groups, raking=raking, sql=sql)


class _Cells:
    """The table of cells: what each holds, and what each group of answers holds of it."""

    def __init__(self, rows: Sequence[dict[str, Any]], by: Sequence[str], margins: Sequence[str]) -> None:
        if not rows:
            raise Refused("No answer fits the question, so there is nobody to weight.")
        self.by, self.names = by, names_of(margins)
        self.cells = sorted({self.cell(row) for row in rows})
        if len(self.cells) > MOST_CELLS:
            raise BadDefinition(
                f"These margins make {len(self.cells):,} cells; at most {MOST_CELLS:,} are weighted.",
                hint="merge small categories or drop a margin.",
            )
        self.place = {cell: place for place, cell in enumerate(self.cells)}
        self.n, self.w, self.ww = (self._whole(rows, name) for name in ("n", "w", "ww"))
        self.parts: dict[Group, Floats] = defaultdict(lambda: np.zeros((2, len(self.cells))))
        for row in rows:
            self.parts[group_of(row, by)][:, self.place[self.cell(row)]] += float(row["wx"]), float(row["w"])

    @property
    def all_parts(self) -> Floats:
        """Σd(x−c) and Σd per cell of all groups together."""
        return np.asarray(sum(self.parts.values()), dtype=np.float64)

    def cell(self, row: dict[str, Any], suffix: str = "") -> Cell:
        return tuple(str(row[name + suffix]) for name in self.names)

    def _whole(self, rows: Sequence[dict[str, Any]], name: str) -> Floats:
        sums = np.zeros(len(self.cells))
        for row in rows:
            sums[self.place[self.cell(row)]] += float(row[name])
        return sums

    def weights(self, margins: Margins, trim: float | None) -> CellWeights:
        """The factors of the cells that meet the margins."""
        total = margins.total or float(self.w.sum())
        wanted = [
            Margin(target.column, [cell[place] for cell in self.cells], target.scaled(total))
            for place, target in enumerate(margins.targets)
        ]
        return rake_cells(self.n, self.w, self.ww, wanted, trim=trim)

    def together(self, products: Sequence[dict[str, Any]]) -> Floats:
        """Σ_g B_gc B_gc' as a matrix."""
        found = np.zeros((len(self.cells), len(self.cells)))
        for row in products:
            found[self.place[self.cell(row)], self.place[self.cell(row, "_2")]] = float(row["product"])
        return found

    def beside(self, crossed: Sequence[dict[str, Any]], by: Sequence[str]) -> dict[Group, Floats]:
        """Σ_g a_g B_gc and Σ_g b_g B_gc per group, as two rows over the cells."""
        found: dict[Group, Floats] = defaultdict(lambda: np.zeros((2, len(self.cells))))
        for row in crossed:
            found[group_of(row, by)][:, self.place[self.cell(row)]] = float(row["a"]), float(row["b"])
        return found


def _moments(row: dict[str, Any], centre: float) -> Moments:
    names = ("w", "ww", "wx", "wxx", "aa", "ab", "bb")
    sums = {name: float(row[name]) for name in names}
    return Moments(n=int(row["n"]), clusters=int(row["clusters"]), centre=centre, **sums)
