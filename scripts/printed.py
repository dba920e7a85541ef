"""Run the commands in the README, the tutorial and the guides anew and write what they print below them.

    python scripts/printed.py [PAGE...]

A block is taken that follows the line `<!-- printed -->` and is fenced as `console`. The blocks of one page are run one
after the other in an empty folder; a guide has its own `files` there. Takes about a minute. Tests run the guides and
compare every character; of the others every day the imports and scores of a smaller company, line by line but for the
numbers, and among the long proofs everything.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
FILES = (Path("README.md"), Path("docs/tutorial.md"))
OWN_FILES = (Path("docs/howto/import-files.md"),)
Runner = Callable[[Sequence[str], Path], str]

_BLOCK = re.compile(r"(?<=<!-- printed -->\n```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


def blocks(text: str) -> list[str]:
    """The printed blocks of a page."""
    return _BLOCK.findall(text)


def commands_of(block: str) -> list[str]:
    """The commands of a block, without the dollar before them."""
    return [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]


def outputs(block: str) -> list[str]:
    """What each command of a block prints."""
    return [part.partition("\n")[2] for part in f"\n{block}".split("\n$ ")[1:]]


def rerun(text: str, run: Runner, folder: Path) -> str:
    """`text` with what the commands of its blocks print when they are run one after the other in `folder`."""
    here = folder.resolve()
    own_path = f"{here}{os.sep}"

    def block(match: re.Match[str]) -> str:
        nonlocal here
        lines = []
        for command in commands_of(match[0]):
            words = shlex.split(command)
            lines.append(f"$ {command}")
            if words[0] == "cd":
                here = (here / words[1]).resolve()
                continue
            out = run(words, here).replace(own_path, "").strip("\n")
            lines += [line.rstrip() for line in out.split("\n") if out]
        return "\n".join(lines) + "\n"

    return _BLOCK.sub(block, text)


def run_command(words: Sequence[str], here: Path) -> str:
    """What a command prints on stdout; `make demo` stands for the command behind it."""
    if list(words) == ["make", "demo"]:
        words = ["touchstone", "demo"]
    if words[0] != "touchstone":
        raise ValueError(f"only touchstone commands are run, not {words[0]}")
    command = [sys.executable, "-c", "from touchstone.cli.main import main; main()", *words[1:]]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{shlex.join(words)} failed: {done.stderr}")
    return done.stdout


def main() -> None:
    """Rewrite the pages named, or all."""
    for path in map(Path, sys.argv[1:]) if sys.argv[1:] else (*FILES, *OWN_FILES):
        with TemporaryDirectory() as folder:
            if path in OWN_FILES:
                shutil.copytree((ROOT / path).parent / "files", Path(folder) / "files")
            text = rerun((ROOT / path).read_text("utf-8"), run_command, Path(folder))
        (ROOT / path).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
