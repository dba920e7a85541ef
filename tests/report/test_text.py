from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from touchstone.report.text import clean, clipped, literal


def test_direction_overrides_and_control_characters_go() -> None:
    assert clean("a\u202eb\u2066c\u200fd\x00e\ud800f\tg\nh") == "abcdef\tg\nh"


def test_other_scripts_and_joined_signs_stay() -> None:
    for words in ("שלום", "سلام می‌خواهم", "👩‍👩‍👧", "Ärger", "顧客"):
        assert clean(words) == words


@given(st.text())
def test_cleaned_text_can_always_be_written(words: str) -> None:
    assert clean(clean(words)) == clean(words)
    clean(words).encode("utf-8")


@given(st.text(alphabet="ab{}|", max_size=30))
def test_no_instruction_survives_in_a_chart_label(words: str) -> None:
    assert "{a}" not in literal(words)
    assert "{b|" not in literal(words)


def test_a_cut_is_shown() -> None:
    assert clipped("Delivery to the door", 9) == "Delivery…"
    assert clipped("Delivery", 9) == "Delivery"
