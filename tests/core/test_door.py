"""The names that `import touchstone` offers."""

from __future__ import annotations

import subprocess
import sys

import pytest

import touchstone


@pytest.mark.parametrize("name", touchstone.__all__)
def test_every_name_at_the_door_leads_somewhere(name: str) -> None:
    assert getattr(touchstone, name).__doc__


def test_the_list_of_names_and_their_homes_agree() -> None:
    assert sorted(touchstone._HOMES) == sorted(touchstone.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nps_of_everything"):
        _ = touchstone.nps_of_everything  # type: ignore[attr-defined]


def test_importing_touchstone_loads_no_engine_and_no_numbers() -> None:
    heavy = "{'ibis', 'duckdb', 'numpy', 'scipy', 'deltalake', 'pyarrow', 'rich', 'click'}"
    code = f"import sys, touchstone; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
