"""Stores, agents, products: each one's score, drawn towards the average as far as few answers demand, and its rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.estimate import Estimate, Measured, NoEstimate, interval, record, shown
from touchstone.core.metric import (
    Amount,
    Count,
    Duration,
    Forecast,
    Form,
    Gap,
    Index,
    Mean,
    Metric,
    Ratio,
    Retention,
    Spread,
)
from touchstone.core.metric import Score as ScoreForm
from touchstone.core.period import Period
from touchstone.core.where import Condition, parse_where
from touchstone.engine.data import Data
from touchstone.engine.moments import SUMS
from touchstone.engine.rows import Question, group_name, measured_rows
from touchstone.engine.units import unit_sums
from touchstone.measure.changes import ends_of, unit_of_change
from touchstone.measure.kinds import of_one_kind
from touchstone.measure.released import clashes, given_out, refuse_clash
from touchstone.measure.score import measured, pilot_of
from touchstone.measure.scores import Group, Score, Scores, written
from touchstone.measure.spread import shrinkage_of
from touchstone.measure.sums import centre_of, to_moments
from touchstone.measure.suppress import PROMISED, discreet, protects, suppressed
from touchstone.stats.differences import Verdict, verdict, verdicts, would_tell
from touchstone.stats.means import few
from touchstone.stats.moments import Moments, PairMoments
from touchstone.stats.shrinkage import against_all, unit_variances

FALSE_DISCOVERY = 0.10
Standing = Literal["better than average", "worse than average", "within the noise", "too few answers to tell"]
_PARTS = ("value", "low", "high", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit: its score as it stands, drawn towards the average, its rank (1 is best), and against all answers.

    `difference` is the raw score less that of all units together, clustered by customer; `verdict` judges it among all
    the others. A hidden unit has reasons everywhere and no rank.
    """

    name: str
    score: Measured
    shrunken: Measured
    ranks: tuple[int, int] | None
    difference: Measured
    verdict: Verdict
    standing: Standing

    @property
    def n(self) -> int | None:
        """The answers the unit rests on; None where it is hidden."""
        return self.score.n

    def record(self, by: str) -> dict[str, object]:
        """One flat record: the unit under the name `by` (attr_… where that is a key), then always the same keys."""
        flat = record(self.score)
        for prefix, result in (("shrunken", self.shrunken), ("difference", self.difference)):
            values = record(result)
            flat |= {f"{prefix}_{key}": values[key] for key in _PARTS}
        low, high = self.ranks or (None, None)
        flat |= {"rank_low": low, "rank_high": high, "standing": self.standing}
        flat |= {"would_tell": would_tell(self.verdict, self.difference) or None}
        return {f"attr_{by}" if by in flat else by: self.name} | flat


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """The units of one metric, best first; `average` is the score of all their answers, `consistency` their spread."""

    metric: Metric
    by: str
    rows: tuple[Unit, ...]
    average: Measured
    consistency: Measured
    sql: str
    data_number: int
    seed: int
    notes: tuple[str, ...] = ()

    def records(self) -> dict[str, object]:
        """The units as flat records, beside the average and the consistency."""
        return {
            "metric": self.metric.name,
            "by": self.by,
            "average": record(self.average),
            "consistency": record(self.consistency),
            "units": [row.record(self.by) for row in self.rows],
        }

    def sentence(self) -> str:
        """How far the units lie apart, in words."""
        head = f"{self.metric.label} of {len(self.rows):,} units by {self.by}"
        spread = self.consistency
        if isinstance(spread, NoEstimate):
            return f"{head}: how far they lie apart cannot be told: {spread.reason}."
        if isinstance(self.average, NoEstimate):
            return f"{head}: {self.average.reason}."
        around = f"the average of {shown(self.average)}"
        if spread.low == 0.0:
            return (
                f"{head}: they may all be alike; at most, two units out of three lie within "
                f"{shown(replace(spread, value=spread.high))} of {around}."
            )
        return f"{head}: two units out of three lie within {shown(spread)} ({interval(spread)}) of {around}."


def units(
    data: Data,
    metric: Metric,
    *,
    by: str = "unit",
    where: str = "",
    weight: str | None = None,
    level: float = 0.95,
    period: str | None = None,
    seed: int = 1,
    for_release: bool = False,
) -> Units:
    """`metric` per value of the column `by`: raw, shrunken (empirical Bayes), ranked, and judged against the average.

    Arguments as for `score`; `for_release` hides small units whoever answered. Only the kind with most answers counts.
    Ranks come from draws that begin with `seed`. Raises Refused where nothing was imported and BadDefinition for a
    metric that is no mean of rows.
    """
    if not _is_mean(metric.form):
        raise BadDefinition(
            f"'{metric.name}' is not a mean of rows, so units cannot be drawn towards its average.",
            hint=f"see each alone: touchstone score {metric.name} --by {by}",
        )
    if not data.has(metric.table):
        raise Refused(f"There are no {metric.table} yet.", hint=f"import them: touchstone add {metric.table}.csv")
    if weight is None and isinstance(metric.form, ScoreForm):
        weight = data.default_weight
    asked = Question(
        by=(group_name(by),),
        where=parse_where(where),
        weight=weight,
        period=Period.parse(period) if period else None,
    )
    kind = of_one_kind(data, metric, asked)
    rows = measured_rows(data, metric, kind.question)
    centre = pilot_of(data, rows) if isinstance(metric.form, Amount | Mean) else centre_of(metric)
    fetched = data.fetch(unit_sums(rows, group_name(by), centre=centre))
    if not fetched.rows:
        raise Refused(
            f"No row of {metric.table} names a {by}.",
            hint="choose another column: --by agent, team, region, touchpoint…",
        )
    protected = protects(data, metric, asked, kind.kind, for_release=for_release)
    without = rows[group_name(by)].isnull()
    nameless = data.fetch(rows.aggregate(n=without.sum(), people=rows.cluster.nunique(where=without))).rows[0]
    table = _Table(metric, by, level, data.currency, fetched.rows, centre, PROMISED if protected else kind.kind)
    table.nameless = nameless["people"]
    column = group_name(by)
    named = replace(kind.question, by=(), weight=None, where=(*kind.question.where, Condition(column, "is not null")))
    if protected:
        refuse_clash(data, metric, named)
        table.clashing = clashes(data, metric, named, (column,), [(name,) for name in table.names]).groups
    found = table.units(seed)
    notes = (*((kind.remark,) if kind.remark else ()), *_left_out(nameless["n"], by))
    if protected:
        hidden = [(row.name,) for row in found if row.n is None]
        kept = [*given_out(data, metric, named), *given_out(data, metric, named, (column,), hidden)]
        notes = (*discreet(notes), *dict.fromkeys(kept))
    return Units(
        metric=metric,
        by=by,
        rows=found,
        average=table.average,
        consistency=table.consistency,
        sql=fetched.sql,
        data_number=data.number,
        seed=seed,
        notes=notes,
    )


def _left_out(n: int | None, by: str) -> tuple[str, ...]:
    return (f"{n:,} rows name no {by} and are left out",) if n else ()


def _is_mean(form: Form) -> bool:
    """Whether a metric is the mean of one x per row."""
    match form:
        case Duration() | Count() | Ratio() | Spread() | Forecast():
            return False
        case Amount(per="total") | Retention(of="money") | Index(tells="alpha") | Gap(among="people"):
            return False
        case _:
            return True


class _Table:
    """The fetched sums of all units, and everything that is estimated from them."""

    def __init__(
        self, metric: Metric, by: str, level: float, currency: str, rows: list[dict[str, Any]], centre: float, kind: str
    ) -> None:
        self.metric, self.by, self.level, self.currency, self.kind = metric, by, level, currency, kind
        self.nameless = 0  # people whose rows name no unit
        self.clashing: Mapping[Group, str] = {}  # units that differ by a few people from what was given out
        self.rows = sorted(rows, key=lambda row: written(row[group_name(by)]))
        self.names = [written(row[group_name(by)]) for row in self.rows]
        self.moments = [to_moments(row, centre) for row in self.rows]
        self.whole = whole_of(self.rows, centre)
        self.variances = unit_variances(self.moments)
        crossed = sum(float(row["crossed"]) for row in self.rows)
        self.shrinkage = shrinkage_of(self.moments, self.variances, crossed)

    @property
    def average(self) -> Measured:
        result = measured(self.metric, self.whole, level=self.level, currency=self.currency)
        return result if isinstance(result, Estimate | NoEstimate) else NoEstimate("an exact sum has no average", None)

    @property
    def consistency(self) -> Measured:
        if isinstance(self.shrinkage, NoEstimate):
            return replace(self.shrinkage, n=self.whole.n)
        unit = self.currency if self.metric.unit == "currency" else unit_of_change(self.metric.unit)
        return self.shrinkage.consistency(n=self.whole.n, unit=unit, level=self.level)

    def units(self, seed: int) -> tuple[Unit, ...]:
        """All units, best first; those that promised anonymity keeps hidden come last."""
        seen = self._seen()
        shrunken, ranks = self._shrunken(), self._ranks(seed)
        changes = [self._difference(place) for place in range(len(self.names))]
        judged = verdicts(changes, false_discovery=FALSE_DISCOVERY)
        rows = []
        for place, name in enumerate(self.names):
            raw = seen[place]
            hidden = isinstance(raw, NoEstimate) and raw.n is None
            rows.append(
                Unit(
                    name=name,
                    score=raw,
                    shrunken=raw if hidden else shrunken[place],
                    ranks=None if hidden else ranks[place],
                    difference=raw if hidden else changes[place],
                    verdict=verdict(raw) if hidden else judged[place],
                    standing="too few answers to tell" if hidden else self._standing(changes[place], judged[place]),
                )
            )
        return tuple(sorted(rows, key=self._order))

    def _seen(self) -> list[Measured]:
        """The raw scores, hidden where anonymity was promised."""
        found = [
            Score(group=(name,), result=measured(self.metric, m, level=self.level, currency=self.currency), moments=m)
            for name, m in zip(self.names, self.moments, strict=True)
        ]
        if self.nameless:  # the whole less the units shown would be theirs
            n = self.nameless
            found.append(Score(group=(None,), result=NoEstimate("named by no row", n), people=n))
        marked = tuple(replace(row, kind=self.kind or None) for row in found)
        scores = Scores(metric=self.metric, by=(self.by,), rows=marked, sql="", data_number=0)
        scores = suppressed(scores, clashing=self.clashing)
        named = scores.rows[: len(self.names)]
        return [row.result for row in named if isinstance(row.result, Estimate | NoEstimate)]

    def _shrunken(self) -> list[Measured]:
        known = self.shrinkage
        if isinstance(known, NoEstimate):
            return [replace(known, n=m.n) for m in self.moments]
        lowest, highest = ends_of(self.metric)
        lows, highs = known.limits(level=self.level)
        money = self.currency if self.metric.unit == "currency" else None
        return [
            Estimate(
                value=float(known.values[place]),
                low=float(lows[place]) if lowest is None else min(max(float(lows[place]), lowest), value),
                high=float(highs[place]) if highest is None else max(min(float(highs[place]), highest), value),
                se=float(known.se[place]),
                n=m.n,
                effective_n=m.effective_n if m.clusters > 1 else 1.0,
                unit=money or self.metric.unit,
                level=self.level,
                currency=money,
                method="empirical Bayes towards the average of the units (Morris)",
                flags=few(m.effective_n if m.clusters > 1 else 1.0),
            )
            for place, m in enumerate(self.moments)
            for value in (float(known.values[place]),)
        ]

    def _ranks(self, seed: int) -> list[tuple[int, int] | None]:
        if isinstance(self.shrinkage, NoEstimate):
            return [None] * len(self.names)
        high_is_first = self.metric.better == "higher"
        low, high = self.shrinkage.ranks(high_is_first=high_is_first, level=self.level, seed=seed)
        return [(int(a), int(b)) for a, b in zip(low, high, strict=True)]

    def _difference(self, place: int) -> Measured:
        row = self.rows[place]
        pair = PairMoments(
            first=self.whole,
            second=self.moments[place],
            clusters=self.whole.clusters,
            **{name: float(row[f"{name}0"]) for name in ("aa", "ab", "ba", "bb")},
        )
        if self.variances is None:
            return NoEstimate("within every unit all answers are equal; it takes one that differs", pair.second.n)
        money = self.currency if self.metric.unit == "currency" else None
        unit = money or unit_of_change(self.metric.unit)
        return replace(against_all(pair, float(self.variances[place]), unit=unit, level=self.level), currency=money)

    def _standing(self, change: Measured, judged: Verdict) -> Standing:
        if judged.words != "a real change" or isinstance(change, NoEstimate):
            return "too few answers to tell" if judged.words == "too few answers to tell" else "within the noise"
        better = (change.value > 0) == (self.metric.better == "higher")
        return "better than average" if better else "worse than average"

    def _order(self, row: Unit) -> tuple[bool, float, str]:
        known = isinstance(row.shrunken, Estimate)
        best = row.shrunken if known else row.score
        value = best.value if isinstance(best, Estimate) else 0.0
        return (not isinstance(best, Estimate), -value if self.metric.better == "higher" else value, row.name)


def whole_of(rows: Sequence[dict[str, Any]], centre: float) -> Moments:
    """The sums of all units together, each person once, from what stands beside the units' own."""
    flat = {name: sum(float(row[name] or 0) for row in rows) for name in SUMS}
    flat |= {"aa": sum(float(row["aa0"]) for row in rows), "ab": sum(float(row["ab0"]) for row in rows)}
    flat["bb"] = sum(float(row["bb0"]) for row in rows)
    people = round(sum(float(row["people"]) for row in rows))
    kept = {field.name for field in fields(Moments)} - {"n", "clusters", "centre"}
    return Moments(
        n=round(flat["n"]),
        clusters=people,
        centre=centre,
        **{name: value for name, value in flat.items() if name in kept},
    )
