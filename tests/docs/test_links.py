"""Links lead somewhere, and nothing in the tree names a machine, a package index, or how it came to be."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tests.docs.pages import PAGES, ROOT, name_of, prose, text_of

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_OWN = "tests/docs/test_links.py"
NOT_IN_THE_TREE = {
    "a package index": r"pypi\.org|pythonhosted\.|npmjs\.|registry\.yarnpkg|artifactory|[-]-(extra-)?index-url",
    "a folder of one machine": r"/work/|/tmp/ts|/root/|/home/[a-z]",
    "how it was made": r"\bsub-?agents?\b|\bcoding agents?\b|\b(this|helper|earlier) session\b|\bhelper sessions?\b"
    r"|\blanguage model\b|\bchatgpt\b|\bclaude\b|\bcopilot\b",
}


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_resolves(page: Path) -> None:
    for link in _LINK.findall(prose(page)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name_of(page)}: {link}"
        assert ROOT in target.parents
        if anchor:
            assert anchor in anchors(target), f"{name_of(page)}: {link}"


def test_every_page_of_the_docs_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        for link in _LINK.findall(prose(page)):
            target = (page.parent / link.partition("#")[0]).resolve()
            if not link.startswith("https://") and target.is_file():
                waiting.append(target)
    assert {name_of(page) for page in PAGES} - {name_of(page) for page in seen} == set()


@pytest.mark.parametrize("what", NOT_IN_THE_TREE)
def test_no_file_names(what: str) -> None:
    command = ["git", "grep", "-nIiE", NOT_IN_THE_TREE[what], "--", ".", f":!{_OWN}", ":!frontend/package-lock.json"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 1, found.stdout + found.stderr  # 1: nothing found


def test_no_page_names_a_machine() -> None:
    for page in PAGES:
        for what, pattern in NOT_IN_THE_TREE.items():
            assert not re.search(pattern, text_of(page), re.IGNORECASE), f"{name_of(page)} names {what}"
