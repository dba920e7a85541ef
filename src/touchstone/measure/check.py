"""What the data can and cannot answer: every finding says what it rests on and what it would take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from touchstone.core.estimate import plain
from touchstone.core.metric import Metric, Score
from touchstone.core.nouns import NOUNS
from touchstone.engine import leakage, persons, quality
from touchstone.engine.connect import Table
from touchstone.engine.data import Data
from touchstone.engine.leakage import Leak
from touchstone.engine.quality import Profile
from touchstone.measure.answerable import answerable, sums_of
from touchstone.measure.coverage import coverage, freshness
from touchstone.measure.findings import Facts, Finding, Judgement, counted, share
from touchstone.measure.joins import about, joins
from touchstone.measure.metrics import built_in
from touchstone.measure.people import reason
from touchstone.measure.sums import centre_of

_BESIDE = ("identities", "merges", "questions", "set_aside")
_PEOPLE = ("customers", "answers", "orders", "subscriptions", "tickets")
_MANY_NAMED_ALIKE = 5  # customers; more under one address are hardly one person
_MUCH = 0.05
_HARMLESS = ("amount of zero", "amount below zero in a purchase", "monthly_amount of zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """All findings, subject by subject, about the data of one import number."""

    findings: tuple[Finding, ...]
    data_number: int

    def records(self) -> list[dict[str, object]]:
        """One record per finding, always with the same keys."""
        return [asdict(finding) for finding in self.findings]

    def sentence(self) -> str:
        """How many problems and notes there are."""
        found = [finding.verdict for finding in self.findings]
        return f"{counted(found.count('problem'), 'problem')}, {counted(found.count('note'), 'note')}.".capitalize()


def check(data: Data, *, metrics: Mapping[str, Metric] | None = None, now: datetime | None = None) -> Check:
    """Look the data over: what can be scored, what is missing, old, doubled, unmatched, impossible, leaking, set aside.

    `metrics` are those asked about (the built-in ones), `now` the moment that ages are counted from. Nothing is changed
    or removed.
    """
    now = now or datetime.now(UTC)
    names = [name for name in NOUNS if name not in _BESIDE and data.has(name)]
    profiles = {name: quality.profile(data, name, now) for name in names}
    profiles = {name: one for name, one in profiles.items() if one.rows}
    if not profiles:
        return Check(findings=(_NOTHING, *_aside(data, profiles)), data_number=data.number)
    known = {name: one for name, one in (built_in() if metrics is None else metrics).items() if one.everyday}
    sums = sums_of(data, known, profiles)
    facts = Facts(data=data, now=now, profiles=profiles, metrics=known, sums=sums, people=None)
    named = [name for name in _PEOPLE if name in profiles]
    if not named:
        return Check(findings=tuple(_findings(facts)), data_number=data.number)
    with quality.presence(data, named) as people:
        return Check(findings=tuple(_findings(replace(facts, people=people))), data_number=data.number)


_NOTHING = Finding(
    subject="data",
    verdict="problem",
    sentence="Nothing was imported yet, so nothing can be answered.",
    takes="import the answers of a survey first (touchstone add survey.csv), then customers, orders and tickets",
)


def _findings(facts: Facts) -> Iterator[Finding]:
    yield from answerable(facts)
    yield from coverage(facts)
    yield from freshness(facts)
    yield from _duplicates(facts)
    yield from joins(facts)
    yield from about(facts)
    yield from _impossible(facts)
    yield from _leakage(facts)
    yield from _then_and_now(facts)
    yield from _aside(facts.data, facts.profiles)


def _duplicates(facts: Facts) -> Iterator[Finding]:
    profiles = facts.profiles
    if "answers" in profiles:
        found = quality.answered_twice(facts.data)
        n = found["answers"]
        what = (
            f"{counted(n, 'answer')} of {counted(found['customers'], 'customer')} came less than a day after another "
        )
        what += "of theirs to the same question; they count like any other"
        none = "No customer answered the same question twice within a day"
        takes = "remove them where they were collected, and import again"
        numbers: dict[str, object] = {"table": "answers", "rows": profiles["answers"].rows, **found}
        yield _doubled(what if n else none, takes, n, numbers)
    if "orders" in profiles:
        found = quality.same_orders(facts.data)
        n = found["orders"]
        what = f"{counted(n, 'order')} {'are' if n > 1 else 'is'} like another in everything but the id: possible "
        what += "duplicates, not removed"
        takes = "if they are no real sales, leave them out of the export and import again"
        numbers = {"table": "orders", "rows": profiles["orders"].rows, **found}
        yield _doubled(
            what if n else "No two orders of a customer are alike in everything but the id", takes, n, numbers
        )
    if facts.people is not None and "customers" in profiles and facts.data.has("identities"):
        yield _shared(quality.shared_names(facts.data, facts.people), profiles["customers"].rows)
        yield from _joining_nobody(facts.data)


def _doubled(sentence: str, takes: str, n: int, numbers: dict[str, object]) -> Finding:
    rows = numbers["rows"]
    much = isinstance(rows, int) and n > _MUCH * rows
    verdict: Judgement = "good" if not n else "problem" if much else "note"
    return Finding(
        subject="duplicates",
        verdict=verdict,
        sentence=f"{sentence}.",
        takes=takes if n else "",
        numbers=numbers,
    )


def _shared(found: dict[str, int], rows: int) -> Finding:
    n, largest = found["customers"], found["largest"]
    if not n:
        sentence = "No two customers share an e-mail address or phone number"
        verdict: Judgement = "good"
    else:
        sentence = f"{n:,} customers share an e-mail address or phone number and count as {found['people']:,} people"
        sentence += f"; the largest group is of {largest:,}"
        verdict = "problem" if n > _MUCH * rows or largest > _MANY_NAMED_ALIKE else "note"
    return Finding(
        subject="duplicates",
        verdict=verdict,
        sentence=f"{sentence}.",
        takes="if an address stands for several people, clear it in the export and import again" if n else "",
        numbers={"table": "customers", "rows": rows, **found},
    )


def _joining_nobody(data: Data) -> Iterator[Finding]:
    """Names of several customers that join none of them, one finding per reason."""
    for why, found in persons.refusals(data).items():
        names, most, asked = found["names"], found["most"], why in ("shared", "undone")
        several = f"{names:,} name{'s' * (names > 1)} of several customers join{'s' * (names == 1)} nobody"
        takes = "look at them (touchstone people), and join those that are one person (touchstone people --join)"
        yield Finding(
            subject="duplicates",
            verdict="good" if asked else "note",
            sentence=f"{several}: {reason(why, 'any', data.joining)}.",
            takes="" if asked else takes,
            numbers={"table": "identities", "why": why, "names": names, "largest": most},
        )


def _impossible(facts: Facts) -> Iterator[Finding]:
    """Values that cannot be, or hardly; and money that cannot be turned into one currency."""
    clean = looked_at = 0
    for name, profile in facts.profiles.items():
        for what, n in profile.odd.items():
            looked_at += 1
            clean += not n
            if n:
                yield _odd(name, what, n, profile.rows)
    yield from _currencies(facts)
    if clean == looked_at:
        yield Finding(
            subject="impossible values",
            verdict="good",
            sentence=f"No impossible values: {looked_at} rules hold in {counted(len(facts.profiles), 'table')}.",
            numbers={"rules": looked_at},
        )


def _odd(name: str, what: str, n: int, rows: int) -> Finding:
    return Finding(
        subject="impossible values",
        verdict="note" if what in _HARMLESS else "problem",
        sentence=f"{name}: {counted(n, 'row')} of {rows:,} {'have' if n != 1 else 'has'} {what}; kept as imported.",
        takes=f"look at them where they come from, correct the export and import again: touchstone add {name}.csv",
        numbers={"table": name, "what": what, "n": n, "rows": rows},
    )


def _currencies(facts: Facts) -> Iterator[Finding]:
    tables = [name for name in ("orders", "subscriptions") if name in facts.profiles]
    ours = facts.data.currency
    for row in quality.currencies(facts.data, tables):
        name, currency, n = row["name"], row["currency"], row["n"]
        if currency is None or currency == ours or currency in facts.data.rates:
            continue
        yield Finding(
            subject="impossible values",
            verdict="problem",
            sentence=f"{name}: {counted(n, 'row')} in {currency}, and no rate into {ours}; money cannot be added up.",
            takes=f"add {currency} to [rates] in touchstone.toml with its date and source",
            numbers={"table": name, "currency": currency, "n": n, "rows": facts.profiles[name].rows},
        )


def _leakage(facts: Facts) -> Iterator[Finding]:
    """Attributes that tell an outcome so well that they were hardly known before it."""
    data, people = facts.data, facts.people
    if people is None:
        return
    if "subscriptions" in facts.profiles and "customers" in facts.profiles:
        rows, columns = leakage.churned_rows(data, people)
        with data.engine.kept(rows) as kept:
            yield from _leaking("leaving", columns, leakage.leaks(data, kept, columns))
    if "answers" in facts.profiles and facts.headline is not None:
        metric, kind = facts.headline
        described = people if "customers" in facts.profiles else None
        rows, columns = leakage.scored_rows(data, described, metric, kind)
        with data.engine.kept(rows) as kept:
            found: dict[str, Leak] = {}
            for outcome in _outcomes(metric, kept):
                found |= {leak.column: leak for leak in leakage.leaks(data, outcome, columns)}
        yield from _leaking(f"{metric.name} ({kind})", columns, list(found.values()))


def _outcomes(metric: Metric, rows: Table) -> Iterator[Table]:
    """The rows with an outcome: the best and the worst band of a score; where there are none, its upper half."""
    bands = {band.points for band in metric.form.bands} if isinstance(metric.form, Score) else set()
    if not bands:
        yield rows.mutate(outcome=rows.points > centre_of(metric))
    for points in {min(bands), max(bands)} if len(bands) > 2 else {max(bands)} if bands else set():
        yield rows.mutate(outcome=rows.points == points)


def _leaking(outcome: str, columns: list[str], found: list[Leak]) -> Iterator[Finding]:
    for leak in found:
        numbers: dict[str, object] = {"outcome": outcome, **asdict(leak)}
        yield Finding(
            subject="leakage",
            verdict="problem",
            sentence=f"'{leak.column}' tells {outcome} too well to have been known before: {_how(leak)}.",
            takes=f"leave '{leak.column}' out of analyses of {outcome}, or export it as it was before",
            numbers=numbers,
        )
    if columns and not found:
        sentence = f"No attribute tells {outcome} suspiciously well ({counted(len(columns), 'attribute')} looked at)."
        numbers = {"outcome": outcome, "attributes": columns}
        yield Finding(subject="leakage", verdict="good", sentence=sentence, numbers=numbers)


def _how(leak: Leak) -> str:
    if leak.way == "value":
        value = "no value" if leak.value is None else f"'{leak.value}'"
        return f"{plain(100 * (leak.purity or 0), 1)}% of the {leak.n:,} rows with {value}"
    ways = {"values": "its values", "filled": "whether it has a value", "order": "its order"}
    return f"{ways[leak.way]} alone ranks {plain(100 * (leak.area or 0), 1)}% of pairs right ({leak.n:,} rows)"


def _then_and_now(facts: Facts) -> Iterator[Finding]:
    """Attributes copied onto answers, against what their customers have today."""
    if facts.people is None or not {"answers", "customers"} <= set(facts.profiles):
        return
    theirs = quality.attributes(facts.data, "customers")
    columns = [name for name in quality.attributes(facts.data, "answers") if name in theirs]
    if not columns:
        return
    found = quality.then_and_now(facts.data, facts.people, columns)
    same = [name for name, (both, differ) in found.items() if both and not differ]
    for name, (both, differ) in found.items():
        if differ:
            yield Finding(
                subject="then and now",
                verdict="note",
                sentence=f"{share(differ, both)} of answers have another {name} than their customer has today "
                f"({differ:,} of {both:,}).",
                takes=f"--by {name} is then, --by customer.{name} is now: say which in reports",
                numbers={"column": name, "both": both, "differ": differ},
            )
    if same:
        sentence = f"On every answer {', '.join(same)} {'are' if len(same) > 1 else 'is'} as the customer has it today."
        yield Finding(subject="then and now", verdict="good", sentence=sentence, numbers={"columns": same})


def _aside(data: Data, profiles: Mapping[str, Profile]) -> Iterator[Finding]:
    """Rows and single answers that could not be taken, per file."""
    if not data.has("set_aside"):
        if profiles:
            yield Finding(subject="set aside", verdict="good", sentence="Nothing was set aside.", numbers={"n": 0})
        return
    files: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for row in quality.set_aside(data):
        reason = f"'{row['column_name']}' {row['reason']}" if row["column_name"] else row["reason"].rstrip(".")
        files.setdefault((row["file"], row["table_name"]), []).append((reason, row["n"]))
    for (file, table), reasons in files.items():
        n = sum(count for _, count in reasons)
        rows = profiles[table].rows if table in profiles else 0
        told = "; ".join(f"{reason} ({count:,})" for reason, count in reasons[:3])
        more = f"; and {counted(len(reasons) - 3, 'other reason')}" if len(reasons) > 3 else ""
        what = "rows or single answers" if table == "answers" else f"row{'s' * (n > 1)}"
        yield Finding(
            subject="set aside",
            verdict="problem" if n > _MUCH * (n + rows) else "note",
            sentence=f"{file}: {n:,} {what} set aside beside {rows:,} {table}: {told}{more}.",
            takes="look at them (touchstone imports --set-aside), correct the file or its mapping, and import again",
            numbers={"file": file, "table": table, "n": n, "rows": rows, "reasons": dict(reasons)},
        )
