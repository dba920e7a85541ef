"""What customers without a contract will still buy and be worth together, with the interval of the sum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from scipy.special import gammaincinv

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.stats.buying import Buying, Customers, Grid, alive
from touchstone.stats.likelihood import Array, cubature, dot
from touchstone.stats.spend import Spend, amounts

HIGH_CORRELATION = 0.2


def active(buying: Buying, customers: Customers, *, level: float = 0.95) -> Measured:
    """How many of `customers` are still active: Σ P(alive), with a prediction interval (see `purchases_ahead`)."""

    if buying.a is None:
        return NoEstimate("the histories show no sign of customers leaving", customers.n)

    def total(parameters: Array) -> tuple[float, float]:
        still = alive(parameters, customers)
        return dot(customers.count, still), dot(customers.count, still * (1 - still))

    return _total(total, *cubature([(buying.parameters, buying.covariance)]), customers.n, level, unit="customers")


def purchases_ahead(
    buying: Buying, customers: Customers, horizon: float, *, observed: bool = True, level: float = 0.95
) -> Measured:
    """Purchases that `customers` will make together in the `horizon` ahead, in the unit of their times.

    The interval of `observed` purchases, to be held against what comes, has two parts: the parameters are uncertain
    (their asymptotic normal law on the log scale, carried through the total by the 2d points of the cubature rule,
    see `cubature`), and buying is chance: Σ Var(Y_i), with Var(Y) = E[Y(Y−1)] + E[Y] − E[Y]² exact under the model.
    With `observed=False` only the first: the interval of the expected total. Both take the total as gamma
    distributed with that mean and variance. Neither covers a change of habits or a season ahead.
    """
    if not horizon > 0:
        raise BadDefinition("A forecast looks ahead: its horizon is a positive time.")
    grid, ahead = Grid.over(customers, buying.alpha), np.array([float(horizon)])

    def total(parameters: Array) -> tuple[float, float]:
        still = alive(parameters, customers)
        mean = still * grid.at_rows(grid.expected(parameters, ahead)[..., 0])
        if not observed:
            return dot(customers.count, mean), 0.0
        variance = still * grid.at_rows(grid.pairs(parameters, ahead)[..., 0]) + mean * (1 - mean)
        return dot(customers.count, mean), dot(customers.count, variance)

    points = cubature([(buying.parameters, buying.covariance)])
    return _total(total, *points, customers.n, level, unit="purchases", flags=_doubts(buying))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What lifetime value is counted over: `months` ahead, each `month` long in the customers' time unit (4.345 for
    weeks, 30.44 for days), discounted monthly at `monthly_discount` at each month's end, times `margin` (0 to 1)."""

    months: int
    month: float
    monthly_discount: float = 0.0
    margin: float = 1.0
    currency: str

    def __post_init__(self) -> None:
        if self.months < 1 or self.month <= 0 or self.monthly_discount <= -1 or not 0 < self.margin <= 1:
            raise BadDefinition("A plan has at least one month, a discount above -100 % and a margin of 0 to 100 %.")

    @property
    def ends(self) -> Array:
        """Where each month ends, in the customers' time unit."""
        ends: Array = self.month * np.arange(1.0, self.months + 1)
        return ends

    @property
    def factors(self) -> Array:
        """(1 + d)^−k for months k = 1 …"""
        factors: Array = (1 + self.monthly_discount) ** -np.arange(1.0, self.months + 1)
        return factors


def lifetime_value(
    buying: Buying, spend: Spend, customers: Customers, plan: Plan, *, observed: bool = False, level: float = 0.95
) -> Measured:
    """What `customers` together are worth over the plan: Σ margin · E[amount] · Σ_k E[purchases in month k]/(1+d)^k.

    The interval is that of the sum, not a sum of customers' intervals. By default it is that of the expected value;
    with `observed` also the chance in purchases and amounts is in it (as if each customer's total were discounted by
    one average factor). Takes amounts and purchase rates as unrelated: a flag says when they are not.
    """
    if customers.spend is None:
        raise BadDefinition("The value of customers needs what they spent.", hint="give the mean amount per purchase.")
    spent, grid = customers.spend, Grid.over(customers, buying.alpha)
    if observed and (customers.x == 0).any() and spend.q <= 2:
        return NoEstimate("amounts vary too widely to say how far one period's money may be off", customers.n)

    def total(parameters: Array) -> tuple[float, float]:
        first = grid.expected(parameters[:-3], plan.ends)
        monthly = np.diff(first, axis=-1, prepend=0.0)
        still = alive(parameters[:-3], customers)
        mean = still * grid.at_rows(monthly @ plan.factors)
        amount, between, within = amounts(parameters[-3:], customers.x, spent)
        worth = plan.margin * mean * amount
        if not observed:
            return dot(customers.count, worth), 0.0
        plain = still * grid.at_rows(first[..., -1])
        squared = still * grid.at_rows(grid.pairs(parameters[:-3], plan.ends[-1:])[..., 0]) + plain
        chance = plain * within + squared * between + (squared - plain**2) * amount**2
        discount = plan.margin * mean / plain
        return dot(customers.count, worth), dot(customers.count, discount**2 * chance)

    flags = _doubts(buying)
    if abs(spend.correlation) > HIGH_CORRELATION:
        flags += (f"amounts go with the number of purchases (correlation {spend.correlation:.2f})",)
    points = cubature([(buying.parameters, buying.covariance), (spend.parameters, spend.covariance)])
    return _total(total, *points, customers.n, level, unit=plan.currency, currency=plan.currency, flags=flags)


def _doubts(buying: Buying) -> tuple[str, ...]:
    return ("no sign of customers leaving: counts on all of them to go on buying",) if buying.a is None else ()


def _total(
    total: Callable[[Array], tuple[float, float]],
    at: Array,
    points: Array,
    n: int,
    level: float,
    *,
    unit: str,
    currency: str | None = None,
    flags: tuple[str, ...] = (),
) -> Measured:
    """The total at `at`, with the variance between `points` plus the mean variance at them."""
    value, _ = total(at)
    means, variances = np.array([total(point) for point in points]).T
    variance = float(means.var() + variances.mean())
    if not (np.isfinite(value) and np.isfinite(variance) and value > 0 and variance > 0):
        return NoEstimate("the fitted model does not bound this total", n)
    shape = value**2 / variance
    low, high = (float(gammaincinv(shape, (1 + side * level) / 2)) * value / shape for side in (-1, 1))
    if currency is None and (variances > 0).any():
        low, high = float(floor(low)), float(ceil(high))  # what will be counted is a whole number
    return Estimate(
        value=value,
        low=min(low, value),
        high=max(high, value),
        se=variance**0.5,
        n=n,
        effective_n=float(n),
        unit=unit,
        level=level,
        method="BG/NBD" if currency is None else "BG/NBD and Gamma-Gamma",
        currency=currency,
        flags=flags,
    )
