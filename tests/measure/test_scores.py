"""Every form that scores are taken away in."""

from __future__ import annotations

import json
from decimal import Decimal

import pyarrow as pa
import pytest
from tests.measure.company import Company, answers, at

from touchstone.core.estimate import RECORD_KEYS
from touchstone.measure.metrics import built_in
from touchstone.measure.score import score
from touchstone.measure.scores import Scores

NPS = built_in()["nps"]
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def scores(company: Company) -> Scores:
    rows = [
        *answers(
            [10, 0, 9, 8, 6, 10],
            unit=lambda i: ["<script>alert(1)</script>", None][i % 2],
            answered_at=at("2016-02-01"),
        ),
        *answers([10, 9, 8, 8, 6, 10, 3], start=20, unit=lambda i: ["new", None][i % 2], answered_at=at("2017-02-01")),
    ]
    return score(company.data(answers=rows), NPS, by=["unit", "year"], baseline="2016", adjust="channel")


def test_every_record_has_the_same_keys(scores: Scores) -> None:
    records = scores.records()
    changes = ("against", "verdict", "change_value", "change_low", "change_high", "change_reason")
    parts = ("value", "low", "high", "reason")
    beside = [*(f"adjusted_{part}" for part in parts), *(f"adjusted_change_{part}" for part in parts)]
    assert len(records) == 4
    assert {tuple(record) for record in records} == {
        ("attr_unit", "year", "metric", "metric_version", *RECORD_KEYS, *changes, *beside)
    }
    assert json.loads(json.dumps(records, default=str)) == records
    new = next(record for record in records if record["attr_unit"] == "new")
    assert (new["unit"], new["change_value"], new["change_reason"]) == (
        "points",
        None,
        "there is no 2016 to compare with",
    )


def test_without_a_baseline_records_have_no_changes(company: Company) -> None:
    rows = answers([10, 0, 9], n=lambda i: ["x", "y", "x"][i])
    plain = score(company.data(answers=rows), NPS, by=["n"])
    assert plain.by == ("n",) and plain.keys == ("attr_n",)
    assert tuple(plain.records()[0]) == ("attr_n", "metric", "metric_version", *RECORD_KEYS)
    assert [record["attr_n"] for record in plain.records()] == ["x", "y"]


def test_frames_keep_every_column_and_type(scores: Scores) -> None:
    table = scores.to_arrow()
    assert table.num_rows == 4 and table.column_names == list(scores.records()[0])
    assert table.schema.field("change_value").type == pa.float64() and table.schema.field("n").type == pa.int64()
    assert table.to_pylist() == scores.records()
    assert scores.to_polars().shape == scores.to_pandas().shape == table.shape
    assert scores.to_polars()["value"].to_list() == [record["value"] for record in scores.records()]


def test_money_stays_exact_in_frames(company: Company) -> None:
    orders = [{"order_id": f"o{i}", "paid_at": at("2017-01-01"), "amount": Decimal("0.1001")} for i in range(3)]
    table = score(company.data(orders=orders), built_in()["sales"]).to_arrow()
    assert table["value"].to_pylist() == [Decimal("0.3003")]


def test_an_empty_result_is_a_typed_frame(company: Company) -> None:
    nothing = score(company.data(answers=answers([10, 9])), NPS, by=["unit"], where="score < 0")
    assert nothing.to_arrow().num_rows == 0 and nothing.to_arrow().column_names[0] == "attr_unit"


def test_text_in_a_notebook_stays_text(scores: Scores) -> None:
    page = scores._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count("<tr>") == 1 + len(scores.rows) and page.count("<th>") == 7
    assert page.count("<td>") == 7 * len(scores.rows)


def test_the_sentence_names_the_ends_and_the_basis(company: Company) -> None:
    rows = answers([10, 10, 9, 0, 10, 1, 2, 0], region=lambda i: "ab"[i // 4])
    data = company.data(answers=rows)
    assert score(data, NPS, where="region = a").sentence() == (
        "Net Promoter Score 50 points (-34 to 91), unweighted, where region = a."
    )
    words = score(data, NPS, by=["region"]).sentence()
    assert words.startswith("Net Promoter Score by region: from ") and "(b) to 50 points" in words
    assert "no group has enough" in score(data, NPS, by=["score"], where="score in (1, 2)").sentence()
