"""Scores of a small company against recounts by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import numpy as np
import pytest
from tests.measure.company import Company, answers, at, days

from touchstone.core.errors import BadDefinition, Refused, UnknownName
from touchstone.core.estimate import Estimate, NoEstimate, Total
from touchstone.core.metric import Metric
from touchstone.measure.metrics import built_in
from touchstone.measure.score import score
from touchstone.measure.scores import Scores
from touchstone.stats.differences import paired_difference
from touchstone.stats.moments import Moments, PairMoments

METRICS = built_in()
NPS = METRICS["nps"]


def value(scores: Scores) -> float:
    (row,) = scores.rows
    assert isinstance(row.result, Estimate), row.result
    return row.result.value


TICKETS = [
    {
        "ticket_id": f"t{i}",
        "customer_id": f"c{i // 2}",
        "opened_at": at("2017-03-06T09:00:00") + timedelta(hours=i),
        "first_reply_at": at("2017-03-06T09:30:00") + timedelta(hours=2 * i) if i % 4 else None,
        "resolved_at": at("2017-03-06T10:00:00") + timedelta(hours=3 * i) if i % 5 else None,
        "closed_at": at("2017-03-08T10:00:00") + timedelta(hours=4 * i) if i % 5 == 0 else None,
        "reopened": [0, 1, None, 2][i % 4],
        "sla_met": [True, None, False, True, True][i % 5],
    }
    for i in range(40)
]
INVITATIONS = [
    {
        "invitation_id": f"i{i}",
        "customer_id": f"c{i}",
        "sent_at": at("2017-03-01T08:00:00"),
        "delivered_at": at("2017-03-01T08:01:00") if i % 7 else None,
        "started_at": at("2017-03-02T08:00:00") if i % 3 == 0 else None,
        "completed_at": at("2017-03-02T08:05:00") if i % 6 == 0 else None,
    }
    for i in range(60)
]
ORDERS = [
    {
        "order_id": f"o{i}",
        "customer_id": f"c{i % 17}" if i % 8 else None,
        "paid_at": at("2017-01-01T10:00:00") + days(3.5 * i),
        "amount": Decimal(f"{i}.0001"),
        "kind": ["purchase", "renewal", "refund", None][i % 4],
    }
    for i in range(60)
] + [
    {
        "order_id": f"late{i}",
        "customer_id": f"new{i // 2}",
        "paid_at": at("2017-06-20T10:00:00") + days(i),
        "amount": Decimal(5),
        "kind": "purchase",
        "unit": "pop-up",
    }
    for i in range(9)
]
SUBSCRIPTIONS = [
    {
        "subscription_id": f"u{i}",
        "customer_id": f"c{i}",
        "started_at": at("2016-01-01T00:00:00") + days(9 * i),
        "ended_at": at("2016-01-01T00:00:00") + days(9 * i + 40 * (i % 11)) if i % 3 else None,
    }
    for i in range(60)
]
ANSWERS = [
    *answers([place % 11 for place in range(50)]),
    *answers([place % 5 + 1 for place in range(40)], metric="csat"),
    *answers([place % 7 + 1 for place in range(40)], metric="ces"),
    *answers([(place * 3) % 5 + 1 for place in range(30)], metric="overall_rating"),
]


def mean(values: list[float]) -> float:
    return float(np.mean(values))


def scored(metric: str, points: Callable[[float], float]) -> float:
    return mean([points(row["score"]) for row in ANSWERS if row["metric"] == metric])


def share(rows: list[dict[str, Any]], counts: Callable[[Any], bool], among: Callable[[Any], bool]) -> float:
    return mean([100.0 * counts(row) for row in rows if among(row)])


def product_limit(start: str, end: str, business: bool = False) -> float:
    """The median of the Kaplan-Meier curve, step by step, over whole minutes."""
    newest = max(v for row in TICKETS for v in row.values() if hasattr(v, "year"))
    times = []
    for row in TICKETS:
        stop = row[end] or row["closed_at"] or newest
        steps = range(int((stop - row[start]).total_seconds() // 60))
        if business:
            clock = (row[start] + timedelta(minutes=m) + timedelta(hours=1) for m in steps)  # Berlin in winter
            minutes = sum(c.weekday() < 5 and 9 <= c.hour < 17 for c in clock)
        else:
            minutes = len(steps)
        times.append((minutes, row[end] is not None))
    left = 1.0
    ends = sorted({minutes for minutes, ended in times if ended})
    for place, minute in enumerate(ends):
        at_risk = sum(minutes >= minute for minutes, _ in times)
        left *= 1 - sum(ended and minutes == minute for minutes, ended in times) / at_risk
        if left < 0.5 - 1e-9:
            return minute / 60
        if left <= 0.5 + 1e-9:
            return (minute + ends[place + 1]) / 120
    raise AssertionError("no median")


def bought() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in ORDERS:
        if row["customer_id"] and row["kind"] in ("purchase", "renewal", None):
            found.setdefault(row["customer_id"], []).append(row)
    return found


def active(window: int) -> list[bool]:
    """Of the subscriptions open when the last window of the data opens: whether they ended within it."""
    end = max(v for row in SUBSCRIPTIONS for v in (row["started_at"], row["ended_at"]) if v)
    start = end - days(window)
    open_then = [
        s for s in SUBSCRIPTIONS if s["started_at"] <= start and not (s["ended_at"] and s["ended_at"] <= start)
    ]
    return [bool(s["ended_at"] and s["ended_at"] <= end) for s in open_then]


def again_within(limit: int) -> float:
    newest = max(row["paid_at"] for row in ORDERS)
    followed = [rows for rows in bought().values() if rows[0]["paid_at"] + days(limit) <= newest]
    return mean(
        [100.0 * (len(rows) > 1 and rows[1]["paid_at"] <= rows[0]["paid_at"] + days(limit)) for rows in followed]
    )


BY_HAND: dict[str, Callable[[], float]] = {
    "nps": lambda: scored("nps", lambda s: 100.0 if s >= 9 else 0.0 if s >= 7 else -100.0),
    "csat": lambda: scored("csat", lambda s: 100.0 * (s >= 4)),
    "csat_mean": lambda: scored("csat", float),
    "ces": lambda: scored("ces", lambda s: 100.0 * (s >= 5)),
    "ces_mean": lambda: scored("ces", float),
    "overall_rating": lambda: scored("overall_rating", float),
    "overall_satisfied": lambda: scored("overall_rating", lambda s: 100.0 * (s >= 4)),
    "reopened": lambda: share(TICKETS, lambda t: t["reopened"] > 0, lambda t: t["reopened"] is not None),
    "sla_met": lambda: share(TICKETS, lambda t: t["sla_met"], lambda t: t["sla_met"] is not None),
    "response_rate": lambda: share(INVITATIONS, lambda i: bool(i["completed_at"]), lambda i: bool(i["delivered_at"])),
    "response_rate_rr2": lambda: share(INVITATIONS, lambda i: bool(i["started_at"]), lambda i: bool(i["sent_at"])),
    "first_reply_time": lambda: product_limit("opened_at", "first_reply_at"),
    "first_reply_time_business": lambda: product_limit("opened_at", "first_reply_at", business=True),
    "resolution_time": lambda: product_limit("opened_at", "resolved_at"),
    "resolution_time_business": lambda: product_limit("opened_at", "resolved_at", business=True),
    "resolution_time_closed": lambda: median(
        (t["resolved_at"] - t["opened_at"]).total_seconds() / 3600 for t in TICKETS if t["resolved_at"]
    ),
    "churn": lambda: 100 * mean(active(30)),
    "churn_year": lambda: 100 * mean(active(365)),
    "retention": lambda: 100 - 100 * mean(active(365)),
    "repeat_customers_ever": lambda: mean([100.0 * (len(rows) > 1) for rows in bought().values()]),
    "repeat_purchase_rate": lambda: again_within(90),
    "revenue_per_customer": lambda: mean([float(sum(row["amount"] for row in rows)) for rows in bought().values()]),
}


def test_every_everyday_metric_equals_a_recount_by_hand(company: Company) -> None:
    data = company.data(
        answers=ANSWERS, tickets=TICKETS, invitations=INVITATIONS, orders=ORDERS, subscriptions=SUBSCRIPTIONS
    )
    assert set(BY_HAND) == {name for name, metric in METRICS.items() if metric.everyday} - {"sales"}
    for name, by_hand in BY_HAND.items():
        assert value(score(data, METRICS[name])) == pytest.approx(by_hand(), rel=1e-12), name
    (row,) = score(data, METRICS["sales"]).rows
    kept = [order["amount"] for order in ORDERS if order["kind"] in ("purchase", "renewal", None)]
    assert row.result == Total(value=sum(kept, Decimal(0)), unit="EUR", currency="EUR", n=len(kept))


WAVES = [  # nine customers answer in both years, six each in one only, some of them twice
    *answers([10, 9, 8, 3, 0, 10, 7, 6, 9, 10, 2, 9, 10, 8, 1], answered_at=at("2016-05-01T12:00:00")),
    *answers([9, 9, 9, 6, 5, 10, 9, 8, 10], start=20, customer_id=lambda i: f"c{i - 20}", answered_at=at("2017-05-01")),
    *answers([10, 4, 9, 10, 0, 7], start=40, answered_at=at("2017-05-02T12:00:00")),
    *answers([10, 9], start=50, customer_id=lambda i: f"c{i - 50}", answered_at=at("2017-06-01T12:00:00")),
]


def test_a_change_counts_customers_of_both_years_once(company: Company) -> None:
    scores = score(company.data(answers=WAVES), NPS, by=["year"], baseline="2016")
    before, after = scores.rows
    rows = [(r["score"], r["customer_id"], 1 if r["answered_at"].year == 2016 else 2) for r in WAVES]
    points = [100.0 if s >= 9 else 0.0 if s >= 7 else -100.0 for s, _, _ in rows]
    pair = PairMoments.of(points, None, [who for _, who, _ in rows], [year for _, _, year in rows])
    expected = paired_difference(pair, unit="points", lowest=-100, highest=100)
    assert before.change is None and after.change is not None
    change = after.change.difference
    assert isinstance(change, Estimate) and isinstance(expected, Estimate)
    for name in ("value", "low", "high", "se"):
        assert getattr(change, name) == pytest.approx(getattr(expected, name), rel=1e-9)
    assert (change.n, change.unit, change.method) == (expected.n, "points", expected.method)
    apart = before.result.se**2 + after.result.se**2  # type: ignore[union-attr]
    assert change.se**2 < 0.8 * apart


def test_groups_without_a_common_customer_are_compared_as_independent(company: Company) -> None:
    early = answers([1, 5] * 20, metric="csat", answered_at=at("2016-05-01T12:00:00"))
    late = answers([5, 5, 1] * 20, metric="csat", start=100, answered_at=at("2017-05-01T12:00:00"))
    scores = score(company.data(answers=[*early, *late]), METRICS["csat"], by=["year"], baseline="2016")
    change = scores.rows[1].change
    assert change is not None and isinstance(change.difference, Estimate)
    assert (change.difference.method, change.difference.unit) == ("difference of shares, Newcombe", "points")
    both = answers(
        [5, 1, 5] * 10, metric="csat", start=200, customer_id=lambda i: f"c{i - 200}", answered_at=at("2017-05-01")
    )
    scores = score(company.data(answers=[*early, *both]), METRICS["csat"], by=["year"], baseline="2016")
    change = scores.rows[1].change
    assert change is not None and isinstance(change.difference, Estimate)
    assert (change.difference.method, change.difference.unit) == ("difference of groups that share customers", "points")


def test_a_group_without_the_baseline_says_so(company: Company) -> None:
    rows = [
        *answers([9, 3, 8], region="old", answered_at=at("2016-05-01")),
        *answers([9, 3, 8], start=10, region="new", answered_at=at("2017-05-01")),
    ]
    scores = score(company.data(answers=rows), NPS, by=["region", "year"], baseline="2016")
    change = scores.rows[0].change
    assert scores.rows[0].group == ("new", "2017") and change is not None
    assert change.difference == NoEstimate("there is no 2016 to compare with", None)
    assert change.verdict.words == "too few answers to tell"


def test_answers_of_different_kinds_are_never_pooled(company: Company) -> None:
    rows = [
        *answers([10] * 6 + [0]),
        *answers([0] * 6 + [10], start=10, kind="transactional"),
        *answers([9, 1], start=30, kind=None),
    ]
    scores = score(company.data(answers=rows), NPS)
    assert scores.by == ("kind",)
    assert {row.group[0]: row.result.n for row in scores.rows} == {"relationship": 7, "transactional": 7, "unstated": 2}
    alone = score(company.data(answers=rows), NPS, where="kind = relationship")
    assert alone.by == () and alone.rows[0].result.n == 7
    texts = METRICS["sla_met"]
    worded = Metric(name="worded", label="", table="answers", unit="%", form=type(texts.form)(counts="score > 5"))
    assert score(company.data(answers=rows), worded).by == ("kind",)


def test_one_answer_gives_a_reason_and_two_equal_ones_an_interval(company: Company) -> None:
    (row,) = score(company.data(answers=answers([10])), NPS).rows
    assert row.result == NoEstimate("there is one answer; it takes answers from at least two customers", 1)
    (row,) = score(company.data(answers=answers([10, 10])), NPS).rows
    assert isinstance(row.result, Estimate) and row.result.low < row.result.value == 100


def test_a_question_that_nothing_fits_has_a_reason(company: Company) -> None:
    data = company.data(answers=answers([10, 9]), tickets=TICKETS, orders=ORDERS)
    for metric, where in (
        (NPS, "touchpoint = moon"),
        (METRICS["sla_met"], "team = moon"),
        (METRICS["sales"], "unit = x"),
    ):
        (row,) = score(data, metric, where=where).rows
        assert isinstance(row.result, NoEstimate) and row.result.n == 0 and "fit the question" in row.result.reason
    assert score(data, NPS, by=["touchpoint"], where="touchpoint = moon").rows == ()


def test_customers_are_followed_until_the_newest_order_of_anybody(company: Company) -> None:
    data = company.data(orders=ORDERS)
    repeats = METRICS["repeat_purchase_rate"]
    (row,) = score(data, repeats, where="paid_at < 2017-02").rows
    assert row.result.n == len({r["customer_id"] for r in ORDERS[:9] if r["customer_id"] and r["kind"] != "refund"})
    (row,) = score(data, repeats, period="2017-06").rows  # not followed for ninety days yet
    assert row.result == NoEstimate("no orders fit the question", 0)
    (row,) = score(data, repeats, period="2017-01").rows  # who first bought in January, whenever they came again
    assert isinstance(row.result, Estimate) and row.result.value > 0


def test_weights_and_what_has_none(company: Company) -> None:
    rows = answers([10, 0, 9, 3, 7], weight=lambda i: [2.0, 1.0, 0.5, None, 0.0][i], share=lambda i: f"{i + 1}")
    data = company.data(answers=rows)
    weighted = score(data, NPS, weight="weight")
    assert value(weighted) == pytest.approx((200 - 100 + 50) / 3.5)
    assert weighted.notes == ("2 answers have no weight and are left out",)
    assert value(score(data, NPS, weight="share")) == pytest.approx((100 - 200 + 300 - 400) / 15)
    assert weighted.sentence().endswith("weighted by weight.") and score(data, NPS).sentence().endswith("unweighted.")


def test_a_mapping_may_have_named_the_weight_of_its_survey(company: Company) -> None:
    weights, sources = [2.0, 1.0, 1.0, None, None], ["2017", "2017", "2017", "2017", "delighted"]
    rows = answers([10, 0, 9, 10, 0], weight=lambda i: weights[i], source=lambda i: sources[i])
    data = company.data(answers=rows)
    assert value(score(data, NPS)) == pytest.approx(20)
    data.weighted = ("2017",)
    scores = score(data, NPS)
    assert value(scores) == pytest.approx((200 - 100 + 100 - 100) / 5)
    assert scores.notes == ("1 answers have no weight and are left out",)
    assert scores.sentence().endswith("weighted by the weights of their survey.")


def test_what_cannot_be_answered_is_refused_with_what_to_write(company: Company) -> None:
    data = company.data(answers=answers([10, 0, 9], region="north"))
    with pytest.raises(UnknownName, match="did you mean weight") as missing:
        score(data, NPS, weight="wieght")
    assert missing.value.status == 404
    with pytest.raises(BadDefinition, match="no numbers to weigh with"):
        score(data, NPS, weight="answered_at")
    with pytest.raises(UnknownName, match="did you mean region"):
        score(data, NPS, by=["regoin"])
    with pytest.raises(BadDefinition, match="is not a period"):
        score(data, NPS, period="last year")
    with pytest.raises(BadDefinition, match="cannot be read"):
        score(data, NPS, where="region == ")
    for level in (0.0, 1.0, 95):
        with pytest.raises(BadDefinition, match="between 0 and 1"):
            score(data, NPS, level=level)
    with pytest.raises(Refused, match="There are no tickets yet"):
        score(data, METRICS["sla_met"])
    with pytest.raises(BadDefinition, match="one of the periods"):
        score(data, NPS, by=["region"], baseline="2017")
    with pytest.raises(BadDefinition, match="no year '1999' in the data") as absent:
        score(data, NPS, by=["year"], baseline="1999")
    assert absent.value.hint == "there are 2017."
    with pytest.raises(BadDefinition, match="mix is adjusted to that of a baseline"):
        score(data, NPS, by=["year"], adjust="region")


def test_answers_that_cannot_count_are_counted_in_the_notes(company: Company) -> None:
    rows = [
        *answers([10, 0, 9, None, 11]),
        *answers([100, 50], start=10, scale_low=0.0, scale_high=100.0),
        *answers([10, 9, 2], start=20, scale_low=0.0, scale_high=10.0, polarity="low is good"),
    ]
    scores = score(company.data(answers=rows), NPS)
    assert scores.notes == (
        "1 answers say that the question does not apply",
        "2 answers were given on another scale and are left out",
        "1 answers lie outside the scale and are left out",
    )
    assert scores.rows[0].result.n == 6 and value(scores) == pytest.approx((100 - 100 + 100 - 100 - 100 + 0) / 6)


def test_customers_not_answers_make_the_interval(company: Company) -> None:
    rows = answers([10, 10, 0, 0, 7, 7] * 10, customer_id=lambda i: f"c{i // 2}")
    (row,) = score(company.data(answers=rows), NPS).rows
    points = [100.0, 100.0, -100.0, -100.0, 0.0, 0.0] * 10
    assert isinstance(row.result, Estimate) and row.result.effective_n == pytest.approx(30, abs=1)
    assert row.result.se == pytest.approx(Moments.of(points, None, [i // 2 for i in range(60)]).mean_variance ** 0.5)


def test_the_query_runs_and_gives_the_sums(company: Company) -> None:
    data = company.data(answers=WAVES)
    scores = score(data, NPS, by=["year"], where="score != 7 and answered_at >= 2016-01-01")
    table = company.engine.connection.con.sql(scores.sql).to_arrow_table()
    found = {row["year"]: row for row in table.to_pylist()}
    for row in scores.rows:
        assert row.moments is not None
        for name in ("n", "clusters", "w", "ww", "wx", "wxx", "aa", "ab", "bb"):
            assert found[row.group[0]][name] == getattr(row.moments, name)


def test_groups_stand_in_the_order_of_their_values(company: Company) -> None:
    rows = answers([0, 10, 9, 2, 10, 7], region=lambda i: ["b", None, "a"][i % 3])
    data = company.data(answers=rows)
    assert [row.group[0] for row in score(data, NPS, by=["score"]).rows] == ["0.0", "2.0", "7.0", "9.0", "10.0"]
    assert [row.group[0] for row in score(data, NPS, by=["region", "region"]).rows] == ["a", "b", None]
    assert [row.group[0] for row in score(company.data(tickets=TICKETS), METRICS["reopened"], by=["sla_met"]).rows] == [
        "false",
        "true",
        None,
    ]
