"""Accounts: by the customer's record, by declared domains, with the parts of a company counted in the whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from touchstone.core.mapping import from_toml
from touchstone.engine.accounts import annual_values
from touchstone.engine.data import Data
from touchstone.listen.add import add
from touchstone.workspace import Workspace

ACCOUNTS = """account_id,parent_id,domain,annual_value,currency
A,,acme.example,100,EUR
A-north,A,north.acme.example,50,EUR
B,,gmail.com,7,EUR
C,,twice.example,,
D,,twice.example,,
"""
CUSTOMERS = """customer_id,account_id,email
1,A,ann@acme.example
2,A-north,bob@north.acme.example
3,,cem@Acme.example
4,,dan@gmail.com
5,,eve@twice.example
6,B,fay@acme.example
7,,gil@kettle.example
8,,hal@acme.example
"""
ANSWERS = "response_id,email,nps,submitted_at\n" + "".join(
    f"{i},{mail},9,2024-01-01\n"
    for i, mail in enumerate(
        ["ann@acme.example", "bob@north.acme.example", "new@acme.example", "dan@gmail.com", "eve@twice.example",
         "fay@acme.example", "gil@kettle.example", "", "ian@KETTLE.example"]
    )
)  # fmt: skip


@pytest.fixture
def company(tmp_path: Path) -> Any:
    opened: list[Data] = []

    def make(settings: str = "", accounts: str = ACCOUNTS) -> Data:
        workspace = Workspace.create(tmp_path / "home")
        path = workspace.folder / "touchstone.toml"
        path.write_text(path.read_text().replace("# [accounts]", settings or "# [accounts]"))
        workspace = Workspace.open(workspace.folder)
        for name, text in (("accounts", accounts), ("customers", CUSTOMERS), ("answers", ANSWERS)):
            (tmp_path / f"{name}.csv").write_text(text)
            columns = {word: word for word in text.splitlines()[0].split(",")}
            mapping = from_toml({"table": name, "columns": columns}) if name != "answers" else None
            add(workspace, [tmp_path / f"{name}.csv"], mapping=mapping)
        opened.append(workspace.data())
        return opened[-1]

    yield make
    for data in opened:
        data.engine.close()  # type: ignore[attr-defined]


def clusters(data: Data, name: str) -> dict[str, str]:
    table = data.clustered(data.table(name), name)
    key = "customer_id" if name == "customers" else "answer_id"
    return {row[key]: row["cluster"] for row in data.fetch(table.select(key, "cluster")).rows}


def test_a_declared_domain_makes_an_account_and_a_record_goes_before_it(company: Callable[..., Data]) -> None:
    data = company('[accounts]\ndomains = { "kettle.example" = "K" }')
    assert clusters(data, "customers") == {
        "1": "account:A",
        "2": "account:A",
        "3": "account:A",
        "4": "4",
        "5": "5",
        "6": "account:B",
        "7": "account:K",
        "8": "account:A",
    }
    answers = list(dict(sorted(clusters(data, "answers").items())).values())
    assert answers[:7] == ["account:A", "account:A", "account:A", "4", "5", "account:B", "account:K"]
    assert answers[7].startswith("answers:") and answers[8] == "account:K"


def test_without_a_declared_domain_addresses_make_no_account(company: Callable[..., Data]) -> None:
    data = company(accounts="account_id,parent_id\nA,\nA-north,A\n")
    found = clusters(data, "customers")
    assert (found["1"], found["2"], found["3"], found["7"]) == ("account:A", "account:A", "3", "7")


def test_a_company_brings_what_its_parts_bring(company: Callable[..., Data]) -> None:
    data = company()
    values = {row["account_id"]: row["value"] for row in data.fetch(annual_values(data)).rows}
    assert values == {"A": 150, "B": 7}
