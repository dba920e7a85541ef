"""Published: the eighteen baseball players of Efron and Morris (1975), and the meta-analysis of eight schools."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.core.estimate import Estimate
from touchstone.stats.differences import verdicts
from touchstone.stats.moments import Moments, PairMoments
from touchstone.stats.shrinkage import Shrinkage, against_all, chi_square, common_variance, shrink, unit_variances

# hits in the first 45 times at bat in 1970, the average over the rest of the season, and the estimate that was printed
HITS = [18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7]
SEASON = [346, 298, 276, 222, 273, 270, 263, 210, 269, 230, 264, 256, 303, 264, 226, 285, 316, 200]
PRINTED = [290, 286, 282, 277, 273, 273, 268, 264, 259, 259, 254, 254, 254, 254, 254, 249, 244, 239]


def spread_of(shrunken: Shrinkage) -> Estimate:
    found = shrunken.consistency(n=100, unit="points")
    assert isinstance(found, Estimate)
    return found


def arcsine(average: np.ndarray) -> np.ndarray:
    return np.sqrt(45) * np.arcsin(2 * average - 1)


def test_the_baseball_players_are_drawn_together_as_published() -> None:
    first = arcsine(np.array(HITS) / 45)
    shrunken = shrink(first, np.ones(18))
    batting = (np.sin(shrunken.values / np.sqrt(45)) + 1) / 2
    np.testing.assert_allclose(1000 * batting, PRINTED, atol=0.6)  # they began with averages of three digits
    assert 1 - shrunken.factor[0] == pytest.approx(0.209, abs=5e-4)
    season = arcsine(np.array(SEASON) / 1000)
    lost, kept = (float(np.sum((guess - season) ** 2)) for guess in (first, shrunken.values))
    assert lost / kept == pytest.approx(3.50, abs=0.05)


def test_equal_variances_give_the_factor_of_james_and_stein() -> None:
    y = np.array([3.0, -4.0, 10.0, 7.0, -1.0, 0.5])
    shrunken = shrink(y, np.full(6, 2.0))
    expected = 3 * 2.0 / np.sum((y - y.mean()) ** 2)
    np.testing.assert_allclose(shrunken.factor, expected, rtol=1e-9)
    np.testing.assert_allclose(shrunken.values, y - expected * (y - y.mean()), rtol=1e-9)


def test_the_spread_solves_its_equation_and_its_limits_theirs() -> None:
    y, v = np.array([28.0, 8, -3, 27, -21, 1, 48, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18]) ** 2
    spread = spread_of(shrink(y, v))

    def q(tau: float) -> float:
        w = 1 / (v + tau**2)
        return float(w @ (y - w @ y / w.sum()) ** 2)

    assert q(spread.value) == pytest.approx(7)
    assert q(spread.low) == pytest.approx(chi_square(0.975, 7)) == pytest.approx(16.0128, abs=1e-4)
    assert q(spread.high) == pytest.approx(chi_square(0.025, 7)) == pytest.approx(1.6899, abs=1e-4)
    assert spread.low < spread.value < spread.high


def test_units_that_differ_less_than_chance_would_have_a_limit_that_is_not_zero() -> None:
    eight = shrink([28, 8, -3, 7, -1, 1, 18, 12], np.array([15.0, 10, 16, 11, 9, 11, 10, 18]) ** 2)
    spread = spread_of(eight)
    assert (spread.value, spread.low) == (0.0, 0.0) and 15 < spread.high < 30
    alike = shrink([5.0] * 6, [4.0] * 6)
    assert spread_of(alike).high > 1
    assert alike.values == pytest.approx(5.0)
    assert (alike.se > 0).all()


def test_a_unit_of_few_answers_goes_further_and_is_less_sure() -> None:
    shrunken = shrink([60.0, 60, 0, 20, 30, 40], [4.0, 400, 10, 10, 10, 10])
    assert shrunken.values[0] > shrunken.values[1] > shrunken.average
    assert shrunken.se[1] > shrunken.se[0]
    low, high = shrunken.limits()
    assert (low < shrunken.values).all() and (shrunken.values < high).all()
    assert shrunken.limits(level=0.8)[0][0] > low[0]


def test_ranks_are_sure_where_the_units_lie_apart_and_turn_with_the_good_end() -> None:
    shrunken = shrink([50.0, 0, 25, 100, 75], [0.01] * 5)
    low, high = shrunken.ranks()
    assert low.tolist() == high.tolist() == [3, 5, 4, 1, 2]
    assert shrunken.ranks(high_is_first=False)[0].tolist() == [3, 1, 2, 5, 4]
    close = shrink([50.0, 51, 52, 53], [100.0] * 4)
    assert close.ranks()[0].tolist() == [1] * 4 and close.ranks()[1].tolist() == [4] * 4
    one, other, again = (close.ranks(seed=seed, draws=500) for seed in (3, 4, 3))
    assert np.array_equal(one[0], again[0]) and other[0].shape == (4,)


def test_fewer_than_four_units_and_variances_of_nought_are_refused() -> None:
    with pytest.raises(ValueError, match="4 units"):
        shrink([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="positive variance"):
        shrink([1.0] * 5, [1.0, 1, 1, 1, 0])


@given(
    st.lists(st.tuples(st.floats(-100, 100), st.floats(0.5, 400)), min_size=4, max_size=30),
    st.floats(-50, 50),
    st.floats(0.1, 10),
)
def test_shifting_and_scaling_the_scores_shifts_and_scales_what_is_found(
    units: list[tuple[float, float]], shift: float, scale: float
) -> None:
    y, v = np.array(units).T
    one, other = shrink(y, v), shrink(scale * y + shift, scale**2 * v)
    np.testing.assert_allclose(other.values, scale * one.values + shift, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(other.se, scale * one.se, rtol=1e-6, atol=1e-9)
    between = np.minimum(y, one.average) - 1e-9, np.maximum(y, one.average) + 1e-9
    assert (between[0] <= one.values).all() and (one.values <= between[1]).all()


def test_the_variance_of_a_small_unit_is_that_of_all_answers() -> None:
    chance = np.random.default_rng(5)
    sizes = [1, 2, 3, 50, 60, 400]
    units = [Moments.of(chance.normal(30, 20, n), centre=0.0) for n in sizes]
    variances = unit_variances(units)
    assert variances is not None
    np.testing.assert_allclose(variances * sizes, 400, rtol=0.12)
    all_promoters = Moments.of([100.0, 100.0], centre=0.0)
    again = unit_variances([all_promoters, *units])
    assert again is not None and again[0] > 100


def test_answers_of_one_person_count_less_in_every_unit() -> None:
    chance = np.random.default_rng(6)
    units = []
    for people, times in ((300, 1), (300, 1), (40, 10), (2, 5)):
        own = np.repeat(chance.normal(0, 20, people), times)
        units.append(Moments.of(own, None, np.repeat(np.arange(people), times), centre=0.0))
    variances = unit_variances(units)
    assert variances is not None
    np.testing.assert_allclose(variances, 400 / np.array([300, 300, 40, 2]), rtol=0.25)


def test_units_whose_spread_really_differs_keep_their_own_variance() -> None:
    chance = np.random.default_rng(7)
    units = [Moments.of(chance.normal(0, sd, 400), centre=0.0) for sd in (5, 40) for _ in range(8)]
    variances = unit_variances(units)
    assert variances is not None
    np.testing.assert_allclose(variances[:8], 25 / 400, rtol=0.5)
    np.testing.assert_allclose(variances[8:], 1600 / 400, rtol=0.3)


def test_without_any_spread_there_is_no_variance() -> None:
    assert unit_variances([Moments.of([100.0, 100.0])] * 5) is None
    assert unit_variances([Moments.of([3.0])] * 5) is None


def test_what_all_units_share_moves_them_alike_and_not_their_order() -> None:
    y, v = [10.0, 20, 30, 40, 50], [30.0] * 5
    plain, shared = shrink(y, v), shrink(y, v, common=20.0)
    assert (shared.spread, shared.factor[0]) > (plain.spread, 0.0) and shared.factor[0] < plain.factor[0]
    widths = [high - low for high, low in zip(*plain.ranks()[::-1], strict=True)]
    tighter = [high - low for high, low in zip(*shared.ranks()[::-1], strict=True)]
    assert sum(tighter) < sum(widths)
    people = np.random.default_rng(8).normal(0, 10, 500)
    units = [Moments.of(people + place, None, np.arange(500), centre=0.0) for place in range(4)]
    centred = people - people.mean()
    crossed = float(np.sum((4 * centred) ** 2 - 4 * centred**2))
    assert common_variance(crossed, units) == pytest.approx(100 / 500, rel=0.2)
    assert common_variance(-5.0, units) == 0.0


def _answered(chance: np.random.Generator, truth: float, n: int, times: int) -> Moments:
    """n customers of a unit whose net score is `truth`, each answering the same `times` times."""
    away = max(0.7, abs(truth) / 100)
    shares = [(away + truth / 100) / 2, 1 - away, (away - truth / 100) / 2]
    own = np.repeat(chance.choice([100.0, 0.0, -100.0], n, p=shares), times)
    return Moments.of(own, None, np.repeat(np.arange(n), times), centre=0.0)


@pytest.mark.truth
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("tau", [8.0, 20.0])
@pytest.mark.parametrize("units", [8, 40])
def test_intervals_of_units_spread_and_ranks_hold_the_truth(units: int, tau: float, times: int) -> None:
    """200 seeds of stores with 5 to 80 customers: shrunken scores, the spread between stores, and their ranks."""
    covered, spreads, ranked, nearer = [], [], [], []
    for seed in range(200):
        chance = np.random.default_rng(seed)
        truth = np.clip(30 + tau * chance.standard_normal(units), -90, 90)
        sums = [
            _answered(chance, theta, n, times)
            for theta, n in zip(truth, chance.choice([5, 10, 30, 80], units), strict=True)
        ]
        variances = unit_variances(sums)
        assert variances is not None
        raw = np.array([m.mean for m in sums])
        shrunken = shrink(raw, variances)
        low, high = shrunken.limits()
        covered.append(np.mean((low <= truth) & (truth <= high)))
        spread = spread_of(shrunken)
        spreads.append(spread.low <= tau <= spread.high)
        first, last = shrunken.ranks(draws=1000)
        places = np.argsort(np.argsort(-truth)) + 1
        ranked.append(np.mean((first <= places) & (places <= last)))
        nearer.append(np.mean((shrunken.values - truth) ** 2) / np.mean((raw - truth) ** 2))
    assert 0.92 <= np.mean(covered) <= 0.995
    assert 0.92 <= np.mean(spreads) <= 0.995
    assert np.mean(ranked) >= 0.92
    assert np.mean(nearer) < 0.8


def _alike(seed: int) -> list[Estimate]:
    """Twenty units that do not differ; people answer for several, and always the same. Each against all."""
    chance = np.random.default_rng(seed)
    unit = np.repeat(np.arange(20), chance.choice([5, 10, 30, 80], 20))
    who = chance.integers(0, int(unit.size * 0.8), unit.size)
    mood = chance.choice([100.0, 0.0, -100.0], who.max() + 1, p=[0.5, 0.3, 0.2])
    x, size = mood[who], who.max() + 1
    whole = Moments.of(x, None, who, centre=0.0)
    every_a, every_b = np.bincount(who, x, size), np.bincount(who, minlength=size)
    pairs = []
    for place in range(20):
        own = unit == place
        a, b = np.bincount(who[own], x[own], size), np.bincount(who[own], minlength=size)
        sums = {"aa": every_a @ a, "ab": every_a @ b, "ba": every_b @ a, "bb": every_b @ b}
        second = Moments.of(x[own], None, who[own], centre=0.0)
        pairs.append(PairMoments(first=whole, second=second, clusters=whole.clusters, **sums))
    variances = unit_variances([pair.second for pair in pairs])
    assert variances is not None
    return [against_all(pair, float(v), unit="points") for pair, v in zip(pairs, variances, strict=True)]


@pytest.mark.truth
def test_units_that_do_not_differ_are_called_different_in_one_table_of_ten_at_most() -> None:
    called = [
        any(v.words == "a real change" for v in verdicts(_alike(seed), false_discovery=0.1)) for seed in range(200)
    ]
    assert np.mean(called) <= 0.10
