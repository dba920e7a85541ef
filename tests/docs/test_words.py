"""The words of the glossary, the parts of the architecture and the names in the methods are those of the program."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from tests.docs.pages import PAGES, ROOT, name_of, prose, text_of

import touchstone
from touchstone.core.estimate import Grade
from touchstone.core.nouns import NOUNS
from touchstone.measure.metrics import built_in
from touchstone.stats.quadrants import Quadrant

GLOSSARY = text_of(ROOT / "GLOSSARY.md")
PROJECT = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
METHODS = sorted((ROOT / "docs" / "methods").glob("*.md"))
SECTIONS = ("What it answers", "Formula", "Leans on", "What naive tools get wrong", "In code", "Sources")


@pytest.mark.parametrize("name", built_in())
def test_every_metric_is_in_the_glossary(name: str) -> None:
    assert f"`{name}`" in GLOSSARY


@pytest.mark.parametrize("name", NOUNS)
def test_every_table_is_in_the_glossary_in_the_words_of_the_code(name: str) -> None:
    line = next((line for line in GLOSSARY.splitlines() if line.startswith(f"- **{name}**: ")), "")
    assert NOUNS[name].row in line


@pytest.mark.parametrize("grade", get_args(Grade))
def test_every_grade_of_evidence_is_in_the_glossary(grade: str) -> None:
    assert f"- **{grade}**: " in GLOSSARY


def test_the_quadrants_of_the_map_are_in_the_glossary() -> None:
    assert all(f"**{name}**" in GLOSSARY for name in get_args(Quadrant))


def test_the_parts_are_those_that_are_installed() -> None:
    table = text_of(ROOT / "ARCHITECTURE.md").split("## Parts, and why")[1].split("\n## ")[0]
    named = re.findall(r"^\| ([\w-]+) \|", table, re.MULTILINE)[1:]
    installed = [re.match(r"[\w-]+", line)[0] for line in PROJECT["dependencies"]]  # type: ignore[index]
    assert named == installed
    for line in table.splitlines():
        if line.startswith("| ") and not line.startswith("| part"):
            assert line.split("|")[-2].strip(), f"no licence: {line}"


def test_the_rooms_are_those_of_the_source() -> None:
    table = text_of(ROOT / "ARCHITECTURE.md").split("## Rooms")[1].split("\n## ")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    source = ROOT / "src" / "touchstone"
    rooms = {path.parent.name for path in source.glob("*/__init__.py")} | {"workspace", "definitions"}
    assert named == rooms


def test_the_files_that_new_code_should_be_like_exist() -> None:
    table = text_of(ROOT / "ARCHITECTURE.md").split("## Where new code goes")[1]
    paths = re.findall(r"`((?:src|docs)/[\w/.]+)`", table)
    assert paths and all((ROOT / path).exists() for path in paths)
    likes = re.findall(r"\| `([\w/]+\.\w+)` \|$", table, re.MULTILINE)
    everything = [str(path) for path in ROOT.joinpath("src").rglob("*.*")] + [str(path) for path in METHODS]
    assert likes and all(any(path.endswith(f"/{like}") for path in everything) for like in likes)


@pytest.mark.parametrize("page", METHODS, ids=lambda page: page.stem)
def test_a_methods_page_answers_the_same_six_questions(page: Path) -> None:
    assert tuple(re.findall(r"^## (.+)$", text_of(page), re.MULTILINE)) == SECTIONS
    assert re.search(r"\(\d{4}\)", text_of(page).split("## Sources")[1]), "no citation"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_function_named_on_a_page_exists(page: Path) -> None:
    for name in re.findall(r"`(touchstone(?:\.\w+)+)`", text_of(page)):
        module, _, attribute = name.rpartition(".")
        if name.endswith((".toml", ".py")):
            continue
        assert hasattr(importlib.import_module(module), attribute), f"{name_of(page)}: {name}"


def test_every_module_of_numbers_has_a_page() -> None:
    modules = {path.stem for path in (ROOT / "src" / "touchstone" / "stats").glob("*.py")} - {"__init__"}
    named = {name for page in METHODS for name in re.findall(r"`touchstone\.stats\.(\w+)\.", text_of(page))}
    assert modules - named == set()


def test_every_stage_of_the_loop_is_in_the_readme_and_the_glossary() -> None:
    for stage in ("listen", "map", "measure", "understand", "value", "act", "watch"):
        assert stage in text_of(ROOT / "README.md") and f"**{stage}**" in GLOSSARY


def test_the_version_has_one_source() -> None:
    assert touchstone.__version__ == PROJECT["version"]
    assert f"## {touchstone.__version__}" in text_of(ROOT / "CHANGELOG.md")


def test_targets_named_in_the_pages_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z]+)`", prose(page)))
        assert named <= targets, name_of(page)
    assert set(re.findall(r"^\| `make (\w+)`", text_of(ROOT / "CONTRIBUTING.md"), re.MULTILINE)) == targets - {"setup"}
