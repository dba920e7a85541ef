"""How many answers a question takes, and what a number of answers can see.

Answers mean completed ones: divide by the response rate for invitations. Numbers are not rounded; round up. Rates run
from 0 to 1, margins and changes in points (0 to 100, or −100 to 100 for a net score).
"""

from __future__ import annotations

from math import sqrt

from scipy.special import ndtri

from touchstone.core.errors import BadDefinition
from touchstone.stats.moments import critical


def net_variance(promoter_rate: float, detractor_rate: float) -> float:
    """Variance of one answer's worth, in points²: 100² (p_P + p_D − (p_P − p_D)²); at most 10,000."""
    if min(promoter_rate, detractor_rate) < 0 or promoter_rate + detractor_rate > 1:
        raise BadDefinition("Promoters and detractors are shares of the same answers.", hint="write 0.5 and 0.2.")
    return 10_000 * (promoter_rate + detractor_rate - (promoter_rate - detractor_rate) ** 2)


def share_variance(rate: float) -> float:
    """Variance of one answer worth 0 or 100, in points²: 100² p(1−p); at most 2,500."""
    if not 0 <= rate <= 1:
        raise BadDefinition("A rate lies between 0 and 1.", hint="write 0.8 for 80%.")
    return 10_000 * rate * (1 - rate)


def answers_for_margin(
    margin: float,
    variance: float,
    *,
    level: float = 0.95,
    design_effect: float = 1.0,
    population: float | None = None,
) -> float:
    """Answers for an interval of ± margin points: n = z²v/d² · deff, and in a population of N n/(1+(n−1)/N).

    Uses the normal interval, so it is meant for planning (Cochran 1977, section 4.4).
    """
    _positive(margin)
    n = critical(level) ** 2 * variance / margin**2 * design_effect
    return n if population is None else n / (1 + (n - 1) / population)


def answers_for_change(
    change: float, variance: float, *, level: float = 0.95, power: float = 0.8, design_effect: float = 1.0
) -> float:
    """Answers in *each* of two waves, so that a change of this many points is found with the given power.

    n = (z_{1−α/2} + z_power)² · 2v/d² · deff, for waves without a customer in common.
    """
    _positive(change)
    return reach(level, power) ** 2 * 2 * variance / change**2 * design_effect


def answers_for_share_change(
    before_rate: float, after_rate: float, *, level: float = 0.95, power: float = 0.8
) -> float:
    """Answers in each of two waves to find a change of a share, with the variance each rate implies.

    n = (z_{1−α/2} √(2p̄(1−p̄)) + z_power √(p₁q₁+p₂q₂))²/(p₁−p₂)² (Fleiss 1981, section 3.2).
    """
    _positive(abs(after_rate - before_rate))
    pooled = share_variance((before_rate + after_rate) / 2)
    apart = share_variance(before_rate) + share_variance(after_rate)
    z = critical(level) * sqrt(2 * pooled) + float(ndtri(power)) * sqrt(apart)
    return (z / (100 * (after_rate - before_rate))) ** 2


def detectable_change(
    before_n: float, after_n: float, variance: float, *, level: float = 0.95, power: float = 0.8
) -> float:
    """The change in points that two waves of this many (effective) answers find with the given power.

    d = (z_{1−α/2} + z_power) √(v/n₁ + v/n₂).
    """
    _positive(min(before_n, after_n))
    return reach(level, power) * sqrt(variance / before_n + variance / after_n)


def answers_beside(
    before_n: float, change: float, variance: float, *, level: float = 0.95, power: float = 0.8
) -> float | None:
    """Effective answers of a second wave that find a change of this many points beside a first wave that is over.

    n₂ = 1/(d²/(k²v) − 1/n₁) with k = z_{1−α/2} + z_power: the inverse of `detectable_change`. None where the first wave
    is too small for any second one: n₁ ≤ k²v/d².
    """
    _positive(min(before_n, change))
    if variance == 0:
        return 1.0
    left = change**2 / (reach(level, power) ** 2 * variance) - 1 / before_n
    return 1 / left if left > 0 else None


def reach(level: float = 0.95, power: float = 0.8) -> float:
    """z_{1−α/2} + z_power: how many standard errors away a change must be to be found that often (2.80)."""
    if not 0.5 <= power < 1:
        raise BadDefinition(f"A power lies between 0.5 and 1, not at {power:g}.", hint="0.8 is usual.")
    return critical(level) + float(ndtri(power))


def _positive(number: float) -> None:
    if not number > 0:
        raise BadDefinition("Sample sizes, margins and changes are larger than zero.")
