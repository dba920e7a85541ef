from __future__ import annotations

from dataclasses import replace

import pytest
from tests.report.sample import TREND, VALUE, estimate, rich

from touchstone.core.errors import BadDefinition
from touchstone.report.story import Event, Point, ValueRow


def test_a_figure_without_its_method_is_refused() -> None:
    story = rich()
    with pytest.raises(BadDefinition, match="'value'"):
        replace(story, methods=tuple(method for method in story.methods if method.key != "value"))


def test_two_methods_cannot_share_a_key() -> None:
    story = rich()
    with pytest.raises(BadDefinition, match="share a key"):
        replace(story, methods=(*story.methods, story.methods[0]))


def test_an_event_lies_in_a_period_of_its_trend() -> None:
    with pytest.raises(BadDefinition, match="at 2019"):
        replace(TREND, events=(Event("2019", "before all"),))


def test_a_trend_names_each_period_once() -> None:
    with pytest.raises(BadDefinition, match="twice"):
        replace(TREND, points=(Point("Dec", estimate(1, 1, 9)), Point("Dec", estimate(2, 1, 9))), events=())


def test_amounts_of_score_groups_carry_no_grade() -> None:
    graded = replace(estimate(642, 14, 9, "EUR", "EUR"), grade="correlation only")
    with pytest.raises(BadDefinition, match="evidence grade"):
        replace(VALUE, rows=(ValueRow("Promoters", 9, graded, estimate(1, 1, 9)),))
