"""Answers in words that stand for numbers: the usual scales of agreement, satisfaction, ease and quality."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["satisfaction", "agreement", "ease", "quality"]
_END = re.compile(r"(\d{1,2})\s*[-–—=:.)(]*\s*[^\W\d].*")  # 10 - Extremely likely
_BEGIN = re.compile(r"[^\W\d].*?[-–—=:(]\s*(\d{1,2})\s*\)?")  # Not at all likely (0)
_SKIPPED = {"n/a", "na", "not applicable", "does not apply", "don't know", "no opinion", "not used", "no answer"}
_MIDDLE = "neutral|neither|undecided"
# each from worst to best; | between words that stand for the same step; more usual scales first
_SCALES: tuple[tuple[Kind, str], ...] = (
    (
        "satisfaction",
        f"very dissatisfied|very unsatisfied; dissatisfied|unsatisfied; neither satisfied nor dissatisfied|{_MIDDLE}; "
        "satisfied; very satisfied",
    ),
    (
        "satisfaction",
        f"extremely dissatisfied; somewhat dissatisfied; neither satisfied nor dissatisfied|{_MIDDLE}; "
        "somewhat satisfied; extremely satisfied",
    ),
    (
        "satisfaction",
        f"very dissatisfied; somewhat dissatisfied; neither satisfied nor dissatisfied|{_MIDDLE}; "
        "somewhat satisfied; very satisfied",
    ),
    (
        "satisfaction",
        "extremely dissatisfied; moderately dissatisfied; slightly dissatisfied; "
        f"neither satisfied nor dissatisfied|{_MIDDLE}; slightly satisfied; moderately satisfied; extremely satisfied",
    ),
    (
        "agreement",
        f"strongly disagree; disagree|somewhat disagree; neither agree nor disagree|{_MIDDLE}; "
        "agree|somewhat agree; strongly agree",
    ),
    (
        "agreement",
        f"strongly disagree; disagree; somewhat disagree; neither agree nor disagree|{_MIDDLE}; "
        "somewhat agree; agree; strongly agree",
    ),
    ("ease", f"very difficult; difficult; neither easy nor difficult|{_MIDDLE}; easy; very easy"),
    (
        "ease",
        f"extremely difficult; somewhat difficult; neither easy nor difficult|{_MIDDLE}; somewhat easy; extremely easy",
    ),
    (
        "ease",
        "extremely difficult; moderately difficult; slightly difficult; "
        f"neither easy nor difficult|{_MIDDLE}; slightly easy; moderately easy; extremely easy",
    ),
    ("quality", "poor; fair; good; very good; excellent"),
    ("quality", "terrible|very poor|very bad; poor|bad; average|fair|ok|okay; good; excellent|very good"),
)

_PLACES = tuple(
    (kind, {word: number for number, step in enumerate(scale.split(";"), 1) for word in step.strip().split("|")})
    for kind, scale in _SCALES
)


@dataclass(frozen=True, slots=True)
class Wording:
    """What the words of a column stand for: code list, lowest and highest step, and what the words speak of."""

    codes: dict[str, str]
    scale: tuple[float, float]
    kind: Kind


def worded(values: Sequence[str]) -> Wording | None:
    """The scale of words that `values` are answers on; None where they are not, or fewer than two steps occur.

    Where several scales have these words, a five-point one counts before a seven-point one. Steps that do not occur
    are in the codes too, as they are usually written. Two words of one step are never on one scale.
    """
    seen = {value.strip() for value in values if value.strip()}
    words = {value.casefold() for value in seen} - _SKIPPED
    for kind, places in _PLACES:
        if not words <= set(places) or not 2 <= len({places[word] for word in words}) == len(words):
            continue
        usual = {word[:1].upper() + word[1:]: str(number) for word, number in places.items()}
        titled = {word.title(): str(number) for word, number in places.items()}
        found = {value: str(places[value.casefold()]) for value in seen if value.casefold() in places}
        plain = {word: str(number) for word, number in places.items()}
        return Wording(plain | titled | usual | found, (1.0, float(max(places.values()))), kind)
    return None


def numbered(values: Sequence[str]) -> dict[str, str]:
    """Codes of answers that carry their number with a word, as "10 - Extremely likely"; empty where none does."""
    codes = {}
    for value in values:
        match = _END.fullmatch(value.strip()) or _BEGIN.fullmatch(value.strip())
        if match:
            codes[value.strip()] = str(int(match[1]))
    return codes


def skipped(values: Sequence[str]) -> tuple[str, ...]:
    """Those of `values` that say that the question does not apply."""
    return tuple(sorted({value.strip() for value in values if value.strip().casefold() in _SKIPPED}))
