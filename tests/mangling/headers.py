"""Manglings of the row of column names."""

from __future__ import annotations

from collections.abc import Callable

from tests.mangling.case import Case, Effect, Row
from tests.mangling.catalogue import family, mangling, plain


def _renamed(change: Callable[[str], str], case: Case) -> None:
    """Names that mean the same to a person."""
    case.heads[0] = [change(cell) for cell in case.heads[0]]


family(
    "headers",
    {
        "names_in_capitals": str.upper,
        "names_in_title_case": lambda name: name.replace("_", " ").title(),
        "blanks_around_names": lambda name: f"  {name} ",
        "no_break_blanks_around_names": lambda name: f"\u00a0{name}\u00a0",
        "zero_width_marks_in_names": lambda name: f"\u200b{name}\u200e",
        "names_of_blanks_and_hyphens": lambda name: name.replace("_", "-"),
        "names_with_spaces": lambda name: name.replace("_", " "),
        "names_in_camel_case": lambda name: "".join(part.capitalize() for part in name.split("_")),
        "names_with_a_line_end": lambda name: f"{name}\n",
        "names_in_brackets": lambda name: f"[{name}]",
        "names_with_a_tab": lambda name: f"\t{name}",
    },
    _renamed,
    needs=plain,
)


def _strange(change: Callable[[str], str], case: Case) -> None:
    """Names that nobody need understand: refused, or what is not understood is named."""
    case.heads[0] = [change(cell) for cell in case.heads[0]]
    case.may_refuse = True
    case.touch(Effect.SAME)
    for row in case.rows:
        row.touch()  # without its id a row is known by its content


family(
    "headers",
    {
        "names_of_sql": lambda name: f'{name}"; DROP TABLE x; --',
        "names_of_markup": lambda name: f"<b>{name}</b><script>alert(1)</script>",
        "names_of_formulas": lambda name: f"=cmd|' /C calc'!{name}",
        "names_with_units": lambda name: f"{name} (EUR)",
        "names_with_numbers": lambda name: f"1. {name}",
        "names_too_long": lambda name: name + "x" * 10_000,
        "names_cut_short": lambda name: name[:4],
        "names_right_to_left": lambda name: f"\u202e{name[::-1]}",
        "names_of_emoji": lambda name: f"😀{name}",
        "names_with_prefix": lambda name: f"export.{name}",
    },
    _strange,
    needs=plain,
)


@mangling("headers")
def columns_in_another_order(case: Case) -> None:
    """The names and the cells below them change places alike."""
    order = list(range(len(case.heads[0])))
    if len(case.heads) > 1:  # question and option stand in two rows and belong together
        return
    case.rng.shuffle(order)
    case.heads = [[head[place] for place in order] for head in case.heads]
    for row in case.rows:
        row.cells = [row.cells[place] for place in order]


def _added(names: tuple[str, ...], case: Case) -> None:
    """Columns that nobody knows, at any place."""
    if len(case.heads) > 1:
        return
    for name in names:
        place = case.rng.randrange(len(case.heads[0]) + 1)
        case.heads[0].insert(place, name)
        for number, row in enumerate(case.rows):
            row.cells.insert(place, f"{name[:3]} {number % 3}" if number % 5 else "")


family(
    "headers",
    {
        "unknown_columns": ("zz_one", "zz two"),
        "columns_named_like_sql": ("select", "from", "table"),
        "columns_named_like_inner_ones": ("_row", "_wrong", "c0", "t0", "v0", "h0", "rowid", "_content"),
        "columns_named_like_system_ones": ("import_number", "attr_source", "set_aside_at"),
        "columns_with_the_same_name": ("zz", "zz", "ZZ", "zz_2"),
        "columns_with_hostile_names": ('a"b', "a'b", "a;b--", "a\\b", "{a}", "%s", "$1", "?"),
        "columns_named_by_invisible_marks": ("\u200b", "\ufeff", "\u202e"),
        "columns_with_numbers_for_names": ("2023", "2024"),
        "fifty_unknown_columns": tuple(f"field {number}" for number in range(50)),
    },
    _added,
)


@mangling("headers")
def columns_without_names(case: Case) -> None:
    _added(("", "", ""), case)


@mangling("headers", needs=plain)
def the_id_column_comes_twice(case: Case) -> None:
    """Its name stands over other values at the far right; the first counts."""
    case.heads[0].append(case.good.key)
    for number, row in enumerate(case.rows):
        row.cells.append(f"other-{number}")


@mangling("headers", needs=plain)
def a_watched_column_is_gone(case: Case) -> None:
    header = case.rng.choice([name for name in case.good.watched.values() if name])
    place = case.column(header)
    for cells in (*case.heads, *(row.cells for row in case.rows)):
        del cells[place]
    case.may_refuse = True
    for row in case.rows:
        row.touch()


@mangling("headers", needs=plain)
def the_id_column_is_gone(case: Case) -> None:
    place = case.column(case.good.key)
    for cells in (*case.heads, *(row.cells for row in case.rows)):
        del cells[place]
    case.may_refuse = True
    for row in case.rows:
        row.touch()


@mangling("headers", needs=plain)
def no_header(case: Case) -> None:
    """The first row is data: refused, never eaten as names."""
    case.heads = []
    case.must_refuse = True


@mangling("headers", needs=plain)
def only_the_first_half_has_names(case: Case) -> None:
    case.heads[0] = [name if place < len(case.heads[0]) / 2 else "" for place, name in enumerate(case.heads[0])]
    case.may_refuse = True
    case.touch()


@mangling("headers", needs=plain)
def the_header_is_shorter_than_the_rows(case: Case) -> None:
    for row in case.rows:
        row.cells = [*row.cells, "x"]


@mangling("headers", needs=plain)
def the_header_is_much_longer_than_the_rows(case: Case) -> None:
    case.heads[0] = [*case.heads[0], "a", "b", "c", "d", "e"]
    case.touch(Effect.SAME)
    case.may_refuse = True


@mangling("headers", needs=plain)
def the_header_comes_again_in_the_middle(case: Case) -> None:
    """Two exports put behind each other: the second header is a row that is set aside, never somebody's data."""
    at = case.rng.randrange(1, len(case.rows))
    case.rows.insert(at, Row(list(case.heads[0]), key=case.good.key, effect=Effect.FREE))
    case.absent.append(case.good.key)


@mangling("headers", needs=plain)
def the_header_comes_twice(case: Case) -> None:
    case.rows.insert(0, Row(list(case.heads[0]), key=case.good.key, effect=Effect.FREE))
    case.absent.append(case.good.key)
    case.unknowable = True  # whether the second is a header row or a row


@mangling("headers")
def titles_above(case: Case) -> None:
    case.before = ["Export of everything", "", f"Made on 2024-02-{case.rng.randint(10, 28)} by Ada Lovelace"]


@mangling("headers")
def blank_lines_above(case: Case) -> None:
    case.before = ["", "", ""]


@mangling("headers")
def comments_above(case: Case) -> None:
    case.before = ["# produced by nightly job", "# do not edit"]


@mangling("headers", needs=plain)
def units_below_the_header(case: Case) -> None:
    """A second header row of types or units reads as a row; it is set aside, or kept where it can be read."""
    case.rows.insert(0, Row(["(text)" for _ in case.heads[0]], effect=Effect.FREE))
    case.unknowable = True


@mangling("headers", needs=plain)
def a_line_of_dashes_below_the_header(case: Case) -> None:
    case.rows.insert(0, Row(["-----" for _ in case.heads[0]], effect=Effect.FREE))
    case.unknowable = True


@mangling("headers", needs=plain)
def columns_and_rows_changed_places(case: Case) -> None:
    lines = [case.heads[0], *(row.cells for row in case.rows)]
    turned = [list(cells) for cells in zip(*lines, strict=True)]
    case.heads = [turned[0]]
    case.rows = [Row(cells, effect=Effect.FREE) for cells in turned[1:]]
    case.may_refuse = case.unknowable = True


@mangling("headers", needs=plain)
def an_empty_first_column(case: Case) -> None:
    case.heads = [["", *head] for head in case.heads]
    for number, row in enumerate(case.rows):
        row.cells = [str(number), *row.cells]


@mangling("headers", needs=plain)
def names_in_german(case: Case) -> None:
    words = {
        "order_id": "Bestellnummer",
        "amount": "Betrag",
        "currency": "Währung",
        "text": "Kommentar",
        "status": "Stand",
    }
    case.heads[0] = [words.get(name, name) for name in case.heads[0]]
    case.may_refuse = True
    for row in case.rows:
        row.touch()
