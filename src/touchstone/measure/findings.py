"""What a check finds, and the facts that its parts look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from touchstone.core.errors import Refused
from touchstone.core.metric import Metric, Score
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.quality import Profile
from touchstone.stats.moments import Moments

Judgement = Literal["good", "note", "problem"]
Subject = Literal[
    "data",
    "scores",
    "coverage",
    "freshness",
    "duplicates",
    "joins",
    "impossible values",
    "leakage",
    "then and now",
    "set aside",
]
FEW = 30  # effective answers
_HEADLINES = ("nps", "overall_rating", "csat", "ces")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found: what it is about, a verdict, a sentence, and what it would take to do better.

    `numbers` holds what the sentence says, and the table, column or metric it says it of.
    """

    subject: Subject
    verdict: Judgement
    sentence: str
    takes: str = ""
    numbers: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What the metrics rest on: two-level sums per metric and kind of answer, rows of exact totals, and refusals."""

    moments: dict[tuple[str, str | None], Moments]
    totals: dict[str, int]
    refused: dict[str, Refused]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What several parts of a check look at. `people` says who is in which table; None where no table names anybody."""

    data: Data
    now: datetime
    profiles: dict[str, Profile]
    metrics: Mapping[str, Metric]
    sums: Sums
    people: Table | None

    @property
    def headline(self) -> tuple[Metric, str] | None:
        """The metric and the kind of answers that people are compared by: a usual one, then one with most answers."""
        found = [
            (name, kind, sums.n)
            for (name, kind), sums in self.sums.moments.items()
            if kind and sums.n >= FEW and isinstance(self.metrics[name].form, Score)
        ]
        best = min(found, key=lambda one: (_place(one[0]), -one[2]), default=None)
        return None if best is None else (self.metrics[best[0]], best[1])


def _place(name: str) -> int:
    return _HEADLINES.index(name) if name in _HEADLINES else len(_HEADLINES)


def share(k: int, n: int) -> str:
    """k of n in percent, never rounded to all or nothing."""
    if 0 < k < n and not 0.5 <= 100 * k / n < 99.5:
        return "under 1%" if 2 * k < n else "over 99%"
    return f"{100 * k / n:.0f}%" if n else "none"


def counted(n: int, noun: str) -> str:
    """`1 row`, `2 rows`, `no rows`."""
    return f"{n:,} {noun}" if n == 1 else f"{f'{n:,}' if n else 'no'} {noun}s"
