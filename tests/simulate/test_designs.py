from __future__ import annotations

import numpy as np
import pytest

from touchstone.core.errors import BadDefinition
from touchstone.simulate.designs import Missing, ValueLink, clustered_answers, d1, open_tickets, v1


def naive(design: ValueLink) -> tuple[float, float, float]:
    """Promoters minus detractors among responders: 12-month churn, 3-month churn, revenue."""
    promoters = design.responded & (design.category == 1)
    detractors = design.responded & (design.category == -1)
    left = design.churn_month > 0
    outcomes = (left, left & (design.churn_month <= 3), design.revenue)
    churn, early, revenue = (float(y[promoters].mean() - y[detractors].mean()) for y in outcomes)
    return churn, early, revenue


def test_v1_has_the_published_truth() -> None:
    design = v1(100_000, np.random.default_rng(1))
    assert design.true_churn_difference == pytest.approx(-0.0951, abs=0.001)
    assert design.true_churn_difference_3_months == 0
    assert design.true_revenue_difference == pytest.approx(64.2, abs=1.5)
    assert design.value_of_point == pytest.approx(321, abs=8)
    assert design.true_nps == pytest.approx(13.9, abs=1.0)


def test_v1_misleads_those_who_compare_responders() -> None:
    design = v1(100_000, np.random.default_rng(2))
    churn, early, revenue = naive(design)
    assert churn == pytest.approx(-0.1889, abs=0.02)
    assert early == pytest.approx(-0.0316, abs=0.01)
    assert revenue == pytest.approx(449.5, abs=40)
    assert 100 * design.category[design.responded].mean() == pytest.approx(35.9, abs=2)


def test_v2_has_no_effect_and_still_shows_a_gap() -> None:
    design = v1(50_000, np.random.default_rng(3), b_h=0, b_s=0)
    assert design.true_churn_difference == design.true_revenue_difference == design.value_of_point == 0
    churn, _, revenue = naive(design)
    assert churn == pytest.approx(-0.0989, abs=0.025)
    assert revenue == pytest.approx(378.3, abs=60)


def test_an_unseen_confounder_widens_the_naive_gap_and_not_the_truth() -> None:
    open_, hidden = (v1(50_000, np.random.default_rng(4), hidden_opinion=x, hidden_outcome=x) for x in (0, 0.7))
    assert naive(hidden)[0] < naive(open_)[0] - 0.05
    assert hidden.true_churn_difference == pytest.approx(open_.true_churn_difference, abs=0.01)


@pytest.mark.truth
def test_v1_reproduces_the_published_table_over_forty_replications() -> None:
    rows = []
    for seed in range(40):
        design = v1(20_000, np.random.default_rng(seed))
        shown = 100 * design.category[design.responded].mean()
        rows.append(
            (*naive(design), shown, design.true_nps, design.true_churn_difference, design.true_revenue_difference)
        )
    mean, error = np.mean(rows, axis=0), np.std(rows, axis=0) / np.sqrt(len(rows))
    published = np.array([-0.1889, -0.0316, 449.5, 35.9, 13.9, -0.0951, 64.2])
    rounding = np.array([5e-5, 5e-5, 0.05, 0.05, 0.05, 5e-5, 0.05])
    # both tables are simulations of this size, so they differ by up to about 3 √2 standard errors
    assert (np.abs(mean - published) <= 4.3 * error + rounding).all()


def test_d1_has_the_published_importances() -> None:
    design = d1(10, np.random.default_rng(1))
    assert design.lmg.round(4).tolist() == [0.1596, 0.1087, 0.0765, 0.0859, 0.0380, 0.0652]
    assert design.correlation[:-1, -1].round(3).tolist() == [0.667, 0.585, 0.543, 0.585, 0.435, 0.522]
    assert design.r_squared == pytest.approx(0.5340, abs=5e-5)


def test_d1_draws_what_its_truth_says() -> None:
    design = d1(200_000, np.random.default_rng(2))
    sample = np.corrcoef(np.column_stack([design.x, design.y]), rowvar=False)
    assert np.abs(sample - design.correlation).max() < 0.01
    beta = np.linalg.lstsq(design.x, design.y, rcond=None)[0]
    assert np.abs(beta - design.beta).max() < 0.015


@pytest.mark.parametrize(("missing", "column"), [("by value", 1), ("by overall", None), ("at random", -1)])
def test_d1_loses_answers_for_the_stated_reason(missing: Missing, column: int | None) -> None:
    rng = np.random.default_rng(3)
    complete, holed = d1(50_000, np.random.default_rng(3)), d1(50_000, rng, missing=missing)
    gone = np.isnan(holed.x)
    assert not gone[:, 0].any()
    assert gone[:, 2:].mean(axis=0) == pytest.approx([0.2] * 4, abs=0.01)
    assert (holed.x[~gone] == complete.x[~gone]).all()
    by_value = np.corrcoef(gone[:, 1], complete.x[:, 1])[0, 1]
    if column == -1:
        assert abs(by_value) < 0.02
        assert gone[:, 1].mean() == pytest.approx(0.45, abs=0.01)
    else:
        assert by_value < -0.2


def test_straight_liners_give_one_answer_to_everything() -> None:
    design = d1(20_000, np.random.default_rng(4), straight_liners=0.15)
    lazy = (design.x == design.y[:, None]).all(axis=1)
    assert lazy.mean() == pytest.approx(0.15, abs=0.01)


def test_clustered_answers_average_to_their_truth_and_agree_within_customers() -> None:
    design = clustered_answers(60_000, 3, np.random.default_rng(5), 0.4)
    nps = 100 * ((design.score >= 9).mean() - (design.score <= 6).mean())
    assert nps == pytest.approx(design.true_nps, abs=1.0)
    assert design.score.mean() == pytest.approx(design.true_mean, abs=0.03)
    by_customer = design.score.reshape(-1, 3)
    assert np.corrcoef(by_customer[:, 0], by_customer[:, 1])[0, 1] == pytest.approx(0.4, abs=0.03)
    assert np.bincount(design.customer).tolist() == [3] * 60_000


def test_open_tickets_hide_the_slow_ones() -> None:
    design = open_tickets(100_000, np.random.default_rng(6))
    assert design.closed.mean() == pytest.approx(0.46, abs=0.01)
    assert design.true_median_days == pytest.approx(6.93, abs=0.005)
    assert np.median(design.days[design.closed]) == pytest.approx(2.98, abs=0.05)


def test_the_same_seed_gives_the_same_design() -> None:
    one, other = (v1(500, np.random.default_rng(9)) for _ in range(2))
    assert (one.revenue == other.revenue).all()
    assert (one.churn_month == other.churn_month).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda rng: v1(0, rng),
        lambda rng: d1(0, rng),
        lambda rng: d1(10, rng, missing="by mood"),
        lambda rng: d1(10, rng, straight_liners=1.5),
        lambda rng: clustered_answers(0, 3, rng, 0.2),
        lambda rng: clustered_answers(5, 0, rng, 0.2),
        lambda rng: clustered_answers(5, 2, rng, 1.2),
        lambda rng: open_tickets(0, rng),
    ],
)
def test_a_design_that_makes_no_sense_is_refused(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadDefinition):
        call(np.random.default_rng(1))
