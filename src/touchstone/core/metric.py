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
    metric whose answers are scored, where it is not the metric's own name (the mean of CSAT answers). With
    `stated_scale` only answers whose file says their scale count: a 3 of 3 must not pass for a 3 of 5. `kind` keeps
    answers of that kind, and takes those without one for such.
    """

    lowest: float
    highest: float
    bands: tuple[Band, ...] = ()
    polarity: Literal["high is good", "low is good"] = "high is good"
    answers: str = ""
    stated_scale: bool = False
    kind: str = ""

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
    """A quantile of the time from column `start` to column `end`, or of the `seconds` that a column holds.

    Counted in whole minutes, told in the metric's unit (minutes, hours or days). A case without `end` is still open: it
    is censored at column `open_until` where that has a value, else at the newest time the data knows. `hours` counts
    every hour or those of the workspace's business hours. `closed_only` leaves open cases out, `among` keeps the cases
    for which it holds.
    """

    start: str = ""
    end: str = ""
    seconds: str = ""
    open_until: str = ""
    quantile: float = 0.5
    hours: Literal["calendar", "business"] = "calendar"
    closed_only: bool = False
    among: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.quantile < 1:
            raise BadDefinition("A quantile lies between 0 and 1.")
        if bool(self.seconds) == bool(self.start and self.end):
            raise BadDefinition("A duration runs from start to end, or is the number of seconds in one column.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """The share of customers who buy again within `window_days` of their first order, among those followed that long.

    Without a window: the share with at least two orders so far (a description of the past, not a rate to compare).
    """

    window_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Of those active at the start of a window of `window_days`, the share still active at its end; or, `lost`, gone.

    In `subscriptions`, active means a contract that has started and not ended; in `orders`, to have bought in the
    window before, and to be still active, to have bought within it. `of` counts contracts, `customers` (an account
    counts as one) or `money`: what they pay at the end for each 100 they paid at the start, at most that (gross), or
    with `growth` also more (net). `referred` adds the money of new customers who came by recommendation, and `less` is
    taken off: 100 makes a growth of what was kept. The window is the last full one in the data, or follows the period
    asked for.
    """

    window_days: int = 30
    lost: bool = False
    of: Literal["contracts", "customers", "money"] = "contracts"
    growth: bool = False
    referred: bool = False
    less: float = 0.0

    def __post_init__(self) -> None:
        if self.of != "money" and (self.growth or self.referred or self.less):
            raise BadDefinition("Only money grows: contracts and customers are kept or lost.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Money of the `orders` whose `kinds` count: the exact `total`, or `per` customer who bought, or per order."""

    kinds: tuple[str, ...] = ("purchase", "renewal")
    per: Literal["total", "customer", "order"] = "total"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many rows there are for which `among` holds: an exact number."""

    among: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """The mean of a number: of a column, or of several added up row by row (a missing one counts 0, all missing none).

    `among` keeps the rows for which it holds; `lowest` and `highest` are the ends of what a row can have.
    """

    columns: tuple[str, ...]
    among: str = ""
    lowest: float | None = 0.0
    highest: float | None = None

    def __post_init__(self) -> None:
        if not self.columns:
            raise BadDefinition("A mean is that of at least one column.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One side of a ratio: the rows of `table` for which `where` holds, the `sum` of a column of theirs, or `customers`
    among them, each once."""

    table: str
    where: str = ""
    sum: str = ""
    customers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """`times` the `top` for each one of the `bottom`: tickets per 100 orders, refunds per 100 of sales."""

    top: Part
    bottom: Part
    times: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An AAPOR response rate: `complete` answers (or also partial ones) among all who were asked.

    Those whose eligibility is `unknown` (sent, not delivered) are counted, counted at the share of eligible ones among
    the known (`estimated`), or left out.
    """

    complete_only: bool = True
    unknown: Literal["counted", "estimated", "left out"] = "counted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The share of rows after which the same customer's next row comes within `within_days`; or, with `not_followed`,
    after which none comes.

    The window opens at column `after`, the next row is told by its column `next`; rows are the same where the columns
    `same` agree too. `among` keeps the rows for which it holds. Rows whose window is still open at the newest time of
    the table are left out, and so are rows without a customer.
    """

    within_days: int
    after: str
    next: str
    same: tuple[str, ...] = ()
    among: str = ""
    not_followed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The share of visits (rows that share the column `per`) with at least `fewest` rows for which `counts` holds,
    among visits with a row for which `among` holds; with `missed`, the share without."""

    per: str
    counts: str = ""
    among: str = ""
    fewest: int = 1
    missed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """How far the answers to one question lie above those to another, on one scale.

    Among `submissions` it is the mean difference of two answers of one submission; between `people` it is the mean of
    what employees answered to `of` less the mean of what customers answered to `less`.
    """

    of: str
    less: str
    lowest: float
    highest: float
    among: Literal["submissions", "people"] = "submissions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The mean of several items of one submission, from 0 (lowest) to 100; or how reliably they measure one thing.

    Submissions count that answer every item. `tells` alpha gives Cronbach's alpha instead of the mean.
    """

    items: tuple[str, ...]
    lowest: float
    highest: float
    tells: Literal["mean", "alpha"] = "mean"

    def __post_init__(self) -> None:
        if len(self.items) < 2:
            raise BadDefinition("An index is made of at least two items.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How consistent units are: the standard deviation of their own scores of the metric `of`, the noise of few rows
    taken off. A unit is a value of the column `between`."""

    of: str
    between: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What the models of buying expect: customers still `active` now, in percent, or what each will be worth.

    The `value` is that of the next `months`, for a customer on average.
    """

    tells: Literal["value", "active"]
    months: int = 12


Form = (
    Score | Share | Duration | Repeat | Retention | Amount | Count | Mean | Ratio | Response | Followed | Reach | Gap
    | Index | Spread | Forecast
)  # fmt: skip


def is_ratio(form: Form) -> bool:
    """Whether the metric is a sum over another sum, not a mean of rows."""
    return isinstance(form, Ratio) or (isinstance(form, Retention) and form.of == "money")


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
        if isinstance(self.form, Score | Gap | Index) and self.table != "answers":
            raise BadDefinition(f"Metric '{self.name}' scores answers, so its table is answers, not {self.table}.")

    @property
    def counted(self) -> str:
        """What `n` counts: customers where each is one row, else the rows of the table."""
        per_customer = isinstance(self.form, Repeat | Forecast)
        per_customer |= isinstance(self.form, Amount) and self.form.per == "customer"
        return "customers" if per_customer else self.table
