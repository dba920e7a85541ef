"""The nouns: what one row of each table is, its key and its columns. The user's own attributes are further columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from touchstone.core.errors import UnknownName

Type = Literal["text", "number", "integer", "money", "time", "boolean"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a noun; `required` ones must have a value for a row to be taken."""

    name: str
    type: Type = "text"
    required: bool = False
    lowest: float | None = None  # numbers below are impossible and set the row aside


@dataclass(frozen=True, slots=True)
class Noun:
    """A table: one row is `row`, known by `key`; `time` is when it happened, `person` whom it concerns."""

    name: str
    row: str
    key: str
    columns: tuple[Column, ...]
    time: str | None = None
    person: str | None = "customer_id"

    def column(self, name: str) -> Column:
        """The column called `name`; UnknownName with its neighbours otherwise."""
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownName.among(f"column of {self.name}", name, self.column_names)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in order, the key first."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Columns without which a row is set aside."""
        return tuple(column.name for column in self.columns if column.required)


def _columns(*specs: str) -> tuple[Column, ...]:
    """Columns from `name:type` words; `!` marks a required one, `+` a number that cannot be negative."""
    columns = []
    for spec in specs:
        name, _, kind = spec.rstrip("!+").partition(":")
        lowest = 0.0 if "+" in spec else None
        columns.append(Column(name, kind or "text", "!" in spec, lowest))  # type: ignore[arg-type]
    return tuple(columns)


NOUNS: dict[str, Noun] = {
    noun.name: noun
    for noun in (
        Noun(
            "customers",
            "a person",
            "customer_id",
            _columns(
                "customer_id!",
                "account_id",
                "role",
                "first_seen_at:time",
                "acquired_through",
                "referred_by",
                "consent",
                "language",
                "segment",
                "persona",
            ),
            time="first_seen_at",
        ),
        Noun(
            "accounts",
            "a company",
            "account_id",
            _columns(
                "account_id!",
                "parent_id",
                "domain",
                "segment",
                "owner",
                "annual_value:money",
                "currency",
                "renewal_at:time",
            ),
            person=None,
        ),
        Noun(
            "identities",
            "one name a person has in one system",
            "identity_id",
            _columns("identity_id!", "customer_id!", "kind!", "value!"),
        ),
        Noun(
            "merges",
            "one decision of yours that two customer numbers are, or are not, one person",
            "merge_id",
            _columns("merge_id!", "customer_id!", "other_id!", "kind!", "reason", "author", "decided_at:time!"),
            time="decided_at",
            person=None,
        ),
        Noun(
            "questions",
            "one question of one survey, in one wording",
            "question_id",
            _columns(
                "question_id!",
                "survey_id",
                "wording",
                "label",
                "language",
                "choices",
                "metric",
                "scale_low:number",
                "scale_high:number",
                "polarity",
                "version:integer",
            ),
            person=None,
        ),
        Noun(
            "answers",
            "one answer to one question",
            "answer_id",
            _columns(
                "answer_id!",
                "submission_id!",
                "survey_id",
                "question_id!",
                "customer_id",
                "kind",
                "metric",
                "score:number",
                "scale_low:number",
                "scale_high:number",
                "polarity",
                "choice",
                "text",
                "touchpoint",
                "channel",
                "unit",
                "about",
                "language",
                "asked_at:time",
                "answered_at:time",
                "period",
                "weight:number+",
            ),
            time="answered_at",
        ),
        Noun(
            "invitations",
            "one decision to ask, or not to ask, somebody",
            "invitation_id",
            _columns(
                "invitation_id!",
                "survey_id",
                "customer_id",
                "decided_at:time",
                "eligible:boolean",
                "reason",
                "inclusion_probability:number+",
                "sent_at:time",
                "delivered_at:time",
                "opened_at:time",
                "started_at:time",
                "completed_at:time",
                "channel",
                "incentive",
            ),
            time="sent_at",
        ),
        Noun(
            "events",
            "one interaction",
            "event_id",
            _columns(
                "event_id!",
                "customer_id",
                "session_id",
                "occurred_at:time!",
                "touchpoint",
                "channel",
                "outcome",
                "unit",
                "duration_seconds:number+",
            ),
            time="occurred_at",
        ),
        Noun(
            "orders",
            "one movement of money",
            "order_id",
            _columns(
                "order_id!",
                "customer_id",
                "paid_at:time!",
                "amount:money!",
                "currency",
                "margin:money",
                "kind",
                "unit",
                "lines:integer",
            ),
            time="paid_at",
        ),
        Noun(
            "subscriptions",
            "one contract period",
            "subscription_id",
            _columns(
                "subscription_id!",
                "customer_id",
                "account_id",
                "started_at:time!",
                "ended_at:time",
                "monthly_amount:money",
                "currency",
                "end_reason",
            ),
            time="started_at",
        ),
        Noun(
            "tickets",
            "one request for help",
            "ticket_id",
            _columns(
                "ticket_id!",
                "customer_id",
                "kind",
                "channel",
                "touchpoint",
                "topic",
                "unit",
                "opened_at:time!",
                "first_reply_at:time",
                "resolved_at:time",
                "closed_at:time",
                "due_at:time",
                "sla_met:boolean",
                "waited_seconds:number+",
                "transfers:integer+",
                "contacts:integer+",
                "reopened:integer+",
                "agent",
                "team",
                "status",
            ),
            time="opened_at",
        ),
        Noun(
            "mentions",
            "a review, post, interview passage or call note",
            "mention_id",
            _columns(
                "mention_id!",
                "source",
                "author",
                "customer_id",
                "posted_at:time",
                "rating:number",
                "rating_high:number",
                "text",
                "language",
                "url",
                "likes:integer",
                "comments:integer",
                "shares:integer",
                "replied_at:time",
            ),
            time="posted_at",
        ),
        Noun(
            "set_aside",
            "one row of a file that could not be taken",
            "set_aside_id",
            _columns(
                "set_aside_id!",
                "file",
                "row:integer",
                "table_name",
                "column_name",
                "value",
                "reason",
                "line",
                "set_aside_at:time",
            ),
            time="set_aside_at",
            person=None,
        ),
    )
}

IMPORTABLE = tuple(name for name in NOUNS if name not in {"identities", "merges", "set_aside", "questions"})


def noun_named(name: str) -> Noun:
    """The noun called `name`; UnknownName with its neighbours otherwise."""
    try:
        return NOUNS[name]
    except KeyError:
        raise UnknownName.among("table", name, NOUNS) from None
