"""What opinions do to behaviour: who stays a member, and who spends how much (V1 of METHODS section 9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from touchstone.simulate.clock import Clock, Seconds, by_day
from touchstone.simulate.company import Company
from touchstone.simulate.experience import Opinions
from touchstone.simulate.people import Bools, Floats, Ints, People, random

DELAY: Final = 3  # whole months after an opinion during which it changes nothing
HORIZON: Final = 12
HAZARD_CENTRE: Final = -3.75
SPEND_CENTRE: Final = 3.4
SPEND_NOISE: Final = 0.5
ORDERS_A_MONTH: Final = 0.25


@dataclass(frozen=True, slots=True)
class Lives:
    """How long a block's customers stay: `joined` and `left` in months since the company's start (inf: still here)."""

    joined: Floats
    left: Floats

    def here(self, tau: Floats, rows: Ints | slice = slice(None)) -> Bools:
        """Whether customer `rows` is a member at `tau` (broadcasts over a second axis)."""
        shape = (-1,) + (1,) * (tau.ndim - 1)
        return (tau >= self.joined[rows].reshape(shape)) & (tau < self.left[rows].reshape(shape))


@dataclass(frozen=True, slots=True)
class Orders:
    """Purchases of a block in the order of time: row of the customer, moment, cents, margin in cents, own month."""

    row: Ints
    paid: Seconds
    cents: Ints
    margin: Ints
    month: Ints


def log_odds(company: Company, who: People, log_tenure: Floats) -> Floats:
    """Log-odds of leaving within a month, before opinions. Shape of `log_tenure`: (n, anything)."""
    person = -0.55 * who.usage + 0.35 * who.is_segment(0) - 0.30 * who.is_segment(2) - company.hidden * who.hidden
    return np.asarray(HAZARD_CENTRE + person[:, None] - 0.35 * log_tenure)


def log_spend(company: Company, who: People) -> Floats:
    """Log of the expected monthly spending (EUR) of a member, before opinions."""
    person = 0.45 * who.usage + 0.3 * who.is_segment(1) + 0.9 * who.is_segment(2) + 0.25 * company.hidden * who.hidden
    return np.asarray(SPEND_CENTRE + person)


def acting(who: People, mind: Opinions, months: int) -> tuple[Ints, Ints]:
    """Which wave each own month (n, months) belongs to, and the category that acts in it (0 where none does).

    An opinion acts from the fourth to the twelfth month after it was formed.
    """
    since = np.arange(months) - mind.month[:, :1]
    wave = np.clip(since // HORIZON, 0, mind.month.shape[1] - 1)
    category = np.take_along_axis(mind.stated.category, wave, axis=1)
    return wave, np.where((since >= 0) & (since % HORIZON >= DELAY), category, 0)


def lives(company: Company, block: int, who: People, mind: Opinions, clock: Clock) -> Lives:
    """Draw month by month who leaves, by the hazard logit h = log-odds - b_h c."""
    rng = random(company, block, "lives")
    months = company.months + 2
    wave, category = acting(who, mind, months)
    logit = log_odds(company, who, np.take_along_axis(mind.log_tenure, wave, axis=1)) - company.b_h * category
    month = np.arange(months)
    at_risk = (month >= 1) & (month >= who.joined[:, None])
    leaves = at_risk & (rng.random(logit.shape) < 1 / (1 + np.exp(-logit)))
    last = np.where(leaves.any(axis=1), leaves.argmax(axis=1), np.inf)
    left = last + who.phase - 1 + rng.random(len(who))
    left[left >= clock.length] = np.inf
    joined = np.where(who.joined > 0, who.joined + who.phase - 1, -np.inf)
    return Lives(joined, left)


def orders(company: Company, block: int, who: People, mind: Opinions, life: Lives, clock: Clock) -> Orders:
    """Draw the purchases: in each month begun as a member, spending of mean exp(log spend + b_s c).

    A month's spending is a Poisson number of orders, each a lognormal share of it. Those who leave within the month
    order before they do, so that a month is paid for by everyone who began it.
    """
    rng = random(company, block, "orders")
    months = company.months + 2
    _, category = acting(who, mind, months)
    begun = np.arange(months) + who.phase[:, None] - 1
    rate = ORDERS_A_MONTH * np.exp(0.2 * who.usage)
    count = rng.poisson(np.broadcast_to(rate[:, None], begun.shape)) * life.here(begun)
    row, month = np.repeat(np.argwhere(count), count[count > 0], axis=0).T
    until = np.minimum(life.left[row] - begun[row, month], 1.0)
    paid = by_day(rng, clock.seconds(begun[row, month] + until * rng.random(len(row))))
    mean = np.exp(log_spend(company, who)[row] + company.b_s * category[row, month]) / rate[row]
    amount = mean * np.exp(rng.normal(0, SPEND_NOISE, len(row)) - SPEND_NOISE**2 / 2)
    cents = np.maximum(np.rint(100 * amount), 100).astype(np.int64)
    margin = np.rint(cents * np.clip(rng.normal(0.32, 0.06, len(row)), 0.05, 0.6)).astype(np.int64)
    kept = np.flatnonzero(clock.inside(paid))
    kept = kept[np.argsort(paid[kept], kind="stable")]
    return Orders(row[kept], paid[kept], cents[kept], margin[kept], month[kept])


def potential(company: Company, who: People, log_tenure: Floats, category: int) -> tuple[Floats, Floats, Floats]:
    """What would follow an opinion of this category, exactly, for each customer with `log_tenure` (n,) at that time.

    Returns the probabilities of leaving within 3 and within 12 months and the expected spending (EUR) in 12 months:
    S_k = product over j <= k of (1 - h_j), spending = sum over k of S_(k-1) exp(log spend + b_s c 1[k > 3]).
    """
    k = np.arange(1, HORIZON + 1)
    act = category * (k > DELAY)
    logit = log_odds(company, who, log_tenure[:, None]) - company.b_h * act
    stay = np.cumprod(1 / (1 + np.exp(logit)), axis=1)
    begun = np.concatenate([np.ones((len(who), 1)), stay[:, :-1]], axis=1)
    spend = (begun * np.exp(log_spend(company, who)[:, None] + company.b_s * act)).sum(axis=1)
    return np.asarray(1 - stay[:, DELAY - 1]), np.asarray(1 - stay[:, -1]), np.asarray(spend)
