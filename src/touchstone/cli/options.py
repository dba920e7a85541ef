"""Options that many commands share, and the two ways of printing: for people, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from touchstone.workspace import Workspace

Command = Callable[..., Any]
_RELEASE = "Hide groups of fewer than 10, and what would give them away."


def workspace_option(command: Command) -> Command:
    """`-w DIR`: the workspace, otherwise found from the current folder upwards."""
    help_text = "The workspace (default: found from here upwards)."
    return click.option("-w", "--workspace", "folder", type=click.Path(path_type=Path), help=help_text)(command)


def json_option(command: Command) -> Command:
    """`--json`: stable records instead of a table."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON records.")(command)


def release_option(command: Command) -> Command:
    """`--for-release`: hide small groups, because the result leaves the organisation."""
    return click.option("--for-release", is_flag=True, help=_RELEASE)(command)


def opened(folder: Path | None) -> Workspace:
    """The workspace in `folder`, or the one found from here upwards."""
    return Workspace.open(folder) if folder else Workspace.find()


def print_json(records: object) -> None:
    """Print records as JSON; money as text, so that no digit is lost."""
    click.echo(json.dumps(records, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, date | Path | Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = (), grey: Sequence[int] = ()
) -> None:
    """Print a table, the rows at the places in `grey` dimmed; texts from files are never read as markup."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for head in heads:
        table.add_column(head, justify="right" if head in right else "left", overflow="fold")
    for place, row in enumerate(rows):
        table.add_row(*(Text(cell) for cell in row), style="dim" if place in grey else None)
    console().print(table)


def console(stderr: bool = False) -> Console:
    """Where things are printed; wide enough for tables when nobody watches."""
    target = Console(stderr=stderr, highlight=False, markup=False)
    if not target.is_terminal:
        target.width = 160
    return target
