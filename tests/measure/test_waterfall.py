"""Every rule of counting by hand, and steps that add up exactly whatever the answers are."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.metric import Score
from touchstone.core.vendor import RULES, Rule, Scale, VendorMetric
from touchstone.measure.metrics import built_in
from touchstone.measure.vendor_rules import read_vendor, vendor_named, vendors
from touchstone.measure.waterfall import Counted, Tally, matches, our_way, their_way, value, waterfall


def form_of(name: str) -> Score:
    form = built_in()[name].form
    assert isinstance(form, Score)
    return form


NPS, CSAT, CES_MEAN = form_of("nps"), form_of("csat"), form_of("ces_mean")


def rule(does: str, *also: str) -> Rule:
    return Rule(does=does, also=also, sure="verified", source="a test")


def tool(
    *, boxes: Mapping[Scale, float] | None = None, also: Mapping[str, str] | None = None, **does: str
) -> VendorMetric:
    rules = {aspect: rule(word, *([also[aspect]] if also and aspect in also else [])) for aspect, word in does.items()}
    return VendorMetric(name="m", ours="m", boxes=boxes or {}, boxes_rule=rule("boxes") if boxes else None, rules=rules)


def answers(*said: float, scale: Scale = (0, 10), latest: bool = True) -> list[Tally]:
    return [
        Tally(scale=scale, said=int(one), whole=one == int(one), latest=latest, n=1, total=Fraction(one))
        for one in said
    ]


def counted(*parts: list[Tally], skips: int = 0) -> Counted:
    return Counted(tallies=tuple(one for part in parts for one in part), skips=skips)


# ten answers: 5 promoters, 2 passives, 3 detractors: NPS 20
TEN = answers(10, 10, 9, 9, 9, 8, 7, 6, 3, 0)


def theirs(what: Counted, form: Score, vendor: VendorMetric) -> Fraction:
    found = waterfall(what, form, vendor)
    assert found is not None
    assert found.ours + sum(step.effect for step in found.steps) == found.theirs.value
    return found.theirs.value


def test_a_tool_that_counts_as_we_do_shows_our_number() -> None:
    found = waterfall(counted(TEN), NPS, tool(answers="all", skips="left out"))
    assert found is not None
    assert (found.ours, found.theirs.value, found.steps) == (20, 20, ())


def test_skips_in_the_denominator() -> None:
    # 100 (5 - 3) / (10 + 6)
    found = waterfall(counted(TEN, skips=6), NPS, tool(skips="counted"))
    assert found is not None
    (step,) = found.steps
    assert (found.theirs.value, found.theirs.answers, found.theirs.base) == (Fraction("12.5"), 10, 16)
    assert (step.aspect, step.effect, step.n) == ("skips", Fraction("-7.5"), 6)
    assert step.reason.startswith("6 who answered other questions and passed this one by")


def test_only_the_latest_answer_of_each_person() -> None:
    # two promoters said something else since: 3 promoters, 3 detractors of 8
    earlier = answers(10, 9, latest=False)
    later = answers(9, 9, 10, 8, 7, 6, 3, 0)
    found = waterfall(counted(earlier, later), NPS, tool(answers="latest"))
    assert found is not None
    assert (found.ours, found.theirs.value, found.steps[0].n) == (20, 0, 2)


def test_answers_that_are_not_whole_in_no_group() -> None:
    # 9.5 and 2.5 are a promoter and a detractor here; there they are only divided by: 100 (5 - 3) / 12
    what = counted(TEN, answers(9.5, 2.5))
    assert theirs(what, NPS, tool(fractions="in no group")) == Fraction(200, 12)
    assert waterfall(what, NPS, tool()).ours == Fraction(100 * (6 - 4), 12)  # type: ignore[union-attr]


def test_answers_that_are_not_whole_left_out() -> None:
    assert theirs(counted(TEN, answers(9.5, 9.5)), NPS, tool(fractions="left out")) == 20


def test_eight_and_a_half_is_passive_by_our_rule() -> None:
    found = value(counted(answers(8.5, 6.5, 9.0)), NPS, our_way(NPS))
    assert found is not None and found.value == 0


def test_a_top_box_where_we_count_two() -> None:
    # of 5, 5, 4, 3, 1 we count three, the tool two
    what = counted(answers(5, 5, 4, 3, 1, scale=(1, 5)))
    found = waterfall(what, CSAT, tool(boxes={(1, 5): 5}))
    assert found is not None
    (step,) = found.steps
    assert (found.ours, found.theirs.value, step.aspect, step.n) == (60, 40, "boxes", 1)
    assert step.reason == "satisfied begins at 5 of 5 there and at 4 here; 1 answers lie between"


def test_other_scales_by_their_own_boxes() -> None:
    # 1 of 2 on five points; on three points 3, 3, 2 by the top box; a scale without a rule counts nowhere
    what = counted(answers(5, 1, scale=(1, 5)), answers(3, 3, 2, scale=(1, 3)), answers(9, scale=(1, 9)))
    found = waterfall(what, CSAT, tool(boxes={(1, 5): 4, (1, 3): 3}))
    assert found is not None
    assert (found.ours, found.theirs.value, found.theirs.answers) == (50, 60, 5)
    assert [(step.aspect, step.n) for step in found.steps] == [("scales", 3)]


def test_the_middle_of_the_scale_left_out() -> None:
    # good / (good + bad): 2 of 3 without the two threes
    what = counted(answers(5, 4, 3, 3, 1, scale=(1, 5)))
    assert theirs(what, CSAT, tool(neutral="left out")) == Fraction(200, 3)
    assert theirs(what, CSAT, tool(neutral="counted")) == 40


@pytest.mark.parametrize(
    ("rounding", "expected"), [("none", "-200/3"), ("0", "-67"), ("1", "-66.7"), ("2", "-66.67"), ("shares", "-67")]
)
def test_rounding(rounding: str, expected: str) -> None:
    assert theirs(counted(answers(0, 0, 8)), NPS, tool(rounding=rounding)) == Fraction(expected)


def test_shares_rounded_before_the_subtraction_may_differ_by_one() -> None:
    # 4 of 7 are 57.14, 2 of 7 are 28.57: 28.57 rounds to 29, but 57 - 29 = 28
    what = counted(answers(10, 10, 10, 9, 8, 1, 1))
    assert theirs(what, NPS, tool(rounding="0")) == 29
    assert theirs(what, NPS, tool(rounding="shares")) == 28


def test_halves_are_rounded_up_as_programs_do() -> None:
    assert theirs(counted(answers(10, 8, scale=(0, 10)), answers(*[8] * 6)), NPS, tool(rounding="0")) == 13  # 12.5
    assert theirs(counted(answers(0, 8), answers(*[8] * 6)), NPS, tool(rounding="0")) == -12  # -12.5


def test_a_mean_is_rounded_and_may_be_divided_by_skips() -> None:
    what = counted(answers(7, 6, 4, scale=(1, 7)), skips=1)
    assert theirs(what, CES_MEAN, tool(rounding="2")) == Fraction("5.67")
    assert theirs(what, CES_MEAN, tool(skips="counted")) == Fraction("4.25")


def test_weights_are_the_first_step() -> None:
    found = waterfall(counted(TEN), NPS, tool(rounding="0"), weighted=Fraction("31.5"))
    assert found is not None
    assert [(step.aspect, step.effect) for step in found.steps] == [("weights", Fraction("-11.5"))]
    assert found.ours == Fraction("31.5") and found.theirs.value == 20


def test_without_answers_there_is_no_number() -> None:
    assert waterfall(counted(skips=5), NPS, tool(skips="counted")) is None
    assert waterfall(counted(answers(5, scale=(1, 7))), CSAT, tool(boxes={(1, 7): 5})) is None  # none of ours
    assert value(counted(answers(5, scale=(1, 7))), CSAT, their_way(CSAT, tool(boxes={(1, 7): 5}))) is not None


# the number somebody remembers


def test_a_remembered_number_is_found_among_the_known_rules() -> None:
    vendor = tool(rounding="0", skips="counted", also={"skips": "left out"})
    what = counted(TEN, skips=6)
    assert [match.departures for match in matches(what, NPS, vendor, Decimal(13))] == [()]
    assert [match.departures for match in matches(what, NPS, vendor, Decimal(20))] == [(("skips", "left out"),)]


def test_a_remembered_number_may_come_from_rules_of_other_tools() -> None:
    what = counted(answers(5, 5, 4, 3, 1, scale=(1, 5)))
    vendor = tool(boxes={(1, 5): 4}, rounding="0")
    assert matches(what, CSAT, vendor, Decimal(40))[0].departures == (("boxes", "5"),)
    assert matches(what, CSAT, vendor, Decimal(75))[0].departures == (("neutral", "left out"),)


def test_decimals_count_as_far_as_they_are_remembered() -> None:
    what = counted(answers(0, 0, 8))
    exact = tool(rounding="2")
    assert matches(what, NPS, exact, Decimal("-66.7"))[0].departures == ()
    assert matches(what, NPS, exact, Decimal("-67"))[0].departures == ()
    assert matches(what, NPS, exact, Decimal("-66.6")) == ()


# whatever the answers and rules


def _tallies(form: Score) -> st.SearchStrategy[list[Tally]]:
    scales = [(form.lowest, form.highest), (1.0, 3.0)]
    return st.lists(
        st.builds(
            lambda scale, place, whole, latest, n: Tally(
                scale=scale,
                said=int(scale[0] + place * (scale[1] - scale[0] - (not whole)) // 10),
                whole=whole,
                latest=latest,
                n=n,
                total=n * Fraction(int(scale[0] + place * (scale[1] - scale[0]) // 10)),
            ),
            st.sampled_from(scales),
            st.integers(0, 10),
            st.booleans(),
            st.booleans(),
            st.integers(1, 50),
        ),
        max_size=8,
    )


@settings(max_examples=150, deadline=None)
@given(data=st.data(), form=st.sampled_from([NPS, CSAT, CES_MEAN]), skips=st.integers(0, 30))
def test_the_steps_add_up_exactly_and_end_at_the_tools_own_number(data: st.DataObject, form: Score, skips: int) -> None:
    what = Counted(tallies=tuple(data.draw(_tallies(form))), skips=skips)
    does = {aspect: data.draw(st.sampled_from(options)) for aspect, options in RULES.items()}
    vendor = tool(boxes={(form.lowest, form.highest): form.highest, (1.0, 3.0): 3.0}, **does)
    found = waterfall(what, form, vendor)
    direct = value(what, form, their_way(form, vendor))
    if found is None:
        return
    assert direct == found.theirs
    assert found.ours + sum(step.effect for step in found.steps) == found.theirs.value
    lowest, highest = {"net": (-100, 100), "share": (0, 100), "mean": (0, form.highest)}[form.form]
    assert lowest <= found.theirs.value <= highest


# the files


def test_every_tool_has_rules_with_a_source_and_metrics_of_ours() -> None:
    words = "chatwoot delighted formbricks limesurvey nicereply qualtrics simplesat spss surveymonkey typeform zendesk"
    assert sorted(vendors()) == words.split()
    for vendor in vendors().values():
        assert vendor.metrics
        for metric in vendor.metrics.values():
            assert isinstance(built_in()[metric.ours].form, Score)
            rules = [*metric.rules.values(), *([metric.boxes_rule] if metric.boxes_rule else [])]
            assert rules and all(one.source and one.sure for one in rules)


def test_tools_are_found_by_the_name_people_write() -> None:
    assert vendor_named("SurveyMonkey").name == vendor_named("Survey Monkey").name == "surveymonkey"
    with pytest.raises(UnknownName, match="no tool with known rules called 'delightd'") as error:
        vendor_named("delightd")
    assert error.value.hint == "did you mean delighted?"
    with pytest.raises(UnknownName, match="no metric of Typeform with a known rule called 'ces'"):
        vendor_named("typeform").metric("ces")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[nps.skip]\nrule = 'counted'", "called 'skip'"),
        ("[nps.skips]\nrule = 'maybe'\nsure = 'verified'\nsource = 'x'", "called 'maybe'"),
        ("[nps.skips]\nrule = 'counted'\nsource = 'x'", "needs a rule, how sure it is and a source"),
        ("[csat.boxes]\n'1to5' = 4\nsure = 'verified'\nsource = 'x'", "called '1to5'"),
        ("[csat.boxes]\n'1-5' = 9\nsure = 'verified'\nsource = 'x'", "nobody is satisfied from 9 on"),
        ("[csat", "are not TOML"),
    ],
)
def test_a_file_of_rules_that_contradicts_itself_is_refused(text: str, problem: str) -> None:
    with pytest.raises((BadDefinition, UnknownName), match=problem):
        read_vendor("x", text)
