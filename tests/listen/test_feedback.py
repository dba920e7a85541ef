"""Answers as feedback records: every value in the field its type asks for, the scale beside it, nothing invented."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchstone.listen.feedback import SCHEMA, feedback_record, feedback_records

AT = datetime(2024, 6, 1, 8, tzinfo=UTC)
ANSWER: dict[str, Any] = {
    "answer_id": "formbricks:s01/recommend",
    "submission_id": "formbricks:s01",
    "source": "formbricks",
    "question_id": "recommend",
    "metric": "nps",
    "score": 9.0,
    "scale_low": 0.0,
    "scale_high": 10.0,
    "answered_at": AT,
    "customer_id": "u1",
    "survey_id": "sv1",
}
NO_VALUE = {"score": None, "metric": None, "scale_low": None, "scale_high": None}


def test_a_score_is_a_number_of_its_metrics_type_and_its_scale_travels_along() -> None:
    record = feedback_record(ANSWER, {"recommend": "Would you recommend us?"})
    assert (record["submission_id"], record["field_id"], record["field_type"]) == ("s01", "recommend", "nps")
    assert (record["value_number"], record["value_text"], record["collected_at"]) == (9.0, None, AT)
    assert (record["field_label"], record["source_id"], record["user_id"]) == ("Would you recommend us?", "sv1", "u1")
    assert json.loads(record["metadata"]) == {"metric": "nps", "scale_low": 0.0, "scale_high": 10.0}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"metric": "csat"}, "csat"),
        ({"metric": "ces"}, "ces"),
        ({"metric": "overall_rating"}, "rating"),
        ({"metric": None}, "rating"),
        ({"metric": None, "scale_low": None, "scale_high": None}, "number"),
        (NO_VALUE | {"text": "fine"}, "text"),
        (NO_VALUE | {"choice": "email"}, "categorical"),
        (NO_VALUE | {"choice": "not applicable", "metric": "csat"}, "categorical"),
    ],
)
def test_the_type_follows_from_what_the_answer_is(answer: dict[str, Any], kind: str) -> None:
    assert feedback_record(ANSWER | answer, {})["field_type"] == kind


def test_what_came_as_a_yes_or_a_day_goes_back_as_one() -> None:
    yes = feedback_record(ANSWER | NO_VALUE | {"choice": "true", "field_type": "boolean"}, {})
    assert (yes["value_boolean"], yes["value_text"]) == (True, None)
    day = feedback_record(ANSWER | NO_VALUE | {"choice": "2024-05-01", "field_type": "date"}, {})
    assert (day["value_date"], day["value_text"]) == (datetime(2024, 5, 1, tzinfo=UTC), None)
    odd = feedback_record(ANSWER | NO_VALUE | {"choice": "perhaps", "field_type": "boolean"}, {})
    assert (odd["value_boolean"], odd["value_text"]) == (None, "perhaps")


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(max_size=5), max_size=8), st.integers(1, 4))
def test_batches_stay_batches_with_every_row_in_its_place(texts: list[str], size: int) -> None:
    answers = pa.table(
        {
            "submission_id": [f"x:{number}" for number in range(len(texts))],
            "source": ["x"] * len(texts),
            "question_id": pa.array(["why"] * len(texts), pa.string()),
            "text": pa.array(texts, pa.string()),
        }
    )
    batches = list(feedback_records(answers.to_batches(max_chunksize=size)))
    assert all(batch.schema == SCHEMA for batch in batches)
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert [(row["submission_id"], row["value_text"]) for row in rows] == [
        (str(number), text) for number, text in enumerate(texts)
    ]
