"""The source explains itself, starts quickly, and keeps to its rooms."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.pages import ROOT

SOURCE = ROOT / "src" / "touchstone"
MODULES = sorted(SOURCE.rglob("*.py"))
EXPLAINED = ("core", "stats", "engine", "lake", "listen", "measure", "understand", "value", "report")
_HEAVY = "print(sorted({name.split('.')[0] for name in sys.modules} & {'ibis', 'duckdb', 'scipy', 'numpy', 'pyarrow'}))"

Explained = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def short(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def public(path: Path) -> Iterator[Explained]:
    """Public functions and classes."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, Explained) and not node.name.startswith("_"):
            yield node


def printed_by(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


@pytest.mark.parametrize("path", [path for path in MODULES if short(path).split("/")[0] in EXPLAINED], ids=short)
def test_everything_public_is_explained(path: Path) -> None:
    assert [node.name for node in public(path) if not ast.get_docstring(node)] == []


def test_importing_the_package_loads_no_engine_and_no_numbers() -> None:
    assert printed_by(f"import sys, touchstone; {_HEAVY}") == "[]"


def test_help_loads_no_engine_and_no_numbers() -> None:
    code = f"import sys; sys.argv = ['touchstone', '--help']\nfrom touchstone.cli.main import main; main(); {_HEAVY}"
    assert printed_by(code) == "[]"


def test_an_analysis_never_loads_scipy_stats() -> None:
    code = (
        "import sys, touchstone.measure.score, touchstone.understand.drivers, touchstone.value.table\n"
        "print('scipy.stats' in sys.modules)"
    )
    assert printed_by(code) == "False"


def test_rooms_keep_to_their_arrows() -> None:
    lint = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
