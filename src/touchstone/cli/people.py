"""`touchstone people`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from touchstone.cli.options import json_option, opened, print_json, print_table, workspace_option
from touchstone.listen.people import decide
from touchstone.measure.people import People
from touchstone.measure.people import people as who_is_who

_SHOWN = 20


@click.command()
@click.argument("customer", required=False)
@click.option("--undo", nargs=2, metavar="CUSTOMER OTHER", help="Record that two numbers are two people.")
@click.option("--join", nargs=2, metavar="CUSTOMER OTHER", help="Record that two numbers are one person.")
@click.option("--reason", default="", help="Why; needed to join.")
@click.option("--author", default="", help="Who decided it (default: you).")
@click.option("--all", "everything", is_flag=True, help=f"Show all, not the first {_SHOWN} of each.")
@click.option("--as-of", type=int, help="The data as of this import number.")
@workspace_option
@json_option
def people(
    customer: str | None,
    undo: tuple[str, str] | None,
    join: tuple[str, str] | None,
    reason: str,
    author: str,
    everything: bool,
    as_of: int | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Say who is who: which customer numbers are one person and why, and which names join nobody.

    With CUSTOMER, what concerns this one. Decisions are kept with author, time and reason, hold for every later import,
    and the newest one on a pair counts.

    \b
    Example:
        touchstone people
        touchstone people 1042
        touchstone people --undo 1042 tickets:77
        touchstone people --join 1042 tickets:77 --reason "same person, by phone"
    """
    if undo and join:
        raise click.UsageError("Undo or join, one at a time.")
    if (undo or join) and (customer or as_of is not None):
        raise click.UsageError("A decision is about now and about the two numbers it names.")
    workspace = opened(folder)
    if pair := undo or join:
        decided = decide(workspace, "undo" if undo else "join", *pair, reason=reason, author=author)
        print_json([asdict(decided)]) if as_json else click.echo(decided.sentence())
        return
    found = who_is_who(
        workspace.data(as_of=as_of),
        imported_at={one.number: one.imported_at for one in workspace.lake.imports()},
        customer=customer,
        most=None if everything or as_json else _SHOWN,
    )
    if as_json:
        print_json(found.records())
    else:
        _tell(found)


def _tell(found: People) -> None:
    click.echo(found.sentence())
    if found.merges:
        click.echo("\nOne person")
        print_table(
            ["number", "is", "because of", "import", "at (UTC)"],
            [
                [
                    one.customer_id,
                    one.other_id,
                    one.because,
                    "" if one.import_number is None else str(one.import_number),
                    f"{one.imported_at:%Y-%m-%d %H:%M}" if one.imported_at else "",
                ]
                for one in found.merges
            ],
            right=["import"],
        )
    if found.refused:
        click.echo("\nNames that join nobody")
        print_table(
            ["name", "numbers", "for example", "why"],
            [[one.value, f"{one.customers:,}", f"{one.first}, {one.last}", one.reason] for one in found.refused],
            right=["numbers"],
        )
    if found.decisions:
        click.echo("\nDecisions")
        print_table(
            ["numbers", "decided", "by", "at (UTC)", "import", "reason"],
            [
                [
                    f"{one.customer_id}, {one.other_id}",
                    "one person" if one.kind == "join" else "two people",
                    one.author,
                    f"{one.decided_at:%Y-%m-%d %H:%M}",
                    str(one.import_number),
                    one.reason,
                ]
                for one in found.decisions
            ],
            right=["import"],
        )
    shown = max(len(found.merges), len(found.refused))
    more = " The first of each are shown; --all shows all." if shown == _SHOWN else ""
    click.echo(f"\nData as of import {found.data_number}.{more}")
