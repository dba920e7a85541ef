"""`touchstone report`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from touchstone.cli.options import opened, release_option, workspace_option
from touchstone.core.errors import Refused
from touchstone.definitions import Definitions
from touchstone.measure.metrics import metrics_of
from touchstone.measure.standing import goals
from touchstone.report.compose import TILES, compose
from touchstone.report.page import render
from touchstone.workspace import Workspace


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where to write it (default: report.html).")
@release_option
@click.option("--as-of", type=int, help="The data as of this import number.")
@workspace_option
def report(output: Path | None, for_release: bool, as_of: int | None, folder: Path | None) -> None:
    """Write the report on the last twelve months: one self-contained HTML file that can be sent on.

    \b
    Example:
        touchstone report -o november.html
        touchstone report -o for-the-board.html --for-release
    """
    workspace = opened(folder)
    path = write_report(workspace, output, as_of=as_of, for_release=for_release)
    click.echo(f"Wrote {path}.")


def write_report(
    workspace: Workspace, output: Path | None = None, *, as_of: int | None = None, for_release: bool = False
) -> Path:
    """Compose the workspace's report and write it; nothing is left half-written."""
    path = output or workspace.folder / "report.html"
    if path.is_dir():
        raise Refused(f"'{path}' is a folder.", hint=f"name a file: -o {path / 'report.html'}")
    now = datetime.now(workspace.settings.zone)
    metrics, data = metrics_of(workspace.folder), workspace.data(as_of=as_of)
    aims = goals(Definitions(workspace.folder), data, metrics, among=TILES, now=now)
    story = compose(
        data, metrics, name=workspace.settings.name, made_on=now.date(), goals=aims, for_release=for_release
    )
    page = render(story)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"'{path.parent}' cannot be made: {error.strerror}.", hint="choose another folder.") from None
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(page, encoding="utf-8")
    unfinished.replace(path)
    return path
