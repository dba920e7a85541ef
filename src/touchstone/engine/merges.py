"""Who is who: numbers of customers that are one person, by the names they share and by what people decided.

A name (an e-mail address, a phone number, the id of another system) links all numbers that have it. Numbers are joined
in two steps. First by ids of other systems and by decisions: these are sure. Then by addresses, unless an address would
join what contradicts: numbers that have different ids in one system, or that somebody said are two people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis

from touchstone.core.settings import Joining
from touchstone.engine.connect import Engine, Table

_ROUNDS = 25  # of two steps each; chains of merges longer than this do not occur in life
_EXTERNAL = "external"
_NO_REASON = ibis.null("string")


@dataclass(frozen=True, slots=True)
class Joined:
    """Who is whom. `people` (customer_id, person) are the numbers that are somebody else, under the smallest of theirs.

    `links` are the names that several numbers have (link, kind, value, customers, why): `why` a name joins nobody, null
    where it joins: "shared" by the settings, of too "many" customers of one system, "ids" that contradict, "undone" by
    a decision, or a "chain" of names that leads to one of the last two. `named` are the numbers that have them
    (customer_id, link, import_number), `joins` the decisions that join (customer_id, link).
    """

    people: Table
    links: Table
    named: Table
    joins: Table | None


def join(engine: Engine, names: Table | None, decisions: Table | None, rules: Joining) -> Joined | None:
    """Join the numbers that `names` (identities) and `decisions` (merges) give; None where there is nothing to join.

    `rules` holds shared addresses as they are stored.
    """
    joins, undone = _decided(engine, decisions)
    if names is None:
        if joins is None:
            return None
        names = _nothing(joins)
    foreign = engine.fetch(names.aggregate(n=(names.kind == _EXTERNAL).sum())).rows[0]["n"]
    every = _named(names, foreign=bool(foreign))
    links = engine.keep(_links(every, rules))
    if joins is None and not engine.fetch(links.aggregate(n=links.count())).rows[0]["n"]:
        return None
    named = engine.keep(every.semi_join(links, "link"))
    base = _sure(engine, named, links, joins, undone) if foreign or joins is not None else None
    ids = _ids(every, base) if foreign else None
    if undone is not None:
        undone = engine.keep(_undone_units(undone, base))
    whole, links = _by_address(engine, _units(named, links, base), links, ids, undone)
    return Joined(people=_people(engine, named, base, whole, joins), links=links, named=named, joins=joins)


def _decided(engine: Engine, decisions: Table | None) -> tuple[Table | None, Table | None]:
    """The newest decision on each pair: those that join (customer_id, link), and pairs undone (one, other)."""
    if decisions is None:
        return None, None
    pairs = decisions.mutate(
        one=ibis.least(decisions.customer_id, decisions.other_id),
        other=ibis.greatest(decisions.customer_id, decisions.other_id),
    )
    order = [pairs.decided_at.desc(), pairs.merge_id.desc()]
    newest = pairs.mutate(age=ibis.row_number().over(group_by=["one", "other"], order_by=order))
    kept = engine.keep(newest.filter(newest.age == 0).select("one", "other", "kind"))
    n = engine.fetch(kept.aggregate(join=(kept.kind == "join").sum(), undo=(kept.kind == "undo").sum())).rows[0]
    joining = kept.filter(kept.kind == "join")
    link = ibis.literal("decision:") + joining.one + "|" + joining.other
    joins = joining.select(customer_id="one", link=link).union(joining.select(customer_id="other", link=link))
    undone = kept.filter(kept.kind == "undo").select("one", "other")
    return joins if n["join"] else None, undone if n["undo"] else None


def _nothing(like: Table) -> Table:
    """No names at all, in the columns of names."""
    nobody = like.filter(ibis.literal(False)).select("customer_id", link="link", kind="link", value="link")
    return nobody.drop("link").mutate(import_number=ibis.null("int64"))


def _named(names: Table, *, foreign: bool) -> Table:
    """Each number's names (customer_id, kind, value, link, import_number); the id of a system is its owner's too."""
    number = names.import_number if "import_number" in names.columns else ibis.null("int64")
    given = names.select("customer_id", "kind", "value", import_number=number)
    if foreign:
        owned = given.filter(given.kind == _EXTERNAL)
        given = given.union(
            owned.select(customer_id="value", kind="kind", value="value", import_number="import_number")
        )
    once = given.group_by(["customer_id", "kind", "value"]).aggregate(import_number=given.import_number.min())
    return once.mutate(link=once.kind + ":" + once.value)


def _system(number: Any) -> Any:
    """The system that gave a number: what stands before the colon, nothing for the company's own."""
    return number.contains(":").ifelse(number.split(":")[0], "")


def _links(named: Table, rules: Joining) -> Table:
    """Names that several numbers have, and why one of them joins nobody."""
    per = named.mutate(system=_system(named.customer_id))
    per = per.group_by(["link", "kind", "value", "system"]).aggregate(k=per.count())
    links = per.group_by(["link", "kind", "value"]).aggregate(customers=per.k.sum(), most=per.k.max())
    links = links.filter(links.customers > 1)
    many = (links.kind == "email") & (links.most > rules.most_per_email)
    many |= (links.kind == "phone") & (links.most > rules.most_per_phone)
    whys = [(many, "many")]
    if rules.shared:
        whys.insert(0, ((links.kind != _EXTERNAL) & links.value.isin(rules.shared), "shared"))
    return links.mutate(why=ibis.cases(*whys, else_=_NO_REASON)).drop("most")


def _sure(engine: Engine, named: Table, links: Table, joins: Table | None, undone: Table | None) -> Table:
    """Numbers joined by ids of other systems and by decisions: (customer_id, unit). An undone pair is not among them.

    Where it would be, the ids of that person join nobody, and what is left are decisions; where these contradict each
    other, nothing is left.
    """
    parts = [] if joins is None else [joins.select(node="customer_id", link="link")]
    ids = named.semi_join(links.filter(links.kind == _EXTERNAL), "link").select(node="customer_id", link="link")
    whole = _components(engine, ids.union(parts[0]) if parts else ids)
    if undone is not None:
        whole = _apart(engine, whole, undone, _components(engine, parts[0]) if parts else None)
    return engine.keep(whole.select(customer_id="node", unit="whole"))


def _apart(engine: Engine, whole: Table, undone: Table, lesser: Table | None) -> Table:
    """`whole` (node, whole) without components that hold an undone pair: these become what `lesser` makes of them."""
    bad = _conflicts(whole.select("node", place="whole"), None, undone)
    spoiled = engine.keep(whole.semi_join(bad, whole["whole"] == bad["place"]))
    left = engine.keep(whole.anti_join(spoiled, "node"))
    if lesser is None:
        return left
    fallen = _apart(engine, engine.keep(lesser.semi_join(spoiled, "node")), undone, None)
    return left.union(fallen)


def _units(named: Table, links: Table, base: Table | None) -> Table:
    """Who has each address that joins (node, link): numbers, or what they are joined to for sure."""
    usable = links.filter((links.kind != _EXTERNAL) & links.why.isnull())
    weak = named.semi_join(usable, "link").select("customer_id", "link")
    units = _as_units(weak, base).select("node", "link").distinct()
    if base is None:
        return units
    several = units.group_by("link").aggregate(n=units.count()).filter(lambda t: t.n > 1)
    return units.semi_join(several, "link")


def _as_units(table: Table, base: Table | None) -> Table:
    """`table` (customer_id, …) with `node`: the number, or what it is joined to for sure."""
    if base is None:
        return table.mutate(node=table.customer_id)
    known = base.select(known_id="customer_id", unit="unit")
    joined = table.left_join(known, table.customer_id == known.known_id)
    return joined.mutate(node=ibis.coalesce(joined.unit, joined.customer_id)).drop("known_id", "unit")


def _ids(named: Table, base: Table | None) -> Table:
    """The systems in which a unit has an id (node, system), as far as any file names ids of that system."""
    foreign = named.filter(named.kind == _EXTERNAL)
    foreign = foreign.select("customer_id", system=_system(foreign.value)).distinct()
    own = named.select("customer_id", system=_system(named.customer_id)).distinct()
    own = own.semi_join(foreign.select("system").distinct(), "system")
    return _as_units(foreign.union(own), base).select("node", "system").distinct()


def _undone_units(undone: Table, base: Table | None) -> Table:
    one = _as_units(undone.select(customer_id="one", other="other"), base).select(one="node", customer_id="other")
    both = _as_units(one, base).select("one", other="node")
    return both.filter(both.one != both.other)


def _by_address(
    engine: Engine, units: Table, links: Table, ids: Table | None, undone: Table | None
) -> tuple[Table, Table]:
    """Units joined by addresses (node, whole), and `links` with why the others join nobody."""
    if ids is None and undone is None:
        return _components(engine, units), links
    units = engine.keep(units)
    places = units.select("node", place="link")
    links = _refused(engine, links, _conflicts(places, ids, undone))
    units = units.anti_join(links.filter(links.why.notnull()), "link")
    whole = _components(engine, units)
    bad = engine.keep(_conflicts(whole.select("node", place="whole"), ids, undone).select("place"))
    spoiled = whole.semi_join(bad, whole["whole"] == bad["place"])
    chained = units.semi_join(spoiled, "node").select(place="link", why=ibis.literal("chain")).distinct()
    return engine.keep(whole.anti_join(spoiled, "node")), _refused(engine, links, chained)


def _refused(engine: Engine, links: Table, whys: Table) -> Table:
    """`links` with the reasons `whys` (place, why) beside those they have."""
    fresh = whys.group_by("place").aggregate(because=whys.why.max())  # "undone" before "ids": a person said so
    joined = links.left_join(fresh, links.link == fresh.place)
    return engine.keep(joined.mutate(why=ibis.coalesce(joined.why, joined.because)).drop("place", "because"))


def _conflicts(places: Table, ids: Table | None, undone: Table | None) -> Table:
    """The places (place, why) at which nodes meet that contradict each other."""
    parts = []
    if ids is not None:
        met = places.inner_join(ids, "node")
        met = met.group_by(["place", "system"]).aggregate(n=met.node.nunique())
        parts.append(met.filter(met.n > 1).select("place", why=ibis.literal("ids")))
    if undone is not None:
        first = undone.inner_join(places, undone.one == places.node).select("other", "place")
        second = places.select(second="node", there="place")
        met = first.inner_join(second, [first.other == second.second, first.place == second.there])
        parts.append(met.select("place", why=ibis.literal("undone")))
    return (ibis.union(*parts) if len(parts) > 1 else parts[0]).distinct()


def _people(engine: Engine, named: Table, base: Table | None, whole: Table, joins: Table | None) -> Table:
    """Every number that is somebody else: (customer_id, person)."""
    numbers = named.select("customer_id")
    if joins is not None:
        numbers = numbers.union(joins.select("customer_id"))
    units = _as_units(numbers.distinct(), base)
    joined = units.left_join(whole.select(at="node", whole="whole"), units.node == whole.node)
    person = ibis.coalesce(joined["whole"], joined.node)
    return engine.keep(joined.select("customer_id", person=person).filter(lambda t: t.customer_id != t.person))


def _components(engine: Engine, edges: Table) -> Table:
    """The connected components of nodes and links (node, link): each node with the smallest of its own, `whole`."""
    edges = engine.keep(edges)
    labels = engine.keep(edges.select("node", whole="node").distinct())
    for _ in range(_ROUNDS):
        nearer = engine.keep(_spread(edges, _spread(edges, labels)))
        was = labels.select(at="node", was="whole")
        moved = nearer.join(was, nearer.node == was.at).filter(lambda t: t["whole"] != t.was)
        still = engine.fetch(moved.aggregate(n=moved.count())).rows[0]["n"] == 0
        engine.drop(labels)
        labels = nearer
        if still:
            break
    return labels


def _spread(edges: Table, labels: Table) -> Table:
    """Each node with the smallest label among its neighbours."""
    by_link = edges.join(labels, "node").group_by("link").aggregate(whole=lambda t: t["whole"].min())
    linked = edges.join(by_link, "link")
    return linked.group_by("node").aggregate(whole=linked["whole"].min())
