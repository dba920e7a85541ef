"""A report of people who were promised anonymity, or that leaves: nothing in it stands for fewer than ten of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.measure.company import Company, answers, at

from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.engine.connect import DuckDB
from touchstone.engine.data import Data
from touchstone.measure.metrics import built_in
from touchstone.report import charts
from touchstone.report.compose import compose
from touchstone.report.page import render
from touchstone.report.story import Story, TrendFigure, ValueTable

FEW = 7  # people in the smallest month
WORDS = "the canteen closes before the late shift even begins"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    engine = DuckDB(tmp_path / "scratch")
    folder = tmp_path / "files"
    folder.mkdir()
    yield Company(folder, engine)
    engine.close()


def two_years(**columns: Any) -> list[dict[str, Any]]:
    """Answers of 24 months, twenty a month and few in May 2025; the same people have orders."""
    rows = []
    for place in range(24):
        year, month = 2024 + place // 12, place % 12 + 1
        many = FEW if (year, month) == (2025, 5) else 20 + place
        scores = [(10, 9, 0, 7, 8)[n % 5] for n in range(many)]
        when = at(f"{year}-{month:02d}-20")
        rows += answers(scores, start=100 * place, answered_at=when, text=WORDS, **columns)
    return rows


def told(data: Data, *, for_release: bool = False) -> Story:
    return compose(data, built_in(), name="Acme", made_on=date(2026, 1, 5), for_release=for_release)


def months(story: Story) -> dict[str, object]:
    assert isinstance(story.trend, TrendFigure)
    return {point.label: point.measured for point in story.trend.points}


@pytest.mark.parametrize(("columns", "for_release"), [({"kind": "employee"}, False), ({"anonymous": "yes"}, False)])
def test_a_small_month_and_one_more_of_its_year_are_hidden(
    company: Company, columns: dict[str, str], for_release: bool
) -> None:
    story = told(company.data(answers=two_years(**columns)), for_release=for_release)
    gone = {label for label, one in months(story).items() if isinstance(one, NoEstimate)}
    assert gone == {"May 25", "Jan 25"}
    assert all(one.n is None for one in months(story).values() if isinstance(one, NoEstimate))


def test_what_is_hidden_is_in_no_picture_no_table_and_no_text(company: Company) -> None:
    data = company.data(answers=two_years())
    open_to_all, released = told(data), told(data, for_release=True)
    assert isinstance(open_to_all.trend, TrendFigure) and isinstance(released.trend, TrendFigure)
    assert all(isinstance(one, Estimate) for one in months(open_to_all).values())
    assert not any("Anonymity" in note.text for note in open_to_all.coverage_notes)
    may = months(open_to_all)["May 25"]
    assert isinstance(may, Estimate) and may.n == FEW
    drawn = json.dumps(charts.trend(released.trend).options)
    assert str(may.value) not in drawn and str(may.value) in json.dumps(charts.trend(open_to_all.trend).options)
    page = re.sub(r"<style>.*?</style>|<pre.*?</pre>", "", render(released), flags=re.DOTALL)
    assert re.search(rf'data-head="n"[^>]*>{FEW}<', render(open_to_all))
    assert not re.search(rf'data-head="n"[^>]*>{FEW}<', page)
    assert f"{may.value:.1f}" not in page
    assert WORDS in render(open_to_all) and WORDS not in page
    assert released.quotes == () and "comments are not quoted" in page


def test_the_spread_of_the_answers_is_shown_only_where_ten_gave_every_score(company: Company) -> None:
    every = answers([n % 11 for n in range(11 * 10)], answered_at=at("2025-12-20"), kind="employee")
    assert told(company.data(answers=every)).distribution is not None
    assert told(company.data(answers=every[:-1])).distribution is None  # nine gave a 10


def test_a_small_group_of_the_value_table_is_hidden_in_the_report_too(company: Company) -> None:
    rows = answers([10] * 40 + [8] * 25 + [0] * 8, answered_at=at("2023-06-10"))
    rows += answers([10], start=900, answered_at=at("2025-06-20"))
    orders = [
        {
            "order_id": f"o{place}{n}",
            "customer_id": f"c{place}",
            "paid_at": at(f"{day}-15"),
            "amount": 10 + place,
            "kind": "purchase",
        }
        for place in range(73)
        for n, day in enumerate(("2023-05", "2023-07", "2023-08", "2024-09"))
    ]
    data = company.data(answers=rows, orders=orders)
    shown, released = told(data).value_table, told(data, for_release=True).value_table
    assert isinstance(shown, ValueTable)
    assert [row.customers for row in shown.rows] == [41, 25, 8]
    assert isinstance(released, ValueTable)
    assert [row.customers for row in released.rows] == [41, None, None]
    assert all(isinstance(row.observed, NoEstimate) and row.observed.n is None for row in released.rows[1:])
    assert "25 customers" not in json.dumps(charts.value_bars(released).options)


def test_a_report_of_customers_who_may_be_read_stays_as_it_was(company: Company) -> None:
    story = told(company.data(answers=two_years()))
    assert (
        story.quotes and story.distribution is not None and all(isinstance(m, Estimate) for m in months(story).values())
    )
    assert not any("Anonymity" in note.text for note in story.coverage_notes)
