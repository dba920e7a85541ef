"""Mapping files: the TOML that people edit and keep, and the layouts that Touchstone knows by their headers."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import tomli_w

from touchstone.core.errors import BadDefinition, BadFile
from touchstone.core.mapping import Mapping, Take, from_toml, to_toml


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


def mapping_words(mapping: Mapping) -> tuple[str, ...]:
    """`mapping` in a few words, one per column: what becomes what."""
    takes = {**mapping.columns, **mapping.attributes}
    words = [name if take.headers == (name,) else f"{name} = {_source(take)}" for name, take in takes.items()]
    for question in mapping.unpivot:
        scale = f" {question.scale[0]:g} to {question.scale[1]:g}" if question.scale else ""
        kind = "text" if question.text else (question.metric or "choice") + scale
        about = f" about {question.touchpoint}" if question.touchpoint else ""
        words.append(f"{kind}{about} = {question.headers[0]}")
    return tuple(words)


def _source(take: Take) -> str:
    if take.headers:
        return take.headers[0]
    if take.product:
        return " x ".join(take.product)
    return f"'{take.constant}'" if take.constant is not None else "from the file's name"


@cache
def known_layouts() -> tuple[Layout, ...]:
    """The layouts that come with Touchstone, each a TOML file of its own; the most telling first."""
    folder = resources.files("touchstone.listen") / "layouts"
    layouts = [_layout(entry.name, tomllib.loads(entry.read_text("utf-8"))) for entry in folder.iterdir()]
    return tuple(sorted(layouts, key=lambda layout: (-len(layout.recognise), layout.name)))


def _layout(file: str, data: dict[str, Any]) -> Layout:
    recognise = tuple(data.pop("recognise"))
    return Layout(file.removesuffix(".toml"), recognise, from_toml(data))
