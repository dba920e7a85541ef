"""One metric in two periods, and whether the change is real: customers who are in both count once."""

from __future__ import annotations

from dataclasses import dataclass

from touchstone.core.estimate import Measured, NoEstimate, Result, Total
from touchstone.core.metric import Duration, Metric, Retention
from touchstone.core.period import Period
from touchstone.core.where import parse_where
from touchstone.engine.data import Data
from touchstone.engine.moments import cross_sums
from touchstone.engine.rows import Question, rows_of_periods
from touchstone.measure.changes import ends_of, unit_of_change
from touchstone.measure.kinds import rows_of_one_kind
from touchstone.measure.score import score
from touchstone.measure.scores import Scores
from touchstone.stats.differences import Verdict, difference, paired_difference, verdict
from touchstone.stats.moments import PairMoments


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The scores of two periods, the change from the first to the second, and the verdict in words.

    An exact sum has no change with an interval: `change` then is a NoEstimate that says so.
    """

    before: Scores
    after: Scores
    change: Measured
    verdict: Verdict
    kind: str = ""  # of the answers, see `measure.kinds`

    @property
    def now(self) -> Result:
        """The result of the later period."""
        return self.after.rows[0].result


def compare(
    data: Data,
    metric: Metric,
    before: Period,
    after: Period,
    *,
    where: str = "",
    level: float = 0.95,
    for_release: bool = False,
) -> Comparison:
    """Score `metric` in both periods and test the change, clustered by customer where the same people are in both.

    Arguments as for `score`.
    """
    kind, where = rows_of_one_kind(data, metric, where)  # one number is wanted here
    first, second = (
        score(data, metric, where=where, period=period.label, level=level, for_release=for_release)
        for period in (before, after)
    )
    change = _change(data, metric, first, second, before, after, where, level)
    return Comparison(before=first, after=second, change=change, verdict=verdict(change), kind=kind)


def _change(
    data: Data, metric: Metric, first: Scores, second: Scores, before: Period, after: Period, where: str, level: float
) -> Measured:
    if len(first.rows) != 1 or len(second.rows) != 1:
        return NoEstimate("answers of different kinds are not compared with each other", None)
    one, two = first.rows[0], second.rows[0]
    if isinstance(one.result, Total) or isinstance(two.result, Total):
        return NoEstimate("an exact sum changes by exactly the difference", None)
    if isinstance(metric.form, (Duration, Retention)) or one.moments is None or two.moments is None:
        return difference(one.result, two.result)
    if isinstance(one.result, NoEstimate) or isinstance(two.result, NoEstimate):
        return difference(one.result, two.result)
    centre = one.moments.centre
    question = Question(where=parse_where(where), weight=second.weight)
    rows = rows_of_periods(data, metric, question, {"before": before, "after": after})
    crossed = data.fetch(cross_sums(rows, [], "window", "before", centre=centre)).rows
    if not crossed:
        return difference(one.result, two.result)
    shared = crossed[0]
    pair = PairMoments(
        first=one.moments,
        second=two.moments.centred(centre),
        clusters=one.moments.clusters + two.moments.clusters - shared["shared"],
        **{name: float(shared[name]) for name in ("aa", "ab", "ba", "bb")},
    )
    lowest, highest = ends_of(metric)
    return paired_difference(pair, unit=unit_of_change(two.result.unit), level=level, lowest=lowest, highest=highest)
