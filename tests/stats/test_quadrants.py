from __future__ import annotations

import numpy as np
import pytest

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import NoEstimate
from touchstone.stats.gram import Grams
from touchstone.stats.importance import Drivers, importances_with_intervals
from touchstone.stats.quadrants import Quadrants, place

NAMES = ("help", "price", "app", "shop")
PERFORMANCE = np.array([5.0, 8.0, 5.2, 8.1])
IMPORTANCE = np.array([0.20, 0.22, 0.05, 0.04])


def left_out(theta: np.ndarray, se: float, seed: int, groups: int = 64) -> np.ndarray:
    """Leave-one-group-out values whose jackknife standard error is about `se`."""
    noise = np.random.default_rng(seed).normal(size=(groups, len(theta)))
    return theta + noise * se / np.sqrt(groups - 1)


def placed(se: float, **how: float) -> Quadrants:
    found = place(NAMES, PERFORMANCE, IMPORTANCE, left_out(PERFORMANCE, se, 1), left_out(IMPORTANCE, se / 20, 2), **how)
    assert isinstance(found, Quadrants)
    return found


def test_clear_cases_are_named() -> None:
    found = placed(0.2)
    assert [item.quadrant for item in found.items] == ["fix first", "keep up", "low priority", "possible overkill"]
    assert found.performance_cut == pytest.approx(PERFORMANCE.mean())
    assert found.importance_cut == pytest.approx(IMPORTANCE.mean())


def test_when_the_data_disagree_with_themselves_nothing_is_said() -> None:
    found = placed(3.0)
    assert {item.quadrant for item in found.items} == {"undetermined"}
    assert all(item.agreement < 0.8 for item in found.items)


def test_one_item_on_the_line_leaves_the_others_determined() -> None:
    performance = np.array([5.0, 8.0, 6.5, 6.5])
    found = place(NAMES, performance, IMPORTANCE, left_out(performance, 0.2, 1), left_out(IMPORTANCE, 0.01, 2))
    assert isinstance(found, Quadrants)
    assert [item.quadrant for item in found.items] == ["fix first", "keep up", "undetermined", "undetermined"]
    assert 0.4 < found.items[2].agreement < 0.65


def test_agreement_is_the_normal_probability_of_the_gap() -> None:
    # two items: x = ±d/2 around the cut with se of the difference √2·s, importance certain
    from scipy.stats import t

    performance, importance = np.array([1.0, 0.0]), np.array([0.3, 0.1])
    raw = np.random.default_rng(3).normal(size=(64, 2))
    raw -= raw.mean(axis=0)
    left = performance + raw * 0.7 / np.sqrt(63 / 64 * (raw**2).sum(axis=0))
    found = place(NAMES[:2], performance, importance, left, np.tile(importance, (64, 1)), draws=40_000)
    assert isinstance(found, Quadrants)
    gap = (left[:, 0] - left[:, 1]) - (left[:, 0] - left[:, 1]).mean()
    se = np.sqrt(63 / 64 * (gap**2).sum())
    assert found.items[0].agreement == pytest.approx(t.cdf(1 / se, 63), abs=0.01)


def test_draws_are_seeded() -> None:
    assert placed(0.8) == placed(0.8)
    assert placed(0.8) != placed(0.8, seed=2)


def test_drivers_feed_the_map_with_their_replicates() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal([5.0, 8.0, 5.0, 8.0], 1.0, size=(4000, 4))
    y = x @ [0.8, 0.8, 0.1, 0.1] + rng.normal(size=4000)
    grams = Grams.of(np.column_stack([x, y]), np.arange(4000) % 64, columns=(*NAMES, "y"), groups=64)
    drivers = importances_with_intervals(grams, "y", NAMES)
    assert isinstance(drivers, Drivers)
    shares = [item.share.value for item in drivers.items if not isinstance(item.share, NoEstimate)]
    found = place(NAMES, grams.total().mean[:4], shares, grams.without_each().mean[:, :4], drivers.replicates)
    assert isinstance(found, Quadrants)
    assert [item.quadrant for item in found.items] == ["fix first", "keep up", "low priority", "possible overkill"]


def test_too_little_gives_a_reason() -> None:
    one = place(["a"], [1.0], [1.0], np.ones((64, 1)), np.ones((64, 1)))
    assert isinstance(one, NoEstimate)
    few = place(NAMES, PERFORMANCE, IMPORTANCE, left_out(PERFORMANCE, 1, 1, 4), left_out(IMPORTANCE, 1, 1, 4))
    assert isinstance(few, NoEstimate)
    assert "4 groups" in few.reason
    with pytest.raises(BadDefinition, match="Every item"):
        place(NAMES, PERFORMANCE[:3], IMPORTANCE, np.ones((64, 4)), np.ones((64, 4)))
