"""How one column gets its value from a row of a file: plain data, and its form in TOML."""

from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from typing import Any, Literal

from touchstone.core.errors import BadDefinition, UnknownName

Keep = Literal["first", "last", "sum", "min", "max"]
FOLDS = ("sum", "min", "max")  # ways to take a column from all rows of a record
_KEEPS = ("first", "last", "sum", "min", "max")
TAKE_WORDS = {
    "from", "aliases", "constant", "from_filename", "product", "joined", "otherwise", "part", "when", "times",
    "plus_minutes", "missing", "codes", "blank", "format", "decimal", "take",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The rows that a column speaks of, or a question was asked in: where another column says one of the `values`.

    With `others` those where it says anything else. `headers` are its possible names. Case does not matter.
    """

    headers: tuple[str, ...]
    values: tuple[str, ...]
    others: bool = False

    def holds(self, said: str) -> bool:
        """Whether a row is meant in which the column says `said`."""
        return (said.lower() in {value.lower() for value in self.values}) != self.others


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """How one column gets its value from a row of the file.

    `headers` are the file's columns to look for, the first that is there wins (`from` and `aliases`); or a `constant`;
    or the first group of the regular expression `from_filename`; or the `product` of two columns. Where that cell is
    empty, the columns `otherwise` are looked into, in their order. `blank` values count as missing, `codes` translate
    ("*" stands for every other value, "" for an empty cell), `format` are date formats (strptime, or "epoch",
    "epoch_ms"), `decimal` the decimal mark; `keep` says which row counts when several make one record (`one_per`).

    `joined` puts several columns together, each named by the headers it may have. `part` takes the first group of a
    regular expression from the cell; `when` empties it in other rows. A number is multiplied by `times`; to a time the
    minutes in the column `plus_minutes` are added, none where there are none. Where an id is `missing` "by content",
    a row without it is known by its content.
    """

    headers: tuple[str, ...] = ()
    constant: str | None = None
    from_filename: str | None = None
    product: tuple[str, str] | None = None
    joined: tuple[tuple[str, ...], ...] = ()
    otherwise: tuple[str, ...] = ()
    part: str | None = None
    when: When | None = None
    times: str | None = None
    plus_minutes: tuple[str, ...] = ()
    missing: Literal["", "by content"] = ""
    codes: Dict[str, str] = field(default_factory=dict)
    blank: tuple[str, ...] = ()
    format: tuple[str, ...] = ()
    decimal: Literal[".", ","] = "."
    keep: Keep = "last"

    def header(self, headers: Collection[str]) -> str | None:
        """The first of our headers that the file has."""
        return next((name for name in self.headers if name in headers), None)

    @property
    def read(self) -> tuple[str, ...]:
        """Every header that is looked at."""
        named = (*self.headers, *self.otherwise, *self.plus_minutes, *(self.product or ()))
        return (*named, *(name for part in self.joined for name in part), *(self.when.headers if self.when else ()))


def read_take(name: str, value: Any, bare: str = "from") -> Take:
    """The rule for the column `name` in TOML data: a table, or `bare` what its most usual word says."""
    if not isinstance(value, dict):
        value = {bare: value}
    check_words(f"'{name}'", value, TAKE_WORDS)
    check_one_of("way to take", value.get("take", "last"), _KEEPS)
    check_one_of("decimal mark", value.get("decimal", "."), (".", ","))
    check_one_of("way to do without an id", value.get("missing", ""), ("", "by content"))
    product = texts_of(value.get("product", ()))
    if len(product) not in (0, 2):
        raise BadDefinition(f"The product of '{name}' names two columns, not {len(product)}.")
    return Take(
        headers=headers_of(value),
        constant=None if value.get("constant") is None else str(value["constant"]),
        from_filename=_pattern(name, value.get("from_filename")),
        product=(product[0], product[1]) if product else None,
        joined=tuple(map(texts_of, value.get("joined", ()))),
        otherwise=texts_of(value.get("otherwise", ())),
        part=_pattern(name, value.get("part")),
        when=read_when(value["when"]) if "when" in value else None,
        times=_factor(name, value.get("times")),
        plus_minutes=texts_of(value.get("plus_minutes", ())),
        missing=value.get("missing", ""),
        codes={str(code): str(meaning) for code, meaning in value.get("codes", {}).items()},
        blank=texts_of(value.get("blank", ())),
        format=texts_of(value.get("format", ())),
        decimal=value.get("decimal", "."),
        keep=value.get("take", "last"),
    )


def _pattern(name: str, pattern: Any) -> str | None:
    """A regular expression with a group: the part to take."""
    if pattern is None:
        return None
    try:
        groups = re.compile(str(pattern)).groups
    except re.error as error:
        raise BadDefinition(f"'{pattern}' of '{name}' is not a regular expression: {error}.") from None
    if groups < 1:
        raise BadDefinition(f"'{pattern}' of '{name}' has no group.", hint=r"put the part to take in brackets: (\d{4})")
    return str(pattern)


def _factor(name: str, times: Any) -> str | None:
    if times is None:
        return None
    if isinstance(times, bool) or not isinstance(times, int | float) or not abs(times) < 1e9:
        raise BadDefinition(f"'times' of '{name}' is not a number to multiply by.", hint="write times = 60, or -1.")
    return f"{times:.15g}"


def read_when(value: Any) -> When:
    """The condition in TOML data: `from` and `is`, or `is_not`."""
    if not isinstance(value, dict):
        raise BadDefinition("'when' names no column.", hint='write when = { from = "the header", is = ["a value"] }.')
    check_words("'when'", value, {"from", "aliases", "is", "is_not"})
    others = "is_not" in value
    return When(headers=headers_of(value), values=texts_of(value.get("is_not" if others else "is", ())), others=others)


def headers_of(value: Dict[str, Any]) -> tuple[str, ...]:
    """The header in `from`, then those in `aliases`."""
    return (*texts_of(value.get("from", ())), *texts_of(value.get("aliases", ())))


def texts_of(value: Any) -> tuple[str, ...]:
    """One value or several, as texts."""
    if isinstance(value, (str, int, float)):
        value = (value,)
    return tuple(f"{item:g}" if isinstance(item, float) else str(item) for item in value)


def check_words(where: str, data: Dict[str, Any], words: set[str]) -> None:
    """Refuse a word that is not of the language, by name."""
    for word in data:
        if word not in words:
            raise UnknownName.among(f"word in {where}", word, words)


def check_one_of(kind: str, value: Any, known: tuple[str, ...]) -> None:
    """Refuse a value that is none of the `known`."""
    if value not in known:
        raise UnknownName.among(kind, str(value), known)


def write_take(take: Take, bare: str = "from") -> Any:
    """`take` as data for a TOML file, as short as it can be; `read_take` gives it back."""
    data: dict[str, Any] = {}
    if take.headers:
        data["from"] = take.headers[0]
        if take.headers[1:]:
            data["aliases"] = list(take.headers[1:])
    for name in ("constant", "from_filename", "part"):
        if getattr(take, name) is not None:
            data[name] = getattr(take, name)
    for name in ("product", "otherwise", "plus_minutes", "blank", "format"):
        if getattr(take, name):
            data[name] = list(getattr(take, name))
    data |= _written(take)
    return data[bare] if set(data) == {bare} else data


def _written(take: Take) -> dict[str, Any]:
    """The words of `take` that have a form of their own, as far as they are not what goes without saying."""
    written: dict[str, tuple[bool, Any]] = {
        "joined": (bool(take.joined), [list(part) for part in take.joined]),
        "when": (take.when is not None, take.when and write_when(take.when)),
        "missing": (bool(take.missing), take.missing),
        "times": (take.times is not None, _number(take.times or "0")),
        "codes": (bool(take.codes), dict(take.codes)),
        "decimal": (take.decimal != ".", take.decimal),
        "take": (take.keep != "last", take.keep),
    }
    return {name: value for name, (said, value) in written.items() if said}


def _number(text: str) -> int | float:
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


def write_when(when: When) -> dict[str, Any]:
    """`when` as data for a TOML file."""
    asked = {"from": when.headers[0], "is_not" if when.others else "is": list(when.values)}
    return asked | ({"aliases": list(when.headers[1:])} if when.headers[1:] else {})
