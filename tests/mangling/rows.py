"""Manglings of rows: ragged, repeated, empty, totals, cut off."""

from __future__ import annotations

from tests.mangling.case import Case, Effect, Row
from tests.mangling.catalogue import mangling, plain


@mangling("rows")
def short_rows(case: Case) -> None:
    """Rows that lack their last cells: set aside, or filled up where that is the habit of the file."""
    for row in case.some(3):
        row.cells = row.cells[: -case.rng.randint(1, 3)]
        row.touch()


@mangling("rows", alone=True)  # beside others nothing may be left that tells the header
def half_of_the_rows_short(case: Case) -> None:
    for row in case.rows[::2]:
        row.cells = row.cells[:-1]
        row.touch()


@mangling("rows")
def long_rows(case: Case) -> None:
    for row in case.some(3):
        row.cells = [*row.cells, "more", "and more"]
        row.touch()


@mangling("rows")
def a_row_broken_by_a_comma(case: Case) -> None:
    """A comma in a text that nobody quoted."""
    for row in case.some(2):
        row.raw = ",".join([*row.cells[:-1], "one", "two"])
        row.touch()
        if '"' in row.raw or "\n" in row.raw:
            row.raw = None


@mangling("rows")
def blank_lines(case: Case) -> None:
    for _ in range(case.rng.randint(1, 6)):
        case.rows.insert(case.rng.randrange(len(case.rows) + 1), Row([], effect=Effect.FREE, counted=0, raw=""))


@mangling("rows")
def blank_lines_at_the_end(case: Case) -> None:
    case.after = ["", "", "", ""]


@mangling("rows")
def lines_of_blanks(case: Case) -> None:
    for _ in range(3):
        case.rows.insert(case.rng.randrange(len(case.rows) + 1), Row([], effect=Effect.FREE, counted=0, raw="   "))


@mangling("rows")
def rows_of_commas(case: Case) -> None:
    """What a spreadsheet writes below its last row: rows with nothing in them, set aside or no rows at all."""
    width = len(case.heads[0])
    for _ in range(case.rng.randint(1, 5)):
        case.rows.append(Row([""] * width, effect=Effect.FREE))


@mangling("rows", needs=plain)
def a_line_of_totals(case: Case) -> None:
    width = len(case.heads[0])
    cells = ["Total", *[""] * (width - 1)]
    cells[width // 2] = "12345.67"
    case.rows.append(Row(cells, key="Total", effect=Effect.FREE, counted=0))
    case.absent.append("Total")


@mangling("rows", needs=plain)
def a_footer(case: Case) -> None:
    case.after = ["", "Reporting period 2024-01-01 to 2024-01-31"]
    case.absent.append("Reporting period 2024-01-01 to 2024-01-31")


@mangling("rows", needs=plain)
def a_comment_in_the_middle(case: Case) -> None:
    at = case.rng.randrange(1, len(case.rows))
    case.rows.insert(at, Row(["# page 2"], effect=Effect.FREE))


@mangling("rows")
def rows_in_another_order(case: Case) -> None:
    if len({row.key for row in case.rows}) == len(case.rows):
        case.rng.shuffle(case.rows)


@mangling("rows")
def no_rows(case: Case) -> None:
    """Names and nothing below."""
    case.rows = []
    case.may_refuse = True


@mangling("rows", needs=plain)
def one_row(case: Case) -> None:
    case.rows = [case.rng.choice(case.rows)]
    case.touch(Effect.SAME)
    case.may_refuse = True


@mangling("rows", needs=plain)
def two_rows(case: Case) -> None:
    case.rows = case.rows[:2]
    case.touch(Effect.SAME)
    case.may_refuse = True


def _cut(case: Case, *, text: str) -> None:
    """The file ends within its last row."""
    last = case.rows[-1]
    last.touch()
    if any(sign in text for sign in '"\n\r'):
        case.unknowable = True
    last.raw = text
    case.final_line_end = False
    if not text:
        case.rows.pop()


@mangling("rows")
def cut_within_a_row(case: Case) -> None:
    whole = case.line(case.rows[-1].cells)
    _cut(case, text=whole[: case.rng.randrange(1, len(whole))])


@mangling("rows")
def cut_within_a_quoted_cell(case: Case) -> None:
    line = case.line(case.rows[-1].cells)
    case.rows[-1].touch()
    case.rows[-1].raw = line.rsplit(case.delimiter, 1)[0] + f'{case.delimiter}"and then the line broke'
    if '"' in line or "\n" in line:
        case.unknowable = True
    case.final_line_end = False


@mangling("rows")
def cut_within_the_header(case: Case) -> None:
    whole = case.line(case.heads[0])
    case.heads = [[whole[: case.rng.randrange(1, len(whole) // 2)]]]
    case.rows = []
    case.before = []
    case.may_refuse = case.unknowable = True


@mangling("rows")
def cut_anywhere(case: Case) -> None:
    """At any byte: rows above the cut are there."""
    share = case.rng.random()
    case.touch()
    case.may_refuse = case.unknowable = True
    case.edits.append(lambda data: data[: max(1, int(len(data) * share))])


@mangling("rows")
def the_beginning_is_gone(case: Case) -> None:
    share = case.rng.random() * 0.5
    case.touch()
    case.may_refuse = case.unknowable = True
    case.edits.append(lambda data: data[int(len(data) * share) + 1 :])


@mangling("rows")
def a_hole_in_the_middle(case: Case) -> None:
    case.touch()
    case.may_refuse = case.unknowable = True
    case.edits.append(lambda data: data[: len(data) // 3] + data[len(data) // 2 :])


@mangling("rows", needs=plain)
def another_table_below(case: Case) -> None:
    """A second table of another width in the same file: its rows are set aside."""
    case.rows.append(Row([], effect=Effect.FREE, counted=0, raw=""))
    case.rows.append(Row(["Region", "Manager"], effect=Effect.FREE))
    case.rows += [Row([f"North {number}", "Ada"], effect=Effect.FREE) for number in range(3)]


@mangling("rows", needs=plain)
def cells_moved_by_one(case: Case) -> None:
    """A cell too many at the left and the last one gone: only what cannot be is set aside."""
    for row in case.some(2):
        row.cells = ["moved", *row.cells[:-1]]
        row.key = "moved"
        row.touch()


@mangling("rows", needs=plain)
def a_broken_row_far_down(case: Case) -> None:
    """Clean for thousands of rows, then one with a cell too many: found by the engine, not by the look at the head."""
    _long(case, 6_000)
    row = case.rows[-5]
    row.raw = case.line([*row.cells, "one too many"])
    row.touch()


@mangling("rows", needs=plain)
def an_open_quote_far_down(case: Case) -> None:
    _long(case, 6_000)
    row = case.rows[-5]
    row.cells[case.column(case.good.loose)] = ""
    line = case.line(row.cells)
    row.raw = line + '"' if line.endswith(",") else line.replace(",", ',"', 1)
    row.touch()
    for other in case.rows[-4:]:
        other.touch(Effect.SAME)
    case.unknowable = '"' in line


@mangling("rows", needs=plain, alone=True)  # it changes line ends within cells, too
def another_line_end_far_down(case: Case) -> None:
    _long(case, 6_000)
    case.edits.append(lambda data: data[: -len(data) // 50] + data[-len(data) // 50 :].replace(b"\n", b"\r\n"))


def _long(case: Case, rows: int) -> None:
    """The rows again and again under new ids."""
    place = case.column(case.good.key)
    first = list(case.rows)
    while len(case.rows) < rows:
        for row in first:
            key = f"{row.key}-{len(case.rows)}"
            cells = [*row.cells[:place], key, *row.cells[place + 1 :]]
            case.rows.append(Row(cells, row.origin, key, row.effect, expected=row.expected))
