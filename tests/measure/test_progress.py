"""From a frozen baseline to now: what is compared, what is not, and what the sample can see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isclose, sqrt
from pathlib import Path
from typing import Any

import pytest
from tests.measure.company import Company, answers

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.estimate import Estimate, NoEstimate, Total
from touchstone.core.metric import Metric
from touchstone.core.period import Period
from touchstone.core.plan import Followed, Target, Use
from touchstone.definitions import Definitions
from touchstone.engine.data import Data
from touchstone.measure.baselines import BASELINES, baseline_text, baselines, defined, freeze, read_baseline
from touchstone.measure.metrics import built_in, metric_named, read_metric
from touchstone.measure.progress import Progress, progress
from touchstone.measure.score import score
from touchstone.stats.samples import answers_beside, detectable_change
from touchstone.workspace import Workspace

Y2024, Y2025 = Period.parse("2024"), Period.parse("2025")
CSAT = Followed(name="csat", use=Use("csat"), baseline=Y2024, target=Target(3.0))


@pytest.fixture
def home(tmp_path: Path) -> Definitions:
    return Definitions(Workspace.create(tmp_path / "home").folder)


def asked(year: int, satisfied: int, of: int, *, start: int = 0, **columns: Any) -> list[dict[str, Any]]:
    """`of` customers rate in the middle of a year, `satisfied` of them with 5, the others with 2."""
    scores = [5.0] * satisfied + [2.0] * (of - satisfied)
    when = datetime(year, 6, 15, 12, tzinfo=UTC)
    last = datetime(year, 12, 31, 12, tzinfo=UTC)
    return answers(
        scores,
        metric="csat",
        start=start,
        answered_at=lambda place: last if place == start else when,
        scale_low=1.0,
        scale_high=5.0,
        **columns,
    )


def two_years(company: Company, before: tuple[int, int] = (60, 120), now: tuple[int, int] = (66, 120)) -> Data:
    return company.data(answers=[*asked(2024, *before), *asked(2025, *now, start=10_000)])


def at(data: Data, home: Definitions, followed: Followed = CSAT, **how: Any) -> Progress:
    metric = how.pop("metric", None) or metric_named(followed.use.metric)
    newest = how.pop("newest", {name: date(2025, 12, 31) for name in data.tables})
    history = baselines(home).get(followed.name, ())
    return progress(data, followed, metric, history, today=date(2026, 1, 5), newest=newest, **how)


def test_a_frozen_baseline_holds_value_interval_n_definition_and_wording(company: Company, home: Definitions) -> None:
    data = two_years(company)
    frozen = freeze(home, data, metric_named("csat"), CSAT, None)
    (row,) = score(data, metric_named("csat"), period="2024").rows
    assert frozen.result == row.result
    assert (frozen.period, frozen.kind, frozen.version, frozen.data_number) == (Y2024, "relationship", 1, 1)
    assert frozen.definition == {
        "table": "answers", "unit": "%", "form": "score", "lowest": 1.0, "highest": 5.0,
        "bands": [[1.0, 0.0], [4.0, 100.0]],
    }  # fmt: skip
    assert [one.words for one in frozen.wordings] == ["csat"]
    assert baselines(home) == {"csat": (frozen,)}


def test_the_text_of_a_baseline_gives_it_back_to_the_last_digit(company: Company, home: Definitions) -> None:
    frozen = freeze(home, two_years(company, (37, 113)), metric_named("csat"), CSAT, None)
    again = read_baseline("csat", baseline_text(frozen))
    assert again.result == frozen.result
    assert again.wordings == frozen.wordings


@pytest.mark.parametrize("text", ["", "metric = 3", "value = ", "[value]\nn = 1"])
def test_a_baseline_that_was_spoiled_by_hand_is_refused_with_the_way_out(home: Definitions, text: str) -> None:
    with pytest.raises(BadDefinition, match="cannot be read") as refused:
        read_baseline("csat", text)
    assert "touchstone plan freeze csat" in refused.value.hint


def test_a_baseline_is_frozen_once_and_re_evaluated_visibly(company: Company, home: Definitions) -> None:
    data = two_years(company)
    with pytest.raises(Refused, match="no baseline yet"):
        freeze(home, data, metric_named("csat"), CSAT, Y2025, again=True)
    first = freeze(home, data, metric_named("csat"), CSAT, None)
    with pytest.raises(Refused, match="frozen already: 2024") as refused:
        freeze(home, data, metric_named("csat"), CSAT, Y2025)
    assert "re-evaluate" in refused.value.hint
    second = freeze(home, data, metric_named("csat"), CSAT, Y2025, again=True)
    assert (second.version, second.period) == (2, Y2025)
    assert baselines(home)["csat"] == (first, second)


def test_without_a_period_or_a_value_nothing_is_frozen(company: Company, home: Definitions) -> None:
    data = two_years(company)
    nameless = Followed(name="csat", use=Use("csat"))
    with pytest.raises(BadDefinition, match="No period is named"):
        freeze(home, data, metric_named("csat"), nameless, None)
    with pytest.raises(Refused, match="has no value in 2019"):
        freeze(home, data, metric_named("csat"), CSAT, Period.parse("2019"))
    assert baselines(home) == {}


def test_the_change_since_the_baseline_has_an_interval_and_a_verdict(company: Company, home: Definitions) -> None:
    data = two_years(company, (300, 600), (390, 600))
    freeze(home, data, metric_named("csat"), CSAT, None)
    state = at(data, home)
    assert state.period == Y2025
    assert isinstance(state.change, Estimate) and isinstance(state.verdict, object)
    assert state.change.low < 15 < state.change.high
    assert state.verdict is not None and state.verdict.words == "a real change"
    assert (state.target, state.reached) == (53.0, "reached")
    assert (state.drift, state.broken) == (None, "")


def test_the_sentence_on_the_sample_is_that_of_the_sample_sizes(company: Company, home: Definitions) -> None:
    data = two_years(company, (1_000, 2_000), (500, 1_000))
    freeze(home, data, metric_named("csat"), CSAT, None)
    state = at(data, home)
    assert isinstance(state.now, Estimate) and state.baseline is not None
    # by hand: an answer worth 0 or 100 at a share of one half varies by 2,500; 2.8016 standard errors are seen
    by_hand = 2.8016 * sqrt(2_500 / 2_000 + 2_500 / 1_000)
    assert state.sight is not None
    assert isclose(state.sight.sees, by_hand, rel_tol=2e-3)
    variance = state.now.se**2 * state.now.effective_n
    assert isclose(state.sight.sees, detectable_change(2_000, 1_000, variance), rel_tol=1e-6)
    assert answers_beside(2_000, 3.0, variance) is None and state.sight.hopeless
    words = state.sight.sentence(f"the target is {state.sight.distance} away")
    assert words.startswith("the target is 3 points away, your sample sees 5.4; the baseline is too small")


def test_the_answers_that_are_missing_would_show_the_target(company: Company, home: Definitions) -> None:
    data = two_years(company, (1_000, 2_000), (500, 1_000))
    wider = Followed(name="csat", use=Use("csat"), baseline=Y2024, target=Target(5.0))
    freeze(home, data, metric_named("csat"), wider, None)
    sight = at(data, home, wider).sight
    # by hand: 1/(25/(2.8016²·2,500) − 1/2,000) = 1,291 answers, 291 more than there are; rounded up to two figures
    assert sight is not None and sight.more == 300
    assert sight.sentence("x") == "x, your sample sees 5.4; about 300 more answers would show it"
    assert detectable_change(2_000, 1_000 + sight.more, 2_500) < 5.0 < detectable_change(2_000, 1_280, 2_500)


def test_a_target_is_told_reached_only_where_the_interval_says_so(company: Company, home: Definitions) -> None:
    data = two_years(company, (300, 600), (330, 600))  # 5 points up, give or take 5.6
    freeze(home, data, metric_named("csat"), CSAT, None)
    assert at(data, home).reached == "cannot be told yet"
    farther = replace(CSAT, target=Target(20.0))
    assert at(data, home, farther).reached == "not reached"


def test_late_answers_move_the_data_and_never_the_baseline(company: Company, home: Definitions) -> None:
    frozen = freeze(home, two_years(company), metric_named("csat"), CSAT, None)
    late = company.data(
        answers=[*asked(2024, 60, 120), *asked(2024, 0, 30, start=500), *asked(2025, 66, 120, start=10_000)]
    )
    state = at(late, home)
    assert state.baseline is not None and state.baseline.result == frozen.result
    assert isinstance(state.drift, Estimate) and state.drift.n == 150
    assert isinstance(state.change, Estimate)
    assert isclose(state.change.value, 55.0 - 50.0, abs_tol=0.5)  # from the frozen 50 %, not from the 40 % of today


def test_another_wording_breaks_the_line(company: Company, home: Definitions) -> None:
    freeze(home, two_years(company), metric_named("csat"), CSAT, None)
    other = asked(2025, 66, 120, start=10_000, question_id="new_words")
    state = at(company.data(answers=[*asked(2024, 60, 120), *other]), home)
    assert "the question was 'csat' and is since 2025-06-15 'new_words'" in state.broken
    assert (state.change, state.verdict, state.reached, state.sight) == (None, None, None, None)
    assert isinstance(state.now, Estimate)  # the number itself is not hidden


def test_another_definition_breaks_the_line_and_another_label_does_not(company: Company, home: Definitions) -> None:
    data = two_years(company)
    text = (
        'label = "Liked"\ntable = "answers"\nunit = "%"\n[score]\nanswers = "csat"\nlowest = 1\nhighest = 5\n'
        "bands = [[1, 0], [4, 100]]\n"
    )
    followed = Followed(name="liked", use=Use("liked"), baseline=Y2024)
    freeze(home, data, read_metric("liked", text), followed, None)
    relabelled = read_metric("liked", text.replace("Liked", "Loved"))
    assert at(data, home, followed, metric=relabelled).broken == ""
    stricter = read_metric("liked", text.replace("[4, 100]", "[5, 100]"))
    broken = at(data, home, followed, metric=stricter)
    assert "bands was [[1.0, 0.0], [4.0, 100.0]], is [[1.0, 0.0], [5.0, 100.0]]" in broken.broken
    assert broken.change is None


def test_other_rows_or_another_metric_break_the_line(company: Company, home: Definitions) -> None:
    data = two_years(company)
    freeze(home, data, metric_named("csat"), CSAT, None)
    narrower = Followed(name="csat", use=Use("csat", "channel = web"))
    assert "where channel = web" in at(data, home, narrower).broken
    other = Followed(name="csat", use=Use("csat_mean"))
    assert "meant 'csat' when the baseline was frozen, and means 'csat_mean'" in at(data, home, other).broken


def test_nothing_after_the_baseline_is_said_and_not_compared(company: Company, home: Definitions) -> None:
    data = company.data(answers=asked(2024, 60, 120))
    freeze(home, data, metric_named("csat"), CSAT, None)
    state = at(data, home, newest={"answers": date(2024, 12, 31)})
    assert isinstance(state.now, NoEstimate) and state.now.reason == (
        "it takes newer data: the answers end on 2024-12-31, too soon for a period of whole months after the baseline"
    )
    assert (state.period, state.change) == (None, None)


def test_a_shorter_stretch_is_now_where_a_whole_one_has_not_passed(company: Company, home: Definitions) -> None:
    data = two_years(company)
    freeze(home, data, metric_named("csat"), CSAT, None)
    state = at(data, home, newest={"answers": date(2025, 6, 30)})
    assert state.period == Period.parse("2025-01..2025-06")


def test_sums_and_retention_are_not_compared_over_another_length(company: Company, home: Definitions) -> None:
    orders = orders_of({2024: 100, 2025: 110})
    data = company.data(orders=orders)
    sales = Followed(name="sales", use=Use("sales"), baseline=Y2024, target=Target(5.0, relative=True))
    freeze(home, data, metric_named("sales"), sales, None)
    whole = at(data, home, sales, newest={"orders": date(2025, 12, 31)})
    assert isinstance(whole.now, Total) and whole.exact == Decimal(100)
    assert (whole.target, whole.reached) == (1050.0, "reached")
    half = at(data, home, sales, newest={"orders": date(2025, 6, 30)})
    assert isinstance(half.now, NoEstimate)
    asked_for = at(data, home, sales, period=Period.parse("2025-01..2025-06"))
    assert "covers 366 days" in asked_for.broken


def test_another_currency_breaks_the_line(company: Company, home: Definitions) -> None:
    data = company.data(orders=[*orders_of({2024: 100, 2025: 110}), *orders_of({2024: 5}, more="x")])
    spent = Followed(name="spent", use=Use("revenue_per_customer"), baseline=Y2024)
    freeze(home, data, metric_named("revenue_per_customer"), spent, None)
    data.currency, data.rates = "USD", {"EUR": Decimal("1.1")}
    assert at(data, home, spent).broken == "the baseline is in EUR, and amounts are in USD now"


def orders_of(years: dict[int, int], more: str = "") -> list[dict[str, Any]]:
    return [
        {"order_id": f"o{year}-{n}{more}", "customer_id": f"c{n}", "amount": Decimal(10), "currency": "EUR"}
        | {"paid_at": datetime(year, 1 + n % 12, 2, tzinfo=UTC)}
        for year, many in years.items()
        for n in range(many)
    ]


def test_without_its_table_a_metric_says_what_it_takes(company: Company, home: Definitions) -> None:
    state = at(company.data(), home)
    assert isinstance(state.now, NoEstimate)
    assert state.now.reason == "there are no answers yet; it takes them: touchstone add answers.csv"


def test_a_review_that_has_passed_is_overdue(company: Company, home: Definitions) -> None:
    for review, overdue in ((date(2026, 1, 4), True), (date(2026, 1, 5), False), (None, False)):
        followed = Followed(name="csat", use=Use("csat"), review=review)
        assert at(two_years(company), home, followed).overdue is overdue


def test_a_baseline_edited_by_hand_is_marked(company: Company, home: Definitions) -> None:
    freeze(home, two_years(company), metric_named("csat"), CSAT, None)
    path = home.path(BASELINES, "csat")
    text = path.read_text("utf-8")
    path.write_text(text.replace('period = "2024"', 'period = "2023"'), "utf-8")
    first, edited = baselines(home)["csat"]
    assert (first.by_hand, edited.by_hand) == (False, True)
    assert (first.period, edited.period) == (Y2024, Period.parse("2023"))


@pytest.mark.parametrize("name", sorted(built_in()))
def test_what_decides_a_number_can_be_kept_as_text(name: str) -> None:
    metric: Metric = built_in()[name]
    kept: Sequence[Any] = list(defined(metric).values())
    assert all(isinstance(value, (str, float, bool, list, int)) for value in kept)
    assert defined(metric) == defined(metric)
