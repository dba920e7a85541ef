"""Expected numbers of the schools: R package survey 4.1 ("school" rule), by tests/reference/design.R."""

from __future__ import annotations

import csv
from math import isclose, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.stats.design import Stage, survey_mean
from touchstone.stats.quantiles import Histogram, quantile, woodruff

REFERENCE = Path(__file__).parents[1] / "reference"


def schools(name: str) -> dict[str, np.ndarray]:
    with (REFERENCE / f"api_{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def school_quantile(rows: dict[str, np.ndarray], stages: list[Stage], q: float):
    y, w = rows["api00"].astype(float), rows["pw"].astype(float)
    h = Histogram.of(y, w, n=y.size)
    below = survey_mean((y <= h.quantile(q)).astype(float), w, stages)
    assert below.design_effect is not None
    n = below.n / below.design_effect
    return woodruff(h, q, se=sqrt(below.variance), df=below.df, effective_n=n, unit="points"), n


@pytest.mark.parametrize("q, expected", [(0.25, (565, 535, 597)), (0.5, (668, 642, 694)), (0.75, (756, 726, 778))])
def test_quantiles_of_a_stratified_sample_are_those_of_r(q, expected):
    rows = schools("stratified")
    stages = [Stage(np.arange(200), rows["stype"], rows["fpc"].astype(float))]
    measured, n = school_quantile(rows, stages, q)
    assert isinstance(measured, Estimate)
    assert (measured.value, measured.low, measured.high) == expected
    assert measured.n == 200
    assert isclose(measured.effective_n, n)


@pytest.mark.parametrize("q, expected", [(0.25, (552, 492, 627)), (0.5, (652, 561, 714)), (0.75, (719, 696, 777))])
def test_quantiles_of_a_clustered_sample_are_those_of_r(q, expected):
    rows = schools("clustered")
    measured, n = school_quantile(rows, [Stage(rows["dnum"], None, rows["fpc"].astype(float))], q)
    assert isinstance(measured, Estimate)
    assert (measured.value, measured.low, measured.high) == expected
    assert measured.effective_n == n < 60  # of 183: schools of a district are alike


def test_the_ranks_of_the_limits_are_the_closest_that_cover_at_least_the_level():
    # Conover's ranks for the median of 20: 6 and 15, covering 95.9%
    measured = quantile(Histogram.of(np.arange(1.0, 21)), 0.5, unit="hours")
    assert isinstance(measured, Estimate)
    assert (measured.value, measured.low, measured.high) == (10.5, 6, 15)
    assert measured.effective_n == 20
    assert binom.cdf(14, 20, 0.5) - binom.cdf(5, 20, 0.5) >= 0.95 > binom.cdf(13, 20, 0.5) - binom.cdf(6, 20, 0.5)


@given(st.integers(6, 300), st.sampled_from([0.25, 0.5, 0.75, 0.9]))
def test_independent_values_are_covered_at_least_at_the_level(n, q):
    measured = quantile(Histogram.of(np.arange(1.0, n + 1)), q, unit="hours")
    if isinstance(measured, NoEstimate):
        assert max(q, 1 - q) ** n > 0.025
        return
    # the chance that the true quantile lies between the ranks, whatever the distribution
    assert binom.cdf(measured.high - 1, n, q) - binom.cdf(measured.low - 1, n, q) >= 0.95 - 1e-12
    assert measured.low <= measured.value <= measured.high


def test_counts_say_the_same_as_the_values_themselves():
    values = np.random.default_rng(1).integers(0, 30, 400).astype(float)
    distinct, counts = np.unique(values, return_counts=True)
    for q in (0.1, 0.5, 0.9):
        assert quantile(Histogram.of(values), q, unit="hours") == quantile(
            Histogram.of(distinct[::-1], counts[::-1]), q, unit="hours"
        )


def test_repeat_customers_widen_the_interval():
    values = np.random.default_rng(2).exponential(10, 500)
    alone = quantile(Histogram.of(values), 0.5, unit="hours")
    repeated = quantile(Histogram.of(values), 0.5, unit="hours", effective_n=100.0)
    assert isinstance(alone, Estimate)
    assert isinstance(repeated, Estimate)
    assert repeated.low < alone.low < alone.value == repeated.value < alone.high < repeated.high
    assert (repeated.n, repeated.effective_n) == (500, 100)


def test_ties_that_close_the_interval_move_it_to_the_neighbours():
    measured = quantile(Histogram.of([0.0, 1.0, 2.0], [5, 990, 5]), 0.5, unit="days")
    assert isinstance(measured, Estimate)
    assert (measured.low, measured.value, measured.high) == (0, 1, 2)
    assert "many equal values" in measured.flags[0]


@pytest.mark.parametrize(
    "h, words",
    [
        (Histogram.of([]), "nothing has been recorded"),
        (Histogram.of([3.0] * 40), "all 40 values are equal"),
        (Histogram.of([1.0, 2.0, 3.0]), "it takes about 6"),
    ],
)
def test_too_few_values_give_a_reason_and_what_it_takes(h, words):
    measured = quantile(h, 0.5, unit="hours")
    assert isinstance(measured, NoEstimate)
    assert words in measured.reason


def test_six_values_are_enough_for_a_median_and_five_are_not():
    assert isinstance(quantile(Histogram.of(np.arange(5.0)), 0.5, unit="hours"), NoEstimate)
    assert isinstance(quantile(Histogram.of(np.arange(6.0)), 0.5, unit="hours"), Estimate)


def test_woodruff_gives_a_reason_where_its_limits_leave_the_data():
    measured = woodruff(Histogram.of([1.0, 2.0, 3.0]), 0.9, se=0.2, df=5, effective_n=3, unit="hours")
    assert isinstance(measured, NoEstimate)


def test_a_quantile_is_between_zero_and_one():
    with pytest.raises(BadDefinition, match="between 0 and 1"):
        quantile(Histogram.of([1.0, 2.0]), 50, unit="hours")


@pytest.mark.parametrize("values, weights", [([1.0, float("inf")], None), ([1.0], [-1.0]), ([1.0], [1.0, 2.0])])
def test_broken_numbers_are_refused(values, weights):
    with pytest.raises(ValueError):
        Histogram.of(values, weights)
