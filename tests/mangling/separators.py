"""Manglings of delimiters, quotes and line ends."""

from __future__ import annotations

import codecs

from tests.mangling.case import Case, Effect, Row
from tests.mangling.catalogue import family, mangling


def _delimited(sign: str, case: Case) -> None:
    case.delimiter = sign


family("separators", {"semicolons": ";", "tabs": "\t", "vertical_bars": "|"}, _delimited)


def _rarely_delimited(sign: str, case: Case) -> None:
    """Separators that nobody can expect to be found: refused, or read right."""
    case.delimiter = sign
    case.may_refuse = True


family("separators", {"colons": ":", "carets": "^", "tildes": "~", "unit_separators": "\x1f"}, _rarely_delimited)


def _ended(end: str, case: Case) -> None:
    case.line_end = end


family("separators", {"lines_end_in_crlf": "\r\n", "lines_end_in_cr": "\r"}, _ended)


@mangling("separators")
def lines_end_in_cr_cr_lf(case: Case) -> None:
    """What a text-mode copy of a Windows file makes."""
    case.line_end = "\r\r\n"


@mangling("separators")
def lines_end_in_lf_cr(case: Case) -> None:
    case.line_end = "\n\r"


@mangling("separators")
def mixed_line_ends(case: Case) -> None:
    ends = [case.rng.choice((b"\n", b"\r\n")) for _ in range(200)]

    def mixed(data: bytes) -> bytes:
        parts = data.split(b"\n")
        return b"".join(part + ends[place % 200] for place, part in enumerate(parts[:-1])) + parts[-1]

    if (
        case.codec == "utf-8"
        and case.line_end == "\n"
        and all("\n" not in cell for row in case.rows for cell in row.cells)
    ):
        case.edits.append(mixed)


@mangling("separators")
def no_line_end_at_the_end(case: Case) -> None:
    case.final_line_end = False


@mangling("separators")
def everything_quoted(case: Case) -> None:
    case.quote_all = True


@mangling("separators")
def everything_quoted_with_semicolons(case: Case) -> None:
    case.quote_all, case.delimiter = True, ";"


@mangling("separators")
def single_quotes(case: Case) -> None:
    """Apostrophes for quotes are text: whatever holds a comma has a cell too many."""
    case.quote = "'"
    case.may_refuse = True
    for row in case.rows:
        if "'" in case.line(row.cells):
            row.touch()
    lines = [*case.heads, *(row.cells for row in case.rows)]
    if any("'" in case.line(head) for head in case.heads) or any("\n" in cell for cells in lines for cell in cells):
        case.touch()
        case.unknowable = True


@mangling("separators")
def blanks_after_separators(case: Case) -> None:
    case.heads = [[head[0], *(f" {cell}" for cell in head[1:])] for head in case.heads]
    for row in case.rows:
        row.cells = [row.cells[0], *(f" {cell}" for cell in row.cells[1:])]
        row.touch(Effect.SAME)


@mangling("separators")
def blanks_before_quotes(case: Case) -> None:
    """`a, "b, c"`: quotes that do not begin a cell."""
    place = case.column(case.good.loose)
    for row in case.rows:
        cells = list(row.cells)
        cells[place] = "one, two"
        row.cells = cells
        row.raw = ", ".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' if cell else "" for cell in cells)
        row.touch(Effect.SAME)


@mangling("separators")
def backslashes_before_quotes(case: Case) -> None:
    place = case.column(case.good.loose)
    for row in case.rows:
        row.cells[place] = 'he said "yes", twice'
        row.raw = ",".join('"' + cell.replace('"', '\\"') + '"' for cell in row.cells)
        row.touch(Effect.SAME)


@mangling("separators")
def quotes_within_cells(case: Case) -> None:
    for row in case.some(8):
        row.cells[case.column(case.good.loose)] = case.rng.choice(('"', '""', 'a "b" c', '5" pipe', '",', '\n"\n'))


@mangling("separators")
def separators_within_cells(case: Case) -> None:
    for row in case.some(8):
        row.cells[case.column(case.good.loose)] = case.rng.choice((",", "a,b", ";;;", "\t", "a|b;c,d\te"))


@mangling("separators")
def line_ends_within_cells(case: Case) -> None:
    for row in case.some(8):
        row.cells[case.column(case.good.loose)] = case.rng.choice(("a\nb", "a\r\nb", "\n\n\n", "a\n\n\nb", "x\ry"))


def _raw_broken(kind: str, case: Case) -> None:
    """One line whose quotes are wrong; the rest of the file is not lost by it."""
    row = case.rng.choice(case.rows)
    place = case.column(case.good.loose)
    cells = [case.line([cell]) if cell else "" for cell in row.cells]
    cells[place] = {
        "open": '"never closed',
        "stray": '"closed"and on',
        "inside": 'five " inches',
        "lone": '"',
        "three": '"""',
    }[kind]
    row.raw = case.delimiter.join(cells)
    row.touch()
    after = case.rows[case.rows.index(row) + 1 :]
    for other in after:
        other.touch(Effect.SAME)
    if kind in ("open", "lone", "three"):
        case.unknowable = any('"' in case.line(other.cells) for other in after)
        if case.unknowable:
            for other in after:
                other.touch()


family(
    "separators",
    {
        "quote_never_closed": "open",
        "text_after_a_closing_quote": "stray",
        "quote_inside_a_bare_cell": "inside",
        "a_lone_quote": "lone",
        "three_quotes": "three",
    },
    _raw_broken,
)


@mangling("separators")
def the_separator_is_named_in_the_first_line(case: Case) -> None:
    """Excel's own `sep=;`."""
    case.delimiter = ";"
    case.before = ["sep=;"]


@mangling("separators")
def comma_is_named_in_the_first_line(case: Case) -> None:
    case.before = ["sep=,"]


@mangling("separators")
def a_comma_at_the_end_of_every_row(case: Case) -> None:
    for row in case.rows:
        row.cells = [*row.cells, ""]


@mangling("separators")
def a_comma_at_the_end_of_every_line(case: Case) -> None:
    case.heads = [[*head, ""] for head in case.heads]
    a_comma_at_the_end_of_every_row(case)


@mangling("separators", alone=True)  # beside others nothing may be left that tells which
def several_delimiters(case: Case) -> None:
    """Rows of another file, with semicolons, below those with commas."""
    for row in case.some():
        row.raw = ";".join(row.cells)
        row.touch()
        if any(sign in row.raw for sign in '"\n\r'):
            case.unknowable = True
            case.touch()


@mangling("separators")
def tabs_in_utf_16(case: Case) -> None:
    """What Excel calls Unicode text."""
    case.delimiter, case.codec, case.mark, case.line_end = "\t", "utf-16-le", codecs.BOM_UTF16_LE, "\r\n"


@mangling("separators")
def columns_of_fixed_width(case: Case) -> None:
    """Blanks line the columns up: no table that can be told."""
    lines = [*case.heads, *(row.cells for row in case.rows)]
    widths = [max(len(line[place]) if place < len(line) else 0 for line in lines) + 2 for place in range(len(lines[0]))]

    def lined(cells: list[str]) -> str:
        return "".join(
            cell.replace("\n", " ").ljust(width) for cell, width in zip(cells, widths, strict=False)
        ).rstrip()

    case.heads = [[lined(head)] for head in case.heads]
    case.rows = [Row([lined(row.cells)], effect=Effect.FREE) for row in case.rows]
    case.may_refuse = case.unknowable = True


@mangling("separators")
def quoted_lines(case: Case) -> None:
    """Every line quoted as a whole, as some tools do to a line that they take for one cell."""
    for row in case.rows:
        row.raw = '"' + case.line(row.cells).replace('"', '""') + '"'
        row.touch(Effect.SAME)
    case.may_refuse = True
