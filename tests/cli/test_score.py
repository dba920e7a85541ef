"""`score` and `metrics`: one number with its interval, in a table, as JSON, and the query behind it."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
import sqlglot
from tests.cli.company import PEOPLE, write_csv
from tests.cli.conftest import Touchstone

from touchstone.measure.metrics import built_in

PROMISED = ("metric", "value", "low", "high", "se", "n", "effective_n", "unit", "level", "method", "reason")


def recounted(exports: Path, year: str = "") -> tuple[float, int]:
    """The NPS of the survey file, counted by hand in the rows that can be taken."""
    with (exports / "survey.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["Submitted"].startswith("2025-02-30")]
    answers = [int(row["How likely are you to recommend us?"]) for row in rows if row["Submitted"].startswith(year)]
    given = [answer for answer in answers if answer <= 10]
    promoters, detractors = sum(a >= 9 for a in given), sum(a <= 6 for a in given)
    return 100 * (promoters - detractors) / len(given), len(given)


def test_a_score_is_the_recount_with_an_interval_around_it(
    touchstone: Touchstone, company: Path, exports: Path
) -> None:
    (record,) = touchstone("score", "nps", "--json", here=company).records
    value, n = recounted(exports)
    assert abs(record["value"] - value) < 1e-9
    assert record["n"] == n == 2 * PEOPLE - 2
    assert record["low"] < record["value"] < record["high"]
    assert record["effective_n"] <= n


def test_a_score_is_told_in_one_sentence_with_its_method_and_its_import(touchstone: Touchstone, company: Path) -> None:
    run = touchstone("score", "nps", here=company)
    assert (run.status, run.err) == (0, "")
    sentence, method = run.out.splitlines()
    assert sentence.startswith("Net Promoter Score -")
    assert "points (" in sentence and " to " in sentence and sentence.endswith("unweighted.")
    assert method.startswith("Method: adjusted Wald") and "import 1" in method


def test_records_have_the_promised_keys_after_the_columns_asked_for(touchstone: Touchstone, company: Path) -> None:
    records = touchstone("score", "nps", "--by", "segment", "--by", "year", "--json", here=company).records
    assert len(records) == 6
    for record in records:
        keys = list(record)
        assert keys[:4] == ["segment", "year", "metric", "metric_version"]
        assert record["metric_version"] == 1
        assert set(PROMISED) <= set(keys)
        assert record["reason"] is None
        assert (record["unit"], record["level"]) == ("points", 0.95)


def test_every_metric_gives_the_same_keys_whether_it_is_known_or_not(touchstone: Touchstone, company: Path) -> None:
    keys = set()
    for name in ("nps", "sales", "ces", "resolution_time", "churn", "repeat_purchase_rate", "response_rate"):
        run = touchstone("score", name, "--json", here=company)
        assert run.status == 0, run.err
        keys.add(tuple(run.records[0]))
    assert len(keys) == 1


def test_what_is_not_known_has_a_reason_and_no_value(touchstone: Touchstone, company: Path) -> None:
    (record,) = touchstone("score", "ces", "--json", here=company).records
    assert (record["value"], record["low"], record["high"]) == (None, None, None)
    assert record["reason"]
    assert f": {record['reason']}" in touchstone("score", "ces").out


def test_groups_are_one_line_each(touchstone: Touchstone, company: Path) -> None:
    lines = touchstone("score", "nps", "--by", "segment", here=company).out.splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["segment", "basic", "gold", "silver"]
    assert "interval" in lines[1]


def test_an_attribute_of_the_customer_file_splits_a_survey_that_knows_only_addresses(
    touchstone: Touchstone, company: Path
) -> None:
    records = touchstone("score", "nps", "--by", "region", "--json", here=company).records
    assert [(record["region"], record["n"]) for record in records] == [("North", PEOPLE - 1), ("South", PEOPLE - 1)]


def test_a_baseline_gives_every_later_period_a_change_and_a_verdict_in_words(
    touchstone: Touchstone, company: Path, exports: Path
) -> None:
    run = touchstone("score", "nps", "--by", "year", "--baseline", "2024", "--json", here=company)
    first, second = run.records
    assert list(first) == list(second)
    assert (first["against"], first["verdict"], first["change_value"]) == (None, None, None)
    assert second["against"] == "2024"
    change = recounted(exports, "2025")[0] - recounted(exports, "2024")[0]
    assert abs(second["change_value"] - change) < 1e-9
    assert second["change_low"] < change < second["change_high"]
    table = touchstone("score", "nps", "--by", "year", "--baseline", "2024").out
    assert "within the noise" in table


def test_a_shift_of_the_mix_is_shown_beside_the_score(touchstone: Touchstone, company: Path) -> None:
    words = ("score", "nps", "--by", "year", "--baseline", "2024", "--adjust", "segment")
    _, second = touchstone(*words, "--json", here=company).records
    # the same people answered in both years, so the mix has hardly shifted
    assert abs(second["adjusted_value"] - second["value"]) < 2
    assert second["adjusted_change_low"] < second["adjusted_change_value"] < second["adjusted_change_high"]
    assert "at its mix of segment" in touchstone(*words).out


def test_conditions_and_periods_keep_the_rows_they_name(touchstone: Touchstone, company: Path) -> None:
    gold = touchstone("score", "nps", "--where", "segment = gold and year = 2024", "--json", here=company).records
    same = touchstone("score", "nps", "--where", "segment = gold", "--period", "2024", "--json").records
    assert gold[0]["n"] == same[0]["n"] == PEOPLE / 3


def test_a_higher_level_gives_a_wider_interval(touchstone: Touchstone, company: Path) -> None:
    usual, wide = (
        touchstone("score", "nps", "--level", level, "--json", here=company).records[0] for level in (0.8, 0.99)
    )
    assert wide["low"] < usual["low"] and usual["high"] < wide["high"]
    assert wide["level"] == 0.99


def test_an_exact_sum_of_money_keeps_every_cent(touchstone: Touchstone, company: Path, exports: Path) -> None:
    with (exports / "orders.csv").open(encoding="utf-8", newline="") as file:
        total = sum(Decimal(row["amount"]) for row in csv.DictReader(file))
    (record,) = touchstone("score", "sales", "--json", here=company).records
    assert Decimal(record["value"]) == total
    assert record["low"] is None


def test_the_query_behind_a_number_is_sql(touchstone: Touchstone, company: Path) -> None:
    run = touchstone("score", "nps", "--by", "segment", "--sql", here=company)
    assert run.status == 0
    (query,) = sqlglot.parse(run.out, read="duckdb")
    assert query is not None
    assert "answers" in {table.name for table in query.find_all(sqlglot.exp.Table)}


def test_the_data_can_be_read_as_of_an_earlier_import(touchstone: Touchstone, fresh: Path) -> None:
    head = ("order_id", "paid_at", "amount")
    touchstone("add", write_csv(fresh / "one.csv", [head, ("O1", "2025-01-01", "3.00")]), here=fresh)
    touchstone("add", write_csv(fresh / "two.csv", [head, ("O2", "2025-01-02", "4.00")]))
    totals = [touchstone("score", "sales", *args, "--json").records[0]["value"] for args in ((), ("--as-of", "1"))]
    assert [float(total) for total in totals] == [7.0, 3.0]


def test_a_file_is_scored_without_a_workspace_and_none_is_left_behind(
    touchstone: Touchstone, exports: Path, tmp_path: Path
) -> None:
    run = touchstone("score", "nps", "--file", exports / "survey.csv", "--json", here=tmp_path)
    assert run.status == 0
    assert abs(run.records[0]["value"] - recounted(exports)[0]) < 1e-9
    assert list(tmp_path.iterdir()) == []


def test_the_workspace_is_found_from_a_folder_below_it_by_an_option_and_by_a_variable(
    touchstone: Touchstone, company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deeper = company / "data"
    expected = touchstone("score", "nps", "--json", here=deeper).out
    assert touchstone("score", "nps", "--json", "-w", company, here=tmp_path).out == expected
    monkeypatch.setenv("TOUCHSTONE_WORKSPACE", str(company))
    assert touchstone("score", "nps", "--json").out == expected


def test_metrics_lists_every_definition_also_without_a_workspace(touchstone: Touchstone, tmp_path: Path) -> None:
    listed = touchstone("metrics", "--json", here=tmp_path).records
    assert {record["name"] for record in listed} == set(built_in())
    table = touchstone("metrics").out
    assert all(name in table for name in built_in())
    one = touchstone("metrics", "nps").out
    assert built_in()["nps"].definition in one


def test_metrics_are_searched_by_words_and_goals_and_name_their_variants(touchstone: Touchstone) -> None:
    found = touchstone("metrics", "first", "contact", "--json").records
    assert len(found) == 6 and {record["family"] for record in found} == {"Service"}
    goal = {record["name"] for record in touchstone("metrics", "--goal", "retention", "--json").records}
    assert {"retention", "lifetime_value_ahead"} <= goal and "ces_mean" not in goal
    ces = touchstone("metrics", "ces").out
    assert "Formula: 100 × answers 5 to 7" in ces and all(name in ces for name in built_in()["ces"].variants)


def test_a_metric_of_the_workspace_is_a_file(touchstone: Touchstone, fresh: Path, exports: Path) -> None:
    definitions = fresh / "definitions" / "metrics"
    definitions.mkdir(parents=True)
    (definitions / "very_likely.toml").write_text(
        'label = "Would surely recommend us"\ntable = "answers"\nunit = "%"\n'
        '[score]\nanswers = "nps"\nlowest = 0\nhighest = 10\nbands = [[0, 0], [10, 100]]\n',
        "utf-8",
    )
    touchstone("add", exports / "survey.csv", here=fresh)
    assert "very_likely" in touchstone("metrics").out
    assert touchstone("score", "very_likely", "--json").records[0]["unit"] == "%"


def test_answers_are_weighted_to_margins_and_the_margins_are_shown(
    touchstone: Touchstone, company: Path, tmp_path: Path
) -> None:
    margins = tmp_path / "margins.toml"
    margins.write_text("[segment]\ngold = 1000\nsilver = 500\nbasic = 500\n")
    run = touchstone("score", "nps", "--rake", margins, here=company)
    assert run.status == 0, run.err
    assert "weighted to known segment" in run.out and "Largest weight 2.0" in run.out and "50.0 %" in run.out
    (row,) = touchstone("score", "nps", "--rake", margins, "--json").records
    assert row["metric"] == "nps" and row["design_effect"] and row["largest_weight"] > 1  # type: ignore[operator]
    assert "segment = gold" in row["margins"][1] and "50.0 % weighted" in row["margins"][1]  # type: ignore[index]
    refused = touchstone("score", "nps", "--rake", tmp_path / "other.toml")
    assert refused.status == 2 and "cannot be read" in refused.err
