"""Scales of answers that come one per row, without one: each question's is found in its answers."""

from __future__ import annotations

from touchstone.core.mapping import Mapping
from touchstone.engine.connect import DuckDB

_NEEDED = {"question_id", "score", "scale_low", "scale_high"}
_USUAL = ((1, 5), (1, 7), (0, 10))
_NAMED = 5  # questions in a remark


def widened(engine: DuckDB, rows: str, mapping: Mapping) -> tuple[str, tuple[str, ...]]:
    """The typed `rows` on scales that hold all answers, and which questions got another one than they came with.

    Where answers to a question lie outside of its scale, the narrowest usual one that holds them all is taken: 1 to 5,
    1 to 7 or 0 to 10. Where none does, and where a question came without a scale, nothing is changed.
    """
    if not mapping.widen or not set(mapping.columns) >= _NEEDED:
        return rows, ()
    low, high = "min(score) OVER of_question", "max(score) OVER of_question"
    seen = f"SELECT *, {low} AS _least, {high} AS _most FROM {rows} WINDOW of_question AS (PARTITION BY question_id)"
    fits = [f"_least >= {one} AND _most <= {other}" for one, other in _USUAL]
    held = " OR ".join(f"({fit})" for fit in fits)
    outside = f"((_least < scale_low OR _most > scale_high) AND ({held}))"
    bounds = {
        name: f"CASE {' '.join(f'WHEN {fit} THEN {scale[end]}.0' for fit, scale in zip(fits, _USUAL, strict=True))} END"
        for end, name in enumerate(("scale_low", "scale_high"))
    }
    replaced = ", ".join(
        f"CASE WHEN {outside} THEN {bound} ELSE {name} END AS {name}" for name, bound in bounds.items()
    )
    columns = f"* EXCLUDE (_least, _most) REPLACE ({replaced}), {outside} AS _widened"
    table = engine.set_down(f"SELECT {columns} FROM ({seen})")
    changed = engine.run(f"SELECT DISTINCT question_id, scale_low, scale_high FROM {table} WHERE _widened ORDER BY ALL")
    told = [f"'{name[:40]}' {low:g} to {high:g}" for name, low, high in changed]
    more = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    note = f"scales that hold the answers seen: {', '.join(told[:_NAMED])}{more}"
    return f"(SELECT * EXCLUDE (_widened) FROM {table})", (note,) if told else ()
