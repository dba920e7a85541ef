"""The generated pages are as the program is now."""

from __future__ import annotations

import pytest
from scripts.reference import REFERENCE, ROOT, commands, pages, stale
from tests.docs.pages import text_of

import touchstone
from touchstone.core.estimate import RECORD_KEYS
from touchstone.core.nouns import NOUNS
from touchstone.core.settings import SETTINGS
from touchstone.measure.metrics import built_in

EXPECTED = {
    "commands": [f"## touchstone {name}" for name in commands()],
    "metrics": [f"## {name}\n" for name in built_in()],
    "settings": [f"`{setting.name}`" for setting in SETTINGS],
    "tables": [f"## {name}\n" for name in NOUNS],
    "records": [f"`{key}`" for key in RECORD_KEYS],
    "python": [f"`{name}`" for name in touchstone.__all__],
}


def test_no_generated_page_is_stale() -> None:
    assert stale() == [], "run: python scripts/reference.py"


def test_every_page_in_the_folder_is_generated() -> None:
    assert {path.relative_to(ROOT) for path in (ROOT / REFERENCE).iterdir()} == set(pages())


@pytest.mark.parametrize("page", EXPECTED)
def test_everything_that_exists_is_on_its_page(page: str) -> None:
    text = text_of(ROOT / REFERENCE / f"{page}.md")
    assert [name for name in EXPECTED[page] if name not in text] == []
