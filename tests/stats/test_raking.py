"""Raking from cells gives what raking row by row gives, and its intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate
from touchstone.stats.design import Stage, survey_mean
from touchstone.stats.means import mean
from touchstone.stats.moments import Moments
from touchstone.stats.raking import CellWeights, Crossed, calibrated, rake_cells
from touchstone.stats.weights import Margin, median_weight, rake

TARGETS = {"old": {"n": 0.5, "y": 0.5}, "place": {"a": 0.2, "b": 0.3, "c": 0.5}}


class Sample:
    """Answers x of people in the cells of two margins, and their sums as the engine gives them."""

    def __init__(self, x: np.ndarray, who: np.ndarray, old: np.ndarray, place: np.ndarray) -> None:
        self.x, self.who, self.margins = x, who, {"old": old, "place": place}
        names = np.char.add(old, place)
        self.names, self.cell = np.unique(names, return_inverse=True)
        self.person = np.unique(who, return_inverse=True)[1]

    def weights(self, trim: float | None = None) -> CellWeights:
        n = np.bincount(self.cell).astype(float)
        wanted = [
            Margin("old", [name[0] for name in self.names], {k: v * n.sum() for k, v in TARGETS["old"].items()}),
            Margin("place", [name[1] for name in self.names], {k: v * n.sum() for k, v in TARGETS["place"].items()}),
        ]
        return rake_cells(n, n, n, wanted, trim=trim)

    def sums(self, weights: CellWeights) -> Moments:
        w = weights.factors[self.cell]
        inside = np.zeros((self.person.max() + 1, self.names.size))
        np.add.at(inside, (self.person, self.cell), w)
        a, b = np.bincount(self.person, w * self.x), np.bincount(self.person, w)
        crossed = Crossed(a=a @ inside, b=b @ inside, cells=inside.T @ inside, people=b.size)
        plain = Moments.of(self.x, w, self.who, centre=0.0)
        return calibrated(plain, np.bincount(self.cell, self.x), np.bincount(self.cell).astype(float), weights, crossed)


def drawn(seed: int, people: int = 220) -> Sample:
    """Old people answer half as often and are happier; one in three answers twice, now and then elsewhere."""
    chance = np.random.default_rng(seed)
    old = np.where(chance.random(people) < 1 / 3, "y", "n")
    place = chance.choice(list("abc"), people, p=[0.5, 0.3, 0.2])
    mood = 5 + 2 * (old == "y") + (place == "c") + chance.normal(0, 1, people)
    who = np.concatenate([np.arange(people), np.flatnonzero(chance.random(people) < 1 / 3)])
    where = place[who].copy()
    moved = chance.random(who.size) < 0.05
    where[moved] = chance.choice(list("abc"), int(moved.sum()))
    return Sample(mood[who] + chance.normal(0, 1, who.size), who, old[who], where)


def test_cells_give_the_mean_and_the_error_of_rows() -> None:
    sample = drawn(1)
    weights = sample.weights()
    found = sample.sums(weights)
    n = sample.x.size
    rows = rake(
        np.ones(n),
        [Margin(k, sample.margins[k], {c: v * n for c, v in shares.items()}) for k, shares in TARGETS.items()],
    )
    expected = survey_mean(sample.x, np.ones(n), [Stage(sample.who)], calibration=rows.calibration)
    np.testing.assert_allclose(weights.factors[sample.cell], rows.weights, rtol=1e-9)
    assert found.mean == pytest.approx(expected.value, rel=1e-12)
    assert found.mean_variance == pytest.approx(expected.variance, rel=1e-9)
    assert weights.design_effect == pytest.approx(rows.design_effect, rel=1e-9)
    assert weights.largest == pytest.approx(rows.largest, rel=1e-9)


def test_margins_that_explain_the_answers_make_the_error_smaller() -> None:
    sample = drawn(2)
    weights = sample.weights()
    ignoring = Moments.of(sample.x, weights.factors[sample.cell], sample.who)
    assert sample.sums(weights).mean_variance < 0.8 * ignoring.mean_variance


def test_weights_above_the_limit_are_refused_where_no_others_meet_the_margins() -> None:
    with pytest.raises(BadDefinition, match="No weights within"):
        drawn(3).weights(trim=1.5)
    assert drawn(3).weights(trim=20.0).trimmed == 0


def test_the_median_weight_counts_answers() -> None:
    assert median_weight(np.array([1.0, 5.0, 2.0]), np.array([1.0, 1.0, 8.0])) == 2.0
    assert median_weight(np.array([1.0, 3.0]), np.array([2.0, 2.0])) == 2.0


@pytest.mark.truth
def test_intervals_of_raked_means_hold_the_truth() -> None:
    """The population is half old and half of it in c: 5 + 2/2 + 1/2."""
    held = []
    for seed in range(300):
        sample = drawn(seed)
        result = mean(sample.sums(sample.weights()), unit="")
        assert isinstance(result, Estimate)
        held.append(result.low <= 6.5 <= result.high)
    assert 0.92 <= np.mean(held) <= 0.98
