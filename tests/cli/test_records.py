"""`--json` of every command: each key it prints is on the page docs/reference/records.md."""

from __future__ import annotations

import shutil
from pathlib import Path

import click
import pytest
from scripts.records import COLUMN, printed, records, undocumented
from scripts.reference import commands
from tests.cli.company import email, write_csv
from tests.cli.conftest import Touchstone
from tests.cli.test_plan import PLAN

# the commands, with the sections of the page that describe what they print
RUNS: dict[str, tuple[str, ...]] = {
    "add delighted.csv": ("add",),
    "imports": ("imports",),
    "imports --set-aside": ("imports --set-aside",),
    "plan freeze sales --period 2024": ("plan freeze",),
    "plan re-evaluate nps --period 2025": ("plan re-evaluate",),
    "plan": ("plan",),
    "people --join C01 C02 --reason same": ("people --join",),
    "people --undo C03 C04": ("people --join",),
    "people": ("people",),
    "check": ("check",),
    "metrics": ("metrics",),
    "score nps --by segment": ("score",),
    "score sales": ("score",),
    "score nps --by year --baseline 2024": ("score", "score --baseline"),
    "score nps --by year --baseline 2024 --adjust segment": ("score", "score --baseline", "score --adjust"),
    "score overall_rating --rake margins.toml": ("score", "score --rake"),
    "score nps --roll-up revenue": ("score", "score --roll-up"),
    "units nps --by week": ("units",),
    "banner nps --by segment": ("banner",),
    "compare-with delighted nps --shown 40": ("compare-with",),
    "compare-with limesurvey nps": ("compare-with",),
    "transitions nps --from 2024 --to 2025": ("transitions",),
    "drivers overall_rating": ("drivers",),
    "value nps": ("value",),
    "value --holdout 3": ("value --holdout",),
    "released": ("released",),
    "export orders -o orders.csv": ("export",),
    "settings": ("settings",),
}
LAYOUTS = Path(__file__).parents[2] / "src/touchstone/listen/layouts"


@pytest.fixture(scope="module")
def home(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the company's workspace with a plan, companies, and answers of another tool."""
    from touchstone.cli.main import cli
    from touchstone.listen.add import add
    from touchstone.workspace import Workspace

    folder = Path(shutil.copytree(company, tmp_path_factory.mktemp("records") / "company"))
    (folder / "plan.toml").write_text(PLAN, "utf-8")
    (folder / "margins.toml").write_text("[segment]\ngold = 1000\nsilver = 500\nbasic = 500\n", "utf-8")
    people: list[tuple[object, ...]] = [("customer_id", "account_id")]
    files = [
        write_csv(folder / "accounts.csv", [("account_id", "annual_value"), ("A1", 10), ("A2", 30)]),
        write_csv(folder / "companies.csv", people + [(f"C{person:02}", f"A{1 + person % 2}") for person in range(20)]),
        write_csv(folder / "contacts.csv", [("customer_id", "email"), ("X1", email(1)), ("X2", email(2))]),
        Path(shutil.copy(LAYOUTS / "delighted" / "responses.csv", folder / "delighted.csv")),
        LAYOUTS / "limesurvey" / "results-survey481516.csv",
    ]
    add(Workspace.open(folder), files)
    for words in ("plan freeze nps --period 2024", "score overall_rating --by segment --for-release"):
        cli.main([*words.split(), "-w", str(folder)], prog_name="touchstone", standalone_mode=False)
    return folder


@pytest.mark.parametrize("words", RUNS)
def test_every_key_that_a_command_prints_is_documented(touchstone: Touchstone, home: Path, words: str) -> None:
    run = touchstone(*words.split(), "--json", here=home)
    assert run.status == 0, run.err
    found = renamed(run.records, words)
    assert found
    assert undocumented(found, *RUNS[words]) == set()


def test_every_command_with_records_is_run_and_has_its_section() -> None:
    told = {name for name, command in with_records()}
    sections = {section for words in RUNS.values() for section in words}
    assert told == {section.partition(" --")[0] for section in sections}
    assert sections == set(printed())
    assert [name for name in told if f"\n## touchstone {name}\n" not in records()] == []


def test_a_key_that_is_not_on_the_page_is_found() -> None:
    (score,) = printed()["score"]  # type: ignore[misc]
    assert undocumented([score], "score") == set()
    assert undocumented([score | {"new": 1}], "score") == {"new"}
    assert undocumented([score | {"value": {"deeper": 1}}], "score") == {"value.deeper"}
    assert undocumented({"numbers": {"any": {"key": 1}}}, "check") == set()


def renamed(found: object, words: str) -> object:
    """What was printed, the column of --by under the name it has on the page."""
    name = words.partition("--by ")[2].split(" ")[0]
    if isinstance(found, dict):
        return {COLUMN if key == name else key: renamed(value, words) for key, value in found.items()}
    return [renamed(each, words) for each in found] if isinstance(found, list) else found


def with_records() -> list[tuple[str, click.Command]]:
    """Every command, and command of a group, that has --json."""
    found: list[tuple[str, click.Command]] = []
    for name, command in commands().items():
        below = command.commands if isinstance(command, click.Group) else {}
        found += [(name, command), *((f"{name} {part}", one) for part, one in below.items())]
    return [(name, one) for name, one in found if any("--json" in option.opts for option in one.params)]
