from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import date, datetime
from typing import Any

import pytest

from touchstone.core.errors import BadDefinition
from touchstone.simulate import Company


@pytest.mark.parametrize(
    "knob",
    [
        {"customers": 999},
        {"customers": 1_000_001},
        {"customers": 4_000.0},
        {"customers": True},
        {"seed": -1},
        {"months": 11},
        {"months": 121},
        {"b_h": float("nan")},
        {"b_h": "0.35"},
        {"b_s": float("inf")},
        {"m": 3.0},
        {"hidden": None},
        {"weak_gap": -0.1},
        {"weak_touchpoint": "delivry"},
        {"initiative_month": 0},
        {"initiative_effect": 9},
        {"start": date(2024, 1, 31)},
        {"start": datetime(2024, 1, 1)},
        {"start": date(1600, 1, 1)},
        {"name": " "},
    ],
    ids=str,
)
def test_a_knob_out_of_range_is_refused_in_words(knob: dict[str, Any]) -> None:
    with pytest.raises(BadDefinition) as refusal:
        Company(**knob)
    assert refusal.value.hint


def test_a_company_cannot_be_changed_after_it_was_defined() -> None:
    with pytest.raises(FrozenInstanceError):
        Company().seed = 8  # type: ignore[misc]


def test_an_initiative_that_would_start_after_the_data_end_does_not_start() -> None:
    assert Company(months=12).initiative_months() == {}
    assert Company(months=17).initiative_months() == {"North": 15}
    assert Company(months=24).initiative_months() == {"North": 15, "Coast": 18}


def test_customers_fall_into_blocks_of_twenty_thousand() -> None:
    assert [Company(customers=n).blocks for n in (1_000, 20_000, 20_001, 1_000_000)] == [1, 1, 2, 50]
