"""`transitions` on the small company, where everybody answers in two springs."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Touchstone


def test_moves_between_bands_are_a_table_with_who_was_there_once(touchstone: Touchstone, company: Path) -> None:
    run = touchstone("transitions", "nps", "--from", "2024", "--to", "2025", here=company)
    assert (run.status, run.err) == (0, "")
    assert "of the same people from 2024 to 2025" in run.out and "moved up" in run.out
    assert "both periods" in run.out and "not the change of the score" in run.out
    found = touchstone("transitions", "nps", "--from", "2024", "--to", "2025", "--json").records
    assert sum(move["people"] for move in found["moves"]) == found["movement"]["n"]  # type: ignore[call-overload]


def test_periods_without_anybody_are_named(touchstone: Touchstone, company: Path) -> None:
    run = touchstone("transitions", "nps", "--from", "2019", "--to", "2025", here=company)
    assert run.status == 2 and "Nobody known answered in both 2019 and 2025" in run.err
