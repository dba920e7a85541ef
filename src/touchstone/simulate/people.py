"""Who the customers are: segment, tenure, usage, region, account, and what nobody sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from touchstone.simulate.company import BLOCK, DEPOTS_PER_REGION, REGIONS, SEGMENT_SHARES, Company

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FIRST_NUMBER: Final = 100_001
ACCOUNT_SIZE: Final = 4
_TRADE_SHARE: Final = 0.08
_JOINING_A_YEAR: Final = 0.15
_SHARED_IN_ACCOUNT: Final = 0.4  # share of the variance of experience that colleagues have in common


@dataclass(frozen=True, slots=True)
class People:
    """One block of customers, every array of shape (n,).

    A customer lives in months of their own: month u runs from `phase` + u - 1 to `phase` + u months after the
    company's start. `joined` is the own month in which they became members (0: before the data begin), `slot` the
    number of months (1-12) until they are first asked. `tenure` counts years at the start of the data.
    """

    number: Ints
    segment: Ints
    tenure: Floats
    usage: Floats
    experience: Floats
    hidden: Floats
    depot: Ints
    account: Ints
    joined: Ints
    phase: Floats
    slot: Ints
    consent: Bools
    first_name: Ints
    last_name: Ints
    mail_domain: Ints
    acquired: Ints
    language: Ints

    @property
    def region(self) -> Ints:
        """Index into REGIONS."""
        return self.depot // DEPOTS_PER_REGION

    def is_segment(self, index: int) -> Floats:
        """1 for members of the segment, else 0."""
        return np.asarray(self.segment == index, dtype=float)

    def __len__(self) -> int:
        return len(self.number)


def random(company: Company, block: int, part: str) -> np.random.Generator:
    """The random numbers of one part of one block: the same whatever else is drawn, in whatever order."""
    return np.random.default_rng([company.seed, block, *part.encode()])


def people(company: Company, block: int) -> People:
    """Draw a block: V1's customers (METHODS section 9) with a region, an account for some, and late joiners."""
    rng = random(company, block, "people")
    first = block * BLOCK
    n = min(BLOCK, company.customers - first)
    joins = rng.random(n) < min(0.6, _JOINING_A_YEAR * company.months / 12)
    tenure = np.where(joins, 0.0, np.minimum(rng.gamma(2.0, 1.5, n), 10.0))
    segment = rng.choice(3, n, p=SEGMENT_SHARES)
    usage = rng.normal(0.3 * (segment == 2) + 0.15 * np.log1p(tenure), 1.0)
    account, experience = _accounts(rng, first, n)
    return People(
        number=np.arange(n) + first + FIRST_NUMBER,
        segment=segment,
        tenure=tenure,
        usage=usage,
        experience=experience,
        hidden=rng.standard_normal(n),
        depot=_depots(rng, account),
        account=account,
        joined=np.where(joins, rng.integers(1, company.months, n), 0),
        phase=rng.random(n),
        slot=rng.integers(1, 13, n),
        consent=rng.random(n) < 0.95,
        first_name=rng.integers(0, 1_000, n),
        last_name=rng.integers(0, 1_000, n),
        mail_domain=rng.integers(0, 1_000, n),
        acquired=rng.choice(5, n, p=(0.34, 0.26, 0.18, 0.14, 0.08)),
        language=(rng.random(n) < 0.12).astype(np.int64),
    )


def _accounts(rng: np.random.Generator, first: int, n: int) -> tuple[Ints, Floats]:
    """Trade customers come in accounts of four colleagues, who share part of their experience. -1: no account."""
    group = np.arange(n) // ACCOUNT_SIZE
    trade = rng.random(n)[group] < _TRADE_SHARE
    own, shared = rng.standard_normal(n), rng.standard_normal(n)[group]
    together = np.sqrt(1 - _SHARED_IN_ACCOUNT) * own + np.sqrt(_SHARED_IN_ACCOUNT) * shared
    return np.where(trade, first // ACCOUNT_SIZE + group, -1), np.where(trade, together, own)


def _depots(rng: np.random.Generator, account: Ints) -> Ints:
    """The delivery depot of each customer; colleagues share one."""
    n = len(account)
    drawn: NDArray[Any] = rng.integers(0, len(REGIONS) * DEPOTS_PER_REGION, n)
    return np.where(account >= 0, drawn[np.arange(n) // ACCOUNT_SIZE], drawn)
