"""The parameters of the simulated company: what its owner may turn, and the fixed facts of its business."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from math import isfinite
from typing import Final

from touchstone.core.errors import BadDefinition

BLOCK: Final = 20_000  # customers made at a time; fixed, because the random numbers of a block hang on it


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """One moment of the journey.

    `effect` is what one point of its rating (1-5) adds to the recommendation (0-10), `typical` the centre of its
    ratings, `used` the share of customers who meet it within a year.
    """

    name: str
    effect: float
    typical: float
    used: float


TOUCHPOINTS: Final = (
    Touchpoint("delivery", 0.75, 3.95, 1.0),
    Touchpoint("checkout", 0.40, 4.00, 1.0),
    Touchpoint("product", 0.55, 4.10, 1.0),
    Touchpoint("returns", 0.25, 3.75, 0.30),
    Touchpoint("support", 0.45, 3.50, 0.35),
    Touchpoint("website", 0.00, 3.95, 1.0),
    Touchpoint("store", 0.10, 3.95, 0.45),
)
NAMES: Final = tuple(touchpoint.name for touchpoint in TOUCHPOINTS)
NULL_TOUCHPOINT: Final = "website"  # moves nothing, yet shares the halo and follows its neighbour
NULL_NEIGHBOUR: Final = "checkout"

SEGMENTS: Final = ("occasional", "regular", "premium")
SEGMENT_SHARES: Final = (0.55, 0.30, 0.15)
REGIONS: Final = ("North", "Coast", "Midlands", "South", "West")
DEPOTS_PER_REGION: Final = 8
INITIATIVE_TOUCHPOINT: Final = "delivery"
INITIATIVE_DELAYS: Final = {"North": 0, "Coast": 3}  # months after the first start; the other regions never start

_LIMITS: Final = {
    "seed": (0, 2**63 - 1),
    "customers": (1_000, 1_000_000),
    "months": (12, 120),
    "b_h": (-1.0, 1.0),
    "b_s": (-0.5, 0.5),
    "m": (-0.5, 0.5),
    "hidden": (-1.0, 1.0),
    "weak_gap": (0.0, 2.0),
    "initiative_month": (1, 120),
    "initiative_effect": (-2.0, 2.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A home-furnishings retailer with a membership, observed for `months` months from `start`.

    The knobs carry the symbols of METHODS section 9: `b_h` is what a promoter's opinion takes off the log-odds of
    leaving in each month from the fourth after the opinion (a detractor's adds it), `b_s` what it adds to
    log spending, `m` how much one point of recommendation adds to the log-odds of answering (0: silence is
    ignorable), `hidden` the loading of a confounder that no file shows. `weak_gap` is how many rating points
    `weak_touchpoint` lies below its usual place, `initiative_effect` how many the initiative adds to delivery from
    `initiative_month` on in the first region and later in the second. `dirt` plants the faults that real exports
    have, `studies` adds what only some companies hold: a longer study, employees' answers, posts, and visits in full.
    """

    seed: int = 7
    customers: int = 4_000
    months: int = 24
    start: date = date(2024, 1, 1)
    b_h: float = 0.35
    b_s: float = 0.06
    m: float = 0.12
    hidden: float = 0.0
    weak_touchpoint: str = "delivery"
    weak_gap: float = 0.7
    initiative_month: int = 15
    initiative_effect: float = 0.8
    dirt: bool = False
    studies: bool = False
    name: str = "Quillmoor Home"

    def __post_init__(self) -> None:
        kinds = {field.name: field.type for field in fields(self)}
        for knob, (low, high) in _LIMITS.items():
            _within(knob, getattr(self, knob), low, high, whole=kinds[knob] == "int")
        if self.weak_touchpoint not in NAMES:
            raise BadDefinition(
                f"There is no touchpoint '{self.weak_touchpoint}' to be weak.", hint=f"choose from {', '.join(NAMES)}."
            )
        if type(self.start) is not date or not 1980 <= self.start.year <= 2080 or self.start.day != 1:
            raise BadDefinition(
                f"The company cannot start at {self.start!r}.", hint="use a first of a month, 1980-2080."
            )
        if not self.name.strip():
            raise BadDefinition("The company has no name.", hint="give it an invented one.")

    @property
    def blocks(self) -> int:
        """How many blocks of customers there are."""
        return -(-self.customers // BLOCK)

    def initiative_months(self) -> dict[str, int]:
        """Month (0 is the first) in which each treated region starts, for those that start within the data."""
        starts = {region: self.initiative_month + delay for region, delay in INITIATIVE_DELAYS.items()}
        return {region: month for region, month in starts.items() if month < self.months}


def _within(knob: str, value: object, low: float, high: float, *, whole: bool) -> None:
    allowed = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, allowed) or not isfinite(value) or not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        raise BadDefinition(f"'{knob}' cannot be {value!r}.", hint=f"use {kind} from {low:,} to {high:,}.")
