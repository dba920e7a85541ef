"""Other tools' words for our kinds and our yes and no."""

from __future__ import annotations

import pytest

from touchstone.listen.codes import coded


def test_surveys_after_something_are_transactional_and_a_relationship_is_what_it_says() -> None:
    values = ["after delivery", "relationship", "after delivery", "", "Post-contact survey"]
    assert coded("kind", values) == {"after delivery": "transactional", "Post-contact survey": "transactional"}
    assert coded("kind", ["Relationship survey 2025", "Staff pulse"]) == {
        "Relationship survey 2025": "relationship",
        "Staff pulse": "employee",
    }


def test_a_relationship_survey_after_a_year_stays_one() -> None:
    assert coded("kind", ["Relationship after one year"]) == {"Relationship after one year": "relationship"}


def test_one_kind_nobody_knows_leaves_all_as_they_are() -> None:
    assert coded("kind", ["after delivery", "Quarterly"]) == {}
    assert coded("kind", []) == {}


def test_a_column_of_many_values_is_no_column_of_kinds() -> None:
    assert coded("kind", [f"after visit {number}" for number in range(30)]) == {}


@pytest.mark.parametrize(("word", "means"), [("met", "yes"), ("Met", "yes"), ("breached", "no"), ("Overdue", "no")])
def test_a_service_level_is_met_or_breached(word: str, means: str) -> None:
    assert coded("sla_met", [word, ""]) == {word: means}


def test_other_words_and_other_columns_are_left_alone() -> None:
    assert coded("sla_met", ["yes", "no", "true"]) == {}
    assert coded("channel", ["met", "after delivery"]) == {}
