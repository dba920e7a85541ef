"""Sums per unit (store, agent, product) beside those of all units together, in one query."""

from __future__ import annotations

from typing import Any

import ibis

from touchstone.engine.connect import Table
from touchstone.engine.moments import SUMS

BESIDE = ("aa0", "ab0", "ba0", "bb0", "crossed", "people")


def unit_sums(rows: Table, unit: str, *, centre: float) -> Table:
    """One row of sums per value of `unit`, from rows with columns x, w and cluster; rows without a unit are left out.

    Beside the sums of `stats.moments.Moments` stand those of the unit's people with all their answers to any unit, A_g
    and B_g: aa0 = Σ A_g a_g, ab0 = Σ A_g b_g, ba0 = Σ B_g a_g, bb0 = Σ B_g b_g (summed over the units they are the
    whole's own sums); `people`, in which someone who answers for two units counts half in each; and `crossed` =
    Σ_g r_g (R_g − r_g), with r_g the sum of what g's answers lie above the unit's mean, R_g the same over all units.
    """
    named = rows.filter(rows[unit].notnull())
    named = named.mutate(_x=(named.x - centre).cast("float64"), _w=named.w.cast("float64"))
    sums: dict[str, Any] = {
        "n": named.count(),
        "a": (named._w * named._x).sum(),
        "b": named._w.sum(),
        "q": (named._w * named._x * named._x).sum(),
        "ww": (named._w * named._w).sum(),
    }
    people = named.group_by([unit, "cluster"]).aggregate(**sums)
    own = ibis.window(group_by=unit)
    people = people.mutate(r=people.a - people.a.sum().over(own) / people.b.sum().over(own) * people.b)
    theirs = ibis.window(group_by="cluster")
    beside = people.mutate(
        all_a=people.a.sum().over(theirs),
        all_b=people.b.sum().over(theirs),
        all_r=people.r.sum().over(theirs),
        units=people.count().over(theirs),
    )
    return beside.group_by(unit).aggregate(**_second_level(beside))


def _second_level(people: Table) -> dict[str, Any]:
    own = (
        people.n.sum(),
        people.count(),
        people.b.sum(),
        people.ww.sum(),
        people.a.sum(),
        people.q.sum(),
        (people.a * people.a).sum(),
        (people.a * people.b).sum(),
        (people.b * people.b).sum(),
    )
    beside = (
        (people.all_a * people.a).sum(),
        (people.all_a * people.b).sum(),
        (people.all_b * people.a).sum(),
        (people.all_b * people.b).sum(),
        (people.r * (people.all_r - people.r)).sum(),
        (1.0 / people.units).sum(),
    )
    return dict(zip((*SUMS, *BESIDE), (*own, *beside), strict=True))
