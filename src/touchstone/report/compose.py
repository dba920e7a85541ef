"""From a workspace's data to the story that the report tells: which numbers, in which order, in which words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from touchstone import __version__
from touchstone.core.errors import Refused
from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.core.metric import Metric
from touchstone.core.nouns import IMPORTABLE
from touchstone.core.period import Period
from touchstone.core.where import parse_where
from touchstone.engine.data import Data
from touchstone.engine.promises import FEWEST
from touchstone.engine.rows import Question
from touchstone.engine.voices import answered_between, extent, fewest_people, score_counts, set_aside, voices
from touchstone.measure.compare import Comparison, compare
from touchstone.measure.kinds import UNSTATED
from touchstone.measure.metrics import metric_named
from touchstone.measure.progress import Progress
from touchstone.measure.score import score
from touchstone.measure.scores import Score, Scores
from touchstone.measure.suppress import is_hidden, protects
from touchstone.report import missing
from touchstone.report.opening import LEADING, helpful, lede, spoken, title, to_fix, verdict_on
from touchstone.report.sentences import amount, spread
from touchstone.report.story import (
    Action,
    BandCount,
    DistributionFigure,
    DriverFigure,
    DriverRow,
    JourneyFigure,
    JourneyMoment,
    MadeFrom,
    Method,
    Missing,
    Point,
    Quote,
    Sentence,
    Source,
    Story,
    Strong,
    Tile,
    Tone,
    TrendFigure,
    ValueRow,
    ValueTable,
)
from touchstone.understand.drivers import Driver, Drivers, drivers
from touchstone.value.table import ValueTable as Worth
from touchstone.value.table import value_table

RATED = "overall_rating"  # what the drivers explain
TILES = ("nps", "ces", "retention", "sales")
MONTHS = 12


@dataclass(slots=True)
class _Draft:
    """What is known so far: the data, the two periods, and the methods of the figures already made."""

    data: Data
    metrics: dict[str, Metric]
    now: Period
    before: Period
    for_release: bool = False
    methods: dict[str, Method] = field(default_factory=dict)

    def told(self, scores: Scores, key: str = "", *, kind: str = "", months: str = "", name: str = "") -> str:
        """Keep how `scores` was computed, over answers of which `kind` and which `months`; its key."""
        key = key or scores.metric.name
        result = scores.rows[0].result if scores.rows else NoEstimate("nothing was found", 0)
        words = result.method if isinstance(result, Estimate) else "exact sum of recorded rows"
        self.methods[key] = Method(
            key=key,
            name=name or scores.metric.label,
            definition=scores.metric.definition,
            population=_population(scores.metric.table, kind, months or self.now.label),
            method=words,
            n=sum(row.result.n or 0 for row in scores.rows),
            sql=scores.sql,
            lake_version=scores.data_number,
        )
        return key


def compose(
    data: Data,
    metrics: dict[str, Metric],
    *,
    name: str,
    made_on: date,
    goals: Mapping[str, Progress] | None = None,
    for_release: bool = False,
) -> Story:
    """The whole report on the last twelve months, against the twelve before and against the `goals` of a plan.

    Refused when there are no answers with a date. Whatever else is missing, its section says what it would take.
    Where anonymity was promised, or `for_release`, it shows nothing of fewer than ten people, and no comments.
    """
    span = answered_between(data) if data.has("answers") else None
    if span is None:
        raise Refused(
            "There is nothing to report yet: no answer has a date.",
            hint="import a survey with a column of dates: touchstone add survey.csv",
        )
    now, before = _last_months(*span)
    draft = _Draft(data, metrics, now, before, for_release)
    compared = {
        name: compare(data, metrics[name], before, now, for_release=for_release)
        for name in TILES
        if data.has(metrics[name].table)
    }
    found = _drivers(draft)
    worth = value_table(data, metric_named(LEADING, metrics), for_release=for_release)
    moments = _moments(draft)
    driving = _driver_figure(draft, found)
    value = _value_figure(draft, worth)
    trend = _trend(draft, compared.get(LEADING))
    actions = _actions(found)
    protected = _protects(draft, compared.get(LEADING))
    distribution = _distribution(draft, compared.get(LEADING), protected)
    return Story(
        title=title(compared, found),
        lede=lede(compared, found, worth, actions),
        tiles=tuple(_tile(draft, one, (goals or {}).get(name)) for name, one in compared.items()),
        trend=trend,
        moments=moments,
        drivers=driving,
        value_table=value,
        actions=actions,
        distribution=distribution,
        quotes=() if protected else _quotes(draft, compared.get(LEADING)),
        coverage_notes=(*_coverage(draft, worth, protected), *_held_back(protected, distribution)),
        methods=tuple(draft.methods.values()),
        made_from=_made_from(data, name, now, made_on, protected=protected),
    )


def _population(table: str, kind: str, months: str) -> str:
    """Who is counted: `relationship answers, 2025-01 to 2025-12`."""
    named = f"{kind} {table}" if kind and kind != UNSTATED else table
    return f"{named}, {months.replace('..', ' to ')}"


def _last_months(oldest: date, newest: date) -> tuple[Period, Period]:
    """The twelve months that end with the newest answer's, and the twelve before."""
    last = Period.containing(newest, "month")
    if newest.day < 15 and oldest < last.start:  # a month that has only just begun says little beside others
        last = Period.containing(last.start - timedelta(days=1), "month")
    year = last.start.year if last.start.month == 12 else last.start.year - 1
    first = date(year, last.start.month % 12 + 1, 1)
    now = Period.parse(f"{first:%Y-%m}..{last.start:%Y-%m}")
    earlier = Period.containing(first - timedelta(days=1), "month").start
    before = Period.parse(f"{first.year - 1:04d}-{first.month:02d}..{earlier:%Y-%m}")
    return now, before


def _tile(draft: _Draft, one: Comparison, goal: Progress | None) -> Tile:
    key = draft.told(one.after, kind=one.kind)
    aim = (
        f"{_goal(goal)}; " if goal and not is_hidden(one.now) else ""
    )  # whether it is reached would tell about where it stands
    if one.after.metric.table == "orders":
        return Tile(one.after.metric.label, one.now, "", "neutral", f"{aim}last twelve months", key)
    verdict = verdict_on(one)
    note = f"{aim}the year before: {amount(one.before.rows[0].result)}"
    return Tile(one.after.metric.label, one.now, verdict.text, verdict.tone, note, key)


def _goal(goal: Progress) -> str:
    """How the plan's target stands, relative to its frozen baseline: `goal +5 since 2024: not reached`."""
    if goal.baseline is None:
        return f"goal {goal.followed.target}: its baseline is not frozen yet"
    told = "not comparable, see the plan" if goal.broken else goal.reached or "cannot be told yet"
    return f"goal {goal.followed.target} since {goal.baseline.period}: {told}"


def _trend(draft: _Draft, leading: Comparison | None) -> TrendFigure | Missing:
    span = f"{draft.before.label.split('..')[0]}..{draft.now.label.split('..')[-1]}"
    where = leading.after.where if leading else ""
    metric = metric_named(LEADING, draft.metrics)

    def months(period: str) -> Scores:
        return score(draft.data, metric, by=("month",), where=where, period=period, for_release=draft.for_release)

    scores = months(span)
    rows = scores.rows
    if any(is_hidden(row.result) for row in rows):  # each year's score is shown too, so each must hide enough itself
        rows = (*months(draft.before.label).rows, *months(draft.now.label).rows)
    points = [
        Point(_month(row.group[0] or ""), row.result) for row in rows if isinstance(row.result, (Estimate, NoEstimate))
    ]
    if len(points) < 2:
        return missing.NO_TREND
    base = leading.before.rows[0].result if leading else None
    return TrendFigure(
        title=f"{scores.metric.label} by month",
        note="The band is the 95 % interval; the dashed line is the mean of the year before",
        points=tuple(points),
        baseline=base.value if isinstance(base, Estimate) else None,
        method=draft.told(
            scores,
            "trend",
            kind=leading.kind if leading else "",
            months=span,
            name=f"{scores.metric.label} by month",
        ),
    )


def _month(label: str) -> str:
    """`2025-03` as people write it below a line: `Mar 25`."""
    return f"{Period.parse(label).start:%b %y}"


def _moments(draft: _Draft) -> JourneyFigure | Missing:
    scores = score(
        draft.data,
        metric_named("csat", draft.metrics),
        by=("touchpoint",),
        period=draft.now.label,
        for_release=draft.for_release,
    )
    kind, rows = _of_largest_kind(scores)
    estimates = [row.result for row in rows if isinstance(row.result, Estimate)]
    if not estimates:
        return missing.NO_MOMENTS
    middle = sum(e.value * e.n for e in estimates) / sum(e.n for e in estimates)
    ordered = sorted(rows, key=lambda row: row.result.value if isinstance(row.result, Estimate) else 101.0)
    worst = ordered[0].result
    headline = f"{spoken(ordered[0].group[0] or '')} satisfies fewest customers"
    if isinstance(worst, Estimate) and worst.high >= middle:
        headline = "No touchpoint stands out from the others"
    return JourneyFigure(
        title=headline,
        note=f"Share of 4 and 5 of 5 per touchpoint{_among(kind)}; the line is the mean of all",
        moments=tuple(_moment(row.group[0] or "", row.result, middle) for row in ordered),  # type: ignore[arg-type]
        reference=middle,
        reference_label="all",
        method=draft.told(scores, "moments", kind=kind, name=f"{scores.metric.label} by touchpoint"),
    )


def _among(kind: str) -> str:
    return f" among {kind} answers" if kind and kind != UNSTATED else ""


def _of_largest_kind(scores: Scores) -> tuple[str, list[Score]]:
    """The kind with most answers and its named groups: kinds are never shown as if they were one measure."""
    rows = [row for row in scores.rows if row.group[0] is not None and isinstance(row.result, (Estimate, NoEstimate))]
    if "kind" not in scores.by:
        return "", rows
    place = scores.by.index("kind")
    sizes: Counter[str | None] = Counter()
    for row in rows:
        sizes[row.group[place]] += row.result.n or 0
    kind = sizes.most_common(1)[0][0] if sizes else ""
    return kind or "", [row for row in rows if row.group[place] == kind]


def _moment(label: str, measured: Measured, middle: float) -> JourneyMoment:
    tone: Tone = "neutral"
    if isinstance(measured, Estimate):
        tone = "bad" if measured.high < middle else "good" if measured.low > middle else "neutral"
    words = {"bad": "below the others, and not by chance.", "good": "above the others, and not by chance."}
    return JourneyMoment(spoken(label), "", measured, tone, words.get(tone, ""))


def _drivers(draft: _Draft) -> Drivers | NoEstimate:
    try:
        rated = metric_named(RATED, draft.metrics)
        return drivers(draft.data, rated, period=draft.now.label, for_release=draft.for_release)
    except Refused:
        return NoEstimate("no touchpoint was rated beside overall satisfaction in these months", 0)


def _driver_figure(draft: _Draft, found: Drivers | NoEstimate) -> DriverFigure | Missing:
    if isinstance(found, NoEstimate):
        return replace(missing.NO_DRIVERS, needs=f"{missing.NO_DRIVERS.needs} So far: {found.reason.rstrip('.')}.")
    draft.methods["drivers"] = Method(
        key="drivers",
        name=f"What goes with {found.metric.label}",
        definition="Shapley importance: each rating's share of the differences in the score that all ratings explain",
        population=_population("answers", found.kind, draft.now.label),
        method="Shapley shares of R², replicate groups of customers; blank ratings by maximum likelihood",
        n=found.used,
        sql=found.sql,
        lake_version=found.data_number,
    )
    top = found.rows[0]
    return DriverFigure(
        title=f"{spoken(top.label)} goes most with how satisfied customers are",
        note=f"Share of the differences in overall satisfaction{_among(found.kind)}, beside the mean rating; "
        "association, not cause",
        rows=tuple(_driver_row(row) for row in found.rows),
        explained=found.r2,
        performance_label="mean rating",
        method="drivers",
    )


def _driver_row(row: Driver) -> DriverRow:
    words = {"fix first": "matters much, rated low", "keep up": "matters much, rated well"}
    tone: Tone = "bad" if row.quadrant == "fix first" else "good" if row.quadrant == "keep up" else "neutral"
    return DriverRow(spoken(row.label), row.share, row.performance, words.get(row.quadrant, ""), tone)


def _value_figure(draft: _Draft, worth: Worth) -> ValueTable | Missing:
    if not any(isinstance(amount, Estimate) for group in worth.groups for amount in (group.spent, group.forecast)):
        return missing.NO_ORDERS
    draft.methods["value"] = Method(
        key="value",
        name="Amounts per customer",
        definition="Paid in the year after the first answer, refunds taken off; expected orders of the next 12 months",
        population=f"customers who gave {_population('answers', worth.kind, 'at any time')}; forecast: with orders",
        method="mean, clustered; BG/NBD and Gamma-Gamma, widened by back-tests on the same customers",
        n=sum(group.people or 0 for group in worth.groups),
        sql=worth.sql,
        lake_version=worth.data_number,
    )
    return ValueTable(
        title="What customers paid after they answered",
        note="Per customer, by how they answered first. " + _gap(worth),
        rows=tuple(ValueRow(spoken(g.band), g.people, g.spent, _each(g.forecast)) for g in worth.groups),
        observed_label="Paid in the year after",
        forecast_label="Expected, next 12 months",
        total=worth.everyone,
        total_label="All customers together, expected in the next 12 months:",
        method="value",
    )


def _gap(worth: Worth) -> str:
    best, last = worth.groups[0], worth.groups[-1]
    if not (isinstance(best.retained, Estimate) and isinstance(last.retained, Estimate)):
        return ""
    return (
        f"Still members a year later: {amount(best.retained)} of {best.band} ({spread(best.retained)}), "
        f"{amount(last.retained)} of {last.band} ({spread(last.retained)})."
    )


def _each(total: Measured) -> Measured:
    """A group's total per customer of the group."""
    if isinstance(total, NoEstimate) or not total.n:
        return total
    numbers = {name: getattr(total, name) / total.n for name in ("value", "low", "high", "se")}
    return replace(total, **numbers)


def _actions(found: Drivers | NoEstimate) -> tuple[Action, ...]:
    """What to do first: the touchpoints that matter and are rated low, else the one that matters most.

    Only those that go with a better score when rated better: an importance has no sign, and may be another's.
    """
    if isinstance(found, NoEstimate):
        return ()
    chosen = to_fix(found)[:2] or helpful(found)[:1]
    actions = [
        Action(
            f"Improve {row.label.lower()}",
            f"It goes with {amount(row.share)} of the differences in overall satisfaction "
            f"and is rated {amount(row.performance)}.",
            "Change it for half of the regions or customers, chosen by lot, and compare.",
            f"{row.answered:,} answers rated it in the period",
            "correlation only",
        )
        for row in chosen
    ]
    return tuple(actions)


def _asked(draft: _Draft, leading: Comparison) -> Question:
    """The answers that the leading score of the last twelve months rests on."""
    return Question(period=draft.now, where=parse_where(leading.after.where))


def _protects(draft: _Draft, leading: Comparison | None) -> bool:
    """Whether what those who answered the leading question said is to be kept from telling who they are."""
    if leading is None:
        return draft.for_release
    return protects(draft.data, leading.after.metric, Question(), leading.kind, for_release=draft.for_release)


def _held_back(protected: bool, distribution: DistributionFigure | None) -> list[Sentence]:
    """What a protected report leaves out."""
    if not protected:
        return []
    words = "comments are not quoted"
    if distribution is None:
        words = f"{words}, and how the answers spread is not shown: fewer than {FEWEST} people gave one of the scores"
    return [Sentence.of(Strong("Anonymity: "), f"groups of fewer than {FEWEST} people are hidden; {words}.")]


def _distribution(draft: _Draft, leading: Comparison | None, protected: bool) -> DistributionFigure | None:
    if leading is None:
        return None
    metric, asked = leading.after.metric, _asked(draft, leading)
    counts = score_counts(draft.data, metric, asked)
    if not counts or (protected and (len(counts) < 11 or fewest_people(draft.data, metric, asked) < FEWEST)):
        return None
    total = sum(counts.values())
    best = sum(n for value, n in counts.items() if value >= 9)
    bands = []
    for value in range(11):
        band, tone = (
            ("Promoters", "good") if value >= 9 else ("Passives", "neutral") if value >= 7 else ("Detractors", "bad")
        )
        bands.append(BandCount(score=str(value), count=counts.get(float(value), 0), band=band, tone=tone))  # type: ignore[arg-type]
    return DistributionFigure(
        title=f"{100 * best / total:.0f} % of the answers are 9 or 10",
        note="Answers from 0 to 10, last twelve months",
        bands=tuple(bands),
        method=LEADING,
    )


def _quotes(draft: _Draft, leading: Comparison | None) -> tuple[Quote, ...]:
    chosen: list[Quote] = []
    if leading is None:
        return ()
    for points, who, most in ((-100.0, "Detractor", 3), (100.0, "Promoter", 1)):
        seen: set[str] = set()
        for voice in voices(draft.data, leading.after.metric, _asked(draft, leading), points=points):
            if voice.text in seen or len(seen) == most:
                continue
            seen.add(voice.text)
            when = f"{voice.at.day} {voice.at:%B %Y}" if voice.at else ""
            chosen.append(Quote(voice.text, who, when, opposing=points > 0))
    return tuple(chosen)


def _coverage(draft: _Draft, worth: Worth, protected: bool) -> tuple[Sentence, ...]:
    notes = []
    if draft.data.has("invitations"):
        rate = metric_named("response_rate", draft.metrics)
        answered = score(draft.data, rate, period=draft.now.label, for_release=draft.for_release)
        result = answered.rows[0].result
        if isinstance(result, Estimate):
            notes.append(
                Sentence.of(
                    Strong("Who did not answer: "),
                    f"{amount(result)} of those asked answered ({spread(result)}); "
                    "the others may be less happy than these.",
                )
            )
    for note in worth.notes[1:]:
        notes.append(Sentence.of(Strong("Amounts: "), f"{note}."))
    aside = set_aside(draft.data)
    if aside and not (protected and aside < FEWEST):
        notes.append(
            Sentence.of(
                Strong("Rows and answers set aside: "),
                f"{aside:,}, with their reasons: touchstone imports --set-aside.",
            )
        )
    return tuple(notes)


def _made_from(data: Data, name: str, now: Period, made_on: date, *, protected: bool) -> MadeFrom:
    def told(n: int) -> int | None:
        return None if protected and 0 < n < FEWEST else n

    extents = {table: extent(data, table) for table in IMPORTABLE if data.has(table)}
    sources = tuple(
        Source(table, told(one.rows), told(one.set_aside), f"{one.newest.day} {one.newest:%b %Y}" if one.newest else "")
        for table, one in extents.items()
    )
    return MadeFrom(
        organisation=name,
        period=f"{now.start:%B %Y} to {now.end - timedelta(days=1):%B %Y}",
        made_on=made_on,
        sources=sources,
        lake_version=data.number,
        software=f"Touchstone {__version__}",
    )
