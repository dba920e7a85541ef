"""Settings of a workspace: one tuple of names, defaults and explanations; the file, the help and the docs read it."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from touchstone.core.errors import BadDefinition, UnknownName

FORMAT = 1
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in touchstone.toml, its default, and what it decides."""

    name: str
    default: Any
    help: str


SETTINGS = (
    Setting("format", FORMAT, "Version of the workspace's layout; Touchstone refuses a newer one than it knows."),
    Setting("name", "My company", "The name that reports carry."),
    Setting("timezone", "UTC", "What a day and a month are (an IANA name such as Europe/Berlin); data is kept in UTC."),
    Setting("currency", "EUR", "The currency that amounts are shown in."),
    Setting(
        "rates", {}, "Value of one unit of another currency: USD = { rate = '0.92', on = 2026-01-02, source = 'ECB' }."
    ),
    Setting("business_hours", "mon-fri 09:00-17:00", "Hours that count where a metric counts business hours."),
    Setting("demo", False, "Marks a demo workspace, which `touchstone demo` may replace."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one workspace, checked when read."""

    name: str = "My company"
    timezone: str = "UTC"
    currency: str = "EUR"
    rates: Dict[str, Decimal] = field(default_factory=dict)
    business_hours: tuple[int, int, int, int] = (0, 4, 9 * 60, 17 * 60)
    demo: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """The workspace's time zone."""
        return ZoneInfo(self.timezone)


def read_settings(data: Dict[str, Any]) -> Settings:
    """Settings from parsed TOML; a bad value names the setting, the value and what was expected."""
    names = [setting.name for setting in SETTINGS]
    for name in data:
        if name not in names:
            raise UnknownName.among("setting", name, names)
    given = data.get("format", FORMAT)
    if not isinstance(given, int) or given > FORMAT:
        raise BadDefinition(
            f"This workspace has format {given}, and this Touchstone knows formats up to {FORMAT}.",
            hint="update Touchstone.",
        )
    zone = str(data.get("timezone", "UTC"))
    if zone not in available_timezones():
        raise UnknownName.among("time zone", zone, available_timezones())
    return Settings(
        name=str(data.get("name", "My company")),
        timezone=zone,
        currency=_currency(data.get("currency", "EUR")),
        rates={_currency(name): _rate(name, value) for name, value in data.get("rates", {}).items()},
        business_hours=_hours(str(data.get("business_hours", "mon-fri 09:00-17:00"))),
        demo=bool(data.get("demo", False)),
    )


def _currency(value: Any) -> str:
    text = str(value).upper()
    if len(text) != 3 or not text.isalpha():
        raise BadDefinition(f"'{value}' is not a currency.", hint="write its three letters, such as EUR.")
    return text


def _rate(name: str, value: Any) -> Decimal:
    if not isinstance(value, dict) or not {"rate", "on", "source"} <= set(value):
        raise BadDefinition(
            f"The rate of {name} has no rate, date or source.",
            hint=f"write {name} = {{ rate = '0.92', on = 2026-01-02, source = 'ECB' }}.",
        )
    try:
        rate = Decimal(str(value["rate"]))
    except InvalidOperation:
        rate = Decimal(0)
    if not (rate.is_finite() and rate > 0):
        raise BadDefinition(f"The rate of {name} is '{value['rate']}', which is not a positive number.")
    return rate


def _hours(text: str) -> tuple[int, int, int, int]:
    try:
        days, hours = text.lower().split()
        first, last = (_DAYS.index(day[:3]) for day in days.split("-"))
        opening, closing = (_minutes(time) for time in hours.split("-"))
    except ValueError:
        first, last, opening, closing = 0, 0, 0, 0
    if not (first <= last and opening < closing <= 24 * 60):
        raise BadDefinition(f"The business hours '{text}' cannot be read.", hint="write mon-fri 09:00-17:00.")
    return first, last, opening, closing


def _minutes(time: str) -> int:
    hour, minute = time.split(":")
    return int(hour) * 60 + int(minute)
