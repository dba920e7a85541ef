"""Every metric of the catalogue on a simulated company, against a recount from the written files in plain Python."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.measure.recounts import RECOUNTS, Books

from touchstone.core.estimate import Estimate, Total
from touchstone.engine.data import Data
from touchstone.listen.add import add
from touchstone.measure.metrics import FAMILIES, built_in
from touchstone.measure.score import score
from touchstone.simulate import Company, write_company
from touchstone.workspace import Workspace

METRICS = built_in()


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    folder = tmp_path_factory.mktemp("written")
    write_company(Company(customers=1_500, studies=True), folder)
    return Books(folder)


@pytest.fixture(scope="module")
def data(books: Books, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Data]:
    workspace = Workspace.create(tmp_path_factory.mktemp("home") / "workspace", timezone="Europe/Berlin")
    add(workspace, sorted(books.folder.glob("*.csv")))
    data = workspace.data()
    yield data
    data.engine.close()


def test_every_metric_of_the_catalogue_has_a_recount() -> None:
    assert set(RECOUNTS) == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_equals_its_recount_from_the_files(name: str, books: Books, data: Data) -> None:
    expected = RECOUNTS[name](books)
    rows = score(data, METRICS[name]).rows
    named = {row.group[0] or "" if row.group else next(iter(expected)): row.result for row in rows}
    assert set(named) == set(expected)
    for kind, result in named.items():
        assert isinstance(result, Estimate | Total), result
        assert float(result.value) == pytest.approx(expected[kind], rel=1e-9, abs=1e-9), kind
        assert (result.n or 0) > 0
        if isinstance(result, Estimate):
            assert result.low < result.high and 0 < result.effective_n <= result.n + 1e-9 and result.method


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_says_what_it_is(name: str) -> None:
    metric = METRICS[name]
    assert metric.definition.endswith(".") and metric.formula and metric.population.endswith(".")
    assert metric.family in FAMILIES and metric.goals
    assert all(name in METRICS[other].variants for other in metric.variants), "variants know each other"
