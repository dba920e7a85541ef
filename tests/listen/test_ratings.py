"""Questions told from names and values: which scale, about what, and what stands for no answer."""

from __future__ import annotations

import pytest

from touchstone.listen.ratings import questions


def one(header: str, *values: str):  # type: ignore[no-untyped-def]
    found, _ = questions({header: values})
    return found[0] if found else None


@pytest.mark.parametrize(
    ("header", "values", "metric", "scale"),
    [
        ("NPS", ("0", "9", "10"), "nps", (0, 10)),
        ("How likely are you to recommend us?", ("7", "8"), "nps", (0, 10)),
        ("CES", ("6", "2"), "ces", (1, 7)),
        ("It was easy to get help", ("7", "5"), "ces", (1, 7)),
        ("csat", ("1", "5"), "csat", (1, 5)),
        ("Satisfaction with delivery", ("6", "7"), "csat", (1, 7)),
        ("rating", ("0", "8"), "csat", (0, 10)),
        ("Overall satisfaction", ("4", "5"), "overall_rating", (1, 5)),
        ("score", ("4.0", "5.0"), "csat", (1, 5)),
    ],
)
def test_a_scale_comes_from_the_name_first_and_from_the_values_then(
    header: str, values: tuple[str, ...], metric: str, scale: tuple[float, float]
) -> None:
    question = one(header, *values)
    assert (question.metric, question.scale) == (metric, scale)


def test_values_beyond_every_scale_or_below_zero_make_no_rating() -> None:
    assert one("rating", "12", "80") is None
    assert one("rating", "-1", "5") is None
    assert one("recommend", "3", "5") is None


def test_columns_that_name_no_rating_are_no_questions() -> None:
    assert one("region", "1", "2") is None
    assert one("csat", "good", "bad") is None
    assert one("csat", "", "  ") is None


def test_comments_are_texts() -> None:
    question = one("What is the main reason?", "it was late", "fine")
    assert question.text
    assert question.metric is None


def test_what_a_rating_is_about_comes_from_its_name() -> None:
    assert one("delivery_rating", "4", "5").touchpoint == "delivery"
    assert one("Satisfaction with the website", "4", "5").touchpoint == "website"
    assert one("csat", "4").touchpoint is None
    assert one("overall", "4").touchpoint is None


def test_words_for_nothing_are_blanks_and_words_for_not_used_are_answers_without_a_score() -> None:
    question = one("csat", "4", "-", "N/A", "5")
    assert "-" in question.blank
    assert "N/A" in question.not_applicable
    assert question.scale == (1, 5)


def battery(**columns: list[int]):  # type: ignore[no-untyped-def]
    headers = {
        f"Q3_{n} {name}": [str(value) for value in values] for n, (name, values) in enumerate(columns.items(), 1)
    }
    return questions(headers)


def test_a_six_in_a_battery_that_ends_at_five_is_taken_for_not_used_and_said() -> None:
    found, (remark,) = battery(delivery=[1, 2, 3, 4, 5] * 5, returns=[6, 5, 6, 1] * 5)
    assert [question.scale for question in found] == [(1.0, 5.0)] * 2
    assert "6" in found[1].not_applicable
    assert "6" not in found[0].not_applicable
    assert "'Q3_2 returns' is taken for 'does not apply'" in remark
    assert [question.touchpoint for question in found] == ["delivery", "returns"]


def test_a_battery_that_goes_to_seven_or_says_too_little_keeps_its_six() -> None:
    found, remarks = battery(delivery=[1, 5, 6] * 9, returns=[7, 6, 2] * 9)
    assert ([question.scale for question in found], remarks) == ([(1.0, 7.0)] * 2, ())
    found, remarks = battery(delivery=[1, 5], returns=[6, 2])
    assert ([question.scale for question in found], remarks) == ([(1.0, 5.0), (1.0, 7.0)], ())
