"""Who was asked, who answered, and what they answered: the survey tool's side of the company."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from touchstone.simulate.behaviour import Lives, Orders
from touchstone.simulate.clock import DAY, HOUR, MINUTE, NEVER, Clock, Seconds, by_day
from touchstone.simulate.company import INITIATIVE_TOUCHPOINT, NAMES, TOUCHPOINTS, Company
from touchstone.simulate.contacts import Tickets
from touchstone.simulate.experience import Opinions
from touchstone.simulate.people import Bools, Floats, Ints, People, random
from touchstone.simulate.shop import Deliveries

SURVEYS: Final = ("relationship", "after delivery", "after contact")
RELATIONSHIP, AFTER_DELIVERY, AFTER_CONTACT = range(3)
REASONS: Final = ("", "no consent", "asked recently", "not sampled")
SAMPLED: Final = (0.9, 0.12, 0.5)
RESPONSE_CENTRE: Final = -1.0
NOT_USED: Final = 6
BLANK: Final = 0
_BLANK_SHARE: Final = 0.03
_ANONYMOUS_SHARE: Final = 0.02
_DELIVERY, _CHECKOUT, _PRODUCT, _SUPPORT = (
    NAMES.index(name) for name in ("delivery", "checkout", "product", "support")
)


@dataclass(frozen=True, slots=True)
class Invitations:
    """Decisions to ask or not to ask; NEVER where a step was not reached.

    `about` is the index of the order or ticket that gave the occasion (-1: none).
    """

    survey: Ints
    row: Ints
    wave: Ints
    about: Ints
    decided: Seconds
    reason: Ints
    sent: Seconds
    delivered: Seconds
    opened: Seconds
    started: Seconds
    completed: Seconds

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """Several of them as one, in the order of time."""
        columns = [np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)]
        order = np.argsort(columns[4], kind="stable")
        return cls(*(column[order] for column in columns))

    @property
    def was_delivered(self) -> Bools:
        """Whether it reached the customer's mailbox."""
        return np.asarray(self.delivered != NEVER)

    @property
    def was_completed(self) -> Bools:
        """Whether the customer answered before the export."""
        return np.asarray(self.completed != NEVER)


@dataclass(frozen=True, slots=True)
class Answers:
    """Submissions, one per completed invitation: `invitation` is its index. BLANK (0) or -1 where there is no answer.

    `items` (n, touchpoints) holds 1-5, NOT_USED (6), or BLANK.
    """

    invitation: Ints
    recommend: Ints
    overall: Ints
    items: NDArray[np.int8]
    ease: Ints
    anonymous: Bools


def invitations(
    company: Company, block: int, who: People, mind: Opinions, life: Lives, bought: Orders, parcels: Deliveries,
    help_wanted: Tickets, clock: Clock,
) -> Invitations:  # fmt: skip
    """Ask every member once a year (all but a held-out tenth), and samples of those who got a parcel or an answer."""
    rng = random(company, block, "invitations")
    parts = [
        _yearly(rng, company, who, mind, life, clock),
        _after(rng, who, AFTER_DELIVERY, bought.row, parcels.wave, parcels.arrived, clock),
        _after(rng, who, AFTER_CONTACT, help_wanted.row, help_wanted.wave, help_wanted.solved, clock),
    ]
    return Invitations.joined(parts)


def asked_yearly(who: People, mind: Opinions, life: Lives, clock: Clock) -> Bools:
    """Which waves (n, waves) find a member of at least two months in time to answer: the population of the truth."""
    settled = (mind.month >= who.joined[:, None] + 2) | (who.joined[:, None] == 0)
    in_time = (mind.tau >= 0) & (mind.tau < clock.length - 0.5)
    return np.asarray(settled & in_time & life.here(mind.tau))


def response_log_odds(company: Company, who: People, mind: Opinions, row: Ints, wave: Ints) -> Floats:
    """Log-odds of answering the yearly survey: usage, tenure and, not at random, the opinion itself (knob m)."""
    known = RESPONSE_CENTRE + 0.3 * who.usage[row] + 0.15 * mind.log_tenure[row, wave]
    return np.asarray(known + company.m * (mind.stated.recommend[row, wave] - 7))


def _yearly(
    rng: np.random.Generator, company: Company, who: People, mind: Opinions, life: Lives, clock: Clock
) -> Invitations:
    row, wave = np.argwhere(asked_yearly(who, mind, life, clock)).T
    decided = clock.seconds(mind.tau[row, wave]) // DAY * DAY + 7 * HOUR
    answers = rng.random(len(row)) < 1 / (1 + np.exp(-response_log_odds(company, who, mind, row, wave)))
    nobody = np.full(len(row), -1)
    return _funnel(rng, who, RELATIONSHIP, row, wave, nobody, decided, answers, clock)


def _after(
    rng: np.random.Generator, who: People, survey: int, row: Ints, wave: Ints, moment: Seconds, clock: Clock
) -> Invitations:
    """Ask a sample a few hours after the moment; nobody is asked about what the export has not seen."""
    chosen = np.flatnonzero((moment < clock.end - 10 * DAY) & (rng.random(len(row)) < SAMPLED[survey]))
    row, wave, decided = row[chosen], wave[chosen], moment[chosen] + 3 * HOUR
    answers = rng.random(len(row)) < 1 / (1 + np.exp(0.95 - 0.2 * who.usage[row]))
    return _funnel(rng, who, survey, row, wave, chosen, decided, answers, clock)


def _funnel(
    rng: np.random.Generator, who: People, survey: int, row: Ints, wave: Ints, about: Ints, decided: Seconds,
    answers: Bools, clock: Clock,
) -> Invitations:  # fmt: skip
    """Eligible, sent, delivered, opened, started, completed; each step later than the one before."""
    n = len(row)
    chance = rng.random((5, n))
    reason = np.where(chance[0] < 0.02, 2, 0)
    if survey == RELATIONSHIP:
        reason = np.where(chance[1] > SAMPLED[survey], 3, reason)
    reason = np.where(who.consent[row], reason, 1)
    sent = np.where(reason == 0, decided + rng.integers(5, 90, n) * MINUTE, NEVER)
    delivered = np.where((sent != NEVER) & (chance[2] < 0.97), sent + rng.integers(2, 50, n), NEVER)
    answers = answers & (delivered != NEVER)
    opens = (delivered != NEVER) & (answers | (chance[3] < 0.45))
    lag = (rng.exponential(1.2 * DAY, n) % (12 * DAY)).astype(np.int64)
    opened = np.where(opens, by_day(rng, delivered + lag), NEVER)
    opened = np.where(opens, np.maximum(opened, delivered + MINUTE), NEVER)
    started = np.where(opens & (answers | (chance[4] < 0.12)), opened + rng.integers(5, 60, n), NEVER)
    completed = np.where(answers, started + rng.integers(40, 600, n), NEVER)
    times = [np.where(moment < clock.end, moment, NEVER) for moment in (sent, delivered, opened, started, completed)]
    return Invitations(np.full(n, survey), row, wave, about, decided, reason, *times)


def answers(
    company: Company, block: int, who: People, mind: Opinions, asked: Invitations, parcels: Deliveries,
    help_wanted: Tickets,
) -> Answers:  # fmt: skip
    """What those who completed a survey said, in the order in which they were asked."""
    rng = random(company, block, "answers")
    invitation = np.flatnonzero(asked.was_completed)
    survey, row = asked.survey[invitation], asked.row[invitation]
    wave, about = asked.wave[invitation], asked.about[invitation]
    n = len(invitation)
    recommend, overall, ease = (np.full(n, -1) for _ in range(3))
    items = np.full((n, len(TOUCHPOINTS)), BLANK, dtype=np.int8)

    yearly = survey == RELATIONSHIP
    recommend[yearly] = mind.stated.recommend[row[yearly], wave[yearly]]
    overall[yearly] = mind.stated.overall[row[yearly], wave[yearly]]
    items[yearly] = np.where(
        mind.used[row[yearly], wave[yearly]], mind.stated.rating[row[yearly], wave[yearly]], NOT_USED
    )
    parcel = np.flatnonzero(survey == AFTER_DELIVERY)
    items[parcel] = _parcel_items(rng, company, mind, row[parcel], wave[parcel], parcels, about[parcel])
    overall[parcel] = np.rint(items[parcel][:, [_DELIVERY, _CHECKOUT, _PRODUCT]] @ np.array([0.5, 0.2, 0.3]))
    contact = np.flatnonzero(survey == AFTER_CONTACT)
    support, ease[contact] = _contact(rng, mind, row[contact], wave[contact], help_wanted, about[contact])
    items[contact, _SUPPORT] = support
    overall[contact] = np.rint(0.6 * support + 0.4 * mind.stated.overall[row[contact], wave[contact]])
    items[rng.random(items.shape) < _BLANK_SHARE] = BLANK
    return Answers(invitation, recommend, overall, items, ease, rng.random(n) < _ANONYMOUS_SHARE)


def _parcel_items(
    rng: np.random.Generator, company: Company, mind: Opinions, row: Ints, wave: Ints, parcels: Deliveries, order: Ints
) -> NDArray[np.int8]:
    """Delivery, checkout and product as this one order was: the year's rating, some chance, and whether it was late."""
    items = np.full((len(row), len(TOUCHPOINTS)), BLANK, dtype=np.int8)
    usual = mind.without.rating[row, wave] + rng.normal(0, 0.6, items.shape)
    usual[:, NAMES.index(INITIATIVE_TOUCHPOINT)] += company.initiative_effect * parcels.treated[order]
    usual[:, _DELIVERY] -= 0.7 * (parcels.outcome[order] > 0) - 0.2
    for item in (_DELIVERY, _CHECKOUT, _PRODUCT):
        items[:, item] = np.clip(np.rint(usual[:, item]), 1, 5)
    return items


def _contact(
    rng: np.random.Generator, mind: Opinions, row: Ints, wave: Ints, help_wanted: Tickets, ticket: Ints
) -> tuple[Ints, Ints]:
    """Satisfaction with support (1-5) and ease (1-7) after one contact: worse after a slow reply or a reopening."""
    trouble = 0.4 * help_wanted.slow[ticket] + 0.6 * help_wanted.reopened[ticket]
    usual = mind.stated.rating[row, wave, _SUPPORT] - trouble
    support = np.clip(np.rint(usual + 0.2 + rng.normal(0, 0.6, len(row))), 1, 5).astype(np.int64)
    ease = np.clip(np.rint(4.9 + 0.9 * (usual - 3.5) + rng.normal(0, 1.0, len(row))), 1, 7).astype(np.int64)
    return support, ease
