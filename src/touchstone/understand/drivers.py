"""What goes with a score: how much of its variation each rated touchpoint accounts for, with interval and sign."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from touchstone.core.errors import BadDefinition, Refused, UnknownName
from touchstone.core.estimate import Estimate, Measured, NoEstimate, record
from touchstone.core.metric import Metric, Score
from touchstone.core.period import Period
from touchstone.core.where import parse_where
from touchstone.engine.battery import FEWEST, OUTCOME, Item, battery, people_in, rated_items
from touchstone.engine.data import Data
from touchstone.engine.grams import GROUPS, gram_sums, pattern_moments
from touchstone.engine.rows import Question
from touchstone.measure.kinds import of_one_kind
from touchstone.measure.released import given_out, refuse_clash
from touchstone.measure.suppress import protects
from touchstone.stats.importance import ANSWERS_PER_COLUMN, importances_from
from touchstone.stats.importance import Driver as ItemShare
from touchstone.stats.importance import Drivers as Shares
from touchstone.stats.missing import Fitted, fit
from touchstone.stats.moments import critical
from touchstone.stats.quadrants import Quadrants, place


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One item. `share`: the part of R² that goes to it (Shapley), in percent of the score's variation; no sign.

    `effect`: the change of the score per standard deviation of the rating, the others held equal: its sign and size.
    `not_applicable` is None where so few said so that it is hidden.
    `performance`: the mean rating among those it applies to. `quadrant` is "undetermined" unless 80 % of draws agree.
    """

    name: str
    label: str
    answered: int
    not_applicable: int | None
    share: Measured
    effect: Measured
    performance: Measured
    rank: tuple[int, int, int]
    vif: float
    quadrant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """The items of one metric by importance. `r2`: their part of the score's variation together, in %."""

    metric: Metric
    rows: tuple[Driver, ...]
    r2: Measured
    used: int
    complete: int
    dropped: tuple[str, ...]
    sql: str
    data_number: int
    notes: tuple[str, ...]
    kind: str = ""  # of the answers, see `measure.kinds`

    def records(self) -> list[dict[str, object]]:
        """One flat record per item."""
        rows: list[dict[str, object]] = []
        for row in self.rows:
            flat: dict[str, object] = {"item": row.name, "label": row.label, "metric": self.metric.name}
            flat |= {"answered": row.answered, "not_applicable": row.not_applicable}
            flat |= record(row.share)
            for name, measured in (("effect", row.effect), ("performance", row.performance)):
                flat |= {f"{name}_{key}": record(measured)[key] for key in ("value", "low", "high", "reason")}
            flat |= {"rank": row.rank[0], "rank_low": row.rank[1], "rank_high": row.rank[2]}
            rows.append(flat | {"vif": row.vif, "quadrant": row.quadrant})
        return rows


def drivers(
    data: Data,
    metric: Metric,
    *,
    items: Sequence[str] = (),
    where: str = "",
    weight: str | None = None,
    period: str | None = None,
    level: float = 0.95,
    for_release: bool = False,
) -> Drivers | NoEstimate:
    """Shapley shares of R² (LMG; Johnson's weights beyond 15 items) with intervals clustered by customer.

    `items` are question ids; without them the touchpoint ratings that stand beside the metric's answers. Blank ratings
    are handled by maximum likelihood, "not applicable" ones as their own state. Association, not cause. NoEstimate
    when there are too few answers; Refused when nothing was rated beside the score. Where anonymity was promised, or
    `for_release`, nothing is told of fewer than ten people, nor of an item that fewer than ten rated.
    """
    if not isinstance(metric.form, Score):
        raise BadDefinition(
            f"'{metric.name}' is not a score of answers, so nothing is rated beside it.",
            hint="choose one that is, such as nps or overall_rating: touchstone metrics lists them.",
        )
    if not data.has("answers"):
        raise Refused("There are no answers yet.", hint="import a survey: touchstone add survey.csv")
    question = Question(where=parse_where(where), weight=weight, period=Period.parse(period) if period else None)
    one = of_one_kind(data, metric, question)
    protected = protects(data, metric, question, one.kind, for_release=for_release)
    question, unheard = one.question, list[str]()
    chosen = _chosen(rated_items(data, metric, question), items, metric)
    if protected or not items:  # what hardly anybody rated tells nothing, and would leave nothing told of the others
        chosen, unheard = _heard(chosen)
    if not chosen:
        return NoEstimate(f"no touchpoint was rated by {FEWEST} people", 0)
    rows, columns = battery(data, metric, question, chosen)
    names = [name for group in columns.values() for name in group]
    with data.engine.kept(rows) as kept:
        if protected and people_in(data, kept) < FEWEST:
            return NoEstimate(f"hidden: fewer than {FEWEST} people answered", None)
        moments = pattern_moments(data.engine, kept, [OUTCOME, *names])
        answers, needed = int(moments.n.sum()), ANSWERS_PER_COLUMN * max(len(names), 2)
        if answers < needed:
            return NoEstimate(f"{len(chosen)} ratings need at least {needed} answers; there are {answers}", answers)
        fitted = fit(moments)
    if isinstance(fitted, NoEstimate):
        return _in_words(fitted, columns)
    shares = importances_from(fitted.gram, fitted.without, OUTCOME, columns, level=level, unit="points")
    if isinstance(shares, NoEstimate):
        return _in_words(shares, columns)
    sql = data.engine.sql(gram_sums(rows, [OUTCOME, *names], centre=moments.centre, groups=GROUPS, patterns=True))
    found = _told(data, metric, chosen, columns, fitted, shares, sql, level)
    remarks = [f"rated by too few to tell, and left out: {', '.join(unheard)}"] if unheard else []
    found = replace(found, kind=one.kind, notes=(*found.notes, *remarks, *([one.remark] if one.remark else [])))
    if not protected:
        return found
    refuse_clash(data, metric, question)
    found = _without_few(found, chosen)
    return replace(found, notes=(*found.notes, *given_out(data, metric, question)))


def _without_few(found: Drivers, items: Sequence[Item]) -> Drivers:
    """`found` without the number of those who said that an item does not apply, where they are too few to be told."""
    few = {item.question_id for item in items if 0 < item.skippers < FEWEST}
    return replace(
        found, rows=tuple(replace(row, not_applicable=None) if row.name in few else row for row in found.rows)
    )


def _heard(items: Sequence[Item]) -> tuple[list[Item], list[str]]:
    """The items that enough people rated, and the names of the others."""
    few = [item.question_id for item in items if item.raters < FEWEST]
    return [item for item in items if item.raters >= FEWEST], few


def _in_words(reason: NoEstimate, columns: Mapping[str, tuple[str, ...]]) -> NoEstimate:
    """A reason that names the ratings rather than the columns they were put into."""
    names = {OUTCOME: "the score"} | {column: item for item, group in columns.items() for column in group}
    return NoEstimate(
        re.sub(rf"\b(?:[xu]\d+|{OUTCOME})\b", lambda match: names.get(match[0], match[0]), reason.reason), reason.n
    )


def _chosen(rated: Sequence[Item], names: Sequence[str], metric: Metric) -> list[Item]:
    known = {item.question_id: item for item in rated}
    for name in names:
        if name not in known:
            raise UnknownName.among(f"rating beside {metric.name}", name, known)
    chosen = [known[name] for name in names] or list(rated)
    if not chosen:
        raise Refused(f"Nothing was rated beside {metric.name}.", hint="drivers need ratings in the same survey.")
    return chosen


def _told(
    data: Data,
    metric: Metric,
    items: Sequence[Item],
    columns: Mapping[str, tuple[str, ...]],
    fitted: Fitted,
    shares: Shares,
    sql: str,
    level: float,
) -> Drivers:
    performance = _performances(items, columns, fitted)
    quadrants = _quadrants(items, shares, performance)
    labels = _labels(data)
    rows = []
    for share in shares.items:
        item = next(item for item in items if item.question_id == share.name)
        rows.append(
            _row(item, share, performance[share.name], quadrants.get(share.name, "undetermined"), labels, level)
        )
    rows.sort(key=lambda row: row.rank[0])
    return Drivers(
        metric=metric,
        rows=tuple(rows),
        r2=_in_percent(shares.r2),
        used=fitted.gram.n,
        complete=fitted.complete,
        dropped=_dropped(shares, columns),
        sql=sql,
        data_number=data.number,
        notes=_notes(items, shares, fitted, _dropped(shares, columns)),
    )


def _row(
    item: Item,
    share: ItemShare,
    performance: tuple[float, np.ndarray],
    quadrant: str,
    labels: Mapping[str, str],
    level: float,
) -> Driver:
    return Driver(
        name=item.question_id,
        label=labels.get(item.question_id, item.question_id),
        answered=item.answered,
        not_applicable=item.not_applicable,
        share=_in_percent(share.share),
        effect=share.effect,
        performance=_performance(item, *performance, level),
        rank=(share.rank, share.rank_low, share.rank_high),
        vif=share.vif,
        quadrant=quadrant,
    )


def _performances(
    items: Sequence[Item], columns: Mapping[str, tuple[str, ...]], fitted: Fitted
) -> dict[str, tuple[float, np.ndarray]]:
    """Mean rating among those an item applies to, and the same with each replicate group left out.

    For an item of two columns x = u (score − m) and u it is m + mean(x) / mean(u).
    """
    place_of = {name: index for index, name in enumerate(fitted.gram.columns)}
    found = {}
    for item in items:
        at = [place_of[name] for name in columns[item.question_id]]
        whole, without = fitted.gram.mean[at], fitted.without.mean[:, at]
        if item.structural:
            found[item.question_id] = (item.mean + whole[0] / whole[1], item.mean + without[:, 0] / without[:, 1])
        else:
            found[item.question_id] = (float(whole[0]), without[:, 0])
    return found


def _performance(item: Item, value: float, without: np.ndarray, level: float) -> Measured:
    groups = len(without)
    se = float(np.sqrt((groups - 1) / groups * ((without - without.mean()) ** 2).sum()))
    if groups < 2 or se == 0:
        return NoEstimate("too few customers to tell how far the mean may be off", item.answered)
    half = critical(level, groups - 1) * se
    low = value - half if item.lowest is None else max(value - half, item.lowest)
    high = value + half if item.highest is None else min(value + half, item.highest)
    return Estimate(
        value=float(value),
        low=float(min(low, value)),
        high=float(max(high, value)),
        se=se,
        n=item.answered,
        effective_n=float(item.answered),
        unit="" if item.highest is None else f"of {item.highest:g}",
        level=level,
        method=f"mean of those it applies to, {groups} replicate groups",
    )


def _quadrants(
    items: Sequence[Item], shares: Shares, performance: Mapping[str, tuple[float, np.ndarray]]
) -> dict[str, str]:
    """Quadrant per item; none where the items are rated on different scales or too few groups agree or not."""
    if len({(item.lowest, item.highest) for item in items}) > 1:
        return {}
    names = [share.name for share in shares.items]
    values = [share.share.value if isinstance(share.share, Estimate) else 0.0 for share in shares.items]
    placed = place(
        names,
        [performance[name][0] for name in names],
        values,
        np.stack([performance[name][1] for name in names], axis=1),
        shares.replicates,
    )
    return {item.name: item.quadrant for item in placed.items} if isinstance(placed, Quadrants) else {}


def _labels(data: Data) -> dict[str, str]:
    if not data.has("questions"):
        return {}
    rows = data.fetch(data.table("questions").select("question_id", "label", "version")).rows
    rows.sort(key=lambda row: row["version"] or 1)  # the newest wording is the one that people know
    return {row["question_id"]: row["label"] for row in rows if row["label"]}


def _in_percent(share: Measured) -> Measured:
    """A share of R² (0 to 1) as percent of the score's variation."""
    if isinstance(share, NoEstimate):
        return share
    return Estimate(
        value=100 * share.value,
        low=100 * share.low,
        high=100 * share.high,
        se=100 * share.se,
        n=share.n,
        effective_n=share.effective_n,
        unit="%",
        level=share.level,
        method=share.method,
        flags=share.flags,
    )


def _dropped(shares: Shares, columns: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Items that lost a column because it repeats others or never varies."""
    return tuple(item for item, group in columns.items() if set(group) & set(shares.dropped))


def _notes(items: Sequence[Item], shares: Shares, fitted: Fitted, dropped: Sequence[str]) -> tuple[str, ...]:
    notes = ["what goes with the score, not what causes it"]
    blank = fitted.gram.n - fitted.complete
    if blank:
        few = "nearly all answers" if blank <= fitted.complete else "hardly any answers"
        complete = few if min(blank, fitted.complete) < FEWEST else f"{fitted.complete:,} of {fitted.gram.n:,} answers"
        notes.append(f"{complete} rate everything; the others count by maximum likelihood for what they hold")
    rare = [item.question_id for item in items if item.not_applicable and not item.structural]
    if rare:
        notes.append(f"'does not apply' is too rare to be a state of its own and counts as blank: {', '.join(rare)}")
    if dropped:
        notes.append(f"partly left out because they repeat others or never vary: {', '.join(dropped)}")
    high = [share.name for share in shares.items if share.vif > 5]
    if high:
        notes.append(f"hard to tell apart from the others (variance inflation above 5): {', '.join(high)}")
    return tuple(notes)
