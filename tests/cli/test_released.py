"""`released`, and everything that fills it, in a workspace of a few employees' answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Touchstone


@pytest.fixture
def staff(tmp_path: Path, touchstone: Touchstone) -> Path:
    """Sixty employees of two teams, three of whom changed sides."""
    lines = ["answer_id,submission_id,question_id,customer_id,metric,score,kind,team,side"]
    for n in range(60):
        team, side = "north" if n < 40 else "south", "old" if n < 43 else "new"
        lines.append(f"a{n},s{n},nps,c{n},nps,{(10, 0, 9)[n % 3]},employee,{team},{side}")
    (tmp_path / "staff.csv").write_text("\n".join(lines), encoding="utf-8")
    home = tmp_path / "workspace"
    assert touchstone("init", str(home)).status == 0
    assert touchstone("add", str(tmp_path / "staff.csv"), "--table", "answers", here=home).status == 0
    return home


def test_what_was_given_out_is_listed_and_held_against_what_follows(staff: Path, touchstone: Touchstone) -> None:
    assert "Nothing was given out yet" in touchstone("released", here=staff).out
    assert touchstone("released", "--json").records == []
    assert touchstone("score", "nps", "--by", "team").status == 0
    later = touchstone("score", "nps", "--where", "side = old")
    assert later.status == 0
    assert "hidden: it differs by fewer than 10 people from nps by team as of import 1, given out on" in later.out
    run = touchstone("released")
    assert (run.status, run.err) == (0, "") and "nps" in run.out and "team" in run.out
    (kept,) = touchstone("released", "--json").records
    assert (kept["what"], kept["by"], kept["data_number"], kept["hidden"]) == ("nps", ["team"], 1, [])


def test_an_import_of_three_more_keeps_the_old_number(staff: Path, touchstone: Touchstone) -> None:
    first = touchstone("score", "nps", "--json", here=staff).records
    more = "".join(f"b{n},t{n},nps,d{n},nps,9,employee,north,old\n" for n in range(3))
    header = "answer_id,submission_id,question_id,customer_id,metric,score,kind,team,side\n"
    (staff / "more.csv").write_text(header + more, encoding="utf-8")
    assert touchstone("add", "more.csv", "--table", "answers").status == 0
    (now,) = touchstone("score", "nps", "--json").records
    assert now["value"] is None and now["n"] is None and "as of import 1" in str(now["reason"])
    assert touchstone("score", "nps", "--as-of", "1", "--json").records == first


def test_every_command_that_tells_numbers_knows_for_release(staff: Path, touchstone: Touchstone) -> None:
    refused = touchstone("export", "answers", "-o", "all.csv", here=staff)
    assert refused.status == 2 and "promised anonymity" in refused.err and not (staff / "all.csv").exists()
    for command in ("score nps", "units nps --by team", "banner nps --by team", "value nps"):
        run = touchstone(*command.split(), "--for-release", "--json")
        assert (run.status, run.err) == (0, ""), command
    run = touchstone("value", "nps", "--where", "side = old")
    assert run.status == 0 and "hidden" in run.out and "differs by fewer than 10 people" in run.out


def test_a_log_with_broken_lines_says_so(staff: Path, touchstone: Touchstone) -> None:
    assert touchstone("score", "nps", here=staff).status == 0
    with (staff / "released.jsonl").open("a", encoding="utf-8") as log:
        log.write("{\n")
    assert "cannot be read (1)" in touchstone("released").out
