"""What is true of the company, summed block by block over everybody, those who never said a word included."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from touchstone.simulate.asking import RELATIONSHIP, SURVEYS, asked_yearly
from touchstone.simulate.behaviour import DELAY, HAZARD_CENTRE, HORIZON, SPEND_CENTRE, potential
from touchstone.simulate.clock import HOUR, months_later
from touchstone.simulate.company import (
    INITIATIVE_TOUCHPOINT,
    NAMES,
    NULL_NEIGHBOUR,
    NULL_TOUCHPOINT,
    REGIONS,
    SEGMENTS,
    TOUCHPOINTS,
    Company,
)
from touchstone.simulate.experience import CENTRES, EFFECTS, OVERALL_SLOPE, Stated
from touchstone.simulate.people import Bools, Floats, Ints
from touchstone.simulate.scene import Scene
from touchstone.simulate.shapley import lmg

Truth = dict[str, Any]
Sum = NDArray[np.float64]

CATEGORIES: Final = {"promoter": 1, "passive": 0, "detractor": -1}
_DELIVERY: Final = NAMES.index(INITIATIVE_TOUCHPOINT)


@dataclass(slots=True)
class Tally:
    """Sums over blocks under names; `hours` keeps every true time to resolution, known to the export or not."""

    company: Company
    sums: dict[str, Sum] = field(default_factory=lambda: defaultdict(lambda: np.zeros(1)))
    cents: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    hours: list[NDArray[np.float32]] = field(default_factory=list)
    closed: list[Bools] = field(default_factory=list)
    reply_hours: list[NDArray[np.float32]] = field(default_factory=list)

    def add(self, scene: Scene) -> None:
        """Count one more block."""
        _count_scores(self, scene)
        _count_drivers(self, scene)
        _count_futures(self, scene)
        _count_members(self, scene)
        _count_records(self, scene)

    def plus(self, name: str, value: Floats | Ints | float) -> None:
        """Add to a sum."""
        self.sums[name] = self.sums[name] + np.asarray(value, dtype=float)


def _score_sums(stated: Stated, among: Bools) -> Sum:
    """Answers, promoters, passives, detractors, satisfied (4 or 5), and the sum of overall satisfaction."""
    category, overall = stated.category[among], stated.overall[among]
    parts = [(category == value).sum() for value in CATEGORIES.values()]
    return np.array([len(category), *parts, (overall >= 4).sum(), overall.sum()], dtype=float)


def _scores(sums: Sum) -> Truth:
    n, promoters, passives, detractors, satisfied, overall = sums.tolist() if sums.size == 6 else [0.0] * 6
    if not n:
        return {"n": 0}
    return {
        "n": int(n),
        "nps": 100 * (promoters - detractors) / n,
        "promoters_percent": 100 * promoters / n,
        "passives_percent": 100 * passives / n,
        "detractors_percent": 100 * detractors / n,
        "csat_percent": 100 * satisfied / n,
        "overall_mean": overall / n,
    }


def _count_scores(tally: Tally, scene: Scene) -> None:
    """Scores of all members at their yearly wave, of those asked, of those who answered and of the silent."""
    mind, asked = scene.mind, scene.asked
    everyone = asked_yearly(scene.who, mind, scene.life, scene.clock)
    answered, reached = np.zeros_like(everyone), np.zeros_like(everyone)
    yearly = asked.survey == RELATIONSHIP
    reached[asked.row[yearly], asked.wave[yearly]] = asked.was_delivered[yearly]
    answered[asked.row[yearly], asked.wave[yearly]] = asked.was_completed[yearly]
    groups = {"everyone": everyone, "asked": reached, "responders": answered, "silent": reached & ~answered}
    year = np.floor(mind.tau / 12)
    for group, among in groups.items():
        tally.plus(f"scores {group}", _score_sums(mind.stated, among))
        for number in range(-(-tally.company.months // 12)):
            tally.plus(f"scores {group} year {number + 1}", _score_sums(mind.stated, among & (year == number)))
    for index, name in enumerate(SEGMENTS):
        tally.plus(f"scores segment {name}", _score_sums(mind.stated, everyone & (scene.who.segment == index)[:, None]))
    for index, name in enumerate(REGIONS):
        tally.plus(f"scores region {name}", _score_sums(mind.stated, everyone & (scene.who.region == index)[:, None]))
    treated = everyone & mind.treated
    tally.plus("initiative with", _score_sums(mind.stated, treated))
    tally.plus("initiative without", _score_sums(mind.without, treated))
    for name, stated in (("with", mind.stated), ("without", mind.without)):
        tally.plus(f"initiative rating {name}", stated.rating[..., _DELIVERY][treated].sum())


def _count_drivers(tally: Tally, scene: Scene) -> None:
    """Moments of the ratings (less their centre, 0 where not used) and of the two summary answers."""
    mind = scene.mind
    everyone = asked_yearly(scene.who, mind, scene.life, scene.clock)
    used, rating = mind.used[everyone], mind.stated.rating[everyone]
    outcomes = np.stack([mind.stated.overall[everyone], mind.stated.recommend[everyone]], axis=1)
    z = np.concatenate([used * (rating - CENTRES), outcomes], axis=1)
    tally.plus("driver n", len(z))
    tally.plus("driver sums", z.sum(axis=0))
    tally.plus("driver products", z.T @ z)
    tally.plus("used", used.sum(axis=0))
    tally.plus("ratings of users", (used * rating).sum(axis=0))


def _count_futures(tally: Tally, scene: Scene) -> None:
    """What would follow if all were promoters, passives, detractors; and what follows those who said they are."""
    mind, asked = scene.mind, scene.asked
    everyone = asked_yearly(scene.who, mind, scene.life, scene.clock)
    member = everyone.any(axis=1)
    first = everyone.argmax(axis=1)
    rows = np.arange(len(scene.who))
    own = mind.stated.category[rows, first]
    answered = np.zeros_like(everyone)
    yearly = (asked.survey == RELATIONSHIP) & asked.was_completed
    answered[asked.row[yearly], asked.wave[yearly]] = True
    for name, category in CATEGORIES.items():
        future = np.stack(potential(tally.company, scene.who, mind.log_tenure[rows, first], category), axis=1)
        tally.plus(f"future {name}", future[member].sum(axis=0))
        responder = member & answered[rows, first]
        tally.plus(f"future responder {name}", future[responder].sum(axis=0))
        said = responder & (own == category)
        tally.plus(f"naive {name}", np.array([said.sum(), *future[said].sum(axis=0)]))
    tally.plus("future n", np.array([member.sum(), (member & answered[rows, first]).sum()]))


def _count_members(tally: Tally, scene: Scene) -> None:
    """Members at the start of each full year, and how many of them were gone a year later."""
    life, company = scene.life, tally.company
    for year in range(company.months // 12):
        start, end = (scene.clock.tau(months_later(company.start, 12 * y)) for y in (year, year + 1))
        here = (life.joined <= start) & (life.left > start)
        tally.plus(f"churn year {year + 1}", np.array([here.sum(), (here & (life.left <= end)).sum()]))


def _count_records(tally: Tally, scene: Scene) -> None:
    """Exact money, the funnel of each survey, times to resolution, and who speaks of what in which tone."""
    bought, back, asked, help_wanted = scene.bought, scene.given_back, scene.asked, scene.help_wanted
    for kind, part in (("purchases", bought), ("refunds", back)):
        tally.cents[f"{kind} amount"] += int(part.cents.sum())
        tally.cents[f"{kind} margin"] += int(part.margin.sum())
        tally.cents[f"{kind} rows"] += len(part.cents)
    tally.cents["buyers"] += len(np.unique(bought.row))
    for index, name in enumerate(SURVEYS):
        among = asked.survey == index
        steps = [among.sum(), (among & (asked.reason == 0)).sum(), (among & asked.was_delivered).sum()]
        tally.plus(f"funnel {name}", np.array([*steps, (among & asked.was_completed).sum()]))
    tally.hours.append(((help_wanted.solved - help_wanted.opened) / HOUR).astype(np.float32))
    tally.reply_hours.append(((help_wanted.replied - help_wanted.opened) / HOUR).astype(np.float32))
    solved = help_wanted.solved < scene.clock.end
    tally.closed.append(solved)
    in_time = solved & (help_wanted.solved <= help_wanted.due)
    judged = solved | (help_wanted.due < scene.clock.end)
    tally.plus("sla", np.array([judged.sum(), in_time.sum(), help_wanted.reopened.sum()]))
    tally.plus("nights", (scene.ticket_shift != 0).sum())
    voice = scene.voice
    tally.plus("comments", sum(1 for text in voice.text if text))
    for tone in (-1, 1):
        first = np.bincount(voice.touchpoint[voice.tone == tone], minlength=len(NAMES))
        second = np.bincount(voice.second[(voice.tone == -tone) & (voice.second >= 0)], minlength=len(NAMES))
        tally.plus(f"themes {tone}", first + second)


def truth(tally: Tally, files: Truth) -> Truth:
    """The truth file: all that an analysis of the exports may be held to, with a sentence on what each part is."""
    company = tally.company
    return {
        "company": _settings(company),
        "model": _model(company),
        "scores": _all_scores(tally),
        "drivers": _drivers(tally),
        "satisfaction_effect": _effects(tally),
        "initiative": _initiative(tally),
        "members": _members(tally),
        "surveys": _funnels(tally),
        "tickets": _resolution(tally),
        "themes": _themes(tally),
        "money": _money(tally),
        "files": files,
    }


def _settings(company: Company) -> Truth:
    names = ("name", "seed", "customers", "months", "b_h", "b_s", "m", "hidden", "dirt")
    end = months_later(company.start, company.months)
    return {name: getattr(company, name) for name in names} | {
        "start": company.start.isoformat(),
        "end": end.isoformat(),
        "time_zone_of_surveys_and_tickets": "Europe/Berlin",
    }


def _model(company: Company) -> Truth:
    return {
        "hazard": f"logit(leave in a month) = {HAZARD_CENTRE} - 0.55 usage + 0.35 [occasional] - 0.30 [premium]"
        " - 0.35 log(1 + years) - hidden U - b_h c, c = 1 promoter, 0 passive, -1 detractor",
        "spending": f"log(expected EUR a month) = {SPEND_CENTRE} + 0.45 usage + 0.3 [regular] + 0.9 [premium]"
        " + 0.25 hidden U + b_s c",
        "delay": f"an opinion c acts from month {DELAY + 1} to month {HORIZON} after it was formed, and not before",
        "response": "logit(answers) = -1.0 + 0.3 usage + 0.15 log(1 + years) + m (recommendation - 7)",
        "confounders": ["usage_index (50 + 15 usage)", "first_seen_at (years as a customer)", "segment"],
        "unseen": "U loads on opinion, hazard and spending with the knob `hidden`",
    }


def _all_scores(tally: Tally) -> Truth:
    years = range(1, -(-tally.company.months // 12) + 1)
    result: Truth = {"about": "opinions at the yearly relationship wave; silent: reached but did not answer"}
    for group in ("everyone", "asked", "responders", "silent"):
        result[group] = _scores(tally.sums[f"scores {group}"])
        result[group]["by_year"] = [_scores(tally.sums[f"scores {group} year {year}"]) for year in years]
    result["by_segment"] = {name: _scores(tally.sums[f"scores segment {name}"]) for name in SEGMENTS}
    result["by_region"] = {name: _scores(tally.sums[f"scores region {name}"]) for name in REGIONS}
    return result


def _drivers(tally: Tally) -> Truth:
    n = float(tally.sums["driver n"][0])
    mean = tally.sums["driver sums"] / n
    covariance = tally.sums["driver products"] / n - np.outer(mean, mean)
    items = list(range(len(NAMES)))
    users = tally.sums["used"]
    means = dict(zip(NAMES, (tally.sums["ratings of users"] / users).tolist(), strict=True))
    others = [means[name] for name in NAMES if name != tally.company.weak_touchpoint]
    return {
        "about": "over everyone at their yearly wave; an item is its rating less `centre`, 0 where it was not used",
        "n": int(n),
        "items": list(NAMES),
        "centre": CENTRES.tolist(),
        "used_share": (users / n).tolist(),
        "mean_rating_of_users": means,
        "overall": _explained(covariance, [*items, len(items)], OVERALL_SLOPE * EFFECTS),
        "recommendation": _explained(covariance, [*items, len(items) + 1], EFFECTS),
        "weak_touchpoint": {
            "name": tally.company.weak_touchpoint,
            "planted_gap": tally.company.weak_gap,
            "mean_rating": means[tally.company.weak_touchpoint],
            "mean_rating_of_others": float(np.mean(others)),
        },
        "null_touchpoint": {
            "name": NULL_TOUCHPOINT,
            "effect": TOUCHPOINTS[NAMES.index(NULL_TOUCHPOINT)].effect,
            "neighbour": NULL_NEIGHBOUR,
            "why": "no effect of its own; it shares the halo of all touchpoints and follows its neighbour",
        },
    }


def _explained(covariance: Sum, columns: list[int], planted: Floats) -> Truth:
    """Least squares and LMG shares of the last column on the others, from their covariance."""
    part = covariance[np.ix_(columns, columns)]
    spread = np.sqrt(np.diag(part))
    correlation = part / np.outer(spread, spread)
    shares, explained = lmg(correlation)
    return {
        "planted_coefficients": planted.tolist(),
        "coefficients": np.linalg.solve(part[:-1, :-1], part[:-1, -1]).tolist(),
        "correlations": correlation[:-1, -1].tolist(),
        "lmg": shares.tolist(),
        "lmg_percent": (100 * shares / explained).tolist(),
        "r_squared": explained,
        "correlation_matrix": correlation.tolist(),
    }


def _effects(tally: Tally) -> Truth:
    members, responders = tally.sums["future n"].tolist()
    adjusted = {name: tally.sums[f"future {name}"] / members for name in CATEGORIES}
    among = {name: tally.sums[f"future responder {name}"] / responders for name in CATEGORIES}
    said = {name: tally.sums[f"naive {name}"] for name in ("promoter", "detractor")}
    both = all(sums[0] for sums in said.values())
    naive = {name: sums[1:] / sums[0] for name, sums in said.items()} if both else {}
    spend = {name: float(future[2]) for name, future in adjusted.items()}
    return {
        "about": "if all members held this opinion at their first wave; expected values given who they are."
        " Responders are other people than members, so the effect among them is another number; naive compares"
        " responders who are promoters with responders who are detractors",
        "n": int(members),
        "responders": int(responders),
        "adjusted": {name: _future(future) for name, future in adjusted.items()},
        "promoter_minus_detractor": _future(adjusted["promoter"] - adjusted["detractor"]),
        "promoter_minus_detractor_among_responders": _future(among["promoter"] - among["detractor"]),
        "naive_promoter_minus_detractor": _future(naive["promoter"] - naive["detractor"]) if both else None,
        "value_of_one_point_per_1000_members": {
            "detractor_to_promoter": 1000 * (spend["promoter"] - spend["detractor"]) / 200,
            "passive_to_promoter": 1000 * (spend["promoter"] - spend["passive"]) / 100,
            "detractor_to_passive": 1000 * (spend["passive"] - spend["detractor"]) / 100,
            "currency": "EUR",
            "months": HORIZON,
        },
    }


def _future(sums: Sum) -> Truth:
    names = ("churn_3_months", "churn_12_months", "spending_12_months_eur")
    return dict(zip(names, sums.tolist(), strict=True))


def _initiative(tally: Tally) -> Truth:
    company = tally.company
    starts = company.initiative_months()
    result: Truth = {
        "name": "New carrier",
        "touchpoint": INITIATIVE_TOUCHPOINT,
        "planted_rating_effect": company.initiative_effect if starts else 0.0,
        "starts": {region: months_later(company.start, month).isoformat() for region, month in starts.items()},
        "never": [region for region in REGIONS if region not in starts],
        "unit": "depot; all depots of a region start together",
    }
    with_, without = (_scores(tally.sums[f"initiative {name}"]) for name in ("with", "without"))
    if with_["n"]:
        gained = tally.sums["initiative rating with"][0] - tally.sums["initiative rating without"][0]
        result |= {
            "treated_opinions": with_["n"],
            "effect_on_mean_rating": float(gained) / with_["n"],
            "effect_on_nps": with_["nps"] - without["nps"],
            "effect_on_overall_mean": with_["overall_mean"] - without["overall_mean"],
        }
    return result


def _members(tally: Tally) -> Truth:
    years = {}
    for year in range(1, tally.company.months // 12 + 1):
        at_start, gone = tally.sums[f"churn year {year}"].tolist()
        years[f"year_{year}"] = {"at_start": int(at_start), "gone": int(gone), "churn_rate": gone / at_start}
    return {"about": "members at the start of each full year, and those of them who left within it", **years}


def _funnels(tally: Tally) -> Truth:
    result: Truth = {"about": "asked: eligible and sampled; response_rate: completed of delivered"}
    for name in SURVEYS:
        decided, asked, delivered, completed = (int(count) for count in tally.sums[f"funnel {name}"].tolist())
        result[name] = {"decided": decided, "asked": asked, "delivered": delivered, "completed": completed}
        result[name]["response_rate"] = completed / delivered if delivered else None
    result["comments"] = int(tally.sums["comments"][0])
    return result


def _resolution(tally: Tally) -> Truth:
    hours, closed = np.concatenate(tally.hours), np.concatenate(tally.closed)
    known, met, reopened = tally.sums["sla"].tolist()
    return {
        "about": "from opened to solved in calendar hours; the true median counts what the export cannot know yet",
        "n": len(hours),
        "open": int((~closed).sum()),
        "median_hours_true": float(np.median(hours)),
        "median_hours_closed_only": float(np.median(hours[closed])),
        "median_hours_to_first_reply": float(np.median(np.concatenate(tally.reply_hours))),
        "sla_met_percent": 100 * met / known,
        "reopened": int(reopened),
        "moved_into_nights_of_changing_clocks": int(tally.sums["nights"][0]),
    }


def _themes(tally: Tally) -> Truth:
    counts = {name: tally.sums[f"themes {tone}"].tolist() for tone, name in ((-1, "complaints"), (1, "praise"))}
    return {
        "about": "survey comments that speak of a touchpoint in this tone, second sentences included",
        **{name: dict(zip(NAMES, map(int, numbers), strict=True)) for name, numbers in counts.items()},
    }


def _money(tally: Tally) -> Truth:
    result: Truth = {"about": "exact sums over distinct order_id; refunds are negative", "currency": "EUR"}
    for kind in ("purchases", "refunds"):
        result[kind] = {
            "rows": tally.cents[f"{kind} rows"],
            "amount": _euros(tally.cents[f"{kind} amount"]),
            "margin": _euros(tally.cents[f"{kind} margin"]),
        }
    result["net_amount"] = _euros(tally.cents["purchases amount"] + tally.cents["refunds amount"])
    result["customers_who_bought"] = tally.cents["buyers"]
    return result


def _euros(cents: int) -> str:
    return f"{Decimal(cents) / 100:.2f}"
