"""Texts that a spreadsheet would take for a formula, told apart and made harmless: in CSV nothing marks them as text.

A text that begins with = + - @, a tab or a carriage return gets a leading apostrophe; one that begins with apostrophes
before such a sign gets one more, so that taking one away again always gives the text back. Plain negative numbers stay.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

MARK = "'"
_BEGINS = r"^'*[=+\-@\t\r]"
_NUMBER = r"^-[0-9]+(\.[0-9]+)?$"


def neutral(text: str) -> str:
    """`text` as no spreadsheet takes it for a formula.

    >>> neutral("=1+1"), neutral("-5"), neutral("+49 30 123")
    ("'=1+1", '-5', "'+49 30 123")
    """
    return MARK + text if re.match(_BEGINS, text) and not re.match(_NUMBER, text) else text


def neutral_column(texts: pa.Array) -> pa.Array:
    """`neutral` of every text of a column."""
    import pyarrow as arrow
    import pyarrow.compute as pc

    begins = pc.match_substring_regex(texts, _BEGINS)
    if not pc.any(begins).as_py():
        return texts
    number = pc.match_substring_regex(texts, _NUMBER)
    marked = pc.binary_join_element_wise(MARK, texts, "")
    return pc.if_else(pc.and_not(begins, number), marked, texts).cast(arrow.string())
