"""Which metrics the data can tell now, how small a change they can see, and what the others lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from touchstone.core.errors import Refused
from touchstone.core.estimate import plain
from touchstone.core.metric import (
    Amount,
    Count,
    Duration,
    Forecast,
    Gap,
    Index,
    Metric,
    Ratio,
    Repeat,
    Retention,
    Score,
    Share,
    Spread,
    is_ratio,
)
from touchstone.engine import quality
from touchstone.engine.data import Data
from touchstone.engine.quality import Profile
from touchstone.engine.rows import Question, total
from touchstone.measure.findings import FEW, Facts, Finding, Sums
from touchstone.measure.needs import needs
from touchstone.measure.sums import centre_of, to_moments
from touchstone.stats.moments import Moments
from touchstone.stats.ratios import worth
from touchstone.stats.samples import detectable_change

_DAYS_A_MONTH = 365.25 / 12


def sums_of(data: Data, metrics: Mapping[str, Metric], profiles: Mapping[str, Profile]) -> Sums:
    """What the metrics rest on, as far as their tables have what they need."""
    found = Sums(moments={}, totals={}, refused={})
    for metric in metrics.values():
        if _lacking(metric, profiles) or not _is_summed(metric):
            continue
        try:
            _add(data, metric, found)
        except Refused as error:
            found.refused[metric.name] = error
    return found


def _is_summed(metric: Metric) -> bool:
    match metric.form:
        case Duration() | Count() | Forecast() | Spread() | Gap(among="people") | Index(tells="alpha"):
            return False
        case _:
            return True


def _add(data: Data, metric: Metric, found: Sums) -> None:
    if isinstance(metric.form, Amount) and metric.form.per == "total":
        found.totals[metric.name] = int(data.fetch(total(data, metric.form, Question())).rows[0]["n"])
        return
    centre = centre_of(metric)
    for row in quality.metric_sums(data, metric, centre):
        if row["n"]:
            found.moments[metric.name, row.get("kind")] = to_moments(row, centre)


def answerable(facts: Facts) -> Iterator[Finding]:
    """A finding per metric (and kind of answers) that can be told, then one per thing that others lack."""
    lacking: dict[tuple[str, str], list[str]] = {}
    for metric in facts.metrics.values():
        refused = facts.sums.refused.get(metric.name)
        why = (refused.problem.rstrip("."), refused.hint) if refused else _lacking(metric, facts.profiles)
        told = [] if why else list(_told(facts, metric))
        yield from told
        if not told:
            lacking.setdefault(why or _unanswered(metric), []).append(metric.name)
    for (what, takes), names in lacking.items():
        yield Finding(
            subject="scores",
            verdict="note",
            sentence=f"{', '.join(names)} cannot be told: {what}.",
            takes=takes,
            numbers={"metrics": names, "usable": 0},
        )


def _lacking(metric: Metric, profiles: Mapping[str, Profile]) -> tuple[str, str] | None:
    """What the metric's table lacks, and what that would take."""
    for need in needs(metric):
        if need.table not in profiles:
            return f"there are no {need.table}", f"touchstone add {need.table}.csv"
        for column in need.columns:
            if not profiles[need.table].filled.get(column):
                takes = f"name its column in the mapping (touchstone add {need.table}.csv --show-mapping)"
                return f"the {need.table} have no {column}", takes
    return None


def _unanswered(metric: Metric) -> tuple[str, str]:
    form = metric.form
    if not isinstance(form, Score):
        return f"no {metric.table} fit its definition", f"read it: touchstone metrics {metric.name}"
    name = form.answers or metric.name
    return (
        f"there are no answers to '{name}' on a scale of {form.lowest:g} to {form.highest:g}",
        f"ask the question, or say in the mapping which one it is: metric = '{name}'",
    )


def _told(facts: Facts, metric: Metric) -> Iterator[Finding]:
    profile, form = facts.profiles[metric.table], metric.form
    numbers: dict[str, object] = {"metric": metric.name, "kind": None}
    if isinstance(form, Duration):
        n, ended = (profile.filled[form.seconds or name] for name in (form.start, form.end))
        usable = ended if form.closed_only else n
        words = f"{metric.name}: {usable:,} usable {metric.table}, {ended:,} of them with {form.seconds or form.end}"
        yield _rated(words, usable, numbers | {"usable": usable, "ended": ended}, metric.table)
    elif not _is_summed(metric):
        yield _rated(
            f"{metric.name}: {profile.rows:,} usable {metric.table}",
            profile.rows,
            numbers | {"usable": profile.rows},
            metric.table,
        )
    elif metric.name in facts.sums.totals:
        n = facts.sums.totals[metric.name]
        if n:
            words = f"{metric.name}: {n:,} usable {metric.table}, added up exactly"
            yield _rated(words, n, numbers | {"usable": n}, metric.table, fewest=1)
    for (name, kind), sums in facts.sums.moments.items():
        if name == metric.name:
            yield _sampled(metric, kind, sums, profile)


def _rated(words: str, n: float, numbers: dict[str, object], rows: str, fewest: int = FEW) -> Finding:
    few = n < fewest
    return Finding(
        subject="scores",
        verdict="note" if few else "good",
        sentence=f"{words}{', which is few' if few else ''}.",
        takes=f"at least {fewest} {rows} of different customers" if few else "",
        numbers=numbers,
    )


def _sampled(metric: Metric, kind: str | None, sums: Moments, profile: Profile) -> Finding:
    """The rows a metric has, what they are worth, and the change that they let see with 80% power."""
    effective, variance = _worth(metric, sums)
    numbers: dict[str, object] = {
        "metric": metric.name,
        "kind": kind,
        "usable": sums.n,
        "customers": sums.clusters,
        "effective": effective,
    }
    of = f" ({kind})" if kind else ""
    rows = _rows_of(metric)
    words = f"{metric.name}{of}: {sums.n:,} usable {rows}"
    if sums.clusters > 1 and variance > 0:
        seen, told = _seen(metric, variance, effective, sums.n, _months(metric, profile))
        numbers |= seen
        words += told
    return _rated(words, effective, numbers, rows)


def _worth(metric: Metric, sums: Moments) -> tuple[float, float]:
    """What the rows are worth in independent ones, and the variance of one of these."""
    if sums.clusters < 2:
        return 1.0, sums.variance
    if is_ratio(metric.form) and sums.w > 0:
        effective = worth(sums)
        return effective, sums.mean_variance * effective
    return sums.effective_n, sums.variance


def _rows_of(metric: Metric) -> str:
    match metric.form:
        case Ratio(bottom=bottom):
            return "customers" if bottom.customers else bottom.table
        case Repeat() | Amount(per="total" | "customer") | Retention(of="customers" | "money"):
            return "customers"
        case _:
            return metric.table


def _months(metric: Metric, profile: Profile) -> float | None:
    """Months that the rows are spread over; None where a metric is no stream of rows, or their days are unknown."""
    if not isinstance(metric.form, Score | Share) or profile.oldest is None or profile.newest is None:
        return None
    return max((profile.newest - profile.oldest).days / _DAYS_A_MONTH, 1.0)


def _seen(
    metric: Metric, variance: float, effective: float, n: int, months: float | None
) -> tuple[dict[str, object], str]:
    """The smallest change between two months and two years at this pace; else between two samples like this one."""
    if months is None:
        again = detectable_change(effective, effective, variance)
        return {"detectable": again}, f"; a second sample of this size shows a change of {_points(metric, again)}"
    pace = effective / months
    month, year = (detectable_change(pace * k, pace * k, variance) for k in (1, 12))
    numbers: dict[str, object] = {
        "a_month": n / months,
        "detectable_between_months": month,
        "detectable_between_years": year,
    }
    told = f"; at this pace ({n / months:,.0f} a month) two years show a change of {_points(metric, year)}"
    if month > _width(metric):
        return numbers, f"{told}, two months none"
    return numbers, f"{told}, two months one of {_rounded(month)}"


def _width(metric: Metric) -> float:
    """The largest change there can be."""
    form = metric.form
    if not isinstance(form, Score):
        return 100.0 if metric.unit == "%" else float("inf")
    points = [band.points for band in form.bands] or [form.lowest, form.highest]
    return max(points) - min(points)


def _points(metric: Metric, change: float) -> str:
    unit = {"%": "percentage points", "points": "points"}.get(metric.unit, "")
    return f"{_rounded(change)} {unit}".rstrip()


def _rounded(change: float) -> str:
    return plain(change, 0 if change >= 10 else 1 if change >= 1 else 2)
