"""Text from a file as typed values, with the reason wherever a text is not one.

All functions take and give SQL text: files are read by DuckDB alone, and building the same expressions as Ibis
objects took longer than reading a small file. Two habits of the engine shape the text: only CASE leaves a costly
branch uncomputed (AND and OR compute both sides), and what stands in a query twice is computed for every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from touchstone.core.mapping import Take
from touchstone.core.nouns import Column, Type
from touchstone.engine.connect import literal

_MISSING = ("", "na", "n/a", "#n/a", "null", "nan", "-", "--", "?")  # in numbers, times, yes/no; never in text
_NO_ID = ("n/a", "#n/a", "-", "--")  # what exports write where there is no number of a customer, an order, a ticket
_YES = ("true", "t", "yes", "y", "1", "1.0", "x")
_NO = ("false", "f", "no", "n", "0", "0.0")
_OFFSET = r":\d{2}([.,]\d+)?\s?([zZ]|UTC|GMT|[+-]\d{2}(:?\d{2})?)\s*$"  # after a time: -05 of a date is a day
_EPOCHS: dict[tuple[str, ...], int] = {("epoch",): 1, ("epoch_ms",): 1000}
# by how much clocks are set back somewhere: Troll, most of the world, Lord Howe
_STEPS = ("INTERVAL 2 HOUR", "INTERVAL 1 HOUR", "INTERVAL 30 MINUTE")
_COMPLAINTS: dict[Type, str] = {
    "number": "is not a number",
    "integer": "is not a whole number",
    "money": "is not an amount of money",
    "time": "is not a date or time",
    "boolean": "is neither yes nor no",
}
MONEY = "DECIMAL(18,4)"
_MARKED = r"^'('*[=+\-@\t\r])"
# a year of 24 or 9999 is a misreading, and 1900-01-01 what systems write for no date
_EARLIEST, _LATEST = "1900-01-02", "2200-01-01"
_SIGNS = r"\s\x{A0}\x{202F}€$£¥%'"  # around and within numbers
_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"


def among(text: str, values: Sequence[str]) -> str:
    """Whether `text` is one of `values`. Not written with IN, which the engine turns into a join over every row."""
    return f"CASE {text} {' '.join(f'WHEN {literal(value)} THEN true' for value in values)} ELSE false END"


def trimmed(raw: str, *, plain: bool = False) -> str:
    """`raw` without blanks at its ends, empty as null; a text that has none is passed on without looking at it all.

    Each look costs a fifth of what reading the cell does; around `plain` cells there are but spaces and line ends.
    """
    blanks = ("' '", "chr(13)") if plain else ("' '", "chr(9)", "chr(10)", "chr(13)", "chr(160)")
    ends = " OR ".join(f"suffix({raw}, {mark})" for mark in blanks)
    ends += "" if plain else f" OR prefix({raw}, chr(160))"
    # texts sort by bytes: what is below "!" begins with a blank or a control character
    return f"CASE WHEN {raw} < '!' OR {ends} THEN {_stripped(raw)} ELSE {raw} END"


def _stripped(text: str) -> str:
    """`text` without blanks at its ends, at any cost, and standing here once (see `number_text`)."""
    blanks = literal("^[\\s\\x{A0}]+|[\\s\\x{A0}]+$")
    return f"nullif(regexp_replace({text}, {blanks}, '', 'g'), '')"


def unmarked(text: str) -> str:
    """`text` without the apostrophe that keeps spreadsheets from taking it for a formula (see `listen.neutral`)."""
    return f"regexp_replace({text}, {literal(_MARKED)}, '\\1')"


def cleaned(text: str, column: Column) -> str:
    """`text` without the words that stand for nothing: in numbers, times and yes/no, and as an id."""
    if column.type != "text":  # most begin with a digit, as no word for nothing does
        return f"CASE WHEN {text} >= '0' AND {text} < ':' THEN {text} ELSE {_without(text, _MISSING)} END"
    return _without(text, _NO_ID) if column.name.endswith("_id") else text


def _without(text: str, listed: Sequence[str]) -> str:
    longest = max(map(len, listed))
    return f"CASE WHEN strlen({text}) <= {longest} AND {among(f'lower({text})', listed)} THEN NULL ELSE {text} END"


def identifier_text(text: str) -> str:
    """An id without the `.0` that a spreadsheet gave it, or the `="…"` that keeps its zeros from spreadsheets."""
    plain = f"regexp_replace({text}, '^([A-Za-z]{{0,3}}-?\\d+)\\.0+$', '\\1')"
    said = f"""regexp_replace({text}, '^="([^"]*)"$', '\\1')"""
    zeros = f"suffix({text}, '0') AND contains({text}, '.')"
    return f"""CASE WHEN {zeros} THEN {plain} WHEN prefix({text}, '="') THEN {said} ELSE {text} END"""


def coded(text: str, codes: Sequence[tuple[str, str]], otherwise: str) -> str:
    """The meaning of `text` by a code list, `otherwise` where it has none; an empty meaning is no value."""
    if not codes:
        return otherwise
    branches = " ".join(f"WHEN {literal(code)} THEN {meant(meaning)}" for code, meaning in codes)
    return f"CASE {identifier_text(text)} {branches} ELSE {otherwise} END"


def meant(meaning: str) -> str:
    """What a code stands for, as SQL; nothing where that is empty."""
    return literal(meaning) if meaning else "CAST(NULL AS VARCHAR)"


def says_zone(text: str) -> str:
    """Whether a time says its own zone."""
    return f"CASE WHEN suffix({text}, 'Z') THEN true ELSE regexp_matches({text}, {literal(_OFFSET)}) END"


def wall_clock(text: str, take: Take, *, zoned: str = "") -> str | None:
    """The date and time that `text` says without a zone, null where it says one; None for counted seconds.

    `zoned` is where `says_zone` was computed before, here and in `value`: it takes as long as all the rest.
    """
    if take.format[:1] in _EPOCHS:
        return None
    written = f"TRY_CAST({text} AS TIMESTAMP)"
    formats = ", ".join(literal(form) for form in take.format if "%z" not in form)
    if formats:
        plain, bare = (_parsed(one, formats, "TIMESTAMP") for one in (text, _stripped(text)))
        written = f"coalesce({plain}, {written}, {bare})"
    return f"CASE WHEN {zoned or says_zone(text)} THEN NULL ELSE {written} END"


def _parsed(text: str, formats: str, kind: str) -> str:
    # nine digits of a second would make it a type of its own, which mixes with no other
    return f"CAST(try_strptime({text}, [{formats}]) AS {kind})"


def value(text: str, column: Column, take: Take, *, wall: str, zone: str, zoned: str = "") -> str:
    """`text` as the type of `column`; null where it is none. `wall` is its wall clock, for times.

    What is a number or a time, but none that can be, is left to `reasons`.
    """
    match column.type:
        case "text":
            return text
        case "time":
            return _moment(text, take, wall, zone, zoned or says_zone(text))
        case "boolean":
            known = {**dict.fromkeys(_YES, "true"), **dict.fromkeys(_NO, "false")}
            return f"CASE lower({text}) {' '.join(f'WHEN {literal(word)} THEN {to}' for word, to in known.items())} END"
        case "money":
            return money(text, take)
        case "integer":
            plain = number(text, take)
            whole = f"CASE WHEN {plain} = floor({plain}) THEN TRY_CAST({plain} AS BIGINT) END"
            return (
                f"CASE WHEN regexp_full_match({text}, '[+-]?\\d{{1,18}}') THEN CAST({text} AS BIGINT) ELSE {whole} END"
            )
        case _:
            return number(text, take)


def money(text: str, take: Take) -> str:
    """An amount; more than four decimals are rounded (`rounded` finds them), what is too large is null."""
    slow = f"TRY_CAST({number_text(text, take)} AS {MONEY})"
    return slow if take.decimal == "," else f"coalesce(TRY_CAST({text} AS {MONEY}), {slow})"


def number(text: str, take: Take) -> str:
    """A number; NaN and infinity come through and are refused by `reasons`."""
    slow = f"TRY_CAST(regexp_extract({number_text(text, take)}, {literal(_PLAIN)}) AS DOUBLE)"
    return slow if take.decimal == "," else f"coalesce(TRY_CAST({text} AS DOUBLE), {slow})"


def number_text(text: str, take: Take) -> str:
    """`text` without currency signs, spaces and thousands marks, and with a decimal point.

    A mark is one of thousands only where three digits follow it: `1.50` among decimal commas is not 150. Each part
    stands here once: what stands twice the engine computes for every row, needed or not.
    """
    bare = f"regexp_replace({text}, {literal(f'[{_SIGNS}]')}, '', 'g')"
    group, mark = (".", ",") if take.decimal == "," else (",", ".")
    grouped = literal(rf"^[{_SIGNS}]*[+-]?[{_SIGNS}]*\d{{1,3}}([{group}]\d{{3}})+([{mark}]\d+)?[{_SIGNS}]*$")
    whole = f"replace({bare}, CASE WHEN regexp_matches({text}, {grouped}) THEN '{group}' ELSE chr(0) END, '')"
    return f"replace({whole}, ',', '.')" if take.decimal == "," else whole


def reasons(text: str, value: str, column: Column, *, needed: bool) -> list[tuple[str, str]]:
    """(condition, reason) for every way in which a row cannot be taken because of this column."""
    found = []
    if column.type != "text":
        complaint = _COMPLAINTS[column.type]
        said = f"coalesce(lower({_stripped(text)}), '')"
        unread = f"CASE WHEN {value} IS NULL AND {text} IS NOT NULL THEN NOT {among(said, _MISSING)} ELSE false END"
        found.append((unread, complaint))
        if column.type == "number":
            found.append((f"NOT isfinite({value})", complaint))
        if column.type == "time":
            found.append((f"{value} < TIMESTAMPTZ '{_EARLIEST}' OR {value} >= TIMESTAMPTZ '{_LATEST}'", complaint))
    if column.lowest is not None:
        found.append((f"{value} < {column.lowest:g}", f"is below {column.lowest:g}, which cannot be"))
    if needed:
        found.append((f"{value} IS NULL", "is missing"))
    return found


def rounded(text: str, take: Take) -> str:
    """Whether an amount has more than four decimals, other than zeros."""
    mark = take.decimal
    long = f"regexp_matches({text}, '[{mark}]\\d{{4}}\\d*[1-9]')"
    return f"CASE WHEN {text} LIKE '%{mark}_____%' THEN {long} ELSE false END"


def shifted(value: str, *, wall: str, zone: str) -> str | None:
    """Whether a clock change skipped this wall clock or gave it twice; None where clocks do not change."""
    if zone == "UTC":
        return None
    place = literal(zone)
    doubled = " OR ".join(f"timezone({place}, {value} + {step}) = {wall}" for step in _STEPS)
    return (
        f"(CASE WHEN {_near_change(wall, zone)} THEN timezone({place}, {value}) <> {wall} OR {doubled} ELSE false END)"
    )


def _moment(text: str, take: Take, wall: str, zone: str, zoned: str) -> str:
    if take.format[:1] in _EPOCHS:
        seconds = f"TRY_CAST({text} AS DOUBLE) / {_EPOCHS[take.format[:1]]}"
        # beyond these years the engine raises
        return f"CASE WHEN {seconds} BETWEEN -2208988800 AND 7258118400 THEN to_timestamp({seconds}) END"
    return f"CASE WHEN {wall} IS NOT NULL THEN {_local(wall, zone)} WHEN {zoned} THEN {_zoned(text, take)} END"


def _zoned(text: str, take: Take) -> str:
    """A time with its zone, in ISO or in one of the formats; those with a literal Z, UTC or GMT are read as UTC."""
    tried = [f"TRY_CAST({text} AS TIMESTAMPTZ)"]
    bare = _stripped(text)
    colon = literal(r"\s?([+-]\d{2})(\d{2})\s*$")  # the engine reads +02:00 and Z, not +0200 and z
    tried.append(f"TRY_CAST(regexp_replace(upper({text}), {colon}, '\\1:\\2') AS TIMESTAMPTZ)")
    offsets = [form for form in take.format if "%z" in form]
    plain = [form for form in take.format if "%z" not in form and form.endswith(("Z", "UTC", "GMT"))]
    if offsets:
        tried.append(_parsed(bare, ", ".join(map(literal, offsets)), "TIMESTAMPTZ"))
    if plain:
        tried.append(f"timezone('UTC', {_parsed(bare, ', '.join(map(literal, plain)), 'TIMESTAMP')})")
    return f"coalesce({', '.join(tried)})"


def _local(wall: str, zone: str) -> str:
    """The moment of a wall clock in `zone`; in a doubled hour the first of the two, always and everywhere."""
    place = literal(zone)
    moment = f"timezone({place}, {wall})"
    if zone == "UTC":
        return moment
    # the engine takes the second reading
    earlier = " ".join(f"WHEN timezone({place}, {moment} - {step}) = {wall} THEN {moment} - {step}" for step in _STEPS)
    return f"CASE WHEN {_near_change(wall, zone)} THEN CASE {earlier} ELSE {moment} END ELSE {moment} END"


def _near_change(wall: str, zone: str) -> str:
    """Whether `wall` lies on a day on which the clocks of `zone` change: only there conversions must be compared."""
    days = change_days(zone)
    listed = f"{wall}::DATE IN ({', '.join(f'DATE {literal(str(day))}' for day in days)})" if days else "false"
    return f"({wall} < TIMESTAMP '1970-01-01' OR {wall} >= TIMESTAMP '2101-01-01' OR {listed})"


@lru_cache(maxsize=16)
def change_days(zone: str) -> tuple[date, ...]:
    """The days on which the clocks of `zone` change, 1970 to 2100, by its wall clock."""
    place = ZoneInfo(zone)
    first, weeks = datetime(1969, 12, 28), 132 * 53

    def offset(hour: int) -> timedelta | None:
        return (first + timedelta(hours=hour)).replace(tzinfo=place).utcoffset()

    days: set[date] = set()
    for week in range(weeks):
        start, end = week * 168, (week + 1) * 168
        if offset(start) == offset(end):
            continue
        change = next(hour for hour in range(start, end + 1) if offset(hour) != offset(start))
        moment = first + timedelta(hours=change)
        days |= {(moment + timedelta(hours=hours)).date() for hours in (-3, 0, 3)}
    return tuple(sorted(days))
