"""The faults that exports have in real life, planted on purpose and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from touchstone.simulate.exports import Table

Rows = NDArray[np.int64]
Fault = Callable[[np.random.Generator, Table, "Counter[str]"], None]

FORMULAS: Final = (
    '=HYPERLINK("http://prize.example","Click here")',
    "+1 from our whole family",
    "-10 for the courier",
    "@support still waiting",
    "=1+1",
)
BLANKS: Final = ("N/A", "-")
IMPOSSIBLE_SCORE: Final = "11"
RECOMMEND: Final = "Q1 How likely are you to recommend us to a friend or colleague?"
COMMENT: Final = "Q5 What is the main reason for your answers?"


@dataclass(frozen=True, slots=True)
class Soiled:
    """What dirt adds to a block of a file: rows to repeat at its end, and whether a line breaks off; and all counts."""

    repeated: Rows
    broken_line: bool
    planted: Counter[str] = field(default_factory=Counter)


def soil(file: str, table: Table, rng: np.random.Generator, *, first_block: bool) -> Soiled:
    """Plant this file's faults into the columns of `table` (changed in place)."""
    planted: Counter[str] = Counter()
    if not len(table):
        return Soiled(np.zeros(0, dtype=np.int64), False)
    for fault in FAULTS.get(file, ()):
        fault(rng, table, planted)
    repeated = _some(rng, np.arange(len(table)), REPEATED.get(file, 0.0))
    broken = first_block and file in BROKEN
    planted.update({"rows repeated": len(repeated), "lines broken off": int(broken)})
    return Soiled(repeated, broken, +planted)


def _some(rng: np.random.Generator, rows: Rows, rate: float) -> Rows:
    """A share of the rows, at least one if there are any, in order."""
    count = min(len(rows), max(1, round(rate * len(rows)))) if rate else 0
    return np.sort(rng.choice(rows, count, replace=False)) if count else np.zeros(0, dtype=np.int64)


def _filled(column: list[str]) -> Rows:
    return np.array([row for row, text in enumerate(column) if text], dtype=np.int64)


def _empty(column: list[str]) -> Rows:
    return np.array([row for row, text in enumerate(column) if not text], dtype=np.int64)


def mail_variants(header: str, rng: np.random.Generator, table: Table, planted: Counter[str]) -> None:
    """`Anna.Keller@Mail.Example`, ` anna.keller@mail.example `: the same address, written otherwise."""
    column = table.columns[header]
    for turn, row in enumerate(_some(rng, _filled(column), 0.02).tolist()):
        column[row] = (column[row].upper(), column[row] + " ", " " + column[row].title())[turn % 3]
        planted["e-mail variants"] += 1


def mixed_blanks(headers: tuple[str, ...], rng: np.random.Generator, table: Table, planted: Counter[str]) -> None:
    """Some of the empty cells say N/A or - instead."""
    for header in headers:
        column = table.columns[header]
        for turn, row in enumerate(_some(rng, _empty(column), 0.1).tolist()):
            column[row] = BLANKS[turn % 2]
            planted["blanks in words"] += 1


def impossible_scores(rng: np.random.Generator, table: Table, planted: Counter[str]) -> None:
    """A recommendation of 11 on a scale that ends at 10: the true answer is lost."""
    column = table.columns[RECOMMEND]
    for row in _some(rng, _filled(column), 0.004).tolist():
        column[row] = IMPOSSIBLE_SCORE
        planted["scores of 11"] += 1


def formulas(rng: np.random.Generator, table: Table, planted: Counter[str]) -> None:
    """Comments that a spreadsheet would run, where there was no comment."""
    column = table.columns[COMMENT]
    for turn, row in enumerate(_some(rng, _empty(column), 0.004).tolist()):
        column[row] = FORMULAS[turn % len(FORMULAS)]
        planted["comments like formulas"] += 1


def other_zone(rng: np.random.Generator, table: Table, planted: Counter[str]) -> None:
    """The same moment as read in New York's winter, with its offset, among readings of the office clock."""
    column = table.columns["RecordedDate"]
    # the hour of a doubled night would be ambiguous, so these rows come from months without a change
    calm = np.array([row for row, text in enumerate(column) if text[5:7] not in ("03", "10")], dtype=np.int64)
    for row in _some(rng, calm, 0.005).tolist():
        summer = "04" <= column[row][5:7] <= "09"
        moment = np.datetime64(column[row].replace(" ", "T"), "s") - np.timedelta64(7 if summer else 6, "h")
        column[row] = f"{moment}-05:00"
        planted["times in another zone"] += 1


def negative_durations(rng: np.random.Generator, table: Table, planted: Counter[str]) -> None:
    """Solved on the morning before it was asked: the true time is lost."""
    created, solved = table.columns["Created"], table.columns["Solved"]
    for row in _some(rng, _filled(solved), 0.004).tolist():
        solved[row] = created[row][:10] + " 00:00:01"
        planted["solved before created"] += 1


def decimal_commas(header: str, _rng: np.random.Generator, table: Table, planted: Counter[str]) -> None:
    """12,5 for 12.5 throughout."""
    table.columns[header] = [text.replace(".", ",") for text in table.columns[header]]
    planted["decimal commas"] += len(table)


def spreadsheet_numbers(header: str, rng: np.random.Generator, table: Table, planted: Counter[str]) -> None:
    """100001.0 for 100001, as a spreadsheet leaves a number behind."""
    column = table.columns[header]
    for row in _some(rng, _filled(column), 0.005).tolist():
        column[row] += ".0"
        planted["ids with .0"] += 1


_ITEMS: Final = (
    "Q3_1 Delivery",
    "Q3_2 Ordering and paying",
    "Q3_3 The product itself",
    "Q3_4 Returns and refunds",
    "Q3_5 Customer service",
    "Q3_6 Website and app",
    "Q3_7 Our stores",
)
FAULTS: Final[dict[str, tuple[Fault, ...]]] = {
    "survey.csv": (
        partial(mail_variants, "RecipientEmail"),
        impossible_scores,
        formulas,
        other_zone,
        partial(mixed_blanks, _ITEMS),
    ),
    "tickets.csv": (
        partial(mail_variants, "Requester"),
        negative_durations,
        partial(decimal_commas, "Waiting time (min)"),
        partial(mixed_blanks, ("Solved",)),
    ),
    "orders.csv": (partial(spreadsheet_numbers, "customer_id"), partial(mixed_blanks, ("refund_of",))),
    "customers.csv": (partial(mail_variants, "email"), partial(mixed_blanks, ("account_id",))),
    "events.csv": (partial(mixed_blanks, ("session_id",)),),
    "reviews.csv": (partial(mixed_blanks, ("customer_id",)),),
}
REPEATED: Final = {
    "survey.csv": 0.01,
    "tickets.csv": 0.005,
    "orders.csv": 0.003,
    "customers.csv": 0.002,
    "events.csv": 0.001,
}
BROKEN: Final = ("survey.csv", "events.csv")
ENCODINGS: Final = {"tickets.csv": "latin-1"}
DELIMITERS: Final = {"tickets.csv": ";"}
