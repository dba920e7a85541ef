"""Metric definitions as TOML: those that come with Touchstone, and the workspace's own beside them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.metric import (
    Amount,
    Band,
    Count,
    Duration,
    Followed,
    Forecast,
    Form,
    Gap,
    Index,
    Mean,
    Metric,
    Part,
    Ratio,
    Reach,
    Repeat,
    Response,
    Retention,
    Score,
    Share,
    Spread,
)
from touchstone.definitions import Definitions

FORMS: dict[str, type[Any]] = {
    "score": Score,
    "share": Share,
    "duration": Duration,
    "repeat": Repeat,
    "retention": Retention,
    "amount": Amount,
    "count": Count,
    "mean": Mean,
    "ratio": Ratio,
    "response": Response,
    "followed": Followed,
    "reach": Reach,
    "gap": Gap,
    "index": Index,
    "spread": Spread,
    "forecast": Forecast,
}
_LISTED = ("kinds", "columns", "items", "same")  # fields that are lists of names
_TEXTS = ("label", "table", "unit", "better", "definition", "source", "family", "formula", "population", "windows")
_LISTS = ("variants", "goals")
# the chapters of the catalogue, in their order
FAMILIES = (
    "Loyalty",
    "Satisfaction",
    "Effort",
    "Experience",
    "Response",
    "Service",
    "Complaints",
    "Retention",
    "Buying and value",
    "Public voice",
    "Digital",
)
_HEADER = (*_TEXTS, *_LISTS, "version", "everyday")


@cache
def built_in() -> dict[str, Metric]:
    """The metrics that come with Touchstone, by name."""
    folder = resources.files("touchstone.measure") / "catalogue"
    entries = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda e: e.name)
    found = [read_metric(entry.name.removesuffix(".toml"), entry.read_text("utf-8")) for entry in entries]
    return {metric.name: metric for metric in found}


def metrics_of(folder: Path) -> dict[str, Metric]:
    """The built-in metrics and those in `definitions/metrics` of a workspace; the workspace's own win.

    The version of one of its own is the number of texts that its file has had, those written by hand included.
    """
    own = Definitions(folder).current("metrics", check=read_metric)
    return built_in() | {name: replace(read_metric(name, one.body), version=one.version) for name, one in own.items()}


def metric_named(name: str, known: Mapping[str, Metric] | None = None) -> Metric:
    """The metric called `name` among `known` (the built-in ones); UnknownName with its neighbours otherwise."""
    metrics = built_in() if known is None else known
    if name not in metrics:
        raise UnknownName.among("metric", name, metrics)
    return metrics[name]


def found_metrics(words: str, known: Mapping[str, Metric], *, goal: str = "") -> list[Metric]:
    """The metrics in which every one of `words` occurs (name, label, definition, family, goals), by their families.

    `goal` keeps those that serve it. UnknownName with its neighbours where there is no such goal, or nothing is found.
    """
    goals = sorted({one for metric in known.values() for one in metric.goals})
    if goal and goal not in goals:
        raise UnknownName.among("goal", goal, goals)
    sought = words.lower().split()
    chosen = [one for one in known.values() if (not goal or goal in one.goals) and _speaks_of(one, sought)]
    if not chosen:
        raise UnknownName.among("metric", words, known)
    return sorted(chosen, key=lambda one: FAMILIES.index(one.family) if one.family in FAMILIES else len(FAMILIES))


def _speaks_of(metric: Metric, words: Sequence[str]) -> bool:
    texts = (metric.name, metric.label, metric.definition, metric.family, metric.table, *metric.goals)
    return all(any(word in text.lower() for text in texts) for word in words)


def read_metric(name: str, text: str) -> Metric:
    """The metric in a TOML text: a header, and exactly one table that says what form it has."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadDefinition(f"The metric '{name}' is not TOML: {error}.") from None
    forms = [word for word in data if word in FORMS]
    for word in data:
        if word not in FORMS and word not in _HEADER:
            raise UnknownName.among(f"word in the metric '{name}'", word, (*FORMS, *_HEADER))
    if len(forms) != 1:
        raise BadDefinition(
            f"The metric '{name}' has {len(forms)} forms.", hint=f"give it exactly one of [{'], ['.join(FORMS)}]."
        )
    header = {word: value for word, value in data.items() if word in _HEADER}
    for word in ("label", "table", "unit"):
        if word not in header:
            raise BadDefinition(f"The metric '{name}' has no {word}.")
    header |= {word: _names(name, word, header[word]) for word in _LISTS if word in header}
    return Metric(name=name, form=_form(name, forms[0], data[forms[0]]), **header)


def _names(metric: str, word: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise BadDefinition(f"The {word} of the metric '{metric}' are no list.", hint=f'write {word} = ["a", "b"].')
    return tuple(value)


def _form(name: str, word: str, values: dict[str, Any]) -> Form:
    if "bands" in values:
        values = values | {"bands": tuple(Band(float(low), float(points)) for low, points in values["bands"])}
    values = values | {key: _names(name, key, values[key]) for key in _LISTED if key in values}
    if word == "ratio":
        values = values | {
            key: _made(name, f"{word}.{key}", Part, values[key]) for key in ("top", "bottom") if key in values
        }
    form: Form = _made(name, word, FORMS[word], values)
    return form


def _made(name: str, word: str, form: type[Any], values: object) -> Any:
    if not isinstance(values, dict):
        raise BadDefinition(f"[{word}] of the metric '{name}' is no table.", hint=f"begin it with [{word}].")
    known = list(form.__dataclass_fields__)
    for key in values:
        if key not in known:
            raise UnknownName.among(f"word in [{word}] of the metric '{name}'", key, known)
    try:
        return form(**values)
    except TypeError as error:
        raise BadDefinition(f"The metric '{name}' is incomplete: {error}.") from None
