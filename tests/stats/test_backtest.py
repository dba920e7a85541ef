"""Forecasts widened by their own past errors."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.stats.backtest import NOT_TESTED, log_error, widened


def forecast(value: float = 1_000.0, se: float = 30.0, level: float = 0.95) -> Estimate:
    reach = stats.norm.ppf((1 + level) / 2) * se
    return Estimate(
        value=value, low=value - reach, high=value + reach, se=se, n=500, effective_n=500.0,
        unit="purchases", level=level, method="BG/NBD", currency=None, flags=("a remark",),
    )  # fmt: skip


def test_an_error_is_the_logarithm_of_what_came_over_what_was_said() -> None:
    assert log_error(forecast(1_000.0), 1_200) == pytest.approx(log(1.2))
    assert log_error(NoEstimate("too few", 3), 100) is None
    assert log_error(forecast(), 0) is None


def test_the_interval_is_the_formula_of_its_docstring() -> None:
    errors = [0.10, -0.20, 0.05]
    wide = widened(forecast(), errors)
    assert isinstance(wide, Estimate)
    spread = sqrt((0.01 + 0.04 + 0.0025) / 3 + 0.03**2)
    reach = stats.t.ppf(0.975, 3) * spread
    assert (wide.low, wide.high) == (pytest.approx(1_000 * exp(-reach)), pytest.approx(1_000 * exp(reach)))
    assert wide.se == pytest.approx(1_000 * spread)
    assert wide.value == 1_000.0
    assert wide.method == "BG/NBD, widened by 3 back-tests"
    assert wide.flags == ("a remark",)


def test_a_bias_that_never_changed_sign_is_an_error_too() -> None:
    biased, scattered = widened(forecast(), [0.3, 0.3]), widened(forecast(), [0.3, -0.3])
    assert isinstance(biased, Estimate)
    assert isinstance(scattered, Estimate)
    assert (biased.low, biased.high) == (scattered.low, scattered.high)


@pytest.mark.parametrize("errors", [[], [0.5]])
def test_fewer_than_two_past_errors_leave_the_interval_and_say_so(errors: list[float]) -> None:
    kept = widened(forecast(), errors)
    assert isinstance(kept, Estimate)
    assert (kept.low, kept.high) == (forecast().low, forecast().high)
    assert kept.flags == ("a remark", NOT_TESTED)


def test_no_forecast_stays_a_reason() -> None:
    nothing = NoEstimate("too few bought again", 12)
    assert widened(nothing, [0.1, 0.2]) is nothing


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=6), st.floats(1, 400), st.sampled_from([0.5, 0.8, 0.95]))
def test_it_never_becomes_narrower_and_errors_only_widen_it(errors: list[float], se: float, level: float) -> None:
    start = forecast(se=se, level=level)
    wide = widened(start, errors)
    wider = widened(start, [*errors[:-1], 2 * errors[-1] + (0.1 if errors[-1] >= 0 else -0.1)])
    assert isinstance(wide, Estimate)
    assert isinstance(wider, Estimate)
    assert wide.low <= start.low
    assert wide.high >= start.high
    assert wider.high > wide.high or wider.high == start.high


@pytest.mark.truth
@pytest.mark.parametrize("past", [2, 4])
def test_it_holds_what_comes_when_every_window_has_its_own_shock(past: int) -> None:
    """Totals of windows are λ·exp(shock), shock ~ N(0, 0.15²) each window: without past errors the model holds few."""
    rng = np.random.default_rng(11)
    held = plain = 0
    runs = 4_000
    for _ in range(runs):
        comes = rng.poisson(1_000 * np.exp(rng.normal(0, 0.15, past + 1)))
        said = [forecast(float(rng.normal(1_000, 32)), se=sqrt(1_000 + 32**2)) for _ in comes]
        errors = [error for one, came in zip(said[1:], comes[1:], strict=True) if (error := log_error(one, came))]
        wide = widened(said[0], errors)
        assert isinstance(wide, Estimate)
        held += wide.low <= comes[0] <= wide.high
        plain += said[0].low <= comes[0] <= said[0].high
    assert 0.93 <= held / runs <= 0.99
    assert plain / runs < 0.75
