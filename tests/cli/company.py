"""A very small company as the files its owner would have: enough for every command to have something to say."""

from __future__ import annotations

import csv
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

PEOPLE = 60
SURVEY = (
    "Response ID", "Submitted", "Email", "How likely are you to recommend us?", "Overall satisfaction",
    "Delivery rating", "Checkout rating", "Comment",
)  # fmt: skip


def write_files(folder: Path) -> list[Path]:
    """Customers, a survey in two waves, orders, memberships, tickets and invitations; the same every time."""
    chance = Random(11)
    tables = {
        "customers": _customers(),
        "survey": _survey(chance),
        "orders": _orders(chance),
        "subscriptions": _subscriptions(),
        "tickets": _tickets(chance),
        "invitations": _invitations(),
    }
    return [write_csv(folder / f"{name}.csv", rows) for name, rows in tables.items()]


def write_csv(path: Path, rows: list[tuple[object, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def email(person: int) -> str:
    return f"person{person:02}@mail.example"


def _customers() -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [("customer_id", "email", "first_seen_at", "segment", "region")]
    for person in range(PEOPLE):
        segment = ("gold", "silver", "basic")[person % 3]
        rows.append((f"C{person:02}", email(person), date(2023, 1, 1), segment, ("North", "South")[person % 2]))
    return rows


def _survey(chance: Random) -> list[tuple[object, ...]]:
    """Everybody answers in two springs; one date and one recommendation of the second cannot be taken."""
    rows: list[tuple[object, ...]] = [SURVEY]
    for wave, year in enumerate((2024, 2025)):
        for person in range(PEOPLE):
            delivery, checkout = chance.randint(1, 5), chance.randint(1, 5)
            overall = min(5, max(1, round(0.6 * delivery + 0.3 * checkout + chance.random())))
            recommend = min(10, max(0, 2 * overall + chance.randint(-1, 1) + (person % 3 == 0)))
            day: object = datetime(year, 3, 1 + person % 28, 10, 0)
            if (wave, person) == (1, 17):
                day = "2025-02-30 10:00:00"
            if (wave, person) == (1, 30):
                recommend = 11
            delivered: object = "" if person % 9 == 4 else delivery
            comment = "Late again" if delivery < 2 else ""
            rows.append((f"R{wave}{person:02}", day, email(person), recommend, overall, delivered, checkout, comment))
    return rows


def _orders(chance: Random) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [("order_id", "customer_id", "paid_at", "amount", "currency", "kind")]
    start, number = datetime(2024, 1, 1, 12), 0
    for person in range(PEOPLE):
        day = start + timedelta(days=chance.randint(0, 60))
        gap = 20 + 8 * (person % 7)
        while day < datetime(2025, 12, 1) and not (person % 5 == 0 and day > datetime(2024, 9, 1)):
            number += 1
            amount = f"{(10 + (person * 7 % 23) ** 1.5) * chance.lognormvariate(0, 0.6):.2f}"
            rows.append((f"O{number:04}", f"C{person:02}", day, amount, "EUR", "purchase"))
            day += timedelta(days=gap + chance.randint(0, 2 * gap))
    return rows


def _subscriptions() -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [("subscription_id", "customer_id", "started_at", "ended_at", "monthly_amount")]
    for person in range(PEOPLE):
        ended = date(2025, 10, 1 + person % 28) if person % 6 == 1 else ""
        rows.append((f"S{person:02}", f"C{person:02}", date(2024, 1, 1 + person % 28), ended, "9.90"))
    return rows


def _tickets(chance: Random) -> list[tuple[object, ...]]:
    head = ("ticket_id", "customer_id", "opened_at", "first_reply_at", "resolved_at", "sla_met", "reopened", "topic")
    rows: list[tuple[object, ...]] = [head]
    for number in range(80):
        opened = datetime(2025, 2, 1, 9) + timedelta(days=3 * number, minutes=chance.randint(0, 400))
        replied = opened + timedelta(minutes=chance.randint(10, 900))
        resolved: object = replied + timedelta(minutes=chance.randint(60, 5000))
        if number % 10 == 9:
            resolved = ""
        person = f"C{number % PEOPLE:02}"
        rows.append((f"T{number}", person, opened, replied, resolved, number % 4 != 0, int(number % 8 == 0), "late"))
    return rows


def _invitations() -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [("invitation_id", "customer_id", "sent_at", "delivered_at", "completed_at")]
    for number in range(150):
        sent = datetime(2025, 3, 1, 8) + timedelta(hours=number)
        completed = sent + timedelta(hours=5) if number % 3 == 0 else ""
        rows.append((f"I{number}", f"C{number % PEOPLE:02}", sent, sent, completed))
    return rows
