"""Hiding small groups where anonymity was promised or a result leaves: the group, and what would give it away.

After Hundepool and others (2012, Statistical Disclosure Control, chapter 4): primary cells by size, never by value;
secondary cells so that no published total leads back to a primary one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from touchstone.core.errors import Refused
from touchstone.core.estimate import NoEstimate, Result
from touchstone.core.metric import Metric
from touchstone.core.period import Period
from touchstone.engine.data import Data
from touchstone.engine.promises import EMPLOYEE, FEWEST, people_outside, says_anonymous
from touchstone.engine.rows import Question, group_name
from touchstone.measure.asked import asked_rows, table_of
from touchstone.measure.kinds import leaves_employees_out
from touchstone.measure.released import clashes, given_out
from touchstone.measure.scores import Group, Score, Scores
from touchstone.stats.differences import verdict

PROMISED = EMPLOYEE
_KIND = "kind"
_FEW = re.compile(r"(?<![\d,.])[1-9](?= (?:of [\d,]+ )?(?:answers|rows)\b)")


def suppressed(
    scores: Scores, *, everyone: bool = False, fewest: int = FEWEST, clashing: Mapping[Group, str] | None = None
) -> Scores:
    """`scores` with groups of fewer than `fewest` employees hidden: value, n, sums and whatever was made of them.

    With `everyone` all groups are treated so: their answers were promised anonymity, or the result leaves the
    organisation. Beside small groups others are hidden that would give them away (see `hidden_groups`). The change of a
    group whose baseline is hidden is hidden as well. The groups `clashing` with what was given out are hidden by the
    reason beside each, as if nobody were in them.
    """
    sizes = {row.group: _size(row) for row in scores.rows if everyone or _kind(scores, row) == PROMISED}
    if not sizes:
        return scores
    reasons = dict(clashing or {})
    hidden = hidden_groups(sizes | dict.fromkeys(sizes.keys() & reasons.keys(), 0), fewest=fewest)
    reason = why_hidden(fewest)
    rows = [
        _hide(row, reasons.get(row.group, reason)) if row.group in hidden else _unlinked(row, hidden, reason)
        for row in scores.rows
    ]
    return replace(scores, rows=tuple(rows))


def why_hidden(fewest: int = FEWEST) -> str:
    """The reason that stands in place of a hidden number."""
    return f"hidden: fewer than {fewest} answers, or they could be worked out from the rest"


def is_hidden(result: Result) -> bool:
    """Whether a result was hidden: it has a reason, and no n."""
    return isinstance(result, NoEstimate) and result.n is None


def hidden_groups(sizes: Mapping[Group, int], *, fewest: int = FEWEST) -> set[Group]:
    """The groups to hide, from how many people each stands for.

    Groups of fewer than `fewest`. Then, in every margin of the table (all groups alike in some of the columns, down to
    the whole): where one group alone is hidden, or all that are hidden are fewer than `fewest`, the next smallest too,
    as the total less those shown would give them. Last, while the totals that tables by fewer columns show determine a
    small group together (it is a linear combination of them), the next smallest of one of its margins.
    """
    hidden = {group for group, size in sizes.items() if size < fewest}
    if not hidden:
        return hidden
    small, every = frozenset(hidden), _margins(sizes)
    totals = [line for lines in every for line in _published(sizes, lines, fewest)]
    margins = [line for lines in every for line in lines.values()]
    while more := _isolated(sizes, margins, hidden, fewest) or _determined(sizes, totals, hidden, small):
        hidden |= more
    return hidden


def _isolated(
    sizes: Mapping[Group, int], margins: Iterable[list[Group]], hidden: set[Group], fewest: int
) -> set[Group]:
    """The next smallest group of every margin that hides one group only, or fewer people than may be told."""
    more = set()
    for line in margins:
        inside = [group for group in line if group in hidden]
        shown = [group for group in line if group not in hidden]
        if inside and shown and (len(inside) == 1 or sum(sizes[group] for group in inside) < fewest):
            more.add(_smallest(sizes, shown))
    return more


def _determined(
    sizes: Mapping[Group, int], margins: Iterable[list[Group]], hidden: set[Group], small: frozenset[Group]
) -> set[Group]:
    """One group more to hide, where a small one follows from the totals of margins; none where nothing follows."""
    place = {group: i for i, group in enumerate(sorted(hidden, key=str))}
    lines = [line for line in margins if any(group in hidden for group in line)]
    equations = np.array([[group in line for group in place] for line in lines], dtype=float)
    for group in sorted(small, key=str):
        wanted = np.zeros(len(place))
        wanted[place[group]] = 1.0
        solution = np.linalg.lstsq(equations.T, wanted, rcond=None)[0] if lines else np.zeros(0)
        if lines and np.allclose(equations.T @ solution, wanted, atol=1e-8):
            beside = {other for line in lines if group in line for other in line} - hidden
            rest = beside or set(sizes) - hidden
            if rest:
                return {_smallest(sizes, rest)}
    return set()


def _smallest(sizes: Mapping[Group, int], groups: Iterable[Group]) -> Group:
    return min(groups, key=lambda group: (sizes[group], str(group)))


def _margins(sizes: Mapping[Group, int]) -> list[dict[Group, list[Group]]]:
    """The groups that are alike in some of the columns, for every choice of columns; with none of them, all groups."""
    found = []
    columns = len(next(iter(sizes), ()))
    for kept in (chosen for size in range(columns) for chosen in combinations(range(columns), size)):
        lines: dict[Group, list[Group]] = defaultdict(list)
        for group in sizes:
            lines[tuple(group[place] for place in kept)].append(group)
        found.append(dict(lines))
    return found


def _published(sizes: Mapping[Group, int], lines: Mapping[Group, list[Group]], fewest: int) -> list[list[Group]]:
    """The lines whose totals a table of their own shows: it hides some too, and what it hides gives nothing away."""
    gone = hidden_groups({name: sum(sizes[group] for group in line) for name, line in lines.items()}, fewest=fewest)
    return [line for name, line in lines.items() if name not in gone]


def safe(data: Data, scores: Scores, question: Question, *, for_release: bool = False) -> Scores:
    """`scores` with everything hidden that a promise, or leaving the organisation (`for_release`), demands.

    Where a condition or a period leaves out fewer people than may be told, all groups are hidden: the whole less them
    would give those people away.
    """
    everyone = for_release or promised(data, scores.metric)
    without = leaves_employees_out(data, scores.metric, question)
    concerned = everyone or without or any(_kind(scores, row) == PROMISED for row in scores.rows)
    if not concerned:
        return scores
    scores = replace(scores, notes=discreet(scores.notes))
    if not leaves_few(data, scores.metric, question, everyone=everyone):
        return _audited(data, scores, question, everyone=everyone)
    kept = suppressed(scores, everyone=everyone)
    reason = f"hidden: fewer than {FEWEST} people lie outside the condition, and could be worked out from the whole"
    rows = [_hide(row, reason) if everyone or without or _kind(scores, row) == PROMISED else row for row in kept.rows]
    return replace(kept, rows=tuple(rows))


def _audited(data: Data, scores: Scores, question: Question, *, everyone: bool) -> Scores:
    """`scores` with what is small hidden, and what differs by a few people from what was given out; then kept there."""
    kept = suppressed(scores, everyone=everyone)
    sizes = {row.group: _size(row) for row in scores.rows if everyone or _kind(scores, row) == PROMISED}
    shown = [row.group for row in kept.rows if row.group in sizes and not is_hidden(row.result)]
    if not shown:
        return kept
    asked, by = replace(question, by=(), weight=None), tuple(map(group_name, scores.by))
    clash = clashes(data, scores.metric, asked, by, shown, whole=len(shown) == len(sizes))
    reasons = dict(clash.groups)
    if clash.whole and not reasons:
        reasons = {_smallest(sizes, shown): clash.whole}
    if reasons:
        kept = suppressed(scores, everyone=everyone, clashing=reasons)
    gone = [row.group for row in kept.rows if row.group in sizes and is_hidden(row.result)]
    if len(gone) == len(sizes):
        return kept
    return replace(kept, notes=(*kept.notes, *given_out(data, scores.metric, asked, by, gone)))


def protects(
    data: Data,
    subject: Metric | str,
    question: Question,
    kind: str,
    *,
    for_release: bool = False,
    periods: Sequence[Period] = (),
) -> bool:
    """Whether small groups of what is asked, answers of that `kind`, are to be hidden.

    Refused where they are, and the condition or the period itself (or `periods` together) would give somebody away.
    """
    everyone = for_release or promised(data, subject)
    if not everyone and kind != PROMISED:
        return False
    if leaves_few(data, subject, question, periods, everyone=everyone):
        raise Refused("The condition leaves out so few answers that the whole would give them away.", hint="widen it.")
    return True


def promised(data: Data, subject: Metric | str) -> bool:
    """Whether any answer to the metric, or to the question of that id, says, in a column called `anonymous`, that its
    giver was promised not to be known.

    A mapping says so for a whole file: [attributes] anonymous = { constant = "yes" }.
    """
    if table_of(subject) != "answers" or "anonymous" not in data.table("answers").columns:
        return False
    asked = asked_rows(data, subject, Question())
    return bool(data.fetch(asked.aggregate(n=says_anonymous(asked).sum())).rows[0]["n"])


def leaves_few(
    data: Data, subject: Metric | str, question: Question, periods: Sequence[Period] = (), *, everyone: bool = False
) -> bool:
    """Whether the condition and the period of `question` (or `periods` together) leave out somebody of a kind of
    answers, but fewer people than may be told: of employees, or of any kind (`everyone`)."""
    if not question.where and not question.period and not periods:
        return False
    parts = [asked_rows(data, subject, replace(question, period=one)) for one in periods or (question.period,)]
    outside = people_outside(data, table_of(subject), asked_rows(data, subject, Question()), parts)
    return any(0 < n < FEWEST for kind, n in outside.items() if everyone or kind == PROMISED)


def discreet(notes: Iterable[str]) -> tuple[str, ...]:
    """`notes` for the reader that do not tell how many answers or rows there are where they are few."""
    return tuple(_FEW.sub(f"fewer than {FEWEST}", note) for note in notes)


def _kind(scores: Scores, row: Score) -> str | None:
    if row.kind is None and _KIND in scores.by:
        return row.group[scores.by.index(_KIND)]
    return row.kind


def _size(row: Score) -> int:
    """How many people a group stands for, as far as they can be told apart."""
    n = row.result.n or 0
    if row.people is not None:
        return min(n, row.people)
    return min(n, row.moments.clusters) if row.moments else n


def _hide(row: Score, reason: str) -> Score:
    return replace(row, result=NoEstimate(reason, None), moments=None, change=None, adjusted=None)


def _unlinked(row: Score, hidden: set[Group], reason: str) -> Score:
    """`row` without the changes that would lead back to a hidden baseline."""
    if row.change is None or not any(_is_baseline(group, row) for group in hidden):
        return row
    nothing = NoEstimate(reason, None)
    change = replace(row.change, difference=nothing, verdict=verdict(nothing))
    beside = replace(row.adjusted, change=nothing) if row.adjusted else None
    return replace(row, change=change, adjusted=beside)


def _is_baseline(group: Group, row: Score) -> bool:
    different = [(one, other) for one, other in zip(group, row.group, strict=True) if one != other]
    return len(different) == 1 and row.change is not None and different[0][0] == row.change.against
