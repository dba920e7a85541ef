"""Manglings of numbers: decimal and thousands marks, signs, currencies, what is no number."""

from __future__ import annotations

from collections.abc import Callable

from tests.mangling.case import Case, Effect
from tests.mangling.catalogue import family, mangling, with_numbers


def _column(case: Case) -> int:
    return case.column(case.rng.choice(case.good.numbers))


def _written(change: Callable[[str], str], case: Case) -> None:
    """Every number of a column written in another way: the same number arrives, or it is said."""
    place = _column(case)
    for row in case.rows:
        if row.cells[place]:
            row.cells[place] = change(row.cells[place])
        row.touch(Effect.SAME)


def _grouped(text: str, mark: str, point: str) -> str:
    whole, _, part = text.partition(".")
    grouped = f"{int(whole):,}".replace(",", mark)
    return grouped + (point + part if part else "")


def _fullwidth(text: str) -> str:
    return "".join(chr(0xFF10 + int(letter)) if letter.isdigit() else letter for letter in text)


def _arabic(text: str) -> str:
    return "".join(chr(0x660 + int(letter)) if letter.isdigit() else letter for letter in text)


family(
    "numbers",
    {
        "decimal_commas": lambda text: text.replace(".", ","),
        "thousands_commas": lambda text: _grouped(text, ",", "."),
        "thousands_points_and_decimal_commas": lambda text: _grouped(text, ".", ","),
        "thousands_blanks": lambda text: _grouped(text, " ", "."),
        "thousands_no_break_blanks": lambda text: _grouped(text, "\u00a0", ","),
        "thousands_narrow_blanks": lambda text: _grouped(text, "\u202f", ","),
        "thousands_apostrophes": lambda text: _grouped(text, "'", "."),
        "euro_signs_before": lambda text: f"€{text}",
        "euro_signs_behind": lambda text: text.replace(".", ",") + " €",
        "dollar_signs": lambda text: f"$ {text}",
        "currency_words_behind": lambda text: f"{text} EUR",
        "currency_words_before": lambda text: f"EUR {text}",
        "plus_signs": lambda text: f"+{text}",
        "leading_zeros_in_numbers": lambda text: f"000{text}",
        "more_zeros_behind": lambda text: text + ("00" if "." in text else ".00"),
        "scientific_numbers": lambda text: f"{float(text):.10e}",
        "full_width_digits": _fullwidth,
        "arabic_digits": _arabic,
        "blanks_around_numbers": lambda text: f" {text}\u00a0",
        "quotes_around_numbers": lambda text: f'"{text}"',
        "apostrophes_before_numbers": lambda text: f"'{text}",
        "formulas_of_numbers": lambda text: f'="{text}"',
        "underscores_in_numbers": lambda text: f"{float(text):_.2f}",
        "points_at_the_end": lambda text: text if "." in text else f"{text}.",
        "percent_signs": lambda text: f"{text}%",
        "hexadecimal_numbers": lambda text: hex(int(float(text))) if float(text).is_integer() else text,
    },
    _written,
    needs=with_numbers,
)


@mangling("numbers", needs=with_numbers)
def decimal_commas_in_half_of_the_rows(case: Case) -> None:
    """Two files put together: no reading is right for both, so it is said or set aside."""
    place = _column(case)
    for row in case.rows[len(case.rows) // 2 :]:
        row.cells[place] = row.cells[place].replace(".", ",")
        row.touch(Effect.SAME)
    for row in case.rows[: len(case.rows) // 2]:
        row.touch(Effect.SAME)


@mangling("numbers", needs=with_numbers)
def one_decimal_comma(case: Case) -> None:
    place = _column(case)
    row = case.rng.choice(case.rows)
    row.cells[place] = row.cells[place].replace(".", ",")
    row.touch(Effect.SAME)


@mangling("numbers", needs=with_numbers)
def a_thousand_or_a_fraction(case: Case) -> None:
    """`1,234` alone: it is said how it was read."""
    place = _column(case)
    for row in case.rows:
        row.cells[place] = f"{case.rng.randint(1, 9)},{case.rng.randint(100, 999)}"
        row.touch()
    case.says.append(case.heads[0][place])


@mangling("numbers", needs=with_numbers)
def a_thousand_or_a_fraction_with_a_point(case: Case) -> None:
    """`1.234` alone."""
    place = _column(case)
    for row in case.rows:
        row.cells[place] = f"{case.rng.randint(1, 9)}.{case.rng.randint(100, 999)}"
        row.touch()
    case.says.append(case.heads[0][place])


def _one_bad(text: str, case: Case) -> None:
    """One cell that is no number, or none that can be."""
    place = _column(case)
    row = case.rng.choice(case.rows)
    row.cells[place] = text
    row.touch()


family(
    "numbers",
    {
        "nan": "NaN",
        "infinity": "Infinity",
        "negative_infinity": "-inf",
        "a_number_beyond_doubles": "1e400",
        "a_number_beyond_amounts": "9" * 30,
        "a_number_of_a_thousand_digits": "1" * 1000,
        "a_word_for_a_number": "twelve",
        "a_number_of_excel_errors": "#DIV/0!",
        "a_number_out_of_room": "########",
        "two_decimal_points": "1.2.3",
        "parentheses_for_minus": "(12.50)",
        "minus_behind": "12.50-",
        "minus_of_typography": "\u221212.50",
        "negative_zero": "-0",
        "a_negative_number": "-5",
        "a_fraction": "1/2",
        "many_decimals": "1.123456789012345678",
        "a_tiny_number": "1e-320",
        "an_indian_number": "12,34,567.00",
        "a_range_for_a_number": "10-20",
        "a_superscript": "5²",
        "a_yes_for_a_number": "TRUE",
        "a_question_mark": "?",
        "a_missing_number": "",
        "a_null_word": "NULL",
        "a_roman_number": "Ⅻ",
    },
    _one_bad,
    needs=with_numbers,
)
