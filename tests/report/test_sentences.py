from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.sample import estimate, euros

from touchstone.core.estimate import NoEstimate, Total
from touchstone.report.sentences import against, amount, change, grounds, said, spread, value


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")


def test_number_interval_verdict_in_that_order() -> None:
    sentence = said("NPS", estimate(31.2, 3.2, 6412), change(estimate(4.2, 3.9, 9000), since="Q2"))
    assert plain(sentence.text) == "NPS 31 points (28 to 34), up 4 since Q2: a real change."


@pytest.mark.parametrize(
    ("measured", "shown", "likely"),
    [
        (estimate(31.2, 3.2, 9), "31 points", "28 to 34"),
        (estimate(78.2, 0.8, 9, "%"), "78.2 %", "77.4 to 79.0"),
        (estimate(-12, 5, 9), "-12 points", "-17 to -7"),
        (estimate(-0.2, 4, 9), "0 points", "-4 to 4"),
        (euros(1_850_000, 950_000, 9), "1.9 M EUR", "0.9 to 2.8"),
        (euros(412_300, 8_000, 9), "412 k EUR", "404 to 420"),
        (euros(642, 14, 9), "642 EUR", "628 to 656"),
        (estimate(5.6, 0.2, 9, ""), "5.6", "5.4 to 5.8"),
        (estimate(3.9, 2.3, 9, "EUR a year", "EUR"), "4 EUR a year", "2 to 6"),
    ],
)
def test_digits_follow_the_interval(measured: object, shown: str, likely: str) -> None:
    assert plain(amount(measured)) == shown
    assert plain(spread(measured)) == likely


def test_an_exact_sum_is_short_in_a_headline_and_exact_below_it() -> None:
    revenue = Total(value=Decimal("8887208.89"), unit="EUR", currency="EUR", n=19_960)
    assert plain(amount(revenue)) == "8.89 M EUR"
    assert grounds(revenue) == "exactly 8,887,208.89, the sum of 19,960 rows"
    assert plain(value(Total(value=Decimal("-812"), unit="EUR", currency="EUR", n=3))) == "-812"


@pytest.mark.parametrize(
    ("difference", "better", "text", "tone"),
    [
        (estimate(9.1, 4.0, 9), "higher", "up 9 since May: a real change", "good"),
        (estimate(9.1, 4.0, 9), "lower", "up 9 since May: a real change", "bad"),
        (estimate(-1.6, 1.1, 9), "higher", "down 1.6 since May: a real change", "bad"),
        (estimate(-1.6, 1.1, 9), "lower", "down 1.6 since May: a real change", "good"),
        (estimate(1.0, 2.1, 9), "higher", "up 1 since May: within the noise", "neutral"),
        (estimate(0.1, 2.1, 9), "higher", "unchanged since May: within the noise", "neutral"),
        (estimate(2.1, 2.1, 9), "higher", "up 2 since May: within the noise", "neutral"),
        (NoEstimate("few", 3), "higher", "too few answers to tell since May", "neutral"),
    ],
)
def test_a_change_is_real_only_when_its_interval_leaves_zero_out(
    difference: object, better: str, text: str, tone: str
) -> None:
    verdict = change(difference, since="May", better=better)
    assert (verdict.text, verdict.tone) == (text, tone)


def test_noise_says_what_it_would_take() -> None:
    verdict = change(estimate(1.0, 2.1, 9), since="May", takes="about 900 more answers would tell")
    assert verdict.text.endswith("within the noise (about 900 more answers would tell)")


@pytest.mark.parametrize(
    ("goal", "better", "text"),
    [
        (35, "higher", "goal 35: not reached"),
        (33, "higher", "goal 33: too close to call"),
        (20, "higher", "goal 20: reached"),
        (20, "lower", "goal 20: not reached"),
    ],
)
def test_a_goal_is_reached_when_the_whole_interval_is_past_it(goal: float, better: str, text: str) -> None:
    assert against(estimate(31.2, 3.2, 9), goal, better=better) == text


def test_without_a_number_the_sentence_gives_the_reason() -> None:
    assert said("NPS", NoEstimate("two answers are too few.", 2)).text == (
        "NPS: no number yet, because two answers are too few."
    )


@given(st.floats(-1e6, 1e6), st.floats(0.01, 1e5))
def test_a_shown_value_never_leaves_its_shown_interval(middle: float, half: float) -> None:
    one = estimate(middle, half, 10)
    low, high = (float(end) for end in plain(spread(one)).replace(",", "").split(" to "))
    assert low <= float(plain(value(one)).replace(",", "")) <= high
    assert low < high
