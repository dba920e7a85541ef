"""Known distributions that answers are weighted to, read from a small TOML or CSV file and checked."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from touchstone.core.errors import BadDefinition, BadFile

_NEAR = 0.005  # shares that are printed rounded do not quite add up


@dataclass(frozen=True, slots=True)
class Target:
    """One margin: the column it is about, and how many of the population (or which share) each category has."""

    column: str
    values: Mapping[str, float]

    @property
    def is_shares(self) -> bool:
        """Whether the values are shares (they add up to 1 or 100) rather than counts."""
        total = sum(self.values.values())
        return any(abs(total - whole) <= _NEAR * whole for whole in (1.0, 100.0))

    def scaled(self, total: float) -> dict[str, float]:
        """The values scaled so that they add up to `total`."""
        whole = sum(self.values.values())
        return {name: value * total / whole for name, value in self.values.items()}


@dataclass(frozen=True, slots=True)
class Margins:
    """Margins of one population; `total` is its size where any of them counts it, else None."""

    targets: tuple[Target, ...]
    total: float | None


def read_margins(path: Path) -> Margins:
    """The margins in a file: TOML with a table per column, or CSV with the columns margin, category and target.

    Targets are shares (they add up to 1 or 100) or counts; margins that count must count the same population. Raises
    BadFile for what cannot be read, BadDefinition for what contradicts itself.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise BadFile(f"The margins in '{path}' cannot be read: {reason}.", hint="see docs/howto/weights.md.") from None
    found = _from_csv(text, path) if path.suffix.lower() == ".csv" else _from_toml(text, path)
    return checked(found)


def checked(found: Mapping[str, Mapping[str, Any]]) -> Margins:
    """Margins from plain data, {column: {category: target}}."""
    if not found:
        raise BadDefinition("There are no margins.", hint="give each column a table: [segment] gold = 0.2, basic = 0.8")
    targets = tuple(_target(column, values) for column, values in found.items())
    counted = [(target.column, sum(target.values.values())) for target in targets if not target.is_shares]
    for column, total in counted:
        if abs(total - counted[0][1]) > 1e-6 * counted[0][1]:
            raise BadDefinition(
                f"Margin '{counted[0][0]}' counts {counted[0][1]:,.10g} and '{column}' counts {total:,.10g}.",
                hint="margins describe one population; give shares, or counts that add up to the same.",
            )
        if total < 1.0 + _NEAR:
            raise BadDefinition(
                f"The shares of margin '{column}' add up to {total:.4g}, not to 1.", hint="name every category."
            )
    return Margins(targets, counted[0][1] if counted else None)


def _target(column: str, values: Any) -> Target:
    if not isinstance(values, Mapping) or not values:
        raise BadDefinition(
            f"Margin '{column}' has no categories.", hint="write them as a table: [segment] gold = 0.2, basic = 0.8"
        )
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value <= 0:
            raise BadDefinition(
                f"The target of '{name}' in margin '{column}' is '{value}', not a number above nought.",
                hint="leave out a category that the population does not have.",
            )
    return Target(column, {str(name): float(value) for name, value in values.items()})


def _from_toml(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadFile(f"The margins in '{path}' are not TOML: {error}.", hint="see docs/howto/weights.md.") from None


def _from_csv(text: str, path: Path) -> dict[str, dict[str, float | str]]:
    lines = csv.DictReader(text.splitlines())
    if [str(name).strip().lower() for name in lines.fieldnames or ()] != ["margin", "category", "target"]:
        raise BadFile(
            f"The margins in '{path}' do not have the columns margin, category, target.",
            hint="give it that first line.",
        )
    found: dict[str, dict[str, float | str]] = {}
    for row in lines:
        margin, category, target = (str(value or "").strip() for value in list(row.values())[:3])
        held = found.setdefault(margin, {})
        if category in held:
            raise BadDefinition(f"Margin '{margin}' gives '{category}' twice.", hint="give each category once.")
        held[category] = _number(target)
    return found


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
