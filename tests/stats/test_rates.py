from __future__ import annotations

from math import isclose

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.stats.moments import Moments, critical
from touchstone.stats.rates import newcombe, share, share_of_counts, wilson


def estimate(measured: Measured) -> Estimate:
    assert isinstance(measured, Estimate)
    return measured


@pytest.mark.parametrize(
    "hits, n, low, high",
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_shares_have_newcombes_printed_intervals(hits, n, low, high):
    measured = estimate(share_of_counts(hits, n))
    assert (round(measured.low / 100, 4), round(measured.high / 100, 4)) == (low, high)
    assert isclose(measured.value, 100 * hits / n, rel_tol=1e-12)
    assert isclose(measured.effective_n, n, rel_tol=1e-9)


@given(st.integers(2, 500), st.floats(0, 1), st.floats(0.5, 0.99))
def test_shares_have_the_intervals_of_scipy(n, part, level):
    hits = round(part * n)
    measured = estimate(share_of_counts(hits, n, level=level))
    oracle = binomtest(hits, n).proportion_ci(level, method="wilson")
    assert isclose(measured.low, 100 * oracle.low, rel_tol=1e-9, abs_tol=1e-9)
    assert isclose(measured.high, 100 * oracle.high, rel_tol=1e-9, abs_tol=1e-9)
    assert measured.se > 0


@pytest.mark.parametrize(
    "before, after, low, high",
    [((48, 80), (56, 70), 0.0524, 0.3339), ((3, 10), (9, 10), 0.1705, 0.8090), ((0, 29), (5, 56), -0.0381, 0.1926)],
)
def test_differences_of_shares_have_newcombes_printed_intervals(before, after, low, high):
    d = estimate(newcombe(share_of_counts(*before), share_of_counts(*after)))
    assert (round(d.low / 100, 4), round(d.high / 100, 4)) == (low, high)
    assert d.n == before[1] + after[1]
    assert isclose(d.effective_n, d.n, rel_tol=1e-9)


@pytest.mark.parametrize("n, p, floor", [(10, 0.5, 0.95), (10, 0.9, 0.92), (50, 0.95, 0.93), (300, 0.02, 0.94)])
def test_wilson_covers_the_true_share_about_as_often_as_it_says(n, p, floor):
    hits = np.arange(n + 1)
    low, high = wilson(hits / n, n, critical(0.95))
    coverage = float(binom.pmf(hits, n, p)[(low <= p) & (p <= high)].sum())
    assert floor <= coverage <= 0.985


def test_wilson_covers_95_percent_on_average_over_all_shares():
    for n in (10, 25, 50, 100, 300):
        hits, grid = np.arange(n + 1), np.linspace(0.005, 0.995, 199)
        low, high = wilson(hits / n, n, critical(0.95))
        inside = (low[:, None] <= grid) & (grid <= high[:, None])
        coverage = (binom.pmf(hits[:, None], n, grid) * inside).sum(0)
        assert 0.945 <= coverage.mean() <= 0.962
        assert coverage.min() > 0.83  # the known dip near 0 and 1 (Brown, Cai and DasGupta 2001)


def test_repeat_customers_are_worth_less_than_their_answers():
    rng = np.random.default_rng(5)
    x = 100.0 * (rng.random(50) < 0.7)
    measured = estimate(share(Moments.of(np.repeat(x, 6), cluster=np.repeat(np.arange(50), 6))))
    assert isclose(measured.effective_n, 50, rel_tol=0.03)
    low, high = wilson(x.mean() / 100, measured.effective_n, critical(0.95, 49))
    assert isclose(measured.low, 100 * low, rel_tol=1e-9)
    assert isclose(measured.high, 100 * high, rel_tol=1e-9)


def test_all_satisfied_is_not_certainty():
    measured = estimate(share_of_counts(20, 20))
    assert measured.value == measured.high == 100
    assert round(measured.low, 2) == 83.89


@pytest.mark.parametrize("hits, n", [(0, 0), (1, 1)])
def test_one_answer_gives_a_reason_not_a_zero(hits, n):
    assert isinstance(share_of_counts(hits, n), NoEstimate)


def test_a_difference_with_a_missing_side_says_which():
    one, other = share_of_counts(1, 1), share_of_counts(5, 10)
    assert isinstance(missing := newcombe(one, other), NoEstimate)
    assert missing.reason.startswith("nothing to compare with: ")
    assert isinstance(missing := newcombe(other, one), NoEstimate)
    assert missing.reason.startswith("nothing to compare: ")


def test_unreliable_shares_are_marked():
    assert "fewer than 10 effective answers" in estimate(share_of_counts(3, 9)).flags
    assert estimate(share_of_counts(3, 100)).flags == ("the interval is wide for a share of this size",)
    assert estimate(share_of_counts(500, 1000)).flags == ()
    assert estimate(share_of_counts(0, 5000)).flags == ()


def test_numbers_that_are_no_shares_are_refused():
    with pytest.raises(ValueError, match="0 or 100"):
        share(Moments.of([0.0, 1.0, 1.0]))
    with pytest.raises(ValueError, match="between 0 and n"):
        share_of_counts(3, 2)
    with pytest.raises(ValueError, match="one level"):
        newcombe(share_of_counts(3, 9), share_of_counts(3, 9, level=0.9))
