from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.stats.reliability import cronbach_alpha

ATTITUDE = Path(__file__).parents[1] / "reference" / "attitude.csv"


def sums(items: NDArray[np.float64]) -> NDArray[np.float64]:
    total = items.sum(axis=1, keepdims=True)
    return np.hstack([np.ones((len(items), 1)), items, items**2, total, total**2])


def test_alpha_of_the_clerks_is_the_published_one() -> None:
    """0.843 for the seven columns of `attitude`, as psych::alpha prints it."""
    with ATTITUDE.open(encoding="utf-8") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        items = np.array([[float(value) for value in row.values()] for row in rows])
    told = cronbach_alpha(sums(items), 7, n=30)
    assert isinstance(told, Estimate)
    assert told.value == pytest.approx(0.843, abs=5e-4)
    assert 0.6 < told.low < told.value < told.high < 1


def test_weights_count_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    items = np.rint(rng.normal(3, 1, (40, 1)) + rng.normal(0, 0.8, (40, 3)))
    weight = rng.integers(1, 4, 40)
    once = cronbach_alpha(sums(items) * weight[:, None], 3, n=40)
    often = cronbach_alpha(sums(np.repeat(items, weight, axis=0)), 3, n=int(weight.sum()))
    assert isinstance(once, Estimate) and isinstance(often, Estimate)
    assert once.value == pytest.approx(often.value, rel=1e-12)


@pytest.mark.parametrize("items", [np.full((1, 3), 4.0), np.full((20, 3), 4.0)], ids=["one person", "all alike"])
def test_items_that_do_not_vary_have_no_reliability(items: NDArray[np.float64]) -> None:
    assert isinstance(cronbach_alpha(sums(items), 3, n=len(items)), NoEstimate)


@pytest.mark.truth
def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Four items of one factor, everybody in one of 64 groups, answers rounded to five steps."""
    rng, runs, people = np.random.default_rng(5), 1_000, 300

    def drawn(n: int) -> NDArray[np.float64]:
        return np.clip(np.rint(3.4 + rng.normal(0, 0.8, (n, 1)) + rng.normal(0, 0.8, (n, 4))), 1, 5)

    large = drawn(1_000_000)
    truth = 4 / 3 * (1 - large.var(axis=0).sum() / large.sum(axis=1).var())
    held = 0
    for _ in range(runs):
        folded = np.zeros((64, 11))
        np.add.at(folded, rng.integers(0, 64, people), sums(drawn(people)))
        told = cronbach_alpha(folded, 4, n=people)
        assert isinstance(told, Estimate)
        held += told.low <= truth <= told.high
    assert 0.92 <= held / runs <= 0.98
