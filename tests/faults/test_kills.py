"""Killed at any moment, an import is wholly there or wholly absent; repeated, it is there once, and nothing is left."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.faults.conftest import KILLED, ForkServer, Tables, alive, current, unknown_files

from touchstone.listen.add import add
from touchstone.workspace import Workspace

CUSTOMERS = "customer_id,email,segment\n"
ORDERS = "order_id,customer_id,paid_at,amount\n"
SURVEY = "response_id,email,nps,comment,submitted_at\n"
TICKETS = "ticket_id,email,opened_at,resolved_at\n"


def written(folder: Path, first: int, last: int, *, amount: int, tickets: bool) -> list[Path]:
    """One export of each tool about customers `first` to `last`; some rows cannot be taken."""
    folder.mkdir()
    people = range(first, last)
    texts = {
        "customers.csv": CUSTOMERS + "".join(f"{n},p{n}@x.example,{'gold' if n % 3 else 'blue'}\n" for n in people),
        "orders.csv": ORDERS
        + "".join(f"{n},{n},2024-01-05,{amount + n if n % 2 else n}\n" for n in people)
        + f"bad{first},1,never,1\n",
        "survey.csv": SURVEY + "".join(f"{n},p{n}@x.example,{n % 12},because {n},2024-02-01\n" for n in people),
    }
    if tickets:
        texts["tickets.csv"] = TICKETS + "".join(f"{n},q{n}@x.example,2024-01-01,2024-01-02\n" for n in people)
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [folder]


@dataclass(frozen=True)
class Story:
    """A workspace before an import, the import's files, the tables before and after, and how long writing takes."""

    workspace: Path
    files: list[Path]
    before: Tables
    after: Tables
    seconds: float


@pytest.fixture(scope="module")
def first(forks: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """An import into an empty workspace."""
    return told(forks, tmp_path_factory.mktemp("first"), later=False)


@pytest.fixture(scope="module")
def later(forks: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """An import that overlaps an earlier one: rows that are new, changed and the same, and a table that is new."""
    return told(forks, tmp_path_factory.mktemp("later"), later=True)


def told(forks: ForkServer, folder: Path, *, later: bool) -> Story:
    workspace = Workspace.create(folder / "workspace").folder
    if later:
        add(Workspace.open(workspace), written(folder / "old", 0, 40, amount=0, tickets=False))
    files = written(folder / "new", 20, 60, amount=100, tickets=True)
    seconds = []
    for turn in range(2):
        trial = Path(shutil.copytree(workspace, folder / f"trial{turn}"))
        child = forks.start(trial, files)
        mark = trial / "data" / ".importing"
        while not mark.exists() and alive(child):
            time.sleep(0.0005)
        begun = time.monotonic()
        assert forks.ended(child) == 0
        seconds.append(time.monotonic() - begun)
    after = current(folder / "trial0")
    assert {"customers", "identities", "orders", "answers", "questions", "set_aside", "tickets"} == set(after)
    return Story(workspace, files, current(workspace), after, min(seconds))


def settled(forks: ForkServer, story: Story, trial: Path) -> None:
    """The tables are as before or as after; a repeat makes them as after, and nothing unfinished is left on disk."""
    found = current(trial)
    assert found in (story.before, story.after)
    assert forks.run(trial, story.files) == (1 if found == story.after else 0)
    assert current(trial) == story.after
    assert unknown_files(trial) == set()


def campaign(forks: ForkServer, story: Story, folder: Path, kills: int) -> None:
    """Kill at moments drawn over the time an import takes, until that many kills fell inside it.

    How long that is depends on what else the machine does: where an import had ended first, less time is drawn over.
    """
    rng, seconds, inside, turn = np.random.default_rng(32), story.seconds, 0, 0
    while inside < kills and turn < 3 * kills:
        trial = Path(shutil.copytree(story.workspace, folder / f"trial{turn}"))
        killed = forks.killed_after(float(rng.uniform(0, seconds)), trial, story.files) == KILLED
        settled(forks, story, trial)
        shutil.rmtree(trial)
        inside, turn = inside + killed, turn + 1
        seconds = seconds if killed else 0.8 * seconds
    assert inside == kills


def test_twenty_kills_leave_all_or_nothing(forks: ForkServer, first: Story, later: Story, tmp_path: Path) -> None:
    campaign(forks, first, tmp_path, 8)
    campaign(forks, later, tmp_path, 12)


@pytest.mark.truth
def test_a_hundred_kills_leave_all_or_nothing(forks: ForkServer, first: Story, later: Story, tmp_path: Path) -> None:
    campaign(forks, first, tmp_path, 40)
    campaign(forks, later, tmp_path, 60)


STEPS = [
    "after a part",
    "after a part:3",
    *(f"after an append:{n}" for n in range(1, 11)),
    "before the commit",
    "after the commit",
    "before the end is marked",
]


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_a_named_step_leaves_all_or_nothing(
    forks: ForkServer, later: Story, tmp_path: Path, step: str
) -> None:
    trial = Path(shutil.copytree(later.workspace, tmp_path / "trial"))
    assert forks.run(trial, later.files, step=step) == KILLED
    committed = step in ("after the commit", "before the end is marked")
    assert current(trial) == (later.after if committed else later.before)
    settled(forks, later, trial)


def test_a_kill_before_the_first_commit_leaves_an_empty_workspace(
    forks: ForkServer, first: Story, tmp_path: Path
) -> None:
    trial = Path(shutil.copytree(first.workspace, tmp_path / "trial"))
    assert forks.run(trial, first.files, step="before the commit") == KILLED
    assert Workspace.open(trial).lake.newest() is None
    settled(forks, first, trial)


def test_a_kill_after_rows_were_changed_leaves_the_old_values(forks: ForkServer, later: Story, tmp_path: Path) -> None:
    trial = Path(shutil.copytree(later.workspace, tmp_path / "trial"))
    assert forks.run(trial, later.files, step="after a change") == KILLED
    assert current(trial) == later.before
    settled(forks, later, trial)


def test_a_kill_while_leftovers_are_taken_away_is_made_good_by_the_next(
    forks: ForkServer, later: Story, tmp_path: Path
) -> None:
    trial = Path(shutil.copytree(later.workspace, tmp_path / "trial"))
    assert forks.run(trial, later.files, step="before the commit") == KILLED
    assert forks.run(trial, later.files, step="while discarding") == KILLED
    assert current(trial) == later.before
    settled(forks, later, trial)


def test_another_import_after_a_killed_one_brings_only_itself(forks: ForkServer, later: Story, tmp_path: Path) -> None:
    trial = Path(shutil.copytree(later.workspace, tmp_path / "trial"))
    assert forks.run(trial, later.files, step="before the commit") == KILLED
    other = tmp_path / "other.csv"
    other.write_text(ORDERS + "x1,1,2024-01-05,1\n")
    assert forks.run(trial, [other]) == 0
    found = current(trial)
    assert set(found) == {*later.before, "orders"}
    assert len(found["orders"]) == len(later.before.get("orders", [])) + 1
    assert unknown_files(trial) == set()
