"""What employees believe of customers, held against what customers said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.core.metric import Gap, Metric
from touchstone.core.metric import Score as ScoreForm
from touchstone.engine.data import Data
from touchstone.engine.moments import moments
from touchstone.engine.question import Question
from touchstone.engine.rows import measured_rows
from touchstone.measure.scores import Group, Score, Scores, group_of
from touchstone.measure.sums import to_moments
from touchstone.stats.differences import difference
from touchstone.stats.means import mean
from touchstone.stats.moments import Moments

EMPLOYEE = "employee"


def perceived(data: Data, metric: Metric, form: Gap, by: Sequence[str], question: Question, level: float) -> Scores:
    """Mean belief of employees less the mean of customers' answers, per group, and per kind of customers' answers.

    d ± t √(se₁² + se₂²): employees and customers are other people (Welch).
    """
    asked = ScoreForm(lowest=form.lowest, highest=form.highest, answers=form.less)
    said, beliefs = (replace(metric, form=one) for one in (asked, replace(asked, answers=form.of, kind=EMPLOYEE)))
    believed, _ = _sums(data, beliefs, question)
    answered, sql = _sums(data, said, question)
    customers = {key: sums for key, sums in answered.items() if key[1] != EMPLOYEE}
    if len({kind for _, kind in customers}) > 1 and "kind" not in by:
        by = (*by, "kind")
    rows = []
    for (group, kind), sums in sorted(customers.items(), key=lambda one: [str(value) for value in one[0]]):
        own = believed.get((_without_kind(group, question), EMPLOYEE))
        result = _gap(metric, form, own, sums, level)
        name = group if len(group) == len(by) else (*group, kind)
        rows.append(Score(group=name, result=result, kind=EMPLOYEE, people=own.clusters if own else 0))
    if not rows and not by:
        rows = [Score(group=(), result=NoEstimate(f"no customers' answers to '{form.less}' fit the question", 0))]
    return Scores(metric=metric, by=tuple(by), rows=tuple(rows), sql=sql, data_number=data.number)


def _without_kind(group: Group, question: Question) -> Group:
    return tuple(EMPLOYEE if name == "kind" else value for name, value in zip(question.by, group, strict=True))


def _sums(data: Data, metric: Metric, question: Question) -> tuple[dict[tuple[Group, str], Moments], str]:
    form = metric.form
    assert isinstance(form, ScoreForm)  # noqa: S101  made above
    centre = (form.lowest + form.highest) / 2
    keys = list(dict.fromkeys((*question.by, "kind")))
    fetched = data.fetch(moments(measured_rows(data, metric, question), keys, centre=centre))
    found = {(group_of(row, question.by), row["kind"]): to_moments(row, centre) for row in fetched.rows}
    return found, fetched.sql


def _gap(metric: Metric, form: Gap, beliefs: Moments | None, said: Moments, level: float) -> Measured:
    if beliefs is None:
        return NoEstimate(f"no employees answered '{form.of}'", 0)
    ends = {"lowest": form.lowest, "highest": form.highest}
    customers, employees = (mean(sums, unit=metric.unit, level=level, **ends) for sums in (said, beliefs))
    gap = difference(customers, employees)
    return replace(gap, method="employees' mean less customers' mean, Welch") if isinstance(gap, Estimate) else gap
