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

    def again(self, newest: date) -> Period:
        """The last stretch as long as this one in data that ends on the day `newest`.

        Years are twelve months in a row, quarters those of the calendar. A month counts from its 15th day on, a week
        from its Thursday: one that has only just begun says little beside a whole one.
        """
        if self.start.day != 1 or self.end.day != 1:
            return self._days_again(newest)
        last = Period.containing(newest, "month")
        if newest.day < 15:
            last = Period.containing(last.start - timedelta(days=1), "month")
        months = 12 * (self.end.year - self.start.year) + self.end.month - self.start.month
        if months == 3 and self.start.month % 3 == 1:
            whole = last.start.month % 3 == 0
            return Period.containing(last.start if whole else _months_later(last.start, -3), "quarter")
        return _months(_months_later(last.end, -months), last.end)

    def _days_again(self, newest: date) -> Period:
        days = (self.end - self.start).days
        if days % 7 == 0 and self.start.weekday() == 0:
            end = Period.containing(newest + timedelta(days=4), "week").start
            weeks = [Period.containing(day, "week") for day in (end - timedelta(days=days), end - timedelta(days=7))]
            return weeks[0] if days == 7 else Period(weeks[0].start, end, f"{weeks[0].label}..{weeks[1].label}")
        first = newest - timedelta(days=days - 1)
        label = newest.isoformat() if days == 1 else f"{first.isoformat()}..{newest.isoformat()}"
        return Period(first, newest + timedelta(days=1), label)

    def after(self, before: Period) -> Period | None:
        """What of this period comes after `before`, in whole months; None where that is nothing."""
        if self.start >= before.end:
            return self
        start = before.end if before.end.day == 1 else _months_later(before.end.replace(day=1), 1)
        return _months(start, self.end) if self.end.day == 1 and start < self.end else None

    def __str__(self) -> str:
        return self.label


def _months(start: date, end: date) -> Period:
    """The whole months from `start` to the day before `end`: a year, a month, or a span."""
    last = end - timedelta(days=1)
    if start.month == 1 and end == date(start.year + 1, 1, 1):
        return Period.containing(start, "year")
    first = Period.containing(start, "month")
    return first if first.end == end else Period(start, end, f"{first.label}..{last:%Y-%m}")


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
        raise BadDefinition(
            f"There is no period '{text}' in the calendar.",
            hint="write 2017, 2017-Q3, 2017-03, 2017-W09 or 2017-03-31.",
        ) from None
