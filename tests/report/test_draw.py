from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from tests.report.sample import TREND, estimate, rich

import touchstone
from touchstone.core.errors import TouchstoneError
from touchstone.report import charts
from touchstone.report.draw import Engine, draw
from touchstone.report.pictures import picture
from touchstone.report.story import GroupFigure, Row
from touchstone.report.svg import tidy

GREEDY = """
globalThis.calls = 0
globalThis.draw = (options) => {
  calls += 1
  if (options === 'big') { const all = []; while (true) all.push(new Array(1e5).fill(calls)) }
  if (options === 'slow') { while (true) {} }
  return String(calls)
}
"""


def engine(folder: Path) -> Engine:
    script = folder / "charts.js"
    script.write_text(GREEDY)
    return Engine(script, memory_bytes=60_000_000, seconds=0.5)


def test_a_chart_becomes_an_svg_that_says_what_it_is() -> None:
    svg = draw(charts.trend(TREND), name="trend", title="NPS & more", description="from 22 to 31")
    root = fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "trend-title trend-desc"
    assert [root[0].text, root[1].text] == ["NPS & more", "from 22 to 31"]
    assert "NaN" not in svg
    for words in ("target 35", "baseline 22", "new checkout", "Nov"):
        assert words in svg


def test_colours_come_from_the_page() -> None:
    svg = draw(charts.trend(TREND), name="trend", title="t", description="d")
    assert "var(--accent,#2455c3)" in svg
    assert set(re.findall(r'(?:fill|stroke)="(#[^"]+)"', svg)) <= {"#000"}, (
        "only clip paths carry a colour of their own"
    )


def test_a_gap_is_drawn_as_a_gap() -> None:
    svg = draw(charts.trend(TREND), name="trend", title="t", description="d")
    line = next(one for one in re.findall(r'<path d="([^"]+)"[^>]*stroke-width="2.2"', svg))
    assert line.count("M") == 2


def test_ids_of_two_figures_never_meet() -> None:
    chart = charts.trend(TREND)
    both = [draw(chart, name=name, title="t", description="d") for name in ("one", "two")]
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in both]
    assert not ids[0] & ids[1]
    for svg, own in zip(both, ids, strict=True):
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= own


@pytest.mark.parametrize("name", ["", "a b", 'a"b', "1a", "Ä"])
def test_a_figure_needs_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="lower-case"):
        tidy("<svg/>", name=name, title="t", description="d")


def test_only_shapes_text_and_colours_survive() -> None:
    raw = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10" onload="x()">'
        '<script>alert(1)</script><style>*{}</style><a href="javascript:x()"><text>t</text></a>'
        '<image href="http://evil"/><foreignObject><p>x</p></foreignObject>'
        '<path d="M0 0L1 1" stroke="url(http://evil)" onclick="x()" style="fill:url(x);background:url(http://evil)"/>'
        '<text fill="#111" style="font-size:12px;position:fixed">&lt;b&gt;</text></svg>'
    )
    svg = tidy(raw, name="n", title="</title><script>", description='"><img>')
    for gone in ("script>", "style", "href", "evil", "foreignObject", "onclick", "onload", "fixed", "<img", "<a"):
        assert gone not in svg.replace("&lt;script&gt;", "").replace("&lt;/title&gt;", "")
    assert '<text fill="#111" font-size="12px">&lt;b&gt;</text>' in svg


def test_a_document_type_is_refused() -> None:
    with pytest.raises(TouchstoneError, match="document type"):
        tidy('<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>', name="n", title="t", description="d")


def test_hostile_labels_are_drawn_as_text() -> None:
    labels = ("<script>alert(1)</script>", '"><img onerror=x>', "a\u202eb\u0000c\ud800", "]]></svg>")
    rows = tuple(Row(label, estimate(at, 2, 9)) for at, label in enumerate(labels))
    svg = str(picture(GroupFigure(title=labels[0], note="", rows=rows, method="m"), "hostile"))
    assert "<script" not in svg
    assert "<img" not in svg
    assert "&lt;script&gt;" in svg
    assert "abc" in svg
    svg.encode("utf-8")


def test_a_missing_script_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(TouchstoneError, match="has not been built") as caught:
        Engine(tmp_path / "nothing.js").draw("{}", 10, 10)
    assert "make setup" in caught.value.hint


def test_after_running_out_of_memory_the_next_chart_is_drawn(tmp_path: Path) -> None:
    small = engine(tmp_path)
    assert small.draw("fine", 1, 1) == "1"
    with pytest.raises(TouchstoneError, match="too large"):
        small.draw("big", 1, 1)
    assert small.draw("fine", 1, 1) == "1", "a new context begins to count anew"


def test_a_chart_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    small = engine(tmp_path)
    with pytest.raises(TouchstoneError, match="too large"):
        small.draw("slow", 1, 1)
    assert small.draw("fine", 1, 1) == "2"


def test_many_threads_share_one_engine() -> None:
    chart = charts.forest(rich().groups[0])
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: draw(chart, name="one", title="t", description="d"), range(16)))
    assert len(set(drawn)) == 1


def test_a_notebook_may_draw_while_its_event_loop_runs(tmp_path: Path) -> None:
    small = engine(tmp_path)

    async def cell() -> str:
        return small.draw("fine", 1, 1)

    with ThreadPoolExecutor(1) as thread:  # where no other loop runs
        assert thread.submit(lambda: asyncio.run(cell())).result() == "1"
    assert small.draw("fine", 1, 1) == "2"
    small.close()


PROGRAM = """
import os, sys
from touchstone.report.draw import draw
from touchstone.report.rows import Chart

chart = Chart({"xAxis": {}, "yAxis": {}, "series": []}, 50, 50)
draw(chart, name="parent", title="t", description="d")
if "fork" in sys.argv and (child := os.fork()):
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
draw(chart, name="child", title="t", description="d")
"""


@pytest.mark.parametrize("way", ["alone", "fork"])
def test_a_program_that_drew_ends_by_itself_and_so_does_its_child(way: str) -> None:
    source = Path(touchstone.__file__).parents[1]
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PROGRAM, way]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(source)}, timeout=30, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


CLOSING = """
import atexit, os
atexit.register(lambda: print("closed" if draw._engine_of(os.getpid())._context is None else "open"))
from touchstone.report import draw
from touchstone.report.rows import Chart

draw.draw(Chart({"xAxis": {}, "yAxis": {}, "series": []}, 50, 50), name="one", title="t", description="d")
"""


def test_the_engine_is_closed_while_the_program_still_runs() -> None:
    # left to the end of the interpreter, about every fourth program would wait for ever
    source = Path(touchstone.__file__).parents[1]
    command = [sys.executable, "-c", CLOSING]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(source)}, timeout=30, capture_output=True)
    assert done.stdout == b"closed\n"
