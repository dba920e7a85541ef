"""`touchstone plan`: the plan as it stands, a first one, and its baselines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from touchstone.cli.options import console, json_option, opened, print_json, print_table, workspace_option
from touchstone.core.errors import Refused
from touchstone.core.estimate import Estimate, NoEstimate, Result, Total, interval, plain, shown
from touchstone.core.period import Period
from touchstone.core.plan import Entered
from touchstone.definitions import PLAN, Definitions
from touchstone.measure.baselines import Baseline, freeze
from touchstone.measure.kinds import UNSTATED
from touchstone.measure.listening import Heard, Listened
from touchstone.measure.metrics import metrics_of
from touchstone.measure.plans import checked, plan_of
from touchstone.measure.progress import Progress
from touchstone.measure.standing import Standing, standing
from touchstone.measure.suggestion import suggested
from touchstone.workspace import Workspace

_EMPTY = """There is no plan yet.
A plan says what is to be reached (goals), where on the customer's journey it is decided (moments), how each moment is
listened to, and which metrics follow it: one of feeling and one of behaviour, each with a frozen baseline and a target.
Write a first one from the data that is here: touchstone plan init --goal retention --goal loyalty"""


@click.group(invoke_without_command=True)
@click.option("--period", help="What is now: 2025, 2025-Q3, 2025-03… (default: as long as each baseline, up to date).")
@click.option("--as-of", type=int, help="The data as of this import number.")
@click.option("--sql", "show_sql", is_flag=True, help="Print the queries behind the numbers instead.")
@workspace_option
@json_option
@click.pass_context
def plan(
    context: click.Context,
    period: str | None,
    as_of: int | None,
    show_sql: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Show the measurement plan as it stands: seven steps, every moment, every metric from baseline to now to target.

    The plan is plan.toml in the workspace. Its baselines are frozen by a command, so that they never move.

    \b
    Examples:
        touchstone plan init --goal retention --goal loyalty
        touchstone plan freeze nps --period 2024
        touchstone plan
    """
    context.obj = folder
    if context.invoked_subcommand is not None:
        return
    workspace = opened(folder)
    found = _standing(workspace, Period.parse(period) if period else None, as_of)
    if as_json:
        print_json(None if found is None else found.records())
    elif found is None:
        click.echo(_EMPTY)
    elif show_sql:
        click.echo(found.sql)
    else:
        tell(found, workspace.settings.name)


def _standing(workspace: Workspace, period: Period | None, as_of: int | None) -> Standing | None:
    definitions, metrics = Definitions(workspace.folder), metrics_of(workspace.folder)
    if plan_of(definitions, metrics) is None:
        return None
    now = datetime.now(workspace.settings.zone)
    return standing(definitions, workspace.data(as_of=as_of), metrics, now=now, period=period)


@plan.command()
@click.option("--goal", "goals", multiple=True, help="What is pursued (retention, loyalty, churn…); repeatable.")
@click.option("--journey", default="five-es", show_default=True, help="Its stages: five-es or engage-to-expand.")
@workspace_option
@click.pass_context
def init(context: click.Context, goals: tuple[str, ...], journey: str, folder: Path | None) -> None:
    """Write a first plan.toml, suggested from the data.

    Its moments are the touchpoints that the data has, its metrics those that the goals usually bring and the data can
    tell. It is commented, and yours to change.

    \b
    Example:
        touchstone plan init --goal churn --goal resolution
    """
    workspace = opened(folder or context.obj)
    path = write_plan(workspace, goals, journey)
    click.echo(f"Wrote {path}: read it and make it yours.")
    click.echo("Next: touchstone plan")


def write_plan(workspace: Workspace, goals: tuple[str, ...], journey: str) -> Path:
    """Write the suggested plan of a workspace; Refused where it has one."""
    definitions, metrics = Definitions(workspace.folder), metrics_of(workspace.folder)
    path = definitions.path(PLAN, PLAN)
    if path.exists():
        raise Refused(f"There is a plan already: {path}.", hint="change it in your editor, or rename it first.")
    text = suggested(
        workspace.data(),
        metrics,
        name=workspace.settings.name,
        goals=goals,
        journey=journey,
        now=datetime.now(workspace.settings.zone),
    )
    definitions.save(PLAN, PLAN, text, check=lambda name, body: checked(body, metrics))
    return path


@plan.command("freeze")
@click.argument("metric")
@click.option("--period", help="2024, 2024-Q3, 2024-03… (default: the baseline that plan.toml names).")
@workspace_option
@json_option
@click.pass_context
def freeze_command(context: click.Context, metric: str, period: str | None, folder: Path | None, as_json: bool) -> None:
    """Freeze the baseline of METRIC in a period.

    Its value, interval and n are kept, with the definition it was computed by and the wording of the question. Where
    one of these is another later, nothing is compared, and `touchstone plan` says why.

    \b
    Example:
        touchstone plan freeze nps --period 2024
    """
    _freeze(opened(folder or context.obj), metric, period, as_json, again=False)


@plan.command("re-evaluate")
@click.argument("metric")
@click.option("--period", help="The period of the new baseline.")
@workspace_option
@json_option
@click.pass_context
def re_evaluate(context: click.Context, metric: str, period: str | None, folder: Path | None, as_json: bool) -> None:
    """Freeze another baseline; the old one stays visible.

    \b
    Example:
        touchstone plan re-evaluate nps --period 2025
    """
    _freeze(opened(folder or context.obj), metric, period, as_json, again=True)


def _freeze(workspace: Workspace, name: str, period: str | None, as_json: bool, *, again: bool) -> None:
    definitions, metrics = Definitions(workspace.folder), metrics_of(workspace.folder)
    found = plan_of(definitions, metrics)
    if found is None:
        raise Refused("There is no plan yet.", hint="write a first one: touchstone plan init")
    followed = found.followed(name)
    asked = Period.parse(period) if period else None
    frozen = freeze(definitions, workspace.data(), metrics[followed.use.metric], followed, asked, again=again)
    if as_json:
        print_json(frozen.record())
        return
    click.echo(f"Frozen: {name} in {frozen.period} is {_told(frozen.result)}{_of(frozen)}.")
    click.echo("Next: touchstone plan")


def _of(frozen: Baseline) -> str:
    words = [
        f"{frozen.kind} answers" if frozen.kind else "",
        *(f"asked as '{one.words}'" for one in frozen.wordings[:1]),
    ]
    more = len(frozen.wordings) - 1
    told = [word for word in words if word] + ([f"and {more} more questions"] if more > 0 else [])
    return f"; {', '.join(told)}" if told else ""


def tell(found: Standing, name: str) -> None:
    """Print a plan as it stands."""
    done = sum(not step.missing for step in found.steps)
    goals = " and ".join(found.plan.goals) or "none named"
    click.echo(f"The plan of {name} (version {found.version}). Goals: {goals}. {done} of 7 steps are complete.\n")
    for step in found.steps:
        click.echo(f"  {'done   ' if not step.missing else 'missing'}  {step.name}: {step.has}")
        for gap in step.missing:
            click.echo(_wrapped(f"- {gap}", 11, 13))
    if found.moments:
        click.echo("\nThe journey, in the last twelve months")
        print_table(
            ["moment", "stage", "listened to by", "feeling", "behaviour", "money", "owner"],
            [_moment(one) for one in found.moments],
        )
    if found.metrics:
        click.echo("\nFrom baseline to now")
    for one in found.metrics:
        for place, line in enumerate(_metric(one)):
            click.echo(_wrapped(line, 2 if place == 0 else 4, 6))
    click.echo(f"\nData as of import {found.data_number}.")


def _wrapped(text: str, first: int, rest: int) -> str:
    width = min(console().width, 120)
    told = "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text
    )  # names come from files
    return click.wrap_text(told, width=width, initial_indent=" " * first, subsequent_indent=" " * rest)


def _moment(one: Listened) -> list[str]:
    moment = one.moment
    tools = ", ".join(moment.instruments) or "nothing"
    numbers = [_heard(one.feeling), _heard(one.behaviour), _money(one.money)]
    return [moment.label, moment.stage or "-", tools, *numbers, moment.owner or "-"]


def _heard(one: Heard | None) -> str:
    if one is None:
        return "nothing"
    if isinstance(one.result, NoEstimate):
        return f"{one.metric.name}: unknown"
    return f"{one.metric.name} {_told(one.result)}"


def _money(money: Result | Entered | None) -> str:
    if isinstance(money, Entered):
        return f"{money.amount:,.2f} {money.currency} ({money.source})"
    if money is None or isinstance(money, NoEstimate):
        return "-" if money is None else "unknown"
    return _told(money)


def _metric(one: Progress) -> Iterator[str]:
    """One metric in a few lines: now, its change, its target, what the sample sees, the benchmarks, older baselines."""
    name = f"{one.followed.name}: " if one.followed.name != one.metric.name else ""
    when = f" in {one.period}" if one.period else ""
    kind = f", {one.kind} answers" if one.kind not in ("", UNSTATED) else ""
    now = f"unknown: {one.now.reason}" if isinstance(one.now, NoEstimate) else _told(one.now)
    yield f"{name}{one.metric.label}: {now}{when}{kind}."
    if one.baseline is None:
        period = one.followed.baseline or "P"
        yield f"No baseline yet: touchstone plan freeze {one.followed.name} --period {period}"
    else:
        yield from _since(one, one.baseline)
    if one.followed.target is not None:
        yield from _target(one)
    if one.overdue:
        yield f"The review was due on {one.followed.review}."
    for each in one.followed.benchmarks:
        n = f", n={each.n:,}" if each.n else ""
        yield f"Benchmark: {each.value:g} ({each.source}, {each.on}{n})."
    for held in one.history[:-1]:
        yield f"Earlier baseline: {held.period}, {_told(held.result)}, frozen {held.frozen_on}."


def _since(one: Progress, baseline: Baseline) -> Iterator[str]:
    edited = ", then edited by hand" if baseline.by_hand else ""
    yield f"Baseline {baseline.period}: {_told(baseline.result)}, frozen {baseline.frozen_on}{edited}."
    if one.broken:
        yield f"The line is broken: {one.broken}."
        again = f"touchstone plan re-evaluate {one.followed.name} --period {one.period or 'P'}"
        yield f"Not compared. A new baseline: {again}"
        return
    if one.drift is not None:
        yield f"The data now gives {_told(one.drift)} for {baseline.period}; the frozen value stays."
    if one.exact is not None and isinstance(one.now, Total):
        yield f"Change: {one.exact:+,.2f} {one.now.unit}, an exact sum."
    elif isinstance(one.change, Estimate) and one.verdict is not None:
        yield f"Change: {_signed(one.change)} ({interval(one.change)}), {one.verdict.words}."
        if one.followed.target is None and one.sight and one.verdict.words != "a real change":
            yield f"{one.sight.sentence(f'The change is {one.sight.distance}')}."
    elif isinstance(one.change, NoEstimate):
        yield f"Change: cannot be told: {one.change.reason}."


def _target(one: Progress) -> Iterator[str]:
    by = f" by {one.followed.review}" if one.followed.review else ""
    if one.target is None:
        yield f"Target {one.followed.target}{by}: it has no baseline to be relative to."
        return
    unit = "" if isinstance(one.now, NoEstimate) else f" {one.now.unit}"
    reached = f": {one.reached}" if one.reached else ""
    yield f"Target {one.followed.target}, so {plain(one.target, 1)}{unit}{by}{reached}."
    if one.sight and one.reached != "reached":
        yield f"{one.sight.sentence(f'The target is {one.sight.distance} away')}."


def _signed(change: Estimate) -> str:
    text = shown(change)
    return text if change.value < 0 else f"+{text}"


def _told(result: Result) -> str:
    if isinstance(result, Estimate):
        return f"{shown(result)} ({interval(result)}, n={result.n:,})"
    return result.reason if isinstance(result, NoEstimate) else f"{result.value:,.2f} {result.unit} (exact sum)"
