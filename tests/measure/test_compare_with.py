"""An old tool's number from its own export, beside ours: from the file to the sentence."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from importlib import resources
from math import floor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from touchstone.cli.main import cli
from touchstone.core.errors import BadDefinition, Refused, UnknownName
from touchstone.core.estimate import Estimate
from touchstone.core.mapping import from_toml
from touchstone.engine.data import Data
from touchstone.listen.add import add
from touchstone.measure.compare_with import Comparison, compare_with, sources_of_files
from touchstone.measure.metrics import built_in
from touchstone.measure.vendor_rules import vendor_named
from touchstone.workspace import Workspace

RECOMMEND = {"from": "score", "question_id": "recommend", "metric": "nps", "scale": [0, 10]}
COMMENT = {"from": "comment", "question_id": "comment", "text": True}


def imported(folder: Path, source: str, rows: list[str], *, questions: list[dict[str, Any]], **columns: Any) -> Data:
    """Answers of a tool as its export might be: an id, a person, a time, what they said."""
    workspace = Workspace.create(folder / "workspace")
    heads = ["id", "person", "at", *(question["from"] for question in questions), *columns]
    file = folder / f"{source}.csv"
    file.write_text("\n".join([",".join(heads), *rows]) + "\n", encoding="utf-8")
    mapping = {
        "table": "answers",
        "source": source,
        "columns": {"submission_id": "id", "customer_id": "person", "answered_at": "at", **columns},
        "unpivot": questions,
    }
    summary = add(workspace, [file], mapping=from_toml(mapping))
    assert summary.files[0].rows_aside == 0, summary.files[0].reasons
    return workspace.data()


def compared(data: Data, vendor: str, metric: str, **options: Any) -> Comparison:
    return compare_with(data, vendor_named(vendor), metric, metrics=built_in(), **options)


def ours(found: Comparison) -> Estimate:
    assert isinstance(found.ours, Estimate)
    return found.ours


# two of the ten wrote a comment and gave no score; c7 answered twice, a promoter first and a detractor in May
DELIGHTED = [
    "d1,c1,2026-01-05,10,great", "d2,c2,2026-01-06,9,", "d3,c3,2026-01-07,9,fine", "d4,c4,2026-01-08,8,",
    "d5,c5,2026-01-09,6,slow", "d6,c6,2026-01-10,10,", "d7,c7,2026-01-11,9,", "d8,c7,2026-05-11,2,worse",
    "d9,c8,2026-05-12,,only words", "d10,c9,2026-05-13,,more words",
]  # fmt: skip


@pytest.fixture(scope="module")
def delighted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Data]:
    folder = tmp_path_factory.mktemp("delighted")
    data = imported(folder, "delighted", DELIGHTED, questions=[RECOMMEND, COMMENT])
    yield data
    data.engine.close()  # type: ignore[attr-defined]


def test_delighted_rounds_to_a_whole_number(delighted: Data) -> None:
    # 5 promoters and 2 detractors of 8: 37.5, which a program rounds to 38
    found = compared(delighted, "delighted", "nps")
    assert found.theirs.value == 38 and found.theirs.answers == 8
    assert ours(found).value == pytest.approx(37.5)
    assert found.steps is not None
    assert [(step.aspect, step.effect) for step in found.steps.steps] == [("rounding", Fraction(1, 2))]


def test_our_number_in_the_steps_is_the_score(delighted: Data) -> None:
    found = compared(delighted, "delighted", "nps")
    assert found.steps is not None
    assert float(found.steps.ours) == pytest.approx(ours(found).value)


def test_the_number_remembered_tells_that_only_latest_answers_counted(delighted: Data) -> None:
    # without c7's first answer: 4 promoters and 2 detractors of 7, 28.57
    found = compared(delighted, "delighted", "nps", shown=Decimal(29))
    assert found.matches is not None
    assert found.matches[0].departures == (("answers", "latest"),)


def test_a_number_that_no_rule_gives_is_said(delighted: Data) -> None:
    assert compared(delighted, "delighted", "nps", shown=Decimal(77)).matches == ()


def test_a_period_and_a_condition_narrow_both_numbers(delighted: Data) -> None:
    assert compared(delighted, "delighted", "nps", period="2026-01").theirs.value == 57  # 5 - 1 of 7: 57.14
    assert compared(delighted, "delighted", "nps", where="customer_id != c7").theirs.value == 50  # 4 - 1 of 6


def test_who_passed_the_question_by_is_counted(delighted: Data) -> None:
    # Formbricks' summary divides by the two as well: 100 (5 - 2) / 10
    found = compared(delighted, "formbricks", "nps", source="delighted")
    assert (found.theirs.value, found.theirs.base) == (30, 10)
    assert found.steps is not None
    assert [(step.aspect, step.n) for step in found.steps.steps] == [("skips", 2)]
    assert any("opened the survey and answered nothing" in note for note in found.notes)


def test_a_condition_on_the_question_leaves_its_skips_in(delighted: Data) -> None:
    found = compared(delighted, "formbricks", "nps", source="delighted", where="question_id = recommend")
    assert (found.theirs.value, found.theirs.base) == (30, 10)
    assert any("stopped before they saw it" in note for note in found.notes)


def test_a_question_passed_by_as_not_applicable_is_a_skip_and_other_surveys_are_not(tmp_path: Path) -> None:
    rows = [
        "f1,c1,2026-01-05,10,,s1",
        "f2,c2,2026-01-05,n/a,,s1",
        "f3,c3,2026-01-05,,words,s1",
        "f4,c4,2026-01-05,,w,s2",
    ]
    question = RECOMMEND | {"not_applicable": ["n/a"]}
    data = imported(tmp_path, "formbricks", rows, questions=[question, COMMENT], survey_id={"from": "survey_id"})
    found = compared(data, "formbricks", "nps")
    assert (found.theirs.answers, found.theirs.base) == (1, 3)
    data.engine.close()  # type: ignore[attr-defined]


def test_formbricks_satisfaction_on_five_and_seven_points(tmp_path: Path) -> None:
    five = {"from": "five", "question_id": "five", "metric": "csat", "scale": [1, 5]}
    seven = {"from": "seven", "question_id": "seven", "metric": "csat", "scale": [1, 7]}
    rows = ["1,c1,2026-01-05,5,7", "2,c2,2026-01-05,4,6", "3,c3,2026-01-05,3,5", "4,c4,2026-01-05,1,"]
    data = imported(tmp_path, "formbricks", rows, questions=[five, seven])
    found = compared(data, "formbricks", "csat")
    # ours: 2 of 4 on five points; theirs also 2 of 3 on seven (6 and 7): 4 of 7, 57.14
    assert ours(found).value == pytest.approx(50)
    assert found.theirs.value == 57
    assert found.steps is not None
    assert [(step.aspect, step.effect) for step in found.steps.steps] == [
        ("scales", Fraction(400, 7) - 50),
        ("rounding", 57 - Fraction(400, 7)),
    ]
    data.engine.close()  # type: ignore[attr-defined]


def test_weights_are_ours_alone(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "workspace")
    shared = {"table": "answers", "unpivot": [RECOMMEND], "default_weight": True}
    columns = {"submission_id": "id", "customer_id": "id", "answered_at": "at"}
    for name, weights in (("delighted", "3,1,1,1"), ("typeform", "1,1,1,1")):
        lines = [
            f"{n},2026-01-05,{score},{w}"
            for n, (score, w) in enumerate(zip((10, 9, 0, 8), weights.split(","), strict=True))
        ]
        file = tmp_path / f"{name}.csv"
        file.write_text("\n".join(["id,at,score,w", *lines]) + "\n")
        add(workspace, [file], mapping=from_toml(shared | {"source": name, "columns": columns | {"weight": "w"}}))
    data = workspace.data()
    found = compared(data, "delighted", "nps")  # 100 (4 - 1) / 6, unweighted 100 (2 - 1) / 4
    assert found.steps is not None
    assert [(step.aspect, float(step.effect)) for step in found.steps.steps] == [("weights", pytest.approx(-25))]
    assert found.theirs.value == 25
    even = compared(data, "typeform", "nps").steps
    assert even is not None and even.steps == ()
    data.engine.close()  # type: ignore[attr-defined]


def test_a_mean_is_compared_with_our_mean(tmp_path: Path) -> None:
    ease = {"from": "ease", "question_id": "ease", "metric": "ces", "scale": [1, 7]}
    rows = ["1,c1,2026-01-05,7", "2,c2,2026-01-05,6", "3,c3,2026-01-05,4"]
    data = imported(tmp_path, "nicereply", rows, questions=[ease])
    found = compared(data, "nicereply", "ces")
    assert found.metric.name == "ces_mean"
    assert found.theirs.value == Fraction("5.7")
    data.engine.close()  # type: ignore[attr-defined]


def test_answers_turned_round_and_outside_their_scale(tmp_path: Path) -> None:
    question = {"from": "sat", "question_id": "sat", "metric": "csat", "scale": [1, 5], "polarity": "low is good"}
    rows = ["1,c1,2026-01-05,1", "2,c2,2026-01-05,2", "3,c3,2026-01-05,5"]
    data = imported(tmp_path, "chatwoot", rows, questions=[question])
    found = compared(data, "chatwoot", "csat")
    assert found.theirs.value == Fraction("66.67")
    data.engine.close()  # type: ignore[attr-defined]


def test_what_is_not_known_of_a_tool_is_said_where_it_matters(tmp_path: Path) -> None:
    data = imported(tmp_path, "typeform", [*DELIGHTED, "d11,c11,2026-05-14,8.5,"], questions=[RECOMMEND, COMMENT])
    (note,) = compared(data, "typeform", "nps").notes
    assert note == (
        "of Typeform it is not known whether a person's earlier answers count, nor what it does with answers that are "
        "not whole; there it is taken to count as here"
    )
    data.engine.close()  # type: ignore[attr-defined]


def test_answers_of_another_source_do_not_count(delighted: Data) -> None:
    with pytest.raises(Refused, match="There are no answers from Typeform") as error:
        compared(delighted, "typeform", "nps")
    assert error.value.hint == (
        "import its export (touchstone add FILE), or name their source with --source (sources here: delighted)."
    )
    with pytest.raises(Refused, match="The answers of Delighted hold none to ces"):
        compared(delighted, "delighted", "ces")
    with pytest.raises(UnknownName, match="no metric of Delighted with a known rule called 'csta'"):
        compared(delighted, "delighted", "csta")


LAYOUTS = resources.files("touchstone.listen") / "layouts"


def cells(file: Path, *columns: str) -> list[tuple[str, ...]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [tuple(row[column] for column in columns) for row in csv.DictReader(lines)]


def fixture(folder: Path, tool: str, name: str) -> tuple[Data, Path]:
    """A file in the layout that the tool exports, imported as people import it: with no option given."""
    file = Path(str(LAYOUTS / tool / name))
    workspace = Workspace.create(folder / "workspace")
    (summary,) = add(workspace, [file]).files
    assert summary.layout == tool
    return workspace.data(), file


def net(scores: list[int], base: int) -> Fraction:
    return Fraction(100 * (sum(score >= 9 for score in scores) - sum(score <= 6 for score in scores)), base)


def test_a_delighted_export_from_file_to_number(tmp_path: Path) -> None:
    data, file = fixture(tmp_path, "delighted", "responses.csv")
    scores = [int(score) for score, kind in cells(file, "Score", "Survey Type") if kind == "nps" and score]
    found = compared(data, "delighted", "nps")
    assert found.theirs.answers == len(scores) > 5
    assert found.theirs.value == floor(net(scores, len(scores)) + Fraction(1, 2))
    assert ours(found).value == pytest.approx(float(net(scores, len(scores))))
    data.engine.close()  # type: ignore[attr-defined]


def test_a_formbricks_export_from_file_to_number(tmp_path: Path) -> None:
    data, file = fixture(tmp_path, "formbricks", "export-quill.csv")
    question = "1. How likely are you to recommend Quill Notes to a friend or colleague?"
    said = [score for (score,) in cells(file, question)]
    scores = [int(score) for score in said if score]
    found = compared(data, "formbricks", "nps")
    exact = net(scores, len(said))  # its summary divides by those who passed the question by
    assert (found.theirs.answers, found.theirs.base) == (len(scores), len(said))
    assert found.theirs.value == Fraction(floor(exact * 100 + Fraction(1, 2)), 100)
    rating = compared(data, "formbricks", "csat")
    assert any("shows a number for each: --where 'question_id = " in note for note in rating.notes)
    data.engine.close()  # type: ignore[attr-defined]


def of_files(workspace: Workspace, vendor: str, **options: Any) -> Comparison:
    """As the command does: by the files that were read in the tool's layout."""
    data = workspace.data(as_of=options.pop("as_of", None))
    tool = vendor_named(vendor)
    files = sources_of_files(workspace.lake.imports(), tool, until=data.number)
    return compare_with(data, tool, "nps", metrics=built_in(), files=files, **options)


@pytest.mark.parametrize(("tool", "name"), [("limesurvey", "results-survey481516.csv"), ("spss", "members_2025.sav")])
def test_files_whose_source_is_their_name_are_found_by_their_layout(tmp_path: Path, tool: str, name: str) -> None:
    fixture(tmp_path, tool, name)
    n, value = tomllib.loads((LAYOUTS / tool / "expected.toml").read_text("utf-8"))[name]["metrics"]["nps"]
    found = of_files(Workspace.open(tmp_path / "workspace"), tool)
    assert (ours(found).n, found.theirs.answers) == (n, n)
    assert ours(found).value == pytest.approx(value, abs=0.01)
    assert float(found.theirs.value) == pytest.approx(value, abs=0.1)


def test_of_several_files_the_one_that_fits_counts_and_several_that_fit_are_named(tmp_path: Path) -> None:
    fixture(tmp_path, "limesurvey", "results-survey481516.csv")
    workspace = Workspace.open(tmp_path / "workspace")
    other = tmp_path / "results-survey9.csv"
    rows = ["id,submitdate,lastpage,startlanguage,How easy was it? (1-7)", "1,2025-03-03 09:18:05,4,de,5"]
    other.write_text("\n".join(rows) + "\n", "utf-8")
    assert add(workspace, [other]).files[0].layout == "limesurvey"
    assert of_files(workspace, "limesurvey").theirs.answers == 20
    add(workspace, [Path(str(LAYOUTS / "limesurvey" / "results-full-headings.csv"))])
    with pytest.raises(Refused) as error:
        of_files(workspace, "limesurvey")
    assert error.value.problem.startswith("2 files of LimeSurvey have answers to nps: 'results-")
    assert "--source results-" in error.value.hint
    assert of_files(workspace, "limesurvey", source="results-full-headings").theirs.answers == 20
    assert of_files(workspace, "limesurvey", where="source = 'results-full-headings'").theirs.answers == 20
    assert of_files(workspace, "limesurvey", as_of=2).theirs.answers == 20


def test_files_without_an_answer_to_the_metric_say_so(tmp_path: Path) -> None:
    fixture(tmp_path, "limesurvey", "results-survey481516.csv")
    with pytest.raises(Refused, match="The answers of LimeSurvey hold none to nps"):
        of_files(Workspace.open(tmp_path / "workspace"), "limesurvey", period="2019")


def test_an_empty_workspace_says_what_to_do(tmp_path: Path) -> None:
    data = Workspace.create(tmp_path / "w").data()
    with pytest.raises(Refused, match="There are no answers yet"):
        compared(data, "delighted", "nps")
    data.engine.close()  # type: ignore[attr-defined]


def test_a_promise_hides_the_number_of_the_tool_as_it_hides_ours(tmp_path: Path) -> None:
    rows = [f"d{n},c{n},2026-01-05,{n % 11},{'AB'[n % 2] if n < 30 else 'C'}" for n in range(33)]
    columns = {"survey_id": "survey_id", "kind": {"constant": "employee"}}
    data = imported(tmp_path, "delighted", rows, questions=[RECOMMEND], **columns)
    assert compared(data, "delighted", "nps").theirs.answers == 33
    with pytest.raises(Refused, match="hidden: fewer than 10 answers, or they could be worked out from the rest"):
        compared(data, "delighted", "nps", where="survey_id = C")
    with pytest.raises(Refused, match="hidden: fewer than 10 people lie outside the condition"):
        compared(data, "delighted", "nps", where="survey_id != C", shown=Decimal(3))
    data.engine.close()  # type: ignore[attr-defined]


def run(data: Data, folder: Path, *words: str) -> str:
    result = CliRunner().invoke(cli, ["compare-with", *words, "-w", str(folder)], catch_exceptions=False)
    return result.output


def test_the_command_tells_both_numbers_and_every_reason(tmp_path: Path) -> None:
    data = imported(tmp_path, "delighted", DELIGHTED, questions=[RECOMMEND, COMMENT])
    data.engine.close()  # type: ignore[attr-defined]
    text = run(data, tmp_path / "workspace", "delighted", "nps", "--shown", "38")
    assert text.startswith("Delighted's way 38 (8 answers); ours 38 points, likely ")
    assert "it is rounded to a whole number there" in text and "documented" in text
    assert "38 is exactly what Delighted's way gives." in text
    assert "Note:" not in text
    assert "row_number" in run(data, tmp_path / "workspace", "delighted", "nps", "--sql").lower()
    assert '"aspect": "rounding"' in run(data, tmp_path / "workspace", "delighted", "nps", "--json")
    assert "No known way of counting gives 3" in run(data, tmp_path / "workspace", "delighted", "nps", "--shown", "3")
    with pytest.raises(BadDefinition, match="is not a number that a tool shows"):
        run(data, tmp_path / "workspace", "delighted", "nps", "--shown", "forty")
