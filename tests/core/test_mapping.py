"""The mapping language: every word of it, there and back as TOML, and refusals that name a neighbour."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import tomli_w

from touchstone.core.errors import BadDefinition, UnknownName
from touchstone.core.mapping import Mapping, Question, Take, from_toml, to_toml, without_unused

ORDERS: dict[str, Any] = {
    "table": "orders",
    "source": "shop",
    "columns": {"order_id": "No", "paid_at": "Date", "amount": "Total"},
}
EVERY_WORD = """
table = "answers"
source = { from_filename = '(\\d{4})' }
customers = "survey_tool"
where = "Status = complete"
one_per = ["Id"]
order_by = "Saved"
timezone = "Europe/Berlin"
default_weight = true

[columns]
submission_id = { from = "Id", aliases = ["ID", "id"] }
kind = { constant = "relationship" }
period = { from_filename = '(\\d{4})' }
answered_at = { from = "When", format = ["%d/%m/%Y"], blank = ["?"], take = "min" }
weight = { from = "W", decimal = "," , take = "first" }
channel = { from = "Via", codes = { 1 = "web", 2 = "phone" } }

[attributes]
region = "Region"

[[unpivot]]
from = "Q1"
aliases = ["q1"]
question_id = "recommend"
metric = "nps"
scale = [0, 10]
polarity = "low is good"
label = "Would you recommend us?"
touchpoint = "shop"
blank = [11]
not_applicable = [99]
codes = { ten = "10" }

[[unpivot]]
from = "Q2"
text = true
"""


def refused(error: type[Exception], words: str, **changes: Any) -> None:
    with pytest.raises(error) as caught:
        from_toml({**ORDERS, **changes})
    assert words in str(caught.value)


def test_every_word_of_the_language_survives_the_way_to_a_file_and_back() -> None:
    mapping = from_toml(tomllib.loads(EVERY_WORD))
    assert from_toml(tomllib.loads(tomli_w.dumps(to_toml(mapping)))) == mapping


def test_every_word_means_what_it_says() -> None:
    mapping = from_toml(tomllib.loads(EVERY_WORD))
    assert mapping.source.from_filename == r"(\d{4})"
    assert mapping.columns["submission_id"].headers == ("Id", "ID", "id")
    assert mapping.columns["kind"].constant == "relationship"
    assert mapping.columns["answered_at"] == Take(headers=("When",), format=("%d/%m/%Y",), blank=("?",), keep="min")
    assert (mapping.columns["weight"].decimal, mapping.columns["weight"].keep) == (",", "first")
    assert mapping.columns["channel"].codes == {"1": "web", "2": "phone"}
    assert mapping.unpivot[0] == Question(
        headers=("Q1", "q1"),
        question_id="recommend",
        metric="nps",
        scale=(0.0, 10.0),
        polarity="low is good",
        label="Would you recommend us?",
        touchpoint="shop",
        blank=("11",),
        not_applicable=("99",),
        codes={"ten": "10"},
    )
    assert mapping.unpivot[1].text
    assert mapping.default_weight


def test_a_bare_text_is_a_header_in_columns_and_a_constant_as_source() -> None:
    mapping = from_toml(ORDERS)
    assert mapping.source == Take(constant="shop")
    assert mapping.columns["order_id"] == Take(headers=("No",))


def test_a_product_names_two_columns() -> None:
    columns = {**ORDERS["columns"], "amount": {"product": ["Quantity", "Price"], "take": "sum"}}
    mapping = from_toml({**ORDERS, "columns": columns, "one_per": ["No"]})
    assert mapping.columns["amount"].product == ("Quantity", "Price")
    refused(BadDefinition, "names two columns, not 1", columns={**columns, "amount": {"product": ["Quantity"]}})


def test_unknown_words_are_refused_with_their_neighbours() -> None:
    refused(UnknownName, "did you mean where?", were="a = 1")
    refused(UnknownName, "did you mean format", columns={**ORDERS["columns"], "paid_at": {"from": "D", "fromat": "x"}})
    refused(UnknownName, "did you mean amount", columns={**ORDERS["columns"], "amuont": "Total"})
    refused(UnknownName, "did you mean orders", table="order")
    refused(UnknownName, "did you mean", timezone="Europe/Berln")
    refused(UnknownName, "way to take", columns={**ORDERS["columns"], "kind": {"from": "K", "take": "mean"}})
    refused(UnknownName, "decimal mark", columns={**ORDERS["columns"], "amount": {"from": "T", "decimal": ";"}})


def test_an_unknown_word_in_a_question_is_refused() -> None:
    answers = {"table": "answers", "unpivot": [{"from": "Q1", "scael": [0, 10]}]}
    with pytest.raises(UnknownName, match="scale"):
        from_toml(answers)
    with pytest.raises(UnknownName, match="polarity"):
        from_toml({"table": "answers", "unpivot": [{"from": "Q1", "polarity": "up"}]})
    with pytest.raises(BadDefinition, match="lowest, highest"):
        from_toml({"table": "answers", "unpivot": [{"from": "Q1", "scale": [10, 0]}]})
    with pytest.raises(BadDefinition, match="names no column"):
        from_toml({"table": "answers", "unpivot": [{"metric": "nps"}]})


def test_a_regular_expression_without_a_group_or_broken_is_refused() -> None:
    refused(BadDefinition, "has no group", source={"from_filename": r"\d{4}"})
    refused(BadDefinition, "not a regular expression", source={"from_filename": "(("})


def test_a_column_that_every_row_needs_must_be_mapped() -> None:
    refused(BadDefinition, "has no paid_at and no amount", columns={"order_id": "No"})


def test_only_answers_are_unpivoted_and_each_question_once() -> None:
    refused(BadDefinition, "Only answers can be unpivoted", unpivot=[{"from": "Q1"}])
    with pytest.raises(BadDefinition, match="Two"):
        from_toml({"table": "answers", "unpivot": [{"from": "Q1"}, {"from": "Q2", "question_id": "Q1"}]})


def test_an_attribute_cannot_have_the_name_of_a_column() -> None:
    for name in ("unit", "Unit", "email", "source", "_row"):
        refused(BadDefinition, "cannot also be an attribute", attributes={name: "X"})


def test_sums_need_numbers_and_rows_that_belong_together() -> None:
    summed = {**ORDERS["columns"], "amount": {"from": "Total", "take": "sum"}}
    refused(BadDefinition, "say with one_per", columns=summed)
    texts = {**ORDERS["columns"], "kind": {"from": "K", "take": "sum"}}
    refused(BadDefinition, "cannot be added up", columns=texts, one_per=["No"])


def test_a_condition_that_cannot_be_read_is_refused_with_the_mapping() -> None:
    refused(BadDefinition, "cannot be read", where="amount >")


def test_what_a_file_lacks_is_named_and_what_every_row_needs_stays() -> None:
    columns = {**ORDERS["columns"], "margin": "Margin", "kind": {"constant": "purchase"}}
    mapping = from_toml({**ORDERS, "columns": columns, "attributes": {"region": "Region"}})
    fitted, missing = without_unused(mapping, ("No", "Date"))
    assert missing == ("margin", "region")
    assert set(fitted.columns) == {"order_id", "paid_at", "amount", "kind"}


def test_people_are_known_by_address_only_where_a_row_concerns_one() -> None:
    with pytest.raises(UnknownName, match="email"):
        Mapping(table="accounts", source=Take(constant="crm"), columns={"email": Take(headers=("E",))})
