"""Mapping files: the TOML that people edit and keep, and the layouts that Touchstone knows by their headers."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import tomli_w

from touchstone.core.errors import BadDefinition, BadFile
from touchstone.core.mapping import Mapping, from_toml, to_toml


@dataclass(frozen=True, slots=True)
class Layout:
    """A kind of file known by the headers it has: its name, and the mapping that reads it."""

    name: str
    recognise: tuple[str, ...]
    mapping: Mapping

    def fits(self, headers: Sequence[str]) -> bool:
        """Whether a file with these headers is of this kind."""
        return set(self.recognise) <= set(headers)


def read_mapping(path: Path) -> Mapping:
    """The mapping in a TOML file; BadFile or BadDefinition with the place when it cannot be read."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadFile(f"There is no mapping '{path}'.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadDefinition(f"The mapping '{path}' is not TOML: {error}.") from None
    data.pop("recognise", None)
    return from_toml(data)


def mapping_text(mapping: Mapping) -> str:
    """`mapping` as the text of a TOML file; `read_mapping` gives it back."""
    return tomli_w.dumps(to_toml(mapping))


def known_layouts() -> tuple[Layout, ...]:
    """The layouts that come with Touchstone, each a TOML file of its own; the most telling first."""
    folder = resources.files("touchstone.listen") / "layouts"
    layouts = [_layout(entry.name, tomllib.loads(entry.read_text("utf-8"))) for entry in folder.iterdir()]
    return tuple(sorted(layouts, key=lambda layout: (-len(layout.recognise), layout.name)))


def _layout(file: str, data: dict[str, Any]) -> Layout:
    recognise = tuple(data.pop("recognise"))
    return Layout(file.removesuffix(".toml"), recognise, from_toml(data))
