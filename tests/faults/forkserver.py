"""A process that has imported everything and forks one child per trial: `add`, to be killed at a moment or at a step.

Reads one JSON object a line: {"workspace", "files", "step"?, "patience"?} forks and writes the child's number;
{"ended": number} waits for a child and writes how it ended. The process opens no table and no engine itself, because
threads do not survive a fork.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb  # noqa: F401
import ibis
import pyarrow.dataset  # noqa: F401
from deltalake import DeltaTable  # noqa: F401

from touchstone.engine import landing
from touchstone.lake import lake, leftovers, writing
from touchstone.listen import add as adding
from touchstone.listen import textfiles, workbooks  # noqa: F401
from touchstone.workspace import Workspace

BACKEND = ibis.duckdb  # asking for it loads it


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def after(function: Callable[..., Any], *, nth: int = 1) -> Callable[..., Any]:
    """`function`, and death after its `nth` call."""
    calls = 0

    def wrapped(*args: Any, **options: Any) -> Any:
        nonlocal calls
        result = function(*args, **options)
        calls += 1
        if calls == nth:
            die()
        return result

    return wrapped


def before(function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*args: Any, **options: Any) -> Any:
        die()

    return wrapped


def arrange(step: str) -> None:
    """Make this child die at a named step."""
    name, _, nth = step.partition(":")
    place: dict[str, tuple[Any, str, Callable[..., Any]]] = {
        "after a part": (landing, "write_rows", after(landing.write_rows, nth=int(nth or 1))),
        "after an append": (writing.Writer, "append", after(writing.Writer.append, nth=int(nth or 1))),
        "after a change": (writing.Writer, "change", after(writing.Writer.change, nth=int(nth or 1))),
        "before the commit": (writing, "write_import", before(writing.write_import)),
        "after the commit": (writing, "write_import", after(writing.write_import)),
        "before the end is marked": (lake, "mark_ended", before(lake.mark_ended)),
        "while discarding": (leftovers, "_take_back", after(leftovers._take_back)),
    }
    target, attribute, replacement = place[name]
    setattr(target, attribute, replacement)


def trial(order: dict[str, Any]) -> None:
    if order.get("step"):
        arrange(order["step"])
    patience = {"patience": order["patience"]} if "patience" in order else {}
    try:
        summary = adding.add(
            Workspace.open(Path(order["workspace"])), [Path(file) for file in order["files"]], **patience
        )
    except Exception as error:
        Path(order["workspace"], f"error-{os.getpid()}").write_text(str(error))
        os._exit(3)
    os._exit(0 if summary.number is not None else 1)


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if "ended" in order:
            _, status = os.waitpid(order["ended"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        child = os.fork()
        if child == 0:
            trial(order)
        print(child, flush=True)


if __name__ == "__main__":
    main()
