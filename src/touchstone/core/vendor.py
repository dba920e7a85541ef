"""How another tool computes its numbers: rules as plain data, each with where it is known from and how surely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from touchstone.core.errors import BadDefinition, UnknownName

Sure = Literal["verified", "documented", "reported", "inferred", "recalled"]
Scale = tuple[float, float]

# what may be done, by the aspect of counting; the first is what we do
RULES: dict[str, tuple[str, ...]] = {
    "answers": ("all", "latest"),
    "fractions": ("grouped", "in no group", "left out"),
    "neutral": ("counted", "left out"),
    "skips": ("left out", "counted"),
    "rounding": ("none", "0", "1", "2", "shares"),
}
ASPECTS = {
    "answers": "which answers of a person count",
    "fractions": "what becomes of answers that are not whole, such as 8.5",
    "neutral": "whether answers in the middle of the scale are divided by",
    "skips": "whether those are divided by who answered other questions and passed this one by",
    "rounding": "to how many decimals; `shares`: both shares of a net score before the subtraction",
}
SURE: dict[Sure, str] = {
    "verified": "seen in its code or files",
    "documented": "in its own help",
    "reported": "told by others",
    "inferred": "follows from what is known",
    "recalled": "from memory",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a tool does in one aspect of counting, and `also` what it did in other versions, reports or settings."""

    does: str
    also: tuple[str, ...] = ()
    sure: Sure
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorMetric:
    """One metric as a tool computes it.

    `ours` is the metric of ours that it is compared with: its own name, unless the tool shows another thing under that
    name (a mean, where ours is a share). `boxes` says from which answer on somebody counts as satisfied, by scale, and
    `boxes_rule` how that is known; `rules` are by aspect (`RULES`); an aspect that is not there is not known, and taken
    to be as ours.
    """

    name: str
    ours: str
    boxes: Mapping[Scale, float] = field(default_factory=dict)
    boxes_rule: Rule | None = None
    rules: Mapping[str, Rule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for aspect, rule in self.rules.items():
            if aspect not in RULES:
                raise UnknownName.among("aspect of counting", aspect, RULES)
            for does in (rule.does, *rule.also):
                if does not in RULES[aspect]:
                    raise UnknownName.among(f"rule for {aspect}", does, RULES[aspect])
        for (low, high), threshold in self.boxes.items():
            if not low < threshold <= high or threshold != int(threshold):
                raise BadDefinition(f"On {low:g} to {high:g} nobody is satisfied from {threshold:g} on.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A tool: its name (which the `source` of its answers begins with), what people call it, and its metrics."""

    name: str
    label: str
    metrics: Mapping[str, VendorMetric]

    def metric(self, name: str) -> VendorMetric:
        """Its metric called `name`; UnknownName with those that are known otherwise."""
        if name not in self.metrics:
            raise UnknownName.among(f"metric of {self.label} with a known rule", name, self.metrics)
        return self.metrics[name]
