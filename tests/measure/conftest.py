from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.measure.company import Company

from touchstone.engine.connect import DuckDB


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    engine = DuckDB(tmp_path / "scratch")
    folder = tmp_path / "files"
    folder.mkdir()
    yield Company(folder, engine)
    engine.close()
