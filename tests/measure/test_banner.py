"""Answers in columns, with letters for what differs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.measure.company import Company, answers

from touchstone.core.errors import BadDefinition, Refused, UnknownName
from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.measure.banner import Banner, Cell, banner
from touchstone.measure.metrics import built_in
from touchstone.measure.score import score

METRICS = built_in()
NPS, CSAT = METRICS["nps"], METRICS["csat"]


def people(shares: dict[str, tuple[int, int, int]], **columns: Any) -> list[dict[str, Any]]:
    """Promoters, passives and detractors per segment."""
    found: list[dict[str, Any]] = []
    for segment, (promoters, passives, detractors) in shares.items():
        scores = [9.0, 10.0] * promoters + [7.0, 8.0] * passives + [0.0, 6.0] * detractors
        found += answers(scores, start=len(found), segment=segment, **columns)
    return found


SEGMENTS = {"gold": (30, 10, 10), "basic": (22, 13, 15), "new": (20, 10, 20)}  # times two


def value(cell: Cell) -> float:
    assert isinstance(cell.result, Estimate), cell.result
    return cell.result.value


def cells(made: Banner, label: str) -> dict[str, Cell]:
    (line,) = (line for line in made.lines if line.label == label)
    return dict(zip((column.label for column in made.columns), line.cells, strict=True))


def test_rows_are_shares_and_the_score_columns_have_letters_and_bases(company: Company) -> None:
    made = banner(company.data(answers=people(SEGMENTS)), NPS, by=["segment"])
    assert [line.label for line in made.lines] == ["promoters", "passives", "detractors", "Net Promoter Score"]
    assert [(c.letter, c.label, c.n) for c in made.columns] == [
        ("", "total", 300),
        ("A", "basic", 100),
        ("B", "gold", 100),
        ("C", "new", 100),
    ]
    assert [c.effective for c in made.columns] == pytest.approx([300, 100, 100, 100])
    promoters = cells(made, "promoters")
    assert [round(value(cell)) for cell in promoters.values()] == [48, 44, 60, 40]
    # 60 of 100 against 44 and 40 of 100 is 2.26 and 2.83 standard errors
    assert promoters["gold"].letters == ("A", "C") and promoters["basic"].letters == promoters["new"].letters == ()
    assert cells(made, "detractors")["new"].letters == ("B",)
    # a net score of 40 against 14: 26 is 2.23 times √(.64/100 + .72/100)
    assert cells(made, "Net Promoter Score")["gold"].letters == ("A", "C")
    assert made.tests == 12 and all(cell.letters == () for line in made.lines for cell in line.cells[:1])


def test_a_letter_that_many_tests_would_give_by_luck_does_not_hold(company: Company) -> None:
    rows = people(SEGMENTS, half=lambda i: "xy"[i % 2], other=lambda i: "uv"[i % 2], third=lambda i: "pq"[i % 2])
    made = banner(company.data(answers=rows), NPS, by=["segment", "half", "other", "third"])
    gold = cells(made, "promoters")["gold"]
    assert gold.letters == ("A", "C") and gold.adjusted == ("C",)


def test_numbers_are_those_of_score(company: Company) -> None:
    data = company.data(answers=people(SEGMENTS, weight=lambda i: 0.5 + i % 3, customer_id=lambda i: f"c{i // 2}"))
    made = banner(data, NPS, by=["segment"], weight="weight")
    known = {row.group[0]: row.result for row in score(data, NPS, by=["segment"], weight="weight").rows}
    for label, cell in cells(made, "Net Promoter Score").items():
        if label != "total":
            assert cell.result == known[label]
    total = score(data, NPS, weight="weight").rows[0].result
    assert cells(made, "Net Promoter Score")["total"].result == total
    assert isinstance(total, Estimate) and made.columns[0].weighted == pytest.approx(450)
    assert made.columns[0].effective == pytest.approx(total.effective_n)


def test_shares_of_a_line_add_up(company: Company) -> None:
    data = company.data(
        answers=answers([float(i % 5 + 1) for i in range(60)], metric="csat", segment=lambda i: "ab"[i % 2])
    )
    made = banner(data, CSAT, by=["segment"])
    assert [line.label for line in made.lines[:-1]] == ["5", "4", "3", "2", "1"]
    for place in range(3):
        assert sum(value(line.cells[place]) for line in made.lines[:-1]) == pytest.approx(100)
    top_two = cells(made, CSAT.label)["total"]
    assert value(top_two) == pytest.approx(value(made.lines[0].cells[0]) + value(made.lines[1].cells[0]))


def test_columns_of_one_grouping_are_not_compared_with_those_of_another(company: Company) -> None:
    rows = people(SEGMENTS)
    regions = [row | {"region": "north" if row["segment"] == "gold" else "south"} for row in rows]
    made = banner(company.data(answers=regions), NPS, by=["segment", "region"])
    assert [column.letter for column in made.columns] == ["", "A", "B", "C", "D", "E"]
    assert cells(made, "promoters")["north"].letters == ("E",)
    assert made.tests == 4 * (3 + 1)


def test_small_columns_are_shown_and_not_tested(company: Company) -> None:
    made = banner(company.data(answers=people({"gold": (30, 10, 10), "tiny": (0, 0, 10)})), NPS, by=["segment"])
    assert made.tests == 0
    assert not made.columns[2].tested and isinstance(cells(made, "detractors")["tiny"].result, Estimate)


def test_answers_outside_every_column_stand_in_the_total_and_are_named(company: Company) -> None:
    rows = [*people(SEGMENTS), *answers([10.0] * 7, start=900)]
    made = banner(company.data(answers=rows), NPS, by=["segment"])
    assert made.columns[0].n == 307 and sum(column.n or 0 for column in made.columns[1:]) == 300
    assert any("7 answers have no segment" in note for note in made.notes)


def test_a_question_with_choices_has_a_line_per_choice_and_no_score(company: Company) -> None:
    rows = answers(
        [None] * 80, metric="how", choice=lambda i: ["app", "shop", "web"][i % 3], segment=lambda i: "ab"[i % 2]
    )
    made = banner(company.data(answers=[row | {"metric": None} for row in rows]), "how", by=["segment"])
    assert [line.label for line in made.lines] == ["app", "shop", "web"]
    assert value(cells(made, "app")["total"]) == pytest.approx(100 * 27 / 80)
    assert made.columns[1].effective == pytest.approx(40)


def test_a_question_with_scores_has_their_mean(company: Company) -> None:
    rows = answers([float(i % 4) for i in range(80)], metric="effort", segment=lambda i: "ab"[i % 2])
    made = banner(company.data(answers=rows), "effort", by=["segment"])
    assert [line.label for line in made.lines] == ["3", "2", "1", "0", "mean"]
    assert value(cells(made, "mean")["a"]) == pytest.approx(1.0)
    assert cells(made, "mean")["b"].letters == ("A",)


def test_equal_answers_to_a_question_reach_to_the_ends_of_its_scale_or_say_that_nothing_bounds_them(
    company: Company,
) -> None:
    rows = answers([0.0] * 80, metric="effort", segment=lambda i: "ab"[i % 2])
    unknown = cells(banner(company.data(answers=rows), "effort", by=["segment"]), "mean")["a"].result
    assert isinstance(unknown, NoEstimate) and "all 40 answers are equal" in unknown.reason
    scaled = [row | {"scale_low": 0.0, "scale_high": 10.0} for row in rows]
    known = cells(banner(company.data(answers=scaled), "effort", by=["segment"]), "mean")["a"].result
    assert isinstance(known, Estimate) and (known.value, known.low) == (0, 0)
    assert known.high == pytest.approx(10 * (1 - 0.025 ** (1 / 40)))


def test_employees_of_small_columns_are_hidden_and_so_is_what_gives_them_away(company: Company) -> None:
    shares = {"gold": (30, 10, 10), "basic": (22, 13, 15), "tiny": (1, 1, 1)}
    made = banner(company.data(answers=people(shares, kind="employee")), NPS, by=["segment"])
    hidden = {column.label for column in made.columns if column.n is None}
    assert hidden == {"basic", "tiny"} or hidden == {"gold", "tiny"}
    for line in made.lines:
        for column, cell in zip(made.columns, line.cells, strict=True):
            assert isinstance(cell.result, NoEstimate) == (column.n is None)
            assert not cell.letters
    assert made.tests == 0


@pytest.mark.parametrize("columns", [{"kind": "employee"}, {"anonymous": "yes"}])
def test_a_question_is_protected_as_the_metric_it_asks_for_is(company: Company, columns: dict[str, str]) -> None:
    shares = {"gold": (30, 10, 10), "basic": (22, 13, 15), "tiny": (1, 1, 1)}
    data = company.data(answers=people(shares, question_id="recommend", **columns))
    made = banner(data, "recommend", by=["segment"])
    hidden = [column.n is None for column in made.columns]
    assert hidden == [column.n is None for column in banner(data, NPS, by=["segment"]).columns] and sum(hidden) == 2
    for line in made.lines:
        assert [isinstance(cell.result, NoEstimate) for cell in line.cells] == hidden
        assert not any(cell.letters for cell in line.cells)
    with pytest.raises(Refused, match="give them away"):
        banner(data, "recommend", by=["segment"], where="segment != tiny")


def test_records_have_one_row_per_line_and_column(company: Company) -> None:
    made = banner(company.data(answers=people(SEGMENTS)), NPS, by=["segment"])
    records = made.records()
    assert len(records) == 16 and len({tuple(record) for record in records}) == 1
    assert records[2]["higher_than"] == ["A", "C"] and records[2]["base"] == 100


def test_what_has_no_banner_says_why(company: Company) -> None:
    data = company.data(answers=people(SEGMENTS))
    with pytest.raises(UnknownName, match="no metric or question called 'npx'"):
        banner(data, "npx", by=["segment"])
    with pytest.raises(BadDefinition, match="scores no answers"):
        banner(data, METRICS["churn"], by=["segment"])
    with pytest.raises(Refused, match="No answer fits"):
        banner(data, NPS, by=["segment"], where="score > 20")
    with pytest.raises(BadDefinition, match="at most 40"):
        banner(data, NPS, by=["customer_id"])
    with pytest.raises(UnknownName):
        banner(data, NPS, by=["segmnt"])
