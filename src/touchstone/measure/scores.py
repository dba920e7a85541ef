"""What scoring gives: one result per group, the query behind it, and every form people want it in."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any

from touchstone.core.estimate import (
    RECORD_KEYS,
    Estimate,
    Measured,
    NoEstimate,
    Result,
    Total,
    exact,
    interval,
    record,
    shown,
)
from touchstone.core.metric import Metric
from touchstone.engine.data import SURVEY_WEIGHT
from touchstone.engine.rows import group_name
from touchstone.stats.differences import Verdict
from touchstone.stats.means import FEW
from touchstone.stats.moments import Moments
from touchstone.stats.nps import WIDE

if TYPE_CHECKING:
    import pyarrow as pa

    from touchstone.measure.accounts import RolledUp
    from touchstone.measure.raking import Raking

Group = tuple[str | None, ...]  # the values of the `by` columns, None where there is none

UNSURE = "few answers, or an interval so wide that little can be said"
_PARTS = ("value", "low", "high", "reason")  # of a change or an adjusted value, in records
_CHANGE = ("against", "verdict", *(f"change_{key}" for key in _PARTS))
_ADJUSTED = (*(f"adjusted_{key}" for key in _PARTS), *(f"adjusted_change_{key}" for key in _PARTS))
_FIGURES = ("largest_weight", "kish_design_effect", "design_effect", "revenue_answered_percent")
_METRIC = ("metric", "metric_version")
_KEYS = {*_METRIC, *RECORD_KEYS, *_CHANGE, *_ADJUSTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a group differs from its baseline, and the verdict in words."""

    against: str
    difference: Measured
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """A result at the baseline's mix, and its change since the baseline at that mix (None for the baseline)."""

    value: Measured
    change: Measured | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One group's result, with the sums it came from (None where it is not a mean).

    With its change and the result at the baseline's mix, if asked for; `kind` is that of its answers. `people` says how
    many were asked whose anonymity counts, where the sums do not tell.
    """

    group: Group
    result: Result
    moments: Moments | None = None
    change: Change | None = None
    adjusted: Adjusted | None = None
    kind: str | None = None
    people: int | None = None

    @property
    def unsure(self) -> bool:
        """Whether the result is shown greyed: it rests on few answers, or its interval is wide (see its flags)."""
        return isinstance(self.result, Estimate) and any(map(_doubtful, self.result.flags))


def answers_for_clarity(results: Iterable[Result]) -> int | None:
    """About how many answers each would bring greyed results out of the grey; None where none is to be planned.

    That is 30 effective ones, and where the unit is points an interval of 30 points, which shrinks with √n.
    """
    needed = 0.0
    for result in results:
        if isinstance(result, Estimate) and result.effective_n > 0:
            needed = max(needed, FEW * result.n / result.effective_n)
            if result.unit in {"points", "%"}:
                needed = max(needed, result.n * ((result.high - result.low) / WIDE) ** 2)
    return ceil(needed) if needed else None


def _doubtful(flag: str) -> bool:
    return flag.startswith("fewer than") or "interval" in flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The scores of one metric: `rows` per group of `by`, the `sql` of their sums, and `notes` for the reader.

    `baseline` is the period that changes are measured from, `adjust` the column whose mix is held as it was then.
    `raking` says how the answers were weighted to known margins, `accounts` how contacts were rolled up, if they were.
    """

    metric: Metric
    by: tuple[str, ...]
    rows: tuple[Score, ...]
    sql: str
    data_number: int
    weight: str | None = None
    where: str = ""
    notes: tuple[str, ...] = field(default=())
    baseline: str | None = None
    adjust: str | None = None
    raking: Raking | None = None
    accounts: RolledUp | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the `by` columns in records; one that is the name of a record key becomes attr_…"""
        taken = _KEYS | self._beside().keys()
        return tuple(f"attr_{name}" if name in taken else group_name(name) for name in self.by)

    def records(self) -> list[dict[str, object]]:
        """Flat records, all with the same keys: the `by` columns, the metric, its version, those of `estimate.record`.

        With a baseline also against, verdict and change_…; adjusted for a mix also adjusted_… and adjusted_change_…;
        weighted to margins or rolled up to accounts, what that did, the same in every record.
        """
        return [self._record(row) for row in self.rows]

    def _record(self, row: Score) -> dict[str, object]:
        groups: dict[str, object] = dict(zip(self.keys, row.group, strict=True))
        flat = groups | dict(zip(_METRIC, (self.metric.name, self.metric.version), strict=True)) | record(row.result)
        if self.baseline is not None:
            flat |= dict.fromkeys(_CHANGE)
        if row.change is not None:
            flat |= {"against": row.change.against, "verdict": str(row.change.verdict)}
            flat |= _parts("change", row.change.difference)
        if self.adjust is not None:
            flat |= dict.fromkeys(_ADJUSTED)
        if row.adjusted is not None:
            flat |= _parts("adjusted", row.adjusted.value)
            flat |= _parts("adjusted_change", row.adjusted.change) if row.adjusted.change is not None else {}
        return flat | self._beside()

    def _beside(self) -> dict[str, object]:
        """How answers were weighted, and which accounts answered, as keys of records."""
        weighting = self.raking.record() if self.raking else {}
        return weighting | (self.accounts.coverage.record() if self.accounts else {})

    def to_arrow(self) -> pa.Table:
        """The records as an Arrow table; its types do not depend on which groups could be told."""
        import pyarrow

        exact = any(isinstance(row.result, Total) for row in self.rows)
        kinds = {"n": pyarrow.int64(), "metric_version": pyarrow.int64(), "flags": pyarrow.list_(pyarrow.string())}
        kinds |= dict.fromkeys(("value", "low", "high", "se", "effective_n", "level"), pyarrow.float64())
        if exact:
            kinds["value"] = pyarrow.decimal128(38, 4)
        changed = [name for name in (*_CHANGE, *_ADJUSTED) if name.endswith(("_value", "_low", "_high"))]
        kinds |= dict.fromkeys(changed, pyarrow.float64())
        names = [*self.keys, *_METRIC, *RECORD_KEYS]
        names += [*(_CHANGE if self.baseline is not None else ()), *(_ADJUSTED if self.adjust is not None else ())]
        names += self._beside()
        kinds |= dict.fromkeys(("trimmed", "accounts", "accounts_answered"), pyarrow.int64())
        kinds |= dict.fromkeys(("revenue", "revenue_answered"), pyarrow.decimal128(38, 4))
        kinds |= dict.fromkeys(_FIGURES, pyarrow.float64()) | {"margins": pyarrow.list_(pyarrow.string())}
        schema = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in names])
        return pyarrow.Table.from_pylist(self.records(), schema=schema)

    def to_polars(self) -> Any:
        """The records as a polars frame; needs polars."""
        import polars

        return polars.from_arrow(self.to_arrow())

    def to_pandas(self) -> Any:
        """The records as a pandas frame; needs pandas."""
        return self.to_arrow().to_pandas()

    def sentence(self) -> str:
        """The result in words: the whole when there is one group, else how many groups and from where to where."""
        if len(self.rows) == 1:
            return f"{self.metric.label} {_told(self.rows[0].result)}{self._basis()}."
        values = [row for row in self.rows if isinstance(row.result, Estimate)]
        if not values:
            return f"{self.metric.label}: no group has enough to tell{self._basis()}."
        ordered = sorted(values, key=lambda row: row.result.value if isinstance(row.result, Estimate) else 0.0)
        low, high = ordered[0], ordered[-1]
        return (
            f"{self.metric.label} by {', '.join(self.by)}: from {_told(low.result)} ({named(low.group)}) "
            f"to {_told(high.result)} ({named(high.group)}){self._basis()}."
        )

    def _basis(self) -> str:
        by = "the weights of their survey" if self.weight == SURVEY_WEIGHT else self.weight
        weighted = f", weighted by {by}" if by else ", unweighted"
        if self.accounts is not None:
            weighted = f", {self.accounts.words}{f', weighted by {self.weight}' if self.weight else ''}"
        if self.raking is not None:
            columns = ", ".join(dict.fromkeys(line.margin for line in self.raking.margins))
            weighted = f", weighted{f' by {by} and' if by else ''} to known {columns}"
        return (weighted if self.metric.table == "answers" else "") + (f", where {self.where}" if self.where else "")

    def _repr_html_(self) -> str:
        """A small table for notebooks; every text is escaped."""
        heads = [*self.by, self.metric.label, "interval", "n"]
        heads += [f"since {self.baseline}"] if self.baseline is not None else []
        heads += [f"at its mix of {self.adjust}"] if self.adjust is not None else []
        head = "".join(f"<th>{html.escape(text)}</th>" for text in heads)
        body = "".join(f"<tr>{_cells(row, self)}</tr>" for row in self.rows)
        caption = html.escape(self.sentence())
        return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def group_of(row: Mapping[str, Any], by: Sequence[str]) -> Group:
    """The values of the `by` columns in a fetched row, as texts."""
    values = (row[group_name(name)] for name in by)
    return tuple(None if value is None else written(value) for value in values)


def written(value: object) -> str:
    """A group's value as text: true, not True."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def named(group: Sequence[str | None]) -> str:
    """A group's name for people: its values, and "none" where there is none."""
    return " / ".join("none" if value is None else value for value in group) or "all"


def _told(result: Result) -> str:
    if isinstance(result, Estimate):
        return f"{shown(result)} ({interval(result)})"
    if isinstance(result, Total):
        return str(result)
    return f"is {'' if result.reason.startswith('hidden') else 'unknown: '}{result.reason}"


def _parts(prefix: str, result: Measured) -> dict[str, object]:
    values = record(result)
    return {f"{prefix}_{key}": values[key] for key in _PARTS}


def _beside(result: Measured | None) -> str:
    if isinstance(result, Estimate):
        return f"{shown(result)} ({interval(result)})"
    return "" if result is None else result.reason


def _cells(row: Score, scores: Scores) -> str:
    result = row.result
    if isinstance(result, Estimate):
        texts = [shown(result), interval(result), f"{result.n:,}"]
    elif isinstance(result, NoEstimate):
        texts = ["–", result.reason, "" if result.n is None else f"{result.n:,}"]
    else:
        texts = [exact(result), "exact sum", f"{result.n:,}"]
    if scores.baseline is not None:
        texts.append(_beside(row.change.difference if row.change else None))
    if scores.adjust is not None:
        texts.append(_beside(row.adjusted.value if row.adjusted else None))
    names = ("none" if value is None else value for value in row.group)
    return "".join(f"<td>{html.escape(text)}</td>" for text in (*names, *texts))
