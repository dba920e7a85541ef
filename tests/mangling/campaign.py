"""The campaign of manglings by hand: `python -m tests.mangling.campaign --seeds 1000`, or `--seed 17`.

`--page docs/how-we-test.md` writes the figures into the page.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.mangling.catalogue import drawn, load, made
from tests.mangling.oracle import Outcome, tried

_BEGIN, _END = "<!-- figures of the campaign -->", "<!-- end of the figures -->"


def run(seeds: range) -> list[Outcome]:
    """The outcome of each seed."""
    return [tried(drawn(seed)) for seed in seeds]


def figures(outcomes: list[Outcome], seconds: float) -> list[tuple[str, str]]:
    """What a campaign showed, as names and figures."""
    kinds = Counter(outcome.kind for outcome in outcomes)
    rows, aside = sum(outcome.rows for outcome in outcomes), sum(outcome.aside for outcome in outcomes)
    peak = max((outcome.peak for outcome in outcomes), default=0.0)
    different = {one.name for outcome in outcomes for one in outcome.drawn.manglings}
    return [
        ("Mangled files", f"{len(outcomes):,}"),
        ("Kinds of mangling among them", f"{len(different):,}"),
        ("Files with two or three at once", f"{sum(len(outcome.drawn.manglings) > 1 for outcome in outcomes):,}"),
        ("Imported", f"{kinds['imported']:,}"),
        ("Refused with a sentence", f"{kinds['refused']:,}"),
        ("Tracebacks", f"{kinds['traceback']:,}"),
        ("Files with any fault", f"{sum(bool(outcome.faults) for outcome in outcomes):,}"),
        ("Rows read", f"{rows:,}"),
        ("Rows set aside with a reason", f"{aside:,}"),
        ("Processor time per file", f"{sum(outcome.seconds for outcome in outcomes) / max(1, len(outcomes)):.2f} s"),
        ("Time", f"{seconds / 60:,.1f} min"),
        ("Largest memory", f"{peak:,.0f} MB"),
    ]


def written(page: Path, table: list[tuple[str, str]]) -> None:
    """Put the figures between the marks of `page`."""
    before, rest = page.read_text("utf-8").split(_BEGIN)
    rows = "".join(f"| {name} | {figure} |\n" for name, figure in table)
    page.write_text(f"{before}{_BEGIN}\n| Campaign | |\n|---|---:|\n{rows}{_END}{rest.split(_END)[1]}", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--name", help="one mangling by its name")
    parser.add_argument("--keep", type=Path, help="keep the mangled file and the workspace in this folder")
    parser.add_argument("--page", type=Path, help="write the figures into this page, between its marks")
    options = parser.parse_args()
    if options.name or options.seed is not None:
        case = made([load()[options.name]], Random(options.seed or 0)) if options.name else drawn(options.seed)
        outcome = tried(case, options.keep)
        took = f"{outcome.seconds:.1f} s, {outcome.peak:,.0f} MB"
        print(outcome, f"\n  {outcome.rows} rows, {outcome.aside} aside, {took}")
        sys.exit(bool(outcome.faults))
    begin = time.monotonic()
    outcomes = []
    for seed in range(options.first, options.first + options.seeds):
        outcomes.append(tried(drawn(seed)))
        if outcomes[-1].faults:
            print(outcomes[-1], flush=True)
    table = figures(outcomes, time.monotonic() - begin)
    print("\n".join(f"{name}: {figure}" for name, figure in table))
    if options.page:
        written(options.page, [("Seeds", f"{options.first:,} to {options.first + options.seeds - 1:,}"), *table])
    sys.exit(any(outcome.faults for outcome in outcomes))


if __name__ == "__main__":
    main()
