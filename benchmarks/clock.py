"""One piece of work in a process of its own: everything it needs made ready first, then timed once."""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

Prepare = Callable[..., Callable[[], Any]]


def main(works: Mapping[str, Prepare]) -> None:
    """`python FILE WORK ARGUMENT…` prints seconds, peak memory and the answer, so that answers can be compared.

    Where the work gives a function, its call gives the answer and is not part of the work.
    """
    warnings.simplefilter("ignore")
    name, *arguments = sys.argv[1:]
    run = works[name](*arguments)
    start = time.perf_counter()
    answer = run()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "answer": answer() if callable(answer) else answer}))
