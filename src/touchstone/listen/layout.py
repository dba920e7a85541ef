"""Where the table is in a text: its delimiter and quotes, its header rows, and what precedes them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from touchstone.core.errors import BadFile
from touchstone.listen.records import Broken, Dialect, Record, records
from touchstone.listen.synonyms import normal

HEAD_RECORDS = 1_000
MOST_COLUMNS = 3_000  # each costs the engine memory, whatever is in it
_SEPARATOR = re.compile(r"\ufeff?\"?sep=.?\"?", re.IGNORECASE)  # what Excel writes above a table
_TITLES = 30  # a header is looked for in this many first rows
_PAD_FROM = 0.2  # share of short rows from which leaving out empty last cells is the file's habit, not damage
_NOT_NAMES = re.compile(
    r"[-+]?[\d.,' ]*\d[\d.,' ]*%?"  # a number
    r"|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([ T].*)?"  # a date
    r"|[^@\s]+@[^@\s]+\.[a-z]+",  # an address
    re.IGNORECASE,
)
_YEAR = re.compile(r"(19|20)\d\d")
_INVISIBLE = re.compile("[\0\ufeff\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"\s+")
_AGAIN = "export it again, or choose another file."
ONE_COLUMN = Dialect("\x1f")  # a separator that no text has
IMPORT_IDS, OPTIONS = "(import ids)", "(second header row)"  # what a layout may be known by, besides headers
_COLLECTED = {"respondent_id", "collector_id"}  # ids of the tool that writes options in a second row
_ZONE = re.compile(r'"timeZone"\s*:\s*"([^"]{1,64})"')
_RESPONSE = {"response", "open-ended response", "other (please specify)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a reader must be told about a table. `skip` counts records, a blank line and a many-line header as one."""

    dialect: Dialect
    skip: int
    headers: tuple[str, ...]
    original_headers: tuple[str, ...]
    labels: tuple[str, ...] = ()
    stems: tuple[str, ...] = ()
    timezone: str = ""
    signs: tuple[str, ...] = ()
    pad: bool = False
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Cells of a complete row."""
        return len(self.headers)


@dataclass(frozen=True, slots=True)
class Header:
    """The header found in the first rows: where it begins, how many rows it takes, its cells and question texts.

    `stems` are the texts of questions that span several columns, `timezone` and `signs` what the tool says of itself.
    """

    row: int
    depth: int
    cells: tuple[str, ...]
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    stems: tuple[str, ...] = ()
    timezone: str = ""
    signs: tuple[str, ...] = ()


def layout(head: Sequence[str], *, name: str, suffix: str = "") -> Layout:
    """The layout of a delimited text from its first lines; `suffix` breaks ties (".tsv").

    Raises `BadFile` where there is no row of names to take as header.
    """
    dialect, found = _dialect(head, suffix)
    if found and isinstance(found[0], Broken) and all(isinstance(record, Broken) for record in found):
        raise BadFile(f"{name} is no table: {found[0].reason[:1].lower()}{found[0].reason[1:]}", hint=_AGAIN)
    rows = [record.cells if isinstance(record, Record) else [] for record in found]
    return replace(table(rows, name=name), dialect=dialect)


def table(rows: Sequence[Sequence[str]], *, name: str) -> Layout:
    """The layout of rows that are already cut into cells (a worksheet), or were by `layout`."""
    usual = _usual_width(rows)
    header = _header(rows, usual, name)
    width = max(len(header.cells), usual if len(rows) > header.row + header.depth else 0)
    check_width(width, name)
    body = [len(row) for row in rows[header.row + header.depth :] if any(row)]
    short = sum(1 for cells in body if cells < width)
    originals = header.cells + ("",) * (width - len(header.cells))
    notes = list(header.notes)
    if width > len(header.cells):
        notes.append(f"The header names {len(header.cells)} columns, the rows have {width}; the others are numbered.")
    pad = short >= 3 and short / len(body) >= _PAD_FROM
    if pad:
        notes.append("Rows that end early are taken as having nothing in their last columns.")
    return Layout(
        dialect=Dialect(),
        skip=header.row + header.depth,
        headers=clean_names(originals),
        original_headers=originals,
        labels=_filled(header.labels, width),
        stems=_filled(header.stems, width),
        timezone=header.timezone,
        signs=header.signs,
        pad=pad,
        notes=tuple(notes),
    )


def _filled(cells: tuple[str, ...], width: int) -> tuple[str, ...]:
    """A further header row in the width of the table; none stays none."""
    return cells[:width] + ("",) * (width - len(cells)) if cells else ()


def clean_names(names: Sequence[str]) -> tuple[str, ...]:
    """Names that can be typed and told apart: trimmed, no marks that cannot be seen, never empty, repeats numbered.

    Two names that differ only in case count as repeats, because SQL does not tell them apart.
    """
    cleaned: list[str] = []
    used: set[str] = set()
    for number, name in enumerate(names, 1):
        plain = _trimmed(name) or f"column_{number}"
        candidate, repeat = plain, 1
        while candidate.casefold() in used:
            repeat += 1
            candidate = f"{plain}_{repeat}"
        used.add(candidate.casefold())
        cleaned.append(candidate)
    return tuple(cleaned)


def check_width(columns: int, name: str) -> None:
    """`BadFile` for more columns than a table can have."""
    if columns > MOST_COLUMNS:
        raise BadFile(
            f"{name} has {columns:,} columns, and a table may have {MOST_COLUMNS:,}.",
            hint="leave out the columns that you do not need, and try again.",
        )


def plain_name(name: str) -> str:
    """A header for comparison: without case, blanks around it and marks that nobody sees."""
    return _trimmed(name).casefold()


def _trimmed(name: str) -> str:
    return _SPACES.sub(" ", _INVISIBLE.sub("", name)).strip()


def _dialect(head: Sequence[str], suffix: str) -> tuple[Dialect, list[Record | Broken]]:
    """The dialect under which the head looks most like one table, and its records."""
    text = "".join(head)
    best = (0.5, ONE_COLUMN)  # nothing else is more than half convincing
    table_lines = head[1:] if head and _SEPARATOR.fullmatch(head[0].strip()) else head
    for dialect in _candidates(text):
        score = _table_likeness(list(records(table_lines, dialect)))
        score += 0.05 if score and dialect.delimiter == "\t" and suffix in {".tsv", ".tab"} else 0
        if score > best[0] + 1e-9:
            best = (score, dialect)
    return best[1], list(records(head, best[1]))


def _candidates(text: str) -> list[Dialect]:
    """Every dialect whose signs occur in `text`, the everyday ones first: the first of equals wins."""
    delimiters = [","] + [sign for sign in (";", "\t", "|") if sign in text]
    found = [Dialect(sign) for sign in delimiters]
    if '"' in text:
        found += [Dialect(sign, spaced=True) for sign in delimiters if f'{sign} "' in text]
        found += [Dialect(sign, escape="\\") for sign in delimiters if '\\"' in text]
        found += [Dialect(sign, quote="", escape="") for sign in delimiters if sign != ","]
    return found


def _table_likeness(found: Sequence[Record | Broken]) -> float:
    """Between 0 and about 1: how many rows are as wide as most, and whether the first row is.

    Above a half if the first row is; else the narrow rows above the first wide one are taken for titles.
    """
    widths = [
        0 if isinstance(record, Broken) else len(record.cells)
        for record in found
        if isinstance(record, Broken) or not is_blank(record.cells)
    ]
    counted = Counter(width for width in widths if width)
    usual = max(counted, key=lambda width: (counted[width], width), default=0)
    if usual < 2:
        return 0.0
    tie = 0.0002 * min(usual, 50)
    first = next((width for width in widths if width), 0)
    if usual - 1 <= first <= usual and first > 1:
        return 0.5 + 0.49 * widths.count(usual) / len(widths) + tie
    if 2 <= usual < first and max(widths) == first and all(width != 1 for width in widths):
        return 0.51 + tie  # every row ends early under a header that none goes beyond
    if usual == 2:  # a text with one comma in most lines is no table
        return 0.6 * widths.count(usual) / len(widths) + tie
    body = widths[widths.index(usual) :]
    return 0.45 + 0.4 * body.count(usual) / len(body) + tie


def is_blank(cells: Sequence[str]) -> bool:
    """Whether a record is a blank line: no cells, or one with nothing but blanks."""
    return not cells or (len(cells) == 1 and not cells[0].strip())


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    counted = Counter(len(row) for row in rows if any(row))
    return max(counted, key=lambda width: (counted[width], width), default=0)


def _header(rows: Sequence[Sequence[str]], usual: int, name: str) -> Header:
    fullest = max((sum(map(bool, row)) for row in rows[:10]), default=0)
    start = next((number for number, row in enumerate(rows) if any(cell.strip() for cell in row)), None)
    if start is None:
        raise BadFile(f"{name} holds nothing but blank lines.", hint=_AGAIN)
    for number, row in enumerate(rows[:_TITLES]):
        enough = len(row) >= max(1, usual - 1 if number > start else usual // 2)
        if enough and _names(row, fullest):
            return _deeper(rows, number, start)
        if number == start and len(row) == usual and _values(row):
            break
    raise BadFile(
        f"{name} has no row with column names: its first row is {_shown(rows[start])}.",
        hint="add a first row that names the columns, and try again.",
    )


def _names(row: Sequence[str], fullest: int) -> bool:
    """Whether a row reads like column names: enough cells filled, and words in them rather than values."""
    filled = [cell for cell in (_INVISIBLE.sub("", cell).strip() for cell in row) if cell]
    if len(filled) < max(min(2, fullest), 0.25 * fullest):
        return False
    values = [cell for cell in filled if _NOT_NAMES.fullmatch(cell)]
    years = sum(1 for cell in values if _YEAR.fullmatch(cell))
    return (len(values) - years == 0 and years < len(filled)) or len(values) <= 0.2 * len(filled)


def _values(row: Sequence[str]) -> bool:
    filled = [cell.strip() for cell in row if cell.strip()]
    return len(filled) > 1 and sum(1 for cell in filled if _NOT_NAMES.fullmatch(cell)) >= 0.2 * len(filled)


def _shown(row: Sequence[str]) -> str:
    text = ", ".join(row)
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"


def _deeper(rows: Sequence[Sequence[str]], number: int, start: int) -> Header:
    """The header with the further header rows that survey tools put below the first."""
    first = tuple(rows[number])
    titles = () if number == start else (f"{number - start} lines before the header were left out.",)
    # odd line ends put a blank line below every row
    written = [
        place for place in range(number + 1, len(rows)) if any(map(str.strip, rows[place])) or len(rows[place]) > 1
    ]
    below, depths = [tuple(rows[place]) for place in written[:2]], [place - number + 1 for place in written[:2]]
    if len(below) == 2 and _import_ids(below[1]):
        notes = (*titles, "3 header rows: the second holds the question texts.")
        return Header(number, depths[1], first, below[0], notes, timezone=_zone(below[1]), signs=(IMPORT_IDS,))
    if below and _import_ids(below[0]):
        notes = (*titles, "2 header rows: the second holds the survey tool's own ids.")
        return Header(number, depths[0], first, (), notes, timezone=_zone(below[0]), signs=(IMPORT_IDS,))
    if below and _options(first, below[0]):
        names, stems = _joined(first, below[0])
        notes = (*titles, "2 header rows: the second was added to the first.")
        return Header(number, depths[0], names, (), notes, stems=stems, signs=(OPTIONS,))
    if below and _texts(first, below[0]):
        return Header(
            number, depths[0], first, below[0], (*titles, "2 header rows: the second holds the question texts.")
        )
    if below and len(below[0]) == len(first) and not any(map(str.strip, below[0])) and _COLLECTED & _normals(first):
        return Header(number, depths[0], first, (), (*titles, "2 header rows: the second is empty."), signs=(OPTIONS,))
    return Header(number, 1, first, (), titles)


def _texts(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether `second` says in words what `first` names: some cells are the same but for spaces and case."""
    if len(first) != len(second) or not _names(second, 1):
        return False
    pairs = [(normal(above), normal(below)) for above, below in zip(first, second, strict=True)]
    return sum(1 for above, below in pairs if above and above == below) >= 2


def _normals(cells: Sequence[str]) -> set[str]:
    return {normal(cell) for cell in cells}


def _zone(ids: Sequence[str]) -> str:
    """The time zone that a row of import ids names: it is written nowhere else."""
    for cell in ids:
        match = _ZONE.search(cell)
        if match:
            return "UTC" if match[1] in ("Z", "z") else match[1]
    return ""


def _import_ids(row: Sequence[str]) -> bool:
    return sum(1 for cell in row if cell.lstrip().startswith('{"ImportId"')) > len(row) / 2


def _options(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether `second` holds the options of questions that `first` names only once: blank under the ids at the left.

    Where no ids are at the left (anonymous answers), a cell must say that it stands above responses.
    """
    if len(second) != len(first) or not second:
        return False
    words = [cell.strip().casefold() for cell in second if cell.strip()]
    gaps = sum(1 for above, below in zip(first, second, strict=True) if not above.strip() and below.strip())
    if any(word in _RESPONSE for word in words):
        return not second[0].strip() or gaps > 0 or set(words) <= _RESPONSE
    return not second[0].strip() and bool(words) and gaps > 0 and _names(second, 1)


def _joined(first: Sequence[str], second: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """One name per column, and the question that each belongs to."""
    names, stems, question = [], [], ""
    for above, below in zip(first, second, strict=True):
        question = above.strip() or question
        option = below.strip()
        plain = above.strip() and (not option or option.casefold() in _RESPONSE - {"other (please specify)"})
        names.append(above if plain else f"{question} - {option}" if option else question)
        stems.append(question)
    return tuple(names), tuple(stems)
