"""`banner` on the small company."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.cli.conftest import Touchstone


def test_a_banner_table_has_letters_bases_and_says_what_they_mean(touchstone: Touchstone, company: Path) -> None:
    run = touchstone("banner", "nps", "--by", "segment", "--by", "year", here=company)
    assert (run.status, run.err) == (0, "")
    heads = [line for line in run.out.splitlines() if line.startswith(("segment", "year"))]
    assert [word in heads[0] for word in ("total", "A basic", "B gold", "C silver")] == [True] * 4
    assert "D 2024" in heads[1] and "E 2025" in heads[1]
    assert "base (answers)" in run.out and "effective base" in run.out and "each pair by itself" in run.out
    assert "weighted base" not in run.out


def test_records_and_queries_of_a_banner(touchstone: Touchstone, company: Path) -> None:
    records = touchstone("banner", "nps", "--by", "segment", "--json", here=company).records
    assert len(records) == 4 * 4
    assert {"row", "banner", "column", "letter", "base", "value", "higher_than"} <= set(records[0])
    assert touchstone("banner", "nps", "--by", "segment", "--sql").out.lstrip().startswith(("SELECT", "WITH"))


def test_a_question_that_is_not_there_is_named_with_those_that_are(touchstone: Touchstone, company: Path) -> None:
    run = touchstone("banner", "delivery", "--by", "segment", here=company)
    assert run.status == 2
    assert "no metric or question called 'delivery'" in run.err and "delivery_rating" in run.err


def test_a_banner_is_written_as_it_is_read(touchstone: Touchstone, company: Path, tmp_path: Path) -> None:
    file = tmp_path / "banner.csv"
    run = touchstone("banner", "nps", "--by", "segment", "-o", file, here=company)
    assert run.status == 0 and str(file) in run.out, run.err
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["row"] for row in rows][-3:] == ["base (answers)", "weighted base", "effective base"]
    assert "A basic: higher than" in rows[0]
    sizes = [float(rows[4][name]) for name in ("A basic", "B gold", "C silver")]
    assert sum(sizes) == float(rows[4]["total"]) == 118
    assert touchstone("banner", "nps", "--by", "segment", "-o", tmp_path / "banner.xlsx").status == 0
    assert touchstone("banner", "nps", "--by", "segment", "-o", file).status == 2
