"""Good files: exports of the simulated company and the fixtures of known layouts, and what arrives of each."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import touchstone.listen
from touchstone.simulate import Company, write_company

LAYOUTS = Path(touchstone.listen.__file__).parent / "layouts"
ROWS = 30


@dataclass(frozen=True)
class Good:
    """A file that imports without a word. `key` is the header of its ids, empty where it has none.

    `watched` are the landed columns that are compared, and the header that each comes from; `numbers` and `dates` are
    headers of such columns, `text` that of a free text which is watched, `loose` that of a text which is not.
    """

    name: str
    table: str
    heads: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[str, ...], ...]
    key: str = ""
    id_column: str = ""
    watched: Mapping[str, str] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    text: str = ""
    loose: str = ""

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True)
class _About:
    table: str
    key: str
    id_column: str
    watched: Mapping[str, str]
    numbers: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    text: str = ""
    loose: str = ""


_SIMULATED = {
    "orders.csv": _About(
        "orders",
        "order_id",
        "order_id",
        {"amount": "amount", "paid_at": "paid_at", "customer_id": "customer_id", "currency": "currency"},
        ("amount",),
        ("paid_at",),
        loose="kind",
    ),
    "customers.csv": _About(
        "customers",
        "customer_id",
        "customer_id",
        {"first_seen_at": "first_seen_at", "segment": "segment"},
        dates=("first_seen_at",),
        loose="acquired_through",
    ),
    "events.csv": _About(
        "events",
        "event_id",
        "event_id",
        {"occurred_at": "occurred_at", "duration_seconds": "duration_seconds", "outcome": "outcome"},
        ("duration_seconds",),
        ("occurred_at",),
        loose="unit",
    ),
    "invitations.csv": _About(
        "invitations",
        "invitation_id",
        "invitation_id",
        {"decided_at": "decided_at", "inclusion_probability": "inclusion_probability", "channel": "channel"},
        ("inclusion_probability",),
        ("decided_at",),
        loose="incentive",
    ),
    "reviews.csv": _About(
        "mentions",
        "mention_id",
        "mention_id",
        {"posted_at": "posted_at", "rating": "rating", "text": "text"},
        ("rating",),
        ("posted_at",),
        text="text",
        loose="author",
    ),
    "subscriptions.csv": _About(
        "subscriptions",
        "subscription_id",
        "subscription_id",
        {"started_at": "started_at", "monthly_amount": "monthly_amount", "customer_id": "customer_id"},
        ("monthly_amount",),
        ("started_at",),
        loose="end_reason",
    ),
    "tickets.csv": _About(
        "tickets",
        "Ticket #",
        "ticket_id",
        {"opened_at": "Created", "resolved_at": "Solved", "status": "Status"},
        (),
        ("Created",),
        loose="Assignee",
    ),
    "survey.csv": _About(
        "answers",
        "ResponseId",
        "submission_id",
        {"question_id": "", "score": "", "text": "", "answered_at": "RecordedDate"},
        (),
        ("RecordedDate",),
        loose="Region",
    ),
}
_ANSWERS = {"question_id": "", "score": "", "text": ""}
_FIXTURES = {
    "delighted/responses.csv": _About("answers", "Response ID", "submission_id", _ANSWERS, loose="Tags"),
    "surveymonkey/Fjord customer survey.csv": _About(
        "answers", "Respondent ID", "submission_id", _ANSWERS, loose="First Name"
    ),
    "limesurvey/results-survey481516.csv": _About("answers", "id", "submission_id", _ANSWERS, loose="refurl"),
    "qualtrics/Harbour Bank legacy.csv": _About("answers", "ResponseID", "submission_id", _ANSWERS, loose="Name"),
    "zendesk/tickets.csv": _About("tickets", "Id", "ticket_id", {"status": "Status"}, loose="Subject"),
    "stripe/payments.csv": _About("orders", "id", "order_id", {"amount": "Amount"}, loose="Description"),
    "shopify/orders_export.csv": _About("orders", "Name", "order_id", {"amount": "Total"}, loose="Shipping Method"),
    "online_retail/online_retail.csv": _About(
        "orders", "InvoiceNo", "order_id", {"amount": "UnitPrice", "paid_at": "InvoiceDate"}, loose="Description"
    ),
    "it_incidents/incident_event_log.csv": _About(
        "tickets", "number", "ticket_id", {"status": "incident_state"}, loose="location"
    ),
}


@cache
def goods() -> tuple[Good, ...]:
    """All good files, the simulated ones first; some rows of each."""
    with TemporaryDirectory() as folder:
        write_company(Company(customers=1_000), Path(folder))
        made = [_good(Path(folder) / name, about, 1) for name, about in _SIMULATED.items()]
    return (*made, *(_fixture(name, about) for name, about in _FIXTURES.items()))


def simulated() -> tuple[Good, ...]:
    """The good files with one plain header row and a record per row."""
    return goods()[: len(_SIMULATED) - 1]


def _fixture(name: str, about: _About) -> Good:
    path = LAYOUTS / name
    expected = path.parent / "expected.toml"
    told = tomllib.loads(expected.read_text("utf-8")).get(path.name, {}) if expected.exists() else {}
    return _good(path, about, told.get("header_rows", 1))


def _good(path: Path, about: _About, header_rows: int) -> Good:
    parsed = [tuple(row) for row in csv.reader(StringIO(path.read_text("utf-8-sig"), newline="")) if row]
    heads, rows = parsed[:header_rows], parsed[header_rows : header_rows + ROWS]
    rows = [row for row in rows if len(row) == len(heads[0])]  # some fixtures have rows that do not fit
    return Good(
        path.name,
        about.table,
        tuple(heads),
        tuple(rows),
        about.key,
        about.id_column,
        about.watched,
        about.numbers,
        about.dates,
        about.text,
        about.loose,
    )
