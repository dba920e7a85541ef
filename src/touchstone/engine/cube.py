"""The score cube: sums of every answer metric, kept as Parquet beside the data, so that pages need not read answers.

It holds flat sums over all dimensions and months, and tiles: the roll-ups that pages show (the whole, each dimension,
touchpoint by each other one; with and without months) with sums per replicate group, so that any of them has a
customer-clustered interval (METHODS.md 7.7). It belongs to one import number and is built anew for the next one.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock

from touchstone.core.errors import BadDefinition
from touchstone.core.period import Period
from touchstone.core.where import Condition
from touchstone.engine.cells import GROUPS, SUMS, Measure, Rollup, rollups, shape_of
from touchstone.engine.connect import parquet
from touchstone.engine.data import Data
from touchstone.stats.moments import Moments

FORMAT = 1
_MANIFEST = "cube.json"
_MONTHLY = ("year", "quarter", "month")
# labels of waves, which stand for a time where an answer has none
_YEAR, _QUARTER, _MONTH = (re.compile(text, re.ASCII) for text in (r"\d{4}(-|$)", r"\d{4}-Q[1-4]", r"\d{4}-\d{2}(-|$)"))

Group = tuple[str | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """What a question needs of the cube: `sums` per group, kind and replicate group, and the `file` they came from."""

    sums: pa.Table
    file: Path

    @property
    def kinds(self) -> int:
        """How many kinds of answers (relationship, transactional…) there are."""
        return len(self.sums["kind"].unique())

    @property
    def sql(self) -> str:
        """A query for the sums that the tile was read from."""
        return f"SELECT * FROM {parquet(self.file)}"

    def cells(self, by: Sequence[str], *, centre: float) -> list[tuple[Group, Moments]]:
        """`Moments` per group of `by`, in no order: replicate groups stand in for the clusters."""
        table = _summed(self.sums, [*by, "replicate"], SUMS)
        a, b = table["wx"], table["w"]
        held = pa.array([1] * len(table), pa.int64())
        products = {"clusters": held, "aa": pc.multiply(a, a), "ab": pc.multiply(a, b), "bb": pc.multiply(b, b)}
        names = (*SUMS, *products)
        table = pa.table({name: table[name] for name in (*by, *SUMS)} | products)
        rows = _summed(table, by, names).to_pylist() if len(table) else []
        return [
            (tuple(row[name] for name in by), Moments(centre=centre, **{name: row[name] for name in names}))
            for row in rows
        ]


@dataclass(frozen=True, slots=True)
class Cube:
    """A built cube: its folder, the import number and definitions it is of, and which file each roll-up is in."""

    folder: Path
    number: int
    measures: dict[str, str]
    files: dict[Rollup, str]

    def flat(self, measure: Measure) -> pa.Table | None:
        """Sums per kind, cell of all dimensions, month and wave (the period of answers without a date)."""
        for rollup, file in self.files.items():
            if rollup.flat and rollup.metric == measure.metric.name and self._knows(measure):
                return self._read(file)
        return None

    def tile(
        self, measure: Measure, by: Sequence[str], conditions: Sequence[Condition] = (), period: Period | None = None
    ) -> Tile | None:
        """The tile that answers a question; None where there is none, or it was built from another definition.

        `by` and the columns of `conditions` (= and in only) are dimensions of one tile, kind, year, quarter and
        month; `period` is whole months.
        """
        named = {*by, *(condition.column for condition in conditions)}
        file = self._file(measure.metric.name, named - {"kind", *_MONTHLY}, bool(period or named & {*_MONTHLY}))
        simple = all(_plain(condition) for condition in conditions) and (period is None or _of_months(period))
        table = self._read(file) if file and simple and self._knows(measure) and len({*by}) == len(by) else None
        if file is None or table is None:
            return None
        if period:
            table = table.filter(_within(table, period))
        columns = {name: _column(table, name) for name in ("kind", *named)}
        for condition in conditions:
            wanted = pa.array([str(value) for value in condition.values], pa.string())
            keep = pc.is_in(columns[condition.column], value_set=wanted)
            table, columns = table.filter(keep), {name: column.filter(keep) for name, column in columns.items()}
        keys = {name: columns[name] for name in (*by, "kind")} | {"replicate": table["replicate"]}
        sums = pa.table(keys | {name: table[name] for name in SUMS})
        return Tile(_summed(sums, list(keys), SUMS), self.folder / file)

    def _knows(self, measure: Measure) -> bool:
        return self.measures.get(measure.metric.name) == _fingerprint(measure)

    def _file(self, metric: str, dimensions: Collection[str], months: bool) -> str | None:
        for rollup, file in self.files.items():
            if (rollup.metric, rollup.months, rollup.flat) == (metric, months, False) and {*rollup.by} == dimensions:
                return file
        return None

    def _read(self, file: str) -> pa.Table | None:
        try:
            return pq.ParquetFile(self.folder / file).read()
        except (OSError, pa.ArrowInvalid):  # a newer cube took its place, or the machine went down while writing
            return None


def open_cube(data: Data, measures: Sequence[Measure], folder: Path, *, segments: Sequence[str] | None = None) -> Cube:
    """The cube of `data` below `folder`, built first if there is none that fits.

    It fits when it was built for the same import number, definitions, weights, segments, time zone, currency and
    format. While it is built others wait; older ones are removed afterwards.
    """
    place = folder / f"cube-{_key(data, measures, segments)}"
    found = _opened(place)
    if found:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        found = _opened(place)
        if found:
            return found
        for leftover in folder.glob("building-*"):
            shutil.rmtree(leftover)
        building = folder / f"building-{uuid4().hex}"
        _build(data, measures, segments, building)
        for old in folder.glob("cube-*"):
            shutil.rmtree(old, ignore_errors=True)
        building.rename(place)
    return _read_cube(place)


def _key(data: Data, measures: Sequence[Measure], segments: Sequence[str] | None) -> str:
    return _hash(
        {
            "format": FORMAT,
            "groups": GROUPS,
            "number": data.number,
            "zone": data.zone,
            "currency": data.currency,
            "segments": None if segments is None else list(segments),
            "measures": sorted(_fingerprint(measure) for measure in measures),
        }
    )


def _fingerprint(measure: Measure) -> str:
    return _hash(asdict(measure))


def _hash(parts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _build(data: Data, measures: Sequence[Measure], segments: Sequence[str] | None, folder: Path) -> None:
    folder.mkdir()
    shape = shape_of(data, segments)
    listed: list[dict[str, Any]] = []
    for measure in measures:
        if (measure.form.answers or measure.metric.name) not in shape.metrics:
            continue
        for rollup, table in rollups(data, measure, shape):
            file = f"{len(listed)}.parquet"
            pq.write_table(table, folder / file, compression="zstd")
            listed.append({"file": file, **asdict(rollup)})
    known = {measure.metric.name: _fingerprint(measure) for measure in measures}
    manifest = {"number": data.number, "measures": known, "rollups": listed}
    (folder / _MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def _opened(place: Path) -> Cube | None:
    try:
        return _read_cube(place)
    except (OSError, ValueError, KeyError):
        return None


def _read_cube(place: Path) -> Cube:
    manifest = json.loads((place / _MANIFEST).read_text(encoding="utf-8"))
    files = {
        Rollup(entry["metric"], tuple(entry["by"]), entry["months"], entry["flat"]): entry["file"]
        for entry in manifest["rollups"]
    }
    return Cube(place, manifest["number"], manifest["measures"], files)


def _plain(condition: Condition) -> bool:
    return condition.operator in ("=", "in") and all(isinstance(value, str) for value in condition.values)


def _of_months(period: Period) -> bool:
    return period.start.day == 1 and period.end.day == 1


def _within(table: pa.Table, period: Period) -> Any:
    """Months inside the period, and waves that name a period inside it, as `Data.during` has it."""
    first, end = period.start.strftime("%Y-%m"), period.end.strftime("%Y-%m")
    dated = pc.and_(pc.greater_equal(table["month"], first), pc.less(table["month"], end))
    waves = table["wave"].unique().to_pylist()
    inside = pa.array([wave for wave in waves if wave is not None and _inside(wave, period)], pa.string())
    return pc.or_(pc.fill_null(dated, False), pc.is_in(table["wave"], value_set=inside))


def _inside(wave: str, period: Period) -> bool:
    try:
        named = Period.parse(wave)
    except BadDefinition:
        return False
    return period.start <= named.start and named.end <= period.end


def _column(table: pa.Table, name: str) -> Any:
    if name not in _MONTHLY:
        return table[name]
    of_month, of_wave = _GRAINS[name]
    return pc.coalesce(_mapped(table["month"], of_month), _mapped(table["wave"], of_wave))


def _quarter(month: str) -> str:
    return f"{month[:4]}-Q{(int(month[5:7]) + 2) // 3}"


def _wave_quarter(wave: str) -> str | None:
    return wave if _QUARTER.fullmatch(wave) else _quarter(wave) if _MONTH.match(wave) else None


_GRAINS: dict[str, tuple[Callable[[str], str], Callable[[str], str | None]]] = {
    "year": (lambda month: month[:4], lambda wave: wave[:4] if _YEAR.match(wave) else None),
    "quarter": (_quarter, _wave_quarter),
    "month": (lambda month: month, lambda wave: wave[:7] if _MONTH.match(wave) else None),
}


def _mapped(column: Any, function: Callable[[str], str | None]) -> Any:
    """`function` of every text in `column`, worked out once per different text."""
    coded = column.combine_chunks().dictionary_encode()
    texts = pa.array([function(text) for text in coded.dictionary.to_pylist()], pa.string())
    return texts.take(coded.indices)


def _summed(table: pa.Table, keys: Sequence[str], names: Sequence[str]) -> pa.Table:
    found = table.group_by(list(keys)).aggregate([(name, "sum") for name in names])
    return pa.table({name: found[name] for name in keys} | {name: found[f"{name}_sum"] for name in names})
