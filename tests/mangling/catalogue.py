"""All manglings by name, and the case that a seed stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from random import Random
from typing import TypeVar

from tests.mangling.case import Case, begun
from tests.mangling.good import Good, goods, simulated

Does = Callable[[Case], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Mangling:
    """One way to spoil a file. `needs` tells which good files it can be done to."""

    name: str
    theme: str
    does: Does
    needs: Callable[[Good], bool]
    heavy: bool = False
    alone: bool = False
    """Whether it replaces the file or its container, so that it goes with no other."""


CATALOGUE: dict[str, Mangling] = {}
ORDER = ("ids", "numbers", "dates", "texts", "headers", "rows", "separators", "encodings", "containers", "names")


def anything(good: Good) -> bool:
    """Any good file."""
    return True


def plain(good: Good) -> bool:
    """A file with one header row and a record per row."""
    return good in simulated()


def with_text(good: Good) -> bool:
    return bool(good.text)


def with_numbers(good: Good) -> bool:
    return bool(good.numbers)


def with_dates(good: Good) -> bool:
    return bool(good.dates)


def mangling(
    theme: str, *, needs: Callable[[Good], bool] = anything, alone: bool = False, heavy: bool = False
) -> Callable[[Does], Does]:
    """Enter a function into the catalogue under its own name."""

    def enter(does: Does) -> Does:
        _enter(Mangling(does.__name__, theme, does, needs, heavy, alone))
        return does

    return enter


def family(
    theme: str,
    variants: Mapping[str, T],
    does: Callable[[T, Case], None],
    *,
    needs: Callable[[Good], bool] = anything,
    alone: bool = False,
    heavy: bool = False,
) -> None:
    """Enter one function several times, once for each of the named `variants`."""
    for name, variant in variants.items():
        _enter(Mangling(name, theme, partial(does, variant), needs, heavy, alone))


def _enter(one: Mangling) -> None:
    assert one.name not in CATALOGUE, one.name
    assert one.theme in ORDER or one.heavy
    CATALOGUE[one.name] = one


@dataclass(frozen=True)
class Drawn:
    """What a seed stands for."""

    seed: int
    manglings: tuple[Mangling, ...]
    case: Case

    def __str__(self) -> str:
        return f"seed {self.seed}: {' + '.join(one.name for one in self.manglings)} on {self.case.good.name}"


def load() -> dict[str, Mangling]:
    """The whole catalogue."""
    for theme in (*ORDER, "sizes"):
        import_module(f"tests.mangling.{theme}")
    return CATALOGUE


def drawn(seed: int) -> Drawn:
    """The case of a seed: the first seeds go through the catalogue, and every second one has two or three manglings."""
    light = [one for one in load().values() if not one.heavy]
    Random(0).shuffle(light)  # so that the first seeds are of every theme
    rng = Random(seed)
    chosen = [light[seed % len(light)]]
    if not chosen[0].alone and seed >= len(light) and rng.random() < 0.6:
        others = [one for one in light if not one.alone]
        for other in rng.sample(others, rng.randint(1, 2)):
            if other.theme not in {one.theme for one in chosen}:
                chosen.append(other)
    return made(chosen, rng, seed)


def made(chosen: list[Mangling], rng: Random, seed: int = 0) -> Drawn:
    """The manglings done to a good file that all can be done to, in the order in which a file is made."""
    fitting = [good for good in goods() if all(one.needs(good) for one in chosen)]
    if not fitting:
        chosen = chosen[:1]
        fitting = [good for good in goods() if chosen[0].needs(good)]
    case = begun(rng.choice(fitting), rng)
    chosen.sort(key=lambda one: ORDER.index(one.theme) if one.theme in ORDER else len(ORDER))
    for one in chosen:
        try:
            if case.rows:  # another may have taken them all
                one.does(case)
        except IndexError:  # or the cells that this one is about: the file is made again without it
            return made([other for other in chosen if other is not one], rng, seed)
    return Drawn(seed, tuple(chosen), case)
