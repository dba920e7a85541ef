"""Manglings of ids: zeros in front, spreadsheets' decimals, doubles, near doubles, none."""

from __future__ import annotations

from collections.abc import Callable

from tests.mangling.case import Case, Effect, Row
from tests.mangling.catalogue import family, mangling, plain


def _column(case: Case) -> int:
    return case.column(case.good.key)


def _other_ids(change: Callable[[str], str], case: Case) -> None:
    """Other ids than before, which arrive letter by letter."""
    place = _column(case)
    for row in case.rows:
        row.cells[place] = row.key = change(row.cells[place])


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


family(
    "ids",
    {
        "zeros_in_front": lambda text: f"000{_digits(text)}",
        "ids_of_20_digits": lambda text: f"98765432109876543{_digits(text)[-3:]:0>3}",
        "ids_of_16_digits": lambda text: f"9007199254{_digits(text)[-6:]:0>6}",
        "ids_with_minus": lambda text: f"-{_digits(text)}",
        "ids_with_plus": lambda text: f"+{_digits(text)}",
        "ids_with_commas": lambda text: f"{_digits(text)},7",
        "ids_with_slashes": lambda text: f"a/b/{text}",
        "ids_like_dates": lambda text: f"2024-01-01/{text}",
        "ids_like_exponents": lambda text: f"1E{_digits(text)[-3:]}",
        "ids_with_quotes": lambda text: f"O'{text}\"x",
        "ids_with_backslashes": lambda text: f"C:\\{text}\\",
        "ids_with_percent": lambda text: f"%{text}%s%n",
        "ids_of_uuid": lambda text: f"9F1C2B3A-0000-4000-8000-{_digits(text)[-12:]:0>12}",
        "ids_in_other_letters": lambda text: f"№{text}é東",
        "ids_of_emoji": lambda text: f"👩‍👩‍👧{text}",
        "ids_of_5000_letters": lambda text: text + "x" * 5_000,
        "ids_of_markup": lambda text: f"<i>{text}</i>&amp;",
        "ids_of_sql": lambda text: f"{text}'); DROP TABLE orders;--",
        "ids_with_hash": lambda text: f"#{text}",
        "ids_with_a_line_end": lambda text: f"a\n{text}",
        "ids_with_inner_blanks": lambda text: f"a  {text}  b",
        "ids_with_hexadecimal": lambda text: f"0x{_digits(text)}",
        "ids_with_underscores": lambda text: f"1_{_digits(text)}",
        "ids_with_braces": lambda text: "{" + text + "}",
    },
    _other_ids,
    needs=plain,
)


def _same_ids(change: Callable[[str], str], case: Case) -> None:
    """Another way to write the same ids."""
    place = _column(case)
    for row in case.rows:
        row.cells[place] = change(row.cells[place])


family(
    "ids",
    {
        "blanks_around_ids": lambda text: f"  {text} ",
        "no_break_blanks_around_ids": lambda text: f"\u00a0{text}\u00a0",
        "tabs_around_ids": lambda text: f"\t{text}\t",
    },
    _same_ids,
    needs=plain,
)


@mangling("ids", needs=plain)
def ids_with_decimals_of_a_spreadsheet(case: Case) -> None:
    """`20001.0` is 20001."""
    place = _column(case)
    for row in case.rows:
        row.key = _digits(row.cells[place])
        row.cells[place] = f"{row.key}.0"


@mangling("ids", needs=plain)
def ids_in_scientific_form(case: Case) -> None:
    """`1.00E+05`: the digits are gone, and many rows have the same id."""
    place = _column(case)
    for row in case.rows:
        row.cells[place] = f"{float(_digits(row.cells[place])):.1E}"
        row.touch()


def _near(change: Callable[[str], str], case: Case) -> None:
    """Ids that are nearly another row's id are ids of their own."""
    place = _column(case)
    first, second = case.rng.sample(case.rows, 2)
    first.cells[place] = first.key = f"A{_digits(first.cells[place])}"
    second.cells[place] = second.key = change(first.key)


family(
    "ids",
    {
        "ids_that_differ_in_case": str.lower,
        "ids_that_differ_by_a_zero": lambda text: f"A0{text[1:]}",
        "ids_that_differ_by_a_hidden_mark": lambda text: f"A\u200b{text[1:]}",
        "ids_that_look_alike": lambda text: f"А{text[1:]}",
    },
    _near,
    needs=plain,
)


def _no_id(text: str, case: Case) -> None:
    """Rows without an id are set aside, or known by their content; the others do not suffer."""
    place = _column(case)
    for row in case.some(3):
        row.cells[place] = text
        row.touch()


family(
    "ids",
    {
        "ids_missing": "",
        "ids_of_blanks": "   ",
        "ids_of_hyphens": "-",
        "ids_not_available": "#N/A",
        "ids_of_nan": "nan",
        "ids_of_none": "None",
    },
    _no_id,
    needs=plain,
)


@mangling("ids", needs=plain)
def rows_with_the_same_id(case: Case) -> None:
    """Two rows that contradict each other: neither is taken as the truth in silence."""
    place = _column(case)
    first, second = case.rng.sample(case.rows, 2)
    second.cells[place] = first.cells[place]
    second.key = first.key
    first.touch()
    second.touch()


@mangling("ids", needs=plain)
def all_rows_with_the_same_id(case: Case) -> None:
    place = _column(case)
    for row in case.rows:
        row.cells[place] = "1"
        row.touch()


@mangling("ids", needs=plain, alone=True)  # another would make them differ
def rows_repeated_exactly(case: Case) -> None:
    copies = [Row(list(row.cells), row.origin, row.key, row.effect, expected=row.expected) for row in case.some(8)]
    for copy in copies:
        case.rows.insert(case.rng.randrange(len(case.rows) + 1), copy)


@mangling("ids", needs=plain)
def every_row_twice(case: Case) -> None:
    case.rows += [Row(list(row.cells), row.origin, row.key, row.effect, expected=row.expected) for row in case.rows]


@mangling("ids", needs=plain)
def ids_as_formulas_of_text(case: Case) -> None:
    """`="00123"`, by which exports make spreadsheets keep the zeros."""
    place = _column(case)
    for row in case.rows:
        row.key = f"00{_digits(row.cells[place])}"
        row.cells[place] = f'="{row.key}"'
        row.touch(Effect.SAME)
