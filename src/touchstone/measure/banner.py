"""Banner tables: one question down the side, several groupings across, and letters that say which columns differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.estimate import Estimate, Measured, NoEstimate, record
from touchstone.core.metric import Metric
from touchstone.core.metric import Score as ScoreForm
from touchstone.core.period import Period
from touchstone.core.where import parse_where
from touchstone.engine.banner import (
    Category,
    banner_sums,
    categories,
    metric_answers,
    question_answers,
    scale_ends,
    shared_sums,
)
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.moments import SUMS
from touchstone.engine.rows import Question, group_name
from touchstone.measure.kinds import may_concern_employees, narrowed, of_one_kind, refuse_pooling
from touchstone.measure.released import clashes, given_out, refuse_clash
from touchstone.measure.score import measured
from touchstone.measure.scores import Group, written
from touchstone.measure.suppress import PROMISED, discreet, hidden_groups, protects, why_hidden
from touchstone.stats.columns import ColumnTest, large_enough, letter, lower_columns, mean_test, share_test
from touchstone.stats.means import mean
from touchstone.stats.moments import Moments, PairMoments
from touchstone.stats.rates import share

if TYPE_CHECKING:
    import pyarrow as pa

FALSE_DISCOVERY = 0.10
MOST_ROWS = 20
MOST_COLUMNS = 40
_MOST_ANSWERS = 400
_NET = {100.0: "promoters", 0.0: "passives", -100.0: "detractors"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its letter ("" for the total), the grouping and value it stands for, and its three bases.

    `n` counts answers, `weighted` adds their weights, `effective` is what they are worth after weights and clusters.
    A hidden column has none.
    """

    letter: str
    banner: str
    label: str
    n: int | None
    weighted: float | None
    effective: float | None
    tested: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """A number, the letters of the columns that it exceeds, and those it still exceeds when all tests are adjusted."""

    result: Measured
    letters: tuple[str, ...] = ()
    adjusted: tuple[str, ...] = ()

    @property
    def told_letters(self) -> str:
        """The letters as they are printed: those that do not hold under adjustment in brackets."""
        between = " " if any(len(one) > 1 for one in self.letters) else ""
        alone = between.join(one for one in self.letters if one not in self.adjusted)
        return between.join(self.adjusted) + (f"({alone})" if alone else "")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: its label, whether it is a share of the answers or the score itself, a cell per column."""

    label: str
    is_score: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """The table; the first column is the total. `tests` says how many pairs of columns were compared in all rows."""

    subject: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    tests: int
    level: float
    weight: str | None
    sql: str
    data_number: int
    notes: tuple[str, ...] = ()

    def records(self) -> list[dict[str, object]]:
        """One flat record per row and column."""
        return [
            {
                "row": line.label,
                "banner": column.banner,
                "column": column.label,
                "letter": column.letter,
                "base": column.n,
                "weighted_base": column.weighted,
                "effective_base": column.effective,
                **record(cell.result),
                "higher_than": list(cell.letters),
                "higher_than_adjusted": list(cell.adjusted),
            }
            for line in self.lines
            for column, cell in zip(self.columns, line.cells, strict=True)
        ]

    def to_arrow(self) -> pa.Table:
        """The table as it is read: a line per row, then the bases; per column the number, and its letters beside.

        Letters that do not hold when all tests are adjusted for stand in brackets. A hidden number is empty.
        """
        import pyarrow

        labels = [*(line.label for line in self.lines), "base (answers)", "weighted base", "effective base"]
        columns: dict[str, pa.Array] = {"row": pyarrow.array(labels, pyarrow.string())}
        for place, column in enumerate(self.columns):
            name = f"{column.letter} {column.label}".strip()
            cells = [line.cells[place] for line in self.lines]
            values = [cell.result.value if isinstance(cell.result, Estimate) else None for cell in cells]
            bases = [None if column.n is None else float(column.n), column.weighted, column.effective]
            columns[name] = pyarrow.array([*values, *bases], pyarrow.float64())
            if place:
                told = [cell.told_letters for cell in cells]
                columns[f"{name}: higher than"] = pyarrow.array([*told, None, None, None], pyarrow.string())
        return pyarrow.table(columns)


def banner(
    data: Data,
    subject: Metric | str,
    *,
    by: Sequence[str],
    where: str = "",
    weight: str | None = None,
    level: float = 0.95,
    period: str | None = None,
    for_release: bool = False,
) -> Banner:
    """The answers to a metric (or to the question of that id) in columns, one per value of each grouping in `by`.

    Rows are promoters, passives and detractors for a net score, else each answer; then the score itself. Columns of one
    grouping are compared in pairs: shares by a z test, scores by a t test, both with the design effect of weights and
    clusters; columns with fewer than 30 effective answers are not tested, and the total, which holds the others, is not
    either. `for_release` hides small columns whoever answered. Raises Refused without answers and BadDefinition for a
    metric that scores no answers.
    """
    if not data.has("answers"):
        raise Refused("There are no answers yet.", hint="import them: touchstone add answers.csv")
    by = tuple(dict.fromkeys(by))
    weight = weight or data.default_weight
    asked = Question(
        by=tuple(map(group_name, by)),
        where=parse_where(where),
        weight=weight,
        period=Period.parse(period) if period else None,
    )
    rows, kind, remark, narrow = _answers(data, subject, asked)
    kind = PROMISED if protects(data, subject, asked, kind, for_release=for_release) else kind
    table = _Table(data, subject, rows, by, kind, level, narrow)
    notes = (*((remark,) if remark else ()), *table.notes)
    if kind == PROMISED:
        notes = (*discreet(notes), *table.given_out())
    return Banner(
        subject=subject if isinstance(subject, str) else subject.label,
        columns=table.columns,
        lines=table.lines(),
        tests=len(table.tests),
        level=level,
        weight=weight,
        sql=";\n\n".join(table.queries),
        data_number=data.number,
        notes=notes,
    )


def _answers(data: Data, subject: Metric | str, asked: Question) -> tuple[Table, str, str, Question]:
    """The rows of the subject, of one kind; which; what was left out for that; and the question about them alone."""
    if isinstance(subject, str):
        rows = question_answers(data, subject, asked)
        counts = data.fetch(rows.group_by("kind").aggregate(n=rows.count())).rows
        if may_concern_employees(asked):
            refuse_pooling({str(row["kind"]) for row in counts})
        found = narrowed(asked, counts)
        rows = rows.filter(rows.kind == found.kind) if found.kind else rows
        return rows, found.kind, found.remark, found.question
    if not isinstance(subject.form, ScoreForm):
        raise BadDefinition(
            f"'{subject.name}' scores no answers, so it has no banner table.",
            hint="choose a metric of answers (nps, csat, ces), or the id of a question.",
        )
    one = of_one_kind(data, subject, asked)
    return metric_answers(data, subject, subject.form, one.question), one.kind, one.remark, one.question


class _Table:
    """Everything fetched for one table, and what is estimated from it."""

    def __init__(
        self,
        data: Data,
        subject: Metric | str,
        rows: Table,
        by: Sequence[str],
        kind: str,
        level: float,
        asked: Question,
    ) -> None:
        self.asked = replace(asked, by=(), weight=None)  # about the rows, whatever their columns and weights
        self.data, self.subject, self.by, self.level = data, subject, by, level
        self.queries: list[str] = []
        self.notes: list[str] = []
        answers = categories(data, rows, most=_MOST_ANSWERS)
        if not answers:
            raise Refused("No answer fits the question.", hint="look at --where and --period, or at touchstone check.")
        self.shown = self._shown(answers)
        self.numbers = [float(answer) for answer in answers if not isinstance(answer, str)]
        self.ends = self._ends(rows)
        total = self._fetch(banner_sums(rows, None, self._categories()))[0]
        self.places: list[tuple[str, str]] = [("total", "total")]
        self.sums: list[Mapping[str, Any]] = [total]
        self.shared: dict[tuple[int, int], Mapping[str, Any]] = {}
        self.nameless: dict[str, int] = {}  # people without a column of their own, per grouping
        for name in by:
            self._add(rows, name, int(total["n"]))
        self.moments = [self._moments(sums) for sums in self.sums]
        self.clashing = self._clashing() if kind == PROMISED else {}
        self.hidden = self._hidden() if kind == PROMISED else set()
        self.columns = tuple(self._column(place) for place in range(len(self.places)))
        self.tests = self._tests()

    def _ends(self, rows: Table) -> tuple[float, float] | None:
        """The ends of a question's scale: those known, or the answers seen that lie outside; None without numbers."""
        if isinstance(self.subject, Metric) or not self.numbers:
            return None
        low, high = scale_ends(self.data, rows)
        seen = [*self.numbers, *(float(end) for end in (low, high) if end is not None)]
        return min(seen), max(seen)

    def _categories(self) -> list[list[Category]]:
        return [list(values) for values in self.shown.values()]

    def _fetch(self, query: Table) -> list[dict[str, Any]]:
        fetched = self.data.fetch(query)
        self.queries.append(fetched.sql)
        return fetched.rows

    def _shown(self, answers: Sequence[Category]) -> dict[str, list[Category]]:
        """The lines of the table: their labels, and which answers count in each."""
        form = self.subject.form if isinstance(self.subject, Metric) else None
        if isinstance(form, ScoreForm) and form.form == "net":
            lines: dict[str, list[Category]] = {label: [] for label in _NET.values()}
            for answer in answers:
                points = form.points(float(answer))
                if points is not None:
                    lines[_NET[points]].append(answer)
            return lines
        if len(answers) > MOST_ROWS:
            self.notes.append(f"there are more than {MOST_ROWS} different answers, so only the score is shown")
            return {}
        falling = reversed(answers) if not isinstance(answers[0], str) else iter(answers)
        return {answer if isinstance(answer, str) else f"{answer:g}": [answer] for answer in falling}

    def _add(self, rows: Table, name: str, total: int) -> None:
        """Add the columns of one grouping, and what its pairs share."""
        column, lines = group_name(name), self._categories()
        sums = self._fetch(banner_sums(rows, column, lines))
        found = [row for row in sums if row["_column"] is not None]
        if len(self.places) + len(found) > MOST_COLUMNS + 1:
            raise BadDefinition(
                f"'{name}' would bring {len(found)} columns; a banner holds at most {MOST_COLUMNS}.",
                hint="group by something with fewer values, or keep some with --where.",
            )
        nameless = total - sum(int(row["n"]) for row in found)
        self.nameless[name] = sum(int(row["clusters"]) for row in sums if row["_column"] is None)
        if nameless:
            self.notes.append(f"{nameless:,} answers have no {name} and stand in the total only")
        found.sort(key=lambda row: _order(row["_column"]))
        start = len(self.places)
        place = {row["_column"]: start + i for i, row in enumerate(found)}
        self.places += [(name, written(row["_column"])) for row in found]
        self.sums += found
        for row in self._fetch(shared_sums(rows, column, lines)):
            self.shared[place[row["first"]], place[row["second"]]] = row

    def _moments(self, row: Mapping[str, Any]) -> list[Moments]:
        """The sums of every line's share, then those of the score."""
        base = {name: row[name] or 0 for name in SUMS}
        n, people = int(base["n"]), int(base["clusters"])
        w, ww, bb = float(base["w"]), float(base["ww"]), float(base["bb"])
        found = []
        for k in range(len(self.shown)):
            hits, aa, ab = (float(row[f"{name}_{k}"] or 0) for name in ("hits", "aa", "ab"))
            sums = {"wx": 100 * hits, "wxx": 10_000 * hits, "aa": 10_000 * aa, "ab": 100 * ab}
            found.append(Moments(n=n, clusters=people, centre=0.0, w=w, ww=ww, bb=bb, **sums))
        flat = {name: float(base[name]) for name in ("wx", "wxx", "aa", "ab")}
        return [*found, Moments(n=n, clusters=people, centre=0.0, w=w, ww=ww, bb=bb, **flat)]

    @property
    def has_score(self) -> bool:
        return isinstance(self.subject, Metric) or bool(self.numbers)

    def _column(self, place: int) -> Column:
        name, label = self.places[place]
        mark = "" if place == 0 else letter(place - 1)
        if place in self.hidden:
            return Column(mark, name, label, None, None, None, False)
        whole = self.moments[place][-1]
        effective = self._effective(whole)
        return Column(mark, name, label, whole.n, whole.w, effective, place > 0 and large_enough([effective])[0])

    def _effective(self, whole: Moments) -> float:
        if whole.clusters < 2:
            return 1.0
        return whole.effective_n if self.has_score else whole.w**2 / whole.bb

    def _hidden(self) -> set[int]:
        """The columns that promised anonymity hides: small ones, and those that would give them away."""
        gone: set[int] = set()
        for name in ("total", *self.by):
            inside = [place for place, (banner, _) in enumerate(self.places) if banner == name]
            people: dict[Group, int] = {(str(place),): self.moments[place][-1].clusters for place in inside}
            people |= {(None,): self.nameless[name]} if self.nameless.get(name) else {}
            people |= {(str(place),): 0 for place in inside if place in self.clashing}
            gone |= {int(group[0]) for group in hidden_groups(people) if group[0] is not None}
        return gone

    def _clashing(self) -> dict[int, str]:
        """The columns that differ by a few people from what was given out, and why; Refused where the total does."""
        refuse_clash(self.data, self.subject, self.asked)
        found: dict[int, str] = {}
        for name in self.by:
            inside: dict[Group, int] = {(label,): at for at, (one, label) in enumerate(self.places) if one == name}
            clash = clashes(self.data, self.subject, self.asked, (group_name(name),), inside)
            found |= {inside[group]: reason for group, reason in clash.groups.items()}
        return found

    def given_out(self) -> tuple[str, ...]:
        """Keep in the log what the table shows; a note where that cannot be written."""
        notes = [] if 0 in self.hidden else [*given_out(self.data, self.subject, self.asked)]
        for name in self.by:
            inside = [place for place, (banner, _) in enumerate(self.places) if banner == name]
            gone = [(self.places[place][1],) for place in inside if place in self.hidden]
            if len(gone) < len(inside):
                notes += given_out(self.data, self.subject, self.asked, (group_name(name),), gone)
        return tuple(dict.fromkeys(notes))

    def _tests(self) -> dict[tuple[int, int, int], ColumnTest]:
        """Every pair of columns of one grouping, in every line."""
        found = {}
        lines = len(self.shown) + self.has_score
        for first, one in enumerate(self.columns):
            for second in range(first + 1, len(self.columns)):
                other = self.columns[second]
                if one.banner == other.banner and one.tested and other.tested:
                    for line in range(lines):
                        test = mean_test if self._is_mean(line) else share_test
                        found[line, first, second] = test(self._pair(line, first, second))
        return found

    def _is_mean(self, line: int) -> bool:
        if line < len(self.shown):
            return False
        form = self.subject.form if isinstance(self.subject, Metric) else None
        return not (isinstance(form, ScoreForm) and form.form == "share")

    def _pair(self, line: int, first: int, second: int) -> PairMoments:
        one, two, row = self.moments[first][line], self.moments[second][line], self.shared.get((first, second), {})
        is_share = line < len(self.shown)
        suffix, unit = (f"_{line}", 100.0) if is_share else ("", 1.0)
        aa, ab, ba, bb = (float(row.get(f"{name}{suffix}") or 0) for name in ("aa", "ab", "ba", "bb"))
        people = one.clusters + two.clusters - int(row.get("shared") or 0)
        return PairMoments(first=one, second=two, clusters=people, aa=unit**2 * aa, ab=unit * ab, ba=unit * ba, bb=bb)

    def lines(self) -> tuple[Line, ...]:
        """The table's rows with their letters."""
        lower = lower_columns(self.tests, level=self.level, false_discovery=FALSE_DISCOVERY)
        labels = [*self.shown, *((self._score_label(),) if self.has_score else ())]
        return tuple(
            Line(
                label,
                line == len(self.shown),
                tuple(
                    Cell(
                        self._result(line, place),
                        tuple(self.columns[one.column].letter for one in lower.get((line, place), ())),
                        tuple(self.columns[one.column].letter for one in lower.get((line, place), ()) if one.holds),
                    )
                    for place in range(len(self.columns))
                ),
            )
            for line, label in enumerate(labels)
        )

    def _score_label(self) -> str:
        return self.subject.label if isinstance(self.subject, Metric) else "mean"

    def _result(self, line: int, place: int) -> Measured:
        if place in self.hidden:
            return NoEstimate(self.clashing.get(place, why_hidden()), None)
        sums = self.moments[place][line]
        if line < len(self.shown):
            return share(sums, level=self.level)
        if isinstance(self.subject, Metric):
            found = measured(self.subject, sums, level=self.level)
            return found if isinstance(found, Estimate | NoEstimate) else NoEstimate("an exact sum", None)
        lowest, highest = self.ends or (None, None)
        return mean(sums, unit="", level=self.level, lowest=lowest, highest=highest)


def _order(value: object) -> tuple[float, str]:
    return (float(value), "") if isinstance(value, int | float) else (0.0, str(value))
