"""Who moved between bands: the same people in two periods, as a table, and how far they moved on the whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.estimate import Estimate, Measured, NoEstimate, interval, record, shown
from touchstone.core.metric import Metric
from touchstone.core.metric import Score as ScoreForm
from touchstone.core.period import Period
from touchstone.core.where import parse_where
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.promises import FEWEST
from touchstone.engine.rows import Question
from touchstone.engine.transitions import answers_without_person, move_sums, people_of_periods, presence_sums
from touchstone.measure.changes import ends_of, unit_of_change
from touchstone.measure.kinds import of_one_kind
from touchstone.measure.released import given_out, refuse_clash
from touchstone.measure.score import measured
from touchstone.measure.scores import Group
from touchstone.measure.sums import to_moments
from touchstone.measure.suppress import discreet, hidden_groups, protects, why_hidden
from touchstone.stats.differences import Verdict, verdict
from touchstone.stats.means import mean
from touchstone.stats.moments import Moments
from touchstone.stats.rates import share

_NET = {100.0: "promoters", 0.0: "passives", -100.0: "detractors"}


@dataclass(frozen=True, slots=True)
class Move:
    """People who were in band `before` and are in band `after`: how many (None: hidden), of those before in percent."""

    before: str
    after: str
    n: int | None
    share: Measured


@dataclass(frozen=True, slots=True)
class Part:
    """People by presence ("both periods", "this period only") in one period: how many (None: hidden), their score."""

    period: str
    presence: str
    n: int | None
    score: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Transitions:
    """The table of moves, the net movement of the same people with its verdict, and who was in one period only.

    `bands` go from best to worst. `up` and `down` are the shares of people whose band is better, and worse.
    """

    metric: Metric
    first: str
    second: str
    bands: tuple[str, ...]
    moves: tuple[Move, ...]
    movement: Measured
    verdict: Verdict
    up: Measured
    down: Measured
    parts: tuple[Part, ...]
    sql: str
    data_number: int
    notes: tuple[str, ...] = ()

    def records(self) -> dict[str, object]:
        """The moves and the parts as flat records, beside the movement."""
        return {
            "metric": self.metric.name,
            "from": self.first,
            "to": self.second,
            "movement": record(self.movement) | {"verdict": str(self.verdict)},
            "up": record(self.up),
            "down": record(self.down),
            "moves": [{"before": m.before, "after": m.after, "people": m.n, **record(m.share)} for m in self.moves],
            "people": [
                {"period": p.period, "presence": p.presence, "people": p.n, **record(p.score)} for p in self.parts
            ],
        }

    def sentence(self) -> str:
        """The movement in words."""
        if isinstance(self.movement, NoEstimate):
            return f"{self.metric.label} from {self.first} to {self.second}: {self.movement.reason}."
        return (
            f"{self.metric.label} of the same people from {self.first} to {self.second}: "
            f"{self.movement.value:+.1f} {self.movement.unit} ({interval(self.movement)}), {self.verdict}; "
            f"{_told(self.up)} moved up, {_told(self.down)} down."
        )


def transitions(
    data: Data,
    metric: Metric,
    first: Period,
    second: Period,
    *,
    where: str = "",
    level: float = 0.95,
    for_release: bool = False,
) -> Transitions:
    """Follow the people who answered `metric` in both periods from band to band; of several answers the last counts.

    The movement is the mean change of the same people, its interval that of paired differences, clustered by account:
    for two bands McNemar's comparison of those who moved up with those who moved down. Raises BadDefinition for a
    metric without bands and for periods that overlap, Refused where nobody answered in both. Where anonymity was
    promised, or `for_release`, all is hidden of fewer than ten people, and what would give them away; Refused where the
    condition itself would.
    """
    form = metric.form
    if not isinstance(form, ScoreForm) or not form.bands:
        raise BadDefinition(f"'{metric.name}' has no bands to move between.", hint="choose nps, csat or ces.")
    if first.start < second.end and second.start < first.end:
        raise BadDefinition(
            f"{first.label} and {second.label} overlap.", hint="choose two periods, one after the other."
        )
    asked = Question(where=parse_where(where))
    one = of_one_kind(data, metric, asked)
    people = people_of_periods(data, metric, form, one.question, first, second)
    labels = _labels(form)
    table = _Table(data, metric, people, labels, level)
    if not table.both.n:
        raise Refused(
            f"Nobody known answered in both {first.label} and {second.label}.",
            hint="answers need a customer_id, and the same people asked again.",
        )
    table.hides = protects(data, metric, asked, one.kind, for_release=for_release, periods=(first, second))
    nameless = sum(answers_without_person(data, metric, form, one.question, period) for period in (first, second))
    spans = [replace(one.question, period=period) for period in (first, second)] if table.hides else []
    for span in spans:
        refuse_clash(data, metric, span)
    left_out = [f"{nameless:,} answers without a known person are left out"] if nameless and not table.hides_all else []
    notes = (*((one.remark,) if one.remark else ()), *left_out)
    movement = table.movement()
    kept = dict.fromkeys(note for span in spans for note in given_out(data, metric, span))
    return Transitions(
        metric=metric,
        first=first.label,
        second=second.label,
        bands=tuple(labels.values()),
        moves=table.moves(),
        movement=movement,
        verdict=verdict(movement),
        up=table.moved(up=True),
        down=table.moved(up=False),
        parts=table.parts(first.label, second.label),
        sql=table.sql,
        data_number=data.number,
        notes=(*discreet(notes), *kept) if table.hides else notes,
    )


def _labels(form: ScoreForm) -> dict[float, str]:
    """What each band is called, by its points, best first."""
    if form.form == "net":
        return _NET
    ends = [*(band.low for band in form.bands[1:]), form.highest]
    names = [
        f"{band.low:g} to {end - 1 if place < len(form.bands) - 1 else end:g}"
        for place, (band, end) in enumerate(zip(form.bands, ends, strict=True))
    ]
    found = {band.points: name for band, name in zip(form.bands, names, strict=True)}
    return dict(sorted(found.items(), reverse=True))


class _Table:
    """Sums of the people: of every move, of those in both periods, and of those in one."""

    def __init__(self, data: Data, metric: Metric, people: Table, labels: dict[float, str], level: float) -> None:
        self.metric, self.labels, self.level = metric, labels, level
        fetched = data.fetch(move_sums(people, list(labels)))
        self.sql = fetched.sql
        self.sums = {(row["what"], row["place"]): to_moments(row, 0.0) for row in fetched.rows}
        self.alone = data.fetch(presence_sums(people)).rows
        self.hides = False  # whether a promise is to be kept

    @property
    def both(self) -> Moments:
        """The change of everybody in both periods."""
        return self.sums.get(("change", 0), Moments.of([], centre=0.0))

    @property
    def hides_all(self) -> bool:
        """Whether so few people were in both periods that nothing may be told of them."""
        return self.hides and min(self.both.n, self.both.clusters) < FEWEST

    def movement(self) -> Measured:
        if self.hides_all:
            return NoEstimate(why_hidden(), None)
        lowest, highest = ends_of(self.metric)
        reach = None if lowest is None or highest is None else highest - lowest
        low = None if reach is None else -reach
        return mean(self.both, unit=unit_of_change(self.metric.unit), level=self.level, lowest=low, highest=reach)

    def moved(self, *, up: bool) -> Measured:
        """The share of those whose band is better, or worse; hidden with any of the moves that it adds up."""
        order = {name: place for place, name in enumerate(self.labels.values())}
        if any(order[before] != order[after] and (order[after] < order[before]) == up for before, after in self.gone):
            return NoEstimate(why_hidden(), None)
        return share(self.sums["up" if up else "down", 0], level=self.level)

    @property
    def counts(self) -> dict[tuple[str, str], int]:
        """How many people were in the one band and then in the other."""
        counts = {}
        for i, before in enumerate(self.labels.values()):
            for j, after in enumerate(self.labels.values()):
                held = self.sums.get((f"to{j}", i))
                counts[before, after] = 0 if held is None else round(held.mean * held.n / 100)
        return counts

    @cached_property
    def gone(self) -> set[tuple[str, str]]:
        """The moves that a promise hides."""
        if self.hides_all:
            return set(self.counts)
        hidden = hidden_groups({(a, b): n for (a, b), n in self.counts.items()}) if self.hides else set()
        return {move for move in self.counts if move in hidden}

    def moves(self) -> tuple[Move, ...]:
        counts, gone, found = self.counts, self.gone, []
        for i, before in enumerate(self.labels.values()):
            for j, after in enumerate(self.labels.values()):
                held = self.sums.get((f"to{j}", i))
                result: Measured = NoEstimate(f"nobody was among the {before} before", 0)
                if (before, after) in gone:
                    result = NoEstimate(why_hidden(), None)
                elif held is not None:
                    result = share(held, level=self.level)
                n = None if (before, after) in gone else counts[before, after]
                found.append(Move(before, after, n, result))
        return tuple(found)

    def parts(self, first: str, second: str) -> tuple[Part, ...]:
        held = {(str(row["period"]), str(row["presence"])): to_moments(row, 0.0) for row in self.alone}
        people: dict[Group, int] = {group: min(sums.n, sums.clusters) for group, sums in held.items()}
        gone = hidden_groups(people) if self.hides else set()
        found = []
        for (period, presence), sums in sorted(held.items()):
            name = first if period == "1" else second
            result = measured(self.metric, sums, level=self.level)
            if self.hides_all or (period, presence) in gone:
                found.append(Part(name, presence, None, NoEstimate(why_hidden(), None)))
            elif isinstance(result, Estimate | NoEstimate):
                found.append(Part(name, presence, sums.n, result))
        return tuple(found)


def _told(result: Measured) -> str:
    if isinstance(result, Estimate):
        return shown(result)
    return "hidden" if result.n is None else "-"
