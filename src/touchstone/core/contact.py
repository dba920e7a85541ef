"""Addresses of people in the one form that is compared: e-mail in any spelling, phone numbers as E.164.

Nothing here guesses: what could be two people's, or nobody's, has no form. The dots and plus-tags of an e-mail address
stay. Only its provider knows whether they tell two mailboxes apart (at most providers they do), and an address that
two people share joins them for good, while one person under two addresses is only counted twice.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from touchstone.core.errors import BadDefinition

_LONGEST = 254  # characters of an address (RFC 5321)
_LONGEST_NAME = 64  # characters before the @
_NAME = re.compile(r"[^\s@<>()\[\]:;,\"\\]+")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_IN_ANGLES = re.compile(r"<([^<>]*)>\s*$")

# who reads these addresses is a matter of office hours
ROLES = (
    "abuse", "accounting", "accounts", "admin", "administrator", "billing", "booking", "buchhaltung", "career",
    "careers", "contact", "customercare", "customerservice", "do-not-reply", "donotreply", "empfang", "enquiries",
    "feedback", "finance", "hallo", "hello", "help", "helpdesk", "hostmaster", "hr", "info", "information",
    "inquiries", "invoice", "invoices", "jobs", "kontakt", "kundenservice", "legal", "mail", "marketing", "newsletter",
    "no-reply", "no_reply", "noreply", "office", "order", "orders", "post", "postmaster", "press", "presse", "privacy",
    "reception", "rechnung", "sales", "security", "service", "shop", "store", "support", "team", "vertrieb",
    "verwaltung", "webmaster", "zentrale",
)  # fmt: skip
# everybody's: as the domain of an account they would make one company of strangers
MAILBOXES = frozenset(
    {
        "163.com", "aol.com", "bluewin.ch", "freenet.de", "gmail.com", "gmx.at", "gmx.ch", "gmx.de", "gmx.net",
        "googlemail.com", "hotmail.com", "icloud.com", "libero.it", "live.com", "mac.com", "mail.ru", "me.com",
        "msn.com", "orange.fr", "outlook.com", "outlook.de", "proton.me", "protonmail.com", "qq.com", "t-online.de",
        "web.de", "yahoo.com", "yahoo.de", "yandex.ru", "ymail.com",
    }
)  # fmt: skip


def email(text: str) -> str | None:
    """`text` as a normalised e-mail address, or None for what is none.

    Unicode is folded to NFKC (full-width letters are letters), case is folded, blanks around, `mailto:` and a display
    name (`Ada <ada@x.org>`) go away, and an international domain is written as its name on the wire (xn--…). Several
    addresses in one cell are none. Plus-tags and dots stay.
    """
    folded = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf").strip()
    named = _IN_ANGLES.search(folded)
    plain = (named.group(1) if named else folded).strip().lower()
    plain = plain.removeprefix("mailto:").partition("?")[0].strip()
    name, _, domain = plain.rpartition("@")
    domain = _domain(domain)
    if not domain or not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME or len(name) + len(domain) >= _LONGEST:
        return None
    return f"{name}@{domain}"


def _domain(text: str) -> str | None:
    """A domain as its name on the wire, or None."""
    try:
        wire = text.removesuffix(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    labels = wire.split(".")
    fine = len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)
    return wire if fine and not labels[-1].isdigit() and len(labels[-1]) > 1 else None


def domain(text: str) -> str | None:
    """`text` as the domain of e-mail addresses (`Acme.example`, `@acme.example`), or None for what is none."""
    return _domain(text.strip().lower().removeprefix("@"))


_PUNCTUATION = re.compile(r"[ \u00a0().\-/]")
_DIGITS = re.compile(r"\+?[0-9]{3,17}")


def phone(text: str, country: str = "") -> str | None:
    """`text` as a phone number in E.164 (+493012345678), or None for what is none.

    A number without its country code is read as one of `country` (two letters, ISO 3166-1), and is none without one: it
    may be somebody else's elsewhere. Extensions are dropped. A number that its country does not have is none: exports
    hold many a +49 123456789, and they would join everybody who left one.
    """
    bare = _PUNCTUATION.sub("", text)
    if not country and bare.startswith("00"):
        bare = "+" + bare[2:]
    if not _DIGITS.fullmatch(bare):
        return _read(text, country)
    return _quick(bare, country) or _read(bare, country)


def check_country(country: str) -> str:
    """`country` in capitals; BadDefinition where it is none of the two-letter codes of ISO 3166-1."""
    if not country:
        return ""
    import phonenumbers

    if country.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise BadDefinition(
            f"'{country}' is not a country.", hint="write its two letters of ISO 3166-1, such as DE or US."
        )
    return country.upper()


@dataclass(frozen=True, slots=True)
class Plan:
    """How a country numbers: its calling code, what is dialled before, and which numbers there are.

    The patterns are plain enough for any engine of regular expressions: no looking ahead, no references back.
    """

    code: str
    numbers: re.Pattern[str]
    before: re.Pattern[str] | None  # trunk prefixes and carriers, as far as they stand within a number
    trunk: str | None  # the trunk prefix, where it is nothing but digits
    abroad: re.Pattern[str]


def _quick(bare: str, country: str) -> str | None:
    """What `_read` says of most numbers, at a tenth of its time; None where that takes a closer look."""
    plan = _plan_called(bare) if bare.startswith("+") else plan_in(country) if country else None
    if plan is None:
        return None
    if bare.startswith("+"):
        national = bare[1 + len(plan.code) :]
    elif plan.abroad.match(bare) or bare.startswith(plan.code):
        return None
    else:
        national = bare.removeprefix(plan.trunk or "")
    trunk_gone = not bare.startswith("+") and national != bare
    if not trunk_gone and plan.before is not None and plan.before.match(national):
        return None
    return f"+{plan.code}{national}" if plan.numbers.fullmatch(national) else None


def _read(text: str, country: str) -> str | None:
    """What the numbering plans of the world say of `text` (Google's libphonenumber)."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _plan_called(bare: str) -> Plan | None:
    """The plan of the country that an international number calls; of several with one code, the main one."""
    for length in (1, 2, 3):
        if (plan := _plan_of_code(bare[1 : 1 + length])) is not None:
            return plan
    return None


@cache
def _plan_of_code(code: str) -> Plan | None:
    import phonenumbers

    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code or 0), ("001",))
    return None if regions[0] == "001" else plan_in(regions[0])


@cache
def plan_in(country: str) -> Plan | None:
    """The numbering plan of a country; None for one that shares its calling code with a larger one."""
    from phonenumbers import PhoneMetadata

    data = PhoneMetadata.metadata_for_region(country, None)
    if data is None or data.leading_digits:
        return None
    kinds = (
        data.fixed_line, data.mobile, data.toll_free, data.premium_rate, data.shared_cost, data.personal_number,
        data.voip, data.pager, data.uan, data.voicemail,
    )  # fmt: skip
    patterns = [kind.national_number_pattern for kind in kinds if kind and kind.national_number_pattern]
    before = data.national_prefix_for_parsing
    plain = before == data.national_prefix and not data.national_prefix_transform_rule
    return Plan(
        code=str(data.country_code),
        numbers=re.compile("|".join(f"(?:{pattern})" for pattern in dict.fromkeys(patterns))),
        before=re.compile(before) if before else None,
        trunk=before if before and plain and before.isdigit() else None,
        abroad=re.compile(data.international_prefix or "00"),
    )
