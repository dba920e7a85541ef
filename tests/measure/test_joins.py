"""Whether the rows that find their customer stand for all: shares against a recount, judged together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.measure.test_check import NOW, NPS, Opened, company, one

from touchstone.engine import mixes, quality
from touchstone.measure.check import check
from touchstone.measure.joins import _indicator
from touchstone.stats.moments import Moments


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    made = Opened(tmp_path_factory.mktemp("opened"))
    yield made
    made.engine.close()


def guests() -> dict[str, list[dict[str, object]]]:
    """A company in which every seventh submission comes from nobody known, mostly by kiosk."""
    tables = company()
    for answer in tables["answers"]:
        i = int(answer["submission_id"][1:])
        answer["channel"] = "kiosk" if i % 7 == 3 and i % 3 else ("mail", "web")[i % 2]
        if i % 7 == 3:
            answer["customer_id"] = None
    return tables


def test_channels_of_the_unmatched_are_told_where_they_differ(opened: Opened) -> None:
    found = check(opened(guests()), now=NOW, metrics=NPS)
    joined = one(found, "joins", table="answers", **{"with": "customers"})
    assert joined.verdict == "note"
    different = joined.numbers["different"]
    assert isinstance(different, list) and "channel kiosk 65% instead of 0%" in different
    assert not [words for words in different if words.startswith("month")]
    assert "those not matched differ: channel kiosk 65% instead of 0%" in joined.sentence


def test_a_clean_company_is_compared_and_nothing_is_made_of_it(opened: Opened) -> None:
    tables = guests()
    for answer in tables["answers"]:
        answer["channel"] = ("mail", "web")[int(answer["submission_id"][1:]) % 2]
    joined = one(check(opened(tables), now=NOW, metrics=NPS), "joins", table="answers", **{"with": "customers"})
    assert joined.numbers["different"] == []
    assert "do not visibly differ in nps, channel, month, segment (" in joined.sentence


def test_shares_by_cluster_are_those_of_the_rows(opened: Opened) -> None:
    tables = guests()
    for answer in tables["answers"][::7]:
        answer["channel"] = "phone"  # the other answer of the submission keeps its own
    data = opened(tables)
    with quality.presence(data, ["customers", "answers"]) as people:
        columns = mixes.described(data, "answers")
        counted = mixes.counts(data, people, "answers", ["customers"], columns)
        found = mixes.mix_sums(data, counted, "customers")
    assert columns == ["channel", "segment", "month"]
    for row in found:
        x, cluster = [], []
        for answer in tables["answers"]:
            at = answer["answered_at"]
            values = {**answer, "month": f"{at:%Y-%m}" if isinstance(at, datetime) else None}
            if (answer["customer_id"] is not None) == row["matched"]:
                x.append(100.0 * (values[row["what"]] == row["level"]))
                cluster.append(answer["submission_id"])
        expected = Moments.of(x, None, cluster, centre=0.0)
        made = _indicator(row, row)
        assert (made.n, made.clusters) == (expected.n, expected.clusters)
        for name in ("wx", "wxx", "aa", "ab", "bb"):
            assert getattr(made, name) == pytest.approx(getattr(expected, name))
    assert {row["level"] for row in found} >= {"kiosk", "mail", "new", f"{datetime(2025, 1, 1, tzinfo=UTC):%Y-%m}"}
