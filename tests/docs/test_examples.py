"""Every example can be typed: commands and options exist, TOML is in the language, numbers come from the functions."""

from __future__ import annotations

import doctest
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
from scripts.printed import commands_of
from scripts.reference import commands, help_text
from tests.docs.pages import PAGES, ROOT, fenced, name_of

from touchstone.core import mapping as language
from touchstone.core.mapping import Mapping, Question, from_toml
from touchstone.core.settings import read_settings
from touchstone.core.take import TAKE_WORDS
from touchstone.listen.mappings import LAYOUT_WORDS
from touchstone.measure.margins import checked as checked_margins
from touchstone.measure.metrics import FORMS, built_in, read_metric
from touchstone.measure.plans import checked

COMMANDS = commands()
METHODS = sorted((ROOT / "docs" / "methods").glob("*.md"))


def parsed(line: str) -> None:
    """Fails unless `touchstone …` names a command, and options and arguments that it has."""
    words = shlex.split(re.split(r" [|>] ?| && ", line)[0])
    assert words[0] == "touchstone" and words[1] in COMMANDS, line
    command = COMMANDS[words[1]]
    context = click.Context(command, info_name=words[1])
    command.parse_args(context, words[2:])
    if words[1] in {"score", "drivers", "value"}:
        assert context.params["metric"] in built_in(), line


def examples_in_help(name: str) -> list[str]:
    return re.findall(r"^ +(touchstone .+)$", help_text(name, COMMANDS[name]), re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_an_example_that_parses(name: str) -> None:
    examples = examples_in_help(name)
    assert examples, f"touchstone {name} --help has no example"
    for line in examples:
        assert line.split()[1] == name
        parsed(line)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str) -> None:
    options = [param for param in COMMANDS[name].params if isinstance(param, click.Option)]
    silent = [param.name for param in options if not param.help]
    assert silent == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_on_a_page_parses(page: Path) -> None:
    for block in fenced(page, "console"):
        for line in commands_of(block):
            if line.startswith("touchstone "):
                parsed(line)
            else:
                assert line.startswith(("make ", "cd ")), line


def toml_blocks() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        yield from ((name_of(page), block) for block in fenced(page, "toml"))


def read_example(block: str) -> Any:
    """What the block is, by its first line: a mapping, a layout, a metric, margins, a plan or settings."""
    match block.splitlines()[0]:
        case "# mapping":
            return from_toml(tomllib.loads(block))
        case "# layout":
            data = tomllib.loads(block)
            assert data["recognise"]
            return from_toml({word: value for word, value in data.items() if word not in LAYOUT_WORDS})
        case "# expected":
            return tomllib.loads(block)
        case "# metric":
            return read_metric("example", block)
        case "# plan.toml":
            return checked(block, built_in())
        case "# margins":
            return checked_margins(tomllib.loads(block))
        case "# touchstone.toml":
            return read_settings(tomllib.loads(block))
        case other:
            raise AssertionError(f"the first line does not say what this is: {other}")


@pytest.mark.parametrize(("page", "block"), list(toml_blocks()))
def test_every_toml_example_is_in_the_language(page: str, block: str) -> None:
    assert read_example(block) is not None


def test_the_mapping_page_shows_every_word_of_the_language() -> None:
    page = ROOT / "docs" / "howto" / "mapping.md"
    shown: set[str] = set()
    for block in fenced(page, "toml"):
        data = tomllib.loads(block)
        shown |= set(data)
        for entry in (data.get("source"), *data.get("columns", {}).values(), *data.get("attributes", {}).values()):
            shown |= set(entry) if isinstance(entry, dict) else {"from"}
        for entry in (*data.get("unpivot", ()), *data.get("also", ())):
            shown |= set(entry)
        for entry in (take for part in data.get("also", ()) for take in part.get("columns", {}).values()):
            shown |= set(entry) if isinstance(entry, dict) else set()
    words = {field.name for field in fields(Mapping)} - {"rest"} | {"questions"}
    words |= TAKE_WORDS | language._QUESTION_WORDS
    assert {field.name for field in fields(Question)} - {"headers", "scales"} <= words
    assert words - shown == set()
    explained = set(re.findall(r"`\[?\[?(\w+)\]?\]?`", "\n".join(page.read_text("utf-8").splitlines())))
    assert words - explained == set()


def test_the_metric_page_shows_every_word_of_every_form() -> None:
    page = ROOT / "docs" / "howto" / "define-a-metric.md"
    shown: dict[str, set[str]] = {}
    for block in fenced(page, "toml"):
        for form, values in tomllib.loads(block).items():
            if isinstance(values, dict):
                shown.setdefault(form, set()).update(values)
    for name, form in FORMS.items():
        assert shown[name] == {field.name for field in fields(form)}, name


@pytest.mark.parametrize("page", METHODS, ids=lambda page: page.stem)
def test_the_numbers_of_a_methods_page_come_from_its_functions(page: Path) -> None:
    examples = doctest.DocTestParser().get_doctest(
        page.read_text("utf-8").replace("\n```\n", "\n\n"), {}, page.name, None, 0
    )
    assert examples.examples
    report: list[str] = []
    failures = doctest.DocTestRunner(verbose=False).run(examples, out=report.append).failed
    assert not failures, "".join(report)
