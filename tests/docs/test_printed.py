"""What the pages say that commands print is what they print."""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from scripts.printed import FILES, OWN_FILES, blocks, commands_of, outputs, rerun, run_command
from tests.cli.conftest import Touchstone, touchstone
from tests.docs.pages import PAGES, ROOT, fenced, name_of, text_of

from touchstone.cli.demo import SCORES
from touchstone.measure.metrics import built_in
from touchstone.simulate import Company, write_company

__all__ = ["touchstone"]
README = text_of(ROOT / "README.md")
QUICK = ("init", "add", "score")  # what a test of every day can run
_NUMBER = re.compile(r"[-+]?\d[\d,.]*")


def stable(line: str) -> str:
    """What is left of a line when another company fills in its numbers: the words before the first of them."""
    words = _NUMBER.sub("#", line).split()
    return " ".join(words[: words.index("#")] if "#" in words else words)


def shape(text: str) -> list[str]:
    # whether a time falls into a clock change, and which groups are small, depends on the company
    usual = [line for line in text.splitlines() if "clock change" not in line and not line.startswith("Greyed:")]
    return [found for line in usual if (found := stable(line))]


def run_with(touchstone: Touchstone, words: Sequence[str], here: Path) -> str:
    found = touchstone(*words[1:], here=here)
    assert found.status == 0, found.err
    return found.out


@pytest.fixture(scope="module")
def small_exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated company of the demo with fewer customers: the same files, other numbers."""
    folder = tmp_path_factory.mktemp("small") / "touchstone-demo" / "exports"
    write_company(Company(customers=1_000), folder)
    return folder


def test_the_readme_begins_with_the_sentence_the_picture_and_the_two_commands() -> None:
    assert README.splitlines()[2].startswith(
        "**Touchstone turns what customers say and do into numbers a CFO will accept"
    )
    first_screen = "\n".join(README.splitlines()[:40])
    assert "listen ──► map ──► measure" in first_screen and "`make demo`" in first_screen
    assert commands_of(blocks(README)[0]) == ["make demo"]
    assert "`make test`" in README


def test_the_readme_shows_every_file_and_score_of_the_demo(small_exports: Path) -> None:
    shown = outputs(blocks(README)[0])[0]
    for file in small_exports.glob("*.csv"):
        assert re.search(rf"^{re.escape(file.name)} +[\d,]+ +[\d,]+ +\w+ +\d+$", shown, re.MULTILINE), file.name
    for name in SCORES:
        assert re.search(rf"^{re.escape(built_in()[name].label)} ", shown, re.MULTILINE), name
    for line in ("What goes with Overall rating", "What customers did after they answered", "The report: ", "Next: "):
        assert f"\n{line}" in shown


def test_every_block_that_is_marked_is_refreshed() -> None:
    marked = {Path(name_of(page)) for page in PAGES if "<!-- printed -->" in text_of(page)}
    assert marked == {*FILES, *OWN_FILES}
    for page in marked:
        assert len(blocks(text_of(ROOT / page))) == text_of(ROOT / page).count("<!-- printed -->")
        assert all(commands_of(block) for block in blocks(text_of(ROOT / page)))


@pytest.mark.parametrize("page", OWN_FILES, ids=str)
def test_guides_with_files_of_their_own_print_what_they_say(page: Path, touchstone: Touchstone, tmp_path: Path) -> None:
    shutil.copytree((ROOT / page).parent / "files", tmp_path / "files")
    text = text_of(ROOT / page)
    again = rerun(text, lambda words, here: run_with(touchstone, words, here), tmp_path)
    assert again == text, "run: python scripts/printed.py"


@pytest.mark.parametrize("page", FILES, ids=str)
def test_imports_and_scores_print_the_lines_that_the_pages_show(
    page: Path, touchstone: Touchstone, small_exports: Path
) -> None:
    folder = small_exports.parents[1]

    def run(words: Sequence[str], here: Path) -> str:
        return run_with(touchstone, words, here) if words[1] in QUICK else ""

    text = text_of(ROOT / page)
    compared = 0
    for shown, printed in zip(blocks(text), blocks(rerun(text, run, folder)), strict=True):
        for command, old, new in zip(commands_of(shown), outputs(shown), outputs(printed), strict=True):
            if command.split()[1] in QUICK:
                compared += 1
                difference = "\n".join(difflib.unified_diff(shape(old), shape(new), str(page), "printed", n=0))
                assert not difference, f"{command}\n{difference}\nrun: python scripts/printed.py"
    assert compared >= 3


@pytest.mark.truth
@pytest.mark.parametrize("page", FILES, ids=str)
def test_every_number_on_the_pages_is_what_the_commands_print(page: Path) -> None:
    text = text_of(ROOT / page)
    with TemporaryDirectory() as folder:
        assert rerun(text, run_command, Path(folder)) == text, "run: python scripts/printed.py"


def test_no_console_block_shows_output_that_nothing_refreshes() -> None:
    for page in PAGES:
        refreshed = blocks(text_of(page))
        for block in fenced(page, "console"):
            if block not in refreshed:
                assert all(line.startswith("$ ") for line in block.splitlines()), (name_of(page), block)
