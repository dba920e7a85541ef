"""The mapping from a file's columns to a noun: plain data in a small closed language, kept as TOML."""

from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from touchstone.core.contact import check_country
from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.nouns import NOUNS, Noun
from touchstone.core.take import (
    FOLDS,
    Take,
    When,
    check_one_of,
    check_words,
    headers_of,
    read_take,
    read_when,
    texts_of,
    write_take,
    write_when,
)
from touchstone.core.where import parse_where
from touchstone.core.zone import check_zone

__all__ = [
    "FOLDS",
    "ORIGIN",
    "PERSON_COLUMNS",
    "Mapping",
    "Question",
    "Take",
    "When",
    "from_toml",
    "present",
    "to_toml",
    "without_unused",
]

PERSON_COLUMNS = ("email", "phone")  # not columns of a noun: they become identities
KNOWN_AS = "_known_as_"  # before the name of a system: the staged column of its ids
_SWITCHES = ("fill_down", "widen", "default_weight", "whole_ids", "neutralised")
ORIGIN = ("source", "import_number")  # columns that every table has, so no attribute can


Scale = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One column of a wide survey file that becomes one answer per row.

    Where the cell is empty, the columns `otherwise` are looked into. Two questions may read one column, each `when`
    another column says so; one without `when` then takes the remaining rows. Of several `scales` the narrowest that
    holds the file's values becomes the `scale` when a file is planned.
    """

    headers: tuple[str, ...]
    question_id: str
    otherwise: tuple[str, ...] = ()
    when: When | None = None
    metric: str | None = None
    scale: Scale | None = None
    scales: tuple[Scale, ...] = ()
    polarity: Literal["high is good", "low is good"] = "high is good"
    label: str | None = None
    touchpoint: str | None = None
    blank: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()
    codes: Dict[str, str] = field(default_factory=dict)
    text: bool = False

    def header(self, headers: Collection[str]) -> str | None:
        """The first of our headers that the file has."""
        return next((name for name in self.headers if name in headers), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """How the rows of a file become rows of `table`.

    `source` names the system or wave the ids belong to, for the file or in a column of its own; with `whole_ids` the
    ids carry it already. `customers` is the system that gave the customer numbers (empty: the company itself).
    `known_as` says which columns hold the number that another system has for the same person, by the system's name;
    `country` is that of phone numbers that do not say theirs. `where` leaves rows out; `one_per` makes one record of
    several rows, ordered by `order_by`. With `fill_down` cells that are empty in later rows of a record are those of
    its first row; with `widen` answers that come one per row get a scale that holds them. With `rest` the questions
    among the columns that the mapping does not name are found when a file is planned; columns that fit `keep` become
    attributes, those that fit `ignore` are left out (`*` stands for any letters). `also` are further readings of the
    same rows, and `called` what people call their records where it is not the table's name. `neutralised` says that
    texts were given an apostrophe against being taken for formulas (`listen.neutral`).
    """

    table: str
    source: Take
    columns: Dict[str, Take]
    attributes: Dict[str, Take] = field(default_factory=dict)
    unpivot: tuple[Question, ...] = ()
    customers: str = ""
    known_as: Dict[str, Take] = field(default_factory=dict)
    country: str = ""
    where: str = ""
    one_per: tuple[str, ...] = ()
    fill_down: bool = False
    widen: bool = False
    order_by: str = ""
    timezone: str = ""
    default_weight: bool = False
    rest: bool = False
    keep: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    also: tuple[Mapping, ...] = ()
    called: str = ""
    whole_ids: bool = False
    neutralised: bool = False

    def __post_init__(self) -> None:
        noun = self.noun
        people = PERSON_COLUMNS if "customer_id" in noun.column_names else ()
        for name in self.columns:
            if name not in noun.column_names and name not in people:
                raise UnknownName.among(f"column of {self.table}", name, (*noun.column_names, *people))
        if (self.unpivot or self.rest) and self.table != "answers":
            raise BadDefinition("Only answers can be unpivoted: one row per question.")
        parse_where(self.where)
        if self.timezone:
            check_zone(self.timezone)
        self._check_people()
        self._check_attributes()
        self._check_questions()
        self._check_sums()
        missing = [name for name in noun.required if name not in self.columns and name not in self._made]
        if missing:
            raise BadDefinition(
                f"The mapping of {self.table} has no {' and no '.join(missing)}, which every row needs.",
                hint=f"add it to [columns]: {missing[0]} = 'the header'.",
            )

    @property
    def _made(self) -> set[str]:
        """Required columns that need not be mapped: the key is made, an unpivoted row brings its own."""
        return {self.noun.key} | ({"submission_id", "question_id"} if self.unpivot or self.rest else set())

    def _check_people(self) -> None:
        if self.known_as and "customer_id" not in self.noun.column_names:
            raise BadDefinition(f"Rows of {self.table} are nobody's, so no system has a number for them (known_as).")
        for system in self.known_as:
            if not re.fullmatch(r"[A-Za-z][\w-]*", system):
                raise BadDefinition(
                    f"'{system}' in `known_as` is not the name of a system.",
                    hint='write known_as = { crm = "the header" }; your own customer number is customer_id.',
                )
        check_country(self.country)

    def _check_attributes(self) -> None:
        taken = {name.casefold() for name in (*self.noun.column_names, *PERSON_COLUMNS, *ORIGIN)}
        for name in self.attributes:
            if name.casefold() in taken or name.startswith("_"):
                raise BadDefinition(
                    f"'{name}' is a column of {self.table} already, so it cannot also be an attribute.",
                    hint="move it to [columns], or give the attribute another name (not beginning with _).",
                )
            taken.add(name.casefold())

    def _check_questions(self) -> None:
        seen: set[str] = set()
        for question in self.unpivot:
            if question.question_id in seen:
                raise BadDefinition(
                    f"Two [[unpivot]] entries have the question_id '{question.question_id}'.",
                    hint="give each question an id of its own; headers of the same question are aliases.",
                )
            seen.add(question.question_id)

    def _check_sums(self) -> None:
        folded = {name: take for name, take in (*self.columns.items(), *self.attributes.items()) if take.keep != "last"}
        if folded and not self.one_per:
            raise BadDefinition(
                f"'{next(iter(folded))}' says which row to take, but every row is a record of its own.",
                hint='say with one_per = ["header"] which rows belong together.',
            )
        for name, take in folded.items():
            kind = self.noun.column(name).type if name in self.columns and name in self.noun.column_names else "text"
            if take.keep == "sum" and kind not in ("number", "integer", "money"):
                raise BadDefinition(f"'{name}' holds {kind}, which cannot be added up.")

    @property
    def noun(self) -> Noun:
        """The noun that the rows become."""
        if self.table not in NOUNS:
            raise UnknownName.among("table", self.table, NOUNS)
        return NOUNS[self.table]

    @property
    def others(self) -> dict[str, Take]:
        """The ids that other systems have for the person, by the name of the staged column."""
        return {KNOWN_AS + system: take for system, take in self.known_as.items()}

    @property
    def people(self) -> tuple[str, ...]:
        """The staged columns that say whose a row is, the most telling first."""
        if "customer_id" not in self.noun.column_names:
            return ()
        contacts = (name for name in PERSON_COLUMNS if name in self.columns)
        return (*(("customer_id",) if "customer_id" in self.columns else ()), *self.others, *contacts)

    @property
    def contacts(self) -> tuple[str, ...]:
        """Those of `people` that are no columns of the table: they become identities."""
        return tuple(name for name in self.people if name != "customer_id")

    @property
    def fills(self) -> bool:
        """Whether cells are filled from the first row of their record; then rows come with their place in the file."""
        return self.fill_down and bool(self.one_per)

    def used_headers(self) -> set[str]:
        """Every header of the file that this mapping reads."""
        takes = [*self.columns.values(), *self.attributes.values(), *self.known_as.values(), self.source]
        named = {header for take in takes for header in take.read}
        for question in self.unpivot:
            named |= {*question.headers, *question.otherwise, *(question.when.headers if question.when else ())}
        return named | set(self.one_per)


def from_toml(data: Dict[str, Any]) -> Mapping:
    """The mapping in parsed TOML; every word that is not of the language is refused by name."""
    check_words("the mapping", data, {f.name for f in fields(Mapping)} - {"rest"} | {"format", "questions"})
    check_one_of("word for questions", data.get("questions", ""), ("", "rest"))
    shared = {name: data[name] for name in _SHARED if name in data}
    return Mapping(
        table=str(data.get("table", "")),
        source=read_take("source", data.get("source", {"constant": str(data.get("table", ""))}), bare="constant"),
        columns={name: read_take(name, value) for name, value in data.get("columns", {}).items()},
        attributes={name: read_take(name, value) for name, value in data.get("attributes", {}).items()},
        unpivot=tuple(_question(entry) for entry in data.get("unpivot", ())),
        customers=str(data.get("customers", "")),
        known_as={name: read_take(name, value) for name, value in data.get("known_as", {}).items()},
        country=str(data.get("country", "")).upper(),
        where=str(data.get("where", "")),
        one_per=texts_of(data.get("one_per", ())),
        order_by=str(data.get("order_by", "")),
        called=str(data.get("called", "")),
        timezone=str(data.get("timezone", "")),
        **{name: bool(data.get(name, False)) for name in _SWITCHES},
        rest=data.get("questions") == "rest",
        keep=texts_of(data.get("keep", ())),
        ignore=texts_of(data.get("ignore", ())),
        also=tuple(from_toml(shared | part) for part in data.get("also", ())),
    )


_SHARED = ("source", "customers", "timezone")  # a further reading of the same rows has these from the first


def to_toml(mapping: Mapping) -> dict[str, Any]:
    """`mapping` as data for a TOML file; `from_toml` gives it back."""
    data: dict[str, Any] = {"table": mapping.table, "source": write_take(mapping.source, bare="constant")}
    for name in ("called", "customers", "country", "where", "order_by", "timezone"):
        if getattr(mapping, name):
            data[name] = getattr(mapping, name)
    if mapping.one_per:
        data["one_per"] = list(mapping.one_per)
    data |= {name: True for name in _SWITCHES if getattr(mapping, name)}
    if mapping.rest:
        data["questions"] = "rest"
    data |= {name: list(globs) for name in ("keep", "ignore") if (globs := getattr(mapping, name))}
    given = {"columns": mapping.columns, "attributes": mapping.attributes, "known_as": mapping.known_as}
    tables = {name: {column: write_take(take) for column, take in takes.items()} for name, takes in given.items()}
    data |= {name: table for name, table in tables.items() if table or name == "columns"}
    if mapping.unpivot:
        data["unpivot"] = [_unquestion(question) for question in mapping.unpivot]
    if mapping.also:
        data["also"] = [to_toml(part) for part in mapping.also]
    return data


def without_unused(mapping: Mapping, headers: Collection[str]) -> tuple[Mapping, tuple[str, ...]]:
    """`mapping` reduced to what a file with these `headers` has, and the names of what it leaves empty.

    Columns that the noun requires stay, so that reading the file says which header is missing.
    """
    needed = {*mapping.noun.required, "submission_id"}
    headers = frozenset(headers)  # there may be a hundred thousand
    columns = {name: take for name, take in mapping.columns.items() if name in needed or present(take, headers)}
    attributes = {name: take for name, take in mapping.attributes.items() if present(take, headers)}
    known_as = {name: take for name, take in mapping.known_as.items() if present(take, headers)}
    questions = tuple(question for question in mapping.unpivot if question.header(headers))
    asked = [question.question_id for question in mapping.unpivot if not question.header(headers)]
    given = {*mapping.columns, *mapping.attributes, *mapping.known_as}
    missing = (*sorted(given - {*columns, *attributes, *known_as}), *asked)
    return replace(mapping, columns=columns, attributes=attributes, known_as=known_as, unpivot=questions), missing


def present(take: Take, headers: Collection[str]) -> bool:
    """Whether a file with these `headers` has what `take` reads."""
    if take.product:
        return set(take.product) <= set(headers)
    if take.joined:
        return any(name in headers for part in take.joined for name in part)
    if take.plus_minutes and not set(take.plus_minutes) & set(headers):
        return False
    return not take.headers or take.header(headers) is not None


_QUESTION_WORDS = {f.name for f in fields(Question)} - {"headers", "scales"} | {"from", "aliases"}


def _question(value: Dict[str, Any]) -> Question:
    check_words("an [[unpivot]] entry", value, _QUESTION_WORDS)
    headers = headers_of(value)
    if not headers:
        raise BadDefinition("An [[unpivot]] entry names no column.", hint='write from = "the header".')
    scales = _scales(headers[0], value.get("scale"))
    check_one_of("polarity", value.get("polarity", "high is good"), ("high is good", "low is good"))
    return Question(
        headers=headers,
        question_id=str(value.get("question_id", headers[0])),
        otherwise=texts_of(value.get("otherwise", ())),
        when=read_when(value["when"]) if "when" in value else None,
        metric=value.get("metric"),
        scale=scales[0] if len(scales) == 1 else None,
        scales=scales if len(scales) > 1 else (),
        polarity=value.get("polarity", "high is good"),
        label=value.get("label"),
        touchpoint=value.get("touchpoint"),
        blank=texts_of(value.get("blank", ())),
        not_applicable=texts_of(value.get("not_applicable", ())),
        codes={str(code): str(meaning) for code, meaning in value.get("codes", {}).items()},
        text=bool(value.get("text", False)),
    )


def _scales(header: str, value: Any) -> tuple[Scale, ...]:
    """The scale [lowest, highest], or several of which one will hold."""
    if value is None:
        return ()
    several = isinstance(value, (list, tuple)) and value and all(isinstance(one, (list, tuple)) for one in value)
    scales = value if several else [value]
    for scale in scales:
        if not isinstance(scale, (list, tuple)) or len(scale) != 2 or not scale[0] < scale[1]:
            raise BadDefinition(f"The scale of '{header}' is not [lowest, highest].")
    return tuple((float(low), float(high)) for low, high in scales)


def _unquestion(question: Question) -> dict[str, Any]:
    data: dict[str, Any] = {"from": question.headers[0]}
    if question.headers[1:]:
        data["aliases"] = list(question.headers[1:])
    if question.when:
        data["when"] = write_when(question.when)
    if question.scales:
        data["scale"] = [list(scale) for scale in question.scales]
    defaults = {f.name: f.default for f in fields(Question)}
    for name in (
        "question_id",
        "otherwise",
        "metric",
        "scale",
        "polarity",
        "label",
        "touchpoint",
        "blank",
        "not_applicable",
        "text",
    ):
        value = getattr(question, name)
        if value and value != defaults[name]:
            data[name] = list(value) if isinstance(value, tuple) else value
    if question.codes:
        data["codes"] = dict(question.codes)
    return data
