"""Which columns of a wide survey file are questions, and of what kind: told from names and from the values seen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from touchstone.core.mapping import Question
from touchstone.listen.synonyms import normal

_NPS = re.compile(r"(^|_)(nps|net_promoter|recommend\w*|netpro)(_|$)")
_EASE = re.compile(r"(^|_)(ces|effort|ease|easy)(_|$)")
_OVERALL = re.compile(r"(^|_)overall(_|$)")
_COMMENT = re.compile(r"(^|_)(comments?|feedback|why|reason|remarks?|verbatim|anything_else)(_|$)")
_RATED = re.compile(r"(^|_)(csat|sat|satisfied|satisfaction|rating|rate|score|stars?)(_|$)")
_NOT_APPLICABLE = ("n/a", "N/A", "na", "NA", "not applicable", "Not applicable", "not used", "does not apply")
_WHOLE = re.compile(r"^-?\d{1,2}(\.0+)?$")


def question(header: str, values: Sequence[str]) -> Question | None:
    """The question in a column called `header` with these sample values; None when it does not look like one.

    A scale is proposed from the name first (0 to 10 for a recommendation, 1 to 7 for ease) and from the values only
    where the name does not say; values beyond a proposed scale are set aside when the file is read, never taken.
    """
    name = normal(header)
    given = [value.strip() for value in values if value.strip()]
    numbers = [float(value) for value in given if _WHOLE.match(value)]
    words = [value for value in given if not _WHOLE.match(value) and value not in _NOT_APPLICABLE]
    if _COMMENT.search(name) and not numbers:
        return Question(headers=(header,), question_id=name, label=header, text=True)
    if not numbers or len(words) > 0.02 * len(given):
        return None
    marks: dict[str, Any] = {"not_applicable": _NOT_APPLICABLE if len(numbers) < len(given) else ()}
    if _NPS.search(name) and max(numbers) > 5:
        return Question(headers=(header,), question_id=name, metric="nps", scale=(0, 10), label=header, **marks)
    if _EASE.search(name) and max(numbers) > 5:
        return Question(headers=(header,), question_id=name, metric="ces", scale=(1, 7), label=header, **marks)
    if not (_RATED.search(name) or _OVERALL.search(name) or _EASE.search(name)) or min(numbers) < 0:
        return None
    scale = _scale(numbers)
    if scale is None:
        return None
    if _OVERALL.search(name):
        metric, touchpoint = "overall_rating", None
    else:
        metric, touchpoint = "csat", _touchpoint(name)
    return Question(
        headers=(header,), question_id=name, metric=metric, scale=scale, label=header, touchpoint=touchpoint, **marks
    )


def _scale(numbers: Sequence[float]) -> tuple[float, float] | None:
    """The scale that most values fit: 1 to 5 unless more than a few lie beyond, then 1 to 7 or 0 to 10."""
    for low, high in ((1.0, 5.0), (1.0, 7.0), (0.0, 10.0)):
        outside = sum(not low <= number <= high for number in numbers)
        if outside == 0 or (high == 5.0 and all(n <= 6 for n in numbers) and 0 not in numbers):
            return low, high
    return None


def _touchpoint(name: str) -> str | None:
    """What a rating is about: `delivery` in `delivery_rating` or `satisfaction_delivery`."""
    words = [word for word in name.split("_") if not _RATED.fullmatch(word) and word not in {"with", "of", "the", "q"}]
    return "_".join(words) or None
