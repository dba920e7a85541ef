"""A score group and what its people did, and which groups and amounts are too small to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.engine.promises import FEWEST
from touchstone.measure.scores import Group as Name
from touchstone.measure.suppress import hidden_groups, why_hidden

AMOUNTS = ("retained", "again", "spent", "forecast")
_CURVES = {"retained": "staying", "again": "buying"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A share over time since the answer: `days`, `percent` and its limits, all of one length."""

    days: tuple[float, ...]
    percent: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One score group. `retained`: still a member a year after the answer; `again`: bought within 90 days of it;
    `spent`: paid per person in the year after it; `forecast`: what the group is expected to pay in the next 12 months.
    A hidden group has no `people` and reasons everywhere.
    """

    band: str
    people: int | None
    retained: Measured
    again: Measured
    spent: Measured
    forecast: Measured
    staying: Curve | None
    buying: Curve | None


def without_few(groups: Sequence[Group], everyone: Measured) -> tuple[tuple[Group, ...], Measured]:
    """`groups`, and what `everyone` is forecast to pay, without what rests on too few people or gives them away.

    A group goes wholly by its people, an amount by those it rests on. The forecast of everyone goes too where it less
    the groups shown would be that of too few.
    """
    gone = hidden_groups({(group.band,): group.people or 0 for group in groups})
    kept = [_hidden(group) if (group.band,) in gone else group for group in groups]
    for name in AMOUNTS:
        sizes: dict[Name, int] = {(group.band,): amount.n for group in kept if (amount := getattr(group, name)).n}
        few = hidden_groups(sizes)
        kept = [_without(group, name) if (group.band,) in few else group for group in kept]
    told = sum(group.forecast.n for group in kept if isinstance(group.forecast, Estimate))
    if isinstance(everyone, Estimate) and 0 < everyone.n - told < FEWEST:
        everyone = NoEstimate(why_hidden(), None)
    return tuple(kept), everyone


def all_hidden(groups: Sequence[Group], reason: str) -> tuple[tuple[Group, ...], Measured]:
    """All groups, and what everyone is forecast to pay, hidden for a `reason`."""
    return tuple(_hidden(group, reason) for group in groups), NoEstimate(reason, None)


def _hidden(group: Group, reason: str = "") -> Group:
    for name in AMOUNTS:
        group = _without(group, name, reason)
    return replace(group, people=None)


def _without(group: Group, name: str, reason: str = "") -> Group:
    """`group` without one of its amounts, and the curve that the amount was read from."""
    hidden: dict[str, object] = {name: NoEstimate(reason or why_hidden(), None)}
    hidden |= {_CURVES[name]: None} if name in _CURVES else {}
    return replace(group, **hidden)  # type: ignore[arg-type]
