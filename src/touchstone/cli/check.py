"""`touchstone check`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from touchstone.cli.options import console, json_option, opened, print_json, workspace_option
from touchstone.measure.check import Check
from touchstone.measure.check import check as check_data
from touchstone.measure.findings import Finding, Judgement, Subject
from touchstone.measure.metrics import metrics_of

_HEADS: dict[Subject, str] = {
    "data": "data",
    "scores": "scores",
    "coverage": "tables",
    "freshness": "age",
    "duplicates": "duplicates",
    "joins": "who is found where",
    "impossible values": "impossible values",
    "leakage": "attributes that know the outcome",
    "then and now": "then and now",
    "set aside": "set aside",
}
_VERDICTS: dict[Judgement, str] = {"problem": "Problems", "note": "Notes", "good": "As it should be"}


@click.command()
@click.option("--all", "everything", is_flag=True, help="Show what is as it should be, too.")
@click.option("--as-of", type=int, help="The data as of this import number.")
@workspace_option
@json_option
def check(everything: bool, as_of: int | None, folder: Path | None, as_json: bool) -> None:
    """Say what the data can and cannot answer, and what it would take. Changes nothing.

    Problems first, then notes; what is as it should be is only counted, unless asked for. Looks at what can be scored,
    what is missing, old or doubled, who is found in which table, what cannot be, which attributes know an outcome
    beforehand, and what was set aside.

    \b
    Example:
        touchstone check
    """
    workspace = opened(folder)
    found = check_data(workspace.data(as_of=as_of), metrics=metrics_of(workspace.folder))
    if as_json:
        print_json(found.records())
    else:
        _tell(found, everything)


def _tell(found: Check, everything: bool) -> None:
    click.echo(found.sentence())
    for verdict, head in _VERDICTS.items():
        chosen = [finding for finding in found.findings if finding.verdict == verdict]
        if not chosen or (verdict == "good" and not everything):
            continue
        click.echo(f"\n{head}")
        for finding in chosen:
            click.echo(_lines(finding))
    good = [finding.subject for finding in found.findings if finding.verdict == "good"]
    if good and not everything:
        subjects = ", ".join(f"{_HEADS[subject]} ({n})" for subject, n in Counter(good).items())
        told = click.wrap_text(subjects, width=_width(), initial_indent="  ", subsequent_indent="  ")
        click.echo(f"\nAs it should be (--all tells)\n{told}")
    click.echo(f"\nData as of import {found.data_number}.")


def _width() -> int:
    return min(console().width, 120)


def _lines(finding: Finding) -> str:
    width = _width()
    text = click.wrap_text(
        f"{_HEADS[finding.subject]}: {finding.sentence}", width=width, initial_indent="  ", subsequent_indent="    "
    )
    if not finding.takes:
        return text
    indent = " " * 4
    takes = click.wrap_text(
        finding.takes, width=width, initial_indent=f"{indent}It takes: ", subsequent_indent=indent + "  "
    )
    return f"{text}\n{takes}"
