"""Which columns of a wide survey file are questions, and of what kind: told from names and from the values seen."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from touchstone.core.mapping import Question
from touchstone.listen.synonyms import normal

_NPS = re.compile(
    r"(^|_)(nps|net_promoter|netpro|recommend\w*|\w*empfehl\w*|recommand\w*|recom[ei]nd\w*|raccomand\w*|consigli\w*"
    r"|rekommend\w*|anbefal\w*|aanbevel\w*)(_|$)"
)
_EASE = re.compile(r"(^|_)(ces|effort|ease|easy)(_|$)")
_OVERALL = re.compile(r"(^|_)overall(_|$)")
_COMMENT = re.compile(r"(^|_)(comments?|feedback|why|reason|remarks?|verbatim|anything_else)(_|$)")
_RATED = re.compile(r"(^|_)(csat|sat|satisfied|satisfaction|happy|rating|rate|score|stars?)(_|$)")
_NUMBERED = re.compile(r"^(q(?:uestion)?_?\d+)_\d+_?")  # Q3_1, question_7_2: one row of a battery
_QUESTION_NUMBER = re.compile(r"^q(?:uestion)?_?\d+_(?:\d+_)?")
LEADING_NUMBER = re.compile(r"^Q\d+(_\d+)?[\s:.)-]+", re.IGNORECASE)
_NOT_APPLICABLE = ("n/a", "N/A", "na", "NA", "not applicable", "Not applicable", "not used", "does not apply")
_BLANK = ("-", "--", "?", "null", "NULL", "#N/A")  # what exports write where nothing was answered
_WHOLE = re.compile(r"^-?\d{1,2}(\.0+)?$")
_USUAL = (1.0, 5.0)
_TICKED = 2.0  # options that were ticked, or yes and no: no rating ends as low as this
_STRAY, _STRAY_TOLD = 0.02, 0.5  # share of words among the numbers of a rating; more where its name tells
_EVIDENCE = 20  # values a battery column must show before its silence above 5 says anything


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of whole numbers: its header, plain and in normal form."""

    header: str
    name: str
    numbers: tuple[float, ...]
    label: str = ""

    @property
    def told(self) -> str:
        """Name and question text in normal form: either may tell what was asked."""
        return f"{self.name}_{normal(self.label)}" if self.label else self.name


def questions(
    columns: Dict[str, Sequence[str]], labels: Dict[str, str] | None = None
) -> tuple[tuple[Question, ...], tuple[str, ...]]:
    """The questions among `columns` (header to sample values), in their order, and remarks for the person.

    A scale is proposed from the name first (0 to 10 for a recommendation, 1 to 7 for ease), then from the values.
    Values beyond a proposed scale are set aside when the file is read, never taken. In a battery (Q3_1, Q3_2…) whose
    columns end at 5 or at 6, 6 stands for "does not apply": the remark says so. `labels` are the question texts of
    columns whose headers are codes.
    """
    labels = labels or {}
    found: dict[str, Question] = {}
    batteries: defaultdict[str, list[_Column]] = defaultdict(list)
    for header, values in columns.items():
        given = [value.strip() for value in values if value.strip() and value.strip() not in _BLANK]
        name = normal(header)
        label = labels.get(header, "")
        column = _numbers(header, name, given, label)
        if column is None:
            if given and _COMMENT.search(name):
                found[header] = Question(headers=(header,), question_id=name, label=label or header, text=True)
        elif match := _NUMBERED.match(name):
            batteries[match[1]].append(column)
        elif single := _single(column):
            found[header] = single
    remarks = []
    for rows in batteries.values():
        rated, remark = _battery(rows)
        found |= rated
        remarks += [remark] if remark else []
    return tuple(found[header] for header in columns if header in found), tuple(remarks)


def numbers_in(values: Sequence[str]) -> tuple[float, ...]:
    """The whole numbers of one or two digits among `values`: what ratings are."""
    return tuple(float(value) for value in values if _WHOLE.match(value))


def _numbers(header: str, name: str, given: Sequence[str], label: str) -> _Column | None:
    numbers = numbers_in(given)
    words = [value for value in given if not _WHOLE.match(value) and value not in _NOT_APPLICABLE]
    column = _Column(header, name, numbers, label)
    told = any(form.search(column.told) for form in (_NPS, _EASE, _OVERALL))
    if not numbers or len(words) > (_STRAY_TOLD if told else _STRAY) * len(given):
        return None
    return column


def _single(column: _Column) -> Question | None:
    """The question of a column that stands alone; None when it does not look like one."""
    name, highest = column.told, max(column.numbers)
    if _NPS.search(name) and highest > 5:
        return _asked(column, "nps", (0.0, 10.0))
    if _EASE.search(name) and highest > 5:
        return _asked(column, "ces", (1.0, 7.0))
    if not (_RATED.search(name) or _OVERALL.search(name) or _EASE.search(name)) or min(column.numbers) < 0:
        return None
    scale = _scale(column.numbers)
    if scale is None or highest <= 1:
        return None
    if _OVERALL.search(name):
        return _asked(column, "overall_rating", scale)
    return replace(_asked(column, "csat", scale), touchpoint=_touchpoint(column.name))


def _battery(columns: Sequence[_Column]) -> tuple[dict[str, Question], str]:
    """The ratings of one battery on one scale; with a remark where 6 is taken for "does not apply"."""
    highest = {column.header: max(column.numbers) for column in columns}
    if max(highest.values()) <= _TICKED:
        return {}, ""
    beyond = [column for column in columns if highest[column.header] == 6]
    told = any(highest[c.header] <= 5 and len(c.numbers) >= _EVIDENCE for c in columns)
    skips = bool(beyond) and told and all(min(c.numbers) >= 1 and highest[c.header] <= 6 for c in columns)
    rated = {}
    for column in columns:
        scale = _USUAL if skips else _scale(column.numbers)
        if scale is None or len(columns) < 2:
            continue
        question = replace(_asked(column, "csat", scale), touchpoint=_touchpoint(column.name))
        if skips and column in beyond:
            question = replace(question, not_applicable=(*_NOT_APPLICABLE, "6"))
        rated[column.header] = question
    if not skips:
        return rated, ""
    shown = ", ".join(f"'{column.header}'" for column in beyond[:3]) + (" …" if len(beyond) > 3 else "")
    return rated, f"6 in {shown} is taken for 'does not apply', because ratings beside them end at 5"


def _asked(column: _Column, metric: str, scale: tuple[float, float]) -> Question:
    return Question(
        headers=(column.header,),
        question_id=column.name,
        metric=metric,
        scale=scale,
        label=column.label or LEADING_NUMBER.sub("", column.header) or column.header,
        blank=_BLANK,
        not_applicable=_NOT_APPLICABLE,
    )


def _scale(numbers: Sequence[float]) -> tuple[float, float] | None:
    """The narrowest usual scale that the values fit: 1 to 5, 1 to 7 or 0 to 10."""
    usual = (_USUAL, (1.0, 7.0), (0.0, 10.0))
    return next((scale for scale in usual if all(scale[0] <= number <= scale[1] for number in numbers)), None)


def _touchpoint(name: str) -> str | None:
    """What a rating is about: `delivery` in `q3_1_delivery`, `delivery_rating` and `satisfaction_delivery`."""
    bare = _QUESTION_NUMBER.sub("", name)
    words = [word for word in bare.split("_") if not _RATED.fullmatch(word) and word not in {"with", "of", "the"}]
    return "_".join(words) or None
