"""What people read when something cannot be done: one sentence and a hint on stderr, status 2, nothing on stdout.

The texts are under snapshot in `snapshots/`. Write them anew with TOUCHSTONE_SNAPSHOTS=write and read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cli.company import write_csv
from tests.cli.conftest import Touchstone

from touchstone.workspace import Workspace

SNAPSHOTS = Path(__file__).parent / "snapshots"


@dataclass(frozen=True, slots=True)
class Case:
    """A command that is refused, and where: `outside` any workspace, in a `fresh` one, in the `company`…"""

    name: str
    where: str
    args: Sequence[str]


CASES = [
    Case("no workspace", "outside", ["score", "nps"]),
    Case("no workspace named", "outside", ["score", "nps", "-w", "nowhere"]),
    Case("unknown command", "outside", ["scor", "nps"]),
    Case("unknown option", "outside", ["score", "nps", "--lvel", "3"]),
    Case("no such level", "company", ["score", "nps", "--level", "95"]),
    Case("level that is no number", "company", ["score", "nps", "--level", "high"]),
    Case("no files", "outside", ["add"]),
    Case("no metric", "outside", ["score"]),
    Case("missing file", "fresh", ["add", "surveys.csv"]),
    Case("missing file scored", "outside", ["score", "nps", "--file", "surveys.csv"]),
    Case("pattern without files", "fresh", ["add", "waves/*.csv"]),
    Case("empty file", "fresh", ["add", "empty.csv"]),
    Case("binary file", "fresh", ["add", "photo.csv"]),
    Case("folder without files", "fresh", ["add", "nothing"]),
    Case("file of unknown content", "fresh", ["add", "colours.csv"]),
    Case("file of another table", "fresh", ["add", "colours.csv", "--table", "orders"]),
    Case("unknown table", "fresh", ["add", "colours.csv", "--table", "ordres"]),
    Case("missing mapping", "fresh", ["add", "colours.csv", "--mapping", "nowhere.toml"]),
    Case("mapping with an unknown word", "fresh", ["add", "colours.csv", "--mapping", "colums.toml"]),
    Case("mapping that is no TOML", "fresh", ["add", "colours.csv", "--mapping", "colours.csv"]),
    Case("strict", "fresh", ["add", "bad.csv", "--strict"]),
    Case("workspace exists", "fresh", ["init", "."]),
    Case("unknown time zone", "outside", ["init", "new", "--timezone", "Europe/Berlim"]),
    Case("unknown currency", "outside", ["init", "new", "--currency", "euro"]),
    Case("unknown metric", "company", ["score", "npz"]),
    Case("unknown column", "company", ["score", "nps", "--by", "segmnt"]),
    Case("unknown column in a condition", "company", ["score", "nps", "--where", "segmnt = gold"]),
    Case("condition that cannot be read", "company", ["score", "nps", "--where", "segment ~ gold"]),
    Case("unknown weight", "company", ["score", "nps", "--weight", "wieght"]),
    Case("no such period", "company", ["score", "nps", "--period", "soon"]),
    Case("period outside the calendar", "company", ["score", "nps", "--period", "2025-13"]),
    Case("baseline without periods", "company", ["score", "nps", "--baseline", "2024"]),
    Case("baseline that is not there", "company", ["score", "nps", "--by", "year", "--baseline", "2019"]),
    Case("unknown import", "company", ["score", "nps", "--as-of", "9"]),
    Case("nothing imported to score", "fresh", ["score", "nps"]),
    Case("nothing imported to sum", "fresh", ["score", "sales"]),
    Case("nothing imported to explain", "fresh", ["drivers", "nps"]),
    Case("nothing imported to value", "fresh", ["value"]),
    Case("nothing imported to forecast", "fresh", ["value", "--holdout", "3"]),
    Case("nothing imported to report", "fresh", ["report"]),
    Case("drivers of what is no score", "company", ["drivers", "sales"]),
    Case("drivers of an unknown item", "company", ["drivers", "overall_rating", "--item", "delivry_rating"]),
    Case("value by what has no groups", "company", ["value", "overall_rating"]),
    Case("report without a place", "company", ["report", "-o"]),
    Case("no plan to freeze", "company", ["plan", "freeze", "nps"]),
    Case("no plan to re-evaluate", "company", ["plan", "re-evaluate", "nps"]),
    Case("unknown goal", "company", ["plan", "init", "--goal", "loyalti"]),
    Case("unknown journey", "company", ["plan", "init", "--journey", "five-e"]),
    Case("plan exists", "planned", ["plan", "init"]),
    Case("plan that is no TOML", "untidy", ["plan"]),
    Case("plan with an unknown metric", "mistaken", ["plan"]),
    Case("plan with a target that makes it worse", "worse", ["plan"]),
    Case("plan with a feeling that is a behaviour", "mixed", ["plan"]),
    Case("freeze of what the plan does not follow", "planned", ["plan", "freeze", "npz"]),
    Case("freeze without a period", "planned", ["plan", "freeze", "nps"]),
    Case("freeze in a period without answers", "planned", ["plan", "freeze", "nps", "--period", "2019"]),
    Case("re-evaluation of what was never frozen", "planned", ["plan", "re-evaluate", "nps", "--period", "2019"]),
    Case("settings that cannot be read", "broken", ["imports"]),
    Case("settings of a later format", "later", ["imports"]),
]

PLANS = {
    "planned": "[metrics.nps]\n",
    "untidy": 'goals = ["loyalty"]\n\njourney five-es\n',
    "mistaken": '[metrics.npz]\ntarget = "+3"\n',
    "worse": '[metrics.churn]\ntarget = "+3"\n',
    "mixed": '[moments.delivery]\nfeeling = "sales"\n',
}


@pytest.fixture
def places(tmp_path: Path, fresh: Path, company: Path) -> dict[str, Path]:
    """The folders that the cases are called in, with the files they name."""
    (fresh / "empty.csv").touch()
    (fresh / "photo.csv").write_bytes(bytes(range(256)) * 40)
    (fresh / "nothing").mkdir()
    write_csv(fresh / "colours.csv", [("colour", "shade"), ("red", "dark"), ("blue", "light")])
    write_csv(fresh / "bad.csv", [("order_id", "paid_at", "amount"), ("O1", "soon", "3.00")])
    (fresh / "colums.toml").write_text('table = "orders"\ncolums = {}\n', "utf-8")
    places = {"fresh": fresh, "company": company}
    for name, text in (("outside", ""), ("broken", "name = "), ("later", "format = 99\n")):
        places[name] = tmp_path / name
        places[name].mkdir()
        if text:
            (places[name] / "touchstone.toml").write_text(text, "utf-8")
    for name, text in PLANS.items():
        places[name] = Workspace.create(tmp_path / name).folder
        (places[name] / "plan.toml").write_text(text, "utf-8")
    return places


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_refusal_is_a_sentence_and_a_hint_on_stderr(
    touchstone: Touchstone, places: dict[str, Path], case: Case
) -> None:
    here = places[case.where]
    before = sorted(here.rglob("*.toml"))
    run = touchstone(*case.args, here=here)
    assert (run.status, run.out) == (2, "")
    assert run.err.startswith("Error: ")
    assert "Traceback" not in run.err
    assert sorted(here.rglob("*.toml")) == before  # nothing half-made
    _same_as_before(case, run.err.replace(str(here.resolve()), "HERE"))


def test_no_snapshot_is_left_over() -> None:
    assert {file.stem for file in SNAPSHOTS.glob("*.txt")} == {case.name.replace(" ", "_") for case in CASES}


def _same_as_before(case: Case, text: str) -> None:
    snapshot = SNAPSHOTS / f"{case.name.replace(' ', '_')}.txt"
    shown = f"$ touchstone {' '.join(case.args)}\n{text}"
    if os.environ.get("TOUCHSTONE_SNAPSHOTS") == "write":
        SNAPSHOTS.mkdir(exist_ok=True)
        snapshot.write_text(shown, "utf-8")
    assert snapshot.is_file(), "no snapshot yet: run with TOUCHSTONE_SNAPSHOTS=write and read it"
    assert shown == snapshot.read_text("utf-8")
