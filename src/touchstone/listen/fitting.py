"""A mapping fitted to one file: its names as the file writes them, its choices made, its rest found."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from touchstone.core.errors import BadFile, UnknownName
from touchstone.core.mapping import (
    ORIGIN,
    PERSON_COLUMNS,
    Mapping,
    Question,
    Scale,
    Take,
    When,
    present,
    without_unused,
)
from touchstone.core.where import parse_where, where_text
from touchstone.listen.layout import plain_name
from touchstone.listen.propose import embedded
from touchstone.listen.ratings import numbers_in
from touchstone.listen.rawfile import RawFile
from touchstone.listen.rest import fits_any, ignores, rest
from touchstone.listen.synonyms import normal
from touchstone.listen.values import date_formats, decimal_mark, doubtful_decimals, looks_like

_BRACKETED = re.compile(r"\s*[\[(][^\])]*[\])]$")
Rename = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Fitted:
    """The mapping as one file is read by it, the headers it leaves out, and which readings were taken."""

    mapping: Mapping
    ignored: tuple[str, ...]
    notes: tuple[str, ...]


def fitted(file: RawFile, mapping: Mapping, *, known: bool) -> Fitted:
    """`mapping` for `file`. BadFile where it asks questions of which the file has none.

    A mapping that is `known` was not written for this very file: what it says of columns that are missing is left out
    (conditions and ids too), and dates and decimal marks are read as the file writes them.
    """
    notes: list[str] = []
    mapping = as_written(mapping, file.headers)
    if known:
        mapping = _dated(file, _conditioned(file, mapping, notes), notes)
    mapping = _zoned(file, mapping, notes)
    asks = bool(mapping.unpivot) or mapping.rest
    mapping = replace(mapping, unpivot=_chosen(file, mapping, notes))
    notes += _decoded(file, mapping) if known else ()
    ignored = _unused(file.headers, mapping)
    if mapping.rest:
        mapping = _addressed(file, mapping, notes)
        mapping = replace(mapping, columns={**mapping.columns, **embedded(file, mapping, notes)})
        found = rest(file, mapping)
        ignored = [header for header in ignored if header in found.ignored or header not in found.looked_at]
        mapping = replace(
            mapping,
            unpivot=(*mapping.unpivot, *found.unpivot),
            attributes={**mapping.attributes, **found.attributes},
        )
        notes += found.notes
    kept = _kept(file, mapping)
    mapping = replace(mapping, attributes={**mapping.attributes, **kept})
    ignored = _unused(ignored, mapping)
    if asks and not any(question.header(file.headers) for question in mapping.unpivot):
        raise BadFile(
            f"'{file.name}' has none of the questions that the mapping unpivots.",
            hint=f"its columns are {', '.join(file.headers[:12])}.",
        )
    mapping, missing = without_unused(replace(mapping, rest=False, keep=(), ignore=(), also=()), file.headers)
    if known and asks and (key := mapping.columns.get("submission_id")) and not present(key, file.headers):
        columns = {name: take for name, take in mapping.columns.items() if name != "submission_id"}
        mapping, missing = replace(mapping, columns=columns), (*missing, "submission_id")
        notes.append("no column has the responses' own ids, so each is known by its content")
    if known:
        mapping = _settled(mapping, frozenset(file.headers))
        notes += _zoneless(file, mapping)
    absent = [f"no column for {', '.join(missing)} in this file"] if missing else []
    return Fitted(mapping, tuple(ignored), (*notes, *absent))


def _unused(headers: Sequence[str], mapping: Mapping) -> list[str]:
    used = mapping.used_headers()
    return [header for header in headers if header not in used]


def _addressed(file: RawFile, mapping: Mapping, notes: list[str]) -> Mapping:
    """`mapping` with the person's e-mail from a column of addresses, whatever it is called, where it has none."""
    named = mapping.columns.get("email")
    if mapping.noun.person is None or (named and named.header(file.headers)):
        return mapping
    taken = mapping.used_headers()
    free = [header for header in file.headers if header not in taken and not ignores(mapping, header)]
    found = next((header for header in free if looks_like(_values(file, header)) == "email"), None)
    if found is None:
        return mapping
    notes.append(f"'{found}' holds e-mail addresses: they say who answered")
    return replace(mapping, columns={**mapping.columns, "email": Take(headers=(found,))})


def _settled(mapping: Mapping, headers: Collection[str]) -> Mapping:
    """`mapping` with no other headers than those that are read."""

    def found(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name in headers)

    def take(one: Take) -> Take:
        return replace(one, headers=found(one.headers)[:1], otherwise=found(one.otherwise)) if one.headers else one

    def question(one: Question) -> Question:
        when = one.when and replace(one.when, headers=found(one.when.headers)[:1])
        return replace(one, headers=found(one.headers)[:1], otherwise=found(one.otherwise), when=when)

    return replace(
        mapping,
        columns={name: take(one) if found(one.headers) else one for name, one in mapping.columns.items()},
        attributes={name: take(one) for name, one in mapping.attributes.items()},
        unpivot=tuple(map(question, mapping.unpivot)),
    )


def _zoned(file: RawFile, mapping: Mapping, notes: list[str]) -> Mapping:
    """`mapping` with the zone that the file itself names, unless it has one."""
    if not file.timezone or mapping.timezone:
        return mapping
    try:
        mapping = replace(mapping, timezone=file.timezone)
    except UnknownName:
        notes.append(f"the file names a time zone that does not exist: {file.timezone}")
        return mapping
    notes.append(f"times are in the zone that the file names: {file.timezone}")
    return mapping


def _zoneless(file: RawFile, mapping: Mapping) -> list[str]:
    """A remark where nothing says which zone the file's times are in."""
    timed = [name for name in mapping.columns if name in mapping.noun.column_names]
    takes = [mapping.columns[name] for name in timed if mapping.noun.column(name).type == "time"]
    bare = [header for take in takes if take.format[:1] not in (("epoch",), ("epoch_ms",)) for header in take.headers]
    silent = [header for header in bare if date_formats(_values(file, header)).zone == "none"]
    if mapping.timezone or not silent:
        return []
    return [f"nothing says the zone of '{silent[0]}': the workspace's is taken"]


def can_be_read(file: RawFile, mapping: Mapping) -> bool:
    """Whether `file` has what a further reading of its rows needs: all of its conditions' and required columns."""
    mapping = as_written(mapping, file.headers)
    needed = [mapping.columns[name] for name in mapping.noun.required if name in mapping.columns]
    conditions = {condition.column for condition in parse_where(mapping.where)}
    questions = not mapping.unpivot or any(question.header(file.headers) for question in mapping.unpivot)
    present = all(take.header(file.headers) or not take.headers for take in needed)
    return present and questions and conditions <= set(file.headers) and set(mapping.one_per) <= set(file.headers)


def as_written(mapping: Mapping, headers: Sequence[str]) -> Mapping:
    """`mapping` with its headers as the file writes them, which may differ in case and in blanks."""
    written = {plain_name(header): header for header in headers}

    def named(name: str) -> str:
        return name if name in headers else written.get(plain_name(name), name)

    conditions = parse_where(mapping.where)
    renamed = tuple(replace(condition, column=named(condition.column)) for condition in conditions)
    return replace(
        mapping,
        source=_take(mapping.source, named),
        columns={name: _take(take, named) for name, take in mapping.columns.items()},
        attributes={name: _take(take, named) for name, take in mapping.attributes.items()},
        known_as={name: _take(take, named) for name, take in mapping.known_as.items()},
        unpivot=tuple(_question(question, named) for question in mapping.unpivot),
        where=mapping.where if renamed == conditions else where_text(renamed),
        one_per=tuple(map(named, mapping.one_per)),
        order_by=named(mapping.order_by),
    )


def _take(take: Take, named: Rename) -> Take:
    product = (named(take.product[0]), named(take.product[1])) if take.product else None
    return replace(
        take,
        headers=tuple(map(named, take.headers)),
        otherwise=tuple(map(named, take.otherwise)),
        plus_minutes=tuple(map(named, take.plus_minutes)),
        joined=tuple(tuple(map(named, part)) for part in take.joined),
        product=product,
        when=_when(take.when, named),
    )


def _when(when: When | None, named: Rename) -> When | None:
    return when and replace(when, headers=tuple(map(named, when.headers)))


def _question(question: Question, named: Rename) -> Question:
    further = tuple(map(named, question.otherwise))
    headers = tuple(map(named, question.headers))
    return replace(question, headers=headers, otherwise=further, when=_when(question.when, named))


def _kept(file: RawFile, mapping: Mapping) -> dict[str, Take]:
    """The columns that the mapping keeps by a pattern, as attributes; `Reason [list]` is called reason."""
    taken = {*mapping.noun.column_names, *PERSON_COLUMNS, *ORIGIN, *mapping.attributes}
    found: dict[str, Take] = {}
    for header in _unused(file.headers, mapping):
        if fits_any(mapping.keep, header):
            name = normal(_BRACKETED.sub("", header)) or normal(header)
            name = f"attr_{name}" if name in taken or not name[:1].isalpha() else name
            if name not in found:
                found[name] = Take(headers=(header,))
    return found


def _decoded(file: RawFile, mapping: Mapping) -> list[str]:
    """Which reading was taken of answers that a tool writes as words or as numbers."""
    notes = []
    for question in mapping.unpivot:
        header = question.header(file.headers)
        if header is None or not question.codes or not question.scale:
            continue
        values = set(_values(file, header))
        words = [f"{value} as {question.codes[value]}" for value in sorted(values & set(question.codes))]
        low, high = question.scale
        numbers = bool(numbers_in(sorted(values)))
        readings = [f"numbers on a scale from {low:g} to {high:g}"] * numbers + words[:6]
        if readings:
            notes.append(f"'{header}' is read so: {', '.join(readings)}")
    return notes


def _conditioned(file: RawFile, mapping: Mapping, notes: list[str]) -> Mapping:
    """`mapping` without the conditions on columns that the file lacks."""
    conditions = parse_where(mapping.where)
    held = tuple(condition for condition in conditions if condition.column in file.headers)
    lost = [condition.column for condition in conditions if condition not in held]
    if lost:
        notes.append(f"no column {', '.join(lost)} in this file, so no rows were left out by it")
        mapping = replace(mapping, where=where_text(held))
    return mapping


def _dated(file: RawFile, mapping: Mapping, notes: list[str]) -> Mapping:
    """`mapping` with the formats of dates and the decimal marks that the file's values show, where it says none."""

    def read(name: str, take: Take) -> Take:
        kind = mapping.noun.column(name).type if name in mapping.noun.column_names else "text"
        header = take.header(file.headers)
        if header is None or take.format:
            return take
        samples = [value for place in (header, *take.otherwise) for value in _values(file, place)]
        if kind == "time":
            return replace(take, format=_formats(header, samples, notes))
        if kind not in ("number", "money", "integer"):
            return take
        if doubt := doubtful_decimals(samples):
            notes.append(f"'{header}' {doubt}")
        return replace(take, decimal=",") if decimal_mark(samples) == "," else take

    return replace(mapping, columns={name: read(name, take) for name, take in mapping.columns.items()})


def _formats(header: str, samples: Sequence[str], notes: list[str]) -> tuple[str, ...]:
    counted = [value for value in samples if value.isdigit() and len(value) in (9, 10, 13)]
    if samples and len(counted) == len(samples):
        unit, form = ("milliseconds", "epoch_ms") if len(counted[0]) == 13 else ("seconds", "epoch")
        notes.append(f"'{header}' is read as {unit} since 1970")
        return (form,)
    found = date_formats(samples)
    notes += [f"'{header}': {note}" for note in found.notes]
    return () if found.order == "iso" else found.formats  # ISO is read without being told


def _chosen(file: RawFile, mapping: Mapping, notes: list[str]) -> tuple[Question, ...]:
    """The questions of which the file has a column, each on one scale.

    Where the column that tells them apart is missing, or several scales are possible, the values seen decide.
    """
    chosen: dict[str, Question] = {}
    for question in mapping.unpivot:
        header = question.header(file.headers)
        if header is None:
            chosen[question.question_id] = question
            continue
        when = question.when
        if when and not any(name in file.headers for name in when.headers):
            one = _undecided(file, mapping, header, when, notes)
            chosen[one.question_id] = one
        elif any(other.header(file.headers) == header and other.when for other in mapping.unpivot) and not when:
            if not _left_undecided(file, mapping, header):
                chosen[question.question_id] = question
        else:
            chosen[question.question_id] = _scaled(file, question, header, notes)
    return tuple(chosen.values())


def _left_undecided(file: RawFile, mapping: Mapping, header: str) -> bool:
    """Whether nothing in the file tells which of several questions a column holds."""
    whens = [other.when for other in mapping.unpivot if other.when and other.header(file.headers) == header]
    return not any(name in file.headers for when in whens for name in when.headers)


def _undecided(file: RawFile, mapping: Mapping, header: str, when: When, notes: list[str]) -> Question:
    """The one question that a column is taken for where nothing says which: that of the narrowest fitting scale."""
    asked = [question for question in mapping.unpivot if question.header(file.headers) == header]
    scaled = [(scale, question) for question in asked for scale in _possible(question)]
    holding = [scale for scale, _ in scaled]
    scale = _narrowest(holding, numbers_in(_values(file, header)))
    question = next(question for one, question in scaled if one == scale)
    note = (
        f"no column {when.headers[0]} says what was asked: '{header}' is read as {question.metric or 'a rating'} "
        f"from {scale[0]:g} to {scale[1]:g}, the narrowest scale that holds its values"
    )
    if note not in notes:
        notes.append(note)
    return replace(question, when=None, scale=scale, scales=())


def _scaled(file: RawFile, question: Question, header: str, notes: list[str]) -> Question:
    if not question.scales:
        return question
    values = _values(file, header)
    if question.when:
        deciding = next(name for name in question.when.headers if name in file.headers)
        pairs = zip(file.column(header), file.column(deciding), strict=True)
        values = [value for value, said in pairs if question.when.holds(said)]
    if not values:
        return replace(question, scale=question.scales[-1], scales=())
    scale = _narrowest(question.scales, numbers_in(values))
    notes.append(
        f"'{header}' for {question.question_id} is read on a scale from {scale[0]:g} to {scale[1]:g}, "
        "the narrowest that holds its values"
    )
    return replace(question, scale=scale, scales=())


def _possible(question: Question) -> tuple[Scale, ...]:
    return question.scales or ((question.scale,) if question.scale else ())


def _narrowest(scales: Sequence[Scale], numbers: Sequence[float]) -> Scale:
    """The narrowest of `scales` that holds all `numbers`; the widest where none does."""
    ordered = sorted(scales, key=lambda scale: scale[1] - scale[0])
    return next((one for one in ordered if all(one[0] <= number <= one[1] for number in numbers)), ordered[-1])


def _values(file: RawFile, header: str) -> list[str]:
    return [value for value in file.column(header) if value] if file.has(header) else []
