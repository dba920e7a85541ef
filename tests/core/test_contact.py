"""Addresses in the one form that is compared: any spelling of one, and nothing of what is none."""

from __future__ import annotations

import random

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from touchstone.core import contact
from touchstone.core.errors import BadDefinition


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Ann@X.Example", "ann@x.example"),
        (" ann@x.example ", "ann@x.example"),
        ("mailto:ann@x.example?subject=Hi", "ann@x.example"),
        ("Ada Lovelace <ADA@x.example>", "ada@x.example"),
        ('"Lovelace, Ada" <ada@x.example>', "ada@x.example"),
        ("<ada@x.example>", "ada@x.example"),
        ("ada＠ｘ.example", "ada@x.example"),
        ("ada\u200b@x.example", "ada@x.example"),
        ("ada@müller.example", "ada@xn--mller-kva.example"),
        ("ada@XN--MLLER-KVA.example", "ada@xn--mller-kva.example"),
        ("ada@x.example.", "ada@x.example"),
        ("jürgen@x.example", "jürgen@x.example"),
        ("ju\u0308rgen@x.example", "jürgen@x.example"),
        ("ann+shop@x.example", "ann+shop@x.example"),
        ("a.nn@x.example", "a.nn@x.example"),
        ("ann@x", None),
        ("ann@x.1", None),
        ("ann@-x.example", None),
        ("ann@x..example", None),
        ("ann", None),
        ("@x.example", None),
        ("ann smith@x.example", None),
        ("ann@x.example; bob@x.example", None),
        ("ann@x.example,bob@x.example", None),
        ("ann@bob@x.example", None),
        ("n/a", None),
        ("", None),
        ("a" * 65 + "@x.example", None),
        ("a@" + "b" * 64 + ".example", None),
    ],
)
def test_an_address_has_one_form_in_any_spelling(text: str, normal: str | None) -> None:
    assert contact.email(text) == normal


@given(st.text(max_size=40) | st.emails())
@example("ß@x.example")
@example("K@x.example")  # the sign of Kelvin
def test_what_is_normalised_stays_as_it_is(text: str) -> None:
    once = contact.email(text)
    assert once is None or contact.email(once) == once


@pytest.mark.parametrize(
    ("text", "country", "normal"),
    [
        ("+49 (30) 123-456", "", "+4930123456"),
        ("+49 (0)30 123456", "", "+4930123456"),
        ("0049 30 123456", "", "+4930123456"),
        ("tel:+49-30-123456", "", "+4930123456"),
        ("+1.415.555.2671", "", "+14155552671"),
        ("030 123456", "DE", "+4930123456"),
        ("030/123456 ext. 12", "DE", "+4930123456"),
        ("+4930123456;ext=12", "", "+4930123456"),
        ("0049 30 123456", "DE", "+4930123456"),
        ("011 49 30 123456", "US", "+4930123456"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("+41 44 668 18 00", "DE", "+41446681800"),
        ("02 1234 5678", "IT", "+390212345678"),
        ("０３０１２３４５６", "DE", "+4930123456"),
        ("030 123456", "", None),
        ("+0 123456789", "", None),
        ("+49", "", None),
        ("+49 1", "DE", None),
        ("+1234567890123456", "", None),
        ("+10000000000", "", None),
        ("0000000000", "DE", None),
        ("phone", "DE", None),
        ("+", "", None),
        ("", "DE", None),
        ("+999 1234567", "", None),
    ],
)
def test_a_phone_number_is_one_of_its_country_or_none(text: str, country: str, normal: str | None) -> None:
    assert contact.phone(text, country) == normal


@given(st.text(max_size=25), st.sampled_from(["", "DE", "US", "BR", "IT"]))
def test_any_text_is_a_number_or_none(text: str, country: str) -> None:
    found = contact.phone(text, country)
    assert found is None or (found[0] == "+" and contact.phone(found) == found)


def test_the_quick_reading_says_what_the_numbering_plans_say() -> None:
    chance, agreed = random.Random(5), 0
    for country in sorted(phonenumbers.SUPPORTED_REGIONS):
        number = phonenumbers.example_number(country)
        plan = phonenumbers.PhoneMetadata.metadata_for_region(country, None)
        if number is None or plan is None:
            continue
        code, digits = number.country_code, list(phonenumbers.national_significant_number(number))
        digits[chance.randrange(len(digits))] = chance.choice("0123456789")
        near = "".join(digits)
        for text in (
            near,
            f"{plan.national_prefix or 0}{near}",
            f"+{code}{near}",
            f"+{code}0{near}",
            f"00{code}{near}",
        ):
            quick = contact._quick(text, country)
            agreed += quick is not None
            assert quick is None or quick == contact._read(text, country)
    assert agreed > 200


def test_a_country_is_two_letters_that_there_are() -> None:
    assert contact.check_country("de") == "DE"
    assert contact.check_country("") == ""
    with pytest.raises(BadDefinition, match="is not a country"):
        contact.check_country("Germany")


@pytest.mark.parametrize(("text", "wire"), [("@Acme.example", "acme.example"), ("acme", None), ("", None)])
def test_a_domain_is_that_of_addresses(text: str, wire: str | None) -> None:
    assert contact.domain(text) == wire
