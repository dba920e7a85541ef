"""What goes with a score: on designs and companies whose truth is known, and on the airport's passengers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import Simulated

from touchstone.core.errors import BadDefinition, Refused, UnknownName
from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.core.mapping import Mapping, Question, Take
from touchstone.core.metric import Metric, Score
from touchstone.engine.data import Data
from touchstone.measure.metrics import metric_named
from touchstone.simulate import designs
from touchstone.stats.gram import Gram
from touchstone.stats.importance import importances
from touchstone.understand.drivers import Drivers, drivers
from touchstone.workspace import Workspace

Records = Callable[..., list[dict[str, Any]]]
SURE = 0.995  # ten intervals of one simulated company are held to its truth at once
RATING = metric_named("overall_rating")
SFO_ITEMS = {
    "airtrain": "Q7AIRTRAIN", "art": "Q7ART", "food": "Q7FOOD", "info_arrivals": "Q7INFODOWN",
    "info_departures": "Q7INFOUP", "long_term_parking": "Q7LTPARKING", "parking": "Q7PARK", "rental": "Q7RENTAL",
    "roads": "Q7ROADS", "screens": "Q7SCREENS", "sign": "Q7SIGN", "store": "Q7STORE", "walkways": "Q7WALKWAYS",
    "wifi": "Q7WIFI",
}  # fmt: skip


# the airport


@pytest.fixture(scope="module")
def terminal(airport: Path) -> Drivers:
    told = drivers(Workspace.open(airport).data(), RATING, period="2017")
    assert isinstance(told, Drivers)
    return told


@pytest.fixture(scope="module")
def passengers(terminal: Drivers) -> list[dict[str, Any]]:
    return terminal.records()


@pytest.fixture(scope="module")
def answers_of_2017(real_data: Path) -> list[dict[str, str]]:
    file = real_data / "sfo_airport_survey" / "2017_SFO_Customer_Survey.csv"
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [{name.strip(): cell for name, cell in row.items() if name} for row in csv.DictReader(lines)]


@pytest.mark.real_data
def test_every_touchpoint_of_the_airport_is_there_with_who_answered_and_whom_it_does_not_concern(
    passengers: list[dict[str, Any]], answers_of_2017: list[dict[str, str]]
) -> None:
    rated = [row for row in answers_of_2017 if row["Q7ALL"] in {"1", "2", "3", "4", "5"}]
    expected = {
        item: (sum(row[column] in {"1", "2", "3", "4", "5"} for row in rated), sum(row[column] == "6" for row in rated))
        for item, column in SFO_ITEMS.items()
    }
    assert {row["item"]: (row["answered"], row["not_applicable"]) for row in passengers} == expected
    assert sum(skipped for _, skipped in expected.values()) > 9_000  # far more than half would go with complete rows


@pytest.mark.real_data
def test_every_share_has_an_interval_and_every_effect_a_sign(passengers: list[dict[str, Any]]) -> None:
    assert len(passengers) == 14
    for row in passengers:
        assert row["low"] < row["value"] < row["high"]
        assert row["effect_low"] < row["effect_value"] < row["effect_high"]
        assert 1 <= row["rank_low"] <= row["rank"] <= row["rank_high"] <= 14
        assert row["unit"] == "%"
        assert 1 < row["performance_low"] < row["performance_value"] < row["performance_high"] < 5
    assert [row["rank"] for row in passengers] == list(range(1, 15))
    food = next(row for row in passengers if row["item"] == "food")
    assert food["effect_low"] > 0
    assert food["label"] == "Restaurants"


@pytest.mark.real_data
def test_nearly_everybody_who_judged_the_airport_is_used(terminal: Drivers) -> None:
    assert terminal.used == 2_688
    assert min(row.answered for row in terminal.rows) < 900  # without those it does not concern there would be few


@pytest.mark.real_data
def test_shares_of_the_airport_sum_to_r_squared(terminal: Drivers) -> None:
    assert isinstance(terminal.r2, Estimate)
    assert sum(row.share.value for row in terminal.rows) == pytest.approx(terminal.r2.value, abs=1e-9)


@pytest.mark.real_data
def test_a_fifth_of_the_ratings_deleted_at_random_moves_no_share_beyond_its_interval(
    passengers: list[dict[str, Any]], real_data: Path, command: Callable[..., str], records: Records, tmp_path: Path
) -> None:
    source = real_data / "sfo_airport_survey" / "2017_SFO_Customer_Survey.csv"
    with source.open(encoding="utf-8-sig", newline="") as lines:
        header, *rows = list(csv.reader(lines))
    rng = np.random.default_rng(2017)
    places = [index for index, name in enumerate(header) if name.strip() in SFO_ITEMS.values()]
    assert len(places) == 14
    for row in rows:
        for place in places:
            if rng.random() < 0.2:
                row[place] = ""
    changed = io.StringIO()
    csv.writer(changed).writerows([header, *rows])
    file = tmp_path / source.name
    file.write_text(changed.getvalue(), encoding="utf-8")
    command("init", tmp_path / "holes")
    command("add", file, "-w", tmp_path / "holes")
    again = {row["item"]: row for row in records("drivers", "overall_rating", "-w", tmp_path / "holes")}
    assert sum(row["answered"] for row in again.values()) < 0.82 * sum(row["answered"] for row in passengers)
    together = sum(row["value"] for row in again.values())
    assert together == pytest.approx(sum(row["value"] for row in passengers), abs=3)
    for row in passengers:
        assert row["low"] <= again[row["item"]]["value"] <= row["high"], row["item"]


# a company whose truth is known


@pytest.fixture(scope="module")
def found(company: Simulated) -> Drivers:
    told = drivers(company.data, RATING, level=SURE)
    assert isinstance(told, Drivers)
    return told


def named(found: Drivers, touchpoint: str) -> Any:
    words = {"delivery": "delivery", "website": "website", "checkout": "ordering", "product": "product",
             "returns": "returns", "support": "service", "store": "stores"}[touchpoint]  # fmt: skip
    return next(row for row in found.rows if words in row.label.lower())


def test_the_weak_touchpoint_leads_and_is_to_be_fixed_first(company: Simulated, found: Drivers) -> None:
    weak = named(found, company.truth["drivers"]["weak_touchpoint"]["name"])
    assert found.rows[0] is weak
    assert weak.quadrant == "fix first"
    assert weak.rank[:2] == (1, 1)
    assert weak.effect.low > 0


def test_a_touchpoint_without_effect_is_not_mistaken_for_a_driver(company: Simulated, found: Drivers) -> None:
    truth = company.truth["drivers"]
    null = named(found, truth["null_touchpoint"]["name"])
    correlation = truth["overall"]["correlations"][truth["items"].index("website")]
    assert correlation > 0.4  # what naive tools would call important
    assert null.effect.low <= 0 <= null.effect.high
    assert null.quadrant != "fix first"


def test_shares_are_those_of_the_truth_within_their_intervals(company: Simulated, found: Drivers) -> None:
    truth = company.truth["drivers"]
    for touchpoint, share in zip(truth["items"], truth["overall"]["lmg"], strict=True):
        row = named(found, touchpoint)
        assert row.share.low <= 100 * share <= row.share.high, touchpoint
    assert isinstance(found.r2, Estimate)
    assert found.r2.low <= 100 * truth["overall"]["r_squared"] <= found.r2.high


def test_shares_sum_to_r_squared(found: Drivers) -> None:
    assert sum(row.share.value for row in found.rows) == pytest.approx(found.r2.value, abs=1e-9)


def test_who_never_used_a_touchpoint_is_neither_blank_nor_low(company: Simulated, found: Drivers) -> None:
    rows = [row for row in company.rows("survey.csv") if row["Survey"] == "relationship"]
    rows = [row for row in rows if row["Q2 Overall, how satisfied are you with us?"]]
    returns = named(found, "returns")
    ratings = [int(row["Q3_4 Returns and refunds"]) for row in rows if row["Q3_4 Returns and refunds"]]
    rated = [rating for rating in ratings if rating <= 5]
    assert (returns.answered, returns.not_applicable) == (len(rated), ratings.count(6))
    assert returns.performance.value == pytest.approx(np.mean(rated), abs=0.05)  # blanks count for what others say
    assert named(found, "delivery").not_applicable == 0


def test_kinds_are_not_pooled_and_what_is_left_out_is_said(found: Drivers) -> None:
    assert found.kind == "relationship"
    assert any(note.startswith("relationship answers only; kinds are never pooled") for note in found.notes)
    assert any("by maximum likelihood" in note for note in found.notes)
    assert "association" in found.notes[0] or "not what causes it" in found.notes[0]


def test_the_query_is_shown_and_runs(company: Simulated, found: Drivers) -> None:
    rows = company.data.engine.connection.raw_sql(found.sql).fetchall()
    assert len(rows) > 64  # groups times patterns


def test_items_may_be_named_and_neighbours_are_offered_for_a_wrong_name(company: Simulated, found: Drivers) -> None:
    names = [row.name for row in found.rows[:2]]
    two = drivers(company.data, RATING, items=names)
    assert isinstance(two, Drivers)
    assert {row.name for row in two.rows} == set(names)
    assert two.r2.value < found.r2.value
    with pytest.raises(UnknownName, match="q3_1_delivry"):
        drivers(company.data, RATING, items=["q3_1_delivry"])


# designs, end to end

D1 = Metric(
    name="whole",
    label="The whole",
    table="answers",
    unit="",
    form=Score(lowest=-20, highest=20),
    definition="",
    source="",
)


def wide(x: np.ndarray, y: np.ndarray, customers: np.ndarray | None = None) -> tuple[str, Mapping]:
    """Arrays as a wide file, blank where NaN and "-" where infinite (does not apply), and the mapping that reads it."""

    def cell(number: float) -> str:
        return "" if np.isnan(number) else "-" if np.isinf(number) else repr(float(number))

    head = ["id", "person", "y", *(f"x{j}" for j in range(x.shape[1]))]
    people = np.arange(len(y)) if customers is None else customers
    lines = [",".join(head)]
    lines += [",".join([str(i), f"P{people[i]}", cell(y[i]), *(cell(value) for value in x[i])]) for i in range(len(y))]
    asked = [Question(headers=("y",), question_id="y", metric="whole", scale=(-20, 20))]
    asked += [
        Question(headers=(name,), question_id=name, metric="part", scale=(-20, 20), not_applicable=("-",))
        for name in head[3:]
    ]
    columns = {"submission_id": Take(headers=("id",)), "customer_id": Take(headers=("person",))}
    mapping = Mapping(table="answers", source=Take(constant="design"), columns=columns, unpivot=tuple(asked))
    return "\n".join(lines) + "\n", mapping


def test_a_design_comes_out_as_it_went_in(imported: Callable[..., Data]) -> None:
    design = designs.d1(1_500, np.random.default_rng(5))
    text, mapping = wide(design.x, design.y)
    told = drivers(imported({"d1.csv": text}, mapping=mapping), D1)
    names = [f"x{j}" for j in range(6)]
    gram = Gram.of(np.column_stack([design.y, design.x]), columns=["y", *names])
    direct = importances(gram, "y", names)
    assert isinstance(told, Drivers)
    assert not isinstance(direct, NoEstimate)
    shares = {row.name: row.share.value / 100 for row in told.rows}
    np.testing.assert_allclose([shares[name] for name in names], direct.share, rtol=1e-8)
    assert told.r2.value / 100 == pytest.approx(direct.r2, rel=1e-9)
    assert (told.used, told.complete) == (1_500, 1_500)
    for name, truth in zip(names, design.lmg, strict=True):
        row = next(row for row in told.rows if row.name == name)
        assert row.share.low <= 100 * truth <= row.share.high


def test_blank_ratings_bend_no_share_where_complete_rows_would(imported: Callable[..., Data]) -> None:
    design = designs.d1(3_000, np.random.default_rng(6), missing="by overall")
    text, mapping = wide(design.x, design.y)
    told = drivers(imported({"d1.csv": text}, mapping=mapping), D1)
    assert isinstance(told, Drivers)
    assert told.complete < 0.4 * told.used
    for name, truth in zip((f"x{j}" for j in range(6)), design.lmg, strict=True):
        row = next(row for row in told.rows if row.name == name)
        assert row.share.low <= 100 * truth <= row.share.high, name


def test_what_does_not_apply_is_a_state_of_its_own(imported: Callable[..., Data]) -> None:
    rng = np.random.default_rng(8)
    n = 3_000
    first, second = rng.normal(0, 1, n), rng.normal(2, 1, n)
    used = rng.random(n) < 0.4
    y = first + used * (0.5 + 0.8 * (second - 2)) + rng.normal(0, 1, n)
    x = np.column_stack([first, np.where(used, second, np.inf)])
    text, mapping = wide(x, y)
    told = drivers(imported({"used.csv": text}, mapping=mapping), D1)
    assert isinstance(told, Drivers)
    assert (told.used, told.complete) == (n, n)  # nobody is thrown out, and nothing is guessed
    row = next(row for row in told.rows if row.name == "x1")
    assert (row.answered, row.not_applicable) == (used.sum(), n - used.sum())
    assert row.performance.value == pytest.approx(second[used].mean())
    columns = np.column_stack([y, first, np.where(used, second - second[used].mean(), 0.0), used])
    direct = importances(Gram.of(columns, columns=["y", "x0", "x", "u"]), "y", {"x0": ("x0",), "x1": ("x", "u")})
    assert not isinstance(direct, NoEstimate)
    assert row.share.value / 100 == pytest.approx(dict(zip(direct.items, direct.share, strict=True))["x1"], rel=1e-8)


def test_a_rare_does_not_apply_counts_as_blank_and_blows_nothing_up(imported: Callable[..., Data]) -> None:
    design = designs.d1(1_000, np.random.default_rng(12))
    skipped, blank = design.x.copy(), design.x.copy()
    skipped[:2, 2], blank[:2, 2] = np.inf, np.nan
    (text, mapping), (other, _) = wide(skipped, design.y), wide(blank, design.y)
    rare, none = (drivers(imported({"d.csv": words}, mapping=mapping), D1) for words in (text, other))
    assert isinstance(rare, Drivers)
    assert isinstance(none, Drivers)
    for one, same in zip(rare.rows, none.rows, strict=True):
        assert (one.share.value, one.share.se) == (pytest.approx(same.share.value), pytest.approx(same.share.se))
        assert one.share.high - one.share.low < 10
    assert next(row for row in rare.rows if row.name == "x2").not_applicable == 2
    assert any("too rare to be a state of its own" in note and note.endswith(": x2") for note in rare.notes)


def test_a_touchpoint_that_hardly_anybody_met_is_left_out_and_named(imported: Callable[..., Data]) -> None:
    rng = np.random.default_rng(13)
    design = designs.d1(1_000, rng)
    x = np.column_stack([design.x[:, 0], np.where(np.arange(1_000) < 5, rng.normal(0, 1, 1_000), np.inf)])
    text, mapping = wide(x, design.y)
    data = imported({"d.csv": text}, mapping=mapping)
    told = drivers(data, D1)
    assert isinstance(told, Drivers)
    assert [row.name for row in told.rows] == ["x0"]
    assert "rated by too few to tell, and left out: x1" in told.notes
    asked_for = drivers(data, D1, items=["x0", "x1"])
    assert isinstance(asked_for, NoEstimate)
    assert asked_for.reason == "only 5 answers hold both 'the score' and 'x1'; 10 are needed"


def test_answers_of_one_customer_are_one_witness(imported: Callable[..., Data]) -> None:
    """Each answer written down four times by its customer: the same shares, and intervals of the same width."""
    design = designs.d1(500, np.random.default_rng(9))
    once, mapping = wide(design.x, design.y)
    repeated, _ = wide(np.repeat(design.x, 4, axis=0), np.repeat(design.y, 4), np.repeat(np.arange(500), 4))
    one, four = (drivers(imported({"d.csv": text}, mapping=mapping), D1) for text in (once, repeated))
    assert isinstance(one, Drivers)
    assert isinstance(four, Drivers)
    for single, copied in zip(one.rows, four.rows, strict=True):
        assert copied.share.value == pytest.approx(single.share.value)
        assert copied.share.se == pytest.approx(single.share.se, rel=0.02)


def test_too_few_answers_are_a_reason_and_nothing_rated_is_refused(imported: Callable[..., Data]) -> None:
    design = designs.d1(20, np.random.default_rng(1))
    text, mapping = wide(design.x, design.y)
    few = drivers(imported({"d.csv": text}, mapping=mapping), D1)
    assert isinstance(few, NoEstimate)
    assert few.reason == "6 ratings need at least 30 answers; there are 20"
    data = imported({"s.csv": "ResponseId,Date,Overall satisfaction\nR1,2024-01-05,5\nR2,2024-01-06,3\n"})
    with pytest.raises(Refused, match="Nothing was rated beside"):
        drivers(data, RATING)
    with pytest.raises(BadDefinition, match="not a score of answers"):
        drivers(data, metric_named("sales"))


def test_records_are_plain_and_the_same_everywhere(found: Drivers) -> None:
    rows = found.records()
    assert len({tuple(row) for row in rows}) == 1
    assert json.loads(json.dumps(rows)) == rows
    assert rows[0]["metric"] == "overall_rating"


@pytest.mark.truth
def test_intervals_hold_the_truth_of_twenty_companies(tmp_path: Path) -> None:
    """Effects of the null touchpoint and of the weak one, and 140 shares, all at 95 %."""
    from touchstone.listen.add import add
    from touchstone.simulate import Company, write_company

    covered, held = {"website": 0, "delivery": 0}, 0
    for seed in range(20):
        folder = tmp_path / str(seed)
        truth = write_company(Company(customers=1_500, seed=seed), folder / "exports").truth["drivers"]
        workspace = Workspace.create(folder / "workspace", timezone="Europe/Berlin")
        add(workspace, [folder / "exports" / "customers.csv", folder / "exports" / "survey.csv"])
        data = workspace.data()
        told = drivers(data, RATING)
        assert isinstance(told, Drivers)
        for touchpoint in covered:
            effect = named(told, touchpoint).effect
            covered[touchpoint] += effect.low <= 0 <= effect.high
        for touchpoint, share in zip(truth["items"], truth["overall"]["lmg"], strict=True):
            row = named(told, touchpoint)
            held += row.share.low <= 100 * share <= row.share.high
        data.engine.close()
    assert covered["website"] >= 17
    assert 0.90 <= held / 140 <= 0.99
    assert covered["delivery"] == 0
