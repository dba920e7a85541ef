"""Names of time zones."""

from __future__ import annotations

from zoneinfo import available_timezones

import pytest

from touchstone.core.errors import UnknownName
from touchstone.core.zone import check_zone


def test_every_zone_of_the_database_is_one() -> None:
    zones = available_timezones() - {"Factory", "localtime"}
    assert {check_zone(name) for name in zones} == zones


@pytest.mark.parametrize(
    "name", ["", "Europe/Berlim", "europe", "../etc/passwd", "/etc/passwd", "posix/UTC", "Europe", "a\0b", "CEST +2"]
)
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(UnknownName, match="time zone"):
        check_zone(name)


def test_one_that_is_misspelled_is_met_with_one_that_is_not() -> None:
    with pytest.raises(UnknownName) as caught:
        check_zone("Europe/Berlim")
    assert "Europe/Berlin" in caught.value.hint
