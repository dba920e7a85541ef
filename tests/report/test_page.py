from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from typing import Any

import pytest
from tests.report.sample import METHODS, bare, rich

from touchstone.core.estimate import Estimate, NoEstimate, Total
from touchstone.report.page import render
from touchstone.report.story import DriverFigure, JourneyFigure, Missing, Story, TrendFigure, ValueTable

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}&amp;\u202egpj.exe\u200f\u0007"
VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """The page as elements with their attributes, and the text a reader can see without opening anything."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.visible: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID and not (self.get_starttag_text() or "").endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if not {"style", "details"} & set(self.open):
            self.visible.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.visible).split())


@pytest.fixture(scope="module")
def html() -> str:
    return render(rich())


def figures_of(html: str) -> list[str]:
    return re.findall(r'<article class="card(?: tile)?">.*?</article>', html, re.DOTALL)


def with_hostile_text(part: Any) -> Any:
    """The same records with every free text made hostile; numbers, keys and closed vocabularies stay."""
    closed = {"tone", "method", "key", "unit", "grade", "level", "evidence", "at", "currency"}
    if isinstance(part, tuple):
        return tuple(with_hostile_text(one) for one in part)
    if isinstance(part, str):
        return f"{part} {HOSTILE}"
    if not is_dataclass(part) or isinstance(part, Total):
        return part
    keep = closed - {"method"} if isinstance(part, Estimate) or hasattr(part, "sql") else closed
    if isinstance(part, TrendFigure):
        part = replace(part, events=())
    changed = {
        field.name: with_hostile_text(getattr(part, field.name)) for field in fields(part) if field.name not in keep
    }
    return replace(part, **changed)


def test_the_page_is_well_formed_and_holds_no_script(html: str) -> None:
    page = Page(html)
    assert page.open == []
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "iframe", "object", "embed", "form", "img", "base"}
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]


def test_the_page_forbids_itself_everything_but_its_own_style(html: str) -> None:
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in html
    links = [a.get("href") or a.get("src") for _, a in Page(html).elements if a.get("href") or a.get("src")]
    assert [link for link in links if not link.startswith(("#", "data:"))] == []
    assert not re.search(r"url\((?!#)|@import", html)


def test_ids_are_unique_and_references_lead_somewhere(html: str) -> None:
    attributes = [one for _, one in Page(html).elements]
    ids = [one["id"] for one in attributes if "id" in one]
    assert len(ids) == len(set(ids))
    wanted = {name for one in attributes for name in (one.get("aria-labelledby") or "").split()}
    wanted |= {one["href"][1:] for one in attributes if (one.get("href") or "").startswith("#")}
    assert wanted <= set(ids)


def test_hostile_text_stays_text() -> None:
    page = render(with_hostile_text(rich()))
    parsed = Page(page)
    assert parsed.open == []
    assert not {tag for tag, _ in parsed.elements} & {"script", "img"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "49" not in parsed.text.split("{{ 7*7 }}")[0].split()[-3:]
    for unseen in "\u202e\u200f\u0007":
        assert unseen not in page


def test_every_figure_shows_interval_n_and_method(html: str) -> None:
    story = rich()
    parts = figures_of(html)
    assert len(parts) == len(story.tiles) + 6, "the tiles and six charts"
    doors = [part for part in parts if "How was this computed?" in part]
    assert len(doors) == len(story.tiles) + 6
    for part in doors:
        for word in ("Definition", "Who is counted", "Method", "<dt>n</dt>", "Data version", "<pre>"):
            assert word in part
    for tile in parts[:3]:
        assert re.search(r"likely [\d.−]+ to [\d.]+ · n&nbsp;=&nbsp;[\d,]+", tile)


def test_every_chart_has_its_table_with_every_number(html: str) -> None:
    charts = [part for part in figures_of(html) if 'role="img"' in part]
    assert len(charts) == 6
    for part in charts:
        assert "Show as a table" in part
        assert '<table role="table"' in part
    trend = charts[0]
    for point in rich().trend.points:
        assert f'dir="auto">{point.label}</th>' in trend
    assert "no number: the survey was switched off" in trend


@pytest.mark.parametrize("story", [rich(), bare()], ids=["rich", "bare"])
def test_the_page_says_no_word_of_ours(story: Story) -> None:
    words = re.sub(r"<style>.*?</style>", " ", render(story), flags=re.DOTALL)
    words = re.sub(r"<pre>.*?</pre>|<[^>]+>", " ", words, flags=re.DOTALL)
    found = re.findall(r"\b(lake|nouns?|cube|quarantined?|landmark|LMG|top-box|effort)\b", words, re.IGNORECASE)
    assert found == []


def test_sections_come_in_their_order(html: str) -> None:
    found = re.findall(r'<section id="(\w+)">', html)
    assert found == ["scores", "moments", "drivers", "worth", "todo", "methods"]


def test_a_tile_without_a_number_says_why_and_shows_none() -> None:
    text = Page(render(bare())).text
    assert "no number yet" in text
    assert "11 answers are too few: about 40 more would give a range of 15 points to either side" in text


def test_empty_sections_teach_what_they_need_and_how() -> None:
    page = Page(render(bare()))
    assert "what promoters, passives and detractors spent" in page.text
    assert "a table of orders" in page.text
    assert "touchstone add orders.csv" in page.text
    assert page.text.count("Nothing to show yet.") == 5
    assert "svg" not in {tag for tag, _ in page.elements}


def test_a_story_without_a_single_tile_is_still_a_page() -> None:
    story = replace(bare(), tiles=(), lede=())
    assert "each score beside its goal" in Page(render(story)).text


def test_differences_between_groups_are_never_priced(html: str) -> None:
    text = Page(html).text
    assert "Differences between these groups are correlation only." in text
    assert "nothing here is multiplied into the price of a point" in text


def test_a_missing_amount_says_why_once() -> None:
    story = rich()
    none = NoEstimate("orders of 12 customers are too few", 12)
    rows = tuple(replace(row, observed=none, forecast=none) for row in story.value_table.rows)
    text = Page(render(replace(story, value_table=replace(story.value_table, rows=rows)))).text
    assert text.count("No number: orders of 12 customers are too few") == 1


def test_a_phrase_ends_with_one_full_stop(html: str) -> None:
    story = rich()
    dotted = tuple(replace(method, definition=f"{method.definition}.") for method in story.methods)
    text = Page(render(replace(story, methods=dotted))).text
    assert ".." not in text
    assert text == Page(html).text


def test_an_exact_total_says_so(html: str) -> None:
    assert "exactly 8,887,208.89, the sum of 19,960 rows" in Page(html).text


def test_flags_and_grades_are_worn_in_words() -> None:
    story = rich()
    flagged = replace(story.tiles[0].measured, flags=("fewer than 30 effective answers",), grade="adjusted")
    text = Page(render(replace(story, tiles=(replace(story.tiles[0], measured=flagged),)))).text
    assert "fewer than 30 effective answers" in text
    assert "adjusted" in text


def test_the_same_story_gives_the_same_bytes(html: str) -> None:
    assert render(rich()) == html


def test_one_moment_one_driver_one_period_are_enough() -> None:
    story = rich()
    assert isinstance(story.trend, TrendFigure)
    assert isinstance(story.moments, JourneyFigure)
    assert isinstance(story.drivers, DriverFigure)
    assert isinstance(story.value_table, ValueTable)
    little = replace(
        story,
        trend=replace(story.trend, points=story.trend.points[:1], events=()),
        moments=replace(story.moments, moments=story.moments.moments[:1], reference=None),
        drivers=replace(story.drivers, rows=story.drivers.rows[:1], explained=NoEstimate("few", 3)),
        value_table=replace(story.value_table, rows=story.value_table.rows[:1], total=None),
        quotes=(),
        groups=(),
        distribution=None,
    )
    assert "NaN" not in render(little)


def test_figures_of_nothing_but_reasons_are_drawn() -> None:
    story = rich()
    none = NoEstimate("too few", 2)
    blank = replace(
        story,
        trend=replace(story.trend, points=tuple(replace(one, measured=none) for one in story.trend.points)),
        moments=replace(story.moments, moments=tuple(replace(one, measured=none) for one in story.moments.moments)),
    )
    page = render(blank)
    assert "NaN" not in page
    assert "no number" in page


def test_a_long_journey_is_told_downwards() -> None:
    story = rich()
    many = tuple(replace(story.moments.moments[0], label=f"Moment {at}") for at in range(20))
    page = render(replace(story, moments=replace(story.moments, moments=many)))
    assert "journey-map-title" not in page
    assert "Moment 19" in page


def test_missing_is_only_said_once() -> None:
    story = replace(rich(), value_table=Missing("Amounts.", "Orders.", ""), methods=METHODS)
    assert Page(render(story)).text.count("Nothing to show yet.") == 1
