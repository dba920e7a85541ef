"""The company's records as the tables its tools would export: a column is a list of texts under a header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from touchstone.simulate.asking import AFTER_CONTACT, AFTER_DELIVERY, REASONS, RELATIONSHIP, SAMPLED, SURVEYS
from touchstone.simulate.clock import NEVER, iso, wall
from touchstone.simulate.company import NAMES, REGIONS, SEGMENTS, TOUCHPOINTS, Company
from touchstone.simulate.contacts import CHANNELS, KINDS, TEAMS, TOPICS
from touchstone.simulate.people import Ints, People
from touchstone.simulate.scene import Scene
from touchstone.simulate.shop import EVENT_CHANNELS, EVENT_OUTCOMES

FIRST_NAMES: Final = (
    "Anna", "Ben", "Clara", "David", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Klara", "Leo",
    "Mia", "Noah", "Olga", "Paul", "Ruth", "Sami", "Tara", "Uwe", "Vera", "Yusuf", "Zoe",
)  # fmt: skip
LAST_NAMES: Final = (
    "Albers", "Brandt", "Castell", "Dorn", "Ebeling", "Falk", "Gerber", "Hauser", "Ivers",
    "Jansen", "Keller", "Lorenz", "Merten", "Nolte", "Ott", "Pohl", "Reuter", "Sommer",
)  # fmt: skip
DOMAINS: Final = ("mail.example", "post.example", "inbox.example", "example.org")
ACQUIRED: Final = ("search", "recommendation", "advertising", "store", "marketplace")
AGENTS: Final = (
    ("Zoë Adler", "Jörg Blum", "Renée Carl", "Sören Dahl"),
    ("Anaïs Engel", "Björn Frey", "Chloé Graf", "Dörte Hahn"),
    ("Éva Imhof", "François Jung", "Günther Kopp", "Inés Lang"),
)
REVIEW_SOURCES: Final = ("shop page", "review portal", "app store")
_ITEM_HEADERS: Final = {
    "delivery": "Q3_1 Delivery",
    "checkout": "Q3_2 Ordering and paying",
    "product": "Q3_3 The product itself",
    "returns": "Q3_4 Returns and refunds",
    "support": "Q3_5 Customer service",
    "website": "Q3_6 Website and app",
    "store": "Q3_7 Our stores",
}


@dataclass(frozen=True, slots=True)
class Table:
    """One block of one file. `free_text` names the columns that may hold commas or quotes."""

    columns: dict[str, list[str]]
    free_text: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def named(options: Sequence[str], index: NDArray[Any]) -> list[str]:
    """The option that each index stands for."""
    texts: list[str] = np.array(options, dtype=object)[index].tolist()
    return texts


def numbered(numbers: NDArray[Any], prefix: str = "") -> list[str]:
    """Whole numbers as text, nothing for negative ones."""
    return [f"{prefix}{number}" if number >= 0 else "" for number in numbers.tolist()]


def money(cents: Ints) -> list[str]:
    """Cents as `-12.30`."""
    return [f"{'-' * (amount < 0)}{abs(amount) // 100}.{abs(amount) % 100:02d}" for amount in cents.tolist()]


def mail_addresses(who: People) -> list[str]:
    """Invented addresses under reserved domains, one per customer."""
    first = named([name.lower() for name in FIRST_NAMES], who.first_name % len(FIRST_NAMES))
    last = named([name.lower() for name in LAST_NAMES], who.last_name % len(LAST_NAMES))
    domain = named(DOMAINS, who.mail_domain % len(DOMAINS))
    parts = zip(first, last, who.number.tolist(), domain, strict=True)
    return [f"{given}.{family}{number}@{host}" for given, family, number, host in parts]


def depot_names() -> list[str]:
    """`North-1` to `West-8`, in the order of the depots' indices."""
    return [f"{region}-{place}" for region in REGIONS for place in range(1, 9)]


@dataclass(frozen=True, slots=True)
class Source:
    """A block to export, the number that its first order, ticket... bears, and everybody's e-mail address."""

    company: Company
    block: int
    scene: Scene
    first: dict[str, int]
    mails: NDArray[np.object_]

    @classmethod
    def of(cls, company: Company, block: int, scene: Scene, first: dict[str, int]) -> Source:
        """With the addresses of the block's people."""
        return cls(company, block, scene, first, np.array(mail_addresses(scene.who), dtype=object))


def customers(source: Source) -> Table:
    """Everybody who ever was a member, with what was known when the data begin (or they joined)."""
    scene = source.scene
    who, life = scene.who, scene.life
    seen = np.flatnonzero(life.joined < scene.clock.length)
    since = np.where(np.isfinite(life.joined), life.joined, -12 * who.tenure)[seen]
    trade = who.account[seen] >= 0
    columns = {
        "customer_id": numbered(who.number[seen]),
        "email": source.mails[seen].tolist(),
        "account_id": numbered(who.account[seen], "A"),
        "role": named(("buyer", "user"), (trade & (who.number[seen] % 4 != 1)).astype(int)),
        "first_seen_at": iso(scene.clock.seconds(since)),
        "acquired_through": named(ACQUIRED, who.acquired[seen]),
        "consent": named(("no", "yes"), who.consent[seen].astype(int)),
        "language": named(("en", "de"), who.language[seen]),
        "segment": named(SEGMENTS, who.segment[seen]),
        "region": named(REGIONS, who.region[seen]),
        "depot": named(depot_names(), who.depot[seen]),
        "usage_index": [f"{value:.1f}" for value in (50 + 15 * who.usage[seen]).tolist()],
    }
    return Table(columns)


def orders(source: Source) -> Table:
    """Purchases and the refunds that belong to them, in the order of time; a refund is a negative amount."""
    scene = source.scene
    bought, back = scene.bought, scene.given_back
    n = len(bought.row)
    row = np.concatenate([bought.row, bought.row[back.order]])
    paid = np.concatenate([bought.paid, back.paid])
    refund = np.arange(len(row)) >= n
    of = np.concatenate([np.full(n, -1), back.order + source.first["orders"]])
    order = np.argsort(paid, kind="stable")
    number = np.concatenate([np.arange(n), np.arange(len(back.order))]) + np.where(
        refund, source.first["refunds"], source.first["orders"]
    )
    prefix = named(("O", "R"), refund[order].astype(int))
    columns = {
        "order_id": [f"{letter}{digits}" for letter, digits in zip(prefix, number[order].tolist(), strict=True)],
        "customer_id": numbered(scene.who.number[row[order]]),
        "paid_at": iso(paid[order]),
        "amount": money(np.concatenate([bought.cents, back.cents])[order]),
        "currency": ["EUR"] * len(row),
        "margin": money(np.concatenate([bought.margin, back.margin])[order]),
        "kind": named(("purchase", "refund"), refund[order].astype(int)),
        "unit": named(depot_names(), scene.who.depot[row[order]]),
        "refund_of": numbered(of[order], "O"),
    }
    return Table(columns)


def subscriptions(source: Source) -> Table:
    """Contract periods of the membership; one that ended for a change of plan is followed by the next."""
    scene = source.scene
    plan, who = scene.plan, scene.who
    seen = np.flatnonzero(scene.life.joined[plan.row] < scene.clock.length)
    reason = np.where(plan.changed, 1, np.where(plan.ended != NEVER, 2, 0))[seen]
    columns = {
        "subscription_id": numbered(seen + source.first["subscriptions"], "S"),
        "customer_id": numbered(who.number[plan.row[seen]]),
        "started_at": iso(plan.started[seen]),
        "ended_at": iso(plan.ended[seen]),
        "monthly_amount": money(plan.cents[seen]),
        "currency": ["EUR"] * len(seen),
        "end_reason": named(("", "plan change", "cancelled"), reason),
    }
    return Table(columns)


def tickets(source: Source) -> Table:
    """The help desk's export: its own words, the office clock, its customers by e-mail."""
    scene = source.scene
    asked, clock = scene.help_wanted, scene.clock
    solved, replied = asked.seen(asked.solved, clock), asked.seen(asked.replied, clock)
    shift = scene.ticket_shift
    open_ = solved == NEVER
    met = np.where(open_, np.where(asked.due < clock.end, 1, 2), (solved > asked.due).astype(int))
    team = np.array([team for *_, team in TOPICS])[asked.topic]
    desk = [AGENTS[group][agent] for group, agent in zip(team.tolist(), asked.agent.tolist(), strict=True)]
    columns = {
        "Ticket #": numbered(np.arange(len(asked.row)) + source.first["tickets"]),
        "Requester": source.mails[asked.row].tolist(),
        "Type": named(KINDS, asked.topic),
        "Category": named([topic for topic, *_ in TOPICS], asked.topic),
        "Journey step": named([touchpoint for _, touchpoint, *_ in TOPICS], asked.topic),
        "Via": named(CHANNELS, asked.channel),
        "Group": named(TEAMS, team),
        "Assignee": desk,
        "Created": wall(asked.opened, shift),
        "First response": wall(replied, shift),
        "Solved": wall(solved, shift),
        "Due": wall(asked.due, shift),
        "SLA": named(("met", "breached", ""), met),
        "Waiting time (min)": [f"{minutes:.1f}" for minutes in asked.waited_minutes.tolist()],
        "Reopens": numbered(asked.reopened),
        "Reassignments": numbered(asked.transfers),
        "Status": named(("solved", "open"), open_.astype(int)),
    }
    return Table(columns)


def events(source: Source) -> Table:
    """Interactions that systems logged."""
    scene = source.scene
    steps = scene.steps
    delivery = steps.touchpoint == NAMES.index("delivery")
    columns = {
        "event_id": numbered(np.arange(len(steps.row)) + source.first["events"], "E"),
        "customer_id": numbered(scene.who.number[steps.row]),
        "session_id": numbered(np.where(steps.session >= 0, steps.session + source.first["sessions"], -1), "V"),
        "occurred_at": iso(steps.occurred),
        "touchpoint": named(NAMES, steps.touchpoint),
        "channel": named(EVENT_CHANNELS, steps.channel),
        "outcome": named(EVENT_OUTCOMES, steps.outcome),
        "unit": named([*depot_names(), ""], np.where(delivery, scene.who.depot[steps.row], -1)),
        "duration_seconds": numbered(steps.seconds),
    }
    return Table(columns)


def invitations(source: Source) -> Table:
    """Who was asked what, when, and how far they came."""
    scene, asked = source.scene, source.scene.asked
    columns = {
        "invitation_id": numbered(np.arange(len(asked.row)) + source.first["invitations"], "I"),
        "survey_id": named(SURVEYS, asked.survey),
        "customer_id": numbered(scene.who.number[asked.row]),
        "decided_at": iso(asked.decided),
        "eligible": named(("true", "false"), np.isin(asked.reason, (1, 2)).astype(int)),
        "reason": named(REASONS, asked.reason),
        "inclusion_probability": named([str(share) for share in SAMPLED], asked.survey),
        "sent_at": iso(asked.sent),
        "delivered_at": iso(asked.delivered),
        "opened_at": iso(asked.opened),
        "started_at": iso(asked.started),
        "completed_at": iso(asked.completed),
        "channel": ["e-mail"] * len(asked.row),
        "incentive": [""] * len(asked.row),
    }
    return Table(columns)


def survey(source: Source) -> Table:
    """The survey tool's wide export: a row per submission, headers as in the questionnaire, 6 for "did not use"."""
    scene = source.scene
    asked, said = scene.asked, scene.said
    row, kind = asked.row[said.invitation], asked.survey[said.invitation]
    mails = source.mails[row]
    mails[said.anonymous] = ""
    about = asked.about[said.invitation]
    took = (asked.completed - asked.started)[said.invitation]
    columns = {
        "ResponseId": numbered(np.arange(len(row)) + source.first["survey"], "R_"),
        "RecordedDate": wall(asked.completed[said.invitation]),
        "RecipientEmail": mails.tolist(),
        "Survey": named(SURVEYS, kind),
        "DistributionChannel": ["e-mail"] * len(row),
        "Region": named(REGIONS, scene.who.region[row]),
        "UserLanguage": named(("en", "de"), scene.who.language[row]),
        "Q1 How likely are you to recommend us to a friend or colleague?": numbered(said.recommend),
        "Q2 Overall, how satisfied are you with us?": numbered(said.overall),
    }
    for item, touchpoint in enumerate(TOUCHPOINTS):
        columns[_ITEM_HEADERS[touchpoint.name]] = numbered(np.where(said.items[:, item] == 0, -1, said.items[:, item]))
    columns |= {
        "Q4 It was easy to get my request handled": numbered(said.ease),
        "Q5 What is the main reason for your answers?": scene.voice.text,
        "Reference": _reference(source, kind, about),
        "Duration (in seconds)": numbered(took),
    }
    return Table(columns, ("Q5 What is the main reason for your answers?",))


def _reference(source: Source, kind: Ints, about: Ints) -> list[str]:
    first = {
        RELATIONSHIP: ("", 0),
        AFTER_DELIVERY: ("O", source.first["orders"]),
        AFTER_CONTACT: ("", source.first["tickets"]),
    }
    pairs = zip(kind.tolist(), about.tolist(), strict=True)
    return ["" if which < 0 else f"{first[survey_][0]}{first[survey_][1] + which}" for survey_, which in pairs]


def reviews(source: Source) -> Table:
    """Stars and a sentence in public places; only some under a name the shop knows."""
    scene = source.scene
    public = scene.public
    known = np.where(public.known, scene.who.number[public.row], -1)
    author = named(FIRST_NAMES, scene.who.first_name[public.row] % len(FIRST_NAMES))
    columns = {
        "mention_id": numbered(np.arange(len(public.row)) + source.first["reviews"], "M"),
        "source": named(REVIEW_SOURCES, public.source),
        "author": author,
        "customer_id": numbered(known),
        "posted_at": iso(public.posted),
        "rating": numbered(public.stars),
        "rating_high": ["5"] * len(public.row),
        "text": public.voice.text,
        "language": ["en"] * len(public.row),
        "likes": numbered(public.likes),
        "replied_at": iso(public.replied),
    }
    return Table(columns, ("text",))
