from __future__ import annotations

from math import isclose

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.stats.means import mean
from touchstone.stats.moments import Moments


def test_independent_answers_have_the_textbook_t_interval():
    x = np.array([4.0, 5.0, 3.0, 5.0, 2.0, 4.0, 4.0])
    measured = mean(Moments.of(x), unit="of 5")
    assert isinstance(measured, Estimate)
    low, high = stats.t.interval(0.95, 6, loc=x.mean(), scale=stats.sem(x))
    assert isclose(measured.value, x.mean(), rel_tol=1e-12)
    assert isclose(measured.low, low, rel_tol=1e-9)
    assert isclose(measured.high, high, rel_tol=1e-9)
    assert isclose(measured.effective_n, 7, rel_tol=1e-9)
    assert measured.method == "mean, t interval"


def test_clusters_give_their_own_degrees_of_freedom():
    m = Moments.of([1.0, 2.0, 3.0, 4.0, 9.0, 8.0], cluster=[1, 1, 2, 2, 3, 3])
    measured = mean(m, unit="hours")
    assert isinstance(measured, Estimate)
    assert isclose((measured.high - measured.value) / measured.se, stats.t.ppf(0.975, 2), rel_tol=1e-9)
    assert isclose(measured.effective_n, m.effective_n)
    assert measured.effective_n < 6
    assert measured.method == "mean, clustered t interval"


def test_the_interval_stays_on_the_scale():
    measured = mean(Moments.of([5.0, 5.0, 5.0, 1.0]), unit="of 5", lowest=1, highest=5)
    assert isinstance(measured, Estimate)
    assert (measured.low, measured.high) == (1, 5)
    assert measured.value == 4


def test_equal_answers_keep_an_interval_that_shrinks_with_their_number():
    few, many = (mean(Moments.of([5.0] * n), unit="of 5", lowest=1, highest=5) for n in (10, 1000))
    assert isinstance(few, Estimate)
    assert isinstance(many, Estimate)
    # with n answers alike, another answer is at most 1 − 0.025^(1/n) likely
    assert isclose(few.low, 5 - 4 * (1 - 0.025**0.1), rel_tol=1e-12)
    assert few.high == 5
    assert few.low < many.low < 5
    assert few.effective_n == 10
    assert "all answers are equal" in few.flags


def test_equal_answers_on_a_scale_without_width_have_no_estimate():
    measured = mean(Moments.of([0.1] * 7), unit="", lowest=0.1, highest=0.1)
    assert isinstance(measured, NoEstimate) and measured.n == 7


def test_equal_answers_in_the_middle_reach_to_both_ends():
    measured = mean(Moments.of([3.0] * 20), unit="of 5", lowest=1, highest=5)
    assert isinstance(measured, Estimate)
    assert isclose(measured.high - 3, 3 - measured.low, rel_tol=1e-12)


def test_equal_answers_without_a_scale_give_a_reason():
    measured = mean(Moments.of([3.0] * 20), unit="hours")
    assert isinstance(measured, NoEstimate)
    assert "all 20 answers are equal" in measured.reason


@pytest.mark.parametrize(
    "m, words",
    [
        (Moments.of([]), "nobody"),
        (Moments.of([3.0]), "one answer"),
        (Moments.of([3.0, 4.0, 5.0], cluster=[1, 1, 1]), "all 3 answers come from one customer"),
    ],
)
def test_one_answer_or_one_customer_gives_a_reason_not_a_number(m, words):
    measured = mean(m, unit="of 5", lowest=1, highest=5)
    assert isinstance(measured, NoEstimate)
    assert words in measured.reason
    assert measured.n == m.n


def test_customers_who_agree_to_the_last_digit_do_not_give_certainty():
    measured = mean(Moments.of([1.0, 5.0] * 4, cluster=[1, 1, 2, 2, 3, 3, 4, 4]), unit="of 5")
    assert isinstance(measured, Estimate)
    assert measured.se > 0.5


@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=40),
    st.floats(0.5, 0.99),
)
def test_every_sample_on_a_scale_has_an_interval_around_its_mean(answers, level):
    measured = mean(Moments.of(answers), unit="of 5", level=level, lowest=1, highest=5)
    assert isinstance(measured, Estimate)
    assert 1 <= measured.low <= measured.value <= measured.high <= 5
