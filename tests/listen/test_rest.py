"""Columns that a layout does not name: questions, attributes, or nothing to keep."""

from __future__ import annotations

from typing import Any

import pytest

MAPPING: dict[str, Any] = {
    "table": "answers",
    "source": "tool",
    "questions": "rest",
    "ignore": ["Internal*", "*_DO"],
    "columns": {"submission_id": "id"},
}


def survey(*headers: str, rows: list[list[object]]) -> str:
    lines = [",".join(f'"{header}"' for header in ("id", *headers))]
    lines += [",".join(f'"{cell}"' for cell in (number, *row)) for number, row in enumerate(rows, 1)]
    return "\n".join(lines) + "\n"


def asked(desk: Any) -> dict[str, str | None]:
    return dict(desk.rows("questions", "question_id", "metric"))


def test_markup_in_a_question_is_no_part_of_its_name(desk: Any) -> None:
    text = survey("Would you <b>recommend</b> us&nbsp;to a friend?", rows=[[n] for n in (10, 3, 9, 8, 0, 7)])
    desk.take(text, MAPPING)
    assert desk.rows("questions", "question_id", "label") == [
        ("would_you_recommend_us_to_a_friend", "Would you recommend us to a friend?")
    ]


def test_a_recommendation_is_known_in_other_languages(desk: Any) -> None:
    desk.take(survey("Würden Sie uns weiterempfehlen?", rows=[[n] for n in (10, 3, 9, 8, 0, 7)]), MAPPING)
    assert asked(desk) == {"würden_sie_uns_weiterempfehlen": "nps"}


def test_a_group_beside_it_tells_that_a_column_is_a_recommendation(desk: Any) -> None:
    rows = [[n, 1 + (n > 6) + (n > 8)] for n in (10, 3, 9, 8, 0, 7)]
    file = desk.take(survey("Q7", "Q7_NPS_GROUP", rows=rows), {**MAPPING, "ignore": ["*_NPS_GROUP"]})
    assert asked(desk) == {"q7": "nps"}
    assert file.ignored == ("Q7_NPS_GROUP",)


def test_sentences_that_hardly_repeat_are_comments_and_choices_are_attributes(desk: Any) -> None:
    rows = [[n, f"A long remark number {n}", ("At home for me", "On the way to work")[n % 2]] for n in range(8)]
    desk.take(
        survey("Would recommend", "Anything at all?", "Where were you?", rows=[[9 - r[0], *r[1:]] for r in rows]),
        MAPPING,
    )
    assert asked(desk) == {"would_recommend": "nps", "anything_at_all": None}
    assert set(desk.rows("answers", "where_were_you")) == {"At home for me", "On the way to work"}


def test_ticked_options_are_no_ratings(desk: Any) -> None:
    rows = [[n, 1 if n % 2 else "", 1 if n % 3 else "", n % 2] for n in range(8)]
    desk.take(survey("Would recommend", "Q3_1", "Q3_2", "Was satisfied", rows=rows), MAPPING)
    assert set(asked(desk)) == {"would_recommend"}


def test_columns_to_ignore_are_named_as_not_imported(desk: Any) -> None:
    rows = [[n, n % 2, n % 3] for n in range(8)]
    file = desk.take(survey("Would recommend", "Internal note", "Q3_DO", rows=rows), MAPPING)
    assert file.ignored == ("Internal note", "Q3_DO")


def test_two_questions_that_read_the_same_keep_two_ids(desk: Any) -> None:
    rows = [[n, 10 - n] for n in range(10)]
    desk.take(survey("Would you recommend us?", "Would you recommend us", rows=rows), MAPPING)
    assert set(asked(desk)) == {"would_you_recommend_us", "would_you_recommend_us_2"}


def test_a_column_of_addresses_says_who_answered(desk: Any) -> None:
    rows = [[n, f"ann{n}@mail.example"] for n in range(8)]
    file = desk.take(survey("Would recommend", "Where can we write to?", rows=rows), MAPPING)
    assert desk.rows("answers", "customer_id")[0] == "email:ann0@mail.example"
    assert any("say who answered" in note for note in file.notes)


def test_words_on_a_scale_are_numbers_and_the_summary_says_so(desk: Any) -> None:
    words = ["Very easy", "Difficult", "Easy", "N/A"]
    file = desk.take(survey("Getting started was", rows=[[word] for word in words]), MAPPING)
    assert desk.rows("answers", "metric", "score", "scale_high", "choice") == [
        ("ces", 5.0, 5.0, None), ("ces", 2.0, 5.0, None), ("ces", 4.0, 5.0, None), ("ces", None, 5.0, "not applicable"),
    ]  # fmt: skip
    assert "'Getting started was': answers in words are read as 1 to 5" in file.notes


def test_numbers_that_carry_words_at_the_ends_are_a_recommendation(desk: Any) -> None:
    values = ["10 - Extremely likely", 7, 9, "0 - Not at all likely", "0 - Not at all likely", 8]
    desk.take(survey("How likely to recommend?", rows=[[value] for value in values]), MAPPING)
    assert desk.rows("answers", "score") == [10, 7, 9, 0, 0, 8]


def test_a_file_without_any_question_is_refused(desk: Any) -> None:
    from touchstone.core.errors import BadFile

    with pytest.raises(BadFile, match="none of the questions"):
        desk.take(survey("Colour", rows=[["red"], ["red"], ["blue"], ["blue"]]), MAPPING)
