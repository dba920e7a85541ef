"""`touchstone init` and `touchstone settings`."""

from __future__ import annotations

from pathlib import Path

import click

from touchstone.cli.options import json_option, print_json, print_table
from touchstone.core.settings import SETTINGS
from touchstone.workspace import SETTINGS_FILE, Workspace


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", default="My company", show_default=True, help="The name that reports carry.")
@click.option("--timezone", default="UTC", show_default=True, help="What a day and a month are, such as Europe/Berlin.")
@click.option("--currency", default="EUR", show_default=True, help="The currency that amounts are shown in.")
def init(folder: Path, name: str, timezone: str, currency: str) -> None:
    """Make a new workspace in FOLDER, with commented settings.

    \b
    Example:
        touchstone init my-company --timezone Europe/Berlin
    """
    workspace = Workspace.create(folder, name=name, timezone=timezone, currency=currency)
    click.echo(f"Made a workspace in {workspace.folder} (settings in {SETTINGS_FILE}).")
    click.echo(f"Next: cd {folder} && touchstone add EXPORTS…")


@click.command()
@json_option
def settings(as_json: bool) -> None:
    """Show every setting of touchstone.toml, its default, and what it decides.

    \b
    Example:
        touchstone settings
    """
    if as_json:
        print_json([{"name": s.name, "default": s.default, "help": s.help} for s in SETTINGS])
        return
    print_table(["setting", "default", "decides"], [[s.name, str(s.default), s.help] for s in SETTINGS])
