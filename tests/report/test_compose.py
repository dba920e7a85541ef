"""The report as it is composed from data: of a whole company, and of those who have little."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
from tests.conftest import Simulated

from touchstone.core.errors import Refused
from touchstone.core.estimate import Estimate, NoEstimate, Total
from touchstone.engine.data import Data
from touchstone.measure.metrics import built_in, metric_named
from touchstone.measure.score import score
from touchstone.report.compose import compose
from touchstone.report.page import render
from touchstone.report.story import (
    DistributionFigure,
    DriverFigure,
    JourneyFigure,
    Missing,
    Story,
    TrendFigure,
    ValueTable,
)

RAW = re.compile(r"\bq\d+_\d|Q\d+_\d|_at\b|customer_id|\bnan\b|\bNone\b|\binf\b", re.IGNORECASE)


def page_text(story: Story) -> str:
    """What can be read of a page: no markup, no style, no query, charts with their words."""
    page = render(story)
    for hidden in (r"<style>.*?</style>", r"<pre.*?</pre>"):
        page = re.sub(hidden, " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).replace("\N{NO-BREAK SPACE}", " ").split())


def told(data: Data) -> Story:
    return compose(data, built_in(), name="Acme", made_on=date(2026, 1, 5))


def sentences(story: Story, question: str) -> str:
    answer = next(answer for answer in story.lede if answer.question == question)
    return " ".join(sentence.text for sentence in answer.sentences).replace("\N{NO-BREAK SPACE}", " ")


# a whole company


def test_it_is_about_the_last_twelve_months_and_says_so(company_report: Story) -> None:
    assert company_report.made_from.period == "January 2025 to December 2025"
    assert company_report.made_from.organisation == "Quillmoor Home"


def test_the_first_screen_answers_the_four_questions(company_report: Story) -> None:
    assert [answer.question for answer in company_report.lede] == [
        "What happened",
        "Why",
        "What it is worth",
        "What to do first",
    ]
    assert re.search(r"Net Promoter Score \d+ points \(\d+ to \d+\), ", sentences(company_report, "What happened"))
    assert re.search(
        r"since the year before: (within the noise|a real change)", sentences(company_report, "What happened")
    )
    assert sentences(company_report, "Why").startswith("Delivery goes with ")
    assert re.search(
        r"Promoters paid [\d,]+ EUR .* detractors [\d,]+ EUR", sentences(company_report, "What it is worth")
    )
    assert "correlation only" in sentences(company_report, "What it is worth")
    assert sentences(company_report, "What to do first").startswith("Improve delivery: ")


def test_its_scores_are_those_of_the_commands(company: Simulated, company_report: Story) -> None:
    tiles = {tile.label: tile.measured for tile in company_report.tiles}
    assert len(tiles) == 4
    for name in ("nps", "ces", "retention", "sales"):
        metric = metric_named(name)
        (row,) = score(company.data, metric, period="2025").rows
        assert isinstance(tiles[metric.label], Total if name == "sales" else Estimate)
        assert tiles[metric.label] == row.result


def test_every_figure_is_there_with_its_method_and_its_query(company_report: Story) -> None:
    figures = (
        (company_report.trend, TrendFigure),
        (company_report.moments, JourneyFigure),
        (company_report.drivers, DriverFigure),
        (company_report.value_table, ValueTable),
        (company_report.distribution, DistributionFigure),
    )
    for figure, form in figures:
        assert isinstance(figure, form)
        assert company_report.method(figure.method).sql.upper().lstrip().startswith(("SELECT", "WITH"))
    assert all(method.sql and method.n and method.definition for method in company_report.methods)
    assert len({method.name for method in company_report.methods}) == len(company_report.methods)


def test_queries_of_the_report_run_as_they_are_shown(company: Simulated, company_report: Story) -> None:
    for method in company_report.methods:
        assert company.data.engine.connection.raw_sql(method.sql).fetchall(), method.key


def test_kinds_of_answers_are_said_wherever_answers_count(company_report: Story) -> None:
    assert company_report.method("nps").population == "relationship answers, 2025-01 to 2025-12"
    assert company_report.method("trend").population == "relationship answers, 2024-01 to 2025-12"
    assert company_report.method("ces").population.startswith("transactional answers")
    assert company_report.method("drivers").population.startswith("relationship answers")
    assert company_report.method("moments").population.startswith("relationship answers")
    assert "among relationship answers" in company_report.moments.note
    assert company_report.method("sales").population == "orders, 2025-01 to 2025-12"


def test_the_trend_covers_both_years_month_by_month(company_report: Story) -> None:
    assert len(company_report.trend.points) == 24
    assert company_report.trend.points[0].label == "Jan 24"
    before = score_before(company_report)
    assert company_report.trend.baseline == pytest.approx(before, abs=0.5)


def score_before(story: Story) -> float:
    note = next(tile.note for tile in story.tiles if tile.label == "Net Promoter Score")
    return float(re.search(r"(\d+)\spoints", note)[1])


def test_the_distribution_adds_up_to_the_answers_of_the_score(company_report: Story) -> None:
    nps = company_report.tiles[0].measured
    assert sum(band.count for band in company_report.distribution.bands) == nps.n
    best = sum(band.count for band in company_report.distribution.bands if band.band == "Promoters")
    assert company_report.distribution.title == f"{100 * best / nps.n:.0f} % of the answers are 9 or 10"


def test_voices_are_of_those_who_scored_and_one_says_otherwise(company: Simulated, company_report: Story) -> None:
    scores = {}
    for row in company.rows("survey.csv"):
        scores.setdefault(row["Q5 What is the main reason for your answers?"], set()).add(
            row["Q1 How likely are you to recommend us to a friend or colleague?"]
        )
    assert [quote.opposing for quote in company_report.quotes] == [False, False, False, True]
    for quote in company_report.quotes:
        given = {int(value) for value in scores[quote.text] if value}
        assert any(value >= 9 if quote.opposing else value <= 6 for value in given)


def test_what_it_rests_on_is_counted(company: Simulated, company_report: Story) -> None:
    rows = {source.name: source.rows for source in company_report.made_from.sources}
    assert rows["orders"] == len(company.rows("orders.csv"))
    assert rows["customers"] == len(company.rows("customers.csv"))
    newest = {source.name: source.newest for source in company_report.made_from.sources}
    assert newest["orders"].endswith("2025")


def test_amounts_and_actions_are_graded_as_they_should(company_report: Story) -> None:
    assert all(action.evidence == "correlation only" for action in company_report.actions)
    assert all(tile.measured.grade is None for tile in company_report.tiles if isinstance(tile.measured, Estimate))
    assert isinstance(company_report.value_table.total, Estimate)


def test_no_name_of_a_column_and_no_missing_number_is_shown(company_report: Story) -> None:
    text = page_text(company_report)
    assert not RAW.findall(text)
    assert "Ordering and paying" in text
    assert ".." not in text


# those who have little

HEAD = "ResponseId,customer_id,Date,NPS,Overall,Q3_1 Delivery,Q3_2 Returns,Q3_3 Store,Survey,Comments\n"


def survey(n: int, *, year: int = 2024, first: int = 0, kind: str = "relationship", rated: bool = True) -> str:
    lines = []
    for i in range(first, first + n):
        part = f"{1 + i % 5},{1 + i * 7 % 5},{1 + i * i % 5}" if rated else ",,"
        lines.append(
            f"R{i},C{i},{year}-{1 + i % 12:02d}-{15 + i % 12},{i * 3 % 11},{1 + (i + i // 3) % 5},{part},{kind},"
            f"The driver of round {i} was late again"
        )
    return "\n".join(lines) + "\n"


def test_a_survey_alone_is_a_report_that_says_what_orders_would_show(imported: Callable[..., Data]) -> None:
    data = imported({"survey.csv": HEAD + survey(300) + survey(300, year=2023, first=300)})
    story = told(data)
    assert [tile.label for tile in story.tiles] == ["Net Promoter Score", "Found it easy (CES 2.0)"]
    assert isinstance(story.value_table, Missing)
    assert "table of orders" in story.value_table.needs
    assert "touchstone add orders.csv" in sentences(story, "What it is worth")
    assert isinstance(story.trend, TrendFigure)
    assert isinstance(story.drivers, DriverFigure)
    assert not RAW.findall(page_text(story))
    assert render(told(data)) == render(story)  # the same data give the same report


def test_twelve_answers_are_a_report_of_reasons(imported: Callable[..., Data]) -> None:
    story = told(imported({"survey.csv": HEAD + survey(12)}))
    assert story.made_from.period == "January 2024 to December 2024"
    assert story.tiles[0].measured.n == 12
    assert "too few answers to tell" in story.tiles[0].verdict
    assert isinstance(story.drivers, Missing)
    assert "ratings need at least" in story.drivers.needs
    assert story.actions == ()
    text = page_text(story)
    assert "there are 12" in text
    assert "no number yet" in text
    assert ".." not in text
    assert all(isinstance(tile.measured, Estimate | NoEstimate) for tile in story.tiles)
    assert not RAW.findall(text)


def test_a_month_that_has_only_begun_is_left_out_unless_it_is_all_there_is(imported: Callable[..., Data]) -> None:
    begun = "ResponseId,customer_id,Date,NPS\n" + "".join(
        f"R{i},C{i},2024-01-0{1 + i % 9},{i % 11}\n" for i in range(40)
    )
    story = told(imported({"survey.csv": begun}))
    assert story.made_from.period == "February 2023 to January 2024"
    assert story.tiles[0].measured.n == 40
    older = "".join(f"S{i},D{i},2023-{1 + i % 12:02d}-20,{i % 11}\n" for i in range(60))
    story = told(imported({"survey.csv": begun + older}))
    assert story.made_from.period == "January 2023 to December 2023"


def test_a_score_asked_in_two_kinds_of_surveys_is_told_of_one(imported: Callable[..., Data]) -> None:
    both = survey(200) + survey(90, first=500, kind="after delivery", rated=False)
    story = told(imported({"survey.csv": HEAD + both}))
    assert story.tiles[0].measured.n == 200
    assert story.method("nps").population.startswith("relationship answers")
    assert sum(band.count for band in story.distribution.bands) == 200
    assert len(story.trend.points) == 12


def test_orders_that_nobody_can_be_matched_to_are_said_and_no_nought(imported: Callable[..., Data]) -> None:
    orders = "order_id,paid_at,amount\n" + "".join(f"{n},2024-{1 + n % 12:02d}-03,10\n" for n in range(60))
    story = told(imported({"survey.csv": HEAD + survey(200), "orders.csv": orders}))
    assert isinstance(story.value_table, Missing)
    assert "no order has a customer" in sentences(story, "What it is worth")
    assert isinstance(story.tiles[-1].measured, Total)


def test_what_was_set_aside_is_counted_beside_its_table(imported: Callable[..., Data]) -> None:
    text = (
        HEAD
        + survey(60)
        + "R900,C900,someday,9,5,5,5,5,relationship,x\n"
        + "R901,C901,2024-03-20,99,5,5,5,5,relationship,x\n"
    )
    story = told(imported({"survey.csv": text}))
    (answers,) = [source for source in story.made_from.sources if source.name == "answers"]
    assert answers.set_aside >= 1
    assert any("set aside" in note.text for note in story.coverage_notes)


def test_nothing_is_advised_that_does_not_go_with_a_better_score(imported: Callable[..., Data]) -> None:
    """Delivery is rated low and matters, but the better it is rated the worse the score: it is not what to improve."""
    rng = np.random.default_rng(2)
    lines = []
    for i in range(400):
        delivery, returns, store = rng.integers(1, 4), rng.integers(2, 6), rng.integers(2, 6)
        overall = int(np.clip(round(6 - 1.2 * delivery + 0.3 * rng.normal()), 1, 5))
        lines.append(f"R{i},C{i},2024-{1 + i % 12:02d}-20,8,{overall},{delivery},{returns},{store},relationship,x")
    story = told(imported({"survey.csv": HEAD + "\n".join(lines) + "\n"}))
    assert isinstance(story.drivers, DriverFigure)
    assert story.drivers.rows[0].label == "Delivery"
    assert not any("delivery" in action.title.lower() for action in story.actions)
    assert "delivery" not in story.title


def test_without_a_dated_answer_it_is_refused_with_a_hint(imported: Callable[..., Data]) -> None:
    for files in (
        {"orders.csv": "order_id,customer_id,paid_at,amount\n1,C1,2024-01-05,10\n"},
        {"survey.csv": "ResponseId,customer_id,NPS\n" + "".join(f"R{i},C{i},{i % 11}\n" for i in range(40))},
    ):
        with pytest.raises(Refused, match="no answer has a date") as caught:
            told(imported(files))
        assert "touchstone add" in caught.value.hint
