"""The pages of the documentation and what is in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def fenced(page: Path, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return [block for name, block in _FENCE.findall(text_of(page)) if name == language]


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return _FENCE.sub("", text_of(page))


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))
