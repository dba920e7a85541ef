"""`touchstone drivers`."""

from __future__ import annotations

from pathlib import Path

import click

from touchstone.cli.options import json_option, opened, print_json, print_table, release_option, workspace_option
from touchstone.core.errors import Refused
from touchstone.core.estimate import Estimate, Measured, NoEstimate, decimals, interval, shown
from touchstone.measure.metrics import metric_named, metrics_of
from touchstone.understand.drivers import Drivers
from touchstone.understand.drivers import drivers as find_drivers


@click.command()
@click.argument("metric")
@click.option(
    "--item", "items", multiple=True, help="Rating to look at (question id); repeatable. Default: touchpoints."
)
@click.option("--where", default="", help="Keep answers: COLUMN OP VALUE, joined by and.")
@click.option("--weight", help="Column of weights (default: unweighted).")
@click.option("--period", help="Only answers of this period, such as 2017 or 2025-Q1.")
@click.option("--level", default=0.95, show_default=True, help="Confidence level of the intervals.")
@release_option
@click.option("--as-of", type=int, help="The data as of this import number.")
@click.option("--sql", "show_sql", is_flag=True, help="Print the query behind the numbers instead.")
@workspace_option
@json_option
def drivers(
    metric: str,
    items: tuple[str, ...],
    where: str,
    weight: str | None,
    period: str | None,
    level: float,
    for_release: bool,
    as_of: int | None,
    show_sql: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Show what goes with METRIC: each touchpoint's share of its variation, with interval and sign.

    \b
    Example:
        touchstone drivers overall_rating --period 2017
    """
    workspace = opened(folder)
    found = find_drivers(
        workspace.data(as_of=as_of),
        metric_named(metric, metrics_of(workspace.folder)),
        items=items,
        where=where,
        weight=weight,
        period=period,
        level=level,
        for_release=for_release,
    )
    if isinstance(found, NoEstimate):
        raise Refused(f"The drivers of {metric} cannot be told: {found.reason}.")
    if show_sql:
        click.echo(found.sql)
    elif as_json:
        print_json(found.records())
    else:
        tell(found)


def tell(found: Drivers) -> None:
    """Print the drivers for people, the most important first."""
    together = f"{_cell(found.r2)} of its variation" if isinstance(found.r2, Estimate) else found.r2.reason
    click.echo(f"What goes with {found.metric.label}: together {together}, from {found.used:,} answers")
    heads = [
        "touchpoint",
        "share",
        "interval",
        "effect of one sd",
        "rated",
        "answered",
        "does not apply",
        "where to look",
    ]
    rows = [
        [
            row.label,
            *_split(row.share),
            _number(row.effect),
            _cell(row.performance),
            f"{row.answered:,}",
            "hidden" if row.not_applicable is None else f"{row.not_applicable:,}",
            row.quadrant,
        ]
        for row in found.rows
    ]
    print_table(heads, rows, right=["share", "answered", "does not apply"])
    for note in found.notes:
        click.echo(f"Note: {note}.")
    click.echo(f"Method: Shapley shares of R², clustered by customer. Data as of import {found.data_number}.")


def _split(measured: Measured) -> tuple[str, str]:
    if isinstance(measured, Estimate):
        return shown(measured), interval(measured)
    return "-", measured.reason


def _number(measured: Measured) -> str:
    """An effect without its unit, which the head of the column gives."""
    if isinstance(measured, NoEstimate):
        return f"- {measured.reason}"
    digits = decimals(measured.high - measured.low)
    return f"{measured.value:+.{digits}f} ({interval(measured)})"


def _cell(measured: Measured) -> str:
    return f"{shown(measured)} ({interval(measured)})" if isinstance(measured, Estimate) else f"- {measured.reason}"
