"""The demo: from nothing to a report in one command, and never over anybody's own files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from touchstone.cli.main import cli
from touchstone.core.errors import BadDefinition, Refused
from touchstone.workspace import Workspace

Command = Callable[..., str]


@pytest.fixture(scope="module")
def shown(command: Command, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A small demo with the dirt of life, made where a demo was before, and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / "here"
    Workspace.create(folder, name="An earlier demo", demo=True)
    (folder / "exports").mkdir()
    (folder / "exports" / "old.csv").write_text("old", encoding="utf-8")
    return folder, command("demo", "--dir", folder, "--customers", "1000", "--dirt")


def test_one_command_prints_scores_drivers_and_the_value_table(shown: tuple[Path, str]) -> None:
    _, told = shown
    for words in (
        "Quillmoor Home: 9 files in",
        "Net Promoter Score",
        "Time to resolution, median",
        "exact sum",
        "What goes with Overall rating",
        "Delivery",
        "What customers did after they answered, by Net Promoter Score",
        "promoters",
        "correlation only",
    ):
        assert words in told
    assert "nan" not in told.lower().split()


def test_it_leaves_a_plan_with_frozen_baselines(shown: tuple[Path, str], records: Command) -> None:
    folder, _ = shown
    plan = records("plan", "-w", folder)
    assert next(step["step"] for step in plan["steps"]) == "goals"
    frozen = {one["name"]: [held["period"] for held in one["baselines"]] for one in plan["metrics"]}
    assert frozen["nps"] == frozen["retention"] == ["2024"]
    assert "goal +5 since 2024" in (folder / "report.html").read_text(encoding="utf-8")


def test_it_leaves_a_workspace_its_exports_the_truth_and_a_report(shown: tuple[Path, str]) -> None:
    folder, told = shown
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert f"The report: {folder / 'report.html'}" in told
    assert page.startswith("<!doctype html>")
    assert "Quillmoor Home" in page
    truth = json.loads((folder / "exports" / "truth.json").read_text(encoding="utf-8"))
    assert truth["company"]["customers"] == 1_000
    assert Workspace.open(folder).settings.demo
    assert not list(folder.rglob("*.unfinished"))


def test_dirt_is_set_aside_and_counted_and_the_money_is_exact(shown: tuple[Path, str], records: Command) -> None:
    folder, told = shown
    truth = json.loads((folder / "exports" / "truth.json").read_text(encoding="utf-8"))
    (sales,) = records("score", "sales", "-w", folder)
    assert float(sales["value"]) == float(truth["money"]["purchases"]["amount"])
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Rows and answers set aside" in page
    line = next(line for line in told.splitlines() if line.startswith("survey.csv"))
    assert int(line.split()[-1].replace(",", "")) > 0


def test_an_earlier_demo_is_replaced(shown: tuple[Path, str]) -> None:
    folder, _ = shown
    assert not (folder / "exports" / "old.csv").exists()
    assert Workspace.open(folder).settings.name == "Quillmoor Home"
    assert len(Workspace.open(folder).lake.imports()) == 1


def test_the_commands_it_names_next_work(shown: tuple[Path, str], command: Command) -> None:
    folder, told = shown
    assert "touchstone score nps --by region" in told
    assert "North" in command("score", "nps", "--by", "region", "-w", folder)


def refused(*arguments: object) -> BaseException | None:
    return CliRunner().invoke(cli, ["demo", *(str(argument) for argument in arguments)]).exception


def test_a_workspace_of_ones_own_is_never_touched(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "mine", name="Mine")
    (tmp_path / "mine" / "notes.txt").write_text("keep", encoding="utf-8")
    error = refused("--dir", tmp_path / "mine", "--customers", "1000")
    assert isinstance(error, Refused)
    assert "holds a workspace of yours" in error.problem
    assert (tmp_path / "mine" / "notes.txt").read_text(encoding="utf-8") == "keep"


def test_a_folder_with_other_files_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(b"x")
    error = refused("--dir", tmp_path / "photos")
    assert isinstance(error, Refused)
    assert "is not empty" in error.problem
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["one.jpg"]
    error = refused("--dir", tmp_path / "photos" / "one.jpg")
    assert isinstance(error, Refused)
    assert "is a file" in error.problem


def test_what_cannot_be_simulated_is_refused_before_the_earlier_demo_is_gone(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "demo", demo=True)
    (tmp_path / "demo" / "report.html").write_text("earlier", encoding="utf-8")
    error = refused("--dir", tmp_path / "demo", "--customers", "10")
    assert isinstance(error, BadDefinition)
    assert (tmp_path / "demo" / "report.html").read_text(encoding="utf-8") == "earlier"


def test_a_report_is_not_written_over_a_folder(shown: tuple[Path, str], tmp_path: Path) -> None:
    folder, _ = shown
    (tmp_path / "out").mkdir()
    error = CliRunner().invoke(cli, ["report", "-w", str(folder), "-o", str(tmp_path / "out")]).exception
    assert isinstance(error, Refused)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.truth
def test_a_clean_demo_sets_nothing_aside(command: Command, tmp_path: Path) -> None:
    told = command("demo", "--dir", tmp_path / "demo", "--customers", "1000", "--seed", "11")
    table = told.split("\n\n")[0].splitlines()[2:]
    assert len(table) == 8
    assert all(line.split()[-1] == "0" for line in table)
