"""What customers did after they answered, counted once more from the exported files in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from tests.conftest import Simulated

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.engine.data import Data
from touchstone.engine.histories import histories
from touchstone.engine.outcomes import days_to_buying, days_to_leaving, landmarks, spent_after
from touchstone.engine.rows import Question
from touchstone.measure import forecast as forecasting
from touchstone.measure.metrics import metric_named
from touchstone.stats.buying import Customers
from touchstone.stats.clv import purchases_ahead
from touchstone.value.table import ValueTable, value_table

NPS = metric_named("nps")
BERLIN = ZoneInfo("Europe/Berlin")
ASKED = "Q1 How likely are you to recommend us to a friend or colleague?"
WINDOW = timedelta(days=365)


def moment(text: str) -> datetime:
    """A time with a zone, or one on a wall in Berlin, in UTC."""
    read = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (read if read.tzinfo else read.replace(tzinfo=BERLIN)).astimezone(UTC)


def days_between(start: datetime, end: datetime) -> int:
    return ceil((int(end.timestamp()) - int(start.timestamp())) / 86_400)


@dataclass
class Recount:
    """The files by cluster: first answers with their band, contracts, and purchases."""

    people: dict[str, tuple[datetime, str]]
    contracts: dict[str, list[tuple[datetime, datetime | None]]]
    orders: dict[str, list[tuple[datetime, float, str]]]
    newest_contract: datetime
    newest_order: datetime

    def bought(self, cluster: str) -> list[datetime]:
        return sorted(paid for paid, _, kind in self.orders[cluster] if kind != "refund")


@pytest.fixture(scope="module")
def recount(company: Simulated) -> Recount:
    clusters = {row["customer_id"]: row["account_id"] or row["customer_id"] for row in company.rows("customers.csv")}
    by_mail = {row["email"]: clusters[row["customer_id"]] for row in company.rows("customers.csv")}
    first: dict[str, tuple[datetime, str]] = {}
    for row in company.rows("survey.csv"):
        if row[ASKED] and row["RecipientEmail"]:
            score, at = int(row[ASKED]), moment(row["RecordedDate"])
            band = "promoters" if score >= 9 else "passives" if score >= 7 else "detractors"
            cluster = by_mail[row["RecipientEmail"]]
            if cluster not in first or at < first[cluster][0]:
                first[cluster] = (at, band)
    contracts, orders = defaultdict(list), defaultdict(list)
    for row in company.rows("subscriptions.csv"):
        ended = moment(row["ended_at"]) if row["ended_at"] else None
        contracts[clusters[row["customer_id"]]].append((moment(row["started_at"]), ended))
    for row in company.rows("orders.csv"):
        paid = (moment(row["paid_at"]), float(row["amount"]), row["kind"])
        orders[clusters[row["customer_id"]]].append(paid)
    times = [time for terms in contracts.values() for term in terms for time in term if time]
    newest = max(paid for paids in orders.values() for paid, *_ in paids)
    return Recount(first, contracts, orders, max(times), newest)


@pytest.fixture(scope="module")
def table(company: Simulated) -> ValueTable:
    return value_table(company.data, NPS)


def survival(counts: Counter[tuple[int, bool]], day: int) -> float:
    """The product-limit estimate in percent (Kaplan and Meier 1958), step by step."""
    share, at_risk = 1.0, counts.total()
    for time in sorted({days for days, _ in counts}):
        if time > day:
            break
        share *= 1 - counts[time, True] / at_risk
        at_risk -= counts[time, True] + counts[time, False]
    return 100 * share


def leaving(recount: Recount) -> dict[str, Counter[tuple[int, bool]]]:
    counts: defaultdict[str, Counter[tuple[int, bool]]] = defaultdict(Counter)
    for cluster, (answered, band) in recount.people.items():
        terms = recount.contracts[cluster]
        if not any(start <= answered and (end is None or end > answered) for start, end in terms):
            continue
        ends = [end for _, end in terms]
        gone = None if None in ends else max(end for end in ends if end)
        stop = gone if gone and gone <= recount.newest_contract else recount.newest_contract
        counts[band][days_between(answered, stop), gone is not None] += 1
    return counts


def buying(recount: Recount) -> dict[str, Counter[tuple[int, bool]]]:
    counts: defaultdict[str, Counter[tuple[int, bool]]] = defaultdict(Counter)
    for cluster, (answered, band) in recount.people.items():
        if answered <= recount.newest_order:
            later = [paid for paid in recount.bought(cluster) if paid > answered]
            stop = later[0] if later else recount.newest_order
            counts[band][days_between(answered, stop), bool(later)] += 1
    return counts


def counted(rows: list[dict[str, object]]) -> dict[str, Counter[tuple[int, bool]]]:
    found: defaultdict[str, Counter[tuple[int, bool]]] = defaultdict(Counter)
    for row in rows:
        found[str(row["band"])][row["days"], row["ended"]] += row["n"]
    return found


def test_each_person_counts_once_by_the_first_answer(table: ValueTable, recount: Recount) -> None:
    sizes = Counter(band for _, band in recount.people.values())
    assert {group.band: group.people for group in table.groups} == dict(sizes)
    assert [group.band for group in table.groups] == ["promoters", "passives", "detractors"]


def test_days_to_leaving_are_those_counted_by_hand(company: Simulated, recount: Recount) -> None:
    data = company.data
    with data.engine.kept(landmarks(data, NPS, Question())) as people:
        found = counted(data.fetch(days_to_leaving(data, people)).rows)
    expected = leaving(recount)
    assert found == expected
    assert sum(counts.total() for counts in expected.values()) > 300


def test_days_to_the_next_order_are_those_counted_by_hand(company: Simulated, recount: Recount) -> None:
    data = company.data
    with data.engine.kept(landmarks(data, NPS, Question())) as people:
        found = counted(data.fetch(days_to_buying(data, people)).rows)
    assert found == buying(recount)


def test_retention_and_repeat_purchase_are_the_product_limit_of_these_counts(
    table: ValueTable, recount: Recount
) -> None:
    left, again = leaving(recount), buying(recount)
    for group in table.groups:
        assert isinstance(group.retained, Estimate)
        assert isinstance(group.again, Estimate)
        assert group.retained.value == pytest.approx(survival(left[group.band], 365))
        assert group.again.value == pytest.approx(100 - survival(again[group.band], 90))
        assert (group.retained.n, group.again.n) == (left[group.band].total(), again[group.band].total())


def test_the_curves_pass_through_the_shares_beside_them(table: ValueTable) -> None:
    for group in table.groups:
        for curve, share, day in ((group.staying, group.retained, 365), (group.buying, group.again, 90)):
            assert curve is not None
            assert isinstance(share, Estimate)
            place = int(np.searchsorted(curve.days, day, side="right")) - 1
            assert curve.percent[place] == pytest.approx(share.value)
            assert np.isfinite([curve.low, curve.high]).all()
            assert all(
                low <= middle <= high for low, middle, high in zip(curve.low, curve.percent, curve.high, strict=True)
            )


def test_what_they_paid_is_counted_net_of_refunds_for_those_followed_a_year(
    company: Simulated, table: ValueTable, recount: Recount
) -> None:
    paid: defaultdict[str, list[float]] = defaultdict(list)
    for cluster, (answered, band) in recount.people.items():
        if answered + WINDOW <= recount.newest_order:
            within = [amount for at, amount, _ in recount.orders[cluster] if answered < at <= answered + WINDOW]
            paid[band].append(sum(within))
    for group in table.groups:
        assert isinstance(group.spent, Estimate)
        assert (group.spent.value, group.spent.n) == (pytest.approx(np.mean(paid[group.band])), len(paid[group.band]))
        assert group.spent.se == pytest.approx(np.std(paid[group.band], ddof=1) / len(paid[group.band]) ** 0.5)
    data = company.data
    with data.engine.kept(landmarks(data, NPS, Question())) as people:
        rows = data.fetch(spent_after(data, people, 365)).rows
    assert sorted(round(row["x"], 2) for row in rows) == sorted(round(x, 2) for band in paid.values() for x in band)


def histories_of(recount: Recount) -> list[tuple[int, float, float, float]]:
    """(x, t_x, T, mean amount) of everybody who bought, in weeks and local days."""
    final = recount.newest_order.astimezone(BERLIN).date()
    found = []
    for orders in recount.orders.values():
        days: defaultdict[object, float] = defaultdict(float)
        for paid, amount, kind in orders:
            if kind != "refund":
                days[paid.astimezone(BERLIN).date()] += amount
        if days:
            first, *repeats = sorted(days)
            last = (max(days) - first).days / 7
            mean = sum(days[day] for day in repeats) / len(repeats) if repeats else 0.0
            found.append((len(repeats), last, ((final - first).days + 1) / 7, round(mean, 2)))
    return found


def test_purchase_histories_are_those_counted_by_hand(company: Simulated, recount: Recount) -> None:
    rows = company.data.fetch(histories(company.data)).rows
    found = Counter({(row["x"], row["last"], row["age"]): 0 for row in rows})
    for row in rows:
        found[row["x"], row["last"], row["age"]] += row["count"]
    expected = histories_of(recount)
    assert found == Counter((x, last, age) for x, last, age, _ in expected)
    spent = sorted(row["spend"] for row in rows for _ in range(row["count"]))
    np.testing.assert_allclose(spent, sorted(mean for *_, mean in expected), atol=0.01001)  # half cents go either way


def test_the_forecast_is_that_of_one_row_per_customer(company: Simulated, table: ValueTable, recount: Recount) -> None:
    x, last, age, spend = (np.array(column) for column in zip(*histories_of(recount), strict=True))
    one_by_one = Customers.of(x, last, age, spend=spend)
    models = forecasting.fit_models(company.data)
    assert models.customers.n == len(x) == one_by_one.n
    ours, theirs = (purchases_ahead(models.buying, people, 12.0) for people in (models.customers, one_by_one))
    assert ours.value == pytest.approx(theirs.value, rel=1e-9)
    assert (ours.low, ours.high) == (theirs.low, theirs.high)
    worth = models.worth(one_by_one, months=12, currency="EUR", level=0.95)
    assert isinstance(table.everyone, Estimate)
    assert isinstance(worth, Estimate)
    assert table.everyone.value == pytest.approx(worth.value, rel=1e-4)  # mean amounts are kept to the cent
    assert table.everyone.low <= worth.low * (1 + 1e-4)  # past errors widen it, where there is history for them
    assert table.everyone.high >= worth.high * (1 - 1e-4)


def test_groups_and_strangers_add_up_to_everybody(table: ValueTable) -> None:
    forecasts = [group.forecast for group in table.groups]
    assert all(isinstance(forecast, Estimate) for forecast in forecasts)
    assert sum(forecast.value for forecast in forecasts) < table.everyone.value
    assert sum(forecast.n for forecast in forecasts) < table.everyone.n


def test_amounts_carry_no_grade(table: ValueTable) -> None:
    records = table.records()
    assert {row["metric"] for row in records} == {"retained", "again", "spent", "forecast"}
    assert {row["grade"] for row in records} == {None}
    assert any("correlation only" in note for note in table.notes)


def test_chance_is_in_the_interval_of_a_forecast(table: ValueTable) -> None:
    for group in table.groups:
        assert isinstance(group.forecast, Estimate)
        assert group.forecast.se / group.forecast.value > 0.3 / group.forecast.n**0.5


SURVEY = "ResponseId,customer_id,Date,NPS\n" + "".join(
    f"R{n},C{n % 60},2024-{1 + n % 6:02d}-{1 + n % 28:02d},{n % 11}\n" for n in range(120)
)


def reasons(table: ValueTable, name: str) -> set[str]:
    return {result.reason for group in table.groups if isinstance(result := getattr(group, name), NoEstimate)}


def test_without_orders_and_memberships_each_amount_says_what_to_add(imported: Callable[..., Data]) -> None:
    table = value_table(imported({"survey.csv": SURVEY}), NPS)
    assert sum(group.people for group in table.groups) == 60
    assert reasons(table, "retained") == {
        "needs subscriptions of customers who answered: touchstone add subscriptions.csv"
    }
    for name in ("again", "spent", "forecast"):
        assert reasons(table, name) == {"needs orders of customers who answered: touchstone add orders.csv"}
    assert isinstance(table.everyone, NoEstimate)


def test_orders_without_customers_are_a_reason_not_nought(imported: Callable[..., Data]) -> None:
    orders = "order_id,paid_at,amount\n" + "".join(f"{n},2024-{1 + n % 12:02d}-03,10\n" for n in range(50))
    table = value_table(imported({"survey.csv": SURVEY, "orders.csv": orders}), NPS)
    for name in ("again", "spent", "forecast"):
        assert reasons(table, name) == {"no order has a customer, so nobody's buying can be followed"}


def test_orders_of_strangers_are_a_reason_not_nought(imported: Callable[..., Data]) -> None:
    orders = "order_id,customer_id,paid_at,amount\n" + "".join(
        f"{n},X{n % 20},2024-{1 + n % 12:02d}-{1 + n % 28:02d},10\n" for n in range(300)
    )
    table = value_table(imported({"survey.csv": SURVEY, "orders.csv": orders}), NPS)
    assert len(reasons(table, "spent")) == 1
    assert "the same customer number or e-mail in both" in reasons(table, "spent").pop()


def test_answers_that_nobody_can_follow_are_counted_and_said(imported: Callable[..., Data]) -> None:
    survey = "ResponseId,Date,NPS\n" + "".join(f"R{n},2024-03-{1 + n % 28:02d},{n % 11}\n" for n in range(44))
    orders = "order_id,customer_id,paid_at,amount\n1,C1,2024-01-05,10\n2,C1,2024-02-05,10\n"
    table = value_table(imported({"survey.csv": survey, "orders.csv": orders}), NPS)
    assert [group.people for group in table.groups] == [0, 0, 0]
    assert "44 of 44 answers have no customer or no date and are left out" in table.notes


def test_one_order_is_too_little_history_and_no_crash(imported: Callable[..., Data]) -> None:
    table = value_table(
        imported({"survey.csv": SURVEY, "orders.csv": "order_id,customer_id,paid_at,amount\n1,C1,2024-01-05,10\n"}), NPS
    )
    assert isinstance(table.everyone, NoEstimate)
    assert "bought again" in table.everyone.reason


def test_a_metric_without_groups_and_a_workspace_without_answers_are_refused(imported: Callable[..., Data]) -> None:
    data = imported({"orders.csv": "order_id,customer_id,paid_at,amount\n1,C1,2024-01-05,10\n"})
    with pytest.raises(BadDefinition, match="does not sort answers into groups"):
        value_table(data, metric_named("overall_rating"))
    with pytest.raises(Refused, match="There are no answers yet"):
        value_table(data, NPS)
