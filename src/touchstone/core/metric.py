"""Metric definitions: plain data that a TOML file, a form or a test can hold, checked when made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from touchstone.core.errors import BadDefinition

Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Band:
    """Answers from `low` up to where the next band begins score `points`."""

    low: float
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A score per answer; the metric is its (weighted) mean over the answers.

    Bands leave no gap: every answer from `lowest` to `highest` falls into one, 8.5 as well as 8 or 9. Without bands
    an answer is its own score. `polarity` says which end of the *answers* is the good one. `answers` names the
    metric whose answers are scored, where it is not the metric's own name (the mean of CSAT answers).
    """

    lowest: float
    highest: float
    bands: tuple[Band, ...] = ()
    polarity: Literal["high is good", "low is good"] = "high is good"
    answers: str = ""

    def __post_init__(self) -> None:
        if not self.lowest < self.highest:
            raise BadDefinition("A scale begins below where it ends.")
        starts = [band.low for band in self.bands]
        if starts != sorted(set(starts)):
            raise BadDefinition(
                "The bands are out of order.", hint="list each once, from the lowest answer to the highest."
            )
        if starts and (starts[0] != self.lowest or starts[-1] > self.highest):
            raise BadDefinition(f"The bands must begin at {self.lowest:g} and end by {self.highest:g}.")

    def points(self, answer: float) -> float | None:
        """Score one answer; None outside the scale. A property test holds the query in `engine` to this."""
        if not self.lowest <= answer <= self.highest:
            return None
        if not self.bands:
            return answer
        return next(band.points for band in reversed(self.bands) if band.low <= answer)

    @property
    def form(self) -> Literal["net", "share", "mean"]:
        """Which interval fits: net of two shares (-100, 0, 100), a share (0, 100), or a mean."""
        points = {band.points for band in self.bands}
        if points == {-100.0, 0.0, 100.0}:
            return "net"
        return "share" if points == {0.0, 100.0} else "mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The share of rows for which `counts` holds among those for which `among` holds (`--where` expressions)."""

    counts: str
    among: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A quantile of the time from column `start` to column `end`, in hours.

    A case without `end` is still open: it is censored at column `open_until` where that has a value, else at the
    newest time the data knows. `hours` counts every hour or those of the workspace's business hours. `closed_only`
    leaves open cases out.
    """

    start: str
    end: str
    open_until: str = ""
    quantile: float = 0.5
    hours: Literal["calendar", "business"] = "calendar"
    closed_only: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.quantile < 1:
            raise BadDefinition("A quantile lies between 0 and 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """The share of customers who buy again within `window_days` of their first order, among those followed that long.

    Without a window: the share with at least two orders so far (a description of the past, not a rate to compare).
    """

    window_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Of those active at the start of a window of `window_days`, the share still active at its end; or, `lost`, gone.

    Active means a subscription that has started and not ended. The window is the last full one in the data,
    or follows the period asked for.
    """

    window_days: int = 30
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Money of the `orders` whose `kinds` count: the exact `total`, or `per` customer who bought."""

    kinds: tuple[str, ...] = ("purchase", "renewal")
    per: Literal["total", "customer"] = "total"


Form = Score | Share | Duration | Repeat | Retention | Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What is measured, over which table, in which unit, and whether more of it is good.

    `version` counts changes of the definition: results carry it, and a changed definition breaks a line visibly.
    `formula` says what is divided by what, `population` who is counted, `windows` over which time where the form does
    not say it; `variants` names metrics of the same matter defined otherwise, `family` the chapter it stands in, and
    `goals` what people pursue with it. What is not `everyday` is told when asked for, not in every overview.
    """

    name: str
    label: str
    table: str
    unit: str
    form: Form
    better: Better = "higher"
    version: int = 1
    definition: str = ""
    source: str = ""
    family: str = ""
    formula: str = ""
    population: str = ""
    windows: str = ""
    variants: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()
    everyday: bool = True

    def __post_init__(self) -> None:
        if not self.name.replace("_", "").isalnum() or self.name != self.name.lower():
            raise BadDefinition(
                f"'{self.name}' cannot be the name of a metric.", hint="use lower-case letters, digits and underscores."
            )
        if isinstance(self.form, Score) and self.table != "answers":
            raise BadDefinition(f"Metric '{self.name}' scores answers, so its table is answers, not {self.table}.")
