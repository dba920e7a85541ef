"""Settings: defaults, and sentences where a value cannot be."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from touchstone.core.errors import BadDefinition, TouchstoneError, UnknownName
from touchstone.core.settings import SETTINGS, Joining, Settings, read_settings


def test_nothing_set_gives_the_defaults() -> None:
    assert read_settings({}) == Settings()
    assert read_settings({setting.name: setting.default for setting in SETTINGS}) == Settings()


def test_rates_are_exact_and_carry_their_origin() -> None:
    given = {"rates": {"usd": {"rate": "0.92", "on": date(2026, 1, 2), "source": "ECB"}}}
    assert read_settings(given).rates == {"USD": Decimal("0.92")}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"timezon": "UTC"}, "did you mean timezone?"),
        ({"timezone": "Berlin"}, "time zone"),
        ({"currency": "euros"}, "is not a currency"),
        ({"format": 2}, "update Touchstone"),
        ({"format": "1"}, "update Touchstone"),
        ({"rates": {"USD": "0.92"}}, "no rate, date or source"),
        ({"rates": {"USD": {"rate": "-1", "on": "x", "source": "y"}}}, "not a positive number"),
        ({"rates": {"USD": {"rate": "NaN", "on": "x", "source": "y"}}}, "not a positive number"),
        ({"business_hours": "always"}, "cannot be read"),
        ({"business_hours": "fri-mon 09:00-17:00"}, "cannot be read"),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_a_sentence(data: dict[str, object], words: str) -> None:
    with pytest.raises(TouchstoneError) as caught:
        read_settings(data)
    assert words in str(caught.value)
    assert isinstance(caught.value, (BadDefinition, UnknownName))


def test_business_hours_are_weekdays_and_minutes() -> None:
    assert read_settings({"business_hours": "mon-sat 08:30-24:00"}).business_hours == (0, 5, 510, 1440)


def test_addresses_that_nobody_owns_are_normalised() -> None:
    given = {"country": "de", "identities": {"shared": ["Shop <Shop@X.example>", "030 123456"], "most_per_phone": 1}}
    read = read_settings(given)
    assert (read.country, read.joining) == ("DE", Joining(shared=("shop@x.example", "+4930123456"), most_per_phone=1))


def test_domains_name_accounts() -> None:
    assert read_settings({"accounts": {"domains": {"@Acme.example": "A1"}}}).domains == {"acme.example": "A1"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"country": "Germany"}, "is not a country"),
        ({"identities": {"shared": ["030 123456"]}}, "no e-mail address and no phone"),
        ({"identities": {"shared": "a@x.example"}}, "no list"),
        ({"identities": {"most_per_email": 0}}, "whole number from 1"),
        ({"identities": {"hash": "yes"}}, "true or false"),
        ({"identities": {"share": []}}, "did you mean shared?"),
        ({"identities": True}, "is no table"),
        ({"accounts": {"domains": ["acme.example"]}}, "no table"),
        ({"accounts": {"domains": {"acme": "A1"}}}, "is no domain"),
        ({"accounts": {"domains": {"gmail.com": "A1"}}}, "everybody's mailboxes"),
        ({"accounts": {"domains": {"acme.example": "A1"}}, "identities": {"hash": True}}, "no domain to know"),
    ],
)
def test_people_that_cannot_be_set_so_are_refused_in_a_sentence(data: dict[str, object], words: str) -> None:
    with pytest.raises(TouchstoneError) as caught:
        read_settings(data)
    assert words in str(caught.value)
