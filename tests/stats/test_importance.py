from __future__ import annotations

from itertools import combinations
from math import factorial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.stats.gram import Array, Gram, Grams
from touchstone.stats.importance import (
    Drivers,
    Importance,
    importances,
    importances_from,
    importances_with_intervals,
    johnson,
    lmg,
)

REFERENCE = Path(__file__).parents[1] / "reference"

# METHODS 9, design D1: six items, the fourth has no effect of its own
BETA = np.array([0.45, 0.25, 0.15, 0.0, 0.0, 0.10])
WITHIN = np.full((6, 6), 0.55) + 0.45 * np.eye(6)
WITHIN[0, 3] = WITHIN[3, 0] = 0.80
WITHIN[1, 4] = WITHIN[4, 1] = 0.35
NOISE = 0.55
NAMES = tuple(f"item{j}" for j in range(1, 7))
LMG_D1 = np.array([0.1596, 0.1087, 0.0765, 0.0859, 0.0380, 0.0652])
JOHNSON_D1 = np.array([0.1524, 0.1137, 0.0785, 0.0832, 0.0394, 0.0668])


def population() -> Array:
    """Correlations of D1, outcome last."""
    covariance = np.zeros((7, 7))
    covariance[:6, :6] = WITHIN
    covariance[:6, 6] = covariance[6, :6] = WITHIN @ BETA
    covariance[6, 6] = BETA @ WITHIN @ BETA + NOISE
    deviation = np.sqrt(np.diag(covariance))
    return covariance / np.outer(deviation, deviation)


def answers(customers: int, seed: int, *, repeats: int = 3) -> tuple[Array, Array]:
    """Rows of D1 where one customer's answers resemble each other, and the customer of each row."""
    rng = np.random.default_rng(seed)
    customer = np.repeat(np.arange(customers), rng.integers(1, repeats + 1, customers))
    root = np.linalg.cholesky(WITHIN)
    own, now = rng.normal(size=(customers, 7)), rng.normal(size=(len(customer), 7))
    mixed = np.sqrt(0.6) * own[customer] + np.sqrt(0.4) * now
    x = mixed[:, :6] @ root.T
    return np.column_stack([x, x @ BETA + np.sqrt(NOISE) * mixed[:, 6]]), customer


def drivers_of(customers: int, seed: int, **how: float) -> Drivers:
    rows, customer = answers(customers, seed)
    found = importances_with_intervals(
        Grams.of(rows, customer % 64, columns=(*NAMES, "score"), groups=64), "score", NAMES, **how
    )
    assert isinstance(found, Drivers)
    return found


def table(name: str) -> tuple[list[str], Array]:
    lines = [line for line in (REFERENCE / f"{name}.csv").read_text().splitlines() if not line.startswith("#")]
    return lines[0].split(","), np.loadtxt(lines[1:], delimiter=",")


def of(name: str, outcome: str) -> Importance:
    columns, rows = table(name)
    found = importances(Gram.of(rows, columns=columns), outcome, [column for column in columns if column != outcome])
    assert isinstance(found, Importance)
    return found


def by_definition(correlation: Array, players: list[list[int]]) -> list[float]:
    """LMG straight from its formula: a regression per subset."""

    def r2(subset: tuple[int, ...]) -> float:
        columns = [column for j in subset for column in players[j]]
        r = correlation[columns, -1]
        return float(r @ np.linalg.solve(correlation[np.ix_(columns, columns)], r)) if columns else 0.0

    p = len(players)
    shares = []
    for j in range(p):
        rest = [k for k in range(p) if k != j]
        shares.append(
            sum(
                factorial(size) * factorial(p - size - 1) / factorial(p) * (r2((*subset, j)) - r2(subset))
                for size in range(p)
                for subset in combinations(rest, size)
            )
        )
    return shares


def test_swiss_shares_are_those_of_relaimpo() -> None:
    found = of("swiss", "fertility")
    np.testing.assert_allclose(found.share, [0.0570912, 0.1711730, 0.2601347, 0.1055702, 0.1127659], atol=5e-8)
    assert found.r2 == pytest.approx(0.706735, abs=5e-8)
    # as printed by R's lm and car::vif
    np.testing.assert_allclose(found.coefficient, [-0.17211, -0.25801, -0.87094, 0.10412, 1.07705], atol=5e-6)
    np.testing.assert_allclose(found.vif, [2.284129, 3.675420, 2.774943, 1.937160, 1.107542], atol=5e-7)


def test_attitude_shares_are_those_of_relaimpo_and_show_no_sign() -> None:
    found = of("attitude", "rating")
    expected = [0.3708162, 0.0509038, 0.1557660, 0.1203451, 0.0065887, 0.0281822]
    np.testing.assert_allclose(found.share, expected, atol=5e-8)
    assert found.r2 == pytest.approx(0.7326020, abs=5e-8)
    # "advance" goes down with the rating, others equal, and still has a positive share
    assert found.coefficient[5] == pytest.approx(-0.217, abs=5e-4)
    assert found.share[5] > 0


def test_the_known_design_has_its_published_shares() -> None:
    correlation = population()[None]
    np.testing.assert_allclose(lmg(correlation, [1] * 6)[0], LMG_D1, atol=5.1e-5)
    np.testing.assert_allclose(johnson(correlation, [1] * 6)[0], JOHNSON_D1, atol=5.1e-5)
    assert lmg(correlation, [1] * 6).sum() == pytest.approx(0.5340, abs=5e-5)
    assert johnson(correlation, [1] * 6).sum() == pytest.approx(lmg(correlation, [1] * 6).sum(), abs=1e-12)
    np.testing.assert_allclose(correlation[0, :6, 6], [0.667, 0.585, 0.543, 0.585, 0.435, 0.522], atol=5e-4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 2), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_sweeping_equals_one_regression_per_subset(sizes: list[int], seed: int) -> None:
    columns = sum(sizes)
    rows = np.random.default_rng(seed).normal(size=(columns + 20, columns + 1))
    correlation = np.corrcoef((rows + rows[:, :1]).T)
    starts = np.cumsum([0, *sizes])
    players = [list(range(starts[j], starts[j + 1])) for j in range(len(sizes))]
    np.testing.assert_allclose(lmg(correlation[None], sizes)[0], by_definition(correlation, players), atol=1e-10)


def test_shares_add_up_to_what_is_explained() -> None:
    found = drivers_of(1500, seed=5)
    assert isinstance(found.r2, Estimate)
    shares = [driver.share for driver in found.items]
    percents = [driver.percent for driver in found.items]
    assert all(isinstance(one, Estimate) for one in [*shares, *percents])
    assert sum(one.value for one in shares) == pytest.approx(found.r2.value, abs=1e-9)  # type: ignore[union-attr]
    assert sum(one.value for one in percents) == pytest.approx(100, abs=1e-9)  # type: ignore[union-attr]


def test_an_item_without_effect_is_told_from_its_correlated_twin() -> None:
    found = drivers_of(6000, seed=8)
    null, twin = found.items[3], found.items[1]
    assert abs(null.correlation - twin.correlation) < 0.03
    assert isinstance(null.coefficient, Estimate)
    assert null.coefficient.low < 0 < null.coefficient.high
    assert isinstance(twin.coefficient, Estimate)
    assert twin.coefficient.low > 0.15
    for driver, share in zip(found.items, LMG_D1, strict=True):
        assert isinstance(driver.share, Estimate)
        assert driver.share.value == pytest.approx(share, abs=0.015)


def test_clusters_widen_intervals_and_count_as_fewer_answers() -> None:
    rows, customer = answers(2000, seed=3)
    shuffled = np.random.default_rng(1).permutation(customer)
    widths, worth = [], []
    for groups in (customer, shuffled):
        found = importances_with_intervals(
            Grams.of(rows, groups % 64, columns=(*NAMES, "score"), groups=64), "score", NAMES
        )
        assert isinstance(found, Drivers)
        assert isinstance(found.r2, Estimate)
        widths.append(found.r2.se)
        worth.append(found.effective_n)
    assert widths[0] > widths[1]
    assert worth[0] < 0.85 * len(rows) < worth[1]


def test_rank_intervals_hold_the_rank_and_narrow_with_answers() -> None:
    few, many = drivers_of(150, seed=2), drivers_of(8000, seed=2)
    true_rank = [1, 2, 4, 3, 6, 5]
    for driver, rank in zip(many.items, true_rank, strict=True):
        assert driver.rank_low <= rank <= driver.rank_high
        assert driver.rank_low <= driver.rank <= driver.rank_high
    width = [sum(driver.rank_high - driver.rank_low for driver in found.items) for found in (few, many)]
    assert width[1] < width[0]
    assert many.items[0].rank_high == 1


def test_items_of_equal_weight_may_have_either_rank() -> None:
    rows = np.random.default_rng(1).normal(size=(640, 3))
    rows[:, 2] += rows[:, 0] + rows[:, 1]
    found = importances_with_intervals(
        Grams.of(rows, np.arange(640) % 64, columns=("a", "b", "y"), groups=64), "y", ["a", "b"]
    )
    assert isinstance(found, Drivers)
    assert [(driver.rank_low, driver.rank_high) for driver in found.items] == [(1, 2), (1, 2)]


def test_a_share_never_runs_below_zero() -> None:
    rows = np.random.default_rng(1).normal(size=(400, 3))
    found = importances_with_intervals(
        Grams.of(rows, np.arange(400) % 20, columns=("a", "b", "y"), groups=20), "y", ["a", "b"]
    )
    assert isinstance(found, Drivers)
    assert isinstance(found.r2, Estimate)
    assert found.r2.low == 0.0
    for driver in found.items:
        assert isinstance(driver.share, Estimate)
        assert driver.share.low == 0.0
        assert driver.share.value >= 0.0
        assert isinstance(driver.percent, NoEstimate)
        assert "chance" in driver.percent.reason


def test_a_touchpoint_not_everyone_used_is_one_player_wherever_it_is_centred() -> None:
    rng = np.random.default_rng(6)
    n = 3000
    used, x, other = rng.random(n) < 0.4, rng.normal(7, 2, n), rng.normal(size=n)
    y = np.where(used, 0.5 * (x - 7) + 1.0, 0.0) + 0.3 * other + rng.normal(size=n)
    items = {"help desk": ("help_score", "help_used"), "price": ("other",)}
    results = []
    for centre in (7.0, 0.0):
        rows = np.column_stack([used * (x - centre), used, other, y])
        grams = Grams.of(rows, np.arange(n) % 64, columns=("help_score", "help_used", "other", "y"), groups=64)
        found = importances_with_intervals(grams, "y", items)
        assert isinstance(found, Drivers)
        results.append(found)
    at_mean, at_zero = results
    assert [driver.name for driver in at_mean.items] == ["help desk", "price"]
    for one, same in zip(at_mean.items, at_zero.items, strict=True):
        assert isinstance(one.share, Estimate)
        assert isinstance(same.share, Estimate)
        assert isinstance(one.coefficient, Estimate)
        assert one.share.value == pytest.approx(same.share.value)
        assert one.share.se == pytest.approx(same.share.se)
        assert one.vif == pytest.approx(same.vif)
    desk = at_mean.items[0].coefficient
    assert isinstance(desk, Estimate)
    assert desk.low < 0.5 < desk.high


def test_where_everyone_used_it_only_the_indicator_goes() -> None:
    rng = np.random.default_rng(6)
    x, other = rng.normal(size=(2, 500))
    rows = np.column_stack([x, np.ones(500), other, x + other + rng.normal(size=500)])
    gram = Gram.of(rows, columns=("score", "used", "other", "y"))
    found = importances(gram, "y", {"desk": ("score", "used"), "price": ("other",)})
    assert isinstance(found, Importance)
    assert (found.items, found.dropped) == (("desk", "price"), ("used",))


def test_a_repeated_item_is_dropped_by_name_and_the_rest_is_as_without_it() -> None:
    rows, _ = answers(500, seed=4)
    more = np.column_stack([rows, rows[:, 0] + rows[:, 1]])
    gram = Gram.of(more, columns=(*NAMES, "score", "sum"))
    found, plain = (importances(gram, "score", names) for names in ((*NAMES, "sum"), NAMES))
    assert isinstance(found, Importance)
    assert isinstance(plain, Importance)
    assert found.dropped == ("sum",)
    np.testing.assert_allclose(found.share, plain.share)


def test_above_fifteen_items_johnson_stands_in() -> None:
    rows = np.random.default_rng(1).normal(size=(900, 17))
    rows[:, 16] += rows[:, :4].sum(axis=1)
    columns = [*(f"x{j}" for j in range(16)), "y"]
    found = importances_with_intervals(
        Grams.of(rows, np.arange(900) % 32, columns=columns, groups=32), "y", columns[:-1]
    )
    assert isinstance(found, Drivers)
    assert isinstance(found.r2, Estimate)
    assert found.method == "Johnson"
    assert "Johnson" in found.r2.method
    total = sum(driver.share.value for driver in found.items if isinstance(driver.share, Estimate))
    assert total == pytest.approx(found.r2.value, abs=1e-9)


def test_weights_count_as_repeated_answers() -> None:
    rows, _ = answers(200, seed=1)
    weights = np.random.default_rng(1).integers(1, 4, len(rows))
    columns = (*NAMES, "score")
    weighted = importances(Gram.of(rows, weights, columns=columns), "score", NAMES)
    repeated = importances(Gram.of(np.repeat(rows, weights, axis=0), columns=columns), "score", NAMES)
    assert isinstance(weighted, Importance)
    assert isinstance(repeated, Importance)
    np.testing.assert_allclose(weighted.share, repeated.share)


def test_near_twins_carry_a_warning() -> None:
    rows = np.random.default_rng(1).normal(size=(640, 3))
    rows[:, 1] = rows[:, 0] + 0.1 * rows[:, 1]
    rows[:, 2] += rows[:, 0]
    grams = Grams.of(rows, np.arange(640) % 64, columns=("a", "b", "y"), groups=64)
    found = importances_with_intervals(grams, "y", ["a", "b"])
    assert isinstance(found, Drivers)
    assert found.condition > 10
    assert isinstance(found.items[0].coefficient, Estimate)
    assert "hard to tell apart" in found.items[0].coefficient.flags[0]


def test_too_little_gives_a_reason_not_a_number() -> None:
    rows, customer = answers(40, seed=1)
    columns = (*NAMES, "score")
    few = importances(Gram.of(rows[:12], columns=columns), "score", NAMES)
    assert isinstance(few, NoEstimate)
    assert few.reason == "6 items need at least 30 answers; there are 12"
    groups = importances_with_intervals(Grams.of(rows, customer % 4, columns=columns, groups=64), "score", NAMES)
    assert isinstance(groups, NoEstimate)
    assert "4 groups" in groups.reason
    flat = rows.copy()
    flat[:, 6] = 9
    same = importances(Gram.of(flat, columns=columns), "score", NAMES)
    assert isinstance(same, NoEstimate)
    assert "hardly varies" in same.reason
    constant = rows.copy()
    constant[:, :6] = 3
    nothing = importances(Gram.of(constant, columns=columns), "score", NAMES)
    assert isinstance(nothing, NoEstimate)
    assert "none of the items" in nothing.reason


def test_an_exact_copy_of_the_outcome_has_no_interval() -> None:
    rows = np.random.default_rng(1).normal(size=(300, 2))
    grams = Grams.of(np.column_stack([rows, rows[:, 0]]), np.arange(300) % 30, columns=("a", "b", "y"), groups=30)
    found = importances_with_intervals(grams, "y", ["a", "b"])
    assert isinstance(found, Drivers)
    assert isinstance(found.r2, NoEstimate)
    assert isinstance(found.items[0].coefficient, NoEstimate)


def test_wrong_names_are_told() -> None:
    rows, _ = answers(100, seed=1)
    gram = Gram.of(rows, columns=(*NAMES, "score"))
    with pytest.raises(UnknownName, match="item9"):
        importances(gram, "score", ["item1", "item9"])
    with pytest.raises(BadDefinition, match="columns of its own"):
        importances(gram, "score", {"one": ("item1",), "two": ("item1", "item2")})


def test_left_out_moments_from_elsewhere_give_the_same_intervals() -> None:
    rows, customer = answers(300, seed=1)
    grams = Grams.of(rows, customer % 16, columns=(*NAMES, "score"), groups=16)
    direct = importances_with_intervals(grams, "score", NAMES, level=0.9)
    other = importances_from(grams.total(), grams.without_each(), "score", NAMES, level=0.9)
    assert isinstance(direct, Drivers)
    assert isinstance(other, Drivers)
    assert direct.items == other.items


@pytest.mark.truth
def test_intervals_hold_the_true_shares_and_coefficients() -> None:
    share, coefficient, rank = np.zeros(6), np.zeros(6), np.zeros(6)
    true_share, true_rank = lmg(population()[None], [1] * 6)[0], [1, 2, 4, 3, 6, 5]
    for seed in range(200):
        found = drivers_of(1200, seed=10_000 + seed)
        for j, driver in enumerate(found.items):
            assert isinstance(driver.share, Estimate)
            assert isinstance(driver.coefficient, Estimate)
            share[j] += driver.share.low <= true_share[j] <= driver.share.high
            coefficient[j] += driver.coefficient.low <= BETA[j] <= driver.coefficient.high
            rank[j] += driver.rank_low <= true_rank[j] <= driver.rank_high
    assert 0.92 <= share.mean() / 200 <= 0.98
    assert 0.92 <= coefficient.mean() / 200 <= 0.98
    assert (share >= 180).all()
    assert (rank >= 184).all()
