"""Expected numbers: R package survival 3.5, by tests/reference/design.R."""

from __future__ import annotations

from math import isclose

import numpy as np
import pytest

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.stats.rates import share_of_counts
from touchstone.stats.survival import KaplanMeier, log_rank, restricted_mean, survival_at, survival_quantile

# weeks in remission, Freireich and others 1963, printed in Gehan 1965
ENDED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
OPEN = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
CONTROL = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
TREATED = KaplanMeier.of_counts(ENDED + OPEN, [1] * 9 + [0] * 12, [0] * 9 + [1] * 12)
PLACEBO = KaplanMeier.of_counts(CONTROL, [1] * 21)


def estimate(measured: Measured) -> Estimate:
    assert isinstance(measured, Estimate)
    return measured


@pytest.mark.parametrize(
    "km, time, s, se, low, high",
    [
        (TREATED, 10, 0.75294118, 0.096349653, 0.50319951, 0.88936184),
        (TREATED, 20, 0.62745098, 0.114053865, 0.36751086, 0.80491219),
        (PLACEBO, 10, 0.380952381, 0.105971170, 0.183066549, 0.57778868),
        (PLACEBO, 20, 0.095238095, 0.064056448, 0.016259260, 0.26124998),
    ],
)
def test_the_curve_has_the_errors_and_log_log_intervals_of_r(km, time, s, se, low, high):
    measured = estimate(survival_at(km, time))
    for number, printed in ((measured.value, s), (measured.se, se), (measured.low, low), (measured.high, high)):
        assert isclose(number / 100, printed, rel_tol=3e-8)
    assert measured.n == 21
    assert measured.effective_n <= 21


def test_without_open_cases_the_curve_is_a_plain_share_and_all_cases_count():
    measured = estimate(survival_at(PLACEBO, 10))
    assert isclose(measured.value, 100 * 8 / 21, rel_tol=1e-12)
    assert isclose(measured.effective_n, 21, rel_tol=1e-9)
    assert isclose(measured.se, 100 * np.sqrt(8 / 21 * 13 / 21 / 21), rel_tol=1e-9)


@pytest.mark.parametrize(
    "km, q, value, low, high",
    [(PLACEBO, 0.5, 8, 4, 11), (PLACEBO, 0.25, 4, 1, 5), (TREATED, 0.25, 13, 6, 22)],
)
def test_quantiles_and_their_intervals_are_those_of_r(km, q, value, low, high):
    measured = estimate(survival_quantile(km, q, unit="weeks"))
    assert (measured.value, measured.low, measured.high) == (value, low, high)
    assert measured.effective_n <= 21


def test_a_median_that_the_follow_up_cannot_bound_says_so():
    measured = survival_quantile(TREATED, 0.5, unit="weeks")
    assert isinstance(measured, NoEstimate)
    assert "50% had ended at 23 weeks" in measured.reason
    assert "35 weeks, the longest follow-up" in measured.reason


def test_a_share_that_has_not_ended_yet_has_no_time():
    measured = survival_quantile(TREATED, 0.9, unit="weeks")
    assert isinstance(measured, NoEstimate)
    assert "fewer than 90% had ended" in measured.reason


@pytest.mark.parametrize("km, mean, se", [(TREATED, 17.3714286, 1.4599588), (PLACEBO, 8.6190476, 1.3543852)])
def test_restricted_means_and_their_errors_are_those_of_r(km, mean, se):
    measured = estimate(restricted_mean(km, 22, unit="weeks"))
    assert isclose(measured.value, mean, rel_tol=1e-8)
    assert isclose(measured.se, se, rel_tol=1e-7)
    assert isclose(measured.high - measured.value, min(1.959963984540054 * se, 22 - mean), rel_tol=1e-6)


def grid():
    times = np.unique(ENDED + OPEN + CONTROL)
    ended = [[list(group).count(t) for t in times] for group in (CONTROL, ENDED)]
    still_open = [[0] * times.size, [OPEN.count(int(t)) for t in times]]
    return times, np.array(ended), np.array(still_open)


def test_the_log_rank_statistic_is_that_of_r():
    test = log_rank(*grid())
    assert isclose(test.statistic, 16.7929409892, rel_tol=1e-10)
    assert test.df == 1
    assert isclose(test.p_value, 4.16881e-05, rel_tol=1e-5)


def test_equal_groups_do_not_differ():
    times, ended, still_open = grid()
    test = log_rank(times, ended[[1, 1, 1]], still_open[[1, 1, 1]])
    assert isclose(test.statistic, 0, abs_tol=1e-9)
    assert test.df == 2
    assert test.p_value > 0.999


def test_a_curve_that_nobody_left_is_not_certainty():
    km = KaplanMeier.of_counts([30.0], [0], [20])
    measured = estimate(survival_at(km, 12))
    assert measured.value == measured.high == 100
    assert isclose(measured.low, 100 * 0.025 ** (1 / 20), rel_tol=1e-12)
    assert measured.effective_n == 20
    mean = estimate(restricted_mean(km, 12, unit="weeks"))
    assert mean.value == mean.high == 12
    assert isclose(mean.low, 12 * 0.025 ** (1 / 20), rel_tol=1e-12)


def test_a_curve_that_everybody_left_is_not_certainty():
    measured = estimate(survival_at(PLACEBO, 40))
    assert measured.value == measured.low == 0
    assert isclose(measured.high, 100 * (1 - 0.025 ** (1 / 21)), rel_tol=1e-12)


def test_before_the_first_end_all_that_are_followed_count():
    measured = estimate(survival_at(TREATED, 3))
    assert measured.value == 100
    assert measured.effective_n == 21


@pytest.mark.parametrize(
    "measured, words",
    [
        (survival_at(KaplanMeier.of_counts([], []), 3), "nothing has been followed"),
        (survival_at(KaplanMeier.of_counts([4.0], [1]), 3), "at least two"),
        (survival_at(TREATED, 36), "the longest follow-up is 35"),
        (restricted_mean(TREATED, 36, unit="weeks"), "the longest follow-up is 35"),
        (survival_quantile(KaplanMeier.of_counts([4.0], [9]), 0.5, unit="weeks"), "did so at the same time"),
        (restricted_mean(KaplanMeier.of_counts([4.0], [9]), 6, unit="weeks"), "did so at the same time"),
    ],
)
def test_too_little_follow_up_gives_a_reason_not_a_number(measured, words):
    assert isinstance(measured, NoEstimate)
    assert words in measured.reason


def test_times_recorded_coarsely_give_the_neighbours_as_limits():
    measured = estimate(survival_quantile(KaplanMeier.of_counts([1.0, 2.0, 3.0], [5, 990, 5]), 0.5, unit="days"))
    assert (measured.low, measured.value, measured.high) == (1, 2, 3)
    assert "many equal times" in measured.flags[0]


def test_impossible_questions_are_refused():
    for q in (0.0, 1.0):
        with pytest.raises(BadDefinition, match="between 0 and 1"):
            survival_quantile(TREATED, q, unit="weeks")
    with pytest.raises(BadDefinition, match="after zero"):
        restricted_mean(TREATED, 0, unit="weeks")


def test_broken_counts_are_refused():
    for times, ended in (([1.0, 2.0], [1]), ([-1.0], [1]), ([1.0], [-1]), ([float("nan")], [1])):
        with pytest.raises(ValueError):
            KaplanMeier.of_counts(times, ended)
    with pytest.raises(ValueError, match="two groups"):
        KaplanMeier.of_replicates([1.0], [[1]], [[0]])
    with pytest.raises(ValueError, match="at least two groups"):
        log_rank([1.0], [[1]], [[0]])


def snapshot(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Tickets opened over the last 14 days that take 10 days on average: how long seen, and whether closed."""
    takes, since = rng.exponential(10, n), rng.uniform(0, 14, n)
    return np.minimum(takes, since), takes <= since


def test_open_tickets_keep_the_median_honest():
    seen, closed = snapshot(np.random.default_rng(7), 4000)
    measured = estimate(survival_quantile(KaplanMeier.of_counts(seen, closed, ~closed), 0.5, unit="days"))
    assert measured.low < 10 * np.log(2) < measured.high
    assert np.median(seen[closed]) < 3.3


def test_replicates_of_single_cases_agree_with_greenwood():
    rng = np.random.default_rng(8)
    seen, closed = snapshot(rng, 3000)
    seen = np.ceil(seen)
    times, index = np.unique(seen, return_inverse=True)
    group = rng.integers(0, 200, seen.size)
    ended, still_open = (np.zeros((200, times.size)) for _ in range(2))
    np.add.at(ended, (group[closed], index[closed]), 1)
    np.add.at(still_open, (group[~closed], index[~closed]), 1)
    by_groups, plain = KaplanMeier.of_replicates(times, ended, still_open), KaplanMeier.of_counts(seen, closed, ~closed)
    np.testing.assert_allclose(by_groups.survival, plain.survival, rtol=1e-12)
    for one, other in (
        (survival_at(by_groups, 6), survival_at(plain, 6)),
        (restricted_mean(by_groups, 6, unit="days"), restricted_mean(plain, 6, unit="days")),
    ):
        assert isclose(estimate(one).value, estimate(other).value, rel_tol=1e-12)
        assert isclose(estimate(one).se, estimate(other).se, rel_tol=0.15)
    assert "200 replicate groups" in estimate(survival_at(by_groups, 6)).method


def test_repeat_customers_widen_the_curve():
    rng = np.random.default_rng(9)
    ends = np.ceil(np.repeat(rng.exponential(10, 300), 8))
    times, index = np.unique(ends, return_inverse=True)
    ended = np.zeros((60, times.size))
    np.add.at(ended, (np.repeat(np.arange(300) % 60, 8), index), 1)
    clustered = estimate(survival_at(KaplanMeier.of_replicates(times, ended, np.zeros_like(ended)), 7))
    alone = estimate(survival_at(KaplanMeier.of_counts(ends, np.ones(ends.size)), 7))
    assert 2 < clustered.se / alone.se < 3.6  # √8 = 2.83
    assert clustered.effective_n < 600 < alone.effective_n


@pytest.mark.truth
def test_log_log_intervals_cover_the_true_curve():
    rng, hits = np.random.default_rng(10), 0
    for _ in range(1000):
        seen, closed = snapshot(rng, 60)
        measured = survival_at(KaplanMeier.of_counts(seen, closed, ~closed), 7)
        hits += isinstance(measured, Estimate) and measured.low <= 100 * np.exp(-0.7) <= measured.high
    assert 0.92 <= hits / 1000 <= 0.98


def test_a_cohort_followed_in_full_is_close_to_its_wilson_interval():
    curve = estimate(survival_at(KaplanMeier.of_counts([3.0, 9.0], [60, 0], [0, 240]), 6))
    share = estimate(share_of_counts(240, 300))
    assert isclose(curve.value, share.value, rel_tol=1e-12)
    assert abs(curve.low - share.low) < 1
    assert abs(curve.high - share.high) < 1
