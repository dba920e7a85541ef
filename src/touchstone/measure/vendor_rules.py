"""The rules of other tools, read from `measure/vendors/`: one TOML file a tool."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.vendor import RULES, SURE, Rule, Scale, Vendor, VendorMetric

_WORDS = ("rule", "also", "sure", "source")


@cache
def vendors() -> dict[str, Vendor]:
    """Every tool whose rules are known, by name."""
    folder = resources.files("touchstone.measure") / "vendors"
    entries = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda one: one.name)
    found = [read_vendor(entry.name.removesuffix(".toml"), entry.read_text("utf-8")) for entry in entries]
    return {vendor.name: vendor for vendor in found}


def vendor_named(name: str) -> Vendor:
    """The tool called `name`; UnknownName with its neighbours otherwise."""
    known = vendors()
    plain = name.casefold().replace(" ", "")
    if plain not in known:
        raise UnknownName.among("tool with known rules", name, known)
    return known[plain]


def read_vendor(name: str, text: str) -> Vendor:
    """The tool in a TOML text: its label, and a table per metric with a table per rule."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadDefinition(f"The rules of '{name}' are not TOML: {error}.") from None
    label = str(data.pop("label", name))
    return Vendor(name=name, label=label, metrics={word: _metric(word, table) for word, table in data.items()})


def _metric(name: str, table: dict[str, Any]) -> VendorMetric:
    for word in table:
        if word not in RULES and word not in ("ours", "boxes"):
            raise UnknownName.among(f"word in [{name}]", word, (*RULES, "ours", "boxes"))
    boxes = dict(table.get("boxes", {}))
    scales = {_scale(word): float(boxes.pop(word)) for word in list(boxes) if word not in _WORDS}
    return VendorMetric(
        name=name,
        ours=str(table.get("ours", name)),
        boxes=scales,
        boxes_rule=_rule("boxes", boxes | {"rule": "boxes"}) if scales else None,
        rules={aspect: _rule(aspect, table[aspect]) for aspect in RULES if aspect in table},
    )


def _rule(aspect: str, table: dict[str, Any]) -> Rule:
    for word in table:
        if word not in _WORDS:
            raise UnknownName.among(f"word of the rule for {aspect}", word, _WORDS)
    sure, source = table.get("sure"), table.get("source")
    if "rule" not in table or sure not in SURE or not source:
        raise BadDefinition(
            f"The rule for {aspect} needs a rule, how sure it is and a source.", hint=f"sure: {', '.join(SURE)}."
        )
    return Rule(does=str(table["rule"]), also=tuple(map(str, table.get("also", ()))), sure=sure, source=str(source))


def _scale(word: str) -> Scale:
    try:
        low, high = (float(end) for end in word.split("-"))
    except ValueError:
        raise UnknownName.among("scale, as lowest-highest", word, ("1-5", "1-7", "0-10")) from None
    return low, high
