"""Requests for help: why customers write, how long they wait, and which of them are still open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from touchstone.simulate.behaviour import Lives
from touchstone.simulate.clock import HOUR, NEVER, Clock, Seconds, by_day
from touchstone.simulate.company import NAMES, Company
from touchstone.simulate.experience import Opinions
from touchstone.simulate.people import Bools, Floats, Ints, People, random

TOPICS: Final = (
    # topic, touchpoint, share, team
    ("Parcel late", "delivery", 0.26, 0),
    ("Parcel damaged", "delivery", 0.13, 0),
    ("Part missing", "product", 0.14, 1),
    ("Product question", "product", 0.12, 1),
    ("Refund not received", "returns", 0.13, 2),
    ("Payment failed", "checkout", 0.08, 2),
    ("Cannot log in", "website", 0.07, 2),
    ("Membership", "store", 0.07, 2),
)
KINDS: Final = ("complaint", "complaint", "complaint", "question", "return", "question", "question", "question")
TEAMS: Final = ("Delivery desk", "Product desk", "Accounts desk")
CHANNELS: Final = ("e-mail", "phone", "chat")
LONG_SHARE: Final = 0.08  # cases that wait for a supplier
_REPLY_MEDIAN: Final = 16 * HOUR
_SOLVE_MEDIAN: Final = 30 * HOUR
_SUPPORT: Final = NAMES.index("support")


@dataclass(frozen=True, slots=True)
class Tickets:
    """Requests of a block in the order of time. `replied`, `solved` are when it happens, be it after the export."""

    row: Ints
    wave: Ints
    opened: Seconds
    replied: Seconds
    solved: Seconds
    due: Seconds
    topic: Ints
    channel: Ints
    agent: Ints
    waited_minutes: Floats
    reopened: Ints
    transfers: Ints
    slow: Bools

    def seen(self, moments: Seconds, clock: Clock) -> Seconds:
        """What the export knows of `moments`: NEVER for what has yet to happen."""
        return np.where(moments < clock.end, moments, NEVER)


def tickets(company: Company, block: int, who: People, mind: Opinions, life: Lives, clock: Clock) -> Tickets:
    """Draw the requests of those who met support in the year before an opinion; good opinions follow quick answers."""
    rng = random(company, block, "tickets")
    count = mind.used[..., _SUPPORT] * (1 + rng.poisson(0.5, mind.month.shape))
    row, wave = np.repeat(np.argwhere(count), count[count > 0], axis=0).T
    tau = mind.tau[row, wave] - 12 * rng.random(len(row))
    opened = by_day(rng, clock.seconds(tau))
    kept = np.flatnonzero(clock.inside(opened) & life.here(tau, row))
    kept = kept[np.argsort(opened[kept], kind="stable")]
    row, wave, opened = row[kept], wave[kept], opened[kept]
    n = len(row)
    patience = mind.stated.rating[row, wave, _SUPPORT] - 3.5
    replied = opened + _spread(rng, _REPLY_MEDIAN * np.exp(-0.25 * patience), 0.9)
    long = np.where(rng.random(n) < LONG_SHARE, 12.0, 1.0)
    solved = replied + _spread(rng, _SOLVE_MEDIAN * long * np.exp(-0.3 * patience), 1.0)
    topic = rng.choice(len(TOPICS), n, p=[share for _, _, share, _ in TOPICS])
    complaint = np.array([kind == "complaint" for kind in KINDS])[topic]
    return Tickets(
        row=row,
        wave=wave,
        opened=opened,
        replied=replied,
        solved=solved,
        due=opened + np.where(complaint, 48, 72) * HOUR,
        topic=topic,
        channel=rng.choice(3, n, p=(0.55, 0.30, 0.15)),
        agent=rng.integers(0, 4, n),
        waited_minutes=np.round((replied - opened) / 60 * rng.uniform(0.2, 0.9, n), 1),
        reopened=(rng.random(n) < 0.06 * np.exp(-0.3 * patience)).astype(np.int64),
        transfers=rng.poisson(0.3, n),
        slow=replied - opened > 24 * HOUR,
    )


def _spread(rng: np.random.Generator, median: Floats, sigma: float) -> Seconds:
    return np.maximum(median * np.exp(sigma * rng.standard_normal(len(median))), 60).astype(np.int64)
