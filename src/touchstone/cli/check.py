"""`touchstone check`."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import click

from touchstone.cli.options import console, json_option, opened, print_json, workspace_option
from touchstone.measure.check import Check
from touchstone.measure.check import check as check_data
from touchstone.measure.findings import Finding, Subject
from touchstone.measure.metrics import metrics_of

_HEADS: dict[Subject, str] = {
    "data": "Data",
    "scores": "What can be scored",
    "coverage": "What the tables hold",
    "freshness": "How old they are",
    "duplicates": "Possible duplicates",
    "joins": "Who is found in which table",
    "impossible values": "Impossible values",
    "leakage": "Attributes that know the outcome",
    "then and now": "Attributes at the time of the answer, and today",
    "set aside": "Rows set aside",
}
_INDENT = 10


@click.command()
@click.option("--as-of", type=int, help="The data as of this import number.")
@workspace_option
@json_option
def check(as_of: int | None, folder: Path | None, as_json: bool) -> None:
    """Say what the data can and cannot answer, and what it would take. Changes nothing.

    Looks at what can be scored, what is missing, old or doubled, who is found in which table, what cannot be, which
    attributes know an outcome beforehand, and what was set aside.

    \b
    Example:
        touchstone check
    """
    workspace = opened(folder)
    found = check_data(workspace.data(as_of=as_of), metrics=metrics_of(workspace.folder))
    if as_json:
        print_json(found.records())
    else:
        _tell(found)


def _tell(found: Check) -> None:
    click.echo(found.sentence())
    for subject, findings in groupby(found.findings, key=lambda finding: finding.subject):
        click.echo(f"\n{_HEADS[subject]}")
        for finding in findings:
            click.echo(_lines(finding))
    click.echo(f"\nData as of import {found.data_number}.")


def _lines(finding: Finding) -> str:
    width = min(console().width, 120)
    text = click.wrap_text(
        finding.sentence,
        width=width,
        initial_indent=f"  {finding.verdict:<{_INDENT - 2}}",
        subsequent_indent=" " * _INDENT,
    )
    if not finding.takes:
        return text
    indent = " " * _INDENT
    takes = click.wrap_text(
        finding.takes, width=width, initial_indent=f"{indent}It takes: ", subsequent_indent=indent + "  "
    )
    return f"{text}\n{takes}"
