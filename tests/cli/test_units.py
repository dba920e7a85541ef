"""`units` on the small company."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Touchstone


def test_units_show_raw_and_shrunken_scores_ranks_and_how_far_they_lie_apart(
    touchstone: Touchstone, company: Path
) -> None:
    run = touchstone("units", "nps", "--by", "week", "--json", here=company)
    assert run.status == 0, run.err
    found = run.records
    assert set(found) == {"metric", "by", "average", "consistency", "units"}
    assert sum(unit["n"] for unit in found["units"]) == found["average"]["n"]  # type: ignore[call-overload]
    for unit in found["units"]:  # type: ignore[call-overload]
        assert unit["shrunken_low"] <= unit["shrunken_value"] <= unit["shrunken_high"]
        assert 1 <= unit["rank_low"] <= unit["rank_high"] <= len(found["units"])  # type: ignore[call-overload]
    told = touchstone("units", "nps", "--by", "week").out
    assert "drawn to the average" in told and "seed 1" in told and "Net Promoter Score of 10 units by week" in told


def test_units_show_their_query(touchstone: Touchstone, company: Path) -> None:
    assert touchstone("units", "nps", "--by", "week", "--sql", here=company).out.lstrip().startswith(("SELECT", "WITH"))


def test_without_units_the_command_says_what_to_try(touchstone: Touchstone, company: Path) -> None:
    run = touchstone("units", "nps", here=company)
    assert run.status == 2
    assert "names a unit" in run.err and "--by" in run.err
