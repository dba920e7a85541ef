"""`init`, `add` and `imports`: from files to tables, with every row accounted for."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.cli.company import PEOPLE, write_csv
from tests.cli.conftest import Touchstone

from touchstone.core.mapping import from_toml

GOOD = [("order_id", "paid_at", "amount"), ("O1", "2025-01-01", "3.00"), ("O2", "2025-01-02", "4.00")]
BAD = [*GOOD, ("O3", "2025-13-01", "5.00")]


def test_init_makes_a_workspace_whose_settings_explain_themselves(touchstone: Touchstone, tmp_path: Path) -> None:
    run = touchstone("init", "shop", "--name", 'The "Shop"', "--timezone", "Europe/Berlin", here=tmp_path)
    assert (run.status, run.err) == (0, "")
    assert "touchstone add" in run.out
    text = (tmp_path / "shop" / "touchstone.toml").read_text("utf-8")
    settings = tomllib.loads(text)
    assert (settings["name"], settings["timezone"], settings["format"]) == ('The "Shop"', "Europe/Berlin", 1)
    assert text.count("# ") >= len(settings)


def test_init_leaves_an_existing_workspace_alone(touchstone: Touchstone, fresh: Path) -> None:
    before = (fresh / "touchstone.toml").read_bytes()
    run = touchstone("init", fresh, "--name", "Another")
    assert (run.status, run.out) == (2, "")
    assert (fresh / "touchstone.toml").read_bytes() == before


def test_a_file_is_recognised_imported_and_accounted_for(touchstone: Touchstone, fresh: Path, exports: Path) -> None:
    run = touchstone("add", exports / "survey.csv", here=fresh)
    assert (run.status, run.err) == (0, "")
    assert f"survey.csv: {2 * PEOPLE} rows read" in run.out
    assert "mapping proposed" in run.out
    assert "1 set aside" in run.out
    assert "'answered_at' is not a date or time (1)" in run.out
    assert "lies outside the scale 0 to 10 (1)" in run.out
    assert "Import 1 is in." in run.out


def test_rows_in_are_rows_taken_and_rows_set_aside(touchstone: Touchstone, fresh: Path, exports: Path) -> None:
    for file in touchstone("add", exports, "--json", here=fresh).records:
        parts = ("rows_taken", "repeated", "merged", "left_out", "rows_aside")
        assert file["rows_read"] == sum(file[part] for part in parts), file["file"]
        assert file["import_number"] == 1


def test_the_same_file_again_changes_nothing(touchstone: Touchstone, fresh: Path, exports: Path) -> None:
    touchstone("add", exports / "orders.csv", here=fresh)
    again = touchstone("add", exports / "orders.csv")
    assert again.status == 0
    assert "Nothing new" in again.out
    assert len(touchstone("imports", "--json").records) == 1


def test_a_shown_mapping_reads_the_file_it_was_shown_for(
    touchstone: Touchstone, fresh: Path, exports: Path, tmp_path: Path
) -> None:
    shown = touchstone("add", exports / "survey.csv", "--show-mapping", here=tmp_path)
    assert shown.status == 0
    mapping = from_toml(tomllib.loads(shown.out))
    assert mapping.table == "answers"
    assert {question.metric for question in mapping.unpivot} >= {"nps", "overall_rating", "csat"}
    kept = tmp_path / "survey.toml"
    kept.write_text(shown.out, "utf-8")
    given = touchstone("add", exports / "survey.csv", "--mapping", kept, "--json", here=fresh).records[0]
    proposed = touchstone("add", exports / "survey.csv", "--json", "-w", _another(touchstone, tmp_path)).records[0]
    same = ("table", "rows_read", "rows_taken", "records", "rows_aside", "cells_aside", "ignored")
    assert [given[key] for key in same] == [proposed[key] for key in same]
    assert (given["layout"], proposed["layout"]) == ("given", "proposed")


def test_showing_a_mapping_imports_nothing(touchstone: Touchstone, fresh: Path, exports: Path) -> None:
    touchstone("add", exports / "orders.csv", "--show-mapping", here=fresh)
    assert touchstone("imports", "--json").records == []


def test_rows_that_cannot_be_taken_are_kept_with_their_reason_and_the_status_is_0(
    touchstone: Touchstone, fresh: Path
) -> None:
    assert touchstone("add", write_csv(fresh / "orders.csv", BAD), here=fresh).status == 0
    aside = touchstone("imports", "--set-aside", "--json").records
    assert [(row["file"], row["column_name"], row["value"]) for row in aside] == [
        ("orders.csv", "paid_at", "2025-13-01")
    ]
    assert aside[0]["reason"] == "is not a date or time"
    assert "2025-13-01" in touchstone("imports", "--set-aside").out


def test_strict_refuses_the_file_and_imports_nothing(touchstone: Touchstone, fresh: Path) -> None:
    run = touchstone("add", write_csv(fresh / "orders.csv", BAD), "--strict", here=fresh)
    assert (run.status, run.out) == (2, "")
    assert "is not a date or time" in run.err
    assert "--strict" in run.err
    assert touchstone("imports", "--json").records == []


def test_imports_lists_what_came_and_when(touchstone: Touchstone, fresh: Path) -> None:
    assert "Nothing was imported yet" in touchstone("imports", here=fresh).out
    touchstone("add", write_csv(fresh / "orders.csv", GOOD))
    listed = touchstone("imports")
    assert "orders.csv" in listed.out
    assert touchstone("imports", "--json").records[0]["files"] == ["orders.csv"]
    assert touchstone("imports", "--set-aside").out == "Nothing was set aside.\n"


def test_a_table_can_be_named(touchstone: Touchstone, fresh: Path) -> None:
    file = write_csv(fresh / "things.csv", GOOD)
    assert touchstone("add", file, "--table", "orders", "--json", here=fresh).records[0]["table"] == "orders"


def _another(touchstone: Touchstone, tmp_path: Path) -> Path:
    touchstone("init", tmp_path / "another")
    return tmp_path / "another"
