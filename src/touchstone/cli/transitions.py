"""`touchstone transitions`."""

from __future__ import annotations

from pathlib import Path

import click

from touchstone.cli.options import json_option, opened, print_json, print_table, release_option, workspace_option
from touchstone.core.estimate import Estimate, interval, shown
from touchstone.core.period import Period
from touchstone.measure.metrics import metric_named, metrics_of
from touchstone.measure.transitions import Move, Part, Transitions
from touchstone.measure.transitions import transitions as follow
from touchstone.stats.differences import would_tell


@click.command()
@click.argument("metric", default="nps")
@click.option("--from", "first", required=True, help="The earlier period: 2016, 2016-Q4, 2016-12…")
@click.option("--to", "second", required=True, help="The later period.")
@click.option("--where", default="", help="Keep answers: COLUMN OP VALUE, joined by and.")
@click.option("--level", default=0.95, show_default=True, help="Confidence level of the intervals.")
@release_option
@click.option("--as-of", type=int, help="The data as of this import number.")
@click.option("--sql", "show_sql", is_flag=True, help="Print the query behind the numbers instead.")
@workspace_option
@json_option
def transitions(
    metric: str,
    first: str,
    second: str,
    where: str,
    level: float,
    for_release: bool,
    as_of: int | None,
    show_sql: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Follow the same people from one period to another: who moved between promoters, passives and detractors.

    \b
    Example:
        touchstone transitions nps --from 2024 --to 2025
    """
    workspace = opened(folder)
    found = follow(
        workspace.data(as_of=as_of),
        metric_named(metric, metrics_of(workspace.folder)),
        Period.parse(first),
        Period.parse(second),
        where=where,
        level=level,
        for_release=for_release,
    )
    if show_sql:
        click.echo(found.sql)
    elif as_json:
        print_json(found.records())
    else:
        _tell(found)


def _tell(found: Transitions) -> None:
    takes = would_tell(found.verdict, found.movement)
    click.echo(f"{found.sentence()}{f' It takes more people: {takes}.' if takes else ''}")
    heads = [f"{found.first}, then in {found.second}:", *found.bands]
    cells = {(move.before, move.after): _cell(move) for move in found.moves}
    rows = [[before, *(cells[before, after] for after in found.bands)] for before in found.bands]
    print_table(heads, rows, right=found.bands)
    click.echo()
    rows = [
        [part.period, part.presence, _people(part), shown(part.score), interval(part.score)]
        if isinstance(part.score, Estimate)
        else [part.period, part.presence, _people(part), "-", part.score.reason]
        for part in found.parts
    ]
    print_table(["period", "people who answered in", "people", found.metric.name, "interval"], rows, right=["people"])
    for note in found.notes:
        click.echo(f"Note: {note}.")
    click.echo(
        "The movement is that of people who answered in both periods; those in one only may differ, so it is not the "
        f"change of the score. Data as of import {found.data_number}."
    )


def _people(part: Part) -> str:
    return "hidden" if part.n is None else f"{part.n:,}"


def _cell(move: Move) -> str:
    if not isinstance(move.share, Estimate):
        return "hidden" if move.n is None else "-"
    return f"{move.n:,} ({shown(move.share)}, {interval(move.share)})"
