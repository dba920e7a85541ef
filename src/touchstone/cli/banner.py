"""`touchstone banner`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from touchstone.cli.options import json_option, opened, print_json, print_table, release_option, workspace_option
from touchstone.core.estimate import Estimate, plain, shown
from touchstone.listen.export import write_records
from touchstone.measure.banner import Banner, Cell, Column
from touchstone.measure.banner import banner as make_banner
from touchstone.measure.metrics import metrics_of
from touchstone.measure.scores import answers_for_clarity


@click.command()
@click.argument("subject", metavar="METRIC|QUESTION")
@click.option("--by", multiple=True, required=True, help="Column whose values are columns of the table; repeatable.")
@click.option("--where", default="", help="Keep answers: COLUMN OP VALUE, joined by and.")
@click.option("--weight", help="Column of weights (default: unweighted).")
@click.option("--period", help="Only 2017, 2017-Q3, 2017-03, 2017-W09, 2017-03-31 or a span 2017-01..2017-03.")
@click.option("--level", default=0.95, show_default=True, help="Level at which letters are given.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the table to a file: .xlsx, .csv…")
@click.option("--force", is_flag=True, help="With -o: replace the file if it is there.")
@release_option
@click.option("--as-of", type=int, help="The data as of this import number.")
@click.option("--sql", "show_sql", is_flag=True, help="Print the queries behind the numbers instead.")
@workspace_option
@json_option
def banner(
    subject: str,
    by: tuple[str, ...],
    where: str,
    weight: str | None,
    period: str | None,
    level: float,
    output: Path | None,
    force: bool,
    for_release: bool,
    as_of: int | None,
    show_sql: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Show the answers to METRIC, or to QUESTION (its id), in columns with letters for what differs.

    Every value of each --by is a column with a letter. A letter in a cell names a column that it exceeds at 95 %, each
    pair tested by itself; in brackets where that does not hold when all tests of the table are adjusted for.

    \b
    Examples:
        touchstone banner nps --by segment --by region
        touchstone banner csat --by touchpoint --period 2025
        touchstone banner nps --by segment -o banner.xlsx
    """
    workspace = opened(folder)
    made = make_banner(
        workspace.data(as_of=as_of),
        metrics_of(workspace.folder).get(subject, subject),
        by=by,
        where=where,
        weight=weight,
        level=level,
        period=period,
        for_release=for_release,
    )
    if output is not None:
        write_records(made.to_arrow(), output, title=subject, force=force)
        click.echo(f"The table is in {output}.")
    elif show_sql:
        click.echo(made.sql)
    elif as_json:
        print_json(made.records())
    else:
        _tell(made)


_ACROSS = 10  # columns that fit beside each other


def _tell(made: Banner) -> None:
    click.echo(f"{made.subject}, {f'weighted by {made.weight}' if made.weight else 'unweighted'}")
    for name in dict.fromkeys(column.banner for column in made.columns[1:]):
        inside = [place for place, column in enumerate(made.columns) if column.banner == name]
        for start in range(0, len(inside), _ACROSS):
            _block(made, name, [0, *inside[start : start + _ACROSS]])
    for note in made.notes:
        click.echo(f"Note: {note}.")
    cells = [cell.result for line in made.lines for cell in line.cells]
    marked = [result for result in cells if isinstance(result, Estimate) and result.flags]
    if marked:
        needed = answers_for_clarity(marked)
        takes = f"; about {needed:,} answers in a column would do for all" if needed else ""
        click.echo(f"Note: ~ marks a number on few answers or with a wide interval{takes}.")
    click.echo(
        f"Letters: higher than that column of the same grouping at {made.level:.0%}, each pair by itself; in brackets "
        f"where it does not hold when all {made.tests:,} tests are adjusted for. Columns of fewer than 30 effective "
        f"answers are not tested. Data as of import {made.data_number}."
    )


def _block(made: Banner, name: str, places: Sequence[int]) -> None:
    heads = [name, *(_head(made.columns[place]) for place in places)]
    rows = [[line.label, *(_cell(line.cells[place]) for place in places)] for line in made.lines]
    rows += _bases([made.columns[place] for place in places], weighted=made.weight is not None)
    print_table(heads, rows, right=heads[1:])
    click.echo()


def _head(column: Column) -> str:
    return f"{column.letter} {column.label}".strip()


def _cell(cell: Cell) -> str:
    if not isinstance(cell.result, Estimate):
        return "hidden" if cell.result.n is None else "-"
    mark = "~" if cell.result.flags else ""
    return f"{mark}{shown(cell.result)} {cell.told_letters}".rstrip()


def _bases(columns: Sequence[Column], *, weighted: bool) -> list[list[str]]:
    rows = [["base (answers)", *("" if column.n is None else f"{column.n:,}" for column in columns)]]
    if weighted:
        rows.append(
            ["weighted base", *("" if column.weighted is None else plain(column.weighted, 1) for column in columns)]
        )
    rows.append(["effective base", *("" if c.effective is None else plain(c.effective, 0) for c in columns)])
    return rows
