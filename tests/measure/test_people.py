"""Who is who, told and decided: reasons, imports, decisions that hold, and what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.core.errors import Refused, UnknownName
from touchstone.listen.add import add
from touchstone.listen.people import _reached, decide
from touchstone.measure.people import People, people, reason
from touchstone.workspace import Workspace

CUSTOMERS = "customer_id,email,phone,segment\n1,ann@x.example,,gold\n2,bob@x.example,+4930123456,blue\n3,,,blue\n"
TICKETS = "ticket_id,requester_id,email,opened_at\n5,77,Ann@X.example,2024-01-01\n6,78,bob@x.example,2024-01-02\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path / "home")
    for name, text in (("customers.csv", CUSTOMERS), ("tickets.csv", TICKETS)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        add(made, [tmp_path / name])
    return made


def told(workspace: Workspace, **asked: Any) -> People:
    data = workspace.data(as_of=asked.pop("as_of", None))
    try:
        return people(data, imported_at={one.number: one.imported_at for one in workspace.lake.imports()}, **asked)
    finally:
        data.engine.close()  # type: ignore[attr-defined]


def clusters(workspace: Workspace, as_of: int | None = None) -> list[str]:
    data = workspace.data(as_of=as_of)
    try:
        rows = data.clustered(data.table("tickets"), "tickets").select("ticket_id", "cluster")
        return [row["cluster"] for row in data.fetch(rows.order_by("ticket_id")).rows]
    finally:
        data.engine.close()  # type: ignore[attr-defined]


def test_every_merge_has_its_reason_and_the_import_it_came_with(workspace: Workspace) -> None:
    found = told(workspace)
    second = workspace.lake.imports()[1]
    assert [(m.customer_id, m.other_id, m.because, m.import_number, m.imported_at) for m in found.merges] == [
        ("tickets:77", "1", "e-mail ann@x.example", 2, second.imported_at),
        ("tickets:78", "2", "e-mail bob@x.example", 2, second.imported_at),
    ]
    assert found.sentence() == "4 customer numbers are 2 people."
    assert told(workspace, as_of=1).sentence() == "No two customer numbers are one person."
    assert {record["what"] for record in found.records()} == {"merge"}


def test_one_customer_is_told_alone(workspace: Workspace) -> None:
    found = told(workspace, customer="tickets:77")
    assert found.customer == ("1", "tickets:77")
    assert found.sentence() == "1 is one person with tickets:77."
    assert [one.customer_id for one in found.merges] == ["tickets:77"]
    assert told(workspace, customer="3").sentence() == "3 stands alone."
    with pytest.raises(UnknownName, match="No table has the customer '99'"):
        told(workspace, customer="99")


def test_an_undone_merge_stays_undone_and_earlier_imports_read_as_before(workspace: Workspace, tmp_path: Path) -> None:
    decided = decide(workspace, "undo", "1", "tickets:77", author="Kim", reason="two siblings")
    assert (decided.import_number, decided.was_one) == (3, True)
    assert decided.sentence() == "1 and tickets:77 are two people, from import 3 on."
    assert clusters(workspace) == ["tickets:77", "2"]
    assert clusters(workspace, as_of=2) == ["1", "2"]
    (tmp_path / "again.csv").write_text(TICKETS + "7,77,ann@x.example,2024-02-01\n", encoding="utf-8")
    add(workspace, [tmp_path / "again.csv"])
    assert clusters(workspace) == ["tickets:77", "2", "tickets:77"]
    found = told(workspace)
    assert [(one.value, one.customers, one.why) for one in found.refused] == [("ann@x.example", 2, "undone")]
    assert found.sentence() == "2 customer numbers are 1 person; 1 name of several numbers joins nobody."
    assert [(one.author, one.reason, one.kind) for one in found.decisions] == [("Kim", "two siblings", "undo")]


def test_numbers_without_a_name_in_common_can_be_joined_and_parted_again(workspace: Workspace) -> None:
    decide(workspace, "join", "3", "tickets:78", reason="said so on the phone")
    assert clusters(workspace) == ["1", "2"]
    assert told(workspace, customer="3").customer == ("2", "3", "tickets:78")
    again = decide(workspace, "join", "2", "3", reason="again")
    assert again.sentence() == "2 and 3 were one person already, and stay so, from import 4 on."
    decide(workspace, "undo", "2", "3")
    decide(workspace, "undo", "3", "tickets:78")
    assert told(workspace, customer="3").customer == ("3",)
    assert clusters(workspace) == ["1", "2"]


def test_a_decision_that_contradicts_others_is_refused_and_leaves_nothing(workspace: Workspace) -> None:
    decide(workspace, "join", "1", "2", reason="a")
    decide(workspace, "join", "2", "3", reason="b")
    with pytest.raises(Refused, match="by way of others"):
        decide(workspace, "undo", "1", "3")
    decide(workspace, "undo", "2", "3")
    decide(workspace, "undo", "1", "3")
    with pytest.raises(Refused, match="Decisions join 1 and 3"):
        decide(workspace, "join", "2", "3", reason="c")
    assert len(workspace.lake.imports()) == 6
    assert not list((workspace.folder / "data").glob(".importing"))


@pytest.mark.parametrize(
    ("kind", "pair", "words"),
    [
        ("undo", ("1", "1"), "one person with itself"),
        ("join", ("1", "2"), "takes a reason"),
        ("undo", ("1", "nobody"), "No table has the customer 'nobody'"),
    ],
)
def test_a_decision_that_says_nothing_is_refused(workspace: Workspace, kind: Any, pair: Any, words: str) -> None:
    with pytest.raises((Refused, UnknownName), match=words):
        decide(workspace, kind, *pair)
    assert len(workspace.lake.imports()) == 2


def test_a_decision_keeps_the_weight_that_answers_count_by(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "home")
    (tmp_path / "s.csv").write_text("response_id,customer_id,nps,w\n1,a,9,2\n2,b,3,1\n")
    mapping = {
        "table": "answers",
        "source": "s",
        "default_weight": True,
        "columns": {"submission_id": "response_id", "customer_id": "customer_id", "weight": "w"},
        "unpivot": [{"from": "nps", "metric": "nps", "scale": [0, 10]}],
    }
    from touchstone.core.mapping import from_toml

    add(workspace, [tmp_path / "s.csv"], mapping=from_toml(mapping))
    decide(workspace, "join", "a", "b", reason="one household")
    data = workspace.data()
    assert data.weighted == ("s",)
    data.engine.close()  # type: ignore[attr-defined]


def test_every_reason_has_words(workspace: Workspace) -> None:
    rules = workspace.data().joining
    assert "more than 2 numbers" in reason("many", "phone", rules)
    assert len({reason(why, "email", rules) for why in ("shared", "many", "ids", "undone", "chain")}) == 5


def test_the_command_tells_joins_and_undoes(workspace: Workspace, command: Callable[..., str], records: Any) -> None:
    home = ("-w", workspace.folder)
    assert "tickets:77" in command("people", *home) and "e-mail ann@x.example" in command("people", "1", *home)
    assert "are two people" in command("people", "--undo", "1", "tickets:77", *home)
    joined = records("people", "--join", "1", "3", "--reason", "one household", "--author", "Kim", *home)
    assert (joined[0]["author"], joined[0]["import_number"]) == ("Kim", 4)
    found = records("people", *home)
    assert [record["what"] for record in found] == ["merge", "refusal", "decision", "decision"]
    printed = command("people", *home)
    assert "you said that two of the numbers are two people" in printed and "one household" in printed
    assert "join: 1, 3" in command("imports", *home)
    assert command("people", "--as-of", 1, *home).startswith("No two customer numbers are one person.")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda p: p[0] != p[1]), max_size=8))
def test_what_is_reached_is_the_component(pairs: list[tuple[int, int]]) -> None:
    reached, grown = {"0"}, True
    while grown:
        more = {str(b) for a, b in (*pairs, *((b, a) for a, b in pairs)) if str(a) in reached}
        grown, reached = not more <= reached, reached | more
    assert _reached("0", [frozenset((str(a), str(b))) for a, b in pairs]) == reached
