"""The `touchstone` command: finds the command's module when it is called, shows errors as one sentence and a hint."""

from __future__ import annotations

import errno
import importlib
import sys
from typing import Any

import click

from touchstone import __version__
from touchstone.core.errors import TouchstoneError, UnknownName

# name: (module, one line of help); the module is imported only when its command is called
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Simulate a company, import its files, and write its report."),
    "init": ("init", "Make a new workspace with commented settings."),
    "add": ("add", "Import files: recognised, mapped, checked; what cannot be taken is set aside."),
    "imports": ("add", "List what was imported, and what was set aside."),
    "plan": ("plan", "Show the measurement plan: what is measured, what nothing measures, baseline to now to target."),
    "people": ("people", "Say who is who: which numbers are one person and why; join and undo."),
    "check": ("check", "Say what the data can and cannot answer."),
    "metrics": ("score", "List the metrics and their definitions."),
    "score": ("score", "Score a metric: value, interval, n, change against a baseline."),
    "units": ("units", "Compare stores, agents or products fairly: shrunken scores, ranks, consistency."),
    "banner": ("banner", "Show answers in columns, with letters for what differs."),
    "compare-with": ("compare_with", "Show the number an old tool showed, ours, and why they differ."),
    "transitions": ("transitions", "Follow the same people between bands, from one period to another."),
    "drivers": ("drivers", "Show what goes with a score, and how strongly."),
    "value": ("value", "Show what customers are worth, by how they score."),
    "released": ("released", "List what was given out of protected answers, and with --for-release."),
    "export": ("export", "Write a table to a file: CSV, Excel, Parquet, JSON lines, SPSS."),
    "report": ("report", "Write the report: one self-contained HTML file."),
    "settings": ("init", "Show the settings and what they decide."),
}


class Commands(click.Group):
    """A group whose commands live in modules of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(
            importlib.import_module(f"touchstone.cli.{module}"), cmd_name.replace("-", "_")
        )
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, Any, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise UnknownName.among("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="touchstone")
def cli() -> None:
    """Turns what customers say and do into numbers a CFO will accept.

    Begin with `touchstone demo`, or make a workspace (`touchstone init my-company`), go there, and import your files
    (`touchstone add exports/*.csv`).
    """


def main() -> None:
    """Run the command. Exit status 0 when done, 2 when refused; a traceback is a bug of ours."""
    try:
        cli(prog_name="touchstone", standalone_mode=False)
    except TouchstoneError as error:
        sys.exit(_complain(error.problem, error.hint))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f"see {context.command_path} --help" if context else ""
        sys.exit(_complain(error.format_message(), hint))
    except OSError as error:
        sys.exit(_complain(*_of_the_system(error)))
    except click.Abort:
        sys.exit(_complain("Stopped; nothing was changed.", ""))


def _of_the_system(error: OSError) -> tuple[str, str]:
    """What the system refused, and what to do."""
    what = f" ({error.filename})" if error.filename else ""
    hint = {
        errno.ENOSPC: "make room on the disk, and do it again: nothing was half written.",
        errno.EACCES: "ask for the right to write there, or use a workspace of your own.",
        errno.EROFS: "use a workspace on a disk that can be written.",
    }.get(error.errno or 0, "")
    return f"The system says: {error.strerror or error}{what}.", hint


def _complain(problem: str, hint: str) -> int:
    click.echo(f"Error: {problem}", err=True)
    if hint:
        click.echo(f"Hint: {hint}", err=True)
    return 2
