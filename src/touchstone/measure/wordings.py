"""The words in which a metric is asked for: those of two periods are compared before their numbers are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from touchstone.core.metric import Metric
from touchstone.engine.data import Data
from touchstone.engine.rows import Question
from touchstone.engine.wordings import Asked, Worded, asked, worded

_SHOWN = 3


@dataclass(frozen=True, slots=True, order=True)
class Wording:
    """The words of a question, and since when answers to them are there (None where they carry no date)."""

    words: str
    since: date | None = None

    @property
    def plain(self) -> str:
        """The words without capitals, punctuation and double spaces, which change nothing for who is asked."""
        return re.sub(r"[\W_]+", " ", self.words.casefold()).strip()


def wordings(data: Data, metric: Metric, question: Question) -> tuple[Wording, ...]:
    """The words that the answers `question` asks about were asked for in; none for what is not asked."""
    versions = worded(data)
    zone = ZoneInfo(data.zone)
    first: dict[str, date | None] = {}
    for one in asked(data, metric, question):
        day = one.first_at.astimezone(zone).date() if one.first_at else None
        for words in _words(one, versions):
            known = first.get(words)
            first[words] = min(known, day) if known and day else known or day
    return tuple(Wording(words, since) for words, since in sorted(first.items()))


def _words(one: Asked, versions: Sequence[Worded]) -> set[str]:
    """The words then: those its source used last up to that import, else those that anybody did."""
    before = [v for v in versions if v.question_id == one.question_id and v.import_number <= one.import_number]
    held = [v for v in before if v.source == one.source] or before
    if not held:
        return {one.question_id}
    newest = max(v.import_number for v in held)
    return {v.words for v in held if v.import_number == newest}


def reworded(before: Iterable[Wording], now: Iterable[Wording]) -> str:
    """What changed between two sets of words, as half a sentence; empty where nothing did."""
    old, new = ({one.plain: one for one in words} for words in (before, now))
    gone = [one for plain, one in old.items() if plain not in new]
    come = [one for plain, one in new.items() if plain not in old]
    if not gone and not come:
        return ""
    since = min((one.since for one in come if one.since), default=None)
    when = f" since {since.isoformat()}" if since else ""
    if gone and come:
        return f"the question was {_listed(gone)} and is{when} {_listed(come)}"
    return f"{_listed(come)} is asked{when} as well" if come else f"{_listed(gone)} is no longer asked"


def _listed(words: Sequence[Wording]) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(f"'{one.words}'" for one in words[:_SHOWN]) + more
