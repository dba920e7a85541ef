from __future__ import annotations

from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import hyp2f1
from scipy.stats import beta as beta_law

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import NoEstimate
from touchstone.stats.buying import Buying, Customers, Grid, fit_buying
from touchstone.stats.likelihood import Array

COUNTS = Path(__file__).parents[1] / "reference" / "cdnow_counts.csv.gz"


def cdnow() -> Customers:
    x, last, age, customers, _ = np.loadtxt(COUNTS, delimiter=",", comments=["#", "x"]).T
    return Customers.of(x, last / 7, age / 7, customers)


def model(r: float = 0.243, alpha: float = 4.414, a: float = 0.793, b: float = 2.426) -> Buying:
    return Buying(r=r, alpha=alpha, a=a, b=b, covariance=np.eye(4), log_likelihood=0.0, n=1)


def simulated(n: int, truth: tuple[float, float, float, float], seed: int) -> Customers:
    """Weeks of 27 to 39 since the first purchase, straight from the story of the model."""
    rng = np.random.default_rng(seed)
    r, alpha, a, b = truth
    rate, leaving, age = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n), rng.integers(27, 40, n).astype(float)
    x, last, now, on = np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    while on.any():
        at = np.flatnonzero(on)
        now[at] += rng.exponential(1 / rate[at])
        bought = at[now[at] <= age[at]]
        x[bought] += 1
        last[bought] = now[bought]
        on[at] = (now[at] <= age[at]) & (rng.random(len(at)) >= leaving[at])
    return Customers.of(x, last, age)


def fitted(customers: Customers) -> Buying:
    found = fit_buying(customers)
    assert isinstance(found, Buying)
    return found


def test_cdnow_has_the_published_parameters() -> None:
    found = fitted(cdnow())
    np.testing.assert_allclose(found.parameters, [0.2426, 4.4137, 0.7930, 2.4262], rtol=1e-3)
    assert found.log_likelihood == pytest.approx(-9582.4292, abs=1e-4)
    assert found.n == 2357


def test_a_customer_of_cdnow_is_forecast_as_by_btyd() -> None:
    customer = Customers.of([2], [30.43], [38.86])
    assert model().purchases(customer, 39)[0] == pytest.approx(1.226028, abs=5e-7)
    assert model().alive(customer)[0] == pytest.approx(0.726579, abs=5e-7)


def test_counts_and_rows_give_the_same_fit() -> None:
    counted = cdnow()
    each = counted.count.astype(int)
    rows = Customers.of(*(np.repeat(column, each) for column in (counted.x, counted.last, counted.age)))
    one, other = fitted(counted), fitted(rows)
    np.testing.assert_allclose(one.parameters, other.parameters, rtol=1e-7)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-6)


def test_the_unit_of_time_changes_the_scale_and_nothing_else() -> None:
    weeks = cdnow()
    days = Customers.of(weeks.x, weeks.last * 7, weeks.age * 7, weeks.count)
    by_week, by_day = fitted(weeks), fitted(days)
    np.testing.assert_allclose(by_day.parameters, by_week.parameters * [1, 7, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(by_day.covariance, by_week.covariance, rtol=1e-4)
    np.testing.assert_allclose(by_day.purchases(days, 273), by_week.purchases(weeks, 39), rtol=1e-6)


def test_the_gradient_is_that_of_the_likelihood() -> None:
    from touchstone.stats.buying import _buying_likelihood, _loyal_likelihood

    for likelihood, at in (
        (_buying_likelihood(cdnow(), 30.0), np.array([-1.0, -1.5, 0.3, 0.7])),
        (_loyal_likelihood(cdnow(), 30.0), np.array([-1.0, -1.5])),
    ):
        numeric = [(likelihood(at + step)[0] - likelihood(at - step)[0]) / 2e-5 for step in 1e-5 * np.eye(len(at))]
        np.testing.assert_allclose(likelihood(at)[1], numeric, rtol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.1, 3), st.floats(1, 20), st.floats(0.2, 4), st.floats(0.5, 6), st.integers(0, 40), st.floats(5, 100))
def test_expected_purchases_follow_the_closed_form(
    r: float, alpha: float, a: float, b: float, x: int, age: float
) -> None:
    if abs(a - 1) < 0.05:
        a += 0.1  # the closed form is 0/0 at a = 1
    t = age / 2
    customer = Customers.of([x], [age if x else 0.0], [age])
    shrunk = ((alpha + age) / (alpha + age + t)) ** (r + x)
    closed = (a + b + x - 1) / (a - 1) * (1 - shrunk * hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + age + t)))
    found = model(r, alpha, a, b)
    assert found.purchases(customer, t)[0] / found.alive(customer)[0] == pytest.approx(closed, rel=1e-6)


def test_at_a_of_one_the_forecast_is_between_its_neighbours() -> None:
    customer = Customers.of([3], [20.0], [30.0])
    below, at, above = (model(a=a).purchases(customer, 10)[0] for a in (0.999, 1.0, 1.001))
    assert above < at < below


def test_pairs_of_purchases_follow_the_integral() -> None:
    r, alpha, a, b, x, age, t = 0.6, 5.0, 0.7, 2.0, 4, 20.0, 30.0
    s, ratio = r + x, t / (alpha + age)

    def integrand(p: float) -> float:
        q = p * ratio
        return 2 * (1 - p) / p**2 * (1 - (1 + q) ** -s - s * q * (1 + q) ** (-s - 1)) * beta_law.pdf(p, a, b + x)

    grid = Grid.over(Customers.of([x], [age], [age]), alpha)
    found = grid.pairs(np.array([r, alpha, a, b]), np.array([t]))[0, 0, 0]
    assert found == pytest.approx(quad(integrand, 1e-7, 1, limit=200, points=[1e-3, 1e-2])[0], rel=1e-4)


def test_many_ages_are_interpolated_without_loss() -> None:
    rng = np.random.default_rng(1)
    age, x = rng.uniform(0.5, 200, 300), rng.integers(0, 50, 300)
    last = np.where(x > 0, 0.9 * age, 0.0)
    together = model().purchases(Customers.of(x, last, age), 52)
    alone = [model().purchases(Customers.of([x[i]], [last[i]], [age[i]]), 52)[0] for i in range(300)]
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_silence_makes_a_frequent_buyer_the_likelier_lost() -> None:
    alive = model().alive(Customers.of([0, 2, 12, 12], [0, 10, 10, 38], [40] * 4))
    assert alive[0] == 1.0
    assert alive[2] < alive[1] < alive[3]


def test_parameters_are_found_again() -> None:
    truth = (0.8, 6.0, 0.8, 2.5)
    found = fitted(simulated(6000, truth, seed=1))
    off = (np.log(found.parameters) - np.log(truth)) / np.sqrt(np.diag(found.covariance))
    assert (np.abs(off) < 3).all()
    assert np.sqrt(np.diag(found.covariance)).max() < 0.3


def test_where_nobody_leaves_the_model_says_so() -> None:
    rng = np.random.default_rng(2)
    n, age = 3000, 50.0
    x = rng.poisson(rng.gamma(0.8, 1 / 10.0, n) * age)
    last = np.where(x > 0, age * rng.random(n) ** (1 / np.maximum(x, 1)), 0.0)
    customers = Customers.of(x, last, np.full(n, age))
    found = fitted(customers)
    assert (found.a, found.b) == (None, None)
    np.testing.assert_allclose(found.parameters, [0.8, 10.0], rtol=0.1)
    np.testing.assert_array_equal(found.alive(customers), 1.0)
    np.testing.assert_allclose(found.purchases(customers, 20), (found.r + x) / (found.alpha + age) * 20)


def test_few_repeat_buyers_give_a_reason() -> None:
    few = fit_buying(Customers.of([0, 1, 2], [0, 5, 9], [20, 20, 20], [500, 10, 12]))
    assert few == NoEstimate("22 customers bought again; a forecast of purchases needs at least 30", 522)


def test_customers_all_alike_are_not_forecast() -> None:
    alike = fit_buying(Customers.of([3], [9.0], [10.0], [400]))
    assert isinstance(alike, NoEstimate)
    assert "longer history" in alike.reason


def test_impossible_histories_are_refused() -> None:
    for x, last, age in (([1], [12], [10]), ([1], [0], [10]), ([0], [0], [0])):
        with pytest.raises(BadDefinition, match="last purchase lies after"):
            Customers.of(x, last, age)
    with pytest.raises(BadDefinition, match="whole numbers"):
        Customers.of([1.5], [5], [10])


def test_a_hundred_thousand_distinct_histories_take_a_moment() -> None:
    rng = np.random.default_rng(1)
    customers = simulated(100_000, (0.8, 6.0, 0.8, 2.5), seed=3)
    many = Customers.of(customers.x, customers.last, customers.age, rng.integers(1, 20, 100_000))
    begun = perf_counter()
    fitted(many)
    assert perf_counter() - begun < 5  # about 0.2 s alone on one core


@pytest.mark.truth
@pytest.mark.parametrize("truth", [(0.25, 4.4, 0.8, 2.4), (1.2, 10.0, 0.5, 4.0)])
def test_intervals_hold_the_true_parameters(truth: tuple[float, float, float, float]) -> None:
    held = np.zeros(4)
    for seed in range(200):
        found = fitted(simulated(3000, truth, seed=500 + seed))
        spread: Array = np.sqrt(np.diag(found.covariance))
        held += np.abs(np.log(found.parameters) - np.log(truth)) < 1.959964 * spread
    assert 0.92 <= held.mean() / 200 <= 0.98
    assert (held >= 180).all()
