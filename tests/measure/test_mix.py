"""The score at the baseline's mix: what moved because others answered, and what because they answered otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from tests.measure.company import Company, answers, at

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.measure.metrics import built_in
from touchstone.measure.score import score
from touchstone.measure.scores import Scores

METRICS = built_in()
CSAT = METRICS["csat"]
Answer = tuple[str, float, str]  # channel, score, customer


def year(rows: Sequence[Answer], when: int, start: int) -> list[dict[str, object]]:
    channel, scores, who = zip(*rows, strict=True)
    return answers(
        scores,
        metric="csat",
        start=start,
        channel=lambda i: channel[i - start],
        customer_id=lambda i: who[i - start],
        answered_at=at(f"{when}-05-01T12:00:00"),
    )


def opinions(channel: str, good: int, bad: int, prefix: str) -> list[Answer]:
    return [(channel, 5.0 if i < good else 1.0, f"{prefix}{channel}{i}") for i in range(good + bad)]


def adjusted(company: Company, before: Sequence[Answer], after: Sequence[Answer], **options: object) -> Scores:
    data = company.data(answers=[*year(before, 2016, 0), *year(after, 2017, 10_000)])
    return score(data, CSAT, by=["year"], baseline="2016", adjust="channel", **options)  # type: ignore[arg-type]


BEFORE = [*opinions("shop", 80, 20, "a"), *opinions("phone", 80, 120, "a")]


def test_a_shift_of_the_mix_alone_is_no_change_at_the_same_mix(company: Company) -> None:
    scores = adjusted(company, BEFORE, [*opinions("shop", 240, 60, "b"), *opinions("phone", 40, 60, "b")])
    before, after = scores.rows
    assert isinstance(after.result, Estimate) and after.result.value == pytest.approx(70)
    assert after.change is not None and after.change.verdict.words == "a real change"
    assert after.adjusted is not None and before.adjusted is not None
    value, change = after.adjusted.value, after.adjusted.change
    assert isinstance(value, Estimate) and isinstance(change, Estimate)
    assert value.value == pytest.approx(80 / 3 + 2 * 40 / 3) == pytest.approx(160 / 3)
    assert change.value == pytest.approx(0, abs=1e-9) and change.low < 0 < change.high
    assert change.unit == "points" and value.unit == "%"
    assert value.method.startswith("at the mix of channel in 2016, jackknife over ")
    assert before.adjusted.value == before.result and before.adjusted.change is None
    record = scores.records()[1]
    assert (record["adjusted_value"], record["adjusted_reason"]) == (value.value, None)
    assert record["adjusted_low"] == value.low < value.value < record["adjusted_high"] == value.high
    assert (record["adjusted_change_value"], record["adjusted_change_low"]) == (change.value, change.low)


def test_a_change_that_the_mix_hides_is_found(company: Company) -> None:
    """Both channels got worse by 20 points, and more customers came to the better one."""
    scores = adjusted(company, BEFORE, [*opinions("shop", 156, 104, "b"), *opinions("phone", 8, 32, "b")])
    after = scores.rows[1]
    assert isinstance(after.result, Estimate) and after.result.value == pytest.approx(100 * 164 / 300)
    assert after.change is not None and after.change.verdict.words != "a real change"
    assert after.adjusted is not None and isinstance(after.adjusted.change, Estimate)
    assert after.adjusted.change.value == pytest.approx(-20)
    assert after.adjusted.change.high < 0


def test_the_error_is_that_of_the_means_of_customers(company: Company) -> None:
    """Against the linearised variance over customers, each of whom answers in both channels and both years."""
    rng = np.random.default_rng(3)
    moods = rng.normal(size=400)

    def ask(size: int, shift: float) -> list[Answer]:
        people = rng.integers(0, 400, size)
        good = moods[people] + rng.normal(size=size) * 0.5 + shift > 0
        channels = rng.choice(["shop", "phone", "web"], size)
        return [(str(c), 5.0 if g else 1.0, f"p{p}") for c, g, p in zip(channels, good, people, strict=True)]

    before, after = ask(3_000, 0.0), ask(2_000, 0.3)
    scores = adjusted(company, before, after)
    beside = scores.rows[1].adjusted
    assert beside is not None and isinstance(beside.value, Estimate) and isinstance(beside.change, Estimate)
    influence = {}
    for place, rows in enumerate((before, after)):
        x = np.array([100.0 * (s == 5) for _, s, _ in rows])
        cell = np.array([c for c, _, _ in rows])
        z = np.zeros(len(rows))
        for name in np.unique(cell):
            share = np.mean([c == name for c, _, _ in before])
            inside = cell == name
            z[inside] = share * (x[inside] - x[inside].mean()) / inside.sum()
        people = np.array([int(who[1:]) for _, _, who in rows])
        influence[place] = np.bincount(people, z, 400)
    assert beside.value.se == pytest.approx(np.sqrt((influence[1] ** 2).sum()), rel=0.12)
    assert beside.change.se == pytest.approx(np.sqrt(((influence[1] - influence[0]) ** 2).sum()), rel=0.12)
    independent = np.sqrt((influence[1] ** 2).sum() + (influence[0] ** 2).sum())
    assert beside.change.se < 0.7 * independent
    assert beside.value.effective_n < 500


def test_with_the_same_mix_the_adjusted_value_is_the_raw_one(company: Company) -> None:
    scores = adjusted(company, BEFORE, [*opinions("shop", 30, 20, "b"), *opinions("phone", 55, 45, "b")])
    after = scores.rows[1]
    assert after.adjusted is not None and isinstance(after.adjusted.value, Estimate)
    assert isinstance(after.result, Estimate)
    assert after.adjusted.value.value == pytest.approx(after.result.value)
    assert after.adjusted.value.se == pytest.approx(after.result.se, rel=0.2)


def test_a_group_that_nobody_answered_for_is_named(company: Company) -> None:
    scores = adjusted(company, BEFORE, opinions("shop", 30, 20, "b"))
    beside = scores.rows[1].adjusted
    assert beside is not None and beside.change == beside.value
    assert beside.value == NoEstimate(
        "nobody with channel phone answered in 2017, and 67% of 2016 were such; it takes answers from them", 50
    )
    assert scores.records()[1]["adjusted_value"] is None
    assert "nobody with channel phone" in str(scores.records()[1]["adjusted_reason"])


def test_a_group_of_one_customer_has_no_spread(company: Company) -> None:
    scores = adjusted(company, BEFORE, [*opinions("shop", 30, 20, "b"), *([("phone", 5.0, "bob")] * 4)])
    beside = scores.rows[1].adjusted
    assert beside is not None and isinstance(beside.value, NoEstimate)
    assert beside.value.reason.startswith("one group of customers only with channel phone answered in 2017")


def test_groups_that_the_baseline_does_not_have_are_left_out_and_counted(company: Company) -> None:
    after = [*opinions("shop", 30, 20, "b"), *opinions("phone", 55, 45, "b"), *opinions("app", 7, 0, "b")]
    beside = adjusted(company, BEFORE, after).rows[1].adjusted
    assert beside is not None and isinstance(beside.value, Estimate)
    assert beside.value.n == 150
    assert "7 answers of groups that 2016 does not have are left out" in beside.value.flags


def test_answers_without_the_attribute_are_a_group_of_their_own(company: Company) -> None:
    data = company.data(
        answers=[
            *answers([5, 1, 4] * 9, metric="csat", region=lambda i: ["a", None][i % 2], answered_at=at("2016-05-01")),
            *answers([5, 1] * 9, metric="csat", start=90, region="a", answered_at=at("2017-05-01")),
        ]
    )
    beside = score(data, CSAT, by=["year"], baseline="2016", adjust="region").rows[1].adjusted
    assert beside is not None and isinstance(beside.value, NoEstimate) and "with region none" in beside.value.reason


def test_each_group_is_brought_to_its_own_baseline(company: Company) -> None:
    rows = []
    for place, (region, shop, phone) in enumerate([("n", 60, 20), ("s", 20, 60)]):
        for when, first in ((2016, 0), (2017, 5_000)):
            told = [
                *opinions("shop", shop // 2, shop // 2, f"{region}{when}"),
                *opinions("phone", phone, 0, f"{region}{when}"),
            ]
            rows += [
                row | {"region": region} for row in year(told[:: 1 if when == 2016 else 2], when, first + 1_000 * place)
            ]
    scores = score(company.data(answers=rows), CSAT, by=["region", "year"], baseline="2016", adjust="channel")
    for row in scores.rows:
        assert row.adjusted is not None and isinstance(row.adjusted.value, Estimate)
        assert isinstance(row.result, Estimate)
        assert row.adjusted.value.value == pytest.approx(row.result.value)


def test_what_cannot_be_adjusted_is_refused(company: Company) -> None:
    with pytest.raises(BadDefinition, match="Groups by channel have one channel each"):
        data = company.data(answers=[*year(BEFORE, 2016, 0), *year(BEFORE, 2017, 900)])
        score(data, CSAT, by=["channel", "year"], baseline="2016", adjust="channel")
    orders = [
        {"order_id": f"o{i}", "customer_id": f"c{i}", "paid_at": at(f"{2016 + i % 2}-05-01"), "amount": i + 1}
        for i in range(9)
    ]
    with pytest.raises(BadDefinition, match="'revenue_per_customer' cannot be adjusted"):
        score(company.data(orders=orders), METRICS["revenue_per_customer"], by=["year"], baseline="2016", adjust="unit")
