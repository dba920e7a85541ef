"""Addresses in files: read in any spelling, in the order of the file, shared ones left out, hashed on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchstone.core import contact
from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.mapping import from_toml, to_toml
from touchstone.engine.connect import DuckDB, identifier
from touchstone.engine.contacts import Privacy, look_up, normal
from touchstone.listen.add import add
from touchstone.workspace import Workspace

PEOPLE = {"table": "customers", "source": "s", "columns": {"customer_id": "n", "email": "mail", "phone": "phone"}}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    engine = DuckDB(tmp_path_factory.mktemp("spilled"))
    yield engine
    engine.close()


def read(engine: DuckDB, kind: str, texts: list[str], country: str = "") -> list[str | None]:
    engine.run("CREATE OR REPLACE TEMPORARY TABLE given_texts (place BIGINT, text VARCHAR)")
    engine.insert("given_texts", pa.table({"place": range(len(texts)), "text": texts}))
    found = look_up(engine, kind, "FROM given_texts", country=country)
    joined = f"LEFT JOIN {identifier(found)} USING (text)" if found else "CROSS JOIN (SELECT NULL::VARCHAR AS value)"
    rows = engine.run(f"SELECT {normal(kind, 'text', 'value')} FROM given_texts {joined} ORDER BY place")
    return [value for (value,) in rows]


TEXTS = (
    st.text(max_size=20) | st.emails() | st.from_regex(r"[A-Za-z0-9._+-]{1,6}@([a-zA-Z0-9-]{1,5}\.){1,3}[A-Za-z]{1,4}")
)


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=30))
def test_the_engine_reads_addresses_as_python_does(engine: DuckDB, texts: list[str]) -> None:
    texts = [text.replace("\x00", "") for text in texts]
    assert read(engine, "email", texts) == [contact.email(text) for text in texts]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.from_regex(r"\+?[0-9]{2,5}[ /()-]{0,2}[0-9]{3,9}", fullmatch=True), min_size=1, max_size=30),
    st.sampled_from(["", "DE", "US", "IT", "JP", "BR"]),
)
def test_the_engine_reads_numbers_as_python_does(engine: DuckDB, texts: list[str], country: str) -> None:
    assert read(engine, "phone", texts, country) == [contact.phone(text, country) for text in texts]


def test_the_engine_leaves_calls_abroad_and_odd_numbers_to_the_numbering_plans(engine: DuckDB) -> None:
    texts = ["010 49 30 123456", "010493012345", "0 90 1234 5678", "090-1234-5678", "+81 90 1234 5678", "+49 30 123456"]
    assert read(engine, "phone", texts, "JP") == [contact.phone(text, "JP") for text in texts]
    assert read(engine, "phone", texts[:1], "JP") == ["+4930123456"]
    codes = ["49 30 123456", "0049 30 123456", "+49 030 123456", "+49 (0)30 123456", "030 123456"]
    assert read(engine, "phone", codes, "DE") == ["+4930123456"] * len(codes)


def test_odd_spellings_join_and_rows_stay_in_the_order_of_the_file(desk: Any) -> None:
    lines = [f"{n},Person <P{n}@x.example>,gold" if n % 3 else f"{n},p{n}@x.example,gold" for n in range(1, 400)]
    desk.take("customer_id,email,segment\n" + "\n".join([*lines, "400,p400@x.example,"]) + "\n", name="customers.csv")
    names = desk.rows("identities", "customer_id", "value")
    assert sorted(names) == sorted((str(n), f"p{n}@x.example") for n in range(1, 401))
    file = desk.take("ticket_id,email,opened_at\n1,Ann <a@x.example>,2024-01-01\n2,ann@x.example,never\n", name="t.csv")
    assert file.rows_aside == 1
    assert desk.rows("set_aside", "row", "value") == [(2, "never")]
    assert desk.rows("tickets", "customer_id") == ["email:a@x.example"]


def test_a_country_is_the_mapping_s_or_the_workspace_s(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "home", country="DE")
    (tmp_path / "a.csv").write_text("n,mail,phone\n1,,030 123456\n2,,+41 44 668 18 00\n3,a@x.example,12\n")
    (tmp_path / "b.csv").write_text("n,mail,phone\n4,,044 668 18 00\n")
    add(workspace, [tmp_path / "a.csv"], mapping=from_toml(PEOPLE))
    add(workspace, [tmp_path / "b.csv"], mapping=from_toml(PEOPLE | {"country": "ch"}))
    data = workspace.data()
    found = {row["customer_id"]: row["value"] for row in data.fetch(data.table("identities")).rows}
    data.engine.close()  # type: ignore[attr-defined]
    assert found == {"1": "+4930123456", "2": "+41446681800", "3": "a@x.example", "4": "+41446681800"}


def test_a_number_without_its_country_is_nobody_s(desk: Any) -> None:
    desk.take("n,mail,phone\n1,a@x.example,030 123456\n", PEOPLE)
    assert desk.rows("identities", "kind") == ["email"]


@pytest.mark.parametrize("mail", ["info@x.example", "Support+eu@x.example", "desk@x.example", "No-Reply@x.example"])
def test_shared_addresses_are_nobody_s(tmp_path: Path, mail: str) -> None:
    workspace = Workspace.create(tmp_path / "home")
    path = workspace.folder / "touchstone.toml"
    shared = '[identities]\nshared = ["Desk@x.example", "+49 30 123456"]'
    path.write_text(path.read_text().replace("# [identities]", shared))
    workspace = Workspace.open(workspace.folder)
    (tmp_path / "a.csv").write_text(f"n,mail,phone\n1,{mail},+4930123456\n2,information.desk@x.example,\n")
    add(workspace, [tmp_path / "a.csv"], mapping=from_toml(PEOPLE))
    data = workspace.data()
    found = [row["value"] for row in data.fetch(data.table("identities")).rows]
    data.engine.close()  # type: ignore[attr-defined]
    assert found == ["information.desk@x.example"]


def test_hashed_addresses_join_as_before_and_are_nowhere_to_be_read(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "home")
    path = workspace.folder / "touchstone.toml"
    path.write_text(path.read_text().replace("# [identities]", "[identities]\nhash = true"))
    workspace = Workspace.open(workspace.folder)
    (tmp_path / "customers.csv").write_text("n,mail,phone\n1,ann@x.example,+4930123456\n,bob@x.example,\n")
    (tmp_path / "tickets.csv").write_text("ticket_id,email,opened_at\n7,Ann <ANN@x.example>,2024-01-01\n")
    add(workspace, [tmp_path / "customers.csv"], mapping=from_toml(PEOPLE))
    add(workspace, [tmp_path / "tickets.csv"])
    data = workspace.data()
    rows = data.fetch(data.table("identities")).rows
    tickets = data.clustered(data.table("tickets"), "tickets")
    assert data.fetch(tickets.select("cluster")).rows == [{"cluster": "1"}]
    assert {row["value"][:7] for row in rows} == {"sha256:"}
    assert workspace.privacy().stored("ann@x.example") in {row["value"] for row in rows}
    data.engine.close()  # type: ignore[attr-defined]
    for file in (workspace.folder / "data").rglob("*.parquet"):
        assert b"x.example" not in file.read_bytes()
    salt = workspace.folder / "identities.salt"
    assert salt.stat().st_mode & 0o077 == 0
    assert workspace.privacy() == workspace.privacy() != Privacy()
    open_again = path.read_text().replace("hash = true", "hash = false")
    path.write_text(open_again)
    with pytest.raises(Refused, match="would never meet"):
        (tmp_path / "more.csv").write_text("n,mail,phone\n3,eve@x.example,\n")
        add(Workspace.open(workspace.folder), [tmp_path / "more.csv"], mapping=from_toml(PEOPLE))


def test_the_id_of_another_system_is_a_name_and_stands_for_the_customer(desk: Any) -> None:
    crm = {"table": "customers", "source": "crm", "customers": "crm", "columns": {"customer_id": "id", "segment": "s"}}
    desk.take("id,s\n7,gold\n8,blue\n", crm, name="crm.csv")
    shop = {"table": "customers", "source": "shop", "columns": {"customer_id": "nr"}, "known_as": {"crm": "CRM id"}}
    desk.take("nr,CRM id\n100,7.0\n101,n/a\n102,\n", shop, name="shop.csv")
    survey = {
        "table": "answers",
        "source": "survey",
        "known_as": {"crm": {"from": "crm", "blank": ["0"]}},
        "columns": {"email": "mail"},
        "unpivot": [{"from": "nps", "metric": "nps", "scale": [0, 10]}],
    }
    file = desk.take("crm,mail,nps\n8,a@x.example,9\n0,b@x.example,7\n", survey, name="survey.csv")
    assert "crm id = crm" in file.mapped
    assert desk.rows("answers", "customer_id") in (["crm:8", "email:b@x.example"], ["email:b@x.example", "crm:8"])
    names = {row[:3] for row in desk.rows("identities", "customer_id", "kind", "value")}
    assert names == {
        ("100", "external", "crm:7"),
        ("crm:8", "external", "crm:8"),
        ("crm:8", "email", "a@x.example"),
        ("email:b@x.example", "email", "b@x.example"),
    }


def test_other_ids_survive_the_mapping_file_and_one_record_of_several_rows(desk: Any) -> None:
    data = {
        "table": "tickets",
        "source": "desk",
        "known_as": {"crm": "c", "erp": {"from": "e", "aliases": ["erp"]}},
        "country": "DE",
        "one_per": ["t"],
        "columns": {"ticket_id": "t", "opened_at": "o", "phone": "p"},
    }
    mapping = from_toml(data)
    assert from_toml(to_toml(mapping)) == mapping
    assert mapping.used_headers() == {"t", "o", "p", "c", "e", "erp"}
    desk.take("t,o,p,c\n1,2024-01-01,030 123456,9\n1,2024-01-02,030 123456,9\n", data)
    assert desk.rows("tickets", "customer_id") == ["crm:9"]
    assert sorted(desk.rows("identities", "value")) == ["+4930123456", "crm:9"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"table": "customers", "known_as": {"": "x"}}, "not the name of a system"),
        ({"table": "customers", "known_as": {"a:b": "x"}}, "not the name of a system"),
        ({"table": "customers", "country": "Germany"}, "is not a country"),
        ({"table": "accounts", "known_as": {"crm": "x"}, "columns": {"account_id": "a"}}, "nobody's"),
    ],
)
def test_a_mapping_of_people_that_cannot_be_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(BadDefinition, match=words):
        from_toml({"columns": {"customer_id": "n"}} | given)
