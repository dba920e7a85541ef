"""From our number to another tool's, one rule after the other: pure arithmetic over counts, in exact fractions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import floor

from touchstone.core.metric import Score
from touchstone.core.vendor import RULES, Rule, Scale, VendorMetric

OURS = {aspect: rules[0] for aspect, rules in RULES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """So many answers (`n`, adding up to `total`) on one scale: `said` by its whole number, whole or above it.

    `latest` says whether they are the latest of their person.
    """

    scale: Scale
    said: int
    whole: bool
    latest: bool
    n: int
    total: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was counted: the answers inside their scales, and the submissions that passed the question by."""

    tallies: tuple[Tally, ...]
    skips: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One complete way of counting: a rule per aspect, and from which answer on somebody is satisfied, by scale."""

    does: Mapping[str, str]
    boxes: Mapping[Scale, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A number by some way of counting, how many answers it rests on, and what it divides by (these and skips)."""

    value: Fraction
    answers: int
    base: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one rule changes: by how much, to what, how many answers it concerns, and the reason."""

    aspect: str
    effect: Fraction
    after: Fraction
    n: int
    reason: str
    rule: Rule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """Our number, the steps from it to the tool's (which add up exactly), and the tool's."""

    ours: Fraction
    steps: tuple[Step, ...]
    theirs: Value


@dataclass(frozen=True, slots=True)
class Match:
    """A way of counting that gives a number somebody remembers: where it departs from the rules as they are known."""

    departures: tuple[tuple[str, str], ...]


def value(counted: Counted, form: Score, way: Way) -> Value | None:
    """The number that a way of counting gives; None where it has no answer to count.

    With P promoters (or satisfied), D detractors, T the sum of the answers, n answers that count, and the base N = n
    or, where skips count, n and the skips: a net score is 100 (P - D) / N, a share 100 P / N, a mean T / N. The value
    is an exact fraction, rounded as the way says: halves up, or both shares of a net score before the subtraction.
    """
    kept = [tally for tally in counted.tallies if _counts(tally, form, way)]
    n = sum(tally.n for tally in kept)
    if not n:
        return None
    base = n + (counted.skips if way.does["skips"] == "counted" else 0)
    rounding = way.does["rounding"]
    if form.form == "mean":
        exact = sum((tally.total for tally in kept), Fraction(0)) / base
        return Value(value=_rounded(exact, rounding), answers=n, base=base)
    points = [(_points(tally, form, way), tally.n) for tally in kept]
    up = Fraction(100 * sum(count for point, count in points if point > 0), base)
    down = Fraction(100 * sum(count for point, count in points if point < 0), base)
    if rounding == "shares":
        return Value(value=_rounded(up, "0") - _rounded(down, "0"), answers=n, base=base)
    return Value(value=_rounded(up - down, rounding), answers=n, base=base)


def our_way(form: Score) -> Way:
    """How we count: on the metric's own scale, by the first rule of every aspect."""
    satisfied = next((band.low for band in form.bands if band.points > 0), form.highest)
    return Way(does=OURS, boxes={(form.lowest, form.highest): satisfied})


def their_way(form: Score, vendor: VendorMetric) -> Way:
    """How the tool counts; what is not known of it is as ours."""
    ours = our_way(form)
    boxes = {**ours.boxes, **vendor.boxes} if form.form == "share" else ours.boxes
    return Way(does={**OURS, **{aspect: rule.does for aspect, rule in vendor.rules.items()}}, boxes=boxes)


def waterfall(
    counted: Counted, form: Score, vendor: VendorMetric, *, weighted: Fraction | None = None
) -> Waterfall | None:
    """The steps from our number to the tool's; None where we have no answer to count.

    `weighted` is our number where answers carry weights: other tools know none, so that is the first step.
    """
    way = our_way(form)
    now = value(counted, form, way)
    if now is None:
        return None
    ours = now.value if weighted is None else weighted
    steps = [] if weighted is None else [_unweighted(now, weighted)]
    for aspect, changed in _departures(form, vendor):
        after = value(counted, form, changed)
        if after is None:
            return None
        n = _concerned(aspect, counted, form, way, changed)
        rule = vendor.boxes_rule if aspect in ("boxes", "scales") else vendor.rules[aspect]
        effect = after.value - now.value
        if effect or n:
            reason = _reason(aspect, n, form, way, changed)
            steps.append(Step(aspect=aspect, effect=effect, after=after.value, n=n, reason=reason, rule=rule))
        way, now = changed, after
    return Waterfall(ours=ours, steps=tuple(steps), theirs=now)


def matches(counted: Counted, form: Score, vendor: VendorMetric, shown: Decimal) -> tuple[Match, ...]:
    """The ways of counting that give exactly the number `shown`, the nearest to the known rules first.

    First the known rules of this tool (`Rule.also` among them); where none of them does, every rule that some tool has,
    and other boxes. A way counts when its number, rounded to the decimals that `shown` has, is `shown`.
    """
    digits = max(0, -int(shown.as_tuple().exponent))
    theirs = their_way(form, vendor)
    own = {aspect: (rule.does, *rule.also) for aspect, rule in vendor.rules.items()}
    for options, boxes in ((own, [theirs.boxes]), ({**RULES}, _all_boxes(form, theirs))):
        found = []
        for rules in product(*(options.get(aspect, (theirs.does[aspect],)) for aspect in RULES)):
            does = dict(zip(RULES, rules, strict=True))
            for thresholds in boxes:
                way = Way(does=does, boxes=thresholds)
                got = value(counted, form, way)
                if got is not None and _to_digits(got.value, digits) == Fraction(shown):
                    found.append(_match(theirs, way, form))
        if found:
            return _simplest(found)
    return ()


def _simplest(found: Sequence[Match]) -> tuple[Match, ...]:
    """Without those that depart in more than is needed, the fewest departures first."""
    kept: list[Match] = []
    for match in sorted(set(found), key=lambda one: (len(one.departures), one.departures)):
        if not any(set(other.departures) <= set(match.departures) for other in kept):
            kept.append(match)
    return tuple(kept)


def _counts(tally: Tally, form: Score, way: Way) -> bool:
    if tally.scale not in way.boxes or (way.does["answers"] == "latest" and not tally.latest):
        return False
    if way.does["fractions"] == "left out" and not tally.whole:
        return False
    return not (way.does["neutral"] == "left out" and _is_neutral(tally, form))


def _is_neutral(tally: Tally, form: Score) -> bool:
    return form.form == "share" and tally.whole and 2 * tally.said == sum(tally.scale)


def _points(tally: Tally, form: Score, way: Way) -> float:
    if way.does["fractions"] == "in no group" and not tally.whole:
        return 0.0
    if form.form == "net":
        return form.points(tally.said) or 0.0
    return 100.0 if tally.said >= way.boxes[tally.scale] else 0.0


def _rounded(exact: Fraction, rounding: str) -> Fraction:
    return _to_digits(exact, int(rounding)) if rounding.isdigit() else exact


def _to_digits(exact: Fraction, digits: int) -> Fraction:
    """Rounded to so many decimals, halves up: the way of the programs that tools are made of."""
    scale = 10**digits
    return Fraction(floor(exact * scale + Fraction(1, 2)), scale)


def _unweighted(now: Value, weighted: Fraction) -> Step:
    reason = "your answers carry weights; other tools count each answer once"
    return Step(aspect="weights", effect=now.value - weighted, after=now.value, n=now.answers, reason=reason)


def _departures(form: Score, vendor: VendorMetric) -> Iterator[tuple[str, Way]]:
    """Each aspect in which the tool does otherwise, with the way of counting once that is done like there too."""
    way, theirs = our_way(form), their_way(form, vendor)
    for aspect in ("answers", "boxes", "scales", "fractions", "neutral", "skips", "rounding"):
        if aspect == "boxes":
            changed = replace(way, boxes={scale: theirs.boxes[scale] for scale in way.boxes})
        elif aspect == "scales":
            changed = replace(way, boxes=theirs.boxes)
        else:
            changed = replace(way, does={**way.does, aspect: theirs.does[aspect]})
        if changed != way:
            yield aspect, changed
            way = changed


def _concerned(aspect: str, counted: Counted, form: Score, before: Way, after: Way) -> int:
    """How many answers (or skips) a changed rule concerns."""
    if aspect == "skips":
        return counted.skips
    if aspect == "rounding":
        return 0
    kept = [tally for tally in counted.tallies if _counts(tally, form, before)]
    if aspect == "scales":
        return sum(tally.n for tally in counted.tallies if _counts(tally, form, after)) - sum(t.n for t in kept)
    if aspect == "fractions":
        return sum(tally.n for tally in kept if not tally.whole)
    return sum(
        tally.n
        for tally in kept
        if not _counts(tally, form, after) or _points(tally, form, before) != _points(tally, form, after)
    )


def _reason(aspect: str, n: int, form: Score, before: Way, after: Way) -> str:
    scale = (form.lowest, form.highest)
    others = ", ".join(f"{low:g} to {high:g}" for low, high in sorted(after.boxes) if (low, high) != scale)
    by_rule = {
        ("answers", "latest"): f"only the latest answer of each person counts there; {n:,} earlier ones do not",
        ("fractions", "in no group"): f"{n:,} answers that are not whole (8.5) are in no group there, yet divided by",
        ("fractions", "left out"): f"{n:,} answers that are not whole (8.5) are left out there",
        ("neutral", "left out"): f"{n:,} answers in the middle of the scale are left out there",
        ("skips", "counted"): f"{n:,} who answered other questions and passed this one by are divided by there, too",
        ("rounding", "shares"): "both shares are rounded to whole percentages there before the subtraction",
        ("rounding", "0"): "it is rounded to a whole number there",
        ("rounding", "1"): "it is rounded to one decimal there",
        ("rounding", "2"): "it is rounded to two decimals there",
    }
    if aspect == "boxes":
        there, here = after.boxes[scale], before.boxes[scale]
        return (
            f"satisfied begins at {there:g} of {form.highest:g} there and at {here:g} here; {n:,} answers lie between"
        )
    if aspect == "scales":
        return f"{n:,} answers on other scales ({others}) count there, each by its own boxes; our metric is about one"
    return by_rule[aspect, after.does[aspect]]


def _all_boxes(form: Score, theirs: Way) -> list[Mapping[Scale, float]]:
    """The boxes of a tool, with every place where satisfaction may begin on our scale."""
    if form.form != "share":
        return [theirs.boxes]
    scale = (form.lowest, form.highest)
    places = range(int(form.lowest) + 1, int(form.highest) + 1)
    return [theirs.boxes, *({**theirs.boxes, scale: float(place)} for place in places)]


def _match(theirs: Way, way: Way, form: Score) -> Match:
    scale = (form.lowest, form.highest)
    departures = [(aspect, rule) for aspect, rule in way.does.items() if rule != theirs.does[aspect]]
    if way.boxes != theirs.boxes:
        departures.append(("boxes", f"{way.boxes[scale]:g}"))
    return Match(tuple(departures))
