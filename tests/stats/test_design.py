"""Expected numbers: R package survey 4.1, by tests/reference/design.R. Rows: Academic Performance Index, California."""

from __future__ import annotations

import csv
from math import isclose, sqrt
from pathlib import Path

import numpy as np
import pytest

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.stats.design import Stage, survey_mean, survey_total
from touchstone.stats.moments import Moments
from touchstone.stats.weights import Margin, post_stratify, rake, regression_weights

REFERENCE = Path(__file__).parents[1] / "reference"
TYPES = Margin("type", [], {"E": 4421, "H": 755, "M": 1018})


def columns(name: str) -> dict[str, np.ndarray]:
    with (REFERENCE / f"api_{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def numbers(rows: dict[str, np.ndarray], *names: str) -> list[np.ndarray]:
    return [rows[name].astype(float) for name in names]


@pytest.fixture
def stratified():
    rows = columns("stratified")
    y, w, population = numbers(rows, "api00", "pw", "fpc")
    return y, w, [Stage(np.arange(y.size), rows["stype"], population)]


@pytest.fixture
def clustered():
    rows = columns("clustered")
    y, w, population = numbers(rows, "api00", "pw", "fpc")
    return y, w, [Stage(rows["dnum"], None, population)]


@pytest.fixture
def two_stage():
    rows = columns("two_stage")
    y, w, first, second = numbers(rows, "api00", "pw", "fpc1", "fpc2")
    return y, w, [Stage(rows["dnum"], None, first), Stage(rows["snum"], None, second)]


def close(value: float, printed: float) -> bool:
    return isclose(value, printed, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize(
    "sample, mean, se, deff, df, low, high",
    [
        ("stratified", 662.2873631593, 9.4089408028, 1.2044572685, 197, 643.7321882721, 680.8425380466),
        ("clustered", 644.1693989071, 23.5422406938, 9.3458694506, 14, 593.6763144633, 694.6624833509),
    ],
)
def test_means_of_drawn_samples_have_the_error_and_interval_of_r(sample, mean, se, deff, df, low, high, request):
    result = survey_mean(*request.getfixturevalue(sample))
    assert close(result.value, mean)
    assert close(sqrt(result.variance), se)
    assert result.design_effect is not None
    assert close(result.design_effect, deff)
    assert result.df == df
    estimate = result.estimate(unit="points")
    assert isinstance(estimate, Estimate)
    assert close(estimate.low, low)
    assert close(estimate.high, high)
    assert close(estimate.effective_n, estimate.n / deff)


def test_schools_drawn_within_districts_have_the_error_of_both_stages(two_stage):
    y, _, stages = two_stage
    rows = columns("two_stage")
    district, of_district, of_schools = numbers(rows, "dnum", "fpc1", "fpc2")
    sampled = np.array([(district == d).sum() for d in district])
    # the printed weights are rounded; R makes its own from the populations of both stages
    w = of_district / np.unique(district).size * of_schools / sampled
    result = survey_mean(y, w, stages)
    assert close(result.value, 670.8118081181)
    assert close(sqrt(result.variance), 30.0990273768)
    assert result.df == 39
    assert result.design_effect is not None
    assert close(result.design_effect, 6.2505137557)
    total = survey_total(y, w, stages)
    assert close(total.value, 3440375.75)
    assert close(sqrt(total.variance), 926665.5860902703)


def test_totals_have_the_error_of_r(stratified, clustered):
    one, other = survey_total(*stratified), survey_total(*clustered)
    assert close(one.value, 4102207.8996181488)
    assert close(sqrt(one.variance), 58278.9789376328)
    assert close(other.value, 3989985.4657020569)
    assert close(sqrt(other.variance), 898363.6444402722)


def test_a_domain_keeps_the_design_of_the_whole_sample(clustered):
    result = survey_mean(*clustered, among=columns("clustered")["stype"] == "E")
    assert close(result.value, 648.8680555556)
    assert close(sqrt(result.variance), 22.3624088938)
    assert result.n == 144


def test_without_a_population_the_moments_say_the_same(clustered):
    y, w, stages = clustered
    result = survey_mean(y, w, [Stage(stages[0].unit)])
    m = Moments.of(y, w, stages[0].unit)
    assert close(sqrt(result.variance), 23.7790107209)
    assert close(sqrt(m.mean_variance), 23.7790107209)
    assert close(result.value, m.mean)


def test_post_stratified_means_have_the_error_of_r(clustered):
    y, w, stages = clustered
    stype = columns("clustered")["stype"]
    weighting = post_stratify(w, Margin("type", stype, TYPES.population), least=10)
    result = survey_mean(y, w, stages, calibration=weighting.calibration)
    assert close(result.value, 642.3107882116)
    assert close(sqrt(result.variance), 23.9204864451)
    total = survey_total(y, w, stages, calibration=weighting.calibration)
    assert close(sqrt(total.variance), 148163.4930408899)


def test_raked_means_have_the_error_of_r(clustered):
    y, w, stages = clustered
    rows = columns("clustered")
    margins = [
        Margin("type", rows["stype"], TYPES.population),
        Margin("wide", rows["sch.wide"], {"No": 1072, "Yes": 5122}),
    ]
    weighting = rake(w, margins)
    result = survey_mean(y, w, stages, calibration=weighting.calibration)
    assert close(result.value, 641.2303209268)
    assert close(sqrt(result.variance), 23.7036168879)
    assert isinstance(estimate := result.estimate(unit="points"), Estimate)
    assert 15 < estimate.effective_n < 25
    # taking the clusters for single schools would claim a third of the error
    alone = survey_mean(y, w, [Stage(np.arange(y.size))], calibration=weighting.calibration)
    assert 7 < sqrt(alone.variance) < 8


def test_regression_weighted_means_have_the_error_of_r(clustered):
    y, w, stages = clustered
    rows = columns("clustered")
    (before,) = numbers(rows, "api99")
    controls = np.column_stack([np.ones(y.size), rows["stype"] == "H", rows["stype"] == "M", before])
    weighting = regression_weights(w, controls, [6194, 755, 1018, 3914069])
    assert close(weighting.weights.min(), 14.1680975228)
    assert close(weighting.weights.max(), 62.0515251410)
    result = survey_mean(y, w, stages, calibration=weighting.calibration)
    assert close(result.value, 665.3090711658)
    assert close(sqrt(result.variance), 3.4417531164)


def test_calibration_of_unequal_design_weights_has_the_error_of_r(stratified):
    # here the regression of the residuals must use the design weights: unweighted or finally weighted ones differ
    y, w, stages = stratified
    rows = columns("stratified")
    cells = post_stratify(w, Margin("wide", rows["sch.wide"], {"No": 1072, "Yes": 5122}))
    result = survey_mean(y, w, stages, calibration=cells.calibration)
    assert close(result.value, 662.2030294504)
    assert close(sqrt(result.variance), 9.2725438999)
    (before,) = numbers(rows, "api99")
    linear = regression_weights(w, np.column_stack([np.ones(y.size), before]), [6194, 3914069])
    result = survey_mean(y, w, stages, calibration=linear.calibration)
    assert close(result.value, 664.6439959346)
    assert close(sqrt(result.variance), 1.9030408604)


def test_a_census_has_no_sampling_error_and_says_so():
    result = survey_mean([1.0, 2.0, 3.0], np.ones(3), [Stage([1, 2, 3], None, [3, 3, 3])])
    assert result.variance == 0
    assert isinstance(result.estimate(unit="points"), NoEstimate)


def test_a_stratum_with_one_unit_is_refused():
    with pytest.raises(BadDefinition, match="single sampled unit"):
        survey_mean([1.0, 2.0, 3.0], np.ones(3), [Stage([1, 2, 3], ["a", "a", "b"])])


@pytest.mark.parametrize("population, words", [([9, 9, 8], "the same in all its rows"), ([2, 2, 2], "More units")])
def test_an_impossible_population_is_refused(population, words):
    with pytest.raises(BadDefinition, match=words):
        survey_mean([1.0, 2.0, 3.0], np.ones(3), [Stage([1, 2, 3], None, population)])


def test_an_empty_domain_is_refused():
    with pytest.raises(BadDefinition, match="No row"):
        survey_mean([1.0, 2.0], np.ones(2), [Stage([1, 2])], among=[False, False])
