"""A mapping proposed from a file's headers and a sample of its values; people see it, correct it and keep it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache

from touchstone.core.errors import BadDefinition, BadFile
from touchstone.core.mapping import ORIGIN, PERSON_COLUMNS, Mapping, Question, Take
from touchstone.core.nouns import IMPORTABLE, NOUNS, Noun
from touchstone.listen.codes import coded, kinds
from touchstone.listen.ratings import questions
from touchstone.listen.rawfile import RawFile
from touchstone.listen.synonyms import PEOPLE, SYNONYMS, TOOL_NUMBERS, normal
from touchstone.listen.values import Kind, date_formats, decimal_mark, doubtful_decimals, looks_like

_EMBEDDED = ("kind", "about", "touchpoint", "channel", "unit", "weight", "customer_id", "account_id")
_MOST_ATTRIBUTES = 300
_FEW = 50  # an unknown column with more different values than this in the sample tells nothing as an attribute


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping, the headers it leaves out, and remarks for the person."""

    mapping: Mapping
    ignored: tuple[str, ...]
    notes: tuple[str, ...]


def propose(file: RawFile, table: str | None = None) -> Proposal:
    """The mapping that fits `file` best, into `table` if one is named.

    Raises BadFile when no table fits, with the columns that would be needed.
    """
    if table is not None and table not in IMPORTABLE:
        raise BadDefinition(f"There is no table called '{table}'.", hint=f"choose from {', '.join(IMPORTABLE)}.")
    kind = _kinds(file)
    candidates = [_candidate(file, NOUNS[name], kind) for name in ([table] if table else IMPORTABLE)]
    fitting = [candidate for candidate in candidates if candidate is not None]
    if not fitting:
        raise BadFile(f"It is not clear what '{file.name}' holds: {_shown(file.headers)}.", hint=_hint(table))
    return _proposal(file, max(fitting, key=lambda candidate: candidate.likeness))


def _kinds(file: RawFile) -> Callable[[str], Kind]:
    """What is under each header, looked up once: every noun asks for it."""
    return cache(lambda header: looks_like(file.column(header)))


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A noun that the file may hold: which header is which column, the questions among the rest, and how alike."""

    noun: Noun
    columns: dict[str, str]
    questions: tuple[Question, ...]
    remarks: tuple[str, ...] = ()

    @property
    def likeness(self) -> float:
        exact = sum(name == header for name, header in self.columns.items())
        known = {self.noun.key, "submission_id"} & set(self.columns)
        return len(self.columns) + exact + len(self.questions) + (2.0 if known else 0.0)


def _candidate(file: RawFile, noun: Noun, kind: Callable[[str], Kind]) -> _Candidate | None:
    """`noun` as the file would fill it, where `kind` says what is under a header; None when it cannot be."""
    columns = _matched(file, noun, kind)
    asked: tuple[Question, ...] = ()
    remarks: tuple[str, ...] = ()
    if noun.name == "answers" and "question_id" not in columns:
        taken = set(columns.values())
        asked, remarks = _questions(file, taken)
        if not asked:
            return None
    needed = {name for name in noun.required if name != noun.key}
    if asked:
        needed -= {"submission_id", "question_id"}
    if not needed <= set(columns) or len(columns) + len(asked) < 2:
        return None
    if noun.name == "mentions" and not {"text", "author", "url"} & set(columns):
        return None  # a rating alone is nobody's review
    return _Candidate(noun, columns, asked, remarks)


def _matched(file: RawFile, noun: Noun, kind: Callable[[str], Kind]) -> dict[str, str]:
    """Our columns and the file's header for each: by name first, by synonym next, each header once.

    A column of e-mail addresses is the person's, whatever it is called.
    """
    headers = file.headers
    normals = {header: normal(header) for header in headers}
    found: dict[str, str] = {}
    words: dict[str, tuple[str, ...]] = {name: (name,) for name in noun.column_names}
    if noun.person:
        words |= PEOPLE
    for synonyms in (words, SYNONYMS.get(noun.name, {})):
        for name, known in synonyms.items():
            if name in found:
                continue
            free = [header for header in headers if header not in found.values()]
            match = next((header for word in known for header in free if normals[header] == word), None)
            if match is not None:
                found[name] = match
    if noun.person and "customer_id" in noun.column_names and "customer_id" not in found:
        match = next((header for header in headers if normals[header] in TOOL_NUMBERS), None)
        if match and match not in found.values():
            found["customer_id"] = match
    if noun.person and not {"email", "customer_id"} & set(found):
        free = [header for header in headers if header not in found.values()]
        match = next((header for header in free if kind(header) == "email"), None)
        if match is not None:
            found["email"] = match
    return found


def _questions(file: RawFile, taken: set[str]) -> tuple[tuple[Question, ...], tuple[str, ...]]:
    return questions({header: file.column(header) for header in file.headers if header not in taken})


def _proposal(file: RawFile, candidate: _Candidate) -> Proposal:
    noun, matched, table = candidate.noun, candidate.columns, candidate.noun.name
    notes: list[str] = list(candidate.remarks)
    columns = {name: _take(file, noun, name, header, notes) for name, header in matched.items()}
    used = {*matched.values(), *(header for asked in candidate.questions for header in asked.headers)}
    rest = [header for header in file.headers if header not in used]
    sorting, ignored = attributes(file, rest, noun)
    tool = normal(matched.get("customer_id", "")) in TOOL_NUMBERS
    mapping = Mapping(
        table=table,
        source=Take(constant=table),
        columns=columns,
        attributes=sorting,
        unpivot=candidate.questions,
        customers=table if tool else "",
    )
    if tool:
        notes.append(f"'{matched['customer_id']}' is taken as a number of this tool's own, not as your customer number")
    return Proposal(mapping, tuple(ignored), tuple(notes))


def _take(file: RawFile, noun: Noun, name: str, header: str, notes: list[str]) -> Take:
    values = file.column(header)
    kind = noun.column(name).type if name in noun.column_names else "text"
    codes = coded(name, values)
    if codes:
        return Take(headers=(header,), codes=codes)
    if kind == "time":
        found = date_formats(values)
        notes += [f"'{header}': {note}" for note in found.notes]
        return Take(headers=(header,), format=found.formats)
    if kind in ("number", "money", "integer"):
        decimal = decimal_mark(values)
        if decimal == ",":
            notes.append(f"'{header}' has decimal commas")
        elif doubt := doubtful_decimals(values):
            notes.append(f"'{header}' {doubt}")
        return Take(headers=(header,), decimal=decimal or ".")
    return Take(headers=(header,))


def embedded(file: RawFile, mapping: Mapping, notes: list[str]) -> dict[str, Take]:
    """What a survey file says of its answers in columns of the asker's own: about which order, in which store, whether
    the survey is a relationship or a transactional one. Only headers that `mapping` does not read, told by their names.
    """
    used, found = mapping.used_headers(), {}
    for name, header in _matched(file, mapping.noun, _kinds(file)).items():
        free = header not in used and not (name in mapping.columns and mapping.columns[name].header(file.headers))
        if name in _EMBEDDED and free and (name != "kind" or kinds(file.column(header))):
            found[name] = _take(file, mapping.noun, name, header, notes)
    return found


def attributes(
    file: RawFile, headers: Sequence[str], noun: Noun, *, taken: Collection[str] = ()
) -> tuple[dict[str, Take], list[str]]:
    """Columns nobody asked for: kept as attributes where they sort rows into groups, else named as ignored.

    Names in `taken` are attributes already.
    """
    found: dict[str, Take] = {}
    ignored = []
    reserved = {*noun.column_names, *PERSON_COLUMNS, *ORIGIN, *taken}
    for header in headers:
        values = {value for value in file.column(header) if value}
        name = normal(header) or header
        if name in reserved or name in found or name.startswith("_"):
            name = f"attr_{name}"
        new = name not in found and name not in taken and len(found) < _MOST_ATTRIBUTES
        if new and _tells_apart(values, len(file.samples)):
            found[name] = Take(headers=(header,))
        else:
            ignored.append(header)
    return found, ignored


def _tells_apart(values: set[str], rows: int) -> bool:
    """Whether a column sorts rows into groups, or measures them: numbers that repeat, with a decimal point if any."""
    if not values:
        return False
    if len(values) <= _FEW and len(values) < max(2, 0.5 * rows):
        return True
    kind = looks_like(sorted(values))
    measured = kind == "number" or (kind == "integer" and len(values) < 0.9 * rows)
    return measured and decimal_mark(sorted(values)) == "."


def _shown(headers: Sequence[str]) -> str:
    more = f" and {len(headers) - 8} more" if len(headers) > 8 else ""
    return ", ".join(header[:40] for header in headers[:8]) + more


def _hint(table: str | None) -> str:
    if table:
        return f"{table} needs the columns {', '.join(NOUNS[table].required)}; name them in a mapping (--mapping FILE)."
    return "name its table with --table, or write a mapping and pass it with --mapping."
