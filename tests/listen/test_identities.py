"""Who is who: names that join people, names that never do, and chains of them."""

from __future__ import annotations

from typing import Any

import pytest

from touchstone.core.mapping import Mapping, Take
from touchstone.engine.connect import DuckDB
from touchstone.engine.people import customer


@pytest.fixture
def engine(desk: Any) -> Any:
    engine = desk.workspace.duckdb()
    yield engine
    engine.close()


def test_a_customer_is_their_number_else_their_address_else_their_phone(engine: DuckDB) -> None:
    takes = {name: Take(headers=(name,)) for name in ("customer_id", "email", "phone")}
    mapping = Mapping(table="customers", source=Take(constant="s"), columns=takes, customers="crm")
    columns = {"customer_id": "n", "email": "e", "phone": "p"}
    people = "('7', 'a@x.de', NULL), (NULL, 'a@x.de', '+491234567'), (NULL, NULL, '+491234567'), (NULL, NULL, NULL)"
    rows = f"(VALUES {people})"
    found = engine.run(f"SELECT {customer(columns, mapping)} FROM {rows} AS given(n, e, p)")
    assert [one for (one,) in found] == ["crm:7", "email:a@x.de", "phone:+491234567", None]


def people(desk: Any) -> dict[str, str]:
    """Who is somebody else under another number."""
    data = desk.workspace.data()
    try:
        merged = data.merged()
        return {} if merged is None else {row["customer_id"]: row["person"] for row in data.fetch(merged).rows}
    finally:
        data.engine.close()


def test_one_person_in_three_systems_is_one(desk: Any) -> None:
    desk.add(
        desk.write("customers.csv", "customer_id,email,segment\n1,ann@x.example,gold\n2,bob@x.example,blue\n"),
        desk.write("survey.csv", "response_id,email,nps,submitted_at\n9,ANN@x.example ,9,2024-01-01\n"),
        desk.write("tickets.csv", "ticket_id,requester_id,email,opened_at\n5,77,Ann@X.example,2024-01-01\n"),
    )
    assert people(desk) == {"email:ann@x.example": "1", "tickets:77": "1"}
    assert desk.rows("tickets", "customer_id") == ["tickets:77"]


def test_a_chain_of_names_is_one_person_with_the_smallest_number(desk: Any) -> None:
    text = "customer_id,email,phone\n"
    chain = (
        "4,d@x.example,+4930000003\n3,c@x.example,+4930000003\n2,c@x.example,+4930000002\n1,a@x.example,+4930000002\n"
    )
    desk.take(text + chain + "9,z@x.example,+4930000009\n")
    assert people(desk) == {"2": "1", "3": "1", "4": "1"}


def test_shared_addresses_and_local_phones_join_nobody(desk: Any) -> None:
    text = "customer_id,email,phone\n1,info@x.example,030 1234567\n2,INFO@x.example,030 1234567\n3,sales@x.example,\n"
    desk.take(text)
    assert people(desk) == {}
    assert desk.rows("identities") == []


def test_people_without_a_number_are_their_address_and_those_without_either_are_set_aside(desk: Any) -> None:
    file = desk.take("customer_id,email,segment\n,ann@x.example,gold\n,info@x.example,gold\n7,,blue\n,,blue\n")
    assert desk.rows("customers", "customer_id") == ["7", "email:ann@x.example"]
    assert file.reasons == (("'customer_id' is missing, and so is an address of the person's own", 2),)


def test_customers_known_by_address_alone_are_known_again(desk: Any) -> None:
    mapping = {"table": "customers", "source": "crm", "columns": {"email": "mail", "segment": "s"}}
    desk.take("mail,s\nann@x.example,gold\n", mapping)
    assert desk.take("mail,s\nAnn@x.example,blue\n", mapping, name="later.csv").changed == 1
    assert desk.rows("customers", "customer_id", "segment") == [("email:ann@x.example", "blue")]


def test_the_same_name_again_is_no_new_one(desk: Any) -> None:
    text = "customer_id,email,segment\n1,ann@x.example,gold\n"
    desk.take(text)
    desk.take(text + "2,bob@x.example,blue\n", name="later.csv")
    assert desk.rows("identities", "customer_id", "kind", "value", "import_number") != []
    assert sorted(desk.rows("identities", "value")) == ["ann@x.example", "bob@x.example"]


def test_rows_that_are_set_aside_give_no_names(desk: Any) -> None:
    desk.take("ticket_id,email,opened_at\n1,ann@x.example,never\n2,bob@x.example,2024-01-01\n")
    assert desk.rows("identities", "value") == ["bob@x.example"]


def test_merged_people_count_as_one_cluster(desk: Any) -> None:
    desk.add(
        desk.write("customers.csv", "customer_id,email,segment\n1,ann@x.example,gold\n2,bob@x.example,blue\n"),
        desk.write("survey.csv", "response_id,email,nps,submitted_at\n8,ann@x.example,9,2024-01-01\n9,,8,2024-01-01\n"),
    )
    data = desk.workspace.data()
    clusters = data.fetch(data.clustered(data.table("answers"), "answers").select("cluster").order_by("cluster")).rows
    data.engine.close()
    assert [row["cluster"] for row in clusters] == ["1", "answers:9"]
