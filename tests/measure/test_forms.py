"""The forms of the catalogue on companies small enough to recount by hand: windows, kinds, scales, what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.measure.company import Company, answers, at, days

from touchstone.core.errors import BadDefinition, Refused, TouchstoneError, UnknownName
from touchstone.core.estimate import Estimate, NoEstimate, Total
from touchstone.core.metric import Count, Duration, Followed, Index, Mean, Metric, Part, Ratio, Retention
from touchstone.core.period import Period
from touchstone.measure.check import check
from touchstone.measure.compare import compare
from touchstone.measure.metrics import built_in, found_metrics
from touchstone.measure.score import score
from touchstone.stats.samples import detectable_change

METRICS = built_in()


def told(data: Any, name: str | Metric, **asked: Any) -> dict[Any, float]:
    scores = score(data, METRICS[name] if isinstance(name, str) else name, **asked)
    assert all(isinstance(row.result, Estimate | Total) for row in scores.rows), [row.result for row in scores.rows]
    return {row.group: float(row.result.value) for row in scores.rows}  # type: ignore[union-attr]


def ticket(n: int, who: str | None, when: str, topic: str | None = "late", **more: Any) -> dict[str, Any]:
    return {"ticket_id": f"t{n}", "customer_id": who, "opened_at": at(when), "topic": topic} | more


# AAPOR's disposition codes as our columns: what was sent, reached, begun, finished
STEPS = {"I": 4, "P": 3, "R": 2, "NC": 2, "O": 2, "UH": 1, "UO": 1, "NE": 1}
COUNTS = {"I": 4, "P": 2, "R": 1, "NC": 1, "O": 1, "UH": 1, "UO": 1, "NE": 1}


def test_response_rates_are_those_of_the_published_example(company: Company) -> None:
    """Twelve people of the documentation of outcomerate: e = 0.9, and its six rates to three digits."""
    codes = [code for code, n in COUNTS.items() for _ in range(n)]
    times = ("sent_at", "delivered_at", "started_at", "completed_at")
    invitations = [
        {"invitation_id": f"i{n}", "customer_id": f"c{n}", "eligible": False if code == "NE" else None}
        | {name: at("2017-03-01T09:00:00") + timedelta(minutes=k) for k, name in enumerate(times[: STEPS[code]])}
        for n, code in enumerate(codes)
    ]
    data = company.data(invitations=invitations)
    published = {1: 0.364, 2: 0.545, 3: 0.370, 4: 0.556, 5: 0.444, 6: 0.667}
    for which, rate in published.items():
        assert told(data, f"response_rate_rr{which}")[()] / 100 == pytest.approx(rate, abs=5e-4)
    assert score(data, METRICS["response_rate_rr3"]).notes == (
        "of those who could not be reached, 90.0% count as eligible (e)",
    )


def test_a_contact_counts_as_resolved_when_nobody_comes_back_in_time(company: Company) -> None:
    rows = [
        ticket(1, "a", "2017-01-01T10:00:00"),
        ticket(2, "a", "2017-01-08T10:00:00"),  # just within seven days of the first
        ticket(3, "b", "2017-01-01T10:00:00"),
        ticket(4, "b", "2017-01-08T10:00:01"),  # just after
        ticket(5, "c", "2017-01-01T10:00:00"),
        ticket(6, "c", "2017-01-02T10:00:00", topic="other"),
        ticket(7, None, "2017-01-01T10:00:00"),  # nobody's
        ticket(8, "d", "2017-01-01T10:00:00", topic=None),  # about nothing known
        ticket(9, "e", "2017-02-01T10:00:00"),  # the newest: its window is open
        ticket(10, "f", "2017-01-26T10:00:00"),  # so is this one's
    ]
    data = company.data(tickets=rows)
    scores = score(data, METRICS["first_contact_resolution"])
    assert scores.rows[0].result.n == 6
    assert told(data, "first_contact_resolution")[()] == pytest.approx(100 * 5 / 6)
    assert told(data, "first_contact_resolution_14_days")[()] == pytest.approx(100 * 4 / 6)
    assert told(data, "first_contact_resolution_any_topic")[()] == pytest.approx(100 * 5 / 7)
    # who asks about one topic is told of the call that followed about it, whatever the question leaves out
    late = told(data, "first_contact_resolution_any_topic", where="topic = late")
    assert late[()] == pytest.approx(100 * 3 / 5)


def test_a_time_in_the_future_closes_no_window_that_is_open(company: Company) -> None:
    rows = [ticket(n, f"c{n}", "2017-01-01T10:00:00") for n in range(3)]
    rows += [ticket(10, "c0", "2017-01-03T10:00:00"), ticket(11, "d", "2017-01-09T10:00:00")]
    rows += [ticket(20 + n, f"e{n}", "2017-01-08T10:00:00") for n in range(6)]
    solved = [row | {"resolved_at": row["opened_at"] + days(1 + n / 10)} for n, row in enumerate(rows[:10])]
    wrong = [ticket(99, "wrong", "2062-01-01T10:00:00")]
    bought = [*(order(n, f"c{n % 3}", 30 * n, 10) for n in range(6)), order(7, "open", 140, 10)]
    late = order(99, "wrong", 365 * 60, 10)
    for name, table, good, bad in (
        ("first_contact_resolution", "tickets", rows, wrong),
        ("resolution_time", "tickets", solved, wrong),
        ("repeat_purchase_rate", "orders", bought, [late]),
    ):
        named = {table: good}
        told_well, told_anyway = told(company.data(**named), name), told(company.data(**{table: good + bad}), name)
        assert told_well == told_anyway, name


def test_a_renewal_is_the_next_contract_within_thirty_days(company: Company) -> None:
    begin = at("2016-01-01T00:00:00")

    def contract(n: int, who: str, start: float, end: float | None, **more: Any) -> dict[str, Any]:
        ended = begin + days(end) if end is not None else None
        key = {"subscription_id": f"u{n}", "customer_id": who}
        return key | {"started_at": begin + days(start), "ended_at": ended} | more

    rows = [
        contract(1, "a", 0, 100),
        contract(2, "a", 100, None),
        contract(3, "b", 0, 100),
        contract(4, "b", 131, 200),
        contract(5, "c", 0, 100),
        contract(6, "d", 0, 395),  # ended too late to be followed
        contract(7, "e", 400, None),
    ]
    assert told(company.data(subscriptions=rows), "renewal_rate")[()] == pytest.approx(100 / 4)


PAID = {  # who: (from, to, amount)...; the window runs from day 35 to day 400
    "stays": [(0, None, 10)],
    "leaves": [(0, 200, 20)],
    "grows": [(0, 100, 10), (100, None, 15)],
    "shrinks": [(0, 100, 10), (100, None, 4)],
    "new": [(50, None, 50)],
    "last": [(300, 400, 7)],
}


def contracts() -> list[dict[str, Any]]:
    begin = at("2016-01-01T00:00:00")
    return [
        {
            "subscription_id": f"{who}{n}",
            "customer_id": who,
            "started_at": begin + days(start),
            "ended_at": begin + days(end) if end else None,
            "monthly_amount": Decimal(amount),
        }
        for who, periods in PAID.items()
        for n, (start, end, amount) in enumerate(periods)
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("logo_churn", 100 * 1 / 4),
        ("churn_year", 100 * 3 / 4),
        ("gross_revenue_retention", 100 * (10 + 10 + 4) / 50),
        ("net_revenue_retention", 100 * (10 + 15 + 4) / 50),
        ("revenue_churn", 100 * (20 + 6) / 50),
        ("revenue_churn_net", 100 * (20 - 5 + 6) / 50),
    ],
)
def test_customers_and_money_are_kept_where_contracts_change(company: Company, name: str, expected: float) -> None:
    assert told(company.data(subscriptions=contracts()), name)[()] == pytest.approx(expected)


def test_an_account_with_one_contract_left_is_not_lost(company: Company) -> None:
    rows = [row | {"account_id": "k"} if row["customer_id"] in ("leaves", "stays") else row for row in contracts()]
    assert told(company.data(subscriptions=rows), "logo_churn")[()] == 0


def test_a_contract_that_will_end_does_not_move_the_window_and_is_still_active(company: Company) -> None:
    """Cancelled to the end of five years: until then the customer is there, and the window is the last one."""
    term = {"started_at": at("2015-01-01T00:00:00"), "ended_at": at("2020-01-01T00:00:00")}
    planned = [*contracts(), {"subscription_id": "p", "customer_id": "p", "monthly_amount": Decimal(10)} | term]
    data = company.data(subscriptions=planned)
    data.now = max(row["ended_at"] or row["started_at"] for row in contracts()) + days(1)
    assert told(data, "churn_year")[()] == pytest.approx(100 * 3 / 5)
    assert told(data, "logo_churn")[()] == pytest.approx(100 * 1 / 5)
    assert told(data, "churn_year", period="2016..2019")[()] == pytest.approx(100 * 3 / 5)


def test_money_in_another_currency_needs_its_rate(company: Company) -> None:
    rows = [row | {"currency": "USD"} for row in contracts()]
    with pytest.raises(Refused, match="no rate into EUR"):
        score(company.data(subscriptions=rows), METRICS["net_revenue_retention"])


def order(n: int, who: str | None, day: float, amount: int, kind: str = "purchase") -> dict[str, Any]:
    paid = at("2016-01-01T12:00:00") + days(day)
    return {"order_id": f"o{n}", "customer_id": who, "paid_at": paid, "amount": Decimal(amount), "kind": kind}


BOUGHT = [
    order(1, "a", 0, 100),
    order(2, "a", 400, 120),
    order(3, "b", 10, 50),
    order(4, "c", 500, 30),  # new and recommended
    order(5, "d", 600, 40),  # new
    order(6, "e", 20, 10, "refund"),
    order(7, None, 30, 999),
    order(8, "f", 729, 5),
]


def test_growth_is_earned_by_those_who_return_and_those_they_bring(company: Company) -> None:
    customers = [
        {"customer_id": "c", "referred_by": "a"},
        {"customer_id": "a", "referred_by": "x"},
        {"customer_id": "f", "acquired_through": "Recommendation"},
    ]
    data = company.data(orders=BOUGHT, customers=customers)
    assert told(data, "returning_revenue")[()] == pytest.approx(100 * 120 / 150)
    assert told(data, "earned_growth")[()] == pytest.approx(100 * (120 + 30 + 5) / 150 - 100)
    assert told(data, "inactive_customers")[()] == pytest.approx(50)


@pytest.mark.parametrize("name", ["returning_revenue", "earned_growth"])
@pytest.mark.parametrize("period", [None, "2017"])
def test_a_year_is_not_compared_with_one_that_the_orders_do_not_reach_back_over(
    company: Company, name: str, period: str | None
) -> None:
    """Fourteen months of constant buying would be 600 % of the two months before."""
    bought = [order(n, "abcd"[n % 4], 305 + 7 * n, 10) for n in range(61)]
    asked = {"period": period} if period else {}
    with pytest.raises(
        Refused, match=r"The orders begin on 2016-11-01; comparing 365 days .* from 201[56]-\d\d-\d\d on"
    ):
        score(company.data(orders=bought), METRICS[name], **asked)


def test_a_period_is_compared_where_the_first_order_came_within_days(company: Company) -> None:
    bought = [order(n, "abcd"[n % 4], 3 + 7 * n, 10 + n % 3) for n in range(104)]
    assert told(company.data(orders=bought), "returning_revenue", period="2017")[()] == pytest.approx(100, abs=3)


@pytest.mark.parametrize("period", [None, "2017"])
@pytest.mark.parametrize("strays", [[-15_000], [-15_000, -14_000, -13_999], [-200]])
def test_a_stray_old_date_does_not_pass_for_older_orders(
    company: Company, period: str | None, strays: list[int]
) -> None:
    bought = [order(n, "abcd"[n % 4], 305 + 7 * n, 10) for n in range(61)]
    bought += [order(100 + n, "a", day, 10) for n, day in enumerate(strays)]
    asked = {"period": period} if period else {}
    dates = r"a stray date \(19\d\d-.*\)|a stray date \(2015-06-15\)|3 stray dates"
    with pytest.raises(Refused, match=rf"The orders begin on 2016-11-01, but for ({dates}); comparing 365 days"):
        score(company.data(orders=bought), METRICS["returning_revenue"], **asked)


def test_few_orders_far_between_are_no_stray_dates(company: Company) -> None:
    bought = [order(n, "ab"[n % 2], 3 + 45 * n + 20 * (n % 3), 10 + n % 3) for n in range(17)]
    assert told(company.data(orders=bought), "returning_revenue", period="2017")[()] > 0


def test_a_ticket_resolved_in_the_future_counts_as_open_and_is_told(company: Company) -> None:
    rows = [ticket(n, f"c{n}", "2017-01-01T10:00:00") for n in range(12)]
    rows = [row | {"resolved_at": row["opened_at"] + days(1 + n / 10)} for n, row in enumerate(rows)]
    later = rows[0] | {"ticket_id": "t99", "resolved_at": at("2062-01-01T10:00:00")}
    still_open = later | {"resolved_at": None}
    for name, so in (("resolution_time", "count as open"), ("resolution_time_closed", "are left out")):
        found = score(company.data(tickets=[*rows, later]), METRICS[name])
        (expected,) = score(company.data(tickets=[*rows, still_open]), METRICS[name]).rows
        assert found.rows[0].result == expected.result
        assert isinstance(expected.result, Estimate) and expected.result.n == 13 - (so == "are left out")
        assert found.notes == (f"1 tickets have a resolved_at in the future and {so}",)
    assert score(company.data(tickets=rows), METRICS["resolution_time"]).notes == ()


def test_a_rate_names_its_denominator_and_both_sides_obey_the_question(company: Company) -> None:
    calls = [
        ticket(n, who, when, kind=kind)
        for n, (who, when, kind) in enumerate(
            (
                ("a", "2016-02-01T10:00:00", "complaint"),
                ("a", "2016-02-02T10:00:00", "question"),
                ("z", "2017-02-05T10:00:00", "complaint"),
                (None, "2016-03-01T10:00:00", "complaint"),
            )
        )
    ]
    data = company.data(orders=BOUGHT, tickets=calls)
    assert told(data, "contact_rate")[()] == pytest.approx(4 / 6)
    assert told(data, "complaint_rate")[()] == pytest.approx(100 * 3 / 7)
    assert told(data, "complaint_rate_customers")[()] == pytest.approx(100 * 3 / 6)
    by_year = told(data, "complaint_rate", by=["year"])
    assert by_year == {("2016",): pytest.approx(100 * 2 / 3), ("2017",): pytest.approx(100 * 1 / 4)}
    assert told(data, "complaint_rate", period="2016")[()] == by_year["2016",]
    with pytest.raises(UnknownName, match="column of orders called 'topic'"):
        score(data, METRICS["complaint_rate"], by=["topic"])
    change = compare(data, METRICS["complaint_rate"], Period.parse("2016"), Period.parse("2017"))
    assert getattr(change.change, "value", None) == pytest.approx(by_year["2017",] - by_year["2016",])


def test_ten_employees_are_the_fewest_who_are_shown(company: Company) -> None:
    def staff(n: int) -> list[dict[str, Any]]:
        rows = answers([9, 3, 8, 10, 6] * 2 + [9] * 2, metric="enps", kind=None, customer_id=None)
        beliefs = answers(
            [4.0, 5, 3] * 4, metric="believed_overall_rating", start=50, customer_id=None, kind="employee"
        )
        said = answers([3.0, 4, 5, 2] * 3, metric="overall_rating", start=100)
        return [*rows[:n], *beliefs[:n], *said]

    few, enough = company.data(answers=staff(9)), company.data(answers=staff(10))
    for name in ("enps", "perception_gap"):
        (row,) = score(few, METRICS[name]).rows
        assert isinstance(row.result, NoEstimate) and row.result.reason.startswith("hidden") and row.result.n is None
    assert told(enough, "enps")[()] == pytest.approx(100 * (4 - 4) / 10)
    assert told(enough, "perception_gap")[()] == pytest.approx(4.0 - 3.5)


def test_answers_on_a_scale_that_nobody_stated_are_not_guessed(company: Company) -> None:
    rows = [
        *answers([3, 3, 1], metric="csat"),
        *answers([3, 1, 2, 3], metric="csat", start=10, scale_low=1.0, scale_high=3.0),
        *answers([1, 5, 4, 4], metric="ces", start=20, scale_low=1.0, scale_high=5.0, polarity="low is good"),
        *answers([5, 5], metric="ces", start=30, scale_low=1.0, scale_high=5.0),
    ]
    data = company.data(answers=rows)
    assert told(data, "csat_3")[()] == pytest.approx(50)
    assert score(data, METRICS["csat"]).rows[0].result.n == 3
    assert told(data, "ces_5")[()] == pytest.approx(100 * 3 / 6)  # 1 of 5 turned, and both 5 where high is good
    assert told(data, "ces_inverted")[()] == pytest.approx(100 * 1 / 6)


def test_gaps_and_indices_take_submissions_that_answer_everything(company: Company) -> None:
    rows = [
        *answers([5, 6, 3], metric="quality_received"),
        *answers([7, 6], metric="quality_expected"),
        *answers([10, 5, 1], metric="satisfied_10", weight=lambda i: [3.0, 1.0, 1.0][i]),
        *answers([10, 5, 1], metric="expectations_met_10", weight=lambda i: [3.0, 1.0, 1.0][i]),
        *answers([10, 2], metric="near_ideal_10", weight=lambda i: [3.0, 1.0, 1.0][i]),
    ]
    rows = [row | {"answer_id": f"{row['metric']}-{row['submission_id']}"} for row in rows]
    data = company.data(answers=rows)
    assert told(data, "expectation_gap")[()] == pytest.approx(-1)
    plain, weighted = 100 * (1 + (4 - 1) / 9) / 2, 100 * (3 + (4 - 1) / 9) / 4
    assert told(data, "satisfaction_index")[()] == pytest.approx(plain)
    assert told(data, "satisfaction_index", weight="weight")[()] == pytest.approx(weighted)


def test_visits_are_rows_that_share_a_session(company: Company) -> None:
    steps = {"s1": ["website", "checkout!"], "s2": ["website"], "s3": ["checkout"], "s4": ["website", "checkout"]}
    rows = [
        {
            "event_id": f"{session}{n}",
            "session_id": session,
            "customer_id": session,
            "occurred_at": at("2017-01-01T10:00:00") + timedelta(minutes=n),
            "touchpoint": step.strip("!"),
            "outcome": "completed" if step.endswith("!") else "viewed",
            "channel": "app" if session == "s1" else "web",
        }
        for session, walked in steps.items()
        for n, step in enumerate(walked)
    ]
    data = company.data(events=rows)
    assert told(data, "bounce_rate")[()] == pytest.approx(100 / 3)
    assert told(data, "drop_off")[()] == pytest.approx(200 / 3)
    assert told(data, "checkout_abandoned")[()] == pytest.approx(200 / 3)
    assert told(data, "adoption")[()] == pytest.approx(25)


def test_how_many_there_are_is_exact(company: Company) -> None:
    rows = [ticket(n, "a", "2017-01-01T10:00:00", kind=("complaint", "question")[n % 2]) for n in range(5)]
    (row,) = score(company.data(tickets=rows), METRICS["complaint_volume"]).rows
    assert row.result == Total(value=Decimal(3), unit="complaints", currency=None, n=3)
    assert str(row.result) == "3 complaints (exact number of 3 rows)"


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_without_data_says_which_table_or_column_is_missing(company: Company, name: str) -> None:
    metric = METRICS[name]
    with pytest.raises(TouchstoneError, match=r"There are no \w+ yet"):
        score(company.data(), metric)


def test_a_column_that_nobody_filled_is_named(company: Company) -> None:
    rows = [ticket(n, f"c{n}", "2017-01-01T10:00:00", topic=None) for n in range(5)]
    data = company.data(tickets=rows)
    for name, column in (("first_contact_resolution", "topic"), ("waiting_time", "waited_seconds")):
        with pytest.raises(Refused, match=f"The tickets have no {column}, so '{name}' cannot be told") as missing:
            score(data, METRICS[name])
        assert "name it in the mapping" in missing.value.hint
    with pytest.raises(Refused, match="The mentions have no competitor"):
        score(
            company.data(mentions=[{"mention_id": "m", "posted_at": at("2017-01-01T10:00:00")}]),
            METRICS["share_of_voice"],
        )


def test_what_cannot_be_weighed_grouped_or_made_is_refused(company: Company) -> None:
    data = company.data(orders=BOUGHT)
    with pytest.raises(BadDefinition, match="counts every row once"):
        score(data, METRICS["sales"], weight="amount")
    with pytest.raises(BadDefinition, match="for all customers together"):
        score(data, METRICS["still_active"], by=["year"])
    for wrong in (
        lambda: Retention(growth=True),
        lambda: Duration(start="opened_at"),
        lambda: Index(items=("one",), lowest=1, highest=5),
        lambda: Mean(columns=()),
    ):
        with pytest.raises(BadDefinition):
            wrong()
    days_only = Metric(name="own", label="Own", table="orders", unit="seconds", form=Duration(seconds="amount"))
    with pytest.raises(BadDefinition, match="not told in 'seconds'"):
        score(data, days_only)


def test_the_check_tells_what_the_data_carry_of_every_form(company: Company) -> None:
    data = company.data(orders=[order(n, f"c{n % 40}", n, 10, ("purchase", "refund")[n % 7 == 0]) for n in range(200)])
    asked = {name: replace(METRICS[name], everyday=True) for name in ("return_rate", "still_active", "contact_rate")}
    found = {one.numbers.get("metric"): one for one in check(data, metrics=asked).findings if one.subject == "scores"}
    assert found["return_rate"].sentence.startswith("return_rate: 171 usable orders; a second sample of this size")
    sums = score(data, METRICS["return_rate"]).rows[0].moments
    assert sums is not None
    seen = detectable_change(40, 40, 40 * sums.mean_variance)
    assert found["return_rate"].numbers["detectable"] == pytest.approx(seen, rel=0.05)  # all bought nearly as often
    assert found["still_active"].sentence == "still_active: 200 usable orders."
    assert found[None].sentence == "contact_rate cannot be told: there are no tickets."


def test_metrics_are_found_by_words_and_goals() -> None:
    assert {one.name for one in found_metrics("", METRICS, goal="churn")} >= {
        "churn",
        "first_contact_resolution",
        "ces",
    }
    assert [one.name for one in found_metrics("bounce", METRICS)] == ["undelivered_rate", "bounce_rate"]
    assert found_metrics("", METRICS)[0].family == "Loyalty"
    with pytest.raises(UnknownName, match="did you mean retention"):
        found_metrics("", METRICS, goal="retetion")
    with pytest.raises(UnknownName, match="metric called 'moon'"):
        found_metrics("moon", METRICS)


def test_a_metric_of_ones_own_may_take_every_form(company: Company) -> None:
    rows = [ticket(n, f"c{n % 3}", f"2017-01-{n + 1:02}T10:00:00", transfers=n) for n in range(9)]
    data = company.data(tickets=rows)
    own = {
        "mean": Mean(columns=("transfers",), among="transfers > 1"),
        "count": Count(among="transfers > 1"),
        "ratio": Ratio(top=Part(table="tickets", sum="transfers"), bottom=Part(table="tickets", customers=True)),
        "followed": Followed(within_days=3, after="opened_at", next="opened_at"),
    }
    found = {
        name: told(data, Metric(name=name, label=name, table="tickets", unit="", form=form))[()]
        for name, form in own.items()
    }
    assert found == {"mean": 5.0, "count": 7.0, "ratio": 12.0, "followed": 100.0}


def test_orders_without_a_kind_are_purchases_in_ratios_too(company: Company) -> None:
    orders = [order(n, f"c{n % 40}", n, 10, ("purchase", None, "refund")[n % 3]) for n in range(180)]
    data = company.data(orders=orders)
    assert told(data, "purchase_frequency")[()] == pytest.approx(120 / 40)
    assert told(data, "return_rate")[()] == pytest.approx(100 * 60 / 120)
