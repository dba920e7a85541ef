"""`touchstone released`."""

from __future__ import annotations

from pathlib import Path

import click

from touchstone.cli.options import json_option, opened, print_json, print_table, workspace_option
from touchstone.measure.released import Release, releases


@click.command()
@workspace_option
@json_option
def released(folder: Path | None, as_json: bool) -> None:
    """List what was given out of answers that were promised anonymity, and with --for-release; the newest last.

    A later total of the same answers that differs from one of these by fewer than ten people is hidden.

    \b
    Example:
        touchstone released
    """
    log = opened(folder).released
    found, unread = releases(log)
    if as_json:
        print_json([one.record() for one in found])
        return
    if found:
        heads = ["given out", "what", "by", "where", "period", "import", "hidden"]
        print_table(heads, [_cells(one) for one in found], right=["import", "hidden"])
    else:
        click.echo("Nothing was given out yet of answers that were promised anonymity, nor with --for-release.")
    if unread:
        click.echo(f"Note: {log} has lines that cannot be read ({unread:,}); nothing is held against them.")


def _cells(one: Release) -> list[str]:
    when = f"{one.at:%Y-%m-%d %H:%M} UTC"
    return [when, one.what, ", ".join(one.by), one.where, one.period, str(one.data_number), f"{len(one.hidden):,}"]
