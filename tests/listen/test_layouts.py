"""Files as other tools export them: every layout's fixture, as it is and mangled as their exports differ."""

from __future__ import annotations

import csv
import io
import random
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import xlsxwriter
from tests.listen.conftest import Desk, accounted

from touchstone.core.nouns import NOUNS
from touchstone.core.where import parse_where
from touchstone.listen import mappings
from touchstone.listen.add import FileSummary
from touchstone.listen.files import open_files
from touchstone.listen.mappings import Layout, known_layouts, layout_of, mapping_text, read_mapping
from touchstone.listen.plan import plan

FOLDER = Path(mappings.__file__).parent / "layouts"
Rows = list[list[str]]


@dataclass(frozen=True)
class Fixture:
    """One file beside a layout, and what was counted in it by hand."""

    layout: str
    name: str
    header_rows: int = 1
    tables: dict[str, dict[str, float]] = field(default_factory=dict)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    bare: dict[str, list[float]] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return FOLDER / self.layout / self.name

    @property
    def known(self) -> Layout:
        return next(layout for layout in known_layouts() if layout.name == self.layout)


def fixtures() -> list[Fixture]:
    found = []
    for folder in sorted(FOLDER.iterdir()):
        expected = tomllib.loads((folder / "expected.toml").read_text()) if (folder / "expected.toml").is_file() else {}
        for name, told in expected.items():
            tables = {table: told[table] for table in NOUNS if table in told}
            rest = {key: value for key, value in told.items() if key not in NOUNS}
            found.append(Fixture(folder.name, name, tables=tables, **rest))
    return found


ALL = fixtures()
TEXTS = [one for one in ALL if one.path.suffix in {".csv", ".tsv", ".xlsx"}]
every = pytest.mark.parametrize("fixture", ALL, ids=lambda one: f"{one.layout}/{one.name}")
every_text = pytest.mark.parametrize("fixture", TEXTS, ids=lambda one: f"{one.layout}/{one.name}")


def cells(fixture: Fixture) -> Rows:
    if fixture.path.suffix == ".xlsx":
        from python_calamine import CalamineWorkbook

        sheet = CalamineWorkbook.from_path(fixture.path).get_sheet_by_index(0).to_python()
        return [[str(int(c)) if isinstance(c, float) else str(c) for c in row] for row in sheet]
    raw = fixture.path.read_bytes()
    text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def written(desk: Desk, fixture: Fixture, rows: Rows) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return desk.write(f"{Path(fixture.name).stem}.csv", text.getvalue())


def scores(desk: Desk) -> dict[str, list[float]]:
    """By metric: how many answers, and the NPS or the mean, by a count of our own."""
    found: dict[str, list[float]] = {}
    for metric, score in desk.rows("answers", "metric", "score"):
        if metric is not None and score is not None:
            found.setdefault(metric, []).append(score)
    return {metric: [len(values), value_of(metric, values)] for metric, values in found.items()}


def value_of(metric: str, values: list[float]) -> float:
    if metric == "nps":
        return 100 * (sum(v >= 9 for v in values) - sum(v <= 6 for v in values)) / len(values)
    return sum(values) / len(values)


def agrees(desk: Desk, expected: dict[str, list[float]]) -> None:
    found = scores(desk) if expected else {}
    assert found == {metric: pytest.approx(told, abs=0.005) for metric, told in expected.items()}


def taken(desk: Desk, fixture: Fixture, path: Path) -> list[FileSummary]:
    files = [accounted(file) for file in desk.add(path).files]
    assert {file.layout for file in files} == {fixture.layout}
    assert f"read as {fixture.known.title}" in files[0].notes
    return files


@every
def test_a_fixture_is_imported_without_any_option_and_every_row_is_accounted_for(desk: Desk, fixture: Fixture) -> None:
    files = {file.table: file for file in reversed(taken(desk, fixture, fixture.path))}  # the first reading of each
    assert set(files) == set(fixture.tables)
    for table, told in fixture.tables.items():
        file = files[table]
        counts = {"read": file.rows_read, "records": file.records, "left_out": file.left_out, "merged": file.merged}
        counts |= {"aside": file.rows_aside, "cells_aside": file.cells_aside}
        assert counts == {**dict.fromkeys(counts, 0), **{k: v for k, v in told.items() if not k.startswith("sum_")}}
        for name in (name for name in told if name.startswith("sum_")):
            values = desk.rows(table, name.removeprefix("sum_"))
            assert float(sum(value for value in values if value is not None)) == pytest.approx(told[name])
    agrees(desk, fixture.metrics)


def rearranged(rows: Rows, places: list[int]) -> Rows:
    """The rows with these of their columns; a footer of one cell stays what it is."""
    return [[row[place] for place in places] if len(row) > 1 else row for row in rows]


@every_text
def test_the_order_of_the_columns_does_not_matter(desk: Desk, fixture: Fixture) -> None:
    rows = cells(fixture)
    places: list[list[int]] = []
    for place, header in enumerate(rows[0]):  # what stands below an empty header belongs to the question before
        if header.strip() or not places:
            places.append([place])
        else:
            places[-1].append(place)
    random.Random(7).shuffle(places)
    order = [place for group in places for place in group]
    taken(desk, fixture, written(desk, fixture, rearranged(rows, order)))
    agrees(desk, fixture.metrics)


@every_text
def test_columns_that_need_not_be_there_may_be_missing(desk: Desk, fixture: Fixture) -> None:
    rows = cells(fixture)
    kept = [place for place, header in enumerate(rows[0]) if not optional(fixture.known, header, rows[0])]
    taken(desk, fixture, written(desk, fixture, rearranged(rows, kept)))
    agrees(desk, fixture.bare or fixture.metrics)


def optional(layout: Layout, header: str, headers: list[str]) -> bool:
    """Whether the mapping names a column that neither recognition nor the noun needs."""
    name = header.strip().casefold()
    have = {one.strip().casefold() for one in headers}
    told = {next((one for one in entry if one.casefold() in have), "").casefold() for entry in layout.recognise}
    needed: set[str] = set()
    for mapping in (layout.mapping, *layout.mapping.also):
        told_by = (*mapping.noun.required, "metric", "score")
        takes = [mapping.columns[name] for name in told_by if name in mapping.columns]
        needed |= {one for take in takes for one in (*take.headers, *(take.product or ()))} | {*mapping.one_per}
        needed |= {mapping.order_by} | {one for question in mapping.unpivot for one in question.headers}
        needed |= {one for question in mapping.unpivot if question.when for one in question.when.headers}
    used = {one.casefold() for one in layout.mapping.used_headers()}
    used |= {condition.column.casefold() for condition in parse_where(layout.mapping.where)}
    return name in used and name not in told and name not in {one.casefold() for one in needed}


@every_text
def test_columns_that_nobody_knows_do_no_harm(desk: Desk, fixture: Fixture) -> None:
    rows = cells(fixture)
    for number, row in enumerate(rows):
        if len(row) < 2:
            continue  # a footer
        if number >= fixture.header_rows:
            row += [f"x{number}", str(number % 3)]
        elif row[0].startswith("{"):
            row += ['{"ImportId":"QID98"}', '{"ImportId":"QID99"}']
        else:
            row += ["Unheard of", "Überraschung"]
    taken(desk, fixture, written(desk, fixture, rows))
    agrees(desk, fixture.metrics)


@pytest.mark.parametrize("fixture", [one for one in TEXTS if one.header_rows > 1], ids=lambda one: one.name)
def test_header_rows_are_told_in_a_workbook_too(desk: Desk, fixture: Fixture) -> None:
    path = desk.write(f"{Path(fixture.name).stem}.xlsx", "")
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Sheet")
        for place, row in enumerate(cells(fixture)):
            sheet.write_row(place, 0, [cell or None for cell in row])
    taken(desk, fixture, path)
    agrees(desk, fixture.metrics)


@every_text
def test_headers_in_other_case_and_with_blanks_are_the_same_headers(fixture: Fixture, tmp_path: Path) -> None:
    (file,) = open_files([fixture.path], scratch=tmp_path)
    found = layout_of([f" {header.upper()}\ufeff" for header in file.headers], file.signs)
    assert found is not None
    assert found.name == fixture.layout


def test_known_layouts_are_read_and_the_most_telling_comes_first() -> None:
    layouts = known_layouts()
    assert {layout.name for layout in layouts} >= {"it_incidents", "online_retail", "sfo_airport_survey"}
    sizes = [len(layout.recognise) for layout in layouts]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("layout", known_layouts(), ids=lambda layout: layout.name)
def test_a_layout_fits_by_its_headers_only_and_survives_a_round_trip(layout: object, tmp_path: Path) -> None:
    headers = [alternatives[0] for alternatives in layout.recognise]
    assert layout.fits([f" {header.upper()} " for header in headers] + ["another"])
    assert not layout.fits(headers[1:])
    (tmp_path / "kept.toml").write_text(mapping_text(layout.mapping), encoding="utf-8")
    assert read_mapping(tmp_path / "kept.toml") == layout.mapping


@pytest.mark.real_data
def test_the_real_files_are_known_by_their_headers(real_data: Path, tmp_path: Path) -> None:
    files = [real_data / "sfo_airport_survey" / f"{year}_SFO_Customer_Survey.csv" for year in (2010, 2017)]
    found = plan(files, tmp_path)
    assert [one.layout for one in found] == ["sfo_airport_survey"] * 2
    assert all(one.mapping.table == "answers" for one in found)
