"""Columns of a banner table against each other: which shares and means differ, told by the columns' letters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt

from scipy.special import ndtr, stdtr

from touchstone.stats.moments import PairMoments
from touchstone.stats.multiple import benjamini_hochberg

SMALLEST_BASE = 30  # effective answers below which a column is not tested
_ALPHABET = 26


@dataclass(frozen=True, slots=True)
class ColumnTest:
    """Two columns of one row: how far the second lies above the first, and the two-sided p-value of "no difference"."""

    difference: float
    p_value: float


def share_test(pair: PairMoments) -> ColumnTest:
    """z test of two shares with a pooled variance, x being 0 or 100.

    z = (p₂ − p₁) / √(p̄(1−p̄)(1/m₁ + 1/m₂) − 2 Cov), with m the effective bases (n over the design effect of weights and
    clusters), p̄ their pooled share, and Cov the covariance of customers who are in both columns. Independent answers of
    equal weight give the textbook's test of column proportions (Agresti 2013, section 3.2).
    """
    one, two = pair.first, pair.second
    p1, p2, m1, m2 = one.mean / 100, two.mean / 100, one.effective_n, two.effective_n
    pooled = (m1 * p1 + m2 * p2) / (m1 + m2)
    variance = pooled * (1 - pooled) * (1 / m1 + 1 / m2)
    paired = variance - 2 * pair.covariance / 10_000
    if paired > 1e-9 * variance:
        variance = paired
    if variance <= 0 or p1 == p2:
        return ColumnTest(100 * (p2 - p1), 1.0)
    return ColumnTest(100 * (p2 - p1), float(2 * ndtr(-abs(p2 - p1) / sqrt(variance))))


def mean_test(pair: PairMoments) -> ColumnTest:
    """t test of two means with clustered variances: t = d / √(V₁ + V₂ − 2 Cov), degrees of freedom after Satterthwaite.

    Independent answers of equal weight give Welch's test (1947). Where no spread is seen nothing is tested (p = 1).
    """
    variance, d = pair.difference_variance, pair.difference
    if variance <= 0 or d == 0:
        return ColumnTest(d, 1.0)
    return ColumnTest(d, float(2 * stdtr(pair.df, -abs(d) / sqrt(variance))))


def letter(place: int) -> str:
    """The letter of a column: A to Z, then AA, AB…"""
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, _ALPHABET)
        text = chr(ord("A") + rest) + text
    return text


@dataclass(frozen=True, slots=True)
class Lower:
    """A column that lies lower, and whether that holds when all tests of the table are adjusted for together."""

    column: int
    holds: bool


Key = tuple[int, int, int]  # row, first column, second column


def lower_columns(
    tests: Mapping[Key, ColumnTest], *, level: float = 0.95, false_discovery: float = 0.10
) -> dict[tuple[int, int], list[Lower]]:
    """For every (row, column) the columns that it exceeds significantly, each pair tested by itself at `level`.

    `holds` says whether the difference is also among the findings when the p-values of the whole table are adjusted by
    Benjamini and Hochberg. Cells that exceed nothing are not listed.
    """
    keys = list(tests)
    adjusted = benjamini_hochberg([tests[key].p_value for key in keys]) if keys else ()
    found: dict[tuple[int, int], list[Lower]] = {}
    for key, p in zip(keys, adjusted, strict=True):
        row, first, second = key
        test = tests[key]
        if test.p_value > 1 - level:
            continue
        higher, lower = (second, first) if test.difference > 0 else (first, second)
        found.setdefault((row, higher), []).append(Lower(lower, bool(p <= false_discovery)))
    return {cell: sorted(columns, key=lambda one: one.column) for cell, columns in found.items()}


def large_enough(bases: Iterable[float]) -> list[bool]:
    """Which columns have the effective base that a test takes."""
    return [base >= SMALLEST_BASE for base in bases]
