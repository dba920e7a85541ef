"""Mapping files: the TOML that people edit and keep, and the layouts that Touchstone knows by their headers."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import tomli_w

from touchstone.core.errors import BadDefinition, BadFile
from touchstone.core.mapping import Mapping, Take, from_toml, to_toml
from touchstone.listen.layout import plain_name

LAYOUT_WORDS = ("name", "recognise", "unless", "notes")


@dataclass(frozen=True, slots=True)
class Layout:
    """A kind of file known by its headers: its folder's name, what people call it, and the mapping that reads it.

    Each of `recognise` is one header, or several of which one must be there; none of `unless` may be. `notes` are
    sentences that a person should read, each for files that have the column it is filed under.
    """

    name: str
    title: str
    recognise: tuple[tuple[str, ...], ...]
    unless: tuple[str, ...]
    mapping: Mapping
    notes: Dict[str, str] = field(default_factory=dict)

    def fits(self, headers: Sequence[str]) -> bool:
        """Whether a file with these headers is of this kind, without regard to case and blanks around."""
        have = {plain_name(header) for header in headers}
        met = all(any(plain_name(one) in have for one in alternatives) for alternatives in self.recognise)
        return met and not any(plain_name(header) in have for header in self.unless)

    def remarks(self, headers: Sequence[str]) -> tuple[str, ...]:
        """What a person should know of a file with these headers: the layout's title, and the notes that concern it."""
        have = {plain_name(header) for header in headers}
        return (f"read as {self.title}", *(note for name, note in self.notes.items() if plain_name(name) in have))

    def likeness(self, headers: Sequence[str]) -> tuple[int, int]:
        """How telling a fit is: the number of entries met, then of the file's headers that the mapping reads."""
        have = {plain_name(header) for header in headers}
        used = {plain_name(header) for one in (self.mapping, *self.mapping.also) for header in one.used_headers()}
        return len(self.recognise), len(have & used)


def layout_of(headers: Sequence[str], signs: Sequence[str] = ()) -> Layout | None:
    """The known layout that a file with these headers fits best; None where it fits none.

    `signs` are what the reader saw beside the headers; a layout may be known by them too.
    """
    fitting = [layout for layout in known_layouts() if layout.fits((*headers, *signs))]
    return max(fitting, key=lambda layout: layout.likeness(headers), default=None)


def read_mapping(path: Path) -> Mapping:
    """The mapping in a TOML file; BadFile or BadDefinition with the place when it cannot be read."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadFile(
            f"There is no mapping '{path}'.", hint="write one with: touchstone add FILE --show-mapping > FILE.toml"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadDefinition(
            f"The mapping '{path}' is not TOML: {error}.",
            hint="compare it with one of touchstone add FILE --show-mapping",
        ) from None
    return from_toml({word: value for word, value in data.items() if word not in LAYOUT_WORDS})


def mapping_text(mapping: Mapping, *also: Mapping) -> str:
    """`mapping`, and `also` as its further readings of the same rows, as a TOML file; `read_mapping` gives it back."""
    return tomli_w.dumps(to_toml(replace(mapping, also=(*mapping.also, *also))))


def mapping_words(mapping: Mapping) -> tuple[str, ...]:
    """`mapping` in a few words, one per column: what becomes what."""
    takes = {**mapping.columns, **mapping.attributes, **{f"{name} id": take for name, take in mapping.known_as.items()}}
    words = [name if take.headers == (name,) else f"{name} = {_source(take)}" for name, take in takes.items()]
    for question in mapping.unpivot:
        scale = f" {question.scale[0]:g} to {question.scale[1]:g}" if question.scale else ""
        kind = "text" if question.text else (question.metric or "choice") + scale
        about = f" about {question.touchpoint}" if question.touchpoint else ""
        words.append(f"{kind}{about} = {question.headers[0]}")
    return tuple(words)


def _source(take: Take) -> str:
    if take.headers:
        return " + ".join((take.headers[0], *take.plus_minutes))
    if take.product:
        return " x ".join(take.product)
    if take.joined:
        return " and ".join(part[0] for part in take.joined)
    return f"'{take.constant}'" if take.constant is not None else "from the file's name"


@cache
def known_layouts() -> tuple[Layout, ...]:
    """The layouts that come with Touchstone, each a folder with its `layout.toml`; the most telling first."""
    folders = (resources.files("touchstone.listen") / "layouts").iterdir()
    layouts = [read_layout(folder) for folder in folders if (folder / "layout.toml").is_file()]
    return tuple(sorted(layouts, key=lambda layout: (-len(layout.recognise), layout.name)))


def read_layout(folder: Traversable) -> Layout:
    """The layout in a folder; BadDefinition where it cannot be read."""
    data: dict[str, Any] = tomllib.loads((folder / "layout.toml").read_text("utf-8"))
    known_by = tuple((one,) if isinstance(one, str) else tuple(one) for one in data.pop("recognise", ()))
    title, unless = str(data.pop("name", folder.name)), tuple(data.pop("unless", ()))
    notes = {str(name): str(note) for name, note in data.pop("notes", {}).items()}
    if not known_by:
        raise BadDefinition(f"The layout {folder.name} says nothing about how it is recognised.")
    return Layout(folder.name, title, known_by, unless, from_toml(data), notes)
