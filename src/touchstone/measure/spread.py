"""How far units lie apart: the consistency of stores, agents or products as one number."""

from __future__ import annotations

from collections.abc import Sequence

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Measured, NoEstimate
from touchstone.core.metric import Metric, Spread
from touchstone.engine.data import Data
from touchstone.engine.question import Question
from touchstone.engine.rows import group_name, measured_rows
from touchstone.engine.units import unit_sums
from touchstone.measure.kinds import of_one_kind
from touchstone.measure.metrics import metric_named
from touchstone.measure.scores import Score, Scores
from touchstone.measure.sums import centre_of, to_moments
from touchstone.stats.moments import Floats, Moments
from touchstone.stats.shrinkage import FEWEST_UNITS, Shrinkage, common_variance, shrink, unit_variances


def spreads(data: Data, metric: Metric, form: Spread, by: Sequence[str], question: Question, level: float) -> Scores:
    """The spread between the units of `form`, as `units` tells it beside every unit (see `Shrinkage.consistency`).

    BadDefinition where groups are asked for: a spread is that of all units.
    """
    if by:
        raise BadDefinition(
            f"'{metric.name}' is how far all units lie apart, so it has no groups.",
            hint=f"see each unit: touchstone units {form.of} --by {form.between}",
        )
    base, unit = metric_named(form.of), group_name(form.between)
    asked = of_one_kind(data, base, Question(by=(unit,), where=question.where, period=question.period))
    centre = centre_of(base)
    rows = measured_rows(data, base, asked.question)
    fetched = data.fetch(unit_sums(rows, unit, centre=centre))
    moments = [to_moments(row, centre) for row in sorted(fetched.rows, key=lambda row: str(row[unit]))]
    crossed = sum(float(row["crossed"]) for row in fetched.rows)
    found = shrinkage_of(moments, unit_variances(moments) if moments else None, crossed)
    n = sum(one.n for one in moments)
    result: Measured = (
        NoEstimate(found.reason, n)
        if isinstance(found, NoEstimate)
        else found.consistency(n=n, unit=metric.unit, level=level)
    )
    people = round(sum(float(row["people"]) for row in fetched.rows))
    return Scores(
        metric=metric,
        by=(),
        rows=(Score(group=(), result=result, kind=asked.kind or None, people=people),),
        sql=fetched.sql,
        data_number=data.number,
        notes=(asked.remark,) if asked.remark else (),
    )


def shrinkage_of(moments: Sequence[Moments], variances: Floats | None, crossed: float) -> Shrinkage | NoEstimate:
    """The units drawn towards their average; or why not."""
    if len(moments) < FEWEST_UNITS:
        return NoEstimate(f"there are {len(moments)} units with answers; it takes at least {FEWEST_UNITS}", None)
    if variances is None:
        return NoEstimate("within every unit all answers are equal or come from one customer; it takes others", None)
    return shrink([m.mean for m in moments], variances, common=common_variance(crossed, moments))
