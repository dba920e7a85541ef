"""Sums of answers on both engines, against a recount of the same rows in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines import world as made
from tests.engines.world import World

from touchstone.core.metric import Band, Metric, Score
from touchstone.engine.connect import DuckDB
from touchstone.engine.data import Data
from touchstone.engine.moments import FLAT_SUMS, SUMS, cross_sums, moments, points, replicate_sums
from touchstone.engine.people import replicate
from touchstone.engine.rows import Question, group_name, left_out, measured_rows
from touchstone.measure.metrics import built_in
from touchstone.stats.moments import Moments, PairMoments

NPS = built_in()["nps"]
Row = Mapping[str, Any]


def close(found: float, expected: float) -> bool:
    return found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def of(rows: Sequence[Row], centre: float, weight: str | None = None) -> Moments:
    w = [row[weight] if weight else 1.0 for row in rows]
    return Moments.of([row["x"] for row in rows], w, [row["cluster"] for row in rows], centre=centre)


def test_two_level_sums_by_attribute_and_month(data: Data, nps: list[dict[str, Any]]) -> None:
    by = ("region", "month")
    rows = measured_rows(data, NPS, Question(by=by))
    found = data.fetch(moments(rows, by, centre=3.0)).rows
    for row in nps:
        wave = {"2017-02": "2017-02", "2017-03-31": "2017-03"}.get(row["period"])
        row["month"] = made.label(row["day"], "month") if row["day"] else wave
    groups = made.grouped(nps, *by)
    assert len(found) == len(groups)
    for row in found:
        expected = of(groups[row["region"], row["month"]], 3.0)
        assert all(close(row[name], getattr(expected, name)) for name in SUMS)
    assert {"2017-03", None} <= {row["month"] for row in found}
    assert {"süd", "o'west", None} <= {row["region"] for row in found}


def test_weights_that_are_missing_zero_negative_or_not_numbers_count_for_nothing(
    data: Data, nps: list[dict[str, Any]]
) -> None:
    kept = [row for row in nps if row["weight"] is not None and row["weight"] > 0]
    texts = {"12": 12.0, " 7 ": 7.0, "1e2": 100.0}
    sized = [{**row, "w": texts[row["size"]]} for row in nps if row["size"] in texts]
    both = [moments(measured_rows(data, NPS, Question(weight=name)), (), centre=0.0) for name in ("weight", "size")]
    found = sorted(data.fetch(both[0].union(both[1])).rows, key=lambda row: int(row["n"]))
    for sums, expected in zip(found, (of(sized, 0.0, "w"), of(kept, 0.0, "weight")), strict=True):
        assert all(close(sums[name], getattr(expected, name)) for name in SUMS)


def test_sums_per_replicate_group(local: Data, nps: list[dict[str, Any]]) -> None:
    rows = measured_rows(local, NPS, Question(by=("region",), weight="weight"))
    found = local.fetch(replicate_sums(rows, ("region",), centre=-20.0, groups=64)).rows
    sums: dict[tuple[Any, int], np.ndarray] = {}
    for row in nps:
        if (w := row["weight"]) is not None and w > 0:
            x, place = row["x"] + 20.0, (row["region"], made.replicate(row["cluster"], 64))
            sums[place] = sums.get(place, np.zeros(5)) + np.array([1, w, w * w, w * x, w * x * x])
    assert len(found) == len(sums) == 4 * 64
    for row in found:
        expected = sums[row["region"], row["replicate"]]
        assert all(close(row[name], e) for name, e in zip(FLAT_SUMS, expected, strict=True))


def test_products_of_groups_that_share_customers(local: Data, nps: list[dict[str, Any]]) -> None:
    by = ("region", "quarter")
    rows = measured_rows(local, NPS, Question(by=by))
    found = local.fetch(cross_sums(rows, ["region"], "quarter", "2017-Q1", centre=0.0)).rows
    waves = {"2017-Q1": "2017-Q1", "2017-02": "2017-Q1", "2017-03-31": "2017-Q1"}
    for row in nps:
        row["quarter"] = made.label(row["day"], "quarter") if row["day"] else waves.get(row["period"])
    groups = made.grouped(nps, *by)
    who = {key: {row["cluster"] for row in rows} for key, rows in groups.items()}
    sharing = {key for key in groups if key[1] != "2017-Q1" and who[key] & who[key[0], "2017-Q1"]}
    assert {(row["region"], row["quarter"]) for row in found} == sharing
    assert ("nord", None) in sharing  # a wave without a date is another group, not no group
    for row in found:
        base, other = groups[row["region"], "2017-Q1"], groups[row["region"], row["quarter"]]
        both = [*base, *other]
        pair = PairMoments.of(
            [r["x"] for r in both], None, [r["cluster"] for r in both], [1] * len(base) + [2] * len(other)
        ).centred(0.0, 0.0)
        assert all(close(row[name], getattr(pair, name)) for name in ("aa", "ab", "ba", "bb"))
        assert row["shared"] == len(who[row["region"], row["quarter"]] & who[row["region"], "2017-Q1"])


def test_the_customers_latest_attribute_and_those_unknown(data: Data, world: World, nps: list[dict[str, Any]]) -> None:
    by = ("customer.segment", "attr_n")
    rows = measured_rows(data, NPS, Question(by=by))
    found = data.fetch(moments(rows, by, centre=0.0)).rows
    latest = made.latest(world, "segment")
    groups = made.grouped(({**row, "segment": latest.get(row["customer_id"])} for row in nps), "segment", "n")
    assert group_name("n") == "attr_n" and len(found) == len(groups)
    for row in found:
        expected = of(groups[row["customer.segment"], row["attr_n"]], 0.0)
        assert all(close(row[name], getattr(expected, name)) for name in SUMS)


def test_what_could_not_be_counted_is_counted(local: Data, world: World) -> None:
    form = NPS.form
    assert isinstance(form, Score)
    expected = {"skipped": 0, "another scale": 0, "outside the scale": 0, "without a weight": 0}
    columns = ("metric", "score", "scale_low", "scale_high", "weight")
    for metric, score, low, high, weight in world.rows("answers", *columns):
        if metric != "nps":
            continue
        other = low is not None and high is not None and (low, high) != (0.0, 10.0)
        expected["skipped"] += score is None
        expected["another scale"] += other
        expected["outside the scale"] += score is not None and not other and not 0 <= score <= 10
        expected["without a weight"] += score is not None and (weight is None or weight <= 0)
    assert left_out(local, NPS, form, Question(weight="weight")) == expected


def test_replicate_is_the_first_two_digits_of_md5(data: Data, clusters: dict[str, str]) -> None:
    customers = data.table("customers")
    query = data.clustered(customers.select("customer_id"), "customers")
    rows = data.fetch(query.mutate(all=replicate(query.cluster), some=replicate(query.cluster, 64))).rows
    assert len(rows) == 12_000
    for row in rows:
        assert row["cluster"] == clusters.get(row["customer_id"], row["customer_id"])
        assert (row["all"], row["some"]) == (made.replicate(row["cluster"]), made.replicate(row["cluster"], 64))
    assert {row["cluster"].split(":")[0] for row in rows} == {"account", "crm"}


BANDS = (
    Score(lowest=0, highest=10, bands=(Band(0, -100), Band(7, 0), Band(9, 100))),
    Score(lowest=1, highest=5, bands=(Band(1, 0), Band(4, 100))),
    Score(lowest=-3, highest=3, bands=(Band(-3, 1), Band(-2.5, 2), Band(3, 3))),
    Score(lowest=1, highest=7),
)


def test_points_of_half_answers_and_the_ends_of_bands(data: Data) -> None:
    answers = data.table("answers").filter(lambda t: t.metric == "ces").select("score").distinct()
    query = answers.mutate(**{f"p{i}": points(answers.score, form) for i, form in enumerate(BANDS)})
    rows = data.fetch(query).rows
    assert {8.5, 0.0, 11.0, None} <= {row["score"] for row in rows}
    for row in rows:
        for i, form in enumerate(BANDS):
            assert row[f"p{i}"] == (None if row["score"] is None else form.points(row["score"]))


@st.composite
def scales(draw: st.DrawFn) -> Score:
    ends = draw(st.lists(st.integers(-40, 40), min_size=2, max_size=7, unique=True))
    starts = sorted(end / 4 for end in ends)
    low = [Band(start, draw(st.integers(-100, 100))) for start in starts[:-1]]
    return Score(lowest=starts[0], highest=starts[-1], bands=tuple(draw(st.sampled_from([low, []]))))


@given(form=scales(), answers=st.lists(st.integers(-45, 45).map(lambda i: i / 4), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_the_query_scores_an_answer_as_the_definition_does(duckdb: DuckDB, form: Score, answers: list[float]) -> None:
    given_rows = duckdb.given(pa.table({"score": answers, "place": range(len(answers))}))
    rows = duckdb.fetch(given_rows.mutate(x=points(given_rows.score, form)).order_by("place")).rows
    assert [row["x"] for row in rows] == [form.points(answer) for answer in answers]


def test_a_metric_without_bands_is_the_mean_of_its_answers(local: Data, world: World) -> None:
    mean = Metric(name="ces_mean", label="", table="answers", unit="", form=Score(lowest=1, highest=7, answers="ces"))
    rows = made.scored(world, "ces", {"scale": (1.0, 7.0), "of": lambda score: score})
    found = local.fetch(moments(measured_rows(local, mean, Question()), (), centre=4.0)).rows[0]
    assert all(close(found[name], getattr(of(rows, 4.0), name)) for name in SUMS)
