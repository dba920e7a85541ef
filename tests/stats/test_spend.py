from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import NoEstimate
from touchstone.stats.likelihood import Array
from touchstone.stats.spend import Spend, amounts, fit_spend

PAIRS = Path(__file__).parents[1] / "reference" / "cdnow_spend.csv.gz"


def cdnow() -> Array:
    return np.loadtxt(PAIRS, delimiter=",", comments=["#", "x"]).T


def fitted(x: Array, mean: Array, count: Array | None = None) -> Spend:
    found = fit_spend(x, mean, count)
    assert isinstance(found, Spend)
    return found


def simulated(n: int, seed: int, p: float = 6.0, q: float = 4.0, gamma: float = 15.0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 8, n).astype(float)
    return x, rng.gamma(p * x, 1.0) / rng.gamma(q, 1 / gamma, n) / x


def test_cdnow_has_the_published_parameters() -> None:
    found = fitted(*cdnow())
    np.testing.assert_allclose(found.parameters, [6.2496, 3.7442, 15.4435], rtol=1e-3)
    assert found.n == 946
    assert found.correlation == pytest.approx(0.114, abs=5e-4)


def test_a_mean_amount_is_drawn_towards_everyones() -> None:
    found = fitted(*cdnow())
    everyone = found.p * found.gamma / (found.q - 1)
    once, often = found.per_purchase([1, 10], [100.0, 100.0])
    assert everyone < once < often < 100
    assert found.per_purchase([0], [0.0])[0] == pytest.approx(everyone)
    assert once == pytest.approx(found.p * (found.gamma + 100) / (found.p + found.q - 1))


def test_pairs_with_counts_are_repeated_rows() -> None:
    x, mean, count = cdnow()
    rows = fitted(np.repeat(x, count.astype(int)), np.repeat(mean, count.astype(int)))
    np.testing.assert_allclose(rows.parameters, fitted(x, mean, count).parameters, rtol=1e-7)


def test_the_currency_scales_amounts_and_nothing_else() -> None:
    x, mean, count = cdnow()
    dollars, cents = fitted(x, mean, count), fitted(x, 100 * mean, count)
    np.testing.assert_allclose(cents.parameters, dollars.parameters * [1, 1, 100], rtol=1e-6)
    assert cents.log_likelihood == pytest.approx(dollars.log_likelihood - 946 * np.log(100))


def test_the_likelihood_is_the_density_of_the_mean() -> None:
    from scipy.integrate import quad

    from touchstone.stats.spend import _spend_likelihood

    def density(mean: float) -> float:
        return float(
            np.exp(_spend_likelihood(np.array([3.0]), np.array([mean]), np.ones(1))(np.log([2.0, 3.0, 5.0]))[0])
        )

    assert quad(density, 0, np.inf)[0] == pytest.approx(1, abs=1e-6)


def test_parameters_are_found_again() -> None:
    found = fitted(*simulated(4000, seed=1))
    off = (np.log(found.parameters) - np.log([6, 4, 15])) / np.sqrt(np.diag(found.covariance))
    assert (np.abs(off) < 3).all()


def test_variances_are_those_of_the_posterior() -> None:
    p, q, gamma = 6.0, 4.0, 15.0
    rate = np.random.default_rng(1).gamma(p * 2 + q, 1 / (gamma + 2 * 30.0), 400_000)
    mean, between, within = amounts(np.array([p, q, gamma]), np.array([2.0]), np.array([30.0]))
    assert mean[0] == pytest.approx((p / rate).mean(), rel=0.01)
    assert between[0] == pytest.approx((p / rate).var(), rel=0.02)
    assert within[0] == pytest.approx((p / rate**2).mean(), rel=0.01)


def test_what_cannot_be_told_gives_a_reason() -> None:
    few = fit_spend([1, 2], [10.0, 20.0], [9, 9])
    assert few == NoEstimate("18 customers bought again; their spending needs at least 30", 18)
    rng = np.random.default_rng(1)
    wild = fit_spend(np.ones(500), rng.pareto(0.8, 500) + 1)
    assert isinstance(wild, NoEstimate)
    heavy = fit_spend(*simulated(400, seed=3, q=1.05))
    assert isinstance(heavy, NoEstimate)
    assert "a few customers spend so much more" in heavy.reason
    same = fit_spend(np.full(100, 3.0), np.full(100, 9.99))
    assert isinstance(same, NoEstimate)


def test_a_refunded_amount_is_refused() -> None:
    with pytest.raises(BadDefinition, match="positive"):
        fit_spend(np.ones(40), np.r_[np.full(39, 5.0), 0.0])


@pytest.mark.truth
def test_intervals_hold_the_true_parameters() -> None:
    held = np.zeros(3)
    for seed in range(200):
        found = fitted(*simulated(1500, seed=300 + seed))
        off = np.log(found.parameters) - np.log([6, 4, 15])
        held += np.abs(off) < 1.959964 * np.sqrt(np.diag(found.covariance))
    assert 0.92 <= held.mean() / 200 <= 0.98
    assert (held >= 180).all()
