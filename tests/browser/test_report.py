from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page
from pypdf import PdfReader
from tests.browser.questions import QUESTIONS, STORIES, WORDS
from tests.report.sample import rich

from touchstone.report.page import render
from touchstone.report.story import Quote, Story

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = (360, 768, 1440)

# text that takes room on the screen, SVG included; closed details and pictures for other widths do not
VISIBLE_TEXT = """
() => {
  const words = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement
    if (!parent.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue
    const box = parent.getBoundingClientRect()
    if (box.width > 1 && box.height > 1) words.push(walker.currentNode.textContent)
  }
  return words.join('')
}
"""
WIDER_THAN_THE_PAGE = """
() => [...document.querySelectorAll('body *')]
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map((one) => one.outerHTML.slice(0, 80))
"""
SMALL_WORDS = """
() => [...document.querySelectorAll('svg text')]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height > 0)
  .map((one) => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a)
"""
CLIPPED_WORDS = """
() => [...document.querySelectorAll('svg.chart')].filter((one) => one.checkVisibility()).flatMap((svg) => {
  const frame = svg.getBoundingClientRect()
  return [...svg.querySelectorAll('text')].filter((one) => {
    const box = one.getBoundingClientRect()
    return box.left < frame.left - 2 || box.right > frame.right + 2 || box.bottom > frame.bottom + 2
  }).map((one) => one.textContent)
})
"""


class Opened(NamedTuple):
    """A report on a screen, with everything it asked of the network and said to the console."""

    page: Page
    requests: list[str]
    messages: list[str]


def open_report(browser: Browser, file: Path, **settings: object) -> Opened:
    context = browser.new_context(**settings)
    page = context.new_page()
    opened = Opened(page, [], [])
    page.on("request", lambda request: opened.requests.append(request.url))
    page.on("console", lambda message: opened.messages.append(message.text))
    page.on("pageerror", lambda error: opened.messages.append(str(error)))
    page.goto(file.as_uri())
    return opened


def plain(text: str) -> str:
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, company_report: Story) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    made = {}
    for name, story in (*STORIES.items(), ("composed", company_report)):
        made[name] = folder / f"{name}.html"
        made[name].write_text(render(story), encoding="utf-8")
    return made


@pytest.fixture
def report(request: pytest.FixtureRequest, browser: Browser, files: dict[str, Path]) -> Iterator[Opened]:
    """The rich report as wide as the test asks for by `@pytest.mark.parametrize("report", [...], indirect=True)`."""
    width = getattr(request, "param", 1440)
    opened = open_report(browser, files["rich"], viewport={"width": width, "height": 900})
    yield opened
    opened.page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", WORDS)
def test_nothing_is_wider_than_the_screen(browser: Browser, files: dict[str, Path], name: str, width: int) -> None:
    page = open_report(browser, files[name], viewport={"width": width, "height": 900}).page
    for door in page.locator("summary").all():
        door.click()
    scroll, client = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert scroll <= client
    assert page.evaluate(WIDER_THAN_THE_PAGE) == []
    page.context.close()


def test_long_words_from_outside_do_not_widen_the_page(browser: Browser, tmp_path: Path) -> None:
    word = "x" * 300
    story: Story = rich()
    story = replace(
        story,
        title=word,
        quotes=(Quote(word, word, word),),
        actions=tuple(replace(action, title=word, next_step=word) for action in story.actions),
        tiles=tuple(replace(tile, label=word, verdict=word) for tile in story.tiles),
        moments=replace(story.moments, moments=tuple(replace(one, label=word) for one in story.moments.moments)),
    )
    file = tmp_path / "long.html"
    file.write_text(render(story), encoding="utf-8")
    page = open_report(browser, file, viewport={"width": 360, "height": 900}).page
    assert page.evaluate(WIDER_THAN_THE_PAGE) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.context.close()


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        ("rich", "light", 360),
        ("rich", "dark", 1440),
        ("rich", "light", 1440),
        ("bare", "light", 1440),
        ("composed", "light", 360),
    ],
)
def test_axe_finds_no_barrier(browser: Browser, files: dict[str, Path], name: str, scheme: str, width: int) -> None:
    if not AXE.is_file() and os.environ.get("CI") != "true":
        pytest.skip("axe-core is missing: run `make setup`")
    settings = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "bypass_csp": True}
    page = open_report(browser, files[name], **settings).page
    for door in page.locator("summary").all():
        door.click()
    page.add_script_tag(path=AXE)
    found = page.evaluate("(tags) => axe.run(document, { runOnly: tags })", RULES)
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found["violations"]] == []
    assert len(found["passes"]) >= 15
    page.context.close()


def test_the_page_asks_the_network_for_nothing_and_says_nothing(report: Opened, files: dict[str, Path]) -> None:
    for door in report.page.locator("summary").all():
        door.click()
    assert report.requests == [files["rich"].as_uri()]
    assert report.messages == []


@pytest.fixture(scope="module")
def visible(browser: Browser, files: dict[str, Path]) -> dict[str, str]:
    """What can be read of each report without opening anything."""
    found = {}
    for name, file in files.items():
        page = open_report(browser, file, viewport={"width": 1440, "height": 900}).page
        found[name] = plain(page.evaluate(VISIBLE_TEXT))
        page.context.close()
    return found


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("question", range(len(QUESTIONS)), ids=lambda at: QUESTIONS[at])
def test_a_newcomer_finds_the_answer_without_opening_anything(
    visible: dict[str, str], name: str, question: int
) -> None:
    for words in WORDS[name][question]:
        assert words in visible[name]
    assert "SELECT" not in visible[name], "what is behind a door is not counted as seen"


@pytest.mark.parametrize(("width", "height", "screens"), [(1440, 900, 1), (360, 800, 2)])
def test_the_first_screen_answers_the_four_questions(
    browser: Browser, files: dict[str, Path], width: int, height: int, screens: int
) -> None:
    page = open_report(browser, files["rich"], viewport={"width": width, "height": height}).page
    answers = page.locator(".answers section")
    assert answers.count() == 4
    assert [plain(one) for one in page.locator(".answers h2").all_inner_texts()] == [
        "What happened",
        "Why",
        "What it is worth",
        "What to do first",
    ]
    lowest = max(box["y"] + box["height"] for box in (one.bounding_box() for one in answers.all()))
    assert lowest <= height * screens
    if width == 1440:
        tiles = [one.bounding_box() for one in page.locator(".tile").all()]
        assert max(box["y"] + box["height"] for box in tiles) <= height
    page.context.close()


@pytest.mark.parametrize("report", WIDTHS, indirect=True)
def test_words_in_pictures_stay_readable_and_inside(report: Opened) -> None:
    sizes = report.page.evaluate(SMALL_WORDS)
    assert len(sizes) > 60
    assert min(sizes) >= 9.5
    assert max(sizes) <= 19
    assert report.page.evaluate(CLIPPED_WORDS) == []


@pytest.mark.parametrize("report", WIDTHS, indirect=True)
def test_of_each_figure_one_picture_is_shown(report: Opened) -> None:
    shown = report.page.evaluate(
        "[...document.querySelectorAll('.card figure')]"
        ".map((one) => [...one.querySelectorAll('svg')].filter((svg) => svg.checkVisibility()).length)"
    )
    assert shown == [1] * 6


def test_the_keyboard_reaches_and_opens_every_door(report: Opened) -> None:
    page = report.page
    doors = page.locator("summary").count()
    links = page.locator("a").count()
    page.evaluate("document.querySelectorAll('summary').forEach((one, at) => (one.dataset.at = at))")
    reached = []
    for _ in range(doors + links):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            reached.append(int(page.evaluate("document.activeElement.dataset.at")))
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            page.keyboard.press("Enter")
    assert reached == list(range(doors))
    assert page.locator("details[open]").count() == doors


def test_the_first_stop_of_the_keyboard_skips_to_the_report(report: Opened) -> None:
    report.page.keyboard.press("Tab")
    assert report.page.evaluate("document.activeElement.textContent") == "Skip to the report"


def test_dark_is_dark_in_the_pictures_too(browser: Browser, files: dict[str, Path]) -> None:
    settings = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"}
    page = open_report(browser, files["rich"], **settings).page
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 21, 28)"
    fills = page.evaluate("[...document.querySelectorAll('svg text')].map((one) => getComputedStyle(one).fill)")
    assert set(fills) <= {
        "rgb(232, 236, 242)",  # ink
        "rgb(166, 176, 190)",  # muted
        "rgb(108, 203, 154)",  # good
        "rgb(242, 148, 107)",  # bad
    }
    page.context.close()


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_prints_on_at_most_eight_pages(
    browser: Browser, files: dict[str, Path], tmp_path: Path, name: str, scheme: str
) -> None:
    page = open_report(browser, files[name], color_scheme=scheme).page
    file = tmp_path / "report.pdf"
    page.pdf(path=file, prefer_css_page_size=True)
    sheets = PdfReader(file).pages
    assert 1 <= len(sheets) <= 8
    width, height = (float(side) / 72 * 25.4 for side in sheets[0].mediabox[2:])
    assert (round(width), round(height)) == (210, 297)
    text = plain(" ".join(sheet.extract_text() for sheet in sheets))
    assert "How was this computed?" not in text
    assert "How each number was computed" in text
    page.emulate_media(media="print", color_scheme=scheme)
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()") == "#16202b"
    page.context.close()
