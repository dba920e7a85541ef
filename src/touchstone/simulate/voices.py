"""What customers write: sentences put together from what they met, so that themes in the text have known causes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from touchstone.simulate.asking import Answers
from touchstone.simulate.company import NAMES
from touchstone.simulate.people import Bools, Ints

COMPLAINTS: Final[dict[str, tuple[str, ...]]] = {
    "delivery": (
        "the parcel came five days late",
        "the driver never rang and left the box in the rain",
        "I took a day off and nobody delivered anything",
        "the delivery date changed three times",
        "the courier said I was not home, but I was",
        "two boxes of the wardrobe arrived a week apart",
        "the tracking stood still for days",
    ),
    "checkout": (
        "the checkout threw me out twice before it took my card",
        "I had to type my address again at the very end",
        "the voucher was only refused on the last page",
        "paying on the phone was a struggle",
    ),
    "product": (
        "the table top had a scratch right in the middle",
        "the drawers do not close properly",
        "the colour looks nothing like the picture",
        "two screws were missing and the holes did not fit",
        "the cushion lost its shape after a month",
    ),
    "returns": (
        "I am still waiting for my refund after three weeks",
        "sending the lamp back meant printing four forms",
        "they kept the postage although the item was faulty",
        "the return label never arrived",
    ),
    "support": (
        "nobody answered my e-mail for four days",
        "I explained the same problem to three people",
        "I waited forty minutes on the phone and was cut off",
        "the reply was a standard text that did not help",
        "my request was closed without a solution",
    ),
    "website": (
        "the search on the website finds everything but what I type",
        "the pages take ages to load on my tablet",
        "the product filters forget what I chose",
    ),
    "store": (
        "the café in the store was closed and so was half the exhibition",
        "nobody in the store could tell me what was in stock",
        "the queue at the store's pick-up desk was endless",
    ),
}

PRAISE: Final[dict[str, tuple[str, ...]]] = {
    "delivery": (
        "it arrived a day earlier than promised",
        "the drivers carried the sofa up to the third floor",
        "I could follow the van to my door",
        "delivery was on the dot",
    ),
    "checkout": (
        "paying took less than a minute",
        "the checkout knew my address and I was done",
        "ordering was quick and clear",
    ),
    "product": (
        "the shelf is solid and looks even better than in the picture",
        "the quality of the bedding is superb",
        "everything fitted together at the first try",
        "the table is the most beautiful thing we own",
    ),
    "returns": (
        "the refund was there before the parcel was back",
        "returning a chair could not have been simpler",
    ),
    "support": (
        "the lady on the phone solved it at once",
        "support sent the missing part the same day",
        "I got a kind and clear answer within the hour",
    ),
    "website": (
        "the website makes it easy to compare rooms",
        "I like how the app shows the furniture in my own room",
    ),
    "store": (
        "the people in the store took their time for us",
        "the store is a pleasure on a rainy Saturday",
    ),
}

OPENINGS: Final = ("", "", "", "Honestly, ", "This time ", "Sadly, ", "Again ")
GLAD_OPENINGS: Final = ("", "", "", "Honestly, ", "This time ", "Happily, ", "Once more ")
ENDINGS: Final = ("", "", "", " Please fix this.", " I expected better.", " A call would have helped.")
GLAD_ENDINGS: Final = ("", "", "", " Thank you!", " Keep it up.", " We will be back.")
PLAIN: Final = (
    "All fine.",
    "Nothing to add.",
    "It is OK.",
    "As expected.",
    "Good enough for the price.",
    "No complaints.",
)
_SPEAKS: Final = (0.72, 0.38, 0.52)  # share of detractors, passives and promoters who write something
_SECOND_THEME: Final = 0.25


@dataclass(frozen=True, slots=True)
class Voices:
    """The comment of each answer ("" for none) with its theme: index of the touchpoint (-1: none) and tone (-1, 0, 1).

    `second` is the touchpoint that a second sentence speaks of in the opposite tone (-1: no second sentence).
    """

    text: list[str]
    touchpoint: Ints
    tone: Ints
    second: Ints


def voices(rng: np.random.Generator, mood: Ints, items: NDArray[np.int8], speaks: Bools) -> Voices:
    """Let the unhappy (mood -1) speak of what they rated worst, the happy of what they rated best.

    `items` (n, touchpoints) are ratings 1-5, anything else counts as not rated; `speaks` who writes at all.
    """
    n = len(mood)
    rated = (items >= 1) & (items <= 5)
    tie = rng.random(items.shape) * 0.9
    worst, best = np.where(rated, items + tie, 99.0), np.where(rated, items + tie, -1.0)
    low, high = worst.argmin(axis=1), best.argmax(axis=1)
    complains, praises = worst.min(axis=1) < 4, best.max(axis=1) >= 4  # nobody praises a 3 or complains about a 4
    tone = np.where(mood == 0, -(worst.min(axis=1) < 3).astype(np.int64), mood)
    tone = np.where(tone < 0, -complains.astype(np.int64), tone * praises) * speaks
    first = np.where(tone < 0, low, np.where(tone > 0, high, -1))
    other = np.where(tone < 0, high, low)
    fits = np.where(tone < 0, praises, complains) & (other != first)
    second = np.where((tone != 0) & fits & (rng.random(n) < _SECOND_THEME), other, -1)
    draw = rng.integers(0, 2**31, (n, 4))
    spoken = zip(draw.tolist(), tone.tolist(), first.tolist(), second.tolist(), speaks.tolist(), strict=True)
    return Voices([_text(*what) if speaks_ else "" for *what, speaks_ in spoken], first, tone, second)


def mood_of(said: Answers) -> Ints:
    """1 for promoters, -1 for detractors, else 0; without a recommendation, whether overall satisfaction is above 4."""
    by_score = (said.recommend >= 9) * 1 - ((said.recommend >= 0) & (said.recommend <= 6))
    return np.where(said.recommend >= 0, by_score, np.sign(said.overall - 4))


def speaking(rng: np.random.Generator, mood: Ints) -> Bools:
    """Who writes a comment: detractors most often."""
    return np.asarray(rng.random(len(mood)) < np.array(_SPEAKS)[mood + 1])


def _text(draw: list[int], tone: int, first: int, second: int) -> str:
    if first < 0:
        return _pick(PLAIN, draw[0])
    said, opposite = (COMPLAINTS, PRAISE) if tone < 0 else (PRAISE, COMPLAINTS)
    openings, endings = (OPENINGS, ENDINGS) if tone < 0 else (GLAD_OPENINGS, GLAD_ENDINGS)
    sentence = _pick(openings, draw[0]) + _pick(said[NAMES[first]], draw[1])
    sentence = sentence[0].upper() + sentence[1:]
    if second >= 0:
        return f"{sentence}, but {_pick(opposite[NAMES[second]], draw[2])}."
    return f"{sentence}.{_pick(endings, draw[3])}"


def _pick(texts: tuple[str, ...], number: int) -> str:
    return texts[number % len(texts)]
