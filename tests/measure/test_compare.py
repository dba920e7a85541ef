"""One metric in two periods: who is in both counts once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.conftest import Simulated

from touchstone.core.estimate import Estimate, Measured, NoEstimate, Total
from touchstone.core.period import Period
from touchstone.engine.data import Data
from touchstone.measure.compare import compare
from touchstone.measure.metrics import metric_named
from touchstone.stats.differences import difference, paired_difference
from touchstone.stats.moments import PairMoments

NPS = metric_named("nps")
BEFORE, AFTER = Period.parse("2023"), Period.parse("2024")


def answers(scores: np.ndarray, customers: np.ndarray, year: int, first: int, kind: str) -> list[str]:
    return [
        f"R{first + i},C{customer},{year}-{1 + i % 12:02d}-11,{score},{kind}"
        for i, (score, customer) in enumerate(zip(scores, customers, strict=True))
    ]


def points(scores: np.ndarray) -> np.ndarray:
    return np.where(scores >= 9, 100.0, np.where(scores >= 7, 0.0, -100.0))


def paired(before: np.ndarray, first: np.ndarray, after: np.ndarray, second: np.ndarray) -> Measured:
    """The change told from the arrays alone."""
    x, cluster = np.concatenate([points(before), points(after)]), np.concatenate([first, second])
    group = np.repeat([1, 2], [len(before), len(after)])
    return paired_difference(PairMoments.of(x, None, cluster, group), unit="points")


@pytest.fixture
def panel(imported: Callable[..., Data]) -> tuple[Data, tuple[np.ndarray, ...]]:
    """Two years of answers in which half of the customers are in both, with a mood of their own."""
    rng = np.random.default_rng(3)
    mood = rng.normal(0, 2.5, 300)
    first, second = rng.integers(0, 200, 260), rng.integers(100, 300, 280)
    before, after = (
        np.clip(np.rint(centre + mood[who] + rng.normal(0, 1, len(who))), 0, 10).astype(int)
        for centre, who in ((7.5, first), (8.0, second))
    )
    lines = [*answers(before, first, 2023, 0, "relationship"), *answers(after, second, 2024, 1_000, "relationship")]
    text = "ResponseId,customer_id,Date,NPS,Survey\n" + "\n".join(lines) + "\n"
    return imported({"survey.csv": text}), (before, first, after, second)


def test_customers_of_both_periods_are_paired(panel: tuple[Data, tuple[np.ndarray, ...]]) -> None:
    data, (before, first, after, second) = panel
    found = compare(data, NPS, BEFORE, AFTER)
    direct = paired(before, first, after, second)
    assert isinstance(found.change, Estimate)
    assert isinstance(direct, Estimate)
    assert found.change.value == pytest.approx(points(after).mean() - points(before).mean())
    assert (found.change.low, found.change.high) == (pytest.approx(direct.low), pytest.approx(direct.high))
    assert found.change.se == pytest.approx(direct.se)
    alone = difference(found.before.rows[0].result, found.after.rows[0].result)
    assert isinstance(alone, Estimate)
    assert found.change.se < 0.95 * alone.se  # moods that stay cancel


def test_the_results_beside_a_change_are_those_of_its_periods(panel: tuple[Data, tuple[np.ndarray, ...]]) -> None:
    data, (before, _, after, _) = panel
    found = compare(data, NPS, BEFORE, AFTER)
    assert found.kind == "relationship"
    assert found.before.rows[0].result.value == pytest.approx(points(before).mean())
    assert found.now.value == pytest.approx(points(after).mean())
    assert found.change.grade is None


def test_kinds_are_not_pooled(imported: Callable[..., Data]) -> None:
    rng = np.random.default_rng(5)
    lines, number = [], 0
    for year, kind, n, low in (
        (2023, "relationship", 120, 0), (2024, "relationship", 120, 0),
        (2023, "after delivery", 20, 9), (2024, "after delivery", 100, 9),
    ):  # fmt: skip
        scores, people = rng.integers(low, 11, n), np.arange(number, number + n)
        lines += answers(scores, people, year, number, kind)
        number += n
    data = imported({"survey.csv": "ResponseId,customer_id,Date,NPS,Survey\n" + "\n".join(lines) + "\n"})
    found = compare(data, NPS, BEFORE, AFTER)
    assert (found.kind, found.now.n, found.before.rows[0].result.n) == ("relationship", 120, 120)
    other = compare(data, NPS, BEFORE, AFTER, where="kind = transactional")
    assert (other.now.n, other.now.value) == (100, 100.0)


def test_nobody_in_common_is_the_difference_of_two_samples(imported: Callable[..., Data]) -> None:
    rng = np.random.default_rng(6)
    before, after = rng.integers(0, 11, 150), rng.integers(4, 11, 150)
    lines = [
        *answers(before, np.arange(150), 2023, 0, "relationship"),
        *answers(after, np.arange(500, 650), 2024, 500, "relationship"),
    ]
    data = imported({"survey.csv": "ResponseId,customer_id,Date,NPS,Survey\n" + "\n".join(lines) + "\n"})
    found = compare(data, NPS, BEFORE, AFTER)
    direct = paired(before, np.arange(150), after, np.arange(500, 650))
    assert isinstance(found.change, Estimate)
    assert isinstance(direct, Estimate)
    assert found.change.value == pytest.approx(direct.value)
    assert found.change.se == pytest.approx(direct.se, rel=0.02)
    assert found.verdict.words == "a real change"


def test_an_exact_sum_has_no_change_with_an_interval(simulated: Simulated) -> None:
    found = compare(simulated.data, metric_named("sales"), Period.parse("2024"), Period.parse("2025"))
    assert isinstance(found.now, Total)
    assert isinstance(found.change, NoEstimate)
    paid = [row for row in simulated.rows("orders.csv") if row["kind"] == "purchase"]
    assert found.now.n + found.before.rows[0].result.n == pytest.approx(len(paid), abs=5)  # New Year in Berlin


def test_retention_of_two_years_is_compared_as_two_samples(simulated: Simulated) -> None:
    found = compare(simulated.data, metric_named("retention"), Period.parse("2024"), Period.parse("2025"))
    assert isinstance(found.change, Estimate)
    assert found.kind == ""
    assert found.change.value == pytest.approx(found.now.value - found.before.rows[0].result.value)


def test_a_period_without_answers_says_so(imported: Callable[..., Data]) -> None:
    lines = answers(np.arange(40) % 11, np.arange(40), 2024, 0, "relationship")
    data = imported({"survey.csv": "ResponseId,customer_id,Date,NPS,Survey\n" + "\n".join(lines) + "\n"})
    found = compare(data, NPS, BEFORE, AFTER)
    assert isinstance(found.change, NoEstimate)
    assert found.verdict.words == "too few answers to tell"


def test_amounts_per_customer_are_paired_about_one_centre(imported: Callable[..., Data]) -> None:
    rng = np.random.default_rng(9)
    first, second = np.arange(160), np.arange(60, 230)
    taste = np.exp(rng.normal(4, 0.6, 230))
    before = np.round(taste[first] * rng.uniform(0.8, 1.2, 160))
    after = np.round(2.5 * taste[second] * rng.uniform(0.8, 1.2, 170))
    lines = [f"{year}-{who},C{who},{year}-05-0{1 + who % 9},{paid:.0f}"
             for year, people, amounts in ((2023, first, before), (2024, second, after))
             for who, paid in zip(people, amounts, strict=True)]  # fmt: skip
    data = imported({"orders.csv": "order_id,customer_id,paid_at,amount\n" + "\n".join(lines) + "\n"})
    found = compare(data, metric_named("revenue_per_customer"), BEFORE, AFTER)
    x, cluster = np.concatenate([before, after]), np.concatenate([first, second])
    pair = PairMoments.of(x, None, cluster, np.repeat([1, 2], [160, 170]))
    direct = paired_difference(pair, unit="EUR")
    assert isinstance(found.change, Estimate)
    assert isinstance(direct, Estimate)
    assert found.change.value == pytest.approx(after.mean() - before.mean())
    assert found.change.se == pytest.approx(direct.se)
