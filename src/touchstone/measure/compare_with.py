"""The number an old tool showed, by its own rules, beside ours: what differs, by how much, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import isclose
from shlex import quote
from typing import Any

from touchstone.core.errors import BadDefinition, Refused
from touchstone.core.estimate import Estimate, NoEstimate, Result, record
from touchstone.core.metric import Metric, Score
from touchstone.core.period import Period
from touchstone.core.vendor import RULES, Rule, Vendor, VendorMetric
from touchstone.core.where import Condition, parse_where, where_text
from touchstone.engine.data import Data
from touchstone.engine.rows import Question
from touchstone.engine.tallies import answering, questions, skips, sources, tallies
from touchstone.lake.imports import ImportRecord
from touchstone.measure.kinds import of_one_kind
from touchstone.measure.metrics import metric_named
from touchstone.measure.score import score
from touchstone.measure.scores import Score as Row
from touchstone.measure.waterfall import (
    Counted,
    Match,
    Tally,
    Value,
    Waterfall,
    matches,
    our_way,
    their_way,
    value,
    waterfall,
)

_LISTED = 5  # files that are named
_UNKNOWN = {
    "answers": "whether a person's earlier answers count",
    "fractions": "what it does with answers that are not whole",
    "neutral": "whether answers in the middle are divided by",
    "skips": "whether it divides by those who passed the question by",
    "rounding": "how it rounds",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A tool's number by its own rules (`theirs`), ours with its interval, the steps between them, and what is left.

    `steps` is None where we have no number to begin at. `matches` are the ways of counting that give the number
    somebody remembers, None if none was named.
    """

    vendor: Vendor
    rules: VendorMetric
    metric: Metric
    ours: Result
    theirs: Value
    steps: Waterfall | None
    notes: tuple[str, ...]
    shown: Decimal | None
    matches: tuple[Match, ...] | None
    sql: str
    data_number: int

    def record(self) -> dict[str, object]:
        """Everything as one record: `ours` as in other records, `theirs`, `steps` and `matches`."""
        found = self.steps.steps if self.steps else ()
        return {
            "vendor": self.vendor.name,
            "metric": self.rules.name,
            "compared_with": self.metric.name,
            "theirs": {"value": float(self.theirs.value), "n": self.theirs.answers, "base": self.theirs.base},
            "ours": record(self.ours),
            "begins_at": float(self.steps.ours) if self.steps else None,
            "steps": [
                {
                    "aspect": step.aspect,
                    "effect": float(step.effect),
                    "after": float(step.after),
                    "n": step.n,
                    "reason": step.reason,
                    "sure": step.rule.sure if step.rule else None,
                    "source": step.rule.source if step.rule else None,
                }
                for step in found
            ],
            "notes": list(self.notes),
            "shown": None if self.shown is None else str(self.shown),
            "matches": None if self.matches is None else [dict(match.departures) for match in self.matches],
            "data_number": self.data_number,
        }


def compare_with(
    data: Data,
    vendor: Vendor,
    name: str,
    *,
    metrics: Mapping[str, Metric],
    where: str = "",
    source: str | None = None,
    files: Sequence[str] = (),
    period: str | None = None,
    shown: Decimal | None = None,
    level: float = 0.95,
) -> Comparison:
    """Compare the metric `name` of a tool with ours, over its answers: those whose source begins with its name.

    `files` are the sources of the files that were read in the tool's layout, where they are called otherwise (see
    `sources_of_files`). `source` names another source, `where` keeps rows, `period` narrows the time, `shown` is the
    number somebody remembers. Raises UnknownName for a metric without known rules, Refused where there are no such
    answers, where several files that count by themselves have some, or where a promise hides ours: theirs counts the
    same people.
    """
    rules = vendor.metric(name)
    metric = metric_named(rules.ours, metrics)
    form = metric.form
    if not isinstance(form, Score):
        raise BadDefinition(f"'{metric.name}' scores no answers, so no tool's rules apply to it.")
    if not data.has("answers"):
        raise Refused("There are no answers yet.", hint=f"import the export of {vendor.label}: touchstone add FILE")
    asked = Question(where=parse_where(where), period=Period.parse(period) if period else None)
    if source is None and files:
        source = _fitting(data, vendor, metric, form, asked, files)
    one = of_one_kind(data, metric, replace(asked, where=(*_of(vendor, source), *asked.where)))
    evidence = _evidence(data, metric, form, one.question)
    if not evidence.rows:
        raise _nothing(data, vendor, metric, source)
    ours = _ours(score(data, metric, where=where_text(one.question.where), period=period, level=level).rows)
    theirs = value(evidence.counted, form, their_way(form, rules))
    if theirs is None:
        raise Refused(
            f"None of the answers is on a scale for which a rule of {vendor.label} is known.",
            hint=f"touchstone score {metric.name} shows what there is.",
        )
    weighted = _weighted(data, ours, value(evidence.counted, form, our_way(form)))
    left_out = [*_together(evidence.asked, vendor), *_left_out(evidence.rows, form, rules, vendor)]
    return Comparison(
        vendor=vendor,
        rules=rules,
        metric=metric,
        ours=ours,
        theirs=theirs,
        steps=waterfall(evidence.counted, form, rules, weighted=weighted),
        notes=(*([one.remark] if one.remark else []), *left_out, *_doubts(evidence.counted, form, rules, vendor)),
        shown=shown,
        matches=None if shown is None else matches(evidence.counted, form, rules, shown),
        sql=evidence.sql,
        data_number=data.number,
    )


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What the engine counted: tallies as rows, the same as plain counts, and the queries."""

    rows: list[dict[str, Any]]
    counted: Counted
    asked: list[str]
    sql: str


def _evidence(data: Data, metric: Metric, form: Score, question: Question) -> _Evidence:
    said = data.fetch(tallies(data, metric, form, question))
    passed = data.fetch(skips(data, metric, form, question))
    n = int(passed.rows[0]["passed"] or 0) + int(passed.rows[0]["absent"] or 0)
    asked = [str(row["question_id"]) for row in data.fetch(questions(data, metric, form, question)).rows]
    counted = Counted(tallies=_tallies(said.rows), skips=n)
    return _Evidence(said.rows, counted, asked, f"{said.sql};\n\n{passed.sql}")


def _ours(rows: Sequence[Row]) -> Result:
    """Our number; Refused where a promise hides it, as every other number of so few people would break it too."""
    for row in rows:
        if isinstance(row.result, NoEstimate) and row.result.n is None:
            raise Refused(f"Both numbers are {row.result.reason}.", hint="widen --where, --period or --source.")
    return rows[0].result


def _weighted(data: Data, ours: Result, unweighted: Value | None) -> Fraction | None:
    """Our number where weights make it another one."""
    if not data.default_weight or not isinstance(ours, Estimate) or unweighted is None:
        return None
    return None if isclose(ours.value, unweighted.value, abs_tol=1e-9) else Fraction(ours.value)


def sources_of_files(imports: Iterable[ImportRecord], vendor: Vendor, *, until: int) -> tuple[str, ...]:
    """The sources of the answers of a tool that imports up to number `until` read in its layout.

    Where a layout takes the file's name as source, because ids begin again in each file, every file has its own.
    """
    read = [one.sources("answers", vendor.name) for one in imports if one.number <= until]
    return tuple(dict.fromkeys(source for sources in read for source in sources))


def _fitting(
    data: Data, vendor: Vendor, metric: Metric, form: Score, asked: Question, files: Sequence[str]
) -> str | None:
    """The one source of the tool's files that fits the question; None where its name tells, Refused for several."""
    if len(files) == 1 and files[0].startswith(vendor.name):
        return None
    having = [str(row["source"]) for row in data.fetch(answering(data, metric, form, asked)).rows]
    fitting = [source for source in having if source in files or source.startswith(vendor.name)]
    if len(fitting) > 1:
        named = ", ".join(f"'{source}'" for source in fitting[:_LISTED]) + (" …" if len(fitting) > _LISTED else "")
        raise Refused(
            f"{len(fitting)} files of {vendor.label} have answers to {metric.name}: {named}.",
            hint=f"it shows a number for each, so say which: --source {quote(fitting[0])}",
        )
    return (fitting or list(files))[0]


def _of(vendor: Vendor, source: str | None) -> tuple[Condition, ...]:
    if source is not None:
        return (Condition("source", "=", (source,)),)
    return (Condition("source", "starts with", (vendor.name,)),)


def _tallies(rows: Sequence[Mapping[str, Any]]) -> tuple[Tally, ...]:
    return tuple(
        Tally(
            scale=(row["low"], row["high"]),
            said=row["floor"],
            whole=bool(row["whole"]),
            latest=bool(row["latest"]),
            n=int(row["n"]),
            total=Fraction(row["total"]),
        )
        for row in rows
        if row["floor"] is not None
    )


def _nothing(data: Data, vendor: Vendor, metric: Metric, source: str | None) -> Refused:
    found = data.fetch(sources(data)).rows
    names = [str(row["source"]) for row in found]
    among = f"sources here: {', '.join(names[:8])}" if names else "nothing was imported"
    asked = source or vendor.name
    if any(name == asked or (source is None and name.startswith(asked)) for name in names):
        return Refused(
            f"The answers of {vendor.label} hold none to {metric.name}.", hint="touchstone check says what there is."
        )
    return Refused(
        f"There are no answers from {vendor.label}.",
        hint=f"import its export (touchstone add FILE), or name their source with --source ({among}).",
    )


def _together(asked: Sequence[str], vendor: Vendor) -> list[str]:
    """That several questions are counted as one, where a tool shows a number for each."""
    if len(asked) < 2:
        return []
    named = ", ".join(asked[:5]) + (" …" if len(asked) > 5 else "")
    return [
        f"answers to {len(asked)} questions are counted together ({named}); {vendor.label} shows a number for each: "
        f"--where 'question_id = {asked[0]}'"
    ]


def _left_out(rows: Sequence[Mapping[str, Any]], form: Score, rules: VendorMetric, vendor: Vendor) -> list[str]:
    """Answers that neither way can count."""
    known = their_way(form, rules).boxes
    outside = sum(int(row["n"]) for row in rows if row["floor"] is None)
    notes = [f"{outside:,} answers lie outside their scale and count in neither number"] if outside else []
    others: dict[tuple[float, float], int] = {}
    for row in rows:
        scale = (row["low"], row["high"])
        if row["floor"] is not None and scale not in known:
            others[scale] = others.get(scale, 0) + int(row["n"])
    return notes + [
        f"{n:,} answers on a scale of {low:g} to {high:g} count in neither number: "
        f"no rule of {vendor.label} is known for it"
        for (low, high), n in sorted(others.items())
    ]


def _doubts(counted: Counted, form: Score, rules: VendorMetric, vendor: Vendor) -> list[str]:
    """What is not known of the tool and would matter to these answers, and what its export cannot tell."""
    matters = {
        "answers": any(not tally.latest for tally in counted.tallies),
        "fractions": any(not tally.whole for tally in counted.tallies),
        "neutral": form.form == "share" and any(2 * tally.said == sum(tally.scale) for tally in counted.tallies),
        "skips": counted.skips > 0,
        "rounding": True,
    }
    unknown = [_UNKNOWN[aspect] for aspect in RULES if matters[aspect] and aspect not in rules.rules]
    notes = []
    if unknown:
        notes.append(f"of {vendor.label} it is not known {', nor '.join(unknown)}; there it is taken to count as here")
    skipping: Rule | None = rules.rules.get("skips")
    if skipping and skipping.does == "counted":
        notes.append(
            "who opened the survey and answered nothing has no row in an export; if the tool divided by them too, its "
            "number lay nearer to 0"
        )
        notes.append(
            "an export does not tell those who passed the question by from those who stopped before they saw it; both "
            "count as having passed it by"
        )
    return notes
