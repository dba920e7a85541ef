"""What goes with a score is not told of fewer than ten people, where anonymity was promised or the result leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.measure.company import Company, answers

from touchstone.core.errors import Refused
from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.engine.connect import DuckDB
from touchstone.engine.data import Data
from touchstone.measure.metrics import metric_named
from touchstone.understand.drivers import Drivers, drivers

RATING = metric_named("overall_rating")
PEOPLE = 80


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    engine = DuckDB(tmp_path / "scratch")
    folder = tmp_path / "files"
    folder.mkdir()
    yield Company(folder, engine)
    engine.close()


def rated(company: Company, *, people: int = PEOPLE, desk: int = PEOPLE, **columns: Any) -> Data:
    """People who rate the whole, delivery and the web shop; the first `desk` of them the help desk too."""
    rows = answers([float(1 + n % 5) for n in range(people)], metric="overall_rating", scale_low=1, scale_high=5)
    rows += answers(
        [float(1 + (n + n // 5) % 5) for n in range(people)],
        metric="delivery",
        touchpoint="delivery",
        scale_low=1,
        scale_high=5,
    )
    rows += answers(
        [float(1 + n % 5) for n in range(1, people + 1)], metric="shop", touchpoint="shop", scale_low=1, scale_high=5
    )
    rows += answers(
        [float(1 + 2 * (n % 2)) for n in range(desk)], metric="desk", touchpoint="desk", scale_low=1, scale_high=5
    )
    return company.data(answers=[row | columns for row in rows])


@pytest.mark.parametrize(
    ("columns", "for_release"), [({"kind": "employee"}, False), ({"anonymous": "yes"}, False), ({}, True)]
)
def test_nothing_is_told_of_fewer_than_ten_people(company: Company, columns: dict[str, str], for_release: bool) -> None:
    found = drivers(rated(company, **columns), RATING, for_release=for_release)
    assert isinstance(found, Drivers) and found.used == PEOPLE
    rows = [row | {"account_id": f"a{int(row['customer_id'][1:]) % 9}"} for row in _rows(rated(company, **columns))]
    told = drivers(company.data(answers=rows), RATING, for_release=for_release)
    assert isinstance(told, NoEstimate) and told.n is None and "fewer than 10 people" in told.reason


def _rows(data: Data) -> list[dict[str, Any]]:
    return data.fetch(data.table("answers").order_by("answer_id")).rows


def test_an_item_that_few_rated_is_left_out_with_its_reason_even_if_asked_for(company: Company) -> None:
    data = rated(company, desk=9)
    found = drivers(data, RATING, items=["delivery", "desk"], for_release=True)
    assert isinstance(found, Drivers)
    assert [row.name for row in found.rows] == ["delivery"]
    assert "rated by too few to tell, and left out: desk" in found.notes
    only = drivers(data, RATING, items=["desk"], for_release=True)
    assert isinstance(only, NoEstimate) and not only.n


def test_how_many_an_item_does_not_apply_to_is_hidden_where_they_are_few(company: Company) -> None:
    rows = _rows(rated(company))
    few = [
        row | {"score": None, "choice": "not applicable"} if row["question_id"] == "shop" and n % 20 == 0 else row
        for n, row in enumerate(rows)
    ]
    data = company.data(answers=few)
    shown, released = drivers(data, RATING), drivers(data, RATING, for_release=True)
    assert isinstance(shown, Drivers) and isinstance(released, Drivers)
    counts = {row.name: row.not_applicable for row in shown.rows}
    assert 0 < (counts["shop"] or 0) < 10 and counts["delivery"] == 0
    assert {row.name: row.not_applicable for row in released.rows} == {"shop": None, "delivery": 0, "desk": 0}
    assert {row["item"]: row["not_applicable"] for row in released.records()}["shop"] is None
    assert any(note.startswith("nearly all answers rate everything") for note in released.notes)


def test_a_condition_that_leaves_out_a_few_people_is_refused(company: Company) -> None:
    data = rated(company, kind="employee")
    with pytest.raises(Refused, match="give them away"):
        drivers(data, RATING, where="customer_id != c3")
    found = drivers(rated(company), RATING, where="customer_id != c3")
    assert isinstance(found, Drivers) and any(isinstance(row.share, Estimate) for row in found.rows)
