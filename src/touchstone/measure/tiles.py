"""Scores from the cube: what pages show, in milliseconds at any number of answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, NoEstimate, Result
from touchstone.core.metric import Metric
from touchstone.core.metric import Score as ScoreForm
from touchstone.core.period import Period
from touchstone.core.where import parse_where
from touchstone.engine.cells import GROUPS, Measure
from touchstone.engine.cube import Cube, Group, open_cube
from touchstone.engine.data import Data
from touchstone.engine.rows import Question
from touchstone.measure.score import measured, score
from touchstone.measure.scores import Score, Scores
from touchstone.measure.sums import centre_of
from touchstone.measure.suppress import safe
from touchstone.stats.moments import Moments
from touchstone.stats.replicates import by_replicates


def cube_of(data: Data, metrics: Iterable[Metric], folder: Path, *, segments: Sequence[str] | None = None) -> Cube:
    """The cube of the everyday metrics that score answers, below `folder`; built if there is none that fits.

    `segments` are the attributes it is rolled up by; without them those with 2 to 100 values, at most six.
    """
    measures = [_measure(data, metric) for metric in metrics if metric.everyday and isinstance(metric.form, ScoreForm)]
    return open_cube(data, measures, folder, segments=segments)


def tile(
    data: Data,
    cube: Cube,
    metric: Metric,
    *,
    by: Sequence[str] = (),
    where: str = "",
    level: float = 0.95,
    period: str | None = None,
) -> Scores:
    """As `score`, from the cube where it can tell, else from the answers; `method` of every estimate says which.

    The cube can tell the whole, each of its dimensions, touchpoint by each other one, all of these by year, quarter or
    month, and conditions with = and in on the same columns. Values are those of `score`; intervals come from replicate
    groups of customers instead of the customers themselves.
    """
    if not 0 < level < 1:
        raise BadDefinition(f"A level lies between 0 and 1, not at {level:g}.", hint="write 0.95 for 95 %.")
    measure = _measure(data, metric)
    asked = Period.parse(period) if period else None
    found = cube.tile(measure, by, parse_where(where), asked) if cube.number == data.number else None
    if found is None:
        return _from_answers(score(data, metric, by=by, where=where, level=level, period=period))
    names = (*by, "kind") if found.kinds > 1 and "kind" not in by else tuple(by)
    only = str(found.sums["kind"][0]) if found.kinds == 1 else None
    rows = [
        Score(group=group, result=_measured(metric, moments, level), moments=moments, kind=only)
        for group, moments in sorted(found.cells(names, centre=measure.centre), key=_in_order)
    ]
    if not rows and not names:
        rows = [Score(group=(), result=NoEstimate(f"no {metric.table} fit the question", 0))]
    asked_of = Question(where=parse_where(where), period=asked)
    scores = Scores(
        metric=metric,
        by=names,
        rows=tuple(rows),
        sql=found.sql,
        data_number=data.number,
        weight=measure.weight,
        where=where,
    )
    return safe(data, scores, asked_of)


def _measure(data: Data, metric: Metric) -> Measure:
    return Measure(metric=metric, centre=centre_of(metric), weight=data.default_weight)


def _in_order(cell: tuple[Group, Moments]) -> list[tuple[bool, str]]:
    return [(name is None, name or "") for name in cell[0]]


def _measured(metric: Metric, moments: Moments, level: float) -> Result:
    if moments.clusters == 1 and moments.n > 1:
        return NoEstimate("all its customers are in one replicate group; it takes more customers", moments.n)
    result = measured(metric, moments, level=level)
    return by_replicates(result, GROUPS) if isinstance(result, Estimate | NoEstimate) else result


def _from_answers(scores: Scores) -> Scores:
    rows = (
        replace(row, result=replace(row.result, method=f"{row.result.method}; from the answers, not the cube"))
        if isinstance(row.result, Estimate)
        else row
        for row in scores.rows
    )
    return replace(scores, rows=tuple(rows))
