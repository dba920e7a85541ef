from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.stats.gram import Array, Gram, Grams
from touchstone.stats.importance import Drivers, Importance, importances, importances_from, importances_with_intervals
from touchstone.stats.missing import Fitted, PatternMoments, fit, pool, pooled_estimate

BETA = np.array([0.45, 0.25, 0.15, 0.0, 0.0, 0.10])
ITEMS = tuple(f"item{j}" for j in range(1, 7))
COLUMNS = (*ITEMS, "score")


def design(n: int, seed: int) -> Array:
    """Complete answers of METHODS 9, D1: six correlated items, the score last."""
    within = np.full((6, 6), 0.55) + 0.45 * np.eye(6)
    within[0, 3] = within[3, 0] = 0.80
    within[1, 4] = within[4, 1] = 0.35
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6)) @ np.linalg.cholesky(within).T
    return np.column_stack([x, x @ BETA + np.sqrt(0.55) * rng.normal(size=n)])


def with_gaps(rows: Array, seed: int, by: str = "own") -> Array:
    """D1b: item 2 missing by its own value, by the score, or by chance; items 3 to 6 one time in five."""
    rng = np.random.default_rng(10_000 + seed)
    gone = np.zeros(rows.shape, dtype=bool)
    slope = {"own": rows[:, 1], "score": rows[:, 6], "chance": np.zeros(len(rows))}[by]
    gone[:, 1] = rng.random(len(rows)) < 1 / (1 + np.exp(0.2 + 1.2 * slope))
    gone[:, 2:6] = rng.random((len(rows), 4)) < 0.2
    return np.where(gone, np.nan, rows)


def by_em(rows: Array, steps: int = 4000) -> tuple[Array, Array]:
    """Textbook EM over the rows themselves."""
    held = ~np.isnan(rows)
    mean, covariance = np.nanmean(rows, axis=0), np.diag(np.nanvar(rows, axis=0))
    patterns, which = np.unique(held, axis=0, return_inverse=True)
    for _ in range(steps):
        first, second = np.zeros(len(mean)), np.zeros_like(covariance)
        for k, o in enumerate(patterns):
            z, m = rows[which.ravel() == k].copy(), ~o
            slope = covariance[np.ix_(m, o)] @ np.linalg.inv(covariance[np.ix_(o, o)])
            z[:, m] = mean[m] + (z[:, o] - mean[o]) @ slope.T
            rest = np.zeros_like(covariance)
            rest[np.ix_(m, m)] = covariance[np.ix_(m, m)] - slope @ covariance[np.ix_(o, m)]
            first += z.sum(axis=0)
            second += z.T @ z + len(z) * rest
        before = covariance
        mean = first / len(rows)
        covariance = second / len(rows) - np.outer(mean, mean)
        if np.abs(covariance - before).max() < 1e-12:
            break
    return mean, covariance


def fitted(rows: Array, **how: object) -> Fitted:
    found = fit(PatternMoments.of(rows, columns=COLUMNS[: rows.shape[1]], **how))  # type: ignore[arg-type]
    assert isinstance(found, Fitted), found
    return found


def coefficients(gram: Gram) -> Array:
    found = importances(gram, "score", ITEMS)
    assert isinstance(found, Importance)
    return found.coefficient


def test_newton_and_em_find_the_same_maximum() -> None:
    rows = with_gaps(design(500, seed=1), seed=1) * [1, 2, 5, 1, 1, 1, 100] + [0, 0, 9, 0, 0, 0, 5000]
    found, (mean, covariance) = fitted(rows), by_em(rows)
    np.testing.assert_allclose(found.gram.mean, mean, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(found.gram.covariance, covariance, rtol=1e-6)


def test_complete_answers_give_the_plain_moments() -> None:
    rows, replicate = design(640, seed=2), np.arange(640) % 64
    found = fitted(rows, replicate=replicate, groups=64)
    plain = Grams.of(rows, replicate, columns=COLUMNS, groups=64)
    np.testing.assert_allclose(found.gram.cross, plain.total().cross, rtol=1e-9)
    # one Newton step is exact up to R⁻²
    np.testing.assert_allclose(found.without.mean, plain.without_each().mean, atol=2e-3)
    np.testing.assert_allclose(found.without.n, plain.without_each().n)
    assert (found.complete, found.together, found.gram.n) == (640, 640, 640)


def test_leaving_a_group_out_is_close_to_fitting_without_it() -> None:
    rows, replicate = with_gaps(design(3000, seed=3), seed=3), np.random.default_rng(3).integers(0, 32, 3000)
    found = fitted(rows, replicate=replicate, groups=32)
    for r in (0, 7, 31):
        again = fitted(rows[replicate != r]).gram
        change = np.abs(again.covariance - found.gram.covariance).max()
        assert np.abs(found.without.cross[r] / found.without.w[r] - again.covariance).max() < 0.06 * change
        np.testing.assert_allclose(found.without.w[r], again.w)


def test_one_step_is_enough_for_standard_errors() -> None:
    rows, replicate = with_gaps(design(1000, 3), 3, "score"), np.random.default_rng(3).integers(0, 64, 1000)
    quick = fitted(rows, replicate=replicate, groups=64)
    each = [fitted(rows[replicate != r]).gram for r in range(64)]
    full = Grams(
        columns=COLUMNS,
        n=np.array([gram.n for gram in each]),
        w=np.array([gram.w for gram in each]),
        mean=np.array([gram.mean for gram in each]),
        cross=np.array([gram.cross for gram in each]),
    )
    one, other = (importances_from(quick.gram, without, "score", ITEMS) for without in (quick.without, full))
    assert isinstance(one, Drivers)
    assert isinstance(other, Drivers)
    for fast, slow in zip(one.items, other.items, strict=True):
        assert isinstance(fast.share, Estimate)
        assert isinstance(slow.share, Estimate)
        assert fast.share.se == pytest.approx(slow.share.se, rel=0.03)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 299), st.integers(0, 2**32 - 1))
def test_parts_add_up_to_the_whole(cut: int, seed: int) -> None:
    rows = with_gaps(design(300, seed), seed)
    replicate, weights = np.arange(300) % 3, np.random.default_rng(seed).random(300)
    whole, one, other = (
        PatternMoments.of(rows[part], weights[part], columns=COLUMNS, replicate=replicate[part], groups=3)
        for part in (slice(None), slice(cut), slice(cut, None))
    )
    both = (one + other).centred(whole.centre)
    np.testing.assert_array_equal(both.seen[both.pattern], whole.seen[whole.pattern])
    np.testing.assert_array_equal(both.group, whole.group)
    np.testing.assert_array_equal(both.n, whole.n)
    np.testing.assert_allclose(both.sums, whole.sums, atol=1e-9)
    np.testing.assert_allclose(both.products, whole.products, atol=1e-9)


def test_weights_count_as_repeated_answers() -> None:
    rows = with_gaps(design(300, seed=4), seed=4)
    weights = np.random.default_rng(4).integers(1, 4, 300)
    one, other = fitted(rows, weights=weights), fitted(np.repeat(rows, weights, axis=0))
    np.testing.assert_allclose(one.gram.covariance, other.gram.covariance, rtol=1e-8)


def test_answers_that_hold_nothing_change_nothing() -> None:
    rows = with_gaps(design(300, seed=5), seed=5)
    more = np.concatenate([rows, np.full((50, 7), np.nan)])
    one, other = fitted(rows), fitted(more)
    assert one.gram.n == other.gram.n == 300
    np.testing.assert_allclose(one.gram.cross, other.gram.cross, rtol=1e-9)


@pytest.mark.parametrize("by", ["own", "score", "chance"])
def test_the_true_coefficients_are_found_from_a_fifth_of_complete_answers(by: str) -> None:
    em, complete, filled = (np.zeros(6) for _ in range(3))
    for seed in range(20):
        rows = with_gaps(design(4000, seed), seed, by)
        whole = ~np.isnan(rows).any(axis=1)
        em += coefficients(fitted(rows).gram) / 20
        complete += coefficients(Gram.of(rows[whole], columns=COLUMNS)) / 20
        imputed = np.where(np.isnan(rows), np.nanmean(rows, axis=0), rows)
        filled += coefficients(Gram.of(imputed, columns=COLUMNS)) / 20
        assert 0.15 < whole.mean() < 0.30
    bias = [float(np.abs(found - BETA).max()) for found in (em, complete, filled)]
    assert bias[0] < 0.013
    assert bias[2] > 0.05  # what filling in the mean does
    assert filled[3] > 0.02  # and to the item without any effect
    if by == "score":
        assert bias[1] > 0.03  # what leaving out incomplete answers does


def test_importances_come_with_intervals_from_partly_answered_batteries() -> None:
    complete, replicate = design(6000, seed=6), np.random.default_rng(6).integers(0, 64, 6000)
    moments = fitted(with_gaps(complete, seed=6), replicate=replicate, groups=64)
    found = importances_from(moments.gram, moments.without, "score", ITEMS, moments="maximum likelihood")
    full = importances_with_intervals(Grams.of(complete, replicate, columns=COLUMNS, groups=64), "score", ITEMS)
    assert isinstance(found, Drivers)
    assert isinstance(full, Drivers)
    wider = []
    for gappy, sure, true in zip(found.items, full.items, BETA, strict=True):
        assert isinstance(gappy.coefficient, Estimate)
        assert isinstance(sure.coefficient, Estimate)
        assert abs(gappy.coefficient.value - true) < 4 * gappy.coefficient.se
        assert "maximum likelihood" in gappy.coefficient.method
        wider.append(gappy.coefficient.se / sure.coefficient.se)
    assert np.mean(wider) > 1.05


def test_fourteen_items_with_hundreds_of_patterns_are_fitted() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(10_000, 15)) + rng.normal(size=(10_000, 1))
    gone = rng.random(rows.shape) < 0.08
    gone[:, -1] = False
    columns = [f"c{j}" for j in range(15)]
    moments = PatternMoments.of(
        np.where(gone, np.nan, rows), columns=columns, replicate=rng.integers(0, 64, 10_000), groups=64
    )
    assert len(moments.seen) > 300
    found = fit(moments)
    assert isinstance(found, Fitted)
    assert len(found.without.w) == 64


def test_items_never_answered_together_give_a_reason() -> None:
    rows = design(400, seed=7)
    rows[:200, 1], rows[200:, 2] = np.nan, np.nan
    apart = fit(PatternMoments.of(rows, columns=COLUMNS))
    assert isinstance(apart, NoEstimate)
    assert "'item2' and 'item3' were never answered together" in apart.reason
    rows[:3, 1] = 0.5
    few = fit(PatternMoments.of(rows, columns=COLUMNS))
    assert isinstance(few, NoEstimate)
    assert few.reason == "only 3 answers hold both 'item2' and 'item3'; 10 are needed"
    rows[:, 4] = np.nan
    none = fit(PatternMoments.of(rows, columns=COLUMNS))
    assert isinstance(none, NoEstimate)


def test_what_cannot_be_told_gives_a_reason() -> None:
    rows = with_gaps(design(400, seed=8), seed=8)
    flat = rows.copy()
    flat[:, 2] = np.where(np.isnan(flat[:, 2]), np.nan, 7.0)
    assert fit(PatternMoments.of(flat, columns=COLUMNS)) == NoEstimate("'item3' hardly varies", 400)
    twice = design(400, seed=9)
    twice[:, 3] = twice[:, 0]
    twice[:100, 3] = np.nan
    found = fit(PatternMoments.of(twice, columns=COLUMNS))
    assert isinstance(found, NoEstimate)
    assert "repeat others" in found.reason


def test_a_pair_held_by_one_group_of_customers_only_is_refused() -> None:
    rows, replicate = design(400, seed=7), np.arange(400) % 20
    rows[:200, 1], rows[200:, 2] = np.nan, np.nan
    rows[replicate == 3] = design(20, seed=8)
    found = fit(PatternMoments.of(rows, columns=COLUMNS, replicate=replicate, groups=20))
    assert isinstance(found, NoEstimate)
    assert "both 'item2' and 'item3' come from one small group" in found.reason


def test_different_columns_do_not_add_up() -> None:
    rows = design(20, seed=1)
    with pytest.raises(BadDefinition, match="do not add up"):
        PatternMoments.of(rows, columns=COLUMNS) + PatternMoments.of(rows[:, :2], columns=COLUMNS[:2])
    with pytest.raises(BadDefinition, match="shape"):
        PatternMoments.of(rows, columns=COLUMNS[:2])


def test_pooling_is_that_of_mice() -> None:
    pooled = pool([1.2, 1.5, 1.1, 1.4, 1.3], [0.04, 0.05, 0.045, 0.042, 0.048], n=100, parameters=2)
    assert (pooled.value, pooled.variance) == pytest.approx((1.3, 0.075))
    assert pooled.df == pytest.approx(17.436678, abs=5e-7)
    assert pooled.missing == pytest.approx(0.458718, abs=5e-7)
    estimate = pooled_estimate(pooled, n=100, unit="points")
    assert isinstance(estimate, Estimate)
    assert estimate.high - estimate.value == pytest.approx(2.1058 * 0.075**0.5, rel=1e-4)


def test_imputations_that_agree_have_nothing_missing() -> None:
    pooled = pool([1.0, 1.0, 1.0], [0.04, 0.04, 0.04], n=50, parameters=2)
    assert pooled.variance == pytest.approx(0.04)
    assert pooled.df == pytest.approx(49 / 51 * 48)
    with pytest.raises(BadDefinition, match="two imputations"):
        pool([1.0], [0.1], n=50, parameters=2)


@pytest.mark.truth
def test_intervals_hold_the_true_coefficients_despite_gaps() -> None:
    held = np.zeros(6)
    for seed in range(200):
        rows = with_gaps(design(2500, 500 + seed), 500 + seed, "score")
        moments = fitted(rows, replicate=np.arange(2500) % 64, groups=64)
        found = importances_from(moments.gram, moments.without, "score", ITEMS)
        assert isinstance(found, Drivers)
        for j, item in enumerate(found.items):
            assert isinstance(item.coefficient, Estimate)
            held[j] += item.coefficient.low <= BETA[j] <= item.coefficient.high
    assert 0.92 <= held.mean() / 200 <= 0.98
    assert (held >= 180).all()
