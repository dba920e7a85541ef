"""What each section says while it has no data: what it would show, what that needs, and the command to get there."""

from __future__ import annotations

from touchstone.report.story import Missing

NO_SCORES = Missing(
    shows="This part shows each score beside its goal, the range it likely lies in, and what changed.",
    needs="It needs a table of answers: one row per answer, with a score and a date.",
    command="touchstone add answers.csv",
)
NO_TREND = Missing(
    shows="This part shows the score through time with its range, beside its baseline and its goal.",
    needs="It needs answers from at least two periods, with a date on each answer.",
    command="touchstone add answers.csv",
)
NO_MOMENTS = Missing(
    shows="This part shows the journey with the score of each moment, and where it hurts.",
    needs="It needs answers that name the moment they are about, in a column called touchpoint.",
    command="touchstone add answers.csv",
)
NO_DRIVERS = Missing(
    shows="This part shows what moves together with the score, beside how customers rate it.",
    needs="It needs answers that rate single moments as well as the whole, at least five for each moment.",
    command="touchstone add answers.csv",
)
NO_ORDERS = Missing(
    shows="This part shows what promoters, passives and detractors spent, and what they are expected to spend.",
    needs="It needs a table of orders whose customers can be matched to the answers: "
    "customer, date and amount, with the same customer number or e-mail in both.",
    command="touchstone add orders.csv",
)
NO_ACTIONS = Missing(
    shows="This part shows the first things to do, with what is at stake and how good the evidence is.",
    needs="It needs scores per moment, and what drives them.",
    command="touchstone check",
)
