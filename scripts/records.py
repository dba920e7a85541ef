"""What `--json` of every command prints, from the program's own objects: keys by their paths, and what each means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from scripts.meanings import ABOUT, COMMON, LEADS, MEANINGS, NUMBER

from touchstone.cli.add import ASIDE
from touchstone.cli.init import setting_records
from touchstone.cli.score import SHOWN
from touchstone.core.estimate import RECORD_KEYS, NoEstimate
from touchstone.core.period import Period
from touchstone.core.plan import Benchmark, Entered, Followed, Moment, Plan, Use
from touchstone.engine.connect import Fetched
from touchstone.lake.imports import ImportRecord
from touchstone.listen.add import FileSummary, ImportSummary
from touchstone.listen.export import Exported
from touchstone.listen.people import Decided
from touchstone.measure.accounts import Coverage, RolledUp
from touchstone.measure.banner import Banner, Cell, Column, Line
from touchstone.measure.baselines import Baseline
from touchstone.measure.check import Check
from touchstone.measure.compare_with import Comparison
from touchstone.measure.findings import Finding
from touchstone.measure.forecast import Holdout
from touchstone.measure.listening import Heard, Listened
from touchstone.measure.metrics import built_in
from touchstone.measure.people import Decision, Merge, People, Refusal
from touchstone.measure.progress import Progress
from touchstone.measure.raking import Raking
from touchstone.measure.released import Release
from touchstone.measure.scores import Score, Scores
from touchstone.measure.standing import Standing, Step
from touchstone.measure.transitions import Move, Part, Transitions
from touchstone.measure.units import Unit, Units
from touchstone.measure.vendor_rules import vendor_named
from touchstone.measure.waterfall import Match, Value, Waterfall
from touchstone.measure.waterfall import Step as Rung
from touchstone.stats.differences import Verdict
from touchstone.understand.drivers import Driver, Drivers
from touchstone.value.groups import Group
from touchstone.value.table import ValueTable

COLUMN = "COLUMN"  # stands for the column of --by
NOTHING = NoEstimate("", 0)
YEAR = Period.parse("2025")
DAY = date(2025, 1, 1)
NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
NPS = built_in()["nps"]
SAME = Verdict(words="within the noise", detectable=None, unit="", n=None, p_value=None)


def records() -> str:
    """The page docs/reference/records.md."""
    parts = ["# Records", ABOUT, f"## A number\n\n{_table((f'`{key}`', NUMBER[key]) for key in RECORD_KEYS)}"]
    for words, made in printed().items():
        command, _, option = words.partition(" --")
        parts.append(f"With `--{option}` {LEADS[words]}" if option else f"## touchstone {command}\n\n{LEADS[words]}")
        parts.append(_table(_rows(words, made)))
    return "\n\n".join(parts)


def paths(made: object, at: str = "") -> dict[str, object]:
    """Every key of a record, or of a list of records, by its path (`units[].n`), with what it holds."""
    found: dict[str, object] = {}
    if isinstance(made, Mapping):
        for key, value in made.items():
            path = f"{at}.{key}" if at else str(key)
            found |= {path: value} | paths(value, path)
    elif isinstance(made, list | tuple):
        for each in made:
            found |= paths(each, f"{at}[]" if at else "")
    return found


def undocumented(made: object, *sections: str) -> set[str]:
    """The paths in what a command printed that no section of the page has; a record shown empty may hold any keys."""
    known = {path: value for words in sections for path, value in paths(printed()[words]).items()}
    free = tuple(f"{path}{end}" for path, value in known.items() if _is_open(value) for end in ".[")
    return {path for path in paths(made) if path not in known and not path.startswith(free)}


def _is_open(value: object) -> bool:
    return value == {} or (isinstance(value, list) and bool(value) and _is_open(value[0]))


def _rows(words: str, made: object) -> Iterator[tuple[str, str]]:
    """Rows of a table: the keys of a number in one row, and together what means the same."""
    told: dict[str, list[str]] = {}
    found = paths(made)
    for path, value in found.items():
        home, _, key = path.rpartition(".")
        if key in RECORD_KEYS and all(f"{home}.{one}".lstrip(".") in found for one in RECORD_KEYS):
            if path == RECORD_KEYS[0]:
                told[_meaning(words, path)] = []
            continue
        number = "; with the keys of [a number](#a-number)" if _is_number(value) else ""
        told.setdefault(f"{_meaning(words, path)}{number}", []).append(path)
    for meaning, keys in told.items():
        yield ", ".join(f"`{key}`" for key in keys) or "the keys of [a number](#a-number)", meaning


def _is_number(value: object) -> bool:
    each = value[0] if isinstance(value, list) and value else value
    return isinstance(each, Mapping) and set(RECORD_KEYS) <= set(each)


def _meaning(words: str, path: str) -> str:
    """What a key means in a command; a KeyError asks for the words where nobody has written them."""
    own, key = MEANINGS.get(words, {}), path.rpartition(".")[2]
    stem, _, part = path.rpartition("_")
    if path not in own and part in {"value", "low", "high", "reason"} and f"{stem}_" in own:
        return own[f"{stem}_"]
    return own[path] if path in own else COMMON[key]


def _table(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(["| key | meaning |", "|---|---|", *(f"| {keys} | {meaning} |" for keys, meaning in rows)])


def printed() -> dict[str, object]:
    """What every command prints with --json, by its words; of an option what it adds."""
    return {
        "add": ImportSummary(number=1, files=(FileSummary(file="", table="", layout=""),)).records(),
        "imports": [ImportRecord(number=1, imported_at=NOON, content="", files=(), tables={}).record()],
        "imports --set-aside": [dict.fromkeys(ASIDE)],
        "plan": _plan(),
        "plan freeze": _baseline().record(),
        "plan re-evaluate": _baseline().record(),
        "people": _people(),
        "people --join": [asdict(_DECIDED)],
        "check": Check(findings=(Finding(subject="data", verdict="good", sentence=""),), data_number=1).records(),
        "metrics": [dict.fromkeys(SHOWN)],
        **_scores(),
        "units": _units(),
        "banner": _banner(),
        "compare-with": _comparison(),
        "transitions": _transitions(),
        "drivers": _drivers(),
        "value": _values(),
        "value --holdout": _holdout(),
        "released": [_RELEASE.record()],
        "export": _EXPORTED.record(),
        "settings": [row | {"value": {}, "default": {}} for row in setting_records({})],
    }


_RELEASE = Release(at=NOON, what="", of="", by=(), where="", period="", data_number=1)
_EXPORTED = Exported(path=Path("x"), format="", table="", rows=0, columns=(), data_number=1)
_DECIDED = Decided(
    customer_id="", other_id="", kind="join", reason="", author="", import_number=1, was_one=False
)  # fmt: skip


def _scores() -> dict[str, object]:
    """The keys of scores, and those that each option brings."""
    raking = Raking(margins=(), largest=1.0, trim=None, trimmed=0, kish=1.0, design_effect=None)
    covered = Coverage(accounts=0, answered=0, total=None, answered_total=None)
    accounts = RolledUp(how="accounts", fetched=Fetched([], ""), coverage=covered, notes=())
    row = Score(group=(), result=NOTHING)
    plain = Scores(metric=NPS, by=(), rows=(row,), sql="", data_number=1)
    (basic,) = plain.records()
    found: dict[str, object] = {"score": [{COLUMN: ""} | basic]}
    for option, scores in {
        "baseline": replace(plain, baseline="2024"),
        "adjust": replace(plain, adjust="channel"),
        "rake": replace(plain, raking=raking),
        "roll-up": replace(plain, accounts=accounts),
    }.items():
        found[f"score --{option}"] = [{key: value for key, value in scores.records()[0].items() if key not in basic}]
    return found


def _units() -> object:
    one = Unit(
        name="", score=NOTHING, shrunken=NOTHING, ranks=None, difference=NOTHING, verdict=SAME,
        standing="within the noise",
    )  # fmt: skip
    return Units(
        metric=NPS, by=COLUMN, rows=(one,), average=NOTHING, consistency=NOTHING, sql="", data_number=1, seed=1
    ).records()


def _banner() -> object:
    column = Column(letter="", banner="", label="", n=None, weighted=None, effective=None, tested=False)
    line = Line(label="", is_score=True, cells=(Cell(NOTHING),))
    return Banner(
        subject="", columns=(column,), lines=(line,), tests=0, level=0.95, weight=None, sql="", data_number=1
    ).records()


def _comparison() -> object:
    vendor = vendor_named("delighted")
    theirs = Value(value=Fraction(0), answers=0, base=0)
    rung = Rung(aspect="", effect=Fraction(0), after=Fraction(0), n=0, reason="")
    steps = Waterfall(ours=Fraction(0), steps=(rung,), theirs=theirs)
    return Comparison(
        vendor=vendor, rules=vendor.metric("nps"), metric=NPS, ours=NOTHING, theirs=theirs, steps=steps, notes=(),
        shown=None, matches=(Match(()),), sql="", data_number=1,
    ).record()  # fmt: skip


def _transitions() -> object:
    return Transitions(
        metric=NPS, first="", second="", bands=(), moves=(Move("", "", 0, NOTHING),), movement=NOTHING, verdict=SAME,
        up=NOTHING, down=NOTHING, parts=(Part("", "", 0, NOTHING),), sql="", data_number=1,
    ).records()  # fmt: skip


def _drivers() -> object:
    one = Driver(
        name="", label="", answered=0, not_applicable=0, share=NOTHING, effect=NOTHING, performance=NOTHING,
        rank=(1, 1, 1), vif=1.0, quadrant="",
    )  # fmt: skip
    return Drivers(
        metric=NPS, rows=(one,), r2=NOTHING, used=0, complete=0, dropped=(), sql="", data_number=1, notes=()
    ).records()


def _values() -> object:
    group = Group(
        band="", people=0, retained=NOTHING, again=NOTHING, spent=NOTHING, forecast=NOTHING, staying=None, buying=None
    )
    return ValueTable(
        metric=NPS, groups=(group,), everyone=NOTHING, currency="", level=0.95, sql="", data_number=1, notes=()
    ).records()


def _holdout() -> object:
    return Holdout(months=3, start=NOON, forecast=NOTHING, actual=0, average=0.0, customers=0, sql="").records()


def _people() -> object:
    merge = Merge(customer_id="", other_id="", kind="", value="", import_number=None, imported_at=None)
    refusal = Refusal(kind="", value="", customers=0, why="", reason="", first="", last="")
    decision = Decision(
        customer_id="", other_id="", kind="", reason="", author="", decided_at=NOON, import_number=1
    )  # fmt: skip
    return People(
        numbers=0, people=0, names=0, merges=(merge,), refused=(refusal,), decisions=(decision,), data_number=1
    ).records()


def _baseline() -> Baseline:
    return Baseline(
        name="", use=Use("nps"), rows="", kind="", weight="", period=YEAR, result=NOTHING, metric_version=1,
        definition={}, wordings=(), data_number=1,
    )  # fmt: skip


def _plan() -> object:
    heard = Heard(metric=NPS, where="", kind="", period=None, result=NOTHING)
    entered = Entered(amount=Decimal(0), currency="", source="")
    moments = tuple(
        Listened(moment=Moment(name="", label=""), feeling=heard, behaviour=heard, money=money, asked=None, gaps=())
        for money in (NOTHING, entered)
    )
    followed = Followed(
        name="", use=Use("nps"), benchmarks=(Benchmark(value=0.0, source="", on=DAY),)
    )  # fmt: skip
    state = Progress(
        followed=followed, metric=NPS, kind="", period=None, now=NOTHING, history=(_baseline(),), drift=NOTHING,
        change=NOTHING,
    )  # fmt: skip
    return Standing(
        plan=Plan(), version=1, steps=(Step("goals", "", ()),), moments=moments, metrics=(state,), unplanned={},
        data_number=1,
    ).records()  # fmt: skip
