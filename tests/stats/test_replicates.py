from __future__ import annotations

from math import isclose, sqrt

import numpy as np
import pytest
from scipy.stats import t

from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.stats.moments import Moments, PairMoments
from touchstone.stats.nps import net_score
from touchstone.stats.replicates import (
    by_replicates,
    fold,
    jackknife,
    jackknife_total,
    replicate_moments,
    replicate_pair,
)


def ratio(sums: np.ndarray) -> np.ndarray:
    return sums[..., 1] / sums[..., 0]


def answers(rng: np.random.Generator, customers: int) -> tuple[np.ndarray, np.ndarray]:
    """Net-score answers, 1 to 7 per customer, alike within a customer."""
    cluster = np.repeat(np.arange(customers), rng.integers(1, 8, customers))
    latent = rng.normal(0, 0.7, customers)[cluster] + rng.normal(0, 0.7, cluster.size)
    return 100.0 * (latent > 0.1) - 100.0 * (latent < -0.9), cluster


def group_sums(x: np.ndarray, cluster: np.ndarray, groups: int) -> np.ndarray:
    """n, w, w², wx and wx² per group (weights of one)."""
    which = cluster % groups
    sums = [np.bincount(which, power, groups) for power in (np.ones(x.size), x, x * x)]
    return np.column_stack([sums[0], sums[0], sums[0], sums[1], sums[2]])


def test_leaving_out_single_answers_gives_the_textbook_error_of_a_mean():
    x = np.array([3.0, 5.0, 8.0, 1.0, 9.0, 4.0])
    jack = jackknife(np.column_stack([np.ones(6), x]), ratio)
    assert isclose(jack.values[0], x.mean(), rel_tol=1e-12)
    assert isclose(jack.covariance[0, 0], x.var(ddof=1) / 6, rel_tol=1e-12)
    assert jack.df == 5
    measured = jack.estimate(n=6, unit="hours")
    assert isinstance(measured, Estimate)
    assert isclose(measured.high - measured.value, t.ppf(0.975, 5) * x.std(ddof=1) / sqrt(6), rel_tol=1e-9)
    assert measured.effective_n == 6
    assert measured.method == "jackknife over 6 replicate groups"


def test_the_covariance_follows_the_written_formula():
    sums = np.random.default_rng(1).uniform(1, 2, (20, 3))
    jack = jackknife(sums, lambda s: np.stack([s[..., 1] / s[..., 0], s[..., 2] / s[..., 0]], axis=-1))
    thetas = np.array([np.delete(sums, r, axis=0).sum(axis=0) for r in range(20)])
    thetas = thetas[:, 1:] / thetas[:, :1]
    expected = 19 / 20 * sum(np.outer(g, g) for g in thetas - thetas.mean(axis=0))
    np.testing.assert_allclose(jack.covariance, expected, rtol=1e-9)


def test_a_total_has_the_error_of_a_sum_of_independent_groups():
    x = np.array([[3.0], [5.0], [8.0], [1.0]])
    jack = jackknife_total(x)
    assert jack.values[0] == 17
    assert isclose(jack.covariance[0, 0], 4 * x.var(ddof=1), rel_tol=1e-12)


def test_groups_without_answers_cost_degrees_of_freedom():
    full = np.array([[10.0, 30.0], [12.0, 40.0], [9.0, 22.0]])
    padded = np.vstack([full, np.zeros((61, 2))])
    assert jackknife(padded, ratio).df == 2
    assert isclose(jackknife(padded, ratio).covariance[0, 0], jackknife(full, ratio).covariance[0, 0])


def test_folding_keeps_the_totals_and_the_neighbours_apart():
    sums = np.arange(512.0).reshape(256, 2)
    folded = fold(sums, 64)
    assert folded.shape == (64, 2)
    np.testing.assert_allclose(folded.sum(axis=0), sums.sum(axis=0))
    np.testing.assert_allclose(folded[3], sums[[3, 67, 131, 195]].sum(axis=0))
    with pytest.raises(ValueError, match="cannot be folded"):
        fold(sums, 300)


def test_one_group_gives_a_reason_not_a_number():
    for sums in ([[10.0, 30.0]], [[10.0, 30.0], [0.0, 0.0]]):
        measured = jackknife(sums, ratio).estimate(n=10, unit="hours")
        assert isinstance(measured, NoEstimate)
        assert "more customers" in measured.reason


def test_a_number_that_rests_on_one_group_gives_a_reason():
    measured = jackknife([[10.0, 30.0, 5.0], [8.0, 20.0, 0.0]], lambda s: s[..., 1] / s[..., 2]).estimate(
        n=18, unit="hours"
    )
    assert isinstance(measured, NoEstimate)
    assert "single group" in measured.reason


def test_customers_who_agree_give_a_reason_not_certainty():
    measured = jackknife([[10.0, 30.0], [20.0, 60.0]], ratio).estimate(n=30, unit="hours")
    assert isinstance(measured, NoEstimate)


def test_the_interval_stays_on_the_scale():
    jack = jackknife([[10.0, 98.0], [10.0, 60.0], [10.0, 100.0]], ratio)
    measured = jack.estimate(n=30, unit="of 10", lowest=0, highest=10)
    assert isinstance(measured, Estimate)
    assert measured.high == 10


def test_one_customer_per_group_makes_the_moments_exact():
    x, cluster = answers(np.random.default_rng(2), 50)
    exact, grouped = Moments.of(x, cluster=cluster), replicate_moments(*group_sums(x, cluster, 50).T)
    assert (grouped.n, grouped.clusters) == (exact.n, exact.clusters)
    assert isclose(grouped.mean_variance, exact.mean_variance, rel_tol=1e-9)
    assert isclose(grouped.effective_n, exact.effective_n, rel_tol=1e-9)


def test_moments_of_groups_and_the_jackknife_agree():
    x, cluster = answers(np.random.default_rng(3), 5000)
    sums = group_sums(x, cluster, 64)
    linear = replicate_moments(*sums.T).mean_variance
    assert isclose(linear, jackknife(sums[:, [0, 3]], ratio).covariance[0, 0], rel_tol=0.01)


def test_groups_see_repeat_customers_where_single_answers_do_not():
    x, cluster = answers(np.random.default_rng(4), 20_000)
    exact = Moments.of(x, cluster=cluster)
    grouped = replicate_moments(*group_sums(x, cluster, 256).T)
    assert isclose(sqrt(grouped.mean_variance / exact.mean_variance), 1, abs_tol=0.15)
    assert sqrt(exact.independent_variance / exact.mean_variance) < 0.75


def test_pairs_of_groups_know_the_customers_in_both():
    x, cluster = answers(np.random.default_rng(5), 40)
    wave = np.random.default_rng(6).integers(1, 3, x.size)
    exact = PairMoments.of(x, None, cluster, wave)
    grouped = replicate_pair(
        group_sums(x[wave == 1], cluster[wave == 1], 40), group_sums(x[wave == 2], cluster[wave == 2], 40)
    )
    assert isclose(grouped.difference, exact.difference, rel_tol=1e-9)
    assert isclose(grouped.difference_variance, exact.difference_variance, rel_tol=1e-9)
    assert isclose(grouped.df, exact.df, rel_tol=1e-9)
    with pytest.raises(ValueError, match="same replicate groups"):
        replicate_pair(np.ones((4, 5)), np.ones((5, 5)))


def test_the_method_says_where_the_error_comes_from():
    x, cluster = answers(np.random.default_rng(7), 400)
    measured = by_replicates(net_score(replicate_moments(*group_sums(x, cluster, 64).T)), 64)
    assert isinstance(measured, Estimate)
    assert measured.method.endswith("by 64 replicate groups")
    nothing = NoEstimate("nobody has answered", 0)
    assert by_replicates(nothing, 64) is nothing


def test_sums_that_are_not_numbers_are_refused():
    with pytest.raises(ValueError, match="finite"):
        jackknife([[1.0, float("nan")]], ratio)


@pytest.mark.truth
def test_net_scores_by_replicate_groups_cover_the_truth():
    rng = np.random.default_rng(11)
    truth = float(np.mean(answers(rng, 400_000)[0]))
    hits = {"moments": 0, "jackknife": 0, "single answers": 0}
    for _ in range(1000):
        x, cluster = answers(rng, 3000)
        sums = group_sums(x, cluster, 64)
        for name, measured in (
            ("moments", net_score(replicate_moments(*sums.T))),
            ("jackknife", jackknife(sums[:, [0, 3]], ratio).estimate(n=x.size, unit="points")),
            ("single answers", net_score(Moments.of(x))),
        ):
            assert isinstance(measured, Estimate)
            hits[name] += measured.low <= truth <= measured.high
    assert 0.93 <= hits["moments"] / 1000 <= 0.97
    assert 0.93 <= hits["jackknife"] / 1000 <= 0.97
    assert hits["single answers"] / 1000 < 0.85
