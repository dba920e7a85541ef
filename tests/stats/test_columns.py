"""Expected p-values: R 4.2, prop.test(correct = FALSE) and t.test."""

from __future__ import annotations

import numpy as np
import pytest

from touchstone.stats.columns import ColumnTest, Lower, large_enough, letter, lower_columns, mean_test, share_test
from touchstone.stats.moments import PairMoments


def shares(first: tuple[int, int], second: tuple[int, int]) -> PairMoments:
    """Hits and base of two columns of different people."""
    x = [100.0] * first[0] + [0.0] * (first[1] - first[0]) + [100.0] * second[0] + [0.0] * (second[1] - second[0])
    return PairMoments.of(x, None, range(len(x)), [1] * first[1] + [2] * second[1])


def means(first: list[float], second: list[float]) -> PairMoments:
    return PairMoments.of(
        [*first, *second], None, range(len(first) + len(second)), [1] * len(first) + [2] * len(second)
    )


# by hand: pooled 105/200 = .525, √(.525 × .475 × 2/100) = .07062, z = −.15/.07062 = −2.124
@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        ((60, 100), (45, 100), 0.0336720689),
        ((52, 100), (60, 100), 0.254450583),
        ((120, 400), (30, 150), 0.0190164737),
        ((5, 40), (5, 40), 1.0),
    ],
)
def test_shares_are_compared_as_the_textbook_has_it(first: tuple[int, int], second: tuple[int, int], p: float) -> None:
    found = share_test(shares(first, second))
    assert found.p_value == pytest.approx(p, rel=1e-5)
    assert found.difference == pytest.approx(100 * (second[0] / second[1] - first[0] / first[1]))


def test_means_are_compared_by_welch() -> None:
    found = mean_test(means([1, 2, 3, 4, 5, 5, 4], [2, 2, 3, 1, 2, 4, 3, 1]))
    assert found.p_value == pytest.approx(0.1118, abs=5e-5)
    assert found.difference == pytest.approx(2.25 - 3.428571, abs=1e-6)


def test_the_same_people_in_both_columns_are_paired() -> None:
    chance = np.random.default_rng(2)
    before = (chance.random(200) < 0.5) * 100.0
    after = np.where(chance.random(200) < 0.1, 100.0, before)
    people = np.arange(200)
    sums = PairMoments.of([*before, *after], None, [*people, *people], [1] * 200 + [2] * 200)
    strangers = PairMoments.of([*before, *after], None, range(400), [1] * 200 + [2] * 200)
    for test in (share_test, mean_test):
        assert test(sums).p_value < test(strangers).p_value / 5
    alike = PairMoments.of([*before, *before], None, [*people, *people], [1] * 200 + [2] * 200)
    assert share_test(alike).p_value == mean_test(alike).p_value == 1.0


def test_a_column_of_the_same_people_asked_five_times_has_their_base() -> None:
    chance = np.random.default_rng(3)
    once = (chance.random(80) < 0.6) * 100.0
    other = (chance.random(400) < 0.45) * 100.0
    five = PairMoments.of(
        [*np.repeat(once, 5), *other], None, [*np.repeat(np.arange(80), 5), *range(80, 480)], [1] * 400 + [2] * 400
    )
    single = PairMoments.of([*once, *other], None, range(480), [1] * 80 + [2] * 400)
    assert share_test(five).p_value == pytest.approx(share_test(single).p_value, rel=0.05)


def test_what_does_not_spread_is_not_tested() -> None:
    assert share_test(shares((40, 40), (50, 50))).p_value == 1.0
    assert mean_test(means([5.0, 5, 5], [4.0, 4, 4])) == ColumnTest(-1.0, 1.0)


def test_letters_go_on_after_z() -> None:
    assert [letter(place) for place in (0, 1, 25, 26, 27, 51, 52)] == ["A", "B", "Z", "AA", "AB", "AZ", "BA"]


def test_the_higher_column_gets_the_letter_and_luck_is_told_from_the_rest() -> None:
    tests = {(0, 0, 1): ColumnTest(-15, 0.001), (0, 0, 2): ColumnTest(-8, 0.04), (0, 1, 2): ColumnTest(7, 0.3)}
    assert lower_columns(tests) == {(0, 0): [Lower(1, True), Lower(2, True)]}
    many = tests | {(row, 0, 1): ColumnTest(1, 0.9) for row in range(1, 10)}
    assert lower_columns(many) == {(0, 0): [Lower(1, True), Lower(2, False)]}
    assert lower_columns(tests, level=0.99) == {(0, 0): [Lower(1, True)]}
    assert lower_columns({}) == {}
    assert large_enough([29.9, 30.0]) == [False, True]


@pytest.mark.truth
def test_columns_that_do_not_differ_get_a_letter_once_in_twenty() -> None:
    """Customers who answer one to four times, alike, with weights; some are in both columns."""
    found = []
    for seed in range(1500):
        chance = np.random.default_rng(seed)
        people, times = 240, chance.integers(1, 5, 240)
        who = np.repeat(np.arange(people), times)
        happy = chance.random(people) < 0.4
        x = np.where(chance.random(who.size) < 0.7, happy[who], chance.random(who.size) < 0.4) * 100.0
        column = np.where(chance.random(who.size) < 0.2, chance.integers(1, 3, who.size), who % 2 + 1)
        pair = PairMoments.of(x, chance.uniform(0.5, 2, who.size), who, column)
        found.append([share_test(pair).p_value <= 0.05, mean_test(pair).p_value <= 0.05])
    rates = np.mean(found, axis=0)
    assert (rates >= 0.035).all() and (rates <= 0.065).all(), rates
