from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from touchstone.simulate import Company, Written, write_company


@dataclass(frozen=True)
class Export:
    """A written company, and its files as rows of texts."""

    written: Written
    read: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def rows(self, name: str) -> list[dict[str, str]]:
        if name not in self.read:
            self.read[name] = self._rows(name)
        return self.read[name]

    def _rows(self, name: str) -> list[dict[str, str]]:
        latin = name == "tickets.csv" and self.truth["company"]["dirt"]
        with self.written.paths[name].open(encoding="latin-1" if latin else "utf-8", newline="") as stream:
            return list(csv.DictReader(stream, delimiter=";" if latin else ",", restval="<missing>"))

    @property
    def truth(self) -> dict[str, Any]:
        return self.written.truth


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Export:
    return Export(write_company(Company(customers=4_000), tmp_path_factory.mktemp("clean")))


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Export:
    return Export(write_company(Company(customers=4_000, dirt=True), tmp_path_factory.mktemp("dirty")))


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Export:
    folder: Path = tmp_path_factory.mktemp("large")
    return Export(write_company(Company(customers=25_000), folder))
