"""The mapping language on real files, word by word: what lands is what the word says."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from touchstone.core.errors import BadDefinition, BadFile, UnknownName
from touchstone.core.mapping import from_toml
from touchstone.listen.mappings import known_layouts, mapping_text, read_mapping

ORDERS: dict[str, Any] = {
    "table": "orders",
    "source": "shop",
    "columns": {"order_id": "no", "paid_at": "date", "amount": "sum"},
}
PLAIN = "no,date,sum,kind,who\n1,2024-01-05,10.50,web,7\n2,2024-01-06,20,shop,8\n"


def orders(**changes: Any) -> dict[str, Any]:
    columns = {**ORDERS["columns"], **changes.pop("columns", {})}
    return {**ORDERS, "columns": columns, **changes}


def test_from_reads_the_column_under_its_header_and_ids_carry_their_source(desk: Any) -> None:
    desk.take(PLAIN, orders())
    assert desk.rows("orders", "order_id", "amount") == [("shop:1", Decimal("10.5")), ("shop:2", Decimal(20))]
    assert desk.rows("orders", "paid_at")[0] == datetime(2024, 1, 5, tzinfo=UTC)


def test_the_first_alias_that_the_file_has_wins(desk: Any) -> None:
    taken = {"from": "Amount", "aliases": ["sum", "kind"]}
    desk.take(PLAIN, orders(columns={"amount": taken}))
    assert desk.rows("orders", "amount") == [Decimal("10.5"), Decimal(20)]


def test_a_constant_is_in_every_row(desk: Any) -> None:
    desk.take(PLAIN, orders(columns={"currency": {"constant": "GBP"}}))
    assert desk.rows("orders", "currency") == ["GBP", "GBP"]


def test_the_file_name_gives_source_and_values(desk: Any) -> None:
    mapping = orders(source={"from_filename": r"(\d{4})"}, columns={"unit": {"from_filename": r"_(\w+)\."}})
    desk.take(PLAIN, mapping, name="2017_north.csv")
    assert desk.rows("orders", "order_id", "unit") == [("2017:1", "north"), ("2017:2", "north")]
    with pytest.raises(BadDefinition, match="does not fit"):
        desk.take(PLAIN, mapping, name="orders.csv")


def test_codes_translate_and_leave_the_rest(desk: Any) -> None:
    text = "no,date,sum,kind\n1,2024-01-05,1,1\n2,2024-01-05,1,2.0\n3,2024-01-05,1,other\n"
    desk.take(text, orders(columns={"kind": {"from": "kind", "codes": {"1": "purchase", "2": "refund"}}}))
    assert desk.rows("orders", "kind") == ["purchase", "refund", "other"]


def test_blanks_are_missing(desk: Any) -> None:
    text = "no,date,sum,who\n1,2024-01-05,1,?\n2,2024-01-05,1,999.0\n3,2024-01-05,1,7\n"
    desk.take(text, orders(columns={"customer_id": {"from": "who", "blank": ["?", 999]}}))
    assert desk.rows("orders", "customer_id") == [None, None, "7"]


def test_a_product_is_exact_and_kept_in_full_until_it_is_summed(desk: Any) -> None:
    text = "no,date,n,price\n1,2024-01-05,3,0.0333\n1,2024-01-05,1,0.00015\n2,2024-01-05,1,x\n"
    mapping = orders(columns={"amount": {"product": ["n", "price"], "take": "sum"}}, one_per=["no"])
    file = desk.take(text, mapping)
    assert desk.rows("orders", "amount") == [Decimal("0.1001")]
    assert (file.merged, file.rows_aside) == (1, 1)
    assert file.reasons == (("'amount' is not an amount of money", 1),)
    assert "rounded to four" in file.notes[-1]


def test_where_leaves_rows_out_and_keeps_their_numbers_in_the_file(desk: Any) -> None:
    text = PLAIN + "3,2024-01-07,-4, web ,9\n4,someday,5,web,9\n"
    file = desk.take(text, orders(where="kind = web and sum > 0"))
    assert (file.rows_read, file.left_out, file.rows_taken, file.rows_aside) == (4, 2, 1, 1)
    assert desk.rows("set_aside", "row", "value") == [(4, "someday")]


def test_where_names_the_columns_of_the_file(desk: Any) -> None:
    with pytest.raises(UnknownName, match="kind"):
        desk.take(PLAIN, orders(where="kinds = web"))


LOG = (
    "ticket,step,state,opened,score,who\n"
    "a,10,closed,2024-01-03,3,x\na,9,open,2024-01-01,5,\nb,1,open,2024-01-02,4,y\na,2,new,2024-01-02,1,z\n"
)


def test_one_record_takes_the_last_first_least_and_most_of_its_rows(desk: Any) -> None:
    columns = {
        "ticket_id": "ticket",
        "status": "state",
        "opened_at": {"from": "opened", "take": "min"},
        "resolved_at": {"from": "opened", "take": "max"},
        "agent": {"from": "who", "take": "first"},
        "contacts": {"from": "score", "take": "sum"},
    }
    mapping = {"table": "tickets", "source": "desk", "one_per": ["ticket"], "order_by": "step", "columns": columns}
    file = desk.take(LOG, mapping)
    day = {n: datetime(2024, 1, n, tzinfo=UTC) for n in (1, 2, 3)}
    assert desk.rows("tickets", "status", "opened_at", "resolved_at", "agent", "contacts") == [
        ("closed", day[1], day[3], "z", 9),
        ("open", day[2], day[2], "y", 4),
    ]
    assert (file.records, file.merged) == (2, 2)


def test_the_last_row_counts_even_where_it_says_nothing(desk: Any) -> None:
    columns = {"ticket_id": "ticket", "agent": "who", "opened_at": "opened"}
    mapping = {"table": "tickets", "one_per": ["ticket"], "order_by": "step", "columns": columns}
    desk.take("ticket,step,opened,who\na,1,2024-01-01,x\na,2,2024-01-01,\n", mapping)
    assert desk.rows("tickets", "agent") == [None]


def test_rows_are_ordered_by_a_time_as_a_time(desk: Any) -> None:
    columns = {"ticket_id": "t", "status": "s", "opened_at": {"from": "on", "format": ["%d/%m/%Y"]}}
    mapping = {"table": "tickets", "one_per": ["t"], "order_by": "on", "columns": columns}
    desk.take("t,s,on\na,late,02/02/2024\na,early,31/01/2024\n", mapping)
    assert desk.rows("tickets", "status") == ["late"]


def test_without_order_by_the_last_row_of_the_file_counts(desk: Any) -> None:
    mapping = {"table": "tickets", "one_per": ["ticket"], "columns": {"status": "state", "opened_at": "opened"}}
    desk.take(LOG, mapping)
    assert desk.rows("tickets", "ticket_id", "status") == [("tickets:a", "new"), ("tickets:b", "open")]


def test_one_unreadable_row_sets_a_summed_record_aside_whole(desk: Any) -> None:
    text = "no,date,sum\n1,2024-01-05,10\n1,2024-01-05,oops\n2,2024-01-05,5\n"
    file = desk.take(text, orders(columns={"amount": {"from": "sum", "take": "sum"}}, one_per=["no"]))
    assert desk.rows("orders", "order_id", "amount") == [("shop:2", Decimal(5))]
    assert desk.rows("set_aside", "row", "column_name", "value", "reason") == [
        (1, "no", "1", "stands for the same record as a row that could not be read"),
        (2, "amount", "oops", "is not an amount of money"),
    ]
    assert file.rows_aside == 2


def test_a_sum_that_no_amount_can_hold_is_set_aside(desk: Any) -> None:
    text = "no,date,sum\n" + "1,2024-01-05,60000000000000\n" * 2 + "2,2024-01-05,5\n"
    file = desk.take(text, orders(columns={"amount": {"from": "sum", "take": "sum"}}, one_per=["no"]))
    assert (file.records, file.rows_aside) == (1, 2)
    assert file.reasons == (("'no' adds up, with others, to more than an amount can be", 2),)


def test_a_row_without_the_merging_key_is_set_aside(desk: Any) -> None:
    file = desk.take("no,date,sum\n,2024-01-05,1\n1,2024-01-05,2\n", orders(one_per=["no"]))
    assert (file.records, file.rows_aside) == (1, 1)
    assert file.reasons[0][0].endswith("is missing")


SURVEY: dict[str, Any] = {
    "table": "answers",
    "source": "w1",
    "columns": {"submission_id": "id", "channel": "via", "touchpoint": "where"},
    "attributes": {"region": "region"},
    "unpivot": [
        {"from": "q1", "question_id": "recommend", "metric": "nps", "scale": [0, 10], "blank": [11]},
        {"from": "q2", "metric": "csat", "scale": [1, 5], "not_applicable": [6], "touchpoint": "delivery"},
        {"from": "q3", "question_id": "why", "text": True},
        {"from": "q4", "codes": {"1": "yes", "2": "no"}},
    ],
}
WIDE = "id,via,where,region,q1,q2,q3,q4\n1,mail,shop,N,9,5,good,1\n2,mail,shop,S,11,6,,2\n3,app,web,N,12,x, ,7\n"


def test_unpivot_makes_an_answer_of_every_filled_cell(desk: Any) -> None:
    file = desk.take(WIDE, SURVEY)
    columns = ("answer_id", "metric", "score", "choice", "text", "touchpoint", "region")
    assert desk.rows("answers", *columns) == [
        ("w1:1/q2", "csat", 5.0, None, None, "delivery", "N"),
        ("w1:1/q4", None, None, "yes", None, "shop", "N"),
        ("w1:1/recommend", "nps", 9.0, None, None, "shop", "N"),
        ("w1:1/why", None, None, None, "good", "shop", "N"),
        ("w1:2/q2", "csat", None, "not applicable", None, "delivery", "S"),
        ("w1:2/q4", None, None, "no", None, "shop", "S"),
        ("w1:3/q4", None, None, "7", None, "web", "N"),
    ]
    assert (file.rows_taken, file.records, file.blank, file.cells_aside) == (3, 7, 3, 2)
    assert file.rows_taken * len(SURVEY["unpivot"]) == file.records + file.blank + file.cells_aside


def test_an_answer_beyond_its_scale_is_set_aside_and_the_rest_of_the_row_stays(desk: Any) -> None:
    desk.take(WIDE, SURVEY)
    assert desk.rows("set_aside", "row", "column_name", "value", "reason") == [
        (3, "q1", "12", "lies outside the scale 0 to 10"),
        (3, "q2", "x", "is not a number"),
    ]


def test_a_scale_and_its_polarity_travel_with_the_answer_and_the_question(desk: Any) -> None:
    desk.take(WIDE, SURVEY)
    scales = desk.rows("answers", "scale_low", "scale_high", "polarity")
    assert scales[0] == (1.0, 5.0, "high is good")
    assert scales[1] == (None, None, None)
    asked = desk.rows("questions", "question_id", "metric", "scale_high")
    assert asked == [("q2", "csat", 5.0), ("q4", None, None), ("recommend", "nps", 10.0), ("why", None, None)]


def test_the_mappings_zone_wins_over_the_workspaces(desk: Any) -> None:
    desk.take("no,date,sum\n1,2024-07-01 12:00,1\n", orders(timezone="America/New_York"))
    assert desk.rows("orders", "paid_at") == [datetime(2024, 7, 1, 16, tzinfo=UTC)]


def test_default_weight_is_remembered_by_the_workspace_for_that_survey(desk: Any) -> None:
    desk.take("id,q1,w\n1,9,2\n", {**SURVEY, "columns": {"submission_id": "id", "weight": "w"}, "default_weight": True})
    assert desk.workspace.data().weighted == ("w1",)
    desk.take(PLAIN, orders(), name="orders.csv")
    assert desk.workspace.data().weighted == ("w1",)


def test_customers_of_a_tool_keep_apart_from_the_companys_own(desk: Any) -> None:
    desk.take(PLAIN, orders(columns={"customer_id": "who"}, customers="shop"))
    assert desk.rows("orders", "customer_id") == ["shop:7", "shop:8"]


def test_a_header_that_the_file_lacks_is_named(desk: Any) -> None:
    with pytest.raises(UnknownName, match="paid_at"):
        desk.take("no,when,sum\n1,2024-01-01,1\n", orders())
    with pytest.raises(BadFile, match="none of the questions"):
        desk.take("id,x\n1,2\n", SURVEY)


def test_a_format_that_is_none_is_refused(desk: Any) -> None:
    with pytest.raises(BadDefinition, match="'%Q' of 'paid_at' is not a date format"):
        desk.take(PLAIN, orders(columns={"paid_at": {"from": "date", "format": ["%Q"]}}))


def test_a_mapping_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "orders.toml"
    path.write_text(mapping_text(from_toml(orders(where="sum > 0"))))
    assert read_mapping(path) == from_toml(orders(where="sum > 0"))


def test_a_mapping_that_is_missing_or_no_toml_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no mapping"):
        read_mapping(tmp_path / "none.toml")
    path = tmp_path / "broken.toml"
    path.write_text("table = ")
    with pytest.raises(BadDefinition, match="not TOML"):
        read_mapping(path)


def test_an_empty_cell_is_looked_for_in_the_other_columns(desk: Any) -> None:
    text = "no,date,late,sum\n1,2024-01-05,2024-02-01,1\n2,,2024-02-02,2\n3,,,3\n"
    file = desk.take(text, orders(columns={"paid_at": {"from": "date", "otherwise": ["late"]}}))
    assert [f"{at:%m-%d}" for at in desk.rows("orders", "paid_at")] == ["01-05", "02-02"]
    assert file.reasons == (("'paid_at' is missing", 1),)


def test_codes_may_speak_of_every_other_value_and_of_an_empty_cell(desk: Any) -> None:
    codes = {"web": "online", "*": "elsewhere", "": "unknown"}
    desk.take("no,date,sum,kind\n1,2024-01-05,1,web\n2,2024-01-05,1,tent\n3,2024-01-05,1, \n", {
        **orders(), "attributes": {"place": {"from": "kind", "codes": codes}},
    })  # fmt: skip
    assert desk.rows("orders", "place") == ["online", "elsewhere", "unknown"]


BOTH: dict[str, Any] = {
    **ORDERS,
    "also": [
        {"table": "tickets", "where": "complaint is not null", "columns": {"ticket_id": "no", "opened_at": "complaint"}}
    ],
}


def test_one_file_may_hold_two_nouns_and_each_reading_accounts_for_every_row(desk: Any) -> None:
    text = "no,date,sum,complaint\n1,2024-01-05,1,\n2,2024-01-06,2,2024-01-09\n3,soon,4,2024-01-10\nshort,2024-01-01\n"
    orders_file, tickets = (file for file in desk.add(desk.write("f.csv", text), mapping=BOTH).files)
    assert (orders_file.table, orders_file.rows_read, orders_file.records, orders_file.rows_aside) == (
        "orders",
        4,
        2,
        2,
    )
    # the row that does not fit the table is set aside once
    assert (tickets.table, tickets.rows_read, tickets.records, tickets.left_out) == ("tickets", 3, 2, 1)
    assert desk.rows("tickets", "ticket_id") == ["shop:2", "shop:3"]
    assert len(desk.rows("set_aside")) == 2
    assert desk.add(desk.write("f.csv", text), mapping=BOTH).number is None


def test_a_further_reading_is_left_out_where_its_columns_are_missing(desk: Any) -> None:
    (file,) = desk.add(desk.write("f.csv", PLAIN), mapping=BOTH).files
    assert "no tickets in this file: their columns are missing" in file.notes


def test_the_same_cell_may_be_set_aside_by_two_readings(desk: Any) -> None:
    mapping = {**ORDERS, "also": [{"table": "events", "columns": {"event_id": "no", "occurred_at": "date"}}]}
    desk.add(desk.write("f.csv", "no,date,sum\n1,someday,3\n2,2024-01-05,3\n"), mapping=mapping)
    assert sorted(desk.rows("set_aside", "table_name")) == ["events", "orders"]


def test_the_whole_language_survives_a_round_trip(tmp_path: Path) -> None:
    for layout in known_layouts():
        (tmp_path / "kept.toml").write_text(mapping_text(layout.mapping), encoding="utf-8")
        assert read_mapping(tmp_path / "kept.toml") == layout.mapping
