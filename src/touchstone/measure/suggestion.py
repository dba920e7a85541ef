"""A first plan, suggested from the goals and from the data that is there: a commented text for its author to change."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count

from touchstone.core.errors import BadDefinition, Refused, UnknownName
from touchstone.core.estimate import Estimate, NoEstimate, Result, plain
from touchstone.core.metric import Metric
from touchstone.core.period import Period
from touchstone.core.plan import CADENCES, INSTRUMENTS, JOURNEYS
from touchstone.engine.data import Data
from touchstone.engine.recency import newest_days
from touchstone.engine.touchpoints import rated, touchpoints
from touchstone.measure.kinds import rows_of_one_kind
from touchstone.measure.plans import FELT, goals_of, usual
from touchstone.measure.progress import YEAR
from touchstone.measure.score import score
from touchstone.stats.samples import detectable_change

GOALS = ("retention", "loyalty")  # where none is named
_MOST_MOMENTS, _MOST_METRICS, _MOST_TRIED = 12, 6, 10
_NAME = re.compile(r"[^a-z0-9]+")
# where on a journey a touchpoint usually lies: attracted, starting, using, ending or helped, coming back
_PLACES = {
    0: ("advert", "campaign", "search", "website", "home", "brand", "news"),
    1: ("checkout", "order", "pay", "sign", "register", "onboard", "quote", "sales", "book"),
    2: ("product", "delivery", "store", "app", "install", "usage", "service", "visit", "room", "food"),
    3: ("return", "refund", "support", "help", "complaint", "cancel", "billing", "invoice", "ticket"),
    4: ("loyal", "member", "renew", "referr", "recommend", "upgrade"),
}


@dataclass(frozen=True, slots=True)
class _Known:
    """A metric that can be told: its value in the last year of the data, and which year that is."""

    metric: Metric
    result: Result
    period: Period


def suggested(
    data: Data,
    metrics: Mapping[str, Metric],
    *,
    name: str,
    goals: tuple[str, ...] = (),
    journey: str = "five-es",
    now: datetime,
) -> str:
    """The text of a plan for the company `name`, as TOML with comments.

    Raises UnknownName for a goal or a journey template that does not exist.
    """
    known = goals_of(metrics)
    for goal in goals:
        if goal not in known:
            raise UnknownName.among("goal", goal, known)
    if journey not in JOURNEYS:
        raise UnknownName.among("journey template", journey, JOURNEYS)
    chosen = goals or tuple(goal for goal in GOALS if goal in known)
    told, lacking = _told(data, metrics, chosen, now)
    lines = [
        *_opening(name, chosen, known, journey),
        *_moments(data, metrics, told, journey),
        *_metrics(told, lacking, now),
    ]
    return "\n".join(lines) + "\n"


def _told(
    data: Data, metrics: Mapping[str, Metric], goals: tuple[str, ...], now: datetime
) -> tuple[list[_Known], list[str]]:
    """The metrics that the goals bring and the data answers, and the names of those that it does not.

    Where it does not answer a metric, one of its variants that serves the goals too may stand in.
    """
    newest = newest_days(data, {metric.table for metric in metrics.values() if set(goals) & set(metric.goals)}, now=now)
    told: list[_Known] = []
    lacking: list[str] = []
    for metric in usual(goals, metrics)[:_MOST_TRIED]:
        variants = [metrics[name] for name in metric.variants if name in metrics]
        serving = [metric, *(one for one in variants if set(goals) & set(one.goals))]
        found = next((known for one in serving if (known := _known(data, one, newest))), None)
        if found is None:
            lacking.append(metric.name)
        elif len(told) < _MOST_METRICS:
            told.append(found)
    return told, lacking


def _known(data: Data, metric: Metric, newest: Mapping[str, date]) -> _Known | None:
    """The metric in the last year of its table; None where the data does not answer it."""
    if metric.table not in newest:
        return None
    period = YEAR.again(newest[metric.table])
    try:
        _, where = rows_of_one_kind(data, metric, "")
        rows = score(data, metric, where=where, period=period.label).rows
    except (Refused, BadDefinition, UnknownName):
        return None
    result = rows[0].result if len(rows) == 1 else None
    return None if result is None or isinstance(result, NoEstimate) else _Known(metric, result, period)


def _opening(name: str, goals: tuple[str, ...], known: tuple[str, ...], journey: str) -> list[str]:
    templates = "; ".join(f'"{each}" is {", ".join(stages)}' for each, stages in JOURNEYS.items())
    return [
        f"# The measurement plan of {_comment(name)}:",
        "# what is to be reached, where on the journey it is decided, and by which numbers you will know.",
        "# See how it stands with: touchstone plan",
        "# Change whatever you like, comments too. Baselines are frozen beside this file, never in it.",
        "",
        f"# Goals: one or more of {', '.join(known)}.",
        f"goals = {_list(goals)}",
        "",
        f"# The journey: {templates};",
        '# or stages of your own: journey = ["Find", "Buy", "Use"].',
        f'journey = "{journey}"',
        "",
        "# The moments of the journey, each with the touchpoints of the data that it covers.",
        f"# instruments: {', '.join(INSTRUMENTS)}. cadence: {', '.join(CADENCES)}.",
        "# feeling is a metric of what customers say, behaviour one of what they do. sample is how many answers are",
        "# wanted per cadence. money is recorded (a metric of orders) or entered with its source:",
        '#   money = { metric = "sales", where = "unit = web" }',
        '#   money = { amount = "12000", currency = "EUR", source = "controlling", on = 2026-01-31 }',
        "",
    ]


def _moments(data: Data, metrics: Mapping[str, Metric], told: list[_Known], journey: str) -> Iterator[str]:
    known, ratings = touchpoints(data), rated(data)
    groups = _joined(list(known))
    if not groups:
        yield "# No touchpoint is in the data yet. A moment looks like this:"
        yield "# [moments.delivery]"
        yield f'# stage = "{JOURNEYS[journey][2]}"'
        yield '# touchpoints = ["delivery"]'
        yield '# instruments = ["survey"]'
        yield '# feeling = "csat"'
        yield '# behaviour = "repeat_purchase_rate"'
        yield ""
    behaviours = [one.metric for one in told if one.metric.table not in FELT]
    keys: set[str] = set()
    for group in groups[:_MOST_MOMENTS]:
        rows: Counter[str] = Counter()
        scores: Counter[str] = Counter()
        for name in group:
            rows.update(known[name])
            scores.update({metric: n for metric, n in ratings.get(name, {}).items() if metric in metrics})
        key = _key(max(group, key=len), keys)
        keys.add(key)
        yield f"[moments.{key}]"
        yield from _moment(group, rows, scores, metrics, behaviours, journey)
    if len(groups) > _MOST_MOMENTS:
        yield f"# {len(groups) - _MOST_MOMENTS} more touchpoints are in the data; touchstone plan names them."
        yield ""


def _moment(
    group: tuple[str, ...],
    rows: Counter[str],
    scores: Counter[str],
    metrics: Mapping[str, Metric],
    behaviours: list[Metric],
    journey: str,
) -> Iterator[str]:
    name = max(group, key=len)
    stage = _stage(name, journey)
    yield f'stage = "{stage}"' if stage else f'# stage = "{JOURNEYS[journey][2]}"'
    yield f"touchpoints = {_list(group)}" + ("  # joined by their names: check" if len(group) > 1 else "")
    heard = [tool for tool, tables in INSTRUMENTS.items() if any(rows[table] for table in tables)]
    yield f"instruments = {_list(heard)}"
    yield f'feeling = "{scores.most_common(1)[0][0]}"' if scores else '# feeling = "csat"  # nobody is asked here yet'
    own = next((metric for metric in (*behaviours, *_helpful(metrics)) if rows[metric.table]), None)
    if own is not None:
        yield f'behaviour = "{own.name}"'
    else:
        general = behaviours[0].name if behaviours else "repeat_purchase_rate"
        yield f'# behaviour = "{general}"  # of all customers: no table tells what they do here'
    yield 'cadence = "continuous"'
    yield "# sample = 100"
    yield '# owner = "who answers for it"'
    yield ""


def _helpful(metrics: Mapping[str, Metric]) -> list[Metric]:
    """Metrics of what customers do at one touchpoint: how long a resolution takes first, then what else there is."""
    found = [m for m in metrics.values() if m.everyday and m.table in ("tickets", "events")]
    return sorted(found, key=lambda metric: metric.name != "resolution_time")


def _metrics(told: list[_Known], lacking: list[str], now: datetime) -> Iterator[str]:
    yield "# The metrics that are followed. baseline is a period; freeze it with: touchstone plan freeze NAME."
    yield '# target is a change from it: "+3" is 3 points more, "-10%" a tenth less.'
    if lacking:
        yield f"# These goals usually bring {', '.join(lacking)} too, which the data cannot tell yet: touchstone check"
    yield ""
    for one in told:
        better = "+" if one.metric.better == "higher" else "-"
        yield f"[metrics.{one.metric.name}]  # {one.metric.label}: {_shown(one)}"
        yield f'baseline = "{one.period.label}"'
        yield f'# target = "{better}{_aim(one.result)}"{_seen(one.result)}'
        yield f"review = {_later(now.date())}"
        yield '# owner = "who answers for it"'
        yield f"# [[metrics.{one.metric.name}.benchmarks]]"
        yield f'# value = 0\n# source = "who measured it"\n# date = {now.date().isoformat()}\n# n = 1000'
        yield ""


def _shown(one: _Known) -> str:
    result = one.result
    if isinstance(result, Estimate):
        return f"{plain(result.value, 1)} {result.unit} in {one.period}"
    return f"{result.value:,.0f} {result.unit} in {one.period}" if not isinstance(result, NoEstimate) else ""


def _sees(result: Result) -> float | None:
    """The change that two samples like this one see."""
    if not isinstance(result, Estimate):
        return None
    return detectable_change(result.effective_n, result.effective_n, result.se**2 * result.effective_n)


def _aim(result: Result) -> str:
    sees = _sees(result)
    return "5%" if sees is None else plain(sees, 0 if sees >= 10 else 1 if sees >= 1 else 2).replace(",", "")


def _seen(result: Result) -> str:
    return "" if _sees(result) is None else "  # the least that two samples like this one see"


def _later(day: date) -> str:
    """The end of the quarter in half a year."""
    return str(
        Period.containing(Period.containing(Period.containing(day, "quarter").end, "quarter").end, "quarter").start
    )


def _joined(names: list[str]) -> list[tuple[str, ...]]:
    """Touchpoints of different tables that are the same by their names: `store` and `our_stores`."""
    words = {name: {word.rstrip("s") for word in _NAME.split(name.lower()) if word} for name in names}
    groups: list[list[str]] = [[name] for name in names if len(words[name]) != 1]
    for name in (name for name in names if len(words[name]) == 1):
        home = next((group for group in groups if words[name] <= words[group[0]]), None)
        if home is None:
            groups.append([name])
        else:
            home.append(name)
    order = {name: place for place, name in enumerate(names)}
    return [tuple(group) for group in sorted(groups, key=lambda group: min(order[name] for name in group))]


def _stage(name: str, journey: str) -> str:
    lowered = name.lower()
    place = next((place for place, words in _PLACES.items() if any(word in lowered for word in words)), None)
    return "" if place is None else JOURNEYS[journey][place]


def _key(name: str, taken: set[str]) -> str:
    key = _NAME.sub("_", name.lower()).strip("_")[:70] or "moment"
    return key if key not in taken else next(f"{key}_{n}" for n in count(2) if f"{key}_{n}" not in taken)


def _list(names: tuple[str, ...] | list[str]) -> str:
    return "[" + ", ".join('"' + _escaped(name) + '"' for name in names) + "]"


def _escaped(text: str) -> str:
    written = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in written)


def _comment(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
