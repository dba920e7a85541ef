"""Employees were promised that nobody sees answers of fewer than ten of them, nor can work them out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.measure.company import Company, answers, at

from touchstone.core.errors import Refused
from touchstone.core.estimate import Estimate, NoEstimate
from touchstone.core.period import Period
from touchstone.measure.banner import banner
from touchstone.measure.metrics import built_in
from touchstone.measure.score import score
from touchstone.measure.scores import Group, Score, Scores
from touchstone.measure.suppress import discreet, hidden_groups, suppressed
from touchstone.measure.transitions import transitions
from touchstone.measure.units import units
from touchstone.stats.moments import Moments
from touchstone.stats.nps import net_score_of_counts

NPS = built_in()["nps"]


def table(sizes: Mapping[Group, int], by: tuple[str, ...], *, kind: str | None = "employee") -> Scores:
    rows = [
        Score(group=group, result=net_score_of_counts(n // 2, n - n // 2, 0), kind=kind) for group, n in sizes.items()
    ]
    return Scores(metric=NPS, by=by, rows=tuple(rows), sql="", data_number=1)


def hidden(scores: Scores) -> set[Group]:
    return {row.group for row in scores.rows if isinstance(row.result, NoEstimate) and row.result.n is None}


def test_a_small_group_and_the_next_smallest_are_hidden() -> None:
    scores = suppressed(table({("a",): 40, ("b",): 9, ("c",): 12, ("d",): 10}, ("team",)))
    assert hidden(scores) == {("b",), ("d",)}
    row = next(row for row in scores.rows if row.group == ("b",))
    assert row.moments is None and isinstance(row.result, NoEstimate)
    assert row.result.reason == "hidden: fewer than 10 answers, or they could be worked out from the rest"


def test_two_small_groups_hide_each_other() -> None:
    assert hidden(suppressed(table({("a",): 40, ("b",): 9, ("c",): 3}, ("team",)))) == {("b",), ("c",)}


def test_a_single_number_of_few_is_hidden_and_of_ten_is_not() -> None:
    assert hidden(suppressed(table({(): 9}, ()))) == {()}
    assert hidden(suppressed(table({(): 10}, ()))) == set()


def test_customers_are_never_hidden() -> None:
    sizes = {("a", "relationship"): 3, ("a", "employee"): 3, ("b", "employee"): 30}
    assert hidden(suppressed(table(sizes, ("team", "kind"), kind=None))) == {("a", "employee"), ("b", "employee")}
    assert hidden(suppressed(table({("a",): 3}, ("team",), kind="relationship"))) == set()


def test_neither_row_nor_column_of_a_table_gives_a_hidden_cell_away() -> None:
    sizes = {(team, quarter): 20 + 3 * i + j for i, team in enumerate("abc") for j, quarter in enumerate("123")}
    scores = suppressed(table(sizes | {("b", "2"): 4}, ("team", "quarter")))
    assert hidden(scores) == {("b", "2"), ("b", "1"), ("a", "2"), ("a", "1")}


@given(
    sizes=st.dictionaries(st.tuples(st.sampled_from("abcd"), st.sampled_from("123")), st.integers(2, 30), min_size=1)
)
def test_no_line_ever_shows_all_but_one(sizes: dict[Group, int]) -> None:
    gone = hidden(suppressed(table(sizes, ("team", "quarter"))))
    assert gone >= {group for group, n in sizes.items() if n < 10}
    for place in (0, 1):
        for name in {group[place] for group in sizes}:
            line = [group for group in sizes if group[place] == name]
            assert sum(group in gone for group in line) != 1 or len(line) == 1
    assert len(gone) != 1 or len(sizes) == 1
    if all(n >= 10 for n in sizes.values()):
        assert not gone


def test_many_answers_of_few_people_are_few() -> None:
    sums = Moments.of([100.0, 0.0] * 10, None, [i // 4 for i in range(20)])
    scores = table({("a",): 20, ("b",): 20, ("c",): 30}, ("team",))
    rows = (Score(group=("a",), result=scores.rows[0].result, moments=sums, kind="employee"), *scores.rows[1:])
    assert hidden(suppressed(Scores(metric=NPS, by=("team",), rows=rows, sql="", data_number=1))) == {("a",), ("b",)}


def test_where_only_employees_answered_they_are_hidden_too(company: Company) -> None:
    rows = answers([10, 0, 9] * 5, kind="employee", team=lambda i: "small" if i < 4 else "large")
    data = company.data(answers=rows)
    scores = score(data, NPS, by=["team"])
    assert scores.by == ("team",) and hidden(scores) == {("small",), ("large",)}
    assert isinstance(score(data, NPS).rows[0].result, Estimate)
    assert hidden(score(data, NPS, where="team = small")) == {()}


@pytest.mark.parametrize("adjust", [None, "region"])
def test_a_change_does_not_lead_back_to_a_hidden_baseline(company: Company, adjust: str | None) -> None:
    few = answers([10, 0] * 3, kind="employee", answered_at=at("2015-02-01"), region="a")
    more = answers([10, 0, 9] * 5, start=20, kind="employee", answered_at=at("2016-02-01"), region="a")
    most = answers([10, 9, 9] * 9, start=50, kind="employee", answered_at=at("2017-02-01"), region="a")
    scores = score(company.data(answers=[*few, *more, *most]), NPS, by=["year"], baseline="2015", adjust=adjust)
    assert hidden(scores) == {("2015",), ("2016",)}
    (shown,) = (row for row in scores.rows if row.group == ("2017",))
    assert isinstance(shown.result, Estimate) and shown.change is not None
    assert isinstance(shown.change.difference, NoEstimate) and shown.change.verdict.detectable is None
    if adjust:
        assert shown.adjusted is not None and isinstance(shown.adjusted.change, NoEstimate)
    assert all(record["change_value"] is None for record in scores.records())


def margins_of(sizes: Mapping[Group, int]) -> list[list[Group]]:
    """What lies behind every number that a table by fewer of the columns publishes."""
    columns = len(next(iter(sizes)))
    lines = []
    for kept in chain.from_iterable(combinations(range(columns), size) for size in range(columns)):
        inside: dict[Group, list[Group]] = {}
        for group in sizes:
            inside.setdefault(tuple(group[place] for place in kept), []).append(group)
        gone = hidden_groups({name: sum(sizes[group] for group in line) for name, line in inside.items()})
        lines += [line for name, line in inside.items() if name not in gone]
    return lines


def follows(sizes: Mapping[Group, int], gone: set[Group], group: Group) -> bool:
    """Whether `group` is a combination of published totals and shown groups: rank does not grow by asking for it."""
    places = sorted(gone, key=str)
    rows = [[other in line for other in places] for line in margins_of(sizes)]
    asked = [[other == group for other in places]]
    if not rows:
        return False
    known = np.linalg.matrix_rank(np.array(rows, dtype=float))
    return bool(np.linalg.matrix_rank(np.array(rows + asked, dtype=float)) == known)


@pytest.mark.parametrize("columns", [1, 2, 3])
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_no_small_group_follows_from_any_totals_by_subtraction(columns: int, data: st.DataObject) -> None:
    names = st.tuples(*[st.sampled_from("abcd"), st.sampled_from("123"), st.sampled_from("xy")][:columns])
    sizes: dict[Group, int] = data.draw(st.dictionaries(names, st.integers(1, 40), min_size=1, max_size=24))
    gone = hidden_groups(sizes)
    for group, size in sizes.items():
        if size < 10:
            assert group in gone
            # totals of tables by other columns may give a group away between themselves: then nothing here can help
            assert not follows(sizes, gone, group) or follows(sizes, set(sizes), group)
    for line in margins_of(sizes):
        inside = [group for group in line if group in gone]
        assert not inside or len(inside) == len(line) or sum(sizes[group] for group in inside) >= 10
    if all(size >= 10 for size in sizes.values()):
        assert not gone


def test_two_circles_of_hidden_groups_do_not_give_away_the_one_between_them() -> None:
    """Two hidden groups in every line are not enough: what links two closed circles follows from their totals."""
    circles = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (3, 3)]
    small = {(str(row), str(column)) for row, column in [*circles, (1, 2)]}
    sizes: dict[Group, int] = {
        (str(row), str(column)): 6 if (str(row), str(column)) in small else 50 + 4 * row + column
        for row in range(4)
        for column in range(4)
    }
    assert follows(sizes, set(small), ("1", "2"))
    gone = hidden_groups(sizes)
    assert gone > small and not follows(sizes, gone, ("1", "2"))


def test_what_leaves_the_organisation_hides_small_groups_of_customers_too(company: Company) -> None:
    data = company.data(answers=answers([10, 0, 9] * 12, team=lambda i: "abc"[(i > 3) + (i > 20)]))
    assert hidden(score(data, NPS, by=["team"])) == set()
    released = score(data, NPS, by=["team"], for_release=True)
    assert hidden(released) == {("a",), ("c",)}
    assert {record["n"] for record in released.records() if record["value"] is None} == {None}


def test_a_condition_that_leaves_out_a_few_people_gives_nothing_away(company: Company) -> None:
    data = company.data(answers=answers([10, 0, 9] * 12, team=lambda i: "small" if i < 4 else "large"))
    whole = score(data, NPS, for_release=True)
    assert hidden(whole) == set()
    rest = score(data, NPS, where="team != small", for_release=True)
    assert hidden(rest) == {()} and "outside the condition" in str(rest.rows[0].result)
    half = score(data, NPS, where="customer_id starts with c1", for_release=True)
    assert hidden(half) == set()
    employees = company.data(
        answers=answers([10, 0, 9] * 12, kind="employee", team=lambda i: "small" if i < 4 else "large")
    )
    assert hidden(score(employees, NPS, where="team != small")) == {()}
    for refused in (units, banner):
        with pytest.raises(Refused, match="give them away"):
            refused(employees, NPS, by="team" if refused is units else ["team"], where="team != small")  # type: ignore[operator]


def test_answers_that_say_anonymous_are_protected_like_those_of_employees(company: Company) -> None:
    teams = {"team": lambda i: "abc"[(i > 3) + (i > 20)]}
    promised = company.data(answers=answers([10, 0, 9] * 12, anonymous="yes", **teams))
    assert hidden(score(promised, NPS, by=["team"])) == {("a",), ("c",)}
    assert (
        hidden(score(company.data(answers=answers([10, 0, 9] * 12, anonymous="no", **teams)), NPS, by=["team"]))
        == set()
    )
    for word in ("ja", "x", "Anonymous", " TRUE "):  # whatever is no no
        data = company.data(answers=answers([10, 0, 9] * 12, anonymous=word, **teams))
        assert hidden(score(data, NPS, by=["team"])) == {("a",), ("c",)}
    made = banner(promised, NPS, by=["team"])
    assert [column.n for column in made.columns] == [36, None, 17, None]
    assert [row.score.n for row in units(promised, NPS, by="team").rows].count(None) == 2


def test_few_answers_are_greyed_and_not_hidden_for_those_who_read_the_comments(company: Company) -> None:
    scores = score(company.data(answers=answers([10, 0, 9] * 12, team=lambda i: "ab"[i > 5])), NPS, by=["team"])
    assert [row.unsure for row in scores.rows] == [True, True] and hidden(scores) == set()
    sure = score(company.data(answers=answers([10, 9, 9] * 200)), NPS)
    assert [row.unsure for row in sure.rows] == [False]


def test_employees_left_out_by_name_are_protected_as_if_they_were_asked_for(company: Company) -> None:
    few = answers([10, 0, 9] * 2, start=500, kind="employee", team="b")
    many = answers([10, 0, 9] * 4, start=500, kind="employee", team="b")
    customers = answers([10, 0, 9] * 20, team=lambda i: "ab"[i % 2])
    data = company.data(answers=[*customers, *few])
    assert hidden(score(data, NPS, where="kind != employee")) == {()}
    assert hidden(score(data, NPS, where="kind = relationship")) == set()
    for made in (units, banner, transitions):
        with pytest.raises(Refused):
            _asked_of(made, data, "kind != employee")
        with pytest.raises(Refused, match="not pooled"):
            _asked_of(made, data, "kind in (employee, relationship)")
    enough = company.data(answers=[*customers, *many])
    assert hidden(score(enough, NPS, where="kind != employee")) == set()
    assert len(units(enough, NPS, by="team", where="kind != employee").rows) == 2


def _asked_of(made: object, data: object, where: str) -> None:
    if made is transitions:
        transitions(data, NPS, Period.parse("2016"), Period.parse("2017"), where=where)  # type: ignore[arg-type]
    else:
        made(data, NPS, by="team" if made is units else ["team"], where=where)  # type: ignore[operator]


def test_a_condition_that_leaves_out_few_employees_is_seen_among_many_customers(company: Company) -> None:
    staff = answers([10, 0, 9] * 12, start=500, kind="employee", team=lambda i: "small" if i < 504 else "large")
    customers = answers([10, 0, 9] * 20, team=lambda i: "small" if i < 30 else "large")
    data = company.data(answers=[*customers, *staff])
    found = score(data, NPS, where="team = large")
    assert hidden(found) == {("employee",)}
    with pytest.raises(Refused, match="give them away"):
        units(data, NPS, by="team", where="kind = employee and team = large")


def test_few_customers_left_out_are_no_secret_of_employees(company: Company) -> None:
    staff = answers([10, 0, 9] * 12, start=500, kind="employee")
    data = company.data(answers=[*answers([10, 0, 9, 8, 9]), *staff])
    assert hidden(score(data, NPS, where="kind = employee")) == set()
    assert hidden(score(data, NPS, where="kind = employee", for_release=True)) == {()}


def test_many_answers_of_few_people_left_out_are_few(company: Company) -> None:
    rows = answers([10, 0, 9] * 12, team=lambda i: "small" if i < 12 else "large")
    by_few = [row | {"customer_id": f"p{n % 3}"} if n < 12 else row for n, row in enumerate(rows)]
    assert hidden(score(company.data(answers=rows), NPS, where="team = large", for_release=True)) == set()
    assert hidden(score(company.data(answers=by_few), NPS, where="team = large", for_release=True)) == {()}


def test_few_answers_that_name_no_group_are_not_counted_and_hide_one_group_more(company: Company) -> None:
    rows = answers([10, 0, 9] * 20, team=lambda i: None if i < 4 else "abc"[(i > 20) + (i > 40)])
    data = company.data(answers=rows)
    made, found = banner(data, NPS, by=["team"], for_release=True), units(data, NPS, by="team", for_release=True)
    assert made.notes == ("fewer than 10 answers have no team and stand in the total only",)
    assert [column.n for column in made.columns].count(None) == 1
    assert found.notes == ("fewer than 10 rows name no team and are left out",)
    assert [row.n for row in found.rows].count(None) == 1
    assert banner(data, NPS, by=["team"]).notes == ("4 answers have no team and stand in the total only",)
    assert [row.n for row in units(data, NPS, by="team").rows].count(None) == 0


def test_what_both_periods_together_leave_out_is_nobody_or_ten(company: Company) -> None:
    def years(before: int) -> list[dict[str, object]]:
        rows = answers([9] * before, start=900, kind="employee", answered_at=at("2015-02-01"))
        for year, scores in (("2016", [10, 0, 9]), ("2017", [9, 8, 0])):
            more = answers(scores * 20, kind="employee", answered_at=at(f"{year}-02-01"))
            rows += [row | {"answer_id": f"{year}{row['answer_id']}"} for row in more]
        return rows

    one, two = Period.parse("2016"), Period.parse("2017")
    assert transitions(company.data(answers=years(0)), NPS, one, two).parts
    assert transitions(company.data(answers=years(10)), NPS, one, two).parts
    with pytest.raises(Refused, match="give them away"):
        transitions(company.data(answers=years(9)), NPS, one, two)


def test_notes_are_discreet_about_few_and_plain_about_many() -> None:
    notes = ("3 answers lie outside the scale", "1,003 answers have no team", "13 rows name no unit", "7 of 90 answers")
    assert discreet(notes) == (
        "fewer than 10 answers lie outside the scale",
        "1,003 answers have no team",
        "13 rows name no unit",
        "fewer than 10 of 90 answers",
    )
