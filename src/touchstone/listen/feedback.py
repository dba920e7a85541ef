"""Answers as feedback records, the open schema of survey tools (Formbricks Hub): one record per answered question.

The schema has no place for the scale of a rating, without which a 4 means nothing; ours travels in `metadata`, where
other readers pass it by and `touchstone add` finds it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("submission_id", pa.string()),
        ("collected_at", pa.timestamp("us", tz="UTC")),
        ("source_type", pa.string()),
        ("source_id", pa.string()),
        ("source_name", pa.string()),
        ("field_id", pa.string()),
        ("field_type", pa.string()),
        ("field_label", pa.string()),
        ("value_text", pa.string()),
        ("value_number", pa.float64()),
        ("value_boolean", pa.bool_()),
        ("value_date", pa.timestamp("us", tz="UTC")),
        ("metadata", pa.string()),
        ("language", pa.string()),
        ("user_id", pa.string()),
        ("tenant_id", pa.string()),
    ]
)
# columns of answers that say more than the schema asks, kept in `metadata`
_KEPT = ("metric", "scale_low", "scale_high", "polarity", "kind", "touchpoint", "channel", "unit", "about", "period")
_SCORED = {"nps": "nps", "csat": "csat", "ces": "ces"}
_YES = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def feedback_records(
    batches: Iterable[pa.RecordBatch], *, labels: Mapping[str, str] | None = None
) -> Iterator[pa.RecordBatch]:
    """The rows of the table `answers`, batch after batch, as records of `SCHEMA`.

    Columns that a batch lacks count as empty. `labels` are question texts by question_id. Answers that were imported
    from feedback records give the ids, types and names that they came with.
    """
    for batch in batches:
        rows = [feedback_record(row, labels or {}) for row in batch.to_pylist()]
        yield pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


def feedback_record(answer: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """One answer as a record: its key without our prefix, its value in the field that its type asks for."""
    field_type = str(answer.get("field_type") or _type(answer))
    record = dict.fromkeys(SCHEMA.names) | {
        "submission_id": _own_id(answer),
        "collected_at": answer.get("answered_at"),
        "source_type": answer.get("source_type") or "survey",
        "source_id": answer.get("survey_id"),
        "source_name": answer.get("source_name"),
        "field_id": answer.get("question_id"),
        "field_type": field_type,
        "field_label": answer.get("field_label") or labels.get(str(answer.get("question_id"))),
        "metadata": _metadata(answer),
        "language": answer.get("language"),
        "user_id": answer.get("customer_id"),
        "tenant_id": answer.get("tenant_id"),
    }
    return record | _value(answer, field_type)


def _type(answer: Mapping[str, Any]) -> str:
    if answer.get("score") is not None:
        rated = answer.get("scale_high") is not None or answer.get("metric")
        return _SCORED.get(str(answer.get("metric")), "rating" if rated else "number")
    return "text" if answer.get("text") is not None else "categorical"


def _value(answer: Mapping[str, Any], field_type: str) -> dict[str, Any]:
    written = answer.get("text") if answer.get("text") is not None else answer.get("choice")
    if answer.get("score") is not None:
        return {"value_number": float(answer["score"])}
    if field_type == "boolean" and str(written).lower() in _YES:
        return {"value_boolean": _YES[str(written).lower()]}
    if field_type == "date" and (day := _day(written)):
        return {"value_date": day}
    return {"value_text": written}


def _day(written: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _own_id(answer: Mapping[str, Any]) -> str:
    whole, source = str(answer.get("submission_id")), answer.get("source")
    return whole.removeprefix(f"{source}:") if source else whole


def _metadata(answer: Mapping[str, Any]) -> str | None:
    kept = {name: answer[name] for name in _KEPT if answer.get(name) is not None}
    return json.dumps(kept, ensure_ascii=False, default=_written) if kept else None


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
