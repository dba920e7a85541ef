"""The catalogue counted again in plain Python from the files a simulated company wrote: no engine, no tables, no sums.

Every function gives the value per kind of answers ({"": value} where there are no kinds). What a metric counts is
written out here a second time on purpose: a change of a definition has to be made in both places.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from math import floor, sqrt
from pathlib import Path
from statistics import fmean, pvariance
from zoneinfo import ZoneInfo

import numpy as np

from touchstone.core.estimate import Estimate
from touchstone.stats.buying import Customers, fit_buying
from touchstone.stats.clv import Plan, active, lifetime_value
from touchstone.stats.moments import Moments
from touchstone.stats.shrinkage import common_variance, unit_variances
from touchstone.stats.spend import fit_spend

ZONE = ZoneInfo("Europe/Berlin")
Row = dict[str, str]
Values = dict[str, float]
QUESTIONS = {"Q1": ("nps", 0, 10), "Q2": ("overall_rating", 1, 5), "Q3": ("csat", 1, 5), "Q4": ("ces", 1, 7)}
KINDS = {"relationship": "relationship", "after delivery": "transactional", "after contact": "transactional"}
SIX = ("reliability", "personalisation", "convenience", "empathy", "timeliness", "resolution")
THREE = ("satisfied_10", "expectations_met_10", "near_ideal_10")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Answer:
    submission: str
    kind: str
    metric: str
    score: float
    low: float
    high: float
    good: str


@dataclass(frozen=True)
class Ticket:
    customer: str
    kind: str
    topic: str
    opened: datetime
    replied: datetime | None
    resolved: datetime | None
    waited: float | None
    transfers: int | None
    reopened: int | None
    contacts: int | None
    met: bool | None


@dataclass(frozen=True)
class Books:
    """The written files, read line by line."""

    folder: Path

    def rows(self, name: str) -> list[Row]:
        with (self.folder / name).open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))

    @cached_property
    def answers(self) -> list[Answer]:
        found = []
        for row in self.rows("survey.csv"):
            for header, text in row.items():
                metric, low, high = QUESTIONS.get(header[:2], ("", 0, 0))
                if metric and header[2] in " _" and text and low <= float(text) <= high:
                    kind = KINDS[row["Survey"]]
                    found.append(Answer(row["ResponseId"], kind, metric, float(text), low, high, "high is good"))
        for name in ("study.csv", "employees.csv"):
            for row in self.rows(name):
                scale = float(row["score"]), float(row["scale_low"]), float(row["scale_high"])
                good = row.get("polarity") or "high is good"
                found.append(Answer(row["submission_id"], row["kind"], row["metric"], *scale, good))
        return found

    @cached_property
    def tickets(self) -> list[Ticket]:
        found = []
        for row in self.rows("tickets.csv"):
            times = [wall(row[name]) for name in ("First response", "Solved")]
            counts = [whole(row[name]) for name in ("Reassignments", "Reopens", "Contacts")]
            met = {"met": True, "breached": False}.get(row["SLA"])
            opened = wall(row["Created"])
            assert opened is not None
            waited = float(row["Waited seconds"]) if row["Waited seconds"] else None
            found.append(Ticket(row["Requester"], row["Type"], row["Category"], opened, *times, waited, *counts, met))
        for row in self.rows("callbacks.csv"):
            opened, replied, resolved = (utc(row[f"{name}_at"]) for name in ("opened", "first_reply", "resolved"))
            assert opened is not None
            nothing = (None, None, None, None, None)
            found.append(Ticket(row["email"], row["kind"], row["topic"], opened, replied, resolved, *nothing))
        return found

    @cached_property
    def orders(self) -> list[tuple[str, datetime, Decimal, str]]:
        return [
            (r["customer_id"], sure(r["paid_at"]), Decimal(r["amount"]), r["kind"]) for r in self.rows("orders.csv")
        ]

    @cached_property
    def bought(self) -> dict[str, list[tuple[datetime, Decimal]]]:
        found = defaultdict(list)
        for customer, paid, amount, kind in self.orders:
            if kind == "purchase":
                found[customer].append((paid, amount))
        return {customer: sorted(paid) for customer, paid in found.items()}

    @cached_property
    def contracts(self) -> list[tuple[str, datetime, datetime | None, float]]:
        return [
            (r["customer_id"], sure(r["started_at"]), utc(r["ended_at"]), float(r["monthly_amount"]))
            for r in self.rows("subscriptions.csv")
        ]

    @cached_property
    def mentions(self) -> list[Row]:
        return [*self.rows("reviews.csv"), *self.rows("posts.csv")]

    @cached_property
    def events(self) -> list[Row]:
        return [*self.rows("events.csv"), *self.rows("visits.csv")]


Recount = Callable[[Books], Values]


def utc(text: str) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def sure(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def wall(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC) if text else None


def whole(text: str) -> int | None:
    return int(text) if text else None


def percent(hits: Iterable[bool]) -> Values:
    return {"": fmean(100.0 * hit for hit in hits)}


# answers


def scored(metric: str, points: Callable[[float], float], low: float, high: float) -> Recount:
    def count(books: Books) -> Values:
        found = defaultdict(list)
        for one in books.answers:
            if one.metric == metric and (one.low, one.high) == (low, high):
                score = low + high - one.score if one.good == "low is good" else one.score
                found[one.kind].append(points(score))
        return {kind: fmean(values) for kind, values in found.items()}

    return count


def net(score: float) -> float:
    return 100.0 if score >= 9 else 0.0 if score >= 7 else -100.0


def box(lowest: float) -> Callable[[float], float]:
    return lambda score: 100.0 * (score >= lowest)


def by_submission(books: Books, items: Sequence[str]) -> dict[str, list[list[float]]]:
    """Per kind, what submissions that answer every item said, in the order of the items."""
    given: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for one in books.answers:
        if one.metric in items:
            given[one.kind, one.submission][one.metric] = one.score
    found = defaultdict(list)
    for (kind, _), said in given.items():
        if len(said) == len(items):
            found[kind].append([said[item] for item in items])
    return found


def gap(books: Books) -> Values:
    said = by_submission(books, ("quality_received", "quality_expected"))
    return {kind: fmean(got - hoped for got, hoped in pairs) for kind, pairs in said.items()}


def perception(books: Books) -> Values:
    belief = fmean(one.score for one in books.answers if one.metric == "believed_overall_rating")
    said = scored("overall_rating", float, 1, 5)(books)
    return {kind: belief - mean for kind, mean in said.items()}


def index(items: Sequence[str], high: float) -> Recount:
    def count(books: Books) -> Values:
        return {
            kind: fmean(100 * (fmean(row) - 1) / (high - 1) for row in rows)
            for kind, rows in by_submission(books, items).items()
        }

    return count


def alpha(items: Sequence[str]) -> Recount:
    def count(books: Books) -> Values:
        found = {}
        for kind, rows in by_submission(books, items).items():
            k = len(items)
            parts = sum(pvariance(column) for column in zip(*rows, strict=True))
            found[kind] = k / (k - 1) * (1 - parts / pvariance([sum(row) for row in rows]))
        return found

    return count


# invitations


def share_of(name: str, counts: Callable[[Row], bool], among: Callable[[Row], bool]) -> Recount:
    return lambda books: percent(counts(row) for row in books.rows(name) if among(row))


def has(column: str) -> Callable[[Row], bool]:
    return lambda row: bool(row.get(column))


def always(_row: Row) -> bool:
    return True


def aapor(partial_too: bool, unknown: str) -> Recount:
    def count(books: Books) -> Values:
        sent = [row for row in books.rows("invitations.csv") if row["sent_at"]]
        out = sum(row["eligible"] == "false" for row in sent)
        asked = [row for row in sent if row["eligible"] != "false"]
        reached = sum(bool(row["delivered_at"]) for row in asked)
        answered = sum(bool(row["completed_at"] or (partial_too and row["started_at"])) for row in asked)
        e = {"counted": 1.0, "left out": 0.0, "estimated": reached / (reached + out)}[unknown]
        return {"": 100 * answered / (reached + e * (len(asked) - reached))}

    return count


# durations


def quantile(cases: Iterable[tuple[int, bool]], q: float) -> float:
    """The time by which a share q has ended, where open cases leave the race when last seen (Kaplan and Meier 1958)."""
    everyone = sorted(cases)
    ends = sorted({minutes for minutes, ended in everyone if ended})
    left = 1.0
    for place, minute in enumerate(ends):
        at_risk = sum(minutes >= minute for minutes, _ in everyone)
        left *= 1 - sum(ended and minutes == minute for minutes, ended in everyone) / at_risk
        if left < 1 - q - 1e-9:
            return float(minute)
        if left <= 1 - q + 1e-9:
            return (minute + ends[place + 1]) / 2
    raise AssertionError("too few cases have ended")


def business(start: datetime, stop: datetime) -> int:
    """Minutes from Monday to Friday, 9 to 17 o'clock, day by day."""
    first, last = (time.astimezone(ZONE).replace(second=0, microsecond=0, tzinfo=None) for time in (start, stop))
    total, day = 0, first.date()
    while day <= last.date():
        if day.weekday() < 5:
            opens, closes = (datetime(day.year, day.month, day.day, hour) for hour in (9, 17))
            total += max(int((min(last, closes) - max(first, opens)).total_seconds() // 60), 0)
        day += DAY
    return total


def lasting(end: str, *, q: float = 0.5, hours: bool = True, closed: bool = False, kind: str = "") -> Recount:
    def count(books: Books) -> Values:
        newest = max(time for t in books.tickets for time in (t.opened, t.replied, t.resolved) if time)
        cases = []
        for ticket in books.tickets:
            ended: datetime | None = getattr(ticket, end)
            if (closed and ended is None) or (kind and ticket.kind != kind):
                continue
            stop = ended or newest
            whole_minutes = int((stop - ticket.opened).total_seconds() // 60)
            cases.append((whole_minutes if hours else business(ticket.opened, stop), ended is not None))
        return {"": quantile(cases, q) / 60}

    return count


def waiting(q: float) -> Recount:
    return lambda books: {"": quantile(((int(t.waited // 60), True) for t in books.tickets if t.waited is not None), q)}


def handled(books: Books) -> list[float]:
    rows = [r for r in books.events if r["touchpoint"] == "support" and r["outcome"] == "handled"]
    return [float(row["duration_seconds"]) for row in rows if row["duration_seconds"]]


def replies(books: Books) -> Values:
    pairs = [(sure(row["posted_at"]), utc(row["replied_at"])) for row in books.mentions]
    return {"": quantile(((int((b - a).total_seconds() // 60), True) for a, b in pairs if b), 0.5) / 60}


# tickets


def tickets(counts: Callable[[Ticket], bool], among: Callable[[Ticket], bool] = lambda _: True) -> Recount:
    return lambda books: percent(counts(one) for one in books.tickets if among(one))


def agents_apart(books: Books) -> Values:
    """τ by halving; the variance of each agent's share is the estimator's own, from sums over the lines."""
    account = {row["email"].strip().lower(): row["account_id"] for row in books.rows("customers.csv")}
    lines = defaultdict(list)
    for row in books.rows("tickets.csv"):
        if row["SLA"] and row["Assignee"]:
            requester = row["Requester"].strip().lower()
            who = account.get(requester) or requester or row["Ticket #"]
            lines[row["Assignee"]].append((100.0 * (row["SLA"] == "met"), who))
    sums = [Moments.of([x for x, _ in rows], cluster=[who for _, who in rows]) for rows in lines.values()]
    residuals: defaultdict[str, list[float]] = defaultdict(list)
    for rows, one in zip(lines.values(), sums, strict=True):
        own: defaultdict[str, float] = defaultdict(float)
        for x, who in rows:
            own[who] += x - one.mean
        for who, residual in own.items():
            residuals[who].append(residual)
    crossed = sum(sum(found) ** 2 - sum(value**2 for value in found) for found in residuals.values())
    variances = unit_variances(sums)
    assert variances is not None
    y, v = [one.mean for one in sums], [float(value) - common_variance(crossed, sums) for value in variances]
    low, high = 0.0, 1e6
    for _ in range(200):
        a = (low + high) / 2
        weights = [1 / (value + a) for value in v]
        average = sum(w * value for w, value in zip(weights, y, strict=True)) / sum(weights)
        excess = sum(w * (value - average) ** 2 for w, value in zip(weights, y, strict=True))
        low, high = (a, high) if excess > len(y) - 1 else (low, a)
    return {"": sqrt(low)}


def complaints(books: Books) -> int:
    return sum(one.kind == "complaint" for one in books.tickets)


def purchases(books: Books) -> int:
    return sum(kind == "purchase" for *_, kind in books.orders)


def ordering(books: Books) -> int:
    return len({customer for customer, *_ in books.orders})


def per(top: Callable[[Books], float], bottom: Callable[[Books], float], times: float = 1.0) -> Recount:
    return lambda books: {"": times * top(books) / bottom(books)}


def not_again(days: int, *, topic: bool = True, among: Callable[[Ticket], bool] = lambda _: True) -> Recount:
    def count(books: Books) -> Values:
        newest = max(one.opened for one in books.tickets)
        found = []
        for place, one in enumerate(books.tickets):
            if not among(one) or one.opened + days * DAY > newest:
                continue
            later = [
                other
                for at, other in enumerate(books.tickets)
                if at != place and other.customer == one.customer and (not topic or other.topic == one.topic)
            ]
            again = any(one.opened <= other.opened <= one.opened + days * DAY for other in later)
            found.append(not again)
        return percent(found)

    return count


# contracts and orders


def window(books: Books, days: int) -> tuple[datetime, datetime]:
    end = max(time for _, start, stop, _ in books.contracts for time in (start, stop) if time)
    return end - days * DAY, end


def lost_contracts(days: int, kept: bool = False) -> Recount:
    def count(books: Books) -> Values:
        opening, closing = window(books, days)
        active = [stop for _, start, stop, _ in books.contracts if start <= opening and not (stop and stop <= opening)]
        return percent((stop is not None and stop <= closing) != kept for stop in active)

    return count


def paying(books: Books, moment: datetime) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for customer, start, stop, amount in books.contracts:
        if start <= moment and not (stop and stop <= moment):
            found[customer] += amount
    return found


def logos(books: Books) -> Values:
    opening, closing = window(books, 365)
    after = paying(books, closing)
    return percent(customer not in after for customer in paying(books, opening))


def revenue(gross: bool, lost: bool) -> Recount:
    def count(books: Books) -> Values:
        opening, closing = window(books, 365)
        before, after = paying(books, opening), paying(books, closing)
        kept = sum(min(after.get(c, 0.0), paid) if gross else after.get(c, 0.0) for c, paid in before.items())
        share = 100 * kept / sum(before.values())
        return {"": 100 - share if lost else share}

    return count


def renewed(books: Books) -> Values:
    newest = window(books, 0)[1]
    found = []
    for place, (customer, started, stop, _) in enumerate(books.contracts):
        if stop is None or stop + 30 * DAY > newest:
            continue
        later = sorted(
            start
            for at, (other, start, *_) in enumerate(books.contracts)
            if at != place and other == customer and start >= started
        )
        found.append(bool(later) and later[0] <= stop + 30 * DAY)
    return percent(found)


def two_years(books: Books) -> tuple[dict[str, float], dict[str, float], set[str]]:
    """What each customer paid in the year before the last one and in the last one, and whose first order it holds."""
    closing = max(paid for orders in books.bought.values() for paid, _ in orders) + timedelta(microseconds=1)
    opening, before = closing - 365 * DAY, closing - 730 * DAY
    then: dict[str, float] = defaultdict(float)
    now: dict[str, float] = defaultdict(float)
    for customer, orders in books.bought.items():
        for paid, amount in orders:
            if before <= paid < opening:
                then[customer] += float(amount)
            elif opening <= paid < closing:
                now[customer] += float(amount)
    return then, now, {customer for customer, orders in books.bought.items() if orders[0][0] >= opening}


def inactive(books: Books) -> Values:
    then, now, _ = two_years(books)
    return percent(customer not in now for customer in then)


def returning(books: Books) -> Values:
    then, now, _ = two_years(books)
    return {"": 100 * sum(now.get(customer, 0.0) for customer in then) / sum(then.values())}


def earned(books: Books) -> Values:
    then, now, new = two_years(books)
    told = {
        row["customer_id"]
        for row in books.rows("customers.csv")
        if row["referred_by"] or row["acquired_through"] == "recommendation"
    }
    kept = sum(now.get(customer, 0.0) for customer in then)
    brought = sum(paid for customer, paid in now.items() if customer in new & told)
    return {"": 100 * (kept + brought) / sum(then.values()) - 100}


def again(days: int | None) -> Recount:
    def count(books: Books) -> Values:
        newest = max(paid for _, paid, *_ in books.orders)
        found = []
        for orders in books.bought.values():
            first = orders[0][0]
            if days is None:
                found.append(len(orders) > 1)
            elif first + days * DAY <= newest:
                found.append(len(orders) > 1 and orders[1][0] <= first + days * DAY)
        return percent(found)

    return count


def spent(kinds: Sequence[str]) -> Recount:
    def count(books: Books) -> Values:
        paid: dict[str, Decimal] = defaultdict(Decimal)
        for customer, _, amount, kind in books.orders:
            if kind in kinds:
                paid[customer] += amount
        return {"": float(sum(paid.values())) / len(paid)}

    return count


def amounts(kind: str) -> Callable[[Books], float]:
    return lambda books: float(sum(amount for _, _, amount, one in books.orders if one == kind))


def histories(books: Books) -> Customers:
    """Purchase days per customer as weeks: repeats, the last, the age, and the mean amount of a repeat day."""
    final = max(paid for _, paid, *_ in books.orders).astimezone(ZONE).date()
    rows = []
    merged = household(books)
    days: dict[str, dict[object, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for customer, orders in books.bought.items():
        for paid, amount in orders:
            days[merged.get(customer, customer)][paid.astimezone(ZONE).date()] += amount
    for each in days.values():
        dates = sorted(each)  # type: ignore[type-var]
        later = [each[date] for date in dates[1:]]
        weeks = [((date - dates[0]).days + extra) / 7 for date, extra in ((dates[-1], 0), (final, 1))]  # type: ignore[operator]
        rows.append((len(later), *weeks, cents(float(sum(later)) / len(later)) if later else 0.0))
    x, last, age, spend = np.array(rows).T
    return Customers.of(x=x, last=last, age=age, spend=spend)


def cents(amount: float) -> float:
    """Half a cent is rounded up."""
    return floor(100 * amount + 0.5) / 100


def household(books: Books) -> dict[str, str]:
    """Customers of one account count as one."""
    return {row["customer_id"]: row["account_id"] for row in books.rows("customers.csv") if row["account_id"]}


def still(books: Books) -> Values:
    everyone = histories(books)
    buying = fit_buying(everyone)
    told = active(buying, everyone)  # type: ignore[arg-type]
    assert isinstance(told, Estimate)
    return {"": 100 * told.value / everyone.n}


def ahead(books: Books) -> Values:
    everyone = histories(books)
    assert everyone.spend is not None
    paid = everyone.spend > 0
    spend = fit_spend(everyone.x[paid], everyone.spend[paid], everyone.count[paid])
    plan = Plan(months=12, month=30.4375 / 7, currency="EUR")
    told = lifetime_value(fit_buying(everyone), spend, everyone, plan)  # type: ignore[arg-type]
    assert isinstance(told, Estimate)
    return {"": told.value / everyone.n}


# mentions and events


def mention(counts: Callable[[Row], bool], among: Callable[[Row], bool] = always) -> Recount:
    return lambda books: percent(counts(row) for row in books.mentions if among(row))


def engagement(books: Books) -> Values:
    names = ("likes", "comments", "shares")
    rows = [[row.get(name) for name in names] for row in books.mentions]
    return {"": fmean(sum(int(text or 0) for text in row) for row in rows if any(row))}


def visits(key: str, counts: Callable[[list[Row]], bool], among: Callable[[list[Row]], bool]) -> Recount:
    def count(books: Books) -> Values:
        found = defaultdict(list)
        for row in books.events:
            if row[key]:
                found[row[key]].append(row)
        return percent(counts(rows) for rows in found.values() if among(rows))

    return count


def came(touchpoint: str, outcome: str = "") -> Callable[[list[Row]], bool]:
    def there(rows: list[Row]) -> bool:
        return any(row["touchpoint"] == touchpoint and row["outcome"] == (outcome or row["outcome"]) for row in rows)

    return there


def no_order(rows: list[Row]) -> bool:
    return not came("checkout", "completed")(rows)


INVITED = partial(share_of, "invitations.csv")
CUSTOMERS = partial(share_of, "customers.csv")
RECOUNTS: dict[str, Recount] = {
    "nps": scored("nps", net, 0, 10),
    "enps": scored("enps", net, 0, 10),
    "csat": scored("csat", box(4), 1, 5),
    "csat_mean": scored("csat", float, 1, 5),
    "csat_top_box": scored("csat", box(5), 1, 5),
    "csat_bottom_box": scored("csat", lambda s: 100.0 * (s <= 2), 1, 5),
    "csat_3": scored("csat", box(3), 1, 3),
    "csat_4": scored("csat", box(3), 1, 4),
    "csat_6": scored("csat", box(5), 1, 6),
    "csat_7": scored("csat", box(6), 1, 7),
    "csat_10": scored("csat", box(8), 1, 10),
    "overall_rating": scored("overall_rating", float, 1, 5),
    "overall_satisfied": scored("overall_rating", box(4), 1, 5),
    "satisfaction_index": index(THREE, 10),
    "satisfaction_index_reliability": alpha(THREE),
    "ces": scored("ces", box(5), 1, 7),
    "ces_mean": scored("ces", float, 1, 7),
    "ces_index": scored("ces", lambda s: 100.0 * (s >= 6) - 100.0 * (s <= 3), 1, 7),
    "ces_5": scored("ces", box(4), 1, 5),
    "ces_inverted": scored("ces", box(4), 1, 5),
    **{name: scored(name, box(4), 1, 5) for name in (*SIX, "valued", "understood")},
    "experience_index": index(SIX, 5),
    "experience_index_reliability": alpha(SIX),
    "expectation_gap": gap,
    "perception_gap": perception,
    "wallet_share": scored("wallet_share", float, 0, 100),
    "first_contact_resolution_asked": scored("resolved_first_time", box(1), 0, 1),
    "response_rate": INVITED(has("completed_at"), has("delivered_at")),
    "response_rate_rr1": aapor(False, "counted"),
    "response_rate_rr2": aapor(True, "counted"),
    "response_rate_rr3": aapor(False, "estimated"),
    "response_rate_rr4": aapor(True, "estimated"),
    "response_rate_rr5": aapor(False, "left out"),
    "response_rate_rr6": aapor(True, "left out"),
    "response_rate_sent": INVITED(has("completed_at"), has("sent_at")),
    "response_rate_decided": INVITED(has("completed_at"), has("decided_at")),
    "completion_rate": INVITED(has("completed_at"), has("started_at")),
    "open_rate": INVITED(has("opened_at"), has("delivered_at")),
    "undelivered_rate": INVITED(lambda row: not row["delivered_at"], has("sent_at")),
    "first_reply_time": lasting("replied"),
    "first_reply_time_business": lasting("replied", hours=False),
    "first_reply_time_p90": lasting("replied", q=0.9),
    "waiting_time": waiting(0.5),
    "waiting_time_p90": waiting(0.9),
    "waiting_time_mean": lambda b: {"": fmean(t.waited for t in b.tickets if t.waited is not None)},
    "transfers": lambda b: {"": fmean(t.transfers for t in b.tickets if t.transfers is not None)},
    "transferred": tickets(lambda t: bool(t.transfers), lambda t: t.transfers is not None),
    "handling_time": lambda b: {"": quantile(((int(s // 60), True) for s in handled(b)), 0.5)},
    "handling_time_mean": lambda b: {"": fmean(handled(b))},
    "resolution_time": lasting("resolved"),
    "resolution_time_business": lasting("resolved", hours=False),
    "resolution_time_p90": lasting("resolved", q=0.9),
    "resolution_time_closed": lasting("resolved", closed=True),
    "resolved": tickets(lambda t: t.resolved is not None),
    "reopened": tickets(lambda t: bool(t.reopened), lambda t: t.reopened is not None),
    "sla_met": tickets(lambda t: bool(t.met), lambda t: t.met is not None),
    "consistency": agents_apart,
    "contact_rate": per(lambda b: len(b.tickets), ordering),
    "contact_rate_orders": per(lambda b: len(b.tickets), purchases, 100),
    "first_contact_resolution": not_again(7),
    "first_contact_resolution_14_days": not_again(14),
    "first_contact_resolution_any_topic": not_again(7, topic=False),
    "first_contact_resolution_net": not_again(7, among=lambda t: t.transfers == 0),
    "first_contact_resolution_one_touch": tickets(
        lambda t: (t.contacts or 0) <= 1, lambda t: t.resolved is not None and t.contacts is not None
    ),
    "complaint_volume": lambda b: {"": float(complaints(b))},
    "complaint_rate": per(complaints, purchases, 100),
    "complaint_rate_customers": per(complaints, ordering, 100),
    "complaint_rate_contacts": tickets(lambda t: t.kind == "complaint"),
    "complaint_resolution_time": lasting("resolved", kind="complaint"),
    "churn": lost_contracts(30),
    "churn_year": lost_contracts(365),
    "retention": lost_contracts(365, kept=True),
    "logo_churn": logos,
    "gross_revenue_retention": revenue(gross=True, lost=False),
    "net_revenue_retention": revenue(gross=False, lost=False),
    "revenue_churn": revenue(gross=True, lost=True),
    "revenue_churn_net": revenue(gross=False, lost=True),
    "renewal_rate": renewed,
    "inactive_customers": inactive,
    "still_active": still,
    "repeat_purchase_rate": again(90),
    "repeat_customers_ever": again(None),
    "purchase_frequency": per(purchases, lambda b: len(b.bought)),
    "average_order_value": per(amounts("purchase"), purchases),
    "return_rate": per(lambda b: sum(kind == "refund" for *_, kind in b.orders), purchases, 100),
    "return_rate_value": per(amounts("refund"), amounts("purchase"), -100),
    "sales": lambda b: {"": amounts("purchase")(b)},
    "revenue_per_customer": spent(("purchase",)),
    "lifetime_value_so_far": spent(("purchase", "refund")),
    "lifetime_value_ahead": ahead,
    "referral_rate": CUSTOMERS(has("referred_by"), always),
    "recommended_customers": CUSTOMERS(
        lambda row: row["acquired_through"] == "recommendation", has("acquired_through")
    ),
    "returning_revenue": returning,
    "earned_growth": earned,
    "review_rating": lambda b: {"": fmean(float(r["rating"]) for r in b.mentions if r.get("rating_high") == "5")},
    "review_positive": mention(lambda r: float(r["rating"]) >= 4, lambda r: r.get("rating_high") == "5"),
    "share_of_voice": mention(lambda r: not r.get("competitor")),
    "social_engagement": engagement,
    "mention_reply_rate": mention(has("replied_at")),
    "mention_reply_time": replies,
    "adoption": visits("customer_id", lambda rows: any(r["channel"] == "app" for r in rows), lambda _: True),
    "bounce_rate": visits("session_id", lambda rows: len(rows) == 1, came("website")),
    "drop_off": visits("session_id", no_order, came("website")),
    "checkout_abandoned": visits("session_id", no_order, came("checkout")),
}
