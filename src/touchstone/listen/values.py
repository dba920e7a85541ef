"""What the texts of one column mean: numbers and their decimal mark, dates and their order, addresses, ids.

All functions are pure and look at samples of one column. They never guess in silence: what cannot be told is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["integer", "number", "date", "time", "email", "phone", "boolean", "id", "text"]
Order = Literal["iso", "ymd", "dmy", "mdy"]
Verdict = Literal["certain", "ambiguous", "mixed", "none"]

MOST = 0.9  # share of the filled samples that must agree
BLANKS = frozenset({"", "?", "-", "n/a", "#n/a", "na", "null", "nan"})  # "None" is a word, and an answer

_ZONE = r"(?P<zone>\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?P<second>:\d{2})?(?P<fraction>[.,]\d{1,9})?(?P<half>\s?[AaPp][Mm])?" + _ZONE
)
_MONTH = r"(?P<month>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)"
_TIME = re.compile(_CLOCK)
_DIGITS_DATE = re.compile(
    r"(?P<a>\d{1,4})(?P<mark>[-/.])(?P<b>\d{1,2})(?P=mark)(?P<c>\d{2,4})" + f"(?:(?P<gap>T|,? )(?:{_CLOCK}))?"
)
_DAY_MONTH = re.compile(
    rf"(?P<a>\d{{1,2}})(?P<mark>[- ]){_MONTH}(?P<mark2>[- ,]+)(?P<c>\d{{4}}|\d{{2}})(?:(?P<gap>,? )(?:{_CLOCK}))?", re.I
)
_MONTH_DAY = re.compile(
    rf"{_MONTH}(?P<mark> )(?P<a>\d{{1,2}})(?P<mark2>,? )(?P<c>\d{{4}})(?:(?P<gap>,? )(?:{_CLOCK}))?", re.I
)

_INTEGER = re.compile(r"[-+]?\d+(\.0+)?")
_MONEY = re.compile(r"^[€$£¥\s]+|[€$£¥%\s]+$")
_GROUPS = re.compile(r"(?<=\d)[\s'\u00a0\u202f](?=\d{3})")
_PLAIN = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?")
# one or two digits after the mark, or four, or a thousands mark before it: three alone may be a thousand
_POINT = re.compile(
    r"[-+]?(\d{1,3}(,\d{3})+\.\d+|\d*\.(\d{1,2}|\d{4,})(e[-+]?\d+)?|(0|\d{4,})\.\d+|\d{1,3}(,\d{3}){2,})", re.I
)
_COMMA = re.compile(
    r"[-+]?(\d{1,3}(\.\d{3})+,\d+|\d*,(\d{1,2}|\d{4,})(e[-+]?\d+)?|(0|\d{4,}),\d+|\d{1,3}(\.\d{3}){2,})", re.I
)
_NUMBER = re.compile(r"[-+]?\d{1,3}([.,]\d{3})+([.,]\d+)?")
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"(?=(?:\D*\d){7,15}\D*$)(\+\d[\d\s()./-]*|\(?\d+\)?([\s()./-]+\d+)+)")
_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.I)
_ID = re.compile(r"(?=.*\d)[A-Za-z0-9][\w:#./-]*")
_LEADING_ZERO = re.compile(r"0\d+")
_BOOLEANS = (
    {"true", "false"},
    {"yes", "no"},
    {"y", "n"},
    {"t", "f"},
    {"ja", "nein"},
    {"oui", "non"},
    {"sí", "no"},
    {"si", "no"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """How the dates of a column are written.

    `order` is None where there are no dates or no single order; `verdict` says why. `formats` are DuckDB strptime
    formats, the most frequent first; together they cover every date in the samples. `zone` says whether the texts
    carry their own: "utc" where they end in a literal Z, UTC or GMT (the formats skip it), "offset" where `%z` reads
    it, "some" where only part of them do. `notes` are sentences for the summary, none
    where nothing is doubtful.
    """

    order: Order | None
    verdict: Verdict
    formats: tuple[str, ...] = ()
    zone: Literal["none", "utc", "offset", "some"] = "none"
    notes: tuple[str, ...] = ()


def filled(samples: Iterable[str]) -> list[str]:
    """The samples that say something, trimmed."""
    return [text for text in (sample.strip() for sample in samples) if text.casefold() not in BLANKS]


def looks_like(samples: Sequence[str]) -> Kind:
    """What nine tenths of the filled samples are; "text" where nothing else fits or nothing is filled."""
    texts = filled(samples)
    if not texts:
        return "text"
    if {text.casefold() for text in texts} in [{word} for pair in _BOOLEANS for word in pair] + list(_BOOLEANS):
        return "boolean"
    tests = (
        ("id", _UUID),
        ("email", _EMAIL),
        ("time", _TIME),
        ("integer", _INTEGER),
    )
    for kind, pattern in tests:
        if _share(texts, pattern) >= MOST:
            zeros = kind == "integer" and any(_LEADING_ZERO.fullmatch(text) for text in texts)
            return "id" if zeros else kind  # type: ignore[return-value]
    if sum(1 for text in texts if _date(text)) >= MOST * len(texts):
        return "date"
    if sum(1 for text in texts if _is_number(text)) >= MOST * len(texts):
        return "number"
    if _share(texts, _PHONE) >= MOST:
        return "phone"
    distinct = len(set(texts)) >= MOST * len(texts) and len(texts) > 1
    return "id" if distinct and _share(texts, _ID) >= MOST else "text"


def decimal_mark(samples: Sequence[str]) -> Literal[".", ","]:
    """The decimal mark of a column of numbers: a comma where that is proved and no point is, else the point.

    "1,234" alone proves nothing: it may be a thousand or a fraction.
    """
    return "," if _marks(samples) == {","} else "."


def mixed_decimals(samples: Sequence[str]) -> bool:
    """Whether a column of numbers proves both marks, so that no reading of it is right."""
    return len(_marks(samples)) > 1


def doubtful_decimals(samples: Sequence[str]) -> str:
    """How a column of numbers is read where that cannot be known from it, as a sentence; empty where it can."""
    if mixed_decimals(samples):
        return "has decimal points and decimal commas; points are read as decimal marks"
    if _marks(samples):
        return ""
    bare = [_bare(text) for text in filled(samples)]
    for mark, reading in ((",", "as thousands"), (".", "with decimals")):
        doubtful = next((text for text in bare if re.fullmatch(rf"[-+]?[1-9]\d{{0,2}}[{mark}]\d{{3}}", text)), None)
        if doubtful is not None and len([text for text in bare if _is_number(text)]) >= MOST * len(bare):
            return f"does not tell thousands from decimals; numbers such as {doubtful} are read {reading}"
    return ""


def _marks(samples: Sequence[str]) -> set[str]:
    texts = [_bare(text) for text in filled(samples)]
    numbers = [text for text in texts if _is_number(text)]
    if len(numbers) < MOST * len(texts):
        return set()
    patterns = {".": _POINT, ",": _COMMA}
    return {mark for mark, pattern in patterns.items() if any(pattern.fullmatch(text) for text in numbers)}


def date_formats(samples: Sequence[str], *, others: Iterable[Order] = ()) -> Dates:
    """How the dates in `samples` are written; `others` are the orders proved for the other date columns of the file.

    A day above 12 proves an order. Two orders proved in one column are reported as mixed, never guessed. Where all
    days are 12 or less the order of the other columns decides, else the day is taken to come first, and `notes` say so.
    """
    parts = [part for part in map(_date, filled(samples)) if part]
    if not parts:
        return Dates(order=None, verdict="none")
    orders = {order for part in parts for order in (_orders(part),) if len(order) == 1}
    proved = {next(iter(order)) for order in orders}
    if len(proved) > 1:
        words = " and ".join(sorted(_WORDS[order] for order in proved))
        return Dates(order=None, verdict="mixed", notes=(f"The dates are written in two orders: {words}.",))
    if proved:
        order = next(iter(proved))
        return Dates(order=order, verdict="certain", formats=_formats(parts, order), zone=_zone(parts))
    known = {order for order in others if order in {"dmy", "mdy"}}
    if len(known) == 1:
        order = next(iter(known))
        note = f"No day is above 12; read {_WORDS[order]}, like the other dates of the file."
    else:
        order = "mdy" if any(part["half"] for part in parts) else "dmy"
        why = "because of AM and PM" if order == "mdy" else "as most of the world writes"
        note = f"No day is above 12, so day and month cannot be told apart; read {_WORDS[order]}, {why}."
    return Dates(order=order, verdict="ambiguous", formats=_formats(parts, order), zone=_zone(parts), notes=(note,))


def date_columns(columns: Mapping[str, Sequence[str]]) -> dict[str, Dates]:
    """How every date column of a file is written: the certain ones decide for the ambiguous ones."""
    alone = {name: date_formats(samples) for name, samples in columns.items() if looks_like(samples) == "date"}
    proved = [found.order for found in alone.values() if found.verdict == "certain" and found.order]
    return {
        name: date_formats(columns[name], others=proved) if found.verdict == "ambiguous" else found
        for name, found in alone.items()
    }


def date_order(samples: Sequence[str]) -> Order | Literal["ambiguous", "mixed"] | None:
    """The order of day, month and year in a column, where it is proved; else why not; None without dates."""
    found = date_formats(samples)
    if found.verdict in {"ambiguous", "mixed"}:
        return found.verdict
    return found.order


_WORDS = {"iso": "year-month-day", "ymd": "year first", "dmy": "day first", "mdy": "month first"}


def _share(texts: Sequence[str], pattern: re.Pattern[str]) -> float:
    return sum(1 for text in texts if pattern.fullmatch(text)) / len(texts)


def _bare(text: str) -> str:
    return _GROUPS.sub("", _MONEY.sub("", text))


def _is_number(text: str) -> bool:
    bare = _bare(text)
    return bool(_PLAIN.fullmatch(bare) or _NUMBER.fullmatch(bare))


def _date(text: str) -> dict[str, str] | None:
    """The parts of a date, or None if the text is none that the calendar knows in any order."""
    for pattern in (_DIGITS_DATE, _DAY_MONTH, _MONTH_DAY):
        if match := pattern.fullmatch(text):
            parts = {name: value or "" for name, value in match.groupdict().items()}
            parts["first"] = "month" if pattern is _MONTH_DAY else "day"
            return parts if pattern is not _DIGITS_DATE or _orders(parts) else None
    return None


def _orders(parts: Mapping[str, str]) -> frozenset[Order]:
    """The orders under which a date exists."""
    if parts.get("month"):
        return frozenset({"mdy" if parts["first"] == "month" else "dmy"})
    a, b, c = parts["a"], parts["b"], parts["c"]
    if len(a) == 4:
        iso = parts["mark"] == "-" and len(b) == len(c) == 2
        return frozenset({"iso" if iso else "ymd"} if _exists(a, b, c) else ())
    if len(a) > 2 or len(c) == 3:
        return frozenset()
    candidates: Iterator[tuple[Order, bool]] = iter((("dmy", _exists(c, b, a)), ("mdy", _exists(c, a, b))))
    return frozenset(order for order, exists in candidates if exists)


def _exists(year: str, month: str, day: str) -> bool:
    try:
        date(int(year) if len(year) == 4 else 2000 + int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _formats(parts: Sequence[Mapping[str, str]], order: Order) -> tuple[str, ...]:
    """The strptime formats of these dates, the most frequent first."""
    counted: dict[str, int] = {}
    for part in parts:
        form = _format(part, order)
        counted[form] = counted.get(form, 0) + 1
    return tuple(sorted(counted, key=lambda form: -counted[form]))


_DAYS: Mapping[Order, str] = {
    "iso": "%Y{0}%m{1}%d",
    "ymd": "%Y{0}%m{1}%d",
    "dmy": "%d{0}%m{1}%Y",
    "mdy": "%m{0}%d{1}%Y",
}


def _format(part: Mapping[str, str], order: Order) -> str:
    """The strptime format of one date that was matched."""
    mark = part["mark"]
    form = _DAYS[order].format(mark, part.get("mark2") or mark)
    if len(part["c"]) == 2 and len(part["a"]) < 3:
        form = form.replace("%Y", "%y")
    if part.get("month"):
        form = form.replace("%m", "%B" if len(part["month"]) > 3 else "%b")
    return form + (part["gap"] + _clock(part) if part["hour"] else "")


def _clock(part: Mapping[str, str]) -> str:
    half = part["half"]
    form = ("%I" if half else "%H") + ":%M" + (":%S" if part["second"] else "")
    if fraction := part["fraction"]:
        # %f takes up to six digits, %n nine
        form += fraction[0] + ("%f" if len(fraction) <= 7 else "%n")
    if half:
        form += half[: len(half) - 2] + "%p"
    zone = part["zone"].lstrip()
    return form + part["zone"][: len(part["zone"]) - len(zone)] + ("%z" if zone[:1] in {"+", "-"} else zone)


def _zone(parts: Sequence[Mapping[str, str]]) -> Literal["none", "utc", "offset", "some"]:
    kinds = {{"": "none", "+": "offset", "-": "offset"}.get(part["zone"].strip()[:1], "utc") for part in parts}
    if len(kinds) > 1:
        return "some"
    return kinds.pop()  # type: ignore[return-value]
