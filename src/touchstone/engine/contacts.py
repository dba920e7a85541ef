"""E-mail addresses and phone numbers of a file in the form that is compared: most by SQL, the rest one by one.

What SQL cannot read is looked up among the different texts only, a batch at a time, so that neither the rows of a large
file nor all its addresses are ever in Python at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import pyarrow as pa

from touchstone.core import contact
from touchstone.engine.casting import among
from touchstone.engine.connect import DuckDB, fresh_name, literal

_BATCH = 100_000  # texts
_SHORT = 64  # characters; a plain address up to here is within every limit
_LABEL = "[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"
_PLAIN = rf"[A-Za-z0-9._%+\-]+@(?:{_LABEL}\.)+[A-Za-z]{{2,24}}"
_ROLES = rf"^(?:{'|'.join(contact.ROLES)})(?:\+[^@]*)?@"
HASHED = "sha256:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """Which addresses are nobody's own (`shared`, normalised), and the `salt` they are hashed with (none: not hashed).

    A hash hides addresses from whoever sees the data without the salt; whoever has both can try every phone number.
    """

    shared: tuple[str, ...] = ()
    salt: str = ""

    def stored(self, value: str) -> str:
        """A normalised address as it is stored."""
        return HASHED + sha256((self.salt + value).encode()).hexdigest() if self.salt else value

    def kept(self, value: str) -> str:
        """SQL of what is stored of a normalised address: null for a shared one, its hash where that is asked for."""
        kept = f"sha256({literal(self.salt)} || {value})"
        stored = f"{literal(HASHED)} || {kept}" if self.salt else value
        shared = f"regexp_matches({value}, {literal(_ROLES)})"
        if self.shared:
            shared = f"CASE WHEN {shared} THEN true ELSE {among(value, self.shared)} END"
        return f"CASE WHEN {shared} THEN NULL ELSE {stored} END"


def normal(kind: str, text: str, found: str) -> str:
    """SQL of a normalised address: `found` holds it where SQL cannot tell."""
    return f"CASE WHEN {_plain(text)} THEN lower({text}) ELSE {found} END" if kind == "email" else found


def _plain(text: str) -> str:
    return f"strlen({text}) <= {_SHORT} AND regexp_full_match({text}, {literal(_PLAIN)})"


def look_up(engine: DuckDB, kind: str, texts: str, *, country: str) -> str | None:
    """A table (text, value) of what the addresses in the query `texts` (text) are, where `normal` cannot tell.

    `kind` is email or phone, `country` that of numbers without one. None where there is nothing to look up.
    """
    odd, found = fresh_name("odd"), fresh_name("looked_up")
    asked = f"text IS NOT NULL AND NOT ({_plain('text')})" if kind == "email" else "text IS NOT NULL"
    engine.run(f"CREATE TEMPORARY TABLE {odd} AS SELECT DISTINCT text FROM ({texts}) WHERE {asked}")
    if not engine.run(f"SELECT count(*) FROM {odd}")[0][0]:
        return None
    engine.run(f"CREATE TEMPORARY TABLE {found} (text VARCHAR, value VARCHAR)")
    plan = contact.plan_in(country) if kind == "phone" and country else None
    if plan is not None:
        engine.run(f"INSERT INTO {found} {_at_home(odd, plan)}")
        engine.run(f"CREATE OR REPLACE TEMPORARY TABLE {odd} AS FROM {odd} ANTI JOIN {found} USING (text)")
    _read_one_by_one(engine, odd, found, contact.email if kind == "email" else partial(contact.phone, country=country))
    engine.run(f"DROP TABLE {odd}")
    return found


def _at_home(texts: str, plan: contact.Plan) -> str:
    """The plain numbers of a country among `texts` (text, value), as `contact.phone` reads them."""
    bare = "regexp_replace(text, '[ \\x{A0}().\\-/]', '', 'g')"
    code = len(plan.code) + 2
    branches = [(f"prefix(bare, {literal('+' + plan.code)})", f"substr(bare, {code})"), ("prefix(bare, '+')", "NULL")]
    if plan.trunk:
        branches += [(f"prefix(bare, {literal(plan.trunk)})", f"substr(bare, {len(plan.trunk) + 1})")]
    branches += [(f"prefix(bare, {literal(plan.code)})", "NULL")]
    national = f"CASE {' '.join(f'WHEN {condition} THEN {value}' for condition, value in branches)} ELSE bare END"
    fine = [
        f"regexp_full_match(national, {literal(plan.numbers.pattern)})",
        f"NOT regexp_matches(bare, {literal(f'^(?:{plan.abroad.pattern})')})",
    ]
    if plan.before:
        fine.append(f"NOT regexp_matches(national, {literal(f'^(?:{plan.before.pattern})')})")
    rows = f"SELECT *, {national} AS national FROM (SELECT text, {bare} AS bare FROM {texts})"
    return f"SELECT text, {literal('+' + plan.code)} || national FROM ({rows}) WHERE {' AND '.join(fine)}"


def _read_one_by_one(engine: DuckDB, texts: str, found: str, read: Callable[[str], str | None]) -> None:
    """What each of `texts` is, into the table `found`, as far as it is anything."""
    n = engine.run(f"SELECT count(*) FROM {texts}")[0][0]
    for first in range(0, n, _BATCH):
        batch = engine.run(f"SELECT text FROM {texts} WHERE rowid >= {first} AND rowid < {first + _BATCH}")
        known = [(text, value) for (text,) in batch if (value := read(text)) is not None]
        columns = {"text": [text for text, _ in known], "value": [value for _, value in known]}
        engine.insert(found, pa.table(columns, schema=_SCHEMA))


_SCHEMA = pa.schema([("text", pa.string()), ("value", pa.string())])
