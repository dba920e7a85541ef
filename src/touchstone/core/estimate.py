"""What a measurement can be: an `Estimate`, a `NoEstimate` with its reason, or an exact `Total`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from math import isfinite
from typing import Literal

Grade = Literal["tested", "natural experiment", "adjusted", "correlation only"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number, how far it may be off, and what it rests on.

    `low` and `high` bound the interval at `level`; `se` is the standard error on the scale of `value` (a
    linearised one; intervals that are not symmetric do not follow from it). `n` counts the answers (or
    customers, or cases) it rests on, `effective_n` what they are worth after weights and clusters.
    `unit` is "points", "%", "hours", a currency... `grade` says how well an *effect* is evidenced and is
    None for what was simply observed. `flags` are short remarks ("fewer than 30 effective answers").
    """

    value: float
    low: float
    high: float
    se: float
    n: int
    effective_n: float
    unit: str
    level: float = 0.95
    method: str
    grade: Grade | None = None
    currency: str | None = None
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        numbers = (self.value, self.low, self.high, self.se, self.effective_n)
        if not all(map(isfinite, numbers)) or not self.low < self.high:
            # a zero-width interval would claim certainty
            raise ValueError(f"an Estimate is finite and has a width; use NoEstimate instead of {self!r}")
        if not self.low <= self.value <= self.high:
            raise ValueError(f"an Estimate lies inside its own interval: {self!r}")

    def __str__(self) -> str:
        return f"{shown(self)} ({self.level:.0%} interval {interval(self)}, n={self.n:,})"


@dataclass(frozen=True, slots=True)
class NoEstimate:
    """Why a number cannot be given. It has no value, so nobody can plot it as zero."""

    reason: str
    n: int | None

    def __str__(self) -> str:
        return f"no estimate: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """An exact sum of recorded rows: no sampling error, so no interval."""

    value: Decimal
    unit: str
    currency: str | None
    n: int

    def __str__(self) -> str:
        return f"{exact(self)} (exact {'sum' if self.currency else 'number'} of {self.n:,} rows)"


def exact(total: Total) -> str:
    """An exact sum with its unit: money to the cent, a number of rows whole."""
    return f"{total.value:,.{2 if total.currency else 0}f} {total.unit}"


Measured = Estimate | NoEstimate
Result = Estimate | NoEstimate | Total

RECORD_KEYS = (*(field.name for field in fields(Estimate)), "reason")


def record(result: Result) -> dict[str, object]:
    """One flat record for JSON, tables and templates: always the same keys, None where there is nothing to say."""
    values = {field.name: getattr(result, field.name) for field in fields(result)}
    if isinstance(values.get("flags"), tuple):
        values["flags"] = list(values["flags"])
    return dict.fromkeys(RECORD_KEYS) | {"flags": []} | values


def decimals(width: float) -> int:
    """Digits after the point that an interval of this width supports: two figures of its half-width, at most 4."""
    if width <= 0 or not isfinite(width):
        return 1
    half = width / 2
    return next((digits for digits in range(5) if half * 10**digits >= 5), 4)


def shown(estimate: Estimate) -> str:
    """The value with its unit, rounded to what the interval supports: `39.8 points`, `12,400 EUR`."""
    digits = decimals(estimate.high - estimate.low)
    return f"{plain(estimate.value, digits)} {estimate.unit}".rstrip()


def interval(estimate: Estimate) -> str:
    """The interval in words, rounded like the value: `38.2 to 41.4`."""
    digits = decimals(estimate.high - estimate.low)
    return f"{plain(estimate.low, digits)} to {plain(estimate.high, digits)}"


def plain(number: float, digits: int) -> str:
    """A number as people read it: thousands separated, no negative zero."""
    text = f"{number:,.{digits}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text
