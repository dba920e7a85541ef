"""Errors a person can act on: each says in one sentence what is wrong, and in another what to try next."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Self
from unicodedata import category

_RULING = ("Cc", "Cf", "Cs")  # control letters, marks that nobody sees, halves of letters


class TouchstoneError(Exception):
    """Everything that the command line and the pages show as a plain message.

    `problem` is one sentence; `hint` what to try next (may be empty); `status` the HTTP status a page answers with.
    Anything that is not a `TouchstoneError` is our bug and keeps its traceback.
    """

    status = 400

    def __init__(self, problem: str, *, hint: str = "") -> None:
        self.problem = _one_line(problem)
        super().__init__(self.problem)
        self.hint = _one_line(hint)

    def __str__(self) -> str:
        return f"{self.problem}\nHint: {self.hint}" if self.hint else self.problem


def _one_line(text: str) -> str:
    """`text` without letters that rule a terminal: names of files and columns are in it, and they may be hostile."""
    if text.isprintable():
        return text
    lines = " ".join(text.split())
    return "".join("\ufffd" if category(letter) in _RULING else letter for letter in lines)


class UnknownName(TouchstoneError):
    """A metric, column, table or file was asked for by a name that does not exist."""

    status = 404

    @classmethod
    def among(cls, kind: str, name: str, known: Collection[str]) -> Self:
        """The error for `name`, with its nearest neighbours among `known` as the hint."""
        close = get_close_matches(name, known, n=3) or [k for k in known if k.casefold() == name.casefold()]
        if close:
            hint = f"did you mean {' or '.join(close)}?"
        elif known:
            shown = sorted(known)
            more = f" and {len(shown) - 20} more" if len(shown) > 20 else ""
            hint = f"choose from {', '.join(shown[:20])}{more}."
        else:
            hint = f"there is no {kind} yet."
        return cls(f"There is no {kind} called '{name}'.", hint=hint)


class BadDefinition(TouchstoneError):
    """A metric, mapping or setting contradicts itself."""


class BadFile(TouchstoneError):
    """A file that cannot be read as what it says it is."""


class Refused(TouchstoneError):
    """An action that was understood and is not done, with the reason."""

    status = 409
