"""Whether two numbers differ: the difference with its interval, and a verdict in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Literal

from scipy.special import ndtr

from touchstone.core.estimate import Estimate, Measured, NoEstimate, plain
from touchstone.stats.means import few, lacking
from touchstone.stats.moments import PairMoments, critical
from touchstone.stats.multiple import benjamini_hochberg
from touchstone.stats.rates import newcombe
from touchstone.stats.samples import reach

Words = Literal["a real change", "within the noise", "too few answers to tell"]


def difference(before: Measured, after: Measured) -> Measured:
    """after − before, for two groups without a customer in common (else `paired_difference`).

    Shares (unit "%") by Newcombe's method; anything else d ± t √(se₁²+se₂²) with Welch and Satterthwaite's degrees of
    freedom on the effective n. ValueError for estimates of different unit, currency or level.
    """
    if isinstance(before, NoEstimate):
        return NoEstimate(f"nothing to compare with: {before.reason}", before.n)
    if isinstance(after, NoEstimate):
        return NoEstimate(f"nothing to compare: {after.reason}", after.n)
    if (before.unit, before.currency, before.level) != (after.unit, after.currency, after.level):
        raise ValueError("numbers are compared in one unit and at one level")
    if before.unit == "%":
        return newcombe(before, after)
    v1, v2 = before.se**2, after.se**2
    df = (v1 + v2) ** 2 / (v1**2 / max(before.effective_n - 1, 1) + v2**2 / max(after.effective_n - 1, 1))
    half = critical(after.level, df) * sqrt(v1 + v2)
    d = after.value - before.value
    return Estimate(
        value=d,
        low=d - half,
        high=d + half,
        se=sqrt(v1 + v2),
        n=before.n + after.n,
        effective_n=before.effective_n + after.effective_n,
        unit=after.unit,
        level=after.level,
        currency=after.currency,
        method="difference of independent groups, Welch",
        flags=tuple(dict.fromkeys((*before.flags, *after.flags))),
    )


def paired_difference(
    pair: PairMoments, *, unit: str, level: float = 0.95, lowest: float | None = None, highest: float | None = None
) -> Measured:
    """Mean of the second group − mean of the first, where customers may be in both: d ± t √(V₁ + V₂ − 2 Cov).

    `lowest` and `highest` are the ends of the scale of an answer. Where every customer changed by the same amount (most
    often: not at all) they bound what the customers not asked may have done; without them there is no estimate.
    """
    for words, m in (("nothing to compare with", pair.first), ("nothing to compare", pair.second)):
        if (nothing := lacking(m)) is not None:
            return NoEstimate(f"{words}: {nothing.reason}", nothing.n)
    variance = pair.difference_variance
    if variance == 0.0:
        return _unchanging(pair, unit, level, lowest, highest)
    half = critical(level, pair.df) * sqrt(variance)
    d = pair.difference
    reachable = None if lowest is None or highest is None else highest - lowest
    smallest = min(pair.first.effective_n, pair.second.effective_n)
    return Estimate(
        value=d,
        low=d - half if reachable is None else min(max(d - half, -reachable), d),
        high=d + half if reachable is None else max(min(d + half, reachable), d),
        se=sqrt(variance),
        n=pair.first.n + pair.second.n,
        effective_n=pair.first.effective_n + pair.second.effective_n,
        unit=unit,
        level=level,
        method="difference of groups that share customers",
        flags=few(smallest),
    )


def _unchanging(pair: PairMoments, unit: str, level: float, lowest: float | None, highest: float | None) -> Measured:
    n = pair.first.n + pair.second.n
    if lowest is None or highest is None:
        return NoEstimate(f"all {pair.clusters} customers changed alike; it takes one who did not", n)
    # as in means.unanimous: a share this large of customers who changed otherwise would hardly have stayed unseen
    others = 1 - ((1 - level) / 2) ** (1 / min(pair.first.clusters, pair.second.clusters))
    d, reachable = pair.difference, highest - lowest
    low, high = d - (d + reachable) * others, d + (reachable - d) * others
    return Estimate(
        value=d,
        low=low,
        high=high,
        se=(high - low) / (2 * critical(level)),
        n=n,
        effective_n=float(min(pair.first.clusters, pair.second.clusters)),
        unit=unit,
        level=level,
        method="difference of groups that share customers, exact bound for equal changes",
        flags=("all customers changed alike", *few(pair.clusters)),
    )


def p_value(change: Estimate) -> float:
    """Two-sided p-value of "no difference", read off the interval on the side towards zero.

    p = 2(1 − Φ(z |d|/reach)), where `reach` is how far the interval extends from d towards zero and z its normal
    quantile: p falls below 1 − level exactly where the interval leaves zero out, whatever its form. Far from that level
    it is approximate for samples of few clusters.
    """
    towards = change.value - change.low if change.value > 0 else change.high - change.value
    if change.value == 0 or towards == 0:
        return 1.0 if change.value == 0 else 0.0
    return float(2 * ndtr(-critical(change.level) * abs(change.value) / towards))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A change in words, and what the sample could have seen.

    `detectable` is the change found with 80% power, in `unit`; None without an estimate. `p_value` is adjusted where
    many changes were judged together.
    """

    words: Words
    detectable: float | None
    unit: str
    n: int | None
    p_value: float | None
    reason: str = ""

    def answers_for(self, change: float) -> int | None:
        """About how many answers, of both groups together, a change of this size takes to be seen with 80% power."""
        if self.detectable is None or not self.n or change == 0:
            return None
        return ceil(self.n * (self.detectable / change) ** 2)

    def __str__(self) -> str:
        if self.detectable is None:
            return f"{self.words}: {self.reason}"
        if self.words == "a real change":
            return self.words
        digits = 0 if self.detectable >= 2 else 2
        return f"{self.words}: your sample can see {plain(self.detectable, digits)} {self.unit}".rstrip()


def verdict(
    change: Measured,
    *,
    worth_seeing: float | None = None,
    power: float = 0.8,
    p_adjusted: float | None = None,
    alpha: float | None = None,
) -> Verdict:
    """Judge a difference: "a real change" where p ≤ alpha (1 − level unless given: the interval leaves zero out).

    Otherwise "too few answers to tell" if either side has fewer than 30 effective answers, or if the sample could not
    have seen a change `worth_seeing`; else "within the noise". `p_adjusted` replaces the p-value of this change alone.
    """
    if isinstance(change, NoEstimate):
        return Verdict(
            words="too few answers to tell", detectable=None, unit="", n=change.n, p_value=None, reason=change.reason
        )
    p = p_value(change) if p_adjusted is None else p_adjusted
    detectable = reach(change.level, power) * change.se
    blind = worth_seeing is not None and detectable > worth_seeing
    sparse = any(flag.startswith("fewer than") for flag in change.flags)
    words: Words = "too few answers to tell" if blind or sparse else "within the noise"
    if p <= (1 - change.level if alpha is None else alpha):
        words = "a real change"
    return Verdict(words=words, detectable=detectable, unit=change.unit, n=change.n, p_value=p)


_OUT_OF_REACH = 50  # times the answers there are


def would_tell(judged: Verdict, change: Measured, *, of: str = "answers") -> str:
    """What it would take to see a change of the size found, in words; empty where it is seen, or cannot be planned.

    `of` says what is counted. About n (detectable/change)² answers of both groups together find it with 80% power,
    less those there are.
    """
    if judged.words == "a real change" or isinstance(change, NoEstimate) or not judged.n:
        return ""
    needed = judged.answers_for(change.value)
    if needed is None or needed > _OUT_OF_REACH * judged.n:
        return f"so small a difference takes over {_OUT_OF_REACH} times the {of}"
    more = max(needed - judged.n, 0)
    digits = max(len(str(more)) - 2, 0)
    return f"about {round(more, -digits):,} more {of} would tell" if more else ""


def verdicts(
    changes: Sequence[Measured], *, false_discovery: float = 0.10, worth_seeing: float | None = None
) -> list[Verdict]:
    """Judge many differences together: of those called real, at most this share is expected to be luck.

    Adjusts the p-values by Benjamini and Hochberg; changes without an estimate are not counted among the tests.
    """
    adjusted = iter(benjamini_hochberg([p_value(c) for c in changes if isinstance(c, Estimate)]).tolist())
    return [
        verdict(
            change,
            worth_seeing=worth_seeing,
            p_adjusted=next(adjusted) if isinstance(change, Estimate) else None,
            alpha=false_discovery,
        )
        for change in changes
    ]
