"""Write the pages of docs/reference from the program; a test fails while one is stale.

python scripts/reference.py             write them
python scripts/reference.py --check     only say which are stale
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

import touchstone
from touchstone.cli.main import COMMANDS, cli
from touchstone.core.metric import (
    Amount,
    Count,
    Duration,
    Followed,
    Forecast,
    Form,
    Gap,
    Index,
    Mean,
    Metric,
    Part,
    Ratio,
    Reach,
    Repeat,
    Response,
    Retention,
    Score,
    Share,
    Spread,
)
from touchstone.core.nouns import IMPORTABLE, NOUNS, Noun
from touchstone.core.settings import SETTINGS
from touchstone.core.vendor import ASPECTS, RULES, SURE, Vendor, VendorMetric
from touchstone.listen.synonyms import PEOPLE, SYNONYMS, TOOL_NUMBERS
from touchstone.measure.metrics import FAMILIES, built_in
from touchstone.measure.vendor_rules import vendors

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for the other scripts, when this one is run by its path

from scripts.records import records  # noqa: E402

REFERENCE = Path("docs/reference")
NOTE = "<!-- Written by scripts/reference.py; change the program, not this page. -->"
WIDTH = 100


def pages() -> dict[Path, str]:
    """Every generated page, by its path in the repository."""
    written = {
        "commands": _commands(),
        "metrics": _metrics(),
        "settings": _settings(),
        "tables": _tables(),
        "records": records(),
        "python": _python(),
        "vendors": _vendors(),
    }
    return {REFERENCE / f"{name}.md": f"{NOTE}\n\n{text.strip()}\n" for name, text in written.items()}


def stale() -> list[Path]:
    """The generated pages that are missing or not as the program is now."""
    return [path for path, text in pages().items() if _read(ROOT / path) != text]


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


# commands


def commands() -> dict[str, click.Command]:
    """Every command by its name."""
    found = {name: cli.get_command(click.Context(cli), name) for name in COMMANDS}
    return {name: command for name, command in found.items() if command is not None}


def help_text(name: str, command: click.Command) -> str:
    """What `touchstone NAME --help` prints."""
    parent = click.Context(cli, info_name="touchstone", terminal_width=WIDTH, **cli.context_settings)
    return command.get_help(click.Context(command, info_name=name, parent=parent, terminal_width=WIDTH))


def _commands() -> str:
    parts = ["# Commands", COMMANDS_ABOUT]
    for name, command in commands().items():
        parts.append(f"## touchstone {name}\n\n```text\n{help_text(name, command).rstrip()}\n```")
        for part, below in (command.commands if isinstance(command, click.Group) else {}).items():
            shown = help_text(f"{name} {part}", below).rstrip()
            parts.append(f"### touchstone {name} {part}\n\n```text\n{shown}\n```")
    return "\n\n".join(parts)


# other tools


def _vendors() -> str:
    aspects = [[f"`{name}`", ASPECTS[name], f"`{RULES[name][0]}`", _code(RULES[name][1:])] for name in RULES]
    sure = "\n".join(f"- *{word}*: {meaning}" for word, meaning in SURE.items())
    parts = ["# How other tools count", VENDORS_ABOUT, _table(["aspect", "asks", "here", "elsewhere also"], aspects)]
    return "\n\n".join([*parts, f"How sure a rule is:\n\n{sure}", *map(_vendor, vendors().values())])


def _vendor(vendor: Vendor) -> str:
    return "\n\n".join([f"## {vendor.label}", *map(_vendor_metric, vendor.metrics.values())])


def _vendor_metric(metric: VendorMetric) -> str:
    rows = []
    if metric.boxes and metric.boxes_rule:
        told = "; ".join(f"{at:g} of {low:g} to {high:g}" for (low, high), at in sorted(metric.boxes.items()))
        rows.append(["satisfied from", told, "", metric.boxes_rule.sure, metric.boxes_rule.source])
    for aspect, rule in metric.rules.items():
        rows.append([f"`{aspect}`", f"`{rule.does}`", _code(rule.also), rule.sure, rule.source])
    name = f"`{metric.name}`" + (f", which is our `{metric.ours}`" if metric.ours != metric.name else "")
    return f"**{name}**\n\n{_table(['aspect', 'there', 'also seen', 'how sure', 'known from'], rows)}"


# metrics


def _metrics() -> str:
    known = built_in()
    goals = sorted({goal for metric in known.values() for goal in metric.goals})
    served = [[goal, _links(name for name, one in known.items() if goal in one.goals)] for goal in goals]
    parts = ["# Metrics", METRICS_ABOUT, _table(["goal", "served by"], served), DISPOSITIONS, DIMENSIONS]
    for family in FAMILIES:
        chapter = [metric for metric in known.values() if metric.family == family]
        rows = [[_links([one.name]), one.label, f"`{one.table}`", one.unit, one.better] for one in chapter]
        parts += [f"## {family}", _table(["metric", "is", "from", "unit", "better"], rows), *map(_metric, chapter)]
    return "\n\n".join(parts)


def _links(names: Iterable[str]) -> str:
    return ", ".join(f"[`{name}`](#{name})" for name in names)


def _metric(metric: Metric) -> str:
    rows = [("formula", metric.formula), ("population", metric.population), ("window", metric.windows)]
    rows += [("counts", _form(metric)), ("interval", _interval(metric)), ("variants", _links(metric.variants))]
    rows += [("source", metric.source or "none"), ("version of the definition", str(metric.version))]
    facts = "\n".join(f"- {name}: {text}" for name, text in rows if text)
    return f"### {metric.name}\n\n**{metric.label}.** {metric.definition}\n\n{facts}"


def _form(metric: Metric) -> str:
    match metric.form:
        case Score() as form:
            return _scored(metric, form)
        case Share(counts=counts, among=among):
            return f"rows where `{counts}`" + (f", among those where `{among}`" if among else "")
        case Duration() as form:
            return _lasting(form)
        case Repeat(window_days=days):
            return f"a second order within {days} days of the first" if days else "at least two orders so far"
        case Retention() as form:
            return _kept(metric, form)
        case Amount() as form:
            return f"orders of kind {_code(form.kinds)}, {'in total' if form.per == 'total' else f'per {form.per}'}"
        case Count(among=among):
            return f"the number of rows where `{among}`" if among else "the number of rows"
        case Mean(columns=columns, among=among):
            return f"the mean of {' + '.join(f'`{name}`' for name in columns)}" + (
                f", where `{among}`" if among else ""
            )
        case _:
            return _other_form(metric.form)


def _other_form(form: Form) -> str:
    match form:
        case Ratio() as form:
            return f"{form.times:g} × {_part(form.top)} / {_part(form.bottom)}"
        case Response() as form:
            return f"{'complete' if form.complete_only else 'complete and partial'}; unknown eligibility {form.unknown}"
        case Followed() as form:
            same = f" with the same {_code(form.same)}" if form.same else ""
            none = "no next row" if form.not_followed else "a next row"
            return f"{none} of the same customer{same} (`{form.next}`) within {form.within_days} days of `{form.after}`"
        case Reach() as form:
            counts = f" where `{form.counts}`" if form.counts else ""
            least = "without" if form.missed else "with"
            return f"values of `{form.per}` {least} at least {form.fewest} rows{counts}" + (
                f", among those with a row where `{form.among}`" if form.among else ""
            )
        case Gap() as form:
            return f"answers `{form.of}` less answers `{form.less}`, on {form.lowest:g} to {form.highest:g}"
        case Index() as form:
            return f"{form.tells} of answers {_code(form.items)}, on {form.lowest:g} to {form.highest:g}"
        case Spread() as form:
            return f"the spread of `{form.of}` between values of `{form.between}`"
        case Forecast() as form:
            return "the models of buying, as in `touchstone value`"
        case _:
            raise TypeError(f"{form} has no words")


def _part(part: Part) -> str:
    what = f"sum of `{part.sum}` of {part.table}" if part.sum else f"customers in {part.table}" * part.customers
    return (what or part.table) + (f" where `{part.where}`" if part.where else "")


def _lasting(form: Duration) -> str:
    among = f", among cases where `{form.among}`" if form.among else ""
    if form.seconds:
        return f"the {form.quantile:g} quantile of `{form.seconds}`{among}"
    left = "; cases without an end are left out" if form.closed_only else "; cases without an end are open"
    return f"the {form.quantile:g} quantile of `{form.start}` to `{form.end}`, {form.hours} hours{among}{left}"


def _kept(metric: Metric, form: Retention) -> str:
    if form.of == "contracts":
        return f"{'ended' if form.lost else 'still active'} after a window of {form.window_days} days"
    what = "money" if form.of == "money" else "customers"
    return f"{what} of {metric.table} {'lost' if form.lost else 'kept'} over a window of {form.window_days} days"


def _scored(metric: Metric, form: Score) -> str:
    answers = f"answers `{form.answers or metric.name}` on {form.lowest:g} to {form.highest:g}"
    if not form.bands:
        return f"the mean of {answers}"
    above = [f"below {band.low:g}" for band in form.bands[1:]] + [f"{form.highest:g}"]
    bands = [f"{band.low:g} to {end} score {band.points:g}" for band, end in zip(form.bands, above, strict=True)]
    return f"the mean of points, {answers}: {'; '.join(bands)}"


def _interval(metric: Metric) -> str:
    match metric.form:
        case Score(form="net"):
            return "[adjusted Wald](../methods/nps.md)"
        case Score(form="mean") | Amount(per="customer" | "order") | Mean() | Gap() | Index(tells="mean"):
            return "[linearised mean](../methods/means-and-clusters.md)"
        case Duration(closed_only=False, seconds=""):
            return "[Kaplan-Meier quantile](../methods/survival.md)"
        case Duration():
            return "[quantile](../methods/quantiles.md)"
        case Amount(per="total") | Count():
            return "none: an exact sum"
        case Ratio() | Retention(of="money"):
            return "[clustered ratio](../methods/ratios.md)"
        case Index(tells="alpha"):
            return "[jackknife of ln(1 − alpha)](../methods/reliability.md)"
        case Spread():
            return "[Q-profile](../methods/shrinkage.md)"
        case Forecast():
            return "[lifetime value](../methods/lifetime-value.md)"
        case _:
            return "[Wilson](../methods/shares.md)"


# settings, tables


def _settings() -> str:
    rows = [[f"`{one.name}`", f"`{one.default}`" if one.default != {} else "none", one.help] for one in SETTINGS]
    return f"# Settings\n\n{SETTINGS_ABOUT}\n\n{_table(['setting', 'default', 'decides'], rows)}"


def _tables() -> str:
    names = f"`email` ({_code(PEOPLE['email'][1:])}) and `phone` ({_code(PEOPLE['phone'][1:])})"
    about = TABLES_ABOUT.format(names=names, tool_numbers=_code(TOOL_NUMBERS))
    return "\n\n".join(["# Tables", about, *(_noun(noun) for noun in NOUNS.values())])


def _noun(noun: Noun) -> str:
    synonyms = SYNONYMS.get(noun.name, {})
    rows = []
    for column in noun.columns:
        marks = ["key"] * (column.name == noun.key) + ["required"] * (column.required and column.name != noun.key)
        marks += ["not below 0"] * (column.lowest == 0)
        rows.append([f"`{column.name}`", column.type, ", ".join(marks), _code(synonyms.get(column.name, ()))])
    about = f"One row is {noun.row}." + (
        "" if noun.name in IMPORTABLE else " Written by imports; not a table to import into."
    )
    if noun.time:
        about += f" Its time is `{noun.time}`."
    return f"## {noun.name}\n\n{about}\n\n{_table(['column', 'type', '', 'also recognised as'], rows)}"


COMMANDS_ABOUT = """\
A command finds its workspace as git finds its repository: in the current folder or above it, or by `-w DIR`, or by the
variable `TOUCHSTONE_WORKSPACE`. It prints tables for people, and records with `--json` ([records](records.md)). An
error is one sentence and a hint on stderr with exit status 2; rows set aside are no error. Exit status 1 with a
traceback is a bug of ours."""
METRICS_ABOUT = """\
The metrics that come with Touchstone. Each is a small TOML file in `src/touchstone/measure/catalogue`; a file of the
same form in `definitions/metrics` of a workspace adds one, or replaces the one of the same name
([how](../howto/define-a-metric.md)).

`touchstone metrics WORDS` searches them, `touchstone metrics --goal retention` lists those that serve a goal.
In the workspace that `touchstone demo --studies` makes, every one of them can be told."""
DISPOSITIONS = """\
**Who counts as what in a response rate.** AAPOR's dispositions follow from the columns of `invitations`: *complete* (I)
has `completed_at`; *partial* (P) `started_at` without it; *refusal, no contact, other* (R, NC, O) `delivered_at` or
`opened_at` and no start; *unknown* (UH, UO) `sent_at` alone; *not eligible* `eligible` false, and left out. Who was
never sent an invitation is not part of the sample."""
DIMENSIONS = """\
**The six dimensions and their relatives.**

| here | SERVQUAL (1988) | KPMG's six pillars |
|---|---|---|
| reliability | reliability | integrity |
| personalisation | empathy: individual attention | personalisation |
| convenience | tangibles; access (1985) | time and effort |
| empathy | empathy: understanding | empathy |
| timeliness | responsiveness | time and effort; expectations |
| resolution | assurance | resolution |"""
VENDORS_ABOUT = """\
What `touchstone compare-with` applies: the rules by which other tools compute their numbers, as far as they are known.
Each tool is a small TOML file in `src/touchstone/measure/vendors`. An aspect that is missing is not known, and is taken
to be as here ([how to compare](../howto/compare-with.md))."""
SETTINGS_ABOUT = """\
`touchstone init` writes them with these explanations into `touchstone.toml`; a name that is not here is refused."""
TABLES_ABOUT = """\
What a workspace holds. A file whose headers are these names needs no mapping; the names in the last column are
recognised too, in any case and with spaces for underscores. Further columns of a file become attributes. All times are
kept in UTC; money is decimal with four digits after the point. Every table has two more columns, `source` and
`import_number`.

Files about people may also hold {names}. These join the same person across files and are kept apart, in `identities`.
Headers such as {tool_numbers} are taken as numbers of the tool that wrote the file, not as your customer number."""
PYTHON_ABOUT = """\
`import touchstone` loads nothing else; each of these names is imported when it is first used. The commands are a thin
skin over them. Everything deeper may change between versions."""


def _python() -> str:
    rows = [[f"`{name}`", _first_line(getattr(touchstone, name))] for name in touchstone.__all__]
    return f"# Python\n\n{PYTHON_ABOUT}\n\n{_table(['name', 'is'], rows)}"


def _first_line(thing: object) -> str:
    return (thing.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ").replace("    ", "")


def main() -> None:
    """Write the pages, or with --check say which are stale and change nothing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say which pages are stale")
    if parser.parse_args().check:
        sys.exit("\n".join(f"stale: {path}" for path in stale()) or 0)
    for path, text in pages().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
