"""The command as a whole, in a process of its own: what it loads, what it answers, where it prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Touchstone

from touchstone import __version__
from touchstone.cli.main import COMMANDS

COMMAND = [sys.executable, "-c", "from touchstone.cli.main import main; main()"]


def called(*args: str, here: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *args], cwd=here, capture_output=True, text=True, timeout=60, check=False)


def test_help_names_every_command(tmp_path: Path) -> None:
    run = called("--help", here=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    for name in COMMANDS:
        assert f"\n  {name} " in run.stdout


def test_the_bare_command_shows_what_there_is(tmp_path: Path) -> None:
    run = called(here=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == called("--help", here=tmp_path).stdout


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    assert __version__ in called("--version", here=tmp_path).stdout


def test_an_error_goes_to_stderr_with_status_2(tmp_path: Path) -> None:
    run = called("score", "nps", here=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("Error: There is no workspace")


@pytest.mark.parametrize("command", list(COMMANDS))
def test_a_wrong_option_is_refused_in_a_sentence(touchstone: Touchstone, tmp_path: Path, command: str) -> None:
    run = touchstone(command, "--no-such-option", here=tmp_path)
    assert (run.status, run.out) == (2, "")
    assert "--no-such-option" in run.err


def test_a_disk_that_is_full_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    called("init", "here", here=tmp_path)
    rows = "".join(f"R{n},2024-01-05,{n % 11},{'%032x' % (n * 7919**5)}\n" for n in range(30_000))
    (tmp_path / "here" / "survey.csv").write_text(f"ResponseId,Date,NPS,Comment\n{rows}", "utf-8")
    bounded = ["bash", "-c", 'ulimit -f 400; exec "$0" "$@"', *COMMAND, "add", "survey.csv"]
    run = subprocess.run(bounded, cwd=tmp_path / "here", capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2 and "Traceback" not in run.stderr, run.stderr
    assert "Error: " in run.stderr and "Hint: make room" in run.stderr
    assert "Nothing was imported yet" in called("imports", here=tmp_path / "here").stdout
    assert called("add", "survey.csv", here=tmp_path / "here").returncode == 0
