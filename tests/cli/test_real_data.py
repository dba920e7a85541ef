"""The numbers of the real files, through the commands that people type: import once, then score."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real_data

Records = Callable[..., list[dict[str, Any]]]

# mean of 1 to 5 and share of 4 and 5, unweighted, counted from the files by hand
OVERALL = {
    "2010": (3.925, 0.754),
    "2011": (3.946, 0.754),
    "2012": (3.998, 0.788),
    "2013": (3.982, 0.793),
    "2014": (3.996, 0.789),
    "2015": (4.048, 0.800),
    "2016": (4.038, 0.810),
    "2017": (4.064, 0.821),
}


def test_one_import_of_the_folder_takes_the_eight_waves(airport: Path, records: Records) -> None:
    (only,) = records("imports", "-w", airport)
    assert sum(name.endswith("_SFO_Customer_Survey.csv") for name in only["files"]) == 8
    years = records("score", "overall_rating", "--by", "year", "-w", airport)
    assert [row["year"] for row in years] == list(OVERALL)


def test_the_recommendation_of_2017_is_told_with_and_without_weights(airport: Path, records: Records) -> None:
    (plain,) = records("score", "nps", "--period", "2017", "-w", airport)
    assert (round(plain["value"], 2), plain["n"]) == (39.84, 2746)
    assert plain["low"] < 39.84 < plain["high"]
    (weighted,) = records("score", "nps", "--period", "2017", "--weight", "weight", "-w", airport)
    assert round(weighted["value"], 2) == 40.40
    assert weighted["effective_n"] < weighted["n"] == 2746


def test_a_problem_on_the_way_costs_the_recommendation(airport: Path, records: Records) -> None:
    rows = records("score", "nps", "--by", "had_problem", "--period", "2017", "-w", airport)
    by_problem = {row["had_problem"]: (round(row["value"], 2), row["n"]) for row in rows}
    assert by_problem["yes"] == (18.77, 309)
    assert by_problem["no"] == (43.65, 2330)


def test_eight_years_of_overall_satisfaction_are_as_counted_by_hand(airport: Path, records: Records) -> None:
    means = records("score", "overall_rating", "--by", "year", "-w", airport)
    shares = records("score", "overall_satisfied", "--by", "year", "-w", airport)
    found = {
        mean["year"]: (round(mean["value"], 3), round(share["value"] / 100, 3))
        for mean, share in zip(means, shares, strict=True)
    }
    assert found == OVERALL


def test_a_service_level_is_that_of_tickets_not_of_log_lines(help_desk: Path, records: Records) -> None:
    (kept,) = records("score", "sla_met", "-w", help_desk)
    assert (round(kept["value"], 1), kept["n"]) == (63.4, 24_918)
    (again,) = records("score", "reopened", "-w", help_desk)
    assert round(again["value"], 2) == 1.10


def test_open_tickets_count_in_the_time_to_resolution(help_desk: Path, records: Records) -> None:
    (closed,) = records("score", "resolution_time_closed", "-w", help_desk)
    assert (round(closed["value"], 1), closed["n"]) == (22.1, 23_362)
    (every,) = records("score", "resolution_time", "-w", help_desk)
    assert (round(every["value"], 1), every["n"]) == (25.8, 24_918)


def test_sales_are_exact_to_the_penny(shop: Path, records: Records) -> None:
    (sales,) = records("score", "sales", "-w", shop)
    assert sales["value"] == "8911407.9040"  # some prices have three decimals
    assert (sales["currency"], sales["n"], sales["low"]) == ("GBP", 18_532, None)


def test_two_of_three_customers_came_back(shop: Path, records: Records) -> None:
    (ever,) = records("score", "repeat_customers_ever", "-w", shop)
    assert (round(ever["value"], 2), ever["n"]) == (65.58, 4_338)
