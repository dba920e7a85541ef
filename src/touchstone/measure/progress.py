"""How far a metric has come: from its frozen baseline to now, against its target, and what the sample can see of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any, Literal

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.estimate import Estimate, Measured, NoEstimate, Result, Total, plain
from touchstone.core.metric import Amount, Count, Metric, Ratio, Retention
from touchstone.core.metric import Score as ScoreForm
from touchstone.core.period import Period
from touchstone.core.plan import Followed
from touchstone.core.where import parse_where
from touchstone.engine.data import Data
from touchstone.engine.rows import Question
from touchstone.measure.baselines import Baseline, defined
from touchstone.measure.changes import unit_of_change
from touchstone.measure.compare import Comparison, compare
from touchstone.measure.kinds import rows_of_one_kind
from touchstone.measure.score import score
from touchstone.measure.scores import Scores
from touchstone.measure.wordings import reworded, wordings
from touchstone.stats.differences import Verdict, difference, verdict
from touchstone.stats.samples import answers_beside, detectable_change

YEAR = Period.parse("2000")  # a year is looked at where no baseline says how long
_UNEVEN = 3  # days by which months and quarters differ
Reached = Literal["reached", "not reached", "cannot be told yet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the sample sees: the change found with 80% power, in `unit`, beside the one it should find.

    `more` is how many more rows (answers, tickets…) of now it takes; None where none are missing, or where the baseline
    is too small for any number (`hopeless`).
    """

    sees: float
    wanted: float
    unit: str
    rows: str
    more: int | None = None
    hopeless: bool = False

    @property
    def distance(self) -> str:
        """What should be found, with its unit: `3 points`."""
        return f"{float(_short(self.wanted).replace(',', '')):,g} {self.unit}"

    def sentence(self, wanted: str) -> str:
        """`wanted`, a phrase such as "the target is 3 points away", and what the sample sees of it."""
        told = f"{wanted}, your sample sees {_short(self.sees)}"
        if self.hopeless:
            return f"{told}; the baseline is too small for any number of {self.rows}: freeze one of a longer period"
        return f"{told}; about {self.more:,} more {self.rows} would show it" if self.more else told


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One metric that the plan follows, as it stands.

    `now` is its value in `period`, `history` every baseline ever frozen with the current one last, `drift` what the
    baseline's own period gives today where that is no longer the frozen value. `broken` says why baseline and now are
    not the same measure; then nothing is compared. `exact` is the change of a sum without sampling error. `queries` are
    those behind the numbers, by what they give.
    """

    followed: Followed
    metric: Metric
    kind: str
    period: Period | None
    now: Result
    history: tuple[Baseline, ...] = ()
    drift: Result | None = None
    broken: str = ""
    change: Measured | None = None
    exact: Decimal | None = None
    verdict: Verdict | None = None
    target: float | None = None
    reached: Reached | None = None
    sight: Sight | None = None
    overdue: bool = False
    queries: Mapping[str, str] = field(default_factory=dict)

    @property
    def baseline(self) -> Baseline | None:
        """The baseline that counts."""
        return self.history[-1] if self.history else None


def progress(
    data: Data,
    followed: Followed,
    metric: Metric,
    history: tuple[Baseline, ...],
    *,
    today: date,
    newest: Mapping[str, date],
    period: Period | None = None,
) -> Progress:
    """Where the metric stands `today`: in `period`, or in the last stretch of its table as long as its baseline.

    `newest` is the last day of each table.
    """
    baseline = history[-1] if history else None
    state = Progress(
        followed=followed,
        metric=metric,
        kind=baseline.kind if baseline else "",
        period=None,
        now=NoEstimate(f"there are no {metric.table} yet; it takes them: touchstone add {metric.table}.csv", 0),
        history=history,
        overdue=followed.review is not None and followed.review < today,
        target=_aim(followed, baseline),
    )
    if not data.has(metric.table):
        return state
    kind, rows = (baseline.kind, baseline.rows) if baseline else rows_of_one_kind(data, metric, followed.use.where)
    period, nothing_yet = _period(metric, baseline, newest.get(metric.table), period)
    if period is None:
        return replace(state, kind=kind, now=NoEstimate(nothing_yet, None))
    state = replace(state, kind=kind, period=period)
    if baseline is None:
        now, queries = _one(data, metric, rows, period)
        return replace(state, now=now, queries=queries)
    return _against(data, state, baseline, period)


def _aim(followed: Followed, baseline: Baseline | None) -> float | None:
    """The value that the target stands for."""
    if baseline is None or followed.target is None:
        return None
    value = float(baseline.result.value)
    return value + followed.target.away(value)


def _period(
    metric: Metric, baseline: Baseline | None, newest: date | None, asked: Period | None
) -> tuple[Period | None, str]:
    """The period that is now, or why there is none."""
    if asked is not None:
        return asked, ""
    if newest is None:
        return None, f"the {metric.table} have no dates; add them to the export"
    if baseline is None:
        return YEAR.again(newest), ""
    whole = baseline.period.again(newest)
    found = whole.after(baseline.period)
    if found is None or (_lasting(metric) and found != whole):
        length = "as long as the baseline" if _lasting(metric) else "of whole months after the baseline"
        return None, f"it takes newer data: the {metric.table} end on {newest}, too soon for a period {length}"
    return found, ""


def _one(data: Data, metric: Metric, rows: str, period: Period) -> tuple[Result, dict[str, str]]:
    """The result of a period, and the query by the period's name."""
    try:
        scores = score(data, metric, where=rows, period=period.label)
    except (Refused, BadDefinition) as error:
        return NoEstimate(error.problem.rstrip("."), None), {}
    return _single(scores), {f"in {period}": scores.sql}


def _against(data: Data, state: Progress, baseline: Baseline, period: Period) -> Progress:
    """`state` with its change since the baseline, unless the line is broken."""
    frozen, metric, target = baseline.result, state.metric, state.followed.target
    away = target.away(float(frozen.value)) if target else None
    broken = _other(data, state, baseline, period)
    again = None
    if not broken and isinstance(frozen, Estimate):
        again = _compared(data, metric, baseline, period)
    if again is None:
        now, queries = _one(data, metric, baseline.rows, period)
    else:
        now, queries = (
            _single(again.after),
            {f"in {baseline.period}": again.before.sql, f"in {period}": again.after.sql},
        )
    state = replace(state, now=now, queries=queries, broken=broken or _reworded(data, metric, baseline, period, now))
    if state.broken:
        return state
    if again is None or isinstance(frozen, Total):
        return _exact(data, state, baseline, away)
    then = _single(again.before)
    drift = None if _same(frozen, then) else then
    change = again.change if drift is None or isinstance(now, Total) else difference(frozen, now)
    return replace(
        state,
        drift=drift,
        change=change,
        verdict=verdict(change),
        reached=_reached(change, away) if away is not None else None,
        sight=_sight(metric, frozen, now, away if away is not None else _value(change)),
    )


def _compared(data: Data, metric: Metric, baseline: Baseline, period: Period) -> Comparison | None:
    try:
        return compare(data, metric, baseline.period, period, where=baseline.rows)
    except (Refused, BadDefinition):
        return None


def _single(scores: Scores) -> Result:
    """The one result that there should be."""
    if len(scores.rows) == 1:
        return scores.rows[0].result
    return NoEstimate("there are answers of several kinds, which are never pooled", None)


def _value(change: Measured) -> float | None:
    return change.value if isinstance(change, Estimate) else None


def _same(frozen: Result, then: Result) -> bool:
    """Whether the baseline's period still gives the frozen value, but for the last digits of its computation."""
    if isinstance(then, NoEstimate) or isinstance(frozen, NoEstimate):
        return False
    return then.n == frozen.n and abs(float(then.value) - float(frozen.value)) <= 1e-9 * max(
        1.0, abs(float(then.value))
    )


def _exact(data: Data, state: Progress, baseline: Baseline, away: float | None) -> Progress:
    then, queries = _one(data, state.metric, baseline.rows, baseline.period)
    state = replace(state, queries={**queries, **state.queries})
    drift = None if _same(baseline.result, then) else then
    if not isinstance(state.now, Total) or not isinstance(baseline.result, Total):
        return replace(state, drift=drift)
    change = state.now.value - baseline.result.value
    reached: Reached | None = None
    if away is not None:
        reached = "reached" if (float(change) >= away if away > 0 else float(change) <= away) else "not reached"
    return replace(state, drift=drift, exact=change, reached=reached)


def _reached(change: Measured, away: float) -> Reached:
    """Whether the change is at least as large as the target, as far as its interval lets it be told."""
    if isinstance(change, NoEstimate):
        return "cannot be told yet"
    nearest, farthest = sorted((change.low, change.high) if away > 0 else (-change.high, -change.low))
    if nearest >= abs(away):
        return "reached"
    return "not reached" if farthest < abs(away) else "cannot be told yet"


def _sight(metric: Metric, frozen: Estimate, now: Result, wanted: float | None) -> Sight | None:
    """What baseline and now let be seen, as samples without a customer in common; None where nothing is wanted."""
    if not wanted or not isinstance(now, Estimate):
        return None
    variance = now.se**2 * now.effective_n  # of one effective answer
    sees = detectable_change(frozen.effective_n, now.effective_n, variance)
    unit = now.currency or unit_of_change(now.unit)
    needed = answers_beside(frozen.effective_n, abs(wanted), variance)
    more = None
    if sees > abs(wanted) and needed is not None:
        more = max(_two_figures(needed * now.n / now.effective_n - now.n), 1)
    return Sight(
        sees=sees,
        wanted=abs(wanted),
        unit=unit,
        rows=metric.counted,
        more=more,
        hopeless=sees > abs(wanted) and needed is None,
    )


def _two_figures(number: float) -> int:
    """Rounded up to two figures: nobody plans 913 answers."""
    whole = ceil(number)
    step = int(10 ** max(len(str(whole)) - 2, 0))
    return ceil(whole / step) * step


def _lasting(metric: Metric) -> bool:
    """Whether the metric grows or shrinks with the length of its period by itself: sums, counts, what each did."""
    form = metric.form
    if isinstance(form, Amount):
        return form.per != "order"
    if isinstance(form, Ratio):
        return form.top.customers != form.bottom.customers
    return isinstance(form, (Retention, Count))


def _short(number: float) -> str:
    return plain(number, 0 if number >= 10 else 1 if number >= 1 else 2)


def _other(data: Data, state: Progress, baseline: Baseline, period: Period) -> str:
    """Why baseline and now are defined as different measures; empty where they are the same."""
    use, asked = state.followed.use, baseline.use
    if use.metric != asked.metric:
        return f"the plan meant '{asked.metric}' when the baseline was frozen, and means '{use.metric}' now"
    if use.where != asked.where:
        return (
            f"the rows were those where {asked.where or 'nothing is asked'}, and are where {use.where or 'nothing is'}"
        )
    if changed := _redefined(baseline.definition, defined(state.metric)):
        versions = f"version {baseline.metric_version} to {state.metric.version}"
        return f"the definition of {state.metric.name} changed since {baseline.frozen_on} ({versions}): {changed}"
    if baseline.result.currency and baseline.result.currency != data.currency:
        return f"the baseline is in {baseline.result.currency}, and amounts are in {data.currency} now"
    lengths = [(one.end - one.start).days for one in (baseline.period, period)]
    if _lasting(state.metric) and abs(lengths[0] - lengths[1]) > _UNEVEN:
        return f"the baseline covers {lengths[0]} days and {period} {lengths[1]}, which alone changes this metric"
    weight = (data.default_weight or "") if isinstance(state.metric.form, ScoreForm) else ""
    if weight != baseline.weight:
        return (
            f"it was {'weighted' if baseline.weight else 'unweighted'}, and is {'weighted' if weight else 'unweighted'}"
        )
    return ""


def _reworded(data: Data, metric: Metric, baseline: Baseline, period: Period, now: Result) -> str:
    """Why the answers of now are answers to another question; empty where they are not, or where there are none."""
    if isinstance(now, NoEstimate):
        return ""
    question = Question(where=parse_where(baseline.rows), period=period)
    return reworded(baseline.wordings, wordings(data, metric, question))


def _redefined(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    words = [
        f"{word} was {before.get(word, 'not said')}, is {now.get(word, 'not said')}"
        for word in dict.fromkeys((*before, *now))
        if before.get(word) != now.get(word)
    ]
    return "; ".join(words)
