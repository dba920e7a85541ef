"""A file as the engine reads it: text columns in the order of its headers, nothing guessed."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from touchstone.core.errors import UnknownName
from touchstone.engine.connect import DuckDB, fresh_name, identifier, literal, parquet


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A file that the engine can read without guessing."""

    path: Path
    format: Literal["csv", "parquet"]
    headers: tuple[str, ...]
    written: tuple[str, ...] = ()  # the headers as the file has them, where that differs (Parquet)
    name: str
    options: Dict[str, object] = field(default_factory=dict)
    plain: bool = False  # nothing but spaces can stand around its cells
    made: int = 0  # how many of the headers, the last ones, stand for cells made of others

    @property
    def own(self) -> int:
        """How many columns the file itself has."""
        return len(self.headers) - self.made

    def cell(self, header: str) -> str:
        """The name that the column under `header` has inside the engine: c and its place, safe from any clash."""
        if header not in self.headers:
            raise UnknownName.among(f"column in {self.name}", header, self.headers)
        return f"c{self.headers.index(header)}"


def read(engine: DuckDB, scan: Scan) -> str:
    """A view of the file as text columns c0, c1… in the order of its headers."""
    name = fresh_name("file")
    if scan.format == "parquet":
        written = scan.written or scan.headers
        cells = (f"CAST({identifier(header)} AS VARCHAR) AS c{place}" for place, header in enumerate(written))
        query = f"SELECT {', '.join(cells)} FROM {parquet(scan.path)}"
    else:
        types = ", ".join(f"c{place}: 'VARCHAR'" for place in range(len(scan.headers)))
        options = "".join(f", {name} = {_option(value)}" for name, value in scan.options.items() if name != "columns")
        options += ", hive_partitioning = false"  # see `parquet`
        query = f"SELECT * FROM read_csv({literal(str(scan.path))}, columns = {{{types}}}{options})"
    engine.run(f"CREATE TEMPORARY VIEW {name} AS {query}")
    return name


def _option(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else literal(str(value))
