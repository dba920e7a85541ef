"""What people define (metrics, baselines, the plan): a TOML file each, and every version it ever had in the lake.

The file is `definitions/<kind>/<name>.toml` of the workspace; the plan, of which there is one, is `plan.toml` beside
the settings. `save` alone writes them. Whoever edits a file by hand makes a version too: it is noticed by its hash when
definitions are next read.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from touchstone.core.errors import BadDefinition, BadFile, Refused
from touchstone.lake.definitions import Version, append_versions, defining, read_versions
from touchstone.workspace import SETTINGS_FILE

Check = Callable[[str, str], object]  # (name, text); raises BadDefinition where the text does not hold

PLAN = "plan"
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,79}")


@dataclass(frozen=True, slots=True)
class Definitions:
    """The definitions of one workspace, by its folder."""

    folder: Path

    @property
    def lake(self) -> Path:
        """Where the versions are kept."""
        return self.folder / "data"

    def path(self, kind: str, name: str) -> Path:
        """The file of a definition."""
        return self.folder / "plan.toml" if kind == PLAN else self.folder / "definitions" / kind / f"{name}.toml"

    def names(self, kind: str) -> list[str]:
        """The names of this kind that have a file, in order."""
        if kind == PLAN:
            return [PLAN] if self.path(PLAN, PLAN).is_file() else []
        folder = self.folder / "definitions" / kind
        return sorted(file.stem for file in folder.glob("*.toml")) if folder.is_dir() else []

    def history(self, kind: str, name: str) -> list[Version]:
        """Every version of one definition, oldest first."""
        return [one for one in self.versions(kind) if one.name == name]

    def versions(self, kind: str) -> list[Version]:
        """Every version of everything of this kind, by name, oldest first."""
        return [one for one in read_versions(self.lake) if one.kind == kind]

    def save(self, kind: str, name: str, body: str, *, check: Check, author: str = "") -> Version:
        """Write a definition and keep it as a new version; the same text again is the version that it was.

        `check` refuses a text before anything is written. The file is replaced whole, then its version is kept: killed
        in between, the file counts as edited by hand.
        """
        if not _NAME.fullmatch(name):
            raise BadDefinition(
                f"'{name}' cannot be a name here.", hint="use up to 80 lower-case letters, digits and underscores."
            )
        check(name, body)
        path = self.path(kind, name)
        with defining(self.lake):
            held = self.history(kind, name)
            before = _text(path) if path.is_file() else None
            fresh = []
            if before is not None and _edited(held, before):  # an edit by hand is kept, not written over
                fresh.append(_next(held, kind, name, before, author=account(), by_hand=True))
            if _edited([*held, *fresh], body):
                fresh.append(_next([*held, *fresh], kind, name, body, author=author or account(), by_hand=False))
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".unfinished")
            unfinished.write_text(body, encoding="utf-8", newline="")
            unfinished.replace(path)
            if fresh:
                append_versions(self.lake, fresh)
            return [*held, *fresh][-1]

    def current(self, kind: str, *, check: Check) -> dict[str, Version]:
        """The newest version of each definition of this kind that has a file.

        A file that was changed by hand becomes a version first, if `check` lets it pass. Where the workspace cannot be
        written to, the version is told and not kept.
        """
        bodies = {name: self._read(kind, name, check) for name in self.names(kind)}
        if not bodies:
            return {}
        held = self._held(kind, bodies)
        if any(_edited(held[name], body) for name, body in bodies.items()):
            held = self._noticed(kind, bodies)
        return {name: versions[-1] for name, versions in held.items()}

    def _read(self, kind: str, name: str, check: Check) -> str:
        body = _text(self.path(kind, name))
        check(name, body)
        return body

    def _held(self, kind: str, names: Iterable[str]) -> dict[str, list[Version]]:
        held: dict[str, list[Version]] = {name: [] for name in names}
        for one in self.versions(kind):
            if one.name in held:
                held[one.name].append(one)
        return held

    def _noticed(self, kind: str, bodies: dict[str, str]) -> dict[str, list[Version]]:
        """The versions of each, the newest of them as its file is now; kept, unless nothing can be written here."""
        if not (self.folder / SETTINGS_FILE).is_file():
            return _with_edits(kind, bodies, self._held(kind, bodies))
        try:
            with defining(self.lake):
                held = self._held(kind, bodies)
                found = _with_edits(kind, bodies, held)
                fresh = [versions[-1] for name, versions in found.items() if len(versions) > len(held[name])]
                if fresh:
                    append_versions(self.lake, fresh)
                return found
        except (OSError, Refused):
            return _with_edits(kind, bodies, self._held(kind, bodies))


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile(f"{path} is not UTF-8 text.", hint="save it as UTF-8 in your editor.") from None


def _edited(held: Sequence[Version], body: str) -> bool:
    return not held or held[-1].hash != _hash(body)


def _with_edits(kind: str, bodies: dict[str, str], held: dict[str, list[Version]]) -> dict[str, list[Version]]:
    """`held` with one more version of each whose text is another now."""
    return {
        name: [*held[name], _next(held[name], kind, name, body, author=account(), by_hand=True)]
        if _edited(held[name], body)
        else held[name]
        for name, body in bodies.items()
    }


def _next(held: Sequence[Version], kind: str, name: str, body: str, *, author: str, by_hand: bool) -> Version:
    return Version(
        kind=kind,
        name=name,
        version=held[-1].version + 1 if held else 1,
        saved_at=datetime.now(UTC),
        author=author,
        by_hand=by_hand,
        hash=_hash(body),
        body=body,
    )


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8")).hexdigest()


def account() -> str:
    """Who runs this: TOUCHSTONE_AUTHOR, else the account's name."""
    named = os.environ.get("TOUCHSTONE_AUTHOR", "").strip()
    if named:
        return named[:200]
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
