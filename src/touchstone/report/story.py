"""What a report says, independent of where the numbers come from: plain records, checked when they are put together.

A figure carries the key of the `Method` it was computed by; `Story` refuses a figure whose method is not told, so
"How was this computed?" can never lead nowhere. Where a section has no data it holds a `Missing`, which teaches.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, Grade, Measured, Result

Tone = Literal["good", "bad", "caution", "neutral"]


@dataclass(frozen=True, slots=True)
class Strong:
    """Words of a sentence that the eye should find first: a number, a name."""

    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of plain words, with its important ones marked."""

    parts: tuple[str | Strong, ...]

    @classmethod
    def of(cls, *parts: str | Strong) -> Sentence:
        """A sentence from its parts: `Sentence.of("NPS is ", Strong("31"), ".")`."""
        return cls(parts)

    @property
    def text(self) -> str:
        """The sentence without its marks."""
        return "".join(part.text if isinstance(part, Strong) else part for part in self.parts)


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the four questions every report opens with (what happened, why, what it is worth, what to do first)."""

    question: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """An empty section that teaches: what it would show, what it needs, and the one command that gets there."""

    shows: str
    needs: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """One score at a glance. `verdict` is what became of it, in words; `note` says what for (goal, baseline)."""

    label: str
    measured: Result
    verdict: str
    tone: Tone
    note: str
    method: str


@dataclass(frozen=True, slots=True)
class Point:
    """One period of a trend. A period without a number stays a gap."""

    label: str
    measured: Measured


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in the period labelled `at` and may have moved the score."""

    at: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendFigure:
    """A score through time with its interval, and what to compare it with."""

    title: str
    note: str
    points: tuple[Point, ...]
    method: str
    baseline: float | None = None
    target: float | None = None
    events: tuple[Event, ...] = ()

    def __post_init__(self) -> None:
        labels = [point.label for point in self.points]
        if len(set(labels)) < len(labels):
            raise BadDefinition(f"The trend '{self.title}' names a period twice.")
        if strays := [event.at for event in self.events if event.at not in labels]:
            raise BadDefinition(f"The trend '{self.title}' marks an event at {strays[0]}, which it does not show.")


@dataclass(frozen=True, slots=True)
class Row:
    """One group of a comparison, with its verdict in words."""

    label: str
    measured: Measured
    tone: Tone = "neutral"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigure:
    """One score per group, beside the score of all together (`reference`)."""

    title: str
    note: str
    rows: tuple[Row, ...]
    method: str
    reference: float | None = None
    reference_label: str = "all"


@dataclass(frozen=True, slots=True)
class JourneyMoment:
    """A touchpoint of the journey: how it is scored, how many pass it, and what stands out there."""

    label: str
    stage: str
    measured: Measured
    tone: Tone = "neutral"
    note: str = ""
    passing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyFigure:
    """The journey in its own order, beside the score of all moments together (`reference`)."""

    title: str
    note: str
    moments: tuple[JourneyMoment, ...]
    method: str
    reference: float | None = None
    reference_label: str = "all moments"


@dataclass(frozen=True, slots=True)
class DriverRow:
    """What a moment or topic explains of the score (`importance`, in %) beside how it is rated (`performance`)."""

    label: str
    importance: Measured
    performance: Measured
    verdict: str = ""
    tone: Tone = "neutral"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverFigure:
    """What drives a score, most important first. `explained` is how much of it all drivers together account for."""

    title: str
    note: str
    rows: tuple[DriverRow, ...]
    method: str
    explained: Measured | None = None
    performance_label: str = "rated"


@dataclass(frozen=True, slots=True, kw_only=True)
class BandCount:
    """How many answers gave one score, and the band (detractor, passive, promoter) it lies in."""

    score: str
    count: int
    band: str
    tone: Tone = "neutral"


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionFigure:
    """How the answers spread over the scale."""

    title: str
    note: str
    bands: tuple[BandCount, ...]
    method: str


@dataclass(frozen=True, slots=True)
class ValueRow:
    """What the customers of one score group spent (`observed`) and are expected to spend (`forecast`), per customer.

    `customers` is None where the group is too small to be told.
    """

    group: str
    customers: int | None
    observed: Measured
    forecast: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueTable:
    """Amounts per score group. They carry no evidence grade, and a difference between groups is not an effect."""

    title: str
    note: str
    rows: tuple[ValueRow, ...]
    method: str
    observed_label: str = "Spent, last 12 months"
    forecast_label: str = "Expected, next 12 months"
    total: Result | None = None
    total_label: str = ""

    def __post_init__(self) -> None:
        amounts = [amount for row in self.rows for amount in (row.observed, row.forecast)]
        if any(isinstance(amount, Estimate) and amount.grade for amount in amounts):
            raise BadDefinition(
                "An amount of a score group carries an evidence grade.",
                hint="grades belong to effects, not to amounts.",
            )


@dataclass(frozen=True, slots=True)
class Action:
    """What to do, why here, what is at stake in customers, and how good the evidence is."""

    title: str
    because: str
    next_step: str
    stake: str = ""
    evidence: Grade | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """A customer's own words. `opposing` marks the voice that says otherwise."""

    text: str
    who: str
    about: str = ""
    opposing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How a number came about: enough to compute it again elsewhere."""

    key: str
    name: str
    definition: str
    population: str
    method: str
    n: int | None
    sql: str
    lake_version: int | None


@dataclass(frozen=True, slots=True)
class Source:
    """A table the report rests on; a number is None where it is too small to be told."""

    name: str
    rows: int | None
    set_aside: int | None = 0
    newest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFrom:
    """What the report was made from and when, so that it can be made again."""

    organisation: str
    period: str
    made_on: date
    sources: tuple[Source, ...]
    lake_version: int | None
    software: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A whole report. `lede` holds the four answers of the first screen."""

    title: str
    lede: tuple[Answer, ...]
    tiles: tuple[Tile, ...]
    trend: TrendFigure | Missing
    moments: JourneyFigure | Missing
    drivers: DriverFigure | Missing
    value_table: ValueTable | Missing
    actions: tuple[Action, ...]
    methods: tuple[Method, ...]
    made_from: MadeFrom
    summary: Sentence = Sentence(())
    groups: tuple[GroupFigure, ...] = ()
    distribution: DistributionFigure | None = None
    quotes: tuple[Quote, ...] = ()
    coverage_notes: tuple[Sentence, ...] = ()

    def __post_init__(self) -> None:
        keys = [method.key for method in self.methods]
        if len(set(keys)) < len(keys):
            raise BadDefinition("Two methods of the report share a key.")
        if untold := [key for key in self._used() if key not in keys]:
            raise BadDefinition(f"The report shows a figure but not how it was computed: '{untold[0]}'.")

    def method(self, key: str) -> Method:
        """The method with this key; `Story` was refused if a figure's key has none."""
        return next(method for method in self.methods if method.key == key)

    def _used(self) -> list[str]:
        figures = (self.trend, self.moments, self.drivers, self.value_table, self.distribution, *self.groups)
        shown = [figure.method for figure in figures if figure is not None and not isinstance(figure, Missing)]
        return [tile.method for tile in self.tiles] + shown
