"""The report: a `Story` in, one self-contained HTML file out. It holds no script and asks the network for nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from touchstone.core import estimate
from touchstone.report import sentences
from touchstone.report.missing import NO_ACTIONS, NO_SCORES
from touchstone.report.pictures import picture
from touchstone.report.story import Missing, Sentence, Story, Strong
from touchstone.report.tables import reasons, table
from touchstone.report.text import clean

HERE = Path(__file__).parent


def render(story: Story) -> str:
    """The whole report as one HTML page.

    Every text of `story` is escaped; control characters and direction overrides are dropped. Raises TouchstoneError
    when the charts cannot be drawn.
    """
    style = Markup((HERE / "assets" / "report.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    made = story.made_from
    made_on = f"{made.made_on.day} {made.made_on:%B %Y}"
    return _environment().get_template("report.html").render(story=story, made=made, made_on=made_on, style=style)


@cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    found.globals |= {
        "amount": sentences.amount,
        "value": sentences.value,
        "spread": sentences.spread,
        "unit": sentences.unit,
        "grounds": sentences.grounds,
        "picture": picture,
        "table": table,
        "reasons": reasons,
        "no_tiles": NO_SCORES,
        "no_actions": NO_ACTIONS,
    }
    found.filters |= {"marked": _marked, "stopped": _stopped}
    found.tests |= {
        "estimate": lambda one: isinstance(one, estimate.Estimate),
        "no_estimate": lambda one: isinstance(one, estimate.NoEstimate),
        "total": lambda one: isinstance(one, estimate.Total),
        "missing": lambda one: isinstance(one, Missing),
    }
    return found


def _finalize(shown: object) -> object:
    return shown if isinstance(shown, Markup) or not isinstance(shown, str) else clean(shown)


def _marked(sentence: Sentence) -> Markup:
    """A sentence as HTML, its strong words as <strong>."""
    return Markup("").join(
        Markup("<strong>{}</strong>").format(clean(part.text)) if isinstance(part, Strong) else clean(part)
        for part in sentence.parts
    )


def _stopped(words: str) -> str:
    """A phrase as a sentence, with one full stop."""
    return f"{words.rstrip().rstrip('.')}."
