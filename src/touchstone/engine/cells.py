"""The cells of the score cube: what it spans, and the queries that sum answers per cell, month and replicate group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from math import prod
from typing import Any

import ibis
import pyarrow as pa

from touchstone.core.metric import Metric, Score
from touchstone.core.nouns import NOUNS
from touchstone.core.period import GRAINS
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.people import replicate
from touchstone.engine.rows import Question, answers_with_points, group_name
from touchstone.engine.times import local_month, period_label

GROUPS = 64
SUMS = ("n", "w", "ww", "wx", "wxx")
_PLACES = ("touchpoint", "channel")
_TAKEN = {"kind", "month", "wave", "replicate", *GRAINS}
_MOST_VALUES = 100  # a column with more values is an id or a text, not a segment
_MOST_SEGMENTS = 6
_CELLS = 2_000_000  # cells of one pass over the answers, so that they stay in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A metric that the cube holds: its x is centred at `centre`, its answers weighed by the column `weight`."""

    metric: Metric
    centre: float
    weight: str | None = None

    @property
    def form(self) -> Score:
        """How answers are scored; TypeError for a metric that is not a mean of answers."""
        if not isinstance(self.metric.form, Score):
            raise TypeError(f"{self.metric.name} does not score answers")
        return self.metric.form


@dataclass(frozen=True, slots=True)
class Rollup:
    """One table of the cube: sums per kind, cell of `by`, month if `months`, and replicate group unless flat."""

    metric: str
    by: tuple[str, ...]
    months: bool
    flat: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """The dimensions of a cube with how many values each has, the months it spans, and the metrics answered."""

    values: dict[str, int]
    months: int
    metrics: frozenset[str]

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Touchpoint and channel where the answers have them, then the segments."""
        return tuple(self.values)

    def passes(self) -> list[tuple[str, ...]]:
        """The dimensions in as few sets as give no more than two million cells each; touchpoint is in every one."""
        first = [name for name in self.dimensions if name == "touchpoint"]
        room = _CELLS / (GROUPS * self.months * prod(self.values[name] + 1 for name in first))
        sets: list[list[str]] = [[]]
        for name in self.dimensions[len(first) :]:
            if sets[-1] and prod(self.values[other] + 1 for other in (*sets[-1], name)) > room:
                sets.append([])
            sets[-1].append(name)
        return [(*first, *names) for names in sets]


def shape_of(data: Data, segments: Sequence[str] | None = None) -> Shape:
    """What the cube of `data` spans; without `segments`, the attributes with 2 to 100 values, at most six."""
    answers = data.table("answers")
    own = [*NOUNS["answers"].column_names, "source", "import_number"]
    others = [name for name in answers.columns if name not in own and _groups(answers, name)]
    names = [*_PLACES, *(others if segments is None else segments)]
    sums = {f"v{i}": answers[name].approx_nunique() for i, name in enumerate(names)}
    sums |= {f"n{i}": answers[name].count() for i, name in enumerate(names)}
    found = data.fetch(answers.aggregate(**sums, first=answers.answered_at.min(), last=answers.answered_at.max()))
    row = found.rows[0]
    values = {name: int(row[f"v{i}"]) for i, name in enumerate(names)}
    usual = [name for name in others if 2 <= values[name] <= _MOST_VALUES] if segments is None else [*segments]
    if segments is None:  # those that most answers have
        usual = sorted(usual, key=lambda name: (-row[f"n{names.index(name)}"], name))[:_MOST_SEGMENTS]
    kept = [name for name in _PLACES if 1 <= values[name] <= _MOST_VALUES] + usual
    span = (row["last"] - row["first"]).days // 28 + 2 if row["first"] else 1
    metrics = data.fetch(answers.group_by("metric").aggregate(n=answers.count())).rows
    return Shape({name: values[name] for name in kept}, span, frozenset(str(found["metric"]) for found in metrics))


def _groups(answers: Table, name: str) -> bool:
    return answers[name].type().is_string() and group_name(name) == name and name not in _TAKEN


def flat_sums(data: Data, measure: Measure, dimensions: Sequence[str]) -> Table:
    """Sums per kind, cell of `dimensions`, month and wave; one pass over the answers, no matter whose they are."""
    return _summed(data, measure, _points(data, measure, dimensions), [*dimensions, "kind"])


def replicate_cells(data: Data, measure: Measure, dimensions: Sequence[str]) -> Table:
    """As `flat_sums`, per replicate group."""
    points = data.clustered(_points(data, measure, dimensions), "answers")
    grouped = points.mutate(replicate=replicate(points.cluster, GROUPS))
    return _summed(data, measure, grouped, [*dimensions, "kind", "replicate"])


def rollups(data: Data, measure: Measure, shape: Shape) -> Iterator[tuple[Rollup, pa.Table]]:
    """Every table of the cube for one metric."""
    name, engine = measure.metric.name, data.engine
    yield Rollup(name, shape.dimensions, True, True), engine.to_arrow(flat_sums(data, measure, shape.dimensions))
    for place, dimensions in enumerate(shape.passes()):
        with engine.kept(replicate_cells(data, measure, dimensions)) as cells:
            for by in _rollups(dimensions, first=place == 0):
                for months in (True, False):
                    keys = [*by, "kind", *(("month", "wave") if months else ()), "replicate"]
                    sums = cells.group_by(keys).aggregate(**{name: cells[name].sum() for name in SUMS})
                    yield Rollup(name, by, months), engine.to_arrow(sums.order_by(keys))


def _rollups(dimensions: Sequence[str], *, first: bool) -> list[tuple[str, ...]]:
    rest = [name for name in dimensions if name != "touchpoint"]
    alone: list[tuple[str, ...]] = [(name,) for name in rest]
    if "touchpoint" not in dimensions:
        return [(), *alone] if first else alone
    whole: list[tuple[str, ...]] = [(), ("touchpoint",)] if first else []
    return [*whole, *chain.from_iterable(((name,), ("touchpoint", name)) for name in rest)]


def _points(data: Data, measure: Measure, dimensions: Sequence[str]) -> Table:
    question = Question(by=tuple(dimensions), weight=measure.weight)
    answers = answers_with_points(data, measure.metric, measure.form, question)
    return answers.filter(answers.w > 0) if measure.weight else answers


def _summed(data: Data, measure: Measure, points: Table, keys: Sequence[str]) -> Table:
    """Sums per cell. Months are numbers while grouping and get their labels on the few rows that come out."""
    moment = local_month(points.answered_at, data.zone, data.span("answers"), data.engine.name)
    wave = points.answered_at.isnull().ifelse(points.period, ibis.null("string"))
    rows = points.select(*keys, "w", _month=moment, wave=wave, _x=(points.x - measure.centre).cast("float64"))
    cells = rows.group_by([*keys, "_month", "wave"]).aggregate(**_sums(rows, measure))
    labelled = cells.mutate(month=period_label(cells["_month"], "month"))
    if not measure.weight:
        labelled = labelled.mutate(w=labelled.n.cast("float64"), ww=labelled.n.cast("float64"))
    return labelled.select(*keys, "month", "wave", *SUMS)


def _sums(rows: Table, measure: Measure) -> dict[str, Any]:
    """Without a weight Σw and Σw² are n, and a third of the work is saved."""
    if not measure.weight:
        return {"n": rows.count(), "wx": rows["_x"].sum(), "wxx": (rows["_x"] * rows["_x"]).sum()}
    lifted = rows.w * rows["_x"]
    return {
        "n": rows.count(),
        "w": rows.w.sum(),
        "ww": (rows.w * rows.w).sum(),
        "wx": lifted.sum(),
        "wxx": (lifted * rows["_x"]).sum(),
    }
