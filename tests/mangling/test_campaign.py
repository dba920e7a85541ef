"""Good files mangled in hundreds of ways: never a traceback, never a silent loss, and a sentence that says what to do.

One seed again: `python -m tests.mangling.campaign --seed 17`; one mangling: `--name decimal_commas`.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from random import Random

import pytest
from tests.mangling.campaign import run
from tests.mangling.case import begun
from tests.mangling.catalogue import ORDER, Drawn, load
from tests.mangling.good import Good, simulated
from tests.mangling.oracle import known, tried

HEAVY = [one.name for one in load().values() if one.heavy]
MEMORY = 1024  # MB
MONEY = {"amount", "monthly_amount"}


def fault_free(first: int, seeds: int) -> None:
    """Every seed from `first` on; the failure names the seed, its manglings and all that was wrong."""
    faulty = [str(outcome) for outcome in run(range(first, first + seeds)) if outcome.faults]
    assert not faulty, "\n".join(faulty)


@pytest.mark.parametrize("first", range(0, 300, 10))
def test_ten_mangled_files_are_imported_whole_or_refused_with_a_sentence(first: int) -> None:
    fault_free(first, 10)


@pytest.mark.truth
@pytest.mark.parametrize("first", range(0, 10_000, 100))
def test_a_hundred_mangled_files_are_imported_whole_or_refused_with_a_sentence(first: int) -> None:
    fault_free(first, 100)


@pytest.mark.truth
@pytest.mark.parametrize("name", HEAVY)
def test_huge_files_are_imported_or_refused_in_less_than_a_gigabyte(name: str) -> None:
    command = [sys.executable, "-m", "tests.mangling.sizes_apart", name]
    told = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    peak = float(told.stdout.rpartition("peak ")[2].split()[0])
    assert peak < MEMORY, f"{name}: {peak:,.0f} MB"


def test_the_catalogue_has_more_than_two_hundred_manglings_of_every_theme() -> None:
    catalogue = load().values()
    assert sum(not one.heavy for one in catalogue) >= 200
    assert {one.theme for one in catalogue} == {*ORDER, "sizes"}


@pytest.mark.parametrize("name", ["orders.csv", "reviews.csv", "tickets.csv"])
def test_the_judge_sees_a_changed_value_a_changed_id_and_a_lost_row(name: str) -> None:
    """Changes that no mangling owns up to are faults: else the campaign would prove nothing."""
    good = next(one for one in simulated() if one.name == name)
    drawn = Drawn(0, (), begun(good, Random(0)))
    assert not tried(drawn).faults
    watched = drawn.case.column(good.dates[0])
    first, second, third = drawn.case.rows[3:6]
    first.cells[watched] = "2020-01-01T00:00:00Z"
    second.cells[drawn.case.column(good.key)] += "0"
    third.raw = ""
    faults = tried(drawn).faults
    assert len(faults) == 4
    assert f"{len(good.rows)} rows in the file, {len(good.rows) - 1} read" in faults[0]
    assert f"row {first.key!r} arrived as" in faults[1]
    assert f"row {second.key!r} is lost" in faults[2]
    assert f"row {third.key!r} is lost" in faults[3]


@pytest.mark.parametrize("good", simulated(), ids=lambda good: good.name)
def test_what_arrives_of_a_good_file_is_what_plain_python_reads_in_it(good: Good) -> None:
    """The judge compares with this, so it is proved apart."""
    place = {header: number for number, header in enumerate(good.heads[0])}
    headers = {*good.numbers, *good.dates, good.text} - {""}
    for row in good.rows:
        (arrived,) = known(good)[row[place[good.key]]]
        for header, value in zip(good.watched.values(), arrived, strict=True):
            text = row[place[header]]
            if header in headers and text:
                assert value == _read(text, good, header), (good.name, header, text)


def _read(text: str, good: Good, header: str) -> object:
    if header in good.dates:
        return datetime.fromisoformat(text if text.endswith("Z") else f"{text}+00:00")
    if header in good.numbers:
        return Decimal(text) if header in MONEY else float(text)
    return text
