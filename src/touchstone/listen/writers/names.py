"""Names of columns as SPSS allows them, and back."""

from __future__ import annotations

import re
from collections.abc import Sequence

_BYTES = 64
_RESERVED = frozenset(("all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"))


def spss_names(names: Sequence[str]) -> tuple[str, ...]:
    """`names` as SPSS takes them: a letter first, then letters, digits and _ . $ # @; at most 64 bytes; none reserved.

    All different, where capitals make no difference.
    """
    found: list[str] = []
    used: set[str] = set()
    for name in names:
        plain = re.sub(r"[^\w.$#@]", "_", name).rstrip("._") or "column"
        if not plain[0].isalpha() or plain.casefold() in _RESERVED:
            plain = f"v_{plain}".rstrip("._")
        candidate, repeat = _cut(plain, ""), 1
        while candidate.casefold() in used:
            repeat += 1
            candidate = _cut(plain, f"_{repeat}")
        used.add(candidate.casefold())
        found.append(candidate)
    return tuple(found)


def original_name(name: str, label: str) -> str:
    """The name that became `name` in an SPSS file: its label where `spss_names` makes `name` of that, else itself."""
    made = spss_names((label,))[0] if label else ""
    return label if made and made in (name, re.sub(r"_[0-9]+$", "", name)) else name


def _cut(name: str, ending: str) -> str:
    kept = name.encode()[: _BYTES - len(ending)].decode(errors="ignore")
    return kept.rstrip("._") + ending
