"""`plan`: an empty state that teaches, a first plan that parses, baselines that stay, and lines that break visibly."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from pathlib import Path

import pytest
from tests.cli.company import email, write_csv
from tests.cli.conftest import Touchstone

SNAPSHOT = Path(__file__).parent / "plan.txt"
PLAN = """# ours: this comment stays
goals = ["retention", "loyalty"]
journey = ["Buy", "Receive"]

[moments.checkout]
stage = "Buy"
touchpoints = ["checkout"]
instruments = ["survey"]
feeling = "csat"
cadence = "yearly"
sample = 100
owner = "Shop"
money = { metric = "sales" }

[moments.delivery]
stage = "Receive"
touchpoints = ["delivery"]
instruments = ["survey", "events", "reviews"]
feeling = "csat"
behaviour = { metric = "resolution_time", whole = true }
cadence = "yearly"
sample = 50
owner = "Logistics"
money = { amount = "1200", currency = "EUR", source = "controlling" }

[metrics.nps]
baseline = "2024"
target = "+3"
review = 2025-06-30
owner = "CX"

[[metrics.nps.benchmarks]]
value = 41
source = "Trade study"
date = 2025-05-01
n = 12000

[metrics.sales]
baseline = "2024"
target = "+5%"
review = 2999-12-31
owner = "Shop"

[metrics.ces]
target = "+3"
"""


@pytest.fixture
def home(company: Path, tmp_path: Path) -> Path:
    """A copy of the company's workspace, to be written to."""
    return Path(shutil.copytree(company, tmp_path / "company"))


@pytest.fixture
def planned(home: Path) -> Path:
    (home / "plan.toml").write_text(PLAN, "utf-8")
    return home


@pytest.fixture
def small(home: Path) -> Path:
    """A plan that follows one metric and nothing else."""
    (home / "plan.toml").write_text('[metrics.nps]\nbaseline = "2024"\ntarget = "+3"\n', "utf-8")
    return home


def survey(home: Path, name: str, header: str, year: int, recommend: int, people: int = 20) -> Path:
    rows: list[tuple[object, ...]] = [("Response ID", "Submitted", "Email", header)]
    rows += [(f"{name}{n}", f"{year}-03-{1 + n % 28:02} 09:00", email(n), recommend) for n in range(people)]
    rows += [(f"{name}x{n}", f"{year}-04-{1 + n % 28:02} 09:00", email(n), n % 11) for n in range(people)]
    return write_csv(home / f"{name}.csv", rows)


def test_without_a_plan_it_teaches_what_one_is_and_how_to_begin(touchstone: Touchstone, company: Path) -> None:
    run = touchstone("plan", here=company)
    assert (run.status, run.err) == (0, "")
    assert run.out.startswith("There is no plan yet.")
    assert "touchstone plan init --goal" in run.out
    assert touchstone("plan", "--json").records is None


def test_a_first_plan_is_suggested_from_the_data_and_parses(touchstone: Touchstone, home: Path) -> None:
    run = touchstone("plan", "init", "--goal", "reputation", "--journey", "engage-to-expand", here=home)
    assert run.status == 0, run.err
    text = (home / "plan.toml").read_text("utf-8")
    found = tomllib.loads(text)
    assert found["goals"] == ["reputation"]
    assert found["moments"]["delivery"]["touchpoints"] == ["delivery"]
    assert found["moments"]["delivery"]["feeling"] == "csat"
    assert "which the data cannot tell yet" in text
    assert text.count("#") > 20


def test_a_plan_is_suggested_without_any_data_too(touchstone: Touchstone, fresh: Path) -> None:
    assert touchstone("plan", "init", here=fresh).status == 0
    run = touchstone("plan")
    assert run.status == 0, run.err
    assert "no moment is named" in run.out and "nothing in the data is money" in run.out


def test_a_plan_is_never_written_over(touchstone: Touchstone, planned: Path) -> None:
    run = touchstone("plan", "init", here=planned)
    assert run.status == 2 and "There is a plan already" in run.err
    assert (planned / "plan.toml").read_text("utf-8") == PLAN


def test_the_whole_state_is_printed(touchstone: Touchstone, planned: Path) -> None:
    for name in ("nps", "sales"):
        assert touchstone("plan", "freeze", name, here=planned).status == 0
    run = touchstone("plan")
    assert (run.status, run.err) == (0, "")
    shown = re.sub(r"frozen \d{4}-\d{2}-\d{2}", "frozen TODAY", run.out)
    if os.environ.get("TOUCHSTONE_SNAPSHOTS") == "write":
        SNAPSHOT.write_text(shown, "utf-8")
    assert shown == SNAPSHOT.read_text("utf-8")
    assert (planned / "plan.toml").read_text("utf-8") == PLAN  # comments and all


def test_what_is_missing_is_told_at_its_step(touchstone: Touchstone, planned: Path) -> None:
    steps = {step["step"]: step["missing"] for step in touchstone("plan", "--json", here=planned).records["steps"]}
    assert list(steps) == ["goals", "journey", "tools", "KPIs", "collection", "analysis", "revenue"]
    assert steps["goals"] == []
    assert any("reviews has brought nothing yet" in gap for gap in steps["tools"])
    assert "Checkout: nothing measures behaviour" in steps["KPIs"]
    assert "ces: its target has no baseline: touchstone plan freeze ces --period P" in steps["KPIs"]
    assert any("wanted" in gap for gap in steps["collection"])
    assert "nps: the review was due on 2025-06-30" in steps["analysis"]


def test_the_queries_behind_the_numbers_are_printed_and_give_them_again(touchstone: Touchstone, planned: Path) -> None:
    for name in ("nps", "sales"):
        assert touchstone("plan", "freeze", name, here=planned).status == 0
    run = touchstone("plan", "--sql")
    assert (run.status, run.err) == (0, "")
    heads = [line for line in run.out.splitlines() if line.startswith("-- ")]
    assert [head.partition(" in ")[0] for head in heads] == [
        "-- checkout: feeling csat",
        "-- checkout: money sales",
        "-- checkout: answers",
        "-- delivery: feeling csat",
        "-- delivery: behaviour resolution_time",
        "-- delivery: answers",
        "-- nps:",
        "-- nps:",
        "-- ces:",
    ]
    assert heads[-3:-1] == ["-- nps: in 2024", "-- nps: in 2025-01..2025-03"]
    (score,) = re.findall(r"-- nps: in 2024\n(.*?);", run.out, re.DOTALL)
    assert score == touchstone("score", "nps", "--period", "2024", "--sql").out.strip()


def test_a_baseline_survives_new_imports_and_shows_what_moved(touchstone: Touchstone, small: Path) -> None:
    touchstone("plan", "freeze", "nps", here=small)
    before = metric(touchstone, "nps")
    late = survey(small, "late", "How likely are you to recommend us?", 2024, 10)
    assert touchstone("add", late, here=small).status == 0
    after = metric(touchstone, "nps")
    assert after["baselines"] == before["baselines"]
    assert after["drift"]["n"] == before["baselines"][0]["n"] + 40
    assert after["broken"] == ""
    assert "the frozen value stays" in touchstone("plan").out


def test_another_wording_breaks_the_line_and_re_evaluating_mends_it(touchstone: Touchstone, small: Path) -> None:
    touchstone("plan", "freeze", "nps", here=small)
    new = survey(small, "new", "Would you recommend our shop to a friend?", 2025, 8)
    assert touchstone("add", new, here=small).status == 0
    broken = metric(touchstone, "nps")
    assert "'Would you recommend our shop to a friend?' is asked since 2025-03-01 as well" in broken["broken"]
    assert (broken["change"], broken["verdict"], broken["reached"]) == (None, None, None)
    shown = touchstone("plan").out
    assert "The line is broken:" in shown and "touchstone plan re-evaluate nps --period" in shown
    assert touchstone("plan", "re-evaluate", "nps", "--period", "2025").status == 0
    mended = touchstone("plan").out
    assert "Earlier baseline: 2024" in mended and "Baseline 2025" in mended
    assert "The line is broken" not in mended


def test_a_metric_redefined_by_hand_breaks_the_line(touchstone: Touchstone, planned: Path) -> None:
    own = planned / "definitions" / "metrics" / "liked.toml"
    own.parent.mkdir(parents=True)
    text = (
        'label = "Liked"\ntable = "answers"\nunit = "%"\n[score]\nanswers = "overall_rating"\nlowest = 1\nhighest = 5\n'
    )
    own.write_text(f"{text}bands = [[1, 0], [4, 100]]\n", "utf-8")
    (planned / "plan.toml").write_text('[metrics.liked]\nbaseline = "2024"\n', "utf-8")
    assert touchstone("plan", "freeze", "liked", here=planned).status == 0
    assert metric(touchstone, "liked")["broken"] == ""
    own.write_text(f"{text}bands = [[1, 0], [5, 100]]\n", "utf-8")
    broken = metric(touchstone, "liked")
    assert "(version 1 to 2): bands was [[1.0, 0.0], [4.0, 100.0]]" in broken["broken"]
    assert broken["metric_version"] == 2


def test_frozen_records_are_those_of_the_score(touchstone: Touchstone, planned: Path) -> None:
    frozen = touchstone("plan", "freeze", "nps", "--period", "2025", "--json", here=planned).records
    (scored,) = touchstone("score", "nps", "--period", "2025", "--json").records
    assert {key: frozen[key] for key in ("value", "low", "high", "n")} == {
        key: scored[key] for key in ("value", "low", "high", "n")
    }


def metric(touchstone: Touchstone, name: str) -> dict[str, object]:
    found = touchstone("plan", "--json").records["metrics"]
    return next(one for one in found if one["name"] == name)
