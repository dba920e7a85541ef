"""`touchstone export`."""

from __future__ import annotations

from pathlib import Path

import click

from touchstone.cli.options import console, json_option, opened, print_json, workspace_option
from touchstone.listen.export import FEEDBACK, FORMATS
from touchstone.listen.export import export as export_table


@click.command()
@click.argument("table")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--format", "kind", help=f"{', '.join((*FORMATS, FEEDBACK))} (default: what the file's ending says).")
@click.option("--where", default="", help="Keep rows: COLUMN OP VALUE, joined by and.")
@click.option("--columns", help="Only these columns, separated by commas, beside the key.")
@click.option("--for-release", is_flag=True, help="Refuse tables whose rows are persons: only numbers may leave.")
@click.option("--as-of", type=int, help="The data as of this import number.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@workspace_option
@json_option
def export(
    table: str,
    output: Path,
    kind: str | None,
    where: str,
    columns: str | None,
    for_release: bool,
    as_of: int | None,
    force: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Write the rows of TABLE to a file: CSV, Excel, Parquet, JSON lines or SPSS.

    With all its columns, `touchstone add` brings such a file back as it was. Texts never become formulas of a
    spreadsheet; times are in UTC. Answers that were promised anonymity are refused: every row is a person.

    \b
    Examples:
        touchstone export answers -o answers.xlsx
        touchstone export answers -o premium.csv --where 'segment = premium' --columns customer_id,score
        touchstone export answers -o answers.sav --as-of 3
        touchstone export answers -o answers.jsonl --format feedback-records
    """
    data = opened(folder).data(as_of=as_of)
    with console(stderr=True).status("Looking at the rows") as status:
        written = export_table(
            data,
            table,
            output,
            format=kind,
            where=where,
            columns=[name.strip() for name in columns.split(",") if name.strip()] if columns else (),
            force=force,
            for_release=for_release,
            progress=status.update,
        )
    if as_json:
        print_json(written.record())
    else:
        click.echo(f"{written.rows:,} rows of {table} are in {written.path} ({len(written.columns)} columns).")
