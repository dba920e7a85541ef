"""The plan as plain data: what is read, and what is refused by name and line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from touchstone.core.errors import BadDefinition, TouchstoneError, UnknownName
from touchstone.core.period import Period
from touchstone.core.plan import JOURNEYS, Benchmark, Entered, Plan, Target, Use, read_plan

WHOLE = """
# a comment
goals = ["retention", "loyalty", "retention"]
journey = "five-es"

[moments.delivery]
stage = "Engage"
touchpoints = ["delivery"]
instruments = ["survey", "events"]
feeling = "csat"
behaviour = { metric = "resolution_time", where = "channel = phone" }
cadence = "monthly"
sample = 200
owner = "Logistics"
money = { amount = "48000.50", currency = "eur", source = "controlling", on = 2026-01-31 }

[moments.checkout]
label = "Paying"
stage = "Enter"
money = { metric = "sales" }
behaviour = { metric = "repeat_purchase_rate", whole = true }

[metrics.nps]
baseline = "2024"
target = "+3"
review = 2026-06-30
owner = "CX"

[[metrics.nps.benchmarks]]
value = 41
source = "Trade study"
date = 2025-05-01
n = 12000

[metrics.delivery_csat]
metric = "csat"
where = "touchpoint = delivery"
target = "-2.5%"
"""


def test_everything_that_a_plan_says_is_read() -> None:
    plan = read_plan(WHOLE)
    assert plan.goals == ("retention", "loyalty")
    assert plan.stages == JOURNEYS["five-es"] == ("Entice", "Enter", "Engage", "Exit", "Extend")
    delivery, checkout = plan.moments
    assert (delivery.label, delivery.stage, delivery.cadence, delivery.sample) == ("Delivery", "Engage", "monthly", 200)
    assert (delivery.feeling, delivery.behaviour) == (Use("csat"), Use("resolution_time", "channel = phone"))
    assert delivery.money == Entered(
        amount=Decimal("48000.50"), currency="EUR", source="controlling", on=date(2026, 1, 31)
    )
    assert (checkout.label, checkout.money) == ("Paying", Use("sales"))
    assert checkout.behaviour == Use("repeat_purchase_rate", whole=True)
    nps, delivered = plan.metrics
    assert (nps.use, nps.baseline, nps.target) == (Use("nps"), Period.parse("2024"), Target(3.0))
    assert nps.review == date(2026, 6, 30)
    assert nps.benchmarks == (Benchmark(value=41, source="Trade study", on=date(2025, 5, 1), n=12_000),)
    assert (delivered.use, delivered.target) == (Use("csat", "touchpoint = delivery"), Target(-2.5, relative=True))


def test_an_empty_text_is_an_empty_plan() -> None:
    assert read_plan("# nothing yet\n") == Plan()


def test_stages_may_be_ones_own() -> None:
    assert read_plan('journey = ["Find", "Buy"]').stages == ("Find", "Buy")


def test_a_target_is_a_change_from_the_baseline() -> None:
    assert Target(3.0).away(30.0) == 3.0
    assert Target(-10.0, relative=True).away(50.0) == -5.0
    assert Target(10.0, relative=True).away(-20.0) == 2.0  # up is up, below nought too
    assert (str(Target(3.0)), str(Target(-2.5, relative=True))) == ("+3", "-2.5 %")


def test_text_that_is_no_toml_is_refused_with_its_line() -> None:
    with pytest.raises(BadDefinition, match=r"at line 3, column \d"):
        read_plan('goals = ["loyalty"]\n\njourney five-es\n')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('gaols = ["loyalty"]', "did you mean goals"),
        ('journey = "five-e"', "did you mean five-es"),
        ('[moments.a]\nstge = "x"', "did you mean stage"),
        ('journey = "five-es"\n[moments.a]\nstage = "Engag"', "did you mean Engage"),
        ('[moments.a]\ninstruments = ["surveys"]', "did you mean survey"),
        ('[moments.a]\ncadence = "monthy"', "did you mean monthly"),
        ('[metrics.nps]\ntraget = "+3"', "did you mean target"),
        ("[[metrics.nps.benchmarks]]\nvalu = 3", "did you mean value"),
    ],
)
def test_a_word_that_does_not_exist_is_refused_with_its_neighbours(text: str, words: str) -> None:
    with pytest.raises(UnknownName) as refused:
        read_plan(text)
    assert words in refused.value.hint


@pytest.mark.parametrize(
    "text",
    [
        'goals = "loyalty"',
        "goals = [3]",
        "journey = 5",
        "moments = 3",
        "[moments.a]\nsample = 0",
        "[moments.a]\nsample = true",
        '[moments.a]\nsample = "many"',
        "[moments.a]\nfeeling = 3",
        '[moments.a]\nfeeling = { where = "a = b" }',
        '[moments.a]\nfeeling = { metric = "csat", where = "a ~ b" }',
        "[moments.a]\nowner = 3",
        "[moments.a]\nmoney = 12000",
        '[moments.a]\nmoney = { amount = "12000", currency = "EUR" }',
        '[moments.a]\nmoney = { amount = "12000", source = "me" }',
        '[moments.a]\nmoney = { amount = "a lot", currency = "EUR", source = "me" }',
        '[moments.a]\nmoney = { amount = "nan", currency = "EUR", source = "me" }',
        '[moments."a b"]',
        '[metrics."../nps"]',
        "[metrics.nps]\ntarget = 3",
        '[metrics.nps]\ntarget = "3"',
        '[metrics.nps]\ntarget = "+0"',
        '[metrics.nps]\ntarget = "more"',
        '[metrics.nps]\nbaseline = "soon"',
        '[metrics.nps]\nreview = "2026-06-30"',
        "[metrics.nps]\nreview = 2026-06-30T10:00:00",
        '[metrics.nps]\nwhere = "touchpoint delivery"',
        "[metrics.nps]\nbenchmarks = 3",
        "[[metrics.nps.benchmarks]]\nvalue = 3",
        '[[metrics.nps.benchmarks]]\nvalue = "high"\nsource = "x"\ndate = 2026-01-01',
        '[[metrics.nps.benchmarks]]\nvalue = 3\nsource = "x"\ndate = 2026-01-01\nn = -1',
    ],
)
def test_what_a_plan_cannot_mean_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(TouchstoneError) as refused:
        read_plan(text)
    assert refused.value.problem.endswith(".")
    assert refused.value.hint


def test_a_metric_that_is_not_followed_is_refused_with_those_that_are() -> None:
    with pytest.raises(UnknownName, match="'npz'") as refused:
        read_plan(WHOLE).followed("npz")
    assert "did you mean nps" in refused.value.hint
