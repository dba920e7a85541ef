from __future__ import annotations

import re
from pathlib import Path

import pytest

import touchstone.report
from touchstone.report import rows

STYLE = (Path(touchstone.report.__file__).parent / "assets" / "report.css").read_text()
BLOCKS = re.findall(r":root \{(.*?)\n?\s*\}", STYLE, re.DOTALL)
LIGHT = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", BLOCKS[0]))
DARK = LIGHT | dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", BLOCKS[1]))

ON_GROUND = [(ink, ground) for ink in ("ink", "muted", "accent", "good", "bad") for ground in ("card", "surface")]
ON_SOFT = [(f"{tone}", f"{tone}-soft") for tone in ("good", "bad", "caution", "accent")]


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), [*ON_GROUND, *ON_SOFT, ("card", "accent")])
def test_text_stands_out_from_its_ground(tokens: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(tokens[ink], tokens[ground]) >= 4.5


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("shape", ["accent", "good", "bad", "faint"])
def test_shapes_stand_out_from_the_card(tokens: dict[str, str], shape: str) -> None:
    assert contrast(tokens[shape], tokens["card"]) >= 3


def test_pictures_fall_back_to_the_light_colours() -> None:
    for name in ("INK", "MUTED", "LINE", "ACCENT", "GOOD", "BAD", "FAINT"):
        token, fallback = re.fullmatch(r"var\(--([a-z]+),(#[0-9a-f]{6})\)", getattr(rows, name)).groups()
        assert LIGHT[token] == fallback


def test_the_style_sheet_is_lean_and_asks_for_nothing() -> None:
    assert len(STYLE) < 14_000
    assert "url(" not in STYLE
    assert "@import" not in STYLE
