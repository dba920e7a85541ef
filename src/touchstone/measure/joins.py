"""Who is found in which table, and whether those found stand for all: the others beside them, judged together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from touchstone.core.errors import Refused
from touchstone.core.estimate import Estimate, Measured, NoEstimate, Total, interval, plain, shown
from touchstone.core.metric import Metric
from touchstone.engine import mixes, quality, references
from touchstone.engine.connect import Table
from touchstone.measure.findings import Facts, Finding, Judgement, share
from touchstone.measure.score import measured
from touchstone.measure.sums import centre_of, to_moments
from touchstone.stats.differences import Verdict, difference, verdicts
from touchstone.stats.means import mean
from touchstone.stats.moments import Moments
from touchstone.stats.rates import share as share_of

_PAIRS = (
    ("answers", "customers"),
    ("answers", "orders"),
    ("answers", "subscriptions"),
    ("answers", "tickets"),
    ("tickets", "customers"),
    ("orders", "customers"),
)
_MUCH = 0.05
_SEEN = 30  # rows of a level, matched or not; fewer tell nothing
_KNOWN = 0.5  # of the rows on either side; what fewer have is not compared
_TOLD = 4  # differences in a sentence


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Those not matched beside those matched: in a score or amount, or in the share of one channel, segment, month."""

    what: str
    change: Measured
    level: str | None = None
    before: float = 0.0
    after: float = 0.0

    def words(self) -> str:
        """The difference in words."""
        if self.level is not None:
            return f"{self.what} {self.level} {plain(self.after, 0)}% instead of {plain(self.before, 0)}%"
        if isinstance(self.change, NoEstimate):
            return self.change.reason
        word = "lower" if self.change.value < 0 else "higher"
        return f"{self.what} is {word}, by {shown(self.change)} ({interval(self.change)})"


@dataclass(slots=True)
class _Pair:
    left: str
    right: str
    found: dict[str, int]
    compared: list[_Comparison] = field(default_factory=list)


def joins(facts: Facts) -> Iterator[Finding]:
    """Per pair of tables: rows matched, not matched and ambiguous, and how those not matched differ.

    Differences in the score (of orders: the amount) and in the shares of channels, segments and months are judged
    together, over all pairs: at most one in ten of those told is expected to be luck (Benjamini, Hochberg 1995).
    """
    pairs = [pair for left in ("answers", "tickets", "orders") for pair in _compared(facts, left)]
    every = [one for pair in pairs for one in pair.compared]
    judged = iter(verdicts([one.change for one in every]))
    for pair in pairs:
        yield _finding(pair, [(one, next(judged)) for one in pair.compared], len(every))


def about(facts: Facts) -> Iterator[Finding]:
    """How many answers name an order, a ticket or an event that there is."""
    if "answers" not in facts.profiles or not facts.profiles["answers"].filled.get("about"):
        return
    found = references.reference_counts(facts.data)
    rows, ambiguous = found.pop("rows"), found.pop("ambiguous")
    known = sum(found.values())
    per = ", ".join(f"{name} {n:,}" for name, n in found.items() if n)
    sentence = f"answers about something: {share(known, rows)} of {rows:,} references found{f' ({per})' if per else ''}"
    sentence += f", {ambiguous:,} fit several rows" if ambiguous else ""
    sentence += f", {rows - known - ambiguous:,} fit none" if rows > known + ambiguous else ""
    fine = known >= (1 - _MUCH) * rows
    takes = "write the id that the export of orders or tickets has in the column about, or import what it names"
    yield Finding(
        subject="joins",
        verdict="good" if fine else "note",
        sentence=f"{sentence}.",
        takes="" if fine else takes,
        numbers={"table": "answers", "with": "about", "rows": rows, "ambiguous": ambiguous, "matched": known, **found},
    )


def _compared(facts: Facts, left: str) -> Iterator[_Pair]:
    """The pairs of one table, with what can be compared of them."""
    rights = [right for one, right in _PAIRS if one == left and right in facts.profiles]
    if facts.people is None or left not in facts.profiles or not rights:
        return
    found = quality.matches(facts.data, facts.people, left, rights)
    pairs = [_Pair(left, right, found) for right in rights]
    partly = [pair for pair in pairs if 0 < found[f"matched_{pair.right}"] < found["rows"]]
    if not partly:
        yield from pairs
        return
    columns = mixes.described(facts.data, left)
    rows, metric = _rows(facts, left)
    with ExitStack() as kept:
        held = rows if rows is None else kept.enter_context(facts.data.engine.kept(rows))
        each = mixes.counts(facts.data, facts.people, left, [pair.right for pair in partly], columns)
        counted = kept.enter_context(facts.data.engine.kept(each))
        for pair in partly:
            if held is not None:
                pair.compared += _means(facts, facts.people, pair.right, held, metric)
            pair.compared += _mixes(mixes.mix_sums(facts.data, counted, pair.right), found, pair.right)
    yield from pairs


def _rows(facts: Facts, left: str) -> tuple[Table | None, Metric | None]:
    """The rows by which those matched are compared with the others: scores of answers, amounts of orders."""
    if left == "answers" and facts.headline is not None:
        metric, kind = facts.headline
        return quality.scored(facts.data, metric, kind), metric
    try:
        return (quality.bought(facts.data) if left == "orders" else None), None
    except Refused:
        return None, None


def _means(facts: Facts, people: Table, right: str, rows: Table, metric: Metric | None) -> Iterator[_Comparison]:
    """How the rows not matched differ in what is measured; nothing where all are alike."""
    centre = centre_of(metric) if metric else 0.0
    found = quality.matched_sums(facts.data, people, right, rows, centre=centre)
    sums = {row["matched"]: to_moments(row, centre) for row in found}
    if set(sums) == {True, False}:
        change = difference(*(_estimated(facts, metric, sums[which]) for which in (True, False)))
        yield _Comparison(f"their {metric.name}" if metric else "their mean amount", change)


def _estimated(facts: Facts, metric: Metric | None, sums: Moments) -> Measured:
    if metric is None:
        return mean(sums, unit=facts.data.currency)
    result = measured(metric, sums, level=0.95)
    if isinstance(result, Total):
        raise TypeError(f"{metric.name} is no mean")
    return result


def _mixes(sums: list[dict[str, Any]], found: dict[str, int], right: str) -> Iterator[_Comparison]:
    """How the shares of each channel, segment and month differ, where enough rows on both sides have one."""
    matched = found[f"matched_{right}"]
    rows = {True: matched, False: found["rows"] - matched}
    totals = {(row["what"], row["matched"]): row for row in sums}
    held = {(row["what"], row["level"], row["matched"]): row for row in sums}
    for what, level in dict.fromkeys((row["what"], row["level"]) for row in sums):
        sides = {which: held.get((what, level, which)) for which in (True, False)}
        if any(totals.get((what, which), {"n": 0})["n"] < _KNOWN * rows[which] for which in sides):
            continue
        if sum(row["k"] for row in sides.values() if row) < _SEEN:
            continue
        before, after = (share_of(_indicator(totals[what, which], sides[which])) for which in (True, False))
        if isinstance(before, Estimate) and isinstance(after, Estimate):
            yield _Comparison(what, difference(before, after), level, before.value, after.value)


def _indicator(total: dict[str, Any], level: dict[str, Any] | None) -> Moments:
    """The sums of 100 for rows of the level and 0 for the others."""
    k, aa, ab = (0, 0, 0) if level is None else (level["k"], level["aa"], level["ab"])
    n = int(total["n"])
    return Moments(
        n=n,
        clusters=int(total["clusters"]),
        centre=0.0,
        w=float(n),
        ww=float(n),
        wx=100.0 * float(k),
        wxx=10_000.0 * float(k),
        aa=10_000.0 * float(aa),
        ab=100.0 * float(ab),
        bb=float(total["bb"]),
    )


def _finding(pair: _Pair, judged: list[tuple[_Comparison, Verdict]], every: int) -> Finding:
    rows, matched = pair.found["rows"], pair.found[f"matched_{pair.right}"]
    ambiguous, nameless = pair.found[f"ambiguous_{pair.right}"], pair.found["nameless"]
    real = [one for one, verdict in judged if verdict.words == "a real change"]
    real.sort(key=lambda one: (one.level is not None, -abs(one.after - one.before)))
    sentence = f"{pair.left} with {pair.right}: {share(matched, rows)} of {rows:,} matched ({rows - matched:,} not)"
    sentence += f", {nameless:,} name no customer" if nameless else ""
    sentence += f", {ambiguous:,} ({share(ambiguous, rows)}) fit several customers of one name" if ambiguous else ""
    sentence += _told(judged, real, every)
    numbers: dict[str, object] = {
        "table": pair.left,
        "with": pair.right,
        "rows": rows,
        "matched": matched,
        "unmatched": rows - matched,
        "nameless": nameless,
        "ambiguous": ambiguous,
        "difference": None,
        "compared": len(judged),
        "different": [one.words() for one in real],
    }
    for one, _ in judged:
        if one.level is None and isinstance(one.change, Estimate):
            numbers["difference"] = {"value": one.change.value, "low": one.change.low, "high": one.change.high}
    verdict = _verdict(pair.right, matched / rows, ambiguous, bool(real))
    takes = "" if verdict == "good" else _takes(pair.left, pair.right, matched)
    return Finding(subject="joins", verdict=verdict, sentence=f"{sentence}.", takes=takes, numbers=numbers)


def _told(judged: list[tuple[_Comparison, Verdict]], real: list[_Comparison], every: int) -> str:
    """Whether those matched stand for all, in words."""
    if not judged:
        return ""
    if real:
        more = f"; and {len(real) - _TOLD} more" if len(real) > _TOLD else ""
        return f"; those not matched differ: {'; '.join(one.words() for one in real[:_TOLD])}{more}"
    first, verdict = judged[0]
    if len(judged) == 1 and verdict.detectable is None:
        return f"; whether those not matched differ cannot be told: {first.words()}"
    looked = ", ".join(dict.fromkeys(one.what.removeprefix("their ") for one, _ in judged))
    return f"; those not matched do not visibly differ in {looked} ({len(judged)} of {every} comparisons, adjusted)"


def _verdict(right: str, matched: float, ambiguous: int, different: bool) -> Judgement:
    """Everybody should be among the customers, and most in orders or subscriptions; few need ever open a ticket."""
    usual = {"customers": 0.95, "tickets": 0.0}.get(right, 0.5)
    if matched == 0 or (right == "customers" and matched < 0.5):
        return "problem"
    if matched < usual or ambiguous or (different and matched < 1 - _MUCH and right != "tickets"):
        return "note"
    return "good"


def _takes(left: str, right: str, matched: int) -> str:
    if matched:
        return f"add the customer's number or e-mail address to every row of {left} and {right}"
    return f"{left} and {right} have no customer in common: export the same number or e-mail address in both"
