from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.stats.gram import Gram, Grams

COLUMNS = ("a", "b", "c")
ROWS = arrays(np.float64, st.tuples(st.integers(3, 20), st.just(3)), elements=st.floats(-1e3, 1e3, width=32))


def some_rows(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 3)) @ np.array([[1, 0.5, 0.2], [0, 1, 0.4], [0, 0, 1]])


def close(one: Gram, other: Gram) -> None:
    assert (one.columns, one.n) == (other.columns, other.n)
    scale = 1 + np.abs(one.cross).max()
    assert one.w == pytest.approx(other.w)
    np.testing.assert_allclose(one.mean, other.mean, atol=1e-9 * scale)
    np.testing.assert_allclose(one.cross, other.cross, atol=1e-9 * scale)


@given(ROWS, st.integers(1, 19))
def test_two_halves_add_up_to_the_whole(rows: np.ndarray, cut: int) -> None:
    cut = min(cut, len(rows) - 1)
    weights = np.arange(1, len(rows) + 1) / 3
    halves = (Gram.of(rows[part], weights[part], columns=COLUMNS) for part in (slice(cut), slice(cut, None)))
    close(sum(halves, start=Gram.of(np.empty((0, 3)), columns=COLUMNS)), Gram.of(rows, weights, columns=COLUMNS))


def test_moments_are_those_of_numpy() -> None:
    rows, weights = some_rows(50), np.random.default_rng(2).integers(1, 5, 50)
    gram = Gram.of(rows, weights, columns=COLUMNS)
    np.testing.assert_allclose(gram.covariance, np.cov(rows.T, fweights=weights, ddof=0))
    np.testing.assert_allclose(gram.mean, np.average(rows, axis=0, weights=weights))
    np.testing.assert_allclose(gram.correlation, np.corrcoef(np.repeat(rows, weights, axis=0).T))


def test_money_of_a_billion_keeps_its_variance() -> None:
    rows = some_rows(1000)
    far = Gram.of(rows[:400] + 1e9, columns=COLUMNS) + Gram.of(rows[400:] + 1e9, columns=COLUMNS)
    np.testing.assert_allclose(far.covariance, np.cov(rows.T, ddof=0), rtol=1e-6)


def test_leaving_a_group_out_equals_never_having_seen_it() -> None:
    rows, weights, replicate = some_rows(200), np.random.default_rng(3).random(200), np.arange(200) % 8
    grams = Grams.of(rows, replicate, weights, columns=COLUMNS, groups=8)
    close(grams.total(), Gram.of(rows, weights, columns=COLUMNS))
    without = grams.without_each()
    for r in range(8):
        rest = replicate != r
        expected = Gram.of(rows[rest], weights[rest], columns=COLUMNS)
        np.testing.assert_allclose(without.cross[r], expected.cross, rtol=1e-10)
        np.testing.assert_allclose(without.mean[r], expected.mean, rtol=1e-9, atol=1e-12)
        assert without.n[r] == expected.n


def test_sums_around_any_pilot_mean_give_the_same_moments() -> None:
    rows = some_rows(60) + 5
    shifted = rows - np.array([4.0, 5.0, 7.0])
    gram = Gram.from_sums(
        COLUMNS, n=60, w=60.0, sums=shifted.sum(axis=0), products=shifted.T @ shifted, centre=[4.0, 5.0, 7.0]
    )
    close(gram, Gram.of(rows, columns=COLUMNS))


def test_folded_groups_hold_the_rows_of_both() -> None:
    rows, replicate = some_rows(100), np.random.default_rng(4).integers(0, 8, 100)
    folded = Grams.of(rows, replicate, columns=COLUMNS, groups=8).fold(4)
    expected = Grams.of(rows, replicate % 4, columns=COLUMNS, groups=4)
    np.testing.assert_allclose(folded.cross, expected.cross)
    np.testing.assert_array_equal(folded.n, expected.n)
    with pytest.raises(BadDefinition, match="do not fold"):
        folded.fold(3)


def test_empty_groups_are_not_replicates() -> None:
    grams = Grams.of(some_rows(10), np.full(10, 2), columns=COLUMNS, groups=5)
    assert grams.filled().n.tolist() == [10]


def test_a_copied_column_is_named() -> None:
    rows = some_rows(40)
    more = np.column_stack([rows, rows[:, 0] - 2 * rows[:, 1], np.full(40, 7.1)])
    gram = Gram.of(more, columns=(*COLUMNS, "copy", "constant"))
    rank = gram.rank(gram.columns)
    assert rank.kept == COLUMNS
    assert rank.dropped == ("copy", "constant")
    with pytest.raises(BadDefinition, match="'constant' never varies"):
        Gram.of(np.column_stack([rows[:, 0], np.zeros(40)]), columns=("a", "constant")).correlation  # noqa: B018


@pytest.mark.parametrize(("noise", "dropped"), [(1e-6, ("echo",)), (1e-3, ())])
def test_an_echo_is_dropped_when_it_adds_almost_nothing(noise: float, dropped: tuple[str, ...]) -> None:
    rows = some_rows(200)
    echo = rows[:, 0] + noise * np.random.default_rng(9).normal(size=200)
    gram = Gram.of(np.column_stack([rows, echo]), columns=(*COLUMNS, "echo"))
    assert gram.rank(gram.columns).dropped == dropped


def test_columns_are_found_by_name() -> None:
    gram = Gram.of(some_rows(30), columns=COLUMNS)
    part = gram.submatrix(["c", "a"])
    assert part.cross[0, 1] == gram.cross[2, 0]
    with pytest.raises(UnknownName, match="no column called 'z'"):
        gram.submatrix(["z"])


def test_what_does_not_fit_is_refused() -> None:
    rows = some_rows(5)
    with pytest.raises(BadDefinition, match="different columns"):
        Gram.of(rows, columns=COLUMNS) + Gram.of(rows, columns=("x", "y", "z"))
    with pytest.raises(BadDefinition, match="missing"):
        Gram.of(np.where(rows > 0, np.nan, rows), columns=COLUMNS)
    with pytest.raises(BadDefinition, match="weight"):
        Gram.of(rows, -np.ones(5), columns=COLUMNS)
    with pytest.raises(BadDefinition, match="shape"):
        Gram.of(rows, columns=("a", "b"))
