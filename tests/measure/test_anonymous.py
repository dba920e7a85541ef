"""Answers that name nobody: from the file to the sentence, each submission counts as one."""

from __future__ import annotations

import csv
import random
import tomllib

import pytest

from touchstone.core.estimate import Estimate
from touchstone.core.mapping import from_toml
from touchstone.listen.add import add
from touchstone.measure.metrics import built_in
from touchstone.measure.score import score
from touchstone.measure.units import units
from touchstone.stats.moments import Moments
from touchstone.workspace import Workspace

MAPPING = """
table = "answers"

[columns]
submission_id = "Slip"
unit = "Store"
kind = { constant = "relationship" }

[[unpivot]]
from = "Service"
metric = "csat"
scale = [1, 5]

[[unpivot]]
from = "Choice"
metric = "csat"
scale = [1, 5]

[[unpivot]]
from = "Price"
metric = "csat"
scale = [1, 5]
"""


@pytest.fixture(scope="module")
def slips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, list[dict[str, str]]]:
    """Paper slips with three ratings each, and nobody's name on them."""
    folder = tmp_path_factory.mktemp("slips")
    chance = random.Random(9)
    rows = []
    for slip in range(150):
        mood = chance.gauss(3.6, 1)
        ratings = [str(min(5, max(1, round(mood + chance.gauss(0, 0.6))))) for _ in range(3)]
        rows.append(
            dict(
                zip(
                    ("Slip", "Store", "Service", "Choice", "Price"),
                    (f"s{slip}", "abcde"[slip % 5], *ratings),
                    strict=True,
                )
            )
        )
    with (folder / "slips.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    workspace = Workspace.create(folder / "workspace")
    add(workspace, [folder / "slips.csv"], mapping=from_toml(tomllib.loads(MAPPING)))
    return workspace, rows


def test_the_three_ratings_of_a_slip_are_not_three_people(slips: tuple[Workspace, list[dict[str, str]]]) -> None:
    workspace, rows = slips
    scores = score(workspace.data(), built_in()["csat"])
    (row,) = scores.rows
    x = [100.0 * (int(slip[name]) >= 4) for slip in rows for name in ("Service", "Choice", "Price")]
    by_slip = Moments.of(x, None, [slip["Slip"] for slip in rows for _ in range(3)])
    alone = Moments.of(x)
    assert isinstance(row.result, Estimate) and row.moments is not None
    assert (row.result.n, row.moments.clusters) == (450, 150)
    assert row.result.se == pytest.approx(by_slip.mean_variance**0.5)
    assert row.result.se > 1.3 * alone.mean_variance**0.5
    assert row.result.effective_n == pytest.approx(by_slip.effective_n) and row.result.effective_n < 300
    assert row.result.method == "Wilson, clustered"


def test_the_notes_say_who_counts_as_one(slips: tuple[Workspace, list[dict[str, str]]]) -> None:
    notes = score(slips[0].data(), built_in()["csat"]).notes
    assert any(note.startswith("no answer names a customer, so each submission counts as one") for note in notes)


def test_units_of_slips_are_compared_by_slip(slips: tuple[Workspace, list[dict[str, str]]]) -> None:
    workspace, rows = slips
    found = {row.name: row.score for row in units(workspace.data(), built_in()["csat"]).rows}
    assert set(found) == set("abcde")
    inside = [slip for slip in rows if slip["Store"] == "a"]
    x = [100.0 * (int(slip[name]) >= 4) for slip in inside for name in ("Service", "Choice", "Price")]
    expected = Moments.of(x, None, [slip["Slip"] for slip in inside for _ in range(3)])
    result = found["a"]
    assert isinstance(result, Estimate) and result.se == pytest.approx(expected.mean_variance**0.5)
