"""The first screen of the report: its title, and the four answers that it opens with."""

from __future__ import annotations

from collections.abc import Sequence

from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.measure.compare import Comparison
from touchstone.report.sentences import Verdict, amount, change, said, spread
from touchstone.report.story import Action, Answer, Sentence, Strong
from touchstone.stats.differences import would_tell
from touchstone.understand.drivers import Driver, Drivers
from touchstone.value.groups import Group
from touchstone.value.table import ValueTable as Worth

LEADING = "nps"  # what the report is about


def title(compared: dict[str, Comparison], found: Drivers | NoEstimate) -> str:
    """Whether customers are happier than a year ago, and what to fix first where that is known."""
    leading = compared.get(LEADING)
    words = "Customer experience in twelve months"
    if leading is not None and isinstance(leading.change, Estimate):
        up = leading.change.value > 0
        real = leading.verdict.words == "a real change"
        words = (
            f"Customers are {'happier' if up else 'less happy'} than a year ago"
            if real
            else ("Customers are about as happy as a year ago")
        )
    fix = to_fix(found)
    return f"{words}; {fix[0].label.lower()} is what to fix first" if fix else words


def lede(
    compared: dict[str, Comparison], found: Drivers | NoEstimate, worth: Worth, actions: Sequence[Action]
) -> tuple[Answer, ...]:
    """What happened, why, what it is worth, and what to do first; each says so where it cannot be told."""
    happened = [
        said(one.after.metric.label, one.now, verdict_on(one))
        for name, one in compared.items()
        if name in (LEADING, "retention") and isinstance(one.now, (Estimate, NoEstimate))
    ]
    answers = [Answer("What happened", tuple(happened)), Answer("Why", (_why(found),))]
    answers.append(Answer("What it is worth", _worth_sentences(worth.groups)))
    first = Sentence.of(Strong(actions[0].title), f": {actions[0].next_step}") if actions else _nothing_to_do(found)
    answers.append(Answer("What to do first", (first,)))
    return tuple(answers)


def _nothing_to_do(found: Drivers | NoEstimate) -> Sentence:
    if isinstance(found, NoEstimate):
        return Sentence.of("Have more customers rate single touchpoints beside the whole: then a first step shows.")
    return Sentence.of("No touchpoint stands out yet: more answers would show where to begin.")


def _why(found: Drivers | NoEstimate) -> Sentence:
    if isinstance(found, NoEstimate):
        return Sentence.of(f"It cannot be told yet: {found.reason.rstrip('.')}.")
    top = found.rows[0]
    return Sentence.of(
        Strong(spoken(top.label)),
        f" goes with {amount(top.share)} of the differences in overall satisfaction",
        f" (likely {spread(top.share)})" if isinstance(top.share, Estimate) else "",
        f" and is rated {amount(top.performance)}.",
    )


def _worth_sentences(groups: Sequence[Group]) -> tuple[Sentence, ...]:
    best, last = groups[0], groups[-1]
    if not (isinstance(best.spent, Estimate) and isinstance(last.spent, Estimate)):
        reason = best.spent.reason if isinstance(best.spent, NoEstimate) else "too few orders could be matched"
        return (Sentence.of(f"No amount yet: {reason}."),)
    return (
        Sentence.of(
            f"{spoken(best.band)} paid ",
            Strong(amount(best.spent)),
            f" in the year after their answer ({spread(best.spent)}), {last.band} {amount(last.spent)}"
            f" ({spread(last.spent)}).",
        ),
        Sentence.of("That difference is correlation only: it prices nothing yet."),
    )


def verdict_on(one: Comparison) -> Verdict:
    """The change since the year before in words, with what it would take to know more where that is within reach."""
    takes = ""
    needed = one.verdict.answers_for(one.change.value) if isinstance(one.change, Estimate) else None
    if one.verdict.words != "a real change" and needed and one.change.n and needed < 6 * one.change.n:
        takes = would_tell(one.verdict, one.change, of=one.after.metric.counted)
    return change(one.change, since="the year before", better=one.after.metric.better, takes=takes)


def helpful(found: Drivers | NoEstimate) -> list[Driver]:
    """The items whose better rating goes with a better score, the others held equal, and not by chance."""
    rows = () if isinstance(found, NoEstimate) else found.rows
    return [row for row in rows if isinstance(row.effect, Estimate) and row.effect.low > 0]


def to_fix(found: Drivers | NoEstimate) -> list[Driver]:
    """Those of the `helpful` items that matter much and are rated low."""
    return [row for row in helpful(found) if row.quadrant == "fix first"]


def spoken(name: str) -> str:
    """A touchpoint's name as people say it: `web_shop` becomes `Web shop`."""
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]
