"""The same work here and in the peers, side by side, in turn, three times each; the table of README.md.

    python benchmarks/run.py                 everything, at full size (about an hour, 15 GB of disk)
    python benchmarks/run.py flat --scale 0.1   one row of the table, at a tenth of its size, not written down

Peers run in an environment of their own, made from benchmarks/requirements.lock. Every run is a process of its own:
its imports are not timed, its peak memory is its own, and its answer is compared with the peer's.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from math import log10
from pathlib import Path

import data

HERE = Path(__file__).parent
RESULTS, README = HERE / "results.json", HERE / "README.md"
TIMES = 3
MOST_MEMORY = 2048  # MB
MARKS = ("<!-- table: begin -->", "<!-- table: end -->")
ROWS, CUSTOMERS = 20_000_000, 5_000_000


@dataclass(frozen=True)
class Run:
    """One process's report."""

    seconds: float
    peak_mb: float
    answer: list[float]


@dataclass(frozen=True)
class Work:
    """A command of ours.py or peers.py with its arguments."""

    name: str
    arguments: tuple[str, ...]
    theirs: bool = False


@dataclass
class Row:
    """One line of the table: ours over theirs is to be at most `bound`, or ours where it stands alone."""

    work: str
    against: str
    size: str
    ours: float
    theirs: float | None
    bound: float
    peak_mb: float
    unit: str = "times"
    notes: str = ""
    runs: dict[str, list[float]] = field(default_factory=dict)

    @property
    def value(self) -> float:
        return self.ours / self.theirs if self.theirs else self.ours

    @property
    def holds(self) -> bool:
        return self.value <= self.bound and self.peak_mb <= MOST_MEMORY


class Bench:
    """Where the data and the peers are, and how big the work is."""

    def __init__(self, folder: Path, scale: float) -> None:
        self.folder = folder
        self.scale = scale
        self.peers = folder / "peers" / "bin" / "python"

    def rows(self, full: int) -> int:
        """`full` at this scale."""
        return max(1000, round(full * self.scale))

    def answers(self, rows: int = ROWS) -> tuple[str, int]:
        """The folder of answers, and how many there are."""
        n = self.rows(rows)
        return str(data.answers(self.folder / f"answers-{n}", n, max(250, n * CUSTOMERS // ROWS))), n

    def ready(self) -> None:
        """Make the peers' environment unless it is there."""
        if not self.peers.exists():
            subprocess.run([sys.executable, "-m", "venv", str(self.folder / "peers")], check=True)
            lock = ["--require-hashes", "-r", str(HERE / "requirements.lock")]
            subprocess.run([str(self.peers), "-m", "pip", "install", "--quiet", *lock], check=True)

    def run(self, work: Work) -> Run:
        """One process. The files were just made or read, so that they come from memory for both."""
        python, file = (str(self.peers), "peers.py") if work.theirs else (sys.executable, "ours.py")
        command = [python, "-W", "ignore", str(HERE / file), work.name, *work.arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{work.name} failed:\n{done.stderr[-2000:]}")
        return Run(**json.loads(done.stdout.splitlines()[-1]))

    def in_turn(self, works: Sequence[Work]) -> dict[str, list[Run]]:
        """Every work once, then again, and again."""
        runs: dict[str, list[Run]] = {work.name: [] for work in works}
        for _ in range(TIMES):
            for work in works:
                runs[work.name].append(self.run(work))
        return runs


def pair(
    runs: dict[str, list[Run]], ours: str, theirs: str, *, work: str, against: str, size: str, bound: float
) -> Row:
    """Two works of one answer, as a row of the table; the medians of their times are compared."""
    one, other = runs[ours][0].answer, runs[theirs][0].answer
    if ours != "nps_replicate" and any(abs(a - b) > 1e-5 * max(1.0, abs(b)) for a, b in zip(one, other, strict=True)):
        raise SystemExit(f"{ours} gives {one}, {theirs} gives {other}")
    return Row(
        work=work,
        against=against,
        size=size,
        ours=_median(runs[ours]),
        theirs=_median(runs[theirs]),
        bound=bound,
        peak_mb=max(run.peak_mb for run in runs[ours]),
        runs={name: [run.seconds for run in runs[name]] for name in (ours, theirs)},
    )


def alone(runs: list[Run], *, work: str, against: str, size: str, bound: float, notes: str = "") -> Row:
    """A work with a limit in seconds."""
    peak = max(run.peak_mb for run in runs)
    times = {work: [run.seconds for run in runs]}
    return Row(work, against, size, _median(runs), None, bound, peak, unit="seconds", notes=notes, runs=times)


def flat(bench: Bench) -> list[Row]:
    folder, n = bench.answers()
    peers = {"flat_duckdb": ("hand-written SQL", 1.5), "flat_polars": ("polars", 1.3), "flat_pandas": ("pandas", 0.2)}
    runs = bench.in_turn([Work("flat", (folder,)), *(Work(name, (folder,), theirs=True) for name in peers)])
    size = f"{n:,} answers, 5 dimensions"
    return [
        pair(runs, "flat", name, work="flat score cube", against=against, size=size, bound=bound)
        for name, (against, bound) in peers.items()
    ]


def nps(bench: Bench) -> list[Row]:
    folder, n = bench.answers()
    works = [Work("nps_exact", (folder,)), Work("nps_replicate", (folder,))]
    runs = bench.in_turn([*works, *(Work(name, (folder,), theirs=True) for name in ("nps_duckdb", "nps_pandas"))])
    size = f"{n:,} answers, 3 columns"
    sql, pandas = "hand-written two-level SQL", "row-level linearisation in pandas"
    return [
        pair(runs, ours, theirs, work=f"clustered NPS, {form}", against=against, size=size, bound=bound)
        for ours, form, theirs, against, bound in (
            ("nps_exact", "exact", "nps_duckdb", sql, 1.5),
            ("nps_replicate", "replicate groups", "nps_duckdb", sql, 1.0),
            ("nps_exact", "exact", "nps_pandas", pandas, 0.2),
            ("nps_replicate", "replicate groups", "nps_pandas", pandas, 0.2),
        )
    ]


def tile(bench: Bench) -> list[Row]:
    folder, n = bench.answers()
    cube = bench.run(Work("cube", (folder,)))
    runs = bench.in_turn([Work("tile", (folder,)), Work("tile_from_answers", (folder,))])
    query = _median(runs["tile_from_answers"])
    built = f"building the cube {_seconds(cube.seconds)}, {cube.peak_mb:,.0f} MB"
    told = f"the query on the answers takes {_seconds(query)}; {built}"
    work, size = "a tile of the built cube with its interval", f"{n:,} answers"
    return [alone(runs["tile"], work=work, against="a limit of 50 ms", size=size, bound=0.05, notes=told)]


def imports(bench: Bench) -> list[Row]:
    n = bench.rows(5_000_000)
    file = str(data.table_to_import(bench.folder, n, n // 5))
    workspace, size = str(bench.folder / "workspace"), f"{n:,} rows"
    first, again = Work("first_import", (file, workspace)), Work("second_import", (file, workspace))
    runs = bench.in_turn([first, again, Work("copy_duckdb", (file, str(bench.folder)), theirs=True)])
    for name in ("first_import", "second_import"):  # rows set aside are not taken, and none are the second time
        runs[name] = [Run(run.seconds, run.peak_mb, runs["copy_duckdb"][0].answer) for run in runs[name]]
    copy = "DuckDB's own CSV-to-Parquet copy"
    return [
        pair(runs, "first_import", "copy_duckdb", work="first import of a CSV", against=copy, size=size, bound=2.5),
        pair(runs, "second_import", "copy_duckdb", work="the same file again", against=copy, size=size, bound=1.0),
    ]


def drivers(bench: Bench) -> list[Row]:
    n = bench.rows(1_000_000)
    folder = str(data.battery(bench.folder / f"battery-{n}", n, n * 3 // 10))
    runs = bench.in_turn([Work("drivers", (folder,)), Work("drivers_crosstabs", (folder,), theirs=True)])
    work, against = "LMG of 12 items with clustered intervals", "crosstabs (points only)"
    return [pair(runs, "drivers", "drivers_crosstabs", work=work, against=against, size=f"{n:,} rows", bound=1.0)]


def buying(bench: Bench) -> list[Row]:
    n = bench.rows(1_000_000)
    folder = str(data.histories(bench.folder / f"histories-{n}", n))
    runs = bench.in_turn([Work("buying", (folder,)), Work("buying_lifetimes", (folder,), theirs=True)])
    size = f"{n:,} customers, weekly"
    return [pair(runs, "buying", "buying_lifetimes", work="BG/NBD fit", against="lifetimes", size=size, bound=0.05)]


def growth(bench: Bench) -> list[Row]:
    """Slope of log time against log rows over two decades, at most 1.1."""
    rows = []
    sizes = [bench.answers(full) for full in (200_000, 2_000_000, ROWS)]
    for name, told in (("flat", "flat score cube"), ("nps_exact", "clustered NPS, exact")):
        runs = [[bench.run(Work(name, (folder,))) for folder, _ in sizes] for _ in range(TIMES)]
        medians = [_median([turn[i] for turn in runs]) for i in range(len(sizes))]
        logs = [log10(n) for _, n in sizes]
        slope = statistics.linear_regression(logs, [log10(seconds) for seconds in medians]).slope
        peak = max(run.peak_mb for turn in runs for run in turn)
        size = ", ".join(f"{n:,}" for _, n in sizes)
        row = Row(f"{told}: growth with rows", "a slope of 1.1", size, slope, None, 1.1, peak, unit="slope")
        row.notes = ", ".join(_seconds(seconds) for seconds in medians)
        rows.append(row)
    return rows


def start(bench: Bench) -> list[Row]:
    """From nothing to `import touchstone` and to the end of `touchstone --help`."""
    clock = "import time; t = time.perf_counter(); import touchstone; print(time.perf_counter() - t)"
    imported = [float(_output([sys.executable, "-c", clock])) for _ in range(2 * TIMES)]
    helped = [_timed([str(Path(sys.executable).parent / "touchstone"), "--help"]) for _ in range(2 * TIMES)]
    return [
        alone(
            [Run(s, 0, []) for s in imported], work="import touchstone", against="a limit of 0.2 s", size="", bound=0.2
        ),
        alone(
            [Run(s, 0, []) for s in helped], work="touchstone --help", against="a limit of 0.5 s", size="", bound=0.5
        ),
    ]


WORKS: dict[str, Callable[[Bench], list[Row]]] = {
    work.__name__: work for work in (start, flat, nps, tile, imports, drivers, buying, growth)
}


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _timed(command: list[str]) -> float:
    began = time.perf_counter()
    _output(command)
    return time.perf_counter() - began


def _median(runs: Sequence[Run]) -> float:
    return statistics.median(run.seconds for run in runs)


def _seconds(value: float) -> str:
    return f"{value * 1000:,.0f} ms" if value < 1 else f"{value:,.1f} s"


def told(row: Row) -> str:
    """One line of the table."""
    peak = f"{row.peak_mb:,.0f} MB" if row.peak_mb else "–"
    verdict = "yes" if row.holds else "**no**"
    if row.unit == "slope":
        cells = [f"slope {row.ours:.2f}", "–", "–", f"{row.bound:g}"]
    elif row.theirs is None:
        cells = [_seconds(row.ours), "–", "–", _seconds(row.bound)]
    else:
        faster = f"{1 / row.value:.1f} times faster" if row.value < 1 else f"{row.value:.2f} times"
        wanted = f"{1 / row.bound:g} times faster" if row.bound < 1 else f"within {row.bound:g} times"
        cells = [_seconds(row.ours), _seconds(row.theirs), faster, wanted]
    notes = f" ({row.notes})" if row.notes else ""
    return f"| {row.work}{notes} | {row.size} | {row.against} | " + " | ".join([*cells, peak, verdict]) + " |"


def table(rows: Sequence[Row]) -> str:
    """All lines under their heads."""
    heads = ["work", "size", "against", "Touchstone", "peer", "ratio", "asked for", "peak memory", "holds"]
    return "\n".join(["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|", *(told(row) for row in rows)])


def versions(bench: Bench) -> str:
    """What ran."""
    names = ("duckdb", "polars", "pandas", "lifetimes", "crosstabs")
    clock = f"from importlib.metadata import version; print(', '.join(f'{{n}} {{version(n)}}' for n in {names}))"
    peers = _output([str(bench.peers), "-c", clock]).strip()
    mine = ", ".join(
        f"{name} {version(name)}" for name in ("touchstone-cx", "duckdb", "ibis-framework", "numpy", "scipy")
    )
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"{datetime.now(UTC):%Y-%m-%d}; {machine}. Touchstone: {mine}. Peers: {peers}."


def write(work: str, rows: Sequence[Row], bench: Bench) -> None:
    """Keep these rows and put the whole table into README.md."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    kept[work] = {"versions": versions(bench), "rows": [vars(row) for row in rows]}
    RESULTS.write_text(json.dumps({name: kept[name] for name in WORKS if name in kept}, indent=1) + "\n")
    everything = [Row(**row) for name in WORKS if name in kept for row in kept[name]["rows"]]
    text = README.read_text(encoding="utf-8")
    before, after = text.split(MARKS[0])[0], text.split(MARKS[1])[1]
    lines = [MARKS[0], "", table(everything), "", f"Measured {kept[work]['versions']}", "", MARKS[1]]
    README.write_text(before + "\n".join(lines) + after, encoding="utf-8")


def main() -> None:
    """Run the works named, or all; write them down when they ran at full size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="*", choices=[[], *WORKS], help=", ".join(WORKS))
    parser.add_argument("--scale", type=float, default=1.0, help="part of the full size")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "touchstone-benchmarks")
    parser.add_argument("--clean", action="store_true", help="remove the data afterwards")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(given.folder, given.scale)
    bench.ready()
    for name in given.works or WORKS:
        rows = WORKS[name](bench)
        print(table(rows), flush=True)
        if given.scale == 1.0:
            write(name, rows, bench)
    if given.clean:
        shutil.rmtree(given.folder)


if __name__ == "__main__":
    main()
