"""`touchstone init` and `touchstone settings`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from touchstone.cli.options import json_option, print_json, print_table, workspace_option
from touchstone.core.errors import BadFile
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
@workspace_option
@json_option
def settings(folder: Path | None, as_json: bool) -> None:
    """Show every setting of touchstone.toml, its value here, its default, and what it decides.

    \b
    Example:
        touchstone settings
    """
    here = _written(folder)
    if as_json:
        print_json(setting_records(here))
        return
    cells = [[s.name, str(here.get(s.name, "")), str(s.default), s.help] for s in SETTINGS]
    print_table(["setting", "here", "default", "decides"], cells)


def setting_records(written: Mapping[str, object]) -> list[dict[str, object]]:
    """One record per setting, with its value where `written` has one."""
    return [
        {"name": s.name, "value": written.get(s.name, s.default), "default": s.default, "help": s.help}
        for s in SETTINGS
    ]


def _written(folder: Path | None) -> dict[str, object]:
    """What the settings file of the workspace says; nothing where no workspace is named and none is around."""
    if folder is None:
        try:
            return Workspace.find().written
        except BadFile:
            return {}
    return Workspace.open(folder).written
