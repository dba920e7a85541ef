"""`touchstone demo`: a simulated company, from its files to its report, through the functions behind the commands."""

from __future__ import annotations

import shutil
from contextlib import suppress
from importlib import resources
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from touchstone.cli import drivers as drivers_command
from touchstone.cli import value as value_command
from touchstone.cli.options import console, print_table
from touchstone.cli.report import write_report
from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.estimate import Estimate, NoEstimate, Total, exact, interval, shown
from touchstone.definitions import PLAN, Definitions
from touchstone.engine.data import Data
from touchstone.listen.add import ImportSummary, add
from touchstone.measure.baselines import freeze
from touchstone.measure.metrics import metric_named, metrics_of
from touchstone.measure.plans import checked
from touchstone.measure.score import score
from touchstone.measure.scores import Scores
from touchstone.simulate import Company, write_company
from touchstone.understand.drivers import drivers
from touchstone.value.table import value_table
from touchstone.workspace import SETTINGS_FILE, Workspace

SCORES = ("nps", "csat", "ces", "response_rate", "resolution_time", "churn_year", "repeat_purchase_rate", "sales")


@click.command()
@click.option(
    "--dir",
    "folder",
    default="touchstone-demo",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where the company's workspace goes; a demo that is there is replaced.",
)
@click.option("--customers", default=4_000, show_default=True, help="Size of the company, 1,000 to 1,000,000.")
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same company.")
@click.option("--dirt", is_flag=True, help="With the dirt of life in the files.")
@click.option("--studies", is_flag=True, help="With more files, so that every metric of the catalogue can be told.")
def demo(folder: Path, customers: int, seed: int, dirt: bool, studies: bool) -> None:
    """Simulate a company, import its files, print its numbers, and write its report.

    The files are written as its survey tool, shop and help desk would export them; what is true about the company is in
    truth.json, to hold the numbers against.

    \b
    Example:
        touchstone demo --customers 10000
    """
    # refuses what cannot be, before anything is removed
    company = Company(seed=seed, customers=customers, dirt=dirt, studies=studies)
    workspace = _fresh_workspace(folder)
    exports = workspace.folder / "exports"
    with _progress() as progress:
        step = progress.add_task("Writing the files of a simulated company", total=None)
        written = write_company(company, exports)
        progress.update(step, description="Importing them")
        summary = add(workspace, _data_files(exports), progress=lambda text: progress.update(step, description=text))
    click.echo(f"{company.name}: {len(written.paths)} files in {exports}")
    _tell_import(summary)
    data = workspace.data()
    _plan(workspace, data)
    _tell_scores(data)
    _tell_drivers(data)
    click.echo()
    value_command.tell(value_table(data, metric_named("nps")))
    path = write_report(workspace)
    click.echo(f"\nThe report: {path}")
    click.echo(f"Next: cd {folder} && touchstone plan, touchstone score nps --by region, or your own files:")
    click.echo("      touchstone init my-company && cd my-company && touchstone add EXPORTS…")


def _fresh_workspace(folder: Path) -> Workspace:
    """An empty demo workspace; a folder that is not a demo is never touched."""
    if folder.exists() and not folder.is_dir():
        raise Refused(f"'{folder}' is a file.", hint="name a folder with --dir.")
    if (folder / SETTINGS_FILE).exists():
        if not Workspace.open(folder).settings.demo:
            raise Refused(f"'{folder}' holds a workspace of yours.", hint="name another folder with --dir.")
        shutil.rmtree(folder)
    elif folder.exists() and any(folder.iterdir()):
        raise Refused(f"'{folder}' is not empty.", hint="name another folder with --dir.")
    return Workspace.create(folder, name=Company().name, timezone="Europe/Berlin", currency="EUR", demo=True)


def _plan(workspace: Workspace, data: Data) -> None:
    """The company's plan, with a frozen baseline of what it follows; a metric without a value in it has none."""
    definitions, metrics = Definitions(workspace.folder), metrics_of(workspace.folder)
    text = (resources.files("touchstone.simulate") / "plan.toml").read_text("utf-8")
    definitions.save(PLAN, PLAN, text, check=lambda name, body: checked(body, metrics))
    for followed in checked(text, metrics).metrics:
        with suppress(Refused):
            freeze(definitions, data, metrics[followed.use.metric], followed, None)


def _data_files(exports: Path) -> list[Path]:
    return sorted(exports.glob("*.csv"))


def _progress() -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console(stderr=True), transient=True)


def _tell_import(summary: ImportSummary) -> None:
    rows = [
        [file.file, f"{file.rows_read:,}", f"{file.records:,}", file.table, f"{file.rows_aside + file.cells_aside:,}"]
        for file in summary.files
    ]
    print_table(["file", "rows read", "taken", "as", "set aside"], rows, right=["rows read", "taken", "set aside"])


def _tell_scores(data: Data) -> None:
    click.echo()
    rows = []
    for name in SCORES:
        scores: Scores = score(data, metric_named(name))
        for row in scores.rows:
            group = f" ({row.group[0]})" if row.group and row.group[0] else ""
            result = row.result
            if isinstance(result, Estimate):
                cells = [shown(result), interval(result), f"{result.n:,}"]
            elif isinstance(result, Total):
                cells = [exact(result), "exact sum", f"{result.n:,}"]
            else:
                cells = ["-", result.reason, ""]
            rows.append([scores.metric.label + group, *cells])
    print_table(["score", "value", "95 % interval", "n"], rows, right=["value", "n"])


def _tell_drivers(data: Data) -> None:
    click.echo()
    try:
        found = drivers(data, metric_named("overall_rating"))
    except (Refused, BadDefinition) as error:
        click.echo(f"Drivers: {error.problem}")
        return
    if isinstance(found, NoEstimate):
        click.echo(f"Drivers: {found.reason}")
        return
    drivers_command.tell(found)
