"""Answers weighted to known margins: reference values of R's survey package, and a recount row by row."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.measure.company import Company, answers

from touchstone.core.errors import BadDefinition, BadFile, UnknownName
from touchstone.core.estimate import Estimate
from touchstone.core.metric import Metric, Score
from touchstone.measure.margins import checked, read_margins
from touchstone.measure.metrics import built_in
from touchstone.measure.score import score
from touchstone.stats.design import Stage, survey_mean
from touchstone.stats.weights import Margin, rake

SCHOOLS = Path(__file__).parents[1] / "reference" / "api_clustered.csv"
NPS = built_in()["nps"]
API = Metric(name="api", label="API", table="answers", unit="", form=Score(lowest=0, highest=1000))
TYPES = {"E": 4421, "H": 755, "M": 1018}
WIDE = {"No": 1072, "Yes": 5122}


def estimate(result: Any) -> Estimate:
    assert isinstance(result, Estimate), result
    return result


def schools() -> list[dict[str, Any]]:
    with SCHOOLS.open() as file:
        rows = list(csv.DictReader(file))
    return [
        answers(
            [float(row["api00"])],
            metric="api",
            start=place,
            customer_id=f"d{row['dnum']}",
            weight=float(row["pw"]),
            stype=row["stype"],
            wide=row["sch.wide"],
        )[0]
        for place, row in enumerate(rows)
    ]


def test_the_raked_mean_and_its_error_are_those_of_r(company: Company) -> None:
    found = score(company.data(answers=schools()), API, weight="weight", rake=checked({"stype": TYPES, "wide": WIDE}))
    result = estimate(found.rows[0].result)
    assert result.value == pytest.approx(641.2303, abs=5e-5)
    # R knows that 15 of 757 districts were drawn; here they count as drawn from many
    assert result.se * np.sqrt(1 - 15 / 757) == pytest.approx(23.70362, abs=5e-5)
    assert found.raking is not None
    assert found.raking.kish == pytest.approx(1.0516566956, rel=1e-9)
    for line in found.raking.margins:
        assert line.after == pytest.approx(line.target, rel=1e-9)


def many(seed: int, n: int = 600) -> list[dict[str, Any]]:
    """Customers with one to five answers, some in several regions, of different weight."""
    chance = random.Random(seed)
    return [
        answers(
            [float(min(10, max(0, round(chance.gauss(7, 2)))))],
            start=place,
            customer_id=f"c{chance.randrange(n // 3)}",
            weight=chance.choice([0.5, 1.0, 2.5]),
            region=chance.choice("nnnsw"),
            plan=chance.choice(["free", "free", "paid"]),
            team=chance.choice("xyz"),
        )[0]
        for place in range(n)
    ]


MARGINS = {"region": {"n": 0.3, "s": 0.3, "w": 0.4}, "plan": {"free": 40.0, "paid": 60.0}}


@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize("by", [None, "team", "region"])
def test_every_group_is_a_recount_row_by_row(company: Company, weight: str | None, by: str | None) -> None:
    rows = many(1)
    margins = checked(MARGINS)
    found = score(company.data(answers=rows), NPS, by=[by] if by else [], weight=weight, rake=margins, trim=None)
    base = np.array([row["weight"] if weight else 1.0 for row in rows])
    wanted = [Margin(t.column, [row[t.column] for row in rows], t.scaled(base.sum())) for t in margins.targets]
    weighting = rake(base, wanted)
    x = np.array([100.0 if row["score"] >= 9 else 0.0 if row["score"] >= 7 else -100.0 for row in rows])
    stages = [Stage(np.array([row["customer_id"] for row in rows]))]
    for line in found.rows:
        inside = np.array([by is None or row[by] == line.group[0] for row in rows])
        expected = survey_mean(x, base, stages, calibration=weighting.calibration, among=inside)
        assert estimate(line.result).value == pytest.approx(expected.value, rel=1e-9)
        assert estimate(line.result).se == pytest.approx(expected.variance**0.5, rel=1e-9)
    assert found.raking is not None and found.raking.kish == pytest.approx(weighting.design_effect, rel=1e-9)
    assert found.raking.largest >= 1 and (found.raking.design_effect or 0) > 0


def test_large_weights_are_cut_and_the_margins_still_met(company: Company) -> None:
    rows = [row | {"region": "w" if place < 6 else "n"} for place, row in enumerate(many(2))]
    margins = checked({"region": {"n": 0.7, "w": 0.3}, "plan": {"free": 0.6, "paid": 0.4}})
    free = score(company.data(answers=rows), NPS, rake=margins, trim=None)
    assert free.raking is not None and free.raking.largest > 20
    with pytest.raises(BadDefinition, match="No weights within 5 times"):
        score(company.data(answers=rows), NPS, rake=margins)


def test_a_score_of_a_skewed_sample_is_brought_to_its_population(company: Company) -> None:
    rows = [*answers([10.0] * 80, plan="paid"), *answers([0.0] * 20, start=80, plan="free")]
    data = company.data(answers=rows)
    half = checked({"plan": {"paid": 1000, "free": 1000}})
    assert estimate(score(data, NPS).rows[0].result).value == pytest.approx(60)
    found = score(data, NPS, rake=half)
    assert estimate(found.rows[0].result).value == pytest.approx(0, abs=1e-9)
    assert "weighted to known plan" in found.sentence()
    assert [round(line.after) for line in found.raking.margins] == [1000, 1000]  # type: ignore[union-attr]


def test_margins_that_the_answers_cannot_meet_are_refused_by_name(company: Company) -> None:
    data = company.data(answers=[*many(3), *answers([5.0], start=700, plan="free", region=None)])
    with pytest.raises(BadDefinition, match="'region' gives no population for none"):
        score(data, NPS, rake=checked(MARGINS))
    kept = "region is not null"
    with pytest.raises(BadDefinition, match="Nobody answered in east"):
        score(data, NPS, where=kept, rake=checked({"region": {"n": 1, "s": 1, "w": 1, "east": 3}}))
    with pytest.raises(UnknownName, match="plann"):
        score(data, NPS, where=kept, rake=checked({"plann": {"free": 0.5, "paid": 0.5}}))
    with pytest.raises(BadDefinition, match="Changes are not tested"):
        score(data, NPS, by=["year"], baseline="2017", rake=checked(MARGINS))
    with pytest.raises(BadDefinition, match="nobody to weight"):
        score(
            company.data(tickets=[{"ticket_id": "t", "opened_at": answers([1])[0]["answered_at"], "reopened": 1}]),
            built_in()["reopened"],
            rake=checked(MARGINS),
        )


def test_margins_are_read_from_toml_and_from_csv(tmp_path: Path) -> None:
    toml, table = tmp_path / "m.toml", tmp_path / "m.csv"
    toml.write_text("[region]\nn = 0.3\ns = 0.3\nw = 0.4\n[plan]\nfree = 40\npaid = 60\n")
    table.write_text("margin,category,target\nregion,n,0.3\nregion,s,0.3\nregion,w,0.4\nplan,free,40\nplan,paid,60\n")
    assert read_margins(toml) == read_margins(table) == checked(MARGINS)
    assert checked(MARGINS).total is None
    assert checked({"plan": {"free": 40, "paid": 80}}).total == 120


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[region]\nn = 0.3\ns = 0.3\n", "add up to 0.6"),
        ("[region]\nn = 30\ns = 90\n[plan]\nfree = 50\npaid = 80\n", "counts 120 and 'plan' counts 130"),
        ("[region]\nn = -1\ns = 2\n", "above nought"),
        ('[region]\nn = "many"\ns = 2\n', "'many'"),
        ("region = 3\n", "no categories"),
        ("", "no margins"),
    ],
)
def test_margins_that_contradict_themselves_are_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text(text)
    with pytest.raises(BadDefinition, match=words):
        read_margins(path)


def test_files_that_are_no_margins_are_refused(tmp_path: Path) -> None:
    for name, content in {"a.toml": b"[region\n", "b.csv": b"a,b\n1,2\n", "c.toml": b"\xff\xfe\x00"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadFile):
            read_margins(tmp_path / name)
    with pytest.raises(BadFile, match="No such file"):
        read_margins(tmp_path / "none.toml")
