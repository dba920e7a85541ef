"""Which columns of a wide survey file are questions, and of what kind."""

from __future__ import annotations

import pytest

from touchstone.core.mapping import Question
from touchstone.listen.ratings import questions

HEADS = ("Q3_1 Delivery", "Q3_2 Ordering and paying", "Q3_3 Returns")


def ending(at: int, n: int = 30) -> list[str]:
    return [str(1 + number % at) for number in range(n)]


def only(header: str, values: list[str]) -> Question:
    (found,), _ = questions({header: values})
    return found


def nothing(header: str, values: list[str]) -> bool:
    return questions({header: values}) == ((), ())


def test_six_beside_ratings_that_end_at_five_stands_for_does_not_apply_and_is_said() -> None:
    found, remarks = questions(dict(zip(HEADS, (ending(5), ending(6), ending(5)), strict=True)))
    assert [one.scale for one in found] == [(1.0, 5.0)] * 3
    assert ["6" in one.not_applicable for one in found] == [False, True, False]
    assert remarks == (
        "6 in 'Q3_2 Ordering and paying' is taken for 'does not apply', because ratings beside them end at 5",
    )


def test_when_all_columns_reach_six_nothing_is_guessed() -> None:
    found, remarks = questions(dict(zip(HEADS, (ending(6), ending(6), ending(6)), strict=True)))
    assert [one.scale for one in found] == [(1.0, 7.0)] * 3
    assert not any("6" in one.not_applicable for one in found)
    assert remarks == ()


def test_few_values_that_end_at_five_are_no_evidence_about_six() -> None:
    found, remarks = questions(dict(zip(HEADS, (ending(5, 10), ending(6), ending(5, 10)), strict=True)))
    assert remarks == ()
    assert not any("6" in one.not_applicable for one in found)


def test_a_seven_in_the_battery_makes_six_a_rating() -> None:
    found, remarks = questions(dict(zip(HEADS, (ending(5), ending(7), ending(6)), strict=True)))
    assert remarks == ()
    assert found[1].scale == (1.0, 7.0)


def test_the_items_of_a_battery_are_ratings_of_touchpoints() -> None:
    found, _ = questions(dict(zip(HEADS, (ending(5),) * 3, strict=True)))
    assert [(one.metric, one.touchpoint) for one in found] == [
        ("csat", "delivery"),
        ("csat", "ordering_and_paying"),
        ("csat", "returns"),
    ]
    assert [one.label for one in found] == ["Delivery", "Ordering and paying", "Returns"]


def test_one_numbered_column_alone_is_no_battery() -> None:
    assert nothing("Q3_1 Something", ending(5))


def test_words_for_does_not_apply_are_kept_as_such() -> None:
    found = only("Delivery rating", [*ending(5), "n/a", "n/a"])
    assert "n/a" in found.not_applicable
    assert (found.scale, found.touchpoint) == ((1.0, 5.0), "delivery")


@pytest.mark.parametrize(
    "header", ["NPS", "Q1 How likely are you to recommend us?", "nps_score", "Would you recommend us to a friend"]
)
def test_a_recommendation_is_asked_from_nought_to_ten(header: str) -> None:
    found = only(header, ["10", "9", "7", "3"])
    assert (found.metric, found.scale) == ("nps", (0.0, 10.0))


def test_a_recommendation_that_ends_at_five_is_not_taken_for_one_of_ten() -> None:
    assert nothing("Would you recommend us?", ending(5))


@pytest.mark.parametrize("header", ["CES", "Q4 It was easy to get my request handled", "effort"])
def test_ease_is_asked_from_one_to_seven(header: str) -> None:
    found = only(header, ending(7))
    assert (found.metric, found.scale) == ("ces", (1.0, 7.0))


def test_satisfaction_with_the_whole_is_the_overall_rating() -> None:
    found = only("Q2 Overall, how satisfied are you with us?", ending(5))
    assert (found.metric, found.scale, found.touchpoint) == ("overall_rating", (1.0, 5.0), None)
    assert found.label == "Overall, how satisfied are you with us?"


@pytest.mark.parametrize(
    "header", ["Q5 What is the main reason for your answers?", "Comments", "Feedback", "Anything else?", "why"]
)
def test_words_under_a_heading_of_comments_are_a_comment(header: str) -> None:
    found = only(header, ["The parcel was late.", "", "All fine"])
    assert (found.text, found.metric) == (True, None)


def test_numbers_nobody_asked_for_are_no_question() -> None:
    assert nothing("Age", ["31", "44", "27"])
    assert nothing("Satisfaction index", ["-1", "3"])
    assert nothing("City", ["Bonn", "Bern"])
    assert nothing("Satisfaction", ["87", "91", "45"])


def test_an_empty_column_is_no_question() -> None:
    assert nothing("Comments", ["", " "])
    assert nothing("NPS", [])


def test_questions_keep_the_order_of_their_columns() -> None:
    columns = {"Comments": ["good"], "NPS": ["9", "10"], "Overall": ending(5)}
    found, _ = questions(columns)
    assert [one.headers[0] for one in found] == ["Comments", "NPS", "Overall"]


def test_words_for_nothing_are_blanks_and_no_reason_to_doubt_a_rating() -> None:
    found = only("csat", ["4", "-", "--", "5", "-", "3"])
    assert found.scale == (1.0, 5.0)
    assert {"-", "--", "?"} <= set(found.blank)


def test_a_scale_is_the_narrowest_usual_one_that_the_values_fit() -> None:
    assert only("rating", ["0", "8"]).scale == (0.0, 10.0)
    assert only("rating", ["6", "7"]).scale == (1.0, 7.0)
    assert only("rating", ["4.0", "5.0"]).scale == (1.0, 5.0)
    assert nothing("rating", ["12", "80"])
