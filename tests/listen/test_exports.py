"""What is proposed for files that come as other tools write them and that no layout knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import Simulated

from touchstone.engine.data import Data
from touchstone.listen.mappings import mapping_text, read_mapping
from touchstone.listen.plan import Plan, plan


@pytest.fixture
def proposed(tmp_path: Path) -> Callable[[str, str], Plan]:
    def make(name: str, text: str) -> Plan:
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / "scratch").mkdir(exist_ok=True)
        (found,) = plan([tmp_path / name], tmp_path / "scratch")
        return found

    return make


def test_every_export_of_the_simulated_company_is_proposed_without_a_mapping_by_hand(company: Simulated) -> None:
    tables = {file.file.rsplit("/", 1)[-1]: file.table for file in company.summary.files}
    assert tables == {
        "customers.csv": "customers", "orders.csv": "orders", "subscriptions.csv": "subscriptions",
        "tickets.csv": "tickets", "events.csv": "events", "invitations.csv": "invitations",
        "survey.csv": "answers", "reviews.csv": "mentions",
    }  # fmt: skip
    assert all(file.rows_aside == file.cells_aside == 0 for file in company.summary.files)
    survey = next(file for file in company.summary.files if file.table == "answers")
    assert any("taken for 'does not apply'" in note for note in survey.notes)


def test_a_column_of_addresses_is_the_persons_whatever_it_is_called(proposed: Callable[[str, str], Plan]) -> None:
    lines = "".join(f"{n},2024-03-0{n},ann{n}@mail.example,{n}\n" for n in range(1, 9))
    one = proposed("desk.csv", f"Response,Date,Wrote to us as,NPS\n{lines}")
    assert one.mapping.columns["email"].headers == ("Wrote to us as",)
    other = proposed(
        "desk2.csv", "Ticket #,Created,Requester\n1,2024-03-01,ann@mail.example\n2,2024-03-02,bob@mail.example\n"
    )
    assert other.mapping.columns["email"].headers == ("Requester",)


def test_a_requester_by_name_is_not_an_address(proposed: Callable[[str, str], Plan]) -> None:
    one = proposed(
        "desk.csv",
        "Ticket #,Created,Requester\n"
        + "".join(f"{n},2024-03-0{n},{'Ann' if n % 2 else 'Bob'}\n" for n in range(1, 7)),
    )
    assert "email" not in one.mapping.columns


def test_kinds_and_service_levels_are_proposed_as_codes(proposed: Callable[[str, str], Plan]) -> None:
    survey = proposed(
        "s.csv", "Response,Date,Survey,NPS\n" + "".join(f"{n},2024-03-0{n},after delivery,{n}\n" for n in range(1, 9))
    )
    assert survey.mapping.columns["kind"].codes == {"after delivery": "transactional"}
    desk = proposed("d.csv", "Ticket #,Created,SLA\n1,2024-03-01,met\n2,2024-03-02,breached\n")
    assert desk.mapping.columns["sla_met"].codes == {"met": "yes", "breached": "no"}


def test_a_proposed_mapping_can_be_kept_as_a_file_and_says_the_same(
    proposed: Callable[[str, str], Plan], tmp_path: Path
) -> None:
    lines = "".join(f"R{n},2024-03-{n:02d},{n % 11},{1 + n % 5},{1 + n % 6},why {n}\n" for n in range(1, 29))
    one = proposed("s.csv", f"ResponseId,Date,NPS,Q3_1 Delivery,Q3_2 Returns,Comments\n{lines}")
    (tmp_path / "kept.toml").write_text(mapping_text(one.mapping), encoding="utf-8")
    assert read_mapping(tmp_path / "kept.toml") == one.mapping
    asked = {question.question_id: question for question in one.mapping.unpivot}
    assert "6" in asked["q3_2_returns"].not_applicable
    assert asked["comments"].text


def test_six_does_not_apply_is_a_skipped_answer_and_no_rating(imported: Callable[..., Data]) -> None:
    lines = "".join(f"R{n},2024-03-{n:02d},{1 + n % 5},{1 + n % 6}\n" for n in range(1, 29))
    data = imported({"s.csv": f"ResponseId,Date,Q3_1 Delivery,Q3_2 Returns\n{lines}"})
    answers = data.table("answers")
    rows = data.fetch(answers.filter(answers.question_id == "q3_2_returns").select("score", "choice")).rows
    skipped = [row for row in rows if row["choice"] == "not applicable"]
    assert len(skipped) == sum(1 + n % 6 == 6 for n in range(1, 29))
    assert all(row["score"] is None for row in skipped)
    assert max(row["score"] for row in rows if row["score"] is not None) == 5
