"""The data of the benchmarks: made from a seed, the same every time, by a hash of each row's number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20260101
ROWS_A_FILE = 2_000_000
ITEMS = tuple(f"item_{j:02}" for j in range(1, 13))
_THREE_YEARS = 94_608_000  # seconds


def answers(folder: Path, rows: int, customers: int) -> Path:
    """Answers to one NPS question: customers answer again and again, and mostly as they did before."""
    return _written(folder, rows, lambda first, last: _answers_sql(first, last, customers))


def battery(folder: Path, rows: int, customers: int) -> Path:
    """Twelve items from 1 to 5 that go together, an outcome from 0 to 10, and whose answers they are."""
    return _written(folder, rows, lambda first, last: _battery_sql(first, last, customers))


def histories(folder: Path, rows: int) -> Path:
    """Repeat purchases x, week of the last one and weeks since the first, of customers as BG/NBD has them.

    Rates are Gamma(0.8, 4), a customer leaves after each purchase with a chance of Beta(0.8, 2.5). Of N purchases at
    even odds in T weeks the k-th comes at T times Beta(k, N − k + 1).
    """
    path = folder / "part-000.parquet"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(SEED)
        age = rng.integers(26, 105, rows).astype(float)
        wanted = rng.poisson(rng.gamma(0.8, 1 / 4.0, rows) * age)
        stays = rng.geometric(np.clip(rng.beta(0.8, 2.5, rows), 1e-9, 1.0))
        x = np.minimum(wanted, stays)
        place = rng.beta(np.maximum(x, 1), np.maximum(wanted - x + 1, 1))
        last = np.where(x > 0, np.ceil(age * place), 0.0)
        pq.write_table(pa.table({"x": x.astype(float), "last": last, "age": age}), path)
    return folder


def table_to_import(folder: Path, rows: int, customers: int) -> Path:
    """A CSV of answers as a survey tool exports them; one row in ten thousand has a score that is no number."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"answers-{rows}.csv"
    if not path.exists():
        score = f"CASE WHEN {_u('answer_id', 20)} < 0.0001 THEN 'nine' ELSE score::INTEGER::VARCHAR END AS score"
        columns = f"answer_id, submission_id, question_id, customer_id, kind, metric, {score}, touchpoint, channel"
        columns += ", segment, region, answered_at"
        _copy(f"SELECT {columns} FROM ({_answers_sql(0, rows, customers)})", path, "FORMAT csv, HEADER")
    return path


def _answers_sql(first: int, last: int, customers: int) -> str:
    own, chance = _bell("c", 2), _bell("i", 5)
    return f"""
      WITH r AS (SELECT i, floor({_u("i", 1)} * {customers})::BIGINT AS c FROM range({first}, {last}) t(i))
      SELECT
        'survey:' || i AS answer_id, 'survey:' || i AS submission_id, 'relation' AS survey_id, 'q1' AS question_id,
        'crm:' || lpad(c::VARCHAR, 8, '0') AS customer_id, 'relationship' AS kind, 'nps' AS metric,
        greatest(0, least(10, round(7.6 + 3.2 * {own} + 3.2 * {chance})))::DOUBLE AS score,
        0.0::DOUBLE AS scale_low, 10.0::DOUBLE AS scale_high, 'high is good' AS polarity,
        {_one_of("search product basket payment delivery service returns store", "i", 8)} AS touchpoint,
        {_one_of("web app phone desk", "i", 9)} AS channel, {_one_of("de en fr", "c", 10)} AS language,
        (TIMESTAMPTZ '2023-01-01 00:00:00+00' + to_seconds(floor({_u("i", 11)} * {_THREE_YEARS})::BIGINT))
            AS answered_at,
        1.0::DOUBLE AS weight,
        {_one_of("new regular gold platinum business", "c", 12)} AS segment,
        {_one_of("north east south west abroad islands", "c", 13)} AS region
      FROM r"""


def _battery_sql(first: int, last: int, customers: int) -> str:
    items = ", ".join(
        f"greatest(1, least(5, round(3.4 + 0.9 * mood + {_bell('i', 30 + 3 * j)} * 1.6))) AS {item}"
        for j, item in enumerate(ITEMS)
    )
    felt = " + ".join(f"{0.02 * (j + 1):.2f} * {item}" for j, item in enumerate(ITEMS))
    return f"""
      WITH r AS (SELECT i, floor({_u("i", 1)} * {customers})::BIGINT AS c FROM range({first}, {last}) t(i)),
      m AS (SELECT i, c, {_bell("c", 2)} + {_bell("i", 5)} AS mood FROM r),
      s AS (SELECT i, c, {items} FROM m)
      SELECT 'crm:' || c AS cluster, {", ".join(ITEMS)},
        greatest(0, least(10, round(2.2 + {felt} + {_bell("i", 80)} * 2))) AS outcome
      FROM s"""


def _u(key: str, purpose: int) -> str:
    """A number from 0 to 1 for a row and a purpose."""
    return f"((hash({key}, {purpose}, {SEED}) >> 11) / 9007199254740992.0)"


def _bell(key: str, purpose: int) -> str:
    return f"({_u(key, purpose)} + {_u(key, purpose + 1)} + {_u(key, purpose + 2)} - 1.5)"


def _one_of(words: str, key: str, purpose: int) -> str:
    values = words.split()
    return f"{values}[1 + floor({_u(key, purpose)} * {len(values)})::INTEGER]"


def _written(folder: Path, rows: int, sql: Callable[[int, int], str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, rows, ROWS_A_FILE):
        path = folder / f"part-{first // ROWS_A_FILE:03}.parquet"
        if not path.exists():
            _copy(sql(first, min(first + ROWS_A_FILE, rows)), path, "FORMAT parquet, COMPRESSION zstd")
    return folder


def _copy(query: str, path: Path, options: str) -> None:
    partial = path.with_suffix(".partial")
    with duckdb.connect(config={"memory_limit": "1200MB", "temp_directory": str(path.parent)}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"COPY ({query}) TO '{partial}' ({options})")
    partial.rename(path)
