"""Expected weights: R package survey 4.1, by tests/reference/design.R."""

from __future__ import annotations

import csv
from math import isclose
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.core.errors import BadDefinition
from touchstone.stats.weights import Margin, kish, post_stratify, rake, regression_weights

SCHOOLS = Path(__file__).parents[1] / "reference" / "api_clustered.csv"


def schools() -> tuple[np.ndarray, list[Margin]]:
    with SCHOOLS.open() as file:
        rows = list(csv.DictReader(file))
    base = np.array([float(row["pw"]) for row in rows])
    types = Margin("type", [row["stype"] for row in rows], {"E": 4421, "H": 755, "M": 1018})
    wide = Margin("school-wide", [row["sch.wide"] for row in rows], {"No": 1072, "Yes": 5122})
    return base, [types, wide]


def test_raked_weights_are_those_of_r():
    weighting = rake(*schools())
    expected = [29.870675, 36.791025, 39.839236, 49.069072, 50.329401, 67.125529]
    np.testing.assert_allclose(np.unique(weighting.weights.round(6)), expected, rtol=1e-9)
    assert isclose(weighting.design_effect, 1.0516566956, rel_tol=1e-9)
    assert isclose(weighting.largest, 67.125529 / np.median(weighting.weights), rel_tol=1e-7)
    assert weighting.trimmed == 0


def test_the_margins_are_shown_before_and_after():
    weighting = rake(*schools())
    line = weighting.margins[0]
    assert (line.margin, line.category, line.n, line.target) == ("type", "E", 144, 4421)
    assert isclose(line.before, 144 * schools()[0][0], rel_tol=1e-9)
    for line in weighting.margins:
        assert isclose(line.after, line.target, rel_tol=1e-9)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), max_size=40), st.floats(0.2, 5))
def test_raking_meets_every_margin_whatever_the_sample(rows, odds):
    rows = [(a, x) for a in "ab" for x in "xyz"] + rows
    left = Margin("left", [a for a, _ in rows], {"a": odds, "b": 1})
    total = odds + 1
    right = Margin("right", [x for _, x in rows], {"x": total / 2, "y": total / 4, "z": total / 4})
    weighting = rake(np.ones(len(rows)), [left, right])
    assert (weighting.weights > 0).all()
    for line in weighting.margins:
        assert isclose(line.after, line.target, rel_tol=1e-9)


def test_trimmed_weights_stay_below_the_cap_and_still_meet_the_margins():
    a = np.array(["y"] * 4 + ["o"] * 196)
    b = np.array(["m", "w"] * 60 + ["w"] * 80)
    margins = [Margin("age", a, {"y": 50, "o": 150}), Margin("sex", b, {"m": 100, "w": 100})]
    loose = rake(np.ones(200), margins)
    assert loose.largest > 5
    base = np.concatenate([np.full(4, 3.0), np.ones(196)])
    mild = [Margin("age", a, {"y": 13, "o": 187}), Margin("sex", b, {"m": 80, "w": 120})]
    tight = rake(base, mild, trim=5)
    assert tight.largest <= 5 * (1 + 1e-6)
    assert all(isclose(line.after, line.target, rel_tol=1e-9) for line in tight.margins)
    with pytest.raises(BadDefinition, match="within 5 times the median"):
        rake(np.ones(200), margins, trim=5)


def test_trimming_cuts_the_extremes_of_the_base_weights():
    rng = np.random.default_rng(4)
    base = np.exp(rng.normal(0, 1.2, 600))
    group = rng.choice(["a", "b"], 600)
    margins = [Margin("group", group, {"a": 400, "b": 200})]
    loose, tight = rake(base, margins), rake(base, margins, trim=5)
    assert tight.trimmed > 0
    assert tight.largest <= 5 * (1 + 1e-6) < loose.largest
    assert tight.design_effect < loose.design_effect
    assert all(isclose(line.after, line.target, rel_tol=1e-9) for line in tight.margins)


def test_post_stratification_scales_each_cell_to_its_total():
    cells = Margin("cell", ["a"] * 30 + ["b"] * 20, {"a": 100, "b": 300})
    weighting = post_stratify(np.ones(50), cells)
    assert isclose(weighting.weights[0], 100 / 30, rel_tol=1e-12)
    assert isclose(weighting.weights[-1], 15, rel_tol=1e-12)
    assert isclose(weighting.design_effect, kish([100 / 30] * 30 + [15] * 20), rel_tol=1e-12)


def test_small_cells_are_named_and_refused():
    with pytest.raises(BadDefinition, match=r"b \(19\)"):
        post_stratify(np.ones(50), Margin("cell", ["a"] * 31 + ["b"] * 19, {"a": 100, "b": 300}))


@pytest.mark.parametrize(
    "population, words",
    [
        ({"a": 1, "b": 1, "c": 1}, "Nobody answered in c"),
        ({"a": 2}, "gives no population for b"),
        ({"a": 2, "b": 0}, "without a population"),
        ({"a": 2, "b": float("nan")}, "without a population"),
    ],
)
def test_categories_that_do_not_match_the_answers_are_named(population, words):
    with pytest.raises(BadDefinition, match=words):
        rake(np.ones(3), [Margin("group", ["a", "b", "b"], population)])


def test_margins_of_two_populations_are_refused():
    one, two = Margin("one", ["a", "b"], {"a": 1, "b": 1}), Margin("two", ["x", "y"], {"x": 1, "y": 2})
    with pytest.raises(BadDefinition, match="'one' counts 2 and 'two' counts 3"):
        rake(np.ones(2), [one, two])


def test_margins_that_no_weights_can_meet_are_refused():
    # every a is an x, so a cannot be three quarters while x is one half
    one = Margin("one", ["a", "a", "b"], {"a": 3, "b": 1})
    two = Margin("two", ["x", "x", "y"], {"x": 2, "y": 2})
    with pytest.raises(BadDefinition, match="does not settle"):
        rake(np.ones(3), [one, two])


def test_regression_weights_refuse_what_they_cannot_meet():
    x = np.array([1.0, 2.0, 3.0, 4.0])
    with pytest.raises(BadDefinition, match="follows from the others"):
        regression_weights(np.ones(4), np.column_stack([np.ones(4), x, 2 * x]), [4, 10, 20])
    with pytest.raises(BadDefinition, match="negative"):
        regression_weights(np.ones(4), np.column_stack([np.ones(4), x]), [4, 40])


def test_base_weights_must_be_positive():
    with pytest.raises(ValueError, match="positive"):
        rake([1.0, 0.0], [Margin("one", ["a", "b"], {"a": 1, "b": 1})])


def test_equal_weights_cost_nothing():
    assert kish([3.0] * 7) == 1
