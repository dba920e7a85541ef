"""Who is who, told: which numbers are one person and why, which names join nobody and why, and what people decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from touchstone.core.errors import UnknownName
from touchstone.core.settings import Joining
from touchstone.engine import persons
from touchstone.engine.data import Data

_KINDS = {"email": "e-mail", "phone": "phone", "external": "id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Two numbers that are one person, the name that both have, and the import after which both had it."""

    customer_id: str
    other_id: str
    kind: str
    value: str
    import_number: int | None
    imported_at: datetime | None

    @property
    def because(self) -> str:
        """The name that joins them."""
        return f"{_KINDS.get(self.kind, self.kind)} {self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A name of several numbers that joins nobody, `why` in a word and in a sentence, and two of the numbers."""

    kind: str
    value: str
    customers: int
    why: str
    reason: str
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided of two numbers: that they are one person (join) or two (undo)."""

    customer_id: str
    other_id: str
    kind: str
    reason: str
    author: str
    decided_at: datetime
    import_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who is who. `numbers` are one person with others and make `people`; `names` join nobody, for a reason each.

    Of one `customer`, if asked: all their numbers, the one that stands for all first, and what concerns these.
    """

    numbers: int
    people: int
    names: int
    merges: tuple[Merge, ...]
    refused: tuple[Refusal, ...]
    decisions: tuple[Decision, ...]
    data_number: int
    customer: tuple[str, ...] = ()

    def sentence(self) -> str:
        """How many numbers are one person with others."""
        if self.customer:
            others = ", ".join(self.customer[1:])
            return f"{self.customer[0]} is one person with {others}." if others else f"{self.customer[0]} stands alone."
        if not self.numbers:
            said = "No two customer numbers are one person"
        else:
            said = f"{self.numbers:,} customer numbers are {self.people:,} {'people' if self.people > 1 else 'person'}"
        names = f"{self.names:,} name{'s' * (self.names > 1)} of several numbers join{'s' * (self.names == 1)} nobody"
        return f"{said}; {names}." if self.names else f"{said}."

    def records(self) -> list[dict[str, Any]]:
        """One record per merge, refusal and decision: `what` says which, then its fields."""
        groups = {"merge": self.merges, "refusal": self.refused, "decision": self.decisions}
        return [{"what": what} | asdict(one) for what, found in groups.items() for one in found]  # type: ignore[call-overload]


def people(
    data: Data, *, imported_at: Mapping[int, datetime], customer: str | None = None, most: int | None = None
) -> People:
    """Who is who as of the data's import, or what concerns one `customer`; at most `most` merges and refusals.

    `imported_at` says when each import was. UnknownName for a customer that no table has.
    """
    numbers: tuple[str, ...] = ()
    if customer is not None:
        if customer not in persons.known(data, (customer,)):
            raise UnknownName(f"No table has the customer '{customer}'.", hint="see touchstone people for numbers.")
        numbers = persons.numbers_of(data, customer)
    counts = persons.merged_counts(data)
    merges = [
        Merge(**row, imported_at=imported_at.get(row["import_number"]))
        for row in persons.merges(data, among=numbers, most=most)
    ]
    refused = [
        Refusal(**row, reason=reason(row["why"], row["kind"], data.joining))
        for row in persons.refused(data, among=numbers, most=most)
    ]
    decided = [
        Decision(
            customer_id=row["customer_id"],
            other_id=row["other_id"],
            kind=row["kind"],
            reason=row["reason"] or "",
            author=row["author"] or "",
            decided_at=row["decided_at"],
            import_number=row["import_number"],
        )
        for row in persons.decisions(data)
        if not numbers or {row["customer_id"], row["other_id"]} & set(numbers)
    ]
    return People(
        **counts,
        merges=tuple(merges),
        refused=tuple(refused),
        decisions=tuple(decided),
        data_number=data.number,
        customer=numbers,
    )


def reason(why: str, kind: str, rules: Joining) -> str:
    """Why a name (of some kind: email, phone, any) joins nobody, in words."""
    most = {"email": rules.most_per_email, "phone": rules.most_per_phone}.get(kind)
    return {
        "shared": "the settings list it as shared",
        "many": f"{'more than ' + str(most) if most else 'too many'} numbers of one system have it",
        "ids": "the numbers have different ids in one system",
        "undone": "you said that two of the numbers are two people",
        "chain": "with other names it would join numbers that contradict each other",
    }[why]
