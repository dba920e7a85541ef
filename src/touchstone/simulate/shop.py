"""What the shop and the membership system know beside purchases: parcels, refunds, contracts, and logged steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from touchstone.simulate.behaviour import Lives, Orders
from touchstone.simulate.clock import DAY, HOUR, MINUTE, MONTH, NEVER, Clock, Seconds, by_day
from touchstone.simulate.company import NAMES, Company
from touchstone.simulate.contacts import Tickets
from touchstone.simulate.experience import Opinions, initiative_tau
from touchstone.simulate.people import Bools, Ints, People, random

FEES: Final = (490, 990, 1990)  # cents a month, by segment
DELIVERY_OUTCOMES: Final = ("on time", "late", "failed")
EVENT_OUTCOMES: Final = (
    "viewed",
    "completed",
    "abandoned",
    *DELIVERY_OUTCOMES,
    "contacted",
    "sent back",
    "bought",
    "left",
)
EVENT_CHANNELS: Final = ("web", "app", "parcel", "contact centre", "post", "store")
_DELIVERY, _RETURNS, _STORE = (NAMES.index(name) for name in ("delivery", "returns", "store"))
_ABANDONED_A_MONTH: Final = 0.05


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What became of each order's parcel: index into DELIVERY_OUTCOMES, when, and the wave whose year it falls into."""

    outcome: Ints
    arrived: Seconds
    wave: Ints
    treated: Bools


@dataclass(frozen=True, slots=True)
class Refunds:
    """Money given back: index of the order, moment, cents, margin in cents."""

    order: Ints
    paid: Seconds
    cents: Ints
    margin: Ints


@dataclass(frozen=True, slots=True)
class Contracts:
    """Contract periods: row of the customer, from, to (NEVER: running), cents a month, whether the plan changed."""

    row: Ints
    started: Seconds
    ended: Seconds
    cents: Ints
    changed: Bools


@dataclass(frozen=True, slots=True)
class Events:
    """Interactions in the order of time; `touchpoint`, `channel` and `outcome` are indices, `session` counts visits."""

    row: Ints
    occurred: Seconds
    touchpoint: Ints
    channel: Ints
    outcome: Ints
    session: Ints
    seconds: Ints


def wave_of(mind: Opinions, row: Ints, month: Ints) -> Ints:
    """The wave in whose year before (the twelve own months up to the opinion) an own month falls."""
    first = mind.month[row, 0]
    return np.asarray(np.clip((month - first) // 12 + 1, 0, mind.month.shape[1] - 1))


def deliveries(company: Company, block: int, who: People, mind: Opinions, bought: Orders, clock: Clock) -> Deliveries:
    """Late where the customer's deliveries go badly, less so once the new carrier drives."""
    rng = random(company, block, "deliveries")
    wave = wave_of(mind, bought.row, bought.month)
    arrived = by_day(rng, bought.paid + rng.integers(2, 7, len(bought.row)) * DAY)
    start = clock.seconds(np.minimum(initiative_tau(company, clock), 10_000.0))
    treated = arrived >= start[who.depot[bought.row]]
    ease = mind.without.rating[bought.row, wave, _DELIVERY] - 3.0 + company.initiative_effect * treated
    late = rng.random(len(wave)) < 1 / (1 + np.exp(0.9 + 0.8 * ease))
    failed = late & (rng.random(len(wave)) < 0.15)
    arrived = arrived + late * rng.integers(1, 6, len(wave)) * DAY
    return Deliveries(late.astype(np.int64) + failed, arrived, wave, treated)


def refunds(company: Company, block: int, mind: Opinions, bought: Orders, clock: Clock) -> Refunds:
    """A quarter of the orders of those who sent something back that year, in part or in full."""
    rng = random(company, block, "refunds")
    wave = wave_of(mind, bought.row, bought.month)
    returns = mind.used[bought.row, wave, _RETURNS] & (rng.random(len(wave)) < 0.25)
    share = np.where(rng.random(len(wave)) < 0.5, 1.0, rng.uniform(0.1, 0.9, len(wave)))
    paid = by_day(rng, bought.paid + rng.integers(8, 29, len(wave)) * DAY)
    order = np.flatnonzero(returns & clock.inside(paid))
    order = order[np.argsort(paid[order], kind="stable")]
    part = share[order]
    cents = -np.rint(bought.cents[order] * part).astype(np.int64)
    return Refunds(order, paid[order], cents, -np.rint(bought.margin[order] * part).astype(np.int64))


def contracts(company: Company, block: int, who: People, life: Lives, clock: Clock) -> Contracts:
    """One running contract per customer; some changed their plan, which ends a period without losing a customer."""
    rng = random(company, block, "contracts")
    n = len(who)
    since = clock.seconds(np.where(np.isfinite(life.joined), life.joined, -12 * who.tenure))
    until = np.where(np.isfinite(life.left), clock.seconds(np.minimum(life.left, 10_000.0)), NEVER)
    last = np.where(until == NEVER, clock.end, until)
    first = np.maximum(since, clock.start)
    change = by_day(rng, (first + (0.2 + 0.6 * rng.random(n)) * (last - first)).astype(np.int64))
    changes = (rng.random(n) < 0.08) & (last - first > 3 * MONTH) & (change < last)
    fee = np.array(FEES)[who.segment]
    row = np.concatenate([np.arange(n), np.flatnonzero(changes)])
    second = np.arange(len(row)) >= n
    started = np.where(second, change[row], since[row])
    ended = np.where(~second & changes[row], change[row], until[row])
    cents = fee[row] - np.where(~second & changes[row], 100, 0)
    order = np.lexsort((second, row))
    return Contracts(row[order], started[order], ended[order], cents[order], (~second & changes[row])[order])


def events(
    company: Company,
    block: int,
    who: People,
    mind: Opinions,
    life: Lives,
    bought: Orders,
    parcels: Deliveries,
    help_wanted: Tickets,
    given_back: Refunds,
    clock: Clock,
) -> Events:
    """The steps that systems log: visits and checkouts, parcels, calls for help, returns, visits to a store."""
    rng = random(company, block, "events")
    n = len(bought.row)
    app = (rng.random(n) < 0.4).astype(np.int64)
    session = np.arange(n)
    look = bought.paid - rng.integers(2 * MINUTE, 40 * MINUTE, n)
    arrived = np.flatnonzero(clock.inside(parcels.arrived))
    idle = _abandoned(rng, company, who, life, clock, n)
    stay = rng.integers(20, 900, n)
    parts = [
        _events(bought.row, look, "website", app, "viewed", session, bought.paid - look),
        _events(bought.row, bought.paid, "checkout", app, "completed", session, stay),
        _events(bought.row[arrived], parcels.arrived[arrived], "delivery", 2, 3 + parcels.outcome[arrived]),
        *idle,
        _events(help_wanted.row, help_wanted.opened, "support", 3, "contacted"),
        _events(bought.row[given_back.order], given_back.paid - 4 * DAY - 5 * HOUR, "returns", 4, "sent back"),
        _store_visits(rng, mind, life, clock),
    ]
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(joined[1], kind="stable")
    order = order[clock.inside(joined[1][order])]
    return Events(*(column[order] for column in joined))


def _events(
    row: Ints, when: Seconds, touchpoint: str, channel: Ints | int, outcome: Ints | str, session: Ints | int = -1,
    seconds: Ints | int = -1,
) -> tuple[Ints, ...]:  # fmt: skip
    code = EVENT_OUTCOMES.index(outcome) if isinstance(outcome, str) else outcome
    columns = (NAMES.index(touchpoint), channel, code, session, seconds)
    return (row, when, *(np.broadcast_to(np.asarray(column), row.shape) for column in columns))


def _abandoned(
    rng: np.random.Generator, company: Company, who: People, life: Lives, clock: Clock, sessions: int
) -> list[tuple[Ints, ...]]:
    """Visits that end at the checkout without an order."""
    row = np.repeat(np.arange(len(who)), rng.poisson(_ABANDONED_A_MONTH * company.months, len(who)))
    tau = rng.random(len(row)) * clock.length
    here = life.here(tau, row)
    row, when = row[here], by_day(rng, clock.seconds(tau[here]))
    app, session, stay = rng.integers(0, 2, len(row)), sessions + np.arange(len(row)), rng.integers(20, 600, len(row))
    return [
        _events(row, when, "website", app, "viewed", session, stay),
        _events(row, when + stay, "checkout", app, "abandoned", session, stay // 2),
    ]


def _store_visits(rng: np.random.Generator, mind: Opinions, life: Lives, clock: Clock) -> tuple[Ints, ...]:
    row, wave = np.argwhere(mind.used[..., _STORE]).T
    tau = mind.tau[row, wave] - 12 * rng.random(len(row))
    here = life.here(tau, row)
    row, tau = row[here], tau[here]
    outcome = np.where(rng.random(len(row)) < 0.55, EVENT_OUTCOMES.index("bought"), EVENT_OUTCOMES.index("left"))
    stay = rng.integers(5 * MINUTE, 90 * MINUTE, len(row))
    return _events(row, by_day(rng, clock.seconds(tau)), "store", 5, outcome, -1, stay)
