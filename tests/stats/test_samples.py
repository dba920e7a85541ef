from __future__ import annotations

from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.core.errors import BadDefinition
from touchstone.stats.samples import (
    answers_beside,
    answers_for_change,
    answers_for_margin,
    answers_for_share_change,
    detectable_change,
    net_variance,
    share_variance,
)


@pytest.mark.parametrize(
    "n, expected",
    [
        (answers_for_margin(5, net_variance(0.5, 0.2)), 937.3),
        (answers_for_margin(5, net_variance(0.5, 0.5)), 1536.6),
        (answers_for_change(5, net_variance(0.5, 0.2)), 3830.3),
        (answers_for_margin(3, share_variance(0.8)), 682.9),
        (answers_for_margin(3, share_variance(0.8), design_effect=1.5), 1024.4),
        (answers_for_margin(3, share_variance(0.8), population=5000), 601.0),
    ],
)
def test_sample_sizes_are_the_reference_ones(n, expected):
    assert round(n, 1) == expected


def test_two_shares_take_the_answers_of_rs_power_prop_test():
    assert isclose(answers_for_share_change(0.5, 0.75, power=0.9), 76.7069, abs_tol=5e-5)
    assert isclose(answers_for_share_change(0.5, 0.75, power=0.9), answers_for_share_change(0.75, 0.5, power=0.9))


def test_a_month_sees_38_points_and_a_year_11():
    v = net_variance(0.55, 0.15)
    assert round(detectable_change(60, 60, v)) == 38
    assert round(detectable_change(720, 720, v)) == 11


@given(st.floats(0.1, 50), st.floats(10, 10_000))
def test_the_change_seen_and_the_answers_it_takes_undo_each_other(change, v):
    n = answers_for_change(change, v)
    assert isclose(detectable_change(n, n, v), change, rel_tol=1e-9)


def test_beside_a_year_of_720_answers_a_change_of_15_takes_255_more():
    # by hand: k = 1.95996 + 0.84162, k²v = 42,384; 1/(225/42,384 − 1/720) = 255.1
    assert round(answers_beside(720, 15, net_variance(0.55, 0.15)), 1) == 255.1


def test_beside_a_small_first_wave_no_number_of_answers_is_enough():
    v = net_variance(0.55, 0.15)
    assert answers_beside(60, 26, v) is None  # with all the answers of the world 60 see 26.6
    assert answers_beside(60, 27, v) > 1_500


@given(st.floats(0.5, 50), st.floats(10, 10_000), st.floats(1, 1e6))
def test_answers_beside_a_first_wave_undo_what_both_see(change, v, before):
    n = answers_beside(before, change, v)
    if n is not None and n < 1e9:
        assert isclose(detectable_change(before, n, v), change, rel_tol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda: net_variance(0.9, 0.3),
        lambda: share_variance(80),
        lambda: answers_for_margin(0, 100),
        lambda: answers_for_change(5, 100, power=1),
        lambda: answers_for_share_change(0.5, 0.5),
        lambda: detectable_change(0, 60, 100),
    ],
)
def test_questions_without_an_answer_are_refused(call):
    with pytest.raises(BadDefinition):
        call()
