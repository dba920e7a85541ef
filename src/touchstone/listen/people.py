"""Decisions that two customer numbers are, or are not, one person: rows of the lake, each an import of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from touchstone.core.errors import Refused, UnknownName
from touchstone.core.nouns import NOUNS
from touchstone.definitions import account
from touchstone.engine.beside import decision_row
from touchstone.engine.data import Data
from touchstone.engine.intake import SYSTEM
from touchstone.engine.landing import write_rows
from touchstone.engine.persons import decisions, known, numbers_of
from touchstone.lake.lake import PATIENCE
from touchstone.lake.writing import Part
from touchstone.workspace import Workspace

Kind = Literal["join", "undo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision as it was recorded, in which import, and whether the two were one person before."""

    customer_id: str
    other_id: str
    kind: Kind
    reason: str
    author: str
    import_number: int
    was_one: bool

    def sentence(self) -> str:
        """What holds from now on."""
        one, already = f"{self.customer_id} and {self.other_id}", self.was_one == (self.kind == "join")
        now = "one person" if self.kind == "join" else "two people"
        said = f"{one} were {now} already, and stay so" if already else f"{one} are {now}"
        return f"{said}, from import {self.import_number} on."


def decide(
    workspace: Workspace,
    kind: Kind,
    customer: str,
    other: str,
    *,
    reason: str = "",
    author: str = "",
    patience: Sequence[float] = PATIENCE,
) -> Decided:
    """Record that two numbers are one person (`join`) or are not (`undo`); the newest decision on a pair holds.

    Nothing is deleted: earlier imports read as before (`--as-of`), and a decision survives every later import. Refused
    where it contradicts other decisions, UnknownName for a number that no table has.
    """
    if customer == other:
        raise Refused("A number is one person with itself.", hint="name two different customer numbers.")
    if kind == "join" and not reason.strip():
        raise Refused("Joining two numbers takes a reason.", hint="say why with --reason: others will ask.")
    reason, author = reason.strip(), author or account()
    with workspace.lake.writing(patience=patience) as writer:
        engine = workspace.duckdb()
        try:
            was_one = _checked(workspace.data(engine=engine), kind, customer, other)
            at = datetime.now(UTC)
            path = writer.part_path("merges")
            n = write_rows(engine, decision_row(customer, other, kind, reason, author, writer.number, at), path)
        finally:
            engine.close()
        writer.append("merges", [Part(path, n)], (*NOUNS["merges"].columns, *SYSTEM))
        weighted = writer.imports[-1].summary.get("weighted", ()) if writer.imports else ()
        told = f"{kind}: {customer}, {other}"
        writer.commit(
            content=hashlib.sha256(f"{told}\n{at}".encode()).hexdigest(),
            files=[],
            summary={"files": [], "weighted": list(weighted), "account": [], "decision": told},
        )
        return Decided(
            customer_id=customer,
            other_id=other,
            kind=kind,
            reason=reason,
            author=author,
            import_number=writer.number,
            was_one=was_one,
        )


def _checked(data: Data, kind: Kind, customer: str, other: str) -> bool:
    """Whether the two are one person now; raises where the decision cannot be."""
    there = known(data, (customer, other))
    for number in (customer, other):
        if number not in there:
            raise UnknownName(f"No table has the customer '{number}'.", hint="see touchstone people for numbers.")
    newest = {frozenset((row["customer_id"], row["other_id"])): row["kind"] for row in decisions(data)}
    newest[frozenset((customer, other))] = kind
    joined = [pair for pair, decided in newest.items() if decided == "join"]
    for pair in (pair for pair, decided in newest.items() if decided == "undo"):
        one, two = sorted(pair)
        if two in _reached(one, joined):
            raise Refused(
                f"Decisions join {one} and {two} by way of others, and one says that they are two people.",
                hint=f"undo a step between them, or join them again: touchstone people --join {one} {two} --reason …",
            )
    return other in numbers_of(data, customer)


def _reached(number: str, pairs: Sequence[frozenset[str]]) -> set[str]:
    """All numbers that `pairs` lead to from one of them."""
    reached, fresh = {number}, [number]
    while fresh:
        here = fresh.pop()
        further = {one for pair in pairs if here in pair for one in pair} - reached
        reached |= further
        fresh += further
    return reached
