"""Several at once: importers take turns, the same file counts once, readers never see half an import."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.conftest import ForkServer, alive, current, unknown_files

from touchstone.core.errors import Refused
from touchstone.listen.add import add
from touchstone.workspace import Workspace

HEAD = "order_id,paid_at,amount\n"


def orders(folder: Path, name: str, first: int, last: int, amount: int = 1) -> Path:
    path = folder / name
    path.write_text(HEAD + "".join(f"{n},2024-01-05,{amount}\n" for n in range(first, last)))
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return Workspace.create(tmp_path / "workspace").folder


def test_three_that_add_the_same_file_import_it_once(forks: ForkServer, workspace: Path, tmp_path: Path) -> None:
    file = orders(tmp_path, "a.csv", 0, 500)
    children = [forks.start(workspace, [file]) for _ in range(3)]
    assert sorted(forks.ended(child) for child in children) == [0, 1, 1]
    assert len(Workspace.open(workspace).lake.imports()) == 1
    assert len(current(workspace)["orders"]) == 500


def test_three_that_add_different_files_are_all_in(forks: ForkServer, workspace: Path, tmp_path: Path) -> None:
    files = [orders(tmp_path, f"{n}.csv", n * 100, n * 100 + 150) for n in range(3)]
    children = [forks.start(workspace, [file]) for file in files]
    assert [forks.ended(child) for child in children] == [0, 0, 0]
    assert [record.number for record in Workspace.open(workspace).lake.imports()] == [1, 2, 3]
    assert len(current(workspace)["orders"]) == 350
    assert unknown_files(workspace) == set()


def test_a_reader_sees_the_tables_before_or_after_and_nothing_between(
    forks: ForkServer, workspace: Path, tmp_path: Path
) -> None:
    assert forks.run(workspace, [orders(tmp_path, "old.csv", 0, 300)]) == 0
    before = current(workspace)
    child = forks.start(workspace, [orders(tmp_path, "new.csv", 100, 400, amount=2)])
    seen = []
    while alive(child):
        seen.append(current(workspace))
    assert forks.ended(child) == 0
    after = current(workspace)
    assert all(tables in (before, after) for tables in seen)
    assert before in seen
    assert sum(row["amount"] for row in after["orders"]) == 100 + 300 * 2


def test_an_older_import_reads_the_same_while_a_newer_is_written(
    forks: ForkServer, workspace: Path, tmp_path: Path
) -> None:
    assert forks.run(workspace, [orders(tmp_path, "old.csv", 0, 50)]) == 0
    data = Workspace.open(workspace).data(as_of=1)
    assert forks.run(workspace, [orders(tmp_path, "new.csv", 0, 60, amount=2)]) == 0
    table = data.table("orders")
    row = data.fetch(table.aggregate(n=table.count(), total=table.amount.sum())).rows[0]
    assert (row["n"], row["total"]) == (50, 50)
    data.engine.close()  # type: ignore[attr-defined]


def test_one_who_waits_in_vain_is_told_so_and_leaves_nothing(workspace: Path, tmp_path: Path) -> None:
    opened = Workspace.open(workspace)
    file = orders(tmp_path, "a.csv", 0, 5)
    with opened.lake.writing(), pytest.raises(Refused) as caught:
        add(opened, [file], patience=(0.01, 0.02))
    assert caught.value.problem == "Another import is running in this workspace."
    assert "wait" in caught.value.hint
    assert opened.lake.newest() is None
    assert add(opened, [file]).number == 1
