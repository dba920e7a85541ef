"""Settings of a workspace: one tuple of names, defaults and explanations; the file, the help and the docs read it."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from touchstone.core import contact
from touchstone.core.contact import check_country
from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.zone import check_zone

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
        "country", "", "Where phone numbers without a country code are from: two letters of ISO 3166-1, such as DE."
    ),
    Setting("business_hours", "mon-fri 09:00-17:00", "Hours that count where a metric counts business hours."),
    Setting("demo", False, "Marks a demo workspace, which `touchstone demo` may replace."),
    # tables stand last: in a file, what follows one belongs to it
    Setting(
        "rates", {}, "Value of one unit of another currency: USD = { rate = '0.92', on = 2026-01-02, source = 'ECB' }."
    ),
    Setting(
        "identities",
        {},
        "Who is who: shared = ['shop@x.example'] joins nobody, most_per_email (5) and most_per_phone (2) are how many "
        "numbers of one system an address may join, hash = true keeps only salted hashes of addresses.",
    ),
    Setting(
        "accounts",
        {},
        "Companies by the domain of their e-mail addresses: domains = { 'acme.example' = 'the account' }.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """When an address joins people: not if it is `shared`, nor if it is that of more customers of one system than a
    person has numbers there (`most_per_email`, `most_per_phone`). With `hash` addresses are kept as salted hashes.
    """

    shared: tuple[str, ...] = ()
    most_per_email: int = 5
    most_per_phone: int = 2
    hash: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one workspace, checked when read."""

    name: str = "My company"
    timezone: str = "UTC"
    currency: str = "EUR"
    rates: Dict[str, Decimal] = field(default_factory=dict)
    country: str = ""
    joining: Joining = field(default_factory=Joining)
    domains: Dict[str, str] = field(default_factory=dict)
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
    zone = check_zone(str(data.get("timezone", "UTC")))
    country = check_country(str(data.get("country", "")))
    joining = _joining(data.get("identities", {}), country)
    return Settings(
        name=str(data.get("name", "My company")),
        timezone=zone,
        currency=_currency(data.get("currency", "EUR")),
        rates={_currency(name): _rate(name, value) for name, value in data.get("rates", {}).items()},
        country=country,
        joining=joining,
        domains=_domains(data.get("accounts", {}), hashed=joining.hash),
        business_hours=_hours(str(data.get("business_hours", "mon-fri 09:00-17:00"))),
        demo=bool(data.get("demo", False)),
    )


def _joining(data: Any, country: str) -> Joining:
    _words("identities", data, ("shared", "most_per_email", "most_per_phone", "hash"))
    most = {}
    for name in ("most_per_email", "most_per_phone"):
        most[name] = data.get(name, getattr(Joining(), name))
        if not isinstance(most[name], int) or isinstance(most[name], bool) or most[name] < 1:
            raise BadDefinition(f"'{name}' is {most[name]!r}, and takes a whole number from 1.")
    if not isinstance(data.get("hash", False), bool):
        raise BadDefinition(f"'hash' is {data['hash']!r}, and is true or false.")
    listed = data.get("shared", ())
    if not isinstance(listed, list | tuple):
        raise BadDefinition("The shared addresses are no list.", hint="write shared = ['shop@x.example'].")
    shared = tuple(_address(str(text), country) for text in listed)
    return Joining(shared=shared, hash=data.get("hash", False), **most)


def _address(text: str, country: str) -> str:
    found = contact.email(text) or contact.phone(text, country)
    if found is None:
        raise BadDefinition(f"'{text}' among the shared addresses is no e-mail address and no phone number.")
    return found


def _domains(data: Any, *, hashed: bool) -> dict[str, str]:
    _words("accounts", data, ("domains",))
    given = data.get("domains", {})
    if not isinstance(given, dict):
        raise BadDefinition("The domains are no table.", hint="write domains = { 'acme.example' = 'the account' }.")
    if given and hashed:
        raise BadDefinition(
            "Hashed addresses have no domain to know an account by.",
            hint="leave [accounts] domains out, or [identities] hash; give customers their account_id.",
        )
    domains = {}
    for text, account in given.items():
        found = contact.domain(text)
        if found is None or found in contact.MAILBOXES:
            reason = "is no domain" if found is None else "belongs to everybody's mailboxes, not to an account"
            raise BadDefinition(f"'{text}' {reason}.")
        domains[found] = str(account)
    return domains


def _words(name: str, data: Any, known: tuple[str, ...]) -> None:
    if not isinstance(data, dict):
        raise BadDefinition(f"'{name}' is no table.", hint=f"write [{name}] and, below it, {known[0]} = …")
    for word in data:
        if word not in known:
            raise UnknownName.among(f"setting of [{name}]", word, known)


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
