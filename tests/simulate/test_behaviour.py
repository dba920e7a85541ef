from __future__ import annotations

import numpy as np
import pytest

from touchstone.simulate import Company
from touchstone.simulate.asking import asked_yearly
from touchstone.simulate.behaviour import DELAY, HORIZON, potential
from touchstone.simulate.clock import Clock
from touchstone.simulate.scene import Scene, scene

STRONG = Company(customers=20_000, months=36, b_h=0.9, b_s=0.4)


@pytest.fixture(scope="module")
def block() -> Scene:
    return scene(STRONG, 0, Clock.of(STRONG))


@pytest.mark.parametrize("category", [1, 0, -1])
def test_members_leave_and_spend_as_their_opinion_and_the_truth_say(block: Scene, category: int) -> None:
    mind, life = block.mind, block.life
    first = mind.tau[:, 0]
    asked = asked_yearly(block.who, mind, life, block.clock)[:, 0] & (mind.stated.category[:, 0] == category)
    leave_3, leave_12, spend = (part[asked] for part in potential(STRONG, block.who, mind.log_tenure[:, 0], category))
    assert (leave_3 < leave_12).all()
    for months, expected in ((DELAY, leave_3), (HORIZON, leave_12)):
        left = life.left[asked] < first[asked] + months
        error = np.sqrt((expected * (1 - expected)).sum()) / len(left)
        assert left.mean() == pytest.approx(expected.mean(), abs=4 * error)
    since = block.bought.month - mind.month[block.bought.row, 0]
    within = (since >= 0) & (since < HORIZON)
    spent = np.bincount(block.bought.row[within], block.bought.cents[within] / 100, minlength=len(asked))[asked]
    assert spent.mean() == pytest.approx(spend.mean(), abs=4 * spent.std() / np.sqrt(len(spent)))


def test_an_opinion_changes_nothing_before_the_fourth_month(block: Scene) -> None:
    futures = [potential(STRONG, block.who, block.mind.log_tenure[:, 0], category) for category in (1, -1)]
    assert (futures[0][0] == futures[1][0]).all()
    assert (futures[0][1] < futures[1][1]).all()
    assert (futures[0][2] > futures[1][2]).all()


def test_the_halo_ties_touchpoints_and_the_null_one_to_its_neighbour(block: Scene) -> None:
    rating = block.mind.stated.rating[:, 0].astype(float)
    names = ("delivery", "checkout", "product", "returns", "support", "website", "store")
    r = np.corrcoef(rating, rowvar=False)
    between = {(one, other): r[i, j] for i, one in enumerate(names) for j, other in enumerate(names) if i < j}
    pair = between.pop(("checkout", "website"))
    assert pair > 0.65
    assert all(0.35 < value < 0.55 for value in between.values())


def test_a_low_support_rating_goes_with_a_slow_reply(block: Scene) -> None:
    asked = block.help_wanted
    rating = block.mind.stated.rating[asked.row, asked.wave, 4]
    hours = (asked.solved - asked.opened) / 3600
    assert np.median(hours[rating <= 2]) > 1.4 * np.median(hours[rating >= 5])
