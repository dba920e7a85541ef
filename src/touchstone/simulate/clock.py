"""Time in the simulated company: months from its start, seconds since 1970 (UTC), and its offices' wall clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from touchstone.simulate.company import Company

Seconds = NDArray[np.int64]
Floats = NDArray[np.float64]

DAY: Final = 86_400
HOUR: Final = 3_600
MINUTE: Final = 60
MONTH: Final = 2_629_800  # 365.25 / 12 days
NEVER: Final = int(np.iinfo(np.int64).min)  # the same bits as numpy's "not a time"


@dataclass(frozen=True, slots=True)
class Clock:
    """Turns months since the start (`tau`, real numbers) into seconds since 1970 and back."""

    start: int
    end: int

    @classmethod
    def of(cls, company: Company) -> Clock:
        """From midnight of the first day to midnight after the last month."""
        return cls(epoch(company.start), epoch(months_later(company.start, company.months)))

    @property
    def length(self) -> float:
        """Months from start to end, in months of 365.25/12 days."""
        return (self.end - self.start) / MONTH

    def tau(self, day: date) -> float:
        """Months from the start to `day`."""
        return (epoch(day) - self.start) / MONTH

    def seconds(self, tau: NDArray[Any]) -> Seconds:
        """The moment that lies `tau` months after the start."""
        return np.asarray(self.start + np.rint(np.asarray(tau) * MONTH).astype(np.int64))

    def inside(self, moments: Seconds) -> NDArray[np.bool_]:
        """Which moments the exports have seen."""
        return (moments >= self.start) & (moments < self.end)


def epoch(day: date) -> int:
    """Seconds from 1970 to midnight (UTC) of `day`."""
    return (day - date(1970, 1, 1)).days * DAY


def months_later(day: date, months: int) -> date:
    """The first of the month `months` after the month of `day`."""
    month = day.month - 1 + months
    return date(day.year + month // 12, month % 12 + 1, 1)


def by_day(rng: np.random.Generator, moments: Seconds) -> Seconds:
    """The same days, at hours when people are awake (about 8 to 21 o'clock)."""
    return moments // DAY * DAY + (7 * HOUR + rng.beta(2.0, 2.0, moments.shape) * 13 * HOUR).astype(np.int64)


def night_of_change(year: int, month: int) -> int:
    """Midnight (as seconds) of the last Sunday of March or October, when Europe changes its clocks."""
    last = date(year, month, 31)
    return epoch(last) - (last.weekday() + 1) % 7 * DAY


def local(moments: Seconds) -> Seconds:
    """The office clock (Europe/Berlin: UTC+1, in summer UTC+2), as seconds that read like the wall clock."""
    known = moments[moments != NEVER]
    if not known.size:
        return moments.copy()
    first, last = (
        int(np.datetime64(int(t), "s").astype("datetime64[Y]").astype(int)) + 1970 for t in (known.min(), known.max())
    )
    turns = [night_of_change(year, month) + HOUR for year in range(first, last + 1) for month in (3, 10)]
    summer = np.searchsorted(np.array(turns), moments, side="right") % 2
    return np.where(moments == NEVER, NEVER, moments + HOUR * (1 + summer))


def iso(moments: Seconds) -> list[str]:
    """`2024-03-31T01:30:00Z`, and nothing where there is no time."""
    texts: list[str] = np.datetime_as_string(moments.astype("datetime64[s]")).tolist()
    return ["" if text == "NaT" else text + "Z" for text in texts]


def wall(moments: Seconds, shift: Seconds | int = 0) -> list[str]:
    """`2024-03-31 03:30:00` as the office clock shows it, without a zone, its hands moved by `shift` seconds."""
    shown = np.where(moments == NEVER, NEVER, local(moments) + shift)
    texts: list[str] = np.datetime_as_string(shown.astype("datetime64[s]")).tolist()
    return ["" if text == "NaT" else text.replace("T", " ") for text in texts]
