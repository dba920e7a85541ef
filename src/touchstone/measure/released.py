"""What was given out about people whose anonymity counts, so that no later result differs from it by a few of them.

Kept in the workspace as lines of JSON that are only ever added to. The difference of two totals that were told is told,
too (Hundepool and others 2012, Statistical Disclosure Control, chapter 4).
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from touchstone.core.errors import Refused, TouchstoneError
from touchstone.core.metric import Metric
from touchstone.core.period import Period
from touchstone.core.where import parse_where, where_text
from touchstone.engine.data import Data
from touchstone.engine.overlaps import group_key, inside, members
from touchstone.engine.promises import FEWEST
from touchstone.engine.rows import Question
from touchstone.measure.asked import answered_metrics, asked_rows, table_of
from touchstone.measure.scores import Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A result that was given out: what of, by which columns, where and when, at which import number, and `at` when.

    `of` names the answers behind it (metrics that score the same answers share them), `hidden` the groups that were not
    shown.
    """

    at: datetime
    what: str
    of: str
    by: tuple[str, ...]
    where: str
    period: str
    data_number: int
    hidden: tuple[Group, ...] = ()

    @property
    def question(self) -> Question:
        """The rows it was about."""
        return Question(where=parse_where(self.where), period=Period.parse(self.period) if self.period else None)

    @property
    def asked(self) -> tuple[object, ...]:
        """What tells it from another release."""
        return self.of, self.by, self.where, self.period, self.data_number

    def sentence(self) -> str:
        """What it was, in words."""
        by = f" by {', '.join(self.by)}" if self.by else ""
        where = f" where {self.where}" if self.where else ""
        period = f" in {self.period}" if self.period else ""
        return f"{self.what}{by}{where}{period} as of import {self.data_number}, given out on {self.at:%Y-%m-%d}"

    def record(self) -> dict[str, object]:
        """One flat record."""
        flat = asdict(self) | {"at": self.at.isoformat(timespec="seconds"), "by": list(self.by)}
        return flat | {"hidden": [list(group) for group in self.hidden]}


@dataclass(frozen=True, slots=True)
class Clash:
    """Why groups cannot be given out beside what was: each by its reason, and the `whole` of them if that is it."""

    groups: dict[Group, str] = field(default_factory=dict)
    whole: str = ""


def releases(path: Path) -> tuple[list[Release], int]:
    """What was given out, oldest first, and how many lines of the log cannot be read."""
    try:
        lines = path.read_bytes().decode("utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return [], 0
    except OSError as error:  # what cannot be compared is not told
        raise Refused(
            f"The log of what was given out cannot be read: {error.strerror}.", hint=f"make {path.name} readable."
        ) from error
    read = [_read(line) for line in lines if line.strip()]
    return [one for one in read if one is not None], read.count(None)


def _read(line: str) -> Release | None:
    try:
        held = json.loads(line)
        texts = {name: str(held[name]) for name in ("what", "of", "where", "period")}
        found = Release(
            at=datetime.fromisoformat(held["at"]),
            by=tuple(map(str, held["by"])),
            data_number=int(held["data_number"]),
            hidden=tuple(tuple(None if v is None else str(v) for v in group) for group in held["hidden"]),
            **texts,
        )
        return found if found.question else None
    except (ValueError, KeyError, TypeError, RecursionError, TouchstoneError):
        return None


def clashes(
    data: Data,
    subject: Metric | str,
    question: Question,
    by: Sequence[str] = (),
    shown: Collection[Group] = ((),),
    *,
    whole: bool = False,
) -> Clash:
    """Which of the groups `shown` by the columns `by` differ by somebody, but fewer than ten people, from a total that
    was given out; with `whole` also whether all of them together do.

    Two totals differ by the people who have a row in one that is not in the other, counted each way; the larger counts.
    """
    if data.released is None:
        return Clash()
    mine, found, of_whole = _release(data, subject, question, by, ()), dict[Group, str](), ""
    keys = {group_key(group): group for group in shown}
    for earlier, level in _totals(data.released, mine):
        reason = f"hidden: it differs by fewer than {FEWEST} people from {earlier.sentence()}"
        gone = {group_key(group) for group in earlier.hidden if len(group) == len(level)}
        near = _near(data, subject, question, by, earlier, level)
        found |= {keys[one]: reason for one, other in near if one in keys and other not in gone}
        together = _together(by)
        if whole and together != tuple(by):
            near = _near(data, subject, question, together, earlier, level)
            of_whole = reason if any(other not in gone for _, other in near) else of_whole
    return Clash(found, of_whole)


def _together(by: Sequence[str]) -> tuple[str, ...]:
    """The columns that all groups together are told by: kinds are never pooled."""
    return ("kind",) if "kind" in by else ()


def _totals(path: Path, mine: Release) -> Iterable[tuple[Release, tuple[str, ...]]]:
    """The totals that were given out of the same answers, with their columns; of each the newest release."""
    found: dict[tuple[object, ...], tuple[Release, tuple[str, ...]]] = {}
    for one in releases(path)[0]:
        levels = {one.by} if one.hidden else {one.by, _together(one.by)}
        for level in levels if one.of == mine.of else ():
            found[(*replace(one, by=level).asked, one.hidden)] = (one, level)
    return [total for asked, total in found.items() if asked[:-1] != mine.asked]


def _near(
    data: Data, subject: Metric | str, question: Question, by: Sequence[str], earlier: Release, level: Sequence[str]
) -> set[tuple[str, str]]:
    """Pairs of a group of the question by `by`, and one given out earlier, that differ by a few people."""
    try:
        then = data if earlier.data_number == data.number or data.earlier is None else data.earlier(earlier.data_number)
        name = table_of(subject)
        now = members(data, name, asked_rows(data, subject, question, by), by)
        past = members(then, name, asked_rows(then, subject, earlier.question, level), level)
        out, back = inside(data, now, past), inside(data, past, now)
    except TouchstoneError:
        return set()  # its columns, or its import, are not there any more
    sizes = [_sizes(out), _sizes(back)]
    within = {(row["part"], row["only"]): int(row["n"]) for row in out}
    without = {(row["only"], row["part"]): int(row["n"]) for row in back}
    return {
        pair
        for pair in within.keys() & without.keys()
        if 0 < max(sizes[0][pair[0]] - within[pair], sizes[1][pair[1]] - without[pair]) < FEWEST
    }


def _sizes(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row["part"]] = found.get(row["part"], 0) + int(row["n"])
    return found


def refuse_clash(data: Data, subject: Metric | str, question: Question) -> None:
    """Refused where all that the question is about differs by a few people from what was given out."""
    clash = clashes(data, subject, question)
    for reason in clash.groups.values():
        raise Refused(f"The result is {reason}.", hint="ask for the same people again; see touchstone released.")


def given_out(
    data: Data, subject: Metric | str, question: Question, by: Sequence[str] = (), hidden: Iterable[Group] = ()
) -> tuple[str, ...]:
    """Keep in the log that the groups of `by` but the `hidden` ones are told; a note where that cannot be written."""
    if data.released is None:
        return ()
    fresh = _release(data, subject, question, by, hidden)
    try:
        if any(replace(one, at=fresh.at, what=fresh.what) == fresh for one in releases(data.released)[0]):
            return ()
        _append(data.released, json.dumps(fresh.record()))
    except OSError as error:
        return (f"this result is not in the log of what was given out, which cannot be written: {error.strerror}",)
    return ()


def _append(path: Path, line: str) -> None:
    """Add a line in one write, which the system does not mix with those of others."""
    torn = path.is_file() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        os.write(descriptor, f"{chr(10) if torn else ''}{line}\n".encode())
    finally:
        os.close(descriptor)


def _release(
    data: Data, subject: Metric | str, question: Question, by: Sequence[str], hidden: Iterable[Group]
) -> Release:
    return Release(
        at=datetime.now(UTC).replace(microsecond=0),
        what=subject if isinstance(subject, str) else subject.name,
        of=_answers_behind(data, subject),
        by=tuple(by),
        where=where_text(question.where),
        period=question.period.label if question.period else "",
        data_number=data.number,
        hidden=tuple(sorted(hidden, key=group_key)),
    )


def _answers_behind(data: Data, subject: Metric | str) -> str:
    """What results must have in common to be held against each other: the metrics that answers are given to, or the
    table. A question is the metric that its answers are given to."""
    table = table_of(subject)
    if table != "answers":
        return table
    if not isinstance(subject, str):
        return " and ".join(answered_metrics(subject))
    rows = asked_rows(data, subject, Question())
    known = data.fetch(rows.select("metric").distinct().order_by("metric")).rows
    metrics = [str(row["metric"]) for row in known if row["metric"] is not None]
    return " and ".join(metrics) or f"question {subject}"
