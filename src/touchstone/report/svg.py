"""Rebuilds a drawn SVG from what is allowed: shapes, text and colours; no script, style sheet, link or foreign id."""

from __future__ import annotations

import re
from html import escape
from xml.etree.ElementTree import Element, ParseError, fromstring

from touchstone.core.errors import TouchstoneError

SHAPES = frozenset({"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"})
ELEMENTS = SHAPES | {"svg", "g", "text", "tspan", "defs", "clipPath"}
COLOUR = r"none|transparent|currentColor|#[0-9a-fA-F]{3,8}|rgba?\([\d., %]+\)|var\(--[a-z-]+(?:, ?#[0-9a-fA-F]{3,8})?\)"
NUMBERS = r"[-+\d., eE%]+"
ATTRIBUTES: dict[str, re.Pattern[str]] = {
    **dict.fromkeys(("fill", "stroke"), re.compile(COLOUR)),
    **dict.fromkeys(
        (
            *("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "ry", "dx", "dy", "width", "height", "points"),
            *("fill-opacity", "stroke-opacity", "opacity", "stroke-width", "stroke-dasharray", "stroke-dashoffset"),
        ),
        re.compile(NUMBERS),
    ),
    "d": re.compile(r"[-+\d., eEMLHVCSQTAZmlhvcsqtaz]*"),
    "transform": re.compile(r"(?:(?:matrix|translate|rotate|scale)\([-\d., e]+\) ?)+"),
    "text-anchor": re.compile(r"start|middle|end"),
    "dominant-baseline": re.compile(r"central|middle|auto|hanging|alphabetic"),
    "stroke-linecap": re.compile(r"round|butt|square"),
    "stroke-linejoin": re.compile(r"round|bevel|miter"),
    "font-size": re.compile(r"[\d.]+(?:px)?"),
    "font-weight": re.compile(r"bold|normal|\d{3}"),
    "id": re.compile(r"[\w-]+"),
    "clip-path": re.compile(r"url\(#[\w-]+\)"),
}


def tidy(raw: str, *, name: str, title: str, description: str) -> str:
    """`raw` with only allowed elements and attributes, ids beginning with `name`, and its meaning in words."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise ValueError(f"a figure is named in lower-case letters, digits and dashes, not {name!r}")
    root = _parsed(raw)
    width, height = (f"{float(root.get(side, '0')):g}" for side in ("width", "height"))
    # numbered in their own order: ECharts counts on from chart to chart, and the same story must give the same bytes
    names = {
        old: f"{name}-{at}" for at, old in enumerate(one.get("id", "") for one in root.iter() if "id" in one.attrib)
    }
    inside = "".join(_clean(child, names) for child in root)
    return (
        f'<svg class="chart" role="img" aria-labelledby="{name}-title {name}-desc"'
        f' viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
        f"{inside}</svg>"
    )


def _parsed(raw: str) -> Element:
    if "<!DOCTYPE" in raw or "<!ENTITY" in raw:
        raise TouchstoneError("A drawn chart carried a document type, so it was thrown away.")
    try:
        return fromstring(raw)  # noqa: S314 - made by our own script; document types are refused above
    except ParseError as error:
        raise TouchstoneError(f"A chart could not be read back after drawing: {error}.") from None


def _clean(element: Element, names: dict[str, str]) -> str:
    tag = element.tag.rpartition("}")[2]
    if tag not in ELEMENTS or _is_invisible(tag, element):
        return ""
    given = dict(element.attrib) | _style(element.get("style", ""))
    kept = {key: value for key, value in given.items() if key in ATTRIBUTES and ATTRIBUTES[key].fullmatch(value)}
    if "id" in kept:
        kept["id"] = names[kept["id"]]
    if "clip-path" in kept:
        kept["clip-path"] = f"url(#{names.get(kept['clip-path'][5:-1], '')})"
    attributes = "".join(f' {key}="{escape(value)}"' for key, value in kept.items())
    text = escape(element.text or "") if tag in ("text", "tspan") else ""
    inside = text + "".join(_clean(child, names) for child in element)
    return f"<{tag}{attributes}>{inside}</{tag}>" if inside else f"<{tag}{attributes}/>"


def _style(style: str) -> dict[str, str]:
    """The declarations of a style attribute as attributes: the picture then needs no inline style at all."""
    pairs = (declaration.partition(":") for declaration in style.split(";"))
    return {key.strip(): value.strip() for key, _, value in pairs if value}


def _is_invisible(tag: str, element: Element) -> bool:
    if tag not in SHAPES:
        return False
    no_line = element.get("stroke", "none") == "none" or element.get("stroke-opacity") == "0"
    no_fill = element.get("fill") in ("none", "transparent") or element.get("fill-opacity") == "0"
    return no_line and no_fill
