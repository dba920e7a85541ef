"""What was given out is kept, and nothing is told that differs from it by a few people."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.measure.company import Company, answers, at

from touchstone.core.errors import Refused
from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.core.period import Period
from touchstone.core.where import parse_where
from touchstone.engine.data import Data
from touchstone.engine.rows import Question
from touchstone.measure import released
from touchstone.measure.banner import banner
from touchstone.measure.metrics import built_in
from touchstone.measure.released import Release, clashes, given_out, releases
from touchstone.measure.score import score
from touchstone.measure.scores import Scores
from touchstone.measure.transitions import transitions
from touchstone.measure.units import units
from touchstone.understand.drivers import drivers
from touchstone.value.table import value_table

NPS = built_in()["nps"]


def people(count: int = 60, **columns: Any) -> list[dict[str, Any]]:
    """Employees: the first forty of team a, the others of team b; everybody's age and floor."""
    given = {
        "kind": "employee",
        "team": lambda i: "a" if i < 40 else "b",
        "age": lambda i: "old" if i < 43 else "young",
        "floor": lambda i: "first" if i % 2 else "second",
    }
    return answers([(10, 0, 9)[i % 3] for i in range(count)], **(given | columns))


def logged(company: Company, rows: list[dict[str, Any]], number: int = 1, before: Data | None = None) -> Data:
    """The data of a workspace, which keeps a log; `before` is that of import 1."""
    data = company.data(answers=rows)
    data.released, data.number = company.folder.parent / "released.jsonl", number
    data.earlier = lambda asked: before if before is not None and asked == 1 else data
    return data


def gone(scores: Scores) -> dict[tuple[str | None, ...], str]:
    return {row.group: row.result.reason for row in scores.rows if isinstance(row.result, NoEstimate)}


def test_a_protected_result_is_kept_and_an_open_one_is_not(company: Company) -> None:
    data = logged(company, people())
    score(data, NPS, by=["team"], period="2017")
    score(data, NPS, by=["team"], period="2017")
    (kept,), unread = releases(data.released or Path())
    assert (kept.what, kept.of, kept.by, kept.where, kept.period) == ("nps", "nps", ("team",), "", "2017")
    assert kept.data_number == 1 and kept.hidden == () and unread == 0
    assert (datetime.now(UTC) - kept.at).total_seconds() < 600
    customers = logged(company, people(kind="relationship"))
    score(customers, NPS, by=["floor"])
    assert len(releases(data.released or Path())[0]) == 1
    score(customers, NPS, by=["floor"], for_release=True)
    assert [one.by for one in releases(data.released or Path())[0]] == [("team",), ("floor",)]


def test_a_total_that_differs_by_three_people_from_one_given_out_is_hidden_and_names_it(company: Company) -> None:
    data = logged(company, people())
    assert gone(score(data, NPS, where="team = a")) == {}
    (reason,) = gone(score(data, NPS, where="age = old")).values()
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert reason == (
        f"hidden: it differs by fewer than 10 people from nps where team = 'a' as of import 1, given out on {today}"
    )
    assert [one.where for one in releases(data.released or Path())[0]] == ["team = 'a'"]


def test_it_does_not_matter_which_of_the_two_is_the_larger(company: Company) -> None:
    data = logged(company, people())
    assert gone(score(data, NPS, where="age = old")) == {}
    assert list(gone(score(data, NPS, where="team = a"))) == [()]


def test_the_same_people_and_people_that_are_ten_apart_are_told_again(company: Company) -> None:
    data = logged(company, people(age=lambda i: "old" if i < 50 else "young", desk=lambda i: "x" if i < 40 else "y"))
    for where in ("team = a", "age = old", "desk = x", "floor = first"):
        assert gone(score(data, NPS, where=where)) == {}, where
    assert gone(score(data, NPS)) == {}


def test_groups_are_held_against_groups_and_one_more_is_hidden_beside(company: Company) -> None:
    data = logged(company, people())
    assert gone(score(data, NPS, by=["team"])) == {}
    found = gone(score(data, NPS, by=["age"]))
    assert set(found) == {("old",), ("young",)}
    assert all("by team as of import 1" in reason for reason in found.values())
    beside = logged(company, people(90, age=lambda i: "old" if i < 43 else "young" if i < 65 else "mid"))
    assert set(gone(score(beside, NPS, by=["age"]))) == {("old",), ("young",)}


def test_what_was_hidden_then_is_not_held_against_anybody(company: Company) -> None:
    data = logged(company, people(team=lambda i: "a" if i < 7 else "b" if i < 20 else "c"))
    assert set(gone(score(data, NPS, by=["team"]))) == {("a",), ("b",)}
    assert gone(score(data, NPS, where="customer_id in (c7,c8,c9,c10,c11,c12,c13,c14,c15,c16,c17)")) == {}


def test_a_table_of_all_groups_tells_their_total_too(company: Company) -> None:
    rows = people(60, floor=lambda i: None if i < 3 else "first" if i % 2 else "second")
    data = logged(company, rows)
    assert gone(score(data, NPS, by=["team"])) == {}
    clash = clashes(data, NPS, Question(where=parse_where("floor is not null")), ("floor",), [("first",)], whole=True)
    assert clash.groups == {} and "nps by team" in clash.whole
    assert clashes(data, NPS, Question(), ("floor",), [("first",)], whole=True).whole == ""


def test_a_few_more_answers_since_the_last_import_are_not_told_by_subtraction(company: Company) -> None:
    before = logged(company, people(60))
    assert gone(score(before, NPS)) == {}
    few, many = logged(company, people(64), 2, before), logged(company, people(70), 3, before)
    assert "as of import 1" in gone(score(few, NPS))[()]
    assert gone(score(many, NPS)) == {}


def test_metrics_of_the_same_answers_are_held_against_each_other(company: Company) -> None:
    data = logged(company, people(60, metric="csat", question_id="csat", scale_low=1, scale_high=5))
    rows = [row | {"score": 1 + n % 5} for n, row in enumerate(people(60, metric="csat"))]
    data = logged(company, rows)
    assert gone(score(data, built_in()["csat"], where="team = a")) == {}
    assert list(gone(score(data, built_in()["csat_mean"], where="age = old"))) == [()]


def test_a_second_answer_of_a_few_people_is_a_difference_of_a_few_people(company: Company) -> None:
    again = people(3, answered_at=at("2018-02-01"))
    data = logged(company, [*people(), *(row | {"answer_id": f"again{n}"} for n, row in enumerate(again))])
    score(data, NPS)
    one_year = Question(period=Period.parse("2017"))
    assert list(clashes(data, NPS, one_year).groups) == [()]
    assert clashes(data, NPS, Question()).groups == {}


def test_units_banner_drivers_value_and_transitions_keep_and_heed_the_log(company: Company) -> None:
    data = logged(company, people())
    assert units(data, NPS, by="team").rows[0].n == 40
    assert [one.by for one in releases(data.released or Path())[0]] == [(), ("team",)]
    made = banner(data, NPS, by=["age", "floor"])
    assert [column.n for column in made.columns] == [60, None, None, 30, 30]
    assert any("by team" in str(cell.result) for cell in made.lines[0].cells)
    assert [row.n for row in units(data, NPS, by="age").rows] == [None, None]
    for asked in (
        lambda: units(data, NPS, by="floor", where="age = old"),
        lambda: banner(data, NPS, by=["floor"], where="age = old"),
    ):
        with pytest.raises(Refused, match="differs by fewer than 10 people"):
            asked()
    hidden = value_table(data, NPS, where="age = old")
    assert [group.people for group in hidden.groups] == [None] * 3
    assert "differs by fewer" in str(hidden.groups[0].spent)
    assert value_table(data, NPS).groups[0].people == 40


def test_two_periods_are_kept_and_heeded_each(company: Company) -> None:
    rows = []
    for year in ("2016", "2017"):
        more = people(60, answered_at=at(f"{year}-02-01"))
        rows += [row | {"answer_id": f"{year}{row['answer_id']}"} for row in more]
    data = logged(company, rows)
    transitions(data, NPS, Period.parse("2016"), Period.parse("2017"))
    assert [one.period for one in releases(data.released or Path())[0]] == ["2016", "2017"]
    assert gone(score(data, NPS, period="2016")) == {}
    score(data, NPS, where="team = a", period="2016")
    with pytest.raises(Refused, match="differs by fewer than 10 people"):
        transitions(data, NPS, Period.parse("2016"), Period.parse("2017"), where="age = old")


def test_drivers_are_kept_and_heeded(company: Company) -> None:
    def rated(metric: str, step: int, **columns: Any) -> list[dict[str, Any]]:
        rows = people(80, metric=metric, question_id=metric, scale_low=1, scale_high=5, **columns)
        return [row | {"answer_id": f"{metric}{n}", "score": 1 + (n // step) % 5} for n, row in enumerate(rows)]

    data = logged(company, [*rated("overall_rating", 1), *rated("desk", 3, touchpoint="desk")])
    rating = built_in()["overall_rating"]
    assert not isinstance(drivers(data, rating, where="team = b"), NoEstimate)
    with pytest.raises(Refused, match="differs by fewer than 10 people"):
        drivers(data, rating, where="age = young")


def test_a_log_that_cannot_be_written_is_said_and_stops_nothing(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = logged(company, people())

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(released.os, "open", refuse)
    found = score(data, NPS)
    assert isinstance(found.rows[0].result, Estimate)
    assert found.notes[-1] == (
        "this result is not in the log of what was given out, which cannot be written: Permission denied"
    )
    assert banner(data, NPS, by=["team"]).notes == (found.notes[-1],)


def test_broken_lines_are_counted_and_the_others_hold(company: Company) -> None:
    data = logged(company, people())
    path = data.released or Path()
    score(data, NPS, where="team = a")
    good = path.read_bytes()
    bad = [b"{", b"[]", b'{"at": 3}', b"\xff\xfe", b"null", good.strip().replace(b"team = 'a'", b"team ="), b"[" * 9999]
    path.write_bytes(b"\n".join([*bad, b"", good.strip()]))
    found, unread = releases(path)
    assert (len(found), unread) == (1, len(bad))
    assert list(gone(score(data, NPS, where="age = old"))) == [()]
    score(data, NPS, where="floor = first")  # goes on a line of its own though the last one was not ended
    assert len(releases(path)[0]) == 2


def test_a_release_whose_columns_are_gone_stops_nothing(company: Company) -> None:
    data = logged(company, people())
    score(data, NPS, by=["team"])
    path = data.released or Path()
    path.write_text(path.read_text().replace('"team"', '"crew"'))
    assert gone(score(data, NPS)) == {}


def _write(path: Path, name: str) -> None:
    from touchstone.engine.connect import DuckDB

    data = Data(engine=DuckDB(path.parent / name), tables={}, number=1, released=path)
    for n in range(150):
        given_out(data, NPS, Question(), (f"{name}{n}" * 20,))


def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "released.jsonl"
    both = [multiprocessing.get_context("spawn").Process(target=_write, args=(path, name)) for name in "xy"]
    for one in both:
        one.start()
    for one in both:
        one.join()
    found, unread = releases(path)
    assert (len(found), unread) == (300, 0) and len({one.by for one in found}) == 300
    others = os.umask(0)
    os.umask(others)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~others  # whoever may use the workspace must read it


def test_a_release_says_what_it_was_and_comes_back_from_its_record(tmp_path: Path) -> None:
    one = Release(
        at=datetime(2026, 3, 1, 9, tzinfo=UTC),
        what="csat",
        of="csat",
        by=("team", "kind"),
        where="region = 'north'",
        period="2026-Q1",
        data_number=4,
        hidden=(("a\x1f\u2028\n", None),),
    )
    assert one.sentence() == (
        "csat by team, kind where region = 'north' in 2026-Q1 as of import 4, given out on 2026-03-01"
    )
    (tmp_path / "log").write_text(json.dumps(one.record()) + "\n")
    assert releases(tmp_path / "log") == ([one], 0)
    assert releases(tmp_path / "none") == ([], 0)


def test_a_question_is_held_against_the_metric_that_its_answers_are_given_to(company: Company) -> None:
    data = logged(company, people(question_id="How likely"))
    score(data, NPS, where="team = a")
    with pytest.raises(Refused, match="differs by fewer than 10 people"):
        banner(data, "How likely", by=["floor"], where="age = old")


def test_metrics_of_one_table_are_held_against_each_other(company: Company) -> None:
    orders = [
        {"order_id": f"o{i}", "customer_id": f"c{i}", "paid_at": at("2017-03-05"), "amount": Decimal(i + 1)}
        for i in range(60)
    ]
    data = company.data(orders=orders)
    data.released = company.folder.parent / "released.jsonl"
    score(data, built_in()["sales"], where="amount < 50", for_release=True)
    few = score(data, built_in()["revenue_per_customer"], where="amount < 46", for_release=True)
    assert "differs by fewer than 10 people from sales where amount < 50" in str(few.rows[0].result)
    other = score(data, built_in()["revenue_per_customer"], where="amount < 31", for_release=True)
    assert isinstance(other.rows[0].result, Estimate)


def test_a_log_that_cannot_be_read_tells_nothing(company: Company) -> None:
    data = logged(company, people())
    assert data.released is not None
    data.released.mkdir()
    with pytest.raises(Refused, match="cannot be read"):
        score(data, NPS)
