"""JSON as tools give it: lines, an array, or one object that wraps the array of rows."""

from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchstone.core.errors import BadFile
from touchstone.listen.documents import NotJson, Window
from touchstone.listen.files import RawFile, open_files
from touchstone.listen.jsonlines import read_json


def raw(folder: Path, data: Any, name: str = "reviews.json") -> RawFile:
    (folder / name).write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    [found] = open_files([folder / name], scratch=folder / "scratch")
    return found


def cells(found: RawFile) -> list[list[str]]:
    with found.path.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))


REVIEW = {"type": "customerReviews", "id": "r1", "attributes": {"rating": 4, "title": "Fine", "body": None}}


@pytest.mark.parametrize("indent", [None, 2])
def test_the_rows_of_a_wrapper_are_the_objects_in_its_array(tmp_path: Path, indent: int | None) -> None:
    whole = {"links": {"self": "https://a.example"}, "data": [REVIEW, REVIEW | {"id": "r2"}], "meta": {"total": 2}}
    found = raw(tmp_path, json.dumps(whole, indent=indent))
    assert found.headers == ("type", "id", "attributes.rating", "attributes.title", "attributes.body")
    assert [row[:3] for row in cells(found)[1:]] == [["customerReviews", "r1", "4"], ["customerReviews", "r2", "4"]]
    assert found.notes == ("The rows are those under 'data'; links, meta beside them left out.",)


def test_where_several_arrays_hold_objects_data_wins_and_the_other_is_named(tmp_path: Path) -> None:
    found = raw(tmp_path, {"included": [{"id": "reply"}], "data": [REVIEW]})
    assert (found.lines, found.notes) == (1, ("The rows are those under 'data'; included beside them left out.",))


def test_several_arrays_without_data_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="several lists of objects: orders, people"):
        raw(tmp_path, {"orders": [{"id": 1}], "people": [{"id": 2}]})


def test_an_empty_list_of_rows_is_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="holds no rows: its list 'data' is empty"):
        raw(tmp_path, {"data": [], "links": {}})


def test_settings_are_no_rows(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="holds one object and no list of objects"):
        raw(tmp_path, json.dumps({"colour": "red", "sizes": [1, 2]}, indent=1))


def test_a_wrapper_that_breaks_off_is_refused_with_the_place(tmp_path: Path) -> None:
    text = json.dumps({"data": [REVIEW, REVIEW, REVIEW]})
    with pytest.raises(BadFile, match="breaks off or goes wrong at element 3 of a list"):
        raw(tmp_path, text[:-20])
    with pytest.raises(BadFile, match="breaks off or goes wrong"):
        raw(tmp_path, json.dumps({"data": [REVIEW]}, indent=1)[:-2])


def test_something_in_the_array_that_is_no_object_is_set_aside(tmp_path: Path) -> None:
    found = raw(tmp_path, {"data": [REVIEW, "what", 12, REVIEW]})
    assert (found.lines, found.set_aside) == (2, 2)


def test_lines_stay_lines_also_where_each_holds_a_list(tmp_path: Path) -> None:
    order = {"id": 1, "items": [{"sku": "a"}]}
    lines = f"{json.dumps(order)}\n{json.dumps(order | {'id': 2})}\n"
    assert raw(tmp_path, lines, "orders.json").lines == 2
    assert raw(tmp_path, json.dumps(order), "one.jsonl").headers == ("id", "items")
    assert raw(tmp_path, '{"id": 1, "score": 9}', "single.json").lines == 1


def test_a_first_line_that_is_broken_does_not_hide_the_lines_below(tmp_path: Path) -> None:
    found = raw(tmp_path, '{"id": 1, "tags": [{"a": \n{"id": 2}\n{"id": 3}\n', "events.json")
    assert (found.lines, found.set_aside) == (2, 1)


@settings(deadline=None)
@given(value=st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v), max_leaves=8))
def test_the_window_takes_what_was_written_however_it_is_cut(value: Any) -> None:
    text = json.dumps([value, value])
    for size in (1, 2, 7):
        parts = (text[place : place + size] for place in range(0, len(text), size))
        taken = [json.dumps(item) for item in Window(parts).elements()]
        assert taken == [json.dumps(json.loads(json.dumps(value), parse_int=str))] * 2


@settings(deadline=None)
@given(cut=st.integers(1, 60))
def test_a_text_cut_short_is_never_taken_for_a_whole_one(cut: int) -> None:
    text = json.dumps({"data": [{"id": 1, "x": [1, 2]}, {"id": 2}], "n": 12})
    window = Window(iter([text[: len(text) - min(cut, len(text) - 1)]]))
    with pytest.raises(NotJson):
        for _ in window.members():
            window.value()


def test_a_wrapped_list_is_read_in_bounded_memory(tmp_path: Path) -> None:
    with (tmp_path / "big.json").open("w") as file:
        file.write('{"data": [')
        for number in range(40_000):
            file.write(("," if number else "") + json.dumps({"id": number, "text": "x" * 1_000}))
        file.write("]}")
    tracemalloc.start()
    found = read_json(tmp_path / "big.json", name="big.json", scratch=tmp_path / "scratch")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.lines == 40_000
    assert peak < 20_000_000
