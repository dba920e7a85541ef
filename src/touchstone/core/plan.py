"""The measurement plan: goals, the journey and its moments, how each is listened to, and what each metric should reach.

Plain data, read from `plan.toml` and checked when read. What was measured and frozen is no part of it: the file stays
its author's text.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.period import Grain, Period
from touchstone.core.where import parse_where

JOURNEYS = {
    "five-es": ("Entice", "Enter", "Engage", "Exit", "Extend"),
    "engage-to-expand": ("Engage", "Educate", "Experience", "Empower", "Expand"),
}
# where what an instrument hears is kept
INSTRUMENTS: dict[str, tuple[str, ...]] = {
    "survey": ("answers",),
    "interview": ("mentions",),
    "reviews": ("mentions",),
    "events": ("events", "orders", "tickets", "subscriptions"),
    "visit": ("mentions",),
}
CADENCES: dict[str, Grain] = {  # the stretch of time that a sample is counted over
    "continuous": "month",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
}
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,79}")
_CHANGE = re.compile(r"([+-]\d+(?:\.\d+)?)\s*(%?)")


@dataclass(frozen=True, slots=True)
class Target:
    """A change from the baseline: so many points (hours, EUR…), or, `relative`, so many percent of the baseline."""

    change: float
    relative: bool = False

    def away(self, baseline: float) -> float:
        """How far the target lies from a baseline of this value, in its unit."""
        return abs(baseline) * self.change / 100 if self.relative else self.change

    def __str__(self) -> str:
        return f"{self.change:+g}{' %' if self.relative else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """What somebody else measured: its value, who says so, when, and of how many (None where they do not say)."""

    value: float
    source: str
    on: date
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A metric in its place: the name of a metric (or of one the plan follows), and which rows it is taken of.

    At a moment these are the rows of its touchpoints, unless it says `where`, or that the `whole` is meant.
    """

    metric: str
    where: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A metric that the plan follows: of which rows, from which baseline to which target, and when that is looked at.

    `baseline` is the period meant; the baseline itself is frozen by a command and kept with the definitions.
    """

    name: str
    use: Use
    baseline: Period | None = None
    target: Target | None = None
    review: date | None = None
    owner: str = ""
    benchmarks: tuple[Benchmark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """An amount that the plan's author states, with where it comes from."""

    amount: Decimal
    currency: str
    source: str
    on: date | None = None
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment of the journey: the touchpoints it covers, how it is listened to, and one metric each of two sorts.

    `feeling` is what customers say of it, `behaviour` what they do. `sample` is how many answers are wanted per
    cadence. `money` is an amount its author states, or a metric of recorded amounts: no effect is multiplied into it.
    """

    name: str
    label: str
    stage: str = ""
    touchpoints: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    feeling: Use | None = None
    behaviour: Use | None = None
    cadence: str = ""
    sample: int | None = None
    owner: str = ""
    money: Entered | Use | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be reached, where on the journey it is decided, and by which numbers one will know."""

    goals: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    moments: tuple[Moment, ...] = ()
    metrics: tuple[Followed, ...] = ()

    def followed(self, name: str) -> Followed:
        """The metric that the plan follows under this name; UnknownName with its neighbours otherwise."""
        for one in self.metrics:
            if one.name == name:
                return one
        raise UnknownName.among("metric in plan.toml", name, [one.name for one in self.metrics])


def read_plan(text: str) -> Plan:
    """The plan in a TOML text. BadDefinition or UnknownName says which word does not hold, and where."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadDefinition(f"plan.toml cannot be read: {error}.", hint="mend that line, then try again.") from None
    _known("plan.toml", data, ("goals", "journey", "moments", "metrics"))
    stages = _stages(data.get("journey", ()))
    return Plan(
        goals=_texts("goals", data.get("goals", [])),
        stages=stages,
        moments=tuple(_moment(name, each, stages) for name, each in _tables("moments", data).items()),
        metrics=tuple(_followed(name, each) for name, each in _tables("metrics", data).items()),
    )


def _stages(value: Any) -> tuple[str, ...]:
    if not isinstance(value, str):
        return _texts("journey", list(value) if isinstance(value, (list, tuple)) else value)
    if value not in JOURNEYS:
        raise UnknownName.among("journey template", value, JOURNEYS)
    return JOURNEYS[value]


def _moment(name: str, data: Dict[str, Any], stages: tuple[str, ...]) -> Moment:
    where = f"[moments.{name}]"
    _known(where, data, tuple(Moment.__dataclass_fields__), but=("name",))
    stage = _text(where, data, "stage")
    if stage and stage not in stages:
        raise UnknownName.among(f"stage of the journey ({where})", stage, stages)
    instruments = _texts(f"instruments in {where}", data.get("instruments", []))
    for instrument in instruments:
        if instrument not in INSTRUMENTS:
            raise UnknownName.among(f"instrument ({where})", instrument, INSTRUMENTS)
    cadence = _text(where, data, "cadence")
    if cadence and cadence not in CADENCES:
        raise UnknownName.among(f"cadence ({where})", cadence, CADENCES)
    return Moment(
        name=name,
        label=_text(where, data, "label") or name.replace("_", " ").capitalize(),
        stage=stage,
        touchpoints=_texts(f"touchpoints in {where}", data.get("touchpoints", [])),
        instruments=instruments,
        feeling=_use(where, "feeling", data),
        behaviour=_use(where, "behaviour", data),
        cadence=cadence,
        sample=_count(where, data, "sample"),
        owner=_text(where, data, "owner"),
        money=_money(where, data.get("money")),
    )


def _use(where: str, word: str, data: Dict[str, Any]) -> Use | None:
    value = data.get(word)
    if value is None or isinstance(value, str):
        return Use(value) if value else None
    if not isinstance(value, dict):
        raise BadDefinition(f"The {word} in {where} is no metric.", hint=f'write {word} = "csat".')
    _known(f"{word} in {where}", value, ("metric", "where", "whole"))
    if not value.get("metric"):
        raise BadDefinition(f"The {word} in {where} names no metric.", hint=f'write {word} = {{ metric = "csat" }}.')
    return Use(_text(where, value, "metric"), _condition(where, value), value.get("whole") is True)


def _condition(where: str, data: Dict[str, Any]) -> str:
    condition = _text(where, data, "where")
    parse_where(condition)
    return condition


def _money(where: str, value: Any) -> Entered | Use | None:
    if value is None:
        return None
    if not isinstance(value, dict) or ("metric" in value) == ("amount" in value):
        raise BadDefinition(
            f"The money in {where} is neither recorded nor entered.",
            hint="write money = { metric = 'sales' } or money = { amount = '12000', currency = 'EUR', source = '…' }.",
        )
    if "metric" in value:
        _known(f"money in {where}", value, ("metric", "where"))
        return Use(_text(where, value, "metric"), _condition(where, value))
    _known(f"money in {where}", value, ("amount", "currency", "source", "on", "what"))
    currency, source = _text(where, value, "currency").upper(), _text(where, value, "source")
    if len(currency) != 3 or not currency.isalpha() or not source:
        raise BadDefinition(
            f"The amount in {where} has no {'source' if len(currency) == 3 else 'currency'}.",
            hint="write money = { amount = '12000', currency = 'EUR', source = 'controlling' }.",
        )
    return Entered(
        amount=_amount(where, value["amount"]),
        currency=currency,
        source=source,
        on=_day(where, value, "on"),
        what=_text(where, value, "what"),
    )


def _amount(where: str, value: Any) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or isinstance(value, bool):
        raise BadDefinition(f"'{value}' in {where} is not an amount.", hint="write it as amount = '12000.00'.")
    return amount


def _followed(name: str, data: Dict[str, Any]) -> Followed:
    where = f"[metrics.{name}]"
    _known(where, data, ("metric", "where", "baseline", "target", "review", "owner", "benchmarks"))
    if not isinstance(data.get("benchmarks", []), list):
        raise BadDefinition(f"The benchmarks of {where} are no list.", hint=f"write [[metrics.{name}.benchmarks]].")
    baseline = data.get("baseline")
    return Followed(
        name=name,
        use=Use(_text(where, data, "metric") or name, _condition(where, data)),
        baseline=Period.parse(str(baseline)) if baseline not in (None, "") else None,
        target=_target(where, data.get("target")),
        review=_day(where, data, "review"),
        owner=_text(where, data, "owner"),
        benchmarks=tuple(_benchmark(where, each) for each in data.get("benchmarks", [])),
    )


def _target(where: str, value: Any) -> Target | None:
    if value in (None, ""):
        return None
    match = _CHANGE.fullmatch(str(value).strip()) if isinstance(value, str) else None
    if match is None or float(match[1]) == 0:
        raise BadDefinition(
            f"The target '{value}' in {where} is no change from the baseline.",
            hint='write target = "+3" (3 points more), or target = "-10%" (a tenth less than the baseline).',
        )
    return Target(float(match[1]), bool(match[2]))


def _benchmark(where: str, data: Any) -> Benchmark:
    if not isinstance(data, dict):
        raise BadDefinition(f"A benchmark of {where} is no table.")
    _known(f"a benchmark of {where}", data, ("value", "source", "date", "n"))
    value, on = data.get("value"), _day(where, data, "date")
    source = _text(where, data, "source")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or on is None or not source:
        raise BadDefinition(
            f"A benchmark of {where} lacks its value, its source or its date.",
            hint="write value = 41, source = 'who published it', date = 2026-01-31, and n where they tell it.",
        )
    return Benchmark(value=float(value), source=source, on=on, n=_count(where, data, "n"))


def _tables(word: str, data: Dict[str, Any]) -> dict[str, Any]:
    tables = data.get(word, {})
    if not isinstance(tables, dict) or not all(isinstance(each, dict) for each in tables.values()):
        raise BadDefinition(f"{word.capitalize()} are no tables.", hint=f"write [{word}.NAME].")
    for name in tables:
        if not _NAME.fullmatch(name):
            raise BadDefinition(
                f"'{name}' cannot be a name in [{word}].", hint="use lower-case letters, digits and underscores."
            )
    return tables


def _known(where: str, data: Dict[str, Any], words: Collection[str], *, but: Collection[str] = ()) -> None:
    known = [word for word in words if word not in but]
    for word in data:
        if word not in known:
            raise UnknownName.among(f"word in {where}", word, known)


def _text(where: str, data: Dict[str, Any], word: str) -> str:
    value = data.get(word, "")
    if not isinstance(value, str):
        raise BadDefinition(f"'{word}' in {where} is no text.", hint=f'write {word} = "…".')
    return value.strip()


def _texts(what: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
        raise BadDefinition(f"The {what} are no list of names.", hint='write ["one", "another"].')
    return tuple(dict.fromkeys(each.strip() for each in value))


def _count(where: str, data: Dict[str, Any], word: str) -> int | None:
    value = data.get(word)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise BadDefinition(f"'{word}' in {where} is no number of answers.", hint=f"write {word} = 200.")
    return value


def _day(where: str, data: Dict[str, Any], word: str) -> date | None:
    value = data.get(word)
    if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
        raise BadDefinition(f"'{word}' in {where} is no date.", hint=f"write {word} = 2026-06-30, without quotes.")
    return value
