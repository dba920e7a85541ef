"""Contacts rolled up to accounts on both engines, against a recount in plain Python."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from tests.engines import world as made

from touchstone.engine.accounts import of_accounts, rolled_up
from touchstone.engine.data import Data
from touchstone.engine.moments import moments
from touchstone.engine.rows import Question, measured_rows
from touchstone.measure.metrics import built_in
from touchstone.stats.moments import Moments


def test_every_account_weighs_one_in_every_group(data: Data, nps: list[dict[str, Any]]) -> None:
    rows = of_accounts(measured_rows(data, built_in()["nps"], Question(by=("region",), weight="weight")))
    rolled = rolled_up(rows, ("region",), "accounts", roles=(), values=None)
    found = {row["region"]: row for row in data.fetch(moments(rolled, ("region",), centre=0.0)).rows}
    kept = [row for row in nps if (row["weight"] or 0) > 0 and row["cluster"].startswith("account:")]
    for (region,), inside in made.grouped(kept, "region").items():
        held: dict[str, float] = defaultdict(float)
        for row in inside:
            held[row["cluster"]] += row["weight"]
        weights = [row["weight"] / held[row["cluster"]] for row in inside]
        expected = Moments.of([row["x"] for row in inside], weights, [row["cluster"] for row in inside], centre=0.0)
        for name in ("n", "clusters", "w", "wx", "wxx", "aa", "ab", "bb"):
            assert float(found[region][name]) == pytest.approx(getattr(expected, name), rel=1e-9), name
