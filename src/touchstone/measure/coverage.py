"""How full the tables are, how old, and where months are missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from statistics import median

from touchstone.engine import quality
from touchstone.engine.quality import Profile
from touchstone.measure.findings import Facts, Finding, Judgement, counted, share

_STALE_DAYS = 45
_STANDING = ("customers", "subscriptions")  # a quarter without a new one does not make the list old
_USUAL_MONTH = 10  # rows; with fewer an empty month may be chance


@dataclass(frozen=True, slots=True)
class _Need:
    """Columns (one of them is enough) that analyses need, what goes without them, and how bad that is.

    Below the share `enough` the table gets a note; with nothing at all, the verdict `without`.
    """

    word: str
    columns: tuple[str, ...]
    why: str
    without: Judgement = "problem"
    enough: float = 0.8
    of: str = ""  # only among the rows that have this column


_TOUCHPOINT = _Need("touchpoint", ("touchpoint",), "they have no place on the journey", "note", 0.0)
_CUSTOMER = _Need("customer", ("customer_id",), "they cannot be followed to answers, orders or each other")
_NEEDS: dict[str, tuple[_Need, ...]] = {
    "customers": (
        _Need("first seen", ("first_seen_at",), "new and old customers cannot be told apart", "note"),
        _Need("segment", ("segment",), "there is no segment to compare", "note", 0.0),
    ),
    "answers": (
        _Need("customer", ("customer_id",), "they cannot be followed to orders, tickets or earlier answers"),
        _Need("time", ("answered_at", "period"), "there are no trends and no before and after"),
        _Need("score", ("score",), "they do not count in any score", "problem", 0.5, "metric"),
        _TOUCHPOINT,
    ),
    "invitations": (
        _Need("customer", ("customer_id",), "who stays silent is unknown", "note"),
        _Need("delivery", ("delivered_at",), "there is no response rate", "note", 0.0),
    ),
    "events": (_CUSTOMER, _TOUCHPOINT),
    "orders": (
        _Need("customer", ("customer_id",), "money cannot be tied to what customers say"),
        _Need("margin", ("margin",), "value is told in revenue, not in margin", "note"),
    ),
    "subscriptions": (
        _Need("customer", ("customer_id", "account_id"), "leaving cannot be tied to what customers say"),
        _Need("amount", ("monthly_amount",), "contracts have no value", "note"),
    ),
    "tickets": (
        _CUSTOMER,
        _Need("resolution", ("resolved_at",), "there is no time to resolution", "note", 0.0),
        _TOUCHPOINT,
    ),
    "mentions": (
        _Need("time", ("posted_at",), "there are no trends", "note"),
        _Need("rating", ("rating",), "only their words can be used", "note", 0.0),
    ),
}


def coverage(facts: Facts) -> Iterator[Finding]:
    """A finding per table: its rows, and the share that has what analyses need."""
    yield from map(_covered, facts.profiles, facts.profiles.values())


def _covered(name: str, profile: Profile) -> Finding:
    told: list[str] = []
    lacking: list[_Need] = []
    verdict: Judgement = "good"
    numbers: dict[str, object] = {"table": name, "rows": profile.rows}
    for need in _NEEDS.get(name, ()):
        of = profile.filled.get(need.of, 0) if need.of else profile.rows
        has = min(max(profile.filled.get(column, 0) for column in need.columns), of)
        told.append(f"{need.word} {share(has, of)}")
        numbers[need.columns[0]] = has
        if has == 0 or has < need.enough * of:
            lacking.append(need)
            verdict = "problem" if "problem" in (verdict, need.without if has == 0 else "note") else "note"
    sentence = f"{name}: {counted(profile.rows, 'row')}{'; ' * bool(told)}{', '.join(told)}."
    for need in lacking:
        sentence += f" Without {need.word}, {need.why}."
    columns = " and ".join(" or ".join(need.columns) for need in lacking)
    takes = f"add {columns} to the export, and check how it is read: touchstone add {name}.csv --show-mapping"
    return Finding(
        subject="coverage", verdict=verdict, sentence=sentence, takes=takes if lacking else "", numbers=numbers
    )


def freshness(facts: Facts) -> Iterator[Finding]:
    """A finding per table with times: how old its newest row is, and which months have none."""
    timed = {name: one for name, one in facts.profiles.items() if one.newest is not None}
    months = quality.months(facts.data, list(timed))
    for name, profile in facts.profiles.items():
        if profile.newest is not None:
            yield _aged(facts, name, profile.newest, months[name])
        elif profile.wave is not None:
            sentence = f"{name}: known by wave only; the newest is {profile.wave}."
            yield Finding(
                subject="freshness",
                verdict="note",
                sentence=sentence,
                takes="add the day of each answer to the export, for trends within a wave",
                numbers={"table": name, "wave": profile.wave},
            )


def _aged(facts: Facts, name: str, newest: datetime, months: dict[str, int]) -> Finding:
    days = (facts.now - newest).days
    past = {month: n for month, n in months.items() if month <= f"{facts.now:%Y-%m}"}
    empty = _gaps(past)
    sentence = f"{name}: the newest is of {newest:%Y-%m-%d}, {counted(days, 'day')} ago"
    if empty:
        more = f" and {len(empty) - 6} more" if len(empty) > 6 else ""
        sentence += f"; there are none in {', '.join(empty[:6])}{more}"
    old = days > _STALE_DAYS and name not in _STANDING
    takes = [f"export them again and import: touchstone add {name}.csv"] if old else []
    takes += ["export the empty months too, or say in reports why they are empty"] if empty else []
    return Finding(
        subject="freshness",
        verdict="note" if takes else "good",
        sentence=f"{sentence}.",
        takes="; ".join(takes),
        numbers={"table": name, "newest": newest.isoformat(), "days": days, "months": len(past), "empty_months": empty},
    )


def _gaps(months: Mapping[str, int]) -> list[str]:
    """Months without a row between the first and the last, where the months around them have many."""
    held = sorted(months)
    found: list[str] = []
    for place, (before, after) in enumerate(pairwise(held), 1):
        around = [months[month] for month in held[max(place - 3, 0) : place + 3]]
        if median(around) >= _USUAL_MONTH:
            found += _between(before, after)
    return found


def _between(before: str, after: str) -> Iterator[str]:
    """The months after one and before another, as 2025-01."""
    year, month = map(int, before.split("-"))
    while True:
        year, month = year + month // 12, month % 12 + 1
        label = f"{date(year, month, 1):%Y-%m}"
        if label >= after:
            return
        yield label
