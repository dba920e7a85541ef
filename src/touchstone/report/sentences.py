"""Numbers in plain words: the value, its interval, its verdict, in that order.

Values are rounded to what their interval supports, about one figure of the half-width: 31 (28 to 34), 78.2 (77.4 to
79.0), 1.9 M (0.9 to 2.8). The tables one level down keep the longer form of `core.estimate.shown`.
"""

from __future__ import annotations

from dataclasses import dataclass

from touchstone.core.estimate import Estimate, Measured, NoEstimate, Result, Total, plain
from touchstone.core.metric import Better
from touchstone.report.story import Sentence, Strong, Tone

NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a score since some time, in words; `tone` is good or bad only for a real change."""

    text: str
    tone: Tone


def digits(width: float) -> int:
    """Digits after the point that an interval of this width supports in a sentence: half of it is then 1 to 10."""
    return next((count for count in range(4) if width / 2 * 10**count >= 1 - 1e-9), 4)


def value(result: Estimate | Total) -> str:
    """The value alone, rounded to what its interval supports: `31`, `78.2`, `1.9 M`; an exact sum to three figures."""
    if isinstance(result, Estimate):
        return _in_scale(result, result.value)
    number = float(result.value)
    for factor, letter in ((1e6, " M"), (1e3, " k")):
        if abs(number) >= 100 * 1e3 and abs(number) >= factor:
            return plain(number / factor, 2 if abs(number) < 10 * factor else 1).replace("-", MINUS) + letter
    return exact(result)


def spread(estimate: Estimate) -> str:
    """The interval in words: `28 to 34`, `0.9 to 2.8`."""
    return f"{_number(estimate, estimate.low)} to {_number(estimate, estimate.high)}"


def unit(result: Result) -> str:
    """The unit as it is written after the value: `points`, `%`, `EUR`, `EUR a year`."""
    if isinstance(result, NoEstimate):
        return ""
    return result.unit if result.currency is None or result.currency in result.unit else result.currency


def amount(result: Result) -> str:
    """The value with its unit, never broken over two lines: `31 points`, `1.9 M EUR`; a reason where there is none."""
    match result:
        case NoEstimate():
            return result.reason
        case _:
            return f"{value(result)} {unit(result)}".rstrip().replace(" ", NBSP)


def exact(result: Total) -> str:
    """An exact sum to the last digit that was recorded, at most cents: `8,887,208.89`."""
    whole = result.value == result.value.to_integral_value()
    return plain(float(result.value), 0 if whole else 2).replace("-", MINUS)


def grounds(result: Result) -> str:
    """What a result rests on, in one line: `95 % interval, 6,412 answers`, `exact sum of 812 rows`."""
    match result:
        case Estimate():
            return f"{result.level * 100:g}{NBSP}% interval, n{NBSP}={NBSP}{result.n:,}"
        case Total():
            return f"exactly {exact(result)}, the sum of {result.n:,} rows"
        case NoEstimate():
            return f"n{NBSP}={NBSP}{result.n:,}" if result.n is not None else ""


def change(difference: Measured, *, since: str, better: Better = "higher", takes: str = "") -> Verdict:
    """The verdict on a difference: a real change when its interval leaves zero out, else within the noise.

    `since` completes "up 4 since ..."; `takes` says what it would take to know more ("about 900 more answers").
    """
    more = f" ({takes})" if takes else ""
    if isinstance(difference, NoEstimate):
        return Verdict(f"too few answers to tell since {since}{more}", "neutral")
    # the interval of a difference is about √2 wider than those of its two sides, whose digits it keeps
    figures = digits((difference.high - difference.low) / 2**0.5)
    size = plain(abs(difference.value), figures)
    is_up = difference.value > 0
    moved = "unchanged" if not size.strip("0.,") else f"{'up' if is_up else 'down'} {size}"
    if difference.low <= 0 <= difference.high:
        return Verdict(f"{moved} since {since}: within the noise{more}", "neutral")
    return Verdict(f"{moved} since {since}: a real change", "good" if is_up == (better == "higher") else "bad")


def against(estimate: Estimate, goal: float, *, word: str = "goal", better: Better = "higher") -> str:
    """How a score stands to a goal or baseline, decided by its whole interval: `goal 35: not reached`."""
    text = f"{word} {_in_scale(estimate, goal)}"
    if estimate.low <= goal <= estimate.high:
        return f"{text}: too close to call"
    return f"{text}: reached" if (estimate.value > goal) == (better == "higher") else f"{text}: not reached"


def said(label: str, measured: Measured, verdict: Verdict | None = None) -> Sentence:
    """A score as one sentence: `NPS 31 points (28 to 34), up 4 since Q2: a real change.`"""
    if isinstance(measured, NoEstimate):
        return Sentence.of(f"{label}: no number yet, because {_as_clause(measured.reason)}.")
    tail = f", {verdict.text}." if verdict else "."
    return Sentence.of(f"{label} ", Strong(amount(measured)), f" ({spread(measured)}){tail}")


def _as_clause(reason: str) -> str:
    return reason.strip().rstrip(".")


def _scale(estimate: Estimate) -> tuple[float, str]:
    largest = max(abs(estimate.low), abs(estimate.high))
    if estimate.currency is None or largest < 100_000:
        return 1.0, ""
    return (1e6, " M") if largest >= 1e6 else (1e3, " k")


def _number(estimate: Estimate, number: float) -> str:
    factor, _ = _scale(estimate)
    return plain(number / factor, digits((estimate.high - estimate.low) / factor)).replace("-", MINUS)


def _in_scale(estimate: Estimate, number: float) -> str:
    return _number(estimate, number) + _scale(estimate)[1]
