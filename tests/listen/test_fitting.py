"""A layout's mapping fitted to one file: which reading is taken, and that the summary says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from touchstone.listen import mappings
from touchstone.listen.mappings import layout_of, read_layout

DELIGHTED = "Response ID,Survey Type,Score,Comment,Created At,Delighted Source\n"
QUALTRICS = "StartDate,RecordedDate,ResponseId,Status,Finished,DistributionChannel,Q1\n"
TYPEFORM = "#,Would you recommend us?,Start Date (UTC),Stage Date (UTC),Submit Date (UTC),Network ID\n"


def delighted(*rows: str, header: str = DELIGHTED) -> str:
    return header + "".join(f"{number},{row},2025-03-03T10:00:00Z,email\n" for number, row in enumerate(rows, 1))


def test_the_survey_type_says_what_a_score_is(desk: Any) -> None:
    desk.take(delighted("nps,9,", "CSAT,4,", "ces,6,", "five_star,5,", "pmf,3,", "nps,,good"))
    assert desk.rows("answers", "answer_id", "metric", "score", "scale_high", "choice") == [
        ("delighted:1/nps", "nps", 9.0, 10.0, None),
        ("delighted:2/csat", "csat", 4.0, 5.0, None),
        ("delighted:3/ces", "ces", 6.0, 7.0, None),
        ("delighted:4/stars", "csat", 5.0, 5.0, None),
        ("delighted:5/score", None, None, None, "3"),
        ("delighted:6/comment", None, None, None, None),
    ]


def test_of_two_scales_the_narrowest_that_holds_the_values_counts(desk: Any) -> None:
    file = desk.take(delighted("ces,5,", "ces,2,", "csat,3,", "csat,1,", "nps,10,"))
    assert set(desk.rows("answers", "metric", "scale_high")) == {("ces", 5.0), ("csat", 3.0), ("nps", 10.0)}
    assert "'Score' for ces is read on a scale from 1 to 5, the narrowest that holds its values" in file.notes


@pytest.mark.parametrize(
    ("scores", "metric", "high"), [((10, 9, 0), "nps", 10.0), ((5, 4, 1), "csat", 5.0), ((7, 6, 2), "ces", 7.0)]
)
def test_without_a_survey_type_the_values_decide(desk: Any, scores: tuple[int, ...], metric: str, high: float) -> None:
    rows = "".join(f"{number},{score},,2025-03-03,email\n" for number, score in enumerate(scores, 1))
    file = desk.take("ID,Score,Comment,Created At,Delighted Source\n" + rows)
    assert set(desk.rows("answers", "metric", "scale_high")) == {(metric, high)}
    assert any(note.startswith("no column Survey Type says what was asked") for note in file.notes)


def test_a_score_beyond_its_scale_is_set_aside_and_seen(desk: Any) -> None:
    file = desk.take(delighted("nps,12,", "nps,9,"))
    assert (file.records, file.cells_aside) == (1, 1)


@pytest.mark.parametrize(
    ("times", "note"),
    [
        (("1741000000", "1741000060"), "'Created At' is read as seconds since 1970"),
        (("1741000000000", "1741000060000"), "'Created At' is read as milliseconds since 1970"),
        (("2025-03-03 11:06:40 UTC", "2025-03-03 11:07:40 UTC"), None),
        (("2025-03-03T11:06:40Z", "2025-03-03T11:07:40Z"), None),
        (("03/03/2025 11:06:40 AM", "03/13/2025 11:07:40 AM"), None),
    ],
)
def test_times_are_read_as_the_file_writes_them(desk: Any, times: tuple[str, str], note: str | None) -> None:
    rows = "".join(f"{number},nps,9,,{time},email\n" for number, time in enumerate(times, 1))
    file = desk.take(DELIGHTED + rows)
    assert f"{desk.rows('answers', 'answered_at')[0]:%Y-%m-%d %H:%M:%S}" == "2025-03-03 11:06:40"
    assert note is None or note in file.notes


def qualtrics(*rows: str, second: str = "", third: str = "") -> str:
    return QUALTRICS + second + third + "".join(f"{row}\n" for row in rows)


LABELS = "Start Date,Recorded Date,Response ID,Response Type,Finished,Distribution Channel,Would you recommend us?\n"
IDS = (
    '"{""ImportId"":""startDate"",""timeZone"":""America/Denver""}","{""ImportId"":""recordedDate"",""timeZone"":'
    '""America/Denver""}","{""ImportId"":""_recordId""}","{""ImportId"":""status""}","{""ImportId"":""finished""}",'
    '"{""ImportId"":""distributionChannel""}","{""ImportId"":""QID1""}"\n'
)
ROWS = [f"2025-07-01 10:0{n},2025-07-01 10:0{n},R_{n},0,1,email,{score}" for n, score in enumerate((10, 9, 2, 8))]


def test_the_third_header_row_names_the_zone_of_the_times(desk: Any) -> None:
    file = desk.take(qualtrics(*ROWS, second=LABELS, third=IDS))
    assert f"{desk.rows('answers', 'answered_at')[0]:%H:%M}" == "16:00"
    assert "times are in the zone that the file names: America/Denver" in file.notes


@pytest.mark.parametrize("second", ["", LABELS])
def test_without_the_third_row_the_summary_says_whose_zone_is_taken(desk: Any, second: str) -> None:
    text = qualtrics(*ROWS, second=second).replace("Q1\n", "Would recommend\n" if not second else "Q1\n")
    file = desk.take(text)
    assert (file.layout, file.records) == ("qualtrics", 4)
    assert "nothing says the zone of 'StartDate': the workspace's is taken" in file.notes


@pytest.mark.parametrize("status", ["1", "2", "8", "Survey Preview", "Survey Test", "Spam"])
def test_previews_tests_and_spam_are_left_out_by_number_and_by_word(desk: Any, status: str) -> None:
    others = ["0", "4", "16", "32", "IP Address", "Imported"]
    rows = [f"2025-07-01,2025-07-01,R_{n},{said},1,email,{9}" for n, said in enumerate([status, *others])]
    file = desk.take(qualtrics(*rows, second=LABELS))
    assert (file.left_out, file.rows_taken) == (1, 6)


def test_names_as_the_interface_writes_them_are_known_too(desk: Any) -> None:
    text = "startDate,recordedDate,_recordId,status,finished,distributionChannel,QID1\n"
    labels = "Start Date,Recorded Date,Record,Status,Finished,Channel,Would you recommend us?\n"
    file = desk.take(text + labels + "\n".join(ROWS) + "\n")
    assert (file.layout, file.records) == ("qualtrics", 4)


def test_a_partial_response_counts_and_is_told_from_a_complete_one(desk: Any) -> None:
    rows = "a,9,2025-03-01 10:00:00,2025-03-01 10:02:00,,h\nb,3,2025-03-01 11:00:00,,2025-03-01 11:05:00,h\n"
    rows += "c,8,2025-03-01 12:00:00,,,h\n"
    desk.take(TYPEFORM + rows)
    found = desk.rows("answers", "submission_id", "completed", "answered_at")
    assert [(who, done, f"{at:%H:%M}") for who, done, at in found] == [
        ("typeform:a", "no", "10:02"), ("typeform:b", "yes", "11:05"), ("typeform:c", "no", "12:00"),
    ]  # fmt: skip


@pytest.mark.parametrize("joined", ["SAT[SQ001]", "SAT_SQ001", "SAT.SQ001."])
def test_names_of_sub_questions_come_in_brackets_or_not(desk: Any, joined: str) -> None:
    header = f"id,submitdate,lastpage,startlanguage,startdate,datestamp,{joined}\n"
    rows = "".join(f"{n},2025-03-0{n} 10:00:00,3,en,2025-03-0{n},2025-03-0{n},{n}\n" for n in range(1, 6))
    file = desk.take(header + rows, name="results-survey7.csv")
    assert (file.layout, file.records) == ("limesurvey", 5)
    assert set(desk.rows("answers", "metric")) == {"csat"}


def test_two_surveys_whose_numbers_begin_at_one_do_not_overwrite_each_other(desk: Any) -> None:
    header = "id,submitdate,lastpage,startlanguage,NPS\n"
    rows = "".join(f"{n},2025-03-0{n} 10:00:00,3,en,{n + 4}\n" for n in range(1, 6))
    desk.take(header + rows, name="results-survey7.csv")
    desk.take(header + rows, name="results-survey8.csv")
    assert len(desk.rows("answers")) == 10


def test_a_table_or_a_mapping_that_is_given_wins_over_a_layout(desk: Any) -> None:
    text = qualtrics(*ROWS).replace("Q1", "Would recommend")
    assert desk.take(text).layout == "qualtrics"
    assert desk.take(text, table="answers").layout == "proposed"
    given = {"table": "answers", "source": "x", "columns": {"submission_id": "ResponseId"}}
    given["unpivot"] = [{"from": "Would recommend", "metric": "nps", "scale": [0, 10]}]
    assert desk.take(text, given).layout == "given"


def layout(folder: Path, name: str, text: str) -> Any:
    (folder / name).mkdir()
    (folder / name / "layout.toml").write_text(
        text + '\ntable = "events"\n[columns]\nevent_id = "a"\noccurred_at = "b"\n'
    )
    return read_layout(folder / name)


def test_the_most_telling_layout_counts_and_unless_rules_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = layout(tmp_path, "plain", 'recognise = ["a", "b"]')
    telling = layout(tmp_path, "telling", 'recognise = ["a", "b", ["c", "d"]]\nunless = ["e"]')
    monkeypatch.setattr(mappings, "known_layouts", lambda: (plain, telling))
    assert layout_of(["A", "b ", "D"]) is telling
    assert layout_of(["a", "b", "d", "E"]) is plain
    assert layout_of(["a", "d"]) is None


@pytest.mark.parametrize(
    ("kinds", "kind"),
    [(("relationship", "after delivery"), ("relationship", "transactional")), (("spring", "autumn"), (None, None))],
)
def test_a_tools_own_columns_may_say_what_an_answer_is_about(
    desk: Any, kinds: tuple[str, str], kind: tuple[str | None, str | None]
) -> None:
    text = QUALTRICS.replace("Q1", "Would recommend,Survey,Order number,Store")
    rows = [f"2025-03-0{n},2025-03-0{n},R_{n},0,1,email,{8 + n},{kinds[n - 1]},77{n},Leith\n" for n in (1, 2)]
    assert desk.take(text + "".join(rows)).layout == "qualtrics"
    found = sorted(desk.rows("answers", "score", "kind", "about", "unit"))
    assert found == [(9.0, kind[0], "771", "Leith"), (10.0, kind[1], "772", "Leith")]


def test_the_place_of_a_question_is_no_part_of_its_label(desk: Any) -> None:
    text = QUALTRICS.replace("Q1", "Q1 Would you recommend us?,Q3_1 Delivery,Q3_2 The product")
    desk.take(text + "2025-03-01,2025-03-01,R_1,0,1,email,9,4,5\n2025-03-02,2025-03-02,R_2,0,1,email,7,2,3\n")
    labels = dict(desk.rows("questions", "question_id", "label"))
    assert labels["q3_1_delivery"] == "Delivery"
    assert "Would you recommend us?" in labels.values()


def test_a_response_without_a_status_is_no_preview(desk: Any) -> None:
    rows = [f"2025-03-01,2025-03-01,R_{n},{status},1,email,{n}\n" for n, status in enumerate(["", "0", "1", "8"], 6)]
    file = desk.take(QUALTRICS.replace("Q1", "Would recommend") + "".join(rows))
    assert sorted(desk.rows("answers", "score")) == [6.0, 7.0]
    assert file.left_out == 2
