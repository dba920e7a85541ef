"""The same work by other means; runs in an environment of its own."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clock import main

BY = ["segment", "touchpoint", "channel"]
DIMENSIONS = ["segment", "region", "touchpoint", "channel"]
ZONE = "Europe/Berlin"
_POINTS = "CASE WHEN score >= 9 THEN 100.0 WHEN score >= 7 THEN 0.0 ELSE -100.0 END::DOUBLE"


def _duckdb(folder: str) -> Any:
    import duckdb

    connection = duckdb.connect(config={"memory_limit": "1200MB", "temp_directory": f"{folder}/scratch"})
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _answers_sql(folder: str) -> str:
    answers = f"read_parquet('{folder}/*.parquet')"
    return f"(SELECT *, {_POINTS} AS x FROM {answers} WHERE metric = 'nps' AND score BETWEEN 0 AND 10)"


def flat_duckdb(folder: str) -> Callable[[], list[float]]:
    """The sums in SQL written by hand."""
    connection = _duckdb(folder)
    sql = f"""
        SELECT {", ".join(DIMENSIONS)}, kind, date_trunc('month', timezone('{ZONE}', answered_at)) AS month,
               count(*) AS n, sum(x) AS wx, sum(x * x) AS wxx
        FROM {_answers_sql(folder)} GROUP BY ALL"""

    def run() -> list[float]:
        found = connection.execute(sql).to_arrow_table()
        return [len(found), sum(found["n"].to_pylist()), math.fsum(found["wx"].to_pylist())]

    return run


def flat_polars(folder: str) -> Callable[[], list[float]]:
    """The sums in polars, lazily."""
    import polars as pl

    def run() -> list[float]:
        score = pl.col("score")
        answers = pl.scan_parquet(f"{folder}/*.parquet").filter((pl.col("metric") == "nps") & score.is_between(0, 10))
        x = pl.when(score >= 9).then(100.0).when(score >= 7).then(0.0).otherwise(-100.0)
        month = pl.col("answered_at").dt.convert_time_zone(ZONE).dt.truncate("1mo")
        rows = answers.select(*DIMENSIONS, "kind", x=x, month=month)
        sums = {"n": pl.len(), "wx": pl.col("x").sum(), "wxx": (pl.col("x") * pl.col("x")).sum()}
        found = rows.group_by([*DIMENSIONS, "kind", "month"]).agg(**sums).collect()
        return [len(found), int(found["n"].sum()), float(found["wx"].sum())]

    return run


def flat_pandas(folder: str) -> Callable[[], list[float]]:
    """The sums in pandas."""
    import numpy as np
    import pandas as pd

    def run() -> list[float]:
        wanted = [*DIMENSIONS, "kind", "metric", "score", "answered_at"]
        rows = pd.concat(pd.read_parquet(file, columns=wanted) for file in sorted(Path(folder).glob("*.parquet")))
        rows = rows[(rows["metric"] == "nps") & rows["score"].between(0, 10)]
        x = np.select([rows["score"] >= 9, rows["score"] >= 7], [100.0, 0.0], -100.0)
        month = rows["answered_at"].dt.tz_convert(ZONE).dt.tz_localize(None).dt.to_period("M")
        rows = rows.assign(x=x, xx=x * x, month=month)
        grouped = rows.groupby([*DIMENSIONS, "kind", "month"], observed=True, sort=False)
        found = grouped.agg(n=("x", "size"), wx=("x", "sum"), wxx=("xx", "sum"))
        return [len(found), int(found["n"].sum()), float(found["wx"].sum())]

    return run


def nps_duckdb(folder: str) -> Callable[[], list[float]]:
    """Clustered NPS in two-level SQL written by hand."""
    connection = _duckdb(folder)
    by = ", ".join(BY)
    sql = f"""
        WITH customers AS (
            SELECT {by}, kind, customer_id, count(*) AS n, sum(x) AS a FROM {_answers_sql(folder)} GROUP BY ALL)
        SELECT {by}, kind, sum(n) AS n, count(*) AS g, sum(a) AS wx,
               sum(a * a) AS aa, sum(a * n) AS ab, sum(n * n) AS bb
        FROM customers GROUP BY ALL"""

    def run() -> list[float]:
        values, errors, answers = [], [], 0
        for row in connection.execute(sql).to_arrow_table().to_pylist():
            n, g, mean = float(row["n"]), row["g"], row["wx"] / float(row["n"])
            squares = row["aa"] - 2 * mean * float(row["ab"]) + mean * mean * float(row["bb"])
            values.append(mean)
            errors.append(math.sqrt(g / (g - 1) * squares) / n)
            answers += int(n)
        return [answers, statistics.fmean(values), statistics.fmean(errors)]

    return run


def nps_pandas(folder: str) -> Callable[[], list[float]]:
    """Clustered NPS in pandas: every answer's residual, summed per customer, squared."""
    import numpy as np
    import pandas as pd

    def run() -> list[float]:
        wanted = [*BY, "customer_id", "metric", "score"]
        rows = pd.concat(pd.read_parquet(file, columns=wanted) for file in sorted(Path(folder).glob("*.parquet")))
        rows = rows[(rows["metric"] == "nps") & rows["score"].between(0, 10)]
        rows = rows.assign(x=np.select([rows["score"] >= 9, rows["score"] >= 7], [100.0, 0.0], -100.0))
        groups = rows.groupby(BY, observed=True, sort=False)["x"]
        rows = rows.assign(residual=rows["x"] - groups.transform("mean"))
        scores = rows.groupby([*BY, "customer_id"], observed=True, sort=False)["residual"].sum()
        squares = (scores**2).groupby(level=BY, observed=True).agg(["sum", "size"])
        whole = groups.agg(["mean", "size"]).reindex(squares.index)
        g = squares["size"]
        errors = np.sqrt(g / (g - 1) * squares["sum"]) / whole["size"]
        return [int(whole["size"].sum()), float(whole["mean"].mean()), float(errors.mean())]

    return run


def copy_duckdb(file: str, folder: str) -> Callable[[], list[float]]:
    """DuckDB's own way from CSV to Parquet: nothing checked, no keys, nothing set aside."""
    connection = _duckdb(folder)
    target = f"{folder}/copied.parquet"
    sql = f"COPY (SELECT * FROM read_csv('{file}')) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    return lambda: [connection.execute(sql).fetchall()[0][0]]


def drivers_crosstabs(folder: str) -> Callable[[], list[float]]:
    """LMG shares of twelve items, points only; the rows are in memory as it wants them before the clock starts."""
    import pandas as pd
    from crosstabs_mcp.market_research import key_driver_analysis

    frame = pd.concat(pd.read_parquet(file) for file in sorted(Path(folder).glob("*.parquet")))
    items = [name for name in frame.columns if name.startswith("item_")]
    rows = frame[[*items, "outcome"]].to_dict("records")

    def run() -> list[float]:
        found = key_driver_analysis(rows, "outcome", items)
        shares = {row["driver"]: row["shapley"] for row in found["drivers"]}
        return [shares[item] for item in items]

    return run


def buying_lifetimes(folder: str) -> Callable[[], Callable[[], list[float]]]:
    """BG/NBD by lifetimes; the histories are in memory before the clock starts."""
    import pandas as pd
    from lifetimes import BetaGeoFitter

    rows = pd.concat(pd.read_parquet(file) for file in sorted(Path(folder).glob("*.parquet")))
    x, last, age = (rows[name].to_numpy() for name in ("x", "last", "age"))

    def run() -> Callable[[], list[float]]:
        fitted = BetaGeoFitter().fit(x, last, age)
        found = [float(fitted.params_[name]) for name in ("r", "alpha", "a", "b")]
        return lambda: [_likelihood(*found, x, last, age), *found]

    return run


def _likelihood(r: float, alpha: float, a: float, b: float, x: Any, last: Any, age: Any) -> float:
    """The log-likelihood of Fader, Hardie and Lee (2005); lifetimes' own is that of times it has scaled."""
    import numpy as np
    from scipy.special import betaln, gammaln

    alive = -(r + x) * np.log(alpha + age)
    left = np.log(a / np.maximum(b + x - 1, 1e-300)) - (r + x) * np.log(alpha + last)
    both = np.where(x > 0, np.logaddexp(alive, left), alive)
    return float(np.sum(gammaln(r + x) - gammaln(r) + betaln(a, b + x) - betaln(a, b) + r * np.log(alpha) + both))


if __name__ == "__main__":
    main(
        {
            work.__name__: work
            for work in (
                *(flat_duckdb, flat_polars, flat_pandas, nps_duckdb, nps_pandas),
                *(copy_duckdb, drivers_crosstabs, buying_lifetimes),
            )
        }
    )
