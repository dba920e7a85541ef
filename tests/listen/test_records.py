"""Physical lines put together to records."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from touchstone.listen.records import MOST_LINES, Broken, Dialect, Record, records


def test_a_record_knows_the_line_where_it_begins() -> None:
    found = list(records(["a,b\n", '1,"x\n', 'y"\n', "\n", "2,z\n"], Dialect()))
    assert found == [Record(1, ["a", "b"]), Record(2, ["1", "x\ny"]), Record(4, []), Record(5, ["2", "z"])]


def test_an_open_quote_is_given_up_after_a_thousand_lines() -> None:
    found = list(records(['1,"open\n', *["2,b\n"] * (MOST_LINES + 500)], Dialect()))
    assert found[0] == Broken(1, "A quote is opened and never closed.", '1,"open\n')
    assert found[1:] == [Record(number, ["2", "b"]) for number in range(2, MOST_LINES + 502)]


def test_a_cell_of_a_thousand_lines_is_still_one_cell() -> None:
    lines = ['1,"first\n', *["more\n"] * (MOST_LINES - 2), 'last"\n']
    assert [len(record.cells) for record in records(lines, Dialect()) if isinstance(record, Record)] == [2]


@given(
    st.lists(
        st.text(st.sampled_from('a,";\n'), max_size=9).map(lambda line: line.replace("\n", "") + "\n"),
        min_size=1,
        max_size=30,
    )
)
def test_every_physical_line_belongs_to_exactly_one_record(lines: list[str]) -> None:
    begins = [record.line for record in records(lines, Dialect())]
    assert begins == sorted(set(begins))
    assert begins[0] == 1
    kept = [record for record in records(lines, Dialect()) if isinstance(record, Record)]
    spans = dict(zip(begins, [*begins[1:], len(lines) + 1], strict=True))
    for record in kept:
        part = "".join(lines[record.line - 1 : spans[record.line] - 1])
        assert list(csv.reader(io.StringIO(part, newline=""), strict=True)) == [record.cells]
