"""Answers in words that stand for numbers."""

from __future__ import annotations

import pytest

from touchstone.listen.wordings import numbered, skipped, worded


@pytest.mark.parametrize(
    ("values", "kind", "scale", "meant"),
    [
        (["Very satisfied", "dissatisfied", "SATISFIED"], "satisfaction", 5, {"Very satisfied": "5", "SATISFIED": "4"}),
        (["Extremely satisfied", "Somewhat dissatisfied"], "satisfaction", 5, {"Somewhat dissatisfied": "2"}),
        (["Slightly satisfied", "Extremely dissatisfied"], "satisfaction", 7, {"Slightly satisfied": "5"}),
        (["Agree", "Strongly disagree", "Neutral"], "agreement", 5, {"Agree": "4", "Neutral": "3"}),
        (["Agree", "Somewhat agree", "Strongly agree"], "agreement", 7, {"Agree": "6", "Somewhat agree": "5"}),
        (["Very easy", "Difficult"], "ease", 5, {"Very easy": "5", "Difficult": "2"}),
        (["Excellent", "Fair", "Very good"], "quality", 5, {"Fair": "2", "Very good": "4"}),
    ],
)
def test_words_of_a_usual_scale_become_its_steps(
    values: list[str], kind: str, scale: int, meant: dict[str, str]
) -> None:
    found = worded(values)
    assert found is not None
    assert (found.kind, found.scale) == (kind, (1, scale))
    assert {word: found.codes[word] for word in meant} == meant


def test_steps_that_did_not_occur_are_known_as_they_are_usually_written() -> None:
    found = worded(["Very satisfied", "Satisfied"])
    assert found is not None
    assert found.codes["Very dissatisfied"] == found.codes["very dissatisfied"] == "1"


def test_one_step_alone_or_a_word_of_no_scale_is_no_scale() -> None:
    assert worded(["Satisfied", "Satisfied"]) is None
    assert worded(["Satisfied", "Dissatisfied", "Purple"]) is None
    assert worded([]) is None


def test_does_not_apply_is_no_step_and_is_told_apart() -> None:
    values = ["Satisfied", "N/A", "Very satisfied", "Not applicable"]
    found = worded(values)
    assert found is not None
    assert "N/A" not in found.codes
    assert skipped(values) == ("N/A", "Not applicable")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("10 - Extremely likely", "10"),
        ("0 – Not at all likely", "0"),
        ("Not at all likely (0)", "0"),
        ("Extremely likely - 10", "10"),
        ("4 stars", "4"),
    ],
)
def test_a_number_with_a_word_is_that_number(value: str, number: str) -> None:
    assert numbered([value, "7", "in town"]) == {value: number}
