"""Text that came from outside, made harmless for a picture or a page: escaping is left to whoever writes it out."""

from __future__ import annotations

import re

# control characters end XML, and direction overrides can turn a sentence around; the bidi algorithm needs neither
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff0-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_BRACE = re.compile(r"([{|}])")


def clean(text: str) -> str:
    """`text` without control characters, direction overrides and half characters."""
    return _UNSEEN.sub("", text)


def literal(text: str) -> str:
    """`text` for a chart label, where `{a}` and `{style|...}` would be read as instructions."""
    return _BRACE.sub("\\1\N{WORD JOINER}", clean(text))


def clipped(text: str, most: int) -> str:
    """At most `most` characters, the cut shown by an ellipsis."""
    words = clean(text).strip()
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"
