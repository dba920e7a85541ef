"""`drivers`, `value`, `report` and `settings` on the small company."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Touchstone

from touchstone.core.settings import SETTINGS


def test_drivers_name_each_rating_with_share_interval_and_sign(touchstone: Touchstone, company: Path) -> None:
    run = touchstone("drivers", "overall_rating", "--json", here=company)
    assert run.status == 0, run.err
    assert [record["item"] for record in run.records] == ["delivery_rating", "checkout_rating"]
    for record in run.records:
        assert record["low"] < record["value"] < record["high"]
        assert record["effect_value"] > 0
    assert [record["answered"] for record in run.records] == [105, 119]
    told = touchstone("drivers", "overall_rating").out
    assert "Delivery rating" in told and "not what causes it" in told


def test_drivers_show_their_query(touchstone: Touchstone, company: Path) -> None:
    assert touchstone("drivers", "overall_rating", "--sql", here=company).out.lstrip().startswith(("SELECT", "WITH"))


def test_the_value_table_has_every_score_group_and_says_what_it_is_not(touchstone: Touchstone, company: Path) -> None:
    run = touchstone("value", "nps", "--json", here=company)
    assert run.status == 0, run.err
    bands = [record["band"] for record in run.records]
    assert bands[0] == "promoters" and set(bands) == {"promoters", "passives", "detractors", "all"}
    assert {record["metric"] for record in run.records} == {"retained", "again", "spent", "forecast"}
    assert all(record["grade"] is None for record in run.records)  # observed, not an effect
    assert "correlation only" in touchstone("value").out


def test_a_forecast_is_held_against_what_came(touchstone: Touchstone, company: Path) -> None:
    (record,) = touchstone("value", "--holdout", "3", "--json", here=company).records
    assert record["low"] < record["value"] < record["high"]
    assert record["actual"] > 0
    assert record["months"] == 3


def test_the_report_is_written_where_it_is_asked_for(touchstone: Touchstone, company: Path, tmp_path: Path) -> None:
    run = touchstone("report", "-o", tmp_path / "new folder" / "november.html", here=company)
    assert run.status == 0, run.err
    assert "november.html" in run.out
    assert [file.name for file in (tmp_path / "new folder").iterdir()] == ["november.html"]
    page = (tmp_path / "new folder" / "november.html").read_text("utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert "Small &amp; Co" in page


def test_settings_are_explained(touchstone: Touchstone) -> None:
    assert [record["name"] for record in touchstone("settings", "--json").records] == [one.name for one in SETTINGS]
    printed = touchstone("settings").out
    assert all(setting.name in printed for setting in SETTINGS)


def test_settings_say_what_they_are_here(touchstone: Touchstone, company: Path, tmp_path: Path) -> None:
    zones = [
        next(record for record in touchstone(*command, here=here).records if record["name"] == "timezone")
        for command, here in (
            (["settings", "--json"], company),
            (["settings", "-w", str(company), "--json"], tmp_path),
            (["settings", "--json"], tmp_path),
        )
    ]
    assert [zone["value"] for zone in zones] == ["Europe/Berlin", "Europe/Berlin", "UTC"]
    assert {zone["default"] for zone in zones} == {"UTC"}


@pytest.mark.parametrize("command", [["score", "nps"], ["drivers", "overall_rating"]])
def test_the_level_is_that_of_every_interval(touchstone: Touchstone, company: Path, command: list[str]) -> None:
    records = touchstone(*command, "--level", "0.8", "--json", here=company).records
    assert {record["level"] for record in records if record["value"] is not None} == {0.8}
