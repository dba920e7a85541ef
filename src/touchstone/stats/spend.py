"""What customers spend per purchase: the Gamma-Gamma model from pairs of frequency and mean amount."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaln

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import NoEstimate
from touchstone.stats.likelihood import Array, LogLikelihood, dot, maximise

FEWEST_REPEATERS = 30


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Spend:
    """A fitted Gamma-Gamma: an order of a customer is Gamma(p, ν), ν ~ Gamma(q, γ) between customers.

    `covariance`, shape (3, 3), is that of (ln p, ln q, ln γ). `correlation` of x with mean spend, which the model
    takes to be 0.
    """

    p: float
    q: float
    gamma: float
    covariance: Array
    log_likelihood: float
    n: int
    correlation: float

    @property
    def parameters(self) -> Array:
        """(p, q, γ)."""
        return np.array([self.p, self.q, self.gamma])

    def per_purchase(self, x: npt.ArrayLike, mean: npt.ArrayLike) -> Array:
        """Expected amount per purchase for each pair: p(γ + x z̄)/(px + q − 1); p γ/(q − 1) without repeats."""
        return amounts(self.parameters, np.asarray(x, dtype=float), np.asarray(mean, dtype=float))[0]


def fit_spend(x: npt.ArrayLike, mean: npt.ArrayLike, count: npt.ArrayLike | None = None) -> Spend | NoEstimate:
    """Maximum likelihood of the Gamma-Gamma model (Fader and Hardie 2013) from pairs (x, z̄) with their counts.

    L = Γ(px+q)/(Γ(px)Γ(q)) · γ^q z̄^{px−1} x^{px} / (γ + x z̄)^{px+q}, customers with x ≥ 1.
    Leans on: amounts do not go with how often one buys. Errors: a mean amount that is not positive.
    """
    repeats, amount = np.asarray(x, dtype=float), np.asarray(mean, dtype=float)
    each = np.ones(len(repeats)) if count is None else np.asarray(count, dtype=float)
    used = repeats >= 1
    repeats, amount, each = repeats[used], amount[used], each[used]
    n = int(each.sum())
    if n < FEWEST_REPEATERS:
        return NoEstimate(f"{n} customers bought again; their spending needs at least {FEWEST_REPEATERS}", n)
    if not (amount > 0).all():
        raise BadDefinition("A mean amount per purchase is positive.", hint="leave out customers who returned it all.")
    unit = float(np.exp(np.average(np.log(amount), weights=each)))  # a mean would follow a few giants
    found = maximise(_spend_likelihood(repeats, amount / unit, each), np.log([2.0, 3.0, 1.0]), n)
    if found.covariance is None:
        return NoEstimate("the amounts do not tell how customers differ from how orders differ", n)
    p, q, gamma = np.exp(found.at)
    # at q = 1 the mean amount is infinite, so q has to be clear of it
    if np.log(q) < 3 * np.sqrt(found.covariance[1, 1]):
        return NoEstimate("a few customers spend so much more than the others that a mean amount cannot be told", n)
    return Spend(
        p=float(p),
        q=float(q),
        gamma=float(gamma * unit),
        covariance=found.covariance,
        log_likelihood=found.value - float(n * np.log(unit)),
        n=n,
        correlation=_correlation(repeats, amount, each),
    )


def _spend_likelihood(x: Array, amount: Array, count: Array) -> LogLikelihood:
    """ln L and its gradient in (ln p, ln q, ln γ)."""
    xs, place = np.unique(x, return_inverse=True)
    at_x, n = np.bincount(place, weights=count), float(count.sum())
    log_sum = np.log(amount * x)
    summed = amount * x
    known = count @ (x * log_sum)  # the part that multiplies p
    constant = -float(count @ np.log(amount))

    def likelihood(logs: Array) -> tuple[float, Array]:
        p, q, gamma = np.exp(logs)
        log_tail = np.log(gamma + summed)
        shape = p * xs
        value = at_x @ (gammaln(shape + q) - gammaln(shape)) + n * (q * np.log(gamma) - gammaln(q))
        value += p * known + constant - dot(count, (p * x + q) * log_tail)
        more = digamma(shape + q)
        slope = np.array(
            [
                at_x @ (xs * (more - digamma(shape))) + known - dot(count, x * log_tail),
                at_x @ more + n * (np.log(gamma) - digamma(q)) - dot(count, log_tail),
                n * q / gamma - dot(count, (p * x + q) / (gamma + summed)),
            ]
        )
        return float(value), slope * np.exp(logs)

    return likelihood


def amounts(parameters: Array, x: Array, mean: Array) -> tuple[Array, Array, Array]:
    """Per pair (x, z̄): the expected amount per purchase, its variance between customers, and that of single orders.

    p E[1/ν], p² Var(1/ν) and p E[1/ν²] with ν ~ Gamma(k = px+q, γ + x z̄); `parameters` are (p, q, γ). The variances
    are infinite for k ≤ 2.
    """
    p, q, gamma = parameters
    shape = p * x + q
    inverse = (gamma + x * mean) / (shape - 1)
    square = np.where(shape > 2, inverse**2 * (shape - 1) / np.where(shape > 2, shape - 2, 1.0), np.inf)
    return p * inverse, p**2 * (square - inverse**2), p * square


def _correlation(x: Array, y: Array, weights: Array) -> float:
    dx, dy = x - np.average(x, weights=weights), y - np.average(y, weights=weights)
    spread = np.sqrt((weights @ dx**2) * (weights @ dy**2))
    return float(weights @ (dx * dy) / spread) if spread > 0 else 0.0
