"""`touchstone score` and `touchstone metrics`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from touchstone.cli.options import json_option, opened, print_json, print_table, release_option, workspace_option
from touchstone.core.errors import TouchstoneError
from touchstone.core.estimate import Estimate, Measured, Total, exact, interval, shown
from touchstone.core.metric import Metric
from touchstone.engine.accounts import RollUp
from touchstone.engine.data import Data
from touchstone.listen.add import add
from touchstone.listen.export import write_records
from touchstone.measure.accounts import DECISION_MAKERS, ROLL_UPS
from touchstone.measure.margins import read_margins
from touchstone.measure.metrics import found_metrics, metric_named, metrics_of
from touchstone.measure.raking import Raking
from touchstone.measure.score import score as score_metric
from touchstone.measure.scores import UNSURE, Change, Score, Scores, answers_for_clarity, named
from touchstone.stats.differences import would_tell
from touchstone.stats.raking import TRIM
from touchstone.workspace import Workspace


@click.command()
@click.argument("metric")
@click.option("--by", multiple=True, help="Column, period (year, quarter, month, week, day) or customer.X; repeatable.")
@click.option("--where", default="", help="Keep rows: COLUMN OP VALUE, joined by and.")
@click.option("--weight", help="Column of weights (default: unweighted).")
@click.option("--period", help="Only 2017, 2017-Q3, 2017-03, 2017-W09, 2017-03-31 or a span 2017-01..2017-03.")
@click.option("--baseline", help="The period that every other is compared with; needs --by year, month…")
@click.option("--adjust", help="Column whose mix is held as in the baseline (channel, region); needs --baseline.")
@click.option("--rake", "margins", type=click.Path(path_type=Path), help="Weight to the known margins in this file.")
@click.option("--trim", default=TRIM, show_default=True, help="With --rake: largest weight in multiples of the median.")
@click.option("--roll-up", type=click.Choice(ROLL_UPS), help="Who speaks for an account, and how much it counts.")
@click.option("--role", "roles", multiple=True, help="With --roll-up decision-makers: who they are; repeatable.")
@click.option("--level", default=0.95, show_default=True, help="Confidence level of the intervals.")
@release_option
@click.option("--as-of", type=int, help="The data as of this import number.")
@click.option("--file", "files", multiple=True, type=click.Path(path_type=Path), help="Score a file; no workspace.")
@click.option("--sql", "show_sql", is_flag=True, help="Print the query behind the numbers instead.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the records to a file: .xlsx, .csv…")
@click.option("--force", is_flag=True, help="Replace that file if it is there.")
@workspace_option
@json_option
def score(
    metric: str,
    by: tuple[str, ...],
    where: str,
    weight: str | None,
    period: str | None,
    baseline: str | None,
    adjust: str | None,
    margins: Path | None,
    trim: float,
    roll_up: RollUp | None,
    roles: tuple[str, ...],
    level: float,
    for_release: bool,
    as_of: int | None,
    files: tuple[Path, ...],
    show_sql: bool,
    output: Path | None,
    force: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Score METRIC with its interval, n, and change against a baseline.

    \b
    Examples:
        touchstone score nps --by segment
        touchstone score overall_rating --by year --baseline 2010
        touchstone score nps --by month --baseline 2017-01 --adjust channel
        touchstone score nps --by segment --rake margins.toml
        touchstone score nps --roll-up revenue
        touchstone score nps --file survey.csv
        touchstone score nps --by segment -o nps.xlsx
    """
    with TemporaryDirectory() as scratch:
        workspace, data = _opened(folder, files, as_of, Path(scratch))
        scores = score_metric(
            data,
            metric_named(metric, metrics_of(workspace.folder)),
            by=by,
            where=where,
            weight=weight,
            level=level,
            period=period,
            baseline=baseline,
            adjust=adjust,
            rake=read_margins(margins) if margins else None,
            trim=trim,
            roll_up=roll_up,
            roles=roles or DECISION_MAKERS,
            for_release=for_release,
        )
    if output is not None:
        write_records(scores.to_arrow(), output, title=metric, force=force)
        click.echo(f"The results are in {output}.")
    elif show_sql:
        click.echo(scores.sql)
    elif as_json:
        print_json(scores.records())
    else:
        _tell(scores)


def _opened(folder: Path | None, files: tuple[Path, ...], as_of: int | None, scratch: Path) -> tuple[Workspace, Data]:
    """The workspace and its data; with files, a workspace that is gone when the command ends."""
    if not files:
        workspace = opened(folder)
    else:
        workspace = Workspace.create(scratch / "workspace")
        add(workspace, files)
    return workspace, workspace.data(as_of=as_of)


def _tell(scores: Scores) -> None:
    click.echo(scores.sentence())
    if len(scores.rows) > 1 or scores.by:
        heads = [*scores.by, scores.metric.name, "interval", "n"]
        heads += ["change", "verdict"] if scores.baseline else []
        heads += [f"at its mix of {scores.adjust}", "change at that mix"] if scores.adjust else []
        grey = [place for place, row in enumerate(scores.rows) if row.unsure]
        print_table(heads, [_cells(row, scores) for row in scores.rows], right=[scores.metric.name, "n"], grey=grey)
        if grey:
            click.echo(_greyed([scores.rows[place] for place in grey]))
    if scores.raking:
        _tell_raking(scores.raking)
    if scores.accounts:
        click.echo(scores.accounts.coverage.sentence())
    for note in scores.notes:
        click.echo(f"Note: {note}.")
    results = [row.result for row in scores.rows] + [row.adjusted.value for row in scores.rows if row.adjusted]
    methods = {result.method for result in results if isinstance(result, Estimate)}
    if methods:
        click.echo(f"Method: {'; '.join(sorted(methods))}. Data as of import {scores.data_number}.")


_MOST_LISTED = 8


def _greyed(rows: list[Score]) -> str:
    """Which rows are greyed, why, and what it would take."""
    needed = answers_for_clarity(row.result for row in rows)
    takes = f"; about {needed:,} answers each would do" if needed else ""
    return f"Greyed: {_listed([named(row.group) for row in rows])}: {UNSURE}{takes}."


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return ", ".join(names[:_MOST_LISTED]) + more


def _tell_raking(raking: Raking) -> None:
    """The margins before and after, and what the weights cost."""
    rows = [
        [line.margin, line.category, f"{line.n:,}", f"{before:.1f} %", f"{after:.1f} %"]
        for line, before, after in raking.shares()
    ]
    click.echo()
    print_table(["margin", "category", "answers", "before", "weighted"], rows, right=["answers", "before", "weighted"])
    click.echo(raking.sentence())


def _cells(row: Score, scores: Scores) -> list[str]:
    result = row.result
    group = ["none" if value is None else value for value in row.group]
    if isinstance(result, Estimate):
        cells = [*group, shown(result), interval(result), f"{result.n:,}"]
    elif isinstance(result, Total):
        cells = [*group, exact(result), "exact sum", f"{result.n:,}"]
    else:
        cells = [*group, "-", result.reason, "" if result.n is None else f"{result.n:,}"]
    if scores.baseline:
        cells += (
            [_beside(row.change.difference), _verdict(row.change, scores.metric.counted)] if row.change else ["", ""]
        )
    if scores.adjust:
        cells += [_beside(row.adjusted.value), _beside(row.adjusted.change)] if row.adjusted else ["", ""]
    return cells


def _verdict(change: Change, of: str) -> str:
    """The verdict, and what it would take to tell."""
    takes = would_tell(change.verdict, change.difference, of=of)
    return f"{change.verdict}; {takes}" if takes else str(change.verdict)


def _beside(result: Measured | None) -> str:
    if isinstance(result, Estimate):
        return f"{shown(result)} ({interval(result)})"
    return "" if result is None else f"- {result.reason}"


SHOWN = (  # keys of the record of a metric
    "name", "label", "family", "table", "unit", "better", "version", "definition", "formula", "population", "windows",
    "variants", "goals", "everyday", "source",
)  # fmt: skip


@click.command()
@click.argument("words", nargs=-1, metavar="[NAME | WORDS…]")
@click.option("--goal", default="", help="Only those that serve a goal: retention, loyalty, churn, resolution…")
@workspace_option
@json_option
def metrics(words: tuple[str, ...], goal: str, folder: Path | None, as_json: bool) -> None:
    """List the metrics, search them, or show the definition of one.

    \b
    Examples:
        touchstone metrics nps
        touchstone metrics complaints
        touchstone metrics --goal retention
    """
    try:
        home = opened(folder).folder
    except TouchstoneError:
        home = Path()  # without a workspace there are still those that come with Touchstone
    known, sought = metrics_of(home), " ".join(words)
    one = known.get(sought)
    chosen = [one] if one else found_metrics(sought, known, goal=goal)
    if as_json:
        print_json([{key: getattr(metric, key) for key in SHOWN} for metric in chosen])
    elif one:
        _tell_definition(one, known)
    else:
        rows = [[metric.family or "your own", metric.name, metric.label, metric.table] for metric in chosen]
        print_table(["about", "metric", "is", "from"], _without_repeats(rows))


def _tell_definition(metric: Metric, known: Mapping[str, Metric]) -> None:
    click.echo(f"{metric.label}\n{metric.definition}")
    for head, text in (("Formula", metric.formula), ("Counted", metric.population), ("Window", metric.windows)):
        if text:
            click.echo(f"{head}: {text}")
    source = f" Source: {metric.source}." if metric.source else ""
    click.echo(f"From: {metric.table}. In: {metric.unit}, {metric.better} is better. Version {metric.version}.{source}")
    if metric.goals:
        click.echo(f"Serves: {', '.join(metric.goals)}.")
    others = [known[name] for name in metric.variants if name in known]
    if others:
        click.echo()
        print_table(["also", "is", "from"], [[one.name, one.label, one.table] for one in others])


def _without_repeats(rows: list[list[str]]) -> list[list[str]]:
    """Each family named once, in the row of its first metric."""
    return [row if place == 0 or rows[place - 1][0] != row[0] else ["", *row[1:]] for place, row in enumerate(rows)]
