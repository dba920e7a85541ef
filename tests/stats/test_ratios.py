from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy import stats

from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.stats.moments import Moments
from touchstone.stats.ratios import ratio


def sums(y: ArrayLike, w: ArrayLike) -> Moments:
    """The sums of customers with y above and w below, either of which may be nought."""
    above, below = np.asarray(y, dtype=float), np.asarray(w, dtype=float)
    return Moments(
        n=int(below.sum()),
        clusters=above.size,
        centre=0.0,
        w=float(below.sum()),
        ww=float(below @ below),
        wx=float(above.sum()),
        wxx=float(above @ above),
        aa=float(above @ above),
        ab=float(above @ below),
        bb=float(below @ below),
    )


Y, W = [3.0, 0, 1, 2, 0, 5, 1], [2.0, 1, 0, 3, 2, 4, 1]


def test_the_variance_is_the_linearised_one_and_the_interval_that_of_its_logarithm() -> None:
    told = ratio(sums(Y, W), unit="per order")
    assert isinstance(told, Estimate)
    y, w = np.array(Y), np.array(W)
    r = y.sum() / w.sum()
    variance = 7 / 6 * np.sum((y - r * w) ** 2) / w.sum() ** 2
    reach = stats.t.ppf(0.975, 6) * variance**0.5 / r
    assert told.value == pytest.approx(r) and told.se == pytest.approx(variance**0.5)
    assert (told.low, told.high) == (pytest.approx(r * exp(-reach)), pytest.approx(r * exp(reach)))
    assert told.n == 13 and told.effective_n == pytest.approx(w.sum() ** 2 / (w @ w))
    assert "fewer than 30 effective answers" in told.flags


def test_what_may_lie_below_nought_has_an_interval_around_it() -> None:
    told = ratio(sums([-5.0, 3, -1, 0, 2], [1.0, 2, 1, 1, 1]), unit="% of before", lowest=None)
    assert isinstance(told, Estimate)
    assert told.value < 0 and told.high - told.value == pytest.approx(told.value - told.low)


def test_the_interval_ends_where_the_ratio_does() -> None:
    told = ratio(sums([100.0, 90, 200, 20], [1.0, 1, 2, 1]), unit="% of before", highest=100.0)
    assert isinstance(told, Estimate) and told.high == 100.0


def test_nothing_counted_has_an_upper_end_and_no_lower_one() -> None:
    told = ratio(sums([0.0] * 50, [2.0] * 50), unit="per 100 orders", times=100)
    assert isinstance(told, Estimate)
    assert (told.value, told.low) == (0.0, 0.0)
    assert told.high == pytest.approx(-log(0.025) * 100 * 2 / 100)
    assert "nothing was counted" in told.flags


@pytest.mark.parametrize(
    ("y", "w", "reason"),
    [
        ([1.0, 2], [0.0, 0], "nothing to divide by"),
        ([3.0], [2.0], "all of it comes from one customer"),
        ([2.0, 4, 6], [1.0, 2, 3], "every customer has the same ratio"),
    ],
)
def test_what_cannot_be_told_has_a_reason(y: list[float], w: list[float], reason: str) -> None:
    told = ratio(sums(y, w), unit="per order")
    assert isinstance(told, NoEstimate) and reason in told.reason


@pytest.mark.truth
@pytest.mark.parametrize("customers", [60, 400])
def test_the_interval_holds_the_truth_as_often_as_it_says(customers: int) -> None:
    """Customers who order and complain by their own rates, related to each other; a fifth never order."""
    rng, held, runs = np.random.default_rng(11), 0, 2_000
    for _ in range(runs):
        busy = rng.gamma(2.0, 0.5, customers)
        orders = rng.poisson(4 * busy) * (rng.random(customers) < 0.8)
        complaints = rng.poisson(0.4 * busy * rng.gamma(2.0, 0.5, customers))
        told = ratio(sums(100 * complaints, orders), unit="per 100 orders", times=100)
        assert isinstance(told, Estimate)
        held += told.low <= 100 * 0.4 / (4 * 0.8) <= told.high
    assert 0.92 <= held / runs <= 0.98
