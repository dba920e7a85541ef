"""Durations, repeat purchases, retention and money on both engines, against recounts in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

import pytest
from tests.engines import world as made
from tests.engines.conftest import opened
from tests.engines.world import World

from touchstone.core.errors import Refused
from touchstone.core.metric import Amount, Duration, Metric
from touchstone.core.period import Period
from touchstone.core.where import parse_where
from touchstone.engine.connect import DuckDB
from touchstone.engine.data import Data
from touchstone.engine.durations import duration_counts
from touchstone.engine.moments import SUMS, moments
from touchstone.engine.rows import Question, measured_rows, total
from touchstone.measure.metrics import built_in
from touchstone.stats.moments import Moments

METRICS = built_in()


def sums_of(data: Data, name: str, question: Question) -> dict[Any, dict[str, Any]]:
    rows = data.fetch(moments(measured_rows(data, METRICS[name], question), question.by, centre=50.0)).rows
    return {tuple(row[column] for column in question.by): row for row in rows}


def agree(found: dict[str, Any], x: list[float], cluster: list[str]) -> bool:
    expected = Moments.of(x, None, cluster, centre=50.0)
    return all(found[name] == pytest.approx(getattr(expected, name), rel=1e-9) for name in SUMS)


def seconds(time: datetime) -> int:
    return int((time - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // 1)


@cache
class Clock:
    """Minute by minute through all of the made years: whether business was open, and how many minutes so far."""

    def __init__(self, hours: tuple[int, int, int, int]) -> None:
        first, last, opening, closing = hours
        self.start = datetime(2016, 11, 1, tzinfo=UTC)
        self.passed = [0]
        for minute in range(500 * 1440):
            wall = made.wall(self.start + timedelta(minutes=minute))
            of_day = wall.hour * 60 + wall.minute
            is_open = first <= wall.weekday() <= last and opening <= of_day < closing
            self.passed.append(self.passed[-1] + is_open)

    def until(self, time: datetime) -> int:
        return self.passed[int((time - self.start) // timedelta(minutes=1))]


@pytest.mark.parametrize("hours", ["calendar", "business"])
def test_durations_per_minute_and_replicate_group(
    data: Data, world: World, clusters: dict[str, str], hours: str
) -> None:
    form = Duration(start="opened_at", end="resolved_at", open_until="closed_at", hours=hours)  # type: ignore[arg-type]
    metric = Metric(name="resolution", label="", table="tickets", unit="hours", form=form)
    clock = Clock(data.business_hours) if hours == "business" else None
    tickets = list(world.rows("tickets", "ticket_id", "customer_id", "opened_at", "resolved_at", "closed_at", "team"))
    newest = max(time for row in tickets for time in row[2:5] if time is not None)
    expected: Counter[Any] = Counter()
    for ticket, who, opened_at, resolved, closed, team in tickets:
        stop = resolved or closed or newest
        if stop < opened_at:
            continue
        minutes = (seconds(stop) - seconds(opened_at)) // 60
        if clock:
            minutes = clock.until(stop) - clock.until(opened_at)
        cluster = clusters.get(who, who) or ticket
        expected[team, minutes, resolved is not None, made.replicate(cluster, 64)] += 1
    rows = data.fetch(duration_counts(data, metric, form, Question(by=("team",)))).rows
    found = {(row["team"], row["minutes"], row["ended"], row["replicate"]): row["n"] for row in rows}
    assert found == dict(expected)
    assert sum(found.values()) == 6_000 - 32  # a ticket in five of the first forty is open, the others end too early


def test_business_around_the_clock_does_not_run_backwards_when_clocks_are_set_back(
    duckdb: DuckDB, world: World
) -> None:
    form = Duration(start="opened_at", end="resolved_at", hours="business")
    metric = Metric(name="resolution", label="", table="tickets", unit="hours", form=form)
    data = opened(duckdb, world, business_hours=(0, 6, 0, 1440))
    rows = data.fetch(duration_counts(data, metric, form, Question())).rows
    assert min(row["minutes"] for row in rows) == 0


def bought(world: World) -> dict[str, list[tuple[datetime, str, str | None]]]:
    orders = defaultdict(list)
    for order, who, paid, kind, unit in world.rows("orders", "order_id", "customer_id", "paid_at", "kind", "unit"):
        if who is not None and (kind or "purchase") in ("purchase", "renewal"):
            orders[who].append((paid, order, unit))
    return {who: sorted(found, key=lambda row: row[:2]) for who, found in orders.items()}


def test_who_bought_again_within_the_window(data: Data, world: World, clusters: dict[str, str]) -> None:
    bought_again(data, world, clusters, None)


def test_a_period_keeps_who_first_bought_in_it(local: Data, world: World, clusters: dict[str, str]) -> None:
    bought_again(local, world, clusters, "2017-02..2017-04")


def bought_again(data: Data, world: World, clusters: dict[str, str], period: str | None) -> None:
    newest = max(time for (time,) in world.rows("orders", "paid_at"))
    within = Period.parse(period) if period else None
    groups: dict[Any, tuple[list[float], list[str]]] = defaultdict(lambda: ([], []))
    for who, orders in bought(world).items():
        first, _, unit = orders[0]
        if within and not within.start <= made.wall(first).date() < within.end:
            continue
        if first + timedelta(days=90) <= newest:
            again = len(orders) > 1 and orders[1][0] <= first + timedelta(days=90)
            groups[(unit,)][0].append(100.0 * again)
            groups[(unit,)][1].append(clusters.get(who, who))
    found = sums_of(data, "repeat_purchase_rate", Question(by=("unit",), period=within))
    assert set(found) == set(groups) == {("shop 1",), ("shop 2",), (None,)}
    assert all(agree(found[key], *groups[key]) for key in groups)


def test_who_ever_bought_again(local: Data, world: World, clusters: dict[str, str]) -> None:
    orders = bought(world)
    found = sums_of(local, "repeat_customers_ever", Question())[()]
    assert agree(found, [100.0 * (len(o) > 1) for o in orders.values()], [clusters.get(who, who) for who in orders])


def test_who_stayed_through_a_period(data: Data, world: World, clusters: dict[str, str]) -> None:
    stayed(data, world, clusters, "retention", "2017-05..2017-08")


def test_who_left_in_the_last_thirty_days(local: Data, world: World, clusters: dict[str, str]) -> None:
    stayed(local, world, clusters, "churn", None)


def stayed(data: Data, world: World, clusters: dict[str, str], name: str, period: str | None) -> None:
    contracts = list(
        world.rows("subscriptions", "subscription_id", "customer_id", "account_id", "started_at", "ended_at")
    )
    if period:
        opening, closing = (made.midnight(day) for day in (Period.parse(period).start, Period.parse(period).end))
    else:
        closing = max(time for row in contracts for time in row[3:] if time is not None)
        opening = closing - timedelta(days=30)
    x, cluster = [], []
    for contract, who, account, started, ended in contracts:
        if started <= opening and (ended is None or ended > opening):
            lost = ended is not None and ended <= closing
            x.append(100.0 * (lost if name == "churn" else not lost))
            cluster.append(clusters.get(who) or (f"account:{account}" if account else who or contract))
    question = Question(period=Period.parse(period) if period else None)
    found = sums_of(data, name, question)[()]
    assert agree(found, x, cluster) and 0 < found["wx"] + 50 * found["w"] < 100 * found["w"]


def in_euros(world: World, rates: dict[str, Decimal]) -> list[tuple[str | None, str | None, Decimal]]:
    rows = []
    for who, amount, currency, kind, unit in world.rows("orders", "customer_id", "amount", "currency", "kind", "unit"):
        if (kind or "purchase") in ("purchase", "renewal"):
            rate = rates.get((currency or "EUR").upper(), Decimal(1))
            rows.append((who, unit, (amount * rate).quantize(Decimal("0.0001"), ROUND_HALF_UP)))
    return rows


def test_money_is_added_to_the_last_digit_in_one_currency(data: Data, world: World) -> None:
    rows = in_euros(world, dict(data.rates))
    found = data.fetch(total(data, Amount(), Question(by=("unit",)))).rows
    for row in found:
        amounts = [amount for _, unit, amount in rows if unit == row["unit"]]
        assert isinstance(row["total"], Decimal)
        assert (row["total"], row["n"]) == (sum(amounts), len(amounts))
    assert len(found) == 3


def test_what_a_customer_spent_in_each_shop(local: Data, world: World, clusters: dict[str, str]) -> None:
    spent: dict[Any, Decimal] = defaultdict(Decimal)
    for who, unit, amount in in_euros(world, dict(local.rates)):
        if who is not None:
            spent[unit, who] += amount
    found = sums_of(local, "revenue_per_customer", Question(by=("unit",)))
    for (unit,), row in found.items():
        mine = {who: float(amount) for (shop, who), amount in spent.items() if shop == unit}
        assert agree(row, list(mine.values()), [clusters.get(who, who) for who in mine])


def test_a_currency_without_a_rate_is_refused_in_one_sentence(local: Data, world: World) -> None:
    poor = opened(local.engine, world, rates={"USD": Decimal("0.9")})  # type: ignore[arg-type]
    with pytest.raises(Refused, match=r"^There are amounts in JPY, and no rate into EUR\.\n") as refused:
        total(poor, Amount(), Question())
    assert "touchstone.toml" in refused.value.hint


def test_without_amounts_no_rate_is_needed(duckdb: DuckDB, world: World) -> None:
    poor = opened(duckdb, world, rates={})
    assert sums_of(poor, "repeat_customers_ever", Question())[()]["n"] > 1_000


def test_a_share_counts_what_holds_among_what_is_known(data: Data, world: World, clusters: dict[str, str]) -> None:
    question = Question(by=("team",), where=parse_where("opened_at >= 2017-02"))
    found = sums_of(data, "sla_met", question)
    start = made.midnight(Period.parse("2017-02").start)
    for (team,), row in found.items():
        rows = [
            (100.0 * met, clusters.get(who, who) or ticket)
            for ticket, who, at, met, whose in world.rows(
                "tickets", "ticket_id", "customer_id", "opened_at", "sla_met", "team"
            )
            if met is not None and whose == team and at >= start
        ]
        assert agree(row, [x for x, _ in rows], [cluster for _, cluster in rows])
