"""`touchstone value`."""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path

import click

from touchstone.cli.options import json_option, opened, print_json, print_table, release_option, workspace_option
from touchstone.core.estimate import Estimate, Measured, interval, shown
from touchstone.measure.forecast import MONTHS, Holdout, hold_out
from touchstone.measure.metrics import metric_named, metrics_of
from touchstone.value.groups import Curve
from touchstone.value.table import ValueTable, value_table


@click.command()
@click.argument("metric", default="nps")
@click.option("--where", default="", help="Keep answers: COLUMN OP VALUE, joined by and.")
@click.option("--period", help="Only answers of this period, such as 2025 or 2025-Q1.")
@click.option("--level", default=0.95, show_default=True, help="Confidence level of the intervals.")
@click.option("--holdout", type=click.IntRange(1, 24), help="Instead: forecast the last N months and compare.")
@click.option("--curves", is_flag=True, help="Also show who stays and who buys again, month by month.")
@release_option
@click.option("--as-of", type=int, help="The data as of this import number.")
@click.option("--sql", "show_sql", is_flag=True, help="Print the query behind the numbers instead.")
@workspace_option
@json_option
def value(
    metric: str,
    where: str,
    period: str | None,
    level: float,
    holdout: int | None,
    curves: bool,
    for_release: bool,
    as_of: int | None,
    show_sql: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Show what customers are worth by how they score on METRIC: stay, buy again, paid, forecast.

    With --holdout N the forecast is held against what came: all but the last N months is fitted, the rest counted.

    \b
    Examples:
        touchstone value nps
        touchstone value --holdout 3
    """
    workspace = opened(folder)
    data = workspace.data(as_of=as_of)
    result: Holdout | ValueTable
    if holdout:
        result = hold_out(data, months=holdout, level=level, for_release=for_release)
    else:
        known = metric_named(metric, metrics_of(workspace.folder))
        result = value_table(data, known, where=where, period=period, level=level, for_release=for_release)
    if show_sql:
        click.echo(result.sql)
    elif as_json:
        print_json(result.records())
    elif isinstance(result, Holdout):
        _tell_holdout(result)
    else:
        tell(result)
        if curves:
            _tell_curves(result)


def tell(table: ValueTable) -> None:
    """Print the value table for people."""
    click.echo(f"What customers did after they answered, by {table.metric.label}")
    heads = [
        "group",
        "people",
        "still there after a year",
        "bought again in 90 days",
        f"paid in a year ({table.currency})",
    ]
    heads.append(f"forecast, {MONTHS} months ({table.currency})")
    rows = [
        [
            group.band,
            "hidden" if group.people is None else f"{group.people:,}",
            *(_cell(m) for m in (group.retained, group.again, group.spent, group.forecast)),
        ]
        for group in table.groups
    ]
    print_table(heads, rows, right=["people"])
    click.echo(f"All customers with orders, forecast for {MONTHS} months: {_cell(table.everyone)}")
    for note in table.notes:
        click.echo(f"Note: {note}.")
    click.echo(f"Data as of import {table.data_number}.")


_MONTHS_SHOWN = (1, 3, 6, 9, 12)


def _tell_curves(table: ValueTable) -> None:
    """Both curves of every group, read at a few months."""
    for title, name in (("Still there after", "staying"), ("Bought again within", "buying")):
        heads = [title, *(f"{month} months" if month > 1 else "1 month" for month in _MONTHS_SHOWN)]
        rows = []
        for group in table.groups:
            curve: Curve | None = getattr(group, name)
            if curve is not None:
                rows.append([group.band, *(_point(curve, round(month * 365 / 12)) for month in _MONTHS_SHOWN)])
        if rows:
            click.echo()
            print_table(heads, rows)


def _point(curve: Curve, day: int) -> str:
    """The curve at a day, with its interval; nothing beyond what was followed."""
    place = bisect_right(curve.days, day) - 1
    if day > curve.days[-1]:
        return "not followed so long"
    if place < 0:
        return "nobody yet"
    return f"{curve.percent[place]:.0f} % ({curve.low[place]:.0f} to {curve.high[place]:.0f})"


def _tell_holdout(result: Holdout) -> None:
    click.echo(
        f"Fitted on {result.customers:,} customers up to {result.start:%Y-%m-%d}; "
        f"then {result.months} months were held out."
    )
    click.echo(f"Forecast purchases: {_cell(result.forecast)}")
    verdict = {True: "inside the interval", False: "outside the interval", None: "no forecast to hold it against"}
    click.echo(f"What came: {result.actual:,} purchases ({verdict[result.covered]})")
    off = 100 * (result.average / result.actual - 1) if result.actual else 0.0
    click.echo(f"An average of the past would have said {result.average:,.0f} ({off:+.0f} %)")


def _cell(measured: Measured) -> str:
    if isinstance(measured, Estimate):
        return f"{shown(measured)} ({interval(measured)})"
    return f"- {measured.reason}"
