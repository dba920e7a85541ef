"""Eight questions that somebody new to the company must be able to answer from the report within five minutes.

Each comes with the words of the sample report that answer it; the browser test looks for them in what can be seen
without opening anything. To try it with a person: hand over the report, read the questions aloud, take the time.
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

STORIES: dict[str, tuple[Story, tuple[tuple[str, ...], ...]]] = {"rich": (rich(), RICH), "bare": (bare(), BARE)}
