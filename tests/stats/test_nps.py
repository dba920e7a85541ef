from __future__ import annotations

from math import isclose

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln, xlogy
from scipy.stats import multinomial

from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.stats.moments import Moments, critical
from touchstone.stats.nps import (
    adjusted_wald,
    net_score,
    net_score_of_counts,
    net_score_score_interval,
    score_limits,
    score_statistic,
)

Z = critical(0.95)

# METHODS 1.2: n, shares, exact coverage of (adjusted Wald, score)
COVERAGE = [
    (10, (0.50, 0.30, 0.20), 0.962, 0.947),
    (10, (0.90, 0.08, 0.02), 0.930, 0.959),
    (25, (0.90, 0.08, 0.02), 0.963, 0.956),
    (50, (0.75, 0.20, 0.05), 0.957, 0.947),
    (100, (0.05, 0.90, 0.05), 0.960, 0.957),
    (300, (0.50, 0.30, 0.20), 0.949, 0.950),
]


def every_sample(n: int, shares: tuple[float, float, float]):
    promoters, detractors = (a.ravel() for a in np.meshgrid(np.arange(n + 1), np.arange(n + 1)))
    possible = promoters + detractors <= n
    P, D = promoters[possible], detractors[possible]
    N = n - P - D
    log = gammaln(n + 1) - gammaln(P + 1) - gammaln(N + 1) - gammaln(D + 1)
    return P, D, np.exp(log + xlogy(P, shares[0]) + xlogy(N, shares[1]) + xlogy(D, shares[2]))


@pytest.mark.parametrize("n, shares, wald, score", COVERAGE)
def test_intervals_cover_the_true_score_as_often_as_the_table_says(n, shares, wald, score):
    P, D, chance = every_sample(n, shares)
    assert isclose(chance.sum(), 1, rel_tol=1e-9)
    truth = shares[0] - shares[2]
    low, high = adjusted_wald(P, D, n, Z)
    assert round(float(chance[(low <= 100 * truth) & (100 * truth <= high)].sum()), 3) == wald
    inside = np.abs(score_statistic(P, D, n, truth)) < Z
    assert round(float(chance[inside].sum()), 3) == score


def test_the_probabilities_of_the_enumeration_are_multinomial():
    P, D, chance = every_sample(10, (0.5, 0.3, 0.2))
    expected = multinomial.pmf(np.column_stack([P, 10 - P - D, D]), 10, [0.5, 0.3, 0.2])
    np.testing.assert_allclose(chance, expected, rtol=1e-9)


def test_fifty_thirty_twenty_has_the_reference_intervals():
    wald = net_score_of_counts(50, 30, 20)
    assert isinstance(wald, Estimate)
    assert isclose(wald.value, 30, rel_tol=1e-12)
    assert (round(wald.low, 3), round(wald.high, 3)) == (14.051, 44.201)
    assert isclose(wald.effective_n, 100, rel_tol=1e-9)
    score = net_score_of_counts(50, 30, 20, interval="score")
    assert isinstance(score, Estimate)
    assert (round(score.low, 3), round(score.high, 3)) == (13.955, 44.339)


def test_the_score_interval_of_paired_shares_is_that_of_the_r_package():
    # Tango and Agresti-Min for b = 40, c = 20, n = 160, as PropCIs prints them
    low, high = score_limits(20, 40, 160, Z)
    assert (round(low / 100, 6), round(high / 100, 6)) == (-0.218064, -0.030865)


def test_agresti_and_mins_half_counts_are_reproduced_by_the_same_formula():
    # their pseudo-counts are 1/2 on b and c and 1 on the pairs that agree: 2 in all
    P, D, n = 20 + 0.5, 40 + 0.5, 162
    score, away = (P - D) / n, (P + D) / n
    half = Z * np.sqrt((away - score**2) / n)
    assert (round(score - half, 6), round(score + half, 6)) == (-0.216017, -0.030896)


def test_ten_promoters_are_not_certainty():
    for measured in (net_score_of_counts(10, 0, 0), net_score_of_counts(10, 0, 0, interval="score")):
        assert isinstance(measured, Estimate)
        assert measured.value == 100
        assert measured.high == 100
        assert measured.se > 0
        assert measured.effective_n == 10
    assert isinstance(score := net_score_of_counts(10, 0, 0, interval="score"), Estimate)
    assert round(score.low, 1) == 44.5


def test_ten_detractors_mirror_ten_promoters():
    up, down = net_score_of_counts(7, 2, 1), net_score_of_counts(1, 2, 7)
    assert isinstance(up, Estimate)
    assert isinstance(down, Estimate)
    assert isclose(up.low, -down.high, rel_tol=1e-12)
    assert isclose(up.high, -down.low, rel_tol=1e-12)


@pytest.mark.parametrize("counts", [(0, 0, 0), (1, 0, 0), (0, 0, 1)])
def test_no_or_one_answer_gives_a_reason_not_a_zero(counts):
    measured = net_score_of_counts(*counts)
    assert isinstance(measured, NoEstimate)
    assert "two customers" in measured.reason


def test_ten_answers_of_one_customer_give_a_reason():
    measured = net_score(Moments.of([100.0] * 5 + [0.0] * 5, cluster=[1] * 10))
    assert isinstance(measured, NoEstimate)
    assert "one customer" in measured.reason
    assert measured.n == 10


@given(
    st.tuples(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400)), st.sampled_from([0.5, 0.8, 0.95, 0.99])
)
def test_every_sample_has_an_interval_with_width_around_its_score(counts, level):
    for interval in ("adjusted Wald", "score"):
        measured = net_score_of_counts(*counts, level=level, interval=interval)
        if sum(counts) < 2:
            assert isinstance(measured, NoEstimate)
        else:
            assert isinstance(measured, Estimate)
            assert -100 <= measured.low <= measured.value <= measured.high <= 100
            assert measured.se > 0


def test_repeat_customers_widen_the_interval_and_lower_the_effective_n():
    rng = np.random.default_rng(11)
    x = rng.choice([100.0, 0.0, -100.0], 60, p=[0.5, 0.3, 0.2])
    alone = net_score(Moments.of(x))
    repeated = net_score(Moments.of(np.repeat(x, 5), cluster=np.repeat(np.arange(60), 5)))
    assert isinstance(alone, Estimate)
    assert isinstance(repeated, Estimate)
    assert isclose(alone.value, repeated.value, rel_tol=1e-12)
    assert isclose(repeated.effective_n, 60, rel_tol=0.02)
    assert repeated.n == 300
    assert repeated.high - repeated.low > 0.99 * (alone.high - alone.low)
    assert "clustered" in repeated.method


def test_few_customers_take_students_t():
    x, cluster = [100.0, 0.0, 0.0, -100.0, 100.0, 100.0, 0.0, -100.0], [1, 1, 2, 2, 3, 3, 4, 4]
    m = Moments.of(x, cluster=cluster)
    measured = net_score(m)
    assert isinstance(measured, Estimate)
    n = m.effective_n
    low, high = adjusted_wald(n * 3 / 8, n * 2 / 8, n, critical(0.95, 3))
    assert isclose(measured.low, float(low), rel_tol=1e-9)
    assert isclose(measured.high, float(high), rel_tol=1e-9)


def test_weights_move_the_score_and_cost_effective_answers():
    x, w = [100.0] * 10 + [-100.0] * 10, [3.0] * 10 + [1.0] * 10
    measured = net_score(Moments.of(x, w))
    assert isinstance(measured, Estimate)
    assert isclose(measured.value, 50, rel_tol=1e-12)
    assert measured.effective_n <= 20


def test_few_answers_and_wide_intervals_are_marked():
    measured = net_score_of_counts(5, 3, 2)
    assert isinstance(measured, Estimate)
    assert measured.flags == ("fewer than 30 effective answers", "interval wider than 30 points")
    assert isinstance(many := net_score_of_counts(500, 300, 200), Estimate)
    assert many.flags == ()


def test_answers_that_are_not_promoter_passive_or_detractor_are_refused():
    with pytest.raises(ValueError, match="-100, 0 or 100"):
        net_score(Moments.of([10.0, 20.0, 30.0]))
    with pytest.raises(ValueError, match="-100, 0 or 100"):
        net_score_score_interval(Moments.of([300.0, 0.0]))


@pytest.mark.truth
def test_clustered_net_scores_cover_the_truth_over_two_thousand_samples():
    # 150 customers with 1 to 7 answers; a third of an answer's spread lies between customers
    thresholds, rng = (-0.9, 0.1), np.random.default_rng(2026)

    def drawn(customers: int) -> tuple[np.ndarray, np.ndarray]:
        cluster = np.repeat(np.arange(customers), rng.integers(1, 8, customers))
        latent = rng.normal(0, 0.58, customers)[cluster] + rng.normal(0, 0.81, cluster.size)
        return 100.0 * (latent > thresholds[1]) - 100.0 * (latent < thresholds[0]), cluster

    truth = float(np.mean(drawn(400_000)[0]))
    hits, naive = 0, 0
    for _ in range(2000):
        x, cluster = drawn(150)
        clustered, alone = net_score(Moments.of(x, cluster=cluster)), net_score(Moments.of(x))
        assert isinstance(clustered, Estimate)
        assert isinstance(alone, Estimate)
        hits += clustered.low <= truth <= clustered.high
        naive += alone.low <= truth <= alone.high
    assert 0.93 <= hits / 2000 <= 0.965
    assert naive / 2000 < 0.85
