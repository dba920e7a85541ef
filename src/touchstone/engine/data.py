"""The tables of one import number on one engine, with the zone and money they are read in."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import ibis

from touchstone.core.errors import UnknownName
from touchstone.core.nouns import NOUNS, Column, noun_named
from touchstone.core.period import GRAINS, Grain, Period
from touchstone.core.where import Condition
from touchstone.engine.connect import Engine, Fetched, Table
from touchstone.engine.people import same_people
from touchstone.engine.times import local, period_label
from touchstone.engine.where import keep

_LATEST = "customer."  # `customer.segment`: the value now, not the one copied when the answer was given


@dataclass(frozen=True, slots=True)
class TableSource:
    """Where one table's rows are: Parquet files, and the columns they may have."""

    files: tuple[str, ...]
    columns: tuple[Column, ...]


@dataclass(slots=True)
class Data:
    """What analyses read. Opened once per command (and per thread), at one import number.

    `zone` decides what a day and a month are; `currency` and `rates` (currency to factor) turn amounts into one money;
    `business_hours` is (first weekday, last weekday, opening minute, closing minute), Monday 0.
    """

    engine: Engine
    tables: Dict[str, TableSource]
    number: int
    zone: str = "UTC"
    currency: str = "EUR"
    rates: Dict[str, Decimal] = field(default_factory=dict)
    business_hours: tuple[int, int, int, int] = (0, 4, 9 * 60, 17 * 60)
    default_weight: bool = False
    _views: dict[str, Table] = field(default_factory=dict)
    _who: Table | None = None
    _who_known: bool = False

    def has(self, name: str) -> bool:
        """Whether any row was ever imported into the table."""
        return bool(self.tables.get(noun_named(name).name, TableSource((), ())).files)

    def table(self, name: str) -> Table:
        """The table of a noun; a typed, empty one when nothing was imported into it."""
        if name not in self._views:
            noun = noun_named(name)
            source = self.tables.get(name, TableSource((), (*noun.columns, Column("source"))))
            self._views[name] = self.engine.view(name, source.files, source.columns)
        return self._views[name]

    def fetch(self, query: Table) -> Fetched:
        """Run a query that gives a few rows."""
        return self.engine.fetch(query)

    def prepared(self, name: str, columns: Sequence[str], conditions: Sequence[Condition] = ()) -> Table:
        """The table with every one of `columns` present and only the rows for which `conditions` hold.

        Columns may be the table's own, the periods of the calendar (year, quarter, month, week, day) in the
        workspace's time zone, or `customer.X`: the customer's latest X.
        """
        table = self.table(name)
        for column in dict.fromkeys([*columns, *(condition.column for condition in conditions)]):
            if column not in table.columns:
                table = self._with(table, name, column)
        return keep(table, conditions)

    def during(self, table: Table, name: str, period: Period) -> Table:
        """The rows of `table` that happened within `period`; those known by wave only, if the wave lies within it."""
        noun = NOUNS[name]
        if noun.time is None:
            return table
        time = table[noun.time]
        inside = (time >= self.midnight(period.start)) & (time < self.midnight(period.end))
        if "period" in table.columns:
            inside |= table[noun.time].isnull() & table["period"].startswith(period.label)
        return table.filter(inside)

    def midnight(self, day: date) -> Any:
        """The moment at which `day` begins in the workspace's time zone."""
        begins = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone)).astimezone(UTC)
        return ibis.literal(begins).cast("timestamp('UTC')")

    def local_day(self, time: Any) -> Any:
        """The day that `time` lies in, where the company is: midnight, as a timestamp without a zone."""
        return local(time, self.zone, self.engine.name).truncate("D")

    def clustered(self, table: Table, name: str) -> Table:
        """`table` with `cluster`: the account if there is one, else the person, else the submission or the row."""
        alone = table["submission_id" if "submission_id" in table.columns else NOUNS[name].key]
        if "customer_id" not in table.columns:
            return table.mutate(cluster=alone)
        who = self._people()
        if who is None:
            return table.mutate(cluster=ibis.coalesce(table["customer_id"], alone))
        joined = table.left_join(who, table["customer_id"] == who["who_id"])
        cluster = ibis.coalesce(joined["who_cluster"], joined["customer_id"], joined[alone.get_name()])
        return joined.mutate(cluster=cluster).drop("who_id", "who_cluster")

    def _people(self) -> Table | None:
        """Customers who count as one with others: (who_id, who_cluster), only where that is not the customer alone."""
        if not self._who_known:
            self._who = self._find_people()
            self._who_known = True
        return self._who

    def _find_people(self) -> Table | None:
        merged = same_people(self.engine, self.table("identities")) if self.has("identities") else None
        accounts = self._accounts()
        if merged is None:
            return accounts
        people = merged.select(who_id="customer_id", person="person")
        if accounts is None:
            return self.engine.keep(people.select("who_id", who_cluster="person"))
        by_person = accounts.select(person="who_id", account="who_cluster")
        joined = people.left_join(by_person, "person")
        joined = joined.select("who_id", who_cluster=ibis.coalesce(joined.account, joined.person))
        others = accounts.anti_join(joined, "who_id")
        return self.engine.keep(ibis.union(joined, others.select("who_id", "who_cluster")))

    def _accounts(self) -> Table | None:
        if not self.has("customers"):
            return None
        customers = self.table("customers")
        members = customers.filter(customers.account_id.notnull())
        members = members.select(who_id="customer_id", who_cluster=ibis.literal("account:") + members.account_id)
        some = self.fetch(members.aggregate(n=members.count())).rows[0]["n"]
        return members if some else None

    def _with(self, table: Table, name: str, column: str) -> Table:
        if column in GRAINS:
            return table.mutate(**{column: self._period(table, name, column)})
        if column.startswith(_LATEST) and "customer_id" in table.columns:
            attribute = column.removeprefix(_LATEST)
            customers = self.table("customers")
            if attribute not in customers.columns:
                raise UnknownName.among("column of customers", attribute, customers.columns)
            latest = customers.select(latest_id="customer_id", **{column: customers[attribute]})
            return table.left_join(latest, table["customer_id"] == latest["latest_id"]).drop("latest_id")
        known = [*table.columns, *(GRAINS if NOUNS[name].time else ())]
        raise UnknownName.among(f"column of {name}", column, known)

    def _period(self, table: Table, name: str, grain: Grain) -> Any:
        time = NOUNS[name].time
        if time is None:
            raise UnknownName.among(f"column of {name}", grain, table.columns)
        label = period_label(local(table[time], self.zone, self.engine.name), grain)
        if "period" not in table.columns:
            return label
        known = table["period"]
        wave = known.left(4) if grain == "year" else known.re_search(_PERIOD_FORM[grain]).ifelse(known, None)
        return ibis.coalesce(label, wave)


_PERIOD_FORM: dict[Grain, str] = {
    "quarter": r"^\d{4}-Q[1-4]$",
    "month": r"^\d{4}-\d{2}$",
    "week": r"^\d{4}-W\d{2}$",
    "day": r"^\d{4}-\d{2}-\d{2}$",
}
