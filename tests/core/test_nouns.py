"""The nouns: every table has its key first, a time that is one, and names that can be asked for."""

from __future__ import annotations

import pytest

from touchstone.core.errors import UnknownName
from touchstone.core.nouns import IMPORTABLE, NOUNS, noun_named


@pytest.mark.parametrize("name", NOUNS)
def test_a_noun_has_its_key_first_and_required_and_its_time_is_a_time(name: str) -> None:
    noun = NOUNS[name]
    assert noun.column_names[0] == noun.key
    assert noun.key in noun.required
    assert noun.time is None or noun.column(noun.time).type == "time"
    assert noun.person is None or noun.person in noun.column_names
    assert len(set(noun.column_names)) == len(noun.columns)


def test_money_comes_with_its_currency() -> None:
    for noun in NOUNS.values():
        if any(column.type == "money" for column in noun.columns):
            assert "currency" in noun.column_names


def test_tables_that_imports_fill_beside_are_not_imported_themselves() -> None:
    assert set(NOUNS) - set(IMPORTABLE) == {"identities", "merges", "questions", "set_aside"}


def test_an_unknown_table_or_column_names_its_neighbours() -> None:
    with pytest.raises(UnknownName, match="customers"):
        noun_named("customer")
    with pytest.raises(UnknownName, match="paid_at"):
        NOUNS["orders"].column("paid")
