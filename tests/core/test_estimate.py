"""A number is an estimate with a width, a reason why there is none, or an exact sum."""

from __future__ import annotations

from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.core.estimate import (
    RECORD_KEYS,
    Estimate,
    NoEstimate,
    Total,
    decimals,
    interval,
    plain,
    record,
    shown,
)


def estimate(value: float, low: float, high: float, **more: object) -> Estimate:
    given = {"se": 1.0, "n": 10, "effective_n": 9.5, "unit": "points", "method": "m"}
    return Estimate(value=value, low=low, high=high, **(given | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [(1, 1, 1), (1, 2, 0), (3, 0, 2), (-1, 0, 2), (nan, 0, 2), (1, -inf, 2), (1, 0, inf), (1, nan, 2)],
)
def test_a_number_without_a_width_or_outside_its_interval_cannot_be_made(value: float, low: float, high: float) -> None:
    with pytest.raises(ValueError, match="an Estimate"):
        estimate(value, low, high)
    with pytest.raises(ValueError, match="an Estimate"):
        estimate(1, 0, 2, se=nan)


def test_every_result_is_a_record_with_the_same_keys() -> None:
    results = (
        estimate(1, 0, 2, flags=("few",)),
        NoEstimate("why", 3),
        Total(value=Decimal("1.5"), unit="EUR", currency="EUR", n=2),
    )
    records = [record(result) for result in results]
    assert {tuple(r) for r in records} == {RECORD_KEYS}
    assert [r["flags"] for r in records] == [["few"], [], []]
    assert [r["value"] for r in records] == [1, None, Decimal("1.5")]
    assert [r["reason"] for r in records] == [None, "why", None]


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (39.84, 38.23, 41.41, "39.8 points (95% interval 38.2 to 41.4, n=10)"),
        (12_412.3, 10_011, 14_820, "12,412 points (95% interval 10,011 to 14,820, n=10)"),
        (-0.001, -30, 30, "0 points (95% interval -30 to 30, n=10)"),
        (0.01234, 0.0120, 0.0126, "0.0123 points (95% interval 0.0120 to 0.0126, n=10)"),
    ],
)
def test_numbers_are_rounded_to_what_their_interval_supports(value: float, low: float, high: float, text: str) -> None:
    assert str(estimate(value, low, high)) == text
    assert shown(estimate(value, low, high)) in text and interval(estimate(value, low, high)) in text


def test_reasons_and_sums_read_as_sentences() -> None:
    assert str(NoEstimate("one answer has no interval", 1)) == "no estimate: one answer has no interval"
    sum_of_two = Total(value=Decimal("1234.5"), unit="EUR", currency="EUR", n=2)
    assert str(sum_of_two) == "1,234.50 EUR (exact sum of 2 rows)"


@given(st.floats(1e-9, 1e9))
def test_digits_fall_as_the_interval_widens(width: float) -> None:
    assert 0 <= decimals(10 * width) <= decimals(width) <= 4
    assert decimals(0) == decimals(inf) == 1


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_there_is_no_negative_nought(number: float, digits: int) -> None:
    assert plain(number, digits) != plain(0.0, digits).join(("-", ""))
    assert float(plain(number, digits).replace(",", "")) == pytest.approx(number, abs=0.51 * 10**-digits)
