"""One huge mangling in a process of its own: `python -m tests.mangling.sizes_apart one_line_of_commas` prints its peak.

The file is made by a child, so that the peak of this process is that of the import.
"""

from __future__ import annotations

import multiprocessing
import shutil
import sys
from pathlib import Path
from random import Random
from tempfile import mkdtemp

from tests.mangling.catalogue import load, made
from tests.mangling.oracle import known, peak, tried


def main(name: str) -> int:
    known(made([load()[name]], Random(0)).case.good)  # before the peak counts
    folder = Path(mkdtemp(prefix="huge-"))
    context = multiprocessing.get_context("fork")
    try:
        drawn = made([load()[name]], Random(0))
        child = context.Process(target=drawn.case.write, args=(folder / "files",))
        child.start()
        child.join()
        path = next((folder / "files").iterdir())
        drawn.case.pack = lambda case, place: path
        before = peak()
        outcome = tried(drawn, folder)
        print(f"{outcome}\n  {outcome.rows} rows, {outcome.aside} aside, {outcome.seconds:.1f} s, before {before:,.0f}")
        print(f"peak {outcome.peak:.0f} MB")
        return bool(outcome.faults)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
