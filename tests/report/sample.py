"""A rich report about an invented company, and the barest one: every number here is made up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from touchstone.core.estimate import Estimate, NoEstimate, Total
from touchstone.report import missing
from touchstone.report.sentences import change, said
from touchstone.report.story import (
    Action,
    Answer,
    BandCount,
    DistributionFigure,
    DriverFigure,
    DriverRow,
    Event,
    GroupFigure,
    JourneyFigure,
    JourneyMoment,
    MadeFrom,
    Method,
    Point,
    Quote,
    Row,
    Sentence,
    Source,
    Story,
    Strong,
    Tile,
    TrendFigure,
    ValueRow,
    ValueTable,
)


def estimate(value: float, half: float, n: int, unit: str = "points", currency: str | None = None) -> Estimate:
    """An invented estimate, `half` to either side."""
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        se=half / 1.96,
        n=n,
        effective_n=n / 1.2,
        unit=unit,
        method="linearised, one cluster per customer",
        currency=currency,
    )


def euros(value: float, half: float, n: int) -> Estimate:
    """An invented amount per customer."""
    return estimate(value, half, n, "EUR", "EUR")


MONTHS = ("Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov")
SCORES = (22.1, 24.0, 23.2, 26.3, 27.0, None, 28.2, 30.1, 29.4, 31.3, 27.6, 31.2)
HALVES = (5.0, 4.6, 4.4, 4.2, 4.0, 0, 3.8, 3.6, 3.5, 3.4, 3.3, 3.2)

TREND = TrendFigure(
    title="NPS climbed from 22 to 31 in a year",
    note="Net Promoter Score by month; the band is the 95 % interval. May is left out: the survey was switched off.",
    points=tuple(
        Point(month, estimate(score, half, 520 + 11 * at) if score else NoEstimate("the survey was switched off", 4))
        for at, (month, score, half) in enumerate(zip(MONTHS, SCORES, HALVES, strict=True))
    ),
    baseline=22,
    target=35,
    events=(Event("Aug", "new checkout"), Event("Oct", "carrier switch, north")),
    method="nps",
)

_JOURNEY = (
    ("Advert", "Engage", 31, 5, "", "neutral", "100 %"),
    ("Search", "Engage", 34, 4, "", "neutral", "83 %"),
    ("Product page", "Educate", 41, 4, "", "neutral", "71 %"),
    ("Advice chat", "Educate", 52, 6, "is what people praise most; one in seven finds it.", "good", "14 %"),
    ("Checkout", "Experience", 46, 4, "gained 12 points since the new checkout in August.", "good", "38 %"),
    ("Delivery", "Experience", -12, 5, "18 % arrive late; in the north 27 % since the carrier switch.", "bad", "36 %"),
    ("Assembly", "Experience", None, 0, "", "neutral", "9 %"),
    ("Help centre", "Empower", 22, 7, "", "neutral", "17 %"),
    ("Complaint", "Empower", -31, 9, "41 % are solved at first contact; the others call three times.", "bad", "6 %"),
    ("Return", "Empower", 4, 8, "the median refund takes nine days.", "bad", "7 %"),
    ("Reorder", "Expand", 49, 5, "", "neutral", "15 %"),
)
JOURNEY = JourneyFigure(
    title="Delivery and complaints pull the whole journey down",
    note="NPS of customers whose answer is about this moment, with its interval; below, how many pass it",
    moments=tuple(
        JourneyMoment(
            name,
            stage,
            NoEstimate("12 answers are too few; about 90 more would tell", 12)
            if score is None
            else estimate(score, half, 900 - 50 * at),
            tone,
            note,
            passing,
        )
        for at, (name, stage, score, half, note, tone, passing) in enumerate(_JOURNEY)
    ),
    reference=31,
    method="moments",
)

DRIVERS = DriverFigure(
    title="Delivery explains most and is rated low",
    note="Share of the explained differences in the score, and the mean rating from 0 to 10",
    rows=(
        DriverRow(
            "Delivery", estimate(34, 6, 3120, "%"), estimate(5.6, 0.2, 3120, ""), "matters most, rated low.", "bad"
        ),
        DriverRow("Ease of checkout", estimate(21, 5, 3120, "%"), estimate(8.1, 0.15, 3120, "")),
        DriverRow(
            "Complaint handling", estimate(19, 5, 640, "%"), estimate(4.7, 0.4, 640, ""), "few, but dear.", "bad"
        ),
        DriverRow("Product quality", estimate(15, 4, 3120, "%"), estimate(8.3, 0.1, 3120, "")),
        DriverRow("Price", estimate(8, 3, 3120, "%"), estimate(7.0, 0.15, 3120, "")),
        DriverRow("Assembly help", estimate(3, 2.4, 410, "%"), NoEstimate("12 answers are too few", 12)),
    ),
    explained=estimate(41, 3, 3120, "%"),
    performance_label="mean rating",
    method="drivers",
)

VALUE = ValueTable(
    title="Promoters spent twice as much as detractors",
    note="Paid orders per customer who answered, and the forecast of a purchase model, with intervals",
    rows=(
        ValueRow("Promoters", 3210, euros(642, 14, 3210), euros(588, 31, 3210)),
        ValueRow("Passives", 1990, euros(518, 16, 1990), euros(455, 34, 1990)),
        ValueRow("Detractors", 1212, euros(311, 21, 1212), euros(236, 40, 1212)),
    ),
    total=Total(value=Decimal("8887208.89"), unit="EUR", currency="EUR", n=19_960),
    total_label="All recorded orders of the period:",
    method="value",
)

METHODS = (
    Method(
        key="nps",
        name="Net Promoter Score",
        definition="Share of answers 9 and 10 minus share of 0 to 6, times 100",
        population="Customers who answered from December to November",
        method="Adjusted Wald on effective counts, one cluster per customer, t quantile",
        n=6412,
        sql="SELECT month, sum(w) AS w, sum(w * x) AS wx\nFROM answers\nWHERE metric = 'nps' AND x < 11\nGROUP BY 1",
        lake_version=12,
    ),
    Method(
        key="ease",
        name="Found it easy",
        definition="Share of 5, 6 and 7 on the scale from 1 (hard) to 7 (easy)",
        population="Contacts with an answer, last three months",
        method="Wilson interval on the effective number of answers",
        n=3120,
        sql="SELECT sum(w), sum(w * x) FROM answers WHERE metric = 'ces'",
        lake_version=12,
    ),
    Method(
        key="retention",
        name="12-month retention",
        definition="Share of customers active a year ago who are active now",
        population="Subscriptions running on 30 November last year",
        method="Wilson interval",
        n=10_240,
        sql="SELECT count(*), sum(active) FROM subscriptions",
        lake_version=12,
    ),
    Method(
        key="orders",
        name="Revenue",
        definition="Sum of paid orders, returns taken off",
        population="All orders of the period",
        method="Exact sum of recorded rows",
        n=19_960,
        sql="SELECT sum(amount) FROM orders",
        lake_version=12,
    ),
    Method(
        key="moments",
        name="Score per moment",
        definition="Net Promoter Score of answers about one moment",
        population="Answers that name a moment",
        method="As the Net Promoter Score; fewer than 30 answers give no number",
        n=5901,
        sql="SELECT touchpoint, sum(w), sum(w * x) FROM answers GROUP BY touchpoint",
        lake_version=12,
    ),
    Method(
        key="drivers",
        name="Drivers",
        definition="Shapley importance: the share of explained variance that falls to each rating",
        population="Answers with at least one rating",
        method="Linear model on standardised ratings; interval from 500 redraws of customers",
        n=3120,
        sql="SELECT sum(a * b) FROM answers",
        lake_version=12,
    ),
    Method(
        key="value",
        name="Amount per customer",
        definition="Paid orders per customer, by the group of the last score before them",
        population="Customers with an answer and a matched order history",
        method="Mean with cluster interval; forecast by BG/NBD and Gamma-Gamma",
        n=6412,
        sql="SELECT score_group, sum(amount), sum(amount * amount) FROM orders GROUP BY 1",
        lake_version=12,
    ),
)

NPS_NOW = estimate(31.2, 3.2, 6412)
NPS_CHANGE = change(estimate(9.1, 4.0, 12_010), since="last November")
EASE_CHANGE = change(
    estimate(1.0, 2.1, 6200, "points"), since="last November", takes="about 900 more answers would tell"
)
RETENTION_CHANGE = change(estimate(-1.6, 1.1, 20_400), since="last year")


def rich() -> Story:
    """A report with every section filled."""
    return Story(
        title="Happier than a year ago, but fewer customers stay",
        lede=(
            Answer(
                "What happened",
                (
                    said("NPS", NPS_NOW, NPS_CHANGE),
                    said("Retention", estimate(78.2, 0.8, 10_240, "%"), RETENTION_CHANGE),
                ),
            ),
            Answer(
                "Why",
                (
                    Sentence.of(
                        Strong("Late deliveries"), " explain most of the score (34 %, likely 28 to 40) and score −12."
                    ),
                    Sentence.of("In the north 27 % arrive late since the carrier switch in October."),
                ),
            ),
            Answer(
                "What it is worth",
                (
                    Sentence.of("Promoters spent ", Strong("642 EUR"), " in twelve months, detractors 311 EUR."),
                    Sentence.of("That difference is correlation only: it prices nothing yet."),
                ),
            ),
            Answer(
                "What to do first",
                (
                    Sentence.of(Strong("Bring the north back to two carriers"), " and compare depot by depot."),
                    Sentence.of("Then answer complaints at first contact."),
                ),
            ),
        ),
        tiles=(
            Tile("Net Promoter Score", NPS_NOW, NPS_CHANGE.text, NPS_CHANGE.tone, "goal 35: not reached", "nps"),
            Tile(
                "Found it easy",
                estimate(81, 2, 3120, "%"),
                EASE_CHANGE.text,
                EASE_CHANGE.tone,
                "goal 85 %: not reached",
                "ease",
            ),
            Tile(
                "12-month retention",
                estimate(78.2, 0.8, 10_240, "%"),
                RETENTION_CHANGE.text,
                RETENTION_CHANGE.tone,
                "goal 82 %: not reached",
                "retention",
            ),
            Tile(
                "Revenue, 12 months",
                Total(value=Decimal("8887208.89"), unit="EUR", currency="EUR", n=19_960),
                "",
                "neutral",
                "returns taken off",
                "orders",
            ),
        ),
        trend=TREND,
        moments=JOURNEY,
        drivers=DRIVERS,
        value_table=VALUE,
        actions=(
            Action(
                "Bring the north back to two carriers",
                "Late deliveries rose from 18 to 27 % since the switch; delivery matters most and scores −12.",
                "Switch three of six depots by lot in January and compare.",
                "About 4,300 customers a year meet a late delivery",
                "correlation only",
            ),
            Action(
                "Solve complaints at first contact",
                "41 % are solved at once. The others call three times and score −31.",
                "Give the first agent the right to refund up to 80 EUR.",
                "About 1,150 customers a year",
                "correlation only",
            ),
            Action(
                "Show the advice chat earlier",
                "It is the best moment (52), and only one visitor in seven finds it.",
                "Run the prepared test on product pages until 15 January.",
                "71 % of journeys pass the page",
            ),
        ),
        groups=(
            GroupFigure(
                title="First-time buyers in the north fell behind",
                note="NPS by region and kind of customer, last three months",
                rows=(
                    Row("South, returning", estimate(42, 4, 980), "good"),
                    Row("South, first order", estimate(34, 6, 560)),
                    Row("North, returning", estimate(29, 6, 610)),
                    Row("North, first order", estimate(9, 8, 340), "bad"),
                    Row("Islands", NoEstimate("9 answers are too few", 9)),
                ),
                reference=31,
                method="nps",
            ),
        ),
        distribution=DistributionFigure(
            title="Half of the customers give 9 or 10",
            note="Answers from 0 to 10, last twelve months",
            bands=tuple(
                BandCount(
                    score=str(score),
                    count=count,
                    band="Detractors" if score < 7 else "Passives" if score < 9 else "Promoters",
                    tone="bad" if score < 7 else "neutral" if score < 9 else "good",
                )
                for score, count in enumerate((212, 61, 98, 120, 131, 270, 320, 790, 1200, 1350, 1860))
            ),
            method="nps",
        ),
        quotes=(
            Quote(
                "The driver never rang, and the parcel went back twice. I had to call three times.",
                "Detractor, first order",
                "Delivery, 12 November",
            ),
            Quote("Nobody could tell me where my refund was.", "Detractor, returning", "Complaint, 3 November"),
            Quote("Checkout took me a minute. Last year I gave up.", "Promoter, returning", "Checkout, 9 November"),
            Quote(
                "Came a day early, and they carried it upstairs.",
                "Promoter, south",
                "Delivery, 3 November",
                opposing=True,
            ),
        ),
        coverage_notes=(
            Sentence.of(
                Strong("Assembly:"), " 12 answers. About 90 more would give a score: ask every second customer."
            ),
            Sentence.of(
                Strong("Retention by region:"),
                " orders cannot be matched for 31 % of answers. Add e-mail to the export of the survey tool.",
            ),
            Sentence.of(
                Strong("Who did not answer:"), " 22 % of those asked answered; the others may be less happy than these."
            ),
        ),
        methods=METHODS,
        made_from=MadeFrom(
            organisation="Northwind Home",
            period="December 2025 to November 2026",
            made_on=date(2026, 12, 1),
            sources=(
                Source("answers", 6412, 88, "30 Nov 2026"),
                Source("orders", 19_960, 12, "30 Nov 2026"),
                Source("subscriptions", 10_240, 0, "30 Nov 2026"),
            ),
            lake_version=12,
            software="Touchstone 0.1.0",
        ),
    )


def bare() -> Story:
    """The first report of a company that has nothing yet but a few answers."""
    reason = "11 answers are too few: about 40 more would give a range of 15 points to either side"
    return Story(
        title="Too few answers for a verdict",
        lede=(Answer("What happened", (said("NPS", NoEstimate(reason, 11)),)),),
        tiles=(Tile("Net Promoter Score", NoEstimate(reason, 11), "", "neutral", "", "nps"),),
        trend=missing.NO_TREND,
        moments=missing.NO_MOMENTS,
        drivers=missing.NO_DRIVERS,
        value_table=missing.NO_ORDERS,
        actions=(),
        methods=METHODS[:1],
        made_from=MadeFrom(
            organisation="Northwind Home",
            period="November 2026",
            made_on=date(2026, 12, 1),
            sources=(),
            lake_version=None,
            software="Touchstone 0.1.0",
        ),
    )
