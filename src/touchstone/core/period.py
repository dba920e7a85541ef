"""Periods of the calendar: a year, a quarter, a month, a week or a day, in the workspace's time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from touchstone.core.errors import BadDefinition

Grain = Literal["year", "quarter", "month", "week", "day"]
GRAINS: tuple[Grain, ...] = ("year", "quarter", "month", "week", "day")

_FORMS: tuple[tuple[Grain, re.Pattern[str]], ...] = (
    ("year", re.compile(r"(?P<year>\d{4})")),
    ("quarter", re.compile(r"(?P<year>\d{4})-?Q(?P<part>[1-4])", re.IGNORECASE)),
    ("month", re.compile(r"(?P<year>\d{4})-(?P<part>\d{2})")),
    ("week", re.compile(r"(?P<year>\d{4})-?W(?P<part>\d{2})", re.IGNORECASE)),
    ("day", re.compile(r"(?P<year>\d{4})-(?P<part>\d{2})-(?P<day>\d{2})")),
)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from `start` up to, not including, `end`; `label` is how people write it (2017, 2017-Q3, 2017-03)."""

    start: date
    end: date
    label: str

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise BadDefinition(f"The period '{self.label}' ends before it begins.")

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read 2017, 2017-Q3, 2017-03, 2017-W09, 2017-03-31 or a span 2017-01..2017-03."""
        if ".." in text:
            first, last = (cls.parse(part) for part in text.split("..", 1))
            return cls(first.start, last.end, f"{first.label}..{last.label}")
        for grain, form in _FORMS:
            if match := form.fullmatch(text.strip()):
                return _checked(grain, match, text)
        raise BadDefinition(f"'{text}' is not a period.", hint="write 2017, 2017-Q3, 2017-03, 2017-W09 or 2017-03-31.")

    @classmethod
    def containing(cls, day: date, grain: Grain) -> Period:
        """The year, quarter, month, week or day that `day` lies in."""
        if grain == "year":
            return cls(date(day.year, 1, 1), date(day.year + 1, 1, 1), f"{day.year:04d}")
        if grain == "quarter":
            quarter = (day.month - 1) // 3
            start = date(day.year, 3 * quarter + 1, 1)
            return cls(start, _months_later(start, 3), f"{day.year:04d}-Q{quarter + 1}")
        if grain == "month":
            start = day.replace(day=1)
            return cls(start, _months_later(start, 1), f"{day:%Y-%m}")
        if grain == "week":
            start = day - timedelta(days=day.weekday())
            year, week, _ = day.isocalendar()
            return cls(start, start + timedelta(days=7), f"{year:04d}-W{week:02d}")
        return cls(day, day + timedelta(days=1), day.isoformat())

    def __str__(self) -> str:
        return self.label


def _months_later(day: date, months: int) -> date:
    month = day.month - 1 + months
    return date(day.year + month // 12, month % 12 + 1, 1)


def _checked(grain: Grain, match: re.Match[str], text: str) -> Period:
    year, part = int(match["year"]), int(match.groupdict().get("part") or 1)
    try:
        if grain == "week":
            return Period.containing(date.fromisocalendar(year, part, 1), "week")
        month = 3 * part - 2 if grain == "quarter" else part
        return Period.containing(date(year, month, int(match.groupdict().get("day") or 1)), grain)
    except ValueError:
        raise BadDefinition(f"There is no period '{text}' in the calendar.") from None
