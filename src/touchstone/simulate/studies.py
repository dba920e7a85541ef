"""What only some companies hold: a study of customers, what employees say, posts of the trade, and visits in full.

None of it moves a number of the other exports: all of it has random numbers of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from touchstone.simulate.asking import RELATIONSHIP
from touchstone.simulate.clock import DAY, MINUTE, NEVER, by_day, iso
from touchstone.simulate.company import NAMES, Company
from touchstone.simulate.contacts import KINDS, TOPICS
from touchstone.simulate.exports import Source, Table, named, numbered
from touchstone.simulate.people import Bools, Floats, Ints, random
from touchstone.simulate.scene import Scene

EMPLOYEES: Final = 140
DEPARTMENTS: Final = ("store", "warehouse", "service", "office")
DIMENSIONS: Final = {  # dimension: the touchpoint whose rating it follows
    "reliability": "delivery",
    "personalisation": "website",
    "convenience": "checkout",
    "empathy": "support",
    "timeliness": "delivery",
    "resolution": "support",
}
COMPETITORS: Final = ("", "Larkwood", "Hearth & Hall")
SCALES: Final = (3, 4, 6, 7, 10)  # CSAT on other scales than the usual five
_ANSWERING: Final = 0.6
_INDEX: Final = ("satisfied_10", "expectations_met_10", "near_ideal_10")
_SHORTEST: Final = 40  # seconds that the shortest call takes

Columns = dict[str, list[str]]


def study(source: Source) -> Table:
    """A longer questionnaire for some who answered the yearly survey, a row per answer."""
    scene = source.scene
    rng = random(source.company, source.block, "study")
    yearly = np.flatnonzero(scene.asked.survey[scene.said.invitation] == RELATIONSHIP)
    chosen = yearly[rng.random(len(yearly)) < _ANSWERING]
    invitation = scene.said.invitation[chosen]
    row, wave = scene.asked.row[invitation], scene.asked.wave[invitation]
    when = scene.asked.completed[invitation] + 2 * DAY
    kept = when < scene.clock.end
    row, wave, when = row[kept], wave[kept], when[kept]
    pieces = _asked(rng, scene, row, wave)
    place = np.concatenate([np.flatnonzero(given) for _, given, *_ in pieces])
    counts = [int(given.sum()) for _, given, *_ in pieces]
    order = np.argsort(place, kind="stable")
    place = place[order]

    def column(values: list[Any]) -> list[str]:
        texts: list[str] = np.repeat(np.array([str(v) for v in values], dtype=object), counts)[order].tolist()
        return texts

    score = np.concatenate([values[given] for _, given, values, *_ in pieces])[order]
    first = source.first["studies"]
    metrics = [piece[0] for piece in pieces]
    numbers = (place + first).tolist()
    columns = {
        "answer_id": [f"T{n}-{metric}" for n, metric in zip(numbers, column(metrics), strict=True)],
        "submission_id": [f"T{n}" for n in numbers],
        "question_id": column(metrics),
        "customer_id": numbered(scene.who.number[row][place]),
        "kind": ["relationship"] * len(place),
        "metric": column(metrics),
        "score": numbered(score),
        "scale_low": column([piece[3] for piece in pieces]),
        "scale_high": column([piece[4] for piece in pieces]),
        "polarity": column([piece[5] for piece in pieces]),
        "answered_at": iso(when[place]),
    }
    return Table(columns)


_Piece = tuple[str, Bools, Ints, int, int, str]  # metric, who was asked, what they said, the scale, which end is good


def _asked(rng: np.random.Generator, scene: Scene, row: Ints, wave: Ints) -> list[_Piece]:
    """The questions of the study with what everybody would say; who gets which version is chance."""
    n = len(row)
    ratings = scene.mind.stated.rating[row, wave].astype(float)
    overall = scene.mind.stated.overall[row, wave].astype(float)
    mood = rng.standard_normal(n)

    def said(base: Floats, spread: float, low: int, high: int) -> Ints:
        """`base` (1 to 5) on another scale, with the person's mood and some noise."""
        on_scale = low + (base - 1) / 4 * (high - low)
        noise = (0.5 * mood + rng.standard_normal(n)) * spread * (high - low) / 4
        return np.clip(np.rint(on_scale + noise), low, high).astype(np.int64)

    everybody = rng.random(n) < 0.97
    pieces: list[_Piece] = []
    for name, touchpoint in DIMENSIONS.items():
        given = rng.random(n) < 0.96
        pieces.append((name, given, said(ratings[:, NAMES.index(touchpoint)], 0.7, 1, 5), 1, 5, "high is good"))
    pieces += [(name, everybody, said(overall, 0.6, 1, 5), 1, 5, "high is good") for name in ("valued", "understood")]
    pieces += [(name, rng.random(n) < 0.95, said(overall, 0.5, 1, 10), 1, 10, "high is good") for name in _INDEX]
    expected = np.full(n, 4.3)
    pieces.append(("quality_expected", rng.random(n) < 0.9, said(expected, 0.5, 1, 7), 1, 7, "high is good"))
    pieces.append(("quality_received", rng.random(n) < 0.9, said(overall, 0.5, 1, 7), 1, 7, "high is good"))
    wallet = np.clip(np.rint(12 * overall + 15 * rng.standard_normal(n)), 0, 100).astype(np.int64)
    pieces.append(("wallet_share", rng.random(n) < 0.8, wallet, 0, 100, "high is good"))
    which = rng.integers(0, len(SCALES), n)
    for at, top in enumerate(SCALES):
        pieces.append(("csat", which == at, said(overall, 0.6, 1, top), 1, top, "high is good"))
    support = ratings[:, NAMES.index("support")]
    version, met = rng.integers(0, 2, n), scene.mind.used[row, wave][:, NAMES.index("support")]
    ease = said(support, 0.6, 1, 5)
    pieces.append(("ces", met & (version == 0), ease, 1, 5, "high is good"))
    pieces.append(("ces", met & (version == 1), 6 - ease, 1, 5, "low is good"))
    once = (rng.random(n) < 0.55 + 0.08 * (support - 3)).astype(np.int64)
    pieces.append(("resolved_first_time", met, once, 0, 1, "high is good"))
    return pieces


def employees(source: Source) -> Table:
    """What employees say, without a name: whether they would recommend working here, and how content customers are."""
    if source.block:
        return Table({name: [] for name in _EMPLOYEE_COLUMNS})
    rng = random(source.company, 0, "employees")
    department = rng.integers(0, len(DEPARTMENTS), EMPLOYEES)
    content = rng.standard_normal(EMPLOYEES) + 0.3 * (department == 3)
    recommend = np.clip(np.rint(7.4 + 2.0 * content), 0, 10).astype(np.int64)
    belief = np.clip(np.rint(4.2 + 0.5 * content + 0.6 * rng.standard_normal(EMPLOYEES)), 1, 5).astype(np.int64)
    clock = source.scene.clock
    when = by_day(rng, clock.end - rng.integers(40, 60, EMPLOYEES) * DAY)
    parts = [("enps", recommend, 0, 10), ("believed_overall_rating", belief, 1, 5)]
    columns: Columns = {name: [] for name in _EMPLOYEE_COLUMNS}
    for metric, score, low, high in parts:
        columns["answer_id"] += [f"E{n}-{metric}" for n in range(1, EMPLOYEES + 1)]
        columns["submission_id"] += [f"E{n}" for n in range(1, EMPLOYEES + 1)]
        columns["score"] += numbered(score)
        columns["answered_at"] += iso(when)
        columns["department"] += named(DEPARTMENTS, department)
        constants = {"question_id": metric, "kind": "employee", "metric": metric, "scale_low": low, "scale_high": high}
        for name, value in constants.items():
            columns[name] += [str(value)] * EMPLOYEES
    return Table(columns)


_EMPLOYEE_COLUMNS: Final = (
    "answer_id", "submission_id", "question_id", "kind", "metric", "score", "scale_low", "scale_high", "answered_at",
    "department",
)  # fmt: skip


def posts(source: Source) -> Table:
    """Public posts about the company and about its competitors, with what they set off."""
    rng = random(source.company, source.block, "posts")
    clock = source.scene.clock
    n = max(len(source.scene.who) // 12, 20)
    about = rng.choice(len(COMPETITORS), n, p=(0.5, 0.3, 0.2))
    posted = np.sort(by_day(rng, clock.start + rng.integers(0, (clock.end - clock.start) // DAY, n) * DAY))
    replied = posted + (rng.exponential(1.5 * DAY, n)).astype(np.int64) + 5 * MINUTE
    answered = (about == 0) & (rng.random(n) < 0.5) & (replied < clock.end)
    columns = {
        "mention_id": numbered(np.arange(n) + source.first["posts"], "P"),
        "author": numbered(rng.integers(1, n, n), "user"),
        "posted_at": iso(posted),
        "text": named(("About sofas.", "About Larkwood.", "About Hearth & Hall."), about),
        "likes": numbered(np.where(rng.random(n) < 0.05, -1, rng.poisson(3.0, n))),
        "comments": numbered(rng.poisson(0.8, n)),
        "shares": numbered(rng.poisson(0.4, n)),
        "replied_at": iso(np.where(answered, replied, NEVER)),
        "competitor": named(COMPETITORS, about),
    }
    return Table(columns, ("text",))


def visits(source: Source) -> Table:
    """Visits to the website that ended on their first page, and calls as the desk's clock measured them."""
    rng = random(source.company, source.block, "visits")
    scene, clock = source.scene, source.scene.clock
    n = len(scene.who) // 2
    looked = by_day(rng, clock.start + rng.integers(0, (clock.end - clock.start) // DAY, n) * DAY)
    wanted = scene.help_wanted
    called = np.flatnonzero(wanted.seen(wanted.replied, clock) != NEVER)
    seconds = _SHORTEST + rng.gamma(2.0, 180.0, len(called)).astype(np.int64)
    when = np.concatenate([looked, wanted.replied[called]])
    who = np.concatenate([rng.integers(0, len(scene.who), n), wanted.row[called]])
    page = np.arange(len(when)) < n
    order = np.argsort(when, kind="stable")
    session = np.where(page, np.arange(len(when)) + source.first["bounces"], -1)
    stay = np.concatenate([rng.integers(1, 30, n), seconds])
    columns = {
        "event_id": numbered(np.arange(len(when)) + source.first["visits"], "B"),
        "customer_id": numbered(np.where(rng.random(len(when)) < 0.9, scene.who.number[who], -1)[order]),
        "session_id": numbered(session[order], "W"),
        "occurred_at": iso(when[order]),
        "touchpoint": named(("support", "website"), page[order].astype(int)),
        "channel": named(("contact centre", "web"), page[order].astype(int)),
        "outcome": named(("handled", "viewed"), page[order].astype(int)),
        "duration_seconds": numbered(stay[order]),
    }
    return Table(columns)


def with_referrers(source: Source, table: Table) -> Table:
    """The customers' export with who recommended the company to them, as far as known."""
    rng = random(source.company, source.block, "referrers")
    numbers = table.columns["customer_id"]
    came = np.array([how == "recommendation" for how in table.columns["acquired_through"]])
    told = came & (rng.random(len(numbers)) < 0.6)
    who = rng.integers(0, max(len(numbers), 1), len(numbers))
    referred = [numbers[other] if known else "" for other, known in zip(who.tolist(), told.tolist(), strict=True)]
    return Table(table.columns | {"referred_by": referred}, table.free_text)


def with_contacts(source: Source, table: Table) -> Table:
    """The help desk's export with the seconds waited and how often the customer wrote."""
    rng = random(source.company, source.block, "contacts")
    n = len(table)
    waited: NDArray[np.int64] = np.array([round(60 * float(text)) for text in table.columns["Waiting time (min)"]])
    known = rng.random(n) < 0.97
    more = {
        "Waited seconds": numbered(np.where(known, waited, -1)) if n else [],
        "Contacts": numbered(1 + rng.poisson(0.6, n)),
    }
    return Table(table.columns | more, table.free_text)


def callbacks(source: Source) -> Table:
    """Requests that followed another of the same customer on the same topic: not resolved at the first contact."""
    rng = random(source.company, source.block, "callbacks")
    wanted, clock = source.scene.help_wanted, source.scene.clock
    after = (rng.exponential(6.0, len(wanted.row)) * DAY).astype(np.int64) + 2 * MINUTE
    when = wanted.opened + after
    again = np.flatnonzero((rng.random(len(wanted.row)) < 0.15) & (when < clock.end - DAY))
    again = again[np.argsort(when[again], kind="stable")]
    topic = wanted.topic[again]
    columns = {
        "ticket_id": numbered(np.arange(len(again)) + source.first["callbacks"], "C"),
        "email": source.mails[wanted.row[again]].tolist(),
        "kind": named(KINDS, topic),
        "topic": named([name for name, *_ in TOPICS], topic),
        "channel": ["phone"] * len(again),
        "opened_at": iso(when[again]),
        "first_reply_at": iso(when[again] + 20 * MINUTE),
        "resolved_at": iso(when[again] + rng.integers(30, 600, len(again)) * MINUTE),
    }
    return Table(columns)


def with_ineligible(source: Source, table: Table) -> Table:
    """The invitations, a few of which turned out to have gone to somebody who should not have been asked."""
    rng = random(source.company, source.block, "ineligible")
    columns = table.columns
    steps = zip(columns["sent_at"], columns["started_at"], strict=True)
    silent = np.array([bool(sent) and not started for sent, started in steps])
    out = silent & (rng.random(len(table)) < 0.05)
    eligible = ["false" if found else given for found, given in zip(out.tolist(), columns["eligible"], strict=True)]
    return Table(columns | {"eligible": eligible}, table.free_text)


STUDIES: Final[dict[str, Callable[[Source], Table]]] = {
    "study.csv": study,
    "employees.csv": employees,
    "posts.csv": posts,
    "visits.csv": visits,
    "callbacks.csv": callbacks,
}
FULLER: Final[dict[str, Callable[[Source, Table], Table]]] = {
    "customers.csv": with_referrers,
    "tickets.csv": with_contacts,
    "invitations.csv": with_ineligible,
}


COUNTED: Final = ("studies", "posts", "visits", "bounces", "callbacks")


def sizes(company: Company, scene: Scene) -> dict[str, int]:
    """How many numbers of each kind a block uses up, or more."""
    if not company.studies:
        return {}
    n = len(scene.who)
    return {
        "studies": len(scene.said.invitation),
        "posts": max(n // 12, 20),
        "visits": n // 2 + len(scene.help_wanted.row),
        "bounces": n // 2 + len(scene.help_wanted.row),
        "callbacks": len(scene.help_wanted.row),
    }
