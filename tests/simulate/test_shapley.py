from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.simulate.shapley import lmg


@given(st.integers(1, 6), st.integers(0, 10_000))
def test_the_shares_add_up_to_the_variance_explained(items: int, seed: int) -> None:
    draws = np.random.default_rng(seed).standard_normal((40, items + 1))
    correlation = np.corrcoef(draws + 0.5 * draws[:, :1], rowvar=False)
    shares, explained = lmg(correlation)
    beta = np.linalg.solve(correlation[:-1, :-1], correlation[:-1, -1])
    assert shares.sum() == pytest.approx(explained, abs=1e-12)
    assert explained == pytest.approx(beta @ correlation[:-1, -1], abs=1e-9)
    assert (shares > -1e-12).all()


def test_unrelated_items_share_by_their_squared_correlation() -> None:
    r = np.array([0.5, 0.3, 0.0])
    correlation = np.block([[np.eye(3), r[:, None]], [r[None, :], np.ones((1, 1))]])
    shares, _ = lmg(correlation)
    assert shares.tolist() == pytest.approx([0.25, 0.09, 0.0])


def test_twins_share_equally_what_only_one_of_them_causes() -> None:
    # y = x1 + noise, x2 correlates 0.8 with x1: LMG = averages over both orders
    correlation = np.array([[1, 0.8, 0.6], [0.8, 1, 0.48], [0.6, 0.48, 1]])
    shares, explained = lmg(correlation)
    assert explained == pytest.approx(0.36)
    assert shares.tolist() == pytest.approx([(0.36 + 0.36 - 0.48**2) / 2, 0.48**2 / 2])


def test_more_items_than_can_be_enumerated_are_refused() -> None:
    with pytest.raises(ValueError, match="13"):
        lmg(np.eye(14))
