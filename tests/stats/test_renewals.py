from __future__ import annotations

import numpy as np
import pytest

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.stats.renewals import Renewals, fit_renewals

# survivors of 1,000 customers at renewals 0 to 7 (Fader and Hardie 2007)
REGULAR = np.array([1000, 631, 468, 382, 326, 289, 262, 241])
HIGH_END = np.array([1000, 869, 743, 653, 593, 551, 517, 491])


def fitted(survivors: np.ndarray) -> Renewals:
    kept = np.zeros(len(survivors) - 1)
    kept[-1] = survivors[-1]
    found = fit_renewals(-np.diff(survivors), kept)
    assert isinstance(found, Renewals)
    return found


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta", "log_likelihood", "payments"),
    [(REGULAR, 0.70408, 1.18204, -1680.265, 2.9644), (HIGH_END, 0.66809, 3.80610, -1611.158, 5.4145)],
)
def test_fits_are_the_published_ones(
    survivors: np.ndarray, alpha: float, beta: float, log_likelihood: float, payments: float
) -> None:
    found = fitted(survivors)
    assert (found.alpha, found.beta) == pytest.approx((alpha, beta), abs=6e-6)
    assert found.log_likelihood == pytest.approx(log_likelihood, abs=5e-4)
    left = found.remaining(0.1)
    assert isinstance(left, Estimate)
    assert left.value == pytest.approx(payments, abs=5e-5)


def test_survival_beyond_the_data_is_the_published_one() -> None:
    found = fitted(REGULAR)
    for renewals, share in ((7, 23.90), (12, 17.00)):
        survival = found.survival(renewals)
        assert isinstance(survival, Estimate)
        assert survival.value == pytest.approx(share, abs=5e-3)
        assert survival.low < share < survival.high


def test_those_who_renewed_often_are_worth_more_and_more_than_constant_churn_says() -> None:
    found = fitted(REGULAR)
    new, old = found.remaining(0.1), found.remaining(0.1, renewals=5)
    assert isinstance(new, Estimate)
    assert isinstance(old, Estimate)
    assert old.value > new.value
    churn = 1 - REGULAR[1] / REGULAR[0]
    assert new.value > (1 - churn) / (1 - (1 - churn) / 1.1)


def test_remaining_payments_are_the_sum_of_discounted_survival() -> None:
    found = fitted(HIGH_END)
    t = np.arange(1, 4000)
    survival = np.cumprod((found.beta + t - 1) / (found.alpha + found.beta + t - 1))
    left = found.remaining(0.1)
    assert isinstance(left, Estimate)
    assert left.value == pytest.approx((survival * 1.1 ** -(t - 1.0)).sum(), rel=1e-9)


def test_cohorts_of_several_ages_join() -> None:
    rng = np.random.default_rng(3)
    n, horizon = 20_000, rng.integers(1, 9, 20_000)
    leaves = rng.geometric(rng.beta(0.7, 1.2, n))
    gone = leaves <= horizon
    found = fit_renewals(np.bincount(leaves[gone], minlength=9)[1:9], np.bincount(horizon[~gone], minlength=9)[1:9])
    assert isinstance(found, Renewals)
    off = (np.log([found.alpha, found.beta]) - np.log([0.7, 1.2])) / np.sqrt(np.diag(found.covariance))
    assert (np.abs(off) < 3).all()
    assert found.n == n


def test_what_cannot_be_told_gives_a_reason() -> None:
    assert fit_renewals([3, 2], [0, 95]) == NoEstimate(
        "5 customers left at 2 renewals; a forecast needs at least 10 at two or more", 100
    )
    # everyone equally likely to leave: differences between customers are beyond telling
    even = 1000 * 0.8 ** np.arange(5)
    found = fit_renewals(-np.diff(even), [0, 0, 0, even[-1]])
    assert isinstance(found, NoEstimate)


def test_senseless_questions_are_refused() -> None:
    with pytest.raises(BadDefinition, match="counts per renewal"):
        fit_renewals([3, 2], [1])
    with pytest.raises(BadDefinition, match="discount above 0"):
        fitted(REGULAR).remaining(0.0)
    with pytest.raises(BadDefinition, match="1 or more"):
        fitted(REGULAR).survival(0)


@pytest.mark.truth
def test_intervals_hold_the_true_survival_and_payments() -> None:
    truth = Renewals(alpha=0.7, beta=1.2, covariance=np.eye(2) * 1e-6, log_likelihood=0.0, n=1)
    true = [truth.survival(12), truth.remaining(0.1)]
    held = np.zeros(2)
    for seed in range(200):
        rng = np.random.default_rng(seed)
        leaves = rng.geometric(rng.beta(0.7, 1.2, 1000))
        survivors = np.array([1000 - (leaves <= t).sum() for t in range(8)])
        found = fitted(survivors)
        for k, one in enumerate((found.survival(12), found.remaining(0.1))):
            assert isinstance(one, Estimate)
            assert isinstance(true[k], Estimate)
            held[k] += one.low <= true[k].value <= one.high
    assert ((held >= 184) & (held <= 197)).all()
