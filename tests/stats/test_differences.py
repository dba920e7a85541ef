from __future__ import annotations

from math import isclose

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind, ttest_rel

from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.stats.differences import Verdict, difference, p_value, paired_difference, verdict, verdicts, would_tell
from touchstone.stats.means import mean
from touchstone.stats.moments import Moments, PairMoments
from touchstone.stats.nps import net_score_of_counts
from touchstone.stats.rates import newcombe, share_of_counts


def estimate(measured: Measured) -> Estimate:
    assert isinstance(measured, Estimate)
    return measured


def change(value: float, se: float, **more: object) -> Estimate:
    fields = {"n": 500, "effective_n": 500.0, "unit": "points", "method": "difference"} | more
    return Estimate(
        value=value, low=value - 1.959963984540054 * se, high=value + 1.959963984540054 * se, se=se, **fields
    )


def test_independent_means_have_welchs_interval():
    rng = np.random.default_rng(1)
    before, after = rng.normal(0, 1, 30), rng.normal(1, 3, 15)
    measured = estimate(difference(mean(Moments.of(before), unit="hours"), mean(Moments.of(after), unit="hours")))
    oracle = ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    assert isclose(measured.low, oracle.low, rel_tol=1e-9)
    assert isclose(measured.high, oracle.high, rel_tol=1e-9)
    assert (measured.n, measured.unit) == (45, "hours")
    assert isclose(measured.effective_n, 45, rel_tol=1e-9)


def test_shares_are_compared_by_newcombe():
    before, after = share_of_counts(48, 80), share_of_counts(56, 70)
    assert difference(before, after) == newcombe(before, after)
    measured = estimate(difference(before, after))
    assert (round(measured.low, 2), round(measured.high, 2)) == (5.24, 33.39)


def test_customers_in_both_waves_have_the_paired_t_interval():
    rng = np.random.default_rng(2)
    before = rng.normal(0, 1, 25)
    after = before + rng.normal(0.3, 0.5, 25)
    pair = PairMoments.of([*before, *after], None, [*range(25), *range(25)], [1] * 25 + [2] * 25)
    measured = estimate(paired_difference(pair, unit="hours"))
    oracle = ttest_rel(after, before).confidence_interval(0.95)
    assert isclose(measured.low, oracle.low, rel_tol=1e-9)
    assert isclose(measured.high, oracle.high, rel_tol=1e-9)
    assert isclose(measured.effective_n, 50, rel_tol=1e-9)


def test_a_paired_difference_stays_within_what_the_scale_allows():
    pair = PairMoments.of([1, 1, 2, 5, 5, 1], None, [1, 2, 3, 1, 2, 3], [1, 1, 1, 2, 2, 2])
    measured = estimate(paired_difference(pair, unit="of 5", lowest=1, highest=5))
    assert measured.high == 4
    assert "fewer than 30 effective answers" in measured.flags


def test_customers_who_all_stayed_the_same_do_not_prove_that_nothing_changed():
    x = [100.0, 0.0, -100.0, 100.0] * 5
    pair = PairMoments.of([*x, *x], None, [*range(20), *range(20)], [1] * 20 + [2] * 20)
    measured = estimate(paired_difference(pair, unit="points", lowest=-100, highest=100))
    assert measured.value == 0
    assert isclose(measured.high, 200 * (1 - 0.025 ** (1 / 20)), rel_tol=1e-9)
    assert isclose(measured.low, -measured.high, rel_tol=1e-9)
    assert measured.effective_n == 20
    without_ends = paired_difference(pair, unit="points")
    assert isinstance(without_ends, NoEstimate)
    assert "all 20 customers changed alike" in without_ends.reason


def test_a_missing_side_is_named():
    one, many = net_score_of_counts(1, 0, 0), net_score_of_counts(50, 30, 20)
    assert isinstance(before := difference(one, many), NoEstimate)
    assert before.reason.startswith("nothing to compare with: there is one answer")
    assert isinstance(after := difference(many, one), NoEstimate)
    assert after.reason.startswith("nothing to compare: there is one answer")
    pair = PairMoments.of([1.0, 2.0, 3.0], None, [1, 2, 1], [1, 1, 2])
    assert isinstance(paired := paired_difference(pair, unit="points"), NoEstimate)
    assert paired.reason.startswith("nothing to compare: ")


def test_hours_are_not_compared_with_points():
    with pytest.raises(ValueError, match="one unit"):
        difference(mean(Moments.of([1.0, 2.0]), unit="hours"), net_score_of_counts(5, 3, 2))


@given(st.floats(-50, 50), st.floats(0.5, 30))
def test_the_p_value_is_small_exactly_where_the_interval_leaves_zero_out(value, se):
    one = change(value, se)
    if abs(abs(value) - 1.959963984540054 * se) > 1e-9:
        assert (p_value(one) < 0.05) == (not one.low <= 0 <= one.high)


def test_the_p_value_agrees_with_skewed_intervals_too():
    for before in range(41):
        for after in range(13):
            one = estimate(difference(share_of_counts(before, 40), share_of_counts(after, 12)))
            assert (p_value(one) < 0.05) == (not one.low <= 0 <= one.high), (before, after)


def test_words_follow_the_interval_and_the_sample():
    assert verdict(change(9, 3)).words == "a real change"
    assert verdict(change(4, 4)).words == "within the noise"
    few = change(4, 14, flags=("fewer than 30 effective answers",))
    assert verdict(few).words == "too few answers to tell"
    assert verdict(change(4, 14), worth_seeing=10).words == "too few answers to tell"
    assert verdict(change(4, 3), worth_seeing=10).words == "within the noise"
    assert verdict(change(0, 3)).p_value == 1


def test_a_verdict_says_what_the_sample_can_see_and_what_it_would_take():
    year = net_score_of_counts(396, 216, 108)  # 55/30/15 of 720
    judged = verdict(difference(year, year))
    assert str(judged) == "within the noise: your sample can see 11 points"
    month = net_score_of_counts(33, 18, 9)  # of 60
    judged = verdict(difference(month, month))
    assert str(judged) == "within the noise: your sample can see 38 points"
    # seeing 11 points takes about the year's answers, in each wave
    assert isclose(judged.answers_for(11) or 0, 2 * 720, rel_tol=0.06)
    assert judged.answers_for(0) is None
    assert str(verdict(change(9, 3))) == "a real change"
    assert str(verdict(change(0.1, 0.2, unit="of 5"))) == "within the noise: your sample can see 0.56 of 5"


def test_no_estimate_is_too_few_answers_with_its_reason():
    judged = verdict(NoEstimate("there is one answer", 1))
    assert judged == Verdict(
        words="too few answers to tell", detectable=None, unit="", n=1, p_value=None, reason="there is one answer"
    )
    assert str(judged) == "too few answers to tell: there is one answer"
    assert judged.answers_for(5) is None


def test_many_changes_judged_together_lose_those_that_luck_would_bring():
    rng = np.random.default_rng(3)
    noise = [change(value, 5) for value in rng.normal(0, 5, 200)]
    real = [change(30, 5)] * 5
    alone = [verdict(one).words for one in noise].count("a real change")
    judged = verdicts([*real, *noise, NoEstimate("there is one answer", 1)])
    assert alone >= 4
    assert [one.words for one in judged[:5]] == ["a real change"] * 5
    assert [one.words for one in judged[5:205]].count("a real change") <= 1
    assert judged[-1].words == "too few answers to tell"
    assert all((one.p_value or 0) >= p_value(c) * (1 - 1e-12) for one, c in zip(judged, [*real, *noise], strict=False))


@pytest.mark.truth
def test_unchanged_net_scores_are_called_real_one_time_in_twenty():
    rng, called = np.random.default_rng(12), 0
    for _ in range(2000):
        waves = rng.multinomial(200, [0.5, 0.3, 0.2], 2)
        called += verdict(difference(*(net_score_of_counts(*map(int, w)) for w in waves))).words == "a real change"
    assert 0.035 <= called / 2000 <= 0.065


@pytest.mark.truth
def test_the_detectable_change_is_found_eight_times_in_ten():
    rng, found = np.random.default_rng(13), 0
    for _ in range(2000):
        before, after = rng.multinomial(720, [0.55, 0.30, 0.15]), rng.multinomial(720, [0.496, 0.30, 0.204])
        measured = difference(net_score_of_counts(*map(int, before)), net_score_of_counts(*map(int, after)))
        found += verdict(measured).words == "a real change"
    assert 0.75 <= found / 2000 <= 0.85


def test_what_it_would_take_is_said_of_the_difference_that_was_found():
    small = change(4, 4)
    judged = verdict(small)
    needed = judged.answers_for(4)
    assert needed is not None and judged.n is not None
    assert (
        would_tell(judged, small)
        == f"about {round(needed - judged.n, -(len(str(needed - judged.n)) - 2)):,} more answers would tell"
    )
    assert would_tell(verdict(change(40, 4)), change(40, 4)) == ""
    assert "over 50 times" in would_tell(verdict(change(0.01, 4)), change(0.01, 4))
    assert would_tell(verdict(NoEstimate("nobody", 0)), NoEstimate("nobody", 0)) == ""
