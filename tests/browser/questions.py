"""Eight questions that somebody new to the company must be able to answer from the report within five minutes.

Each comes with the words that answer it: in the sample report, in one of a company that has nothing yet, and in the one
composed from a simulated company. The browser test looks for them in what can be seen without opening anything. To try
it with a person: hand over the report, read the questions aloud, take the time.
"""

from __future__ import annotations

from tests.report.sample import bare, rich

from touchstone.report.story import Story

QUESTIONS = (
    "How satisfied are customers now, and how sure is that?",
    "Is that better or worse than before, and is the change real?",
    "Which goal is missed?",
    "Where on their journey does it hurt most?",
    "Why: what goes together with a low score?",
    "What do happy and unhappy customers spend?",
    "What should be done first, and how good is the evidence for it?",
    "What can this report not say, and what would it take?",
)

RICH = (
    ("NPS 31 points (28 to 34)", "likely 28 to 34 · n = 6,412"),
    ("up 9 since last November: a real change", "up 1 since last November: within the noise"),
    ("goal 35: not reached", "goal 82 %: not reached"),
    ("Delivery and complaints pull the whole journey down", "18 % arrive late", "−31"),
    ("Late deliveries explain most of the score", "matters most, rated low", "The driver never rang"),
    ("642 EUR", "311 EUR", "Differences between these groups are correlation only."),
    ("Bring the north back to two carriers", "Switch three of six depots by lot", "Evidence correlation only"),
    ("12 answers. About 90 more would give a score", "Add e-mail to the export of the survey tool."),
)

BARE = (
    ("no number yet",),
    ("answers from at least two periods",),
    ("Net Promoter Score no number yet",),
    ("answers that name the moment they are about",),
    ("answers that rate single moments as well as the whole",),
    ("a table of orders", "touchstone add orders.csv"),
    ("touchstone check",),
    ("11 answers are too few: about 40 more would give a range of 15 points",),
)

COMPOSED = (
    ("Net Promoter Score", "points (", "likely ", "n = "),
    ("since the year before: ", "the year before: "),
    ("Found it easy (CES 2.0)", "Retention over a year"),
    ("Delivery satisfies fewest customers", "Delivery below the others, and not by chance."),
    ("Delivery goes with ", "Delivery matters much, rated low", "association, not cause"),
    (
        "Promoters paid ",
        " EUR in the year after their answer",
        "Differences between these groups are correlation only.",
    ),
    ("Improve delivery", "chosen by lot, and compare.", "Evidence correlation only"),
    ("Who did not answer:", "have no customer or no date and are left out."),
)

WORDS: dict[str, tuple[tuple[str, ...], ...]] = {"rich": RICH, "bare": BARE, "composed": COMPOSED}
STORIES: dict[str, Story] = {"rich": rich(), "bare": bare()}
