"""The tables of one import number on one engine, with the zone and money they are read in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import ibis

from touchstone.core.errors import UnknownName
from touchstone.core.nouns import NOUNS, Column, noun_named
from touchstone.core.period import GRAINS, Grain, Period
from touchstone.core.settings import Joining
from touchstone.core.where import Condition
from touchstone.engine import companies
from touchstone.engine.connect import Engine, Fetched, Table
from touchstone.engine.merges import Joined, join
from touchstone.engine.times import local, period_label
from touchstone.engine.where import keep

_LATEST = "customer."  # `customer.segment`: the value now, not the one copied when the answer was given
_RENAMED = "attr_"  # `attr_n`: the column n, where n itself is the name of a sum
ACCOUNT = "account:"  # begins the cluster of people who belong to a company
LARGE = 1_000_000  # rows
SURVEY_WEIGHT = "survey_weight"  # the weight of an answer in a survey that is weighted, one in every other


@dataclass(frozen=True, slots=True)
class TableSource:
    """Where one table's rows are: Parquet files, and the columns they may have."""

    files: tuple[str, ...]
    columns: tuple[Column, ...]


@dataclass(slots=True)
class Data:
    """What analyses read. Opened once per command (and per thread), at one import number.

    `zone` decides what a day and a month are; `currency` and `rates` (currency to factor) turn amounts into one money;
    `weighted` are the sources whose answers count by their `weight` without being asked to.
    `released` is the log of what was given out of protected answers, `earlier` opens the data of another import on the
    same engine; both are None where there is no workspace.
    `now` is the moment up to which anything can have happened: that of the import. Later times are plans or mistakes.
    `business_hours` is (first weekday, last weekday, opening minute, closing minute), Monday 0.
    """

    engine: Engine
    tables: Dict[str, TableSource]
    number: int
    zone: str = "UTC"
    currency: str = "EUR"
    rates: Dict[str, Decimal] = field(default_factory=dict)
    business_hours: tuple[int, int, int, int] = (0, 4, 9 * 60, 17 * 60)
    weighted: tuple[str, ...] = ()
    joining: Joining = field(default_factory=Joining)
    domains: Dict[str, str] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    released: Path | None = None
    earlier: Callable[[int], Data] | None = None
    _views: dict[str, Table] = field(default_factory=dict)
    _large: dict[str, bool] = field(default_factory=dict)
    _named: dict[str, bool] = field(default_factory=dict)
    _spans: dict[str, tuple[datetime, datetime] | None] = field(default_factory=dict)
    _who: Table | None = None
    _who_known: bool = False
    _of_accounts: dict[str, int] = field(default_factory=dict)
    _joined: Joined | None = None
    _joined_known: bool = False

    @property
    def default_weight(self) -> str | None:
        """The column that answers are weighted by where nothing is said; None where no survey is weighted."""
        return SURVEY_WEIGHT if self.weighted else None

    def has(self, name: str) -> bool:
        """Whether any row was ever imported into the table."""
        return bool(self.tables.get(noun_named(name).name, TableSource((), ())).files)

    def table(self, name: str) -> Table:
        """The table of a noun; a typed, empty one when nothing was imported into it."""
        if name not in self._views:
            noun = noun_named(name)
            source = self.tables.get(name, TableSource((), (*noun.columns, Column("source"))))
            known = {column.name for column in source.columns}
            # an older import may not know all of the noun's columns yet
            missing = (column for column in noun.columns if column.name not in known)
            self._views[name] = self.engine.view(name, source.files, (*source.columns, *missing))
        return self._views[name]

    def fetch(self, query: Table) -> Fetched:
        """Run a query that gives a few rows."""
        return self.engine.fetch(query)

    def prepared(self, name: str, columns: Sequence[str], conditions: Sequence[Condition] = ()) -> Table:
        """The table with every one of `columns` present and only the rows for which `conditions` hold.

        Columns may be the table's own, the periods of the calendar (year, quarter, month, week, day) in the
        workspace's time zone, `customer.X`: the customer's latest X, or `attr_X`: X under another name.
        """
        table = self.table(name)
        for column in dict.fromkeys([*columns, *(condition.column for condition in conditions)]):
            if column not in table.columns:
                table = self._with(table, name, column)
        return keep(table, conditions, zone=self.zone)

    def during(self, table: Table, name: str, period: Period) -> Table:
        """The rows of `table` that happened within `period`; those known by wave only, if the wave lies within it."""
        noun = NOUNS[name]
        if noun.time is None:
            return table
        time = table[noun.time]
        inside = (time >= self.midnight(period.start)) & (time < self.midnight(period.end))
        if "period" in table.columns:
            inside |= table[noun.time].isnull() & _wave_within(table["period"], period)
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
        alone = table[NOUNS[name].key]
        if "submission_id" in table.columns:
            alone = ibis.coalesce(table["submission_id"], alone)
        if "customer_id" in table.columns:
            # the key and the submission are the widest columns there are: not read where they cannot count
            alone = table["customer_id"] if self._all_known(name) else ibis.coalesce(table["customer_id"], alone)
        if "account_id" in table.columns:
            table = table.mutate(_alone=alone)
            table = companies.rolled(table, table["account_id"], self.parents())
            whole = ibis.coalesce(ibis.literal(ACCOUNT) + table["_whole"], table["_alone"])
            return self._with_people(table.mutate(cluster=whole).drop("_whole", "_alone"))
        return self._with_people(table.mutate(cluster=alone))

    def _with_people(self, table: Table) -> Table:
        """`table` with the `cluster` of everybody who counts as one with others."""
        who = self._people() if "customer_id" in table.columns else None
        if who is None:
            return table
        joined = table.left_join(who, table["customer_id"] == who["who_id"])
        return joined.mutate(cluster=ibis.coalesce(joined["who_cluster"], joined["cluster"])).drop(
            "who_id", "who_cluster"
        )

    def is_large(self, name: str) -> bool:
        """Whether the table has so many rows that how they are grouped matters; DuckDB reads that off the files."""
        if name not in self._large:
            asked = self.engine.name == "duckdb" and self.has(name)
            rows = self.table(name).count().name("n").as_table() if asked else None
            self._large[name] = rows is not None and self.fetch(rows).rows[0]["n"] >= LARGE
        return self._large[name]

    def span(self, name: str) -> tuple[datetime, datetime] | None:
        """The first and the last time of the table; None where it has none."""
        if name not in self._spans:
            rows = self.table(name)
            time = rows[NOUNS[name].time or ""]
            found = self.fetch(rows.aggregate(first=time.min(), last=time.max())).rows[0]
            self._spans[name] = (found["first"], found["last"]) if found["first"] else None
        return self._spans[name]

    def newest(self, rows: Table, *columns: str) -> datetime | None:
        """Up to when the rows tell: the newest time in `columns` that is not after `now`; None where there is none."""
        moments = [rows[column].cast("timestamp('UTC')") for column in columns]  # Spark forgets the zone
        sums = {f"newest_{place}": at.max(where=at <= self.moment()) for place, at in enumerate(moments)}
        found = self.fetch(rows.aggregate(**sums)).rows[0].values()
        return max((time for time in found if time is not None), default=None)

    def moment(self) -> Any:
        """`now`, for a query."""
        return ibis.literal(self.now.astimezone(UTC)).cast("timestamp('UTC')")

    def _all_known(self, name: str) -> bool:
        """Whether every row of a large table says who its customer is; the files' own statistics tell."""
        if name not in self._named:
            nobody = self.table(name).filter(lambda t: t.customer_id.isnull()) if self.is_large(name) else None
            found = None if nobody is None else self.fetch(nobody.aggregate(n=nobody.count())).rows[0]["n"]
            self._named[name] = found == 0
        return self._named[name]

    def with_person(self, table: Table) -> Table:
        """`table` with `person`: the customer, or who they are where they have several numbers."""
        merged = self.merged()
        if merged is None:
            return table.mutate(person=table["customer_id"])
        known = merged.select(_number="customer_id", _person="person")
        joined = table.left_join(known, table["customer_id"] == known["_number"])
        return joined.mutate(person=ibis.coalesce(joined["_person"], joined["customer_id"])).drop("_number", "_person")

    def _people(self) -> Table | None:
        """Customers who count as one with others: (who_id, who_cluster), only where that is not the customer alone."""
        if not self._who_known:
            self._who = self._find_people()
            self._who_known = True
        return self._who

    def _find_people(self) -> Table | None:
        merged = self.merged()
        accounts = self._accounts()
        if merged is None:
            return None if accounts is None else self.engine.keep(accounts.select("who_id", "who_cluster"))
        people = merged.select(who_id="customer_id", person="person")
        people = people.union(people.select(who_id="person", person="person").distinct())
        if accounts is None:
            return self.engine.keep(people.select("who_id", who_cluster="person"))
        # the account of a person may be known under any of their numbers; of several the first stands for all
        joined = people.left_join(accounts, "who_id")
        owned = joined.group_by("person").aggregate(
            sure=joined.who_cluster.min(where=joined.declared), account=joined.who_cluster.min()
        )
        members = people.join(owned, "person")
        members = members.select("who_id", who_cluster=ibis.coalesce(members.sure, members.account, members.person))
        others = accounts.anti_join(members, "who_id")
        return self.engine.keep(members.union(others.select("who_id", "who_cluster")))

    def _accounts(self) -> Table | None:
        """The numbers that belong to an account: (who_id, who_cluster, declared); None where there are none."""
        customers = self.table("customers") if self.has("customers") else None
        by_domain = self.has("identities") and (self.domains or self._filled("domain"))
        names = self.table("identities") if by_domain else None
        if customers is None and names is None:
            return None
        accounts = self.table("accounts") if by_domain and self._filled("domain") else None
        found = companies.members(customers, names, accounts, self.domains)
        found = companies.rolled(found, found.account, self.parents())
        found = found.select("who_id", "declared", who_cluster=ibis.literal(ACCOUNT) + found["_whole"])
        some = self.fetch(found.aggregate(n=found.count())).rows[0]["n"]
        return found if some else None

    def parents(self) -> Table | None:
        """(account_id, parent_id) of the accounts that are a part of another; None where there are none."""
        return companies.parents(self.table("accounts")) if self._filled("parent_id") else None

    def _filled(self, column: str) -> bool:
        """Whether any account has this column."""
        if not self.has("accounts"):
            return False
        if not self._of_accounts:
            accounts = self.table("accounts")
            counts = {name: accounts[name].count() for name in ("domain", "parent_id")}
            self._of_accounts.update(self.fetch(accounts.aggregate(**counts)).rows[0])
        return bool(self._of_accounts[column])

    def _with(self, table: Table, name: str, column: str) -> Table:
        if column in GRAINS:
            return table.mutate(**{column: self._period(table, name, column)})
        if column == SURVEY_WEIGHT and "weight" in table.columns:
            own = ibis.coalesce(table["source"].isin(self.weighted), False)
            return table.mutate(**{column: own.ifelse(table["weight"].cast("float64"), 1.0)})
        renamed = column.removeprefix(_RENAMED)
        if renamed != column and renamed in table.columns:
            return table.mutate(**{column: table[renamed]})
        if column.startswith(_LATEST) and "customer_id" in table.columns:
            attribute = column.removeprefix(_LATEST)
            if attribute not in self.table("customers").columns:
                raise UnknownName.among("column of customers", attribute, self.table("customers").columns)
            return self._with_latest(table, attribute, column)
        known = [*table.columns, *(GRAINS if NOUNS[name].time else ())]
        raise UnknownName.among(f"column of {name}", column, known)

    def _with_latest(self, table: Table, attribute: str, column: str) -> Table:
        """`table` with the latest `attribute` of each customer, from another of their numbers where this has none."""
        customers = self.table("customers")
        own = customers.select(latest_id="customer_id", **{column: customers[attribute]})
        known = table.left_join(own, table["customer_id"] == own["latest_id"]).drop("latest_id")
        merged = self.merged()
        if merged is None:
            return known
        person = merged.select(other_id="customer_id", person_id="person")
        kept = customers.left_join(person, customers["customer_id"] == person["other_id"])
        kept = kept.mutate(latest_id=ibis.coalesce(kept["person_id"], kept["customer_id"]))
        shared = kept.group_by("latest_id").aggregate(_shared=kept[attribute].max())
        asked = known.left_join(person, known["customer_id"] == person["other_id"])
        asked = asked.mutate(_person=ibis.coalesce(asked["person_id"], asked["customer_id"]))
        joined = asked.left_join(shared, asked["_person"] == shared["latest_id"])
        joined = joined.mutate(**{column: ibis.coalesce(joined[column], joined["_shared"])})
        return joined.drop("latest_id", "_person", "person_id", "other_id", "_shared")

    def joined(self) -> Joined | None:
        """Which customer numbers are one person, and by what; found once. None where no two are."""
        if not self._joined_known:
            names = self.table("identities") if self.has("identities") else None
            decisions = self.table("merges") if self.has("merges") else None
            self._joined = join(self.engine, names, decisions, self.joining)
            self._joined_known = True
        return self._joined

    def merged(self) -> Table | None:
        """The numbers that are somebody else: (customer_id, person). None where there are none."""
        found = self.joined()
        return None if found is None else found.people

    def _period(self, table: Table, name: str, grain: Grain) -> Any:
        time = NOUNS[name].time
        if time is None:
            raise UnknownName.among(f"column of {name}", grain, table.columns)
        label = period_label(local(table[time], self.zone, self.engine.name), grain)
        if "period" not in table.columns:
            return label
        return ibis.coalesce(label, _wave(table["period"], grain))


def _wave(known: Any, grain: Grain) -> Any:
    """The period that a wave's label (2017, 2017-Q3, 2017-03, 2017-W09, 2017-03-31) lies in, or null."""
    nothing = ibis.null("string")
    if grain == "year":
        return known.re_search(r"^[0-9]{4}(-|$)").ifelse(known.left(4), nothing)
    if grain == "month":
        return known.re_search(r"^[0-9]{4}-[0-9]{2}(-|$)").ifelse(known.left(7), nothing)
    if grain == "quarter":
        named = known.re_search(_WAVES["quarter"])
        quarter = ((known.substr(5, 2).try_cast("int64") + 2) / 3).floor().cast("int64").cast("string")
        dated = known.re_search(r"^[0-9]{4}-[0-9]{2}(-|$)")
        return ibis.cases((named, known), (dated, known.left(5) + "Q" + quarter), else_=nothing)
    return known.re_search(_WAVES[grain]).ifelse(known, nothing)


def _wave_within(known: Any, period: Period) -> Any:
    """Whether a wave's label names a period that lies wholly within `period`; a missing one does not."""
    inside = ibis.literal(False)
    for grain in GRAINS:
        first, last = Period.containing(period.start, grain), Period.containing(period.end - timedelta(days=1), grain)
        if first.start < period.start:
            first = Period.containing(first.end, grain)
        if last.end > period.end:
            last = Period.containing(last.start - timedelta(days=1), grain)
        if first.start <= last.start:
            inside |= known.re_search(_WAVES[grain]) & known.between(first.label, last.label)
    return ibis.coalesce(inside, False)


_WAVES: dict[Grain, str] = {
    "year": "^[0-9]{4}$",
    "quarter": "^[0-9]{4}-Q[1-4]$",
    "month": "^[0-9]{4}-[0-9]{2}$",
    "week": "^[0-9]{4}-W[0-9]{2}$",
    "day": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
}
