from __future__ import annotations

from math import isclose, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.core.errors import BadDefinition
from touchstone.stats.moments import Moments, PairMoments, critical

SUMS = ("w", "ww", "wx", "wxx", "aa", "ab", "bb")
rows = st.lists(
    st.tuples(
        st.floats(-1000, 1000, allow_subnormal=False),
        st.floats(0.1, 10),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=30,
)


def brute_force_variance(x, w, cluster) -> float:
    x, w, cluster = np.asarray(x), np.asarray(w), np.asarray(cluster)
    mean = np.average(x, weights=w)
    scores = np.array([(w * (x - mean))[cluster == g].sum() for g in np.unique(cluster)])
    return scores.size / (scores.size - 1) * float(scores @ scores) / w.sum() ** 2


def sample(seed: int, n: int = 200, customers: int = 40):
    rng = np.random.default_rng(seed)
    cluster = rng.integers(0, customers, n)
    x = rng.normal(size=customers)[cluster] + rng.normal(size=n)
    return x, rng.uniform(0.5, 2, n), cluster


def test_the_mean_and_its_variance_are_those_of_the_written_out_formula():
    x, w, cluster = sample(1)
    m = Moments.of(x, w, cluster)
    assert isclose(m.mean, np.average(x, weights=w), rel_tol=1e-12)
    assert isclose(m.variance, np.average((x - m.mean) ** 2, weights=w), rel_tol=1e-12)
    assert isclose(m.mean_variance, brute_force_variance(x, w, cluster), rel_tol=1e-12)
    assert (m.n, m.clusters, m.df) == (200, 40, 39)


def test_independent_answers_have_the_textbook_error_and_a_design_effect_of_one():
    x = np.array([3.0, 5.0, 8.0, 1.0, 9.0])
    m = Moments.of(x)
    assert isclose(sqrt(m.mean_variance), x.std(ddof=1) / sqrt(5), rel_tol=1e-12)
    assert isclose(m.design_effect, 1.0, rel_tol=1e-12)
    assert isclose(m.effective_n, 5.0, rel_tol=1e-12)
    assert m.simple


def test_answers_repeated_by_the_same_customers_are_worth_their_customers():
    once = np.array([0.0, 100.0, 100.0, -100.0, 0.0, 100.0, -100.0, 100.0])
    m = Moments.of(np.repeat(once, 4), cluster=np.repeat(np.arange(8), 4))
    alone = Moments.of(once)
    assert isclose(m.mean_variance, alone.mean_variance, rel_tol=1e-12)
    # S² of 32 rows is a little smaller than of 8, so they are worth 8·(31/32)/(7/8) independent ones
    assert isclose(m.effective_n, 8 * (7 / 8) / (31 / 32), rel_tol=1e-12)
    assert not m.simple


def test_effective_n_never_exceeds_the_answers():
    m = Moments.of([1.0, -1.0, 1.0, -1.0, 1.1, -1.0], cluster=[1, 1, 2, 2, 3, 3])
    assert m.design_effect < 0.1
    assert m.effective_n == 6.0


def test_equal_answers_count_as_one_per_customer():
    m = Moments.of([9.0] * 6, cluster=[1, 1, 1, 2, 2, 3])
    assert m.variance == 0.0
    assert isclose(m.effective_n, 36 / (9 + 4 + 1), rel_tol=1e-12)


@given(rows, st.floats(-100, 100))
def test_another_pilot_value_changes_no_sum_beyond_rounding(data, centre):
    x, w, cluster = zip(*data, strict=True)
    direct, moved = Moments.of(x, w, cluster, centre=centre), Moments.of(x, w, cluster).centred(centre)
    for name in SUMS:
        scale = direct.w * 2100 if name[-1] == "x" and name != "wxx" else 2100**2 * direct.w**2 + 2100**2
        assert isclose(getattr(direct, name), getattr(moved, name), rel_tol=1e-9, abs_tol=1e-12 * scale), name


@given(rows, rows)
def test_merging_groups_of_other_customers_equals_summing_them_together(left, right):
    x, w, cluster = zip(*left, strict=True)
    y, v, others = zip(*right, strict=True)
    merged = Moments.of(x, w, cluster) + Moments.of(y, v, [100 + g for g in others])
    whole = Moments.of([*x, *y], [*w, *v], [*cluster, *(100 + g for g in others)], centre=merged.centre)
    assert (merged.n, merged.clusters) == (whole.n, whole.clusters)
    for name in SUMS:
        assert isclose(getattr(merged, name), getattr(whole, name), rel_tol=1e-9, abs_tol=1e-3), name


def test_merging_with_nothing_changes_nothing():
    m = Moments.of([1.0, 2.0])
    assert m + Moments.of([]) == m == Moments.of([]) + m


def test_scaling_all_weights_changes_nothing():
    x, w, cluster = sample(2)
    m, scaled = Moments.of(x, w, cluster), Moments.of(x, 7 * w, cluster)
    assert isclose(m.mean, scaled.mean, rel_tol=1e-12)
    assert isclose(m.mean_variance, scaled.mean_variance, rel_tol=1e-12)
    assert isclose(m.effective_n, scaled.effective_n, rel_tol=1e-12)


def test_large_numbers_keep_their_spread():
    x = 1e9 + np.tile([-1.0, 1.0], 500)
    assert isclose(Moments.of(x).variance, 1.0, rel_tol=1e-9)


def test_counts_give_the_same_sums_as_the_answers_themselves():
    counted = Moments.of_counts({100.0: 5, 0.0: 3, -100.0: 2})
    listed = Moments.of([100.0] * 5 + [0.0] * 3 + [-100.0] * 2)
    for name in SUMS:
        assert isclose(getattr(counted, name), getattr(listed, name), rel_tol=1e-12, abs_tol=1e-9), name


def test_answers_without_weight_are_left_out():
    assert Moments.of([1.0, 2.0, 99.0], [1.0, 1.0, 0.0], [1, 2, 3]) == Moments.of([1.0, 2.0], cluster=[1, 2])


@pytest.mark.parametrize(
    "x, w", [([1.0, float("nan")], None), ([1.0], [-1.0]), ([1.0], [float("inf")]), ([1.0], [1.0, 2.0])]
)
def test_broken_numbers_are_refused(x, w):
    with pytest.raises(ValueError):
        Moments.of(x, w)


def test_one_cluster_has_no_variance_between_clusters():
    with pytest.raises(ValueError, match="two"):
        _ = Moments.of([1.0, 2.0], cluster=[1, 1]).mean_variance


def test_a_level_outside_zero_and_one_is_explained():
    with pytest.raises(BadDefinition, match="between 0 and 1"):
        critical(95)
    assert isclose(critical(0.95), 1.959963984540054, rel_tol=1e-12)
    assert isclose(critical(0.95, 10), 2.2281388519649385, rel_tol=1e-9)


def test_two_groups_of_the_same_customers_have_the_error_of_their_paired_changes():
    rng = np.random.default_rng(3)
    before = rng.normal(size=30)
    after = before + rng.normal(0.5, 0.2, size=30)
    pair = PairMoments.of([*before, *after], None, [*range(30), *range(30)], [1] * 30 + [2] * 30)
    change = after - before
    assert isclose(pair.difference, change.mean(), rel_tol=1e-12)
    assert isclose(pair.difference_variance, change.var(ddof=1) / 30, rel_tol=1e-10)
    assert pair.df == 29
    assert pair.clusters == 30


def test_two_groups_without_a_shared_customer_have_the_sum_of_both_variances():
    x, w, cluster = sample(4)
    pair = PairMoments.of(x, w, cluster, np.where(cluster < 15, 1, 2))
    assert isclose(pair.difference_variance, pair.first.mean_variance + pair.second.mean_variance, rel_tol=1e-12)
    assert pair.df <= 38


def test_partly_shared_customers_have_the_written_out_covariance():
    x, w, cluster = sample(5)
    group = np.random.default_rng(6).integers(1, 3, x.size)
    pair = PairMoments.of(x, w, cluster, group)
    scores = []
    for k, m in ((1, pair.first), (2, pair.second)):
        residual = w * (x - m.mean) * (group == k) / m.w
        by_customer = np.array([residual[cluster == g].sum() for g in np.unique(cluster)])
        scores.append(by_customer * sqrt(m.clusters / (m.clusters - 1)))
    change = scores[1] - scores[0]
    assert isclose(pair.difference_variance, float(change @ change), rel_tol=1e-10)


def test_pairs_merge_like_moments_do():
    x, w, cluster = sample(7)
    group = np.random.default_rng(8).integers(1, 3, x.size)
    half = cluster < 20
    merged = PairMoments.of(x[half], w[half], cluster[half], group[half]) + PairMoments.of(
        x[~half], w[~half], cluster[~half], group[~half]
    )
    whole = PairMoments.of(x, w, cluster, group)
    assert isclose(merged.difference, whole.difference, rel_tol=1e-10)
    assert isclose(merged.difference_variance, whole.difference_variance, rel_tol=1e-10)
    assert merged.clusters == whole.clusters


def test_a_group_other_than_one_and_two_is_refused():
    with pytest.raises(ValueError, match="1 and 2"):
        PairMoments.of([1.0], None, [1], [0])
