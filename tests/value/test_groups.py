"""Which score groups, and which of their amounts, are too small to be told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.measure.company import Company, answers, at

from touchstone.core.errors import Refused
from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.engine.connect import DuckDB
from touchstone.measure.forecast import hold_out
from touchstone.measure.metrics import metric_named
from touchstone.value.groups import Curve, Group, without_few
from touchstone.value.table import value_table

NPS = metric_named("nps")


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    engine = DuckDB(tmp_path / "scratch")
    folder = tmp_path / "files"
    folder.mkdir()
    yield Company(folder, engine)
    engine.close()


def paid(n: int) -> Estimate:
    return Estimate(
        value=10.0, low=8.0, high=12.0, se=1.0, n=n, effective_n=float(n), unit="EUR", level=0.95, method="mean"
    )


def group(band: str, people: int, **amounts: Measured) -> Group:
    curve = Curve(days=(1.0,), percent=(50.0,), low=(40.0,), high=(60.0,))
    every = {name: paid(people) for name in ("retained", "again", "spent", "forecast")} | amounts
    return Group(band=band, people=people, staying=curve, buying=curve, **every)


def gone(measured: Measured) -> bool:
    return isinstance(measured, NoEstimate) and measured.n is None


def test_a_small_group_goes_wholly_and_the_next_smallest_with_it() -> None:
    groups, everyone = without_few([group("a", 50), group("b", 20), group("c", 9)], paid(500))
    assert [one.people for one in groups] == [50, None, None]
    assert all(gone(one.spent) and gone(one.forecast) and one.staying is None for one in groups[1:])
    assert isinstance(groups[0].spent, Estimate) and isinstance(everyone, Estimate)


def test_an_amount_of_few_goes_with_its_curve_and_the_group_stays() -> None:
    groups, _ = without_few([group("a", 50), group("b", 40, retained=paid(4)), group("c", 30)], paid(500))
    assert [one.people for one in groups] == [50, 40, 30]
    assert [gone(one.retained) for one in groups] == [False, True, True]
    assert [one.staying is None for one in groups] == [False, True, True]
    assert all(isinstance(one.spent, Estimate) and one.buying for one in groups)


def test_a_reason_does_not_tell_how_few_there_are() -> None:
    groups, _ = without_few([group("a", 50), group("b", 40, again=NoEstimate("3 are too few", 3))], paid(500))
    assert gone(groups[1].again) and "3" not in str(groups[1].again)


def test_the_forecast_of_everyone_goes_where_it_less_the_groups_would_be_that_of_a_few() -> None:
    _, everyone = without_few([group("a", 50), group("b", 20)], paid(75))
    assert gone(everyone)
    _, everyone = without_few([group("a", 50), group("b", 20)], paid(80))
    assert isinstance(everyone, Estimate)


@pytest.mark.parametrize(
    ("columns", "for_release"), [({"kind": "employee"}, False), ({"anonymous": "yes"}, False), ({}, True)]
)
def test_the_table_hides_them_where_anonymity_was_promised_or_it_leaves(
    company: Company, columns: dict[str, str], for_release: bool
) -> None:
    rows = answers([10.0] * 30 + [8.0] * 12 + [0.0] * 5, answered_at=at("2023-06-10"), **columns)
    nameless = answers([10.0] * 4, start=100, customer_id=None, answered_at=at("2023-06-10"), **columns)
    found = value_table(company.data(answers=[*rows, *nameless]), NPS, for_release=for_release)
    assert [one.people for one in found.groups] == [30, None, None]
    assert {row["people"] for row in found.records()} == {30, None}
    assert "fewer than 10 answers have no customer or no date and are left out" in found.notes
    with pytest.raises(Refused, match="give them away"):
        value_table(company.data(answers=rows), NPS, where="customer_id != c3", for_release=for_release)
    everybody = value_table(company.data(answers=answers([10.0] * 30 + [0.0] * 5)), NPS)
    assert [one.people for one in everybody.groups] == [30, 0, 5]


def test_a_forecast_of_fewer_than_ten_customers_does_not_leave(company: Company) -> None:
    orders = [
        {
            "order_id": f"o{n}",
            "customer_id": f"c{n % 9}",
            "paid_at": at(f"2023-{1 + n % 12:02d}-15"),
            "amount": 10,
            "kind": "purchase",
        }
        for n in range(60)
    ]
    data = company.data(orders=orders)
    assert hold_out(data, months=2).customers == 9
    with pytest.raises(Refused, match="Fewer than 10 customers"):
        hold_out(data, months=2, for_release=True)
