"""What the models of buying expect of customers, as scores: who is still active, and what each will be worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.core.metric import Forecast, Metric
from touchstone.engine.data import Data
from touchstone.engine.question import Question
from touchstone.measure.forecast import Models, fit_models, tested_models
from touchstone.measure.scores import Score, Scores
from touchstone.stats.clv import active


def expected(data: Data, metric: Metric, form: Forecast, by: Sequence[str], question: Question, level: float) -> Scores:
    """The forecast for a customer on average, of all who ever bought; BadDefinition for groups, filters and periods."""
    if by or question.where or question.period:
        raise BadDefinition(
            f"'{metric.name}' is told for all customers together.",
            hint="leave out --by, --where and --period; touchstone value tells it by band.",
        )
    if form.tells == "active":
        models = fit_models(data)
        result = _each(_still_active(models, level), models, 100.0, metric.unit)
    else:
        models = tested_models(data)
        worth = models.worth(models.customers, months=form.months, currency=data.currency, level=level)
        result = _each(worth, models, 1.0, data.currency, currency=data.currency)
    row = Score(group=(), result=result)
    return Scores(metric=metric, by=(), rows=(row,), sql=models.sql, data_number=data.number)


def _still_active(models: Models, level: float) -> Measured:
    if isinstance(models.buying, NoEstimate):
        return models.buying
    return active(models.buying, models.customers, level=level)


def _each(total: Measured, models: Models, times: float, unit: str, currency: str | None = None) -> Measured:
    """A total over all customers as what falls to each."""
    if isinstance(total, NoEstimate):
        return total
    share = times / models.customers.n
    value, low, high, se = (share * number for number in (total.value, total.low, total.high, total.se))
    each: Estimate = replace(total, value=value, low=low, high=high, se=se, unit=unit, currency=currency)
    return each
