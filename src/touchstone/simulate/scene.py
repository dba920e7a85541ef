"""One block of the company with everything that happened in it, before any tool exports its part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from touchstone.simulate.asking import Answers, Invitations, answers, invitations
from touchstone.simulate.behaviour import Lives, Orders, lives, orders
from touchstone.simulate.clock import DAY, HOUR, MINUTE, NEVER, Clock, Seconds, by_day, local, night_of_change
from touchstone.simulate.company import Company
from touchstone.simulate.contacts import Tickets, tickets
from touchstone.simulate.experience import Opinions, opinions
from touchstone.simulate.people import Bools, Ints, People, people, random
from touchstone.simulate.shop import Contracts, Deliveries, Events, Refunds, contracts, deliveries, events, refunds
from touchstone.simulate.voices import Voices, mood_of, speaking, voices

_REVIEWING = 0.04
_NIGHTS = 0.004


@dataclass(frozen=True, slots=True)
class Reviews:
    """Public reviews in the order of time: stars 1-5, whether the author's customer number is known."""

    row: Ints
    posted: Seconds
    stars: Ints
    source: Ints
    known: Bools
    likes: Ints
    replied: Seconds
    voice: Voices


@dataclass(frozen=True, slots=True)
class Scene:
    """A block: its people, what they think, do and say.

    `ticket_shift` are seconds by which dirt moves a few requests into the nights of changing clocks.
    """

    clock: Clock
    who: People
    mind: Opinions
    life: Lives
    bought: Orders
    parcels: Deliveries
    given_back: Refunds
    plan: Contracts
    help_wanted: Tickets
    asked: Invitations
    said: Answers
    voice: Voices
    public: Reviews
    steps: Events
    ticket_shift: Seconds

    def sizes(self) -> dict[str, int]:
        """How many numbers of each kind this block uses up."""
        return {
            "orders": len(self.bought.row),
            "refunds": len(self.given_back.order),
            "subscriptions": len(self.plan.row),
            "tickets": len(self.help_wanted.row),
            "events": len(self.steps.row),
            "sessions": int(self.steps.session.max(initial=-1)) + 1,
            "invitations": len(self.asked.row),
            "survey": len(self.said.invitation),
            "reviews": len(self.public.row),
        }


def scene(company: Company, block: int, clock: Clock) -> Scene:
    """Draw a block: who they are, what they live through, think, buy, ask, answer and write, in this order."""
    who = people(company, block)
    mind = opinions(company, block, who, clock)
    life = lives(company, block, who, mind, clock)
    bought = orders(company, block, who, mind, life, clock)
    parcels = deliveries(company, block, who, mind, bought, clock)
    given_back = refunds(company, block, mind, bought, clock)
    help_wanted = tickets(company, block, who, mind, life, clock)
    asked = invitations(company, block, who, mind, life, bought, parcels, help_wanted, clock)
    said = answers(company, block, who, mind, asked, parcels, help_wanted)
    rng, mood = random(company, block, "voices"), mood_of(said)
    return Scene(
        clock=clock,
        who=who,
        mind=mind,
        life=life,
        bought=bought,
        parcels=parcels,
        given_back=given_back,
        plan=contracts(company, block, who, life, clock),
        help_wanted=help_wanted,
        asked=asked,
        said=said,
        voice=voices(rng, mood, said.items, speaking(rng, mood)),
        public=_reviews(company, block, mind, life, clock),
        steps=events(company, block, who, mind, life, bought, parcels, help_wanted, given_back, clock),
        ticket_shift=_nights(company, block, help_wanted, clock),
    )


def _reviews(company: Company, block: int, mind: Opinions, life: Lives, clock: Clock) -> Reviews:
    """A few members review in public, more often when they are far from the middle."""
    rng = random(company, block, "reviews")
    far = 1 + np.abs(mind.stated.overall - 3)
    row, wave = np.argwhere((rng.random(far.shape) < _REVIEWING * far / 2) & life.here(mind.tau)).T
    posted = by_day(rng, clock.seconds(mind.tau[row, wave] + 0.5 * rng.random(len(row))))
    kept = np.flatnonzero(clock.inside(posted))
    kept = kept[np.argsort(posted[kept], kind="stable")]
    row, wave, posted = row[kept], wave[kept], posted[kept]
    n = len(row)
    stars = mind.stated.overall[row, wave]
    items = np.where(mind.used[row, wave], mind.stated.rating[row, wave], 0).astype(np.int8)
    replied = posted + (rng.exponential(2 * DAY, n)).astype(np.int64)
    answered = (rng.random(n) < 0.4) & (replied < clock.end)
    return Reviews(
        row=row,
        posted=posted,
        stars=stars,
        source=rng.integers(0, 3, n),
        known=rng.random(n) < 0.4,
        likes=rng.poisson(0.8, n),
        replied=np.where(answered, replied, NEVER),
        voice=voices(rng, np.sign(stars - 3), items, np.ones(n, dtype=bool)),
    )


def _nights(company: Company, block: int, help_wanted: Tickets, clock: Clock) -> Seconds:
    """Seconds that move some requests of March and October to half past two in the night of changing clocks.

    The whole request moves, so its durations on the office clock stay. In March that reading of the clock never was,
    in October it was twice.
    """
    shift = np.zeros(len(help_wanted.row), dtype=np.int64)
    if not company.dirt:
        return shift
    rng = random(company, block, "nights")
    shown = local(help_wanted.opened)
    months = shown.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    done = help_wanted.solved < clock.end - 40 * DAY
    able = np.flatnonzero(np.isin(months % 12, (2, 9)) & done)
    chosen = able[rng.random(len(able)) < max(_NIGHTS * len(shift), 2) / max(len(able), 1)]
    for index in chosen.tolist():
        year, month = divmod(int(months[index]), 12)
        shift[index] = night_of_change(1970 + year, month + 1) + 2 * HOUR + 30 * MINUTE - int(shown[index])
    return shift
