"""The lake: what is written is read, nothing is visible before the commit, and nothing is left after a failure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from touchstone.core.errors import Refused, UnknownName
from touchstone.core.nouns import Column
from touchstone.lake.columns import from_schema, to_schema
from touchstone.lake.imports import KEEP_ALL, ImportRecord
from touchstone.lake.lake import Lake
from touchstone.lake.writing import Part, Writer

COLUMNS = (Column("id"), Column("n", "integer"), Column("import_number", "integer"))
TYPES = pa.schema([("id", pa.string()), ("n", pa.int64()), ("import_number", pa.int64())])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "data with ü and blanks")


def part(writer: Writer, rows: dict[str, int], table: str = "things") -> Part:
    path = writer.part_path(table)
    full = [{"id": key, "n": value, "import_number": writer.number} for key, value in rows.items()]
    pq.write_table(pa.Table.from_pylist(full, schema=TYPES), path)
    return Part(path, len(rows))


def imported(lake: Lake, rows: dict[str, int], table: str = "things") -> ImportRecord:
    with lake.writing() as writer:
        writer.append(table, [part(writer, rows, table)], COLUMNS)
        return writer.commit(content=str(rows), files=["f.csv"], summary={"told": "yes"})


def changed(writer: Writer, folder: Path, rows: Sequence[dict[str, Any]], columns: Sequence[Column] = COLUMNS) -> None:
    path = folder / "changed.parquet"
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    writer.change("things", "id", path, columns)


def rows(lake: Lake, number: int | None = None, table: str = "things") -> dict[str, Any]:
    record = lake.record(number)
    if record is None or table not in record.tables:
        return {}
    files = lake.files(table, record.tables[table]).files
    found = [row for file in files for row in pq.read_table(file).to_pylist()]
    assert len(found) == len({row["id"] for row in found})
    return {row["id"]: row["n"] for row in found}


def disk(lake: Lake) -> set[Path]:
    return {path for path in lake.folder.rglob("*") if path.is_file() and path.name != ".lock"}


def test_every_type_comes_back_as_it_was() -> None:
    columns = tuple(Column(kind, kind) for kind in ("text", "number", "integer", "money", "time", "boolean"))  # type: ignore[arg-type]
    assert from_schema(to_schema(columns)) == columns


def test_an_empty_lake_has_no_import_and_says_so(lake: Lake) -> None:
    assert (lake.imports(), lake.newest(), lake.record()) == ([], None, None)
    with pytest.raises(UnknownName, match="no import called '3'"):
        lake.record(3)


def test_an_import_says_what_it_was(lake: Lake) -> None:
    record = imported(lake, {"a": 1})
    assert lake.newest() == record
    assert (record.number, record.files, record.summary) == (1, ("f.csv",), {"told": "yes"})
    assert record.imported_at.tzinfo == UTC
    assert abs((datetime.now(UTC) - record.imported_at).total_seconds()) < 60


def test_nothing_is_visible_before_the_commit(lake: Lake) -> None:
    imported(lake, {"a": 1})
    with lake.writing() as writer:
        writer.append("things", [part(writer, {"b": 2})], COLUMNS)
        assert rows(lake) == {"a": 1}
        writer.commit(content="x", files=[], summary={})
    assert rows(lake) == {"a": 1, "b": 2}


def test_an_older_number_reads_the_older_rows(lake: Lake, tmp_path: Path) -> None:
    imported(lake, {"a": 1, "b": 2})
    with lake.writing() as writer:
        changed(writer, tmp_path, [{"id": "a", "n": 10, "import_number": 2}])
        writer.commit(content="x", files=[], summary={})
    assert rows(lake) == {"a": 10, "b": 2}
    assert rows(lake, 1) == {"a": 1, "b": 2}
    with pytest.raises(UnknownName, match="choose from 1, 2"):
        lake.record(7)


def test_a_change_keeps_the_columns_it_does_not_bring_and_adds_new_ones(lake: Lake, tmp_path: Path) -> None:
    imported(lake, {"a": 1, "b": 2})
    with lake.writing() as writer:
        changed(writer, tmp_path, [{"id": "a", "extra": "x"}], (*COLUMNS, Column("extra")))
        record = writer.commit(content="x", files=[], summary={})
    held = lake.files("things", record.tables["things"])
    assert held.columns[-1] == Column("extra")
    found = pa.concat_tables([pq.read_table(file) for file in held.files], promote_options="default").to_pylist()
    assert [(row["id"], row["n"], row["extra"]) for row in sorted(found, key=lambda row: row["id"])] == [
        ("a", 1, "x"),
        ("b", 2, None),
    ]


def test_amounts_and_times_are_merged_exactly(lake: Lake, tmp_path: Path) -> None:
    columns = (Column("id"), Column("amount", "money"), Column("at", "time"))
    schema = pa.schema([("id", pa.string()), ("amount", pa.decimal128(18, 4)), ("at", pa.timestamp("us", "UTC"))])
    old = {"id": "a", "amount": Decimal("1.0001"), "at": datetime(2024, 1, 1, tzinfo=UTC)}
    new = {"id": "a", "amount": Decimal("99999999999999.9999"), "at": datetime(2024, 7, 1, 12, 30, 0, 1, tzinfo=UTC)}
    with lake.writing() as writer:
        path = writer.part_path("things")
        pq.write_table(pa.Table.from_pylist([old], schema=schema), path)
        writer.append("things", [Part(path, 1)], columns)
        pq.write_table(pa.Table.from_pylist([new], schema=schema), tmp_path / "new.parquet")
        writer.change("things", "id", tmp_path / "new.parquet", columns)
        record = writer.commit(content="x", files=[], summary={})
    (file,) = lake.files("things", record.tables["things"]).files
    (found,) = pq.read_table(file).to_pylist()
    assert found == new


def test_a_part_without_rows_adds_nothing_but_the_table(lake: Lake) -> None:
    with lake.writing() as writer:
        empty = part(writer, {})
        writer.append("things", [empty], COLUMNS)
        record = writer.commit(content="x", files=[], summary={})
    held = lake.files("things", record.tables["things"])
    assert (held.files, held.columns) == ((), COLUMNS)
    assert not empty.path.exists()
    with lake.writing() as writer:
        writer.append("things", [part(writer, {})], (*COLUMNS, Column("extra")))
        record = writer.commit(content="y", files=[], summary={})
    assert lake.files("things", record.tables["things"]).columns == COLUMNS


def test_many_files_become_few_and_keep_rows_and_past(lake: Lake) -> None:
    imported(lake, {"first": 0})
    with lake.writing() as writer:
        writer.append("things", [part(writer, {f"r{n}": n}) for n in range(70)], COLUMNS)
        record = writer.commit(content="x", files=[], summary={})
    assert len(lake.files("things", record.tables["things"]).files) <= 2
    assert rows(lake) == {"first": 0} | {f"r{n}": n for n in range(70)}
    assert rows(lake, 1) == {"first": 0}


def test_the_list_of_imports_stays_whole_when_it_is_rewritten(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("touchstone.lake.imports._MANY_FILES", 2)
    for n in range(5):
        imported(lake, {str(n): n})
    assert [record.number for record in lake.imports()] == [1, 2, 3, 4, 5]
    assert len(DeltaTable(str(lake.folder / "imports")).file_uris()) <= 2


def test_what_fails_leaves_nothing_behind(lake: Lake) -> None:
    imported(lake, {"a": 1})
    before = disk(lake)
    with pytest.raises(RuntimeError), lake.writing() as writer:
        writer.append("things", [part(writer, {"b": 2})], (*COLUMNS, Column("extra")))
        writer.append("others", [part(writer, {"c": 3}, "others")], COLUMNS)
        raise RuntimeError
    assert disk(lake) == before
    imported(lake, {"b": 5})
    assert rows(lake) == {"a": 1, "b": 5}


def test_leftovers_beyond_a_checkpoint_of_the_log_are_taken_back(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("touchstone.lake.writing.KEEP_ALL", KEEP_ALL | {"delta.checkpointInterval": "5"})
    imported(lake, {"a": 1})
    with pytest.raises(RuntimeError), lake.writing() as writer:
        for n in range(7):
            writer.append("things", [part(writer, {f"b{n}": n})], COLUMNS)
        assert list((lake.folder / "things" / "_delta_log").glob("*.checkpoint.parquet"))
        raise RuntimeError
    assert not list((lake.folder / "things" / "_delta_log").glob("*checkpoint*"))
    imported(lake, {"c": 3})
    assert rows(lake) == {"a": 1, "c": 3}


def test_half_written_files_of_a_killed_writer_are_removed(lake: Lake) -> None:
    imported(lake, {"a": 1})
    before = disk(lake)
    (lake.folder / ".importing").write_text("2")
    for name in ("things/part-import-2-x.parquet", "things/_delta_log/_commit_x.json.tmp", "imports/part-x.parquet#1"):
        (lake.folder / name).write_bytes(b"half")
    with lake.writing():
        pass
    assert disk(lake) == before


def test_data_without_its_list_of_imports_are_not_thrown_away(lake: Lake) -> None:
    imported(lake, {"a": 1})
    imported(lake, {"b": 2})
    for path in sorted((lake.folder / "imports").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (lake.folder / ".importing").write_text("3")
    before = disk(lake)
    with pytest.raises(Refused, match="does not belong to the data"), lake.writing():
        pass
    assert disk(lake) == before


def test_what_a_reader_of_an_older_version_needs_is_never_cleaned_away(lake: Lake) -> None:
    imported(lake, {"a": 1})
    for table in ("things", "imports"):
        kept = DeltaTable(str(lake.folder / table)).metadata().configuration
        assert kept["delta.enableExpiredLogCleanup"] == "false"


def test_a_column_that_does_not_fit_is_refused(lake: Lake) -> None:
    imported(lake, {"a": 1})
    with (
        pytest.raises(Refused, match="'n' of things holds integer, and this file brings text"),
        lake.writing() as writer,
    ):
        writer.append(
            "things", [part(writer, {"b": 1})], (Column("id"), Column("n"), Column("import_number", "integer"))
        )
    with pytest.raises(Refused, match="has a column 'n', and this file brings 'N'"), lake.writing() as writer:
        writer.append("things", [part(writer, {"b": 1})], (Column("id"), Column("N", "integer")))
    assert rows(lake) == {"a": 1}


def test_a_commit_names_the_versions_of_all_tables_and_carries_its_number_once(lake: Lake) -> None:
    imported(lake, {"a": 1})
    record = imported(lake, {"x": 1}, "others")
    assert set(record.tables) == {"things", "others"}
    log = sorted((lake.folder / "imports" / "_delta_log").glob("*.json"))
    actions = [json.loads(line) for line in log[-1].read_text().splitlines()]
    assert [action["txn"]["version"] for action in actions if "txn" in action] == [2]
