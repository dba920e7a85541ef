"""Known-truth designs as plain arrays, for holding estimators to (METHODS section 9)."""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, log, sqrt
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from touchstone.core.errors import BadDefinition
from touchstone.simulate.shapley import lmg

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Missing = Literal["complete", "by value", "by overall", "at random"]

SEGMENTS: Final = ("SMB", "Mid", "Ent")
MONTHS: Final = 12
DELAY: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueLink:
    """V1: customers with a score, and what they did in the twelve months after it. Arrays of shape (n,).

    `score` 0-10 is everybody's, to be looked at only where `responded`; `category` 1, 0, -1; `churn_month` the month
    1-12 in which they left, 0 for those who stayed; `revenue` EUR over twelve months. The truths are expected
    differences promoter minus detractor over these customers, and their NPS, responders or not. `value_of_point`
    is EUR per NPS point and 1,000 customers (detractors to promoters).
    """

    segment: Ints
    tenure: Floats
    usage: Floats
    score: Ints
    category: Ints
    responded: Bools
    churn_month: Ints
    revenue: Floats
    true_churn_difference: float
    true_churn_difference_3_months: float
    true_revenue_difference: float
    true_nps: float
    value_of_point: float


def v1(
    n: int,
    rng: np.random.Generator,
    *,
    b_h: float = 0.35,
    b_s: float = 0.06,
    m: float = 0.12,
    hidden_opinion: float = 0.0,
    hidden_outcome: float = 0.0,
) -> ValueLink:
    """Design V1; V2 is `b_h=0, b_s=0`, V1b `m=0`; `hidden_opinion`, `hidden_outcome` are λ_L, λ_Y of an unseen U.

    L = .7E + .55 use + .25 Ent - .20 SMB + .10 lt + λ_L U + N(0, .8²), r = clip(round(7.6 + 1.9 L), 0, 10);
    logit h_k = -3.6 - .55 use - .35 lt + .35 SMB - .30 Ent - λ_Y U - b_h c 1[k > 3];
    spending while active = exp(3.4 + .45 use + .3 Mid + .9 Ent + .25 λ_Y U + b_s c 1[k > 3] + N(0, .5²) - .125),
    billed at the start of each month; logit P(responds) = -1.3 + .5 use + .15 lt + m (r - 7).
    """
    _at_least(n, 1)
    segment = rng.choice(3, n, p=(0.55, 0.30, 0.15))
    smb, mid, ent = ((segment == index).astype(float) for index in range(3))
    tenure = np.minimum(rng.gamma(2.0, 1.5, n), 10.0)
    lt = np.log1p(tenure)
    usage = rng.normal(0.3 * ent + 0.15 * lt, 1.0)
    experience, unseen = rng.standard_normal(n), rng.standard_normal(n)
    latent = 0.7 * experience + 0.55 * usage + 0.25 * ent - 0.20 * smb + 0.10 * lt + hidden_opinion * unseen
    score = np.clip(np.rint(7.6 + 1.9 * (latent + rng.normal(0, 0.8, n))), 0, 10).astype(np.int64)
    category = (score >= 9).astype(np.int64) - (score <= 6)

    leaving = -3.6 - 0.55 * usage - 0.35 * lt + 0.35 * smb - 0.30 * ent - hidden_outcome * unseen
    spending = 3.4 + 0.45 * usage + 0.3 * mid + 0.9 * ent + 0.25 * hidden_outcome * unseen
    acts = np.arange(1, MONTHS + 1) > DELAY
    hazard = _logistic(leaving[:, None] - b_h * category[:, None] * acts)
    leaves = rng.random(hazard.shape) < hazard
    churn_month = np.where(leaves.any(axis=1), leaves.argmax(axis=1) + 1, 0)
    billed = np.arange(1, MONTHS + 1) <= np.where(churn_month == 0, MONTHS, churn_month)[:, None]
    noise = rng.normal(0, 0.5, hazard.shape) - 0.125
    revenue = (billed * np.exp(spending[:, None] + b_s * category[:, None] * acts + noise)).sum(axis=1)
    responded = rng.random(n) < _logistic(-1.3 + 0.5 * usage + 0.15 * lt + m * (score - 7))

    promoter, detractor = (_future(leaving, spending, b_h * c, b_s * c) for c in (1, -1))
    gained = promoter[2] - detractor[2]
    return ValueLink(
        segment=segment,
        tenure=tenure,
        usage=usage,
        score=score,
        category=category,
        responded=responded,
        churn_month=churn_month,
        revenue=revenue,
        true_churn_difference=promoter[1] - detractor[1],
        true_churn_difference_3_months=promoter[0] - detractor[0],
        true_revenue_difference=gained,
        true_nps=float(100 * category.mean()),
        value_of_point=1000 * gained / 200,
    )


def _future(leaving: Floats, spending: Floats, less: float, more: float) -> tuple[float, float, float]:
    """Mean churn by months 3 and 12 and mean expected revenue if everybody's opinion took `less` off the log-odds."""
    acts = np.arange(1, MONTHS + 1) > DELAY
    stay = np.cumprod(1 - _logistic(leaving[:, None] - less * acts), axis=1)
    begun = np.concatenate([np.ones((len(stay), 1)), stay[:, :-1]], axis=1)
    revenue = (begun * np.exp(spending[:, None] + more * acts)).sum(axis=1)
    return float(1 - stay[:, DELAY - 1].mean()), float(1 - stay[:, -1].mean()), float(revenue.mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """D1: six correlated items `x` (n, 6), NaN where missing, and the overall score `y` (n,). Item 4 has no effect."""

    x: Floats
    y: Floats
    beta: Floats
    correlation: Floats
    lmg: Floats
    r_squared: float


D1_BETA: Final = (0.45, 0.25, 0.15, 0.0, 0.0, 0.10)
D1_NOISE: Final = 0.55
_D1_RHO: Final = {(0, 3): 0.80, (1, 4): 0.35}


def d1(n: int, rng: np.random.Generator, *, missing: Missing = "complete", straight_liners: float = 0.0) -> Drivers:
    """Design D1, with the patterns of D1b: item 2 missing with P = logit⁻¹(-.2 - 1.2 x₂) ("by value"), the same with y
    ("by overall"), or with the constant P = logit⁻¹(-.2) ("at random"); then items 3 to 6 lack 20 % at random.

    A share of `straight_liners` gives one answer ~ N(0, 1.5²) to every question; the truths ignore them.
    """
    _at_least(n, 1)
    if missing not in ("complete", "by value", "by overall", "at random"):
        raise BadDefinition(
            f"Answers cannot be missing '{missing}'.", hint="use complete, by value, by overall or at random."
        )
    if not 0 <= straight_liners <= 1:
        raise BadDefinition(f"A share of straight-liners of {straight_liners} is not between 0 and 1.")
    between = _d1_correlation()
    beta = np.array(D1_BETA)
    x = rng.standard_normal((n, 6)) @ np.linalg.cholesky(between).T
    y = x @ beta + rng.normal(0, sqrt(D1_NOISE), n)
    lazy = rng.random(n) < straight_liners
    constant = rng.normal(0, 1.5, n)
    x, y = np.where(lazy[:, None], constant[:, None], x), np.where(lazy, constant, y)
    if missing != "complete":
        x = _with_gaps(x, y, rng, missing)
    full = _with_outcome(between, beta)
    shares, explained = lmg(full)
    return Drivers(x=x, y=y, beta=beta, correlation=full, lmg=shares, r_squared=explained)


def _d1_correlation() -> Floats:
    between = np.full((6, 6), 0.55)
    np.fill_diagonal(between, 1.0)
    for (row, column), rho in _D1_RHO.items():
        between[row, column] = between[column, row] = rho
    return between


def _with_outcome(between: Floats, beta: Floats) -> Floats:
    """The correlation matrix of the items and, last, of the outcome."""
    covariance = between @ beta
    spread = sqrt(beta @ covariance + D1_NOISE)
    r = covariance / spread
    return np.block([[between, r[:, None]], [r[None, :], np.ones((1, 1))]])


def _with_gaps(x: Floats, y: Floats, rng: np.random.Generator, missing: Missing) -> Floats:
    slope = {"by value": -1.2 * x[:, 1], "by overall": -1.2 * y}.get(missing, np.zeros(len(y)))
    gaps = np.zeros(x.shape, dtype=bool)
    gaps[:, 1] = rng.random(len(y)) < _logistic(-0.2 + slope)
    gaps[:, 2:] = rng.random((len(y), 4)) < 0.2
    return np.where(gaps, np.nan, x)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteredAnswers:
    """Scores 0-10 that customers gave more than once; `customer` numbers them. The truths are exact expectations."""

    customer: Ints
    score: Ints
    true_nps: float
    true_mean: float
    icc: float


def clustered_answers(
    customers: int, answers_per_customer: int, rng: np.random.Generator, icc: float
) -> ClusteredAnswers:
    """Answers r = clip(round(7.6 + 1.9 (√icc A_g + √(1-icc) e)), 0, 10) with A, e ~ N(0, 1).

    `icc` is the correlation of the latent scores of one customer; that of r itself is a little lower.
    """
    _at_least(customers, 1)
    _at_least(answers_per_customer, 1)
    if not 0 <= icc <= 1:
        raise BadDefinition(f"A correlation within customers of {icc} is not between 0 and 1.")
    customer = np.repeat(np.arange(customers), answers_per_customer)
    shared, own = rng.standard_normal(customers)[customer], rng.standard_normal(len(customer))
    score = np.clip(np.rint(7.6 + 1.9 * (sqrt(icc) * shared + sqrt(1 - icc) * own)), 0, 10).astype(np.int64)
    above = [1.0, *(1 - _normal((k - 0.5 - 7.6) / 1.9) for k in range(1, 11))]  # P(r >= k)
    return ClusteredAnswers(
        customer=customer,
        score=score,
        true_nps=100 * (above[9] - (1 - above[7])),
        true_mean=sum(above[1:]),
        icc=icc,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTickets:
    """C1: days from opening to closing, or to today (`closed` False) for requests still open."""

    days: Floats
    closed: Bools
    true_median_days: float


def open_tickets(n: int, rng: np.random.Generator) -> OpenTickets:
    """Design C1: duration ~ Exp(mean 10 days), opened uniformly in the last 14 days, so 46 % are closed."""
    _at_least(n, 1)
    duration, age = rng.exponential(10.0, n), rng.uniform(0, 14.0, n)
    return OpenTickets(days=np.minimum(duration, age), closed=duration <= age, true_median_days=10 * log(2))


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def _normal(z: float) -> float:
    return (1 + erf(z / sqrt(2))) / 2


def _at_least(n: int, least: int) -> None:
    if n < least:
        raise BadDefinition(f"A design of {n} is empty.", hint=f"use at least {least}.")
