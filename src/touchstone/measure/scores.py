"""What scoring gives: one result per group, the query behind it, and every form people want it in."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from touchstone.core.estimate import RECORD_KEYS, Estimate, Measured, NoEstimate, Result, interval, record, shown
from touchstone.core.metric import Metric
from touchstone.stats.differences import Verdict
from touchstone.stats.moments import Moments

if TYPE_CHECKING:
    import pyarrow as pa

_KEYS = ("metric", *RECORD_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a group differs from its baseline, and the verdict in words."""

    against: str
    difference: Measured
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One group's result, with the sums it came from (None where it is not a mean) and its change, if asked for."""

    group: tuple[str | None, ...]
    result: Result
    moments: Moments | None = None
    change: Change | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The scores of one metric: `rows` per group of `by`, the `sql` of their sums, and `notes` for the reader."""

    metric: Metric
    by: tuple[str, ...]
    rows: tuple[Score, ...]
    sql: str
    data_number: int
    weight: str | None = None
    where: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the `by` columns in records; one that is the name of a record key becomes attr_…"""
        return tuple(f"attr_{name}" if name in _KEYS else name for name in self.by)

    def records(self) -> list[dict[str, object]]:
        """Flat records: the `by` columns, metric, and the keys of `core.estimate.record`; the same everywhere."""
        return [self._record(row) for row in self.rows]

    def _record(self, row: Score) -> dict[str, object]:
        groups: dict[str, object] = dict(zip(self.keys, row.group, strict=True))
        flat = groups | {"metric": self.metric.name} | record(row.result)
        if row.change is not None:
            change = record(row.change.difference)
            flat |= {"against": row.change.against, "verdict": str(row.change.verdict)}
            flat |= {f"change_{key}": change[key] for key in ("value", "low", "high", "reason")}
        return flat

    def to_arrow(self) -> pa.Table:
        """The records as an Arrow table."""
        import pyarrow

        return pyarrow.Table.from_pylist(self.records())

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
        weighted = f", weighted by {self.weight}" if self.weight else ", unweighted"
        return (weighted if self.metric.table == "answers" else "") + (f", where {self.where}" if self.where else "")

    def _repr_html_(self) -> str:
        """A small table for notebooks; every text is escaped."""
        heads = [*self.by, self.metric.label, "interval", "n"]
        head = "".join(f"<th>{html.escape(text)}</th>" for text in heads)
        body = "".join(f"<tr>{_cells(row)}</tr>" for row in self.rows)
        caption = html.escape(self.sentence())
        return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def named(group: Sequence[str | None]) -> str:
    """A group's name for people: its values, and "none" where there is none."""
    return " / ".join("none" if value is None else value for value in group) or "all"


def _told(result: Result) -> str:
    if isinstance(result, Estimate):
        return f"{shown(result)} ({interval(result)})"
    return f"is unknown: {result.reason}" if isinstance(result, NoEstimate) else str(result)


def _cells(row: Score) -> str:
    result = row.result
    if isinstance(result, Estimate):
        texts = [shown(result), interval(result), f"{result.n:,}"]
    elif isinstance(result, NoEstimate):
        texts = ["–", result.reason, "" if result.n is None else f"{result.n:,}"]
    else:
        texts = [f"{result.value.quantize(Decimal('0.01')):,} {result.unit}", "exact sum", f"{result.n:,}"]
    return "".join(f"<td>{html.escape(text)}</td>" for text in (*(v or "none" for v in row.group), *texts))
