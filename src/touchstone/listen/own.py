"""Files that `touchstone export` wrote, known by their columns: their rows go back as they were, keys and all."""

from __future__ import annotations

from touchstone.core.mapping import ORIGIN, Mapping, Take
from touchstone.core.nouns import NOUNS, Noun
from touchstone.listen.rawfile import RawFile
from touchstone.listen.writers.names import original_name

OWN = "touchstone export"  # what such a layout is called
_ENOUGH = 0.5  # of a table's columns: an older export may lack some
_SPSS = "(SPSS)"


def own_mapping(file: RawFile) -> Mapping | None:
    """The mapping of a file that `touchstone export` wrote with all columns of a table; None for any other.

    Such a file has the table's key and, what no other program writes, both `source` and `import_number`.
    """
    if not set(ORIGIN) <= set(file.headers):
        return None
    shares = {noun: _share(noun, file.headers) for noun in NOUNS.values() if noun.name != "set_aside"}
    noun = max(shares, key=lambda one: shares[one])
    if shares[noun] < _ENOUGH:
        return None
    own = {name: Take(headers=(name,)) for name in (*noun.column_names, "source") if name in file.headers}
    origin = Take(constant=noun.name) if "source" in noun.column_names else own.pop("source")
    return Mapping(
        table=noun.name,
        source=origin,
        columns=own,
        attributes=_attributes(file, noun),
        timezone="UTC",
        whole_ids=True,
        neutralised=file.delimited,
    )


def _share(noun: Noun, headers: tuple[str, ...]) -> float:
    """The share of the table's columns that are there; none without the key and what every row needs."""
    if not {noun.key, *noun.required} <= set(headers):
        return 0.0
    return sum(name in headers for name in noun.column_names) / len(noun.columns)


def _attributes(file: RawFile, noun: Noun) -> dict[str, Take]:
    labels = file.labels if _SPSS in file.signs else ()
    names = dict(zip(file.headers, labels, strict=False))
    return {
        original_name(header, names.get(header, "")): Take(headers=(header,))
        for header in file.headers
        if header not in noun.column_names and header not in ORIGIN
    }
