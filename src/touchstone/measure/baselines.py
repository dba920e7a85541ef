"""Baselines: the value of a metric in one period, frozen with what it was computed by, so that it never moves again."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Dict
from dataclasses import MISSING, dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

import tomli_w

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.estimate import Estimate, NoEstimate, Total, record
from touchstone.core.metric import Metric
from touchstone.core.period import Period
from touchstone.core.plan import Followed, Use
from touchstone.core.where import parse_where
from touchstone.definitions import Definitions
from touchstone.engine.data import Data
from touchstone.engine.rows import Question
from touchstone.lake.definitions import Version
from touchstone.measure.kinds import rows_of_one_kind
from touchstone.measure.metrics import built_in
from touchstone.measure.score import score
from touchstone.measure.wordings import Wording, wordings

BASELINES = "baselines"
_HEAD = (
    "# Frozen by `touchstone plan freeze`. Leave it as it is: `touchstone plan re-evaluate {name} --period P` freezes\n"
    "# another baseline and keeps this one visible.\n"
)
_NUMBERS = ("value", "low", "high", "se", "effective_n", "level")


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A frozen value: of which metric and rows, in which period, as what the metric was defined, in which words.

    `where` is what the plan says, `rows` the same narrowed to one `kind` of answers; `definition` is what decides the
    number (see `defined`). `version` counts the baselines of this name, `by_hand` says that its file was edited.
    """

    name: str
    use: Use
    rows: str
    kind: str
    weight: str
    period: Period
    result: Estimate | Total
    metric_version: int
    definition: Dict[str, Any]
    wordings: tuple[Wording, ...]
    data_number: int
    version: int = 1
    frozen_on: date = date.min
    by_hand: bool = False

    def record(self) -> dict[str, object]:
        """One flat record, when it is frozen."""
        return {"name": self.name, "period": self.period.label, "version": self.version} | record(self.result)


def defined(metric: Metric) -> dict[str, Any]:
    """What decides a metric's numbers: its table, its unit, its form. Labels and explanations do not.

    A metric that comes with Touchstone also has its version: it says when its rows are counted otherwise.
    """
    form = metric.form
    found: dict[str, Any] = {"table": metric.table, "unit": metric.unit, "form": type(form).__name__.lower()}
    for one in fields(form):
        value = getattr(form, one.name)
        if one.default is MISSING or value != one.default:
            found[one.name] = _simple(value)
    if metric.version > 1 and built_in().get(metric.name) == metric:
        found["version"] = metric.version
    return {word: value for word, value in found.items() if value is not None}


def _simple(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_simple(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return [getattr(value, one.name) for one in fields(value)]
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def freeze(
    definitions: Definitions,
    data: Data,
    metric: Metric,
    followed: Followed,
    period: Period | None,
    *,
    again: bool = False,
) -> Baseline:
    """Freeze the value of `metric` in `period` (the one the plan names) as the baseline of what the plan follows.

    Refused where there is a baseline already, unless it is to be frozen `again`: then the older stays in its history.
    Refused with the reason where there is no value in the period.
    """
    held = baselines(definitions).get(followed.name, ())
    period = _settled(followed, period, held, again)
    kind, rows = rows_of_one_kind(data, metric, followed.use.where)
    scores = score(data, metric, where=rows, period=period.label)
    result = scores.rows[0].result if len(scores.rows) == 1 else NoEstimate("answers of several kinds", None)
    if isinstance(result, NoEstimate):
        raise Refused(
            f"'{followed.name}' has no value in {period}: {result.reason.rstrip('.')}.",
            hint=f"see which periods have one: touchstone score {metric.name} --by year",
        )
    question = Question(where=parse_where(rows), period=period)
    frozen = Baseline(
        name=followed.name,
        use=followed.use,
        rows=rows,
        kind=kind,
        weight=scores.weight or "",
        period=period,
        result=result,
        metric_version=metric.version,
        definition=defined(metric),
        wordings=wordings(data, metric, question),
        data_number=data.number,
    )
    version = definitions.save(BASELINES, followed.name, baseline_text(frozen), check=read_baseline)
    return _of(version)


def _settled(followed: Followed, period: Period | None, held: tuple[Baseline, ...], again: bool) -> Period:
    """The period to freeze, if one may be frozen now."""
    name = followed.name
    if held and not again:
        raise Refused(
            f"The baseline of '{name}' is frozen already: {held[-1].period}.",
            hint=f"touchstone plan re-evaluate {name} --period P freezes another and keeps this one visible.",
        )
    if again and not held:
        raise Refused(
            f"'{name}' has no baseline yet.", hint=f"freeze the first one: touchstone plan freeze {name} --period P"
        )
    found = period or (None if again else followed.baseline)
    if found is None:
        verb = "re-evaluate" if again else "freeze"
        raise BadDefinition(
            f"No period is named for the baseline of '{name}'.", hint=f"touchstone plan {verb} {name} --period 2025"
        )
    return found


def baselines(definitions: Definitions) -> dict[str, tuple[Baseline, ...]]:
    """Every baseline ever frozen, by the name it has in the plan; the current one is the last."""
    current = definitions.current(BASELINES, check=read_baseline)
    found: dict[str, list[Version]] = {name: [] for name in current}
    for one in definitions.versions(BASELINES) if current else ():
        if one.name in current and one.version < current[one.name].version:
            found[one.name].append(one)
    return {name: tuple(map(_of, (*earlier, current[name]))) for name, earlier in found.items()}


def _of(version: Version) -> Baseline:
    found = read_baseline(version.name, version.body)
    return replace(found, version=version.version, frozen_on=version.saved_at.date(), by_hand=version.by_hand)


def baseline_text(baseline: Baseline) -> str:
    """The TOML text of a baseline; `read_baseline` gives it back."""
    result = baseline.result
    value: dict[str, Any] = {"n": result.n, "unit": result.unit, "currency": result.currency or ""}
    if isinstance(result, Estimate):
        value |= {word: getattr(result, word) for word in _NUMBERS}
        value |= {"method": result.method, "flags": list(result.flags)}
    else:
        value["total"] = str(result.value)
    data = {
        "metric": baseline.use.metric,
        "where": baseline.use.where,
        "rows": baseline.rows,
        "kind": baseline.kind,
        "weight": baseline.weight,
        "period": baseline.period.label,
        "metric_version": baseline.metric_version,
        "data_number": baseline.data_number,
        "value": value,
        "definition": dict(baseline.definition),
        "wordings": [{"words": one.words} | ({"since": one.since} if one.since else {}) for one in baseline.wordings],
    }
    return _HEAD.format(name=baseline.name) + tomli_w.dumps(data)


def read_baseline(name: str, text: str) -> Baseline:
    """The baseline in a TOML text; BadDefinition where something of it is missing."""
    try:
        data = tomllib.loads(text)
        value = data["value"]
        return Baseline(
            name=name,
            use=Use(data["metric"], data["where"]),
            rows=data["rows"],
            kind=data["kind"],
            weight=data["weight"],
            period=Period.parse(data["period"]),
            result=_result(value),
            metric_version=int(data["metric_version"]),
            definition=data["definition"],
            wordings=tuple(Wording(one["words"], one.get("since")) for one in data["wordings"]),
            data_number=int(data["data_number"]),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise BadDefinition(
            f"The baseline of '{name}' cannot be read: {why}.",
            hint=f"remove definitions/{BASELINES}/{name}.toml, and freeze it again: touchstone plan freeze {name}",
        ) from None


def _result(value: Dict[str, Any]) -> Estimate | Total:
    currency = value["currency"] or None
    if "total" in value:
        return Total(value=Decimal(value["total"]), unit=value["unit"], currency=currency, n=value["n"])
    return Estimate(
        value=float(value["value"]),
        low=float(value["low"]),
        high=float(value["high"]),
        se=float(value["se"]),
        effective_n=float(value["effective_n"]),
        level=float(value["level"]),
        n=value["n"],
        unit=value["unit"],
        currency=currency,
        method=value["method"],
        flags=tuple(value["flags"]),
    )
