"""SPSS data files: labels, missing values, dates, and many cases a few at a time."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from touchstone.core.errors import BadFile
from touchstone.listen import statfiles
from touchstone.listen.files import open_files
from touchstone.listen.mappings import layout_of

FIXTURE = Path(statfiles.__file__).parent / "layouts" / "spss" / "members_2025.sav"


def saved(folder: Path, columns: dict[str, list[Any]], **options: Any) -> Path:
    polars = pytest.importorskip("polars")
    pyreadstat = pytest.importorskip("pyreadstat")
    folder.mkdir(exist_ok=True)
    path = folder / "f.sav"
    pyreadstat.write_sav(polars.DataFrame(columns), str(path), **options)
    return path


def rows(raw: Any) -> list[tuple[str, ...]]:
    return list(raw.samples)


def test_labels_and_choices_come_with_the_cases(tmp_path: Path) -> None:
    (raw,) = open_files([FIXTURE], scratch=tmp_path)
    assert raw.headers[2:4] == ("q1", "q2")
    assert raw.labels[2] == "How likely are you to recommend the club to a friend?"
    assert raw.choices["region"] == {"1": "North", "2": "South", "3": "Islands"}
    assert raw.lines == 20
    assert layout_of(raw.headers, raw.signs).name == "spss"  # type: ignore[union-attr]


def test_values_declared_as_missing_are_no_answers_and_no_choices(tmp_path: Path) -> None:
    (raw,) = open_files([FIXTURE], scratch=tmp_path)
    assert [row[2] for row in rows(raw)].count("") == 1
    assert "99" not in raw.choices["q1"]
    assert "8" not in raw.choices["q2"]
    assert any("declares as missing" in note for note in raw.notes)


def test_a_scale_labelled_from_best_to_worst_is_turned_round(desk: Any) -> None:
    desk.add(FIXTURE)
    found = desk.rows("answers", "question_id", "submission_id", "score")
    satisfied = {who: score for question, who, score in found if question.startswith("how_satisfied")}
    assert satisfied["members_2025:1000"] == 5.0  # 1, "Very satisfied"
    assert satisfied["members_2025:1003"] == 2.0  # 4, "Dissatisfied"


def test_labels_tell_the_scale_and_a_recommendation_from_one_is_no_promoter_score(desk: Any) -> None:
    columns = {
        "id": [1.0, 2.0, 3.0, 4.0],
        "a": [10.0, 9.0, 8.0, 11.0],
        "b": [10.0, 9.0, 8.0, 7.0],
        "c": [3.0, 2.0, 3.0, 8.0],
    }
    path = saved(
        desk.folder,
        columns,
        column_labels=["", "Would you recommend us?", "Recommend on 0 to 10?", "How satisfied are you?"],
        variable_value_labels={
            "a": {1.0: "Not at all", 10.0: "Absolutely", 11.0: "Don't know"},
            "b": {0.0: "Not at all", 10.0: "Absolutely"},
            "c": {1.0: "Not", 7.0: "Fully", 8.0: "Not applicable"},
        },
    )
    desk.add(path)
    found = desk.rows("questions", "question_id", "metric", "scale_low", "scale_high")
    assert found == [("a", None, 1.0, 10.0), ("b", "nps", 0.0, 10.0), ("c", "csat", 1.0, 7.0)]
    assert desk.rows("answers", "choice").count("not applicable") == 2


def test_numbers_dates_and_texts_are_written_as_people_would(tmp_path: Path) -> None:
    columns = {
        "n": [1.0, 2.5, None],
        "on": [date(2025, 3, 1), None, date(2025, 3, 3)],
        "at": [datetime(2025, 3, 1, 9, 30), datetime(2025, 3, 2, 10, 0), None],
        "text": ["plain", 'with "quotes",\nand more', ""],
    }
    (raw,) = open_files([saved(tmp_path, columns)], scratch=tmp_path / "s")
    assert rows(raw) == [
        ("1", "2025-03-01", "2025-03-01 09:30:00", "plain"),
        ("2.5", "", "2025-03-02 10:00:00", 'with "quotes",\nand more'),
        ("", "2025-03-03", "", ""),
    ]


def test_cases_are_read_some_at_a_time_and_none_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statfiles, "_CELLS", 14)  # seven cases of two variables
    path = saved(tmp_path, {"a": [float(n) for n in range(21)], "b": ["x"] * 21})
    (raw,) = open_files([path], scratch=tmp_path / "s")
    assert [row[0] for row in rows(raw)] == [str(n) for n in range(21)]


def test_a_damaged_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "f.sav"
    path.write_bytes(FIXTURE.read_bytes()[:300])
    with pytest.raises(BadFile, match=r"f\.sav cannot be read as an SPSS file"):
        list(open_files([path], scratch=tmp_path / "s"))


def test_no_data_frames_are_needed() -> None:
    script = (
        "import sys\n"
        "class No:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('pandas', 'polars'): raise ImportError(name)\n"
        "sys.meta_path.insert(0, No())\n"
        "import tempfile, pathlib\n"
        "from touchstone.listen.statfiles import read_sav\n"
        f"print(read_sav(pathlib.Path({str(FIXTURE)!r}), name='x', scratch=pathlib.Path(tempfile.mkdtemp())).lines)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("20", 0), done.stderr
