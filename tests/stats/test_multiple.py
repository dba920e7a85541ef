from __future__ import annotations

from math import isclose

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from touchstone.stats.multiple import benjamini_hochberg

# the fifteen p-values of Benjamini and Hochberg 1995, section 3.1
PAPER = [
    0.0001,
    0.0004,
    0.0019,
    0.0095,
    0.0201,
    0.0278,
    0.0298,
    0.0344,
    0.0459,
    0.3240,
    0.4262,
    0.5719,
    0.6528,
    0.7590,
    1.0,
]


def test_the_papers_example_rejects_four_where_bonferroni_rejects_three():
    adjusted = benjamini_hochberg(PAPER)
    assert (adjusted <= 0.05).sum() == 4
    assert sum(p <= 0.05 / 15 for p in PAPER) == 3
    assert isclose(adjusted[3], 0.035625, rel_tol=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_any_set_is_adjusted_as_scipy_does(p):
    np.testing.assert_allclose(benjamini_hochberg(p), false_discovery_control(p), rtol=1e-12, atol=1e-300)


def test_no_tests_leave_nothing_to_adjust():
    assert benjamini_hochberg([]).size == 0


@pytest.mark.parametrize("p", [[1.2], [-0.1], [float("nan")]])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(ValueError, match="from 0 to 1"):
        benjamini_hochberg(p)
