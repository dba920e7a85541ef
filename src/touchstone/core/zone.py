"""Time zones by the names of the IANA database."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from touchstone.core.errors import UnknownName

_NOT_FOR_PEOPLE = ("posix/", "right/", "posixrules", "localtime", "Factory")  # files beside the zones


def check_zone(name: str) -> str:
    """`name`, where it is a time zone; raises UnknownName with those that are spelled alike.

    The zone itself is looked for: listing them all takes longer than most commands.
    """
    try:
        if name.startswith(_NOT_FOR_PEOPLE):
            raise ValueError
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownName.among("time zone", name, available_timezones()) from None
    return name
