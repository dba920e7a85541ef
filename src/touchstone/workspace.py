"""The workspace: a folder with touchstone.toml. Opens settings, engine and data; holds no analysis."""

from __future__ import annotations

import os
import secrets
import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from touchstone.core.errors import BadDefinition, BadFile, Refused
from touchstone.core.settings import SETTINGS, Settings, read_settings
from touchstone.engine.connect import DuckDB, Engine
from touchstone.engine.contacts import Privacy
from touchstone.engine.data import Data, TableSource
from touchstone.lake.lake import Lake

SETTINGS_FILE = "touchstone.toml"
SALT_FILE = "identities.salt"
RELEASED_FILE = "released.jsonl"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder of data, mappings and definitions, and the settings they are read with."""

    folder: Path
    settings: Settings

    @classmethod
    def open(cls, folder: Path) -> Workspace:
        """The workspace in `folder`; BadFile when there is none, BadDefinition when its settings cannot be read."""
        path = folder / SETTINGS_FILE
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise BadFile(
                f"There is no workspace in '{folder}'.", hint=f"make one with: touchstone init {folder}"
            ) from None
        try:
            return cls(folder.resolve(), read_settings(tomllib.loads(text)))
        except tomllib.TOMLDecodeError as error:
            raise BadDefinition(f"{path} cannot be read: {error}.") from None

    @classmethod
    def find(cls, start: Path | None = None) -> Workspace:
        """The workspace that TOUCHSTONE_WORKSPACE names, or the nearest one from `start` (here) upwards."""
        named = os.environ.get("TOUCHSTONE_WORKSPACE")
        if start is None and named:
            return cls.open(Path(named))
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if (folder / SETTINGS_FILE).is_file():
                return cls.open(folder)
        raise BadFile(
            f"There is no workspace in '{here}' or above it.",
            hint="make one with: touchstone init DIR, or name one with -w DIR.",
        )

    @classmethod
    def create(cls, folder: Path, **settings: object) -> Workspace:
        """A new workspace with commented settings; Refused when there is one already."""
        path = folder / SETTINGS_FILE
        if path.exists():
            raise Refused(f"There is a workspace in '{folder}' already.", hint="choose another folder.")
        read_settings(settings)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Refused(f"'{folder}' cannot be made: {error.strerror}.", hint="choose another folder.") from None
        path.write_text(_settings_text(settings), encoding="utf-8")
        return cls.open(folder)

    @property
    def written(self) -> dict[str, object]:
        """The settings as they stand in the file, defaults left out."""
        return tomllib.loads((self.folder / SETTINGS_FILE).read_text(encoding="utf-8"))

    @property
    def lake(self) -> Lake:
        """The imported data."""
        return Lake(self.folder / "data")

    @property
    def released(self) -> Path:
        """The log of results that were given out of answers whose givers' anonymity counts."""
        return self.folder / RELEASED_FILE

    @property
    def scratch(self) -> Path:
        """A folder for files that nobody misses."""
        folder = self.folder / ".touchstone" / "scratch"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def privacy(self) -> Privacy:
        """How addresses are kept: which are shared, and the salt of their hashes, made when it is first needed."""
        joining = self.settings.joining
        return Privacy(shared=joining.shared, salt=self._salt() if joining.hash else "")

    def _stored(self, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Addresses as they are stored."""
        return tuple(map(self.privacy().stored, addresses)) if addresses else ()

    def _salt(self) -> str:
        path = self.folder / SALT_FILE
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if salt := path.read_text(encoding="ascii", errors="replace").strip():
                return salt
            raise BadFile(f"{path} is empty, so addresses cannot be hashed as before.") from None
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            salt = secrets.token_hex(32)
            file.write(salt + "\n")
        return salt

    def duckdb(self) -> DuckDB:
        """A fresh embedded engine that spills into this workspace."""
        return DuckDB(self.scratch)

    def data(self, *, engine: Engine | None = None, as_of: int | None = None) -> Data:
        """The data as of an import number (the newest), on `engine` (the embedded one)."""
        record = self.lake.record(as_of)
        tables = {}
        for name, version in (record.tables if record else {}).items():
            files = self.lake.files(name, version)
            tables[name] = TableSource(files.files, files.columns)
        settings, engine = self.settings, engine or self.duckdb()
        return Data(
            engine=engine,
            released=self.released,
            earlier=lambda number: self.data(engine=engine, as_of=number),
            tables=tables,
            number=record.number if record else 0,
            zone=settings.timezone,
            currency=settings.currency,
            rates=settings.rates,
            business_hours=settings.business_hours,
            weighted=tuple(record.summary.get("weighted", ())) if record else (),
            domains=settings.domains,
            now=record.imported_at if record else datetime.now(UTC),
            joining=replace(settings.joining, shared=self._stored(settings.joining.shared)),
        )


def _settings_text(given: dict[str, object]) -> str:
    lines = []
    for setting in SETTINGS:
        value = given.get(setting.name, setting.default)
        lines += [f"# {setting.help}"]
        written = _toml_value(value)
        lines += [f"{setting.name} = {written}" if written else f"# [{setting.name}]", ""]
    return "\n".join(lines)


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return ""
