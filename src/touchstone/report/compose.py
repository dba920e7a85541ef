"""From a workspace's data to the story that the report tells: which numbers, in which order, in which words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from touchstone import __version__
from touchstone.core.errors import Refused
from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.core.metric import Metric
from touchstone.core.nouns import IMPORTABLE
from touchstone.core.period import Period
from touchstone.engine.data import Data
from touchstone.engine.voices import newest_answer, rows_of, score_counts, voices
from touchstone.measure.compare import Comparison, compare
from touchstone.measure.metrics import metric_named
from touchstone.measure.score import score
from touchstone.measure.scores import Score, Scores
from touchstone.report import missing
from touchstone.report.sentences import Verdict, amount, change, said, spread
from touchstone.report.story import (
    Action,
    Answer,
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
from touchstone.value.table import Group, value_table
from touchstone.value.table import ValueTable as Worth

LEADING, RATED = "nps", "overall_rating"  # what the report is about, and what its drivers explain
TILES = ("nps", "ces", "retention", "sales")
MONTHS = 12


@dataclass(slots=True)
class _Draft:
    """What is known so far: the data, the two periods, and the methods of the figures already made."""

    data: Data
    metrics: dict[str, Metric]
    now: Period
    before: Period
    methods: dict[str, Method] = field(default_factory=dict)

    def told(self, scores: Scores, key: str = "") -> str:
        """Keep how `scores` was computed; its key."""
        key = key or scores.metric.name
        result = scores.rows[0].result if scores.rows else NoEstimate("nothing was found", 0)
        words = result.method if isinstance(result, Estimate) else "exact sum of recorded rows"
        self.methods[key] = Method(
            key=key,
            name=scores.metric.label,
            definition=scores.metric.definition,
            population=f"{scores.metric.table}, {self.now.label.replace('..', ' to ')}",
            method=words,
            n=sum(row.result.n or 0 for row in scores.rows),
            sql=scores.sql,
            lake_version=scores.data_number,
        )
        return key


def compose(data: Data, metrics: dict[str, Metric], *, name: str, made_on: date) -> Story:
    """The whole report on the last twelve months, against the twelve before.

    Refused when there are no answers with a date. Whatever else is missing, its section says what it would take.
    """
    newest = newest_answer(data) if data.has("answers") else None
    if newest is None:
        raise Refused("There is nothing to report yet: no answer has a date.", hint="import a survey: touchstone add")
    now, before = _last_months(newest.date())
    draft = _Draft(data, metrics, now, before)
    compared = {name: compare(data, metrics[name], before, now) for name in TILES if data.has(metrics[name].table)}
    found = _drivers(draft)
    worth = value_table(data, metric_named(LEADING, metrics))
    moments = _moments(draft)
    driving = _driver_figure(draft, found)
    value = _value_figure(draft, worth)
    trend = _trend(draft, compared.get(LEADING))
    actions = _actions(found)
    lede = _lede(compared, found, worth, actions)
    return Story(
        title=_title(compared, found),
        lede=lede,
        tiles=tuple(_tile(draft, one) for one in compared.values()),
        trend=trend,
        moments=moments,
        drivers=driving,
        value_table=value,
        actions=actions,
        distribution=_distribution(draft),
        quotes=_quotes(draft),
        coverage_notes=_coverage(draft, worth),
        methods=tuple(draft.methods.values()),
        made_from=_made_from(data, name, now, made_on),
    )


def _last_months(newest: date) -> tuple[Period, Period]:
    """The twelve months that end with the newest answer's, and the twelve before."""
    last = Period.containing(newest, "month")
    if newest.day < 15:  # a month that has only just begun says little
        last = Period.containing(last.start - timedelta(days=1), "month")
    year = last.start.year if last.start.month == 12 else last.start.year - 1
    first = date(year, last.start.month % 12 + 1, 1)
    now = Period.parse(f"{first:%Y-%m}..{last.start:%Y-%m}")
    earlier = Period.containing(first - timedelta(days=1), "month").start
    before = Period.parse(f"{first.year - 1:04d}-{first.month:02d}..{earlier:%Y-%m}")
    return now, before


def _verdict(one: Comparison) -> Verdict:
    takes = ""
    needed = one.verdict.answers_for(one.change.value) if isinstance(one.change, Estimate) else None
    if one.verdict.words != "a real change" and needed and one.change.n and needed < 6 * one.change.n:
        takes = f"about {max(needed - one.change.n, 1):,} more answers would tell"
    return change(one.change, since="the year before", better=one.after.metric.better, takes=takes)


def _tile(draft: _Draft, one: Comparison) -> Tile:
    key = draft.told(one.after)
    if one.after.metric.table == "orders":
        return Tile(one.after.metric.label, one.now, "", "neutral", "last twelve months", key)
    verdict = _verdict(one)
    note = f"the year before: {amount(one.before.rows[0].result)}"
    return Tile(one.after.metric.label, one.now, verdict.text, verdict.tone, note, key)


def _trend(draft: _Draft, leading: Comparison | None) -> TrendFigure | Missing:
    span = f"{draft.before.label.split('..')[0]}..{draft.now.label.split('..')[-1]}"
    scores = score(draft.data, metric_named(LEADING, draft.metrics), by=("month",), period=span)
    points = [
        Point(_month(row.group[0] or ""), row.result)
        for row in scores.rows
        if isinstance(row.result, (Estimate, NoEstimate))
    ]
    if len(points) < 2:
        return missing.NO_TREND
    base = leading.before.rows[0].result if leading else None
    return TrendFigure(
        title=f"{scores.metric.label} by month",
        note="The band is the 95 % interval; the dashed line is the mean of the year before",
        points=tuple(points),
        baseline=base.value if isinstance(base, Estimate) else None,
        method=draft.told(scores, "trend"),
    )


def _month(label: str) -> str:
    """`2025-03` as people write it below a line: `Mar 25`."""
    return f"{Period.parse(label).start:%b %y}"


def _moments(draft: _Draft) -> JourneyFigure | Missing:
    scores = score(draft.data, metric_named("csat", draft.metrics), by=("touchpoint",), period=draft.now.label)
    rows = _of_largest_kind(scores)
    estimates = [row.result for row in rows if isinstance(row.result, Estimate)]
    if not estimates:
        return missing.NO_MOMENTS
    middle = sum(e.value * e.n for e in estimates) / sum(e.n for e in estimates)
    ordered = sorted(rows, key=lambda row: row.result.value if isinstance(row.result, Estimate) else 101.0)
    worst = ordered[0].result
    title = f"{_spoken(ordered[0].group[0] or '')} satisfies fewest customers"
    if isinstance(worst, Estimate) and worst.high >= middle:
        title = "No touchpoint stands out from the others"
    return JourneyFigure(
        title=title,
        note="Share of 4 and 5 of 5 per touchpoint with its interval; the line is the mean of all",
        moments=tuple(_moment(row.group[0] or "", row.result, middle) for row in ordered),  # type: ignore[arg-type]
        reference=middle,
        reference_label="all",
        method=draft.told(scores, "moments"),
    )


def _of_largest_kind(scores: Scores) -> list[Score]:
    """The named groups of the kind with most answers: kinds are never shown as if they were one measure."""
    rows = [row for row in scores.rows if row.group[0] is not None and isinstance(row.result, (Estimate, NoEstimate))]
    if "kind" not in scores.by:
        return rows
    place = scores.by.index("kind")
    sizes: Counter[str | None] = Counter()
    for row in rows:
        sizes[row.group[place]] += row.result.n or 0
    return [row for row in rows if row.group[place] == sizes.most_common(1)[0][0]]


def _moment(label: str, measured: Measured, middle: float) -> JourneyMoment:
    tone: Tone = "neutral"
    if isinstance(measured, Estimate):
        tone = "bad" if measured.high < middle else "good" if measured.low > middle else "neutral"
    words = {"bad": "below the others, and not by chance.", "good": "above the others, and not by chance."}
    return JourneyMoment(_spoken(label), "", measured, tone, words.get(tone, ""))


def _spoken(name: str) -> str:
    """A touchpoint's name as people say it: `web_shop` becomes `Web shop`."""
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def _drivers(draft: _Draft) -> Drivers | NoEstimate:
    try:
        return drivers(draft.data, metric_named(RATED, draft.metrics), period=draft.now.label)
    except Refused as refused:
        return NoEstimate(refused.problem, None)


def _driver_figure(draft: _Draft, found: Drivers | NoEstimate) -> DriverFigure | Missing:
    if isinstance(found, NoEstimate):
        return replace(missing.NO_DRIVERS, needs=f"{missing.NO_DRIVERS.needs} So far: {found.reason}.")
    draft.methods["drivers"] = Method(
        key="drivers",
        name=f"What goes with {found.metric.label}",
        definition="Shapley importance: each rating's share of the differences in the score that all ratings explain",
        population=f"answers, {draft.now.label.replace('..', ' to ')}",
        method="Shapley shares of R², replicate groups of customers; blank ratings by maximum likelihood",
        n=found.used,
        sql=found.sql,
        lake_version=found.data_number,
    )
    top = found.rows[0]
    return DriverFigure(
        title=f"{_spoken(top.label)} goes most with how satisfied customers are",
        note="Share of the differences in overall satisfaction, beside the mean rating; association, not cause",
        rows=tuple(_driver_row(row) for row in found.rows),
        explained=found.r2,
        performance_label="mean rating",
        method="drivers",
    )


def _driver_row(row: Driver) -> DriverRow:
    words = {"fix first": "matters much, rated low", "keep up": "matters much, rated well"}
    tone: Tone = "bad" if row.quadrant == "fix first" else "good" if row.quadrant == "keep up" else "neutral"
    return DriverRow(_spoken(row.label), row.share, row.performance, words.get(row.quadrant, ""), tone)


def _value_figure(draft: _Draft, worth: Worth) -> ValueTable | Missing:
    if not any(isinstance(amount, Estimate) for group in worth.groups for amount in (group.spent, group.forecast)):
        return missing.NO_ORDERS
    draft.methods["value"] = Method(
        key="value",
        name="Amounts per customer",
        definition="Paid in the year after the first answer, refunds taken off; expected orders of the next 12 months",
        population="customers with an answer and orders",
        method="mean, clustered; BG/NBD and Gamma-Gamma, widened by back-tests on the same customers",
        n=sum(group.people for group in worth.groups),
        sql=worth.sql,
        lake_version=worth.data_number,
    )
    return ValueTable(
        title="What customers paid after they answered",
        note="Per customer, by how they answered first. " + _gap(worth),
        rows=tuple(ValueRow(_spoken(g.band), g.people, g.spent, _each(g.forecast)) for g in worth.groups),
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
    """What to do first: the touchpoints that matter and are rated low, then what would tell more."""
    if isinstance(found, NoEstimate):
        return ()
    chosen = [row for row in found.rows if row.quadrant == "fix first"][:2] or [_worst(found.rows)]
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


def _worst(rows: Sequence[Driver]) -> Driver:
    """The item with the most importance for its rating, where none is clearly one to fix first."""
    return max(rows, key=lambda row: row.share.value if isinstance(row.share, Estimate) else 0.0)


def _title(compared: dict[str, Comparison], found: Drivers | NoEstimate) -> str:
    leading = compared.get(LEADING)
    words = "Customer experience in twelve months"
    if leading is not None and isinstance(leading.change, Estimate):
        up = leading.change.value > 0
        real = leading.verdict.words == "a real change"
        words = (
            f"Customers are {'happier' if up else 'less happy'} than a year ago"
            if real
            else ("Customers are about as happy as a year ago")
        )
    fix = [] if isinstance(found, NoEstimate) else [row for row in found.rows if row.quadrant == "fix first"]
    return f"{words}; {fix[0].label.lower()} is what to fix first" if fix else words


def _lede(
    compared: dict[str, Comparison], found: Drivers | NoEstimate, worth: Worth, actions: Sequence[Action]
) -> tuple[Answer, ...]:
    happened = [
        said(one.after.metric.label, one.now, _verdict(one))
        for name, one in compared.items()
        if name in (LEADING, "retention") and isinstance(one.now, (Estimate, NoEstimate))
    ]
    answers = [Answer("What happened", tuple(happened)), Answer("Why", (_why(found),))]
    answers.append(Answer("What it is worth", _worth_sentences(worth.groups)))
    first = Sentence.of(Strong(actions[0].title), f": {actions[0].next_step}") if actions else _nothing_to_do()
    answers.append(Answer("What to do first", (first,)))
    return tuple(answers)


def _nothing_to_do() -> Sentence:
    return Sentence.of("Ask customers to rate single touchpoints beside the whole: then the first step can be named.")


def _why(found: Drivers | NoEstimate) -> Sentence:
    if isinstance(found, NoEstimate):
        return Sentence.of(f"It cannot be told yet: {found.reason}.")
    top = found.rows[0]
    return Sentence.of(
        Strong(_spoken(top.label)),
        f" goes with {amount(top.share)} of the differences in overall satisfaction",
        f" (likely {spread(top.share)})" if isinstance(top.share, Estimate) else "",
        f" and is rated {amount(top.performance)}.",
    )


def _worth_sentences(groups: Sequence[Group]) -> tuple[Sentence, ...]:
    best, last = groups[0], groups[-1]
    if not (isinstance(best.spent, Estimate) and isinstance(last.spent, Estimate)):
        reason = best.spent.reason if isinstance(best.spent, NoEstimate) else "too few orders could be matched"
        return (Sentence.of(f"No amount yet: {reason}."),)
    return (
        Sentence.of(
            f"{_spoken(best.band)} paid ",
            Strong(amount(best.spent)),
            f" in the year after their answer ({spread(best.spent)}), {last.band} {amount(last.spent)}"
            f" ({spread(last.spent)}).",
        ),
        Sentence.of("That difference is correlation only: it prices nothing yet."),
    )


def _distribution(draft: _Draft) -> DistributionFigure | None:
    metric = metric_named(LEADING, draft.metrics)
    counts = score_counts(draft.data, metric, draft.now)
    if not counts or LEADING not in draft.methods:
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


def _quotes(draft: _Draft) -> tuple[Quote, ...]:
    metric = metric_named(LEADING, draft.metrics)
    chosen = []
    for points, who, most in ((-100.0, "Detractor", 3), (100.0, "Promoter", 1)):
        seen: set[str] = set()
        for voice in voices(draft.data, metric, draft.now, points=points):
            if voice.text in seen or len(seen) == most:
                continue
            seen.add(voice.text)
            when = f"{voice.at.day} {voice.at:%B %Y}" if voice.at else ""
            chosen.append(Quote(voice.text, who, when, opposing=points > 0))
    return tuple(chosen)


def _coverage(draft: _Draft, worth: Worth) -> tuple[Sentence, ...]:
    notes = []
    if draft.data.has("invitations"):
        answered = score(draft.data, metric_named("response_rate", draft.metrics), period=draft.now.label)
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
    aside = rows_of(draft.data, "set_aside") if draft.data.has("set_aside") else 0
    if aside:
        notes.append(
            Sentence.of(Strong("Rows set aside: "), f"{aside:,}, with their reasons: touchstone imports --set-aside.")
        )
    return tuple(notes)


def _made_from(data: Data, name: str, now: Period, made_on: date) -> MadeFrom:
    sources = tuple(Source(table, rows_of(data, table)) for table in IMPORTABLE if data.has(table))
    return MadeFrom(
        organisation=name,
        period=f"{now.start:%B %Y} to {now.end - timedelta(days=1):%B %Y}",
        made_on=made_on,
        sources=sources,
        lake_version=data.number,
        software=f"Touchstone {__version__}",
    )
