"""`touchstone compare-with`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path

import click

from touchstone.cli.options import json_option, opened, print_json, print_table, workspace_option
from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, interval, shown
from touchstone.measure.compare_with import Comparison, sources_of_files
from touchstone.measure.compare_with import compare_with as compare_numbers
from touchstone.measure.metrics import metrics_of
from touchstone.measure.vendor_rules import vendor_named

_MOST = 3  # ways of counting that are told


@click.command(name="compare-with")
@click.argument("vendor")
@click.argument("metric")
@click.option("--shown", "remembered", help="The number that the tool showed, as you remember it.")
@click.option("--period", help="Only 2017, 2017-Q3, 2017-03, 2017-W09, 2017-03-31 or a span 2017-01..2017-03.")
@click.option("--where", default="", help="Keep rows: COLUMN OP VALUE, joined by and.")
@click.option("--source", help="The source of the tool's answers (default: what its files brought).")
@click.option("--level", default=0.95, show_default=True, help="Confidence level of the interval.")
@click.option("--as-of", type=int, help="The data as of this import number.")
@click.option("--sql", "show_sql", is_flag=True, help="Print the queries behind the numbers instead.")
@workspace_option
@json_option
def compare_with(
    vendor: str,
    metric: str,
    remembered: str | None,
    period: str | None,
    where: str,
    source: str | None,
    level: float,
    as_of: int | None,
    show_sql: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Show the METRIC as VENDOR showed it, by its own rules, ours with its interval, and why they differ.

    VENDOR is chatwoot, delighted, formbricks, limesurvey, nicereply, qualtrics, simplesat, spss, surveymonkey, typeform
    or zendesk. With --shown it is told which ways of counting give exactly the number you remember.

    \b
    Examples:
        touchstone compare-with delighted nps
        touchstone compare-with formbricks nps --shown 41.3 --period 2026-Q1
    """
    tool = vendor_named(vendor)
    workspace = opened(folder)
    data = workspace.data(as_of=as_of)
    found = compare_numbers(
        data,
        tool,
        metric,
        metrics=metrics_of(workspace.folder),
        where=where,
        source=source,
        files=sources_of_files(workspace.lake.imports(), tool, until=data.number),
        period=period,
        shown=_number(remembered) if remembered is not None else None,
        level=level,
    )
    if show_sql:
        click.echo(found.sql)
    elif as_json:
        print_json(found.record())
    else:
        _tell(found)


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text.strip().removesuffix("%").strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise BadDefinition(f"'{text}' is not a number that a tool shows.", hint="write it like 43 or 43.2.")
    return number


def _tell(found: Comparison) -> None:
    label = found.vendor.label
    click.echo(f"{_of(label)} way {_plain(found.theirs.value)} ({found.theirs.answers:,} answers); {_ours(found)}.")
    if found.rules.ours != found.rules.name:
        click.echo(f"What {label} calls {found.rules.name} is our {found.metric.name}: {found.metric.definition}")
    if found.steps and found.steps.steps:
        rows = [["ours", "", _plain(found.steps.ours), ""]]
        for step in found.steps.steps:
            rows.append(
                [step.reason, _signed(step.effect), _plain(step.after), step.rule.sure if step.rule else "known"]
            )
        rows.append([_of(label), "", _plain(found.theirs.value), ""])
        print_table(["because", "changes it by", "to", "how sure"], rows, right=["changes it by", "to"])
    elif found.steps:
        click.echo(f"No known rule of {label} makes a difference on these answers.")
    _tell_matches(found)
    for note in found.notes:
        click.echo(f"Note: {note}.")
    method = f"Method: {found.ours.method}. " if isinstance(found.ours, Estimate) else ""
    click.echo(f"{method}Data as of import {found.data_number}.")


def _ours(found: Comparison) -> str:
    if isinstance(found.ours, Estimate):
        return f"ours {shown(found.ours)}, likely {interval(found.ours)} ({found.ours.n:,} answers)"
    return f"ours: {found.ours}"


def _tell_matches(found: Comparison) -> None:
    if found.matches is None:
        return
    label = found.vendor.label
    if not found.matches:
        click.echo(
            f"No known way of counting gives {found.shown} on these answers: compare the period and the filters of "
            f"{_of(label)} page with --period and --where."
        )
    for match in found.matches[:_MOST]:
        if match.departures:
            told = " and ".join(f"{aspect} = {rule}" for aspect, rule in match.departures)
            click.echo(f"{found.shown} is what {_of(label)} way gives with {told}.")
        else:
            click.echo(f"{found.shown} is exactly what {_of(label)} way gives.")


def _of(label: str) -> str:
    return f"{label}'" if label.endswith("s") else f"{label}'s"


def _plain(number: Fraction) -> str:
    """Two decimals at most, and none where there are none."""
    return f"{float(number):,.2f}".rstrip("0").rstrip(".")


def _signed(number: Fraction) -> str:
    """Two decimals, or one figure of what is smaller."""
    if not number:
        return "0"
    return f"{float(number):+,.2f}" if abs(number) >= Fraction(1, 100) else f"{float(number):+.1g}"
