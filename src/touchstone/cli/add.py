"""`touchstone add` and `touchstone imports`."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from touchstone.cli.options import console, json_option, opened, print_json, print_table, workspace_option
from touchstone.listen.add import FileSummary, ImportSummary
from touchstone.listen.add import add as add_files
from touchstone.listen.mappings import mapping_text, read_mapping
from touchstone.listen.plan import Plan, plan

ASIDE = ("file", "row", "column_name", "value", "reason")  # what is told of a row or a cell that was set aside
# what to score first where a table was filled
_NEXT = {
    "answers": "nps",
    "orders": "sales",
    "tickets": "resolution_time",
    "subscriptions": "churn",
    "invitations": "response_rate",
}


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--table", help="The table that the files go to, where it is not recognised.")
@click.option(
    "--mapping", "mapping_file", type=click.Path(path_type=Path), help="A mapping (TOML) to read the files by."
)
@click.option("--strict", is_flag=True, help="Refuse a file with a row that cannot be taken.")
@click.option("--show-mapping", is_flag=True, help="Print the mapping as TOML and import nothing.")
@workspace_option
@json_option
def add(
    files: tuple[Path, ...],
    table: str | None,
    mapping_file: Path | None,
    strict: bool,
    show_mapping: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Import FILES (or folders, or patterns): CSV, TSV, XLSX, Parquet, JSON, SPSS; gzip and zip.

    The format is detected. Exports of known tools are read as such; for other files a mapping is proposed from names
    and contents: print it with --show-mapping, edit it, keep it, and pass it with --mapping. Rows that cannot be taken
    are set aside with their reason and shown by `touchstone imports --set-aside`. The same files again change nothing.

    \b
    Examples:
        touchstone add survey.csv orders.csv
        touchstone add survey.csv --show-mapping > survey.toml
        touchstone add exports/ --mapping survey.toml
    """
    mapping = read_mapping(mapping_file) if mapping_file else None
    if show_mapping:
        with TemporaryDirectory() as scratch:
            plans = plan(files, Path(scratch), table=table, mapping=mapping)
            for _, parts in groupby(plans, key=lambda one: one.file.name):
                first, *further = parts
                click.echo(f"# {first.file.name}: {_how(first)}")
                click.echo(mapping_text(first.mapping, *(one.mapping for one in further)))
        return
    workspace = opened(folder)
    with console(stderr=True).status("Looking at the files") as status:
        summary = add_files(workspace, files, table=table, mapping=mapping, strict=strict, progress=status.update)
    if as_json:
        print_json(summary.records())
    else:
        _tell(summary)


def _how(one: Plan) -> str:
    return {"given": "read by the mapping given", "proposed": "mapping proposed"}.get(
        one.layout, f"known layout {one.layout}"
    )


def _tell(summary: ImportSummary) -> None:
    for file in summary.files:
        click.echo(_sentence(file))
        if file.layout == "proposed" and file.mapped:
            click.echo(f"    read as {file.read_as}: {'; '.join(file.mapped)}")
        for reason, n in file.reasons[:5]:
            click.echo(f"    set aside: {reason} ({n:,})")
        if file.ignored:
            shown = ", ".join(file.ignored[:8]) + (
                f" and {len(file.ignored) - 8} more" if len(file.ignored) > 8 else ""
            )
            click.echo(f"    not imported: {shown}")
        for note in file.notes:
            click.echo(f"    {note}")
    if summary.number is None:
        click.echo("Nothing new: these files were imported before.")
    else:
        scores = [f"touchstone score {metric}" for table, metric in _NEXT.items() if table in _tables(summary)]
        click.echo(f"Import {summary.number} is in. Next: {', '.join(['touchstone check', *scores[:2]])}")


def _tables(summary: ImportSummary) -> set[str]:
    return {file.table for file in summary.files if file.records}


def _sentence(file: FileSummary) -> str:
    if file.known:
        return f"{file.file}: known"
    read_as = "mapping proposed" if file.layout == "proposed" else f"mapping {file.layout}"
    parts = [f"{file.rows_read:,} rows read", f"{file.records:,} {file.called or file.table} taken ({read_as})"]
    for n, words in (
        (file.changed, "changed"),
        (file.unchanged, "unchanged"),
        (file.merged, "merged into others"),
        (file.repeated, "exact repetitions"),
        (file.left_out, "left out by the mapping's rule"),
        (file.rows_aside, "set aside"),
        (file.cells_aside, "single answers set aside"),
    ):
        if n:
            parts.append(f"{n:,} {words}")
    return f"{file.file}: {', '.join(parts)}."


@click.command()
@click.option("--set-aside", "aside", is_flag=True, help="Show the rows that could not be taken, with their reasons.")
@workspace_option
@json_option
def imports(aside: bool, folder: Path | None, as_json: bool) -> None:
    """List what was imported; `--set-aside` shows what could not be taken.

    \b
    Example:
        touchstone imports --set-aside
    """
    workspace = opened(folder)
    if aside:
        data = workspace.data()
        rows = data.fetch(data.table("set_aside").select(*ASIDE).order_by("file", "row").limit(1000)).rows
        if as_json:
            print_json(rows)
        elif rows:
            print_table(ASIDE, [["" if row[c] is None else str(row[c]) for c in ASIDE] for row in rows])
        else:
            click.echo("Nothing was set aside.")
        return
    records = workspace.lake.imports()
    if as_json:
        print_json([record.record() for record in records])
        return
    if not records:
        click.echo("Nothing was imported yet. Begin with: touchstone add FILE…")
        return
    lines = [
        [str(r.number), f"{r.imported_at:%Y-%m-%d %H:%M}", ", ".join(r.files) or str(r.summary.get("decision", ""))]
        for r in records
    ]
    print_table(["import", "at (UTC)", "files"], lines, right=["import"])
