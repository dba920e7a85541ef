"""What a metric needs of the data, and the refusal that names what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from touchstone.core.errors import Refused
from touchstone.core.metric import (
    Amount,
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
from touchstone.core.nouns import NOUNS
from touchstone.core.where import parse_where
from touchstone.engine.data import Data
from touchstone.engine.quality import filled
from touchstone.measure.metrics import metric_named


@dataclass(frozen=True, slots=True)
class Need:
    """A table, and the columns of it that must have a value somewhere."""

    table: str
    columns: tuple[str, ...]


def needs(metric: Metric) -> tuple[Need, ...]:
    """What the metric cannot do without."""
    form = metric.form
    if isinstance(form, Ratio):
        return tuple(_part(part) for part in (form.top, form.bottom))
    if isinstance(form, Spread):
        return (*needs(metric_named(form.of)), Need(metric.table, (form.between,)))
    if isinstance(form, Forecast) or (isinstance(form, Retention) and metric.table == "orders"):
        return (Need("orders", ("customer_id",)),)
    return (Need(metric.table, tuple(dict.fromkeys(_columns(form)))),)


def _part(part: Part) -> Need:
    columns = [*_conditions(part.where), *([part.sum] if part.sum else []), *(["customer_id"] * part.customers)]
    return Need(part.table, tuple(dict.fromkeys(columns)))


def _columns(form: Form) -> tuple[str, ...]:
    match form:
        case Score():
            return ("metric", "score")
        case Share():
            return *_conditions(form.among), *_conditions(form.counts)
        case Duration():
            return *((form.seconds,) if form.seconds else (form.start, form.end)), *_conditions(form.among)
        case Repeat():
            return ("customer_id",)
        case Retention():
            return ("monthly_amount",) if form.of == "money" else ()
        case Amount():
            return ("customer_id",) if form.per == "customer" else ()
        case Response():
            return ("completed_at",)
        case _:
            return tuple(_further(form))


def _further(form: Form) -> Iterator[str]:
    match form:
        case Count() | Mean():
            yield from _conditions(form.among)
        case Followed():
            yield from (form.after, form.next, "customer_id", *form.same, *_conditions(form.among))
        case Reach():
            yield from (form.per, *_conditions(form.among), *_conditions(form.counts))
        case Index() | Gap():
            yield from ("metric", "score", "submission_id")
        case _:
            return


def _conditions(text: str) -> tuple[str, ...]:
    return tuple(condition.column for condition in parse_where(text))


def demand(data: Data, metric: Metric) -> None:
    """Refused where a table or a column that the metric needs holds nothing, and what would help."""
    for need in needs(metric):
        if not data.has(need.table):
            raise Refused(f"There are no {need.table} yet.", hint=f"import them: touchstone add {need.table}.csv")
        known = data.table(need.table).columns
        present = filled(data, need.table, [name for name in need.columns if name in known])
        for column in need.columns:
            if not present.get(column):
                raise lacking(metric, need.table, column)


def lacking(metric: Metric, table: str, column: str) -> Refused:
    """The refusal that names the column."""
    own = column in NOUNS[table].column_names
    how = f"name it in the mapping (touchstone add {table}.csv --show-mapping)"
    hint = how if own else f"keep the file's column '{column}', or {how}"
    return Refused(f"The {table} have no {column}, so '{metric.name}' cannot be told.", hint=f"{hint}.")
