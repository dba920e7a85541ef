"""The columns of a survey file that its layout does not name: which are questions, attributes, or nothing to keep."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from touchstone.core.mapping import ORIGIN, Mapping, Question, Take
from touchstone.listen.propose import attributes
from touchstone.listen.ratings import LEADING_NUMBER, numbers_in, questions
from touchstone.listen.rawfile import RawFile
from touchstone.listen.synonyms import normal
from touchstone.listen.values import looks_like
from touchstone.listen.wordings import Wording, numbered, skipped, worded

_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>")
_NUMBER = re.compile(r"^\d{1,3}[.)]\s+")  # "1. How likely…": the place in the survey, not part of the question
_CODE = re.compile(r"(\w+_)?q(id)?_?\d+\w*", re.IGNORECASE)  # a name that every survey gives anew: Q1, QID3_2
_OTHER = re.compile(r"(_text|other|other_please_specify)$")
_COMMENT = re.compile(r"(^|_)(why|reason|comments?|feedback|improve|suggest\w*|tell_us|explain|describe)(_|$)")
_EASE = re.compile(r"(^|_)(ces|effort|ease|easy|easier)(_|$)")
_OVERALL = re.compile(r"(^|_)overall(_|$)")
_CHOICE = " - Selected Choice"  # Qualtrics says so of the column beside the other text
_RATINGS = ("csat", "ces", "overall_rating")
_LONGEST_ID = 80
_SENTENCE = 3  # words
_TOUCHPOINT = 4  # words that a moment's name has at most


@dataclass(frozen=True, slots=True)
class Rest:
    """What a file brings beside the columns its layout names."""

    unpivot: tuple[Question, ...]
    attributes: dict[str, Take]
    ignored: tuple[str, ...]
    looked_at: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Column:
    """One answer column: its header(s), what was asked, the values seen, and what its words stand for."""

    header: str
    asked: str
    values: list[str]
    further: tuple[str, ...] = ()
    codes: dict[str, str] = field(default_factory=dict)
    wording: Wording | None = None

    @property
    def numbers(self) -> list[str]:
        """The values with words that carry or stand for a number replaced by it."""
        return [self.codes.get(value, value) for value in self.values]


def rest(file: RawFile, mapping: Mapping) -> Rest:
    """The questions and attributes among the columns that `mapping` neither names nor ignores.

    Question texts (a second header row, variable labels) tell more than headers that are codes. Answers in words of a
    usual scale become its numbers. A comment is told by its question or by sentences. What remains is kept as an
    attribute where it sorts rows into groups, else named as ignored.
    """
    used = mapping.used_headers()
    left = [header for header in file.headers if header not in used and not ignores(mapping, header)]
    columns = [_Column(header, _asked(file, header), _values(file, header)) for header in left]
    columns = _gathered(file, columns)
    notes: list[str] = []
    found = _rated(file, columns, notes)
    for column in columns:
        if column.header not in found and _is_comment(column):
            found[column.header] = Question(headers=(column.header,), question_id="", text=True)
    asked = {column.header: column for column in columns}
    named = _identified([_finished(found[header], asked[header]) for header in asked if header in found], mapping)
    plain = [column for column in columns if column.header not in found]
    kept, ignored = _attributes(file, plain, mapping)
    return Rest(named, kept, tuple(ignored), tuple(left), tuple(notes))


def ignores(mapping: Mapping, header: str) -> bool:
    """Whether the mapping leaves a column out on purpose."""
    return fits_any(mapping.ignore, header)


def fits_any(patterns: Sequence[str], header: str) -> bool:
    """Whether a header is of one of these forms, in which `*` stands for any letters."""
    return any(_pattern(pattern).fullmatch(header) for pattern in patterns)


def plain_text(text: str) -> str:
    """Question text without markup, entities and runs of blanks."""
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())


def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.IGNORECASE | re.DOTALL)


def _asked(file: RawFile, header: str) -> str:
    """The question as people read it: the label where there is one, else the header."""
    place = file.place(header)
    label = plain_text(file.labels[place]).removesuffix(_CHOICE) if place < len(file.labels) else ""
    return _NUMBER.sub("", label or plain_text(header)) or header


def _values(file: RawFile, header: str) -> list[str]:
    return [value for value in file.column(header) if value]


def _gathered(file: RawFile, columns: list[_Column]) -> list[_Column]:
    """`columns` with those that hold the options of one single-choice question put together as one."""
    if not file.stems:
        return columns
    families: defaultdict[str, list[_Column]] = defaultdict(list)
    for column in columns:
        families[file.stems[file.place(column.header)]].append(column)
    gathered = []
    for stem, family in families.items():
        options = [column for column in family if not _OTHER.search(normal(column.header))]
        if len(options) > 2 and _one_choice(file, options):
            values = [value for column in options for value in column.values]
            others = tuple(column.header for column in options[1:])
            gathered.append(_Column(options[0].header, plain_text(stem), values, others))
            gathered += [column for column in family if column not in options]
        else:
            gathered += family
    return gathered


def _one_choice(file: RawFile, options: Sequence[_Column]) -> bool:
    """Whether every option's column holds nothing but that option, and no respondent chose two."""
    if not any(column.values for column in options) or any(len(set(column.values)) > 1 for column in options):
        return False
    places = [file.place(column.header) for column in options]
    return all(sum(1 for place in places if place < len(row) and row[place].strip()) <= 1 for row in file.samples)


def _rated(file: RawFile, columns: Sequence[_Column], notes: list[str]) -> dict[str, Question]:
    """The ratings and comments that names and values tell, by header."""
    found: dict[str, Question] = {}
    for column in columns:
        labels = file.choices.get(column.header, {})
        column.wording = worded(list(labels.values())) if labels else worded(column.values)
        if column.wording and labels:
            steps = {code: column.wording.codes.get(label.strip()) for code, label in labels.items()}
            column.wording = replace(column.wording, codes={code: step for code, step in steps.items() if step})
        if column.wording:
            skips = (*skipped(column.values), *_no_answers(labels))
            found[column.header] = _worded(column, column.wording, skips)
            low, high = column.wording.scale
            notes.append(f"'{_short(column.asked)}': answers in words are read as {low:g} to {high:g}")
        else:
            column.codes = numbered(column.values)
    rest = {column.header: column.numbers for column in columns if column.header not in found}
    labels = {column.header: column.asked for column in columns}
    # Qualtrics writes the group beside the score, whatever the language of the question
    grouped = {header.casefold() for header in file.headers}
    labels |= {
        header: f"NPS {label}" for header, label in labels.items() if f"{header}_nps_group".casefold() in grouped
    }
    asked, remarks = questions(rest, labels)
    notes += remarks
    counted = [question.headers[0] for question in asked if question.metric in _RATINGS]
    if counted:
        shown = ", ".join(f"'{_short(header)}'" for header in counted[:3]) + (" …" if counted[3:] else "")
        notes.append(f"in {shown} the higher number is taken as the better: check that the tool numbers its choices so")
    told = {column.header: column for column in columns}
    for question in asked:
        header = question.headers[0]
        found[header] = _labelled(question, told[header], file.choices.get(header, {}))
    return found


def _labelled(question: Question, column: _Column, labels: Dict[str, str]) -> Question:
    """`question` on the scale that the file's own value labels span, if it holds the values.

    A recommendation on another scale than 0 to 10 is a rating, and none for the Net Promoter Score.
    """
    if not question.scale or not labels:
        return question
    skips = _no_answers(labels)
    steps = numbers_in([code for code in labels if code not in skips])
    seen = numbers_in([value for value in column.values if value not in skips])
    question = replace(question, not_applicable=(*question.not_applicable, *skips))
    if len(steps) < 2 or not all(min(steps) <= number <= max(steps) for number in seen):
        return question
    scale = (min(steps), max(steps))
    metric = None if question.metric == "nps" and scale != (0.0, 10.0) else question.metric
    return replace(question, scale=scale, metric=metric)


def _no_answers(labels: Dict[str, str]) -> tuple[str, ...]:
    """The codes that stand for "does not apply" or "don't know"."""
    return tuple(code for code, label in labels.items() if skipped([label]))


def _worded(column: _Column, wording: Wording, skips: tuple[str, ...]) -> Question:
    name = normal(f"{column.header} {column.asked}")
    metric: str | None = {"satisfaction": "csat", "quality": "csat", "ease": "ces"}.get(wording.kind)
    if wording.kind == "agreement" and _EASE.search(name):
        metric = "ces"
    if metric == "csat" and _OVERALL.search(name):
        metric = "overall_rating"
    return Question(
        headers=(column.header,),
        question_id="",
        metric=metric,
        scale=wording.scale,
        codes=wording.codes,
        not_applicable=skips,
    )


def _is_comment(column: _Column) -> bool:
    """Whether a column holds what people wrote: told by its question, or by sentences that hardly repeat."""
    given = [value for value in column.values if not value.startswith(("http://", "https://"))]
    if len(given) < len(column.values) or not given or looks_like(given) not in ("text", "id"):
        return False
    name = normal(f"{column.header} {column.asked}")
    if _OTHER.search(normal(column.header)) or _COMMENT.search(name):
        return True
    sentences = sum(1 for value in given if len(value.split()) >= _SENTENCE)
    return sentences >= 0.5 * len(given) and len(set(given)) >= 0.8 * len(given)


def _finished(question: Question, column: _Column) -> Question:
    """The question with its id from what was asked, its label, and what its words stand for."""
    bare = normal(plain_text(column.header))
    told = normal(column.asked)
    question_id = (told if told and (column.further or _coded(column)) else bare) or "question"
    return replace(
        question,
        question_id=question_id[:_LONGEST_ID].strip("_"),
        otherwise=column.further,
        label=LEADING_NUMBER.sub("", column.asked) or column.asked,
        touchpoint=_touchpoint(question, column),
        codes={**question.codes, **column.codes} if question.scale else question.codes,
    )


def _touchpoint(question: Question, column: _Column) -> str | None:
    """The moment that a row of a battery or a rating with a short name is about."""
    if question.text or question.metric != "csat":
        return None
    last = normal(column.asked.rsplit(" - ", 1)[-1]) if " - " in column.asked else question.touchpoint or ""
    return last if last and len(last.split("_")) <= _TOUCHPOINT and "satisf" not in last else None


def _identified(asked: Sequence[Question], mapping: Mapping) -> tuple[Question, ...]:
    """`asked` with ids that differ, also from those the mapping has."""
    used = {question.question_id for question in mapping.unpivot}
    named = []
    for question in asked:
        name, number = question.question_id, 1
        while name in used:
            number += 1
            name = f"{question.question_id}_{number}"
        used.add(name)
        named.append(replace(question, question_id=name))
    return tuple(named)


def _attributes(file: RawFile, columns: Sequence[_Column], mapping: Mapping) -> tuple[dict[str, Take], list[str]]:
    """The columns kept as attributes, and those that are not."""
    by_header = {column.header: column for column in columns}
    kept, ignored = attributes(file, list(by_header), mapping.noun, taken=mapping.attributes)
    found: dict[str, Take] = {}
    for name, take in kept.items():
        column = by_header[take.headers[0]]
        told = normal(column.asked)[:_LONGEST_ID].strip("_") if column.further or _coded(column) else ""
        free = told and told not in {*kept, *found, *mapping.attributes, *mapping.noun.column_names, *ORIGIN}
        codes = dict(file.choices.get(column.header, {}))
        found[told if free else name] = replace(take, otherwise=column.further, codes=codes)
    for column in columns:
        ignored += column.further if column.header in ignored else ()
    return found, ignored


def _coded(column: _Column) -> bool:
    """Whether a header is a code or begins with a number that only says where the question stood."""
    return bool(_CODE.fullmatch(normal(column.header)) or _NUMBER.match(column.header))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
