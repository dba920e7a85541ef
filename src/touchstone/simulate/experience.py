"""What customers live through at each touchpoint, and the opinion they form of it once a year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from touchstone.simulate.clock import Clock, months_later
from touchstone.simulate.company import (
    DEPOTS_PER_REGION,
    INITIATIVE_TOUCHPOINT,
    NAMES,
    NULL_NEIGHBOUR,
    NULL_TOUCHPOINT,
    REGIONS,
    TOUCHPOINTS,
    Company,
)
from touchstone.simulate.people import Bools, Floats, Ints, People, random

HALO: Final = 0.5  # variance that all touchpoint experiences have in common
NEIGHBOURS: Final = 0.6  # correlation of what is left, between the null touchpoint and its neighbour
RATING_SPREAD: Final = 0.95
RECOMMEND_CENTRE: Final = 8.45
RECOMMEND_NOISE: Final = 1.2
OVERALL_CENTRE: Final = 4.05
OVERALL_SLOPE: Final = 0.45  # an overall satisfaction point per recommendation point
OVERALL_NOISE: Final = 0.5
SHARED_NOISE: Final = 0.6  # correlation of the two noises: both answers are given in one mood
CHECKOUT_DRIFT: Final = 0.25  # rating points gained over the second year, everywhere
EFFECTS: Final = np.array([touchpoint.effect for touchpoint in TOUCHPOINTS])
CENTRES: Final = np.array([touchpoint.typical for touchpoint in TOUCHPOINTS])
_HALO_SPREAD: Final = 0.93  # standard deviation of V1's L without its noise, so that the halo has variance one
_HALO_CENTRE: Final = 0.17


@dataclass(frozen=True, slots=True)
class Stated:
    """Opinions in numbers: ratings (n, waves, touchpoints) 1-5, recommendation 0-10 and overall satisfaction 1-5."""

    rating: NDArray[np.int8]
    recommend: Ints
    overall: Ints

    @property
    def category(self) -> Ints:
        """1 promoter (9, 10), 0 passive, -1 detractor (0-6)."""
        return (self.recommend >= 9).astype(np.int64) - (self.recommend <= 6)


@dataclass(frozen=True, slots=True)
class Opinions:
    """A block's opinions, one per customer and yearly wave: arrays of shape (n, waves).

    `month` is the own month at whose beginning the opinion is formed (and may be asked for), `tau` the same in
    months since the company's start; `log_tenure` is log(1 + years as a customer) then; `used` (n, waves,
    touchpoints) what they met in the year before. `stated` is what they think, `without` what they would think
    had there been no initiative (the same luck otherwise).
    """

    month: Ints
    tau: Floats
    log_tenure: Floats
    used: Bools
    treated: Bools
    stated: Stated
    without: Stated


def opinions(company: Company, block: int, who: People, clock: Clock) -> Opinions:
    """Draw the opinions of a block, for every wave within the data and the one after (whose year has begun)."""
    rng = random(company, block, "experience")
    n, waves, items = len(who), -(-company.months // 12) + 1, len(TOUCHPOINTS)
    month = who.slot[:, None] + 12 * np.arange(waves)
    tau = month + who.phase[:, None] - 1
    log_tenure = np.log1p(who.tenure[:, None] + np.maximum(month - who.joined[:, None], 0) / 12)
    latent = _latent(company, who, log_tenure, rng.standard_normal((n, waves, items)))
    used = rng.random((n, waves, items)) < [touchpoint.used for touchpoint in TOUCHPOINTS]
    mood = rng.standard_normal((n, waves, 2)) @ _MOOD
    start = initiative_tau(company, clock)[who.depot]
    treated = tau >= start[:, None]
    place = _places(company) + RATING_SPREAD * latent
    place[..., NAMES.index("checkout")] += checkout_drift(tau)
    without = _stated(place, used, mood)
    place[..., NAMES.index(INITIATIVE_TOUCHPOINT)] += company.initiative_effect * treated
    return Opinions(month, tau, log_tenure, used, treated, _stated(place, used, mood), without)


def initiative_tau(company: Company, clock: Clock) -> Floats:
    """Per depot, months after the company's start when the initiative begins there; infinite where it never does."""
    starts = company.initiative_months()
    by_region = [
        clock.tau(months_later(company.start, starts[region])) if region in starts else np.inf for region in REGIONS
    ]
    return np.repeat(np.array(by_region), DEPOTS_PER_REGION)


def checkout_drift(tau: NDArray[Any]) -> Floats:
    """Rating points the checkout has gained by month `tau`: none in the first year, all after the second."""
    return np.asarray(CHECKOUT_DRIFT * np.clip((tau - 12) / 12, 0, 1))


_MOOD: Final = np.array(
    [[RECOMMEND_NOISE, OVERALL_NOISE * SHARED_NOISE], [0.0, OVERALL_NOISE * np.sqrt(1 - SHARED_NOISE**2)]]
)


def _places(company: Company) -> Floats:
    """Where the ratings of each touchpoint centre: the weak one lower than usual."""
    weak = np.array([name == company.weak_touchpoint for name in NAMES])
    return np.asarray(CENTRES - company.weak_gap * weak)


def _latent(company: Company, who: People, log_tenure: Floats, own: Floats) -> Floats:
    """Standard-normal experiences: a halo (V1's L: experience, usage, segment, tenure) plus their own part."""
    person = 0.7 * who.experience + 0.55 * who.usage + 0.25 * who.is_segment(2) - 0.20 * who.is_segment(0)
    halo = (person[:, None] + company.hidden * who.hidden[:, None] + 0.10 * log_tenure - _HALO_CENTRE) / _HALO_SPREAD
    null, neighbour = NAMES.index(NULL_TOUCHPOINT), NAMES.index(NULL_NEIGHBOUR)
    own = own.copy()
    own[..., null] = NEIGHBOURS * own[..., neighbour] + np.sqrt(1 - NEIGHBOURS**2) * own[..., null]
    return np.asarray(np.sqrt(HALO) * halo[..., None] + np.sqrt(1 - HALO) * own)


def _stated(place: Floats, used: Bools, mood: Floats) -> Stated:
    """Opinions from where experience lies: the *ratings*, not what is behind them, drive the two summary answers.

    r = clip(round(8.45 + sum of used_j effect_j (rating_j - centre_j) + noise), 0, 10), so the effects in the truth
    file are coefficients on the very numbers that people answer, and a null item stays null however coarse the scale.
    """
    rating = np.clip(np.rint(place), 1, 5).astype(np.int8)
    pull = ((rating - CENTRES) * used) @ EFFECTS
    recommend = np.clip(np.rint(RECOMMEND_CENTRE + pull + mood[..., 0]), 0, 10).astype(np.int64)
    overall = np.clip(np.rint(OVERALL_CENTRE + OVERALL_SLOPE * pull + mood[..., 1]), 1, 5).astype(np.int64)
    return Stated(rating, recommend, overall)
