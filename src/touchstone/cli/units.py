"""`touchstone units`."""

from __future__ import annotations

from pathlib import Path

import click

from touchstone.cli.options import json_option, opened, print_json, print_table, release_option, workspace_option
from touchstone.core.estimate import Estimate, Measured, interval, shown
from touchstone.measure.metrics import metric_named, metrics_of
from touchstone.measure.units import Unit, Units
from touchstone.measure.units import units as find_units
from touchstone.stats.differences import would_tell


@click.command()
@click.argument("metric")
@click.option("--by", default="unit", show_default=True, help="Column that names the units (unit, agent, team…).")
@click.option("--where", default="", help="Keep rows: COLUMN OP VALUE, joined by and.")
@click.option("--weight", help="Column of weights (default: unweighted).")
@click.option("--period", help="Only 2017, 2017-Q3, 2017-03, 2017-W09, 2017-03-31 or a span 2017-01..2017-03.")
@click.option("--level", default=0.95, show_default=True, help="Confidence level of the intervals.")
@click.option("--seed", default=1, show_default=True, help="Where the draws behind the ranks begin.")
@release_option
@click.option("--as-of", type=int, help="The data as of this import number.")
@click.option("--sql", "show_sql", is_flag=True, help="Print the query behind the numbers instead.")
@workspace_option
@json_option
def units(
    metric: str,
    by: str,
    where: str,
    weight: str | None,
    period: str | None,
    level: float,
    seed: int,
    for_release: bool,
    as_of: int | None,
    show_sql: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Compare units (stores, agents, products) on METRIC fairly: few answers count for little.

    Shows each unit's score as it stands, its score drawn towards the average as far as few answers demand, between
    which ranks it lies, and whether it differs from the average; and how far the units lie apart once the noise is off.

    \b
    Examples:
        touchstone units nps
        touchstone units sla_met --by agent
    """
    workspace = opened(folder)
    found = find_units(
        workspace.data(as_of=as_of),
        metric_named(metric, metrics_of(workspace.folder)),
        by=by,
        where=where,
        weight=weight,
        level=level,
        period=period,
        seed=seed,
        for_release=for_release,
    )
    if show_sql:
        click.echo(found.sql)
    elif as_json:
        print_json(found.records())
    else:
        _tell(found)


def _tell(found: Units) -> None:
    click.echo(found.sentence())
    heads = [found.by, "as it stands", "drawn to the average", "rank", "n", "against the average"]
    print_table(heads, [_cells(row, found.metric.counted) for row in found.rows], right=["n"])
    for note in found.notes:
        click.echo(f"Note: {note}.")
    click.echo(
        f"Method: empirical Bayes (Morris 1983); ranks from draws with seed {found.seed}; verdicts adjusted for "
        f"{len(found.rows):,} comparisons. Data as of import {found.data_number}."
    )


def _cells(row: Unit, of: str) -> list[str]:
    ranks = "" if row.ranks is None else f"{row.ranks[0]} to {row.ranks[1]}"
    n = "" if row.n is None else f"{row.n:,}"
    return [row.name, _cell(row.score), _cell(row.shrunken), ranks, n, _standing(row, of)]


def _standing(row: Unit, of: str) -> str:
    if row.standing in {"better than average", "worse than average"}:
        return row.standing
    takes = would_tell(row.verdict, row.difference, of=of)
    return f"{row.verdict}; {takes}" if takes else str(row.verdict)


def _cell(measured: Measured) -> str:
    return f"{shown(measured)} ({interval(measured)})" if isinstance(measured, Estimate) else f"- {measured.reason}"
