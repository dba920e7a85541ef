"""What answers are about: found by the whole key, else by an id that one row alone has."""

from __future__ import annotations

from collections.abc import Callable

from touchstone.engine.data import Data
from touchstone.engine.references import reference_counts, with_reference
from touchstone.measure.check import check

ORDERS = "order_id,customer_id,paid_at,amount\n1001,a,2024-01-01,5\n1002,a,2024-01-02,5\n7,b,2024-01-03,5\n"
TICKETS = "ticket_id,customer_id,opened_at\n7,a,2024-01-01\nT-9,b,2024-01-02\n"
SURVEY = "response_id,customer_id,nps,submitted_at,Reference\n" + "".join(
    f"{i},a,9,2024-02-01,{about}\n"
    for i, about in enumerate(["1001", "orders:1002", "7", "orders:7", "T-9", "gone", "", "1001"])
)


def keys(data: Data, name: str) -> list[str | None]:
    rows = with_reference(data, data.table("answers"), name).order_by("submission_id")
    return [row["about_key"] for row in data.fetch(rows.select("submission_id", "about_key")).rows]


def test_a_reference_is_found_where_it_names_one_row(imported: Callable[..., Data]) -> None:
    data = imported({"orders.csv": ORDERS, "tickets.csv": TICKETS, "survey.csv": SURVEY})
    first, second = "orders:1001", "orders:1002"
    assert keys(data, "orders") == [first, second, None, "orders:7", None, None, None, first]
    assert keys(data, "tickets") == [None, None, None, None, "tickets:T-9", None, None, None]
    assert reference_counts(data) == {"rows": 7, "ambiguous": 1, "orders": 4, "tickets": 1}
    (found,) = (one for one in check(data, metrics={}).findings if one.numbers.get("with") == "about")
    assert found.verdict == "note"
    assert found.sentence == (
        "answers about something: 71% of 7 references found (orders 4, tickets 1), 1 fit several rows, 1 fit none."
    )


def test_references_to_nothing_are_counted_as_such(imported: Callable[..., Data]) -> None:
    data = imported({"survey.csv": SURVEY})
    assert reference_counts(data) == {"rows": 7, "ambiguous": 0}
    assert keys(data, "orders") == [None] * 8
